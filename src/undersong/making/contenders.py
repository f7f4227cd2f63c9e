"""Who is compared: runs and voices by name, the halves of a duet, and chains that are counted on the spot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from undersong import registry
from undersong.errors import RunFolderError, UsageError
from undersong.events import AbstractCodec, AbstractPiece, Steps
from undersong.keeping.run_folder import RunFolder, find_run
from undersong.making.learned import Learned, learned_by, shipped_with
from undersong.playing.chains.bags import MOST_HEARD, Bags
from undersong.playing.chains.markov import ChainSteps, MarkovSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load, load_network, load_ngram

__all__ = ["CHAINS", "Contender", "contenders"]

SMOOTH = "smooth"
CHAINS = ("chain", SMOOTH)
"""`chain:6` is a Markov chain that hears 6 symbols, counted on what the first of the others learned from, and
`smooth:6` the same with Kneser-Ney odds, to which nothing is impossible."""

_HALVES = {"network": load_network, "ngram": load_ngram}
_MOST_COUNTED = 8_000_000  # of the measure: some 40 bytes each while they are sorted
_MOST_SMOOTHED = 2_000_000  # an n-gram keeps tables for every order


@final
@dataclass(frozen=True)
class Contender:
    """An instrument under a name of its own, and what it learned from, where that is at hand."""

    name: str
    instrument: Instrument
    learned: Learned | None


def contenders(names: Sequence[str], material: Learned | None) -> list[Contender]:
    """Everyone who was named, in that order. Chains are counted on `material`, or on what another here learned.

    Raises UsageError where they play different media or there is nothing to count on, and what `load` raises.
    """
    found: dict[int, Contender] = {}
    for at, name in enumerate(names):
        if _heard(name) is None:
            found[at] = _loaded(name)
    material = material or next((each.learned for each in found.values() if each.learned is not None), None)
    for at, name in enumerate(names):
        heard = _heard(name)
        if heard is not None:
            found[at] = _counted(name, heard, material)
    everyone = [found[at] for at in range(len(names))]
    first = everyone[0]
    for other in everyone[1:]:
        if other.instrument.medium.kind != first.instrument.medium.kind:
            raise UsageError(
                f"'{first.name}' plays {first.instrument.medium.kind}; '{other.name}' plays "
                f"{other.instrument.medium.kind}: there is nothing to compare them on.",
                "Compare instruments of one medium.",
            )
    return _told_apart(everyone)


def _told_apart(everyone: Sequence[Contender]) -> list[Contender]:
    """Names by which each is known: the short one, unless two have the same."""
    apart: list[Contender] = []
    for each in everyone:
        taken = {other.name for other in apart}
        name, number = each.name, 2
        while name in taken:
            name, number = f"{each.name} ({number})", number + 1
        apart.append(replace(each, name=name))
    return apart


def _loaded(name: str) -> Contender:
    run, _, half = name.rpartition(":")
    if run and half in _HALVES and find_run(name) is None:
        folder = find_run(run)
        if folder is None:
            raise RunFolderError(
                f"There is no run '{run}' whose {half} could play alone.", "undersong list shows what there is."
            )
        return Contender(f"{folder.name}:{half}", _HALVES[half](folder), learned_by(folder))
    folder = None if name.endswith(".undersong") else find_run(name)
    instrument = load(name)
    learned = _material_of(folder, instrument)
    return Contender(instrument.name, instrument, learned)


def _material_of(folder: RunFolder | None, instrument: Instrument) -> Learned | None:
    if folder is not None:
        return learned_by(folder)
    return shipped_with(instrument.facts, instrument.medium)


# ── chains ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _heard(name: str) -> int | None:
    """How many symbols a chain of that name hears; None where it names no chain. Raises UsageError."""
    kind, colon, number = name.partition(":")
    if kind not in CHAINS or not colon or find_run(name) is not None:
        return None
    if not number.isdecimal() or int(number[:4]) > MOST_HEARD:
        raise UsageError(
            f"'{name}' is no chain that can be counted.",
            f"Say how many symbols it hears, 0 to {MOST_HEARD}: {kind}:6",
        )
    return int(number)


def _counted(name: str, heard: int, material: Learned | None) -> Contender:
    if material is None:
        raise UsageError(
            f"There is nothing to count '{name}' on.",
            "Compare it with a run or a voice that ships, or name the files: --learned mine.txt",
        )
    medium, smooth = material.medium, name.startswith(SMOOTH)
    pieces = list(_some(material, _MOST_SMOOTHED if smooth else _MOST_COUNTED))
    codec = medium.codec(pieces, medium.units[0])
    if not codec.event.is_symbol or codec.event.shape or codec.event.count is None:
        raise UsageError(f"'{name}' needs symbols to count; works of '{medium.kind}' have none.", "Leave it out.")
    events, size = [codec.encode(piece) for piece in pieces], codec.event.count
    opening: tuple[int, ...] = (int(codec.start),)
    if not material.whole:
        opening = _before_some_beginning(codec, events[0], heard) or opening
    elif codec.end is not None:
        events = [np.append(each, codec.end) for each in events]
    steps: Steps
    if smooth:
        events = [np.append(codec.start, each) for each in events]
        steps = MarkovSteps(NGram(count(events, heard + 1, size), "kneser-ney"), opening)
    else:
        steps = ChainSteps(Bags.of(events, heard, size), opening)
    distribution = registry.load("distributions", codec.distribution["kind"])(size)
    return Contender(name, Instrument(name, medium, codec, distribution, steps, {"name": name}), material)


def _before_some_beginning(codec: AbstractCodec, events: np.ndarray, most: int) -> tuple[int, ...]:
    """The events right before a beginning (of a line, a bar) in the middle of a work: as if one had just ended."""
    beginnings = codec.beginnings(events)
    at = int(beginnings[len(beginnings) // 2])
    return tuple(events[max(0, at - most) : at].tolist())


def _some(material: Learned, most: int) -> Iterator[AbstractPiece]:
    """What was learned, as much of it as a chain takes."""
    length = 0
    for parts in material.pieces():
        for piece in parts:
            yield piece
            length += material.codec.measure(piece)
            if length > most:
                return
