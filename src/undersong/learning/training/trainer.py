"""One model being learned: a step, a snapshot, and the way back from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from pydantic import Field
from torch import Tensor

from undersong.config import Settings
from undersong.errors import LearningError
from undersong.events import Batch
from undersong.learning.cores.core import CoreState
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.schedules import Plan, learning_rate
from undersong.learning.training.streams import Feed

__all__ = ["Learner", "StepReport", "TrainingSettings"]


class TrainingSettings(Settings):
    """How a model is learned. The defaults were measured; LAB.md says where."""

    shape: Literal["auto", "stream", "pieces"] = "auto"  # auto: what the medium says
    rows: int = Field(16, ge=1, le=4096)  # B; few rows and short windows make more steps of the same minutes
    window: int = Field(64, ge=2, le=65536)  # T, the events a gradient looks back over; the state goes on
    longest: int = Field(1024, ge=2)  # events of one piece, where pieces are learned whole
    rate: float = Field(6e-3, gt=0)  # peak learning rate, for some 1,000 events a step; fewer want less
    rate_floor: float = Field(0.03, ge=0, le=1)  # of the peak, at the very end
    warm_up: int = Field(60, ge=0)  # steps
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)  # greatest global norm of a gradient (Pascanu et al., 2013)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: the faster, measured at the start
    keep: Literal["auto", "last", "best"] = "auto"  # auto: the last, unless it did clearly worse than the best


@dataclass(frozen=True)
class StepReport:
    """What one step did: loss in nats per event over `events` events."""

    step: int
    nats: float
    events: int
    rate: float
    gradient_norm: float


@final
class Learner:
    """Takes steps; everything about step n follows from n, the seed and the plan, and the carried state."""

    def __init__(
        self, model: Autoregressive, feed: Feed, settings: TrainingSettings, plan: Plan, seed: int, dtype: torch.dtype
    ) -> None:
        self.model = model
        self.feed = feed
        self.settings = settings
        self.plan = plan
        self.seed = seed
        self.dtype = dtype
        self.step = 0
        self.state: CoreState | None = None
        self.optimiser = torch.optim.AdamW(
            _decayed(model, settings.weight_decay), lr=settings.rate, betas=(0.9, 0.99), eps=1e-8
        )

    def advance(self) -> StepReport:
        """One step. Raises LearningError when the loss is no longer a number; the model is then as before the step."""
        torch.manual_seed(self.seed * 1_000_003 + self.step)  # dropout, too, follows from the step
        batch = self.feed.batch(self.step)
        rate = learning_rate(
            self.plan.progress(self.step),
            self.step,
            {"peak": self.settings.rate, "floor": self.settings.rate_floor, "warm_up": self.settings.warm_up},
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.model.train()
        events, condition, targets, mask = as_tensors(batch)
        terms, state = self.model.losses(
            events, condition, targets, mask, self._state_for(batch, condition), self.dtype
        )
        loss = torch.stack(list(terms.values())).sum()
        nats = float(loss.detach())
        if not math.isfinite(nats):
            raise LearningError(
                f"The loss became {nats} at step {self.step}.",
                "The last checkpoint is safe. Try a lower rate: --set training.rate=0.002",
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimiser.step()
        self.state = {name: value.detach() for name, value in state.items()}
        self.step += 1
        return StepReport(self.step, nats, int(batch.mask.sum()), rate, float(norm))

    def _state_for(self, batch: Batch, condition: Mapping[str, Tensor]) -> CoreState:
        """The carried state, begun anew where a row does not continue."""
        if self.state is None or batch.fresh.all():
            return self.model.start(condition, len(batch.fresh))
        if not batch.fresh.any():
            return self.state
        begun = self.model.start(condition, len(batch.fresh))
        fresh = torch.from_numpy(batch.fresh)
        return {
            name: torch.where(fresh.view(-1, *[1] * (carried.ndim - 1)), begun[name], carried)
            for name, carried in self.state.items()
        }

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything a resumed run needs beyond the model's own arrays: tensors, and facts as JSON."""
        tensors = {f"state.{name}": value.contiguous() for name, value in (self.state or {}).items()}
        names: dict[Tensor, str] = {parameter: name for name, parameter in self.model.named_parameters()}
        for parameter, moments in self.optimiser.state.items():
            tensors |= {f"optimiser.{names[parameter]}.{key}": value for key, value in moments.items()}
        return tensors, {"step": self.step, "plan": self.plan.to_json(), "seed": self.seed}

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Go on from a snapshot; the model's own arrays are loaded by the caller."""
        self.step = int(facts["step"])
        self.seed = int(facts["seed"])
        self.plan = Plan.from_json(facts["plan"])
        state = {name.removeprefix("state."): value for name, value in tensors.items() if name.startswith("state.")}
        self.state = state or None
        for name, parameter in self.model.named_parameters():
            prefix = f"optimiser.{name}."
            moments = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            if moments:
                self.optimiser.state[parameter] = moments


def _decayed(model: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices, none for biases (Loshchilov & Hutter, 2019)."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def as_tensors(batch: Batch) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Events, condition, targets and mask of a batch as tensors."""
    return (
        torch.from_numpy(batch.events),
        {name: torch.from_numpy(array) for name, array in batch.condition.items()},
        {name: torch.from_numpy(array) for name, array in batch.targets.items()},
        torch.from_numpy(batch.mask),
    )
