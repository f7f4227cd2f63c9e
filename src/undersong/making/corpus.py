"""From a person's files to what is learned and what is held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from undersong import registry
from undersong.errors import RunFolderError, TooLittleError, UnknownNameError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition

__all__ = ["Corpus", "Stretch", "medium_for", "watched_stretches"]

_BUILTIN = "builtin:"
_SLICE = 64  # events, the least that a watched slice should have


@final
@dataclass(frozen=True)
class Stretch:
    """Some events of one piece, what they were made under, and what came right before them."""

    events: np.ndarray
    condition: Condition
    before: np.ndarray


@final
@dataclass(frozen=True)
class Corpus:
    """What is learned, and what is only ever scored."""

    learned: tuple[Stretch, ...]
    held_out: tuple[Stretch, ...]

    @property
    def events_learned(self) -> int:
        return sum(len(stretch.events) for stretch in self.learned)

    @property
    def events_held_out(self) -> int:
        return sum(len(stretch.events) for stretch in self.held_out)

    @classmethod
    def of(
        cls, medium: AbstractMedium, pieces: Sequence[AbstractPiece], unit: str, shape: str
    ) -> tuple[Corpus, AbstractCodec]:
        """Split, and a codec that has seen only what is learned.

        As streams the tail of each piece is held out, as pieces every tenth piece of the list.
        Raises TooLittleError when either side would be empty.
        """
        whole = medium.codec(pieces, unit)
        learned: list[AbstractPiece] = []
        held: list[AbstractPiece] = []
        for number, piece in enumerate(pieces):
            if shape == "pieces":
                (held if number % 10 == 9 else learned).append(piece)
            else:
                events = whole.encode(piece)
                cut = medium.split(piece, events)
                learned.append(whole.decode(events[:cut]))
                held.append(whole.decode(events[cut:]))
        if not learned or not held:
            raise TooLittleError(
                f"{len(pieces)} piece(s) cannot be split into a part to learn and a part to test on.",
                "Ten short pieces, or one longer one, are the least.",
            )
        codec = medium.codec(learned, unit)
        stretches = tuple(_stretch(codec, piece, None) for piece in learned)
        before = [None if shape == "pieces" else stretch for stretch in stretches]
        rest = tuple(_stretch(codec, piece, lead) for piece, lead in zip(held, before, strict=False))
        corpus = cls(stretches, rest)
        if not corpus.events_learned or not corpus.events_held_out:
            raise TooLittleError("There are no events to learn from, or none to test on.")
        return corpus, codec

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as flat arrays: events joined, their lengths, whether each stretch was learned."""
        stretches = [*self.learned, *self.held_out]
        arrays = {
            "events": np.concatenate([s.events for s in stretches]),
            "lengths": np.array([len(s.events) for s in stretches]),
            "learned": np.array(len(self.learned)),
            "continues": np.array([len(s.before) > 0 for s in stretches]),
        }
        for number, stretch in enumerate(stretches):
            arrays |= {f"condition.{number}.{name}": np.asarray(v) for name, v in stretch.condition.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Corpus:
        """The corpus back. Raises RunFolderError where the arrays are not a corpus."""
        try:
            parts = np.split(arrays["events"], np.cumsum(arrays["lengths"])[:-1])
            count = int(arrays["learned"])
            conditions: list[dict[str, np.ndarray]] = [{} for _ in parts]
            for key, value in arrays.items():
                if key.startswith("condition."):
                    _, at, name = key.split(".", 2)
                    conditions[int(at)][name] = value
            stretches = []
            for number, events in enumerate(parts):
                # the n-th held-out tail continues the n-th learned stretch
                before = parts[number - count] if arrays["continues"][number] else events[:0]
                stretches.append(Stretch(events, Condition(conditions[number]), before))
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise RunFolderError("The encoded corpus of this run is damaged.") from error
        return cls(tuple(stretches[:count]), tuple(stretches[count:]))


def _stretch(codec: AbstractCodec, piece: AbstractPiece, lead: Stretch | None) -> Stretch:
    events = codec.encode(piece)
    return Stretch(events, codec.condition(piece), events[:0] if lead is None else lead.events)


def watched_stretches(held_out: Sequence[Stretch], most: int, parts: int = 32) -> list[Stretch]:
    """About `most` held-out events: all where there are no more, else slices spread evenly over each stretch.

    Of very many stretches only every n-th is watched, so that a slice has some length: each must be warmed up first.
    """
    if sum(len(stretch.events) for stretch in held_out) <= most:
        return list(held_out)
    chosen = held_out[:: max(1, len(held_out) * _SLICE // most)]
    total = sum(len(stretch.events) for stretch in chosen)
    watched = []
    for stretch in chosen:
        share = min(len(stretch.events), max(1, len(stretch.events) * most // total))
        count = max(1, min(parts, share // _SLICE))
        if stretch.condition:  # a piece with conditions only makes sense from its start
            count = 1
        size = share // count
        for first in np.linspace(0, len(stretch.events) - size, count, dtype=int):
            before = np.concatenate([stretch.before, stretch.events[:first]])
            watched.append(Stretch(stretch.events[first : first + size], stretch.condition, before))
    return watched


def medium_for(paths: Sequence[str | Path], kind: str) -> tuple[AbstractMedium, list[Path], list[str]]:
    """The medium that reads these files, the files themselves, and how to name them: `builtin:NAME` is looked up.

    Raises UnknownNameError, UsageError.
    """
    names = registry.names("media") if kind == "auto" else (registry.resolve("media", kind),)
    media: list[AbstractMedium] = [registry.load("media", name)() for name in names]
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
