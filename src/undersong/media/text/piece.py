"""A text as a piece: a string that is sure to be Unicode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, final

from undersong.errors import InputError, PromptError
from undersong.events import AbstractPiece

__all__ = ["SUFFIXES", "TextPiece", "text_of"]

SUFFIXES = (".txt", ".md", ".text")
"""How the names of text files end."""

_HALF = re.compile("[\ud800-\udfff]")  # encoding would tell as well, with another copy of the text


@final
@dataclass(frozen=True)
class TextPiece(AbstractPiece):
    """A text, which prints as itself. Raises PromptError for half a character (a lone surrogate)."""

    medium: ClassVar[str] = "text.v1"
    content: str

    def __post_init__(self) -> None:
        found = None if self.content.isascii() else _HALF.search(self.content)
        if found is not None:
            before = self.content[: found.start()]
            line, column = before.count("\n") + 1, found.start() - before.rfind("\n")
            half = f"U+{ord(found[0]):04X}"
            where = f"position {found.start() + 1} (line {line}, column {column})"
            raise PromptError(
                f"The text holds half a character, {half}, at {where}.",
                "Only whole Unicode characters can be text: remove it, or hand the text in as UTF-8.",
            )

    def __str__(self) -> str:
        return self.content

    def to_json(self) -> str:
        return self.content

    def json_fields(self) -> dict[str, Any]:
        return {"text": self.content}

    def to_bytes(self, suffix: str) -> bytes:
        """The text in UTF-8. Raises InputError for a suffix that is not a text file's."""
        if suffix.lower() in ("", *SUFFIXES):
            return self.content.encode()
        raise InputError(
            f"A text cannot be written as '{suffix}'.", f"Use a name ending in {', '.join(SUFFIXES)}, or no suffix."
        )


def text_of(piece: AbstractPiece) -> str:
    """The string of a text piece. Raises PromptError for a piece of another medium."""
    if isinstance(piece, TextPiece):
        return piece.content
    raise PromptError(f"This codec holds texts, not a piece of '{piece.medium}'.", "Hand in a TextPiece.")
