"""A run folder: where learning writes, what plays, what may be shared, and what stays private.

    sonnets.undersong    the instrument              model.safetensors config.json recipe.toml README.md
    private/             n-gram counts, samples, log.jsonl, encoded corpus, checkpoint: never shared

Every file is written beside and then renamed, and one process at a time holds the folder.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong.errors import KeepingError, RunFolderError
from undersong.keeping.writing import make_folder, write_beside

__all__ = ["RunFolder", "find_run", "home", "new_run_path", "runs", "search_folders"]

_SUFFIX = ".undersong"


@final
class RunFolder:
    """The files of one run, by what they are for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        printable = "".join(letter for letter in path.resolve().name if letter.isprintable())
        self.name = printable[:100] or "run"

    @property
    def private(self) -> Path:
        return self.path / "private"

    @property
    def instrument(self) -> Path:
        """The file that plays anywhere."""
        return self.path / f"{self.name}{_SUFFIX}"

    @property
    def log(self) -> Path:
        return self.private / "log.jsonl"

    @property
    def ngram(self) -> Path:
        return self.private / "ngram.npz"

    @property
    def corpus(self) -> Path:
        return self.private / "corpus.npz"

    def exists(self) -> bool:
        """Whether a run was ever begun here."""
        return (self.path / "recipe.toml").is_file() or any(self.path.glob(f"*{_SUFFIX}"))

    def barely_begun(self) -> bool:
        """Whether learning was stopped before there was anything to go on from: it may begin here again."""
        begun = (self.private / "request.json").is_file() and not any(self.path.glob(f"*{_SUFFIX}"))
        return begun and not (self.private / "codec.json").is_file()

    def prepare(self) -> None:
        """Make the folders. Raises KeepingError."""
        make_folder(self.private)
        write_beside(self.private / ".gitignore", b"*\n")  # a run folder kept in git keeps this to itself

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against a second learner. Raises RunFolderError when another process has it or none may."""
        try:
            lock = (self.private / "lock").open("a+b")
        except OSError as error:
            raise RunFolderError(
                f"Learning cannot go on in '{self.path}': {error.strerror}.",
                "Name a folder that learning was begun in, or begin there: undersong learn mine.txt --out FOLDER",
            ) from error
        with lock as file:
            if not _lock(file.fileno()):
                raise RunFolderError(
                    f"Another process is learning into '{self.path}'.",
                    "Wait for it, stop it, or choose another folder with --out.",
                )
            yield

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        write_beside(self.path / name, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode())

    def read_json(self, name: str) -> dict[str, Any]:
        """Raises RunFolderError where the file is missing or damaged."""
        try:
            data = json.loads((self.path / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RunFolderError(
                f"'{self.path / name}' cannot be read: {error}.", "Is this a run folder that learning was begun in?"
            ) from error
        if not isinstance(data, dict):
            raise RunFolderError(f"'{self.path / name}' is not what a run folder holds there.")
        return data

    def write_arrays(self, path: Path, arrays: Mapping[str, np.ndarray]) -> None:
        """Arrays as an .npz, without pickle."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **dict(arrays))
        write_beside(path, buffer.getvalue())

    def read_arrays(self, path: Path) -> dict[str, np.ndarray]:
        """Raises RunFolderError where the file is missing or damaged."""
        try:
            with np.load(path, allow_pickle=False) as found:
                return dict(found)
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise RunFolderError(f"'{path}' cannot be read: {error}.") from error

    def append_log(self, record: Mapping[str, Any]) -> None:
        """One more line of log.jsonl. Raises KeepingError."""
        try:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise KeepingError(f"'{self.log}' cannot be added to: {error.strerror}.") from error

    def read_log(self) -> list[dict[str, Any]]:
        """The log so far; a line cut off by a crash is left out."""
        if not self.log.is_file():
            return []
        records = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                continue
        return records

    def changed(self) -> float:
        """When the run was last written to, in seconds since the epoch."""
        files = [self.instrument, self.log, self.path / "recipe.toml"]
        return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def _lock(handle: int) -> bool:
    """Hold a file until it is closed or the process dies, whichever way."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def home() -> Path:
    """Where runs live that are not in ./runs: UNDERSONG_HOME, else the system's place for a user's data."""
    if named := os.environ.get("UNDERSONG_HOME"):
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("undersong", appauthor=False)


def search_folders() -> tuple[Path, ...]:
    """The folders that runs are looked for in, first one first."""
    return Path("runs"), home() / "runs"


def runs() -> list[RunFolder]:
    """Every run that can be found, newest first."""
    found = [
        RunFolder(path)
        for folder in search_folders()
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_dir() and RunFolder(path).exists()
    ]
    return sorted(found, key=lambda run: run.changed(), reverse=True)


def find_run(name: str | None) -> RunFolder | None:
    """The run of that name or path, or the newest; None where there is none."""
    if name is None:
        return next(iter(runs()), None)
    path = Path(name).expanduser()
    candidates = [path, *(folder / name for folder in search_folders())]
    return next((RunFolder(path) for path in candidates if path.is_dir() and RunFolder(path).exists()), None)


def new_run_path(stem: str) -> Path:
    """A folder that no run has yet: ./runs/STEM, STEM-2 …; under `home()` where this folder cannot be written to."""
    here, elsewhere = search_folders()
    parent = here if os.access(here if here.exists() else Path(), os.W_OK) else elsewhere
    clean = "".join(c if c.isalnum() or c in "-_ " else "-" for c in stem).strip("- ") or time.strftime("run-%Y-%m-%d")
    number = 1
    while (path := parent / (clean if number == 1 else f"{clean}-{number}")).exists():
        number += 1
    return path
