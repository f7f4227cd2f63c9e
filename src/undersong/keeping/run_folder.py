"""A run folder: where learning writes, what plays, what may be shared, and what stays private.

    sonnets.undersong    the instrument              model.safetensors config.json recipe.toml README.md
    private/             n-gram counts, samples, log.jsonl, encoded corpus, checkpoint: never shared

Every file is written beside and then renamed, and one process at a time holds the folder. What others may ask of that
process, and what it is doing, stands in `control.py`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np

from undersong.errors import KeepingError, RunFolderError
from undersong.keeping.writing import make_folder, write_beside

__all__ = ["RunFolder", "find_run", "home", "new_run_path", "runs", "search_folders"]

_SUFFIX = ".undersong"
_HOLD_PATIENCE = 0.3  # seconds: who only looks whether a folder is held has it for an instant
_BLOCK = 65_536  # bytes of the log that are looked at at once, from its end


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
    def asked(self) -> Path:
        """What another process asks of the one that holds the folder."""
        return self.private / "asked.json"

    @property
    def doing(self) -> Path:
        """What the process that holds the folder says it is doing, where that is not simply learning."""
        return self.private / "doing.json"

    @property
    def checkpoint(self) -> Path:
        """Where learning goes on from."""
        return self.private / "last.safetensors"

    @property
    def ngram(self) -> Path:
        return self.private / "ngram.npz"

    @property
    def corpus(self) -> Path:
        """Where each piece of `events` begins and ends, and what it was made under."""
        return self.private / "corpus.npz"

    @property
    def events(self) -> Path:
        """The material as events, every piece in turn."""
        return self.private / "events.npy"

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

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against a second learner; what was asked of an earlier one is forgotten.

        Raises RunFolderError when another process has it or none may.
        """
        try:
            lock = (self.private / "lock").open("a+b")
        except OSError as error:
            raise RunFolderError(
                f"Learning cannot go on in '{self.path}': {error.strerror}.",
                "Name a folder that learning was begun in, or begin there: undersong learn mine.txt --out FOLDER",
            ) from error
        with lock as file:
            until = time.monotonic() + _HOLD_PATIENCE
            while not _lock(file.fileno()):
                if time.monotonic() > until:
                    raise RunFolderError(
                        f"Another process is learning into '{self.path}'.",
                        "Wait for it, stop it, or choose another folder with --out.",
                    )
                time.sleep(0.02)
            self._forget()
            try:
                yield
            finally:
                self._forget()

    def is_held(self) -> bool:
        """Whether a process is learning into this folder now."""
        try:
            with (self.private / "lock").open("rb") as file:
                return not _lock(file.fileno(), only_look=True)
        except OSError:
            return False

    def _forget(self) -> None:
        for path in (self.asked, self.doing):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

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

    def write_rows(self, path: Path, parts: Iterable[np.ndarray]) -> None:
        """One long array as an .npy, some rows at a time as they come; there must be one part at least."""

        def write(file: BinaryIO) -> None:
            rest = iter(parts)
            first = next(rest)
            header = np.lib.format.header_data_from_array_1_0(first)
            np.lib.format.write_array_header_1_0(file, header)
            rows = 0
            for part in itertools.chain([first], rest):
                file.write(np.ascontiguousarray(part).data)
                rows += len(part)
            file.seek(0)  # numpy leaves room in a header for the number of rows, which is only known now
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (rows, *header["shape"][1:])})

        write_beside(path, write)

    def map_array(self, path: Path) -> np.ndarray:
        """An array that stays in its file and is read as it is used. Raises RunFolderError."""
        try:
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise RunFolderError(f"'{path}' cannot be read: {error}.") from error

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
            # a path of bytes that are no UTF-8 holds surrogates, for which JSON has an escape of the same form
            with self.log.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise KeepingError(f"'{self.log}' cannot be added to: {error.strerror}.") from error

    def read_log(self) -> list[dict[str, Any]]:
        """The log so far; a line cut off by a crash is left out."""
        if not self.log.is_file():
            return []
        return _records(self.log.read_bytes())

    def last_logged(self) -> dict[str, Any] | None:
        """The last whole record of the log, without reading what came long before it."""
        try:
            with self.log.open("rb") as file:
                end = file.seek(0, io.SEEK_END)
                tail = b""
                while end > 0:
                    start = max(0, end - _BLOCK)
                    file.seek(start)
                    tail = file.read(end - start) + tail
                    whole = tail if start == 0 else tail.partition(b"\n")[2]
                    if records := _records(whole):
                        return records[-1]
                    end = start
        except OSError:
            return None
        return None

    def log_size(self) -> int:
        """The log's length in bytes, which a checkpoint keeps beside the step; 0 where there is none."""
        try:
            return self.log.stat().st_size
        except OSError:
            return 0

    def cut_log(self, size: int) -> None:
        """Cut the log back to its first `size` bytes, or to the last whole line within them. Raises KeepingError.

        A resumed run takes the steps after its checkpoint once more; so they stand in the log once. A log that is
        shorter or missing is left so, but for a line that a crash cut off: the next one would be joined to it.
        """
        try:
            with self.log.open("r+b") as file:
                end = min(max(0, size), file.seek(0, io.SEEK_END))
                while end > 0:
                    start = max(0, end - _BLOCK)
                    file.seek(start)
                    newline = file.read(end - start).rfind(b"\n")
                    end = start if newline < 0 else start + newline + 1
                    if newline >= 0:
                        break
                file.truncate(end)
                os.fsync(file.fileno())
        except FileNotFoundError:
            return
        except OSError as error:
            raise KeepingError(f"'{self.log}' cannot be cut back: {error.strerror}.") from error

    def changed(self) -> float:
        """When the run was last written to, in seconds since the epoch."""
        files = [self.instrument, self.log, self.path / "recipe.toml"]
        return max((file.stat().st_mtime for file in files if file.is_file()), default=0.0)


def _records(lines: bytes) -> list[dict[str, Any]]:
    """The records among these lines; only a newline ends one, whatever else a sample in it may hold."""
    records = []
    for line in lines.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append(record)
    return records


def _lock(handle: int, only_look: bool = False) -> bool:
    """Hold a file until it is closed or the process dies, whichever way; who only looks hinders no other who does."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, (fcntl.LOCK_SH if only_look else fcntl.LOCK_EX) | fcntl.LOCK_NB)
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
