"""How often each n-gram was seen: sorted tables that every order and every smoothing share.

C contexts · G n-grams, each numbered by its place in its table. A context is a shorter context and one more symbol to
its left, an n-gram is a context and the symbol that followed: a pair of numbers names either, at any V and any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.errors import InputError, InstrumentFileError
from undersong.shapes import Int, shape_text

__all__ = ["MOST_SYMBOLS", "NGramCounts", "Pairs", "Stream", "count"]

MOST_SYMBOLS = 2**21
"""The largest V: more than Unicode has, and few enough that no file can ask for gigabytes of odds."""

_MOST_COUNTED = 2**52  # sums of counts stay exact in float64


@final
@dataclass(frozen=True)
class Stream:
    """Pieces end to end: `age[t]` events of its piece stand before event t. A symbol V is a start, never predicted."""

    events: Int[np.ndarray, " T"]
    age: Int[np.ndarray, " T"]

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray], vocabulary: int) -> Stream:
        """Raises InputError where a piece is not a row of symbols 0 … V."""
        for number, piece in enumerate(pieces):
            if piece.ndim != 1 or (piece.size and piece.dtype.kind not in "iu"):
                raise InputError(f"Piece {number} is {shape_text(piece)}; expected a row of integers.")
            if piece.size and not 0 <= int(piece.min()) <= int(piece.max()) <= vocabulary:
                raise InputError(f"Piece {number} holds {piece.min()} … {piece.max()}; expected 0 … {vocabulary}.")
        if not pieces:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        return cls(np.concatenate(pieces).astype(np.int64), np.concatenate([np.arange(len(piece)) for piece in pieces]))

    def part(self, first: int, last: int) -> Stream:
        """Events first … last - 1, with nothing known of what stood before them."""
        here = np.arange(last - first)
        return Stream(self.events[first:last], np.minimum(self.age[first:last], here))


@final
@dataclass(frozen=True)
class Pairs:
    """Distinct pairs (row, symbol) in ascending order, packed as row · base + symbol."""

    keys: Int[np.ndarray, " G"]
    base: int

    @property
    def rows(self) -> np.ndarray:
        return self.keys // self.base

    @property
    def symbols(self) -> np.ndarray:
        return self.keys % self.base

    def find(self, rows: np.ndarray, symbols: np.ndarray) -> np.ndarray:
        """The numbers of these pairs; -1 for a pair never seen, and wherever row or symbol is -1."""
        if not len(self.keys):
            return np.full(rows.shape, -1)
        wanted = rows * self.base + symbols
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        known = (self.keys[place] == wanted) & (rows >= 0) & (symbols >= 0)
        return np.where(known, place, -1)

    def spans(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The first pair of each row, and the one after its last."""
        return np.searchsorted(self.keys, rows * self.base), np.searchsorted(self.keys, (rows + 1) * self.base)


