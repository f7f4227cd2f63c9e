"""One linear layer to the 5K parameters of a mixture."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from undersong.distributions.distribution import AbstractDistribution
from undersong.learning.heads.head import AbstractHead
from undersong.shapes import Float

__all__ = ["ToyMixtureHead"]


@final
class ToyMixtureHead(AbstractHead):
    """Weights, means and log spreads of a toy mixture; its loss is the distribution's own."""

    kind = "toy_mixture.v1"

    def __init__(self, size: int, distribution: AbstractDistribution) -> None:
        super().__init__(size, distribution)
        self.linear = nn.Linear(size, distribution.parameter_count)

    def forward(self, h: Float[Tensor, "*BT H"]) -> Float[Tensor, "*BT P"]:
        return nn.functional.linear(h, self.linear.weight.to(h.dtype), self.linear.bias.to(h.dtype))
