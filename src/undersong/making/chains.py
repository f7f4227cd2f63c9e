"""Markov chains of a person's files: nothing is learned, only looked up, so that they play at once.

Every file or folder handed in is a voice of its own. Several are mixed: each has its own bags, and those who know the
context best are heard by their weights, which are dials. A chain goes line by line (each from its start to its end), or
through works as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import InputError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition, ConditionSpec, Steps
from undersong.keeping.fingerprints import Fingerprints
from undersong.making.chain_sources import By, Source, common_codec, events_of, free, parted, read_sources, shares
from undersong.playing.answers import Sampled
from undersong.playing.chains.bags import MOST_HEARD, Bag, Bags
from undersong.playing.chains.markov import ChainSteps, MarkovSteps, MixedChainSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.dials import checked_settings
from undersong.playing.instrument import Instrument
from undersong.playing.mixtures.mixing import MixedSteps
from undersong.playing.rows import Asked
from undersong.playing.sessions.session import Heard
from undersong.playing.steering import told_apart
from undersong.playing.verbatim import Verbatim, compare
from undersong.randomness import fresh_seed
from undersong.shapes import ArraySpec

__all__ = ["ORDERS", "Chain", "Step", "chain", "chain_of"]

ORDERS: Mapping[str, int] = {"character": 4, "byte": 4}
"""How many symbols are heard when nobody says: with fewer letters there are no words, with more it only copies."""
_ORDER = 2  # of units that are words or pieces of them

_MOST_COUNTED = 8_000_000  # events in all: some 40 bytes each while they are sorted
_MOST_SMOOTHED = 2_000_000  # an n-gram keeps tables for every order
_MOST_ODDS = 2**23  # numbers in the odds of rows played side by side
_NEXT_SEED = 1_000_003  # from a lot of such rows to the next


@final
@dataclass(frozen=True)
class Step:
    """One draw, to be watched: the context (up to the order, oldest first), the bags, and what was drawn.

    There is a bag for each voice that was heard, and what it weighed; a smoothed chain has none. `odds` (V,) are those
    of all voices together, before any dial but their weights.
    """

    context: tuple[int, ...]
    bags: Mapping[str, Bag]
    weights: Mapping[str, float]
    odds: np.ndarray
    drawn: int


@final
@dataclass(frozen=True)
class Chain:
    """A chain of some voices, with what it was made of at hand."""

    instrument: Instrument
    voices: Mapping[str, Steps]
    weights: Mapping[str, float]
    sources: Mapping[str, Source]
    order: int
    unit: str
    by: By
    notes: tuple[str, ...] = ()

    def samples(
        self,
        count: int = 1,
        prompt: str | AbstractPiece = "",
        length: int | None = None,
        seed: int | None = None,
        **dials: Any,
    ) -> list[Sampled]:
        """So many pieces from one seed, as an instrument's `samples`, in lots that fit into memory."""
        seed = fresh_seed() if seed is None else seed
        rows = max(1, _MOST_ODDS // (self.instrument.codec.event.count or 1))
        made: list[Sampled] = []
        for lot, first in enumerate(range(0, count, rows)):
            chosen = (seed + lot * _NEXT_SEED) % 2**63
            made += self.instrument.samples(min(rows, count - first), prompt, length, chosen, **dials)
        return made

    def steps(
        self, sampled: Sampled, prompt: str | AbstractPiece = "", length: int | None = None, **dials: Any
    ) -> Iterator[Step]:
        """How a sample was drawn after that prompt, step by step; the end that ended it is the last one."""
        player = self.instrument
        opening = player.codec.encode(player.medium.prompt(prompt) if isinstance(prompt, str) else prompt)
        settings = checked_settings(player.dials, dials)
        asked, _ = told_apart(player.steering.conditions, None, settings, len(opening))
        at = Asked(player.conditions, asked, 1)
        heard = player.hear(opening, player.begin(asked), asked)
        for event in self._drawn(sampled, length):
            yield self._step(heard, at(heard.count), event)
            heard = player.hear(np.array([event]), heard, asked)

    def _drawn(self, sampled: Sampled, length: int | None) -> list[int]:
        codec, events = self.instrument.codec, sampled.events
        enough = self.instrument.medium.sample_length if length is None else length
        ended = enough > (codec.progress(events)[-1] if len(events) else 0)
        drawn: list[int] = events.tolist()
        return [*drawn, codec.end] if ended and codec.end is not None else drawn

    def _step(self, heard: Heard, condition: Condition, drawn: int) -> Step:
        parameters = self.instrument.steering.steered(heard.parameters, condition)
        weights = {name: float(share[0]) for name, share in self._shares(parameters, condition).items()}
        bags: dict[str, Bag] = {}
        context: tuple[int, ...] = ()
        for name, voice in self.voices.items():
            symbols = heard.state["context" if len(self.voices) == 1 else f"{name}.context"][0].tolist()
            context = max(context, tuple(symbol for symbol in symbols if symbol >= 0), key=len)
            if isinstance(voice, ChainSteps) and weights[name] > 0:
                bags[name] = voice.bags.after(symbols)
        log_odds = parameters["next"][0]
        odds = np.exp(log_odds - log_odds.max())
        return Step(context, bags, {name: weights[name] for name in bags}, odds / odds.sum(), drawn)

    def _shares(self, parameters: Mapping[str, np.ndarray], condition: Condition) -> Mapping[str, np.ndarray]:
        """What each voice weighs in this draw."""
        steps = self.instrument.steps
        if isinstance(steps, MixedChainSteps):
            return dict(zip(self.voices, steps.weights(parameters, condition), strict=True))
        if isinstance(steps, MixedSteps):
            return dict(zip(self.voices, steps.weights(condition), strict=True))
        return {name: np.ones(1) for name in self.voices}

    def copied(self, pieces: Sequence[AbstractPiece]) -> Verbatim:
        """The longest run of these pieces that stands verbatim in the material, and how much of them does."""
        codec = self.instrument.codec
        corpus = [codec.elements(piece) for source in self.sources.values() for piece in source.whole]
        return compare(corpus, [codec.elements(piece) for piece in pieces])


def chain(
    files: Sequence[str | Path],
    unit: str = "",
    order: int | None = None,
    weights: Sequence[float] = (),
    by_line: bool | None = None,
    smooth: bool = False,
    *,
    asked: Mapping[str, Any] | None = None,
    novel: bool = False,
    medium: str = "auto",
) -> Chain:
    """A chain of files, folders and `builtin:NAME`, each a voice.

    `order` symbols are heard; voices weigh the same where no weights are given; without `by_line` it looks itself.
    `asked` says what of the files is read, as a recipe's `[read]` does. `novel` has fingerprints made of them, so that
    the dial `novelty` can hold back what would copy.
    Raises MissingFileError, UnreadableFileError, InputError, UsageError, UnknownNameError.
    """
    if not files:
        raise UsageError("There is nothing to make a chain of.", "Name a file: undersong chain lyrics.txt")
    found, sources, notes = read_sources(files, asked, medium)
    made = chain_of(found, sources, unit, order, weights, by_line, smooth, novel)
    return replace(made, notes=(*notes, *made.notes))


def chain_of(
    medium: AbstractMedium,
    sources: Mapping[str, Sequence[AbstractPiece]],
    unit: str = "",
    order: int | None = None,
    weights: Sequence[float] = (),
    by_line: bool | None = None,
    smooth: bool = False,
    novel: bool = False,
) -> Chain:
    """The same of pieces that are at hand, by the name of each voice."""
    unit = unit or medium.units[0]
    order = ORDERS.get(unit, _ORDER) if order is None else order
    if not 0 <= order <= MOST_HEARD:
        raise UsageError(f"A chain of order {order} cannot be made.", f"Choose an order from 0 to {MOST_HEARD}.")
    shared = shares(list(sources), weights)
    every = [piece for pieces in sources.values() for piece in pieces]
    codec = common_codec(medium, every, unit)
    if not codec.event.is_symbol or codec.event.shape:
        raise InputError(
            f"A chain is made of symbols; '{medium.kind}' has none by the unit '{unit}'.",
            "Learn it instead: undersong learn",
        )
    parts, by = parted(medium, sources, by_line)
    most = (_MOST_SMOOTHED if smooth else _MOST_COUNTED) // len(sources)
    notes, events = [], {}
    for name, source in parts.items():
        events[name], cut = events_of(codec, source.parts, most)
        if cut:
            size = sum(map(len, events[name]))
            notes.append(f"Of '{name}' the first {size:,} events are in the chain; more would not fit.")
    heard: tuple[int, ...] = (int(codec.start),)
    if by == "whole":
        heard = _before_beginnings(codec, list(events.values()), order) or heard
    voices = {name: _voice(codec, of_one, order, by, heard, smooth) for name, of_one in events.items()}
    network = f"a {'smoothed ' if smooth else ''}Markov chain of order {order} by {unit}"
    title = " and ".join(sources)
    alone = Instrument(
        title, medium, codec, registry.load("distributions", codec.distribution["kind"])(codec.event.count),
        next(iter(voices.values())), {"network": network, "name": title},
        fingerprints=Fingerprints.of([codec.elements(piece) for piece in every]) if novel else None,
    )  # fmt: skip
    if len(voices) == 1:
        return Chain(alone, voices, shared, parts, order, unit, by, tuple(notes))
    names: dict[str, str] = {}  # in place of those that are dials already
    for name in voices:
        names[name] = free(name, {*(dial.name for dial in alone.dials), *names.values()})
    voices = {names[name]: voice for name, voice in voices.items()}
    shared = {names[name]: share for name, share in shared.items()}
    parts = {names[name]: source for name, source in parts.items()}
    return Chain(_mixed(alone, voices, shared, smooth), voices, shared, parts, order, unit, by, tuple(notes))


def _mixed(alone: Instrument, voices: Mapping[str, Steps], weights: Mapping[str, float], smooth: bool) -> Instrument:
    """An instrument in which all voices play, in place of the first one alone."""
    first, *others = voices
    specs = tuple(
        ConditionSpec(
            name, ArraySpec(low=0.0, high=1.0, neutral=weights[name]), "event",
            f"How much '{name}' is heard; '{first}' has what the others leave.",
        )
        for name in others
    )  # fmt: skip
    smoothed = MixedSteps(voices, alone.distribution, specs)
    steps = smoothed if smooth else MixedChainSteps(smoothed)
    return Instrument(
        alone.name, alone.medium, alone.codec, alone.distribution, steps, alone.facts,
        steering=steps, fingerprints=alone.fingerprints,
    )  # fmt: skip


def _voice(
    codec: AbstractCodec, parts: Sequence[np.ndarray], order: int, by: By, heard: tuple[int, ...], smooth: bool
) -> Steps:
    size, start = codec.event.count or 0, int(codec.start)
    if not any(len(part) for part in parts):
        raise InputError("There is nothing to make a chain of: the material is empty.", "Hand in some more.")
    if by != "whole" and codec.end is not None:
        parts = [np.append(part, codec.end) for part in parts]
    if smooth:
        counted = count([np.append(start, part) for part in parts], order + 1, size)
        return MarkovSteps(NGram(counted, "kneser-ney"), heard)
    return ChainSteps(Bags.of(parts, order, size), heard, last_resort=by == "piece")  # fields have an order


def _before_beginnings(codec: AbstractCodec, several: Sequence[Sequence[np.ndarray]], most: int) -> tuple[int, ...]:
    """The last few events that stand before every beginning (of a line, a bar) in all voices: as if one had ended."""
    longest = [max(parts, key=len, default=np.zeros(0, np.int64)) for parts in several]
    beginnings = [codec.beginnings(events) if len(events) else events for events in longest]
    common: list[int] = []
    for back in range(1, most + 1):
        before = [events[at[at >= back] - back] for events, at in zip(longest, beginnings, strict=True)]
        if not all(map(len, before)) or len(alike := np.unique(np.concatenate(before))) > 1:
            break
        common.insert(0, int(alike[0]))
    return tuple(common)
