"""How well a model foretells events it never learned from, quickly: many rows at once, each warmed by what came before.

The figure that is kept comes from playing the finished file in one pass; this one is for watching.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from undersong.events import Condition, ConditionSpec
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.streams import Example, padded
from undersong.learning.training.trainer import as_tensors

__all__ = ["HeldOut", "held_out_nats"]

_WARM = 256  # events a row hears before the first that counts
_CHUNK = 512  # events of a scan at a time, which bounds memory


@dataclass(frozen=True)
class HeldOut:
    """A held-out stretch: `events` (T, …) are scored, `before` is what came right before them."""

    before: np.ndarray
    events: np.ndarray
    condition: Condition


def held_out_nats(
    model: Autoregressive,
    stretches: Sequence[HeldOut],
    start: np.ndarray,
    specs: Sequence[ConditionSpec],
    rows: int = 32,
) -> float:
    """Nats per event over the stretches, about `rows` of them side by side."""
    total, count = 0.0, 0
    waiting: list[tuple[Example, int]] = []  # a row, and how many of its events only warm it up
    for stretch in stretches:
        waiting += _rows_of(stretch, max(1, rows // len(stretches)))
    model.eval()
    with torch.inference_mode():
        for first in range(0, len(waiting), 2 * rows):
            group = waiting[first : first + 2 * rows]
            nats, events_counted = _score(model, group, start, specs)
            total += nats
            count += events_counted
    return total / max(1, count)


def _rows_of(stretch: HeldOut, rows: int) -> list[tuple[Example, int]]:
    if stretch.condition:  # a whole piece, which only makes sense from its start
        return [(Example(stretch.events, stretch.condition, np.zeros(1, np.int64)), 0)]
    everything = np.concatenate([stretch.before[-_WARM:], stretch.events])
    lead = len(everything) - len(stretch.events)
    size = max(64, -(-len(stretch.events) // rows))
    found = []
    for first in range(lead, len(everything), size):
        begin = max(0, first - _WARM)
        row = Example(everything[begin : first + size], Condition(), np.zeros(1, np.int64))
        found.append((row, first - begin))
    return found


def _score(
    model: Autoregressive, group: Sequence[tuple[Example, int]], start: np.ndarray, specs: Sequence[ConditionSpec]
) -> tuple[float, int]:
    batch = padded([row for row, _ in group], start, None, specs, longest=1 << 30)
    events, condition, targets, mask = as_tensors(batch, next(model.parameters()).device)
    for row, (_, warm) in enumerate(group):
        mask[row, :warm] = 0.0
    state = model.start(condition, len(group))
    nats = 0.0
    for t in range(0, events.shape[1], _CHUNK):
        window = slice(t, t + _CHUNK)
        now = {s.name: condition[s.name][:, window] for s in specs if s.per == "event"}
        h, state = model.hidden(events[:, window], {**condition, **now}, state)
        nats += float((model.heads["next"].nats(h, targets["next"][:, window]) * mask[:, window]).sum())  # type: ignore[operator]
    return nats, int(mask.sum())
