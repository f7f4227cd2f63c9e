"""The letters for shapes, used everywhere, and how an array is declared.

B batch · T events · D event features · E embedding · H hidden units · L layers · V vocabulary
K mixture components · Z latent · S memory length · P parameters of a distribution · U uniforms of one draw
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

__all__ = ["ArraySpec", "Bool", "Float", "Int", "shape_text"]

if TYPE_CHECKING or os.environ.get("UNDERSONG_CHECK_SHAPES"):  # the tests set it; playing should not pay 0.1 s
    from jaxtyping import Bool, Float, Int
else:

    class _Unchecked:
        def __getitem__(self, item: tuple[type, str]) -> type:
            return item[0]

    Bool = Float = Int = _Unchecked()


@dataclass(frozen=True)
class ArraySpec:
    """The declared form of one array: `shape` without B and T, what it may hold, and its neutral value.

    `dtype` "int64" means a symbol in `range(count)`; "float32" a number in [low, high], unbounded where None.
    """

    shape: tuple[int, ...] = ()
    dtype: Literal["int64", "float32"] = "float32"
    count: int | None = None
    low: float | None = None
    high: float | None = None
    neutral: float = 0.0

    @property
    def is_symbol(self) -> bool:
        return self.dtype == "int64"

    @property
    def width(self) -> int:
        """How many numbers one such array holds."""
        return int(np.prod(self.shape, dtype=int))

    def to_json(self) -> dict[str, Any]:
        return {
            "shape": list(self.shape),
            "dtype": self.dtype,
            "count": self.count,
            "low": self.low,
            "high": self.high,
            "neutral": self.neutral,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ArraySpec:
        return cls(**{**data, "shape": tuple(data["shape"])})


def shape_text(array: Any) -> str:
    """An array's shape and type as people read them in an error: `(2, 3) float32`."""
    return f"{tuple(array.shape)} {array.dtype}"
