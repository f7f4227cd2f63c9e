"""`undersong list`: what there is to play."""

from __future__ import annotations

import time
from typing import Any

import typer

from undersong.cli.saying import answer, harmless, next_step

NAME = "list"


def command(json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Every run that can be found, newest first, and the voices that ship with Undersong.

    Example: undersong list
    """
    from undersong.keeping.run_folder import runs
    from undersong.playing.loading import shipped

    found = [_of_run(run) for run in runs()] + [_of_voice(name, path) for name, path in shipped().items()]
    if json:
        answer(found)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2), show_header=True, header_style="dim")
    for column in ("name", "medium", "network", "nats", "baseline", "learned", "where"):
        table.add_column(column, overflow="fold")
    for row in found:
        table.add_row(
            row["name"], row["medium"], harmless(_voices(row)), _figure(row["nats"]), _figure(row["baseline_nats"]),
            _when(row), row["where"],
        )  # fmt: skip
    Console().print(table, markup=False) if found else print("Nothing yet.")
    next_step("undersong sample NAME plays one of them.")


def _when(row: dict[str, Any]) -> str:
    """When it was learned, and what is to be known about that: it goes on, or it has not come to its end."""
    state = row["state"]
    if state in ("learning", "paused", "stopping"):
        return f"{state} now" if state == "learning" else str(state)
    return f"{row['learned']}, {state}" if state in ("stopped", "interrupted") else str(row["learned"])


def _voices(row: dict[str, Any]) -> str:
    """The network, and whether its n-gram plays with it."""
    if row["duet"] is not None:
        return f"{row['network']}, duet {row['duet']:g}"
    return str(row["network"]) + (", without its n-gram" if row["problem"] and row["medium"] else "")


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _of_run(run: Any) -> dict[str, Any]:
    from undersong.errors import UndersongError
    from undersong.keeping import instrument_file
    from undersong.keeping.control import state_of

    row: dict[str, Any] = {
        "name": run.name, "medium": "", "network": "", "nats": None, "baseline_nats": None,
        "learned": _ago(run.changed()), "state": state_of(run), "where": str(run.path), "duet": None,
        "problem": None,
    }  # fmt: skip
    try:
        if run.instrument.is_file():
            return row | _facts(instrument_file.read(run.instrument)) | _duet(run)
        row["network"] = "n-gram only, so far" if run.ngram.is_file() else "nothing to play yet"
    except UndersongError as error:
        row["network"], row["problem"] = "cannot be read", error.what
    return row


def _duet(run: Any) -> dict[str, Any]:
    """The n-gram's share where network and n-gram play as one, or why the network plays alone."""
    from undersong.errors import RunFolderError
    from undersong.playing.loading import kept_weight

    try:
        weight = kept_weight(run)
    except RunFolderError as error:
        return {"problem": error.what}
    if weight is not None and not run.ngram.is_file():
        return {"problem": f"The run '{run.name}' has no n-gram to play with."}
    return {"duet": weight}


def _of_voice(name: str, path: Any) -> dict[str, Any]:
    from undersong.keeping import instrument_file

    facts = _facts(instrument_file.read(path))
    row = {"name": name, **facts, "learned": "ships with Undersong", "state": "finished", "where": ""}
    return row | {"duet": None, "problem": None}


def _facts(file: Any) -> dict[str, Any]:
    facts = file.description.provenance
    return {
        "medium": file.description.medium.split(".")[0],
        "network": str(facts.get("network", "")),
        "nats": facts.get("nats_per_measure"),
        "baseline_nats": facts.get("baseline_nats"),
    }


def _ago(then: float) -> str:
    seconds = max(0.0, time.time() - then)
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {word}{'s' * (count != 1)} ago"
    return "just now"
