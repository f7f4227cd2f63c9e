"""One run as a person would type it, in a folder of its own, and the row of figures that says what came of it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from measured import timed
from texts import written

__all__ = ["learned", "log_of", "row_of", "undersong"]


def learned(
    text: str, name: str, minutes: float, changes: Sequence[str] = (), origin: Path | None = None
) -> dict[str, Any]:
    """Learn the text for so many minutes by the command line, score what was held out, and forget the run."""
    with tempfile.TemporaryDirectory() as folder:
        file = written(text, Path(folder), name)
        return row_of(file, Path(folder) / "run", minutes, changes, origin)


def row_of(
    files: Path | Sequence[Path],
    out: Path,
    minutes: float,
    changes: Sequence[str] = (),
    origin: Path | None = None,
    more: Sequence[str] = (),
) -> dict[str, Any]:
    """Learn a file or several into a folder, with `more` options of `learn`; the row says what was typed.

    It says how long that took and nats per character. Seconds are those of the command, from its start to the file that
    plays. The whole held-out tenth is then scored in one pass by the finished file, beside its n-gram; as a duet where
    the run is one.
    """
    files = [files] if isinstance(files, Path) else files
    given = [*more, *(f"--set={change}" for change in changes), *([] if origin is None else ["--from", str(origin)])]
    words = ["learn", *map(str, files), "--for", f"{60 * minutes:g}s", "--out", str(out), *given]
    _, seconds = timed(lambda: undersong(*words, "--json"))
    score = json.loads(undersong("score", "--split", "valid", str(out), "--json"))
    log = log_of(out)
    planned = next(moment for moment in log if moment["what"] == "planned")
    finished = next(moment for moment in reversed(log) if moment["what"] == "finished")
    steps = next(moment for moment in reversed(log) if moment["what"] == "evaluated")["step"]
    read = steps * planned["events_per_step"] * score["characters"] / score["events"]
    named = [file.name for file in files]
    typed = ["undersong learn", *named, f"--for {60 * minutes:g}s", *given[: len(more) + len(changes)]]
    return {
        "command": " ".join([*typed, *([] if origin is None else ["--from", origin.name])]),
        "network": planned["network"],
        "weights": planned["weights"],
        "precision": planned["precision"],
        "seconds": round(seconds, 1),
        "steps": steps,
        "characters read": round(read),
        "held out": score["characters"],
        "nats per character": round(score["nats_per_character"], 5),
        "n-gram": score["baseline"]["name"],
        "n-gram nats": round(score["baseline"]["nats_per_character"], 5),
        **_duet(score),
        "kept": finished["kept"],
    }


def _duet(score: Mapping[str, Any]) -> dict[str, float | None]:
    """The figure of both as one, and the n-gram's weight; None where the run plays its network alone."""
    found = score.get("duet")
    if found is None:
        return {"duet nats": None, "n-gram's weight": None}
    return {"duet nats": round(found["nats_per_character"], 5), "n-gram's weight": round(found["weight"], 4)}


def log_of(run: Path) -> list[dict[str, Any]]:
    """Every moment that a run kept."""
    return [json.loads(line) for line in (run / "private/log.jsonl").read_text(encoding="utf-8").splitlines()]


def undersong(*words: str) -> str:
    """Run the command line; its standard output. Where it fails, what it said ends this program."""
    command = [sys.executable, "-m", "undersong", *words]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{' '.join(['undersong', *words])}\n{done.stderr}")
    return done.stdout
