"""What followed each context, and how often: the bags that a Markov chain draws from.

Every place of the material is sorted by the symbols before it, the latest first; then the places that share a context
stand together, whatever its length, and two searches find them. No table is kept for any order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

import numpy as np

from undersong.errors import InputError, UsageError
from undersong.playing.chains.ngram_counts import Stream
from undersong.shapes import Float, Int

__all__ = ["MOST_HEARD", "Bag", "Bags"]

MOST_HEARD = 64
"""The longest context: beyond it nearly everything is copied, and sorting takes longer for nothing."""

_KEPT = 20_000  # bags remembered: a chain comes by the same few again and again
_BITS = 62  # of a sorting key


@final
@dataclass(frozen=True)
class Bag:
    """The symbols (K,) that followed the last `heard` symbols of a context, ascending, and how often each (K,)."""

    heard: int
    symbols: Int[np.ndarray, " K"]
    counts: Int[np.ndarray, " K"]

    @property
    def total(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def log_odds(self) -> Float[np.ndarray, " K"]:
        """log of each symbol's share of the bag."""
        shares: np.ndarray = np.log(self.counts / self.counts.sum())
        return shares


@final
@dataclass(frozen=True)
class Bags:
    """The bag of every context of up to `order` symbols over V of them; symbol V is a start, heard and never drawn.

    `events` are the pieces end to end, each after a start; `places` are all others of its indices, sorted by context.
    """

    events: np.ndarray
    places: np.ndarray
    order: int
    vocabulary: int
    _known: dict[tuple[int, ...], Bag] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray], order: int, vocabulary: int) -> Bags:
        """Of pieces (T,) of symbols 0 … V - 1. Raises InputError for an empty lot, UsageError for an order."""
        if not 0 <= order <= MOST_HEARD:
            raise UsageError(f"A chain of order {order} cannot be made.", f"Choose an order from 0 to {MOST_HEARD}.")
        start = np.full(1, vocabulary)
        stream = Stream.of([start.repeat(order), *(part for piece in pieces for part in (start, piece))], vocabulary)
        events = stream.events.astype(np.min_scalar_type(vocabulary))
        places = np.flatnonzero(events < vocabulary)
        if not len(places):
            raise InputError("There is nothing to make a chain of: the material is empty.", "Hand in some more.")
        return cls(events, places[_by_context(events, places, order, vocabulary)], order, vocabulary)

    def after(self, context: Sequence[int]) -> Bag:
        """The bag of a context, the latest symbol last; what was never followed by anything is shortened until it was.

        -1 stands where nothing came before.
        """
        heard = tuple(context[len(context) - self.order :]) if self.order else ()
        bag = self._known.get(heard)
        if bag is None:
            bag = self._found(heard)
            if len(self._known) < _KEPT:
                self._known[heard] = bag
        return bag

    def _found(self, context: tuple[int, ...]) -> Bag:
        first, last, length = 0, len(self.places), 0
        for symbol in reversed(context):
            if symbol < 0:
                break
            found = self._narrowed(first, last, length + 1, symbol)
            if found[0] == found[1]:
                break
            (first, last), length = found, length + 1
            if symbol == self.vocabulary:  # nothing stands before a start
                break
        counts = np.bincount(self.events[self.places[first:last]])
        symbols = np.flatnonzero(counts)
        return Bag(length, symbols, counts[symbols])

    def _narrowed(self, first: int, last: int, back: int, symbol: int) -> tuple[int, int]:
        """Those of sorted places `first` … `last - 1`, alike in all that came later, with that symbol so far back."""
        item, place = self.events.item, self.places.item

        def before(at: int) -> int:
            return int(item(place(at) - back))

        span = range(first, last)
        return first + bisect_left(span, symbol, key=before), first + bisect_right(span, symbol, key=before)


def _by_context(events: np.ndarray, places: np.ndarray, order: int, vocabulary: int) -> np.ndarray:
    """How these places are sorted by the `order` symbols before them, the latest counting most; several to a key."""
    bits = max(1, vocabulary.bit_length())
    keys: list[np.ndarray] = []
    for first in range(1, order + 1, _BITS // bits):
        key = np.zeros(len(places), np.int64)
        for back in range(first, min(first + _BITS // bits, order + 1)):
            key <<= bits
            key |= events[places - back]
        keys.append(key)
    if not keys:
        return np.arange(len(places))
    return np.lexsort(keys[::-1]) if len(keys) > 1 else np.argsort(keys[0], kind="stable")


def _show() -> None:
    """What three short phrases put into the bag of each context."""
    phrases = ["the thin thrush thinks this through", "then the moth thaws", "that path is thine"]
    letters = sorted(set("".join(phrases)))
    bags = Bags.of([np.array([letters.index(letter) for letter in phrase]) for phrase in phrases], 3, len(letters))
    for heard in ("", "h", "th", " th", "xth"):
        bag = bags.after([-1, -1, -1, *(letters.index(letter) if letter in letters else -1 for letter in heard)])
        drawn = " ".join(letters[symbol] * count for symbol, count in zip(bag.symbols, bag.counts, strict=True))
        print(f"{heard!r:6} → {drawn!r}")


if __name__ == "__main__":
    _show()
