"""`undersong pause`, `resume` and `stop`: what a run that is being learned elsewhere may be asked."""

from __future__ import annotations

import difflib
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from undersong.cli.saying import answer, next_step, say

if TYPE_CHECKING:
    from undersong.keeping.control import Ask, State
    from undersong.keeping.run_folder import RunFolder

__all__ = ["VERBS", "Verb"]

_PATIENCE = 15.0  # seconds to wait for an answer: an evaluation comes between two steps
_LOOK_EVERY = 0.05  # seconds
_RUN = typer.Argument(None, help="A run's name or folder; without it the newest that is being learned.")
_JSON = typer.Option(False, "--json", help="Answer as JSON.")
_WAITED_FOR: dict[Ask, tuple[State, ...]] = {
    "pause": ("paused",),
    "resume": ("learning",),
    "stop": ("stopping",),
}


@dataclass(frozen=True)
class Verb:
    """One of several that a file brings, with what `main` wants of each."""

    NAME: str
    command: Callable[..., None]


def pause(run: str | None = _RUN, json: bool = _JSON) -> None:
    """Pause a run that is being learned by another process; what it learned is saved, and its minutes stand still.

    Example: undersong pause sonnets
    """
    _ask("pause", run, json)


def resume(run: str | None = _RUN, json: bool = _JSON) -> None:
    """Let a run go on that was paused. One that was stopped goes on with `undersong learn --resume`.

    Example: undersong resume sonnets
    """
    _ask("resume", run, json)


def stop(run: str | None = _RUN, json: bool = _JSON) -> None:
    """Stop a run that is being learned by another process: it finishes its step, saves, and writes its instrument.

    Example: undersong stop sonnets
    """
    _ask("stop", run, json)


VERBS = (Verb("pause", pause), Verb("resume", resume), Verb("stop", stop))


def _ask(what: Ask, name: str | None, json: bool) -> None:
    from undersong.keeping.control import ask, state_of

    run = _find(name)
    before = state_of(run)
    if before not in ("learning", "paused", "stopping"):
        raise _nothing_learns(run, before)
    ask(run, what)
    state, heard = _wait(run, _WAITED_FOR[what])
    if json:
        answer(
            {"run": run.name, "folder": str(run.path), "asked": what, "before": before, "state": state, "heard": heard}
        )
    else:
        _tell(what, run, before, state, heard)
    if not heard:
        raise typer.Exit(1)


def _find(name: str | None) -> RunFolder:
    """The run that is meant. Raises RunFolderError."""
    from undersong.errors import RunFolderError
    from undersong.keeping.run_folder import find_run, runs

    found = find_run(name) if name is not None else next((run for run in runs() if run.is_held()), None)
    if found is not None:
        return found
    if name is None:
        raise RunFolderError(
            "Nothing is being learned here.", "`undersong list` shows every run, and what became of it."
        )
    known = [run.name for run in runs()]
    near = difflib.get_close_matches(name, known, n=1)
    raise RunFolderError(
        f"There is no run '{name}'.",
        f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known) or 'none yet'}.",
    )


def _nothing_learns(run: RunFolder, state: State) -> Exception:
    from undersong.errors import RunFolderError

    became = {"finished": "it has finished", "stopped": "it was stopped", "interrupted": "it was interrupted"}[state]
    folder = shlex.quote(str(run.path))
    longer = " --for 10m" if state == "finished" else ""
    return RunFolderError(
        f"Nothing is learning in '{run.path}': {became}.",
        f"To learn {'longer' if longer else 'on'}: undersong learn --resume --out {folder}{longer}",
    )


def _wait(run: RunFolder, wanted: tuple[State, ...]) -> tuple[State, bool]:
    """What it does when it has answered, or when patience is at an end; and whether it answered.

    A learner that has ended needs no more answer.
    """
    from undersong.keeping.control import state_of

    until = time.monotonic() + _PATIENCE
    while True:
        state = state_of(run)
        if state in wanted or state not in ("learning", "paused", "stopping"):
            return state, state in wanted or "stopping" in wanted
        if time.monotonic() > until:
            return state, False
        time.sleep(_LOOK_EVERY)


def _tell(what: Ask, run: RunFolder, before: State, state: State, heard: bool) -> None:
    name, folder = shlex.quote(run.name), shlex.quote(str(run.path))
    if state in ("finished", "stopped", "interrupted"):
        say(
            f"'{run.name}' {'has stopped' if state == 'stopped' else f'is {state}'}; its instrument is {run.instrument}"
        )
        next_step(f"undersong sample {name} plays it; undersong learn --resume --out {folder} learns on.")
        return
    if not heard:
        say(
            f"'{run.name}' has not answered within {_PATIENCE:.0f} s: it may be reading, evaluating, or at its end. "
            f"It was asked to {what}, and will at its next step."
        )
        next_step("undersong list shows what it is doing.")
        return
    told: dict[str, tuple[str, str]] = {
        "pause": (
            f"'{run.name}' was paused already." if before == "paused" else f"'{run.name}' is paused, and saved.",
            f"undersong resume {name} lets it go on; undersong sample {name} plays what it knows so far.",
        ),
        "resume": (
            f"'{run.name}' goes on." if before == "paused" else f"'{run.name}' was not paused: it is learning.",
            f"undersong pause {name} · undersong stop {name}",
        ),
        "stop": (
            f"'{run.name}' is stopping: it saves, scores what it knows, and writes its instrument.",
            f"undersong list says when it has; then undersong learn --resume --out {folder} would learn on.",
        ),
    }
    said, then = told[what]
    say(said)
    next_step(then)
