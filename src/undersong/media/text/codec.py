"""Text as symbols: the characters people see, the bytes of the rare ones, and an end.

First come C grapheme clusters (Unicode Standard Annex 29: é, 🧑‍🚀 and "\\r\\n" are one each), then the 243 bytes that
UTF-8 uses, then `<end>`. What has no symbol is spelled by its bytes, so any text fits and comes back letter for letter.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, final

import numpy as np

from undersong.errors import InstrumentFileError, PromptError
from undersong.events import AbstractCodec, AbstractPiece, Grammar
from undersong.media.text.piece import TextPiece, text_of
from undersong.shapes import ArraySpec, Int

__all__ = ["LEAST", "MOST", "Characters", "parts_of", "whole_until"]

LEAST = 3
"""Clusters seen more rarely are spelled: two sightings teach little, and the byte symbols need practice."""
MOST = 8192
"""Clusters in a vocabulary: enough for the characters of a language, and a softmax a laptop still plays live."""

_MOST_IN_FILE = 65_536  # a stranger's vocabulary may be larger than ours, but not without bound
_BYTES = (*range(0xC0), *range(0xC2, 0xF5))  # 0xC0, 0xC1 and 0xF5 … 0xFF never occur in UTF-8
_PART = 1 << 20  # characters or events at a time: what is made on the way of each takes some 50 bytes
_SPELLED, _SILENT = -1, -2  # marks, while encoding, for code points that have no symbol of their own


@final
class Characters(AbstractCodec):
    """Grapheme clusters where they are frequent, UTF-8 bytes where not; V = C + 244 symbols."""

    kind: ClassVar[str] = "characters.v1"
    lossless: ClassVar[bool] = True
    head = "categorical"
    end: int
    endings: ClassVar[tuple[str, ...]] = ("word", "sentence", "line")
    overlooks: ClassVar[str] = "case and spaces"

    def __init__(self, clusters: Sequence[str]) -> None:
        self.clusters = tuple(clusters)
        self.end = len(self.clusters) + len(_BYTES)
        self.event = ArraySpec((), "int64", count=self.end + 1)
        self.distribution: Mapping[str, Any] = {"kind": "categorical.v1", "size": self.end + 1}
        self.grammar = _utf8_grammar(len(self.clusters))
        self._symbol = {cluster: symbol for symbol, cluster in enumerate(self.clusters)}
        spelled = [bytes([byte]) for byte in _BYTES]
        self._spelling = (*(cluster.encode() for cluster in self.clusters), *spelled, b"", b"")  # by event
        lengths = [len(cluster) for cluster in self.clusters]
        lengths += [1 if byte < 0x80 else 0 for byte in _BYTES]  # characters that this event alone completes
        self._completes = np.array([*lengths, 0, 0], np.int64)
        continuations = [0] * len(self.clusters) + [_continuations(byte) for byte in _BYTES]
        self._awaits = np.array([*continuations, 0, 0], np.int64)
        single = {ord(cluster): symbol for cluster, symbol in self._symbol.items() if len(cluster) == 1}
        self._by_code_point = np.full(
            max(single, default=0) + 2, _SPELLED, np.int64
        )  # the last entry stands for all beyond
        self._by_code_point[list(single)] = list(single.values())

    @classmethod
    def from_pieces(cls, pieces: Sequence[AbstractPiece], least: int = LEAST, most: int = MOST) -> Characters:
        """A vocabulary of the `most` commonest clusters seen at least `least` times, in code point order."""
        frequent = _frequent(pieces, least, known=("\n",))  # which is always in
        return cls(sorted(["\n", *frequent[: most - 1]]))

    def grown(self, pieces: Sequence[AbstractPiece]) -> Characters:
        """These symbols, and one for each cluster that these pieces hold often and that had to be spelled so far."""
        added = _frequent(pieces, LEAST, known=self.clusters)[: max(0, MOST - len(self.clusters))]
        return Characters(sorted([*self.clusters, *added])) if added else self

    def renumbered(self, old: AbstractCodec) -> Int[np.ndarray, " N"]:
        """Where each symbol of `old` stands here: its clusters are among these, and bytes, end and start come after."""
        if not isinstance(old, Characters):
            raise PromptError(f"Characters do not grow out of '{old.kind}'.")
        after = np.arange(len(self.clusters), self.end + 2)  # bytes, `<end>`, start
        return np.concatenate([[self._symbol[cluster] for cluster in old.clusters], after]).astype(np.int64)

    @property
    def start(self) -> Int[np.ndarray, ""]:
        """The symbol V, one past the vocabulary: heard before the first event, never played."""
        return np.array(self.event.count, np.int64)

    def encode(self, piece: AbstractPiece) -> Int[np.ndarray, " T"]:
        """The text as symbols; a cluster of the vocabulary is one event, any other its UTF-8 bytes."""
        parts = list(self.encode_in_parts(piece))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def encode_in_parts(self, piece: AbstractPiece, size: int = _PART) -> Iterator[np.ndarray]:
        """The same symbols, those of about `size` characters at a time."""
        for text in parts_of(text_of(piece), size):
            yield self._symbols(text)

    def _symbols(self, text: str) -> Int[np.ndarray, " T"]:
        codes = _code_points(text)
        marks = self._by_code_point.take(codes, mode="clip")  # a symbol or a mark for each code point
        for at, cluster in _joined(text, codes):
            symbol = self._symbol.get(cluster, _SPELLED)
            marks[at] = symbol
            marks[at + 1 : at + len(cluster)] = _SPELLED if symbol == _SPELLED else _SILENT
        return marks if (marks >= 0).all() else self._spell(codes, marks)

    def _spell(self, codes: Int[np.ndarray, " N"], marks: Int[np.ndarray, " N"]) -> Int[np.ndarray, " T"]:
        spelled = marks == _SPELLED
        widths = 1 + (codes >= 0x80).astype(np.int64) + (codes >= 0x800) + (codes >= 0x10000)  # UTF-8 bytes
        counts = np.where(spelled, widths, marks >= 0)  # events made by each code point
        first = np.cumsum(counts) - counts
        events = np.full(int(counts.sum()), _SPELLED, np.int64)
        events[first[marks >= 0]] = marks[marks >= 0]
        utf8 = codes[spelled].tobytes().decode("utf-32-le").encode()
        values = np.frombuffer(utf8, np.uint8).astype(np.int64)
        events[events == _SPELLED] = len(self.clusters) + values - 2 * (values > 0xC1)
        return events

    def decode(self, events: np.ndarray) -> TextPiece:
        """The text of these events; `<end>` and the start are silent.

        A character cut off at the end is left out. Bytes that the grammar forbids show as U+FFFD, never as an error.
        """
        spelling = bytearray()
        for first in range(0, len(events), _PART):  # a list of a whole book's symbols would be many times the book
            part = self._checked(events[first : first + _PART]).tolist()
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
        """The cluster itself, `<0xC3>` for a byte, `<end>`, and `<start>` for what only is heard."""
        symbol = int(self._checked(np.array([event]))[0])
        if symbol < len(self.clusters):
            return self.clusters[symbol]
        if symbol < len(self.clusters) + len(_BYTES):
            return f"<0x{_BYTES[symbol - len(self.clusters)]:02X}>"
        return "<end>" if symbol == self.end else "<start>"

    def beginnings(self, events: np.ndarray) -> Int[np.ndarray, " N"]:
        """Where lines start, or paragraphs where a blank line parts at least 200 of them."""
        is_newline = np.array([spelling.endswith(b"\n") for spelling in self._spelling])
        lines, after_blank = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
        for first in range(0, len(events), _PART):
            lead = min(first, 2)  # what decides about an event stands up to two before it
            ends = is_newline[events[first - lead : first + _PART]]
            starts = np.flatnonzero(ends[:-1]) + 1
            starts = starts[starts >= lead]
            blank = (starts >= 2) & ends[starts - 2] & ~ends[starts]
            lines.append(starts + first - lead)
            after_blank.append(starts[blank] + first - lead)
        paragraphs = np.concatenate(after_blank)
        return paragraphs if len(paragraphs) >= 200 else np.concatenate(lines)

    def ending(self, what: str, events: np.ndarray) -> int:
        """Through the first end of a word (before the space after it), sentence (after its mark) or line."""
        for at, event in enumerate(events.tolist()):
            spelled = self._spelling[event]
            if what == "word" and at and not spelled.strip() and any(self._spelling[e].strip() for e in events[:at]):
                return at
            if what == "sentence" and spelled in (b".", b"!", b"?", "\u2026".encode(), "\u3002".encode()):
                return at + 1
            if what == "line" and spelled.endswith(b"\n"):
                return at + 1
        return len(events)

    def elements(self, piece: AbstractPiece) -> np.ndarray:
        """Code points (N,)."""
        return _code_points(text_of(piece))

    def excerpt(self, piece: AbstractPiece, start: int, stop: int) -> TextPiece:
        """Those code points of the text."""
        return TextPiece(text_of(piece)[start:stop])

    def folded(self, piece: AbstractPiece) -> TextPiece:
        """Without spaces and line ends, and in one case."""
        return TextPiece("".join(text_of(piece).casefold().split()))

    def to_json(self) -> dict[str, Any]:
        return {"clusters": list(self.clusters)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Characters:
        clusters: Any = data.get("clusters")
        if flaw := _flaw(clusters):
            raise InstrumentFileError(
                f"The vocabulary of a text instrument {flaw}.",
                "The file is damaged or was not made by Undersong: fetch it again from where it came.",
            )
        return cls(clusters)

    def _checked(self, events: np.ndarray) -> Int[np.ndarray, " T"]:
        events = np.asarray(events, np.int64)
        strange = events[(events < 0) | (events > self.end + 1)]
        if len(strange):
            raise PromptError(f"There is no symbol {strange[0]}; this codec has 0 … {self.end}, and a start after it.")
        return events


def _flaw(clusters: Any) -> str:
    """What is wrong with a vocabulary from a file, or nothing."""
    if not isinstance(clusters, list) or not all(map(_is_cluster, clusters)):
        return "is not a list of characters"
    if len(clusters) > _MOST_IN_FILE:
        return f"has {len(clusters):,} characters; {_MOST_IN_FILE:,} are the most"
    if len(set(clusters)) < len(clusters):
        return "holds a character twice"
    return "" if "\n" in clusters else "lacks the newline"


def _is_cluster(given: Any) -> bool:
    """Whether it may be one character; in plain ASCII only "\\r\\n" is longer than a letter, so none is "<end>"."""
    if not isinstance(given, str) or not given or any("\ud800" <= letter <= "\udfff" for letter in given):
        return False
    return len(given) == 1 or not given.isascii() or given == "\r\n"


def _frequent(pieces: Sequence[AbstractPiece], least: int, known: Sequence[str]) -> list[str]:
    """The clusters seen at least `least` times in the pieces, commonest first, without the known ones."""
    counts: Counter[str] = Counter()
    for text in (part for piece in pieces for part in parts_of(text_of(piece))):
        codes = _code_points(text)
        alone = np.ones(len(codes), bool)
        for at, cluster in _joined(text, codes):
            counts[cluster] += 1
            alone[at : at + len(cluster)] = False
        seen = np.bincount(codes[alone])
        values = np.flatnonzero(seen)
        counts.update(dict(zip(map(chr, values.tolist()), seen[values].tolist(), strict=True)))
    for cluster in known:
        del counts[cluster]
    return [cluster for _, cluster in sorted((-seen, cluster) for cluster, seen in counts.items() if seen >= least)]


def parts_of(text: str, size: int = _PART) -> Iterator[str]:
    """The text in parts of about `size` characters, cut only where a cluster ends whatever else stands around.

    That is certain between two characters which never join (see `_joined`); a text without such a place stays whole.
    """
    first = 0
    while len(text) - first > size:
        last = first + size
        if not text.isascii() or "\r" in text[last - 1 : last + 1]:
            apart = _patterns()[2].search(text, last - 1)
            last = apart.start() + 1 if apart else len(text)
        yield text[first:last]
        first = last
    if first < len(text) or not text:
        yield text[first:] if first else text


def whole_until(text: str, at: int, nearby: int = 100) -> int:
    """The end of the cluster that this place lies in, or the place itself where one ends, as seen from nearby."""
    begin = max(0, at - nearby)
    around = text[begin : at + nearby]
    if around.isascii() and "\r" not in around:
        return at
    for cluster in _patterns()[1].findall(around):
        if begin >= at:
            break
        begin += len(cluster)
    return begin


def _code_points(text: str) -> Int[np.ndarray, " N"]:
    return np.frombuffer(text.encode("utf-32-le"), "<u4")


def _joined(text: str, codes: Int[np.ndarray, " N"]) -> list[tuple[int, str]]:
    """Every cluster of more than one code point, and where it starts.

    Most code points never join their neighbours, so only stretches around those that do are handed to the slow `\\X`.
    """
    if text.isascii() and "\r" not in text:
        return []
    joiner, cluster_of, _ = _patterns()
    known = np.unique(codes)
    joins = np.zeros(int(known[-1]) + 1, bool)
    joins[known] = [joiner.match(chr(code)) is not None for code in known.tolist()]
    near = joins[codes]
    near[1:] |= joins[codes[:-1]]
    near[:-1] |= joins[codes[1:]]
    edges = np.flatnonzero(np.diff(near, prepend=False, append=False))
    found = []
    for at, stop in edges.reshape(-1, 2).tolist():
        for cluster in cluster_of.findall(text[at:stop]):
            if len(cluster) > 1:
                found.append((at, cluster))
            at += len(cluster)
    return found


@cache
def _patterns() -> tuple[Any, Any, Any]:
    """What may join its neighbours, a cluster, and two neighbours that never join."""
    import regex  # here, because a prompt in ASCII needs none of it

    alone = "".join(rf"\p{{GCB={value}}}" for value in ("Other", "Control", "LF", "LV", "LVT"))
    return regex.compile(f"[^{alone}]"), regex.compile(r"\X"), regex.compile(f"[{alone}]{{2}}")


def _continuations(byte: int) -> int:
    """How many bytes follow a leading byte in UTF-8."""
    return (byte >= 0xC2) + (byte >= 0xE0) + (byte >= 0xF0)


def _utf8_grammar(clusters: int) -> Grammar:
    """Well-formed UTF-8 (The Unicode Standard, table 3-7) in eight situations; clusters and `<end>` only between.

    0 between characters · 1, 2, 3 so many bytes to come · 4, 5, 6, 7 the second byte after E0, ED, F0, F4.
    """
    rules = (  # situation, first byte, last byte, situation after
        (0, 0x00, 0x7F, 0), (0, 0xC2, 0xDF, 1), (0, 0xE0, 0xE0, 4), (0, 0xE1, 0xEC, 2), (0, 0xED, 0xED, 5),
        (0, 0xEE, 0xEF, 2), (0, 0xF0, 0xF0, 6), (0, 0xF1, 0xF3, 3), (0, 0xF4, 0xF4, 7),
        (1, 0x80, 0xBF, 0), (2, 0x80, 0xBF, 1), (3, 0x80, 0xBF, 2),
        (4, 0xA0, 0xBF, 1), (5, 0x80, 0x9F, 1), (6, 0x90, 0xBF, 2), (7, 0x80, 0x8F, 2),
    )  # fmt: skip
    size = clusters + len(_BYTES) + 1
    allowed, following = np.zeros((8, size), bool), np.zeros((8, size), np.int64)  # (G, V)
    allowed[0, :clusters] = allowed[0, -1] = True
    for situation, first, last, after in rules:
        span = slice(clusters + _BYTES.index(first), clusters + _BYTES.index(last) + 1)
        allowed[situation, span] = True
        following[situation, span] = after
    return Grammar(allowed, following)


def _show() -> None:
    """A small picture of how a text becomes symbols: known clusters whole, the rest byte by byte."""
    codec = Characters.from_pieces([TextPiece("eee rrr  üüü bbb\n")])
    events = codec.encode(TextPiece("über 🦑\n"))
    for event, heard in zip(events.tolist(), codec.progress(events).tolist(), strict=True):
        print(f"{event:4d}  {codec.display(event)!r:8}  {heard} characters")


if __name__ == "__main__":
    _show()
