"""A recipe for one material, found by trying: short runs on an inner split, each settings' chances judged by optuna.

What `learn` holds out is never looked at: only what it would learn from is handed to a trial, which splits that again
by the same rule and is judged by what it did not learn from.
"""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, final

from undersong.config import read_toml
from undersong.errors import LearningError, MissingExtraError, RunFolderError, TooLittleError, UsageError
from undersong.events import Material
from undersong.making.corpus import Split, medium_for
from undersong.making.learn import Request, cut_as_asked, learn, shape_of
from undersong.making.moments import Evaluated, Moment
from undersong.making.recipe import Recipe, load_recipe
from undersong.making.study import Study, Trial

__all__ = ["Tuned", "Tuning", "tune"]

_MINUTES = 30.0  # when nobody says
_TRIALS = 20  # which the minutes are shared among, when nobody says
_LEAST = 20.0  # seconds of a trial: less is mostly the measurement at its start
_FIRST = 6  # trials by the dice, before what they tell is of any use
_SURE = 2  # evaluations before a trial may be given up
_QUIET = ("tensorboard=false", 'ngram={orders=[2], methods=["witten-bell"]}')
"""What a trial goes without, for nobody looks at it."""


@final
@dataclass(frozen=True)
class Tuning:
    """What a person asked for; `minutes` are for all trials, `steps` for each.

    `observer` sees every trial as it ends, and the study then; `should_stop` is asked after every step.
    """

    files: Sequence[str | Path]
    minutes: float | None = None
    trials: int | None = None
    steps: int | None = None
    recipe: str | None = None
    changes: Sequence[str] = ()
    out: Path = Path("tuned.toml")
    resume: bool = False
    observer: Callable[[Trial, Study], None] = lambda trial, study: None
    should_stop: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.monotonic)


@final
@dataclass(frozen=True)
class Tuned:
    """Where the recipe and the study lie, what was tried, and whether it was stopped before its end."""

    recipe: Path
    study: Study
    stopped: bool


class _Enough(Exception):
    """A trial need not go on: it has been evaluated to its end, is given up, or somebody asked to stop."""


def tune(tuning: Tuning) -> Tuned:
    """Try settings until the minutes or the trials are used up; write the best as a recipe.

    Raises InputError, UsageError, RunFolderError, KeepingError, MissingExtraError, LearningError.
    """
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise MissingExtraError("optuna", "tune") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = tuning.out.with_suffix(".json")
    if tuning.out.suffix != ".toml":
        raise UsageError(f"'{tuning.out}' is no name for a recipe.", "Give one ending in .toml: --out tuned.toml")
    if not tuning.resume and (path.exists() or tuning.out.exists()):
        raise RunFolderError(
            f"'{path if path.exists() else tuning.out}' is there already.",
            "Go on with its study by adding --resume, or choose another name with --out.",
        )
    minutes, count, seconds = _shares(tuning)
    recipe = load_recipe(tuning.recipe, tuning.changes)
    material = _learned_alone(tuning, recipe)
    common = recipe.model_dump(mode="json", exclude_unset=True)
    of = {"material": _digest(material), "recipe": common, "seconds": seconds, "steps": tuning.steps}
    study = _gone_on_with(path, of) if tuning.resume else Study(path, of)
    given, steps = study.of["seconds"], study.of["steps"]
    until = math.inf if minutes is None else tuning.began + minutes * 60
    runner = _Runner(tuning, material, given, steps)
    stopped = False

    def keep(trial: Trial) -> None:
        """At once: whatever ends the tuning, the best so far is there."""
        study.add(trial)
        study.write_recipe(tuning.out, common)
        tuning.observer(trial, study)

    if not study.trials:
        first = runner.run(0, {}, lambda evaluations: False)
        if first is None:
            raise LearningError(
                "Tuning was stopped before its first trial had come to its end.", "Nothing was written."
            )
        if first.ended == "failed":
            raise LearningError("With the recipe as it stands nothing can be learned.", "Begin with a lower rate.")
        keep(first)
    space = _space(optuna.distributions, study.trials[0].settings, tuning.changes)
    if not space:
        raise UsageError("There is nothing left to tune: every setting is given by --set.", "Leave one of them out.")
    search = _search(optuna, study, space, recipe.seed)
    while len(study.trials) < count and time.monotonic() + (given or 0.0) < until and not stopped:
        asked = search.ask(space)

        def hopeless(evaluations: Sequence[float], asked: Any = asked) -> bool:
            asked.report(evaluations[-1], len(evaluations))
            return bool(asked.should_prune())

        trial = runner.run(len(study.trials), _rounded(asked.params, space), hopeless)
        stopped = trial is None
        if trial is not None:
            states = optuna.trial.TrialState
            if trial.ended == "finished":
                search.tell(asked, trial.nats)
            else:
                search.tell(asked, state=states.PRUNED if trial.ended == "pruned" else states.FAIL)
            keep(trial)
    study.write_recipe(tuning.out, common)
    return Tuned(tuning.out, study, stopped)


