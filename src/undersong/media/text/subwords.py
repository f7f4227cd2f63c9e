"""Text as parts of words, by byte-pair encoding (Sennrich et al., 2016, "Neural machine translation of rare words").

It begins with the characters that are frequent, and joins the two neighbours that stand together most often to a new
part, some hundreds or thousands of times: `t h e` → `th e` → `the`. Joining stays within runs (a word with the space
before it, a number, other signs). Parts are whole characters, never pieces of their UTF-8; a character that is rare is
spelled by its bytes, so nothing is lost and nothing normalised.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, groupby
from typing import Any, ClassVar, final

import numpy as np

from undersong.errors import InstrumentFileError
from undersong.events import AbstractCodec, AbstractPiece
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.runs import LONGEST, Remembered, runs_of
from undersong.media.text.spelling import (
    PART,
    PLAIN,
    AbstractSpelled,
    by_bytes,
    code_points,
    head_for,
    is_string,
    strings_from,
    strings_of,
)

__all__ = ["FEWEST", "LEAST", "MOST", "PER_JOIN", "Subwords"]

LEAST = 3
"""Characters seen more rarely are spelled by bytes, and pairs seen more rarely are not joined."""
MOST = 8192
"""Joins at most, and characters at most."""
FEWEST = 256
"""Joins of a small text."""
PER_JOIN = 500
"""Characters of material for each join, then rounded down to a power of two: a part is then met some 300 times."""

_MOST_HEARD = 1 << 24  # characters that the joins are learned from: more would change few of them
_SLICE = 1 << 16  # characters taken at a time where not all are heard
_APART = "\U0010ffff"  # between runs while joins are learned; no character of any script, so never one of the parts


@final
class Subwords(AbstractSpelled):
    """P parts of words in order of frequency, UTF-8 bytes for all else; V = P + 244 symbols."""

    kind: ClassVar[str] = "subwords.v1"
    breaks_off: ClassVar[bool] = True

    def __init__(self, parts: Sequence[str], joins: Sequence[tuple[int, int]]) -> None:
        """`joins` are pairs of parts in the order in which they are joined; what each makes is a part as well."""
        super().__init__(parts)
        self.joins = tuple(joins)
        self.head = head_for(self.end + 1)
        self._of = Remembered(self.symbols, self._joined)

    @classmethod
    def from_pieces(
        cls, pieces: Sequence[AbstractPiece], joins: int | None = None, least: int = LEAST, most: int = MOST
    ) -> Subwords:
        """So many joins (by default as many as suit the length of the pieces), learned from 16 million characters.

        Of more, slices from all over are heard. The same pieces give the same codec.
        """
        texts = [text_of(piece) for piece in pieces]
        characters = ["\n", *_characters(texts, least, known=("\n",))[: most - 1]]
        learned = _learned(texts, characters, _suitable(texts) if joins is None else joins)
        return cls(*_ordered(*learned, texts))

    def grown(self, pieces: Sequence[AbstractPiece]) -> Subwords:
        """These parts, and the characters that these pieces hold often and that had to be spelled so far; no joins.

        Itself where its head is adaptive or would become so: clusters of symbols do not grow.
        """
        room = max(0, PLAIN - self.end - 1)
        added = _characters([text_of(piece) for piece in pieces], LEAST, self.strings)[:room]
        return Subwords([*self.strings, *added], self.joins) if added else self

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        """These parts and joins, then those of the others that are not among them; None for one of another unit.

        A run is then cut by the joins of all of them, this one's first; whoever lacks a part hears it as its own cut.
        """
        strings = strings_of(self, others)
        if strings is None or strings == self.strings:
            return None if strings is None else self
        at = {string: number for number, string in enumerate(strings)}
        joins: dict[tuple[int, int], None] = {}
        for codec in (self, *others):
            assert isinstance(codec, Subwords)
            joins |= dict.fromkeys((at[codec.strings[left]], at[codec.strings[right]]) for left, right in codec.joins)
        return Subwords(strings, list(joins))

    def encode_in_parts(self, piece: AbstractPiece, size: int = PART) -> Iterator[np.ndarray]:
        """Symbols of about `size` characters at a time."""
        for runs in runs_of(text_of(piece), apart=False, size=size):
            yield np.fromiter(chain.from_iterable(map(self._of.__getitem__, runs)), np.int64)

    def _joined(self, run: str) -> Iterator[int]:
        """The parts of one run that is not a part itself, and bytes where it holds a character that is none."""
        for known, group in groupby(run, self.symbols.__contains__):
            same = "".join(group)
            if known:
                yield from (token.id for token in self._model.tokenize(same))
            else:
                yield from by_bytes(same.encode(), len(self.strings))

    @cached_property
    def _model(self) -> Any:
        from tokenizers.models import BPE  # here: only who encodes needs it

        joins = [(self.strings[left], self.strings[right]) for left, right in self.joins]
        return BPE(vocab=dict(self.symbols), merges=joins)

    def to_json(self) -> dict[str, Any]:
        return {"parts": list(self.strings), "joins": [list(pair) for pair in self.joins]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Subwords:
        """Built from parts and joins, each of which is checked: no tokenizer of a stranger's making is ever loaded."""
        parts = strings_from(data, "parts", "part", _is_part)
        given: Any = data.get("joins")
        if flaw := _flaw(parts, given):
            raise InstrumentFileError(
                f"The joins of a text instrument {flaw}.",
                "The file is damaged or was not made by Undersong: fetch it again from where it came.",
            )
        return cls(parts, [(left, right) for left, right in given])


