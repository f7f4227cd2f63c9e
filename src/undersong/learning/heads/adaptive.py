"""Odds over a large vocabulary, in clusters (Grave et al., 2017, "Efficient softmax approximation for GPUs").

Symbols come in order, frequent ones first. The first 2,000 have a logit each, beside one for every cluster of rarer
ones; within a cluster the odds are a softmax of its own, over units fewer by a division for each cluster further out.
Learning computes only the clusters that its targets lie in; what `forward` gives is all the odds, as of any head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn

from undersong.distributions.distribution import AbstractDistribution
from undersong.learning.heads.head import AbstractHead
from undersong.shapes import Float

__all__ = ["CUTOFFS", "DIVISION", "AdaptiveHead"]

CUTOFFS = (2_000, 10_000)
"""Where clusters of rarer symbols begin; a vocabulary that ends before the first has a plain softmax."""
DIVISION = 4
"""Each cluster further out makes do with so many times fewer units: what is rarely seen fills few."""


@final
class AdaptiveHead(AbstractHead):
    """Normalised log-odds of V symbols; its loss equals the distribution's log_prob, at the cost of few of them."""

    kind = "adaptive_categorical.v1"

    def __init__(self, size: int, distribution: AbstractDistribution, cutoffs: Sequence[int] = CUTOFFS) -> None:
        super().__init__(size, distribution)
        count = distribution.parameter_count  # V
        self.begins = [cutoff for cutoff in cutoffs if cutoff < count]  # where each cluster does
        ends = [*self.begins, count]
        widths = [after - before for before, after in pairwise(ends)]  # of each cluster
        self.frequent = nn.Linear(size, ends[0] + len(widths))
        units = [max(1, size // DIVISION**n) for n in range(1, len(widths) + 1)]
        fewer = [nn.Linear(size, few, bias=False) for few in units]
        rare = [nn.Linear(few, width) for few, width in zip(units, widths, strict=True)]
        self.fewer: Sequence[nn.Linear] = nn.ModuleList(fewer)  # type: ignore[assignment]
        self.rare: Sequence[nn.Linear] = nn.ModuleList(rare)  # type: ignore[assignment]

    def forward(self, h: Float[Tensor, "*BT H"]) -> Float[Tensor, "*BT P"]:
        first = self._logits(h).log_softmax(-1)  # the frequent ones', then each cluster's as a whole
        frequent, clusters = first.tensor_split([first.shape[-1] - len(self.begins)], dim=-1)
        rare = [clusters[..., n, None] + self._logits(h, n).log_softmax(-1) for n in range(len(self.begins))]
        return torch.cat([frequent, *rare], -1)

    def nats(self, h: Float[Tensor, "*BT H"], targets: Tensor) -> Float[Tensor, "*BT"]:
        flat, symbols = h.flatten(0, -2), targets.flatten()  # (N, H), (N)
        within = torch.bucketize(symbols, symbols.new_tensor(self.begins), right=True)  # 0 for a frequent one
        first = self.frequent.out_features - len(self.begins) - 1 + within  # the logit of each target's cluster
        first = torch.where(within == 0, symbols, first)
        nats = nn.functional.cross_entropy(self._logits(flat), first, reduction="none")
        for n, begin in enumerate(self.begins):
            rows = torch.nonzero(within == n + 1)[:, 0]
            logits = self._logits(flat[rows], n)
            nats = nats.index_add(0, rows, nn.functional.cross_entropy(logits, symbols[rows] - begin, reduction="none"))
        return nats.view(targets.shape)

    def _logits(self, h: Tensor, cluster: int | None = None) -> Tensor:
        """Of the frequent ones and the clusters, or of the symbols in one cluster; products in the type of h."""
        if cluster is None:
            logits = _linear(self.frequent, h)
        else:
            logits = _linear(self.rare[cluster], _linear(self.fewer[cluster], h))
        return logits.to(torch.promote_types(h.dtype, torch.float32))  # a softmax of thousands wants every digit


def _linear(layer: nn.Linear, h: Tensor) -> Tensor:
    bias: Tensor | None = layer.bias
    return nn.functional.linear(h, layer.weight.to(h.dtype), None if bias is None else bias.to(h.dtype))
