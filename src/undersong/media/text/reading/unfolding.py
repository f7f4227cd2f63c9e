"""JSON of any shape → records, by one rule.

A record is an innermost row, with everything that stands around it:

- the fields of an object within an object are called by both names, `meanings.def`;
- a list of plain values is one text, a line each (a poem's lines; lists within it are parted by an empty line);
- a list of objects is unfolded: one record for each, which repeats what stands beside the list. Two such lists beside
  each other are unfolded one after the other, never against each other.

What the records are made from, at the top: the elements of a list; the values of an object of like objects, whose keys
become the field `key` where no field says the same; the pairs of an object of many plain values, as `key` and `value`;
the longest list in an object that is only an envelope around it. A list of plain texts is a list of texts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import MOST_FIELDS, Table, Tally, as_text, field_names, lines_of, template

__all__ = ["decoded", "parse_json", "parse_jsonl", "unfolded"]

_DEEPEST = 32  # objects within objects that are looked into
_PARTS = 8_000_000  # values in one file; in memory each is some 70 bytes
_PAIRS = 20  # an object of more plain values than this is a list of pairs, not one record
_BAD = 1000  # lines that are not JSON, after which a file that has more of them than others is given up
_ENVELOPES = 8  # objects around the list that holds the records

_TOO_DEEP = "values nested too deeply"
_TOO_MANY = "fields beyond the first 200"


class _Number(str):
    """A number as it was written: no digit of it is lost, and it never overflows."""

    __slots__ = ()


def parse_json(text: str, name: str) -> Document | None:
    """A file of JSON as records or texts; chats of Telegram and Discord as the chats they are.

    None where it holds nothing to read. Raises UnreadableFileError for what is not JSON, is nested too deeply or has
    more parts than memory should be spent on.
    """
    from undersong.media.text.reading import chats  # here, for chats may come as tables and as JSON

    if not text.strip("\ufeff \t\r\n"):
        return None
    twice = Tally()
    try:
        value = decoded(text, name, twice)
    except UnreadableFileError:
        if not _lines_of_json(text):
            raise
        return parse_jsonl(text, name)
    if chats.looks_like_telegram(value):
        return chats.parse_telegram(value, name)
    if chats.looks_like_discord(value):
        return chats.parse_discord(value, name)
    return unfolded(value, "JSON", twice)


def parse_jsonl(text: str, name: str) -> Document | None:
    """A file with a value of JSON on each line; lines that are none are left out, counted, and the first is named.

    None where it holds nothing to read. Raises UnreadableFileError where most lines are not JSON.
    """
    _check_parts(text, name)
    values: list[Any] = []
    bad = first = 0
    twice = Tally()
    decoder = _decoder(twice)
    for number, raw in enumerate(lines_of(text), 1):
        line = raw.strip("\ufeff \t\r")
        if not line:
            continue
        try:
            values.append(decoder.decode(line))
        except (ValueError, RecursionError):
            bad, first = bad + 1, first or number
            if bad > max(_BAD, len(values)):
                break
    if bad > len(values):
        raise UnreadableFileError(
            f"'{name}' is not JSON lines: {bad:,} of {bad + len(values):,} lines are not JSON, the first "
            f"of them line {first:,}.",
            "Each line should hold one value of JSON, such as an object; or rename the file if it is plain text.",
        )
    document = unfolded(values, "JSON lines", twice)
    if document is None or not bad:
        return document
    note = f"Left out lines that are not JSON ({bad:,}), the first of them line {first:,}."
    return Document(document.form, document.texts, document.records, document.template, (*document.notes, note))


def decoded(text: str, name: str, twice: Tally | None = None) -> Any:
    """The value; numbers as they are written, NaN among them. Of a name that an object has twice the last one counts.

    Raises UnreadableFileError.
    """
    _check_parts(text, name)
    try:
        return _decoder(twice or Tally()).decode(text.strip("\ufeff \t\r\n"))
    except RecursionError as error:
        raise UnreadableFileError(
            f"'{name}' is nested too deeply to be read: lists in lists in lists …",
            "Save it as a list of objects, one level deep, and try again.",
        ) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno:,}, column {error.colno:,}"
        raise UnreadableFileError(
            f"'{name}' is not proper JSON: {error.msg} at {where}.",
            "Mend that place, or rename the file to .txt to learn it as plain text.",
        ) from error


def _check_parts(text: str, name: str) -> None:
    if sum(map(text.count, ",:[{")) > _PARTS:
        raise UnreadableFileError(
            f"'{name}' has more than {_PARTS:,} values, too many to be held in memory at once.",
            "Cut it into several files, or save only the fields you want to learn, as CSV or plain text.",
        )


def _decoder(twice: Tally) -> json.JSONDecoder:
    names: dict[str, str] = {}  # one string for each name, however many objects have it

    def an_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = {names.setdefault(name, name): value for name, value in pairs}
        if len(found) < len(pairs):
            twice.add("values whose name came again in the same object", len(pairs) - len(found))
        return found

    return json.JSONDecoder(object_pairs_hook=an_object, parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def _lines_of_json(text: str) -> bool:
    """Whether a file called .json has a value on each line, as many have."""
    first, _, rest = text.strip("\ufeff \t\r\n").partition("\n")
    try:
        return bool(rest) and isinstance(_decoder(Tally()).decode(first.strip()), dict | list)
    except (ValueError, RecursionError):
        return False


# ── the rule ───────────────────────────────────────────────────────────────────────────────────────────────────────


def unfolded(value: Any, form: str, twice: Tally | None = None) -> Document | None:
    """A decoded value as records, or as texts; None where it holds nothing to read."""
    left_out = twice or Tally()
    if isinstance(value, str) and not isinstance(value, _Number):
        value = [value]
    if isinstance(value, list) and all(not isinstance(inner, dict | list) for inner in value):
        if not any(isinstance(inner, str) and not isinstance(inner, _Number) for inner in value):
            return None
        texts = tuple(text for text in map(as_text, value) if text)
        if not texts:
            return None
        notes = (f"It is a list of {len(texts):,} texts.", *left_out.notes())
        return Document(form, texts=texts, notes=notes)
    if not isinstance(value, dict | list):
        return None
    unfolding = _Unfolding(left_out)
    for row in _top(value, left_out):
        if unfolding.table.full:
            unfolding.table.left_out += 1
        else:
            unfolding.row(row)
    rows = unfolding.table.rows
    if not rows:
        return None
    order = list(dict.fromkeys(field for row in rows for field in row))
    names = unfolding.names
    listed = ", ".join(order[:12]) + (f" and {len(order) - 12} more" if len(order) > 12 else "")
    notes = (
        f"It holds {len(rows):,} records with the fields {listed}.",
        *left_out.notes(),
        *unfolding.table.notes(),
    )
    first = [field for field in names.values() if field in set(order)]
    return Document(form, records=tuple(rows), template=template(rows, first), notes=notes)


def _top(value: Mapping[str, Any] | Sequence[Any], left_out: Tally) -> Iterator[Mapping[str, Any]]:
    """The rows a file is made of, each as an object."""
    for _ in range(_ENVELOPES):
        if isinstance(value, list):
            break
        assert isinstance(value, dict)
        if _alike(value):
            yield from _keyed(value)
            return
        if len(value) > _PAIRS and all(_is_plain(inner) for inner in value.values()):
            yield from ({"key": key, "value": inner} for key, inner in value.items())
            return
        lists = {key: inner for key, inner in value.items() if _holds_rows(inner)}
        if not lists:
            yield value
            return
        longest = max(lists, key=lambda key: len(lists[key]))
        if len(value) > 1:
            left_out.add(f"what stands around its list '{longest[:80]}'", len(value) - 1)
        value = lists[longest]
    for row in value:
        if isinstance(row, dict):
            yield row
        elif isinstance(row, list):
            yield {f"column {number}": inner for number, inner in enumerate(row[:MOST_FIELDS], 1)}
        elif row is not None:
            yield {"text": row}


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list) or (
        isinstance(value, list) and not any(isinstance(inner, dict | list) for inner in value)
    )


def _holds_rows(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(inner, dict | list) for inner in value)
    return isinstance(value, dict) and (_alike(value) or any(_holds_list(inner) for inner in value.values()))


def _holds_list(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(inner, dict) for inner in value)


def _alike(value: Mapping[str, Any]) -> bool:
    """Whether these are objects of one kind under their names, at least two: most have their commonest field."""
    if len(value) < 2 or not all(isinstance(inner, dict) for inner in value.values()):
        return False
    counted = Counter(field for inner in value.values() for field in inner)
    return max(counted.values(), default=0) >= max(2, 0.6 * len(value))


def _keyed(value: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Objects under their names, which come first as the field `key`, unless a field of theirs says the same."""
    some = list(value.items())[:100]
    fields = {field for _, row in some for field in row}
    said = any(sum(row.get(field) == key for key, row in some) >= 0.9 * len(some) for field in fields)
    for key, row in value.items():
        yield row if said else {"key": key, **row}


