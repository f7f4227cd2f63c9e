"""Novelty: an event is held back where it would copy from the material, as far as its fingerprints know.

A window of 12 elements is what fingerprints remember (`keeping.fingerprints`), so each element of an event can complete
one. An event loses so many nats for each such window that stands in the material: by letters or by words, a copied
passage costs the same. One window in 120 is taken for a copy by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.events import AbstractCodec
from undersong.keeping.fingerprints import WINDOW, Fingerprints, mixed, rolled
from undersong.shapes import Float, Int

__all__ = ["NOVELTY", "Novelty", "Spelled"]

NOVELTY = (
    Dial("novelty", "How hard what would copy is held back, in nats for every 12 in a row; 0 is not.", 0.0, 10.0, 0.0),
)

_BEFORE = 64  # events of an opening that are looked at: 12 elements and more, however they are spelled
_BEGUN = 256  # beginnings of an element that are remembered
_POWERS = np.array([pow(rolled(1, 0, 0), power, 2**64) for power in range(WINDOW + 1)], np.uint64)


@final
@dataclass(frozen=True)
class _Completions:
    """Every element that a symbol may add now, by (N,) which symbol, which of its elements, and their polynomial.

    `nth` counts from 1, and stays at 12: what came before such an element no longer matters.
    """

    elements: tuple[tuple[int, ...], ...]  # of each symbol all, mixed
    symbol: Int[np.ndarray, " N"]
    nth: Int[np.ndarray, " N"]
    polynomial: np.ndarray

    @classmethod
    def of(cls, elements: Sequence[tuple[int, ...]]) -> _Completions:
        symbols: list[int] = []
        nths: list[int] = []
        polynomials: list[int] = []
        for symbol, added in enumerate(elements):
            total = 0
            for nth, comes in enumerate(added):
                total = rolled(total, added[nth - WINDOW] if nth >= WINDOW else 0, comes)
                symbols.append(symbol)
                nths.append(min(nth + 1, WINDOW))
                polynomials.append(total)
        return cls(tuple(elements), np.array(symbols, int), np.array(nths, int), np.array(polynomials, np.uint64))


@final
class Spelled:
    """The elements that each symbol of a codec adds: worked out once, and used whenever the instrument plays."""

    def __init__(self, codec: AbstractCodec) -> None:
        self.codec = codec
        self.symbols = codec.event.count or 0
        self.alone = _Completions.of([self.elements([symbol]) for symbol in range(self.symbols)])
        self._begun: dict[tuple[int, ...], _Completions] = {}

    def elements(self, events: Sequence[int]) -> tuple[int, ...]:
        """Of events that are whole together, mixed; those of a single one are known."""
        piece = self.codec.decode(np.array(events))
        return tuple(mixed(element) for element in self.codec.elements(piece).tolist())

    def after(self, begun: Sequence[int], situation: int) -> _Completions:
        """What each symbol adds after the beginning of an element, such as the first bytes of a rare character."""
        if not begun:
            return self.alone
        key = tuple(begun)
        if key not in self._begun:
            grammar = self.codec.grammar
            assert grammar is not None  # without one every event is whole
            whole = grammar.allowed[situation] & (grammar.following[situation] == 0)
            added = [self.elements([*begun, symbol]) if may else () for symbol, may in enumerate(whole.tolist())]
            if len(self._begun) == _BEGUN:
                self._begun.clear()
            self._begun[key] = _Completions.of(added)
        return self._begun[key]


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
        windows = [_windows(*each) for each in zip(self.recent, found, strict=True)]
        copies = self.known.found(mixed(np.concatenate(windows)))
        places = np.concatenate([each.symbol + row * symbols for row, each in enumerate(found)])
        if any(len(recent) < WINDOW - 1 for recent in self.recent):  # not every element completes a window yet
            copies &= np.concatenate([len(r) + f.nth >= WINDOW for r, f in zip(self.recent, found, strict=True)])
        return np.bincount(places[copies], minlength=rows * symbols).reshape(rows, symbols) * novelty


def _windows(recent: tuple[int, ...], found: _Completions) -> np.ndarray:
    """The polynomial (N,) of the window that each of these elements completes after the recent ones."""
    sums = np.zeros(WINDOW, np.uint64)  # of the last 0, 1 … 11 elements
    np.cumsum(np.array(recent[::-1], np.uint64) * _POWERS[: len(recent)], out=sums[1 : len(recent) + 1])
    before = np.zeros(WINDOW + 1, np.uint64)
    before[1:] = sums[::-1] * _POWERS[1:]  # what is left of them in the window that an nth element completes
    windows: np.ndarray = before[found.nth] + found.polynomial
    return windows
