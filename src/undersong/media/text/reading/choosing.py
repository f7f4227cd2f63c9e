"""What a person asked for, done to what was read: whose lines, which words not, which fields; then pieces of it all."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from undersong.errors import InputError, RecipeError
from undersong.events import AbstractPiece
from undersong.media.text.piece import TextPiece
from undersong.media.text.reading.asked import Asked
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.excluding import Exclusion
from undersong.media.text.reading.formats import Reading
from undersong.media.text.reading.naming import Letters, letter
from undersong.media.text.records import RecordPiece

__all__ = ["Chosen", "chosen"]

_LISTED = 8  # speakers and fields that an error names
_OFFERED = 3  # fields that a note names
_SLOT = re.compile(r"\{([^{}]*)\}")
_PRIVACY = (
    "These are messages between people. All of it stays on this machine, but what is played may repeat what they "
    "wrote: learn them with their consent. To leave words out: --set read.exclude=…, names: --set read.names=letters"
)


@final
@dataclass
class Chosen:
    """What there is to learn, and what was left out on the way to it."""

    pieces: list[AbstractPiece] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    """Files that hold nothing, or nothing any more."""
    cut: str = "whole"
    characters: int = 0


def chosen(found: Sequence[Reading], asked: Asked) -> Chosen:
    """Pieces. Raises InputError for speakers and fields that are not there, RecipeError for what cannot be asked."""
    if asked.fields and (asked.field or asked.template):
        raise RecipeError(
            "[read] asks for fields, and for a field or a template as well.",
            "Choose one: fields learns records, field one of them by itself, template running text.",
        )
    if asked.field and asked.template:
        raise RecipeError("[read] asks for a field and a template.", "Choose one: a template may be just {field}.")
    result = Chosen()
    found = _said_by(found, asked.speaker, result.notes)
    found = _excluded(found, asked.exclude, result.notes)
    found = _in_letters(found, asked.names, result.notes)
    if any(reading.document.sensitive for reading in found):
        result.notes.append(_PRIVACY)
    if asked.fields or asked.field:
        _take_records(found, asked, result)
    else:
        _take_texts(found, asked, result)
    return result


# ── who speaks ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _said_by(found: Sequence[Reading], asked: Sequence[str], notes: list[str]) -> Sequence[Reading]:
    """Only what these said, of those files in which anybody speaks."""
    if not asked:
        return found
    spoken = Counter(
        record["speaker"] for reading in found for record in reading.document.records if record.get("speaker")
    )
    if not spoken:
        raise InputError(
            "Nothing here says who speaks, so there are no speakers to choose.",
            "Speakers are found in chats, mails, subtitles and screenplays, and in tables with a column 'speaker'.",
        )
    wanted = {folded for name in asked for folded in _known(name, spoken)}
    kept: list[Reading] = []
    dropped = without = 0
    for reading in found:
        document = reading.document
        records = tuple(record for record in document.records if record.get("speaker", "").strip().casefold() in wanted)
        if not any(record.get("speaker") for record in document.records):
            without += 1
            continue
        dropped += len(document.records) - len(records)
        template = (
            "{text}" if len(wanted) == 1 and _slots(document.template) == ["speaker", "text"] else document.template
        )
        kept.append(replace(reading, document=replace(document, texts=(), records=records, template=template)))
    said = sum(len(reading.document.records) for reading in kept)
    notes.append(
        f"Kept what {'this speaker' if len(wanted) == 1 else f'these {len(wanted)} speakers'} said ({said:,})."
    )
    if dropped:
        notes[-1] += f" Left out what others did ({dropped:,})."
    if without:
        notes.append(f"Left out files that do not say who speaks ({without:,}).")
    return kept


def _known(name: str, spoken: Counter[str]) -> list[str]:
    """The speaker of that name, without regard to case; several where their names are parted by commas."""
    known = {speaker.strip().casefold() for speaker in spoken}
    folded = name.strip().casefold()
    if folded in known:
        return [folded]
    parts = [part.strip() for part in folded.split(",")]
    if len(parts) > 1 and all(part in known for part in parts):
        return parts
    near = difflib.get_close_matches(name, spoken, n=1)
    common = ", ".join(speaker for speaker, _ in spoken.most_common(_LISTED))
    raise InputError(
        f"Nobody called '{name}' speaks in what was read.",
        (f"Did you mean '{near[0]}'? " if near else "") + f"Those who speak most: {common}.",
    )


# ── what is left out, and who is called what ───────────────────────────────────────────────────────────────────────


def _excluded(found: Sequence[Reading], asked: Sequence[str], notes: list[str]) -> Sequence[Reading]:
    exclusion = Exclusion(asked)
    if not exclusion:
        return found
    kept: list[Reading] = []
    lines = records = 0
    for reading in found:
        document = reading.document
        done = [exclusion.without_lines(text) for text in document.texts]
        lines += sum(count for _, count in done)
        rest = tuple(record for record in document.records if not exclusion.holds(record))
        records += len(document.records) - len(rest)
        kept.append(replace(reading, document=replace(document, texts=tuple(text for text, _ in done), records=rest)))
    counted = [f"{count:,} {what}" for count, what in ((lines, "lines"), (records, "records")) if count]
    notes.append(f"Left out for the words you excluded: {', '.join(counted) or 'nothing holds any of them'}.")
    return kept


def _in_letters(found: Sequence[Reading], names: str, notes: list[str]) -> Sequence[Reading]:
    if names != "letters":
        return found
    letters = Letters(
        record["speaker"] for reading in found for record in reading.document.records if record.get("speaker")
    )
    if not len(letters):
        notes.append("Nobody's name was made a letter: nothing here says who speaks.")
        return found
    kept = [
        replace(
            reading,
            document=replace(
                reading.document,
                texts=tuple(letters.text(text) for text in reading.document.texts),
                records=tuple(letters.instead(record) for record in reading.document.records),
            ),
        )
        for reading in found
    ]
    who = "The speaker is called A" if len(letters) == 1 else f"The speakers are called A … {letter(len(letters) - 1)}"
    notes.append(
        f"{who}, also where their names are mentioned ({letters.mentions:,}). Nicknames, and what they tell of "
        "themselves, are still there."
    )
    return kept


# ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _take_records(found: Sequence[Reading], asked: Asked, result: Chosen) -> None:
    """Records as pieces, or one field of each."""
    names = asked.fields or (asked.field,)
    real = _real_names(found, names)
    without = sum(not reading.document.records for reading in found)
    if without:
        result.notes.append(f"Left out files without such fields ({without:,}).")
    dropped = 0
    for reading in found:
        taken = 0
        before: dict[str, str] = {}
        for record in reading.document.records:
            values = {name: value for name in names if (value := record.get(real[name], "").strip())}
            if not values:
                dropped += 1
                continue
            if values == before and reading.document.form.startswith("JSON"):
                continue  # what stands around a list is there with each row of it
            before = values
            taken += 1
            result.pieces.append(RecordPiece(values) if asked.fields else TextPiece(values[asked.field]))
            result.characters += sum(map(len, values.values()))
        if taken:
            result.sources.append(reading.name)
        else:
            result.empty.append(reading.name)
    result.cut = "record" if asked.fields else "line"
    if dropped:
        result.notes.append(f"Left out records that lack {' and '.join(names)} ({dropped:,}).")


def _take_texts(found: Sequence[Reading], asked: Asked, result: Chosen) -> None:
    """One text for each file; records as their template has it."""
    template = ""
    if asked.template:
        names = _slots(asked.template)
        if not names:
            raise RecipeError(f"The template '{asked.template}' names no field.", "For example: {speaker}: {text}")
        real = _real_names(found, names)
        template = _SLOT.sub(lambda slot: f"{{{real[slot[1]]}}}", asked.template)
    offered: list[str] = []
    for reading in found:
        document = reading.document
        if document.records and (asked.template or not document.texts):
            text = _running(document, template or document.template)
        else:
            texts = [text for text in document.texts if text]
            text = texts[0] if len(texts) == 1 else "\n\n".join(texts)
        if not text:
            result.empty.append(reading.name)
            continue
        result.pieces.append(TextPiece(text))
        result.sources.append(reading.name)
        result.characters += len(text)
        if not (asked.template or document.texts or document.sensitive or offered):
            offered = _worth_asking(document)
    if offered:
        result.notes.append(
            "Rows are learned as running text. To learn them as records that can be asked by any field, name them: "
            f"--set read.fields={','.join(offered)}"
        )


def _worth_asking(document: Document) -> list[str]:
    """A few of its fields, those first that hold words; none where it has only one."""
    fields = _fields(document)
    words = [name for name in dict.fromkeys(_slots(document.template)) if name in fields]
    best = words if len(words) > 1 else list(fields)
    return best[:_OFFERED] if len(fields) > 1 else []


def _running(document: Document, template: str) -> str:
    parts = _SLOT.split(template) if template else []
    lines: list[str] = []
    for record in document.records:
        line = _filled(parts, record) if parts else "\t".join(record.values())
        if line.strip():
            lines.append(line)
    return "\n".join(lines) + "\n" if lines else ""


def _filled(parts: Sequence[str], record: Mapping[str, str]) -> str:
    """A template, parted at its fields; where one is missing, what follows it up to the next goes with it."""
    line = [parts[0]]
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        value = record.get(name, "")
        if value:
            line += [value, after]
    return "".join(line) if len(line) > 1 else ""


def _slots(template: str) -> list[str]:
    return _SLOT.findall(template)


def _fields(document: Document) -> tuple[str, ...]:
    """The names of its records' fields, in the order in which they first come up."""
    return tuple(dict.fromkeys(name for record in document.records for name in record))


def _real_names(found: Sequence[Reading], names: Sequence[str]) -> dict[str, str]:
    """What each of these fields is called where they stand: `def` may be short for `meanings.def`.

    Raises InputError where no file has such a field, or several are meant.
    """
    known = list(dict.fromkeys(name for reading in found for name in _fields(reading.document)))
    if not known:
        raise InputError(
            "Nothing that was read has fields.", "Fields are found in tables (CSV), JSON, chats, mails and screenplays."
        )
    real: dict[str, str] = {}
    for name in names:
        longer = [one for one in known if one == name] or [one for one in known if one.endswith(f".{name}")]
        if len(longer) == 1:
            real[name] = longer[0]
            continue
        near = longer or difflib.get_close_matches(name, known, n=1)
        listed = ", ".join(known[:_LISTED]) + (" …" if len(known) > _LISTED else "")
        raise InputError(
            f"Nothing that was read has a field '{name}'."
            if not longer
            else f"The field '{name}' may be any of several.",
            (f"Did you mean {' or '.join(map(repr, near))}? " if near else "") + f"There are: {listed}.",
        )
    return real
