"""One linear layer to V logits."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from undersong.distributions.distribution import AbstractDistribution
from undersong.learning.heads.head import AbstractHead
from undersong.shapes import Float

__all__ = ["CategoricalHead"]


@final
class CategoricalHead(AbstractHead):
    """Log-odds of V symbols; its loss is torch's fused cross-entropy, which equals the distribution's log_prob."""

    kind = "categorical.v1"

    def __init__(self, size: int, distribution: AbstractDistribution) -> None:
        super().__init__(size, distribution)
        self.linear = nn.Linear(size, distribution.parameter_count)

    def forward(self, h: Float[Tensor, "*BT H"]) -> Float[Tensor, "*BT P"]:
        return nn.functional.linear(h, self.linear.weight.to(h.dtype), self.linear.bias.to(h.dtype))

    def nats(self, h: Float[Tensor, "*BT H"], targets: Tensor) -> Float[Tensor, "*BT"]:
        logits = self(h).float()
        return nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten(), reduction="none").view(
            targets.shape
        )
