"""Bookkeeping for pieces played side by side: what each step is asked, how long each row is, what may follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Which rows still sound, how long each has become in the medium's measure, and where it stands in the grammar.

    `sounding` (B,) is an array that never changes; all else is plain Python, which for a row or two is the quickest.
    """

    def __init__(self, codec: AbstractCodec, opening: np.ndarray, rows: int, enough: float) -> None:
        """Nobody goes on whose length is `enough`, unless it is in the middle of something."""
        self.codec = codec
        self.enough = enough
        self.situations = [codec.grammar.run(0, opening) if codec.grammar else 0] * rows
        self.reached = [0.0] * rows
        self.unfinished: list[list[Any]] = [[] for _ in range(rows)]  # events since the row was last whole
        self.one_symbol = codec.event.is_symbol and not codec.event.shape
        self.known: dict[int, float] = {}  # how far a symbol that is whole by itself goes
        self.sounding = np.full(rows, enough > 0)
        self.left = rows if enough > 0 else 0  # how many sound

    def allowed(self) -> np.ndarray | None:
        """Which symbols may follow now, (B, V) or one row for all; None where any may."""
        if self.codec.grammar is None:
            return None
        first, allowed = self.situations[0], self.codec.grammar.allowed
        if self.situations.count(first) == len(self.situations):
            return allowed[first : first + 1]
        rows: np.ndarray = allowed[self.situations]
        return rows

    def listed(self, events: np.ndarray) -> list[Any]:
        """Events (B, …) row by row: symbols as whole numbers, anything else as arrays."""
        return events.tolist() if self.one_symbol else list(events)

    def end(self, each: Sequence[Any]) -> None:
        """Rows whose event is the end of a piece fall silent, before anybody hears it."""
        if self.codec.end is not None and self.codec.end in each:
            self._fall_silent(row for row, symbol in enumerate(each) if symbol == self.codec.end)

    def add(self, each: Sequence[Any]) -> None:
        """Rows that are whole and long enough with these events fall silent after them."""
        if self.codec.grammar is not None:
            following = self.codec.grammar.following
            self.situations = [following.item(at, event) for at, event in zip(self.situations, each, strict=True)]
        done = []
        for row, event in enumerate(each):
            self.unfinished[row].append(event)
            if self.situations[row] == 0:
                self.reached[row] += self._progress(self.unfinished[row])
                self.unfinished[row] = []
                if self.reached[row] >= self.enough:
                    done.append(row)
        if done:
            self._fall_silent(done)

    def _fall_silent(self, rows: Iterable[int]) -> None:
        self.sounding = self.sounding.copy()
        self.sounding[list(rows)] = False
        self.left = int(self.sounding.sum())

    def _progress(self, events: list[Any]) -> float:
        alone = self.one_symbol and len(events) == 1
        if not alone or events[0] not in self.known:
            progress = float(self.codec.progress(np.array(events))[-1])
            if not alone:
                return progress
            self.known[events[0]] = progress
        return self.known[events[0]]
