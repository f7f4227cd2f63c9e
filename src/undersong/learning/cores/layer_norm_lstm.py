"""Long short-term memory whose gates and cell are normalised (Ba, Kiros & Hinton, 2016), as sketch-rnn has it.

a = W x + U h, without a bias; each of its parts i, f, g, o is normalised over its own H units, then scaled by a gain
and moved by a bias. c' = f*c + i*g; h' = o*tanh(norm(c')). What is carried is c' as it is, not as it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["EPSILON", "LayerNormLstm"]

EPSILON = 1e-3
"""Added to each variance; sketch-rnn's, so that its weights mean here what they mean there."""


@final
class LayerNormLstm(AbstractCore):
    """An LSTM that hears how its sums differ from each other, not how large they are."""

    kind = "layer_norm_lstm.v1"

    def __init__(self, size_in: int, size: int, settings: Settings) -> None:
        super().__init__(size_in, size, settings)
        self.from_input = nn.Linear(size_in, 4 * size, bias=False)
        self.from_hidden = nn.Linear(size, 4 * size, bias=False)
        self.gain = nn.Parameter(torch.ones(4 * size))
        self.bias = nn.Parameter(torch.zeros(4 * size))
        self.cell_gain = nn.Parameter(torch.ones(size))
        self.cell_bias = nn.Parameter(torch.zeros(size))
        with torch.no_grad():
            self.bias[size : 2 * size] = 1.0  # remember at first (Jozefowicz et al., 2015)
            for gate in self.from_hidden.weight.chunk(4):
                nn.init.orthogonal_(gate)

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"h": (self.size,), "c": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        h, c = self._after_sums(self.from_input(x) + self.from_hidden(state["h"]), state["c"])
        return h, {"h": h, "c": c}

    def _after_sums(self, a: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        parts = nn.functional.layer_norm(a.unflatten(-1, (4, self.size)), (self.size,), eps=EPSILON)  # (B, 4, H)
        i, f, g, o = torch.addcmul(self.bias, self.gain, parts.flatten(-2)).chunk(4, dim=-1)  # each (B, H)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        shown = nn.functional.layer_norm(c, (self.size,), self.cell_gain, self.cell_bias, EPSILON)
        return torch.sigmoid(o) * torch.tanh(shown), c

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        h, c = state["h"], state["c"]
        from_input = nn.functional.linear(x, self.from_input.weight.to(x.dtype))  # (B, T, 4H), once for all T
        from_hidden = self.from_hidden.weight.to(x.dtype).T  # (H, 4H)
        outputs = []
        for now in from_input.unbind(1):  # to index each t would cost a gradient as large as all T, T times
            a = torch.addmm(now, h.to(x.dtype), from_hidden)  # (B, 4H)
            h, c = self._after_sums(a.to(c.dtype), c)  # a mean and a variance want every digit
            outputs.append(h)
        return torch.stack(outputs, dim=1).to(x.dtype), {"h": h, "c": c}
