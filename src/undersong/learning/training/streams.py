"""Batches from a corpus, as a function of the step alone, so that a resumed run reads what an uninterrupted one would.

`Streams` reads one long work in B contiguous rows whose state is carried on (truncated back-propagation through time);
after each pass every row starts anew at another place where a piece might begin. `Pieces` reads whole short works,
padded and masked, each from its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from undersong.errors import RecipeError, TooLittleError
from undersong.events import Batch, Condition, ConditionSpec

__all__ = ["Example", "Feed", "Pieces", "Streams"]


@dataclass(frozen=True)
class Example:
    """One piece ready to be learned: its events (T, …), what it was made under, and where it might begin."""

    events: np.ndarray
    condition: Condition
    beginnings: np.ndarray


class Feed(Protocol):
    """Where a learner's batches come from."""

    @property
    def steps_per_pass(self) -> int:
        """How many batches show everything once."""

    def batch(self, step: int) -> Batch:
        """The batch of that step, the same whenever it is asked for."""


@final
class Streams:
    """B rows of T events each, every row continuing where its last window ended."""

    def __init__(
        self, examples: Sequence[Example], start: np.ndarray, end: int | None, rows: int, window: int, seed: int
    ) -> None:
        if any(example.condition for example in examples):
            raise RecipeError(
                "A corpus learned as streams cannot carry conditions.", "Learn it with --set training.shape=pieces"
            )
        self.works = [example.events for example in examples]  # never copied: they may lie in a file
        self.end = end if len(examples) > 1 else None
        lengths = [len(events) + (self.end is not None) for events in self.works]
        self.firsts = np.cumsum([0, *lengths])[:-1]  # where each work begins in the one long stream
        self.begins = np.unique(
            np.concatenate([e.beginnings + first for e, first in zip(examples, self.firsts, strict=True)])
        )
        self.start = start
        self.seed = seed
        self.total = total = sum(lengths)
        if total < 4:
            raise TooLittleError(f"There are only {total} events to learn from.")
        self.window = max(2, min(window, total // 2))
        self.rows = max(1, min(rows, total // (2 * self.window)))
        self.steps_per_pass = max(1, total // (self.rows * self.window))

    def batch(self, step: int) -> Batch:
        number, index = divmod(step, self.steps_per_pass)
        at = self._row_starts(number)[:, None] + index * self.window + np.arange(self.window)  # (B, T)
        at %= self.total  # a row that reaches the end goes on from the beginning
        said = self._said(at)
        heard = np.concatenate([self._said((at[:, :1] - 1) % self.total), said[:, :-1]], axis=1)
        heard[np.isin(at, self.firsts)] = self.start
        if index == 0:
            heard[:, 0] = self.start
        return Batch(
            events=heard,
            mask=np.ones(at.shape, dtype=np.float32),
            condition=Condition(),
            targets={"next": said},
            fresh=np.full(self.rows, index == 0),
        )

    def _said(self, at: np.ndarray) -> np.ndarray:
        """(B, T, …) the events at these places of the stream, in the type that a model hears."""
        work = np.searchsorted(self.firsts, at, side="right") - 1
        place = at - self.firsts[work]
        said = np.full((*at.shape, *self.start.shape), 0 if self.end is None else self.end, dtype=self.start.dtype)
        for number in np.unique(work):
            events = self.works[number]
            here = (work == number) & (place < len(events))
            said[here] = events[place[here]]
        return said

    def _row_starts(self, number: int) -> np.ndarray:
        """(B,) where each row of a pass starts: evenly spread, shifted by the pass, moved to a beginning nearby."""
        dice = np.random.default_rng([self.seed, number])
        total = self.total
        spread = (np.arange(self.rows) * total // self.rows + dice.integers(total)) % total
        spread = spread[dice.permutation(self.rows)]
        nearest = self.begins[np.minimum(np.searchsorted(self.begins, spread), len(self.begins) - 1)]
        near_enough = np.abs(nearest - spread) <= self.steps_per_pass * self.window // 2
        return np.where(near_enough, nearest, spread)


@final
class Pieces:
    """Whole pieces, `rows` at a time, shortest with shortest, padded to the longest of the batch."""

    def __init__(
        self,
        examples: Sequence[Example],
        start: np.ndarray,
        end: int | None,
        specs: Sequence[ConditionSpec],
        rows: int,
        longest: int,
        seed: int,
    ) -> None:
        self.examples = [example for example in examples if len(example.events)]
        if not self.examples:
            raise TooLittleError("There is no piece to learn from.")
        self.lengths = np.array([len(example.events) for example in self.examples])
        self.start = start
        self.end = end
        self.specs = specs
        self.rows = min(rows, len(self.examples))
        self.longest = longest
        self.seed = seed
        self.steps_per_pass = -(-len(self.examples) // self.rows)

    def batch(self, step: int) -> Batch:
        number, index = divmod(step, self.steps_per_pass)
        order = np.random.default_rng([self.seed, number]).permutation(len(self.examples))
        group, place = divmod(index, 8)  # sorting within a few batches saves padding and keeps the order random
        near = order[group * 8 * self.rows : (group + 1) * 8 * self.rows]
        near = near[np.argsort(self.lengths[near], kind="stable")]
        picked = near[place * self.rows : (place + 1) * self.rows]
        return padded([self.examples[k] for k in picked], self.start, self.end, self.specs, self.longest)


def padded(
    examples: Sequence[Example], start: np.ndarray, end: int | None, specs: Sequence[ConditionSpec], longest: int
) -> Batch:
    """Pieces as rows of one batch, from their start; a piece longer than `longest` is cut there."""
    said = [example.events if end is None else np.append(example.events, end) for example in examples]
    said = [events[:longest] for events in said]
    width = max(len(events) for events in said)
    heard_rows = np.zeros((len(said), width, *said[0].shape[1:]), dtype=start.dtype)
    said_rows = np.zeros_like(heard_rows)
    mask = np.zeros((len(said), width), dtype=np.float32)
    for row, events in enumerate(said):
        said_rows[row, : len(events)] = events
        heard_rows[row, 0] = start
        heard_rows[row, 1 : len(events)] = events[:-1]
        mask[row, : len(events)] = 1.0
    conditions = _stacked([example.condition for example in examples], specs, width)
    return Batch(heard_rows, mask, conditions, {"next": said_rows}, np.ones(len(said), dtype=bool))


def _stacked(conditions: Sequence[Condition], specs: Sequence[ConditionSpec], width: int) -> Condition:
    """Conditions of several pieces as one record: per event padded to T, memories to the longest S and masked."""
    arrays: dict[str, np.ndarray] = {}
    for spec in specs:
        rows = [np.asarray(condition[spec.name], dtype=spec.array.dtype) for condition in conditions]
        if spec.per == "piece":
            arrays[spec.name] = np.stack(rows)
            continue
        length = width if spec.per == "event" else max(1, *(len(row) for row in rows))
        arrays[spec.name] = np.stack([_to_length(row, length) for row in rows])
        if spec.per == "memory":
            counts = np.array([len(row) for row in rows])
            arrays[f"{spec.name}.mask"] = (np.arange(length) < counts[:, None]).astype(np.float32)
    return Condition(arrays)


def _to_length(row: np.ndarray, length: int) -> np.ndarray:
    row = row[:length]
    return np.pad(row, [(0, length - len(row))] + [(0, 0)] * (row.ndim - 1))
