"""A document as a screen shows it: what stands where, and how it looks there.

Signs that would command a terminal, or that it takes for a line end, are shown as pictures of themselves, one for one,
so that every character of the document has one place on the screen, and none is lost by being shown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import final

from undersong.cli.writing.document import WRITERS, Written

__all__ = ["Lines", "Mark", "clean", "marks", "visible"]

_PICTURES = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    0x2028: 0x2424,
    0x2029: 0x00B6,
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),  # would turn the line around
}


def visible(words: str) -> str:
    """The words with a picture for each sign that is not to reach a terminal, as long as before."""
    return words if words.isascii() and words.isprintable() else words.translate(_PICTURES)


def clean(words: str) -> str:
    """What comes into a document: with "\\n" for line ends, and without half characters or what no text has."""
    words = words.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@final
class Lines:
    """Where the lines of a text begin, so that a row and a column are found quickly from a place, and back."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.starts = [0, *accumulate(len(line) + 1 for line in lines)][:-1]

    def place(self, row: int, column: int) -> int:
        return self.starts[min(row, len(self.starts) - 1)] + column

    def location(self, place: int) -> tuple[int, int]:
        row = bisect_right(self.starts, place) - 1
        return row, place - self.starts[row]


@final
@dataclass(frozen=True)
class Mark:
    """Characters `start` to `stop` of a line look like `kind`: a writer, "suggestion" or "copied"."""

    start: int
    stop: int
    kind: str


def marks(
    content: Written, copied: Sequence[tuple[int, int]], start: int, stop: int, offset: int = 0
) -> Iterator[Mark]:
    """How characters `start` to `stop` of a document look, told from `offset` on; those of a person look plain.

    Spans are in order, and do not overlap.
    """
    if start >= stop:
        return
    at = offset
    for words, author in content[start:stop].runs():
        if author != WRITERS[0]:
            yield Mark(at, at + len(words), author)
        at += len(words)
    for first, last in copied[bisect_left(copied, start, key=lambda span: span[1]) :]:
        if first >= stop:
            break
        if last > start:
            yield Mark(offset + max(first, start) - start, offset + min(last, stop) - start, "copied")
