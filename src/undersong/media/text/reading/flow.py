"""Running text out of mark-up: where lines and paragraphs end, and where a space is one too many."""

from __future__ import annotations

import re
from typing import final

__all__ = ["Flow", "without_trailing_blanks"]

_TRAILING = re.compile("(?<![ \t])[ \t]+(?=\n|\\Z)")  # looked for from the first blank of a run only
_GAPS = re.compile("\n{4,}")
_BLANKS = re.compile("[ \t\n\r\f]+")


@final
class Flow:
    """A text that grows. Ends of lines are only wanted at first: they are written when more text comes."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._ends = 0  # line ends wanted before the next text
        self._space = False  # a space wanted before the next text
        self._fresh = True  # nothing on this line yet
        self._marked = False  # nothing but a sign that begins it

    def say(self, text: str) -> None:
        """Text in which any run of blanks is one space."""
        text = _BLANKS.sub(" ", text)
        if text.startswith(" "):
            self._space = True
            text = text[1:]
        if not text:
            return
        self._open()
        if text.endswith(" "):
            self._space = True
            text = text[:-1]
        self._parts.append(text)

    def keep(self, text: str) -> None:
        """Text as it stands, blanks and line ends and all."""
        if text:
            self._open()
            self._parts.append(text)
            self._fresh = text.endswith("\n")

    def mark(self, sign: str) -> None:
        """A sign that begins a line, such as a list has; no space comes after it."""
        self._open()
        self._parts.append(sign)
        self._fresh = self._marked = True

    def cell(self) -> None:
        """Go on with the next cell of a row, whatever was to end there."""
        self._ends, self._space = 0, False
        self.mark("\t")

    def row(self) -> None:
        """End the line, and no more than that, whatever was to end there."""
        self._ends, self._space = 1, False

    def line(self, ends: int = 1) -> None:
        """End the line where one is begun; 2 leave a blank line after it."""
        if not self._marked or self._ends:
            self._ends = max(self._ends, ends)
        self._space = False

    def turn(self) -> None:
        """End the line even where it is empty."""
        self._space = False
        self._open()
        self._parts.append("\n")
        self._fresh = True

    def _open(self) -> None:
        if self._ends and self._parts:
            written = 0 if not self._parts[-1].endswith("\n") else 2 if self._blank_before() else 1
            self._parts.append("\n" * max(0, self._ends - written))
            self._fresh = True
        self._ends = 0
        if self._space and not self._fresh:
            self._parts.append(" ")
        self._space = self._fresh = self._marked = False

    def _blank_before(self) -> bool:
        last = self._parts[-1]
        return last.endswith("\n\n") or (last == "\n" and len(self._parts) > 1 and self._parts[-2].endswith("\n"))

    def text(self) -> str:
        """All of it, without blank lines around it, ending in one line end; empty where nothing was said."""
        whole = _GAPS.sub("\n\n\n", without_trailing_blanks("".join(self._parts))).strip("\n")
        return whole + "\n" if whole.strip() else ""


def without_trailing_blanks(text: str) -> str:
    """The text with no spaces or tabs at the ends of its lines."""
    return _TRAILING.sub("", text)
