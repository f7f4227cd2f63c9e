"""What stands beside every loss: the n-gram for symbols, one Gaussian for numbers. A medium names its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np

from undersong.errors import UnknownNameError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import Corpus, Stretch, watched_stretches
from undersong.playing.chains.ngram import Method, NGram, choose
from undersong.playing.instrument import Instrument
from undersong.playing.loading import markov_instrument

__all__ = ["Baseline", "NgramBaseline", "OneGaussian", "count_baseline", "kept_baseline"]

_MOST_COUNTED = 3_000_000  # events; the counts of orders up to 8 take some 100 bytes each while they are made
_PART = 65_536  # events looked up at a time


class Baseline(Protocol):
    """A simple rival that learned from the same events."""

    @property
    def name(self) -> str: ...

    @property
    def note(self) -> str:
        """What a person should know of how it was counted; mostly nothing."""

    @property
    def told(self) -> dict[str, Any]:
        """What a run folder keeps of it beside its counts."""

    def nats(self, stretches: Sequence[Stretch]) -> float:
        """The total of -log p over these events."""

    def nats_each(self, stretches: Sequence[Stretch]) -> np.ndarray:
        """-log p (T,) of each of these events, one stretch after the other."""


@final
@dataclass(frozen=True)
class NgramBaseline:
    """An n-gram, which is also an instrument: it plays within seconds of `learn` starting.

    `opening` is what it hears before a piece begins: the start symbol, or what came before some line of a long work.
    `counted` is how many events it was counted on, where those are a sample.
    """

    ngram: NGram
    opening: tuple[int, ...]
    counted: int | None = None

    @property
    def name(self) -> str:
        return self.ngram.name if self.counted is None else f"{self.ngram.name} of {self.counted:,} events"

    @property
    def note(self) -> str:
        if self.counted is None:
            return ""
        return f"It was counted on a sample of {self.counted:,} events from all over the material; more would not fit."

    @property
    def told(self) -> dict[str, Any]:
        return {"opening": list(self.opening), "counted": self.counted}

    def nats(self, stretches: Sequence[Stretch]) -> float:
        return float(self.nats_each(stretches).sum())

    def nats_each(self, stretches: Sequence[Stretch]) -> np.ndarray:
        return -np.concatenate([np.zeros(0), *(part for stretch in stretches for part in self._parts(stretch))])

    def _parts(self, stretch: Stretch) -> Iterator[np.ndarray]:
        """log p of a stretch, some events at a time: to look up a million at once would take a gigabyte."""
        before = stretch.before if len(stretch.before) else self.opening
        for first in range(0, len(stretch.events), _PART):
            events = stretch.events[first : first + _PART]
            yield self.ngram.log_prob_each(events, before)
            before = events

    def instrument(self, name: str, medium: AbstractMedium, codec: AbstractCodec) -> Instrument:
        return markov_instrument(name, medium, codec, self.ngram, self.opening)


@final
@dataclass(frozen=True)
class OneGaussian:
    """One normal distribution over all events, whatever came before."""

    mean: np.ndarray
    covariance: np.ndarray
    name: str = "one Gaussian"
    note: str = ""

    @property
    def told(self) -> dict[str, Any]:
        return {"opening": []}

    @classmethod
    def of(cls, events: np.ndarray) -> OneGaussian:
        flat = events.reshape(len(events), -1).astype(np.float64)
        return cls(flat.mean(0), np.cov(flat.T).reshape(flat.shape[1], -1) + 1e-6 * np.eye(flat.shape[1]))

    def nats(self, stretches: Sequence[Stretch]) -> float:
        return float(self.nats_each(stretches).sum())

    def nats_each(self, stretches: Sequence[Stretch]) -> np.ndarray:
        flat = np.concatenate([s.events.reshape(len(s.events), -1) for s in stretches]) - self.mean
        _, log_determinant = np.linalg.slogdet(2 * np.pi * self.covariance)
        each: np.ndarray = 0.5 * ((flat @ np.linalg.inv(self.covariance)) * flat).sum(1) + 0.5 * log_determinant
        return each


def count_baseline(
    kind: str,
    codec: AbstractCodec,
    learned: Sequence[Stretch],
    shape: str,
    methods: Sequence[Method],
    orders: Sequence[int],
) -> Baseline:
    """The medium's baseline, learned; of a large corpus on a sample. Raises UnknownNameError."""
    total = sum(len(stretch.events) for stretch in learned)
    events = [stretch.events for stretch in _sample(learned, total, shape)]
    counted = sum(map(len, events))
    if kind == "ngram":
        if shape == "pieces":
            lead, tail = [int(codec.start)], [] if codec.end is None else [codec.end]
            events = [np.array([*lead, *piece, *tail], dtype=np.int64) for piece in events]
        ngram = choose(events, codec.event.count or 0, methods, orders)
        opening = (int(codec.start),) if shape == "pieces" else _before_some_line(codec, events[0], ngram.order - 1)
        return NgramBaseline(ngram, opening, None if counted == total else counted)
    if kind == "one_gaussian":
        return OneGaussian.of(np.concatenate(events))
    raise UnknownNameError(f"There is no baseline '{kind}'.", "Known: ngram, one_gaussian.")


def _sample(stretches: Sequence[Stretch], total: int, shape: str) -> Sequence[Stretch]:
    """Long runs of events from all over a corpus, or every n-th piece, where there are too many to count them all."""
    if total <= _MOST_COUNTED:
        return stretches
    if shape == "pieces":
        return stretches[:: -(-total // _MOST_COUNTED)]
    return watched_stretches(stretches, _MOST_COUNTED)


def _before_some_line(codec: AbstractCodec, events: np.ndarray, count: int) -> tuple[int, ...]:
    """The few events right before a beginning in the middle of a work."""
    beginnings = codec.beginnings(events)
    at = int(beginnings[len(beginnings) // 2])
    return tuple(int(event) for event in events[max(0, at - count) : at])


def kept_baseline(folder: RunFolder, medium: AbstractMedium, codec: AbstractCodec) -> Baseline:
    """The baseline that a run counted, from its folder. Raises RunFolderError."""
    told = folder.read_json("private/codec.json")
    if medium.baseline == "ngram":
        ngram = NGram.from_arrays(folder.read_arrays(folder.ngram))
        return NgramBaseline(ngram, tuple(told["opening"]), told.get("counted"))
    return count_baseline(medium.baseline, codec, Corpus.read(folder).known, "", (), ())
