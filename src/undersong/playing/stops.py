"""Where a piece stops: before the first place where what was played holds one of some pieces.

They are looked for in what the events spell, element by element, so that a stop is found however it is cut into events;
the event in which it begins is left out whole. What may still become a stop is not shown to anybody before it is known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from undersong.events import AbstractCodec

__all__ = ["Stops"]


@final
class Stops:
    """Rows of events and how far each is into any stop (Knuth, Morris & Pratt, 1977): some steps for each element."""

    def __init__(self, codec: AbstractCodec, stops: Sequence[tuple[int, ...]], rows: int) -> None:
        """Each stop as its elements, one at least."""
        self.codec = codec
        self.stops = [(stop, _fallbacks(stop)) for stop in stops]
        self.one_symbol = codec.event.is_symbol and not codec.event.shape
        self.known: dict[Any, tuple[int, ...]] = {}  # the elements of a symbol that is whole by itself
        self.rows = [_Row(len(stops)) for _ in range(rows)]

    def hear(self, row: int, event: Any, whole: bool) -> bool:
        """One more event; `whole` says whether those so far are whole together. Whether the row has come to a stop."""
        at = self.rows[row]
        at.events += 1
        at.unfinished.append(event)
        if not whole or at.kept is not None:
            return at.kept is not None
        for element in self._elements(at.unfinished):
            at.elements += 1
            longest = 0
            for number, (stop, back) in enumerate(self.stops):
                matched = at.matched[number]
                while matched and stop[matched] != element:
                    matched = back[matched - 1]
                matched += stop[matched] == element
                at.matched[number] = matched
                if matched == len(stop):
                    longest = max(longest, matched)
            if longest:
                at.safe = at.kept = at.until(at.elements - longest)
                return True
        at.unfinished.clear()
        at.places.append((at.elements, at.events))
        at.safe = at.until(at.elements - max(at.matched))
        return False

    def kept(self, row: int) -> int | None:
        """How many events of a row stay; None where it has come to no stop."""
        return self.rows[row].kept

    def safe(self, row: int) -> int:
        """How many of its events stay whatever comes."""
        return self.rows[row].safe

    def _elements(self, events: list[Any]) -> tuple[int, ...]:
        alone = self.one_symbol and len(events) == 1
        if alone and events[0] in self.known:
            return self.known[events[0]]
        found = tuple(self.codec.elements(self.codec.decode(np.array(events))).tolist())
        if alone:
            self.known[events[0]] = found
        return found


@final
class _Row:
    def __init__(self, stops: int) -> None:
        self.elements = self.events = self.safe = 0  # so far
        self.kept: int | None = None
        self.matched = [0] * stops  # of each stop how many elements were just played
        self.unfinished: list[Any] = []  # events since the row was last whole
        self.places = deque([(0, 0)])  # elements and events wherever it was whole, as far back as a stop may begin

    def until(self, element: int) -> int:
        """How many events lie wholly before this element, of which no later stop can begin before it."""
        while len(self.places) > 1 and self.places[1][0] <= element:
            self.places.popleft()
        return self.places[0][1]


def _fallbacks(stop: tuple[int, ...]) -> list[int]:
    """For each beginning of a stop the longest shorter beginning that it ends with."""
    back = [0] * len(stop)
    matched = 0
    for at in range(1, len(stop)):
        while matched and stop[matched] != stop[at]:
            matched = back[matched - 1]
        matched += stop[matched] == stop[at]
        back[at] = matched
    return back
