"""`learn` as a person knows it: files in, an instrument out, in the minutes they gave, and nothing lost on the way."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from undersong import registry
from undersong.config import toml_text
from undersong.errors import RunFolderError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, Material
from undersong.keeping.run_folder import RunFolder, new_run_path
from undersong.keeping.writing import write_beside
from undersong.making.baseline import Baseline, NgramBaseline, count_baseline, kept_baseline
from undersong.making.corpus import Corpus, medium_for
from undersong.making.moments import Counted, Observer, Read, Warned
from undersong.making.recipe import Recipe, load_recipe
from undersong.making.run import Run
from undersong.making.samples import three_samples
from undersong.making.teaching import Teacher

__all__ = ["Request", "learn"]


@final
@dataclass(frozen=True)
class Request:
    """What a person asked for: files, and minutes or steps; the minutes count from `began`.

    `should_stop` is asked after every step.
    """

    files: Sequence[str | Path] = ()
    minutes: float | None = None
    steps: int | None = None
    recipe: str | None = None
    changes: Sequence[str] = ()
    out: Path | None = None
    resume: bool = False
    observer: Observer = lambda moment: None
    should_stop: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.monotonic)


def learn(request: Request) -> Run:
    """Learn an instrument into a run folder.

    Raises InputError, UsageError, RunFolderError, KeepingError, LearningError.
    """
    began = request.began
    if request.minutes is not None and not 0 < request.minutes < 1e6:
        raise UsageError("The time to learn must be more than 0 minutes.", "For example --for 10m.")
    if request.steps is not None and request.steps < 1:
        raise UsageError("The number of steps must be at least 1.")
    if request.minutes is not None and request.steps is not None:
        raise UsageError("Learning ends after a time or after some steps, not both.", "Leave out --for or --steps.")
    if request.resume:
        return _resumed(request, began)
    recipe = load_recipe(request.recipe, request.changes)
    medium, paths, labels = medium_for(request.files, recipe.medium)
    folder = RunFolder(request.out) if request.out else None
    if folder is not None:
        _check_free(folder)
    material = medium.read(paths)
    shape = medium.shape if recipe.training.shape == "auto" else recipe.training.shape
    unit = medium.units[0] if recipe.unit == "auto" else recipe.unit
    corpus, codec = Corpus.of(medium, material.pieces, unit, shape)
    folder = folder or RunFolder(new_run_path(_stem(labels)))
    folder.prepare()
    with folder.held():
        _check_free(folder)  # once more: another may have come and gone while this one read
        recipe = recipe.model_copy(update={"medium": medium.kind, "unit": unit})
        recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"shape": shape})})
        facts = {
            "sources": ", ".join(Path(label).name or label for label in labels),
            "licence": recipe.licence or material.licence,
            "minutes": request.minutes,
            "steps": request.steps,
        }
        folder.write_json("private/request.json", facts)
        write_beside(folder.path / "recipe.toml", toml_text(recipe.model_dump()).encode())
        folder.write_arrays(folder.corpus, corpus.to_arrays())
        _tell_read(request.observer, folder, medium, codec, material, corpus, began)
        baseline = _count(request.observer, folder, medium, codec, corpus, recipe, began)
        teacher = Teacher(folder, medium, codec, corpus, baseline, recipe, facts, request.observer, began)
        return _finish(folder, teacher, request)


def _check_free(folder: RunFolder) -> None:
    if folder.exists() and not folder.barely_begun():
        raise RunFolderError(
            f"'{folder.path}' already holds a run.",
            "Go on with it by adding --resume, or choose another folder with --out.",
        )


def _resumed(request: Request, began: float) -> Run:
    folder = RunFolder(request.out) if request.out else None
    if folder is None or not folder.exists():
        raise RunFolderError(
            "There is no run to resume there.", "Name its folder: undersong learn --resume --out runs/NAME"
        )
    if folder.barely_begun():
        raise RunFolderError(
            f"'{folder.path}' was stopped before there was anything to go on from.",
            f"Begin it again: undersong learn FILES --out {shlex.quote(str(folder.path))}",
        )
    _check_resumable(request)
    with folder.held():
        recipe = load_recipe(str(folder.path / "recipe.toml"), request.changes)
        facts = folder.read_json("private/request.json")
        told = folder.read_json("private/codec.json")
        medium: AbstractMedium = registry.load("media", told["medium"])()
        codec: AbstractCodec = registry.load("codecs", told["codec"]["kind"]).from_json(told["codec"])
        corpus = Corpus.from_arrays(folder.read_arrays(folder.corpus))
        baseline = kept_baseline(folder, medium, codec)
        teacher = Teacher(folder, medium, codec, corpus, baseline, recipe, facts, request.observer, began)
        teacher.resume()
        if request.minutes is not None or request.steps is not None:
            teacher.extend(request.minutes, request.steps)
            folder.write_json("private/request.json", teacher.asked)
        return _finish(folder, teacher, request)


_CHANGEABLE = (
    "core.dropout", "training.rate", "training.rate_floor", "training.warm_up", "training.weight_decay",
    "training.clip", "training.precision", "training.keep",
)  # fmt: skip
"""What may be changed on the way; all else would need another network, or another order of the material."""


def _check_resumable(request: Request) -> None:
    if request.files or request.recipe is not None:
        raise UsageError(
            "A run goes on with the material and the recipe it began with.",
            "Leave them out, or begin another run without --resume.",
        )
    for change in request.changes:
        key = change.partition("=")[0].strip()
        if key not in _CHANGEABLE:
            raise UsageError(
                f"'{key}' cannot be changed on the way.",
                f"These can: {', '.join(_CHANGEABLE)}. For the rest begin another run.",
            )


def _finish(folder: RunFolder, teacher: Teacher, request: Request) -> Run:
    finished = teacher.teach(request.should_stop)
    return Run(folder.path, finished.nats, finished.baseline_nats, finished.stopped)


def _stem(labels: Sequence[str]) -> str:
    """What to call a run: the first file's name without its suffix."""
    return Path(labels[0].removeprefix("builtin:")).stem or "run"


