"""A piece or a page into a file, standard output, or whatever else lies at a path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undersong.events import AbstractPiece

__all__ = ["is_device", "is_standard_output", "save", "save_bytes"]


def is_standard_output(out: Path) -> bool:
    return str(out) in ("-", "/dev/stdout")


def is_device(out: Path) -> bool:
    """Whether a device or a pipe lies there, which is written to, never replaced."""
    return out.exists() and not out.is_file() and not out.is_dir()


def save(out: Path, piece: AbstractPiece) -> None:
    """Write the piece in the form its file's suffix says; `-` is standard output. Raises InputError, KeepingError."""
    if is_standard_output(out):
        sys.stdout.write(str(piece))
    else:
        save_bytes(out, piece.to_bytes(out.suffix))


def save_bytes(out: Path, content: bytes) -> None:
    """Write what a file is to hold. Raises KeepingError."""
    from undersong.errors import KeepingError
    from undersong.keeping.writing import write_beside

    if not is_device(out):
        write_beside(out, content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise KeepingError(f"'{out}' takes no more: {error.strerror}.", "Save to another place.") from error
