"""A text as a piece: a string that is sure to be Unicode; and what all pieces of this medium have in common."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

from undersong.errors import InputError, PromptError
from undersong.events import AbstractPiece

__all__ = ["SUFFIXES", "AbstractText", "TextPiece", "as_text", "text_of"]

SUFFIXES = (".txt", ".md", ".text")
"""How the names of text files end."""

_HALF = re.compile("[\ud800-\udfff]")  # encoding would tell as well, with another copy of the text


class AbstractText(AbstractPiece):
    """Whatever is written: a text that goes on, or one in named fields."""

    medium: ClassVar[str] = "text.v1"

    @property
    @abstractmethod
    def text(self) -> str:
        """All that is written in it, in the order it is read."""

    def json_fields(self) -> dict[str, Any]:
        return {"text": self.text}

    def to_bytes(self, suffix: str) -> bytes:
        """UTF-8: the words themselves, as JSON, or set as a page. Raises InputError for any other suffix."""
        suffix = suffix.lower()
        if suffix in ("", *SUFFIXES):
            return str(self).encode()
        if suffix == ".json":
            return (json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n").encode()
        if suffix in (".html", ".fountain"):
            from undersong.media.text.layouts import bound

            return bound([self], suffix)
        raise InputError(
            f"A text cannot be written as '{suffix}'.",
            f"Use a name ending in {', '.join((*SUFFIXES, '.json', '.html', '.fountain'))}, or no suffix.",
        )


@final
@dataclass(frozen=True)
class TextPiece(AbstractText):
    """A text, which prints as itself. Raises PromptError for half a character (a lone surrogate)."""

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

    @property
    def text(self) -> str:
        return self.content


def as_text(piece: AbstractPiece) -> AbstractText:
    """The piece, where it is one of text. Raises PromptError for a piece of another medium."""
    if isinstance(piece, AbstractText):
        return piece
    raise PromptError(f"This codec holds texts, not a piece of '{piece.medium}'.", "Hand in a TextPiece.")


def text_of(piece: AbstractPiece) -> str:
    """What is written in a piece of text. Raises PromptError for a piece of another medium."""
    return as_text(piece).text
