"""EPUB books → their text, chapter after chapter in reading order, without the table of contents."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final
from urllib.parse import unquote

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.archives import Archive
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.encoding import decoded, with_unix_ends
from undersong.media.text.reading.files import harmless
from undersong.media.text.reading.html import declared_encoding, text_of_page
from undersong.media.text.reading.limits import MOST_MARKUP
from undersong.media.text.reading.xml import AbstractElements, read_xml

__all__ = ["CONTAINER", "parse"]

CONTAINER = "META-INF/container.xml"
"""Where a book says which of its parts lists the others."""

_RIGHTS = "META-INF/rights.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # only hide fonts, no text
_MOST_CHAPTERS = 20_000


def parse(archive: Archive) -> Document:
    """The text of a book. Raises UnreadableFileError, also for a book whose publisher locked it."""
    _check_rights(archive)
    book = _contents(archive)
    texts, missing, contents = [], 0, 0
    for chapter in book.chapters[:_MOST_CHAPTERS]:
        if chapter in book.contents:
            contents += 1
        elif chapter not in archive:
            missing += 1
        else:
            page = archive.read(chapter, MOST_MARKUP)
            content, _, _ = decoded(page, f"{archive.name}/{harmless(chapter)}", declared_encoding(page[:4096]))
            texts.append(text_of_page(with_unix_ends(content)))
    text = "\n\n".join(text for text in texts if text)
    notes = []
    if contents:
        notes.append("Left out its table of contents.")
    if book.beside:
        notes.append(f"Left out pages that lie beside its reading order ({book.beside}).")
    if missing:
        notes.append(f"Left out chapters that its list names and that are not in it ({missing}).")
    if len(book.chapters) > _MOST_CHAPTERS:
        notes.append(f"Left out what follows its first {_MOST_CHAPTERS:,} chapters.")
    if book.chapters and not text:
        notes.append("Its pages hold no text: they may be pictures.")
    return Document("EPUB", (text,) if text else (), notes=tuple(notes))


def _check_rights(archive: Archive) -> None:
    locked = _RIGHTS in archive
    if _ENCRYPTION in archive:
        heard = _Encryption()
        read_xml(archive.read(_ENCRYPTION, MOST_MARKUP), heard, f"{archive.name}/{_ENCRYPTION}")
        locked = locked or heard.locks
    if locked:
        raise UnreadableFileError(
            f"'{archive.name}' is locked by its publisher (digital rights management), so its text cannot be read.",
            "Hand in a copy that is not locked.",
        )


@final
class _Encryption(AbstractElements):
    """Whether more than fonts is encrypted."""

    def __init__(self) -> None:
        self.locks = False
        self._keys = 0  # inside of one the method is that of the key

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("KeyInfo", "EncryptedKey"):
            self._keys += 1
        elif tag == "EncryptionMethod" and not self._keys:
            self.locks = self.locks or attributes.get("Algorithm", "") not in _FONTS

    def end(self, tag: str) -> None:
        if tag in ("KeyInfo", "EncryptedKey"):
            self._keys -= 1


@dataclass
class _Book:
    """Names of parts of the archive."""

    chapters: list[str] = field(default_factory=list)
    contents: set[str] = field(default_factory=set)
    beside: int = 0


def _contents(archive: Archive) -> _Book:
    container = _Container()
    read_xml(archive.read(CONTAINER, MOST_MARKUP), container, f"{archive.name}/{CONTAINER}")
    if not container.package:
        raise UnreadableFileError(f"'{archive.name}' does not say where its chapters are.", "It is no sound EPUB.")
    package = _Package()
    read_xml(archive.read(container.package, MOST_MARKUP), package, f"{archive.name}/{harmless(container.package)}")
    folder = posixpath.dirname(container.package)
    book = _Book(contents={_resolved(folder, href) for href in package.contents})
    seen: set[str] = set()
    for chapter, linear in package.order:
        href, kind = package.items.get(chapter, ("", ""))
        where = _resolved(folder, href)
        page = "html" in kind or href.lower().endswith((".html", ".xhtml", ".htm"))
        if not page or where in seen:
            continue
        seen.add(where)
        if linear:
            book.chapters.append(where)
        else:
            book.beside += 1
    if not package.order:
        raise UnreadableFileError(f"'{archive.name}' does not say in which order it is read.", "It is no sound EPUB.")
    return book


def _resolved(folder: str, href: str) -> str:
    """The name of a part as the archive has it. It is only ever looked up there."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0]))).lstrip("/")


@final
class _Container(AbstractElements):
    def __init__(self) -> None:
        self.package = ""

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "rootfile" and not self.package:
            self.package = attributes.get("full-path", "").lstrip("/")

    def end(self, tag: str) -> None:
        return


@final
class _Package(AbstractElements):
    """The parts of a book and their order."""

    def __init__(self) -> None:
        self.items: dict[str, tuple[str, str]] = {}
        self.order: list[tuple[str, bool]] = []
        self.contents: set[str] = set()

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "item":
            href = attributes.get("href", "")
            self.items[attributes.get("id", "")] = href, attributes.get("media-type", "")
            if "nav" in attributes.get("properties", "").split():
                self.contents.add(href)
        elif tag == "itemref":
            self.order.append((attributes.get("idref", ""), attributes.get("linear", "yes") != "no"))
        elif tag == "reference" and attributes.get("type", "") == "toc":
            self.contents.add(attributes.get("href", ""))

    def end(self, tag: str) -> None:
        return
