"""A voice among others: it hears what they all play, in its own symbols, and its odds are odds over those of them all.

An event that it has a symbol for, it hears as that. What it has none for it hears as it would spell it, symbol by
symbol, before anybody goes on: so all voices are always at the same place, and what may follow there is the same to
all. What it cannot even spell it does not hear: it stands still, its state and its odds stay, and it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import Condition, ConditionSpec, Parameters, State, Steps
from undersong.playing.instrument import Instrument
from undersong.playing.mixtures.mixing import MixedSteps, named, of_voice
from undersong.playing.mixtures.union import Said
from undersong.playing.steering import Steering

__all__ = ["Turning", "VoiceSteps", "stood_still"]

_TOLD = "told."  # before the names of what a voice told last, kept for when it stands still

Hearing = Callable[[np.ndarray, Condition, State], tuple[Parameters, State, Mapping[str, np.ndarray]]]


@final
@dataclass(frozen=True)
class VoiceSteps:
    """Steps over the V symbols of a mixture, around the steps of a voice that has some of them.

    `said` is None where its symbols are the mixture's. `asks` gives for each of its own conditions the mixture's name.
    state, parameters and inside are the voice's own, but for `next` (B, V), where what it has no symbol for is
    impossible. Of a voice that cannot say everything there is also the reading "still" (B,), whether it did not hear
    the last event; its state then holds "told.<name>", its own parameters.
    """

    inner: Steps
    steering: Steering
    said: Said | None
    asks: Mapping[str, str]

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        parameters, state = self.inner.start(self.asked(condition), batch)
        return self._told(parameters, state, None)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        if self.said is None:
            return self.inner.step(event, self.asked(condition), state)
        own = self.said.own[event]
        if own.min() < 0:
            return self._spelled(event, condition, state, self._hear)[:2]
        before = _parted(state)[1] if self.said.stands_still else state
        return self._told(*self.inner.step(own, self.asked(condition), before), None)

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        """Gates are those of the last symbol that was heard, zeros where the voice stands still."""
        if self.said is None:
            return self.inner.inside(event, self.asked(condition), state)
        parameters, after, gates = self._spelled(event, condition, state, self.inner.inside)
        if not gates:  # nobody heard anything: of what form they are, any symbol tells
            _, _, some = self.inner.inside(np.zeros_like(event), self.asked(condition), _parted(state)[1])
            gates = {name: np.zeros_like(value) for name, value in some.items()}
        return parameters, after, gates

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        """The same readings, as its own dials now weigh them."""
        if not self.steering.conditions:
            return parameters
        if self.said is None:
            return self.steering.steered(parameters, self.asked(condition))
        own = {**parameters, "next": self.said.gathered(parameters["next"])}
        turned = self.steering.steered(own, self.asked(condition))
        return {**turned, "next": self.said.spread(turned["next"])}

    def asked(self, condition: Condition) -> Condition:
        """What this voice listens to, by the names it knows."""
        return Condition({own: condition[name] for own, name in self.asks.items()})

    # ── symbols it has not ─────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State, dict[str, Any]]:
        return (*self.inner.step(event, condition, state), {})

    def _spelled(
        self, event: np.ndarray, condition: Condition, state: State, hear: Hearing
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        """Each row hears as many of the voice's own symbols as it takes to say its event, none where there are none.

        Rows of a step never depend on one another, so that those who still hear may go on alone.
        """
        assert self.said is not None
        asked, first = self.asked(condition), self.said.first[event]
        many = self.said.first[event + 1] - first
        gates: Mapping[str, np.ndarray] = {}
        parameters: Parameters
        after: State
        parameters, after = _parted(state)
        for nth in range(int(many.max())):
            rows = np.flatnonzero(many > nth)
            own = self.said.spelled[first[rows] + nth]
            if len(rows) == len(event):
                parameters, after, gates = hear(own, asked, after)
                continue
            some = hear(own, Condition(_rows(asked, rows)), _rows(after, rows))
            parameters = _put(parameters, some[0], rows, len(event))
            after = _put(after, some[1], rows, len(event))
            gates = _put(gates, some[2], rows, len(event))
        return (*self._told(parameters, after, many == 0), gates)

    def _told(self, parameters: Parameters, state: State, still: np.ndarray | None) -> tuple[Parameters, State]:
        """Odds over all symbols; and of a voice that may stand still, what it takes to do so."""
        if self.said is None:
            return parameters, state
        told = {**parameters, "next": self.said.spread(parameters["next"])}
        if not self.said.stands_still:
            return told, state
        told["still"] = np.zeros(len(told["next"]), bool) if still is None else still
        return told, {**state, **{f"{_TOLD}{name}": value for name, value in parameters.items()}}


@final
@dataclass(frozen=True)
class Turning:
    """What can be turned of a mixture while it plays: its weights, and what its voices' own dials weigh."""

    steps: MixedSteps
    voices: Mapping[str, VoiceSteps]
    turned: tuple[ConditionSpec, ...]

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return (*self.steps.conditions, *self.turned)

    def check(self, given: Mapping[str, Any]) -> None:
        """Raises DialError where nobody would play."""
        self.steps.check(given)
        for voice in self.voices.values():
            voice.steering.check({own: given[name] for own, name in voice.asks.items() if name in given})

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        turned = dict(parameters)
        for name, voice in self.voices.items():
            if voice.steering.conditions:
                turned |= named({name: voice.steered(of_voice(name, parameters), condition)})
        return self.steps.steered(turned, condition)

    def shares(
        self, parameters: Parameters, condition: Condition, events: np.ndarray
    ) -> Mapping[str, np.ndarray] | None:
        return self.steps.shares(parameters, condition, events)


def stood_still(instrument: Instrument, events: np.ndarray) -> dict[str, list[int]]:
    """Which of these events (T,) a voice of a mixture could not hear: of those who missed any, by name."""
    if not isinstance(instrument.steering, Turning) or not instrument.one_symbol:
        return {}
    missed = {
        name: np.flatnonzero(voice.said.silent[events]).tolist()
        for name, voice in instrument.steering.voices.items()
        if voice.said is not None
    }
    return {name: which for name, which in missed.items() if which}


def _parted(state: State) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What a voice told last, where that is kept, and its own state."""
    told = {name.removeprefix(_TOLD): value for name, value in state.items() if name.startswith(_TOLD)}
    return told, {name: value for name, value in state.items() if not name.startswith(_TOLD)}


def _rows(arrays: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: value[rows] for name, value in arrays.items()}


def _put(
    old: Mapping[str, np.ndarray], new: Mapping[str, np.ndarray], rows: np.ndarray, batch: int
) -> dict[str, np.ndarray]:
    """Arrays (B, …) with these rows new; what was not there before is zeros elsewhere."""
    found = {}
    for name, value in new.items():
        whole = old[name].copy() if name in old else np.zeros((batch, *value.shape[1:]), value.dtype)
        whole[rows] = value
        found[name] = whole
    return found
