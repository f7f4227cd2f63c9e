"""Several voices that play as one: each hears every event, and what comes next has the odds of their blend.

    poet = us.mix([us.load("keeper"), us.load("tide")], weights=[2, 1])
    poet.sample("The lamp ", keeper="1>0/200", tide="0>1/200")   # one becomes the other

The weights are conditions, shown as dials: free to change at every event, and recorded with the rest. Voices of one
unit play over the symbols of them all; voices of different units letter by letter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution
from undersong.errors import DialError, UsageError
from undersong.events import Condition, ConditionSpec, Parameters, State, Steps, as_numbers
from undersong.playing.instrument import Instrument
from undersong.playing.steering import dial_name
from undersong.shapes import ArraySpec, Float

__all__ = ["DUET", "MixedSteps", "duet", "fit_weight", "mix", "mixed", "named", "of_voice"]

DUET = "duet"
"""The dial of a network and its n-gram: the n-gram's share, 0 … 1."""

_PRIOR = 10.0  # events that each voice alone is taken to have foretold, before there were any
_HALVINGS = 50


@final
@dataclass(frozen=True)
class MixedSteps:
    """Named voices, blended by a distribution that they share. `conditions` declares a weight for each, or for all but
    the first, which then has what the others leave.

    state "<voice>.<name>" · parameters "next", and of each voice all it gives, as readings: "<voice>.next" …
    · inside "<voice>.<gate>". Raises DialError at the start where all weights are 0, and UsageError where the
    distribution has no such blend.
    """

    voices: Mapping[str, Steps]
    distribution: AbstractDistribution
    conditions: tuple[ConditionSpec, ...]
    how: str = "linear"

    def __post_init__(self) -> None:
        assert len(self.conditions) in (len(self.voices) - 1, len(self.voices))
        assert not any("." in name for name in self.voices)  # a prefix must be one voice's alone

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        self.check(condition)
        asked = self._for_voices(condition)
        return self._together({name: voice.start(asked, batch) for name, voice in self.voices.items()}, condition)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        asked = self._for_voices(condition)
        found = {name: voice.step(event, asked, of_voice(name, state)) for name, voice in self.voices.items()}
        return self._together(found, condition)

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        asked = self._for_voices(condition)
        found = {name: voice.inside(event, asked, of_voice(name, state)) for name, voice in self.voices.items()}
        parameters, after = self._together({name: each[:2] for name, each in found.items()}, condition)
        return parameters, after, named({name: gates for name, (_, _, gates) in found.items()})

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        """The same readings, `next` blended anew by the weights in the condition. Raises DialError as the start does.

        Rows that come to have no weight at all later on are blended evenly, for others may be played beside them.
        """
        self.check(condition)
        return self._blended(parameters, condition)

    def shares(
        self, parameters: Parameters, condition: Condition, events: np.ndarray
    ) -> Mapping[str, np.ndarray] | None:
        """By voice (B,) how likely it is that the event came from it: its weight times its odds, of all together 1.

        None where the first voice has no weight of its own: nobody asks a duet. A normalised geometric mean is shared
        out alike: of a product no part is anybody's, and by the logarithms it would go to who expected the event least.
        What is impossible to all, and was forced, came from nobody.
        """
        if len(self.conditions) < len(self.voices):
            return None
        each = [parameters[f"{name}.next"] for name in self.voices]
        with np.errstate(invalid="ignore"):  # where nothing at all is possible to a voice
            if len({odds.shape for odds in each}) == 1:  # at once, for most of the time goes into calls
                several = np.concatenate([events] * len(each))
                logs = self.distribution.log_prob(np.concatenate(each), several).reshape(len(each), -1)
            else:
                logs = np.array([self.distribution.log_prob(odds, events) for odds in each])
        top = np.maximum.reduce(logs, axis=0)
        if not np.isfinite(top).all():
            logs = np.where(np.isnan(logs), -np.inf, logs)
            top = np.maximum(logs.max(axis=0), np.finfo(np.float64).min)
        odds = np.exp(logs - top) * self.weights(condition)
        whole = np.add.reduce(odds, axis=0)
        return dict(zip(self.voices, odds / np.where(whole > 0, whole, 1.0), strict=True))

    def weights(self, condition: Condition) -> Float[np.ndarray, "voices B"]:
        """What each voice weighs, together 1: shares that leave nothing to the first voice are scaled down."""
        every = np.array([condition[spec.name] for spec in self.conditions], np.float64)
        if len(every) < len(self.voices):
            every = np.concatenate([np.maximum(1 - np.add.reduce(every, axis=0), 0.0)[None], every])
        whole = np.add.reduce(every, axis=0)
        if not whole.all():
            every = every + (whole == 0)
            whole = np.add.reduce(every, axis=0)
        weights: np.ndarray = every / whole
        return weights

    def check(self, given: Mapping[str, Any]) -> None:
        """Raises DialError where every voice is asked to weigh nothing at one event; what is not given is neutral."""
        if len(self.conditions) < len(self.voices):
            return  # the first has what is left
        told = [np.ravel(as_numbers(spec, given.get(spec.name, spec.array.neutral))) for spec in self.conditions]
        longest = max(map(len, told))
        if not all(map(len, told)) or longest == 0:
            return
        heard = [np.concatenate([values, np.full(longest - len(values), values[-1])]) for values in told]
        silent = np.flatnonzero(~np.any(heard, axis=0))
        if len(silent):
            where = f" at event {silent[0] + 1}" if longest > 1 else ""
            names = ", ".join(spec.name for spec in self.conditions)
            raise DialError(f"All voices are turned to 0{where}, so that nobody plays.", f"Turn one up: {names}.")

    def _together(
        self, found: Mapping[str, tuple[Parameters, State]], condition: Condition
    ) -> tuple[Parameters, State]:
        parameters = named({name: heard for name, (heard, _) in found.items()})
        return self._blended(parameters, condition), named({name: after for name, (_, after) in found.items()})

    def _blended(self, parameters: Parameters, condition: Condition) -> Parameters:
        odds = [parameters[f"{name}.next"] for name in self.voices]
        return {**parameters, "next": self.distribution.blend(odds, list(self.weights(condition)), self.how)}

    def _for_voices(self, condition: Condition) -> Condition:
        own = {spec.name for spec in self.conditions}
        return Condition({name: value for name, value in condition.items() if name not in own})


