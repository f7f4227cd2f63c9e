"""The minimal gated recurrent unit (Feng et al., 2024, "Were RNNs All We Needed?"): gates that do not hear the past.

z = σ(W_z x + b_z); n = W_n x + b_n; h' = (1 - z)*h + z*n, where z is how much is new, as in the paper. A mean of what
was heard cannot grow, so n needs no tanh. Given all x, h is a linear recurrence, which a scan solves in log2 T passes.
It multiplies and adds, and takes no logarithm: h may have either sign, and z may be exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from undersong.config import Settings
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.shapes import Float

__all__ = ["MinGru", "linear_recurrence"]


@final
class MinGru(AbstractCore):
    """One gate: how much of the new to let in. The fastest to learn; what it makes of order takes several layers."""

    kind = "min_gru.v1"

    def __init__(self, size_in: int, size: int, settings: Settings) -> None:
        super().__init__(size_in, size, settings)
        self.from_input = nn.Linear(size_in, 2 * size)  # z, n

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {"h": (self.size,)}

    def step(self, x: Float[Tensor, "B E"], state: CoreState) -> tuple[Float[Tensor, "B H"], CoreState]:
        kept, added = self._kept_and_added(self.from_input(x))  # each (B, H)
        h = kept * state["h"] + added
        return h, {"h": h}

    def scan(self, x: Float[Tensor, "B T E"], state: CoreState) -> tuple[Float[Tensor, "B T H"], CoreState]:
        bias = self.from_input.bias
        from_input = nn.functional.linear(x, self.from_input.weight.to(x.dtype), bias.to(x.dtype))  # (B, T, 2H)
        kept, added = self._kept_and_added(from_input.to(bias.dtype))  # each (B, T, H)
        h: Tensor = _Recurrence.apply(kept, added, state["h"])  # type: ignore[no-untyped-call]
        return h.to(x.dtype), {"h": h[:, -1]}

    def _kept_and_added(self, from_input: Tensor) -> tuple[Tensor, Tensor]:
        z, n = from_input.chunk(2, dim=-1)
        return torch.sigmoid(-z), torch.sigmoid(z) * n  # the first is 1 - σ(z), to its last digit


def linear_recurrence(a: Float[Tensor, "B T H"], b: Float[Tensor, "B T H"]) -> Float[Tensor, "B T H"]:
    """h_t = a_t*h_{t-1} + b_t for every t, from h = 0 (Blelloch, 1990).

    Two steps are one: a'*a, a'*b + b'. So every second h is a recurrence of half the length; the others are a step from
    those. About 2 T steps of work in 2 log2 T calls.
    """
    steps = a.shape[1]
    if steps == 1:
        return b
    h = torch.empty_like(b)
    first, second = slice(0, steps - 1, 2), slice(1, None, 2)
    h[:, second] = linear_recurrence(a[:, second] * a[:, first], torch.addcmul(b[:, second], a[:, second], b[:, first]))
    h[:, 0] = b[:, 0]
    h[:, 2::2] = torch.addcmul(b[:, 2::2], a[:, 2::2], h[:, 1 : steps - 1 : 2])
    return h


@final
class _Recurrence(torch.autograd.Function):
    """The recurrence from any state; its gradient is the same recurrence, backwards in time."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h: Tensor) -> Tensor:
        b = torch.cat([torch.addcmul(b[:, :1], a[:, :1], h[:, None]), b[:, 1:]], 1)
        after = linear_recurrence(a, b)
        ctx.save_for_backward(a, after, h)
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_after: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # d_… is the loss's gradient by …
        a, after, h = ctx.saved_tensors
        later = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], 1)  # what each step keeps of the one before
        d_b = linear_recurrence(later.flip(1), d_after.flip(1)).flip(1)
        before = torch.cat([h[:, None], after[:, :-1]], 1)
        return d_b * before, d_b, d_b[:, 0] * a[:, 0]
