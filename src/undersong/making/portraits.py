"""Portraits of works held side by side: quantiles, distances, what is closed in time, what nobody has seen before.

What a number means its type says: whole ones are lengths, floats are waits (infinite for what never came), unsigned
ones name a thing, so that equal things are found again. A medium draws the portrait; see `AbstractMedium.portrait`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from undersong.shapes import Float

__all__ = [
    "BINS", "QUANTILES", "WAITS", "closed", "closed_within", "distance", "is_length", "is_name", "is_wait", "merged",
    "quantiles", "shares_unseen", "told",
]  # fmt: skip

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
WAITS = (10, 40, 160)
"""A wait is at most so long, or so long, or so long, or longer; or it never ends."""
BINS = ("1-10", "11-40", "41-160", "161-", "never")
"""What these are called."""


def is_length(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind == "i"


def is_wait(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind == "f"


def is_name(numbers: np.ndarray) -> bool:
    return numbers.dtype.kind == "u"


def merged(portraits: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The portraits of several pieces as one."""
    parts: dict[str, list[np.ndarray]] = {}
    for portrait in portraits:
        for name, numbers in portrait.items():
            parts.setdefault(name, []).append(numbers)
    return {name: np.concatenate(several) for name, several in parts.items()}


def quantiles(lengths: np.ndarray, at: Sequence[float] = QUANTILES) -> list[float] | None:
    """None where there is nothing to measure."""
    return np.quantile(lengths, at).tolist() if len(lengths) else None


def distance(first: np.ndarray, second: np.ndarray) -> float | None:
    """The Wasserstein-1 distance of two samples (N,), (M,), in what they count: how far a length must move on average
    for one distribution to become the other. None where either has none.
    """
    if not len(first) or not len(second):
        return None
    first, second = np.sort(first), np.sort(second)
    places = np.sort(np.concatenate([first, second]))
    gaps = np.diff(places)
    below = [np.searchsorted(each, places[:-1], side="right") / len(each) for each in (first, second)]
    return float(np.sum(np.abs(below[0] - below[1]) * gaps))  # the area between their distribution functions


def closed(waits: np.ndarray) -> list[float] | None:
    """Of all waits the shares that end after 1–10, 11–40, 41–160, 161 or more, and never: 1 together."""
    if not len(waits):
        return None
    over = np.isfinite(waits)
    counts = np.bincount(np.searchsorted(WAITS, waits[over]), minlength=len(WAITS) + 1)
    shares: list[float] = (np.append(counts, (~over).sum()) / len(waits)).tolist()
    return shares


def closed_within(waits: np.ndarray, at: Sequence[float]) -> Float[np.ndarray, " N"]:
    """The share of waits that are over after so long; of none, nothing is."""
    return np.searchsorted(np.sort(waits), np.asarray(at), side="right") / max(1, len(waits))


def shares_unseen(
    several: Sequence[Mapping[str, np.ndarray]], seen: Iterable[Mapping[str, np.ndarray]]
) -> list[dict[str, float]]:
    """For each of several portraits, of each kind of thing that has names, the share that `seen` never shows."""
    kinds = sorted({name for portrait in several for name, numbers in portrait.items() if is_name(numbers)})
    wanted = {kind: np.unique(np.concatenate([each.get(kind, _NOTHING) for each in several])) for kind in kinds}
    there = {kind: np.zeros(len(names), bool) for kind, names in wanted.items()}
    for portrait in seen:
        for kind in kinds:
            there[kind] |= np.isin(wanted[kind], portrait.get(kind, _NOTHING))
    return [
        {
            kind: float((~there[kind][np.searchsorted(wanted[kind], each[kind])]).mean())
            for kind in kinds
            if len(each.get(kind, _NOTHING))
        }
        for each in several
    ]


_NOTHING = np.zeros(0, np.uint64)


def told(numbers: np.ndarray) -> dict[str, Any]:
    """What a JSON answer says of lengths or waits; of names only how many."""
    if is_length(numbers):
        every = np.arange(1, 20) / 20
        found = quantiles(numbers, every.tolist())
        given = None if found is None else {f"{at:.2f}": value for at, value in zip(every, found, strict=True)}
        return {"count": len(numbers), "mean": float(numbers.mean()) if len(numbers) else None, "quantiles": given}
    if is_wait(numbers):
        shares = closed(numbers)
        return {"count": len(numbers), "closed": None if shares is None else dict(zip(BINS, shares, strict=True))}
    return {"count": len(numbers), "different": len(np.unique(numbers))}
