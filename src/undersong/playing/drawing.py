"""Rows of events drawn side by side, one step after another, from where an instrument stands.

What an event is drawn from is made in this order: the odds of the step; the grammar; the brakes; then the dials of the
distribution, in theirs. How many nats it has is always told by the odds as they were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.errors import UsageError
from undersong.events import AbstractPiece, Parameters, State
from undersong.playing.answers import Played
from undersong.playing.brakes import REPETITION, Brake, Repetition
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.courses import Course, Draw, Drawn, Step
from undersong.playing.dials import Turned, checked_settings
from undersong.playing.given import Given, Several, each_of, events_of, piece_of
from undersong.playing.novelty import NOVELTY, Novelty
from undersong.playing.rows import Asked, Lengths
from undersong.playing.steering import told_apart
from undersong.playing.stops import Stops
from undersong.randomness import uniforms

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.session import Heard

__all__ = ["Drawing", "Row", "Telling", "Wish", "brake_dials"]

_AHEAD = 64  # draws whose uniforms are made at once


def brake_dials(instrument: Instrument) -> tuple[Dial, ...]:
    """The brakes there are: events must be symbols, and copies are told by fingerprints of whole elements."""
    if not instrument.one_symbol:
        return ()
    knows = instrument.fingerprints is not None and not instrument.codec.in_one_go
    return (*REPETITION, *(NOVELTY if knows else ()))


@final
@dataclass(frozen=True)
class Wish:
    """What a player asks for, checked: the condition with what dials steer in it, and all other dials by event."""

    condition: Mapping[str, Any]
    dials: Turned
    brakes: Turned

    @classmethod
    def of(
        cls, instrument: Instrument, condition: Mapping[str, Any] | None, dials: Mapping[str, Any], before: int
    ) -> Wish:
        """The first event to be drawn comes after so many. Raises DialError."""
        settings = checked_settings(instrument.dials, dials)
        asked, rest = told_apart(instrument.steering.conditions, condition, settings, before)
        instrument.steering.check(asked)
        own = instrument.distribution.dials
        return cls(asked, Turned(own, rest), Turned(brake_dials(instrument), rest))

    def brakes_for(self, instrument: Instrument, opening: np.ndarray, rows: int) -> list[Brake]:
        """Those that are ever turned, having heard the opening."""
        brakes: list[Brake] = []
        if "brake" in self.brakes.ever:
            brakes.append(Repetition(instrument.codec.event.count or 0, opening, rows))
        if "novelty" in self.brakes.ever and instrument.fingerprints is not None:
            brakes.append(Novelty(instrument.fingerprints, instrument.spelled, opening, rows))
        return brakes


@final
@dataclass(frozen=True)
class Row:
    """What one row drew: events (T, …), their nats (T,), and the share (T,) of each voice of a mixture in each event.

    From `least` events on it is all that the constraints ask for; cut shorter it may not be.
    """

    events: np.ndarray
    nats: np.ndarray
    voices: Mapping[str, np.ndarray] | None = None
    least: int = 0


@final
class Drawing:
    """Rows that go on until each has ended, come to a stop, or is long enough. To be gone through once."""

    def __init__(
        self,
        instrument: Instrument,
        heard: Heard,
        opening: np.ndarray,
        rows: int,
        length: int | None,
        seed: int,
        condition: Mapping[str, Any] | None,
        dials: Mapping[str, Any],
        stop: Several = (),
        start: Given | None = None,
        within: Constraints | None = None,
    ) -> None:
        """All that cannot be played is refused here, before the first event, and not when it is reached."""
        if rows < 1 or (length is not None and length < 0) or not 0 <= seed < 2**63:
            raise UsageError("A sample needs at least one row, a length of 0 or more, and a seed from 0 to 2^63 - 1.")
        self.instrument, self.heard, self.opening = instrument, heard, opening
        self.rows, self.seed = rows, seed
        self.wish = Wish.of(instrument, condition, dials, heard.count)
        self.asked = Asked(instrument.conditions, self.wish.condition, rows)
        self.brakes = self.wish.brakes_for(instrument, opening, rows)
        codec = instrument.codec
        self.forced = opening[:0] if start is None else events_of(instrument.medium, codec, start)
        stops = [_elements(instrument, each) for each in each_of(stop)]
        self.stops = Stops(codec, stops, rows) if stops else None
        usual = instrument.medium.sample_length
        if length is None:
            length = usual if within is None else within.usual(usual)
        enough = length if within is None else within.enough(length)
        self.lengths = Lengths(codec, opening, rows, enough, instrument.known_lengths)
        self.rules = None if within is None else within.rules(instrument, opening, rows, length, self.forced, stops)

    def course(self, keep: bool = True) -> Course[list[Row]]:
        """Step by step to the end; what each row drew, or nothing where that is not to be kept.

        `lengths` and `stops` have heard a step when it is told; the instrument hears it after that.
        """
        instrument, lengths, stops, brakes, rules = self.instrument, self.lengths, self.stops, self.brakes, self.rules
        odds_of, dials_at, count = instrument.distribution, self.wish.dials.at, self.heard.count
        shares_of = instrument.steering.shares
        rows, start = self.rows, len(self.forced)
        kept: list[Drawn] = []
        parameters: Parameters = _repeated(self.heard.parameters, rows)
        state: State = _repeated(self.heard.state, rows)
        asked = self.asked(count)
        parameters = instrument.steering.steered(parameters, asked)  # dials may have been turned since then
        t = 0
        while lengths.left:
            if t % _AHEAD == 0:
                dice = [uniforms(self.seed, row, t, _AHEAD, odds_of.uniforms) for row in range(rows)]
                ahead = np.stack(dice, axis=1)
            odds = parameters["next"]
            forced = self.forced[t] if t < start else None if rules is None else rules.forced(t)
            if forced is not None:
                events = np.repeat(forced[None], rows, axis=0)
                nats = -odds_of.log_prob(odds, events)
            else:
                allowed = lengths.allowed()
                if rules is not None:
                    allowed = rules.allowed(allowed, lengths.sounding, odds)
                braked = self._braked(odds, t) if brakes else odds
                events, nats = yield Draw(braked, allowed, ahead[t % _AHEAD], dials_at(t))
                nats = nats if braked is odds else -odds_of.log_prob(odds, events)
            each = lengths.listed(events)
            lengths.end(each)
            if not lengths.left:
                break
            sounding = lengths.sounding
            lengths.add(each)
            if rules is not None:
                rules.hear(each, lengths.situations, sounding)
            if stops is not None:
                self._stop(each, sounding)
            drawn = Drawn(events, nats, sounding, shares_of(parameters, asked, events))
            if keep:
                kept.append(drawn)
            yield drawn
            t += 1
            if lengths.left:
                for brake in brakes:
                    brake.hear(each, lengths.situations)
                asked = self.asked(count + t)
                parameters, state = yield Step(events, asked, state)
        return [self._row(row, kept) for row in range(rows)] if keep else []

    def _row(self, row: int, kept: Sequence[Drawn]) -> Row:
        """Of all that was drawn what one row did, until it fell silent or came to a stop."""
        mine = [drawn for drawn in kept if drawn.sounding[row]]
        mine = mine[: None if self.stops is None else self.stops.kept(row)]
        events = np.array([drawn.events[row] for drawn in mine], dtype=self.forced.dtype)
        names = () if not mine or mine[0].voices is None else tuple(mine[0].voices)
        voices = {name: np.array([(drawn.voices or {})[name].item(row) for drawn in mine]) for name in names}
        least = 0 if self.rules is None else self.rules.least(row)
        nats = np.array([drawn.nats.item(row) for drawn in mine])
        return Row(events.reshape(-1, *self.forced.shape[1:]), nats, voices or None, least)

    def _braked(self, odds: np.ndarray, t: int) -> np.ndarray:
        dials = self.wish.brakes.at(t)
        for brake in self.brakes:
            held = brake.nats(dials)
            odds = odds if held is None else odds - held
        return odds

    def _stop(self, each: Sequence[Any], sounding: np.ndarray) -> None:
        """Rows that have come to a stop with these events fall silent."""
        assert self.stops is not None
        rows = np.flatnonzero(sounding).tolist()
        there = [row for row in rows if self.stops.hear(row, each[row], self.lengths.situations[row] == 0)]
        if there:
            self.lengths.fall_silent(there)


def _repeated(arrays: Parameters | State, rows: int) -> dict[str, np.ndarray]:
    return {name: np.repeat(value, rows, axis=0) for name, value in arrays.items()}


def _elements(instrument: Instrument, stop: Given) -> tuple[int, ...]:
    if instrument.codec.in_one_go:
        raise UsageError(
            f"What '{instrument.name}' plays makes sense only whole, and cannot be stopped somewhere in it.",
            "Leave out the stop: each piece ends by itself.",
        )
    found = tuple(instrument.codec.elements(piece_of(instrument.medium, stop)).tolist())
    if not found:
        raise UsageError("A stop with nothing in it would stop before the first event.", "Give what it should be.")
    return found


@final
class Telling:
    """One row of a drawing, event by event; what may yet become a stop is held back until it is known."""

    def __init__(self, drawing: Drawing, row: int = 0) -> None:
        self.row = row
        self._codec, self._lengths, self._stops = drawing.instrument.codec, drawing.lengths, drawing.stops
        self._one_symbol = drawing.instrument.one_symbol
        self._known: dict[int, AbstractPiece] = {}  # what a symbol that is whole by itself adds
        self._begun: list[np.ndarray] = []
        self._held: deque[Played] = deque()
        self._told = 0

    def hear(self, drawn: Drawn) -> list[Played]:
        """What can be told now that this was drawn."""
        row = self.row
        if not drawn.sounding[row]:
            return []
        event = drawn.events[row]
        voices = None if drawn.voices is None else {name: share.item(row) for name, share in drawn.voices.items()}
        played = Played(event, drawn.nats.item(row), self._added(event), voices)
        if self._stops is None:
            return [played]
        self._held.append(played)
        return [self._next() for _ in range(self._stops.safe(row) - self._told)]

    def rest(self) -> list[Played]:
        """What was held back and became no stop, when all is drawn."""
        kept = None if self._stops is None else self._stops.kept(self.row)
        return [self._next() for _ in range(len(self._held) if kept is None else kept - self._told)]

    def _next(self) -> Played:
        self._told += 1
        return self._held.popleft()

    def _added(self, event: np.ndarray) -> AbstractPiece | None:
        """What the event adds to the piece; in mid-character there is nothing to show yet."""
        if self._codec.in_one_go:
            return None
        self._begun.append(event)
        if self._lengths.situations[self.row] != 0:
            return None
        symbol = event.item() if self._one_symbol and len(self._begun) == 1 else None
        added = None if symbol is None else self._known.get(symbol)
        if added is None:
            added = self._codec.decode(np.array(self._begun))
            if symbol is not None:
                self._known[symbol] = added
        self._begun.clear()
        return added
