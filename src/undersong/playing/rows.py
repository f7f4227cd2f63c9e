"""Bookkeeping for pieces played side by side: what each step is asked, how long each row is, what may follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution
from undersong.events import AbstractCodec, Condition, ConditionSpec, as_numbers

__all__ = ["Asked", "Lengths"]


@final
class Asked:
    """What the instrument is asked at each step: constants, or one row per event whose last is held."""

    def __init__(self, specs: Sequence[ConditionSpec], given: Mapping[str, Any], rows: int) -> None:
        self.per_event: dict[str, np.ndarray] = {}
        constant = dict(given)
        for spec in specs:
            if spec.per == "event" and spec.name in constant:
                value = as_numbers(spec, constant[spec.name])
                if value.ndim == len(spec.array.shape) + 1:
                    del constant[spec.name]
                    if len(value):  # no rows at all ask for nothing
                        self.per_event[spec.name] = value
        self.specs = specs
        self.rows = rows
        self.constant = Condition.complete(specs, constant, rows)
        for name, value in self.per_event.items():  # checked whole, once
            Condition.complete([s for s in specs if s.name == name], {name: value}, len(value))

    def __call__(self, t: int) -> Condition:
        if not self.per_event:
            return self.constant
        now = {
            name: np.broadcast_to(value[min(t, len(value) - 1)], (self.rows, *value.shape[1:]))
            for name, value in self.per_event.items()
        }
        return Condition({**self.constant, **now})


@final
class Lengths:
    """How long each row has become, in the medium's measure, and where it stands in the codec's grammar."""

    def __init__(self, codec: AbstractCodec, opening: np.ndarray, rows: int) -> None:
        self.codec = codec
        self.situation = np.full(rows, codec.grammar.run(0, opening) if codec.grammar else 0)
        self.reached = np.zeros(rows)
        self.unfinished: list[list[np.ndarray]] = [[] for _ in range(rows)]  # events since the row was last whole

    @property
    def whole(self) -> np.ndarray:
        """Which rows are not in the middle of something."""
        whole: np.ndarray = self.situation == 0
        return whole

    def mask(self, distribution: AbstractDistribution, parameters: np.ndarray) -> np.ndarray:
        if self.codec.grammar is None:
            return parameters
        masked: np.ndarray = distribution.mask(parameters, self.codec.grammar.allowed[self.situation])
        return masked

    def add(self, events: np.ndarray) -> None:
        if self.codec.grammar is not None:
            self.situation = self.codec.grammar.following[self.situation, events]
        for row, event in enumerate(events):
            self.unfinished[row].append(event)
            if self.situation[row] == 0:
                self.reached[row] += self.codec.progress(np.array(self.unfinished[row]))[-1]
                self.unfinished[row] = []
