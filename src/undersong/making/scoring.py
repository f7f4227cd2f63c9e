"""Held-out events scored by playing the finished file over them, in one pass, warmed by what came before."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import RecipeError, RunFolderError
from undersong.events import AbstractCodec, AbstractMedium, Condition, Material
from undersong.keeping.run_folder import RunFolder, find_run
from undersong.making.baseline import kept_baseline
from undersong.making.corpus import Corpus, Stretch, ended
from undersong.playing.answers import Score
from undersong.playing.instrument import Instrument
from undersong.playing.loading import kept_weight, load, load_network
from undersong.playing.mixtures.mixing import mixed

__all__ = ["HeldOutScore", "Scored", "score_file", "score_split", "score_stretches"]

_WARM = 1024  # events heard before the first that counts: more changes no figure that is printed
_BLOCK = 2048  # events between two looks at the clock


@final
@dataclass(frozen=True)
class Scored:
    """An answer to `score`: the instrument's score, and the name and nats per measure of others on the same events."""

    score: Score
    baseline: tuple[str, float] | None
    split: str | None
    duet: tuple[float, float] | None = None  # the n-gram's weight, and what both as one have

    def to_json(self) -> dict[str, Any]:
        name = f"nats_per_{self.score.measure}"
        baseline = None if self.baseline is None else {"name": self.baseline[0], name: self.baseline[1]}
        duet = None if self.duet is None else {"weight": self.duet[0], name: self.duet[1]}
        return {**self.score.to_json(), "baseline": baseline, "duet": duet, "split": self.split}


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
    """Score from the front for at most about `patience` seconds; what was not reached is left out, and counted out.

    The end of a piece counts as one more of its measure: it had to be foretold, too, and stands for the newline of a
    list, so that a list scored in pieces and as one text has figures that compare.
    """
    began = time.monotonic()
    codec = instrument.codec
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
        length += instrument.codec.measure(instrument.codec.decode(reached.events)) + _ends(codec, reached.events)
        if time.monotonic() - began > patience:
            break
    return HeldOutScore(np.concatenate(nats), length, tuple(scored))


def score_file(run: str | None, given: Path | str, condition: Mapping[str, Any]) -> Scored:
    """A file, or a piece as it was typed, heard from its start. The baseline is the run's, where there is a run."""
    instrument = load(run)
    medium, codec = instrument.medium, instrument.codec
    if isinstance(given, str):
        material = Material((medium.prompt(given),), ("standard input",))
    else:
        material = medium.read([given], to_learn=False, asked=_as_it_was_read(run))
    how = str(instrument.facts.get("pieces", "whole"))
    with contextlib.suppress(RecipeError):  # a single piece needs no line that parts it from others
        material = medium.cut(material, how)
    stretches = [
        Stretch(codec.encode(piece), Condition(condition or codec.condition(piece)), _nothing(codec))
        for piece in material.pieces
    ]
    if how != "whole":
        stretches = [ended(codec, stretch) for stretch in stretches]
    total = score_stretches(instrument, stretches)
    folder = None if run is not None and run.endswith(".undersong") else find_run(run)
    return Scored(total.as_score(medium.measure), _baseline(folder, total), None)


def _as_it_was_read(run: str | None) -> Mapping[str, Any]:
    """What the reader was asked when the run learned, so that another file is read alike."""
    folder = None if run is not None and run.endswith(".undersong") else find_run(run)
    if folder is None or not (folder.private / "read.json").is_file():
        return {}
    return folder.read_json("private/read.json")


def score_split(run: str | None) -> Scored:
    """What the run held out while it learned, in one pass: its network, its baseline, and both as a duet.

    Raises RunFolderError.
    """
    folder = find_run(run)
    if folder is None:
        raise RunFolderError(
            "Only a run folder knows what was held out.", "Name the run, or score a file: undersong score RUN FILE"
        )
    network, weight = load_network(folder), kept_weight(folder)
    total = score_stretches(network, Corpus.read(folder).held_out)
    score, length = total.as_score(network.medium.measure), max(1, total.length)
    if weight is None:
        return Scored(score, _baseline(folder, total), "valid")
    rival = kept_baseline(folder, network.medium, network.codec)
    each = rival.nats_each(total.stretches)
    both = -float(mixed(-total.nats, -each, weight).sum()) / length
    return Scored(score, (rival.name, float(each.sum()) / length), "valid", (weight, both))


def _ends(codec: AbstractCodec, events: np.ndarray) -> int:
    return 0 if codec.end is None else int((events == codec.end).sum())


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
