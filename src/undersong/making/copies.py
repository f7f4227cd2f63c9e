"""How much of what several play stands in what they learned: exactly where that is at hand, else by fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from undersong.events import AbstractPiece
from undersong.making.contenders import Contender
from undersong.making.fingerprinting import elements_in_parts
from undersong.making.learned import Learned
from undersong.playing.copying import share_of_windows, spans
from undersong.playing.instrument import Instrument
from undersong.playing.verbatim import SIZE, compare_several

__all__ = ["Copies", "looked_up"]


@final
@dataclass(frozen=True)
class Copies:
    """What of some pieces stands in what was learned: the longest run in elements, and how many windows of 20 do.

    `exact` where the material is at hand; by fingerprints alone a little more is found than is there.
    """

    longest: int
    share: float
    exact: bool
    excerpt: AbstractPiece | None = None

    def to_json(self) -> dict[str, Any]:
        excerpt = None if self.excerpt is None else self.excerpt.to_json()
        return {"longest": self.longest, "share": self.share, "exact": self.exact, "excerpt": excerpt}


def looked_up(
    everyone: Sequence[Contender],
    reference: Learned | None,
    heard: Sequence[AbstractPiece],
    pieces: Sequence[Sequence[AbstractPiece]],
) -> tuple[list[Copies | None], list[Copies | None]]:
    """For each player how much of what it heard it has learned, and for real works and each player what is copied.

    `pieces` are those of real works, and of each player. Where there is no material, fingerprints must do.
    """
    known: list[Copies | None] = [None] * len(everyone)
    copies: list[Copies | None] = [None] * len(pieces)
    several = (reference, *(each.learned for each in everyone))
    materials = {id(learned): learned for learned in several if learned is not None}
    for material in materials.values():
        players = [at for at, each in enumerate(everyone) if each.learned is material]
        rows = [at + 1 for at in players] + ([0] if material is reference else [])
        first, *others = _found(material, [heard, *(pieces[row] for row in rows)])
        for at in players:
            known[at] = first
        for row, found in zip(rows, others, strict=True):
            copies[row] = found
    for at, each in enumerate(everyone):
        if each.learned is None and each.instrument.fingerprints is not None:
            known[at], copies[at + 1] = (
                _by_fingerprints(each.instrument, several) for several in (heard, pieces[at + 1])
            )
    return known, copies


def _found(material: Learned, several: Sequence[Sequence[AbstractPiece]]) -> list[Copies]:
    """What of several lists of pieces stands in the material, which goes by once."""
    codec = material.codec
    there = elements_in_parts(codec, material.pieces())
    found = compare_several(there, [[codec.elements(piece) for piece in pieces] for pieces in several])
    made = []
    for exact, pieces in zip(found, several, strict=True):
        span = exact.start, exact.start + exact.longest
        excerpt = codec.excerpt(pieces[exact.piece], *span) if exact.longest else None
        made.append(Copies(exact.longest, exact.share, True, excerpt))
    return made


def _by_fingerprints(instrument: Instrument, pieces: Sequence[AbstractPiece]) -> Copies:
    assert instrument.fingerprints is not None
    longest, inside, windows = 0, 0.0, 0
    excerpt = None
    for piece in pieces:
        elements = instrument.codec.elements(piece)
        found = spans(instrument.fingerprints, elements)
        count = max(0, len(elements) - SIZE + 1)
        inside, windows = inside + share_of_windows(found, len(elements)) * count, windows + count
        top = max(found, key=len, default=None)
        if top is not None and len(top) > longest:
            longest, excerpt = len(top), instrument.codec.excerpt(piece, top.start, top.stop)
    return Copies(longest, inside / max(1, windows), False, excerpt)
