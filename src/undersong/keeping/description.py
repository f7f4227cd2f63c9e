"""What an instrument file says of itself, checked by hand: pydantic would cost playing 0.1 s before the first event."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.errors import InstrumentFileError
from undersong.events import ConditionSpec
from undersong.shapes import ArraySpec

__all__ = ["FORMAT", "Description"]

FORMAT = 1
"""The version of instrument.json; a file of another one is refused, never guessed."""

_ARRAY = {"shape", "dtype", "count", "low", "high", "neutral"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_LARGEST = 2**24  # numbers of one event, condition or state: no array of ours comes near
_PER = ("piece", "event", "memory")

T = TypeVar("T")


@final
@dataclass(frozen=True)
class Description:
    """What plays this instrument: medium, codec, odds, and every array that goes in and out by name.

    `state` has one shape per array, without B, and is always float32. `start_event` is one event of the declared
    form, as JSON has it. The graphs themselves are the file's.
    """

    name: str
    medium: str
    codec: Mapping[str, Any]
    distribution: Mapping[str, Any]
    event: ArraySpec
    start_event: int | float | list[Any]
    conditions: tuple[ConditionSpec, ...] = ()
    state: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    readings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dials: tuple[Dial, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "medium": self.medium,
            "codec": dict(self.codec),
            "distribution": dict(self.distribution),
            "event": self.event.to_json(),
            "start_event": self.start_event,
            "conditions": [spec.to_json() for spec in self.conditions],
            "state": {name: {"shape": list(shape), "dtype": "float32"} for name, shape in self.state.items()},
            "readings": {name: dict(reading) for name, reading in self.readings.items()},
            "dials": [dial.to_json() for dial in self.dials],
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_json(cls, data: Any) -> Description:
        """The description back. Raises InstrumentFileError naming the key and what was expected."""
        _record(data, "instrument.json", {"format", *cls.__dataclass_fields__})
        if _whole(data["format"], "format") != FORMAT:
            raise InstrumentFileError(
                f"The file is of format {data['format']}; this Undersong plays format {FORMAT}.",
                "A newer Undersong may be able to play it: pip install --upgrade undersong",
            )
        event = _array(data["event"], "event")
        description = cls(
            name=_line(data["name"], "name"),
            medium=_name(data["medium"], "medium"),
            codec=_kind(data["codec"], "codec"),
            distribution=_kind(data["distribution"], "distribution"),
            event=event,
            start_event=_event(data["start_event"], event),
            conditions=tuple(_each(data["conditions"], "conditions", _condition)),
            state=_by_name(data["state"], "state", _state_shape),
            readings=_by_name(data["readings"], "readings", _object),
            dials=tuple(_each(data["dials"], "dials", _dial)),
            provenance=_object(data["provenance"], "provenance"),
        )
        names = [condition.name for condition in description.conditions]
        if len(set(names)) < len(names):
            raise _wrong("conditions", "names that differ", names)
        if "next" in description.readings:
            raise _wrong("readings", "names other than 'next', which is what gets played", "next")
        return description


def _wrong(where: str, expected: str, found: Any) -> InstrumentFileError:
    shown = ascii(found)
    return InstrumentFileError(
        f"instrument.json: {where} should be {expected}, but is {shown if len(shown) <= 60 else shown[:57] + '...'}."
    )


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    return value


def _record(value: Any, where: str, keys: set[str]) -> Mapping[str, Any]:
    """An object of exactly these keys."""
    found = _object(value, where)
    for key in sorted(keys - set(found)):
        raise InstrumentFileError(f"instrument.json: {where} lacks '{key}'.")
    for key in sorted(set(found) - keys):
        raise InstrumentFileError(f"instrument.json: {where} has a key that means nothing to us: {key!a}.")
    return found


def _each(value: Any, where: str, read: Callable[[Any, str], T]) -> list[T]:
    if not isinstance(value, list):
        raise _wrong(where, "a list", value)
    return [read(item, f"{where}[{index}]") for index, item in enumerate(value)]


def _by_name(value: Any, where: str, read: Callable[[Any, str], T]) -> dict[str, T]:
    return {
        _name(name, f"a name in {where}"): read(item, f"{where}.{name}") for name, item in _object(value, where).items()
    }


def _whole(value: Any, where: str, low: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value < 2**31:
        raise _wrong(where, f"a whole number from {low}", value)
    return value


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not _finite(value):
        raise _wrong(where, "a number", value)
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a float
        return False


def _optional_number(value: Any, where: str) -> float | None:
    return None if value is None else _number(value, where)


def _line(value: Any, where: str) -> str:
    """A short line that a terminal may show as it is."""
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise _wrong(where, "a line of 1 to 200 printable characters", value)
    return value


def _sentence(value: Any, where: str) -> str:
    return value if value == "" else _line(value, where)


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _wrong(where, "a name of letters, digits, '_', '.' and '-'", value)
    return value


def _kind(value: Any, where: str) -> Mapping[str, Any]:
    found = _object(value, where)
    _name(found.get("kind"), f"{where}.kind")
    return found


def _shape(value: Any, where: str) -> tuple[int, ...]:
    shape = tuple(_each(value, where, lambda size, place: _whole(size, place, low=1)))
    if len(shape) > 6 or math.prod(shape) > _LARGEST:
        raise _wrong(where, f"a shape of at most 6 dimensions and {_LARGEST:,} numbers", list(shape))
    return shape


def _array(value: Any, where: str) -> ArraySpec:
    found = _record(value, where, _ARRAY)
    dtype = found["dtype"]
    if dtype not in ("int64", "float32"):
        raise _wrong(f"{where}.dtype", "int64 or float32", dtype)
    symbol = dtype == "int64"
    if symbol == (found["count"] is None):
        raise _wrong(f"{where}.count", "a number for symbols, null for others", found["count"])
    return ArraySpec(
        shape=_shape(found["shape"], f"{where}.shape"),
        dtype=dtype,
        count=_whole(found["count"], f"{where}.count", low=1) if symbol else None,
        low=_optional_number(found["low"], f"{where}.low"),
        high=_optional_number(found["high"], f"{where}.high"),
        neutral=_number(found["neutral"], f"{where}.neutral"),
    )


def _event(value: Any, spec: ArraySpec) -> int | float | list[Any]:
    """One event of the declared form, as it stands in the file."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise _wrong("start_event", f"an array of shape {spec.shape}", value) from error
    kinds = "i" if spec.is_symbol else "if"
    if array.shape != spec.shape or array.dtype.kind not in kinds or not np.isfinite(array).all():
        raise _wrong("start_event", f"{spec.dtype} of shape {spec.shape}", value)
    # one symbol past those that are played may be heard: the start itself
    if spec.count is not None and not ((array >= 0) & (array <= spec.count)).all():
        raise _wrong("start_event", f"from 0 to {spec.count}", value)
    found: int | float | list[Any] = value
    return found


