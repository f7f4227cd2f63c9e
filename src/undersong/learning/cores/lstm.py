"""Long short-term memory (Hochreiter & Schmidhuber, 1997) with forget gates (Gers, Schmidhuber & Cummins, 2000).

i, f, g, o in PyTorch's order; c' = f*c + i*g; h' = o*tanh(c').
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["Lstm"]


@final
class Lstm(AbstractCore):
    """A memory cell per unit, and three gates that write, keep and show it."""

    kind = "lstm.v1"

    def __init__(self, size_in: int, size: int, settings: Settings) -> None:
        super().__init__(size_in, size, settings)
        self.from_input = nn.Linear(size_in, 4 * size)
        self.from_hidden = nn.Linear(size, 4 * size, bias=False)
        with torch.no_grad():
            self.from_input.bias.zero_()
            self.from_input.bias[size : 2 * size] = 1.0  # remember at first (Jozefowicz et al., 2015)
            for gate in self.from_hidden.weight.chunk(4):
                nn.init.orthogonal_(gate)

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"h": (self.size,), "c": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        gates = self.from_input(x) + self.from_hidden(state["h"])  # (B, 4H)
        i, f, g, o = gates.chunk(4, dim=-1)  # each (B, H)
        c = torch.sigmoid(f) * state["c"] + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return h, {"h": h, "c": c}

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        bias = self.from_input.bias
        weights = [self.from_input.weight, self.from_hidden.weight, bias, torch.zeros_like(bias)]
        hc = [state[name].to(x.dtype)[None] for name in ("h", "c")]  # each (1, B, H)
        y, h, c = torch.lstm(x, hc, [w.to(x.dtype) for w in weights], True, 1, 0.0, self.training, False, True)
        return y, {"h": h[0].to(bias.dtype), "c": c[0].to(bias.dtype)}
