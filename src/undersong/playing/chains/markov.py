"""Markov chains as instruments: their state is the last few symbols, and they play from the first moment.

`ChainSteps` is the plain one: what comes next is drawn from what followed the same symbols before, and
`MixedChainSteps` several of these as one. `MarkovSteps` plays a smoothed n-gram, to which nothing is impossible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import Condition, ConditionSpec, Parameters, State
from undersong.playing.chains.bags import Bags
from undersong.playing.chains.ngram import NGram
from undersong.playing.mixtures.mixing import MixedSteps

__all__ = ["ChainSteps", "MarkovSteps", "MixedChainSteps"]

_FAINT = 500.0  # nats: at no temperature to be heard beside what is in the bag


@final
@dataclass(frozen=True)
class MarkovSteps:
    """An n-gram that steps; `heard` is what came before the first event, such as a codec's start. No condition matters.

    state "context" (B, n - 1), -1 where nothing came before · parameters "next" (B, V), log-odds.
    """

    ngram: NGram
    heard: tuple[int, ...] = ()

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return self._at(_beginning(self.heard, self.ngram.order - 1, batch))

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        return self._at(_heard(event, state["context"]))

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        parameters, after = self.step(event, condition, state)
        return parameters, after, {}  # an n-gram has no gates: its state is all there is

    def _at(self, context: np.ndarray) -> tuple[Parameters, State]:
        return {"next": self.ngram.log_odds(context)}, {"context": context}


@final
@dataclass(frozen=True)
class ChainSteps:
    """A plain Markov chain: each symbol has the odds of its share in the bag of what followed the context.

    What never followed is impossible. Only a context that nothing ever followed is shortened, until something did.
    `heard` is what came before the first event. `last_resort` says that a grammar may forbid all that is in a bag: then
    whatever stands anywhere is faintly possible, at e^-500 of its share. No condition matters.
    state "context" (B, order), -1 where nothing came before · parameters "next" (B, V), log-odds, and as a reading
    "heard" (B,), how much of the context the bag is of · inside "total" (B,), how many are in it.
    """

    bags: Bags
    heard: tuple[int, ...] = ()
    last_resort: bool = False

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return self._at(_beginning(self.heard, self.bags.order, batch))

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        return self._at(_heard(event, state["context"]))

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        parameters, after = self.step(event, condition, state)
        total = [self.bags.after(row).total for row in after["context"].tolist()]
        return parameters, after, {"total": np.array(total)}

    def _at(self, context: np.ndarray) -> tuple[Parameters, State]:
        odds = np.full((len(context), self.bags.vocabulary), -np.inf)
        if self.last_resort:
            anything = self.bags.after(())
            odds[:, anything.symbols] = anything.log_odds - _FAINT
        heard = np.zeros(len(context), np.int64)
        for row, symbols in enumerate(context.tolist()):
            bag = self.bags.after(symbols)
            odds[row, bag.symbols] = bag.log_odds
            heard[row] = bag.heard
        return {"next": odds, "heard": heard}, {"context": context}


@final
@dataclass(frozen=True)
class MixedChainSteps:
    """Several chains as one, by the weights of `mixed`; who would have to shorten the context more is not heard.

    So a voice that never went this way does not lead off it: it joins in again where it knows the context as well.
    state, parameters and inside are those of `mixed`.
    """

    mixed: MixedSteps

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return self.mixed.conditions

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        parameters, state = self.mixed.start(condition, batch)
        return self.steered(parameters, condition), state

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        parameters, after = self.mixed.step(event, condition, state)
        return self.steered(parameters, condition), after

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        parameters, after, gates = self.mixed.inside(event, condition, state)
        return self.steered(parameters, condition), after, gates

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        """The same readings, `next` blended anew by the weights in the condition."""
        weights = self.weights(parameters, condition)
        odds = [parameters[f"{name}.next"] for name in self.mixed.voices]
        return {**parameters, "next": self.mixed.distribution.blend(odds, weights, "linear")}

    def check(self, given: Mapping[str, Any]) -> None:
        self.mixed.check(given)

    def shares(self, parameters: Parameters, condition: Condition, events: np.ndarray) -> None:
        return None

    def weights(self, parameters: Parameters, condition: Condition) -> list[np.ndarray]:
        """What each voice weighs in this draw (B,), together 1."""
        asked = np.array(self.mixed.weights(condition))  # (voices, B)
        heard = np.array([parameters[f"{name}.heard"] for name in self.mixed.voices])
        heard = np.where(asked > 0, heard, -1)
        weights = np.where(heard == heard.max(axis=0), asked, 0.0)
        return list(weights / weights.sum(axis=0))


def _beginning(heard: tuple[int, ...], length: int, batch: int) -> np.ndarray:
    """The context (B, length) of those who heard only this."""
    context = np.full((batch, length + len(heard)), -1, dtype=np.int64)
    context[:, length:] = heard
    return context[:, len(heard) :]


def _heard(event: np.ndarray, context: np.ndarray) -> np.ndarray:
    """The context after one more event (B,)."""
    return np.concatenate([context, event[:, None]], axis=1, dtype=np.int64)[:, 1:]
