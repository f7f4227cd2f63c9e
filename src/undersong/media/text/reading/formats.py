"""What a file is, by its name and by how it begins, and which reader takes it from there.

What it is inside counts for more than what it is called: a book named .txt is a book. Plain text is what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar, final

from undersong.errors import InputError, MissingExtraError, UndersongError, UnreadableFileError
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.limits import MOST_MARKUP, MOST_SECONDS

if TYPE_CHECKING:
    from undersong.media.text.reading.archives import Archive

__all__ = ["SUFFIXES", "Reading", "left_out", "readings"]

SUFFIXES = (
    ".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".epub", ".docx", ".odt", ".rtf", ".csv",
    ".tsv", ".json", ".jsonl", ".ndjson", ".srt", ".vtt", ".fountain", ".mbox", ".eml", ".log", ".zip", ".gz",
)  # fmt: skip
"""How names of files end that are read from folders and archives; one named by itself is read whatever its name."""

_LOOKED_AT = 1 << 16  # characters or bytes that tell what a file is
_PLAIN = (".txt", ".text", ".md", ".markdown", ".py", ".tex")  # where HTML would be there to be learned itself
_FOREIGN = {  # what begins so, and what to do about it
    b"\xd0\xcf\x11\xe0": ("an old Word, Excel or PowerPoint file", "Save it as .docx, .odt or plain text."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and hand in the folder."),
    b"Rar!": ("a rar archive", "Unpack it and hand in the folder."),
    b"BZh": ("a bzip2 file", "Unpack it and hand in what it holds."),
    b"\xfd7zXZ": ("an xz file", "Unpack it and hand in what it holds."),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "Unpack it and hand in what it holds."),
    b"ITSF": ("a Windows help file", "Hand in its pages as HTML."),
    b"SQLite format 3\0": ("a database", "Save what is to be learned from it as CSV."),
}
_OFFICE = {  # parts of a zip file by which other documents are told, and what to save those as
    "xl/workbook.xml": ("a spreadsheet", "Save it as CSV."),
    "ppt/presentation.xml": ("a presentation", "Save its outline as text."),
    "Index/Document.iwa": ("an Apple iWork document", "Save it as .docx or plain text."),
}
_Parsed = TypeVar("_Parsed", Document, Document | None)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


@final
@dataclass(frozen=True)
class Reading:
    """One file, or one member of an archive: what it is called, what it held, and how it was written."""

    name: str
    document: Document
    encoding: str = ""
    """Empty where the format settles it."""
    doubt: str = ""
    """What to say about a guessed encoding; empty where it is sure."""
    turned: bool = False
    """Whether line ends were changed."""


def readings(data: bytes, name: str, notes: list[str], inside: str = "") -> Iterator[Reading]:
    """Everything in a file; what an archive holds and cannot be read is told in `notes`.

    `name` is how the file is called in errors. `inside` is the kind of archive it was found in, if it was.
    Raises UnreadableFileError, TooLittleError, MissingExtraError.
    """
    from undersong.media.text.reading.encoding import decoded, with_unix_ends
    from undersong.media.text.reading.html import declared_encoding
    from undersong.media.text.reading.pdf import BEGINNING as PDF
    from undersong.media.text.reading.rtf import BEGINNING as RTF

    start = data[:1024]
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zip(data, name, notes, inside)
    elif start.startswith(b"\x1f\x8b"):
        yield from _gzip(data, name, notes, inside)
    elif start.startswith(PDF) or (name.lower().endswith(".pdf") and PDF in start):
        from undersong.media.text.reading import pdf

        yield Reading(name, _guarded(lambda: pdf.parse(data, name), name))
    elif start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(RTF):
        from undersong.media.text.reading import rtf

        _check_size(len(data), name)
        yield Reading(name, _guarded(lambda: rtf.parse(data[data.index(RTF) :], name), name))
    else:
        _refuse_foreign(data, name)
        if mail := _mail(data, name):
            yield Reading(name, mail)
            return
        declared = declared_encoding(data[:4096]) if b"<" in data[:400] else ""
        content, encoding, doubt = decoded(data, name, declared)
        del data  # a library may be a hundred megabytes, and is held once more as text
        turned = "\r" in content
        content = with_unix_ends(content)
        document = _guarded(lambda: _written(content, name), name)
        yield Reading(name, document, encoding, doubt, turned)


def _guarded(parse: Callable[[], _Parsed], name: str) -> _Parsed:
    try:
        return parse()
    except (RecursionError, MemoryError) as error:
        raise UnreadableFileError(
            f"'{name}' is made so that it cannot be read in the memory there is.", "Hand in a smaller or simpler file."
        ) from error


def _refuse_foreign(data: bytes, name: str) -> None:
    found = next((said for mark, said in _FOREIGN.items() if data.startswith(mark)), None)
    if data[257:262] == b"ustar":
        found = "a tar archive", "Unpack it and hand in the folder."
    if found is not None:
        raise UnreadableFileError(f"'{name}' is {found[0]}, which is not read here.", found[1])


# ── text ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _mail(data: bytes, name: str) -> Document | None:
    from undersong.media.text.reading import mail

    if _suffix(name) in (".mbox", ".eml") or (data[:5] == b"From " and mail.looks_like_mail(data[:_LOOKED_AT])):
        return _guarded(lambda: mail.parse_mbox(data, name), name)
    return None


def _written(text: str, name: str) -> Document:
    suffix = _suffix(name)
    parse = _parser(suffix, text[:_LOOKED_AT])
    document = parse(text, name) if parse is not None else None
    if document is None:
        return Document("plain text", (text,) if text else ())
    return document


def _parser(suffix: str, start: str) -> Callable[[str, str], Document | None] | None:
    """What reads a text of this kind; None for plain text. Imported when it is wanted: most never are."""
    from undersong.media.text.reading import html

    if suffix in (".csv", ".tsv", ".json", ".jsonl", ".ndjson"):
        from undersong.media.text.reading import tables

        return {".csv": tables.parse_csv, ".tsv": tables.parse_csv, ".json": tables.parse_json}.get(
            suffix, tables.parse_jsonl
        )
    if suffix in (".srt", ".vtt") or start.startswith("WEBVTT"):
        from undersong.media.text.reading import subtitles

        return subtitles.parse
    if suffix == ".fountain":
        from undersong.media.text.reading import screenplays

        return screenplays.parse
    if suffix in (".md", ".markdown"):
        from undersong.media.text.reading import markdown

        return markdown.parse
    if html.looks_like_html(start) and suffix not in _PLAIN:
        return _page
    if suffix in (".html", ".htm", ".xhtml") and "<" in start:
        return _page
    chat = _chat(start)
    if chat is None and not suffix and start.lstrip("\ufeff \t\n")[:1] in ("{", "["):
        return _perhaps_json
    return chat


def _perhaps_json(text: str, name: str) -> Document | None:
    """What comes without a name, from standard input, and begins as JSON does; None where it is not."""
    from undersong.media.text.reading import tables

    try:
        return tables.parse_json(text, name)
    except UnreadableFileError:
        return None


def _page(text: str, name: str) -> Document:
    from undersong.media.text.reading import html

    _check_size(len(text), name)
    return html.parse(text, name)


def _check_size(size: int, name: str) -> None:
    """Raises UnreadableFileError for more mark-up than there is memory to take it apart."""
    if size > MOST_MARKUP:
        raise UnreadableFileError(
            f"'{name}' holds more than {MOST_MARKUP >> 20} MB of mark-up.", "Save it as plain text, or in parts."
        )


def _chat(start: str) -> Callable[[str, str], Document | None] | None:
    from undersong.media.text.reading import chats

    if chats.looks_like_whatsapp(start):
        return chats.parse_whatsapp
    if chats.looks_like_irc(start):
        return chats.parse_irc
    from undersong.media.text.reading import screenplays

    return screenplays.parse if screenplays.looks_like_fountain(start) else None


# ── archives ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _zip(data: bytes, name: str, notes: list[str], inside: str) -> Iterator[Reading]:
    from undersong.media.text.reading import docx, epub, odt
    from undersong.media.text.reading.archives import Archive

    archive = Archive(data, name)
    del data
    mimetype = archive.read("mimetype", 200) if "mimetype" in archive and "content.xml" in archive else b""
    if epub.CONTAINER in archive:
        yield Reading(name, _guarded(lambda: epub.parse(archive), name))
    elif docx.BODY in archive:
        yield Reading(name, _guarded(lambda: docx.parse(archive), name))
    elif mimetype.startswith(_OPEN_DOCUMENT + b"text"):
        yield Reading(name, _guarded(lambda: odt.parse(archive), name))
    elif mimetype.startswith(_OPEN_DOCUMENT):
        raise UnreadableFileError(f"'{name}' is an OpenDocument, but no text.", "Save it as CSV or plain text.")
    elif office := next((said for part, said in _OFFICE.items() if part in archive), None):
        raise UnreadableFileError(f"'{name}' is {office[0]}, which is not read here.", office[1])
    elif inside:
        raise UnreadableFileError(f"'{name}' is an archive inside an archive.", "Unpack it and hand in the folder.")
    else:
        yield from _members(archive, notes)


def _members(archive: Archive, notes: list[str]) -> Iterator[Reading]:
    from undersong.media.text.reading.files import check_some, harmless

    names = [member for member in archive.names if not _is_hidden(member)]
    wanted = [member for member in names if _suffix(member) in SUFFIXES]
    check_some(archive.name, len(wanted), [member for member in names if member not in set(wanted)], notes, "archive")
    began = time.monotonic()
    for count, member in enumerate(wanted):
        if time.monotonic() - began > MOST_SECONDS:
            notes.append(f"Left out of '{archive.name}' its last {len(wanted) - count:,} files: it takes too long.")
            return
        name = f"{archive.name}/{harmless(member)}"
        try:
            yield from readings(archive.read(member), name, notes, "zip file")
        except (InputError, MissingExtraError) as error:
            notes.append(left_out(name, error))


def left_out(name: str, error: UndersongError) -> str:
    """What to say of one file among many that could not be read."""
    return (
        f"Left out: {error.what}" if isinstance(error, InputError) else f"Left out: '{name}'. {error.what} {error.do}"
    )


def _is_hidden(member: str) -> bool:
    """Whether nobody sees it in a folder, or a Mac put it beside what somebody packed."""
    parts = member.replace("\\", "/").split("/")
    return any((part.startswith(".") and part not in (".", "..")) or part == "__MACOSX" for part in parts)


def _gzip(data: bytes, name: str, notes: list[str], inside: str) -> Iterator[Reading]:
    from undersong.media.text.reading.archives import ungzipped

    if inside == "gzip file":
        raise UnreadableFileError(f"'{name}' is packed twice.", "Unpack it and hand in what it holds.")
    plain = name[:-3] if name.lower().endswith(".gz") else name
    for reading in readings(ungzipped(data, name), plain, notes, "gzip file"):
        yield Reading(name, reading.document, reading.encoding, reading.doubt, reading.turned)


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()
