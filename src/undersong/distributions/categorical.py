"""Odds over V symbols: the softmax of V logits.

What may follow is masked first; of that the tail is cut off (`truncation`); temperature comes last: it divides the
logits (Ackley, Hinton & Sejnowski, 1985), and at 0 the likeliest symbol is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import array_api_compat as compat
import numpy as np

from undersong.distributions.distribution import AbstractDistribution, Dial, per_row
from undersong.distributions.reductions import counted, cumulative, in_float64, largest, namespace, picked, total
from undersong.distributions.truncation import TRUNCATIONS, kept, truncates
from undersong.errors import UsageError

__all__ = ["Categorical"]

_JUST_BELOW = 1 - 2.0**-52
_FAINT = 1e-100  # odds beside the likeliest, below which sums would lose digits


@final
@dataclass(frozen=True)
class Categorical(AbstractDistribution):
    """Symbols 0 … size - 1; parameters are unnormalised log-odds (…, V)."""

    kind: ClassVar[str] = "categorical.v1"
    uniforms: ClassVar[int] = 1
    dials: ClassVar[tuple[Dial, ...]] = (
        Dial("temperature", "Below 1 plays safe, above 1 takes risks, 0 always takes the likeliest.", 0.0, 10.0, 1.0),
        *TRUNCATIONS,
    )
    size: int

    @property
    def parameter_count(self) -> int:
        return self.size

    def log_odds(self, parameters: Any) -> Any:
        """Normalised log-odds (…, V) in float64."""
        xp = namespace(parameters)
        logits = in_float64(parameters)
        logits = logits - largest(logits)
        return logits - xp.log(total(xp.exp(logits)))

    def _odds(self, parameters: Any) -> Any:
        """The same as odds, each between 0 and 1."""
        xp = compat.array_namespace(parameters)
        logits = xp.astype(parameters, xp.float64)
        odds = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
        return odds / xp.sum(odds, axis=-1, keepdims=True)

    def log_prob(self, parameters: Any, events: Any) -> Any:
        return picked(self.log_odds(parameters), events)

    def turned(self, parameters: Any, dials: Mapping[str, float]) -> Any:
        temperature = dials.get("temperature", 1.0)
        if truncates(dials):
            parameters = self._truncated(parameters, dials)
        if temperature == 1.0:
            return parameters
        logits = in_float64(parameters)
        return (logits - largest(logits)) / temperature

    def _truncated(self, parameters: Any, dials: Mapping[str, float]) -> Any:
        """The parameters with the tail of the odds made impossible."""
        logits = in_float64(parameters)
        return namespace(logits).where(kept(logits, dials), logits, -math.inf)

    def mask(self, parameters: Any, allowed: Any) -> Any:
        return namespace(parameters).where(allowed, parameters, -math.inf)

    def sample(self, parameters: Any, uniforms: Any) -> Any:
        logits = in_float64(parameters)
        return self._at(logits - largest(logits), uniforms)

    def drawn(self, parameters: Any, uniforms: Any, dials: Mapping[str, float]) -> Any:
        temperature = dials.get("temperature", 1.0)
        if truncates(dials):
            parameters = self._truncated(parameters, dials)
        if temperature == 0.0:
            return self.mode(parameters)
        logits = in_float64(parameters)
        logits = logits - largest(logits)
        return self._at(logits if temperature == 1.0 else logits / temperature, uniforms)

    def played(self, parameters: Any, allowed: Any, uniforms: Any, dials: Mapping[str, float]) -> tuple[Any, Any]:
        """The same event and, to a rounding, the same -log p as by `drawn` and `log_prob`, in half the time.

        Of rows (B, V) in numpy each gets what it would get alone, bit for bit; a single one takes the shortest way.
        """
        if type(parameters) is not np.ndarray or parameters.ndim != 2:
            return super().played(parameters, allowed, uniforms, dials)
        if len(parameters) > 1:
            return self._played_together(parameters, allowed, uniforms, dials)
        temperature = dials.get("temperature", 1.0)
        row = parameters[0].astype(np.float64)
        row -= row[row.argmax()]  # a fourth of what the largest takes to find by itself
        odds = np.exp(row)
        may = None if allowed is None else allowed[0]
        if len(dials) > 1 or (dials and "temperature" not in dials):
            may = _left(row, may, dials)
        if temperature == 0.0:
            event = (row if may is None else np.where(may, row, -np.inf)).argmax()
        else:
            below = odds if temperature == 1.0 else np.exp(row / temperature)
            below = np.add.accumulate(below if may is None else below * may)
            top = below.item(-1)
            if not top > _FAINT:  # what may follow is next to impossible beside the rest: its own largest counts
                return super().played(parameters, allowed, uniforms, dials)
            event = below.searchsorted(uniforms.item(0) * (top * _JUST_BELOW), side="right")
        return np.array([event]), np.array([np.log(np.add.reduce(odds)) - row[event]])

    def _played_together(
        self, parameters: np.ndarray, allowed: Any, uniforms: np.ndarray, dials: Mapping[str, float]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Several rows (B, V), with the sums of a single one; in place, for new memory costs more than sums of it."""
        temperature = dials.get("temperature", 1.0)
        logits = parameters.astype(np.float64)
        logits -= largest(logits)
        below = np.exp(logits)
        whole = np.log(total(below)[:, 0])
        may = _left(logits, allowed, dials)
        if temperature == 0.0:
            events = (logits if may is None else np.where(may, logits, -np.inf)).argmax(axis=-1)
        else:
            if temperature != 1.0:
                np.exp(np.divide(logits, temperature, out=below), out=below)
            if may is not None:
                below *= may
            np.add.accumulate(below, axis=-1, out=below)
            top = below[:, -1:]
            events = counted(below <= uniforms * (top * _JUST_BELOW))
            for row in np.flatnonzero(~(top[:, 0] > _FAINT)):
                masked = parameters[row] if allowed is None else self.mask(parameters[row], allowed[row % len(allowed)])
                events[row] = self.drawn(masked, uniforms[row], dials)
        return events, whole - picked(logits, events)

    def _at(self, logits: Any, uniforms: Any) -> Any:
        """Where the uniforms (…, 1) fall among logits (…, V) whose largest is 0."""
        below = cumulative(namespace(logits).exp(logits))
        # scaled to just under the last sum, so that no draw falls past the end
        threshold = uniforms * (below[..., -1:] * _JUST_BELOW)
        return counted(below <= threshold)

    def mode(self, parameters: Any) -> Any:
        return compat.array_namespace(parameters).argmax(parameters, axis=-1)

    def blend(self, parameters: Sequence[Any], weights: Sequence[Any], how: str = "linear") -> Any:
        if how == "linear" and all(type(voice) is np.ndarray and voice.ndim == 2 for voice in parameters):
            return _side_by_side(parameters, weights)
        xp = compat.array_namespace(*parameters)
        pairs = list(zip(per_row(weights, parameters[0]), parameters, strict=True))
        if how == "linear":
            odds = sum(weight * self._odds(voice) for weight, voice in pairs)
            possible = odds > 0
            return xp.where(possible, xp.log(xp.where(possible, odds, 1.0)), -xp.inf)
        if how == "log":  # who has no weight is not heard, also where nothing is possible to it
            heard = [weight * xp.where(weight != 0, self.log_odds(voice), 0.0) for weight, voice in pairs]
            return self.log_odds(sum(heard))
        raise UsageError(f"There is no blend '{how}'.", "Use 'linear' or 'log'.")

    def describe(self, parameters: Any, display: Callable[[int], str]) -> dict[str, Any]:
        xp = compat.array_namespace(parameters)
        odds = xp.exp(self.log_odds(parameters))
        return {display(symbol): float(odds[symbol]) for symbol in range(self.size)}

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "size": self.size}


