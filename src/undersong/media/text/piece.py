"""A text as a piece: a string that is sure to be Unicode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from undersong.errors import InputError, PromptError
from undersong.events import AbstractPiece

__all__ = ["SUFFIXES", "TextPiece", "text_of"]

SUFFIXES = (".txt", ".md", ".text")
"""How the names of text files end."""


@final
@dataclass(frozen=True)
class TextPiece(AbstractPiece):
    """A text, which prints as itself. Raises PromptError for half a character (a lone surrogate)."""

    medium: ClassVar[str] = "text.v1"
    content: str

    def __post_init__(self) -> None:
        try:
            self.content.encode()
        except UnicodeEncodeError as error:
            before = self.content[: error.start]
            line, column = before.count("\n") + 1, error.start - before.rfind("\n")
            half = f"U+{ord(self.content[error.start]):04X}"
            where = f"position {error.start + 1} (line {line}, column {column})"
            raise PromptError(
                f"The text holds half a character, {half}, at {where}.",
                "Only whole Unicode characters can be text: remove it, or hand the text in as UTF-8.",
            ) from error

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
