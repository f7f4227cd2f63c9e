"""Screenplays in Fountain → the same screenplay, written the plain way and without what is not played.

What is learned is Fountain again: scenes, speakers and what they say stand as they should, with an empty line between
them, so that what is played afterwards can be opened in any program that knows the form.
"""

from __future__ import annotations

import re

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import LONGEST, Tally, as_text
from undersong.media.text.reading.fountain import Kind, elements, looks_like_fountain, played, written
from undersong.media.text.reading.messages import TEMPLATE, message

__all__ = ["elements", "looks_like_fountain", "parse", "written"]

_ADDRESS = re.compile(r"contact\s*:", re.IGNORECASE)
_MORE = re.compile(r"\s*(?:\([^()]*\)|\^)\s*\Z")


def parse(text: str, name: str) -> Document | None:
    """A screenplay as Fountain, and its dialogue as records with `speaker` and `text`.

    None where nobody speaks and nothing is set in a scene, or where it is far too long: then it is some other text.
    """
    if len(text) > LONGEST:  # twenty times the longest that was ever filmed
        return None
    text = as_text(text)
    found = elements(text)
    if not any(kind in ("scene", "character") for kind, _ in found):
        return None
    left_out = Tally()
    _, boneyards, notes = played(text)
    left_out.add("passages that were struck out, /* … */", boneyards)
    left_out.add("notes, [[ … ]]", notes)
    shown = _without_address(found)
    left_out.add("lines of the title page that say where the author lives", len(found) - len(shown))
    scenes = sum(kind == "scene" for kind, _ in shown)
    records = _dialogue(shown)
    people = len({record["speaker"] for record in records})
    said = f"It has {scenes:,} scenes, in which {people:,} people speak."
    return Document(
        "a screenplay",
        texts=(written(shown),),
        records=tuple(records),
        template=TEMPLATE,
        notes=(said, *left_out.notes()),
    )


def _without_address(found: list[tuple[Kind, str]]) -> list[tuple[Kind, str]]:
    shown: list[tuple[Kind, str]] = []
    address = False
    for kind, text in found:
        if kind == "title":
            address = _ADDRESS.match(text) is not None or (address and text.startswith(" "))
            if address:
                continue
        shown.append((kind, text))
    return shown


def _dialogue(found: list[tuple[Kind, str]]) -> list[dict[str, str]]:
    """What each speaker says at a time; "(V.O.)" and the like are no part of a name, nor directions of a speech."""
    records: list[dict[str, str]] = []
    speaker, lines = "", list[str]()
    for kind, text in [*found, ("action", "")]:
        if speaker and kind in ("dialogue", "lyric"):
            lines.append(text)
        elif kind != "parenthetical":
            record = message(speaker, "\n".join(lines)) if lines else None
            if record is not None:
                records.append(record)
            speaker, lines = (_name(text) if kind == "character" else ""), []
    return records


def _name(cue: str) -> str:
    shorter = cue[:200].strip()
    while (without := _MORE.sub("", shorter)) != shorter and without:
        shorter = without
    return shorter
