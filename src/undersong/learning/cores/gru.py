"""The gated recurrent unit, in both of its reset conventions; r, z, n in PyTorch's order; h' = (1 - z)*n + z*h.

"before": n = tanh(W x + U (r*h) + b), as first published (Cho et al., 2014) and in char-rnn.
"after": n = tanh(W x + b + r*(U h + b')), as in cuDNN and torch.nn.GRU, which one fused kernel can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, final

import torch
from torch import Tensor, nn

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["Gru", "GruSettings"]


class GruSettings(Settings):
    reset: Literal["before", "after"] = "after"  # "after" learns several times faster: it has a kernel


@final
class Gru(AbstractCore):
    """Two gates: what of the past to ask, and how much of it to keep."""

    kind = "gru.v1"
    Settings = GruSettings

    def __init__(self, size_in: int, size: int, settings: GruSettings) -> None:
        super().__init__(size_in, size, settings)
        self.reset_after = settings.reset == "after"
        self.from_input = nn.Linear(size_in, 3 * size)
        self.from_hidden = nn.Linear(size, 3 * size, bias=self.reset_after)
        with torch.no_grad():
            for gate in self.from_hidden.weight.chunk(3):
                nn.init.orthogonal_(gate)

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"h": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        return self._after_input(self.from_input(x), state["h"])

    def _after_input(self, from_input: Tensor, h: Tensor) -> tuple[Tensor, CoreState]:
        asked, kept, new = from_input.chunk(3, dim=-1)  # each (B, H)
        if self.reset_after:
            r_of_h, z_of_h, n_of_h = self.from_hidden(h).chunk(3, dim=-1)  # each (B, H)
            r = torch.sigmoid(asked + r_of_h)
            z = torch.sigmoid(kept + z_of_h)
            n = torch.tanh(new + r * n_of_h)
        else:
            gates, candidate = self.from_hidden.weight.split((2 * self.size, self.size))  # (2H, H), (H, H)
            r_of_h, z_of_h = nn.functional.linear(h, gates).chunk(2, dim=-1)
            r = torch.sigmoid(asked + r_of_h)
            z = torch.sigmoid(kept + z_of_h)
            n = torch.tanh(new + nn.functional.linear(r * h, candidate))
        h = (1 - z) * n + z * h
        return h, {"h": h}

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        if not self.reset_after:
            return self._scan_reset_before(x, state)
        weights = [self.from_input.weight, self.from_hidden.weight, self.from_input.bias, self.from_hidden.bias]
        h = state["h"].to(x.dtype)[None]  # (1, B, H)
        y, h = torch.gru(x, h, [w.to(x.dtype) for w in weights], True, 1, 0.0, self.training, False, True)
        return y, {"h": h[0].to(self.from_input.bias.dtype)}

    def _scan_reset_before(self, x: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        weight = self.from_input.weight
        from_input = nn.functional.linear(
            x.to(weight.dtype), weight, self.from_input.bias
        )  # (B, T, 3H), once for all T
        outputs = []
        for now in from_input.unbind(1):
            y, state = self._after_input(now, state["h"])
            outputs.append(y)
        return torch.stack(outputs, dim=1).to(x.dtype), state
