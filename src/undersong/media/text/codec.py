"""Text as symbols: the characters people see, the bytes of the rare ones, and an end.

First come C grapheme clusters (Unicode Standard Annex 29: é, 🧑‍🚀 and "\\r\\n" are one each), then the 243 bytes that
UTF-8 uses, then `<end>`. What has no symbol is spelled by its bytes, so any text fits and comes back letter for letter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, final

import numpy as np

from undersong.events import AbstractCodec, AbstractPiece
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.spelling import PART, AbstractSpelled, code_points, is_string, strings_from, strings_of
from undersong.shapes import Int

__all__ = ["LEAST", "MOST", "Characters", "parts_of", "whole_until"]

LEAST = 3
"""Clusters seen more rarely are spelled: two sightings teach little, and the byte symbols need practice."""
MOST = 8192
"""Clusters in a vocabulary: enough for the characters of a language, and a softmax a laptop still plays live."""

_SPELLED, _SILENT = -1, -2  # marks, while encoding, for code points that have no symbol of their own


@final
class Characters(AbstractSpelled):
    """Grapheme clusters where they are frequent, UTF-8 bytes where not; V = C + 244 symbols."""

    kind: ClassVar[str] = "characters.v1"

    def __init__(self, clusters: Sequence[str]) -> None:
        super().__init__(clusters)
        self.clusters = self.strings
        single = {ord(cluster): symbol for cluster, symbol in self.symbols.items() if len(cluster) == 1}
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

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        """All their clusters, in code point order; None where one of them is of another unit."""
        strings = strings_of(self, others)
        return None if strings is None else self if strings == self.strings else Characters(sorted(strings))

    def encode_in_parts(self, piece: AbstractPiece, size: int = PART) -> Iterator[np.ndarray]:
        """Symbols of about `size` characters at a time: a known cluster is one event, any other its UTF-8 bytes."""
        for text in parts_of(text_of(piece), size):
            yield self._of(text)

    def _of(self, text: str) -> Int[np.ndarray, " T"]:
        codes = code_points(text)
        marks = self._by_code_point.take(codes, mode="clip")  # a symbol or a mark for each code point
        for at, cluster in _joined(text, codes):
            symbol = self.symbols.get(cluster, _SPELLED)
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

    def to_json(self) -> dict[str, Any]:
        return {"clusters": list(self.clusters)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Characters:
        return cls(strings_from(data, "clusters", "character", _is_cluster))


def _is_cluster(given: Any) -> bool:
    """Whether it may be one character; in plain ASCII only "\\r\\n" is longer than a letter, so none is "<end>"."""
    return is_string(given) and (len(given) == 1 or not given.isascii() or given == "\r\n")


def _frequent(pieces: Sequence[AbstractPiece], least: int, known: Sequence[str]) -> list[str]:
    """The clusters seen at least `least` times in the pieces, commonest first, without the known ones."""
    counts: Counter[str] = Counter()
    for text in (part for piece in pieces for part in parts_of(text_of(piece))):
        codes = code_points(text)
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


def parts_of(text: str, size: int = PART) -> Iterator[str]:
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


def _show() -> None:
    """A small picture of how a text becomes symbols: known clusters whole, the rest byte by byte."""
    codec = Characters.from_pieces([TextPiece("eee rrr  üüü bbb\n")])
    events = codec.encode(TextPiece("über 🦑\n"))
    for event, heard in zip(events.tolist(), codec.progress(events).tolist(), strict=True):
        print(f"{event:4d}  {codec.display(event)!r:8}  {heard} characters")


if __name__ == "__main__":
    _show()
