"""What odds need along the last axis, by the shortest way where an array is numpy's.

One event is drawn from a hundred numbers, so that looking up which library they belong to costs more than their sum.
The bits are the same: `xp.sum` ends in `add.reduce`, after a while.
"""

from __future__ import annotations

from typing import Any

import array_api_compat as compat
import array_api_compat.numpy as standard_numpy
import numpy as np

__all__ = ["chosen", "counted", "cumulative", "in_float64", "largest", "namespace", "picked", "total"]


def namespace(x: Any) -> Any:
    """The array API of the library that the array belongs to."""
    return standard_numpy if type(x) is np.ndarray else compat.array_namespace(x)


def in_float64(x: Any) -> Any:
    if type(x) is np.ndarray:
        return x.astype(np.float64, copy=False)
    xp = compat.array_namespace(x)
    return xp.astype(x, xp.float64)


def largest(x: Any) -> Any:
    """(…, V) → (…, 1)"""
    if type(x) is np.ndarray:
        return np.maximum.reduce(x, axis=-1, keepdims=True)
    return compat.array_namespace(x).max(x, axis=-1, keepdims=True)


def total(x: Any) -> Any:
    """(…, V) → (…, 1)"""
    if type(x) is np.ndarray:
        return np.add.reduce(x, axis=-1, keepdims=True)
    return compat.array_namespace(x).sum(x, axis=-1, keepdims=True)


def cumulative(x: Any) -> Any:
    """(…, V) → (…, V), each the sum up to itself."""
    if type(x) is np.ndarray:
        return np.add.accumulate(x, axis=-1)
    return compat.array_namespace(x).cumulative_sum(x, axis=-1)


def chosen(x: Any, places: Any) -> Any:
    """(…, V) and whole numbers (…, N) → (…, N): of each row what stands at these places."""
    if type(x) is np.ndarray and x.ndim == 2:
        return x[np.arange(len(x))[:, None], places]
    return namespace(x).take_along_axis(x, places, axis=-1)


def counted(x: Any) -> Any:
    """(…, V) of yes and no → (…): how many are yes."""
    if type(x) is np.ndarray:
        return np.add.reduce(x, axis=-1, dtype=np.int64)
    xp = compat.array_namespace(x)
    return xp.sum(xp.astype(x, xp.int64), axis=-1)


def picked(x: Any, events: Any) -> Any:
    """(…, V) and (…) → (…): of each row the number at its event."""
    if type(x) is np.ndarray and x.ndim == 2:
        return x[np.arange(len(x)), events]
    return compat.array_namespace(x, events).take_along_axis(x, events[..., None], axis=-1)[..., 0]
