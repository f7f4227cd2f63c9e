"""A piece into a file, standard output, or whatever else lies at a path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undersong.events import AbstractPiece

__all__ = ["save"]


def save(out: Path, piece: AbstractPiece) -> None:
    """Write the piece in the form its file's suffix says; `-` is standard output. Raises InputError, KeepingError."""
    from undersong.errors import KeepingError
    from undersong.keeping.writing import write_beside

    if str(out) in ("-", "/dev/stdout"):
        sys.stdout.write(str(piece))
    elif out.exists() and not out.is_file() and not out.is_dir():  # a device or a pipe: written to, never replaced
        try:
            out.write_bytes(piece.to_bytes(out.suffix))
        except OSError as error:
            raise KeepingError(f"'{out}' takes no more: {error.strerror}.", "Save to another place.") from error
    else:
        write_beside(out, piece.to_bytes(out.suffix))
