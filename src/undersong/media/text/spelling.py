"""What every unit of text shares: symbols that are spelled.

First come S strings of a vocabulary (characters, words, parts of words), then the 243 bytes that UTF-8 uses, then
`<end>`. What has no string is spelled by its bytes, so any text fits and comes back letter for letter. A symbol is
spelled the same wherever it stands: the text of a few events is their spellings, one after the other.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from undersong.errors import InstrumentFileError, PromptError
from undersong.events import AbstractCodec, AbstractPiece, Grammar
from undersong.media.text.piece import TextPiece, text_of
from undersong.shapes import ArraySpec, Bool, Int

__all__ = [
    "BYTES",
    "PART",
    "PLAIN",
    "AbstractSpelled",
    "by_bytes",
    "code_points",
    "head_for",
    "in_words",
    "is_string",
    "strings_from",
    "strings_of",
    "symbols_of",
]

BYTES = (*range(0xC0), *range(0xC2, 0xF5))
"""The bytes that UTF-8 uses, in the order of their symbols: 0xC0, 0xC1 and 0xF5 … 0xFF never occur."""
PART = 1 << 20
"""Characters or events that are worked on at a time: what is made on the way of each takes some 50 bytes."""
PLAIN = 4_000
"""Symbols that a plain layer still foretells about as quickly as an adaptive head does."""

_MOST_IN_FILE = 65_536  # a stranger's vocabulary may be larger than ours, but not without bound
_RESERVED = frozenset(["<start>", "<end>", *(f"<0x{byte:02X}>" for byte in BYTES)])
_IN_WORDS = frozenset(map(ord, "_\u00ad\u200c\u200d"))  # the last three show nothing, or how letters join
_ENDINGS = {
    "word": re.compile(r"\S(?=\s)"),  # before the space after it
    "sentence": re.compile("[.!?…。！？।॥؟۔]"),
    "line": re.compile("\n"),
}


class AbstractSpelled(AbstractCodec):
    """A vocabulary of S strings, UTF-8 bytes for all else, and an end; V = S + 244 symbols."""

    lossless: ClassVar[bool] = True
    head = "categorical"
    end: int
    endings: ClassVar[tuple[str, ...]] = tuple(_ENDINGS)
    overlooks: ClassVar[str] = "case and spaces"

    def __init__(self, strings: Sequence[str]) -> None:
        self.strings = tuple(strings)
        self.end = len(self.strings) + len(BYTES)
        self.event = ArraySpec((), "int64", count=self.end + 1)
        self.distribution: Mapping[str, Any] = {"kind": "categorical.v1", "size": self.end + 1}
        self.grammar = _utf8_grammar(len(self.strings))
        self.symbols = {string: symbol for symbol, string in enumerate(self.strings)}
        spelled = [bytes([byte]) for byte in BYTES]
        self._spelling = (*(string.encode() for string in self.strings), *spelled, b"", b"")  # by event
        lengths = [len(string) for string in self.strings]
        lengths += [1 if byte < 0x80 else 0 for byte in BYTES]  # characters that this event alone completes
        self._completes = np.array([*lengths, 0, 0], np.int64)
        continuations = [0] * len(self.strings) + [_continuations(byte) for byte in BYTES]
        self._awaits = np.array([*continuations, 0, 0], np.int64)

    @property
    def start(self) -> Int[np.ndarray, ""]:
        """The symbol V, one past the vocabulary: heard before the first event, never played."""
        return np.array(self.event.count, np.int64)

    def encode(self, piece: AbstractPiece) -> Int[np.ndarray, " T"]:
        """The text as symbols: strings of the vocabulary, and the UTF-8 bytes of what none of them spells."""
        parts = list(self.encode_in_parts(piece))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    @abstractmethod
    def encode_in_parts(self, piece: AbstractPiece, size: int = PART) -> Iterator[np.ndarray]:
        """The same symbols, those of about `size` characters at a time; one part at least."""

    def decode(self, events: np.ndarray) -> TextPiece:
        """The text of these events; `<end>` and the start are silent.

        A character cut off at the end is left out. Bytes that the grammar forbids show as U+FFFD, never as an error.
        """
        spelling = bytearray()
        for first in range(0, len(events), PART):  # a list of a whole book's symbols would be many times the book
            part = self._checked(events[first : first + PART]).tolist()
            spelling += b"".join([self._spelling[event] for event in part])
        return TextPiece(codecs.utf_8_decode(spelling, "replace", False)[0])

    def measure(self, piece: AbstractPiece) -> int:
        """Characters as benchmarks count them: code points, so that figures per character compare."""
        return len(text_of(piece))

    def progress(self, events: np.ndarray) -> Int[np.ndarray, " T"]:
        """Characters (code points) complete after each event; one spelled in bytes counts at its last byte."""
        events = self._checked(events)
        completed = self._completes[events]
        leads = np.flatnonzero(self._awaits[events])
        last = leads + self._awaits[events[leads]]
        completed[last[last < len(events)]] += 1
        return np.cumsum(completed)

    def display(self, event: int) -> str:
        """The string itself, `<0xC3>` for a byte, `<end>`, and `<start>` for what only is heard."""
        symbol = int(self._checked(np.array([event]))[0])
        if symbol < len(self.strings):
            return self.strings[symbol]
        if symbol < self.end:
            return f"<0x{BYTES[symbol - len(self.strings)]:02X}>"
        return "<end>" if symbol == self.end else "<start>"

    def letters(self) -> AbstractCodec:
        """The bytes of UTF-8, whatever the unit."""
        from undersong.media.text.bytewise import Bytes  # here, because bytes are such a codec themselves

        return Bytes()

    def spelling(self, event: int) -> tuple[int, ...]:
        """A symbol as symbols of `letters`, one for each of its UTF-8 bytes; only the start is spelled by nothing."""
        symbol = int(self._checked(np.array([event]))[0])
        return (len(BYTES),) if symbol == self.end else by_bytes(self._spelling[symbol])

    def beginnings(self, events: np.ndarray) -> Int[np.ndarray, " N"]:
        """Where lines start, or paragraphs where a blank line parts at least 200 of them."""
        is_newline = np.array([spelling.endswith(b"\n") for spelling in self._spelling])
        lines, after_blank = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
        for first in range(0, len(events), PART):
            lead = min(first, 2)  # what decides about an event stands up to two before it
            ends = is_newline[events[first - lead : first + PART]]
            starts = np.flatnonzero(ends[:-1]) + 1
            starts = starts[starts >= lead]
            blank = (starts >= 2) & ends[starts - 2] & ~ends[starts]
            lines.append(starts + first - lead)
            after_blank.append(starts[blank] + first - lead)
        paragraphs = np.concatenate(after_blank)
        return paragraphs if len(paragraphs) >= 200 else np.concatenate(lines)

    def ending(self, what: str, events: np.ndarray) -> int:
        """Through the first end of a word (before the space after it), sentence (after its mark) or line."""
        found = _ENDINGS[what].search(self.decode(events).content)
        if found is None:
            return len(events)
        return min(int(np.searchsorted(self.progress(events), found.end())) + 1, len(events))

    def renumbered(self, old: AbstractCodec) -> Int[np.ndarray, " N"]:
        """Where each symbol of `old` stands here: its strings are among these, and bytes, end and start come after."""
        if not isinstance(old, type(self)):
            raise PromptError(f"Symbols of '{self.kind}' do not grow out of '{old.kind}'.")
        after = np.arange(len(self.strings), self.end + 2)  # bytes, `<end>`, start
        return np.concatenate([[self.symbols[string] for string in old.strings], after]).astype(np.int64)

    def elements(self, piece: AbstractPiece) -> np.ndarray:
        """Code points (N,), whatever the unit: copies are found in the middle of a word."""
        return code_points(text_of(piece))

    def inside(self, elements: np.ndarray) -> Bool[np.ndarray, " N"]:
        """Letters with their marks, digits, and the underscore; apostrophes and hyphens part words."""
        return in_words(elements)

    def excerpt(self, piece: AbstractPiece, start: int, stop: int) -> TextPiece:
        """Those code points of the text."""
        return TextPiece(text_of(piece)[start:stop])

    def folded(self, piece: AbstractPiece) -> TextPiece:
        """Without spaces and line ends, and in one case."""
        return TextPiece("".join(text_of(piece).casefold().split()))

    def _checked(self, events: np.ndarray) -> Int[np.ndarray, " T"]:
        return symbols_of(events, self.end)


def symbols_of(events: np.ndarray, end: int) -> Int[np.ndarray, " T"]:
    """Events as symbols 0 … `end`, or the start after them. Raises PromptError for any other."""
    events = np.asarray(events, np.int64)
    strange = events[(events < 0) | (events > end + 1)]
    if len(strange):
        raise PromptError(f"There is no symbol {strange[0]}; this codec has 0 … {end}, and a start after it.")
    return events


def head_for(symbols: int) -> str:
    """The head of so many symbols, where they come in order of frequency: an adaptive one relies on that."""
    return "categorical" if symbols <= PLAIN else "adaptive_categorical"


def code_points(text: str) -> Int[np.ndarray, " N"]:
    """The numbers of a text's code points."""
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def in_words(points: np.ndarray) -> Bool[np.ndarray, " N"]:
    """Which code points belong to words: letters, marks, numbers, the underscore, what is silent between letters."""
    known, place = np.unique(np.asarray(points), return_inverse=True)
    of = unicodedata.category
    flags = [of(chr(point))[0] in "LMN" or point in _IN_WORDS for point in known.tolist()]
    return np.array(flags, bool)[place.reshape(-1)]


