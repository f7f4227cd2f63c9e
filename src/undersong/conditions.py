"""What an instrument listens to beside the events: declared arrays, checked where given, neutral where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from undersong.errors import InputError
from undersong.shapes import ArraySpec, shape_text

__all__ = ["Condition", "ConditionSpec", "as_numbers"]


@dataclass(frozen=True)
class ConditionSpec:
    """One thing an instrument listens to beside the events: a class, z, a chord, a density, words to write.

    `per` "piece" holds for the whole piece, "event" changes with every event, "memory" has a length S of its own
    (then each of its S rows is one `array`, and a mask of the same length says which rows count).
    """

    name: str
    array: ArraySpec
    per: str = "piece"
    sentence: str = ""

    def neutral(self, batch: int) -> np.ndarray:
        """The value that means "nothing asked": (B, *shape), or (B, 1, *shape) for a memory."""
        rows = (batch, 1) if self.per == "memory" else (batch,)
        return np.full(rows + self.array.shape, self.array.neutral, dtype=self.array.dtype)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "array": self.array.to_json(), "per": self.per, "sentence": self.sentence}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConditionSpec:
        return cls(data["name"], ArraySpec.from_json(data["array"]), data["per"], data["sentence"])


@final
@dataclass(frozen=True)
class Condition(Mapping[str, np.ndarray]):
    """A record of named arrays, each (B, …); handed in at every step and free to change each time."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __iter__(self) -> Any:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    @classmethod
    def complete(cls, specs: Sequence[ConditionSpec], given: Mapping[str, Any], batch: int) -> Condition:
        """Every declared array for B rows: checked where given (one row is repeated), neutral where not.

        A memory `m` of S rows is joined by `m.mask` (B, S), all ones where none is given.
        Raises InputError for an undeclared name, a wrong shape, or a value out of range.
        """
        allowed = {s.name for s in specs} | {f"{s.name}.mask" for s in specs if s.per == "memory"}
        for name in given:
            if name not in allowed:
                raise InputError(
                    f"This instrument listens to {', '.join(sorted(allowed)) or 'no condition'}; not to '{name}'."
                )
        arrays: dict[str, np.ndarray] = {}
        for spec in specs:
            value = _checked(spec, given[spec.name], batch) if spec.name in given else spec.neutral(batch)
            arrays[spec.name] = value
            if spec.per == "memory":
                arrays[f"{spec.name}.mask"] = _mask(spec, given, value.shape[:2])
        return cls(arrays)


def as_numbers(spec: ConditionSpec, value: Any) -> np.ndarray:
    """Whatever was given for a condition, in its declared type. Raises InputError where it is no such array."""
    try:
        given = np.asarray(value)
    except ValueError:  # rows of different lengths
        given = np.array(None)
    whole = given.dtype.kind in "biu" or (given.dtype.kind == "f" and bool((given == np.rint(given)).all()))
    if given.dtype.kind not in "biuf" or (spec.array.is_symbol and not whole):
        kind = "whole numbers" if spec.array.is_symbol else "numbers"
        raise InputError(f"Condition '{spec.name}' wants {kind}, in rows of one length.")
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused by its range
        return given.astype(spec.array.dtype)


def _mask(spec: ConditionSpec, given: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
    """Which rows of a memory count (B, S)."""
    name = f"{spec.name}.mask"
    if name not in given:
        return np.full(shape, float(spec.name in given), np.float32)
    mask = as_numbers(ConditionSpec(name, ArraySpec()), given[name])
    if mask.shape not in (shape, shape[1:]) or not ((mask >= 0) & (mask <= 1)).all():
        raise InputError(f"'{name}' should be a number from 0 to 1 for each of the {shape[1]} rows of '{spec.name}'.")
    return np.broadcast_to(mask, shape)


def _checked(spec: ConditionSpec, value: Any, batch: int) -> np.ndarray:
    array = as_numbers(spec, value)
    rank = len(spec.array.shape) + (2 if spec.per == "memory" else 1)
    if array.ndim == rank - 1:  # one row for all
        array = np.broadcast_to(array, (batch, *array.shape))
    inner = array.shape[array.ndim - len(spec.array.shape) :]
    if array.ndim != rank or inner != spec.array.shape or array.shape[0] != batch:
        raise InputError(f"Condition '{spec.name}' has shape {shape_text(array)}; expected {spec.array.shape} per row.")
    low = 0 if spec.array.is_symbol else spec.array.low
    high = (spec.array.count or 1) - 1 if spec.array.is_symbol else spec.array.high
    if (
        not np.isfinite(array).all()
        or (low is not None and (array < low).any())
        or (high is not None and (array > high).any())
    ):
        raise InputError(f"Condition '{spec.name}' holds a value outside {low} … {high}.")
    return array
