"""`undersong tune`: a recipe for one material, found by trying."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.saying import answer, duration, next_step, say

if TYPE_CHECKING:
    from undersong.making.study import Study, Trial

NAME = "tune"


def command(
    files: list[str] = typer.Argument(..., help="Files or folders to learn from; builtin:anthology ships with it."),
    minutes: str | None = typer.Option(None, "--for", help="How long all trials may take: 10m, 1h (default 30m)."),
    trials: int | None = typer.Option(None, "--trials", min=1, help="How many, at most; a study's earlier ones count."),
    steps: int | None = typer.Option(None, "--steps", min=1, help="Give each trial so many steps, instead of time."),
    recipe: str | None = typer.Option(None, "--recipe", help="Where to begin: a named recipe, or a .toml file."),
    medium: str | None = typer.Option(None, "--medium", help="What kind of work it is, where the file does not say."),
    unit: str | None = typer.Option(None, "--unit", help="What one event is."),
    change: list[str] = typer.Option([], "--set", help="Hold a setting: core.size=256 is then not tuned."),
    out: Path = typer.Option(Path("tuned.toml"), "--out", "-o", help="The recipe; its study lies beside, as .json."),
    resume: bool = typer.Option(False, "--resume", help="Go on with the study beside --out."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Try settings in many short runs, and write the best as a recipe; what `learn` holds out is never looked at.

    Example: undersong tune sonnets.txt --for 30m
    """
    began = time.monotonic()
    from undersong.cli.stopping import stopping

    changes = [*change, *([f"medium={medium}"] if medium else []), *([f"unit={unit}"] if unit else [])]
    given = None if minutes is None else duration(minutes)
    try:
        from undersong.making.tuning import Tuning, tune
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from undersong.errors import MissingExtraError

        raise MissingExtraError("torch", "learn") from error
    with stopping() as stop:

        def observe(trial: Trial, study: Study) -> None:
            stop.gently = True
            if not json:
                best = "" if trial is not study.best else "  (the best so far)" if trial.number else "  (as it stands)"
                say(f"trial {trial.number:>3}  {_figure(trial)}  {_settings(trial)}{best}")

        tuned = tune(
            Tuning(files, given, trials, steps, recipe, changes, out, resume, observe, lambda: stop.asked, began)
        )
    study, first = tuned.study, tuned.study.trials[0]
    if json:
        answer(
            {
                "recipe": str(tuned.recipe), "study": str(study.path), "stopped": tuned.stopped,
                "seconds": study.of["seconds"], "steps": study.of["steps"], "best": study.best.to_json(),
                "defaults": first.to_json(), "trials": [trial.to_json() for trial in study.trials],
            }
        )  # fmt: skip
        return
    _show(study)
    each = f"{study.of['steps']:,} steps" if study.of["steps"] else f"{study.of['seconds']:.0f} s"
    print(
        f"{study.best.nats:.4f} nats per event on an inner held-out part, where the recipe as it stands has "
        f"{first.nats:.4f};\nthe best of {len(study.trials)} trials of {each}, chosen by that part, so it flatters. "
        f"The recipe is {tuned.recipe}"
    )
    words = " ".join(shlex.quote(file) for file in files)
    if tuned.stopped:
        same = ["--resume", "--out", str(out), *(["--recipe", recipe] if recipe else [])]
        same += [word for held in changes for word in ("--set", held)]
        say(f"Stopped; the best so far is kept. Go on with: undersong tune {words} {shlex.join(same)}")
    next_step(f"undersong learn {words} --recipe {shlex.quote(str(tuned.recipe))}")


def _figure(trial: Trial) -> str:
    return f"{trial.nats:.4f}" if trial.ended == "finished" else trial.ended


def _settings(trial: Trial) -> str:
    return ", ".join(f"{key.partition('.')[2]} {value:g}" for key, value in trial.settings.items())


def _show(study: Study) -> None:
    """Every trial, the best first."""
    from rich.console import Console
    from rich.table import Table

    table: Any = Table(box=None, padding=(0, 1), show_header=True, header_style="dim")
    keys = list(study.trials[0].settings)
    for column in ("trial", "nats", *(key.partition(".")[2].replace("_", " ") for key in keys), "steps"):
        table.add_column(column, justify="right")
    for trial in sorted(study.trials, key=lambda trial: (trial.nats, trial.number)):
        settings = (f"{trial.settings[key]:g}" if key in trial.settings else "" for key in keys)
        table.add_row(str(trial.number), _figure(trial), *settings, f"{trial.steps:,}")
    Console().print(table, markup=False)
