"""Bookkeeping for pieces played side by side: what each step is asked, how long each row is, what may follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np

from undersong.events import AbstractCodec, Condition, ConditionSpec, as_numbers

__all__ = ["Asked", "Lengths"]

_ENDLESS = 4_096  # events since a row was last whole, after which nobody waits: the likeliest one may go in circles


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

    def __init__(
        self,
        codec: AbstractCodec,
        opening: np.ndarray,
        rows: int,
        enough: float,
        known: dict[int, float] | None = None,
    ) -> None:
        """Nobody goes on whose length is `enough`, unless it is in the middle of something that may yet end.

        `known` remembers how far symbols go, for whoever makes many of these for one codec.
        """
        self.codec = codec
        self.enough = enough
        self.patience = max(_ENDLESS, enough)
        self.situations = [codec.grammar.run(0, opening) if codec.grammar else 0] * rows
        """Where each row stands in the grammar: one list, changed in place."""
        self.reached = [0.0] * rows
        self.unfinished: list[list[Any]] = [[] for _ in range(rows)]  # events since the row was last whole
        self.one_symbol = codec.event.is_symbol and not codec.event.shape
        self.known = {} if known is None else known  # how far a symbol that is whole by itself goes
        self.sounding = np.full(rows, enough > 0)
        self.left = rows if enough > 0 else 0  # how many sound
        self._following = None if codec.grammar is None else codec.grammar.following
        count = 0 if codec.grammar is None else len(codec.grammar.allowed)
        self._allowed = [codec.grammar.allowed[at : at + 1] for at in range(count)] if codec.grammar else []

    def allowed(self) -> np.ndarray | None:
        """Which symbols may follow now, (B, V) or one row for all; None where any may."""
        if self.codec.grammar is None:
            return None
        first = self.situations[0]
        if len(self.situations) == 1 or self.situations.count(first) == len(self.situations):
            return self._allowed[first]
        rows: np.ndarray = self.codec.grammar.allowed[self.situations]
        return rows

    def listed(self, events: np.ndarray) -> list[Any]:
        """Events (B, …) row by row: symbols as whole numbers, anything else as arrays."""
        return events.tolist() if self.one_symbol else list(events)

    def end(self, each: Sequence[Any]) -> None:
        """Rows whose event is the end of a piece fall silent, before anybody hears it."""
        if self.codec.end is not None and self.codec.end in each:
            self.fall_silent(row for row, symbol in enumerate(each) if symbol == self.codec.end)

    def add(self, each: Sequence[Any]) -> None:
        """Rows that are whole and long enough with these events fall silent after them."""
        done = []
        for row, event in enumerate(each):
            if self._following is not None:
                self.situations[row] = self._following.item(self.situations[row], event)
            if self.situations[row]:
                self.unfinished[row].append(event)
                if len(self.unfinished[row]) >= self.patience:
                    done.append(row)
                continue
            self.reached[row] += self._progress(row, event)
            if self.reached[row] >= self.enough:
                done.append(row)
        if done:
            self.fall_silent(done)

    def fall_silent(self, rows: Iterable[int]) -> None:
        """These rows are done."""
        self.sounding = self.sounding.copy()
        self.sounding[list(rows)] = False
        self.left = int(self.sounding.sum())

    def _progress(self, row: int, event: Any) -> float:
        """How far a row has come with the event that makes it whole."""
        begun = self.unfinished[row]
        if begun or not self.one_symbol:
            progress = float(self.codec.progress(np.array([*begun, event]))[-1])
            begun.clear()
            return progress
        if event not in self.known:
            self.known[event] = float(self.codec.progress(np.array([event]))[-1])
        return self.known[event]
