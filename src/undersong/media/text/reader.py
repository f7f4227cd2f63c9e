"""Plain text from files and folders: which encoding, which line ends, and whether there is enough of it.

Every change to what a person handed in is said in a note; nothing else about the text is touched.
"""

from __future__ import annotations

import codecs
import difflib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from undersong.errors import InputError, MissingFileError, TooLittleError, UnreadableFileError
from undersong.events import Material
from undersong.media.text.piece import SUFFIXES, TextPiece

__all__ = ["LEAST_CHARACTERS", "read"]

LEAST_CHARACTERS = 200
"""Fewer give a held-out tail of under 20 characters, on which no score means anything."""

_MARKS = (  # byte order marks; UTF-32 first, since its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 (its byte order mark dropped)"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_PART = 1 << 20  # characters searched at a time
_LOOKED_AT = 4_000_000  # bytes after whose line nothing more is asked about an old encoding
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_CONTROL = re.compile("[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")  # not \b \t \n \v \f \r ESC, which texts hold


@dataclass(frozen=True)
class _Reading:
    content: str
    encoding: str
    doubt: str
    """What to say about a guessed encoding; empty where it is sure."""
    turned: bool
    """Whether line ends were changed."""


def read(paths: Sequence[Path], least: int = LEAST_CHARACTERS) -> Material:
    """Each file as a piece; of a folder, every .txt, .md and .text below it, in order of name, hidden ones left out.

    Raises MissingFileError, UnreadableFileError, and TooLittleError below `least` characters in all.
    """
    read_as: dict[Path, _Reading] = {}
    notes: list[str] = []
    for path in dict.fromkeys(paths):
        if not stat.S_ISDIR(_mode(path)):
            read_as[path] = _read_file(path)
            continue
        for inner in _texts_below(path, notes):
            try:
                read_as.setdefault(inner, _read_file(inner))
            except InputError as error:
                notes.append(f"Left out: {error.what}")
    full = {path: reading for path, reading in read_as.items() if reading.content}
    _check_enough(paths, full, notes, least)
    notes += [f"Left out: '{_shown(path)}' is empty." for path in read_as if path not in full]
    return Material(
        pieces=tuple(TextPiece(reading.content) for reading in full.values()),
        sources=tuple(_shown(path) for path in full),
        notes=(*_said(full), *notes),
    )


def _said(full: dict[Path, _Reading]) -> list[str]:
    """What the encodings and line ends were, one sentence each, with names where a person may want to look."""
    by_encoding: dict[str, list[Path]] = {}
    for path, reading in full.items():
        if not reading.doubt:
            by_encoding.setdefault(reading.encoding, []).append(path)
    said = [f"Read {_listed(paths)} as {encoding}." for encoding, paths in by_encoding.items()]
    said += [f"'{_shown(path)}' {reading.doubt}" for path, reading in full.items() if reading.doubt]
    turned = [path for path, reading in full.items() if reading.turned]
    return said + ([f"Changed the line ends of {_listed(turned)} to \\n."] if turned else [])


def _check_enough(paths: Sequence[Path], full: dict[Path, _Reading], notes: Sequence[str], least: int) -> None:
    count = sum(len(reading.content) for reading in full.values())
    if count >= least:
        return
    verb = "holds" if len(paths) == 1 else "hold"
    has = f"{verb} {count} characters" if full else f"{verb} no text"
    advice = "Give it more text: from some 20,000 characters (ten pages) on it begins to sound like its author."
    raise TooLittleError(f"{_listed(paths)} {has}; learning needs at least {least}.", " ".join([*notes[:3], advice]))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _missing(path: Path) -> MissingFileError:
    folder = path.parent
    try:
        names = sorted(inner.name for inner in folder.iterdir())
    except OSError:
        return MissingFileError(
            f"There is no '{_shown(path)}': the folder '{_shown(folder)}' cannot be looked into or is not there.",
            "Check the path.",
        )
    near = difflib.get_close_matches(path.name, names, n=1)
    return MissingFileError(
        f"There is no '{_shown(path)}'.",
        f"Did you mean '{_shown(folder / near[0])}'?" if near else f"Nothing in '{_shown(folder)}' is spelled like it.",
    )


def _unreadable(path: Path, error: OSError | ValueError) -> UnreadableFileError:
    why = error.strerror if isinstance(error, OSError) else str(error)
    return UnreadableFileError(
        f"'{_shown(path)}' cannot be read: {why}.", "Check that you may read it, or hand in a copy that you may."
    )


def _texts_below(folder: Path, notes: list[str]) -> list[Path]:
    """The text files in a folder, sorted. Raises TooLittleError where there is none."""
    files: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=lambda error: notes.append(f"Left out: {error}.")):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(place, name) for name in names if not name.startswith(".")]
    texts = sorted(path for path in files if path.suffix.lower() in SUFFIXES)
    others = len(files) - len(texts)
    if not texts:
        raise TooLittleError(
            f"The folder '{_shown(folder)}' holds no file ending in {', '.join(SUFFIXES)} (other files: {others}).",
            " ".join([*notes[:3], "Files named one by one are read whatever their ending."]),
        )
    if others:
        notes.append(f"Left out of '{_shown(folder)}' for not ending in {', '.join(SUFFIXES)}: {others}.")
    return texts


