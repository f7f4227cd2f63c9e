"""An instrument under the hand: it samples, streams, scores, tells its odds, and shows a step from within.

Whatever steps can be played: a network's graphs, a Markov chain, a mixture. Nothing here knows which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution, Dial, checked
from undersong.errors import DialError, InputError, UsageError
from undersong.events import (
    AbstractCodec,
    AbstractMedium,
    AbstractPiece,
    ConditionSpec,
    Parameters,
    State,
    Steps,
)
from undersong.keeping.fingerprints import Fingerprints
from undersong.playing.answers import Played, Sampled, Score, Trace
from undersong.playing.copying import Copied, copied_in
from undersong.playing.rows import Asked, Lengths
from undersong.playing.session import Heard, Session
from undersong.playing.steering import Steering, Unsteered, as_dials, told_apart
from undersong.randomness import fresh_seed, uniforms

__all__ = ["Instrument"]

_AHEAD = 64  # draws whose uniforms are made at once


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

    @property
    def dials(self) -> tuple[Dial, ...]:
        return (*self.distribution.dials, *as_dials(self.steering.conditions))

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return (*self.codec.conditions, *self.steering.conditions)

    # ── verbs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def sample(
        self,
        prompt: str | AbstractPiece = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        **dials: float,
    ) -> AbstractPiece:
        """A piece that begins with the prompt and goes on for `length` more, in the medium's measure.

        It ends earlier where the instrument ends it. Raises PromptError, DialError, InputError.
        """
        return self.samples(1, prompt, length, seed, condition, **dials)[0].piece

    def samples(
        self,
        count: int,
        prompt: str | AbstractPiece = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        **dials: float,
    ) -> list[Sampled]:
        """`count` different samples from one seed, played side by side."""
        seed = fresh_seed() if seed is None else seed
        condition, dials = self._asked(condition, dials)
        opening = self._opening(prompt)
        heard = self.hear(opening, self.begin(condition), condition)
        return [
            Sampled(
                self.codec.decode(np.concatenate([opening, events])),
                events,
                float(nats.sum()),
                seed,
                self.copied(opening, events),
            )
            for events, nats in self.go_on(heard, opening, count, length, seed, condition, dials)
        ]

    def stream(
        self,
        prompt: str | AbstractPiece = "",
        length: int | None = None,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        **dials: float,
    ) -> Iterator[Played]:
        """The same events that `sample` draws, one at a time, as they are drawn."""
        seed = fresh_seed() if seed is None else seed
        condition, dials = self._asked(condition, dials)
        opening = self._opening(prompt)
        heard = self.hear(opening, self.begin(condition), condition)
        played = self._play(heard, opening, length, seed, condition, dials, 1)
        return self._told(played, opening)

    def _told(
        self, played: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]], opening: np.ndarray
    ) -> Iterator[Played]:
        grammar = self.codec.grammar
        situation = grammar.run(0, opening) if grammar else 0
        waiting: list[np.ndarray] = []
        known: dict[int, AbstractPiece] = {}  # what a symbol that is whole by itself adds
        for events, nats, _ in played:
            event = events[0]
            waiting.append(event)
            situation = grammar.following.item(situation, event) if grammar else 0
            added: AbstractPiece | None = None
            if situation == 0:  # in mid-character there is nothing to show yet
                alone = int(event) if self.codec.event.is_symbol and len(waiting) == 1 else None
                added = None if alone is None else known.get(alone)
                if added is None:
                    added = self.codec.decode(np.array(waiting))
                    if alone is not None:
                        known[alone] = added
                waiting = []
            yield Played(event, float(nats[0]), added)

    def session(
        self, prompt: str | AbstractPiece = "", seed: int | None = None, condition: Mapping[str, Any] | None = None
    ) -> Session:
        """A live history that begins with the prompt. Raises PromptError."""
        return Session.begin(self, prompt, seed, condition or {})

    def score(self, piece: str | AbstractPiece, condition: Mapping[str, Any] | None = None) -> Score:
        """How surprising the piece is, heard from its start. Raises PromptError."""
        piece = self.medium.prompt(piece) if isinstance(piece, str) else piece
        events = self.codec.encode(piece)
        given = condition if condition is not None else self.codec.condition(piece)
        return Score(self.nats_of(events, condition=given), self.codec.measure(piece), self.medium.measure)

    def odds(
        self, prompt: str | AbstractPiece = "", condition: Mapping[str, Any] | None = None, **dials: float
    ) -> dict[str, Any]:
        """The next event's odds after the prompt: by name where events have names, else as the distribution puts it."""
        condition, dials = self._asked(condition, dials)
        opening = self._opening(prompt)
        heard = self.hear(opening, self.begin(condition), condition)
        turned = self.distribution.turned(heard.parameters["next"], self._turnable(dials))
        return self.distribution.describe(turned[0], self.codec.display)

    def trace(self, piece: str | AbstractPiece, condition: Mapping[str, Any] | None = None) -> Trace:
        """Every state, gate, odd and surprise along a piece."""
        piece = self.medium.prompt(piece) if isinstance(piece, str) else piece
        events = self._opening(piece)
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

    def _opening(self, prompt: str | AbstractPiece) -> np.ndarray:
        piece = self.medium.prompt(prompt) if isinstance(prompt, str) else prompt
        if piece.medium != self.medium.kind:
            raise InputError(f"'{self.name}' plays {self.medium.kind}; this piece is {piece.medium}.")
        return self.codec.encode(piece)

    def _asked(
        self, condition: Mapping[str, Any] | None, dials: Mapping[str, float]
    ) -> tuple[dict[str, Any], dict[str, float]]:
        """The condition with what dials steer in it, and the dials of the distribution. Raises DialError."""
        return told_apart(self.steering.conditions, condition, checked(self.dials, dials))

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
        at = self._conditions(condition, 1)
        parameters, state, count = before.parameters, before.state, before.count
        for event in events:
            count += 1
            parameters, state = self.steps.step(event[None], at(count), state)
        return Heard(parameters, state, count)

    def go_on(
        self,
        heard: Heard,
        events: np.ndarray,
        rows: int,
        length: int | None,
        seed: int,
        condition: Mapping[str, Any] | None,
        dials: Mapping[str, float],
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """`rows` ways to go on after `events`, drawn side by side: for each its events (T, …) and their nats (T,)."""
        drawn: list[list[np.ndarray]] = [[] for _ in range(rows)]
        nats: list[list[float]] = [[] for _ in range(rows)]
        for event, each, sounding in self._play(heard, events, length, seed, condition, dials, rows):
            for row in np.flatnonzero(sounding):
                drawn[row].append(event[row])
                nats[row].append(each[row])
        shape = (-1, *events.shape[1:])
        return [(np.array(d, dtype=events.dtype).reshape(shape), np.array(n)) for d, n in zip(drawn, nats, strict=True)]

    def _play(
        self,
        heard: Heard,
        opening: np.ndarray,
        length: int | None,
        seed: int,
        condition: Mapping[str, Any] | None,
        dials: Mapping[str, float],
        rows: int,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Draw until every row has ended or is long enough: events (B, …), their nats (B,), which rows sound (B,).

        What cannot be played is refused before the first event, not when it is reached.
        """
        if rows < 1 or (length is not None and length < 0) or not 0 <= seed < 2**63:
            raise UsageError("A sample needs at least one row, a length of 0 or more, and a seed from 0 to 2^63 - 1.")
        condition, turned = self._asked(condition, dials)
        enough = self.medium.sample_length if length is None else length
        return self._draws(heard, opening, enough, seed, self._conditions(condition, rows), turned, rows)

    def _draws(
        self,
        heard: Heard,
        opening: np.ndarray,
        length: int,
        seed: int,
        at: Asked,
        dials: Mapping[str, float],
        rows: int,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        parameters: Parameters = {name: np.repeat(value, rows, axis=0) for name, value in heard.parameters.items()}
        state: State = {name: np.repeat(value, rows, axis=0) for name, value in heard.state.items()}
        parameters = self.steering.steered(parameters, at(heard.count))  # dials may have been turned since it was heard
        lengths = Lengths(self.codec, opening, rows, length)
        t = 0
        while lengths.left:
            if t % _AHEAD == 0:
                ahead = np.stack(
                    [uniforms(seed, r, t, _AHEAD, self.distribution.uniforms) for r in range(rows)], axis=1
                )
            odds, draws = parameters["next"], ahead[t % _AHEAD]
            events, nats = self.distribution.played(odds, lengths.allowed(), draws, dials)  # (B, …), (B,)
            each = lengths.listed(events)
            lengths.end(each)
            if not lengths.left:
                return
            yield events, nats, lengths.sounding
            lengths.add(each)
            t += 1
            if lengths.left:
                parameters, state = self.steps.step(events, at(heard.count + t), state)
