"""What can be asked of the reader: `[read]` in a recipe, `--set read.speaker=Ana` in a command."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from undersong.config import Settings

__all__ = ["Asked"]


def _several(given: Any) -> Any:
    """One word where several are expected is a list of that word."""
    return (given,) if isinstance(given, str) else given


def _names(given: Any) -> Any:
    """The same, parted by commas, as people write names of columns."""
    return tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given


Several = Annotated[tuple[str, ...], BeforeValidator(_several)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Asked(Settings):
    fields: Names = ()  # of each record of a table, a chat …, in this order: learned as records
    field: str = ""  # one field of each record, as pieces by themselves: headlines out of a table
    template: str = ""  # records as running text: "{speaker}: {text}"; each format has its own
    speaker: Several = ()  # of chats and screenplays only what these said
    exclude: Several = ()  # words, phrases or /regular expressions/: lines and records that hold one are left out
    names: Literal["keep", "letters"] = "keep"  # letters: speakers become A, B, C, also where they are spoken of
    repair: bool = True  # letters that a wrong encoding garbled
    normal: Literal["NFC", "none"] = "NFC"  # letters and their accents as one character each
