"""From a person's files to what is learned, what decides on the way, and what is held out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import RunFolderError, TooLittleError, UnknownNameError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition
from undersong.keeping.run_folder import RunFolder

__all__ = ["MOST_BEFORE", "Corpus", "Split", "Stretch", "ended", "medium_for", "watched_stretches"]

MOST_BEFORE = 4096
"""Events that a stretch remembers of what came before it; nobody warms up on more."""

_BUILTIN = "builtin:"
_SLICE = 64  # events, the least that a watched slice should have
_MOST_HELD_OUT = 1_000_000  # events: more makes no figure surer, and takes hours to score
_SMALL = 300_000  # known events, below which some decide on the way
_ENOUGH_INNER = 1_000  # events to decide by, where 10 % are that many
_FEWEST_INNER = 5  # pieces to decide by
_FEW_PIECES = 40


@final
@dataclass(frozen=True)
class Stretch:
    """Some events of one piece, what they were made under, and what came right before them, as far as it is heard.

    Symbols may be of a smaller integer type than the codec's, and lie in a file.
    """

    events: np.ndarray
    condition: Condition
    before: np.ndarray


def ended(codec: AbstractCodec, stretch: Stretch) -> Stretch:
    """A whole piece with its end, which is to be foretold like any event; as it is where a codec has none."""
    return stretch if codec.end is None else _with_end(stretch, codec.end)


def _with_end(stretch: Stretch, end: int) -> Stretch:
    return replace(stretch, events=np.append(stretch.events, stretch.events.dtype.type(end)))


_Parts = tuple[tuple[AbstractPiece, ...], tuple[AbstractPiece, ...]]  # what is known of a piece, what is held out


@final
@dataclass(frozen=True)
class Split:
    """Pieces before they are encoded: of each what is known and what is held out, and a codec that saw the known ones.

    As streams each piece is parted into its beginning and its tail; as pieces either part is nothing. Each stands here
    once; a known piece is learned in all its variants, a held-out one is scored as it came.
    """

    parts: tuple[_Parts, ...]
    codec: AbstractCodec
    shape: str

    @classmethod
    def of(
        cls,
        medium: AbstractMedium,
        pieces: Sequence[AbstractPiece],
        unit: str,
        shape: str,
        old: AbstractCodec | None = None,
    ) -> Split:
        """As streams the tail of each piece is held out, as pieces every tenth that is not there already.

        The codec is made for what is known, each piece counted once, or grown from an old one. Raises TooLittleError
        when there would be nothing to learn, or nothing to test on.
        """
        parts: list[_Parts] = []
        sides: dict[bytes, bool] = {}  # whether a piece is held out; the same once more is where it was
        for piece in pieces:
            if shape == "pieces":
                held_out = sides.setdefault(_told_apart(piece), len(sides) % 10 == 9)
                parts.append(((), (piece,)) if held_out else ((piece,), ()))
            else:
                head, tail = medium.split(piece, max(1, _MOST_HELD_OUT // len(pieces)))
                parts.append(((head,), (tail,)))
        known, held = ([piece for pair in parts for piece in pair[side]] for side in (0, 1))
        if not known or not held:
            raise TooLittleError(
                f"{len(pieces)} piece(s) cannot be split into a part to learn and a part to test on.",
                "Ten short pieces that differ, or one longer one, are the least.",
            )
        codec = medium.codec(known, unit) if old is None else old.grown(known)
        if not sum(map(codec.measure, known)) or not sum(map(codec.measure, held)):
            raise TooLittleError("There are no events to learn from, or none to test on.")
        return cls(tuple(parts), codec, shape)

    @property
    def length(self) -> int:
        """How long all of it is, in the medium's own measure."""
        return sum(self.codec.measure(piece) for pair in self.parts for part in pair for piece in part)

    def encoded(self, folder: RunFolder | None = None) -> Corpus:
        """The events, in a run folder where one is given: then they are never all in memory. Raises KeepingError."""
        rows: list[_Row] = []
        if folder is None:
            events = np.concatenate(list(self._events(rows)))
        else:
            folder.write_rows(folder.events, self._events(rows))
            events = folder.map_array(folder.events)
        cuts = _inner_cut(self.codec, events, rows, self.shape)
        conditions = tuple(row.condition for row in rows)
        corpus = Corpus(events, cuts, conditions, self.codec.end if self.shape == "pieces" else None)
        if folder is not None:
            folder.write_arrays(folder.corpus, corpus.to_arrays())
        return corpus

    def _events(self, rows: list[_Row]) -> Iterator[np.ndarray]:
        """Every form in turn, some events at a time; `rows` gets where the known part and the whole of each end."""
        smallest, total = _smallest(self.codec), 0
        for number, form in self._forms():
            reached = []
            for pieces in form:
                for events in (events for piece in pieces for events in self.codec.encode_in_parts(piece)):
                    total += len(events)
                    yield events.astype(smallest)
                reached.append(total)
            first = (*form[0], *form[1])[0]
            rows.append(_Row(number, reached[0], reached[1], self.codec.condition(first)))

    def _forms(self) -> Iterator[tuple[int, _Parts]]:
        """What is encoded, and of which piece it is a form: variants of one stand side by side."""
        for number, (known, held) in enumerate(self.parts):
            if known and self.shape == "pieces":
                for form in known[0].variants():
                    yield number, ((form,), ())
            else:
                yield number, (known, held)