def _condition(value: Any, where: str) -> ConditionSpec:
    found = _record(value, where, {"name", "array", "per", "sentence"})
    name = _name(found["name"], f"{where}.name")
    if name.endswith(".mask"):
        raise _wrong(f"{where}.name", "a name without '.mask', which is a memory's own", name)
    if found["per"] not in _PER:
        raise _wrong(f"{where}.per", "piece, event or memory", found["per"])
    sentence = _sentence(found["sentence"], f"{where}.sentence")
    return ConditionSpec(name, _array(found["array"], f"{where}.array"), found["per"], sentence)


def _state_shape(value: Any, where: str) -> tuple[int, ...]:
    found = _record(value, where, {"shape", "dtype"})
    if found["dtype"] != "float32":
        raise _wrong(f"{where}.dtype", "float32", found["dtype"])
    return _shape(found["shape"], f"{where}.shape")


def _dial(value: Any, where: str) -> Dial:
    whole = "whole" in _object(value, where)  # said only of those that count something
    found = _record(value, where, {"name", "sentence", "low", "high", "neutral"} | ({"whole"} if whole else set()))
    if whole and found["whole"] is not True:
        raise _wrong(f"{where}.whole", "true, or left out", found["whole"])
    low, high, neutral = (_number(found[key], f"{where}.{key}") for key in ("low", "high", "neutral"))
    if not low <= neutral <= high:
        raise _wrong(where, "neutral somewhere from low to high", [low, neutral, high])
    name, sentence = _name(found["name"], f"{where}.name"), _sentence(found["sentence"], f"{where}.sentence")
    return Dial(name, sentence, low, high, neutral, whole)
