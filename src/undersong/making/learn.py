"""`learn` as a person knows it: files in, an instrument out, in the minutes they gave, and nothing lost on the way."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

from undersong import registry
from undersong.config import toml_text
from undersong.errors import RunFolderError, UsageError
from undersong.events import AbstractCodec, AbstractMedium, Material
from undersong.keeping.run_folder import RunFolder, new_run_path
from undersong.keeping.writing import write_beside
from undersong.learning.training.engine import processes, restarted
from undersong.making.advice import advice
from undersong.making.baseline import Baseline, NgramBaseline, count_baseline, kept_baseline
from undersong.making.corpus import Corpus, Split, medium_for, watched_stretches
from undersong.making.moments import Counted, Observer, Read, Warned
from undersong.making.origin import load_origin
from undersong.making.recipe import Recipe, load_recipe
from undersong.making.run import Run
from undersong.making.samples import three_samples
from undersong.making.teaching import Teacher
from undersong.making.tensorboard import with_tensorboard

__all__ = ["Request", "cut_as_asked", "learn", "shape_of"]

_LOOKED_AT = 200_000  # held-out events by which the n-gram is first judged; the final score plays them all
_MOST_ROWS = 64  # of a batch of short pieces: for names better than 16 and than 128 in the same time


@final
@dataclass(frozen=True)
class Request:
    """What a person asked for: files, and minutes or steps; the minutes count from `began`.

    `origin` is a run, a voice or an instrument file to go on from. `should_stop` is asked after every step.
    """

    files: Sequence[str | Path] = ()
    minutes: float | None = None
    steps: int | None = None
    recipe: str | None = None
    changes: Sequence[str] = ()
    out: Path | None = None
    resume: bool = False
    origin: str | None = None
    material: Material | None = None  # what was read from the files, and cut, where it is to be less than all
    observer: Observer = lambda moment: None
    should_stop: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.monotonic)


def learn(request: Request) -> Run:
    """Learn an instrument into a run folder.

    Raises InputError, UsageError, RunFolderError, KeepingError, LearningError.
    """
    _check(request)
    if restarted() and _has_begun(request.out):
        # whoever starts the processes says the same words again after one of them died
        same = replace(request, files=(), minutes=None, steps=None, recipe=None, changes=(), origin=None, resume=True)
        return _resumed(same)
    return _resumed(request) if request.resume else _begun(request)


def _check(request: Request) -> None:
    if request.minutes is not None and not 0 < request.minutes < 1e6:
        raise UsageError("The time to learn must be more than 0 minutes.", "For example --for 10m.")
    if request.steps is not None and request.steps < 1:
        raise UsageError("The number of steps must be at least 1.")
    if request.minutes is not None and request.steps is not None:
        raise UsageError("Learning ends after a time or after some steps, not both.", "Leave out --for or --steps.")
    if processes() > 1 and request.out is None:
        raise UsageError("Processes that learn together must be told where.", "Name the run's folder with --out.")


def _has_begun(out: Path | None) -> bool:
    return out is not None and RunFolder(out).exists() and not RunFolder(out).barely_begun()


def _begun(request: Request) -> Run:
    """A new run."""
    recipe = load_recipe(request.recipe, request.changes)
    medium, paths, labels = medium_for(request.files, recipe.medium)
    origin = None if request.origin is None else load_origin(request.origin)
    if origin is not None:
        origin.check_medium(medium)
        recipe = origin.followed(recipe)
    if recipe.layout:
        medium.bound((), ".html", recipe.layout)  # a layout that is not there is told before anything is learned
    folder = RunFolder(request.out) if request.out else None
    if folder is not None:
        _check_free(folder)
    material = request.material or cut_as_asked(medium, medium.read(paths, asked=recipe.read), recipe)
    shape = shape_of(medium, material, recipe)
    if origin is not None:
        unit = origin.unit(medium, recipe.unit)
    else:
        unit = medium.units[0] if recipe.unit == "auto" else recipe.unit
    split = Split.of(medium, material.pieces, unit, shape, None if origin is None else origin.codec)
    pieces, length = len(material.pieces), split.length
    material = replace(material, pieces=())  # a large text is not held longer than it must be
    folder = folder or RunFolder(new_run_path(_stem(labels)))
    folder.prepare()
    with folder.held():
        _check_free(folder)  # once more: another may have come and gone while this one read
        codec, corpus = split.codec, split.encoded(folder)
        del split
        training = recipe.training.model_copy(update={"shape": shape, **_rows(recipe, corpus, shape)})
        known = {"medium": medium.kind, "unit": unit, "pieces": material.cut, "training": training}
        recipe = recipe.model_copy(update=known)
        facts = {
            "sources": ", ".join(Path(label).name or label for label in labels),
            "licence": recipe.licence or material.licence,
            "minutes": request.minutes,
            "steps": request.steps,
        }
        if origin is not None:
            facts |= {"origin": str(origin), "origin_place": str(origin.place)}
        folder.write_json("private/request.json", facts)
        if recipe.read:  # names and words to leave out are nobody else's business
            folder.write_json("private/read.json", recipe.read)
        else:
            (folder.private / "read.json").unlink(missing_ok=True)  # of a run that had barely begun here
        shared = recipe.model_dump(exclude_unset=True, exclude={"read"})
        write_beside(folder.path / "recipe.toml", toml_text(shared).encode())
        began = request.began
        _tell_read(request.observer, folder, medium, codec, material, pieces, length, corpus, shape, began)
        baseline = _count(request.observer, folder, medium, codec, corpus, recipe, began)
        observer = with_tensorboard(request.observer, folder, recipe.tensorboard)
        teacher = Teacher(folder, medium, codec, corpus, baseline, recipe, facts, observer, began, origin)
        return _finish(folder, teacher, request)


def _check_free(folder: RunFolder) -> None:
    if folder.exists() and not folder.barely_begun():
        raise RunFolderError(
            f"'{folder.path}' already holds a run.",
            "Go on with it by adding --resume, or choose another folder with --out.",
        )


def _resumed(request: Request) -> Run:
    """The run in the folder named, from its last checkpoint."""
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
        corpus = Corpus.read(folder)
        baseline = kept_baseline(folder, medium, codec)
        observer = with_tensorboard(request.observer, folder, recipe.tensorboard)
        origin = None  # the run's own checkpoint takes over, once there is one
        if "origin_place" in facts and not (folder.private / "last.safetensors").is_file():
            origin = load_origin(facts["origin_place"])
        teacher = Teacher(
            folder, medium, codec, corpus, baseline, recipe, facts, observer, request.began, origin, resume=True
        )
        if request.minutes is not None or request.steps is not None:
            teacher.extend(request.minutes, request.steps)
            folder.write_json("private/request.json", teacher.asked)
        return _finish(folder, teacher, request)


_CHANGEABLE = (
    "core.dropout", "training.rate", "training.muon", "training.rate_floor", "training.warm_up",
    "training.weight_decay", "training.clip", "training.precision", "training.keep", "tensorboard", "fingerprint",
)  # fmt: skip
"""What may be changed on the way; all else would need another network, or another order of the material."""


def _check_resumable(request: Request) -> None:
    if request.files or request.recipe is not None or request.origin is not None:
        raise UsageError(
            "A run goes on with the material and the recipe it began with, and from where it is.",
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


def shape_of(medium: AbstractMedium, material: Material, recipe: Recipe) -> str:
    """How the material is learned: as the recipe says, else as the medium does, unless it was cut."""
    if recipe.training.shape != "auto":
        return recipe.training.shape
    return medium.shape if material.cut == "whole" else "pieces"


def cut_as_asked(medium: AbstractMedium, material: Material, recipe: Recipe) -> Material:
    """The material cut as the recipe says, or as it looks where neither the cut nor the shape is asked for."""
    how, shape = recipe.pieces, recipe.training.shape
    if how == "auto" and shape == "stream":
        how = "whole"
    if how == "auto" and shape == "pieces" and len(material.pieces) > 1:
        how = "file"
    return medium.cut(material, how)


def _rows(recipe: Recipe, corpus: Corpus, shape: str) -> dict[str, int]:
    """More rows of a batch for short pieces, which would leave it nearly empty, unless somebody said how many."""
    training, usual = recipe.training, corpus.events_learned / len(corpus.learned)
    if shape != "pieces" or "rows" in training.model_fields_set or usual >= training.window:
        return {}
    return {"rows": min(_MOST_ROWS, round(training.window * training.rows / usual))}


def _stem(labels: Sequence[str]) -> str:
    """What to call a run: the first file's name without its suffix."""
    return "stdin" if labels[0] == "-" else Path(labels[0].removeprefix("builtin:")).stem or "run"