@final
@dataclass(frozen=True, slots=True)
class _Row:
    """One form of a piece among the events: of which piece, and where its known part and the whole of it end."""

    piece: int
    known: int
    end: int
    condition: Condition


def _smallest(codec: AbstractCodec) -> np.dtype[Any]:
    """The type that holds a codec's events in the fewest bytes, none lost."""
    return np.min_scalar_type(codec.event.count or 0) if codec.event.is_symbol else np.dtype(codec.event.dtype)


def _inner_cut(codec: AbstractCodec, events: np.ndarray, rows: Sequence[_Row], shape: str) -> np.ndarray:
    """(P, 4): where each form of a piece begins, and where its learned, its inner and its held-out part end.

    There is an inner part only of a small corpus: where there is much, what is learned cannot be learned by heart.
    As streams it is the last 5 % of each known piece, more where that is under 1,000 events, 10 % at most; as pieces
    every twentieth known one in all its forms, five at least, none where there are fewer than 40 pieces in all.
    """
    ends = np.array([(row.known, row.end) for row in rows])
    begins = np.concatenate([[0], ends[:-1, 1]])
    cuts = np.stack([begins, ends[:, 0], ends[:, 0], ends[:, 1]], axis=1)
    lengths = cuts[:, 2] - cuts[:, 0]
    total = int(lengths.sum())
    if total >= _SMALL:
        return cuts
    if shape == "pieces":
        of = np.array([row.piece for row in rows])
        known = np.unique(of[lengths > 0])
        count = max(_FEWEST_INNER, len(known) // 20) if of[-1] + 1 >= _FEW_PIECES else 0
        if count < len(known):
            chosen = known[(2 * np.arange(count) + 1) * len(known) // (2 * max(1, count))]  # evenly spread
            decides = np.isin(of, chosen)
            cuts[decides, 1] = cuts[decides, 0]
        return cuts
    share = min(max(0.05, _ENOUGH_INNER / total), 0.1)
    for piece, length in enumerate(lengths.tolist()):
        first = cuts[piece, 0]
        progress = codec.progress(np.asarray(events[first : first + length], codec.event.dtype))
        whole = np.flatnonzero(np.diff(progress, prepend=0)) + 1  # no character is cut through
        at = min(int(np.searchsorted(whole, length - int(length * share))), len(whole) - 1)
        cuts[piece, 1] = first + (whole[at] if len(whole) else length)
    return cuts


def _told_apart(piece: AbstractPiece) -> bytes:
    """A few bytes that are the same for the same piece."""
    return blake2b(json.dumps(piece.to_json(), sort_keys=True).encode(), digest_size=16).digest()


@final
@dataclass(frozen=True, eq=False)
class Corpus:
    """What is learned, what decides on the way, and what is only ever scored.

    events (N, …): every piece in turn, in each form it is learned in, perhaps in a file · cuts (P, 4): see `_inner_cut`
    · a condition for each form.
    `end` closes each whole piece that is scored, where there is such a symbol; to what is learned the learner adds it.
    """

    events: np.ndarray
    cuts: np.ndarray
    conditions: tuple[Condition, ...]
    end: int | None = None

    @cached_property
    def learned(self) -> tuple[Stretch, ...]:
        """What the network learns from."""
        return self._stretches(0, 1)

    @cached_property
    def inner(self) -> tuple[Stretch, ...]:
        """What a choice is made by (a checkpoint, a weight), so that none is made by what is scored; often nothing."""
        return self._closed(self._stretches(1, 2))

    @cached_property
    def held_out(self) -> tuple[Stretch, ...]:
        """What is only ever scored."""
        return self._closed(self._stretches(2, 3))

    @cached_property
    def known(self) -> tuple[Stretch, ...]:
        """All that is not held out: what is learned, each stretch with the inner part that follows it."""
        return self._stretches(0, 2)

    @property
    def events_learned(self) -> int:
        return sum(len(stretch.events) for stretch in self.learned)

    @property
    def events_inner(self) -> int:
        return sum(len(stretch.events) for stretch in self.inner)

    @property
    def events_held_out(self) -> int:
        return sum(len(stretch.events) for stretch in self.held_out)

    def _closed(self, stretches: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
        return stretches if self.end is None else tuple(_with_end(stretch, self.end) for stretch in stretches)

    def _stretches(self, first: int, last: int) -> tuple[Stretch, ...]:
        """Of each piece what lies between two of its cuts, where anything does."""
        found = []
        for cuts, condition in zip(self.cuts.tolist(), self.conditions, strict=True):
            begin, end = cuts[first], cuts[last]
            if begin < end:
                before = self.events[max(cuts[0], begin - MOST_BEFORE) : begin]
                found.append(Stretch(self.events[begin:end], condition, before))
        return tuple(found)

    @classmethod
    def of(
        cls,
        medium: AbstractMedium,
        pieces: Sequence[AbstractPiece],
        unit: str,
        shape: str,
        old: AbstractCodec | None = None,
    ) -> tuple[Corpus, AbstractCodec]:
        """Split and encoded in memory, and the codec. Raises TooLittleError."""
        split = Split.of(medium, pieces, unit, shape, old)
        return split.encoded(), split.codec

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All but the events as flat arrays."""
        arrays = {"cuts": self.cuts, "end": np.array(-1 if self.end is None else self.end)}
        for number, condition in enumerate(self.conditions):
            arrays |= {f"condition.{number}.{name}": np.asarray(v) for name, v in condition.items()}
        return arrays

    @classmethod
    def read(cls, folder: RunFolder) -> Corpus:
        """The corpus that a run was begun with; its events stay in their file. Raises RunFolderError."""
        arrays = folder.read_arrays(folder.corpus)
        damaged = RunFolderError(
            f"The encoded corpus of the run in '{folder.path}' is damaged, or was written by an older version.",
            "What it learned still plays; to learn on, begin a new run from the files.",
        )
        cuts, end = arrays.get("cuts", np.zeros(0)), arrays.get("end", np.array(-1))
        if cuts.ndim != 2 or cuts.shape[1] != 4 or cuts.dtype.kind not in "iu" or not len(cuts):
            raise damaged
        flat, events = cuts.ravel(), folder.map_array(folder.events)
        whole = events.ndim > 0 and flat[0] == 0 and flat[-1] == len(events) and (np.diff(flat) >= 0).all()
        if not whole or end.shape != () or end.dtype.kind not in "iu":
            raise damaged
        conditions: list[dict[str, np.ndarray]] = [{} for _ in cuts]
        try:
            for key, value in arrays.items():
                if key.startswith("condition."):
                    _, at, name = key.split(".", 2)
                    conditions[int(at)][name] = value
        except (IndexError, ValueError) as error:
            raise damaged from error
        return cls(events, cuts, tuple(map(Condition, conditions)), None if end < 0 else int(end))


def watched_stretches(stretches: Sequence[Stretch], most: int, parts: int = 32) -> list[Stretch]:
    """About `most` events: all where there are no more, else slices spread evenly over each stretch.

    Of very many stretches only every n-th is watched, so that a slice has some length: each must be warmed up first.
    """
    if sum(len(stretch.events) for stretch in stretches) <= most:
        return list(stretches)
    chosen = stretches[:: max(1, len(stretches) * _SLICE // most)]
    total = sum(len(stretch.events) for stretch in chosen)
    watched = []
    for stretch in chosen:
        share = min(len(stretch.events), max(1, len(stretch.events) * most // total))
        count = max(1, min(parts, share // _SLICE))
        if stretch.condition:  # a piece with conditions only makes sense from its start
            count = 1
        size = share // count
        for first in np.linspace(0, len(stretch.events) - size, count, dtype=int):
            before = stretch.events[max(0, first - MOST_BEFORE) : first]
            if first < MOST_BEFORE:
                before = np.concatenate([stretch.before, before])
            watched.append(Stretch(stretch.events[first : first + size], stretch.condition, before))
    return watched


def medium_for(paths: Sequence[str | Path], kind: str) -> tuple[AbstractMedium, list[Path], list[str]]:
    """The medium that reads these files, the files themselves, and how to name them: `builtin:NAME` is looked up.

    Raises UnknownNameError, UsageError.
    """
    names = registry.names("media") if kind == "auto" else (registry.resolve("media", kind),)
    media: list[AbstractMedium] = [registry.load("media", name)() for name in names]
    media.sort(key=lambda medium: medium.tries_anything)  # who takes almost anything is asked last
    if not paths:
        raise UsageError("There is nothing to learn from.", "Name a file: undersong learn mine.txt")
    found: list[Path] = []
    labels = [str(path) for path in paths]
    claimed: AbstractMedium | None = None
    for label in labels:
        if label.startswith(_BUILTIN):
            claimed, builtin = _builtin(media, label.removeprefix(_BUILTIN))
            found += builtin
            continue
        path = Path(label).expanduser()
        found.append(path)
        claimed = claimed or next((m for m in media if m.claims(path)), None)
    if claimed is None:
        claimed = next((m for m in media if m.tries_anything), media[0])
    return claimed, found, labels


def _builtin(media: Sequence[AbstractMedium], name: str) -> tuple[AbstractMedium, tuple[Path, ...]]:
    known: list[str] = []
    for medium in media:
        offered = medium.builtin()
        if name in offered:
            return medium, offered[name]
        known += offered
    raise UnknownNameError(f"There is no built-in material '{name}'.", f"There is: {', '.join(sorted(known))}.")
