"""What one file held: running texts, or records with named fields, and what was done to it on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

__all__ = ["Document"]


@final
@dataclass(frozen=True)
class Document:
    """One file, or one member of an archive, as it was read.

    `texts` are its running texts in order (most files hold one). `records` are its rows where it is a table, a chat or
    the like; every row has the same idea of its fields, and one that is missing is not there. A chat's rows have the
    fields "speaker", "text" and perhaps "time". `notes` say in plain words what was changed or dropped, and why.
    """

    form: str
    """What kind of file it was, as people call it: "plain text", "EPUB", "a WhatsApp chat"."""
    texts: tuple[str, ...] = ()
    records: tuple[Mapping[str, str], ...] = ()
    template: str = ""
    """How a record reads as running text where nobody says otherwise: "{speaker}: {text}"; only for records."""
    notes: tuple[str, ...] = ()
    sensitive: bool = False
    """Whether it holds what people wrote to one another: then a privacy notice is due."""
