"""Word documents (.docx) → their text: a line for each paragraph, rows of tables with a tab between cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import final

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.archives import Archive
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.flow import Flow
from undersong.media.text.reading.limits import MOST_MARKUP
from undersong.media.text.reading.xml import AbstractElements, read_xml

__all__ = ["BODY", "parse"]

BODY = "word/document.xml"
"""Where the text lies."""

_SKIPPED = {  # and what to call it
    "Fallback": "",  # the same again, for older programs
    "moveFrom": "text that was moved elsewhere",
    "del": "deleted text",
    "instrText": "",
    "rt": "",  # how a character is read; the character itself is kept
}
_CONTENTS = re.compile(r"TOC\d|Verzeichnis\d|TM\d|TDC\d|Sommario\d|Inhopg\d|Spistreci\d")  # as Word names its style
_BESIDE = {"word/footnotes.xml": "footnotes", "word/endnotes.xml": "endnotes", "word/comments.xml": "comments"}


def parse(archive: Archive) -> Document:
    """The text of a Word document. Raises UnreadableFileError."""
    heard = _Body()
    read_xml(archive.read(BODY, MOST_MARKUP), heard, f"{archive.name}/{BODY}")
    text = heard.flow.text()
    left_out = [what for part, what in _BESIDE.items() if heard.refers[what] and part in archive]
    left_out += [f"{what} ({count})" for what, count in heard.left_out.items()]
    if heard.pictures and not text:
        raise UnreadableFileError(f"'{archive.name}' holds pictures and no text.", "Hand in a document with text.")
    notes = (f"Left out its {', '.join(left_out)}.",) if left_out else ()
    return Document("Word document", (text,) if text else (), notes=notes)


@final
class _Body(AbstractElements):
    def __init__(self) -> None:
        self.flow = Flow()
        self.left_out: Counter[str] = Counter()
        self.refers: Counter[str] = Counter()
        self.pictures = 0
        self._skipped = 0  # how deep in what is left out
        self._in_text = 0
        self._contents = False  # whether this paragraph is a line of the table of contents
        self._cells: list[int] = []  # for each table around, the number of the cell in its row

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            if not self._skipped and _SKIPPED[tag]:
                self.left_out[_SKIPPED[tag]] += 1
            self._skipped += 1
        elif tag == "pStyle":
            self._contents = _CONTENTS.fullmatch(attributes.get("val", "")) is not None
        elif tag == "t":
            self._in_text += 1
        elif tag == "tab" and "val" not in attributes and not self._contents:  # with it, it is a stop on the ruler
            self.flow.keep("\t")
        elif tag in ("br", "cr"):
            self.flow.turn()
        elif tag == "noBreakHyphen":
            self.flow.keep("\u2011")
        elif tag == "numPr":
            self.flow.mark("- ")
        elif tag == "tbl":
            self.flow.line()
            self._cells.append(0)
        elif tag == "tr" and self._cells:
            self._cells[-1] = 0
        elif tag == "tc" and self._cells:
            self._cells[-1] += 1
            if self._cells[-1] > 1:
                self.flow.cell()
        elif tag in ("footnoteReference", "endnoteReference", "commentReference"):
            self.refers[tag.removesuffix("Reference") + "s"] += 1
        elif tag in ("drawing", "pict"):
            self.pictures += 1

    def text(self, text: str) -> None:
        if self._in_text and not self._skipped:
            if self._contents:
                self.left_out["lines of its table of contents"] += 1
            else:
                self.flow.keep(text)

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif tag == "t":
            self._in_text = max(0, self._in_text - 1)
        elif tag == "p" and self._contents:
            self._contents = False
        elif tag == "p":
            if self._cells:
                self.flow.line()  # in a cell the next one takes this back
            else:
                self.flow.turn()
        elif tag == "tr":
            self.flow.row()
        elif tag == "tbl" and self._cells:
            self._cells.pop()
            self.flow.line()
