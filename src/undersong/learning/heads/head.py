"""What a head is: hidden units in, parameters of its distribution out, and how far off they were."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from undersong.distributions.distribution import AbstractDistribution
from undersong.shapes import Float

__all__ = ["AbstractHead"]


class AbstractHead(nn.Module, ABC):
    """H hidden units → P parameters. A head may override its loss, but its parameters always give all the odds."""

    kind: ClassVar[str]

    def __init__(self, size: int, distribution: AbstractDistribution) -> None:
        super().__init__()
        self.size = size  # H
        self.distribution = distribution

    @abstractmethod
    def forward(self, h: Float[Tensor, "*BT H"]) -> Float[Tensor, "*BT P"]:
        """Parameters of the next event's odds."""

    def nats(self, h: Float[Tensor, "*BT H"], targets: Tensor) -> Float[Tensor, "*BT"]:
        """-log p of the targets (…) or (…, D), in nats."""
        nats: Tensor = -self.distribution.log_prob(self(h).float(), targets)
        return nats
