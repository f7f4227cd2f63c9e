"""`undersong score`: how surprising a piece is to an instrument, and how much of what it plays is copied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undersong.cli.saying import RUN_HELP, answer, conditions_from, harmless, next_step, standard_input

if TYPE_CHECKING:
    from undersong.making.against import Against, Row

NAME = "score"


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    file: str | None = typer.Argument(None, help="The file to score; - reads standard input."),
    split: str | None = typer.Option(None, "--split", help="valid: what the run held out while it learned."),
    against: list[str] = typer.Option(
        [], "--against", help="A corpus to look for copies in: files, a run, or learned: what this run learned from."
    ),
    seed: int = typer.Option(1, "--seed", "-s", min=0, help="Of what is played to be looked up."),
    condition: list[str] = typer.Option([], "--condition", help="What it is asked, where it listens: name=JSON."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Nats per event and per character over a file, or over what a run never learned from; or what it copies.

    Examples: undersong score sonnets letter.txt · undersong score --split valid sonnets
    · undersong score sonnets --against learned
    """
    from undersong.errors import UsageError
    from undersong.making.scoring import score_file, score_split

    if (file is not None) + (split is not None) + bool(against) != 1:
        raise UsageError(
            "Name a file to score, --split valid, or --against a corpus.",
            "For example: undersong score sonnets letter.txt",
        )
    if against:
        from undersong.making.against import score_against

        compared = score_against(run, against, seed)
        answer(compared.to_json()) if json else _show(compared)
        return
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
    if found.duet is not None:
        print(f"both as a duet: {found.duet[1]:.3f} nats per {found.score.measure}, {found.duet[0]:.0%} n-gram")
    next_step("undersong odds shows what it expects after any prompt.")


def _show(compared: Against) -> None:
    """A line for each player: its longest run, and how many of its windows of 20 stand in the corpus."""
    measure, folds = compared.measure, compared.overlooks
    print(f"Against {compared.corpus}, with {compared.length:,} {measure}s of each, seed {compared.seed}.")
    print(f"Longest run in {measure}s · share of 20 {measure}s in a row" + f", and ignoring {folds}" * bool(folds))
    width = max(len(row.name) for row in compared.rows) + 2
    for row in compared.rows:
        played = "" if row.temperature is None else f"at {row.temperature:.2f}, {row.nats:.3f} nats"
        print(f"{harmless(row.name):{width}}{played:22}{_figures(row)}")
    if compared.rows[0].excerpt is not None:
        print(f'Its longest: "{harmless(" ".join(str(compared.rows[0].excerpt).split()))}"')
    next_step("undersong sample says of each piece what it copied, where its file holds fingerprints.")


def _figures(row: Row) -> str:
    both = [row.plain, *([row.folded] if row.folded is not None else [])]
    return "    ".join(f"{found.longest:6,} · {found.share:6.2%}" for found in both)
