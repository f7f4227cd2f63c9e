"""What stands beside every loss: the n-gram for symbols, one Gaussian for numbers. A medium names its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from undersong.errors import UnknownNameError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import Corpus, Stretch
from undersong.playing.instrument import Instrument
from undersong.playing.loading import markov_instrument
from undersong.playing.ngram import Method, NGram, choose

__all__ = ["Baseline", "NgramBaseline", "OneGaussian", "count_baseline", "kept_baseline"]


class Baseline(Protocol):
    """A simple rival that learned from the same events."""

    @property
    def name(self) -> str: ...

    def nats(self, stretches: Sequence[Stretch]) -> float:
        """The total of -log p over these events."""


@final
@dataclass(frozen=True)
class NgramBaseline:
    """An n-gram, which is also an instrument: it plays within seconds of `learn` starting.

    `opening` is what it hears before a piece begins: the start symbol, or what came before some line of a long work.
    """

    ngram: NGram
    opening: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.ngram.name

    def nats(self, stretches: Sequence[Stretch]) -> float:
        return -sum(
            float(self.ngram.log_prob_each(s.events, before=s.before if len(s.before) else self.opening).sum())
            for s in stretches
        )

    def instrument(self, name: str, medium: AbstractMedium, codec: AbstractCodec) -> Instrument:
        return markov_instrument(name, medium, codec, self.ngram, self.opening)


@final
@dataclass(frozen=True)
class OneGaussian:
    """One normal distribution over all events, whatever came before."""

    mean: np.ndarray
    covariance: np.ndarray
    name: str = "one Gaussian"

    @classmethod
    def of(cls, events: np.ndarray) -> OneGaussian:
        flat = events.reshape(len(events), -1).astype(np.float64)
        return cls(flat.mean(0), np.cov(flat.T).reshape(flat.shape[1], -1) + 1e-6 * np.eye(flat.shape[1]))

    def nats(self, stretches: Sequence[Stretch]) -> float:
        flat = np.concatenate([s.events.reshape(len(s.events), -1) for s in stretches]) - self.mean
        _, log_determinant = np.linalg.slogdet(2 * np.pi * self.covariance)
        return float(0.5 * ((flat @ np.linalg.inv(self.covariance)) * flat).sum() + 0.5 * len(flat) * log_determinant)


def count_baseline(
    kind: str,
    codec: AbstractCodec,
    learned: Sequence[Stretch],
    shape: str,
    methods: Sequence[Method],
    orders: Sequence[int],
) -> Baseline:
    """The medium's baseline, learned. Raises UnknownNameError."""
    events = [stretch.events for stretch in learned]
    if kind == "ngram":
        if shape == "pieces":
            lead, tail = [int(codec.start)], [] if codec.end is None else [codec.end]
            events = [np.array([*lead, *piece, *tail], dtype=np.int64) for piece in events]
        ngram = choose(events, codec.event.count or 0, methods, orders)
        opening = (int(codec.start),) if shape == "pieces" else _before_some_line(codec, events[0], ngram.order - 1)
        return NgramBaseline(ngram, opening)
    if kind == "one_gaussian":
        return OneGaussian.of(np.concatenate(events))
    raise UnknownNameError(f"There is no baseline '{kind}'.", "Known: ngram, one_gaussian.")


def _before_some_line(codec: AbstractCodec, events: np.ndarray, count: int) -> tuple[int, ...]:
    """The few events right before a beginning in the middle of a work."""
    beginnings = codec.beginnings(events)
    at = int(beginnings[len(beginnings) // 2])
    return tuple(int(event) for event in events[max(0, at - count) : at])


def kept_baseline(folder: RunFolder, medium: AbstractMedium, codec: AbstractCodec) -> Baseline:
    """The baseline that a run counted, from its folder. Raises RunFolderError."""
    told = folder.read_json("private/codec.json")
    if medium.baseline == "ngram":
        return NgramBaseline(NGram.from_arrays(folder.read_arrays(folder.ngram)), tuple(told["opening"]))
    return count_baseline(
        medium.baseline, codec, Corpus.from_arrays(folder.read_arrays(folder.corpus)).learned, "", (), ()
    )
