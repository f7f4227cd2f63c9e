"""`undersong procedure`: a piece out of pieces by a rule, without learning anything."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.saving import save
from undersong.cli.saying import answer, harmless, next_step, say

if TYPE_CHECKING:
    from undersong.making.procedures import Offered

NAME = "procedure"


def command(
    name: str | None = typer.Argument(None, help="cut_up, erasure …; without it all of them are listed."),
    files: list[str] | None = typer.Argument(
        None, help="What it works on: files or folders; - reads standard input; builtin:tide."
    ),
    seed: int | None = typer.Option(None, "--seed", "-s", min=0, help="The same seed gives the same piece."),
    change: list[str] = typer.Option([], "--set", help="One of its settings: key=value."),
    out: Path | None = typer.Option(None, "--out", "-o", help="Write it to a file; its suffix says in what form."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Cut-ups, erasures, centos: a piece made of your pieces by a rule. Nothing is learned.

    Examples: undersong procedure · undersong procedure cut_up poem.txt news.txt --seed 3
    · undersong procedure erasure page.txt --set letters=lamp
    """
    from undersong.errors import UsageError
    from undersong.making.procedures import offered, proceed

    if name is None:
        found = offered()
        answer([each.to_json() for each in found]) if json else _list(found)
        return
    given = files or []
    if given.count("-") > 1:
        raise UsageError("Standard input can only be read once.", "Save it to a file and name that.")
    made = proceed(name, given, seed, change)
    for note in made.notes:
        say(harmless(note))
    if out is not None:
        save(out, made.piece)
        say(f"Wrote {out}")
    if json:
        answer(made.to_json())
    elif out is None:
        print(harmless(str(made.piece)) if sys.stdout.isatty() else made.piece)
    if not json:
        next_step(f"--seed {made.seed} makes this again; undersong procedure lists all of them and their settings.")


def _list(found: list[Offered]) -> None:
    """Each procedure with its sentence and its settings, for people."""
    for each in found:
        print(harmless(f"{each.name}\n  {each.sentence}"))
        for setting, default, sentence in each.settings:
            print(harmless(f"    {f'{setting}={_shown(default)}':18} {sentence}"))
        print()
    if not found:
        print("No procedures are installed.")
    next_step("undersong procedure cut_up poem.txt makes something of a poem; --set changes a setting.")


def _shown(default: Any) -> str:
    """A default as it would be typed."""
    return str(default).lower() if isinstance(default, bool) else str(default)
