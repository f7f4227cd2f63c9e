"""Odds over points of the plane: a mixture of K normal distributions without correlation (Bishop, 1994)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import array_api_compat as compat

from undersong.distributions.distribution import AbstractDistribution, Dial, per_row
from undersong.errors import UsageError

__all__ = ["ToyMixture"]

_EACH = 5  # numbers of one component: a weight, a mean and a log spread in two dimensions


@final
@dataclass(frozen=True)
class ToyMixture(AbstractDistribution):
    """Parameters (…, 5K): K weights as logits, K means x y, K log spreads x y.

    K is read off the parameters, for a blend of mixtures is a mixture of more.
    """

    kind: ClassVar[str] = "toy_mixture.v1"
    uniforms: ClassVar[int] = 3
    dials: ClassVar[tuple[Dial, ...]] = (
        Dial("temperature", "Below 1 keeps to the usual directions, 0 takes the likeliest.", 0.0, 10.0, 1.0),
        Dial("spread", "How far a step strays from its direction.", 0.01, 10.0, 1.0),
    )
    components: int

    @property
    def parameter_count(self) -> int:
        return _EACH * self.components

    def log_prob(self, parameters: Any, events: Any) -> Any:
        xp = compat.array_namespace(parameters, events)
        weights, means, spreads = _parts(parameters)
        away = (xp.astype(events, xp.float64)[..., None, :] - means) / xp.exp(spreads)  # (…, K, 2)
        each = xp.sum(-0.5 * away**2 - spreads - 0.5 * math.log(2 * math.pi), axis=-1)  # (…, K)
        return _log_sum(weights + each)[..., 0]

    def turned(self, parameters: Any, dials: Mapping[str, float]) -> Any:
        temperature, spread = dials.get("temperature", 1.0), dials.get("spread", 1.0)
        if temperature == spread == 1.0:
            return parameters
        weights, means, spreads = _parts(parameters)
        return _joined([weights / temperature], [means], [spreads + math.log(spread)])

    def mask(self, parameters: Any, allowed: Any) -> Any:
        raise UsageError("A mixture of normals has odds everywhere; no point of the plane can be forbidden.")

    def sample(self, parameters: Any, uniforms: Any) -> Any:
        """Points (…, 2) in float32: the first uniform picks a component, two make its offset (Box & Muller, 1958)."""
        xp = compat.array_namespace(parameters, uniforms)
        weights, means, spreads = _parts(parameters)
        below = xp.cumulative_sum(xp.exp(weights), axis=-1)
        threshold = uniforms[..., :1] * (below[..., -1:] * (1 - 2.0**-52))  # under the last sum, whatever rounding did
        chosen = xp.sum(xp.astype(below <= threshold, xp.int64), axis=-1)  # (…)
        radius = xp.sqrt(-2 * xp.log(1 - uniforms[..., 1]))
        angle = 2 * math.pi * uniforms[..., 2]
        offset = xp.stack([radius * xp.cos(angle), radius * xp.sin(angle)], axis=-1)
        return xp.astype(_pick(means, chosen) + xp.exp(_pick(spreads, chosen)) * offset, xp.float32)

    def mode(self, parameters: Any) -> Any:
        """The mean with the highest density of all K; the top of a mixture itself has no closed form."""
        xp = compat.array_namespace(parameters)
        _, means, _ = _parts(parameters)
        heights = self.log_prob(parameters[..., None, :], means)  # (…, K)
        return xp.astype(_pick(means, xp.argmax(heights, axis=-1)), xp.float32)

    def blend(self, parameters: Sequence[Any], weights: Sequence[Any], how: str = "linear") -> Any:
        if how != "linear":
            raise UsageError(f"A mixture of normals has no blend '{how}'.", "Use 'linear': side by side.")
        xp = compat.array_namespace(*parameters)
        voices = [_parts(each) for each in parameters]
        heard = [
            voice[0] + xp.where(weight > 0, xp.log(xp.where(weight > 0, weight, xp.ones_like(weight))), -xp.inf)
            for voice, weight in zip(voices, per_row(weights, parameters[0]), strict=True)
        ]
        return _joined(heard, [voice[1] for voice in voices], [voice[2] for voice in voices])

    def describe(self, parameters: Any, display: Callable[[int], str]) -> dict[str, Any]:
        weights, means, spreads = _parts(parameters)
        xp = compat.array_namespace(parameters)
        return {"weights": xp.exp(weights).tolist(), "means": means.tolist(), "spreads": xp.exp(spreads).tolist()}

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "components": self.components}


def _parts(parameters: Any) -> tuple[Any, Any, Any]:
    """Log weights (…, K), means (…, K, 2) and log spreads (…, K, 2) in float64."""
    xp = compat.array_namespace(parameters)
    numbers = xp.astype(parameters, xp.float64)
    count = numbers.shape[-1] // _EACH
    pairs = (*numbers.shape[:-1], count, 2)
    logits = numbers[..., :count]
    means = xp.reshape(numbers[..., count : 3 * count], pairs)
    return logits - _log_sum(logits), means, xp.reshape(numbers[..., 3 * count :], pairs)


def _joined(weights: Sequence[Any], means: Sequence[Any], spreads: Sequence[Any]) -> Any:
    """Parameters from the parts of one or several mixtures."""
    xp = compat.array_namespace(*weights)
    pairs = [xp.reshape(part, (*part.shape[:-2], -1)) for part in (*means, *spreads)]  # each (…, 2K)
    return xp.concat([*weights, *pairs], axis=-1)


def _log_sum(logs: Any) -> Any:
    """log Σ exp over the last axis, which is kept."""
    xp = compat.array_namespace(logs)
    top = xp.max(logs, axis=-1, keepdims=True)
    return top + xp.log(xp.sum(xp.exp(logs - top), axis=-1, keepdims=True))


def _pick(pairs: Any, chosen: Any) -> Any:
    """(…, 2) from (…, K, 2): the pair of the chosen component."""
    xp = compat.array_namespace(pairs)
    index = xp.broadcast_to(chosen[..., None, None], (*chosen.shape, 1, 2))
    return xp.take_along_axis(pairs, index, axis=-2)[..., 0, :]


def _show() -> None:
    """A small picture of two components, and what the dials do to their draws."""
    import numpy as np

    mixture = ToyMixture(2)
    parameters = np.array([0.7, 0.0, -2.0, 0.0, 2.0, 1.0, -1.0, -1.0, -0.5, -2.0])
    dice = np.random.default_rng(1).random((2000, 3))
    for dials in ({}, {"temperature": 0.3}, {"spread": 0.3}):
        drawn = mixture.draw(np.broadcast_to(parameters, (2000, 10)), dice, dials)
        counts, _ = np.histogram(drawn[:, 0], bins=60, range=(-4, 4))
        print("".join(" ▁▂▃▄▅▆▇█"[min(8, int(c) // 12)] for c in counts), dials)


if __name__ == "__main__":
    _show()