def _tell_read(
    observer: Observer,
    folder: RunFolder,
    medium: AbstractMedium,
    codec: AbstractCodec,
    material: Material,
    pieces: int,
    length: int,
    corpus: Corpus,
    shape: str,
    began: float,
) -> None:
    moment = Read(
        elapsed=time.monotonic() - began,
        medium=medium.kind,
        measure=medium.measure,
        pieces=pieces,
        length=length,
        events=corpus.events_learned,
        held_out=corpus.events_held_out,
        symbols=codec.event.count,
        notes=material.notes,
    )
    folder.append_log(moment.to_json())
    observer(moment)
    if words := advice(medium, corpus, length, shape):
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
        medium.baseline, codec, corpus.known, recipe.training.shape, recipe.ngram.methods, recipe.ngram.orders
    )
    told = {"medium": medium.kind, "codec": {"kind": codec.kind, **codec.to_json()}, **baseline.told}
    samples: dict[str, str] = {}
    if isinstance(baseline, NgramBaseline):
        folder.write_arrays(folder.ngram, baseline.ngram.to_arrays())
        chain = baseline.instrument(folder.name, medium, codec)
        samples = three_samples(chain, recipe.seed)
    folder.write_json("private/codec.json", told)  # last: without it a run has barely begun
    looked_at = watched_stretches(corpus.held_out, _LOOKED_AT)
    nats = baseline.nats(looked_at) / max(1, sum(len(stretch.events) for stretch in looked_at))
    moment = Counted(time.monotonic() - began, baseline.name, nats, samples, baseline.note)
    folder.append_log(moment.to_json())
    observer(moment)
    return baseline
