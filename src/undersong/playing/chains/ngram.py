"""The odds of the next symbol from the few before it: n-grams, smoothed by modified Kneser-Ney or by Witten-Bell.

Both mix the same way (Chen & Goodman, 1998, "An empirical study of smoothing techniques"): a context h gives a share to
each symbol that followed it, and leaves the rest to the context without its oldest symbol, down to 1 / V:

    p(w | h) = share(h, w) + rest(h) · p(w | h without its oldest symbol)

Order n counts the predicted symbol: at most n - 1 symbols are heard, order 1 hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

import numpy as np

from undersong.errors import InputError, InstrumentFileError
from undersong.playing.chains.ngram_counts import NGramCounts, Stream, count
from undersong.shapes import Float, shape_text

__all__ = ["METHODS", "Method", "NGram", "choose"]

Method = Literal["kneser-ney", "witten-bell"]

METHODS: Mapping[Method, str] = {"kneser-ney": "Kneser-Ney", "witten-bell": "Witten-Bell"}
"""The smoothings, and what people call them."""

_MOST_COUNTED = 1_000_000  # events; seconds of choosing, however large the corpus
_MOST_SCORED = 100_000
_NOTHING = 2**62  # a symbol that no context has: what stands where nothing was heard


@final
@dataclass(frozen=True)
class _Level:
    """One order: share (G,) of each n-gram, rest (C,) that each context leaves to the next shorter one."""

    share: np.ndarray
    rest: np.ndarray

    def over(self, shorter: np.ndarray, contexts: np.ndarray, grams: np.ndarray) -> np.ndarray:
        """p (T,) at this order, given p at the order below and where contexts and n-grams stand, -1 if unseen."""
        # an index of -1 reads some last element, which `where` drops
        share = np.where(grams >= 0, self.share[grams], 0.0) if len(self.share) else 0.0
        rest = np.where(contexts >= 0, self.rest[contexts], 1.0) if len(self.rest) else 1.0
        return share + rest * shorter


def _level(counts: NGramCounts, order: int, method: Method, top: bool) -> _Level:
    """How one order shares out; `top` says that no longer context was counted."""
    continued = method == "kneser-ney" and not top
    tally = counts.continuations(order) if continued else counts.seen[order - 1]  # (G,)
    rows, size = counts.grams[order - 1].rows, counts.contexts_before(order)
    kept, given = _SMOOTHINGS[method](tally)
    rest = np.bincount(rows, weights=given, minlength=size)  # (C,)
    whole = np.bincount(rows, weights=kept, minlength=size) + rest
    rest, whole = np.where(whole > 0, rest, 1.0), np.where(whole > 0, whole, 1.0)  # nothing counted: all is left
    return _Level(kept / whole[rows], rest / whole)


def _witten_bell(tally: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each kind of symbol that followed gives one count more, to what never did (Witten & Bell, 1991, method C)."""
    return tally.astype(np.float64), np.ones(len(tally))


