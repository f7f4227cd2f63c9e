"""What a person hands in to be gone on with, stopped at or begun with: words, fields by name, or a piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from undersong.errors import InputError, PromptError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece

__all__ = ["Given", "Several", "each_of", "events_of", "piece_of"]

Given = str | Mapping[str, str] | AbstractPiece
"""A piece, or what a medium makes one of: words, or fields by name."""

Several = Given | Sequence[Given]

_ONE = (str, Mapping, AbstractPiece)


def each_of(given: Several) -> Sequence[Given]:
    """One piece as a list of it; several as they are."""
    return [given] if isinstance(given, _ONE) else given


def piece_of(medium: AbstractMedium, given: Given) -> AbstractPiece:
    """The piece that a person handed in. Raises PromptError, and InputError for works of another medium."""
    if not isinstance(given, _ONE):
        raise InputError(f"What is played is words, fields by name, or a piece; this is {type(given).__name__}.")
    piece = given if isinstance(given, AbstractPiece) else medium.prompt(given)
    if piece.medium != medium.kind:
        raise InputError(f"This is played in {medium.kind}; the piece is {piece.medium}.")
    return piece


def events_of(medium: AbstractMedium, codec: AbstractCodec, given: Given) -> np.ndarray:
    """The same as events (T, …). Raises PromptError too for fields where none were learned."""
    piece = piece_of(medium, given)
    events = codec.encode(piece)
    if isinstance(given, Mapping) and type(codec.decode(events)) is not type(piece):
        raise PromptError(
            f"What plays here learned works as they are, without fields such as '{next(iter(given), '')}'.",
            "Give it the words to go on with.",
        )
    return events
