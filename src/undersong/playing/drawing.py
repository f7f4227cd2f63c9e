"""Rows of events drawn side by side, one step after another, from where an instrument stands.

What an event is drawn from is made in this order: the odds of the step; the grammar; the brakes; then the dials of the
distribution, in theirs. How many nats it has is always told by the odds as they were.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.errors import UsageError
from undersong.events import AbstractPiece, Parameters, State
from undersong.playing.answers import Played
from undersong.playing.brakes import REPETITION, Brake, Repetition
from undersong.playing.dials import Turned, checked_settings
from undersong.playing.given import Given, Several, each_of, events_of, piece_of
from undersong.playing.novelty import NOVELTY, Novelty
from undersong.playing.rows import Asked, Lengths
from undersong.playing.steering import told_apart
from undersong.playing.stops import Stops
from undersong.randomness import uniforms

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.session import Heard

__all__ = ["Drawing", "Wish", "brake_dials", "told"]

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
    ) -> None:
        """All that cannot be played is refused here, before the first event, and not when it is reached."""
        if rows < 1 or (length is not None and length < 0) or not 0 <= seed < 2**63:
            raise UsageError("A sample needs at least one row, a length of 0 or more, and a seed from 0 to 2^63 - 1.")
        self.instrument, self.heard, self.rows, self.seed = instrument, heard, rows, seed
        self.wish = Wish.of(instrument, condition, dials, heard.count)
        self.asked = Asked(instrument.conditions, self.wish.condition, rows)
        self.brakes = self.wish.brakes_for(instrument, opening, rows)
        codec = instrument.codec
        self.forced = opening[:0] if start is None else events_of(instrument.medium, codec, start)
        stops = [_elements(instrument, each) for each in each_of(stop)]
        self.stops = Stops(codec, stops, rows) if stops else None
        self.lengths = Lengths(codec, opening, rows, instrument.medium.sample_length if length is None else length)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Step by step: events (B, …), their nats (B,), and which rows still sounded when they were drawn (B,).

        `lengths` and `stops` have heard a step when it comes out; the instrument hears it when the next is asked for.
        """
        instrument, lengths, stops, brakes = self.instrument, self.lengths, self.stops, self.brakes
        odds_of, dials_at, step, count = (
            instrument.distribution,
            self.wish.dials.at,
            instrument.steps.step,
            self.heard.count,
        )
        rows, forced = self.rows, len(self.forced)
        parameters: Parameters = _repeated(self.heard.parameters, rows)
        state: State = _repeated(self.heard.state, rows)
        parameters = instrument.steering.steered(parameters, self.asked(count))  # dials may have been turned since then
        t = 0
        while lengths.left:
            if t % _AHEAD == 0:
                dice = [uniforms(self.seed, row, t, _AHEAD, odds_of.uniforms) for row in range(rows)]
                ahead = np.stack(dice, axis=1)
            odds = parameters["next"]
            if t < forced:
                events = np.repeat(self.forced[t : t + 1], rows, axis=0)
                nats = -odds_of.log_prob(odds, events)
            elif brakes:
                braked = self._braked(odds, t)
                events, nats = odds_of.played(braked, lengths.allowed(), ahead[t % _AHEAD], dials_at(t))
                nats = nats if braked is odds else -odds_of.log_prob(odds, events)
            else:
                events, nats = odds_of.played(odds, lengths.allowed(), ahead[t % _AHEAD], dials_at(t))
            each = lengths.listed(events)
            lengths.end(each)
            if not lengths.left:
                return
            sounding = lengths.sounding
            lengths.add(each)
            if stops is not None:
                self._stop(each, sounding)
            yield events, nats, sounding
            t += 1
            if lengths.left:
                for brake in brakes:
                    brake.hear(each, lengths.situations)
                parameters, state = step(events, self.asked(count + t), state)

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

    def gone_through(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each row its events (T, …) and their nats (T,)."""
        drawn: list[list[np.ndarray]] = [[] for _ in range(self.rows)]
        nats: list[list[float]] = [[] for _ in range(self.rows)]
        for event, surprise, sounding in self:
            for row in np.flatnonzero(sounding).tolist():
                drawn[row].append(event[row])
                nats[row].append(surprise.item(row))
        found = []
        for row, (events, each) in enumerate(zip(drawn, nats, strict=True)):
            kept = None if self.stops is None else self.stops.kept(row)
            whole = np.array(events[:kept], dtype=self.forced.dtype)
            found.append((whole.reshape(-1, *self.forced.shape[1:]), np.array(each[:kept])))
        return found


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


def told(drawing: Drawing) -> Iterator[Played]:
    """The first row, event by event; what may yet become a stop is held back until it is known."""
    codec, situations, stops = drawing.instrument.codec, drawing.lengths.situations, drawing.stops
    one_symbol, shown = drawing.instrument.one_symbol, not codec.in_one_go
    known: dict[int, AbstractPiece] = {}  # what a symbol that is whole by itself adds
    begun: list[np.ndarray] = []
    held: deque[Played] = deque()
    told = 0
    for events, nats, _ in drawing:
        event = events[0]
        added: AbstractPiece | None = None
        if shown:
            begun.append(event)
        if shown and situations[0] == 0:  # in mid-character there is nothing to show yet
            symbol = event.item() if one_symbol and len(begun) == 1 else None
            added = None if symbol is None else known.get(symbol)
            if added is None:
                added = codec.decode(np.array(begun))
                if symbol is not None:
                    known[symbol] = added
            begun.clear()
        played = Played(event, nats.item(0), added)
        if stops is None:
            yield played
            continue
        held.append(played)
        while told < stops.safe(0):
            yield held.popleft()
            told += 1
    if stops is not None:
        kept = stops.kept(0)
        yield from islice(held, None if kept is None else kept - told)
