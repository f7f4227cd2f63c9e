"""Several voices that play as one: each hears every event, and what comes next has the odds of their blend.

The weights are conditions: one number for each voice after the first, which has what the others leave. A voice of
another vocabulary, or one that listens to something else, joins inside steps that translate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution
from undersong.events import Condition, ConditionSpec, Parameters, State, Steps
from undersong.playing.instrument import Instrument
from undersong.shapes import ArraySpec, Float

__all__ = ["DUET", "MixedSteps", "duet", "fit_weight", "mixed"]

DUET = "duet"
"""The dial of a network and its n-gram: the n-gram's share, 0 … 1."""

_PRIOR = 10.0  # events that each voice alone is taken to have foretold, before there were any
_HALVINGS = 50


@final
@dataclass(frozen=True)
class MixedSteps:
    """Named voices, blended by a distribution that they share. `conditions` declares a weight for all but the first.

    state "<voice>.<name>" · parameters "next", and of each voice all it gives, as readings: "<voice>.next" …
    · inside "<voice>.<gate>". Raises UsageError where the distribution has no such blend.
    """

    voices: Mapping[str, Steps]
    distribution: AbstractDistribution
    conditions: tuple[ConditionSpec, ...]
    how: str = "linear"

    def __post_init__(self) -> None:
        assert len(self.conditions) == len(self.voices) - 1
        assert not any("." in name for name in self.voices)  # a prefix must be one voice's alone

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        asked = self._for_voices(condition)
        return self._together({name: voice.start(asked, batch) for name, voice in self.voices.items()}, condition)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        asked = self._for_voices(condition)
        found = {name: voice.step(event, asked, _of(name, state)) for name, voice in self.voices.items()}
        return self._together(found, condition)

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        asked = self._for_voices(condition)
        found = {name: voice.inside(event, asked, _of(name, state)) for name, voice in self.voices.items()}
        parameters, after = self._together({name: each[:2] for name, each in found.items()}, condition)
        return parameters, after, _named({name: gates for name, (_, _, gates) in found.items()})

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        """The same readings, `next` blended anew by the weights in the condition."""
        odds = [parameters[f"{name}.next"] for name in self.voices]
        blended = self.distribution.blend(odds, self.weights(condition), self.how)
        return {**parameters, "next": blended}

    def weights(self, condition: Condition) -> list[Float[np.ndarray, " B"]]:
        """What each voice weighs, together 1: shares that leave nothing to the first voice are scaled down."""
        shares = [condition[spec.name].astype(np.float64) for spec in self.conditions]
        every = [np.maximum(1 - sum(shares), 0.0), *shares]
        return [weight / sum(every) for weight in every]

    def _together(
        self, found: Mapping[str, tuple[Parameters, State]], condition: Condition
    ) -> tuple[Parameters, State]:
        parameters = _named({name: heard for name, (heard, _) in found.items()})
        return self.steered(parameters, condition), _named({name: after for name, (_, after) in found.items()})

    def _for_voices(self, condition: Condition) -> Condition:
        own = {spec.name for spec in self.conditions}
        return Condition({name: value for name, value in condition.items() if name not in own})


def _named(each: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of several voices together, each under its voice's name."""
    return {f"{voice}.{name}": value for voice, arrays in each.items() for name, value in arrays.items()}


def _of(voice: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One voice's own arrays back."""
    lead = f"{voice}."
    return {name.removeprefix(lead): value for name, value in arrays.items() if name.startswith(lead)}


def duet(network: Instrument, ngram: Instrument, weight: float) -> Instrument:
    """A network and its n-gram as one instrument with a dial `duet`: 0 is the network, 1 the n-gram."""
    told = f"Whom to listen to: 0 is the network alone, 1 the n-gram; {weight:g} foretold best what neither had read."
    spec = ConditionSpec(DUET, ArraySpec(low=0.0, high=1.0, neutral=weight), "event", told)
    steps = MixedSteps({"network": network.steps, "ngram": ngram.steps}, network.distribution, (spec,))
    known = network.facts.get("duet", {})  # its score, where the network's file says it
    facts = {**network.facts, "duet": {**known, "weight": weight, "ngram": ngram.facts["network"]}}
    known = network.fingerprints
    return Instrument(
        network.name, network.medium, network.codec, network.distribution, steps, facts,
        steering=steps, fingerprints=known,
    )  # fmt: skip


def mixed(first: Float[np.ndarray, " T"], second: Float[np.ndarray, " T"], weight: float) -> Float[np.ndarray, " T"]:
    """log p of each event under a linear mixture, from its log p under both voices; `weight` is the second's share."""
    with np.errstate(divide="ignore"):  # a voice without weight adds nothing: its log is -inf
        both: np.ndarray = np.logaddexp(np.log1p(-weight) + first, np.log(weight) + second)
    return both


def fit_weight(first: Float[np.ndarray, " T"], second: Float[np.ndarray, " T"]) -> float:
    """The share of the second voice at which the mixture foretells these events best, from log p under both.

    The likelihood is concave in the weight, so where its slope is nothing is found by halving. As if twenty events more
    had been foretold, half of them by each voice alone, few events say little and none say one half: surprise comes in
    bursts, so that some tens of events are worth a handful. Rounded to thousandths, as people turn it.
    """
    top = np.maximum(first, second)
    heard = np.isfinite(top)  # what is impossible to both speaks for neither
    p, q = np.exp(first[heard] - top[heard]), np.exp(second[heard] - top[heard])
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        weight = (low + high) / 2
        slope = float(((q - p) / ((1 - weight) * p + weight * q)).sum()) + _PRIOR / weight - _PRIOR / (1 - weight)
        low, high = (weight, high) if slope > 0 else (low, weight)
    return round((low + high) / 2, 3)
