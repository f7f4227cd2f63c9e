"""A record as a piece: a word and what it means, a recipe, a message; texts in fields that have names."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, final

from undersong.errors import PromptError
from undersong.media.text.piece import AbstractText, TextPiece

__all__ = ["RecordPiece"]

_LONGEST_NAME = 40  # characters


@final
@dataclass(frozen=True)
class RecordPiece(AbstractText):
    """Texts by the name of their field: all of a work, or those that are given and the rest is asked for.

    `fields` are in the order they are shown, `order` is the one they are learned and asked in: the same unless told.
    An empty text is one that stays empty; a field that is not there is open. Raises PromptError for a name or a text
    that cannot be one, and for an order of other fields.
    """

    fields: Mapping[str, str]
    order: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, text in self.fields.items():
            _check_name(name)
            if not isinstance(text, str):
                raise PromptError(f"The field '{name}' holds {type(text).__name__}, not a text.", "Hand in a string.")
            TextPiece(text)  # which refuses half a character
        object.__setattr__(self, "fields", dict(self.fields))
        order = tuple(self.order or self.fields)
        if sorted(order) != sorted(self.fields):
            raise PromptError(
                f"The order {', '.join(order)} is not one of the fields {', '.join(self.fields)}.",
                "Name each field once.",
            )
        object.__setattr__(self, "order", order)

    def __hash__(self) -> int:
        return hash((frozenset(self.fields.items()), self.order))

    @property
    def text(self) -> str:
        """What is in the fields, in their order, without their names: a line each."""
        return "\n".join(self.fields[name] for name in self.order)

    def __str__(self) -> str:
        """One line, as in a dictionary, two spaces between fields; with a text of several lines, fields by name."""
        shown = {name: text.strip() for name, text in self.fields.items() if text.strip()}
        if not any("\n" in text for text in shown.values()):
            return "  ".join(shown.values())
        blocks = []
        for name, text in shown.items():
            several = text.replace("\n", "\n  ")
            blocks.append(f"{name}:\n  {several}" if "\n" in text else f"{name}: {text}")
        return "\n".join(blocks)

    def to_json(self) -> dict[str, str]:
        return dict(self.fields)

    def json_fields(self) -> dict[str, Any]:
        return {"text": str(self)}

    def variants(self) -> tuple[RecordPiece, ...]:
        """As it is, then with each other field in front of the rest: F fields have F forms.

        Whoever learned them all can be asked by any field, and goes on with the others; of all F! orders most would
        only repeat how the later fields follow from one another.
        """
        fronts = self.order[1:]
        rests = [tuple(other for other in self.order if other != front) for front in fronts]
        return (self, *(RecordPiece(self.fields, (front, *rest)) for front, rest in zip(fronts, rests, strict=True)))


@lru_cache(maxsize=1024)
def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
        raise PromptError(
            f"{str(name)[:60]!r} cannot be the name of a field.", f"It should be 1 to {_LONGEST_NAME} characters long."
        )
    strange = [letter for letter in name if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")]
    if strange or not name.strip():
        raise PromptError(
            f"The name of a field, {name!r}, holds what nobody can see.", "Use letters, digits and the like."
        )
