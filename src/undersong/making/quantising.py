"""Whether an instrument should play in integers of 8 bits: both precisions hear the same held-out events.

Some networks lose by it: one weight a thousand times as large as its neighbours leaves those no room. So the graph is
written, measured alone and in company, and kept only where nobody would notice but the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from undersong import registry
from undersong.distributions.distribution import AbstractDistribution
from undersong.events import Batch, Condition
from undersong.keeping.check import CHECK_FILE
from undersong.keeping.graphs import can_write
from undersong.keeping.graphs_int8 import LEAST, write_step_int8
from undersong.keeping.instrument_file import Description, InstrumentFile
from undersong.learning.training.streams import Example, padded
from undersong.making.corpus import Stretch
from undersong.playing.graph_steps import GraphSteps, have_onnxruntime, written_check

__all__ = ["with_int8"]

TOLERATED = 0.005
"""Nats per event by which the two may differ; the networks of the shipped voices differ by a tenth of it."""

_ALONE, _ROWS, _EACH = 2_000, 64, 200  # events of one row by itself; rows side by side, and events of each
_ENOUGH = 200  # events from which a mean says something when patience has ended


def with_int8(
    file: InstrumentFile,
    config: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    stretches: Sequence[Stretch],
    patience: float = float("inf"),
    least: int = LEAST,
) -> tuple[InstrumentFile, dict[str, Any]]:
    """The file, with an int8 graph where that plays as well, and what its card should say of it.

    `config` and `arrays` are the model's; `patience` is in seconds. There are no facts where nothing was measured: the
    graph is another exporter's, all its products are too small to gain, or onnxruntime is missing.
    """
    graph = write_step_int8(config, arrays, least) if can_write(config) and have_onnxruntime() else None
    if graph is None:
        return file, {}
    both = replace(file, graphs={**file.graphs, "step_int8": graph})
    precise, fast = (GraphSteps(both, "onnxruntime", precision) for precision in ("float32", "int8"))
    differences = []
    for batches in (_alone(stretches, file.description), _side_by_side(stretches, file.description)):
        difference = _difference(precise, fast, batches, patience / 2)
        if difference is None:
            return file, {}
        differences.append(difference)
    largest = max(differences, key=lambda each: abs(each) if np.isfinite(each) else np.inf)
    kept = bool(abs(largest) <= TOLERATED)  # not a number is no
    facts = {"int8": {"kept": kept, "difference": round(largest, 6) if np.isfinite(largest) else None}}
    if not kept:
        return file, facts
    return replace(both, attachments={**file.attachments, CHECK_FILE: written_check(fast).to_bytes()}), facts


def _difference(precise: GraphSteps, fast: GraphSteps, batches: Iterator[Batch], patience: float) -> float | None:
    """By how many nats per event the fast one is the worse; None where patience ended too soon to tell."""
    description = precise.description
    settings = {key: value for key, value in description.distribution.items() if key != "kind"}
    odds: AbstractDistribution = registry.load("distributions", description.distribution["kind"])(**settings)
    per_event = {spec.name for spec in description.conditions if spec.per == "event"}
    until = time.monotonic() + patience
    worse, count = 0.0, 0
    for batch in batches:
        states: list[Any] = [None, None]
        for t in range(batch.events.shape[1]):
            now = Condition({n: v[:, t] if n in per_event else v for n, v in batch.condition.items()})
            counts = batch.mask[:, t] > 0
            nats = []
            for player, steps in enumerate((precise, fast)):
                begins = t == 0
                parameters, states[player] = (
                    steps.start(now, len(counts)) if begins else steps.step(batch.events[:, t], now, states[player])
                )
                nats.append(-odds.log_prob(parameters["next"], batch.targets["next"][:, t])[counts].sum())
            worse += float(nats[1] - nats[0])
            count += int(counts.sum())
            if time.monotonic() > until:
                return worse / count if count >= _ENOUGH else None
    return worse / count if count else None


def _alone(stretches: Sequence[Stretch], description: Description) -> Iterator[Batch]:
    """Held-out events from the front, one row at a time, each from its start."""
    left = _ALONE
    for stretch in stretches:
        if left > 0 and len(stretch.events):
            yield _batch([stretch], description, left)
            left -= len(stretch.events)


def _side_by_side(stretches: Sequence[Stretch], description: Description) -> Iterator[Batch]:
    """As many different rows as there are, some more than once where that is too few."""
    rows: list[Stretch] = []
    for stretch in stretches:
        ends = (
            _EACH if stretch.condition else len(stretch.events)
        )  # a piece made under something is heard from its start
        rows += [replace(stretch, events=stretch.events[at : at + _EACH]) for at in range(0, ends, _EACH)]
    rows = [row for row in rows if len(row.events)]
    if rows:
        yield _batch([rows[k % len(rows)] for k in range(_ROWS)], description, _EACH)


def _batch(rows: Sequence[Stretch], description: Description, longest: int) -> Batch:
    examples = [Example(row.events, row.condition, np.zeros(1, np.int64)) for row in rows]
    start = np.asarray(description.start_event, dtype=description.event.dtype)
    return padded(examples, start, None, description.conditions, longest)