def _read_file(path: Path) -> _Reading:
    """One file, decoded, its line ends made \\n. Raises UnreadableFileError."""
    if not stat.S_ISREG(_mode(path)):
        raise UnreadableFileError(f"'{_shown(path)}' is not an ordinary file.", "Hand in text files, or a folder.")
    try:
        content, encoding, doubt = _decode(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeError as error:
        raise UnreadableFileError(
            f"'{_shown(path)}' looks like binary, not text: {error}.",
            "Save it as plain text in UTF-8 and try again.",
        ) from error
    turned = "\r" in content
    for end in ("\r\n", "\r"):  # one after the other, so that no more than two copies are held
        content = content.replace(end, "\n")
    return _Reading(content, encoding, doubt, turned)


def _decode(data: bytes) -> tuple[str, str, str]:
    """Content, encoding, and the doubt about it in words. Raises UnicodeError for what is not text."""
    for mark, codec, encoding in _MARKS:
        if data.startswith(mark):
            return _as_text(data.decode(codec)), encoding, ""
    if b"\0" in data:
        raise UnicodeError("it holds NUL bytes")
    try:
        return _as_text(data.decode()), "UTF-8", ""
    except UnicodeDecodeError:
        return _mend(data) or _guess(data)


def _mend(data: bytes) -> tuple[str, str, str] | None:
    """UTF-8 with a few broken places, as files have that were cut by bytes; None where it is another encoding."""
    shown = data.decode(errors="replace")
    broken = shown.count("\ufffd") - data.count("\ufffd".encode())
    whole = _count(_BEYOND_ASCII, shown)
    del shown
    if broken * 4 > whole:  # what other encodings write hardly ever is well-formed UTF-8
        return None
    doubt = f"is UTF-8 with broken places ({broken}), which were left out."
    return _as_text(data.decode(errors="ignore")), "UTF-8", doubt


def _as_text(content: str) -> str:
    if "\0" in content:
        raise UnicodeError("it holds NUL characters")
    controls = _count(_CONTROL, content)
    if controls > len(content) / 20:  # real texts hold next to none
        raise UnicodeError(f"{controls} of its {len(content)} characters are control characters")
    return content


def _count(pattern: re.Pattern[str], content: str) -> int:
    """How often; in parts, for of a whole book the list of what was found would be larger than the book."""
    return sum(len(pattern.findall(content, at, at + _PART)) for at in range(0, len(content), _PART))


def _guess(data: bytes) -> tuple[str, str, str]:
    """An old encoding, by how well the text reads in it.

    charset-normalizer 3.5 alone read 71 of 150 translations of the Declaration of Human Rights right (129 in cp1252,
    the rest in cp1250 … cp1257). With cp1252, by far the commonest in files, winning unless clearly worse: 123.
    """
    import charset_normalizer  # here, because UTF-8 needs none of it

    enough = data.find(b"\n", _LOOKED_AT) + 1
    fits = list(charset_normalizer.from_bytes(data[:enough] if enough else data))
    if not fits:
        doubt = "is not UTF-8, and no other encoding fits well; read as cp1252: look at its accented letters."
        return _as_text(data.decode("cp1252")), "cp1252", doubt
    near = [fit for fit in fits if fit.chaos <= fits[0].chaos + 0.1 and fit.coherence >= fits[0].coherence - 0.05]
    chosen = next((fit for fit in near if fit.encoding == "cp1252"), fits[0])
    rival = next((fit.encoding for fit in near if str(fit) != str(chosen)), None)
    sure = f"though {rival} fits nearly as well: look at its accented letters" if rival else "which alone fits well"
    return _as_text(data.decode(chosen.encoding)), chosen.encoding, f"is not UTF-8; read as {chosen.encoding}, {sure}."


def _listed(paths: Sequence[Path]) -> str:
    return f"'{_shown(paths[0])}'" if len(paths) == 1 else f"{len(paths)} files"


def _shown(path: Path) -> str:
    """A path that can be printed: names that are not Unicode get question marks."""
    return str(path).encode("utf-8", "replace").decode()
