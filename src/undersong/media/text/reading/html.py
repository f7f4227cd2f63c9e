"""Web pages → the text that people read in them: paragraphs, lists, tables and poems as they stand, no menus."""

from __future__ import annotations

import re
from collections import Counter
from typing import final

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.flow import Flow
from undersong.media.text.reading.tags import Tag, tokens

__all__ = ["declared_encoding", "looks_like_html", "parse", "text_of_page"]

# blocks have a blank line around them, lines do not
_BLOCKS = frozenset((
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "dl", "table", "section", "article",
    "main", "figure", "hr", "details", "form", "fieldset", "body",
))  # fmt: skip
_LINES = frozenset((
    "div", "li", "dt", "dd", "tr", "address", "figcaption", "caption", "summary", "header", "footer", "nav", "aside",
    "center", "legend",
))  # fmt: skip
_DROPPED = frozenset((
    "script", "style", "template", "noscript", "svg", "math", "head", "title", "select", "button", "textarea",
    "iframe", "object", "canvas", "audio", "video", "noframes", "noembed", "datalist",
))  # fmt: skip
_AROUND = frozenset(("nav", "header", "footer", "aside"))  # left out where they stand around the page's own text
_OWN = frozenset(("main", "article", "section"))  # inside of which they belong to the text
_IN_HEAD = frozenset((
    "head", "title", "meta", "link", "base", "style", "script", "noscript", "template", "html",
))  # fmt: skip

_NEARLY_NOTHING = 200  # characters of text in a page of _LARGE or more
_LARGE = 2_000
_DEEPEST_LIST = 8  # levels that are indented
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"\A\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_BEGINNING = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body)\b", re.IGNORECASE)
_BEFORE = {"<?": "?>", "<!--": "-->"}  # what may stand before it, and how that ends


def declared_encoding(start: bytes) -> str:
    """What a page says of its own encoding; empty where it says nothing."""
    found = _CHARSET.search(start[:4096]) or _XML_CHARSET.match(start[:400])
    return found[1].decode("ascii") if found else ""


def looks_like_html(start: str) -> bool:
    """Whether a text begins as web pages do, perhaps after comments."""
    start = start[:8192].lstrip("\ufeff \t\n\f")
    while (opened := next((mark for mark in _BEFORE if start.startswith(mark)), "")) and _BEFORE[opened] in start:
        start = start.partition(_BEFORE[opened])[2].lstrip()
    return _BEGINNING.match(start) is not None


def parse(page: str, name: str) -> Document:
    """A web page."""
    reader = _Page(around=True)
    text = reader.read(page)
    notes = []
    if reader.left_out:
        notes.append(f"Left out what stands around its text ({', '.join(sorted(reader.left_out))}).")
    if reader.unclosed:
        notes.append(f"What follows its <{reader.unclosed}>, which never ends, was left out.")
    if len(text) < _NEARLY_NOTHING and len(page) >= _LARGE:
        notes.append(
            "There is next to no text in it: it may be put together by scripts. Save it from a browser as text."
        )
    return Document("HTML", (text,) if text else (), notes=tuple(notes))


def text_of_page(page: str) -> str:
    """The text of one page of a book, where headers and footers belong to it, without its navigation."""
    return _Page(around=False).read(page)


@final
class _Page:
    """What is open at this point of a page, as counts: how deep it nests costs nothing."""

    def __init__(self, around: bool) -> None:
        self._all = around
        self._around = _AROUND if around else frozenset(("nav",))
        self.left_out: Counter[str] = Counter()
        self.unclosed = ""
        self._flow = Flow()
        self._skipped = ""  # the element that is left out just now
        self._depth = 0  # how many of its name are open
        self._own = 0
        self._pre = 0
        self._begun = False  # whether a <pre> begins just now, whose first line end is none
        self._lists: list[tuple[bool, int]] = []  # whether each is numbered, and how many items it has so far
        self._in_row = False

    def read(self, page: str) -> str:
        for token in tokens(page):
            if isinstance(token, Tag):
                self._begun = token.name == "pre"
                if self._skipped:
                    self._while_skipping(token)
                elif token.ends:
                    self._end(token.name)
                else:
                    self._begin(token)
            elif not self._skipped:
                if self._pre:
                    self._flow.keep(token.removeprefix("\n") if self._begun else token)
                else:
                    self._flow.say(token)
        self.unclosed = "" if self._skipped in ("", "head", "title") else self._skipped
        return self._flow.text()

    def _while_skipping(self, tag: Tag) -> None:
        if self._skipped in ("head", "title") and not tag.ends and tag.name not in _IN_HEAD:  # nobody closed it
            self._skipped = ""
            self._begin(tag)
        elif tag.name == self._skipped and not tag.empty:
            self._depth += -1 if tag.ends else 1
            if self._depth <= 0:
                self._skipped = ""

    def _begin(self, tag: Tag) -> None:
        name = tag.name
        around = name in self._around and not (self._own and self._all)
        if (name in _DROPPED or around) and not tag.empty:
            self._skipped, self._depth = name, 1
            if around:
                self.left_out[name] += 1
            return
        if name in _OWN:
            self._own += 1
        if name == "br":
            self._flow.turn()
        elif name == "pre":
            self._flow.line(2)
            self._pre += 1
        elif name in ("ul", "ol"):
            self._around_list()
            self._lists.append((name == "ol", 0))
        elif name == "li":
            self._item()
        elif name in ("td", "th"):
            if self._in_row:
                self._flow.cell()
            else:
                self._flow.mark("")
            self._in_row = True
        elif name in _BLOCKS:
            self._flow.line(2)
        elif name in _LINES:
            self._flow.line()
        if name == "tr":
            self._in_row = False

    def _around_list(self) -> None:
        if self._lists:
            self._flow.row()
        else:
            self._flow.line(2)

    def _item(self) -> None:
        if not self._lists:
            self._flow.row()
            self._flow.mark("- ")
            return
        numbered, count = self._lists.pop()
        if count:
            self._flow.row()
        else:
            self._flow.line()
        indent = "  " * min(len(self._lists), _DEEPEST_LIST)
        self._lists.append((numbered, count + 1))
        self._flow.mark(f"{indent}{count + 1}. " if numbered else f"{indent}- ")

    def _end(self, name: str) -> None:
        if name in _OWN:
            self._own = max(0, self._own - 1)
        if name == "pre":
            self._pre = max(0, self._pre - 1)
        if name in ("ul", "ol"):
            if self._lists:
                self._lists.pop()
            self._around_list()
        elif name == "tr":
            self._flow.row()
            self._in_row = False
        elif name in _BLOCKS:
            self._flow.line(2)
        elif name in _LINES:
            self._flow.line()
