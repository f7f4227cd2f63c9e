"""Pieces → a piece by a registered procedure, from a person's files; and what procedures there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from undersong import registry
from undersong.config import build, override
from undersong.errors import UsageError
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.making.corpus import medium_for
from undersong.randomness import fresh_seed

__all__ = ["Offered", "Proceeded", "offered", "proceed"]


@final
@dataclass(frozen=True)
class Offered:
    """A procedure that can be asked for: `settings` are their name, what they are when nobody says, and a sentence."""

    name: str
    medium: str
    sentence: str
    settings: tuple[tuple[str, Any, str], ...]

    def to_json(self) -> dict[str, Any]:
        settings = {name: {"default": default, "sentence": sentence} for name, default, sentence in self.settings}
        return {"name": self.name, "medium": self.medium, "sentence": self.sentence, "settings": settings}


@final
@dataclass(frozen=True)
class Proceeded:
    """What a procedure made, and from what: the same name, seed, settings and files make it again."""

    name: str
    piece: AbstractPiece
    seed: int
    settings: Mapping[str, Any]
    sources: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "procedure": self.name, "seed": self.seed, "settings": dict(self.settings), "sources": list(self.sources),
            "piece": self.piece.to_json(), **self.piece.json_fields(),
        }  # fmt: skip


def offered() -> list[Offered]:
    """Every procedure that came with Undersong or by another package's door."""
    found = []
    for full in registry.names("procedures"):
        procedure: type[AbstractProcedure] = registry.load("procedures", full)
        fields = procedure.Settings.model_fields.items()
        settings = tuple((name, field.default, field.description or "") for name, field in fields)
        found.append(Offered(full.rsplit(".v", 1)[0], procedure.medium, procedure.sentence, settings))
    return found


def proceed(
    name: str,
    files: Sequence[str | Path],
    seed: int | None = None,
    changes: Sequence[str] = (),
) -> Proceeded:
    """The procedure of that name on files, folders and `builtin:NAME`, with `key=value` changes to its settings.

    A change to `read.…` says what of the files is read, as in a recipe.
    Raises UnknownNameError, RecipeError, UsageError, MissingFileError, UnreadableFileError, InputError.
    """
    procedure: AbstractProcedure = registry.load("procedures", name)()
    given = override({}, changes)
    asked = given.pop("read", {}) if "read" not in procedure.Settings.model_fields else {}
    if not isinstance(asked, dict):
        raise UsageError("read is a group of settings.", "For example --set read.fields=title,text")
    settings = build(procedure.Settings, given, f"The procedure '{name}'")
    seed = fresh_seed() if seed is None else seed
    if not files:
        raise UsageError(f"'{name}' needs something to work on.", f"Name a file: undersong procedure {name} poem.txt")
    medium, _, _ = medium_for(files, procedure.medium)
    pieces: list[AbstractPiece] = []
    notes: list[str] = []
    for label in map(str, files):
        read = medium.read(medium_for([label], medium.kind)[1], to_learn=False, asked=asked)
        pieces += read.pieces
        notes += read.notes
    piece = procedure(pieces, seed, settings)
    return Proceeded(name, piece, seed, settings.model_dump(), tuple(map(str, files)), tuple(notes))
