"""What one process may ask of another that is learning, through the run folder: to pause, to go on, to stop.

The wish lies in `private/asked.json` until the learner ends; `private/doing.json` is its answer. Whoever begins to hold
the folder forgets both, so that nobody obeys what an earlier learner was asked.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, Literal, final, get_args

from undersong.errors import KeepingError, RunFolderError, UsageError
from undersong.keeping.run_folder import RunFolder
from undersong.keeping.writing import write_beside

__all__ = ["Ask", "Asked", "State", "ask", "asked", "say_doing", "state_of"]

Ask = Literal["pause", "resume", "stop"]
"""What can be asked of a learner."""

State = Literal["learning", "paused", "stopping", "finished", "stopped", "interrupted"]
"""`stopping` still saves and scores; `stopped` was asked to end early, `interrupted` ended without a word."""

_MOST = 4096  # bytes; either file holds a line


def ask(folder: RunFolder, what: Ask) -> None:
    """Ask it of whoever is learning there. Raises RunFolderError where nobody is, UsageError, KeepingError."""
    if what not in get_args(Ask):
        raise UsageError(f"A learner cannot be asked to '{what}'.", f"It can be asked to {', '.join(get_args(Ask))}.")
    if not folder.is_held():
        raise RunFolderError(f"Nothing is learning in '{folder.path}'.")
    _write(folder.asked, {"ask": what, "when": time.time()})


def asked(folder: RunFolder) -> Ask | None:
    """What was asked last of the learner that holds the folder; None where nothing was, or it cannot be read."""
    found = _read(folder.asked).get("ask")
    return next((what for what in get_args(Ask) if what == found), None)


@final
class Asked:
    """What is asked of a learner, for whoever wants to know after every step: the file is read only when it changed."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.seen: tuple[int, ...] | None = None
        self.last: Ask | None = None

    def now(self) -> Ask | None:
        """As `asked`, for the price of a stat."""
        try:
            found = self.folder.asked.stat()
        except OSError:
            self.seen, self.last = None, None
            return None
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen != self.seen:
            self.seen, self.last = seen, asked(self.folder)
        return self.last


def say_doing(folder: RunFolder, doing: Literal["learning", "paused", "stopping"]) -> None:
    """Tell whoever looks; a full disk is no reason to end the learning, so it is then not told."""
    with contextlib.suppress(KeepingError):
        _write(folder.doing, {"doing": doing, "when": time.time()})


def state_of(folder: RunFolder) -> State:
    """What becomes of this run just now, or became of it."""
    if folder.is_held():
        doing = _read(folder.doing).get("doing")
        if doing == "paused":
            return "paused"
        return "stopping" if doing == "stopping" else "learning"
    last = folder.last_logged()
    if last is not None and last.get("what") == "finished":
        return "stopped" if last.get("stopped") else "finished"
    if last is None and not (folder.private / "request.json").is_file():
        return "finished"  # an instrument alone, which was learned elsewhere
    return "interrupted"


def _write(path: Path, told: dict[str, Any]) -> None:
    write_beside(path, (json.dumps(told) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    """What the file holds; nothing where it is missing, damaged or far too long."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_MOST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