def _shares(tuning: Tuning) -> tuple[float | None, float, float | None]:
    """Minutes for all, how many trials at most, and seconds for each (None: as many as its steps take)."""
    minutes = tuning.minutes if tuning.minutes is not None or tuning.steps is not None else _MINUTES
    trials = tuning.trials or (_TRIALS if minutes is None else None)
    if minutes is None:
        assert trials is not None
        return None, trials, None
    if not 3 * _LEAST <= minutes * 60 < 6e7:
        raise UsageError(
            f"{minutes * 60:.0f} s are too little to tune in.", f"Give it {3 * _LEAST:.0f} s at least: --for 30m"
        )
    seconds = None if tuning.steps is not None else max(_LEAST, minutes * 60 / (trials or _TRIALS))
    return minutes, trials or math.inf, seconds


def _learned_alone(tuning: Tuning, recipe: Recipe) -> Material:
    """The material without what `learn` would hold out. Raises TooLittleError."""
    medium, paths, _ = medium_for(tuning.files, recipe.medium)
    unit = medium.units[0] if recipe.unit == "auto" else recipe.unit
    whole = cut_as_asked(medium, medium.read(paths, asked=recipe.read), recipe)
    shape = shape_of(medium, whole, recipe)
    parts = Split.of(medium, whole.pieces, unit, shape).parts
    material = replace(whole, pieces=tuple(piece for known, _ in parts for piece in known))
    try:
        Split.of(medium, material.pieces, unit, shape)
    except TooLittleError as error:
        raise TooLittleError(
            "There is too little material to tune on: what is learned cannot be split once more.",
            "Learn with the settings as they are.",
        ) from error
    return material


def _digest(material: Material) -> str:
    """What tells one material from another, and nothing of it."""
    digest = hashlib.sha256()
    for piece in material.pieces:
        digest.update(json.dumps(piece.to_json()).encode())
    return digest.hexdigest()


def _gone_on_with(path: Path, of: Mapping[str, Any]) -> Study:
    """The study there, if it is of the same material and recipe; what each trial gets stays as it was."""
    study = Study.read(path)
    for what in ("material", "recipe"):
        if study.of.get(what) != of[what]:
            raise RunFolderError(
                f"The study in '{path}' was made with another {what}.",
                "Give the same files, --recipe and --set, or begin another with --out.",
            )
    if of["steps"] is not None and study.of.get("steps") != of["steps"]:
        raise RunFolderError(f"In the study in '{path}' each trial has other steps.", "Leave --steps out to go on.")
    return study


