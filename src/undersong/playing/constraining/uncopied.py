"""What would copy is not played: no span of n elements of the material, as far as its fingerprints know.

A span counts as `copying.spans` counts: so many windows in a row that stand in the material, where it was sampled so
many that were. What is refused is the element that would complete the last of them; with spans of 12 one element in
120 is refused by chance, with longer ones hardly any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from undersong.keeping.fingerprints import WINDOW, Fingerprints, mixed
from undersong.playing.copying import Meter
from undersong.playing.spelled import Spelled, windows
from undersong.shapes import Bool

__all__ = ["Uncopied"]


@final
class Uncopied:
    """Which symbols would complete a span of `least` elements, row by row."""

    def __init__(
        self, known: Fingerprints, spelled: Spelled, least: int, before: Sequence[int], rows: int, longest: int
    ) -> None:
        """Rows that have all heard the same elements so far; no symbol adds more elements than `longest`."""
        self.known, self.spelled = known, spelled
        self.wanted = max(1, (least - WINDOW + 1) // known.every)  # windows of a span that were sampled
        self.longest = longest
        meter = Meter(known)
        for element in before[-(self.wanted * known.every + 2 * WINDOW) :]:
            meter = meter.hear(element)
        self.meters = [meter] * rows

    def hear(self, row: int, elements: Sequence[int]) -> None:
        """What a row has just played."""
        meter = self.meters[row]
        for element in elements:
            meter = meter.hear(element)
        self.meters[row] = meter

    def refused(self, row: int, begun: Sequence[int], situation: int) -> Bool[np.ndarray, " V"] | None:
        """Which symbols would copy now; None where none would."""
        meter, every = self.meters[row], self.known.every
        if max(meter.found, default=0) + -(-self.longest // every) < self.wanted:
            return None
        found = self.spelled.after(begun, situation)
        recent = meter.recent[1 - WINDOW :]
        there = self.known.found(mixed(windows(recent, found)))
        there &= len(recent) + found.nth >= WINDOW
        if not there.any():
            return None
        runs = [*([0] * (every - len(meter.found))), *meter.found]  # how many in a row, of the windows so far
        copies = np.zeros(self.spelled.symbols, bool)
        # the nth element of every symbol that has so many, n after n: each goes on from the window `every` before it
        place = np.arange(len(found.symbol)) - np.searchsorted(found.symbol, found.symbol)
        each: list[np.ndarray | int] = list(runs)
        for nth in range(int(place.max(initial=-1)) + 1):
            here = place == nth
            symbols = found.symbol[here]
            earlier = each[nth]
            now = np.zeros(len(copies), np.int64)
            now[symbols] = np.where(
                there[here], 1 + (earlier[symbols] if isinstance(earlier, np.ndarray) else earlier), 0
            )
            copies[symbols[now[symbols] >= self.wanted]] = True
            each.append(now)
        return copies if copies.any() else None
