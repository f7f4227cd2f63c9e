"""Tables whose values are parted by commas, semicolons, tabs or bars; and, beside them, those written as JSON.

Which sign parts the values, and whether quotation marks hold them together, is found out by trying: the reading in
which most rows have the same number of columns wins. A first row is taken for names only where it looks unlike what
stands below it.
"""

from __future__ import annotations

import csv
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import LONGEST, MOST_CELLS, MOST_FIELDS, Table, as_text, field_names, template
from undersong.media.text.reading.unfolding import parse_json, parse_jsonl

__all__ = ["parse_csv", "parse_json", "parse_jsonl"]

_DELIMITERS = (",", ";", "\t", "|")
_BEGINNING = 1 << 16  # characters tried in each way
_TRIED = 300  # rows of them
_CROWDED = 1_000_000  # signs of one line that part values: no row, but something gone wrong

_NUMBER = re.compile(r"[-+]?[\d.,:/ ]{0,30}\d[\d.,:/ ]{0,30}%?")
_SENTENCE = re.compile(r".{60,}|.*[.!?…。！？]\Z", re.S)
_KNOWN = frozenset(  # what columns are called in the tables that people learn from
    re.findall(
        r"\w+",
        """
        id index no nr title name text word words headline headlines author category label tag tags date time year body
        content message sentence sentences question answer definition meaning pos lang language url link description
        summary score class type target source input output prompt response comment comments review rating quote tweet
        lyrics line lines poem poems recipe ingredients genre artist song user username speaker gender country city
        titel wort satz autor überschrift nombre título texto palabra titre mot phrase auteur nom
        """,
    )
)

_limit = threading.Lock()  # the standard library keeps one limit for all who read tables


@dataclass(frozen=True)
class _Way:
    """How a table is written: which sign parts its values ("" for none), and whether quotation marks hold them."""

    delimiter: str
    quoted: bool

    def rows(self, text: str) -> Iterator[list[str]]:
        """Its rows, without empty ones. Raises csv.Error where quotation marks are not closed as they should be."""
        for row in self._quoted(text) if self.quoted else self._plain(text):
            if any(map(str.strip, row)):
                yield row

    def _quoted(self, text: str) -> Iterator[list[str]]:
        yield from csv.reader(self._lines(text), delimiter=self.delimiter or "\x1f", skipinitialspace=True)

    def _plain(self, text: str) -> Iterator[list[str]]:
        for line in self._lines(text, bounded=False):
            row = line.rstrip("\n").split(self.delimiter, MOST_FIELDS) if self.delimiter else [line]
            yield [_unquoted(value.strip()) for value in row]

    def _lines(self, text: str, bounded: bool = True) -> Iterator[str]:
        start = 0
        while start < len(text):
            end = text.find("\n", start) + 1 or len(text)
            if bounded and end - start > _CROWDED and text.count(self.delimiter or "\x1f", start, end) > _CROWDED:
                raise csv.Error("a line is no row")
            yield text[start:end]
            start = end


