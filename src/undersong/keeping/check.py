"""What an int8 graph gave where it was written, so that whoever plays it can see whether it gives the same here.

Some processors cut off large sums of 8-bit products. The events of a check mean nothing: nobody's work leaves with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.errors import InstrumentFileError
from undersong.keeping.description import Description
from undersong.keeping.strict_json import read_object
from undersong.shapes import ArraySpec

__all__ = ["CHECK_FILE", "Check", "check_events", "read_check"]

CHECK_FILE = "check.json"

_ROWS, _EVENTS = 3, 8
_NUMBERS = 4_000_000  # of all arrays together


@final
@dataclass(frozen=True, eq=False)
class Check:
    """Heard in turn from the start under neutral conditions, `events` (T, R, …) gave `parameters` (T, R, K).

    These are every `stride`-th of the numbers of `parameters.next`, so that a large vocabulary takes little room.
    """

    events: np.ndarray
    parameters: np.ndarray
    stride: int

    def to_bytes(self) -> bytes:
        rounded = [[[float(f"{number:.7g}") for number in row] for row in step] for step in self.parameters.tolist()]
        data = {"events": self.events.tolist(), "stride": self.stride, "parameters": rounded}
        return json.dumps(data, allow_nan=False, separators=(",", ":")).encode()


def read_check(data: bytes, description: Description) -> Check:
    """The check in these bytes. Raises InstrumentFileError where it is none for such an instrument."""
    found = read_object(data, CHECK_FILE)
    if set(found) != {"events", "stride", "parameters"}:
        raise _wrong("should hold events, stride and parameters, and nothing else")
    stride = found["stride"]
    if not isinstance(stride, int) or isinstance(stride, bool) or not 1 <= stride < 2**31:
        raise _wrong("has a stride that is no whole number from 1")
    spec = description.event
    events = _numbers(found["events"], "events", 2 + len(spec.shape))
    if events.shape[2:] != spec.shape or (spec.is_symbol and events.dtype.kind != "i"):
        raise _wrong(f"has events that are not of the declared form, {spec.dtype} {spec.shape}")
    if spec.count is not None and not ((events >= 0) & (events < spec.count)).all():
        raise _wrong(f"has events that are no symbols from 0 to {spec.count - 1}")
    parameters = _numbers(found["parameters"], "parameters", 3)
    if not events.size or not parameters.size or events.shape[:2] != parameters.shape[:2]:
        raise _wrong("does not have parameters for each of its events")
    return Check(events.astype(spec.dtype), parameters.astype(np.float32), stride)


def check_events(spec: ArraySpec) -> np.ndarray:
    """Events (T, R, …) from all over what can be heard, the same for the same form."""
    dice = np.random.default_rng(0)
    shape = (_EVENTS, _ROWS, *spec.shape)
    if spec.count is not None:
        return dice.integers(spec.count, size=shape)
    low, high = (-np.inf if spec.low is None else spec.low), (np.inf if spec.high is None else spec.high)
    return np.clip(dice.normal(size=shape), low, high).astype(spec.dtype)


def _numbers(value: Any, name: str, rank: int) -> np.ndarray:
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        raise _wrong(f"has {name} in rows of different lengths") from error
    if array.ndim != rank or array.dtype.kind not in "if" or array.size > _NUMBERS:
        raise _wrong(f"has {name} that are no array of {rank} dimensions")
    with np.errstate(over="ignore"):
        if not np.isfinite(array.astype(np.float32)).all():
            raise _wrong(f"has {name} that are too large")
    return array


def _wrong(why: str) -> InstrumentFileError:
    return InstrumentFileError(f"its {CHECK_FILE} {why}.", "Nothing was played.")
