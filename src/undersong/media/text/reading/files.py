"""Paths → bytes: files, folders and standard input, and what to say where there is nothing to read."""

from __future__ import annotations

import difflib
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from undersong.errors import InputError, MissingFileError, TooLittleError, UnreadableFileError
from undersong.media.text.reading.limits import MOST_BYTES

__all__ = ["STDIN", "bytes_of", "check_some", "files_below", "harmless", "is_folder", "shown", "stdin_bytes"]

STDIN = Path("-")
"""What stands for standard input among paths."""

_PART = 1 << 20  # bytes read at a time from what has no size
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST = 1_000  # characters of a path
_NAMED = 3  # endings of files that were left out


def is_folder(path: Path) -> bool:
    """Raises MissingFileError where nothing lies there, with the nearest name, and UnreadableFileError."""
    return stat.S_ISDIR(_mode(path))


def bytes_of(path: Path) -> bytes:
    """A file. Raises UnreadableFileError for pipes, devices, what is too large and what may not be read."""
    if not stat.S_ISREG(_mode(path)):
        raise UnreadableFileError(
            f"'{shown(path)}' is not an ordinary file.", "Hand in text files, or a folder; `-` is standard input."
        )
    try:
        size = path.stat().st_size
        _check_size(size, f"'{shown(path)}'")
        with path.open("rb") as file:
            data = file.read(size + 1)  # in one go, so that it is held once
            return data if len(data) == size else data + _all_of(file, f"'{shown(path)}'")
    except OSError as error:
        raise _unreadable(path, error) from error


def stdin_bytes() -> bytes:
    """All of standard input. Raises UnreadableFileError where there is none, or no end to it."""
    if sys.stdin is None:
        raise UnreadableFileError("There is no standard input.", "Hand in a file.")
    try:
        return _all_of(getattr(sys.stdin, "buffer", None) or BytesIO(sys.stdin.read().encode()), "Standard input")
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"Standard input cannot be read: {error}.", "Hand in a file.") from error


def _all_of(source: BinaryIO, name: str) -> bytes:
    """What is left in it, part by part, for nobody knows whether it has an end."""
    parts: list[bytes] = []
    size = 0
    while part := source.read(_PART):
        parts.append(part)
        size += len(part)
        _check_size(size, name)
    return b"".join(parts)


def _check_size(size: int, name: str) -> None:
    if size > MOST_BYTES:
        raise UnreadableFileError(f"{name} holds more than {MOST_BYTES >> 30} GiB.", "Hand in a part of it.")


def files_below(folder: Path, suffixes: Sequence[str], notes: list[str]) -> list[Path]:
    """The files in a folder that can be read, sorted, no hidden ones. Raises TooLittleError where there is none."""
    files: list[Path] = []
    for place, folders, names in os.walk(
        folder, onerror=lambda error: notes.append(f"Left out: {harmless(str(error))}.")
    ):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(place, name) for name in names if not name.startswith(".")]
    wanted = sorted(path for path in files if path.suffix.lower() in suffixes)
    others = [path.name for path in files if path.suffix.lower() not in suffixes]
    check_some(shown(folder), len(wanted), others, notes, "folder")
    return wanted


def check_some(name: str, wanted: int, others: Sequence[str], notes: list[str], what: str) -> None:
    """Note which kinds of files were left out. Raises TooLittleError where there is nothing but these."""
    kinds = Counter(Path(other).suffix.lower() or "no ending" for other in others)
    named = ", ".join(harmless(kind) for kind, _ in kinds.most_common(_NAMED))
    which = f"{len(others)}, such as {named}" if others else "none"
    if not wanted:
        raise TooLittleError(
            f"The {what} '{name}' holds no file whose ending tells that it can be read (other files: {which}).",
            " ".join([*notes[:3], "Files named one by one are read whatever their ending."]),
        )
    if others:
        notes.append(f"Left out of '{name}' files of other kinds: {which}.")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _missing(path: Path) -> InputError:
    folder = path.parent
    try:
        names = sorted(inner.name for inner in folder.iterdir())
    except OSError:
        return MissingFileError(
            f"There is no '{shown(path)}': the folder '{shown(folder)}' cannot be looked into or is not there.",
            "Check the path.",
        )
    near = difflib.get_close_matches(path.name, names, n=1)
    return MissingFileError(
        f"There is no '{shown(path)}'.",
        f"Did you mean '{shown(folder / near[0])}'?" if near else f"Nothing in '{shown(folder)}' is spelled like it.",
    )


def _unreadable(path: Path, error: OSError | ValueError) -> UnreadableFileError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return UnreadableFileError(
        f"'{shown(path)}' cannot be read: {why}.", "Check that you may read it, or hand in a copy that you may."
    )


def shown(path: Path) -> str:
    """A path that can be printed: what is not Unicode, or would move the cursor, becomes a question mark."""
    return harmless(str(path))


def harmless(name: str) -> str:
    """A name from anyone, to be printed: no controls, nothing that turns the line around, and an end to it."""
    safe = _HARMFUL.sub("?", name[:_LONGEST])
    return safe if len(name) <= _LONGEST else safe + "…"
