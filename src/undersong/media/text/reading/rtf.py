"""Rich text (.rtf) → its text: letters in the code pages and escapes it names, without what is not shown."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple, final

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.flow import without_trailing_blanks
from undersong.media.text.reading.limits import DEEPEST

__all__ = ["BEGINNING", "parse"]

BEGINNING = b"{\\rtf"
"""How every such file begins."""

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n\0]+)|[\r\n\0]+|\\",
    re.DOTALL,
)
_HIDDEN = frozenset(  # groups whose text is not the document's
    b"""fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf
    footnote annotation atnid atnauthor atnref atndate xe tc tcn rxe txe fldinst filetbl listtable listoverridetable
    revtbl rsidtbl themedata colorschememapping datastore latentstyles xmlnstbl generator template pntext pntxta pntxtb
    bkmkstart bkmkend formfield ftnsep ftnsepc aftnsep aftnsepc nonshppict objdata objclass panose falt fontemb
    fontfile mmathPr background private userprops docvar keycode comment wgrffmtfilter""".split()
)
_SIGNS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"softline": "\n", b"column": "\n",
    b"tab": "\t", b"cell": "\t", b"nestcell": "\t", b"nestrow": "\n",
    b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"emspace": "\u2003", b"enspace": "\u2002", b"qmspace": "\u2005",
    b"zwj": "\u200d", b"zwnj": "\u200c", b"ltrmark": "\u200e", b"rtlmark": "\u200f",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "\u2011", b"\n": "\n", b"\r": "\n", b"\t": "\t"}
_OWN = b"\\{}"
_CHARSETS = {  # of a font, as code pages
    0: 1252, 77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258,
    177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850,
}  # fmt: skip
_CODECS = {10000: "mac_roman", 65001: "utf-8", 1361: "johab", 936: "gb18030"}  # which Python calls otherwise


class _Group(NamedTuple):
    """What holds until a group ends."""

    skipped: bool = False
    hidden: bool = False
    fallback: int = 1
    """How many letters stand for those who cannot show a \\u escape."""
    font: int = -1


def parse(data: bytes, name: str) -> Document:
    """The text. Raises UnreadableFileError where its groups are too deep."""
    reader = _Reader(name)
    text = reader.read(data)
    notes = []
    if reader.left_out:
        notes.append(f"Left out its {', '.join(sorted(reader.left_out))}.")
    if reader.halves:
        notes.append(f"Left out halves of characters ({reader.halves}).")
    return Document("RTF", (text,) if text.strip() else (), notes=tuple(notes))


@final
class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[str] = []
        self._bytes = bytearray()  # letters of the code page, of which one may be two bytes
        self._group = _Group()
        self._stack: list[_Group] = []
        self._owed = 0  # letters that stand for a \u escape, still to be skipped
        self._high = 0  # the first half of a character
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._in_fonts = 0  # how deep the group of the fonts is
        self._defined = -1  # the font that is described there
        self.left_out: set[str] = set()
        self.halves = 0

    def read(self, data: bytes) -> str:
        at, starred = 0, False
        while (token := _TOKEN.match(data, at)) is not None:
            at = token.end()
            word, number, code, symbol, brace, plain = token.groups()
            if word is not None:
                at += self._word(word, None if number is None else int(number), starred)
            elif plain is not None:
                self._plain(plain)
            elif code is not None:
                self._plain(bytes([int(code, 16)]))
            elif brace is not None:
                self._brace(brace)
            elif symbol is not None and symbol in _OWN:
                self._plain(symbol)
            elif symbol is not None and symbol in _SYMBOLS:
                self._say(_SYMBOLS[symbol])
            starred = symbol == b"*"
        self._flush()
        whole = without_trailing_blanks("".join(self._parts).strip("\n"))
        return whole + "\n" if whole else ""

    @property
    def _heard(self) -> bool:
        return not (self._group.skipped or self._group.hidden)

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._owed = 0
        if brace == b"{":
            if len(self._stack) >= DEEPEST:
                raise UnreadableFileError(
                    f"'{self._name}' holds groups within groups, more than {DEEPEST:,} deep.",
                    "No word processor writes such a file: do not trust it.",
                )
            self._stack.append(self._group)
            return
        self._group = self._stack.pop() if self._stack else _Group()
        if len(self._stack) < self._in_fonts:
            self._in_fonts = 0

    def _plain(self, letters: bytes) -> None:
        skipped = min(self._owed, len(letters))
        self._owed -= skipped
        if self._heard:
            self._bytes += letters[skipped:]

    def _say(self, text: str) -> None:
        if self._owed:
            self._owed -= 1
        elif self._heard:
            self._flush()
            self._parts.append(text)

    def _flush(self) -> None:
        if self._high:
            self._high = 0
            self.halves += 1
        if self._bytes:
            page = self._fonts.get(self._group.font, self._page)
            self._parts.append(self._bytes.decode(page, "replace"))
            self._bytes.clear()

    def _word(self, word: bytes, number: int | None, starred: bool) -> int:
        """What a control word means; the count of bytes after it that are no text."""
        if word == b"bin":
            return max(0, number or 0)
        if self._in_fonts:
            self._font(word, number)
        if word == b"u":
            self._escape((number or 0) & 0xFFFF)
        elif word == b"uc":
            self._group = self._group._replace(fallback=min(max(0, 1 if number is None else number), 100))
        elif word in _SIGNS:
            self._say(_SIGNS[word])
        elif word in _HIDDEN or (starred and not self._group.skipped):
            self._skip(word)
        elif word in (b"v", b"deleted"):
            self._flush()
            self._group = self._group._replace(hidden=number != 0)
        elif word == b"plain":
            self._flush()
            self._group = self._group._replace(hidden=False)
        elif word == b"f" and number is not None:
            self._flush()
            self._group = self._group._replace(font=number)
        elif word == b"ansicpg" and number is not None:
            self._page = _codec(number) or self._page
        elif word in (b"mac", b"pc", b"pca"):
            self._page = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}[word]
        return 0

    def _skip(self, word: bytes) -> None:
        self._flush()
        if not self._group.skipped:
            if word == b"fonttbl":
                self._in_fonts = len(self._stack)
            said = {b"footnote": "footnotes", b"annotation": "comments"}
            said |= {kind: "page headers and footers" for kind in _HIDDEN if kind.startswith((b"header", b"footer"))}
            if word in said:
                self.left_out.add(said[word])
        self._group = self._group._replace(skipped=True)

    def _font(self, word: bytes, number: int | None) -> None:
        if word == b"f":
            self._defined = -1 if number is None else number
        elif word in (b"fcharset", b"cpg") and number is not None:
            page = _codec(number if word == b"cpg" else _CHARSETS.get(number, 0))
            if page and (word == b"cpg" or number != 0) and len(self._fonts) < 10_000:
                self._fonts[self._defined] = page

    def _escape(self, unit: int) -> None:
        """One UTF-16 unit; two halves make one character."""
        high, self._high = self._high, 0
        self._owed = self._group.fallback
        if not self._heard:
            return
        low = 0xDC00 <= unit < 0xE000
        if bool(high) != low:  # one half without the other
            self.halves += 1
            high = 0
        self._flush()
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
        elif low and high:
            self._parts.append(chr(0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00)))
        elif unit and not low:
            self._parts.append(chr(unit))


def _codec(page: int) -> str:
    """The name of a code page, where Python knows it."""
    for name in (_CODECS.get(page, ""), f"cp{page}"):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    return ""
