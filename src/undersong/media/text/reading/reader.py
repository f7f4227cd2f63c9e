"""Paths → material: everything that was handed in read, mended and chosen from, and a report of it.

Every change to what a person handed in is said in a note; nothing else about the text is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from undersong.config import build
from undersong.errors import InputError, MissingExtraError, TooLittleError
from undersong.events import Material
from undersong.media.text.reading.asked import Asked
from undersong.media.text.reading.choosing import Chosen, chosen
from undersong.media.text.reading.files import STDIN, bytes_of, files_below, is_folder, shown, stdin_bytes
from undersong.media.text.reading.formats import SUFFIXES, Reading, left_out, readings
from undersong.media.text.reading.mending import Mender, mended
from undersong.media.text.reading.report import listed, report

__all__ = ["LEAST_CHARACTERS", "read"]

LEAST_CHARACTERS = 200
"""Fewer give a held-out tail of under 20 characters, on which no score means anything."""

_MOST_NOTES = 20  # of what was left out
_ADVICE = "Give it more text: from some 20,000 characters (ten pages) on it begins to sound like its author."


def read(paths: Sequence[Path], least: int = LEAST_CHARACTERS, asked: Mapping[str, Any] | None = None) -> Material:
    """Files whatever their name, standard input for `-`, of folders and archives what can be read, in order of name.

    `asked` is the `[read]` of a recipe: see `Asked`. Raises MissingFileError, UnreadableFileError, MissingExtraError,
    InputError and RecipeError for what cannot be chosen, and TooLittleError below `least` characters in all.
    """
    wanted = build(Asked, asked or {}, "[read]")
    notes: list[str] = []
    found = [
        replace(reading, document=mended(reading.document, Mender(wanted.repair, wanted.normal)))
        for reading in _readings(paths, notes)
    ]
    result = chosen(found, wanted)
    empty = set(result.empty)
    blank = [reading.name for reading in found if not (reading.document.texts or reading.document.records)]
    if blank:
        notes.append(f"Left out: {listed(blank)} {'is' if len(blank) == 1 else 'are'} empty.")
    if spent := [name for name in result.empty if name not in blank]:
        notes.append(f"Left out: nothing of {listed(spent)} remains.")
    said = report([reading for reading in found if reading.name not in empty])
    why = report([reading for reading in found if reading.name in blank and reading.document.notes])
    changed = [*why, *result.notes, *notes[:_MOST_NOTES]]
    if len(notes) > _MOST_NOTES:
        changed.append(f"And {len(notes) - _MOST_NOTES:,} notes more, of what else was left out.")
    _check_enough(["standard input" if path == STDIN else shown(path) for path in paths], result, changed, least)
    return Material(tuple(result.pieces), tuple(result.sources), (*said, *changed), cut=result.cut)


def _readings(paths: Sequence[Path], notes: list[str]) -> Iterator[Reading]:
    """Everything below these paths, each file once; what cannot be read in a folder is left out and told."""
    done: set[Path] = set()
    for path in dict.fromkeys(paths):
        if path == STDIN:
            yield from readings(stdin_bytes(), "standard input", notes)
        elif not is_folder(path):
            if path not in done:
                yield from readings(bytes_of(path), shown(path), notes)
            done.add(path)
        else:
            for inner in files_below(path, SUFFIXES, notes):
                if inner in done:
                    continue
                done.add(inner)
                try:
                    yield from readings(bytes_of(inner), shown(inner), notes)
                except (InputError, MissingExtraError) as error:
                    notes.append(left_out(shown(inner), error))


def _check_enough(names: Sequence[str], result: Chosen, notes: Sequence[str], least: int) -> None:
    count = result.characters
    if count >= least:
        return
    verb = "holds" if len(names) == 1 else "hold"
    has = f"{verb} {count} characters" if count else f"{verb} no text"
    raise TooLittleError(f"{listed(names)} {has}; learning needs at least {least}.", " ".join([*notes[:3], _ADVICE]))