def by_bytes(spelling: bytes, strings: int = 0) -> tuple[int, ...]:
    """Well-formed UTF-8 as symbols of bytes, which come after so many strings."""
    return tuple(strings + byte - 2 * (byte > 0xC1) for byte in spelling)


def strings_from(data: Mapping[str, Any], key: str, each: str, fits: Callable[[Any], bool]) -> list[str]:
    """The vocabulary that stands in a file under `key`. Raises InstrumentFileError where it cannot be one."""
    given: Any = data.get(key)
    if flaw := _flaw(given, each, fits):
        raise InstrumentFileError(
            f"The vocabulary of a text instrument {flaw}.",
            "The file is damaged or was not made by Undersong: fetch it again from where it came.",
        )
    strings: list[str] = given
    return strings


def strings_of(first: AbstractSpelled, others: Sequence[AbstractCodec]) -> tuple[str, ...] | None:
    """All strings of several codecs, each once, the first codec's before all; None where they are not of one kind."""
    strings = dict.fromkeys(first.strings)
    for other in others:
        if not isinstance(other, type(first)):
            return None
        strings |= dict.fromkeys(other.strings)
    return tuple(strings)


def is_string(given: Any) -> bool:
    """Whether it may stand in a vocabulary: some whole characters, and not the name of another symbol."""
    if not isinstance(given, str) or not given or given in _RESERVED:
        return False
    return given.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in given)


