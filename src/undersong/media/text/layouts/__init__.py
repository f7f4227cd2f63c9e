"""Several pieces as one page: what suits them, by name, in each form it comes in."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence

from undersong.errors import InputError
from undersong.events import AbstractPiece
from undersong.media.text.layouts import chat, dictionary, front_page, names, plain, poems, screenplay
from undersong.media.text.piece import AbstractText, as_text
from undersong.media.text.record import RecordPiece

__all__ = ["LAYOUTS", "bound"]

_Form = Callable[[Sequence[AbstractText]], str]


def _json(pieces: Sequence[AbstractText]) -> str:
    """A list of the pieces as they are, in the order they came."""
    return json.dumps([piece.to_json() for piece in pieces], ensure_ascii=False, indent=2) + "\n"


LAYOUTS: Mapping[str, Mapping[str, _Form]] = {
    "": {**plain.FORMS, ".json": _json, ".fountain": screenplay.FORMS[".fountain"]},
    "chat": {**chat.FORMS, ".json": _json},
    "dictionary": {**dictionary.FORMS, ".json": _json},
    "front page": {**front_page.FORMS, ".json": _json},
    "list": {**names.FORMS, ".json": _json},
    "poems": {**poems.FORMS, ".json": _json},
    "screenplay": {**screenplay.FORMS, ".json": _json},
}
"""By name, what writes a page in the form of each suffix; "" is a plain one, of records what their fields ask for."""


_SUITED = {"chat": chat.suits, "dictionary": dictionary.suits}


def bound(pieces: Sequence[AbstractPiece], suffix: str, layout: str = "") -> bytes:
    """The pieces as one file in UTF-8. Raises InputError for a layout or suffix that there is not."""
    name = " ".join(layout.replace("-", " ").replace("_", " ").casefold().split())
    if name not in LAYOUTS:
        near = difflib.get_close_matches(name, list(LAYOUTS), n=1)
        known = ", ".join(each for each in LAYOUTS if each)
        raise InputError(
            f"There is no layout '{layout}'.",
            f"Did you mean '{near[0]}'?" if near and near[0] else f"There is: {known}.",
        )
    texts = [as_text(piece) for piece in pieces]
    forms = LAYOUTS[name] if name else {**LAYOUTS[""], **LAYOUTS[_suited(texts)]}
    if suffix.lower() not in forms:
        page = f"The layout '{name}'" if name else "A page of texts"
        raise InputError(
            f"{page} cannot be written as '{suffix}'.", f"Use a name ending in {', '.join(sorted(forms))}."
        )
    return forms[suffix.lower()](texts).encode()


def _suited(pieces: Sequence[AbstractText]) -> str:
    """The layout that records are made for, told by the names of their fields."""
    records = [piece for piece in pieces if isinstance(piece, RecordPiece)]
    if not records or len(records) < len(pieces):
        return ""
    return next((name for name, suits in _SUITED.items() if any(map(suits, records))), "")
