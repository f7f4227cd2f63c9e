"""One model being learned: a step, a snapshot, and the way back from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
from undersong.learning.training.averaging import Average
from undersong.learning.training.engine import Engine
from undersong.learning.training.muon import Muon
from undersong.learning.training.schedules import Plan, learning_rate
from undersong.learning.training.streams import Feed

__all__ = ["Learner", "StepReport", "TrainingSettings"]


_GOOD_EVERY = 100  # steps between two copies in memory, which a loss that is no number goes back to


class TrainingSettings(Settings):
    """How a model is learned. The defaults were measured; LAB.md says where."""

    shape: Literal["auto", "stream", "pieces"] = "auto"  # auto: what the medium says
    rows: int = Field(16, ge=1, le=4096)  # B; few rows and short windows make more steps of the same minutes
    window: int = Field(64, ge=2, le=65536)  # T, the events a gradient looks back over; the state goes on
    longest: int = Field(1024, ge=2)  # events of one piece, where pieces are learned whole
    rate: float = Field(1e-2, gt=0)  # peak learning rate of AdamW, which steps all that is no matrix of a core
    muon: float = Field(0.04, ge=0)  # peak learning rate of Muon, which steps the cores' matrices; 0: AdamW does
    rate_floor: float = Field(0.03, ge=0, le=1)  # of the peak, at the very end
    warm_up: int = Field(60, ge=0)  # steps
    weight_decay: float = Field(0.01, ge=0)
    clip: float = Field(1.0, gt=0)  # greatest global norm of a gradient (Pascanu et al., 2013)
    average: float = Field(0.03, ge=0, le=1)  # share of the plan that the weights which play are averaged over
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"  # auto: the fastest, measured at the start
    precision: Literal["auto", "float32", "bfloat16"] = "auto"  # auto: the faster, measured at the start
    threads: int = Field(0, ge=0, le=1024)  # of the CPU; 0: what was fastest, measured at the start
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
    """Takes steps; everything about step n follows from n, the seed and the plan, and the carried state.

    Among several processes the first one's learner leads; the others `follow` whatever is asked of it.
    """

    def __init__(
        self,
        model: Autoregressive,
        feed: Feed,
        settings: TrainingSettings,
        plan: Plan,
        seed: int,
        dtype: torch.dtype | None = None,
        engine: Engine | None = None,
    ) -> None:
        """`dtype` is what the steps compute in; that of the settings, unless another is given."""
        self.engine = engine or Engine.alone()
        self.model = model.to(self.engine.device)
        self.feed = feed
        self.settings = settings
        self.plan = plan
        self.seed = seed
        self.dtype = dtype or getattr(torch, "float32" if settings.precision == "auto" else settings.precision)
        self.step = 0
        self.state: CoreState | None = None
        self.caution = 1.0  # of the planned rate: less after each return from a loss that was no number
        self.average = Average(model, settings.average) if settings.average else None
        optimisers = _optimisers(model, settings, self.dtype)
        self._losses, self.optimisers = self.engine.set_up(model, optimisers)
        self._good: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    # ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def advance(self) -> StepReport:
        """One step. Raises LearningError when the loss is no longer a number; the model is then as before the step."""
        self._lead("advance")
        if self._good is None or (self.step % _GOOD_EVERY == 0 and self.step > self._good[1]["step"]):
            self._good = self._copy()
        torch.manual_seed((self.seed * 1_000_003 + self.step) * self.engine.world + self.engine.rank)  # for dropout
        whole = self.feed.batch(self.step)
        batch = self.engine.part(whole)
        shape = {"floor": self.settings.rate_floor, "warm_up": self.settings.warm_up}
        share = self.caution * learning_rate(self.plan.progress(self.step), self.step, {"peak": 1.0, **shape})
        for optimiser, peak in zip(self.optimisers, (self.settings.rate, self.settings.muon), strict=False):
            for group in optimiser.param_groups:
                group["lr"] = share * peak
        self.model.train()
        events, condition, targets, mask = as_tensors(batch, self.engine.device)
        count = float(whole.mask.sum()) / self.engine.world
        terms, state = self._losses(
            events, condition, targets, mask, self._state_for(batch, condition), self.dtype, count
        )
        loss = torch.stack(list(terms.values())).sum()
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        self.engine.backward(loss)
        norm = float(torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip))
        nats = float(self.engine.mean(loss.detach()))
        if not math.isfinite(nats) or not math.isfinite(norm):
            raise LearningError(
                f"The loss became {nats} at step {self.step}, its gradient {norm}.",
                "The last checkpoint is safe. Try a lower rate: --set training.rate=0.002",
            )
        for optimiser in self.optimisers:
            optimiser.step()
        self.state = {name: value.detach() for name, value in state.items()}
        self.step += 1
        if self.average is not None:
            self.average.add(self.model, self.step, self.plan.steps)
        return StepReport(self.step, nats, int(whole.mask.sum()), share * self.settings.rate, norm)

    def _state_for(self, batch: Batch, condition: Mapping[str, Tensor]) -> CoreState:
        """The carried state, begun anew where a row does not continue."""
        if self.state is None or batch.fresh.all():
            return self.model.start(condition, len(batch.fresh))
        if not batch.fresh.any():
            return self.state
        begun = self.model.start(condition, len(batch.fresh))
        fresh = torch.from_numpy(batch.fresh).to(self.engine.device)
        return {
            name: torch.where(fresh.view(-1, *[1] * (carried.ndim - 1)), begun[name], carried)
            for name, carried in self.state.items()
        }

    def change_plan(self, plan: Plan) -> None:
        self._lead("change_plan", plan)
        self.plan = plan

    # ── what plays ─────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def playing(self) -> Iterator[Autoregressive]:
        """The model with the weights that are to be evaluated, played and kept: their average, where there is one."""
        if self.average is None or not self.step:
            yield self.model
        else:
            with self.average.inside(self.model):
                yield self.model

    # ── the way back ───────────────────────────────────────────────────────────────────────────────────────────────

    def go_back(self) -> int:
        """Return to the last good step and go on at half the rate; gives that step.

        Raises LearningError after three returns: what keeps failing is not the rate.
        """
        self._lead("go_back")
        if self._good is None or self.caution < 0.2:
            raise LearningError(
                f"The loss is no number at step {self.step}, also at an eighth of the rate.",
                "The last checkpoint is safe. Begin again with a lower rate, --set training.rate=0.001, or in float32: "
                "--set training.precision=float32",
            )
        tensors, facts = self._good
        caution = self.caution / 2
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                value.copy_(tensors[f"model.{name}"])
        self._put_back(tensors, facts)
        self.caution = caution
        self._good = self._copy()
        return self.step

    def _copy(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, facts = self._moment()
        tensors |= {f"model.{name}": value for name, value in self.model.state_dict().items()}
        return {name: value.detach().clone() for name, value in tensors.items()}, facts

    def snapshot(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything a resumed run needs beyond the model's own arrays: tensors, and facts as JSON."""
        self._lead("snapshot")
        tensors, facts = self._moment()
        whole = {n: self.engine.gathered(value) if n.startswith("state.") else value for n, value in tensors.items()}
        return {name: value.contiguous() for name, value in whole.items()}, facts

    def _moment(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors = {f"state.{name}": value for name, value in (self.state or {}).items()}
        names: dict[Tensor, str] = {parameter: name for name, parameter in self.model.named_parameters()}
        for optimiser in self.optimisers:
            for parameter, moments in optimiser.state.items():
                tensors |= {f"optimiser.{names[parameter]}.{key}": value for key, value in moments.items()}
        if self.average is not None:
            tensors |= {f"average.{name}": value for name, value in self.average.weights.items()}
        facts = {"step": self.step, "plan": self.plan.to_json(), "seed": self.seed, "caution": self.caution}
        return tensors, facts

    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Go on from a snapshot; the model's own arrays are loaded by the caller."""
        own = {n: self.engine.own(value) if n.startswith("state.") else value for n, value in tensors.items()}
        self._put_back(own, facts)

    def _put_back(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        self.step = int(facts["step"])
        self.seed = int(facts["seed"])
        self.plan = Plan.from_json(facts["plan"])
        self.caution = float(facts["caution"])
        device = self.engine.device
        self.state = {name: value.to(device) for name, value in _under("state.", tensors).items()} or None
        owners = {p: optimiser for optimiser in self.optimisers for g in optimiser.param_groups for p in g["params"]}
        for name, parameter in self.model.named_parameters():
            moments = _under(f"optimiser.{name}.", tensors)
            if moments:
                owners[parameter].state[parameter] = {
                    key: value if key == "step" else value.to(device) for key, value in moments.items()
                }
        if self.average is not None:
            self.average.load(_under("average.", tensors))

    # ── several processes ──────────────────────────────────────────────────────────────────────────────────────────

    def _lead(self, what: str, *given: Any) -> None:
        if self.engine.rank == 0:
            self.engine.tell((what, given))

    def follow(self) -> None:
        """Do whatever the leader's learner does, until it is done."""
        while True:
            what, given = self.engine.tell()
            if what == "done":
                return
            with suppress(LearningError):  # the leader meets the same, and says what then
                getattr(self, what)(*given)

    def done(self) -> None:
        """Let the followers go."""
        self._lead("done")
        self.engine.leave()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _optimisers(model: Autoregressive, settings: TrainingSettings, dtype: torch.dtype) -> list[torch.optim.Optimizer]:
    """AdamW, and Muon for the cores' matrices where it is wanted; weight decay is for matrices, never for biases."""
    matrices = model.core.matrices() if settings.muon else []
    others = [p for p in model.parameters() if all(p is not matrix for matrix, _ in matrices)]
    groups = [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
    ]
    adam = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.99), eps=1e-8)
    muon = [Muon(matrices, settings.muon, dtype, weight_decay=settings.weight_decay)] if matrices else []
    return [adam, *muon]


def as_tensors(
    batch: Batch, device: torch.device | None = None
) -> tuple[Tensor, dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Events, condition, targets and mask of a batch as tensors."""
    return (
        torch.from_numpy(batch.events).to(device),
        {name: torch.from_numpy(array).to(device) for name, array in batch.condition.items()},
        {name: torch.from_numpy(array).to(device) for name, array in batch.targets.items()},
        torch.from_numpy(batch.mask).to(device),
    )
