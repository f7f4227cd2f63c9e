"""Records as symbols: each field opens with a symbol of its own and is closed by one they share; then the record ends.

First come an opening for each field and `<close>`, then the symbols of the codec by which the texts are spelled, but
for its end, then `<end>`. Whichever fields come first, the others follow: so any can be asked by any other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np

from undersong import registry
from undersong.errors import InstrumentFileError, PromptError, RecipeError, UndersongError
from undersong.events import AbstractCodec, AbstractPiece
from undersong.media.text.piece import AbstractText, TextPiece, as_text, text_of
from undersong.media.text.record import RecordPiece
from undersong.media.text.record_grammar import grammar, situations
from undersong.media.text.spelling import in_words, symbols_of
from undersong.shapes import ArraySpec, Bool, Int

__all__ = ["MOST_FIELDS", "RecordPiece", "Records"]

MOST_FIELDS = 6
"""Which of them have been used is part of the grammar's situation: each more doubles its size."""

_MOST_CELLS = 2**25  # of the grammar, 3 bytes each
_TOGETHER = 1_000  # texts handed to the inner codec as one, of which each by itself would take longer


@final
class Records(AbstractCodec):
    """F fields, each a text in N symbols of an inner codec; V = N + F + 2.

    `optional` are the fields that may stay empty. An incomplete record is an opening: its fields closed, the others
    still to come. A plain text is the beginning of the first field, left open.
    """

    kind: ClassVar[str] = "records.v1"
    lossless: ClassVar[bool] = True
    in_one_go: ClassVar[bool] = True
    end: int
    endings: ClassVar[tuple[str, ...]] = ("field",)
    overlooks: ClassVar[str] = "case and spaces"

    def __init__(self, fields: Sequence[str], inner: AbstractCodec, optional: Iterable[str] = ()) -> None:
        """The inner codec is one of texts whose end is its last symbol. Raises RecipeError for too many fields."""
        assert inner.end is not None
        assert inner.end + 1 == inner.event.count
        self.fields = tuple(fields)
        self.inner = inner
        given = set(optional)
        self.optional = tuple(name for name in self.fields if name in given)
        self._opening = {name: symbol for symbol, name in enumerate(self.fields)}
        self._close = len(self.fields)
        self._lead = self._close + 1  # symbols before the inner codec's: a head for many wants the frequent ones first
        self.end = self._lead + inner.end
        self.event = ArraySpec((), "int64", count=self.end + 1)
        self.distribution: Mapping[str, Any] = {**inner.distribution, "size": self.end + 1}
        self.head = inner.head
        if flaw := _too_much(self.fields, inner):
            raise RecipeError(*flaw)
        self.grammar = grammar(inner, len(self.fields), [self.fields.index(name) for name in self.optional])

    @classmethod
    def from_pieces(cls, pieces: Sequence[AbstractPiece], inner_class: Any) -> Records:
        """The fields as they first come up, and an inner codec made for all their texts; empty ones may be empty again.

        Nothing gives a codec of no fields, which holds nothing. Raises RecipeError for more fields than can be learned.
        """
        names = _names(pieces)
        if flaw := _too_much(names):
            raise RecipeError(*flaw)
        return cls(names, inner_class.from_pieces(_texts(pieces)), _sometimes_empty(pieces, names))

    def grown(self, pieces: Sequence[AbstractPiece]) -> Records:
        """These fields and symbols, and those that the pieces need beside them.

        Raises RecipeError for new fields where the head has its symbols in clusters, which do not grow.
        """
        names = (*self.fields, *(name for name in _names(pieces) if name not in self._opening))
        inner = self.inner.grown(_texts(pieces))
        optional = {*self.optional, *_sometimes_empty(pieces, names), *names[len(self.fields) :]}
        if names != self.fields and self.head != "categorical":
            raise RecipeError(
                f"An instrument of {self.end:,} symbols learns no new field: {', '.join(names[len(self.fields) :])}.",
                "Begin a new run without --from, or leave the field out.",
            )
        if inner is self.inner and names == self.fields and optional == set(self.optional):
            return self
        return Records(names, inner, optional)

    def letters(self) -> AbstractCodec | None:
        """The same fields, their texts in the inner codec's letters."""
        return self._in_letters

    @cached_property
    def _in_letters(self) -> Records | None:
        inner = self.inner.letters()
        if inner is None or (inner.kind, inner.to_json()) == (self.inner.kind, self.inner.to_json()):
            return None if inner is None else self
        return Records(self.fields, inner, self.optional)

    def spelling(self, event: int) -> tuple[int, ...]:
        """What opens and closes stays as it is; the inner codec spells the rest."""
        symbol = int(self._checked(np.array([event]))[0])
        letters = self._in_letters
        assert letters is not None
        if symbol >= self.end:
            return (letters.end,) if symbol == self.end else ()
        if symbol < self._lead:
            return (symbol,)
        return tuple(self._lead + letter for letter in self.inner.spelling(symbol - self._lead))

    def renumbered(self, old: AbstractCodec) -> Int[np.ndarray, " N"]:
        """Where each symbol of `old` stands here. Raises PromptError where these did not grow out of it."""
        if not isinstance(old, Records) or not set(old.fields) <= set(self.fields):
            raise PromptError(f"Records of {', '.join(self.fields)} do not grow out of '{old.kind}'.")
        letters = self.inner.renumbered(old.inner)[:-2] + self._lead  # without its end and start
        openings = [self._opening[name] for name in old.fields]
        return np.concatenate([openings, [self._close], letters, [self.end, self.end + 1]]).astype(np.int64)

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        """These fields, each optional where it is for one of them, in an inner codec that can say all their texts can.

        None where the fields of one are not the same ones, or there is no such inner codec: what one voice must not
        leave out, another could not say.
        """
        alike = [other for other in others if isinstance(other, Records) and set(other.fields) == set(self.fields)]
        inner = self.inner.joined([other.inner for other in alike])
        if len(alike) < len(others) or inner is None or _too_much(self.fields, inner) is not None:
            return None
        optional = {*self.optional, *(name for other in alike for name in other.optional)}
        if inner is self.inner and optional == set(self.optional):
            return self
        return Records(self.fields, inner, optional)

    def respelled(self, event: int, of: AbstractCodec) -> np.ndarray | None:
        """A symbol of other records: what spells their texts, as the inner codec says it."""
        if not isinstance(of, Records) or not of._lead <= event < of.end:
            return None
        said = self.inner.respelled(event - of._lead, of.inner)
        return None if said is None else said + self._lead

    @property
    def start(self) -> Int[np.ndarray, ""]:
        """The symbol V, one past the vocabulary: heard before the first event, never played."""
        return np.array(self.event.count, np.int64)

    def encode(self, piece: AbstractPiece) -> Int[np.ndarray, " T"]:
        """Each field that is there, opened and closed, in the record's order; a text opens the first and no more.

        Raises PromptError for a field that is none of these.
        """
        if not isinstance(piece, RecordPiece):
            text = text_of(piece)
            parts = [self._mark(next(iter(self.fields), "")), self._spelled(text)] if text else []
        else:
            parts = []
            for name in piece.order:
                parts += [self._mark(name), self._spelled(piece.fields[name]), np.array([self._close])]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def _mark(self, name: str) -> Int[np.ndarray, " 1"]:
        """The opening of a field; of `meanings.def` its last part will do where no other field has it."""
        short = [opening for field, opening in self._opening.items() if field.rpartition(".")[2] == name]
        if name in self._opening or len(short) == 1:
            return np.array([self._opening[name] if name in self._opening else short[0]])
        near = difflib.get_close_matches(name, self.fields, n=1)
        raise PromptError(
            f"There is no field '{name}' in what was learned.",
            f"Did you mean '{near[0]}'?" if near else f"Its fields: {', '.join(self.fields)}.",
        )

    def _spelled(self, text: str) -> Int[np.ndarray, " T"]:
        return self.inner.encode(TextPiece(text)) + self._lead if text else np.zeros(0, np.int64)

    def decode(self, events: np.ndarray) -> AbstractText:
        """The record of these events, an unfinished field as far as it goes, fields shown in the codec's order.

        What stands before the first opening belongs to the first field that does not come after it; where nothing is
        opened, closed or ended it is no record but a text.
        """
        events = self._checked(events)
        if len(events) and not self._marks(events).any():
            return as_text(self.inner.decode(events - self._lead))
        parts: dict[str, list[np.ndarray]] = {}
        for name, chunk in self._chunks(events) if self.fields else ():
            parts.setdefault(name, []).append(chunk)
        texts = {name: text_of(self.inner.decode(np.concatenate(chunks))) for name, chunks in parts.items()}
        return RecordPiece({name: texts[name] for name in self.fields if name in texts}, tuple(texts))

    def _chunks(self, events: Int[np.ndarray, " T"]) -> Iterator[tuple[str, Int[np.ndarray, " N"]]]:
        """What stands in each field, in the order they were opened; nothing is lost where no field was open."""
        opened = set(events[events < self._close].tolist())
        current = next((name for name, opening in self._opening.items() if opening not in opened), self.fields[0])
        before = 0
        for mark in self._marked(events):
            if mark > before or (before and events[before - 1] < self._close):  # also a field that was left empty
                yield current, events[before:mark] - self._lead
            if mark < len(events) and events[mark] < self._close:
                current = self.fields[int(events[mark])]
            before = mark + 1

    def _marked(self, events: Int[np.ndarray, " T"]) -> list[int]:
        """Where symbols stand that spell nothing, and where it all ends."""
        return [*np.flatnonzero(self._marks(events)).tolist(), len(events)]

    def _marks(self, events: Int[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
        return (events < self._lead) | (events >= self.end)

    def measure(self, piece: AbstractPiece) -> int:
        """Characters (code points) in all fields; their names and limits are none."""
        return sum(map(len, piece.fields.values())) if isinstance(piece, RecordPiece) else len(text_of(piece))

    def progress(self, events: np.ndarray) -> Int[np.ndarray, " T"]:
        """Characters complete after each event; what opens, closes and ends adds none."""
        events = self._checked(events)
        completed = np.zeros(len(events), np.int64)
        before = 0
        for mark in self._marked(events):
            if mark > before:
                completed[before:mark] = np.diff(self.inner.progress(events[before:mark] - self._lead), prepend=0)
            before = mark + 1
        return np.cumsum(completed)

    def ending(self, what: str, events: np.ndarray) -> int:
        """Through the first close of a field."""
        closes = np.flatnonzero(np.asarray(events) == self._close)
        return int(closes[0]) + 1 if what == "field" and len(closes) else len(events)

    def display(self, event: int) -> str:
        """As the inner codec shows it; `<word>` for the opening of a field, `<close>`, `<end>`, and `<start>`."""
        symbol = int(self._checked(np.array([event]))[0])
        if self._lead <= symbol < self.end:
            return self.inner.display(symbol - self._lead)
        return self._mark_names[symbol if symbol < self._lead else symbol - self.end + self._lead]

    @cached_property
    def _mark_names(self) -> tuple[str, ...]:
        """Names of the openings, the close, the end and the start, none of them the name of another symbol."""
        taken = {self.inner.display(symbol): "" for symbol in range(self.end - self._lead)}
        for wanted in ("close", "end", "start", *self.fields):
            name, number = f"<{wanted}>", 1
            while name in taken:
                number += 1
                name = f"<{wanted} {number}>"
            taken[name] = wanted
        close, end, start, *fields = list(taken)[self.end - self._lead :]
        return (*fields, close, end, start)

    def elements(self, piece: AbstractPiece) -> np.ndarray:
        """Code points (N,) of the texts in their order, a newline between two."""
        return np.frombuffer(text_of(piece).encode("utf-32-le"), "<u4")

    def inside(self, elements: np.ndarray) -> Bool[np.ndarray, " N"]:
        """As in any text."""
        return in_words(elements)

    def excerpt(self, piece: AbstractPiece, start: int, stop: int) -> TextPiece:
        """Those code points of the texts."""
        return TextPiece(text_of(piece)[start:stop])

    def folded(self, piece: AbstractPiece) -> TextPiece:
        """Without spaces and line ends, and in one case."""
        return TextPiece("".join(text_of(piece).casefold().split()))

    def to_json(self) -> dict[str, Any]:
        inner = {"kind": self.inner.kind, **self.inner.to_json()}
        return {"fields": list(self.fields), "optional": list(self.optional), "inner": inner}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Records:
        fields, optional, inner = _from_file(data)
        if not fields:
            raise _foreign("have no fields")
        if flaw := _too_much(fields, inner):
            raise _foreign(flaw[0][0].lower() + flaw[0][1:].rstrip("."))
        return cls(fields, inner, optional)

    def _checked(self, events: np.ndarray) -> Int[np.ndarray, " T"]:
        return symbols_of(events, self.end)


# ── what is in the pieces ──────────────────────────────────────────────────────────────────────────────────────────


def _names(pieces: Sequence[AbstractPiece]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for piece in pieces if isinstance(piece, RecordPiece) for name in piece.fields))


def _sometimes_empty(pieces: Sequence[AbstractPiece], names: Sequence[str]) -> set[str]:
    records = [piece.fields for piece in pieces if isinstance(piece, RecordPiece)]
    return {name for name in names if any(not fields.get(name) for fields in records)}


def _texts(pieces: Sequence[AbstractPiece]) -> list[AbstractPiece]:
    """What is in the fields, many texts as one: the inner codec needs to know no more than how often what occurs."""
    texts = [
        text
        for piece in pieces
        for text in (piece.fields.values() if isinstance(piece, RecordPiece) else [text_of(piece)])
        if text
    ]
    return [TextPiece("\n".join(texts[at : at + _TOGETHER])) for at in range(0, len(texts), _TOGETHER)]


def _too_much(fields: Sequence[str], inner: AbstractCodec | None = None) -> tuple[str, str] | None:
    """What is too large about these records, and what to do about it."""
    if len(fields) > MOST_FIELDS:
        return (
            f"These records have {len(fields)} fields; {MOST_FIELDS} can be learned at once.",
            'Name the ones that matter: --set \'read.fields=["first", "second"]\'',
        )
    if inner is not None:
        cells = situations(inner) * 2 ** len(fields) * (inner.event.count or 0)
        if cells > _MOST_CELLS:
            return (
                f"{len(fields)} fields are too many with {inner.event.count:,} symbols for their texts.",
                "Learn fewer fields, or by another unit: --unit character",
            )
    return None


# ── from a stranger ────────────────────────────────────────────────────────────────────────────────────────────────


def _from_file(data: Mapping[str, Any]) -> tuple[list[str], list[str], AbstractCodec]:
    """Fields, those that may be empty, and the inner codec. Raises InstrumentFileError."""
    fields: Any = data.get("fields")
    optional: Any = data.get("optional")
    inner: Any = data.get("inner")
    if not isinstance(fields, list) or not isinstance(optional, list) or not isinstance(inner, Mapping):
        raise _foreign("lack their fields, or what their texts are spelled with")
    try:
        RecordPiece(dict.fromkeys(fields, ""))
    except (PromptError, TypeError) as error:
        raise _foreign("have a field that cannot be one") from error
    if len(set(fields)) < len(fields) or len(optional) > len(fields) or not all(name in fields for name in optional):
        raise _foreign("have a field twice, or one that is none")
    kind = str(inner.get("kind"))
    try:
        made = None if kind == Records.kind else registry.load("codecs", kind).from_json(inner)
    except InstrumentFileError:
        raise
    except UndersongError as error:
        raise _foreign(f"are spelled with a codec that is not here: '{kind[:60]}'") from error
    if made is None or not _is_of_texts(made):
        raise _foreign("are spelled with no codec of texts")
    return fields, optional, made


def _is_of_texts(codec: AbstractCodec) -> bool:
    if not codec.event.is_symbol or codec.end is None or codec.end + 1 != codec.event.count:
        return False
    return isinstance(codec.decode(np.zeros(0, np.int64)), TextPiece)


def _foreign(flaw: str) -> InstrumentFileError:
    return InstrumentFileError(
        f"The records of an instrument {flaw}.",
        "The file is damaged or was not made by Undersong: fetch it again from where it came.",
    )


def _show() -> None:
    """What a small dictionary becomes."""
    from undersong.media.text.codec import Characters

    entries = [RecordPiece({"word": word, "part": "noun"}) for word in ("eel", "reel", "leer")]
    codec = Records.from_pieces(entries, Characters)
    for variant in entries[0].variants():
        print(" ".join(codec.display(event) for event in codec.encode(variant)), "<end>")


if __name__ == "__main__":
    _show()
