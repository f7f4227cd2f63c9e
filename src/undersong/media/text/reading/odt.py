"""OpenDocument texts (.odt) → their text: a line for each paragraph, rows of tables with a tab between cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import final

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.archives import Archive
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.flow import Flow
from undersong.media.text.reading.limits import MOST_MARKUP
from undersong.media.text.reading.xml import AbstractElements, read_xml

__all__ = ["parse"]

_BODY = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
_SKIPPED = {  # and what to call it; empty where nobody misses it
    "note": "notes",
    "annotation": "comments",
    "tracked-changes": "deleted text",
    "table-of-content": "table of contents",
    "alphabetical-index": "index",
    "bibliography": "bibliography",
    "illustration-index": "index",
    "ruby-text": "",
    "sequence-decls": "",
    "forms": "",
    "script": "",
    "desc": "",
    "binary-data": "",
}
_MOST_BLANKS = 1_000  # that one element may stand for


def parse(archive: Archive) -> Document:
    """The text of an OpenDocument file. Raises UnreadableFileError, also where it wants a password."""
    if _MANIFEST in archive and b"encryption-data" in archive.read(_MANIFEST, MOST_MARKUP):
        raise UnreadableFileError(
            f"'{archive.name}' is locked by a password.", "Open it in its program and save it without one."
        )
    heard = _Body()
    read_xml(archive.read(_BODY, MOST_MARKUP), heard, f"{archive.name}/{_BODY}")
    text = heard.flow.text()
    notes = (f"Left out its {', '.join(sorted(heard.left_out))}.",) if heard.left_out else ()
    return Document("OpenDocument text", (text,) if text else (), notes=notes)


@final
class _Body(AbstractElements):
    def __init__(self) -> None:
        self.flow = Flow()
        self.left_out: Counter[str] = Counter()
        self._body = False
        self._skipped = 0
        self._paragraphs = 0  # how deep in them: a text box may stand in a paragraph
        self._cells: list[int] = []

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            if not self._skipped and _SKIPPED[tag]:
                self.left_out[_SKIPPED[tag]] += 1
            self._skipped += 1
        elif tag == "body":
            self._body = True
        elif tag in ("p", "h"):
            self._paragraphs += 1
        elif tag == "s":
            self.flow.keep(" " * _count(attributes.get("c", "1")))
        elif tag == "tab":
            self.flow.keep("\t")
        elif tag == "line-break":
            self.flow.turn()
        elif tag == "list-item":
            self.flow.line()
            self.flow.mark("- ")
        elif tag == "table":
            self.flow.line()
            self._cells.append(0)
        elif tag == "table-row" and self._cells:
            self._cells[-1] = 0
        elif tag in ("table-cell", "covered-table-cell") and self._cells:
            self._cells[-1] += 1
            if self._cells[-1] > 1:
                self.flow.cell()

    def text(self, text: str) -> None:
        if self._body and self._paragraphs and not self._skipped:
            self.flow.say(text)

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif tag in ("p", "h"):
            self._paragraphs = max(0, self._paragraphs - 1)
            if self._cells:
                self.flow.line()
            else:
                self.flow.turn()
        elif tag == "table-row":
            self.flow.row()
        elif tag == "table" and self._cells:
            self._cells.pop()
            self.flow.line()


def _count(written: str) -> int:
    return min(int(written), _MOST_BLANKS) if written.isascii() and written.isdigit() and len(written) < 9 else 1
