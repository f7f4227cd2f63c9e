"""What a chain is made of: the files of each voice, their names and weights, and the parts it goes through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal, final

import numpy as np

from undersong.errors import PromptError, RecipeError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Material
from undersong.making.corpus import medium_for

__all__ = ["By", "Source", "common_codec", "events_of", "free", "parted", "read_sources", "shares"]

By = Literal["line", "piece", "whole"]
"""What a chain goes through from a start to an end; of works that are whole it knows no end."""

_MOST_THRICE = 3_000_000  # characters, up to which every symbol gets a place in the vocabulary


@final
@dataclass(frozen=True)
class Source:
    """What a voice is made of: pieces as they were read, and as the chain goes through them."""

    whole: tuple[AbstractPiece, ...]
    parts: tuple[AbstractPiece, ...]


def read_sources(
    files: Sequence[str | Path], asked: Mapping[str, Any] | None, kind: str
) -> tuple[AbstractMedium, dict[str, tuple[AbstractPiece, ...]], list[str]]:
    """The medium, the pieces of each file or folder by a name of its own, and what was read and changed."""
    labels = [str(file) for file in files]
    medium, _, _ = medium_for(labels, kind)
    notes: list[str] = []
    sources: dict[str, tuple[AbstractPiece, ...]] = {}
    for label in labels:
        read = medium.read(medium_for([label], medium.kind)[1], to_learn=False, asked=asked)
        notes += read.notes
        sources[free(_called(label), sources)] = read.pieces
    return medium, sources, notes


def _called(label: str) -> str:
    """A file's name, without what stands for something else in a dial's name."""
    stem = Path(label.removeprefix("builtin:")).expanduser().resolve().stem if label != "-" else "typed"
    return "-".join(stem.replace(".", " ").replace("=", " ").split()).encode("utf-8", "replace").decode() or "voice"


def free(name: str, taken: Collection[str]) -> str:
    """The name, with a number after it where it is taken."""
    number = 1
    while (found := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return found


def shares(names: Sequence[str], weights: Sequence[float]) -> dict[str, float]:
    """What each voice weighs, together 1. Raises UsageError."""
    given = [1.0] * len(names) if not weights else [float(weight) for weight in weights]
    if len(given) != len(names):
        raise UsageError(
            f"There are {len(given)} weights for {len(names)} sources.", "Give one for each, such as --weights 2,1"
        )
    total = sum(given)
    if not all(0 <= weight < float("inf") for weight in given) or not 0 < total < float("inf"):
        raise UsageError("Weights are numbers from 0 on, not all of them 0.", "For example --weights 2,1")
    return {name: weight / total for name, weight in zip(names, given, strict=True)}


def common_codec(medium: AbstractMedium, pieces: Sequence[AbstractPiece], unit: str) -> AbstractCodec:
    """A common vocabulary. Who learns spells out what is rare; a chain has a place for all of it, where that fits.

    So the pieces are handed in often enough for nothing in them to be rare.
    """
    if sum(len(str(piece)) for piece in pieces) <= _MOST_THRICE:
        pieces = [*pieces, *pieces, *pieces]
    return medium.codec(pieces, unit)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def parted(
    medium: AbstractMedium, sources: Mapping[str, Sequence[AbstractPiece]], by_line: bool | None
) -> tuple[dict[str, Source], By]:
    """What each voice goes through, and by what that was cut; it looks itself where `by_line` is None.

    Works in fields stay as they are, and begin and end as they do. Raises UsageError for lines where there are none.
    """
    whole = {name: Source(tuple(pieces), tuple(pieces)) for name, pieces in sources.items()}
    try:
        lines = {name: medium.cut(Material(tuple(pieces), ()), "line").pieces for name, pieces in sources.items()}
    except (RecipeError, PromptError):  # a drawing has none
        lines = {}
    has_lines = bool(lines) and _kinds(lines) <= _kinds(sources)
    if by_line and not has_lines:
        raise UsageError("This material has no lines.", "Leave out --line-starts.")
    if not has_lines:
        return whole, "piece" if lines or (medium.shape == "pieces" and by_line is None) else "whole"
    if by_line is None:
        by_line = not _broken_to_fit([line for several in lines.values() for line in several])
    if not by_line:
        return whole, "whole"
    return {name: Source(tuple(pieces), lines[name]) for name, pieces in sources.items()}, "line"


def _kinds(sources: Mapping[str, Sequence[AbstractPiece]]) -> set[type]:
    return {type(piece) for pieces in sources.values() for piece in pieces}


def _broken_to_fit(lines: Sequence[AbstractPiece]) -> bool:
    """Whether these are lines of prose that was broken where the page ended: a line alone is no thought."""
    shown = [str(line) for line in lines[:20_000]]
    if not shown:
        return False
    begun_small = sum(line[:1].islower() for line in shown) / len(shown)
    return begun_small > 0.35 and median(map(len, shown)) >= 50


def events_of(codec: AbstractCodec, pieces: Sequence[AbstractPiece], most: int) -> tuple[list[np.ndarray], bool]:
    """The pieces as events (T,), and whether they had to be cut off at so many."""
    kept: list[np.ndarray] = []
    left = most
    for piece in pieces:
        parts = []
        for part in codec.encode_in_parts(piece):
            parts.append(part[:left])
            left -= len(parts[-1])
            if len(parts[-1]) < len(part):
                return [*kept, np.concatenate(parts)], True
        kept.append(parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, np.int64), *parts]))
    return kept, False
