"""Constraints where events are numbers: what is forced at a position, and how long a piece is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.playing.constraining.constraints import Constraints, Rules
from undersong.playing.constraining.demands import asked_events, shown

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["rules_of_numbers"]


def rules_of_numbers(asked: Constraints, instrument: Instrument, rows: int, enough: float, start: np.ndarray) -> Rules:
    """See `Constraints.rules`. Numbers cannot be forbidden, for none comes twice; they can be forced."""
    named = replace(asked, force={}, least=0, most=None).to_json()
    if named:
        raise ConstraintError(
            f"'{instrument.name}' plays numbers, not symbols: it takes no {', '.join(named)}.",
            "What goes with numbers is least, most, and force.",
        )
    forced: dict[int, np.ndarray] = {}
    for at, given in asked.force.items():
        piece, events = asked_events(instrument, "force", at, given)
        for more, event in enumerate(events):
            here = at + more
            if here in forced or (here < len(start) and not np.array_equal(start[here], event)):
                raise ConstraintError(
                    f"force {shown(piece)} at position {at} cannot be kept: something else is at position {here}.",
                    "Leave out one of them.",
                )
            forced[here] = event
    codec = instrument.codec
    if forced:
        progress = codec.progress(np.repeat(codec.start[None], max(forced) + 1, axis=0))
        if np.array_equal(progress, np.arange(1, max(forced) + 2)) and max(forced) >= enough:  # an event is a step
            raise ConstraintError(
                f"force at position {max(forced)} cannot be kept: {enough:,g} events are added, from position 0.",
                "Ask for a greater length.",
            )
    return _OfNumbers(instrument, forced, rows, asked.least)


@final
class _OfNumbers:
    """Rules for rows of numbers: some of them are forced."""

    def __init__(self, instrument: Instrument, forced: Mapping[int, np.ndarray], rows: int, least: float) -> None:
        self._progress, self._forced, self._least = instrument.codec.progress, forced, least
        self._last = max(forced, default=-1)
        self._events, self._reached = [0] * rows, [0.0] * rows
        self._first: list[int | None] = [None] * rows

    def forced(self, t: int) -> np.ndarray | None:
        return self._forced.get(t)

    def allowed(
        self, grammar: np.ndarray | None, sounding: np.ndarray, odds: np.ndarray | None = None
    ) -> np.ndarray | None:
        return grammar

    def hear(self, each: Sequence[Any], situations: Sequence[int], sounding: np.ndarray) -> None:
        for row in np.flatnonzero(sounding).tolist():
            self._events[row] += 1
            self._reached[row] += float(self._progress(np.array([each[row]]))[-1])
            fine = self._reached[row] >= self._least and self._events[row] > self._last
            if fine and self._first[row] is None:
                self._first[row] = self._events[row]

    def least(self, row: int) -> int:
        if self._least <= 0 and self._last < 0:
            return 0
        first = self._first[row]
        return self._events[row] if first is None else first
