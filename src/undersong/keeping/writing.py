"""Writing that never leaves half a file: beside the old one, down to the disk, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from undersong.errors import KeepingError

__all__ = ["make_folder", "write_beside"]

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Make room, or save to another disk."),
    errno.EFBIG: ("the file would be larger than this disk or account allows", "Save to another disk."),
    errno.EROFS: ("the disk can only be read", "Save to another disk."),
    errno.EACCES: ("this folder may not be written to", "Choose another folder, or change its permissions."),
    errno.EPERM: ("this folder may not be written to", "Choose another folder, or change its permissions."),
    errno.ENOENT: ("its folder does not exist", "Make the folder first, or choose another."),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Choose another path."),
    errno.EEXIST: ("a file of that name is in the way", "Choose another path."),
    errno.EISDIR: ("a folder of that name is in the way", "Choose another path."),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter one."),
}
if hasattr(errno, "EDQUOT"):  # Windows has no quota of that name
    _REASONS[errno.EDQUOT] = ("your share of the disk is used up", "Make room, or save to another disk.")


def write_beside(path: str | Path, data: bytes | Callable[[BinaryIO], None]) -> Path:
    """Write a whole file, or change nothing; `data` may be a function that writes into the open file.

    A link is written through, a file that was there keeps its permissions. Raises KeepingError.
    """
    target = Path(os.path.realpath(path))
    beside = target.parent / f".undersong-{secrets.token_hex(6)}.part"
    try:
        with beside.open("xb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.is_file():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException as error:  # also Ctrl-C: whatever stopped us, the part goes
        with contextlib.suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise _refused(f"'{path}' could not be saved", error) from error
        raise
    _sync_folder(target.parent)
    return Path(path)


def make_folder(path: str | Path) -> Path:
    """Make a folder and those above it, where they are not there yet. Raises KeepingError."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(f"The folder '{path}' could not be made", error) from error
    return Path(path)


def _refused(what: str, error: OSError) -> KeepingError:
    why, do = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
    return KeepingError(f"{what}: {why}. Nothing was lost: what was there before is still there.", do)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; only POSIX can, and not on every disk."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
