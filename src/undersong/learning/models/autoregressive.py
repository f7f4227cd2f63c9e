"""The plain autoregressive model: each event is heard, the core goes one step on, heads give the odds of the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor, nn

from undersong import registry
from undersong.events import ConditionSpec
from undersong.learning.cores.core import CoreState
from undersong.learning.cores.stack import Stack
from undersong.learning.heads.head import AbstractHead
from undersong.learning.models.conditional import Beginning, Ear, Listening
from undersong.shapes import ArraySpec

__all__ = ["Autoregressive", "ModelSpec", "build_distribution"]


@dataclass(frozen=True)
class ModelSpec:
    """Everything that fixes a model's form; `config.json` of a run folder."""

    event: ArraySpec
    embedding: int  # E
    layers: tuple[Mapping[str, Any], ...]  # the stack, lowest first: {"kind", "size", "settings"}
    heads: Mapping[str, Mapping[str, Any]]  # reading → {"kind", "distribution": {"kind", …}}
    conditions: tuple[ConditionSpec, ...] = ()
    dropout: float = 0.0
    kind: str = field(default="autoregressive.v1")

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "event": self.event.to_json(),
            "embedding": self.embedding,
            "layers": [dict(layer) for layer in self.layers],
            "heads": {name: dict(head) for name, head in self.heads.items()},
            "conditions": [spec.to_json() for spec in self.conditions],
            "dropout": self.dropout,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelSpec:
        return cls(
            event=ArraySpec.from_json(data["event"]),
            embedding=data["embedding"],
            layers=tuple(data["layers"]),
            heads=data["heads"],
            conditions=tuple(ConditionSpec.from_json(spec) for spec in data["conditions"]),
            dropout=data["dropout"],
            kind=data["kind"],
        )


def build_distribution(settings: Mapping[str, Any]) -> Any:
    """A distribution from {"kind": …, settings}."""
    return registry.load("distributions", settings["kind"])(**{k: v for k, v in settings.items() if k != "kind"})


@final
class Autoregressive(nn.Module):
    """`step` is what plays, `scan` what learns; both return the parameters of every head by name."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.ear = Ear(spec.event, spec.embedding, extra=1)
        self.listening = Listening(spec.conditions, spec.embedding) if spec.conditions else None
        top = int(spec.layers[-1]["size"])
        self.core = Stack.build(spec.embedding, top, {"layers": list(spec.layers), "dropout": spec.dropout})
        held = [c for c in spec.conditions if c.per != "event"]
        self.beginning = Beginning(held, spec.embedding, self.core.state_shapes) if held else None
        self.dropout = nn.Dropout(spec.dropout)
        heads: dict[str, AbstractHead] = {}
        for name, head in spec.heads.items():
            distribution = build_distribution(head["distribution"])
            heads[name] = registry.load("heads", head["kind"])(top, distribution)
        self.heads = nn.ModuleDict(heads)

    def start(self, condition: Mapping[str, Tensor], batch: int) -> CoreState:
        """The state before the first event; the start event is then heard like any other."""
        return self.beginning(condition) if self.beginning is not None else self.core.rest(batch)

    def step(
        self, event: Tensor, condition: Mapping[str, Tensor], state: CoreState
    ) -> tuple[dict[str, Tensor], CoreState]:
        """Parameters (B, P) by head after `event` (B, …)."""
        x = self.ear(event)  # (B, E)
        if self.listening is not None:
            x = x + self.listening(condition, scanning=False)
        h, state = self.core.step(x, state)
        return {name: head(h) for name, head in self.heads.items()}, state

    def hidden(
        self, events: Tensor, condition: Mapping[str, Tensor], state: CoreState, dtype: torch.dtype | None = None
    ) -> tuple[Tensor, CoreState]:
        """Hidden units (B, T, H) over events (B, T, …), computed in `dtype`."""
        x = self.ear(events)  # (B, T, E)
        if self.listening is not None:
            x = x + self.listening(condition, scanning=True)
        h, state = self.core.scan(self.dropout(x).to(dtype or x.dtype), state)
        return self.dropout(h), state

    def scan(
        self, events: Tensor, condition: Mapping[str, Tensor], state: CoreState
    ) -> tuple[dict[str, Tensor], CoreState]:
        """Parameters (B, T, P) by head; lawful to T steps."""
        h, state = self.hidden(events, condition, state)
        return {name: head(h) for name, head in self.heads.items()}, state

    def losses(
        self,
        events: Tensor,
        condition: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        mask: Tensor,
        state: CoreState,
        dtype: torch.dtype | None = None,
        count: float | None = None,
    ) -> tuple[dict[str, Tensor], CoreState]:
        """Named loss terms, each a mean in nats over the events that `mask` (B, T) counts, or over `count` events."""
        h, state = self.hidden(events, condition, state, dtype)
        over = mask.sum().clamp(min=1.0) if count is None else count
        terms = {name: (self.heads[name].nats(h, targets[name]) * mask).sum() / over for name in targets}  # type: ignore[operator]
        return terms, state
