"""`undersong learn`: files in, an instrument out, in the minutes given; Ctrl-C once keeps everything."""

from __future__ import annotations

import json as json_format
import shlex
import time
from pathlib import Path

import typer

from undersong.cli.saying import answer, duration, next_step, say

NAME = "learn"


def command(
    files: list[str] = typer.Argument(
        None, help="Files or folders to learn from; builtin:anthology ships with Undersong."
    ),
    minutes: str | None = typer.Option(None, "--for", help="How long it may take in all: 90s, 10m, 1h (default 10m)."),
    steps: int | None = typer.Option(None, "--steps", min=1, help="Learn for a number of steps instead of minutes."),
    recipe: str | None = typer.Option(None, "--recipe", help="A named recipe, or a .toml file of your own."),
    medium: str | None = typer.Option(None, "--medium", help="What kind of work it is, where the file does not say."),
    unit: str | None = typer.Option(None, "--unit", help="What one event is."),
    fields: str | None = typer.Option(
        None, "--fields", help="Of a table or dictionary: learn these of its fields, each to be asked by any other."
    ),
    speaker: list[str] = typer.Option([], "--speaker", help="Of a chat or a play: learn only what these said."),
    exclude: list[str] = typer.Option([], "--exclude", help="Leave out every line with this word, or /pattern/."),
    change: list[str] = typer.Option([], "--set", help="Change the recipe: core.size=256, training.rows=64 …"),
    out: Path | None = typer.Option(None, "--out", "-o", help="The run folder; runs/NAME when nobody says."),
    origin: str | None = typer.Option(
        None, "--from", help="Go on from a run, a voice that ships or an .undersong file: what it knows is kept."
    ),
    resume: bool = typer.Option(False, "--resume", help="Go on with the run in --out (or the newest)."),
    no_fingerprint: bool = typer.Option(
        False, "--no-fingerprint", help="Leave out what tells copies: nobody can test a guessed passage, or be warned."
    ),
    json: bool = typer.Option(False, "--json", help="Report the end as JSON."),
) -> None:
    """Learn an instrument from your own files.

    Examples: undersong learn sonnets.txt --for 10m · undersong learn letters.txt --from keeper
    """
    began = time.monotonic()  # the minutes include importing torch
    from undersong.cli.screen import screen
    from undersong.cli.stopping import stopping

    run_folder = _newest() if resume and out is None else out
    changes = [*change, *([f"medium={medium}"] if medium else []), *([f"unit={unit}"] if unit else [])]
    changes += ["fingerprint=false"] if no_fingerprint else []
    asked = {"fields": fields.split(",") if fields else [], "speaker": speaker, "exclude": exclude}
    changes += [f"read.{key}={_as_toml(values)}" for key, values in asked.items() if values]
    given = None if minutes is None else duration(minutes)
    try:
        from undersong.making.following import follow, follows
        from undersong.making.learn import Request, learn
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from undersong.errors import MissingExtraError

        raise MissingExtraError("torch", "learn") from error
    if follows():
        follow()
    with stopping() as stop, screen(quiet=json) as show:

        def observe(moment: object) -> None:
            stop.gently = stop.gently or getattr(moment, "what", "") == "planned"
            show(moment)

        run = learn(
            Request(
                files or [], given, steps, recipe, changes, run_folder, resume, origin,
                observer=observe, should_stop=lambda: stop.asked, began=began,
            )
        )  # fmt: skip
    name, folder = shlex.quote(run.folder.name), shlex.quote(str(run.folder))
    if json:
        answer(
            {"folder": str(run.folder), "nats": run.nats, "baseline_nats": run.baseline_nats, "stopped": run.stopped}
        )
    if run.stopped:
        say(f"Stopped where it was; nothing is lost. Go on with: undersong learn --resume --out {folder}")
    next_step(f'undersong sample {name} --prompt "…" plays it; undersong score --split valid {name} scores it.')


def _as_toml(values: list[str]) -> str:
    return json_format.dumps([value.strip() for value in values], ensure_ascii=False)


def _newest() -> Path:
    from undersong.errors import RunFolderError
    from undersong.keeping.run_folder import find_run

    run = find_run(None)
    if run is None:
        raise RunFolderError("There is no run to resume.", "Begin one: undersong learn mine.txt")
    return run.path
