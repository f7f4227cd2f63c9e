"""What of some pieces stands letter for letter in a corpus that is at hand: exact, where fingerprints only remember.

The pieces are few and the corpus is long: it goes by once, a part at a time, and is held against all that is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.keeping.fingerprints import digests, end_of, one_by_one
from undersong.shapes import Bool, Int

__all__ = ["SIZE", "Verbatim", "compare", "compare_several"]

SIZE = 20
"""Elements of the windows that are counted."""
_SHORT = 12  # elements of a run that is worth a closer look
_NEAR = 22  # bits of a digest that tell most windows apart


@final
@dataclass(frozen=True)
class Verbatim:
    """The longest run of pieces that stands in a corpus, in elements, and how many windows of 20 do.

    `piece` and `start` say where that run begins, the first of its length.
    """

    longest: int
    piece: int
    start: int
    found: int
    windows: int

    @property
    def share(self) -> float:
        """Of all windows; 0 where no piece is as long as one."""
        return self.found / max(1, self.windows)

    def to_json(self) -> dict[str, Any]:
        return {"longest": self.longest, "share": self.share}


def compare(corpus: Sequence[np.ndarray], pieces: Sequence[np.ndarray], size: int = SIZE) -> Verbatim:
    """Look for pieces (N,) of elements in a corpus of such, whole; every find is held against the corpus itself."""
    return compare_several(([piece] for piece in corpus), [pieces], size)[0]


def compare_several(
    corpus: Iterable[Iterable[np.ndarray]], several: Sequence[Sequence[np.ndarray]], size: int = SIZE
) -> list[Verbatim]:
    """The same of several lists of pieces at once, in a corpus whose pieces come in parts.

    Takes a few seconds for each 100 million elements, and as much memory as a few parts.
    """
    searches = [_Search(pieces, size) for pieces in several]
    longest = max((len(piece) for pieces in several for piece in pieces), default=0)
    least = min(_SHORT, size)
    for there in one_by_one(corpus, max(size, longest) - 1):
        windows = digests(there, least)
        for search in searches:
            search.look(there, windows)
    return [search.found() for search in searches]


@final
class _Search:
    """What was found so far of some pieces, as the corpus goes by; each part of it holds all runs that end in it."""

    def __init__(self, pieces: Sequence[np.ndarray], size: int) -> None:
        self.pieces, self.size, self.least = pieces, size, min(_SHORT, size)
        self.elements = _joined(pieces, 1)
        self.wanted = np.unique(digests(self.elements, self.least))
        self.near = _near(self.wanted)
        self.longest = self.first = 0
        self.there = np.zeros(max(0, len(self.elements) - size + 1), bool)  # by where a window begins

    def look(self, corpus: np.ndarray, windows: Int[np.ndarray, " N"]) -> None:
        """Look in one more part of the corpus, with the digests of its windows of `least`."""
        nearby = self._regions(corpus, windows)
        if len(nearby):
            self.there |= _found(nearby, self.elements, self.size)
            self._lengthen(nearby, max(self.longest, self.least), len(nearby) + 1)
        elif self.longest < self.least:
            self._lengthen(corpus, max(self.longest, 1), self.least)

    def found(self) -> Verbatim:
        starts = np.cumsum([0, *(len(piece) + 1 for piece in self.pieces)])
        piece = int(np.searchsorted(starts, self.first, side="right")) - 1
        windows = sum(max(0, len(piece) - self.size + 1) for piece in self.pieces)
        return Verbatim(self.longest, piece, self.first - int(starts[piece]), int(self.there.sum()), windows)

    def _regions(self, corpus: np.ndarray, windows: Int[np.ndarray, " N"]) -> np.ndarray:
        """Only what of the corpus some window of the pieces may stand in: all longer runs lie there, too."""
        kept = np.zeros(len(corpus) + 1, np.int8)  # 1 where such a window begins
        kept[_alike(windows, self.wanted, self.near)[0]] = 1
        edges = np.diff(kept, prepend=np.int8(0))
        begins, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + self.least - 1
        return _joined([corpus[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)], 0)

    def _lengthen(self, corpus: np.ndarray, tried: int, too_long: int) -> None:
        """Look for runs as long as the longest, which may stand further ahead in the pieces, and for longer ones.

        A length is doubled until it is too much, then closed in on.
        """
        limit = too_long = min(too_long, len(self.elements) + 1)
        while tried < too_long:
            begins = _first(corpus, self.elements, tried)
            if begins is None:
                too_long = tried
            else:
                self.first = min(self.first, begins) if tried == self.longest else begins
                self.longest = tried
            if self.longest + 1 >= too_long:
                return
            tried = min(2 * tried, too_long - 1) if too_long == limit else (self.longest + too_long) // 2


def _joined(pieces: Sequence[np.ndarray], side: int) -> np.ndarray:
    """Pieces one after the other, each with an end that on the other side is another one."""
    kind = pieces[0].dtype if len(pieces) else np.dtype(np.uint64)
    return np.concatenate([np.zeros(0, kind), *(part for piece in pieces for part in (piece, end_of(kind, side)))])


def _first(corpus: np.ndarray, pieces: np.ndarray, length: int) -> int | None:
    """Where the first window of the pieces begins that is in the corpus."""
    at = _where(corpus, pieces, length)
    for window in np.flatnonzero(at >= 0).tolist():
        if np.array_equal(pieces[window : window + length], corpus[at[window] : at[window] + length]):
            return int(window)
    return None


def _found(corpus: np.ndarray, pieces: np.ndarray, length: int) -> Bool[np.ndarray, " N"]:
    """Which windows of the pieces are in the corpus."""
    at = _where(corpus, pieces, length)
    hits = np.flatnonzero(at >= 0)
    same = np.ones(len(hits), bool)
    for each in range(length):
        same &= pieces[hits + each] == corpus[at[hits] + each]
    found = np.zeros(len(at), bool)
    found[hits[same]] = True
    return found


def _where(corpus: np.ndarray, pieces: np.ndarray, length: int) -> Int[np.ndarray, " N"]:
    """For each window of the pieces where one with the same digest begins in the corpus, -1 where there is none."""
    wanted, back = np.unique(digests(pieces, length), return_inverse=True)
    place = np.full(len(wanted), -1)
    at, which = _alike(digests(corpus, length), wanted, _near(wanted))
    place[which] = at
    return place[back.reshape(-1)]


def _near(wanted: Int[np.ndarray, " N"]) -> Bool[np.ndarray, " M"]:
    """Which digests may be among the wanted ones, by their first bits."""
    near = np.zeros(2**_NEAR, bool)
    near[wanted >> np.uint64(64 - _NEAR)] = True
    return near


def _alike(
    windows: Int[np.ndarray, " N"], wanted: Int[np.ndarray, " W"], near: Bool[np.ndarray, " M"]
) -> tuple[Int[np.ndarray, " A"], Int[np.ndarray, " A"]]:
    """The windows whose digest is wanted: where they are, and which of the wanted ones, in order, each is."""
    maybe = np.flatnonzero(near[windows >> np.uint64(64 - _NEAR)])
    if not len(maybe):
        return maybe, maybe
    which = np.minimum(np.searchsorted(wanted, windows[maybe]), len(wanted) - 1)
    same = wanted[which] == windows[maybe]
    return maybe[same], which[same]
