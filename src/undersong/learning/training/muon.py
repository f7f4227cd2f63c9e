"""Muon: a matrix's momentum is made orthogonal before it is applied, so that no direction is learned before others.

(Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks".) A recurrent core stacks one matrix per
gate; each is made orthogonal by itself. Everything that is no matrix of a core is left to AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import torch
from torch import Tensor, nn

__all__ = ["Muon", "orthogonal"]

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the odd polynomial whose repetition drives every singular value to about 1 (Jordan et al., 2024)."""

_ITERATIONS = 3  # five learned no better (LAB.md, 2026-11-21), and each costs an eighth of a 512-unit step


def orthogonal(matrices: Tensor, iterations: int) -> Tensor:
    """The orthogonal factor of each matrix (G, R, C), roughly: after five, singular values lie between 0.7 and 1.2.

    By Newton-Schulz iteration, in the type that is handed in.
    """
    a, b, c = _COEFFICIENTS
    wide = matrices.shape[-2] <= matrices.shape[-1]
    x = matrices if wide else matrices.mT
    x = torch.nn.functional.normalize(x.flatten(-2), dim=-1).view_as(x)
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * (square @ square)) @ x
    return x if wide else x.mT


@final
class Muon(torch.optim.Optimizer):
    """Steps matrices (G x R, C), each a pile of G; the rate is about the size of an update's singular values."""

    def __init__(
        self,
        matrices: Sequence[tuple[nn.Parameter, int]],
        lr: float,
        dtype: torch.dtype = torch.float32,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        """`matrices` are parameters, each with its G; `dtype` is what the orthogonal factors are worked out in."""
        self.piles = dict(matrices)
        self.dtype = dtype
        super().__init__(list(self.piles), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Nesterov's momentum, made orthogonal, taken at the rate."""
        for group in self.param_groups:
            rate, momentum = group["lr"], group["momentum"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].mul_(momentum).add_(parameter.grad)
                ahead = parameter.grad + momentum * state["momentum"]
                pile = ahead.unflatten(0, (self.piles[parameter], -1)).to(self.dtype)  # (G, R, C)
                update = orthogonal(pile, _ITERATIONS).to(parameter.dtype).reshape(parameter.shape)
                tall = max(1.0, pile.shape[1] / pile.shape[2]) ** 0.5
                parameter.mul_(1.0 - rate * group["weight_decay"])
                parameter.add_(update, alpha=-rate * tall)