@final
@dataclass(frozen=True)
class NGramCounts:
    """Every n-gram of order 1 … n over V symbols, and how often it was seen."""

    vocabulary: int
    contexts: tuple[Pairs, ...]
    """`contexts[k - 1]`: those of length k = 1 … n - 1, as (context of length k - 1, symbol to its left)."""
    grams: tuple[Pairs, ...]
    """`grams[k - 1]`: those of order k = 1 … n, as (context of length k - 1, symbol that followed)."""
    seen: tuple[Int[np.ndarray, " _"], ...]  # each (G,)

    @property
    def order(self) -> int:
        return len(self.grams)

    def cut(self, order: int) -> NGramCounts:
        """The same counts up to a lower order; nothing is copied."""
        return NGramCounts(self.vocabulary, self.contexts[: order - 1], self.grams[:order], self.seen[:order])

    def contexts_before(self, order: int) -> int:
        """C: how many contexts stand before the n-grams of that order. The empty one always does."""
        return len(self.contexts[order - 2].keys) if order > 1 else 1

    def shortened(self, order: int) -> Int[np.ndarray, " G"]:
        """For each n-gram of that order, the one that lacks its first symbol; -1 where the tables disagree."""
        long = self.grams[order - 1]
        return self.grams[order - 2].find(self.contexts[order - 2].rows[long.rows], long.symbols)

    def continuations(self, order: int) -> Int[np.ndarray, " G"]:
        """After how many different symbols each n-gram of that order was seen (Kneser & Ney, 1995).

        The border of a piece is one more of them. What begins with a start, or only ever begins a piece, has nothing
        else before it: from order 2 on it keeps its count, so that common beginnings stay common.
        """
        shorter = self.shortened(order + 1)
        size = len(self.seen[order - 1])
        varied = np.bincount(shorter, minlength=size)
        inside = np.bincount(shorter, weights=self.seen[order], minlength=size)
        seen = self.seen[order - 1]
        tally = varied + (seen > inside)
        if order == 1:
            return tally
        first = self.contexts[order - 2].symbols[self.grams[order - 1].rows]
        return np.where((first == self.vocabulary) | (varied == 0), seen, tally)

    def trace(self, stream: Stream, at: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """For orders 1 … n: the numbers of the context and of the n-gram at places `at` (T,), -1 where unseen."""
        row = np.zeros(len(at), np.int64)
        found = []
        for k in range(self.order):
            if k:
                left = np.where(stream.age[at] >= k, stream.events[np.maximum(at - k, 0)], -1)
                row = self.contexts[k - 1].find(row, left)
            found.append((row, self.grams[k].find(row, stream.events[at])))
        return found

    @classmethod
    def of(cls, stream: Stream, order: int, vocabulary: int) -> NGramCounts:
        """Count a stream: two sorts per order. Raises InputError."""
        if not (order >= 1 and 1 <= vocabulary <= MOST_SYMBOLS):
            raise InputError(f"Order {order} over {vocabulary} symbols; expected 1 or more, over 1 … {MOST_SYMBOLS}.")
        base = vocabulary + 1
        contexts, grams, seen = [], [], []
        at = np.flatnonzero(stream.events < vocabulary)
        row = np.zeros(len(at), np.int64)
        for k in range(order):
            if k:
                reaches = stream.age[at] >= k
                at, row = at[reaches], row[reaches]
                keys, row = np.unique(row * base + stream.events[at - k], return_inverse=True)
                contexts.append(Pairs(keys, base))
            keys, often = np.unique(row * base + stream.events[at], return_counts=True)
            grams.append(Pairs(keys, base))
            seen.append(often)
        return cls(vocabulary, tuple(contexts), tuple(grams), tuple(seen))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays of the smallest integers that hold them: pairs per row, symbols, counts."""
        arrays = {"vocabulary": np.array(self.vocabulary), "order": np.array(self.order)}
        for k in range(1, self.order + 1):
            rows = self.contexts_before(k)
            arrays |= _packed(f"grams.{k}", self.grams[k - 1], rows)
            arrays[f"seen.{k}"] = _smallest(self.seen[k - 1])
            if k < self.order:
                arrays |= _packed(f"contexts.{k}", self.contexts[k - 1], rows)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> NGramCounts:
        """The counts back. Raises InstrumentFileError where the arrays are not counts of n-grams."""
        vocabulary, order = (int(_whole(arrays, name, 1, MOST_SYMBOLS, ())) for name in ("vocabulary", "order"))
        base = vocabulary + 1
        contexts: list[Pairs] = []
        grams: list[Pairs] = []
        seen: list[np.ndarray] = []
        rows = 1
        for k in range(1, order + 1):
            grams.append(_unpacked(arrays, f"grams.{k}", rows, base, least=min(k - 1, 1)))
            seen.append(_whole(arrays, f"seen.{k}", 1, _MOST_COUNTED, grams[-1].keys.shape))
            _expect(float(seen[-1].sum(dtype=np.float64)) < _MOST_COUNTED, f"'seen.{k}' is too large")
            _expect(not (grams[-1].symbols == vocabulary).any(), f"'grams.{k}' predicts a start")
            if k < order:
                contexts.append(_unpacked(arrays, f"contexts.{k}", rows, base, least=0))
                rows = len(contexts[-1].keys)
        counts = cls(vocabulary, tuple(contexts), tuple(grams), tuple(seen))
        for k in range(2, order + 1):
            shorter = counts.shortened(k)
            _expect(bool((shorter >= 0).all()), f"'grams.{k}' and 'grams.{k - 1}' disagree")
            inside = np.bincount(shorter, weights=seen[k - 1], minlength=len(seen[k - 2]))
            _expect(bool((inside <= seen[k - 2]).all()), f"'seen.{k}' and 'seen.{k - 1}' disagree")
        return counts


def count(pieces: Sequence[np.ndarray], order: int, vocabulary: int) -> NGramCounts:
    """Count the n-grams of order 1 … n in pieces of symbols 0 … V - 1; none crosses from one piece to the next.

    A symbol V may stand in a piece as its start: it is a context like any other and never predicted.
    Raises InputError.
    """
    return NGramCounts.of(Stream.of(pieces, vocabulary), order, vocabulary)


def _smallest(array: np.ndarray) -> np.ndarray:
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def _packed(name: str, pairs: Pairs, rows: int) -> dict[str, np.ndarray]:
    numbers = np.bincount(pairs.rows, minlength=rows)
    return {f"{name}.numbers": _smallest(numbers), f"{name}.symbols": _smallest(pairs.symbols)}


def _unpacked(arrays: Mapping[str, np.ndarray], name: str, rows: int, base: int, least: int) -> Pairs:
    symbols = _whole(arrays, f"{name}.symbols", 0, base - 1)
    numbers = _whole(arrays, f"{name}.numbers", least, base, (rows,))
    _expect(symbols.ndim == 1 and int(numbers.sum()) == len(symbols), f"'{name}' has pairs without a row")
    keys = np.repeat(np.arange(rows), numbers) * base + symbols
    _expect(bool((np.diff(keys) > 0).all()), f"'{name}' is not in ascending order")
    return Pairs(keys, base)


def _whole(
    arrays: Mapping[str, np.ndarray], name: str, low: int, high: int, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    """A named array of integers low … high, as int64."""
    _expect(name in arrays, f"'{name}' is missing")
    array = np.asarray(arrays[name])
    _expect(array.dtype.kind in "iu", f"'{name}' is {array.dtype}, not integers")
    _expect(shape is None or array.shape == shape, f"'{name}' is {array.shape}, expected {shape}")
    _expect(not array.size or low <= int(array.min()) <= int(array.max()) <= high, f"'{name}' leaves {low} … {high}")
    return array.astype(np.int64)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InstrumentFileError(f"These are not counts of n-grams: {otherwise}.", "Count them again from the pieces.")
