"""A leaky integrator whose recurrent weights are never learned (Jaeger, 2001, "The echo state approach").

h' = (1 - leak)*h + leak*tanh(W x + b + U h), with a fixed random U.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from pydantic import Field
from torch import Tensor, nn

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["Leaky", "LeakySettings"]


class LeakySettings(Settings):
    leak: float = Field(0.5, gt=0, le=1)  # of the old state, forgotten with every event
    echo: float = Field(0.9, ge=0, lt=1)  # greatest singular value of U: below 1 what was heard fades


@final
class Leaky(AbstractCore):
    """What was heard fades slowly; only how it is heard is learned."""

    kind = "leaky.v1"
    Settings = LeakySettings

    def __init__(self, size_in: int, size: int, settings: LeakySettings) -> None:
        super().__init__(size_in, size, settings)
        self.leak = settings.leak
        self.from_input = nn.Linear(size_in, size)
        fixed = torch.randn(size, size)
        self.from_hidden: Tensor
        self.register_buffer("from_hidden", fixed * (settings.echo / torch.linalg.matrix_norm(fixed, 2)))

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"slow_h": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        heard = torch.tanh(self.from_input(x) + state["slow_h"] @ self.from_hidden.T)  # (B, H)
        h = (1 - self.leak) * state["slow_h"] + self.leak * heard
        return h, {"slow_h": h}

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        y, state = self.scan_by_steps(x.to(self.from_hidden.dtype), state)
        return y.to(x.dtype), state
