"""How a model listens: every declared condition becomes one vector (B, E) that joins the event's own.

A symbol is looked up, numbers go through a linear map, and a memory of S rows is mapped row by row and averaged over
the rows its mask allows. What is asked for the whole piece also sets the state that a piece begins from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor, nn

from undersong.events import ConditionSpec
from undersong.learning.cores.core import CoreState
from undersong.shapes import ArraySpec

__all__ = ["Beginning", "Ear", "Listening"]


@final
class Ear(nn.Module):
    """One declared array → (…, E)."""

    def __init__(self, array: ArraySpec, size: int, extra: int = 0) -> None:
        super().__init__()
        self.is_symbol = array.is_symbol
        self.rank = len(array.shape)
        # `extra` symbols are heard but never played: the start of a piece
        inner = (
            nn.Embedding((array.count or 0) + extra, size) if array.is_symbol else nn.Linear(max(array.width, 1), size)
        )
        self.inner: nn.Module = inner

    def forward(self, value: Tensor) -> Tensor:
        if self.is_symbol:
            return self.inner(value)  # type: ignore[no-any-return]
        flat = value.flatten(-self.rank) if self.rank else value[..., None]
        return self.inner(flat)  # type: ignore[no-any-return]


@final
class Listening(nn.Module):
    """All conditions → one vector per event, (B, E) in a step or (B, T, E) in a scan."""

    def __init__(self, specs: Sequence[ConditionSpec], size: int) -> None:
        super().__init__()
        self.specs = tuple(specs)
        self.ears = nn.ModuleDict({f"for_{spec.name}": Ear(spec.array, size) for spec in specs})

    def forward(self, condition: Mapping[str, Tensor], scanning: bool) -> Tensor:
        heard = []
        for spec in self.specs:
            vector = self.ears[f"for_{spec.name}"](condition[spec.name])  # (B, E), (B, T, E) or (B, S, E)
            if spec.per == "memory":
                vector = _average(vector, condition[f"{spec.name}.mask"])  # (B, E)
            per_row = spec.per != "event"
            heard.append(vector[:, None] if scanning and per_row else vector)
        return torch.stack(torch.broadcast_tensors(*heard)).sum(0)


def _average(rows: Tensor, mask: Tensor) -> Tensor:
    total = (rows * mask[..., None]).sum(1)  # (B, E)
    return total / mask.sum(1, keepdim=True).clamp(min=1.0)


@final
class Beginning(nn.Module):
    """What is asked for the whole piece → the state before its first event (as sketch-rnn's decoder does with z)."""

    def __init__(self, specs: Sequence[ConditionSpec], size: int, state_shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.shapes = dict(state_shapes)
        self.listening = Listening([spec for spec in specs if spec.per != "event"], size)
        # module names may hold no dot, the state's do
        self.maps = nn.ModuleDict(
            {name.replace(".", "_"): nn.Linear(size, int(torch.Size(s).numel())) for name, s in self.shapes.items()}
        )

    def forward(self, condition: Mapping[str, Tensor]) -> CoreState:
        heard = self.listening(condition, scanning=False)  # (B, E)
        return {
            name: torch.tanh(self.maps[name.replace(".", "_")](heard)).unflatten(-1, shape)
            for name, shape in self.shapes.items()
        }
