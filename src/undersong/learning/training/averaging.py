"""An average of the weights along the way, which foretells better than the last of them and costs next to nothing.

Exponential, over a share of the plan (Polyak & Juditsky, 1992; the form is that of Tarvainen & Valpola, 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor, nn

__all__ = ["Average"]

_YOUNG = 10  # steps: a young average looks back over less than a tenth of its life


@final
class Average:
    """The averaged weights of one model, by name, always in float32."""

    def __init__(self, model: nn.Module, share: float) -> None:
        """`share` of the plan is what the average looks back over."""
        self.share = share
        self.weights = {name: value.detach().float().clone() for name, value in model.named_parameters()}

    @torch.no_grad()
    def add(self, model: nn.Module, step: int, steps: int) -> None:
        """Take in the weights after `step` of `steps`."""
        fresh = max(1.0 / max(1.0, self.share * steps), (_YOUNG - 1) / (step + _YOUNG))
        latest = [value.detach().float() for _, value in model.named_parameters()]
        torch._foreach_lerp_(list(self.weights.values()), latest, min(1.0, fresh))

    @contextmanager
    def inside(self, model: nn.Module) -> Iterator[None]:
        """The model plays with the averaged weights while this lasts."""
        own = dict(model.named_parameters())
        kept = {name: value.data for name, value in own.items()}
        for name, value in own.items():
            value.data = self.weights[name].to(value.dtype)
        try:
            yield
        finally:
            for name, value in own.items():
                value.data = kept[name]

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Go on from an average that was kept."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
