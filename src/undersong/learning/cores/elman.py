"""The simple recurrent network (Elman, 1990, "Finding structure in time"): h' = tanh(W x + U h + b)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["Elman"]


@final
class Elman(AbstractCore):
    """One hidden layer that hears itself."""

    kind = "elman.v1"

    def __init__(self, size_in: int, size: int, settings: Settings) -> None:
        super().__init__(size_in, size, settings)
        self.from_input = nn.Linear(size_in, size)
        self.from_hidden = nn.Linear(size, size, bias=False)
        nn.init.orthogonal_(self.from_hidden.weight)  # keeps the gradient's length over time (Saxe et al., 2014)

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"h": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        h = torch.tanh(self.from_input(x) + self.from_hidden(state["h"]))  # (B, H)
        return h, {"h": h}

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        bias = self.from_input.bias
        weights = [self.from_input.weight, self.from_hidden.weight, bias, torch.zeros_like(bias)]
        h = state["h"].to(x.dtype)[None]  # (1, B, H)
        y, h = torch.rnn_tanh(x, h, [w.to(x.dtype) for w in weights], True, 1, 0.0, self.training, False, True)
        return y, {"h": h[0].to(bias.dtype)}