def _flaw(given: Any, each: str, fits: Callable[[Any], bool]) -> str:
    """What is wrong with a vocabulary from a file, or nothing."""
    if not isinstance(given, list):
        return f"is not a list of {each}s"
    if len(given) > _MOST_IN_FILE:
        return f"has {len(given):,} {each}s; {_MOST_IN_FILE:,} are the most"
    if not all(map(fits, given)):
        return f"is not a list of {each}s"
    if len(set(given)) < len(given):
        return f"holds a {each} twice"
    return "" if "\n" in given else "lacks the newline"


def _continuations(byte: int) -> int:
    """How many bytes follow a leading byte in UTF-8."""
    return (byte >= 0xC2) + (byte >= 0xE0) + (byte >= 0xF0)


def _utf8_grammar(strings: int) -> Grammar:
    """Well-formed UTF-8 (The Unicode Standard, table 3-7) in eight situations; strings and `<end>` only between.

    0 between characters · 1, 2, 3 so many bytes to come · 4, 5, 6, 7 the second byte after E0, ED, F0, F4.
    """
    rules = (  # situation, first byte, last byte, situation after
        (0, 0x00, 0x7F, 0), (0, 0xC2, 0xDF, 1), (0, 0xE0, 0xE0, 4), (0, 0xE1, 0xEC, 2), (0, 0xED, 0xED, 5),
        (0, 0xEE, 0xEF, 2), (0, 0xF0, 0xF0, 6), (0, 0xF1, 0xF3, 3), (0, 0xF4, 0xF4, 7),
        (1, 0x80, 0xBF, 0), (2, 0x80, 0xBF, 1), (3, 0x80, 0xBF, 2),
        (4, 0xA0, 0xBF, 1), (5, 0x80, 0x9F, 1), (6, 0x90, 0xBF, 2), (7, 0x80, 0x8F, 2),
    )  # fmt: skip
    size = strings + len(BYTES) + 1
    allowed, following = np.zeros((8, size), bool), np.zeros((8, size), np.int64)  # (G, V)
    allowed[0, :strings] = allowed[0, -1] = True
    for situation, first, last, after in rules:
        span = slice(strings + BYTES.index(first), strings + BYTES.index(last) + 1)
        allowed[situation, span] = True
        following[situation, span] = after
    return Grammar(allowed, following)
