"""What was read, changed and dropped, and why: short sentences, many files together in one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from undersong.media.text.reading.formats import Reading

__all__ = ["listed", "report"]

_MOST = 40  # sentences
_FEW = 3  # sentences that begin alike
_BEGINNING = 3  # words
_HERE = "\0"  # where a count was
_COUNT = re.compile(r"(?<![\w.-])\d[\d,]*(?![\w.])")


def report(found: Sequence[Reading]) -> list[str]:
    """What each file was read as; then doubts, line ends, and what its reader says of it."""
    by_form: dict[str, list[str]] = {}
    for reading in found:
        form = reading.document.form
        if reading.encoding:
            form = reading.encoding if form == "plain text" else f"{form}, {reading.encoding}"
        if not reading.doubt or reading.document.form != "plain text":
            by_form.setdefault(form, []).append(reading.name)
    said = [f"Read {listed(names)} as {form}." for form, names in by_form.items()]
    doubts = [(reading.name, f"'{reading.name}' {reading.doubt}") for reading in found if reading.doubt]
    turned = [reading.name for reading in found if reading.turned]
    said += _together(doubts)
    if turned:
        said.append(f"Changed the line ends of {listed(turned)} to \\n.")
    said += _together([(reading.name, note) for reading in found for note in reading.document.notes], len(found) > 1)
    if len(said) > _MOST:
        said = [*said[:_MOST], f"And more of the same kind ({len(said) - _MOST:,} further notes)."]
    return said


def listed(names: Sequence[str]) -> str:
    """One file by its name, several by their number."""
    return f"'{names[0]}'" if len(names) == 1 else f"{len(names):,} files"


def _together(notes: Sequence[tuple[str, str]], named: bool = False) -> list[str]:
    """Sentences that differ in nothing but a file's name and a count as one, with the sum of the counts.

    Of sentences that only begin alike no more than a few are told.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, note in notes:
        alike.setdefault(_COUNT.sub(_HERE, note.replace(f"'{name}'", "''")), []).append((name, note))
    said: list[tuple[str, str, int]] = []  # how it begins, the sentence, how many files it is about
    for form, group in alike.items():
        name, note = group[0]
        if len(group) == 1 or form.count(_HERE) > 1:  # several counts mean nothing added up
            told = note if f"'{name}'" in note or not named else f"'{name}': {note}"
            others = len(group) - 1
            told += f" So in {others:,} other{'s' if others > 1 else ''}, with other counts." if others else ""
        else:
            counts = [_COUNT.findall(note.replace(f"'{name}'", "''")) for name, note in group]
            total = sum(int(found[0].replace(",", "")) for found in counts if found)
            files, note = f"{len(group):,} files", form.replace(_HERE, f"{total:,}")
            told = note.replace("'' is ", f"{files} are ", 1).replace("''", files, 1)
            told = told if "''" in form else f"{files}: {note}"
        beginning = [word for word in form.split()[:_BEGINNING] if _HERE not in word]
        said.append((" ".join(beginning), told, len(group)))
    return _few(said)


def _few(said: Sequence[tuple[str, str, int]]) -> list[str]:
    """Of each kind of sentence the first few, then for how many more files there is one like them."""
    kinds: dict[str, int] = {}
    left: dict[str, int] = {}
    told: list[str] = []
    for beginning, sentence, files in said:
        kinds[beginning] = kinds.get(beginning, 0) + 1
        if kinds[beginning] <= _FEW:
            told.append(sentence)
        else:
            left[beginning] = left.get(beginning, 0) + files
    return told + [f"{beginning} … and so on, of {files:,} more files." for beginning, files in left.items()]
