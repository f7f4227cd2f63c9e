"""Cores on top of one another, with dropout between them; a stack is a core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor, nn

from undersong import registry
from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["Stack", "StackSettings"]


class StackSettings(Settings):
    layers: tuple[dict[str, Any], ...] = ()  # each {"kind": …, "size": …, "settings": {…}}, lowest first
    dropout: float = 0.0  # between layers, while learning (Zaremba, Sutskever & Vinyals, 2014)


@final
class Stack(AbstractCore):
    """Each layer hears the one below; the state's names carry the layer's number: `0.h`, `1.h`."""

    kind = "stack.v1"
    Settings = StackSettings

    def __init__(self, size_in: int, size: int, settings: StackSettings) -> None:
        super().__init__(size_in, size, settings)
        layers: list[AbstractCore] = []
        for layer in settings.layers or ({"kind": "lstm.v1", "size": size},):
            core = registry.load("cores", layer["kind"])
            layers.append(core.build(size_in, int(layer["size"]), layer.get("settings", {})))
            size_in = layers[-1].size
        assert size_in == size, "the top layer's size is the stack's"
        self.layers: Sequence[AbstractCore] = nn.ModuleList(layers)  # type: ignore[assignment]
        self.dropout = nn.Dropout(settings.dropout)

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {f"{n}.{k}": shape for n, layer in enumerate(self.layers) for k, shape in layer.state_shapes.items()}

    def matrices(self) -> list[tuple[nn.Parameter, int]]:
        return [matrix for layer in self.layers for matrix in layer.matrices()]

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        after: dict[str, Tensor] = {}
        for n, layer in enumerate(self.layers):
            x, new = layer.step(self.dropout(x) if n else x, _of_layer(n, state))
            after |= {f"{n}.{name}": value for name, value in new.items()}
        return x, after

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        after: dict[str, Tensor] = {}
        for n, layer in enumerate(self.layers):
            x, new = layer.scan(self.dropout(x) if n else x, _of_layer(n, state))
            after |= {f"{n}.{name}": value for name, value in new.items()}
        return x, after


def _of_layer(n: int, state: CoreState) -> CoreState:
    prefix = f"{n}."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
