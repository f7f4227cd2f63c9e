"""Text as words: a symbol for each frequent word with the space before it, letters for the rare ones.

A word, a number, a stretch of punctuation or a line end is one event where it was seen often enough (` sea`, ` don't`,
`...`, `\\n`). What was not is taken apart, no further than it must be: the space from the word, the word at its
apostrophes and hyphens, then into the characters people see, and what is rare even so into bytes. So ` seagull` may be
a space, `s`, `e`, `a`, `g` and so on: nothing is unknown, and decoding restores every space and line end, since each
symbol stands for the same letters wherever it is. For that reason capitals have words of their own.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, final

import numpy as np

from undersong.events import AbstractCodec, AbstractPiece
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.runs import LONGEST, Remembered, clusters_of, counts_of, joints_of, runs_of
from undersong.media.text.spelling import (
    PART,
    PLAIN,
    AbstractSpelled,
    by_bytes,
    head_for,
    is_string,
    strings_from,
    strings_of,
)

__all__ = ["LEAST", "MOST", "Words"]

LEAST = 3
"""Words seen more rarely are taken apart: two sightings teach little, and letters need practice."""
MOST = 20_000
"""Symbols at most: nineteen in twenty words of a long novel; the odds of more would take a laptop too long."""


@final
class Words(AbstractSpelled):
    """W words and characters in order of frequency, UTF-8 bytes for all else; V = W + 244 symbols.

    Above some thousands of symbols the odds are those of an adaptive head, which relies on that order.
    """

    kind: ClassVar[str] = "words.v1"
    breaks_off: ClassVar[bool] = True

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words)
        self.head = head_for(self.end + 1)
        self._of = Remembered(self.symbols, self._apart)

    @classmethod
    def from_pieces(cls, pieces: Sequence[AbstractPiece], least: int = LEAST, most: int = MOST) -> Words:
        """The `most` commonest words and characters seen at least `least` times, commonest first."""
        return cls(_frequent(pieces, least, most, known=()))

    def grown(self, pieces: Sequence[AbstractPiece]) -> Words:
        """These symbols, then those that these pieces hold often and that had to be spelled so far, commonest first.

        Itself where its head is adaptive or would become so: clusters of symbols do not grow; new words are spelled.
        """
        room = PLAIN - self.end - 1
        added = _frequent(pieces, LEAST, room, self.symbols) if room > 0 else []
        return Words([*self.strings, *added]) if added else self

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        """These words, then those of the others that are not among them; None where one of them is of another unit."""
        strings = strings_of(self, others)
        return None if strings is None else self if strings == self.strings else Words(strings)

    def encode_in_parts(self, piece: AbstractPiece, size: int = PART) -> Iterator[np.ndarray]:
        """Symbols of about `size` characters at a time."""
        for runs in runs_of(text_of(piece), apart=True, size=size):
            yield np.fromiter(chain.from_iterable(map(self._of.__getitem__, runs)), np.int64)

    def _apart(self, run: str) -> Iterator[int]:
        """The space and a known word; or the parts between its joints; or its characters, the rare ones in bytes."""
        parts = (" ", run[1:]) if run[0] == " " and run[1:] in self.symbols else joints_of(run)
        if len(parts) > 1:
            yield from chain.from_iterable(map(self._of.__getitem__, parts))
            return
        for cluster in clusters_of(run):
            symbol = self.symbols.get(cluster)
            yield from by_bytes(cluster.encode(), len(self.strings)) if symbol is None else (symbol,)

    def to_json(self) -> dict[str, Any]:
        return {"words": list(self.strings)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Words:
        return cls(strings_from(data, "words", "word", _is_word))


def _frequent(pieces: Sequence[AbstractPiece], least: int, most: int, known: Container[str]) -> list[str]:
    """Words and characters seen at least `least` times, commonest first, without the known ones; a line end always.

    What is rarer counts for the parts that it will be spelled with.
    """
    counts = counts_of(pieces, apart=True)
    for run in [run for run in counts if run in known]:
        del counts[run]
    beyond = {run for run in _ranked(counts)[most:] if counts[run] >= least}  # no room for these: as if they were rare
    for apart in (joints_of, _without_space, clusters_of):
        for run in [run for run in counts if counts[run] < least or run in beyond or not _is_word(run)]:
            count = counts.pop(run)
            for part in apart(run):
                counts[part] += 0 if part in known else count
    frequent = [run for run in _ranked(counts) if counts[run] >= least and _is_word(run)][:most]
    if "\n" not in frequent and "\n" not in known:
        frequent[most - 1 :] = ["\n"]
    return frequent


def _ranked(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda run: (-counts[run], run))


def _without_space(run: str) -> Sequence[str]:
    return (" ", run[1:]) if run[0] == " " and len(run) > 1 else (run,)


def _is_word(given: Any) -> bool:
    """Runs that were cut off at the longest are garbage to people, and were no words."""
    return is_string(given) and len(given) < LONGEST


def _show() -> None:
    """A small picture of a text in words: frequent ones whole, the rest apart."""
    codec = Words.from_pieces([TextPiece("the sea, the sky\n" * 3)])
    events = codec.encode(TextPiece("the sky's sea-bed\n"))
    for event, heard in zip(events.tolist(), codec.progress(events).tolist(), strict=True):
        print(f"{event:4d}  {codec.display(event)!r:8}  {heard} characters")


if __name__ == "__main__":
    _show()