@final
class _Runner:
    """Runs trials: the same `learn` a person would, in a folder that is thrown away, up to its last evaluation."""

    def __init__(self, tuning: Tuning, material: Material, seconds: float | None, steps: int | None) -> None:
        self.tuning, self.material, self.seconds, self.steps = tuning, material, seconds, steps

    def run(
        self, number: int, settings: Mapping[str, float], hopeless: Callable[[Sequence[float]], bool]
    ) -> Trial | None:
        """One trial, given up where it is `hopeless`; None when it was asked to stop."""
        began = time.monotonic()
        evaluations: list[float] = []
        reached, stopped = 0, False
        ended: Literal["finished", "pruned", "failed"] = "finished"
        resolved: Mapping[str, float] = settings

        with tempfile.TemporaryDirectory(prefix="undersong-") as folder:
            out = Path(folder) / "trial"

            def see(moment: Moment) -> None:
                nonlocal reached, ended, resolved
                if not isinstance(moment, Evaluated):
                    return
                evaluations.append(moment.nats)
                reached = moment.step
                resolved = settings or _settled(out)
                if moment.step >= moment.steps:
                    raise _Enough
                if hopeless(evaluations):
                    ended = "pruned"
                    raise _Enough

            def should_stop() -> bool:
                nonlocal stopped
                if self.tuning.should_stop():
                    stopped = True
                    raise _Enough
                return False

            changes = [*self.tuning.changes, *(f"{key}={value}" for key, value in settings.items()), *_QUIET]
            request = Request(
                self.tuning.files, None if self.seconds is None else self.seconds / 60, self.steps, self.tuning.recipe,
                changes, out, material=self.material, observer=see, should_stop=should_stop, began=began,
            )  # fmt: skip
            try:
                learn(request)
            except _Enough:
                pass
            except LearningError:
                ended = "failed"
        if stopped:
            return None
        if ended == "finished" and not (evaluations and all(map(math.isfinite, evaluations))):
            ended = "failed"
        return Trial(number, resolved, tuple(evaluations), reached, time.monotonic() - began, ended)


_KEYS = (
    "core.size", "core.layers", "core.dropout", "training.rate", "training.rows", "training.window",
    "training.weight_decay",
)  # fmt: skip
"""What is tuned, but for what --set holds."""


def _settled(folder: Path) -> dict[str, float]:
    """What the recipe as it stands came to, once nothing in it was left open."""
    recipe = read_toml(folder / "recipe.toml")
    keys = [key for key in _KEYS if key != "training.window" or recipe["training"]["shape"] == "stream"]
    return {key: recipe[key.partition(".")[0]][key.partition(".")[2]] for key in keys}


def _space(kinds: Any, first: Mapping[str, float], changes: Sequence[str]) -> dict[str, Any]:
    """Where each setting may lie: around usual values, and wide enough for the first trial's."""
    whole, real = kinds.IntDistribution, kinds.FloatDistribution

    def between(key: str, low: float, high: float, kind: Any, log: bool) -> Any:
        return kind(min(low, first[key]), max(high, first[key]), log=log)

    ranges = {
        "core.size": (64, 512, whole, True),
        "core.layers": (1, 2, whole, False),
        "core.dropout": (0.0, 0.6, real, False),
        "training.rate": (1e-3, 2e-2, real, True),
        "training.rows": (8, 64, whole, True),
        "training.window": (32, 128, whole, True),
        "training.weight_decay": (0.0, 0.3, real, False),  # may be nothing at all, so no logarithm
    }
    held = {change.partition("=")[0].strip() for change in changes}
    return {key: between(key, *ranges[key]) for key in _KEYS if key in first and key not in held}


def _search(optuna: Any, study: Study, space: Mapping[str, Any], seed: int) -> Any:
    """optuna's study in memory, with every trial so far."""
    search = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=seed + len(study.trials), n_startup_trials=_FIRST),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=_SURE),
    )
    states = optuna.trial.TrialState
    ended = {"finished": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL}
    for trial in study.trials:
        search.add_trial(
            optuna.trial.create_trial(
                state=ended[trial.ended],
                value=trial.nats if trial.ended == "finished" else None,
                params={key: trial.settings[key] for key in space},
                distributions=dict(space),
                intermediate_values=dict(enumerate(trial.evaluations, 1)),
            )
        )
    return search


def _rounded(params: Mapping[str, float], space: Mapping[str, Any]) -> dict[str, float]:
    """Sizes in eights, as machines like them, and no more digits than mean anything."""
    found: dict[str, float] = {}
    for key, value in params.items():
        near = (
            8 * round(value / 8) if key == "core.size" else value if isinstance(value, int) else float(f"{value:.3g}")
        )
        found[key] = min(max(near, space[key].low), space[key].high)
    return found
