"""What an instrument has heard, as JSON: a history goes on elsewhere without anything being heard again.

    {"layout": "5f0c…", "arrays": {"h.0": {"dtype": "<f4", "shape": [1, 256], "data": "zczMPQ…"}}}

The data are the bytes of each array, little-endian, in base64: what comes back is the same to the last bit. It may come
from anybody, so nothing of it is decoded before its size is known, and all of it must be such as the instrument makes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from undersong.errors import InputError
from undersong.events import State
from undersong.shapes import shape_text

__all__ = ["carried", "layout_of", "taken"]

_MOST = 2**31 - 1  # whole numbers in a state name symbols and places: none is larger
_AGAIN = "Export the session again where it was played, or hand in its events alone: they are heard anew."


def carried(state: State) -> dict[str, Any]:
    """The state as JSON, 4/3 of its bytes. `taken` is the way back."""
    arrays = {}
    for name, value in state.items():
        plain = np.ascontiguousarray(value, dtype=_written(value))
        data = base64.b64encode(plain.tobytes()).decode("ascii")
        arrays[name] = {"dtype": plain.dtype.str, "shape": list(value.shape), "data": data}
    return {"layout": layout_of(state), "arrays": arrays}


def layout_of(state: State) -> str:
    """A digest of the names, types and shapes of a state: instruments of the same build have the same."""
    parts = sorted((name, _written(value).str, list(value.shape)) for name, value in state.items())
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def taken(data: Any, like: State) -> State:
    """A state from JSON, where it is made like the state `like` of the instrument that is to go on.

    Raises InputError for another layout, and naming the array for what is cut short, not finite or not of its shape.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("arrays"), Mapping):
        raise InputError('A carried state is an object with "layout" and "arrays".', _AGAIN)
    arrays: Mapping[str, Any] = data["arrays"]
    if strange := [name for name in like if name not in arrays] or [name for name in arrays if name not in like]:
        raise InputError(
            f"The carried state does not fit this instrument: it and '{str(strange[0])[:40]}' do not go together.",
            f"It keeps {', '.join(sorted(like)) or 'nothing'}. {_AGAIN}",
        )
    found = {name: _array(name, arrays[name], value) for name, value in like.items()}
    if data.get("layout") != layout_of(like):
        raise InputError("The carried state says it is laid out for another instrument.", _AGAIN)
    return found


def _array(name: str, given: Any, like: np.ndarray) -> np.ndarray:
    """One array, of the shape and type of `like`."""
    dtype = _written(like)
    if not isinstance(given, Mapping):
        raise InputError(f"'{name}' of the carried state is no array.", _AGAIN)
    if given.get("dtype") != dtype.str or given.get("shape") != list(like.shape):
        said = f"{str(given.get('shape'))[:40]} {str(given.get('dtype'))[:20]}"
        raise InputError(f"'{name}' of the carried state is {said}; expected {shape_text(like)}.", _AGAIN)
    written = given.get("data")
    if not isinstance(written, str) or len(written) != 4 * -(-like.nbytes // 3):
        raise InputError(f"'{name}' of the carried state should be {like.nbytes} bytes in base64.", _AGAIN)
    try:
        plain = base64.b64decode(written, validate=True)
    except ValueError as error:
        raise InputError(f"'{name}' of the carried state is not base64: {error}.", _AGAIN) from error
    if len(plain) != like.nbytes:
        raise InputError(f"'{name}' of the carried state is {len(plain)} bytes; expected {like.nbytes}.", _AGAIN)
    value = np.frombuffer(plain, dtype).reshape(like.shape)
    if flaw := _flaw(value):
        raise InputError(f"'{name}' of the carried state holds {flaw}.", _AGAIN)
    return value.astype(like.dtype)  # a copy, in this machine's order of bytes


def _flaw(value: np.ndarray) -> str:
    """What an array holds that no state does, or nothing."""
    if value.dtype.kind == "f":
        return "" if np.isfinite(value).all() else "a number that is not finite"
    if value.dtype.kind == "b":
        return "" if (value.view(np.uint8) <= 1).all() else "something that is neither yes nor no"
    fits = (value >= -1) & (value <= _MOST)
    return "" if fits.all() else "a whole number that stands for nothing"


def _written(value: np.ndarray) -> np.dtype[Any]:
    """The type in which an array is written: its own, little-endian."""
    assert value.dtype.kind in "fiub", value.dtype
    return value.dtype.newbyteorder("<")