def _tell_read(
    observer: Observer,
    folder: RunFolder,
    medium: AbstractMedium,
    codec: AbstractCodec,
    material: Material,
    corpus: Corpus,
    began: float,
) -> None:
    length = sum(codec.measure(piece) for piece in material.pieces)
    moment = Read(
        elapsed=time.monotonic() - began,
        medium=medium.kind,
        measure=medium.measure,
        pieces=len(material.pieces),
        length=length,
        events=corpus.events_learned,
        held_out=corpus.events_held_out,
        symbols=codec.event.count,
        notes=material.notes,
    )
    folder.append_log(moment.to_json())
    observer(moment)
    if corpus.events_learned < 20_000:
        words = (
            f"{length:,} {medium.measure}s are little to learn from: expect echoes of the material more than new work."
            + " Below about 20,000 the n-gram often plays better." * (medium.baseline == "ngram")
        )
        observer(Warned(time.monotonic() - began, words))


def _count(
    observer: Observer,
    folder: RunFolder,
    medium: AbstractMedium,
    codec: AbstractCodec,
    corpus: Corpus,
    recipe: Recipe,
    began: float,
) -> Baseline:
    """Count the baseline and keep it, so that the run can be played before the network has learned anything."""
    baseline = count_baseline(
        medium.baseline, codec, corpus.learned, recipe.training.shape, recipe.ngram.methods, recipe.ngram.orders
    )
    opening = baseline.opening if isinstance(baseline, NgramBaseline) else ()
    told = {"medium": medium.kind, "codec": {"kind": codec.kind, **codec.to_json()}, "opening": list(opening)}
    samples: dict[str, str] = {}
    if isinstance(baseline, NgramBaseline):
        folder.write_arrays(folder.ngram, baseline.ngram.to_arrays())
        chain = baseline.instrument(folder.name, medium, codec)
        samples = three_samples(chain, recipe.seed)
    folder.write_json("private/codec.json", told)  # last: without it a run has barely begun
    nats = baseline.nats(corpus.held_out) / max(1, corpus.events_held_out)
    moment = Counted(time.monotonic() - began, baseline.name, nats, samples)
    folder.append_log(moment.to_json())
    observer(moment)
    return baseline
