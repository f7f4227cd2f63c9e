"""What every table has in common: names of its fields, values that can be text, and how a row reads as a text.

A table's template shows the fields that hold words, in their order: columns of numbers, dates, addresses and ids are
left for those who ask for them by name. Where every value is one line, a row is a line and its fields are parted by
tabs; otherwise each field has a line of its own, and an empty line ends the row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, final

__all__ = [
    "LONGEST",
    "MOST_CELLS",
    "MOST_FIELDS",
    "Table",
    "Tally",
    "as_text",
    "field_names",
    "lines_of",
    "template",
]

LONGEST = 4_000_000
"""Characters of one value; a whole book has about a million."""
MOST_FIELDS = 200
"""Names of fields in one table; keys of an object that number more are data, not names."""
MOST_CELLS = 5_000_000
"""Values in one table, each of which costs some 100 bytes beside its text."""

_LOOKED_AT = 500  # rows that tell which fields hold words
_NOT_TEXT = re.compile("[\0\r\ud800-\udfff]")
_NO_WORDS = re.compile(r"(?:true|false|none|null|nan|https?://.*|www\..*|\S+@\S+\.\S+|\S*\d\S*)", re.I | re.S)


@final
class Tally:
    """What was left out or changed, counted by the reason, for a note."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, why: str, count: int = 1) -> None:
        self.counts[why] = self.counts.get(why, 0) + count

    def notes(self, said: str = "Left out") -> tuple[str, ...]:
        """One sentence, each reason and how often: "Left out media (12)."; none where nothing was."""
        counted = ", ".join(f"{why} ({count:,})" for why, count in self.counts.items() if count)
        return (f"{said} {counted}.",) if counted else ()


@final
class Table:
    """Rows as they are gathered, until there are more values than memory should be spent on."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.left_out = 0
        """Rows that came when it was full."""
        self.cut = 0
        """Values that were too long."""
        self._cells = 0

    @property
    def full(self) -> bool:
        return self._cells >= MOST_CELLS

    def add(self, row: dict[str, str]) -> None:
        if not row:
            return
        if self.full:
            self.left_out += 1
            return
        self._cells += len(row)
        self.cut += sum(len(value) >= LONGEST for value in row.values())
        self.rows.append(row)

    def notes(self) -> tuple[str, ...]:
        """What could not be held, in words; nothing of most tables."""
        said = []
        if self.left_out:
            read = f"{len(self.rows):,} rows were read, not {self.left_out:,} more"
            said.append(f"Only its first {read}: to learn all, cut the file.")
        if self.cut:
            said.append(f"Cut values longer than {LONGEST:,} characters ({self.cut:,}).")
        return tuple(said)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text one after the other, without their ends: a list of them all may take ten times its memory."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def as_text(value: Any) -> str:
    """A value as text: without the white space around it, half characters and NUL; line ends are \\n. None is empty."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if len(value) > LONGEST:
        value = value[:LONGEST]
    if not value.isprintable() and _NOT_TEXT.search(value):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
        value = _NOT_TEXT.sub("", value)
    return str(value.strip())


def field_names(found: Iterable[str]) -> list[str]:
    """Names as they can stand in a template: on one line, without braces, none empty, no two alike."""
    names: list[str] = []
    taken: set[str] = set()
    for number, raw in enumerate(found, 1):
        plain = " ".join(as_text(raw[:200]).split()).replace("{", "(").replace("}", ")")[:80] or f"column {number}"
        name, again = plain, 2
        while name in taken:
            name, again = f"{plain} {again}", again + 1
        taken.add(name)
        names.append(name)
    return names


def template(rows: Sequence[Mapping[str, str]], fields: Sequence[str] = ()) -> str:
    """How a row of these reads as running text; `fields` in their order where it is known already."""
    seen = rows[:_LOOKED_AT]
    fields = fields or list(dict.fromkeys(field for row in seen for field in row))
    words = [field for field in fields if _holds_words([row.get(field, "") for row in seen])]
    shown = [f"{{{field}}}" for field in words or fields]
    if any("\n" in row.get(field, "") for row in seen for field in words or fields):
        return "\n".join(shown) + "\n"
    return "\t".join(shown)


def _holds_words(values: Sequence[str]) -> bool:
    """Whether a fourth of these are something to read, and most of those that are there."""
    there = sum(map(bool, values))
    words = sum(_is_words(value[:1000]) for value in values if value)
    return bool(there) and 4 * words >= len(values) and 2 * words >= there


def _is_words(value: str) -> bool:
    """Letters (or signs beyond ASCII) outnumber digits, and it is no address, yes, no, or word with numbers."""
    letters = sum(sign.isalpha() or not sign.isascii() for sign in value)
    return letters > sum(sign.isdigit() for sign in value) and not _NO_WORDS.fullmatch(value)
