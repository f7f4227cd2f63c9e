"""Novelty: an event is held back where it would copy from the material, as far as its fingerprints know.

A window of 12 elements is what fingerprints remember (`keeping.fingerprints`), so each element of an event can complete
one. An event loses so many nats for each such window that stands in the material: by letters or by words, a copied
passage costs the same. One window in 120 is taken for a copy by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.keeping.fingerprints import WINDOW, Fingerprints, mixed
from undersong.playing.spelled import Spelled, windows
from undersong.shapes import Float

__all__ = ["NOVELTY", "Novelty"]

NOVELTY = (
    Dial("novelty", "How hard what would copy is held back, in nats for every 12 in a row; 0 is not.", 0.0, 10.0, 0.0),
)

_BEFORE = 64  # events of an opening that are looked at: 12 elements and more, however they are spelled


@final
class Novelty:
    """What rows played side by side were made of lately, and which symbols would copy now."""

    def __init__(self, known: Fingerprints, spelled: Spelled, opening: np.ndarray, rows: int) -> None:
        """Rows that have all heard the same so far (T,)."""
        self.known = known
        self.spelled = spelled
        last = spelled.elements(opening[-_BEFORE:].tolist())[1 - WINDOW :] if len(opening) else ()
        self.recent = [last] * rows  # of each row the last 11 elements at most, mixed
        self.begun: list[list[int]] = [[] for _ in range(rows)]  # symbols since the row was last whole
        self.situations: Sequence[int] = [0] * rows

    def hear(self, each: Sequence[int], situations: Sequence[int]) -> None:
        self.situations = list(situations)
        for row, (symbol, situation) in enumerate(zip(each, situations, strict=True)):
            begun = self.begun[row]
            begun.append(symbol)
            if situation == 0:
                added = self.spelled.alone.elements[symbol] if len(begun) == 1 else self.spelled.elements(begun)
                self.recent[row] = (*self.recent[row], *added)[1 - WINDOW :]
                begun.clear()

    def nats(self, dials: Mapping[str, float]) -> Float[np.ndarray, "B V"] | None:
        """`novelty` for each window that a symbol would complete and that stands in the material."""
        novelty = dials.get("novelty", 0.0)
        if not novelty:
            return None
        rows, symbols = len(self.recent), self.spelled.symbols
        found = [self.spelled.after(*begun) for begun in zip(self.begun, self.situations, strict=True)]
        completed = [windows(*each) for each in zip(self.recent, found, strict=True)]
        copies = self.known.found(mixed(np.concatenate(completed)))
        places = np.concatenate([each.symbol + row * symbols for row, each in enumerate(found)])
        if any(len(recent) < WINDOW - 1 for recent in self.recent):  # not every element completes a window yet
            copies &= np.concatenate([len(r) + f.nth >= WINDOW for r, f in zip(self.recent, found, strict=True)])
        return np.bincount(places[copies], minlength=rows * symbols).reshape(rows, symbols) * novelty
