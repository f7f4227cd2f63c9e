"""Protobuf's wire format, read by hand: a message is what its form says, and every surprise is refused.

Two readers of one file must not see two things. So a field that the form does not know, that comes twice where once
is meant, that has another wire type or runs past the end is an error here, where protobuf itself would skip or merge.
Nothing recurses and nothing is copied: an inner message is a view of the bytes, read when someone asks for it.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from undersong.errors import InstrumentFileError

__all__ = ["FIELDS", "Field", "Form", "Message", "Wire"]

FIELDS = 1_000_000
"""How many fields and numbers one file may hold, its raw weights not counted: a second or two of reading."""

Kind = Literal["int", "float", "bytes", "str", "ints", "floats", "doubles", "strs", "many", "skip", "refused"]
"""One number, view or string · all numbers of a repeated field · all views of one · passed over · an error.

`floats` and `doubles` come as the views that hold them, little-endian, so that weights never become Python objects.
"""

Message = dict[str, Any]
"""A message as its fields by name. A repeated field is always there, if empty; a single one only where it was sent."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_TYPES: Mapping[Kind, tuple[int, ...]] = {
    "int": (_VARINT,),
    "float": (_FIXED32,),
    "bytes": (_BYTES,),
    "str": (_BYTES,),
    "ints": (_VARINT, _BYTES),  # repeated numbers may come one by one or packed
    "floats": (_FIXED32, _BYTES),
    "doubles": (_FIXED64, _BYTES),
    "strs": (_BYTES,),
    "many": (_BYTES,),
    "skip": (_VARINT, _FIXED64, _BYTES, _FIXED32),
}
_REPEATED = frozenset({"ints", "floats", "doubles", "strs", "many"})


@final
@dataclass(frozen=True)
class Field:
    """One field of a form. The name of a refused one is what the error says it holds."""

    name: str
    kind: Kind


@final
@dataclass(frozen=True)
class Form:
    """What a kind of message may hold, by field number."""

    name: str
    fields: Mapping[int, Field]


@final
class Wire:
    """Reads the messages of one file, and counts what it reads: a file may not cost more time than it should."""

    def __init__(self, file: str, most: int = FIELDS) -> None:
        self.file = file
        self._left = most

    def message(self, data: memoryview, form: Form) -> Message:
        """The fields of one message. Raises InstrumentFileError for anything the form does not allow."""
        found: Message = {field.name: [] for field in form.fields.values() if field.kind in _REPEATED}
        for number, wire_type, value in self._fields(data, form):
            field = form.fields.get(number)
            if field is None:
                raise self._error(form, f"field {number}, which means nothing to us")
            if field.kind == "refused":
                raise self._error(form, f"{field.name}, which an instrument may not have")
            if wire_type not in _TYPES[field.kind]:
                raise self._error(form, f"'{field.name}' in wire type {wire_type}")
            if field.kind == "skip":
                continue
            if field.kind in _REPEATED:
                found[field.name].extend(self._values(field, value, form))
            elif field.name in found:
                raise self._error(form, f"'{field.name}' twice")
            else:
                found[field.name] = next(iter(self._values(field, value, form)))
        return found

    def _values(self, field: Field, value: int | memoryview, form: Form) -> Iterator[Any]:
        if isinstance(value, int):
            yield _signed(value)
        elif field.kind == "float":
            yield struct.unpack("<f", value)[0]
        elif field.kind in ("str", "strs"):
            try:
                yield str(value, "utf-8")
            except UnicodeDecodeError as error:
                raise self._error(form, f"'{field.name}' that is not UTF-8") from error
        elif field.kind == "ints":
            at = 0
            while at < len(value):
                number, at = self._varint(value, at, form)
                yield _signed(number)
        else:
            yield value

    def _fields(self, data: memoryview, form: Form) -> Iterator[tuple[int, int, int | memoryview]]:
        at = 0
        while at < len(data):
            tag, at = self._varint(data, at, form)
            number, wire_type = tag >> 3, tag & 7
            if wire_type == _VARINT:
                value, at = self._varint(data, at, form)
                yield number, wire_type, value
                continue
            if wire_type == _BYTES:
                length, at = self._varint(data, at, form)
            elif wire_type in _WIDTHS:
                length = _WIDTHS[wire_type]
            else:
                raise self._error(form, f"field {number} in wire type {wire_type}")
            if length > len(data) - at:
                raise self._error(form, f"a field of {length} bytes where {len(data) - at} are left")
            yield number, wire_type, data[at : at + length]
            at += length

    def _varint(self, data: memoryview, at: int, form: Form) -> tuple[int, int]:
        """The number that begins at `at`, and where it ends."""
        self._left -= 1
        if self._left < 0:
            raise InstrumentFileError(f"{self.file} has more parts than any instrument needs.")
        value = 0
        for shift in range(0, 70, 7):
            if at >= len(data):
                raise self._error(form, "a number that is cut off")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> 64:
                    break
                return value, at
        raise self._error(form, "a number of more than 64 bits")

    def _error(self, form: Form, holds: str) -> InstrumentFileError:
        return InstrumentFileError(f"{self.file} is not a graph we can read: {form.name} holds {holds}.")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
