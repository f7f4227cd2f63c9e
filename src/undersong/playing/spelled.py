"""What each symbol of a codec adds to a piece, in elements; and how an element may end that symbols have begun.

Where symbols are spelled (by bytes, by characters, by words) the elements they add are the same for all; so whatever
looks at elements finds the same, however a piece is cut into events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, final

import numpy as np

from undersong.events import AbstractCodec
from undersong.keeping.fingerprints import WINDOW, mixed, rolled
from undersong.shapes import Bool, Float, Int

__all__ = ["DEEPEST", "Completions", "Spelled", "Way", "windows"]

K = TypeVar("K")
T = TypeVar("T")

DEEPEST = 8
"""Symbols that may spell one element, at the most."""

_BEGUN = 8_192  # beginnings of an element that are remembered, nearly all of them with a kilobyte
_FEW = 256  # of them, where it is remembered what each symbol does
_MANY = 256  # endings of a beginning that are looked at: all of those where one more byte is to come
_POWERS = np.array([pow(rolled(1, 0, 0), power, 2**64) for power in range(WINDOW + 1)], np.uint64)


@final
@dataclass(frozen=True)
class Completions:
    """Every element that a symbol may add now, by (N,) which symbol, which of its elements, and their polynomial.

    `nth` counts from 1, and stays at 12: what came before such an element no longer matters.
    """

    elements: tuple[tuple[int, ...], ...]  # of each symbol all, mixed
    symbol: Int[np.ndarray, " N"]
    nth: Int[np.ndarray, " N"]
    polynomial: np.ndarray

    @classmethod
    def of(cls, elements: Sequence[tuple[int, ...]]) -> Completions:
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
@dataclass(frozen=True)
class Way:
    """Elements (N,) that a beginning may become with so many more symbols, in order; `inside` says which are in words.

    Of very many only some hundreds, evenly taken.
    """

    more: int
    measure: float
    elements: np.ndarray
    inside: Bool[np.ndarray, " N"]


@final
class Spelled:
    """The elements that each symbol of a codec adds: worked out once, and used whenever the instrument plays."""

    def __init__(self, codec: AbstractCodec) -> None:
        self.codec = codec
        self.symbols = codec.event.count or 0
        self._begun: dict[tuple[int, ...], Completions] = {}
        self._ways: dict[tuple[int, ...], tuple[Way, ...]] = {}
        self._ended: dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]] = {}

    @cached_property
    def raw(self) -> tuple[tuple[int, ...], ...]:
        """The elements of each symbol by itself, as the codec gives them."""
        return tuple(self.raw_of([symbol]) for symbol in range(self.symbols))

    @cached_property
    def alone(self) -> Completions:
        """What each symbol completes where nothing has begun."""
        return Completions.of([tuple(map(mixed, elements)) for elements in self.raw])

    def raw_of(self, events: Sequence[int]) -> tuple[int, ...]:
        """The elements of events that are whole together."""
        return tuple(self.codec.elements(self.codec.decode(np.array(events))).tolist())

    def elements(self, events: Sequence[int]) -> tuple[int, ...]:
        """The same, mixed."""
        return tuple(map(mixed, self.raw_of(events)))

    def after(self, begun: Sequence[int], situation: int) -> Completions:
        """What each symbol adds after the beginning of an element, such as the first bytes of a rare character."""
        if not begun:
            return self.alone
        key = tuple(begun)
        found = self._begun.get(key)
        if found is None:
            grammar = self.codec.grammar
            assert grammar is not None  # without one every event is whole
            whole = grammar.allowed[situation] & (grammar.following[situation] == 0)
            added = [self.elements([*begun, symbol]) if may else () for symbol, may in enumerate(whole.tolist())]
            found = _kept(self._begun, key, Completions.of(added), _FEW)
        return found

    # ── where nothing has begun ────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def whole(self) -> Bool[np.ndarray, " V"]:
        """Which symbols are whole by themselves, the end of a piece aside."""
        grammar = self.codec.grammar
        whole = np.ones(self.symbols, bool) if grammar is None else grammar.allowed[0] & (grammar.following[0] == 0)
        if self.codec.end is not None:
            whole[self.codec.end] = False
        return whole

    @cached_property
    def measures(self) -> Float[np.ndarray, " V"]:
        """How far each of these goes, in the medium's measure; 0 for all others."""
        measures = np.zeros(self.symbols)
        symbols = np.flatnonzero(self.whole)
        measures[symbols] = np.diff(self.codec.progress(symbols), prepend=0)
        return measures

    @cached_property
    def lengths(self) -> Int[np.ndarray, " V"]:
        """How many elements each of these adds; 0 for all others."""
        lengths = np.fromiter(map(len, self.raw), np.int64, self.symbols)
        lengths[~self.whole] = 0
        return lengths

    @cached_property
    def flat(self) -> tuple[np.ndarray, Bool[np.ndarray, " N"]]:
        """The elements of all of these, one symbol after the other, and which belong to words."""
        symbols = np.flatnonzero(self.whole).tolist()
        elements = np.array([element for symbol in symbols for element in self.raw[symbol]], np.uint64)
        known, place = np.unique(elements, return_inverse=True)
        return elements, np.asarray(self.codec.inside(known), bool)[place.reshape(-1)]

    @cached_property
    def single(self) -> frozenset[int]:
        """The elements that some symbol spells alone."""
        symbols = np.flatnonzero(self.whole).tolist()
        return frozenset(self.raw[symbol][0] for symbol in symbols if len(self.raw[symbol]) == 1)

    # ── in the middle of an element ────────────────────────────────────────────────────────────────────────────────

    def ended(self, begun: tuple[int, ...]) -> tuple[Int[np.ndarray, " N"], np.ndarray]:
        """The symbols that make these one whole element, and which element each makes."""
        found = self._ended.get(begun)
        if found is None:
            grammar = self.codec.grammar
            assert grammar is not None
            at = grammar.run(0, np.array(begun))
            symbols = np.flatnonzero(grammar.allowed[at] & (grammar.following[at] == 0))
            rows = np.column_stack([np.repeat([begun], len(symbols), axis=0), symbols])
            elements, single = self._each(rows)
            found = _kept(self._ended, begun, (symbols[single], elements), _BEGUN)
        return found

    def ways(self, begun: tuple[int, ...]) -> tuple[Way, ...]:
        """How the element that these symbols begin may end."""
        found = self._ways.get(begun)
        if found is None:
            found = _kept(self._ways, begun, tuple(self._ways_on(begun)), _BEGUN)
        return found

    def _ways_on(self, begun: tuple[int, ...]) -> Iterator[Way]:
        grammar = self.codec.grammar
        assert grammar is not None
        rows = np.array([begun])  # (N, D) symbols so far
        situations = np.array([grammar.run(0, rows[0])])
        for more in range(1, DEEPEST + 1):
            places, symbols = [], []
            for situation in np.unique(situations).tolist():
                here, may = np.flatnonzero(situations == situation), np.flatnonzero(grammar.allowed[situation])
                places.append(np.repeat(here, len(may)))
                symbols.append(np.tile(may, len(here)))
            place, symbol = np.concatenate(places), np.concatenate(symbols)
            some = slice(None, None, -(-len(place) // _MANY) or 1)
            place, symbol = place[some], symbol[some]
            after = grammar.following[situations[place], symbol]
            rows, done = np.column_stack([rows[place], symbol]), after == 0
            if done.any():
                yield self._way(more, rows[done])
            rows, situations = rows[~done], after[~done]
            if not len(rows):
                return

    def _way(self, more: int, rows: Int[np.ndarray, "N D"]) -> Way:
        elements = np.unique(self._each(rows)[0])
        inside = np.asarray(self.codec.inside(elements), bool)
        return Way(more, float(self.codec.progress(rows[0])[-1]), elements, inside)

    def _each(self, rows: Int[np.ndarray, "N D"]) -> tuple[np.ndarray, Bool[np.ndarray, " N"]]:
        """The element of each row of symbols, and which rows have just one; the others are left out."""
        found = self.codec.elements(self.codec.decode(rows.reshape(-1)))
        if len(found) == len(rows):
            return found.astype(np.uint64), np.ones(len(rows), bool)
        each = [self.raw_of(row) for row in rows.tolist()]
        single = np.array([len(elements) == 1 for elements in each], bool)
        return np.array([elements[0] for elements in each if len(elements) == 1], np.uint64), single


def _kept(known: dict[K, T], key: K, value: T, most: int) -> T:
    """The value, remembered with at most so many others; several threads may ask for the same at a time."""
    if len(known) >= most:
        known.clear()
    known[key] = value
    return value


def windows(recent: tuple[int, ...], found: Completions) -> np.ndarray:
    """The polynomial (N,) of the window that each of these elements completes after the recent ones, at most 11."""
    sums = np.zeros(WINDOW, np.uint64)  # of the last 0, 1 … 11 elements
    np.cumsum(np.array(recent[::-1], np.uint64) * _POWERS[: len(recent)], out=sums[1 : len(recent) + 1])
    before = np.zeros(WINDOW + 1, np.uint64)
    before[1:] = sums[::-1] * _POWERS[1:]  # what is left of them in the window that an nth element completes
    polynomials: np.ndarray = before[found.nth] + found.polynomial
    return polynomials
