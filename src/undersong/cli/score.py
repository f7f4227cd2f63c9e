"""`undersong score`: how surprising a piece is to an instrument."""

from __future__ import annotations

from pathlib import Path

import typer

from undersong.cli.saying import RUN_HELP, answer, conditions_from, next_step, standard_input

NAME = "score"


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    file: str | None = typer.Argument(None, help="The file to score; - reads standard input."),
    split: str | None = typer.Option(None, "--split", help="valid: what the run held out while it learned."),
    condition: list[str] = typer.Option([], "--condition", help="What it is asked, where it listens: name=JSON."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Nats per event and per character over a file, or over what a run never learned from.

    Examples: undersong score sonnets letter.txt · undersong score --split valid sonnets
    """
    from undersong.errors import UsageError
    from undersong.making.scoring import score_file, score_split

    if (file is None) == (split is None):
        raise UsageError("Name a file to score, or --split valid.", "For example: undersong score sonnets letter.txt")
    if split is not None:
        if split != "valid":
            raise UsageError(f"There is no split '{split}'.", "There is one: valid.")
        found = score_split(run)
    else:
        assert file is not None
        found = score_file(run, standard_input() if file == "-" else Path(file), conditions_from(condition))
    if json:
        answer(found.to_json())
        return
    print(found.score)
    if found.baseline is not None:
        measure = found.score.measure
        print(f"{found.baseline[0]}: {found.baseline[1]:.3f} nats per {measure} over the same")
    next_step("undersong odds shows what it expects after any prompt.")
