"""What is put right in a text once it is read: letters that a wrong encoding garbled, loose accents, what nobody sees.

All of it in parts of a megabyte, for a library can be a hundred; a part that is as it should be costs one look.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, final

from undersong.media.text.reading.document import Document

__all__ = ["Mender", "mended"]

_PART = 1 << 20  # characters, about
_LONGEST = 10_000  # characters of a line that are looked at together
_QUOTES = frozenset("‘’“”«»…\u00a0")  # begin a letter in Mac OS Roman, but in French every other line
_SHOWN = 24  # characters of an example, about
_SAFE = re.compile("[\n -~\u3041-\u3096\u3400-\u9fff]")  # never joins with what stands before it
_UNSEEN = re.compile("[\x00\u00ad\u200b\ufeff\ud800-\udfff]")
_CALLED = {
    "\0": "NUL characters",
    "\u00ad": "soft hyphens",
    "\u200b": "zero-width spaces",
    "\ufeff": "byte order marks in the middle",
}
_ENCODINGS = (  # in which UTF-8 is read by mistake: those that ftfy takes back
    "latin-1", "cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso8859-2", "mac_roman", "cp437",
)  # fmt: skip


@final
@dataclass
class Mender:
    """Mends texts one after the other and keeps count."""

    repair: bool = True
    normal: str = "NFC"
    lines: int = 0
    """Garbled ones that were repaired."""
    example: tuple[str, str] = ("", "")
    """A short one, before and after."""
    composed: int = 0
    unseen: Counter[str] = field(default_factory=Counter)

    def mend(self, text: str) -> str:
        """The text, itself where nothing was to be done."""
        if text.isascii():
            return self._seen(text)
        pieces: list[str] = []
        done = 0  # what stands before is in the pieces
        for start, end in _parts(text):
            part = better = text[start:end]
            if not part.isascii():
                if self.repair:
                    better = self._repaired(better)
                better = self._seen(better)
                if self.normal == "NFC" and not unicodedata.is_normalized("NFC", better):
                    better = self._normal(better)
            elif "\0" in part:
                better = self._seen(part)
            if better is not part:
                pieces += [text[done:start], better]
                done = end
        return "".join([*pieces, text[done:]]) if pieces else text

    def notes(self, private: bool = False) -> list[str]:
        """What was done, in sentences; with an example, unless the text is nobody else's business."""
        said = []
        if self.lines:
            before, after = self.example
            such = "" if private or not before else f", such as '{before}' → '{after}'"
            said.append(f"Repaired lines whose letters a wrong encoding had garbled ({self.lines:,}){such}.")
        if self.composed:
            said.append(
                f"Put letters and their accents together, one character each as NFC has it ({self.composed:,})."
            )
        if self.unseen:
            called = Counter[str]()
            for sign, count in self.unseen.items():
                called[_CALLED.get(sign, "halves of characters")] += count
            every = ", ".join(f"{count:,} {what}" for what, count in sorted(called.items()))
            said.append(f"Dropped what nobody sees: {every}.")
        return said

    def _seen(self, text: str) -> str:
        if _UNSEEN.search(text) is None:
            return text
        self.unseen.update(_UNSEEN.findall(text))
        return _UNSEEN.sub("", text)

    def _normal(self, part: str) -> str:
        normal = unicodedata.normalize("NFC", part)
        changed = abs(len(part) - len(normal))  # two that became one
        if not changed:
            changed = sum(before != after for before, after in zip(part, normal, strict=True))
        self.composed += max(1, changed)
        return normal

    def _repaired(self, part: str) -> str:
        """With each garbled line put right: only those are looked at that hold what garbling leaves."""
        from ftfy import fix_encoding

        garbled, pairs = _suspicious()
        pieces: list[str] = []
        done = looked = 0
        for found in garbled.finditer(part):
            if found.start() < looked or (found[0][:2] not in pairs and len(found[0]) > 1):
                continue
            start = max(looked, part.rfind("\n", 0, found.start()) + 1, found.start() - _LONGEST)
            end = part.find("\n", found.end(), found.end() + _LONGEST)
            end = end if end >= 0 else min(len(part), found.end() + _LONGEST)
            line, looked = part[start:end], end
            better = fix_encoding(line, _only_encodings())
            if better != line and better.count("\ufffd") <= line.count("\ufffd"):
                self._remember(line, better)
                pieces += [part[done:start], better]
                done = end
        return "".join([*pieces, part[done:]]) if pieces else part

    def _remember(self, before: str, after: str) -> None:
        self.lines += 1
        if not self.example[0]:
            start = next(at for at, (a, b) in enumerate(zip(before + "\0", after + "\0", strict=False)) if a != b)
            start = max(before.rfind(" ", 0, start) + 1, start - _SHOWN)
            old, new = (
                text[start : start + _SHOWN].rpartition(" ")[0] or text[start:][:_SHOWN] for text in (before, after)
            )
            self.example = ("".join(filter(str.isprintable, old)), "".join(filter(str.isprintable, new)))


def mended(document: Document, mender: Mender) -> Document:
    """The document with all its texts and values mended, and notes of what was done."""
    texts = tuple(mender.mend(text) for text in document.texts)
    records = tuple(_mended_record(record, mender) for record in document.records)
    notes = mender.notes(document.sensitive)
    return replace(document, texts=texts, records=records, notes=(*document.notes, *notes))


def _mended_record(record: Mapping[str, str], mender: Mender) -> Mapping[str, str]:
    better = {name: mender.mend(value) for name, value in record.items()}
    return better if any(better[name] is not value for name, value in record.items()) else record


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Where the parts of a text begin and end; none begins with a character that belongs to the one before it."""
    at = 0
    while at < len(text):
        safe = _SAFE.search(text, at + _PART)
        end = safe.start() if safe else len(text)
        if safe and safe[0] == "\n":
            end += 1
        yield at, end
        at = end


@lru_cache(1)
def _suspicious() -> tuple[re.Pattern[str], frozenset[str]]:
    """What finds letters of UTF-8 read in another encoding, and which two characters really may begin one.

    The first finds a hundred times more than is garbled, but fast; ftfy has the last word. Alone stand controls that
    Windows uses for signs.
    """
    pairs: set[str] = {"\u00c3 ", "\u00c2 "}  # with a space that was none
    two, three, following = set[str](), set[str](), set[str]()
    for encoding in _ENCODINGS:
        rest = {_read(byte, encoding) for byte in range(0x80, 0xC0)}
        begins = [{_read(byte, encoding) for byte in some} - _QUOTES for some in (range(0xC2, 0xE0), range(0xE0, 0xF5))]
        two, three, following = two | begins[0], three | begins[1], following | rest
        pairs |= {first + second for first in begins[0] | begins[1] for second in rest}
    after = _class(following)
    pattern = f"[{_class(two)}][{after}]|[{_class(three)}][{after}][{after}]|[\u00c2\u00c3] |[\x80-\x84\x86-\x9f]"
    return re.compile(pattern), frozenset(pairs)


def _read(byte: int, encoding: str) -> str:
    return bytes([byte]).decode(encoding, "replace").replace("\ufffd", chr(byte))


def _class(signs: set[str]) -> str:
    return re.escape("".join(sorted(signs)))


@lru_cache(1)
def _only_encodings() -> Any:
    """What ftfy may do: take a wrong encoding back, and none of its other improvements."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_encoding=True,
        restore_byte_a0=True,
        replace_lossy_sequences=False,  # would leave a mark for what is lost
        decode_inconsistent_utf8=True,
        fix_c1_controls=True,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )
