"""JSON from strangers: one object, no surprises, and no more of it than a reader can hold."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from undersong.errors import InstrumentFileError

__all__ = ["read_object"]

_DEPTH = 32
_VALUES = 2_000_000  # a vocabulary of 32,000 pieces has 64,000; in Python's memory 2 million take some 200 MB


def read_object(data: bytes, name: str = "instrument.json") -> dict[str, Any]:
    """The object in these bytes.

    Raises InstrumentFileError for what is not JSON, for a key given twice, NaN and infinity, characters that cannot be
    written, and for anything too deep or of too many parts.
    """
    if sum(data.count(mark) for mark in (b",", b":", b"[", b"{")) > _VALUES:
        raise InstrumentFileError(f"its {name} has more parts than any instrument needs.")
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError as error:
        raise InstrumentFileError(f"its {name} is nested too deeply.") from error
    except ValueError as error:
        raise InstrumentFileError(f"its {name} is not proper JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InstrumentFileError(f"its {name} is not a JSON object.")
    _check(found, name)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _check(found: Any, name: str) -> None:
    """Walks the values level by level, so that depth costs no stack."""
    level = [found]
    for _ in range(_DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.keys()
                inner += value.values()
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and not _can_be_written(value):
                raise InstrumentFileError(f"its {name} holds half a character, which cannot be written.")
            elif isinstance(value, float) and not math.isfinite(value):
                raise InstrumentFileError(f"its {name} holds a number too large to be one.")
        if not inner:
            return
        level = inner
    raise InstrumentFileError(f"its {name} is nested too deeply.")


def _can_be_written(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
