"""Instruments side by side on the same held-out works: how well they foretell, what they play, how much they copy.

A figure alone says little, so real works stand beside all of them: what nobody learned, cut as what is played is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractMedium, AbstractPiece
from undersong.making.contenders import Contender, contenders
from undersong.making.copies import Copies, looked_up
from undersong.making.foretelling import Foretold, above_the_best, foretold
from undersong.making.learned import Learned, learned_from
from undersong.making.neighbours import Neighbours, neighbours
from undersong.making.portraits import distance, is_length, is_name, merged, shares_unseen, told
from undersong.making.samples import play
from undersong.making.works import HeldOut, Works, works_for
from undersong.playing.instrument import Instrument

__all__ = ["Asked", "Comparison", "Row", "compare"]

_SAMPLE = 300  # of the medium's measure, shown of each
_KNOWN = 0.2  # the share of held-out windows in what was learned from which a score is worth little
_MOST_READ = 5_000_000  # of the measure, in which words are looked up


@final
@dataclass(frozen=True)
class Asked:
    """What is compared, and how: `most` of the held-out works is scored, `length` is played by each, in the measure.

    `learned` names files for chains to be counted on, and for copies to be looked up in where a player's own material
    is not at hand; what they hold out is what is heard where no file is named by `on`.
    """

    names: tuple[str, ...]
    on: Path | None = None
    learned: tuple[str, ...] = ()
    length: int = 20_000
    most: int = 20_000
    temperature: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.names:
            raise UsageError("There is nobody to compare.", "Name a run or a voice: undersong compare keeper chain:6")
        for what, number in (("length", self.length), ("most", self.most)):
            if number < 1:
                raise UsageError(f"{what} is {number:,}; 1 is the least.", "About 20,000 make figures that hold.")


@final
@dataclass(frozen=True)
class Row:
    """One of those compared, or the real works: then nothing was foretold, and nothing known before.

    `known` is the share of the held-out works it has learned; `distances` are to the real works; `unseen` the share of
    words, say, that stand neither in what was learned nor in the held-out works.
    """

    name: str
    foretold: Foretold | None
    known: Copies | None
    length: int
    portrait: Mapping[str, np.ndarray] = field(repr=False)
    distances: Mapping[str, float | None]
    unseen: Mapping[str, float]
    copies: Copies | None
    samples: tuple[AbstractPiece, ...]
    neighbours: Neighbours | None = None
    """Of pieces that are whole, where their material is at hand."""

    @property
    def knew(self) -> bool:
        """Whether it has learned so much of what it heard that its score is worth nothing."""
        return _is_known(self.known)

    def to_json(self, measure: str) -> dict[str, Any]:
        shapes = {name: told(numbers) for name, numbers in self.portrait.items()}
        for name, far in self.distances.items():
            shapes[name] |= {"distance": far}
        for name, share in self.unseen.items():
            shapes[name] |= {"unseen": share}
        return {
            "name": self.name,
            "foretold": None if self.foretold is None else self.foretold.to_json(measure),
            "held_out_known": None if self.known is None else self.known.to_json() | {"excerpt": None},
            f"{measure}s": self.length,
            "portrait": shapes,
            "copies": None if self.copies is None else self.copies.to_json(),
            "neighbours": None if self.neighbours is None else self.neighbours.to_json(),
            "samples": [piece.to_json() for piece in self.samples],
        }


@final
@dataclass(frozen=True)
class Comparison:
    """An answer to `compare`: a row for each, and one for real works; `notes` say what a reader must know."""

    asked: Asked
    measure: str
    held_out: str
    real: Row
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "held_out": self.held_out,
            "temperature": self.asked.temperature,
            "seed": self.asked.seed,
            "played": self.asked.length,
            "notes": list(self.notes),
            "real": self.real.to_json(self.measure),
            "rows": [row.to_json(self.measure) for row in self.rows],
        }


def _is_known(found: Copies | None) -> bool:
    return found is not None and found.share >= _KNOWN


def compare(asked: Asked, tell: Callable[[str], object] = str) -> Comparison:
    """Hear the held-out works with each, play with each, and measure both. Some seconds for each.

    Raises UsageError, RunFolderError, InstrumentFileError, MissingFileError, UnreadableFileError, TooLittleError,
    PromptError, DialError.
    """
    material = learned_from(asked.learned, "auto", split=asked.on is None) if asked.learned else None
    everyone = contenders(asked.names, material)
    medium = everyone[0].instrument.medium
    if material is not None:
        everyone = [replace(each, learned=each.learned or material) for each in everyone]
    reference = material or next((each.learned for each in everyone if each.learned is not None), None)
    works = works_for(everyone[0], reference, asked.on, max(asked.most, asked.length))
    heard, real = works.first(asked.most), works.cut(asked.length)
    scores = []
    for each in everyone:
        tell(f"{each.name} hears what was held out …")
        scores.append(foretold(each, heard))
    played = []
    for each in everyone:
        tell(f"{each.name} plays …")
        played.append(play(each.instrument, asked.length, asked.seed, asked.temperature))
    tell("What was played is measured …")
    pieces = [real, *(found.pieces for found in played)]
    portraits = [merged(medium.portrait(piece) for piece in several) for several in pieces]
    unseen = _unseen(everyone, reference, portraits, medium)
    known, copies = looked_up(everyone, reference, [work.piece for work in heard], pieces)
    scores = above_the_best(scores, [not _is_known(found) for found in known])
    nearest = _neighbours(everyone, reference, pieces) if works.whole else [None] * len(pieces)
    rows = [
        Row(
            each.name, scores[at], known[at], played[at].length, portraits[at + 1],
            _distances(portraits[at + 1], portraits[0]), unseen[at + 1], copies[at + 1],
            _shown(each.instrument, played[at].pieces if works.whole else (), asked), nearest[at + 1],
        )
        for at, each in enumerate(everyone)
    ]  # fmt: skip
    halves = [merged(medium.portrait(piece) for piece in real[side::2]) for side in (0, 1)]
    length = sum(map(works.codec.measure, real))
    shown = tuple(works.cut(_SAMPLE, parts=1))
    beside = Row("real", None, None, length, portraits[0], _distances(*halves), unseen[0], copies[0], shown, nearest[0])
    notes = _notes(asked, medium.measure, works, heard, beside, rows)
    return Comparison(asked, medium.measure, works.label, beside, tuple(rows), tuple(notes))


# ── what is played, and how real works look ────────────────────────────────────────────────────────────────────────


def _shown(instrument: Instrument, pieces: Sequence[AbstractPiece], asked: Asked) -> tuple[AbstractPiece, ...]:
    """The first sample of the seed, or, of short pieces, as many of the first as are as long together."""
    codec = instrument.codec
    if not pieces or codec.measure(pieces[0]) >= _SAMPLE:
        return (instrument.sample("", _SAMPLE, asked.seed, temperature=asked.temperature),)
    shown: list[AbstractPiece] = []
    for piece in pieces:
        if shown and sum(map(codec.measure, shown)) + codec.measure(piece) > _SAMPLE:
            break
        shown.append(piece)
    return tuple(shown)


def _distances(portrait: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray]) -> dict[str, float | None]:
    """Of each length, how far it is from that of real works."""
    return {
        name: distance(numbers, real[name]) if name in real else None
        for name, numbers in portrait.items()
        if is_length(numbers)
    }


def _unseen(
    everyone: Sequence[Contender],
    reference: Learned | None,
    portraits: Sequence[Mapping[str, np.ndarray]],
    medium: AbstractMedium,
) -> list[Mapping[str, float]]:
    """For real works and each player the share of words, say, that stand nowhere.

    Of real works: not in what was learned; of what is played: neither there nor in the real works.
    """
    shares: list[Mapping[str, float]] = []
    known: dict[int, Mapping[str, np.ndarray]] = {}
    if not any(is_name(numbers) for portrait in portraits for numbers in portrait.values()):
        return [{} for _ in portraits]
    for at, portrait in enumerate(portraits):
        learned = everyone[at - 1].learned if at else reference
        if learned is None:
            shares.append({})
            continue
        if id(learned) not in known:
            known[id(learned)] = _names_in(learned, medium)
        seen = [known[id(learned)], *([portraits[0]] if at else [])]
        shares += shares_unseen([portrait], seen)
    return shares


def _neighbours(
    everyone: Sequence[Contender], reference: Learned | None, pieces: Sequence[Sequence[AbstractPiece]]
) -> list[Neighbours | None]:
    """Of real works and of each player, in what each learned."""
    owners = [reference, *(each.learned for each in everyone)]
    found: list[Neighbours | None] = [None] * len(pieces)
    for learned in {id(owner): owner for owner in owners if owner is not None}.values():
        rows = [row for row, owner in enumerate(owners) if owner is learned]
        for row, near in zip(rows, neighbours(learned, [pieces[row] for row in rows]), strict=True):
            found[row] = near
    return found


def _names_in(learned: Learned, medium: AbstractMedium) -> dict[str, np.ndarray]:
    """Everything in the material that has a name, each once; of a very long one, of as much as is worth the time."""
    found: dict[str, list[np.ndarray]] = {}
    length = 0
    for piece in (piece for parts in learned.pieces() for piece in parts):
        for kind, names in medium.portrait(piece).items():
            if is_name(names):
                found.setdefault(kind, []).append(names)
        length += learned.codec.measure(piece)
        if length > _MOST_READ:
            break
    return {kind: np.unique(np.concatenate(names)) for kind, names in found.items()}


# ── what a reader must know ────────────────────────────────────────────────────────────────────────────────────────


def _notes(
    asked: Asked, measure: str, works: Works, heard: Sequence[HeldOut], real: Row, rows: Sequence[Row]
) -> list[str]:
    notes = []
    length = sum(works.codec.measure(work.piece) for work in heard)
    if length < works.total:
        notes.append(f"Of {works.label}, {length:,} of {works.total:,} {measure}s were scored; --most asks for more.")
    if real.length < asked.length * 3 // 4:
        notes.append(f"Real works are {real.length:,} {measure}s only: what is said of them is coarse.")
    for row in rows:
        if row.known is None:
            notes.append(f"Nobody can say whether '{row.name}' learned {works.label}: its material is not at hand.")
        elif row.knew:
            said = "" if row.known.exact else "about "
            notes.append(
                f"'{row.name}' learned {said}{row.known.share:.0%} of {works.label}: its score there is worth nothing."
            )
        if row.length < asked.length * 3 // 4:
            notes.append(f"'{row.name}' played {row.length:,} {measure}s only: it ends early.")
    return notes