def _kneser_ney(tally: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each count gives its discount."""
    given = _discounts(tally)[np.minimum(tally, 3)]
    return tally - given, given


def _discounts(tally: np.ndarray) -> np.ndarray:
    """What is taken from a count of 0, 1, 2, and 3 or more (Chen & Goodman, 1998, section 3).

    Where too few counts are that small, or the estimate for i leaves (0, i), it is i / 2, as in KenLM (Heafield, 2013).
    """
    n = np.bincount(np.minimum(tally, 5), minlength=6)
    common = n[1] / max(n[1] + 2 * n[2], 1)
    discounts = np.array([0.0, 0.5, 1.0, 1.5])
    for i in (1, 2, 3):
        estimate = i - (i + 1) * common * n[i + 1] / max(n[i], 1)
        if n[i] and n[i + 1] and 0 < estimate < i:
            discounts[i] = estimate
    return discounts


@final
@dataclass(frozen=True)
class _Table:
    """Orders 2 … n end to end, so that one look finds what all contexts of a row share out.

    Of each context (C + 1,): the rest it leaves, and its first n-gram and the one after its last. The last context is
    one never seen, which leaves everything. Of each n-gram (G,): its symbol and share.
    """

    offsets: np.ndarray  # (n - 1, 1): where the contexts of each length begin
    rest: np.ndarray
    first: np.ndarray
    last: np.ndarray
    symbols: np.ndarray
    share: np.ndarray

    @classmethod
    def of(cls, counts: NGramCounts, levels: Sequence[_Level]) -> _Table:
        sizes = [counts.contexts_before(order) for order in range(2, counts.order + 1)]
        many = [np.bincount(grams.rows, minlength=size) for grams, size in zip(counts.grams[1:], sizes, strict=True)]
        last = np.cumsum(np.concatenate([*many, [0]]), dtype=np.int64)
        symbols = np.concatenate([np.zeros(0, np.int64), *(grams.symbols for grams in counts.grams[1:])])
        return cls(
            np.cumsum([0, *sizes])[:-1, None],
            np.concatenate([*(level.rest for level in levels[1:]), [1.0]]),
            np.concatenate([[0], last[:-1]]),
            last,
            symbols,
            np.concatenate([np.zeros(0), *(level.share for level in levels[1:])]),
        )


_SMOOTHINGS: Mapping[Method, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "kneser-ney": _kneser_ney,
    "witten-bell": _witten_bell,
}
"""From the counts (G,) of an order, what each n-gram keeps and what it gives to the order below."""


@final
@dataclass(frozen=True)
class NGram:
    """n-gram odds over V symbols; a context never seen leaves everything to the next shorter one."""

    counts: NGramCounts
    method: Method

    @property
    def order(self) -> int:
        return self.counts.order

    @property
    def vocabulary(self) -> int:
        return self.counts.vocabulary

    @property
    def name(self) -> str:
        """As people say it: `Kneser-Ney 7`."""
        return f"{METHODS[self.method]} {self.order}"

    @cached_property
    def _levels(self) -> list[_Level]:
        return [_level(self.counts, k, self.method, k == self.order) for k in range(1, self.order + 1)]

    @cached_property
    def _alone(self) -> np.ndarray:
        """p (V,) where nothing is heard."""
        odds = self._levels[0].rest / self.vocabulary + np.zeros(self.vocabulary)
        odds[self.counts.grams[0].symbols] += self._levels[0].share
        return odds

    @cached_property
    def _table(self) -> _Table:
        return _Table.of(self.counts, self._levels)

    def log_odds(self, contexts: np.ndarray) -> Float[np.ndarray, "B V"]:
        """log p of every symbol after `contexts` (B, n - 1), the latest symbol last, -1 where there was none.

        Raises InputError.
        """
        if contexts.ndim != 2 or contexts.shape[1] != self.order - 1 or contexts.dtype.kind not in "iu":
            raise InputError(f"Contexts are {shape_text(contexts)}; expected integers (B, {self.order - 1}).")
        if contexts.size and not -1 <= int(contexts.min()) <= int(contexts.max()) <= self.vocabulary:
            raise InputError(f"Contexts hold a symbol outside -1 … {self.vocabulary}.")
        contexts = np.where(contexts < 0, _NOTHING, contexts.astype(np.int64, copy=False))
        found = np.full((self.order - 1, len(contexts)), -1)
        row = np.zeros(len(contexts), np.int64)
        for k, heard in enumerate(contexts.T[::-1]):
            keys = self.counts.contexts[k].keys
            if not len(keys):
                break
            wanted = row * (self.vocabulary + 1) + heard  # of a row of -1 it is below all keys, or beyond them
            place = keys.searchsorted(wanted)
            found[k] = row = np.where(keys.take(place, mode="clip") == wanted, place, -1)
        return self._mixed(np.where(found >= 0, found + self._table.offsets, -1))

    def _mixed(self, found: np.ndarray) -> np.ndarray:
        """log p (B, V) where these contexts (n - 1, B) were heard, as the table numbers them, the shortest first."""
        (orders, rows), table = found.shape, self._table
        left = np.ones((orders + 1, rows))  # what the 0, 1 … n - 1 longest contexts leave to the shorter ones
        np.cumprod(table.rest[found[::-1]], axis=0, out=left[1:])
        first, last = table.first[found].ravel(), table.last[found].ravel()
        many = last - first
        place = np.arange(many.sum()) + np.repeat(last - np.cumsum(many), many)
        share = table.share[place] * np.repeat(left[:orders][::-1].ravel(), many)
        whose = np.repeat((np.zeros((orders, 1), np.int64) + np.arange(rows) * self.vocabulary).ravel(), many)
        given = np.bincount(whose + table.symbols[place], weights=share, minlength=rows * self.vocabulary)
        odds: np.ndarray = left[orders][:, None] * self._alone
        odds += given.reshape(odds.shape)
        np.log(odds, out=odds)
        return odds

    def log_prob_each(self, events: np.ndarray, before: Sequence[int] | np.ndarray = ()) -> Float[np.ndarray, " T"]:
        """log p of each of `events` (T,) after those before it and, further back, `before`; a start costs nothing.

        Raises InputError.
        """
        heard = np.asarray(before, dtype=None if len(before) else np.int64)[max(len(before) - self.order + 1, 0) :]
        Stream.of([heard, events], self.vocabulary)
        joined = np.concatenate([heard, events]).astype(np.int64)
        stream = Stream(joined, np.arange(len(joined)))
        at = np.arange(len(heard), len(joined))
        odds = np.full(len(at), 1 / self.vocabulary)
        for level, found in zip(self._levels, self.counts.trace(stream, at), strict=True):
            odds = level.over(odds, *found)
        scores: np.ndarray = np.where(joined[at] == self.vocabulary, 0.0, np.log(odds))
        return scores

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays of integers, to be kept as npz without pickle."""
        return {"method": np.array(list(METHODS).index(self.method)), **self.counts.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> NGram:
        """The n-gram back. Raises InstrumentFileError where the arrays are not one."""
        method = np.asarray(arrays.get("method", -1))
        if method.shape != () or method.dtype.kind not in "iu" or not 0 <= int(method) < len(METHODS):
            raise InstrumentFileError("This n-gram names no known smoothing.", "Count it again from the pieces.")
        return cls(NGramCounts.from_arrays(arrays), list(METHODS)[int(method)])


def choose(
    pieces: Sequence[np.ndarray],
    vocabulary: int,
    methods: Sequence[Method] = tuple(METHODS),
    orders: Sequence[int] = range(1, 11),
) -> NGram:
    """The n-gram of the method and order that suit these pieces, counted on all of them.

    They are chosen inside the pieces: counted on the first 90 % of the events, scored on the rest; ties to the first.
    The choice hears at most the last 1,000,000 events of the one and the first 100,000 of the other. Raises InputError.
    """
    stream = Stream.of(pieces, vocabulary)
    cut = len(stream.events) * 9 // 10
    counts = NGramCounts.of(stream.part(max(cut - _MOST_COUNTED, 0), cut), max(orders, default=0), vocabulary)
    at = np.arange(cut, min(cut + _MOST_SCORED, len(stream.events)))
    trace = counts.trace(stream, at[stream.events[at] < vocabulary])
    scores = {
        (method, order): score
        for method in methods
        for order, score in _scores(counts, method, trace)
        if order in orders
    }
    method, order = max(scores, key=lambda pair: scores[pair])  # the first of equals
    return NGram(count(pieces, order, vocabulary), method)


def _scores(
    counts: NGramCounts, method: Method, trace: Sequence[tuple[np.ndarray, np.ndarray]]
) -> Iterator[tuple[int, float]]:
    """The sum of log p at each order 1 … n: a longer order mixes over what the shorter ones gave as lower orders."""
    odds = np.full(len(trace[0][0]), 1 / counts.vocabulary)
    for order, found in enumerate(trace, start=1):
        yield order, float(np.log(_level(counts, order, method, top=True).over(odds, *found)).sum())
        if order < counts.order:
            odds = _level(counts, order, method, top=False).over(odds, *found)


def _show() -> None:
    """What three short phrases lead each smoothing to expect."""
    phrases = ["the thin thrush thinks this through", "then the moth thaws", "that path is thine"]
    letters = sorted(set("".join(phrases)))
    pieces = [np.array([letters.index(letter) for letter in phrase]) for phrase in phrases]
    counts = count(pieces, 4, len(letters))
    for method in METHODS:
        ngram = NGram(counts, method)
        for heard in ("  t", " th", "xth"):
            context = np.array([[letters.index(letter) if letter in letters else -1 for letter in heard]])
            odds = np.exp(ngram.log_odds(context)[0])
            best = np.argsort(-odds, kind="stable")[:4]
            print(
                f"{ngram.name:14}{heard!r} → "
                + "  ".join(f"{letters[i]!r} {'█' * round(20 * odds[i])} {odds[i]:.2f}" for i in best)
            )


if __name__ == "__main__":
    _show()
