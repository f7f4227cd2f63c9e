"""Odds over V symbols: the softmax of V logits.

Temperature divides the logits (Ackley, Hinton & Sejnowski, 1985); at 0 the likeliest symbol is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import array_api_compat as compat

from undersong.distributions.distribution import AbstractDistribution, Dial
from undersong.errors import UsageError

__all__ = ["Categorical"]


@final
@dataclass(frozen=True)
class Categorical(AbstractDistribution):
    """Symbols 0 … size - 1; parameters are unnormalised log-odds (…, V)."""

    kind: ClassVar[str] = "categorical.v1"
    uniforms: ClassVar[int] = 1
    dials: ClassVar[tuple[Dial, ...]] = (
        Dial("temperature", "Below 1 plays safe, above 1 takes risks, 0 always takes the likeliest.", 0.0, 10.0, 1.0),
    )
    size: int

    @property
    def parameter_count(self) -> int:
        return self.size

    def log_odds(self, parameters: Any) -> Any:
        """Normalised log-odds (…, V) in float64."""
        xp = compat.array_namespace(parameters)
        logits = xp.astype(parameters, xp.float64)
        logits = logits - xp.max(logits, axis=-1, keepdims=True)
        return logits - xp.log(xp.sum(xp.exp(logits), axis=-1, keepdims=True))

    def log_prob(self, parameters: Any, events: Any) -> Any:
        xp = compat.array_namespace(parameters, events)
        chosen = xp.take_along_axis(self.log_odds(parameters), events[..., None], axis=-1)
        return chosen[..., 0]

    def turned(self, parameters: Any, dials: Mapping[str, float]) -> Any:
        temperature = dials.get("temperature", 1.0)
        if temperature == 1.0:
            return parameters
        xp = compat.array_namespace(parameters)
        logits = xp.astype(parameters, xp.float64)
        return (logits - xp.max(logits, axis=-1, keepdims=True)) / temperature

    def mask(self, parameters: Any, allowed: Any) -> Any:
        xp = compat.array_namespace(parameters)
        return xp.where(allowed, parameters, xp.full_like(parameters, -xp.inf))

    def sample(self, parameters: Any, uniforms: Any) -> Any:
        xp = compat.array_namespace(parameters)
        below = xp.cumulative_sum(xp.exp(self.log_odds(parameters)), axis=-1)
        # scaled to just under the last sum, which rounding leaves a hair off 1, so that no draw falls past the end
        threshold = uniforms * (below[..., -1:] * (1 - 2.0**-52))
        return xp.sum(xp.astype(below <= threshold, xp.int64), axis=-1)

    def mode(self, parameters: Any) -> Any:
        return compat.array_namespace(parameters).argmax(parameters, axis=-1)

    def blend(self, parameters: Sequence[Any], weights: Sequence[float], how: str = "linear") -> Any:
        xp = compat.array_namespace(*parameters)
        voices = [self.log_odds(each) for each in parameters]
        if how == "linear":
            odds = sum(weight * xp.exp(voice) for weight, voice in zip(weights, voices, strict=True))
            return xp.where(odds > 0, xp.log(xp.where(odds > 0, odds, xp.ones_like(odds))), -xp.inf)
        if how == "log":
            heard = [weight * voice for weight, voice in zip(weights, voices, strict=True) if weight]
            return self.log_odds(sum(heard[1:], start=heard[0]))
        raise UsageError(f"There is no blend '{how}'.", "Use 'linear' or 'log'.")

    def describe(self, parameters: Any, display: Callable[[int], str]) -> dict[str, Any]:
        xp = compat.array_namespace(parameters)
        odds = xp.exp(self.log_odds(parameters))
        return {display(symbol): float(odds[symbol]) for symbol in range(self.size)}

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "size": self.size}


def _show() -> None:
    """A small picture of what temperature does to four symbols."""
    import numpy as np

    odds = Categorical(4)
    logits = np.log(np.array([0.5, 0.25, 0.15, 0.1]))
    for temperature in (0.2, 0.5, 1.0, 1.4):
        turned = np.exp(odds.log_odds(odds.turned(logits, {"temperature": temperature})))
        print(f"temperature {temperature:3.1f}  " + "  ".join("█" * round(20 * p) + f" {p:.2f}" for p in turned))


if __name__ == "__main__":
    _show()
