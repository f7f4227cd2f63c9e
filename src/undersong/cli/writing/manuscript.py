"""A text file that is being written: how it is opened, named and saved, so that no word is ever lost.

It is written beside and renamed. A file that another program has changed meanwhile is left to that program: the words
go into a new one.
"""

from __future__ import annotations

import re
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import final

from undersong.errors import InputError, KeepingError, MissingFileError, UnreadableFileError
from undersong.keeping.writing import write_beside

__all__ = ["LONGEST", "MOST", "Manuscript", "free_name", "rescue", "suggested_name", "too_much"]

MOST = 1_000_000
"""Bytes of a file that is written in: a long novel, and as much as a saved session may hold."""
LONGEST = 20_000
"""Characters of one line, which is wrapped anew with every letter."""

_MARK = b"\xef\xbb\xbf"  # some programs begin UTF-8 with it
_NO_NAME = re.compile(r"[^\w.-]+")

Stamp = tuple[int, int, int]


def suggested_name(instrument: str, today: date) -> Path:
    """A name for something new in this folder: by what it is written with, and when."""
    name = _NO_NAME.sub("-", instrument).strip("-.")[:60] or "writing"
    return free_name(Path(f"{name}-{today.isoformat()}.txt"))


def too_much(words: str, beside: int = 0) -> str:
    """What is wrong with these words beside so many characters that are there; nothing where they fit a page."""
    if len(words) + beside > MOST:
        return f"makes it longer than {MOST:,} characters"
    if len(words) > LONGEST and max(map(len, words.split("\n"))) > LONGEST:
        return f"has a line of more than {LONGEST:,} characters"
    return ""


def free_name(path: Path) -> Path:
    """The path itself, or with a number, so that nothing lies there."""
    number, found = 2, path
    while found.exists() or found.is_symlink():
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found


@final
class Manuscript:
    """Its path, and the words that lie there, with "\\n" for line ends."""

    def __init__(self, path: Path) -> None:
        """One that lies at this path, or is to lie there. Raises InputError, UnreadableFileError, MissingFileError."""
        self.path = path
        self.words = ""
        self.existed = path.exists()
        self.saved_at: float | None = None
        """When it was written last, in seconds since 1970."""
        self._mark, self._line_end = b"", "\n"
        if self.existed:
            self._open()
        elif not path.parent.is_dir():
            raise MissingFileError(f"There is no folder '{path.parent}' to write in.", "Make it first.")
        self._stamp = self._stamped()

    def _open(self) -> None:
        if not self.path.is_file():
            kind = "a folder" if self.path.is_dir() else "no file"
            raise InputError(f"'{self.path}' is {kind}.", "Name a text file, such as mine.txt.")
        try:
            with self.path.open("rb") as file:
                content = file.read(MOST + 1)
        except OSError as error:
            raise UnreadableFileError(f"'{self.path}' cannot be read: {error.strerror}.") from error
        if len(content) > MOST:
            raise InputError(
                f"'{self.path}' is longer than {MOST:,} bytes, too long to be written in here.",
                "Write in one chapter at a time.",
            )
        if b"\0" in content:
            raise UnreadableFileError(
                f"'{self.path}' is not a plain text: it holds bytes that no text has.",
                "Save it as plain text, in UTF-8, by the program it comes from.",
            )
        if content.startswith(_MARK):
            self._mark, content = _MARK, content[len(_MARK) :]
        try:
            words = content.decode()
        except UnicodeDecodeError as error:
            raise UnreadableFileError(
                f"'{self.path}' is not UTF-8: byte {len(self._mark) + error.start + 1:,} fits no character.",
                "Save it as plain text, in UTF-8, by the program it comes from.",
            ) from error
        if flaw := too_much(words):
            raise InputError(f"'{self.path}' {flaw}.", "Break it into lines first, by the program it comes from.")
        if "\r\n" in words and words.count("\r\n") == words.count("\n"):
            self._line_end, words = "\r\n", words.replace("\r\n", "\n")
        self.words = words

    def save(self, words: str) -> str:
        """Write it, where anything is new. Gives what there is to say about it, mostly nothing. Raises KeepingError."""
        if words == self.words and (self.existed or not words):
            return ""
        said, there = "", self._stamped()
        if there is not None and there != self._stamp:
            other = free_name(self.path)
            said = f"'{self.path.name}' was changed by another program; your words go on in '{other.name}'."
            self.path = other
        write_beside(self.path, self._mark + words.replace("\n", self._line_end).encode())
        self.words, self.existed, self.saved_at, self._stamp = words, True, time.time(), self._stamped()
        return said

    def _stamped(self) -> Stamp | None:
        """What changes when somebody writes to the file; None where none lies there."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def rescue(path: Path, words: str) -> Path:
    """The words in the folder for passing things, where their own takes them no more. Raises KeepingError."""
    found = free_name(Path(tempfile.gettempdir()) / f"rescued-{path.name}")
    try:
        return write_beside(found, words.encode())
    except OSError as error:
        raise KeepingError(f"'{found}' takes them neither: {error.strerror}.") from error
