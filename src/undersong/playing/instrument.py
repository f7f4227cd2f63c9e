"""An instrument under the hand: it samples, streams, scores, tells its odds, and shows a step from within.

Whatever steps can be played: a network's graphs, a Markov chain, a mixture. Nothing here knows which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution, Dial
from undersong.errors import DialError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, ConditionSpec, Steps
from undersong.keeping.fingerprints import Fingerprints
from undersong.playing.answers import Played, Sampled, Score, Trace
from undersong.playing.asking import Asking
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.copying import Copied, copied_in
from undersong.playing.courses import Course, Step, T, alone, in_turn
from undersong.playing.dials import Setting
from undersong.playing.drawing import Drawing, Row, Telling, Wish, brake_dials
from undersong.playing.given import Given, Several, events_of, piece_of
from undersong.playing.rows import Asked
from undersong.playing.sessions.session import Heard, Session
from undersong.playing.spelled import Spelled
from undersong.playing.steering import Steering, Unsteered, as_dials
from undersong.randomness import fresh_seed

__all__ = ["Instrument"]


@final
class Instrument:
    """Model and codec, loaded. Nothing it does changes it: every call begins from the start or from a given state."""

    def __init__(
        self,
        name: str,
        medium: AbstractMedium,
        codec: AbstractCodec,
        distribution: AbstractDistribution,
        steps: Steps,
        facts: Mapping[str, Any] | None = None,
        *,
        steering: Steering | None = None,
        fingerprints: Fingerprints | None = None,
    ) -> None:
        """`steering` declares what of its steps can be turned by dials beside the distribution's own.

        `fingerprints` are those of the material; without them nobody knows what is copied.
        """
        self.name = name
        self.medium = medium
        self.codec = codec
        self.distribution = distribution
        self.steps = steps
        self.facts = dict(facts or {})
        self.steering: Steering = Unsteered() if steering is None else steering
        self.fingerprints = fingerprints
        self.known_lengths: dict[int, float] = {}
        self.one_symbol = codec.event.is_symbol and not codec.event.shape

    @property
    def dials(self) -> tuple[Dial, ...]:
        """All that can be turned while it plays: those of its odds, the brakes, and what weighs its voices."""
        return (*self.distribution.dials, *brake_dials(self), *as_dials(self.steering.conditions))

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return (*self.codec.conditions, *self.steering.conditions)

    # ── verbs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def sample(
        self,
        prompt: Given = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        *,
        stop: Several = (),
        start: Given | None = None,
        within: Constraints | None = None,
        **dials: Setting,
    ) -> AbstractPiece:
        """A piece that begins with the prompt and goes on for `length` more, in the medium's measure.

        It ends earlier where the instrument ends it, or before the first `stop` (a piece, or several) in what is added:
        the event in which that begins is left out whole. What is added begins with `start`, however unlikely, and
        keeps `within` the constraints. Each of `dials` is a number, one for each event, or words such as "1.2>0.6/200"
        (see `playing.dials`). Raises PromptError, DialError, ConstraintError, InputError, UsageError.
        """
        return self.samples(1, prompt, length, seed, condition, stop=stop, start=start, within=within, **dials)[0].piece

    def samples(
        self,
        count: int,
        prompt: Given = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        *,
        stop: Several = (),
        start: Given | None = None,
        within: Constraints | None = None,
        **dials: Setting,
    ) -> list[Sampled]:
        """`count` different samples from one seed, played side by side."""
        asked = Asking(prompt, length, seed, condition, stop, start, within, dials)
        return self.play(self.sampling(count, asked))

    def stream(
        self,
        prompt: Given = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        *,
        stop: Several = (),
        start: Given | None = None,
        within: Constraints | None = None,
        **dials: Setting,
    ) -> Iterator[Played]:
        """The same events that `sample` draws, one at a time, as they are drawn.

        Events that may yet become a stop come out when it is known that they do not.
        """
        asked = Asking(prompt, length, seed, condition, stop, start, within, dials)
        drawing = self.play(self.drawing(1, asked))
        return self._told(drawing)

    def _told(self, drawing: Drawing) -> Iterator[Played]:
        telling = Telling(drawing)
        for drawn in in_turn(drawing.course(keep=False), self.steps, self.distribution):
            yield from telling.hear(drawn)
        yield from telling.rest()

    def session(
        self, prompt: Given = "", seed: int | None = None, condition: Mapping[str, Any] | None = None
    ) -> Session:
        """A live history that begins with the prompt. Raises PromptError."""
        return Session.begin(self, prompt, seed, condition)

    def score(self, piece: Given, condition: Mapping[str, Any] | None = None) -> Score:
        """How surprising the piece is, heard from its start. Raises PromptError."""
        events, piece = self._opening(piece), piece_of(self.medium, piece)
        given = condition if condition is not None else self.codec.condition(piece)
        return Score(self.nats_of(events, condition=given), self.codec.measure(piece), self.medium.measure)

    def odds(self, prompt: Given = "", condition: Mapping[str, Any] | None = None, **dials: Setting) -> dict[str, Any]:
        """The next event's odds after the prompt: by name where events have names, else as the distribution puts it.

        Where a dial is turned these are the odds it would be drawn with, and what may not follow has none.
        """
        opening = self._opening(prompt)
        wish = Wish.of(self, condition, dials, len(opening))
        at, brakes = self._turnable(wish.dials.at(0)), wish.brakes.at(0)
        odds = self.hear(opening, self.begin(wish.condition), wish.condition).parameters["next"]
        if at or brakes:
            for brake in wish.brakes_for(self, opening, 1):
                held = brake.nats(brakes)
                odds = odds if held is None else odds - held
            if grammar := self.codec.grammar:
                odds = self.distribution.mask(odds, grammar.allowed[[grammar.run(0, opening)]])
        return self.distribution.describe(self.distribution.turned(odds, at)[0], self.codec.display)

    def trace(self, piece: Given, condition: Mapping[str, Any] | None = None) -> Trace:
        """Every state, gate, odd and surprise along a piece."""
        events, piece = self._opening(piece), piece_of(self.medium, piece)
        at = self._conditions(condition if condition is not None else self.codec.condition(piece), 1)
        parameters, state = self.steps.start(at(0), 1)
        nats = np.zeros(len(events))
        inner: dict[str, list[np.ndarray]] = {}
        for t, event in enumerate(events):
            nats[t] = -self.distribution.log_prob(parameters["next"], event[None])[0]
            seen = {f"parameters.{name}": value for name, value in parameters.items()}
            parameters, state, gates = self.steps.inside(event[None], at(t + 1), state)
            seen |= {f"state.{name}": value for name, value in state.items()}
            seen |= {f"gate.{name}": value for name, value in gates.items()}
            for name, value in seen.items():
                inner.setdefault(name, []).append(value[0])
        return Trace(events, nats, {name: np.array(values) for name, values in inner.items()})

    def copied(self, before: np.ndarray, events: np.ndarray) -> tuple[Copied, ...] | None:
        """The spans of the material that reach into `events` (T, …) after those before; None without fingerprints."""
        return None if self.fingerprints is None else copied_in(self.fingerprints, self.codec, before, events)

    def nats_of(
        self, events: np.ndarray, before: np.ndarray | None = None, condition: Mapping[str, Any] | None = None
    ) -> np.ndarray:
        """-log p (T,) of events (T, …), heard in one pass from the start, after `before` where that is given."""
        parts = list(self.nats_in_parts(events, before, condition))
        return np.concatenate(parts) if parts else np.zeros(0)

    def nats_in_parts(
        self,
        events: np.ndarray,
        before: np.ndarray | None = None,
        condition: Mapping[str, Any] | None = None,
        size: int = 256,
    ) -> Iterator[np.ndarray]:
        """The same, as it is found, `size` events at a time."""
        if not len(events):
            return
        at = self._conditions(condition, 1)
        lead = 0 if before is None else len(before)
        everything = events if before is None else np.concatenate([before, events])
        everything = everything.astype(self.codec.event.dtype, copy=False)  # kept, symbols are of a smaller type
        heard: list[np.ndarray] = []  # parameters not scored yet: many at once cost less than one by one
        parameters, state = self.steps.start(at(0), 1)
        for t, event in enumerate(everything):
            if t >= lead:
                heard.append(parameters["next"][0])
            if len(heard) == size or t + 1 == len(everything):
                yield -self.distribution.log_prob(np.array(heard), everything[t + 1 - len(heard) : t + 1])
                heard = []
            if t + 1 < len(everything):
                parameters, state = self.steps.step(event[None], at(t + 1), state)

    # ── underneath ─────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def spelled(self) -> Spelled:
        """What each of its symbols adds to a piece, for whoever turns `novelty`; worked out once."""
        return Spelled(self.codec)

    def _opening(self, prompt: Given) -> np.ndarray:
        return events_of(self.medium, self.codec, prompt)

    def _turnable(self, dials: Mapping[str, float]) -> Mapping[str, float]:
        """Dials for odds that are shown, not drawn from: a temperature of 0 has none."""
        if dials.get("temperature") == 0.0:
            raise DialError("At temperature 0 there are no odds: the likeliest event is always taken.")
        return dials

    def _conditions(self, given: Mapping[str, Any] | None, rows: int) -> Asked:
        return Asked(self.conditions, given or {}, rows)

    def begin(self, condition: Mapping[str, Any] | None = None) -> Heard:
        """How the instrument stands before the first event."""
        parameters, state = self.steps.start(self._conditions(condition, 1)(0), 1)
        return Heard(parameters, state, 0)

    def hear(self, events: np.ndarray, before: Heard, condition: Mapping[str, Any] | None = None) -> Heard:
        """How it stands after some more events (T, …)."""
        return self.play(self.hearing(events, before, condition))

    # ── the same as courses, for whoever serves many at once ───────────────────────────────────────────────────────

    def play(self, course: Course[T]) -> T:
        """What a course was for."""
        return alone(course, self.steps, self.distribution)

    def hearing(self, events: np.ndarray, before: Heard, condition: Mapping[str, Any] | None = None) -> Course[Heard]:
        """How it stands after some more events (T, …)."""
        at = self._conditions(condition, 1)
        parameters, state, count = before.parameters, before.state, before.count
        for event in events:
            count += 1
            parameters, state = yield Step(event[None], at(count), state)
        return Heard(parameters, state, count)

    def drawing(self, rows: int, asked: Asking) -> Course[Drawing]:
        """Rows that are ready to be drawn, the prompt having been heard."""
        opening = self._opening(asked.prompt)
        wish = Wish.of(self, asked.condition, asked.dials, len(opening))  # refused before a long prompt is heard
        heard = yield from self.hearing(opening, self.begin(wish.condition), wish.condition)
        return self.drawing_after(heard, opening, rows, asked)

    def drawing_after(self, heard: Heard, opening: np.ndarray, rows: int, asked: Asking) -> Drawing:
        """The same where the prompt, `opening` (T, …), has been heard before; `asked.prompt` is not looked at."""
        seed = fresh_seed() if asked.seed is None else asked.seed
        return Drawing(
            self, heard, opening, rows, asked.length, seed, asked.condition, asked.dials,
            asked.stop, asked.start, asked.within,
        )  # fmt: skip

    def sampling(self, count: int, asked: Asking) -> Course[list[Sampled]]:
        """`count` different samples."""
        drawing = yield from self.drawing(count, asked)
        rows = yield from drawing.course()
        return [self.sampled(drawing.opening, row, drawing.seed) for row in rows]

    def sampled(self, opening: np.ndarray, row: Row, seed: int) -> Sampled:
        """A finished sample from a row that was drawn after `opening`."""
        piece = self.codec.decode(np.concatenate([opening, row.events]))
        copied = self.copied(opening, row.events)
        return Sampled(piece, row.events, float(row.nats.sum()), seed, copied, row.voices)