def _side_by_side(parameters: Sequence[np.ndarray], weights: Sequence[Any]) -> np.ndarray:
    """The linear blend of rows (B, V) in numpy, bit for bit: all voices in each call, for calls take most of it."""
    rows = len(parameters[0])
    odds = np.concatenate(parameters).astype(np.float64, copy=False)
    odds -= largest(odds)
    np.exp(odds, out=odds)
    odds /= total(odds)
    odds *= np.concatenate([np.broadcast_to(weight, (rows,)) for weight in weights])[:, None]
    blended = np.add.reduce(odds.reshape(len(parameters), rows, -1), axis=0)
    with np.errstate(divide="ignore"):  # what is impossible to all
        found: np.ndarray = np.log(blended)
    return found


def _left(logits: np.ndarray, allowed: Any, dials: Mapping[str, float]) -> Any:
    """What may be drawn of (…, V): what is allowed and not cut off; None where that is everything."""
    if not truncates(dials):
        return allowed
    return kept(logits if allowed is None else np.where(allowed, logits, -np.inf), dials)


def _show() -> None:
    """A small picture of what each dial does to four symbols."""
    odds = Categorical(4)
    logits = np.log(np.array([0.5, 0.25, 0.15, 0.1]))
    each = [("temperature", value) for value in (0.2, 1.0, 1.4)]
    for name, value in [*each, ("top_k", 2), ("typical", 0.5), ("top_p", 0.8), ("min_p", 0.25)]:
        turned = np.exp(odds.log_odds(odds.turned(logits, {name: value})))
        print(f"{name:>11} {value:4}  " + "  ".join("█" * round(20 * p) + f" {p:.2f}" for p in turned))


if __name__ == "__main__":
    _show()
