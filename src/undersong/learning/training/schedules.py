"""The learning rate as a function of the plan, and the plan as a function of the step alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

__all__ = ["Plan", "learning_rate"]


@final
@dataclass(frozen=True)
class Plan:
    """How far along each step is. A change of plan is a new leg: what is left is spread over its steps.

    `legs` are (first step, progress there, last step); the last step of the last leg has progress 1.
    """

    legs: tuple[tuple[int, float, int], ...]

    @classmethod
    def of(cls, steps: int) -> Plan:
        return cls(((0, 0.0, max(1, steps)),))

    @property
    def steps(self) -> int:
        """How many steps the plan has in all."""
        return self.legs[-1][2]

    def progress(self, step: int) -> float:
        """From 0 at the first step to 1 at the end."""
        first, reached, last = next(leg for leg in reversed(self.legs) if leg[0] <= step)
        return min(1.0, reached + (1.0 - reached) * (step - first) / max(1, last - first))

    def changed(self, step: int, last: int) -> Plan:
        """The same past, and from `step` on a way that ends at `last`."""
        return Plan((*self.legs, (step, self.progress(step), max(step + 1, last))))

    def to_json(self) -> list[list[float]]:
        return [list(leg) for leg in self.legs]

    @classmethod
    def from_json(cls, data: Sequence[Sequence[Any]]) -> Plan:
        return cls(tuple((int(first), float(reached), int(last)) for first, reached, last in data))


def learning_rate(progress: float, step: int, settings: Mapping[str, float]) -> float:
    """Linear warm-up over `warm_up` steps, then a cosine from `peak` down to `floor` * peak exactly at the end.

    (Loshchilov & Hutter, 2017, without restarts.)
    """
    warm = min(1.0, (step + 1) / max(1.0, settings["warm_up"]))
    low = settings["floor"]
    return settings["peak"] * warm * (low + (1.0 - low) * 0.5 * (1.0 + math.cos(math.pi * progress)))
