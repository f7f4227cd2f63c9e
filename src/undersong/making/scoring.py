"""Held-out events scored by playing the finished file over them, in one pass, warmed by what came before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import RunFolderError
from undersong.events import AbstractCodec, AbstractMedium, Condition
from undersong.keeping.run_folder import RunFolder, find_run
from undersong.making.baseline import kept_baseline
from undersong.making.corpus import Corpus, Stretch
from undersong.playing.answers import Score
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load

__all__ = ["HeldOutScore", "Scored", "score_file", "score_split", "score_stretches"]

_WARM = 1024  # events heard before the first that counts: more changes no figure that is printed
_BLOCK = 2048  # events between two looks at the clock


@final
@dataclass(frozen=True)
class Scored:
    """An answer to `score`: the instrument's score, and the baseline's name and nats per measure on the same."""

    score: Score
    baseline: tuple[str, float] | None
    split: str | None

    def to_json(self) -> dict[str, Any]:
        name = f"nats_per_{self.score.measure}"
        baseline = None if self.baseline is None else {"name": self.baseline[0], name: self.baseline[1]}
        return {**self.score.to_json(), "baseline": baseline, "split": self.split}


@final
@dataclass(frozen=True)
class HeldOutScore:
    """Total nats over held-out events, and the stretches that were really scored."""

    nats: np.ndarray
    length: int
    stretches: tuple[Stretch, ...]

    @property
    def nats_per_measure(self) -> float:
        return float(self.nats.sum()) / max(1, self.length)

    def as_score(self, measure: str) -> Score:
        return Score(self.nats, self.length, measure)


def score_stretches(
    instrument: Instrument, stretches: Sequence[Stretch], patience: float = float("inf")
) -> HeldOutScore:
    """Score from the front for at most about `patience` seconds; what was not reached is left out, and counted out."""
    began = time.monotonic()
    nats: list[np.ndarray] = []
    scored: list[Stretch] = []
    length = 0
    for stretch in stretches:
        done = 0
        parts = []
        for part in instrument.nats_in_parts(stretch.events, stretch.before[-_WARM:], stretch.condition, _BLOCK):
            parts.append(part)
            done += len(part)
            if time.monotonic() - began > patience:
                break
        nats.append(np.concatenate(parts)[:done] if parts else np.zeros(0))
        reached = replace(stretch, events=stretch.events[:done])
        scored.append(reached)
        length += instrument.codec.measure(instrument.codec.decode(reached.events))
        if time.monotonic() - began > patience:
            break
    return HeldOutScore(np.concatenate(nats), length, tuple(scored))


def score_file(run: str | None, given: Path | str, condition: Mapping[str, Any]) -> Scored:
    """A file, or a piece as it was typed, heard from its start. The baseline is the run's, where there is a run."""
    instrument = load(run)
    medium, codec = instrument.medium, instrument.codec
    pieces = (medium.prompt(given),) if isinstance(given, str) else medium.read([given], to_learn=False).pieces
    stretches = [Stretch(codec.encode(p), Condition(condition or codec.condition(p)), _nothing(codec)) for p in pieces]
    total = score_stretches(instrument, stretches)
    folder = None if run is not None and run.endswith(".undersong") else find_run(run)
    return Scored(total.as_score(medium.measure), _baseline(folder, total), None)


def score_split(run: str | None) -> Scored:
    """What the run held out while it learned, in one pass. Raises RunFolderError."""
    folder = find_run(run)
    if folder is None:
        raise RunFolderError(
            "Only a run folder knows what was held out.", "Name the run, or score a file: undersong score RUN FILE"
        )
    instrument = load(folder.path)
    corpus = Corpus.from_arrays(folder.read_arrays(folder.corpus))
    total = score_stretches(instrument, corpus.held_out)
    return Scored(total.as_score(instrument.medium.measure), _baseline(folder, total), "valid")


def _nothing(codec: AbstractCodec) -> np.ndarray:
    return np.zeros((0, *codec.event.shape), dtype=codec.event.dtype)


def _baseline(folder: RunFolder | None, total: HeldOutScore) -> tuple[str, float] | None:
    """The run's baseline on the same events, where the run kept one."""
    if folder is None or not (folder.private / "codec.json").is_file():
        return None
    told = folder.read_json("private/codec.json")
    medium: AbstractMedium = registry.load("media", told["medium"])()
    codec: AbstractCodec = registry.load("codecs", told["codec"]["kind"]).from_json(told["codec"])
    baseline = kept_baseline(folder, medium, codec)
    return baseline.name, baseline.nats(total.stretches) / max(1, total.length)