def _is_part(given: Any) -> bool:
    return is_string(given) and len(given) <= LONGEST


def _flaw(parts: Sequence[str], joins: Any) -> str:
    """What is wrong with the joins from a file, or nothing."""
    known = set(parts)
    if not isinstance(joins, list) or len(joins) > 2 * len(parts):  # a part may be made in two ways; few are
        return "are not a list as long as its parts"
    for pair in joins:
        if not isinstance(pair, list) or len(pair) != 2 or not all(type(each) is int for each in pair):
            return "are not pairs of numbers"
        if not all(0 <= each < len(parts) for each in pair):
            return "are of parts that are not there"
        if parts[pair[0]] + parts[pair[1]] not in known:
            return "make a part that is not there"
    return "are the same twice" if len(set(map(tuple, joins))) < len(joins) else ""


def _suitable(texts: Sequence[str]) -> int:
    """How many joins: FEWEST … MOST, a power of two."""
    enough = sum(map(len, texts)) // PER_JOIN
    return min(max(FEWEST, 1 << max(0, enough.bit_length() - 1)), MOST)


def _characters(texts: Sequence[str], least: int, known: Sequence[str]) -> list[str]:
    """The code points seen at least `least` times, commonest first, without the known ones."""
    counts: Counter[int] = Counter()
    for text in texts:
        for first in range(0, len(text), PART):
            seen, often = np.unique(code_points(text[first : first + PART]), return_counts=True)
            counts.update(dict(zip(seen.tolist(), often.tolist(), strict=True)))
    for string in (*known, _APART):
        if len(string) == 1:
            del counts[ord(string)]
    return [chr(code) for _, code in sorted((-often, code) for code, often in counts.items() if often >= least)]


def _heard(texts: Sequence[str]) -> Iterator[str]:
    """All of the texts, or slices from all over where they are long."""
    every = -(-sum(map(len, texts)) // _MOST_HEARD)
    if every <= 1:
        yield from texts
        return
    number = 0
    for text in texts:
        for first in range(0, len(text), _SLICE):
            if number % every == 0:
                yield text[first : first + _SLICE]
            number += 1


def _learned(texts: Sequence[str], characters: Sequence[str], joins: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Parts, and the pairs that were joined, first to last."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import CharDelimiterSplit
    from tokenizers.trainers import BpeTrainer

    def runs() -> Iterator[str]:
        known = {_APART, *characters}
        for text in _heard(texts):
            for some in runs_of(text, apart=False, size=_SLICE):
                joined = _APART.join(some)
                strange = set(joined) - known
                yield joined.translate(dict.fromkeys(map(ord, strange), _APART)) if strange else joined

    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = CharDelimiterSplit(_APART)
    trainer = BpeTrainer(
        vocab_size=len(characters) + joins,
        min_frequency=LEAST,
        initial_alphabet=list(characters),
        special_tokens=[],
        max_token_length=LONGEST,
        show_progress=False,
    )
    tokenizer.train_from_iterator(runs(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return sorted(model["vocab"], key=model["vocab"].__getitem__), [(left, right) for left, right in model["merges"]]


def _ordered(
    parts: Sequence[str], joins: Sequence[tuple[str, str]], texts: Sequence[str]
) -> tuple[list[str], list[tuple[int, int]]]:
    """The parts in order of how often they are used, and the joins as pairs of numbers of parts."""
    at = {part: number for number, part in enumerate(parts)}
    codec = Subwords(parts, [(at[left], at[right]) for left, right in joins])
    used = np.zeros(codec.end, np.int64)
    for text in _heard(texts):
        for events in codec.encode_in_parts(TextPiece(text)):
            used += np.bincount(events, minlength=len(used))
    ordered = [parts[number] for number in np.argsort(-used[: len(parts)], kind="stable").tolist()]
    at = {part: number for number, part in enumerate(ordered)}
    return ordered, [(at[left], at[right]) for left, right in joins]


def _show() -> None:
    """A small picture of how parts grow, and of a word in parts."""
    codec = Subwords.from_pieces([TextPiece("the thin thrush thinks this through\n" * 9)], joins=12)
    print(*(repr(codec.strings[left] + codec.strings[right]) for left, right in codec.joins))
    print(*(repr(codec.display(event)) for event in codec.encode(TextPiece("the thrift\n"))))


if __name__ == "__main__":
    _show()