def named(each: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of several voices together, each under its voice's name."""
    return {f"{voice}.{name}": value for voice, arrays in each.items() for name, value in arrays.items()}


def of_voice(voice: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One voice's own arrays back."""
    lead = f"{voice}."
    return {name.removeprefix(lead): value for name, value in arrays.items() if name.startswith(lead)}


def mix(
    instruments: Sequence[Instrument],
    weights: Sequence[float] | None = None,
    how: str = "linear",
    by_letter: bool | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Instrument:
    """Several instruments of one medium as one, each with a dial for how much of it is heard.

    They are blended "linear", as if each event were one voice's, chosen by the weights; or "log", by the normalised
    geometric mean, which says what all of them can agree to. `weights` are what the dials stand at, the same for all
    unless given; only how they compare matters. Dials are named after the instruments, or `names`.

    Voices of one unit play over the symbols of them all, voices of different units letter by letter, and all of them so
    where `by_letter` is True: then parts of words that are cut in different ways count together. What voices listen to
    by the same name and form is asked once, else of each as "voice.name". Raises UsageError where they do not mix, and
    for weights that are none.
    """
    from undersong.playing.mixtures.union import Said, agreed, agreed_odds, asked_together, known_together
    from undersong.playing.mixtures.voices import Turning, VoiceSteps  # here, as whoever plays alone needs none of it

    if how not in ("linear", "log"):
        raise UsageError(f"There is no blend '{how}'.", "Use 'linear' or 'log'.")
    called = _called(instruments, names)
    shares = _weighed(list(called), weights)
    voices, codec = agreed(called, by_letter)
    distribution = agreed_odds(voices, codec)
    asked, asks = asked_together({name: voice.conditions for name, voice in voices.items()})
    heard = {asks[name][spec.name] for name, voice in voices.items() for spec in voice.codec.conditions}
    steps = {
        name: VoiceSteps(voice.steps, voice.steering, Said.of(voice.codec, codec), asks[name])
        for name, voice in voices.items()
    }
    specs = tuple(
        ConditionSpec(
            name, ArraySpec(low=0.0, high=1.0, neutral=share), "event",
            f"How much of '{called[name].name}' is heard, beside the others: only how they compare matters.",
        )
        for name, share in zip(steps, shares, strict=True)
    )  # fmt: skip
    together = MixedSteps(steps, distribution, specs, how)
    turned = tuple(spec for name, spec in asked.items() if name not in heard)
    codec = copy(codec)
    codec.conditions = tuple(spec for name, spec in asked.items() if name in heard)
    instrument = Instrument(
        "+".join(called), next(iter(voices.values())).medium, codec, distribution, together,
        _facts(called, voices, shares, how), steering=Turning(together, steps, turned),
        fingerprints=known_together(voices, codec),
    )  # fmt: skip
    instrument.begin()  # a blend that these odds do not have is refused by name, before anybody plays
    return instrument


def _called(instruments: Sequence[Instrument], names: Sequence[str] | None) -> dict[str, Instrument]:
    """The instruments by the names of their dials. Raises UsageError."""
    for each in instruments:
        if not isinstance(each, Instrument):
            raise UsageError(f"{each!r:.60} is no instrument.", 'Load it first: us.load("keeper")')
    if len(instruments) < 2:
        raise UsageError("One voice is no mixture.", "Name two or more.")
    wanted = [each.name for each in instruments] if names is None else list(names)
    if len(wanted) != len(instruments):
        raise UsageError(f"{len(wanted)} names for {len(instruments)} voices.", "Give each voice one, or leave it.")
    taken = {dial.name for each in instruments for dial in each.dials}
    taken |= {spec.name for each in instruments for spec in each.conditions}
    called: dict[str, Instrument] = {}
    for name, instrument in zip(wanted, instruments, strict=True):
        called[dial_name(name, {*taken, *called})] = instrument
    return called


def _weighed(names: Sequence[str], weights: Sequence[float] | None) -> list[float]:
    """The weights, together 1. Raises UsageError."""
    given = [1.0] * len(names) if weights is None else list(weights)
    if len(given) != len(names):
        raise UsageError(f"{len(given)} weights for {len(names)} voices: {', '.join(names)}.", "Give each voice one.")
    for name, weight in zip(names, given, strict=True):
        if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
            raise UsageError(f"The weight of '{name}' is {weight!r:.40}, no number from 0.", "For example 2 and 1.")
    most = max(map(float, given))
    if most == 0:
        raise UsageError("All weights are 0, so that nobody plays.", "Give one of the voices more.")
    return [float(weight) / most / sum(float(each) / most for each in given) for weight in given]


def _facts(
    called: Mapping[str, Instrument], voices: Mapping[str, Instrument], shares: Sequence[float], how: str
) -> dict[str, Any]:
    """What a mixture says of itself; how its pages are set, where its voices agree on that."""
    about = {
        name: {"instrument": voice.name, "network": voice.facts.get("network", ""), "weight": share}
        for (name, voice), share in zip(called.items(), shares, strict=True)
    }
    lettered = any(voices[name] is not called[name] for name in called)
    blend = "a mixture" if how == "linear" else "a geometric mean"
    facts = {
        "network": f"{blend} of {', '.join(called)}" + (" by letter" if lettered else ""),
        "name": "+".join(called),
        "mixture": {"how": how, "by_letter": lettered, "voices": about},
    }
    layouts = {str(voice.facts.get("layout", "")) for voice in called.values()}
    return facts | ({"layout": layouts.pop()} if len(layouts) == 1 else {})


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
