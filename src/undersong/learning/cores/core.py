"""What a core is: `step` is the truth, `scan` is the speed, and the state is a value that goes in and comes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from undersong import config
from undersong.shapes import Float

__all__ = ["AbstractCore", "CoreState", "NoSettings"]

CoreState = Mapping[str, Tensor]
"""Named tensors (B, …). The names are those of the step graph, after `state.`."""


class NoSettings(config.Settings):
    """For a core with nothing to choose beyond its size."""


class AbstractCore(nn.Module, ABC):
    """Turns inputs (B, T, E) into hidden units (B, T, H), carrying a state.

    A scan in bfloat16 is asked for by bfloat16 inputs; the state that comes back is always of the weights' type.
    """

    kind: ClassVar[str]
    Settings: ClassVar[type[config.Settings]] = NoSettings

    def __init__(self, size_in: int, size: int, settings: config.Settings) -> None:
        super().__init__()
        self.size_in = size_in  # E
        self.size = size  # H
        self.settings = settings

    @classmethod
    def build(cls, size_in: int, size: int, settings: Mapping[str, Any]) -> AbstractCore:
        """The core from plain settings. Raises RecipeError for a key it does not know."""
        return cls(size_in, size, config.build(cls.Settings, settings, f"the settings of {cls.kind}"))

    @property
    @abstractmethod
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shape of each part of the state, without B."""

    @abstractmethod
    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        """One event on."""

    @abstractmethod
    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        """T events on: what T steps would give, faster."""

    def matrices(self) -> list[tuple[nn.Parameter, int]]:
        """Its matrices as an optimiser may want them: each with how many, one per gate, are stacked in it."""
        own = [p for p in self.parameters() if p.ndim == 2]
        return [(p, p.shape[0] // self.size if p.shape[0] % self.size == 0 else 1) for p in own]

    def rest(self, batch: int) -> CoreState:
        """The state before anything was heard: zeros."""
        like = next(self.parameters())
        return {name: like.new_zeros(batch, *shape) for name, shape in self.state_shapes.items()}

    def scan_by_steps(self, x: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
        """`scan` for a core whose state enters its own gates in a way no library kernel knows."""
        outputs = []
        for now in x.unbind(1):  # slices of their own would each send back a gradient as long as x
            y, state = self.step(now, state)
            outputs.append(y)
        return torch.stack(outputs, dim=1), state