@final
class _Unfolding:
    """Rows, as their innermost ones are found."""

    def __init__(self, left_out: Tally) -> None:
        self.table = Table()
        self.names: dict[str, str] = {}
        """Paths as they stand in the file → names of fields, in the order in which they were met."""
        self._left_out = left_out
        self._taken: set[str] = set()

    def row(self, row: Mapping[str, Any]) -> None:
        """One row of the file: as many records as it has innermost rows."""
        waiting: list[tuple[Mapping[str, Any], str, dict[str, str], int]] = [(row, "", {}, 0)]
        while waiting:
            if self.table.full:
                self.table.left_out += len(waiting)
                return
            node, path, around, depth = waiting.pop()
            own = dict(around)
            lists: list[tuple[str, list[Any]]] = []
            self._take(node, path, own, lists, depth)
            if not lists:
                self.table.add(own)
            inner = [
                (item if isinstance(item, dict) else {"": item}, at, own, depth + 1)
                for at, items in lists
                for item in items
            ]
            if depth + 1 > _DEEPEST and inner:
                self._left_out.add(_TOO_DEEP, len(inner))
                self.table.add(own)
                continue
            waiting += reversed(inner)  # so that the first is taken next

    def _take(
        self, node: Mapping[str, Any], path: str, own: dict[str, str], lists: list[tuple[str, list[Any]]], depth: int
    ) -> None:
        """The fields of an object and of those within it; lists that hold objects are put aside."""
        waiting = [(node, path, depth)]
        while waiting:
            node, path, depth = waiting.pop()
            nested: list[tuple[Mapping[str, Any], str, int]] = []
            for key, value in node.items():
                at = f"{path}.{key}" if path and key else path or key
                if isinstance(value, dict):
                    nested.append((value, at, depth + 1))
                elif isinstance(value, list):
                    objects, texts = _parted(value)
                    if objects:
                        lists.append((at, objects))
                    elif texts:
                        self._set(own, at, texts)
                else:
                    self._set(own, at, as_text(value))
            if nested and depth >= _DEEPEST:
                self._left_out.add(_TOO_DEEP, len(nested))
            else:
                waiting += reversed(nested)

    def _set(self, own: dict[str, str], path: str, value: str) -> None:
        if not value:
            return
        name = self.names.get(path)
        if name is None:
            if len(self.names) >= MOST_FIELDS:
                self._left_out.add(_TOO_MANY)
                return
            name, again = field_names([path])[0], 2
            plain = name
            while name in self._taken:
                name, again = f"{plain} {again}", again + 1
            self._taken.add(name)
            self.names[path] = name
        own[name] = value


def _parted(value: list[Any]) -> tuple[list[Any], str]:
    """The objects in a list and in lists within it, in order, or all its plain values as one text."""
    if not any(isinstance(inner, dict | list) for inner in value):
        return [], "\n".join(filter(None, map(as_text, value)))
    flat: list[Any] = []
    text: list[str] = []
    waiting: list[tuple[Any, int]] = [(inner, 1) for inner in reversed(value)]
    while waiting:
        inner, depth = waiting.pop()
        if isinstance(inner, list) and depth < _DEEPEST:
            if text and text[-1]:
                text.append("")  # an empty line between verses
            waiting += [(deeper, depth + 1) for deeper in reversed(inner)]
        elif isinstance(inner, dict):
            flat.append(inner)
        elif not isinstance(inner, list) and inner is not None:
            flat.append(inner)
            text.append(as_text(inner))
    if any(isinstance(inner, dict) for inner in flat):
        return flat, ""
    return [], "\n".join(text).strip()
