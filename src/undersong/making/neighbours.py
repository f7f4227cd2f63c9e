"""Whole pieces beside those that were learned: how many are new, and which of the learned ones is nearest to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import AbstractCodec, AbstractPiece
from undersong.making.learned import Learned
from undersong.shapes import Int

__all__ = ["Neighbours", "changes", "neighbours"]

_LONGEST = 200  # elements of a piece whose neighbour is looked for: of longer ones, verbatim runs say more
_MOST_PLAYED = 100
_MOST_LEARNED = 300_000
_MOST_CELLS = 4e8  # of tables for one list of pieces, a few seconds
_BLOCK = 500  # learned pieces compared at once
_KINDS = 64  # by which elements are counted


@final
@dataclass(frozen=True)
class Neighbours:
    """Of `count` pieces `new` is the share that was not learned, `different` the number of different ones for each.

    `nearest`: some of the new ones, the nearest learned piece, and how many elements must be changed, added or left out
    to turn the one into the other.
    """

    count: int
    new: float
    different: float
    nearest: tuple[tuple[AbstractPiece, AbstractPiece, int], ...]

    @property
    def usual(self) -> float | None:
        """The median number of changes; None where none was looked for."""
        return float(np.median([changed for *_, changed in self.nearest])) if self.nearest else None

    def to_json(self) -> dict[str, Any]:
        nearest = [
            {"piece": piece.to_json(), "learned": learned.to_json(), "changes": changed}
            for piece, learned, changed in self.nearest
        ]
        return {
            "pieces": self.count, "new": self.new, "different": self.different, "usual_changes": self.usual,
            "nearest": nearest,
        }  # fmt: skip


def neighbours(learned: Learned, several: Sequence[Sequence[AbstractPiece]]) -> list[Neighbours | None]:
    """The same for several lists of pieces, each whole; None for those that are empty, or where too many were learned.

    Equal are pieces of equal elements: characters of a text, events elsewhere.
    """
    codec, events = learned.codec, [stretch.events for stretch in learned.corpus.known]
    if len(events) > _MOST_LEARNED:
        return [None] * len(several)
    known = [codec.elements(codec.decode(np.asarray(each, codec.event.dtype))) for each in events]
    names = {each.tobytes() for each in known}
    near = _Near([each for each in known if len(each) <= 2 * _LONGEST])
    at = [number for number, each in enumerate(known) if len(each) <= 2 * _LONGEST]
    return [_of(codec, pieces, names, near, [events[number] for number in at]) for pieces in several]


def _of(
    codec: AbstractCodec, pieces: Sequence[AbstractPiece], names: set[bytes], near: _Near, events: Sequence[np.ndarray]
) -> Neighbours | None:
    if not pieces:
        return None
    elements = [codec.elements(piece) for piece in pieces]
    own = [each.tobytes() for each in elements]
    fresh = [number for number, name in enumerate(own) if name not in names]
    looked_up: dict[bytes, int] = {}
    cells = 0
    for number in fresh:
        new, size = own[number] not in looked_up, len(elements[number])
        if new and 0 < size <= _LONGEST and len(looked_up) < _MOST_PLAYED and cells + size * near.size <= _MOST_CELLS:
            cells += size * near.size
            looked_up[own[number]] = number
    nearest = []
    for number in looked_up.values():
        found = near.to(elements[number])
        if found is not None:
            learned = codec.decode(np.asarray(events[found[0]], codec.event.dtype))
            nearest.append((pieces[number], learned, found[1]))
    return Neighbours(len(pieces), len(fresh) / len(pieces), len(set(own)) / len(pieces), tuple(nearest))


@final
class _Near:
    """Learned pieces by how often each kind of element is in them, from which the least of changes follows."""

    def __init__(self, pieces: Sequence[np.ndarray]) -> None:
        self.pieces = pieces
        self.size = sum(map(len, pieces))
        self.counts = np.zeros((len(pieces), _KINDS), np.int16)
        for row, piece in zip(self.counts, pieces, strict=True):
            row += _counted(piece)

    def to(self, piece: np.ndarray) -> tuple[int, int] | None:
        """Which of them is nearest, the first of several, and how many changes away."""
        if not len(self.pieces):
            return None
        apart = self.counts - _counted(piece)
        least = np.maximum(np.maximum(apart, 0).sum(1), np.maximum(-apart, 0).sum(1))  # none is nearer than that
        order = np.argsort(least, kind="stable")
        best = (-1, len(piece) + 2 * _LONGEST + 1)
        for first in range(0, len(order), _BLOCK):
            block = order[first : first + _BLOCK]
            if least[block[0]] > best[1]:
                break
            found = changes(piece, [self.pieces[number] for number in block])
            best = min([best, *zip(block.tolist(), found.tolist(), strict=True)], key=lambda pair: (pair[1], pair[0]))
        return best


def _counted(piece: np.ndarray) -> Int[np.ndarray, " K"]:
    return np.bincount((piece % _KINDS).astype(np.int64), minlength=_KINDS).astype(np.int16)


def changes(piece: np.ndarray, others: Sequence[np.ndarray]) -> Int[np.ndarray, " N"]:
    """The edit distance (Levenshtein, 1966) from a piece (M,) to each of N others: Wagner & Fischer's table, 1974,
    a row at a time for all of them.
    """
    lengths = np.array([len(other) for other in others])
    wide = int(lengths.max(initial=0))
    table = np.zeros((len(others), wide), piece.dtype)
    for line, other in zip(table, others, strict=True):
        line[: len(other)] = other
    kind = np.int16 if wide + len(piece) < 2**15 else np.int64
    along: np.ndarray = np.arange(wide + 1, dtype=kind)
    before: np.ndarray = np.broadcast_to(along, (len(others), wide + 1))
    for number, element in enumerate(piece.tolist(), start=1):
        row: np.ndarray = np.empty((len(others), wide + 1), kind)
        row[:, 0] = number
        row[:, 1:] = np.minimum(before[:, 1:] + 1, before[:, :-1] + (table != element))
        # what is added along the row: each place may be reached from any before it, one change a step
        before = np.minimum.accumulate(row - along, axis=1) + along
    return np.asarray(before[np.arange(len(others)), lengths], np.int64)
