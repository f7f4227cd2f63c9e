"""Works that nobody should have learned: as any codec of their medium can hear them, and cut as what is played is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import numpy as np

from undersong.errors import RecipeError, TooLittleError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition, Material
from undersong.making.contenders import Contender
from undersong.making.corpus import Stretch
from undersong.making.learned import Learned

__all__ = ["PARTS", "HeldOut", "Works", "works_for"]

PARTS = 10
"""What a stream plays to be measured comes in so many pieces, and real works are cut alike."""

_WARM = 1024  # events heard before the first that counts: more changes no figure that is printed


@final
@dataclass(frozen=True)
class HeldOut:
    """A piece nobody should have learned, or some of one, as any codec of its medium can hear it.

    `before` is what came right before it, and `ends` says that its end is to be foretold as well.
    """

    piece: AbstractPiece
    condition: Condition
    before: AbstractPiece | None
    ends: bool

    def for_codec(self, codec: AbstractCodec) -> Stretch:
        """Raises PromptError where this codec cannot hold it."""
        events = codec.encode(self.piece)
        if self.ends and codec.end is not None:
            events = np.append(events, np.array(codec.end, events.dtype))
        before = codec.encode(self.before) if self.before is not None else events[:0]
        return Stretch(events, self.condition, before[-_WARM:])


@final
@dataclass(frozen=True)
class Works:
    """What all are held against: works that nobody should have learned, and the codec that they are cut by.

    `whole` where they are pieces with a start and an end, of which none is cut; `total` is how long all of them are.
    """

    label: str
    codec: AbstractCodec
    pieces: tuple[HeldOut, ...]
    whole: bool
    total: int

    def first(self, most: int) -> list[HeldOut]:
        """At most about so much of them, from the front of each."""
        encoded = [self.codec.encode(work.piece) for work in self.pieces]
        chosen: list[HeldOut] = []
        for at, reached in _front(self.codec, encoded, most, self.whole):
            work = self.pieces[at]
            if reached < len(encoded[at]):
                work = replace(work, piece=self.codec.decode(encoded[at][:reached]), ends=False)
            chosen.append(work)
        return chosen

    def cut(self, length: int, parts: int = PARTS) -> list[AbstractPiece]:
        """So much of them as is played, in parts as long: what is cut off at an end is then cut off in all alike."""
        pieces = [work.piece for work in self.first(length)]
        return pieces if self.whole else [part for piece in pieces for part in self._parts(piece, -(-length // parts))]

    def _parts(self, piece: AbstractPiece, each: int) -> Iterator[AbstractPiece]:
        """Parts so long, each from a beginning (of a line, a bar) where one is near; no short rest."""
        events = self.codec.encode(piece)
        progress = np.append(0, self.codec.progress(events))  # before each event
        beginnings = self.codec.beginnings(events)
        at = 0
        while at < len(events) and (not at or progress[-1] - progress[at] >= each // 2):
            stop = max(at + 1, int(np.searchsorted(progress, progress[at] + each, side="right")) - 1)
            yield self.codec.decode(events[at:stop])
            near = beginnings[beginnings >= stop][:1]
            at = int(near[0]) if len(near) and progress[near[0]] - progress[stop] <= each // 4 else stop


def works_for(first: Contender, reference: Learned | None, on: Path | None, most: int) -> Works:
    """The file that was named, or what the first that knows of any held out.

    Raises UsageError, TooLittleError, MissingFileError, UnreadableFileError.
    """
    if on is not None:
        codec = first.instrument.codec if reference is None else reference.codec
        how = first.instrument.facts.get("pieces") or ("auto" if reference and reference.whole else "whole")
        material = first.instrument.medium.read([on], to_learn=False, asked=reference.read if reference else {})
        found, whole = _held_out_file(first.instrument.medium, codec, material, str(how), most)
        label, total = f"'{on.name}'", sum(codec.measure(work.piece) for work in found)
    elif reference is not None:
        codec, whole = reference.codec, reference.whole
        (found, total), label = _held_out_in(reference, most), f"what '{reference.name}' held out"
    else:
        raise UsageError(
            "Nobody here knows what it never learned, so there is nothing to compare them on.",
            "Name a file that none of them learned: --on letter.txt",
        )
    if not sum(codec.measure(work.piece) for work in found):
        raise TooLittleError(f"There is nothing in {label} to compare on.", "Name another file: --on letter.txt")
    return Works(label, codec, tuple(found), whole, total)


def _front(codec: AbstractCodec, pieces: Sequence[np.ndarray], most: int, whole: bool) -> list[tuple[int, int]]:
    """Which of these events (T, …) are at most about `most` of the medium's measure: pieces, and how many of each.

    Of each piece its beginning, in proportion; or, where pieces are whole, some of them, spread evenly. One that alone
    is longer is cut.
    """
    lengths = [int(codec.progress(events)[-1]) if len(events) else 0 for events in pieces]
    total = sum(lengths)
    count = max(1, len(pieces) * most // total) if whole and total > most else len(pieces)
    kept = []
    for at in [number * len(pieces) // count for number in range(count)]:
        share = most if whole or total <= most else max(1, lengths[at] * most // total)
        reached = len(pieces[at])
        if lengths[at] > share:
            reached = int(np.searchsorted(codec.progress(pieces[at]), share, side="right"))
        if reached:
            kept.append((at, reached))
    return kept


def _held_out_in(learned: Learned, most: int) -> tuple[list[HeldOut], int]:
    """What the material holds out, at most about so much of it, and how long all of that is."""
    codec, found, total = learned.codec, [], 0
    stretches = learned.corpus.held_out
    for at, reached in _front(codec, [stretch.events for stretch in stretches], most, learned.whole):
        stretch = stretches[at]
        events = np.asarray(stretch.events[:reached], codec.event.dtype)
        ends = codec.end is not None and len(events) > 0 and bool(events[-1] == codec.end)
        before = codec.decode(np.asarray(stretch.before[-_WARM:], codec.event.dtype)) if len(stretch.before) else None
        found.append(HeldOut(codec.decode(events[: len(events) - ends]), stretch.condition, before, ends))
    for stretch in stretches:
        total += int(codec.progress(stretch.events)[-1]) if len(stretch.events) else 0
    return found, total


def _held_out_file(
    medium: AbstractMedium, codec: AbstractCodec, material: Material, how: str, most: int
) -> tuple[list[HeldOut], bool]:
    """What was read to compare on, at most about so much of it, and whether it was cut into pieces, as those learned.

    Of a very long text only the first part is encoded.
    """
    whole = medium.shape == "pieces"
    with contextlib.suppress(RecipeError):  # a single piece needs no line that parts it from others
        material = medium.cut(material, how)
        whole = whole or material.cut != "whole"
    encoded = [next(codec.encode_in_parts(piece)) for piece in material.pieces]
    found = []
    for at, reached in _front(codec, encoded, most, whole):
        piece = material.pieces[at]
        shown = codec.decode(encoded[at][:reached])
        entire = codec.measure(shown) == codec.measure(piece)
        found.append(
            HeldOut(
                piece if entire else shown, codec.condition(piece), None, whole and entire and codec.end is not None
            )
        )
    return found, whole