def parse_csv(text: str, name: str) -> Document | None:
    """A table of values parted by a sign, each row a record; rows that are too short or too long are mended and said.

    None where there is nothing in it. An export of DiscordChatExporter is read as the chat it is.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    told, text = _told(text)
    with _limit:
        before = csv.field_size_limit(LONGEST)
        try:
            rows, way, left_out = _read(text, told, name)
        finally:
            csv.field_size_limit(before)
    if not rows:
        return None
    width = _usual([len(row) for row in rows])
    named = _is_header(rows, width)
    names = field_names((rows[0] if named else [""] * width)[:MOST_FIELDS])
    table, ragged = Table(), 0
    for row in rows[1:] if named else rows:
        while len(row) > len(names) and not row[-1].strip():
            row.pop()
        if len(row) > len(names):  # what is over belongs to the last: an unquoted sign in a sentence, mostly
            ragged, last = ragged + 1, len(names) - 1
            row = [*row[:last], (way.delimiter or " ").join(row[last:])]
        found = zip(names, map(as_text, row), strict=False)
        table.add({field: value for field, value in found if value})
    if not table.rows:
        return None
    table.left_out += left_out
    from undersong.media.text.reading import chats  # here, for chats may come as tables and as JSON

    if chats.is_discord_table(names):
        return chats.parse_discord_table(table.rows, name)
    notes = [f"It has {len(table.rows):,} rows with the columns {_listed(names)}.", *table.notes()]
    if not named:
        notes.append("No row of it names the columns, so they are called column 1 and so on.")
    if ragged:
        notes.append(f"Where a row had too many values, what was over was left in the last column ({ragged:,}).")
    return Document("a table", records=tuple(table.rows), template=template(table.rows, names), notes=tuple(notes))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _told(text: str) -> tuple[str, str]:
    """The sign that a first line `sep=;` names, as spreadsheets write it, and the text without that line."""
    line = text[:16].partition("\n")[0]
    if line.lower().startswith("sep=") and len(line) == 5 and line[4] in _DELIMITERS:
        return line[4], text[len(line) + 1 :]
    return "", text


def _read(text: str, told: str, name: str) -> tuple[list[list[str]], _Way, int]:
    """All rows, the way they were read, and how many more there were than memory should be spent on."""
    way = _sniffed(text, told, name)
    try:
        rows, left_out = _gathered(way, text)
    except csv.Error:
        rows, left_out = [], 0
    if way.quoted and (not rows or _ran_away(rows, way, text)):
        plain = _Way(way.delimiter, False)
        others, others_left_out = _gathered(plain, text)
        if not rows or _evenness(others) > _evenness(rows) - 0.02:
            return others, plain, others_left_out
    return rows, way, left_out


def _gathered(way: _Way, text: str) -> tuple[list[list[str]], int]:
    rows: list[list[str]] = []
    cells = left_out = 0
    for row in way.rows(text):
        if cells >= MOST_CELLS:
            left_out += 1
            continue
        cells += len(row)
        rows.append(row)
    return rows, left_out


def _ran_away(rows: Sequence[list[str]], way: _Way, text: str) -> bool:
    """Whether a stray quotation mark seems to hold together what are rows of their own."""
    if text.count('"') % 2:
        return True
    if not way.delimiter:
        return False
    signs = _usual([len(row) for row in rows]) - 1
    for row in rows:
        for value in row:
            if value.count("\n") >= 3:
                inner = value.split("\n", 8)[1:-1]
                if inner and all(line.count(way.delimiter) == signs for line in inner):
                    return True
    return False


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('""', '"')
    return value


# ── how it is written ──────────────────────────────────────────────────────────────────────────────────────────────


def _sniffed(text: str, told: str, name: str) -> _Way:
    """The way in which most of the first rows have the same number of columns, two at least; else one column."""
    start = text[:_BEGINNING]
    if len(text) > _BEGINNING and "\n" in start:
        start = start[: start.rfind("\n") + 1]
    lower = name.lower()
    first = "\t" if lower.endswith((".tsv", ".tab")) else ","
    if told:
        return _Way(told, '"' in text)
    best, most = _Way("", '"' in start), 0.6
    for delimiter in sorted(_DELIMITERS, key=lambda sign: sign != first):
        for quoted in (True, False) if '"' in text else (False,):
            way = _Way(delimiter, quoted)
            score = _score(way, start)
            if score > most + 1e-6:
                best, most = way, score
    return best


def _score(way: _Way, start: str) -> float:
    """The share of rows that have the usual number of columns; 0 where that is one, or quotation marks go wrong."""
    widths: list[int] = []
    try:
        for row in way.rows(start):
            widths.append(len(row))
            if len(widths) == _TRIED:
                break
    except csv.Error:
        return 0.0
    usual = _usual(widths)
    if usual < 2:
        return 0.0
    # a last value may be empty, and then the row only seems too short
    return sum(1.0 if width == usual else 0.9 if width == usual - 1 > 1 else 0.0 for width in widths) / len(widths)


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    usual = _usual([len(row) for row in rows])
    return sum(len(row) == usual for row in rows) / len(rows) if rows else 0.0


def _usual(widths: Sequence[int]) -> int:
    """The commonest number of columns; the larger of two that are as common."""
    counted = Counter(widths)
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _is_header(rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether the first row names the columns: short names, no two alike, unlike what stands below them."""
    names = [value.strip() for value in rows[0]]
    filled = [name for name in names if name]
    if not filled or len(set(filled)) < len(filled):
        return False
    if any(_NUMBER.fullmatch(name) or _SENTENCE.match(name[:200]) for name in filled):
        return False
    known = sum(_known(name) for name in filled)
    if known == len(filled) or (known * 2 >= len(filled) and len(rows) > 1):
        return True
    if len(rows) < 2 or len(names) not in (width, width - 1):
        return False
    below = rows[1:_TRIED]
    for column, name in enumerate(names):
        values = [row[column].strip() for row in below if len(row) > column and row[column].strip()]
        if not name or len(values) < 3:
            continue
        if name in values:
            return False
        numbers = sum(_NUMBER.fullmatch(value[:80]) is not None for value in values)
        if numbers > 0.8 * len(values) or median(map(len, values)) > max(3 * len(name), 24):
            return True
    return False


def _known(name: str) -> bool:
    """Whether it is what columns are called, or written as only programs write names: context_label, AuthorID."""
    plain = name.lower()
    parts = re.split(r"[ _.-]+", plain[:80])
    spelled = "_" in plain or re.fullmatch(r"[A-Za-z]+[a-z][A-Z][A-Za-z]*", name[:80]) is not None
    return plain in _KNOWN or (" " not in plain and (spelled or bool(_KNOWN.intersection(parts))))
