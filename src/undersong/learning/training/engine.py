"""Where learning runs: one device, or several processes that share every batch.

Several are started by torchrun and joined by Lightning Fabric; each owns its rows of the batch, and so its own streams
and their carried state. Everything is decided by the first process and told to the others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from undersong.errors import MissingExtraError
from undersong.events import Batch, Condition

__all__ = ["Engine", "devices", "processes", "rank", "restarted"]


def processes() -> int:
    """How many processes learn together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Which of them this one is; 0 leads."""
    return int(os.environ.get("RANK", "0"))


def restarted() -> bool:
    """Whether they were started again because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def devices() -> list[str]:
    """What this machine could learn on, the likeliest to be fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


@final
class Engine:
    """One process's place among those that learn together."""

    def __init__(self, device: str = "cpu", rank: int = 0, world: int = 1, fabric: Any = None) -> None:
        self.rank, self.world = rank, world
        self.device = torch.device(device) if fabric is None else fabric.device
        self._fabric = fabric

    @classmethod
    def alone(cls, device: str = "cpu") -> Engine:
        """One process, whoever else there may be."""
        return cls(device)

    @classmethod
    def joined(cls, device: str = "cpu") -> Engine:
        """With the others, where there are any. Raises MissingExtraError where that needs what is not installed."""
        if processes() == 1:
            return cls(device)  # importing Fabric costs seconds, which one process need not pay
        return cls(device, rank(), processes(), _fabric(device))

    def set_up(
        self, model: nn.Module, optimisers: Sequence[torch.optim.Optimizer]
    ) -> tuple[Callable[..., Any], Sequence[Any]]:
        """The model's `losses`, whose gradients all processes will share, and the optimisers to step with."""
        if self._fabric is None:
            return model.losses, optimisers  # type: ignore[return-value]
        wrapped, *ours = self._fabric.setup(model, *optimisers)
        wrapped.mark_forward_method("losses")
        return wrapped.losses, [optimiser.optimizer for optimiser in ours]

    def part(self, batch: Batch) -> Batch:
        """The rows of a batch that belong to this process; where they do not come out even, some that do not count."""
        if self.world == 1:
            return batch
        rows = len(batch.fresh)
        each = -(-rows // self.world)
        own = np.arange(self.rank * each, (self.rank + 1) * each)
        counts = own < rows
        own = np.where(counts, own, 0)
        return replace(
            batch,
            events=batch.events[own],
            mask=batch.mask[own] * counts[:, None].astype(batch.mask.dtype),
            condition=Condition({name: array[own] for name, array in batch.condition.items()}),
            targets={name: array[own] for name, array in batch.targets.items()},
            fresh=batch.fresh[own],
        )

    def backward(self, loss: Tensor) -> None:
        if self._fabric is None:
            loss.backward()
        else:
            self._fabric.backward(loss)

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a number over all processes."""
        return value if self._fabric is None else self._fabric.all_reduce(value, reduce_op="mean")

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows (B, …) of all processes, in their order."""
        return rows if self._fabric is None else self._fabric.all_gather(rows).flatten(0, 1)

    def own(self, rows: Tensor) -> Tensor:
        """This process's rows of what all of them hold (B, …)."""
        return rows.chunk(self.world)[self.rank] if self.world > 1 else rows

    def leave(self) -> None:
        """Part from the others; whoever only ended would be taken for dead."""
        if self._fabric is not None:
            torch.distributed.destroy_process_group()
            self._fabric = None

    def tell(self, order: Any = None) -> Any:
        """What the leader says, to every process; the others hand in nothing and wait for it."""
        return order if self._fabric is None else self._fabric.broadcast(order, src=0)


def _fabric(device: str) -> Any:
    try:
        from lightning_fabric import Fabric
    except ModuleNotFoundError as error:
        raise MissingExtraError("lightning-fabric", "learn") from error
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    fabric = Fabric(accelerator=device, devices=local, num_nodes=processes() // local, strategy="ddp")
    fabric.launch()
    return fabric
