"""Steering inside: some units of the state are held, or pushed, while it plays.

    stuck = us.hold(poet, {"0.h": {12: 1.0, 40: -1.0}})    # two units of the first layer no longer move
    pushed = us.hold(poet, {"1.c": {7: 0.5}}, "nudge")     # one is pushed up with every event
    stuck.sample("The sea ", hold="0>1/100")               # more and more; at 0 it is the poet

A step gives the odds and the state together. So what is held is heard in the step after: the first odds of all are as
they were, and those after each event follow from the state that was held before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import Condition, ConditionSpec, Parameters, State, Steps
from undersong.playing.instrument import Instrument
from undersong.playing.steering import Steering, dial_name
from undersong.shapes import ArraySpec

__all__ = ["HeldSteps", "hold"]

_SHOWN = 12  # names of states that an error lists


@final
@dataclass(frozen=True)
class HeldSteps:
    """Steps whose state, at the start and after every event, has some units set to a value or moved by it.

    `held` gives of each state the units (N,) of its last axis and their values (N,). `dial` is the condition that says
    how much: 1 is all, 0 not at all. state, parameters and inside are those of the steps within.
    """

    inner: Steps
    held: Mapping[str, tuple[np.ndarray, np.ndarray]]
    nudge: bool
    dial: str

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        parameters, state = self.inner.start(self._without(condition), batch)
        return parameters, self._held(state, condition)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        parameters, after = self.inner.step(event, self._without(condition), state)
        return parameters, self._held(after, condition)

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        parameters, after, gates = self.inner.inside(event, self._without(condition), state)
        return parameters, self._held(after, condition), gates

    def _held(self, state: State, condition: Condition) -> State:
        held = dict(state)
        for name, (units, values) in self.held.items():
            whole = state[name].copy()
            here = whole[..., units]  # (B, …, N)
            much = condition[self.dial].astype(whole.dtype).reshape(-1, *[1] * (whole.ndim - 1))
            whole[..., units] = here + much * values if self.nudge else (1 - much) * here + much * values
            held[name] = whole
        return held

    def _without(self, condition: Condition) -> Condition:
        return Condition({name: value for name, value in condition.items() if name != self.dial})


@final
@dataclass(frozen=True)
class _Holding:
    """What could be turned before, and how much is held: heard with the next event."""

    inner: Steering
    spec: ConditionSpec

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return (*self.inner.conditions, self.spec)

    def check(self, given: Mapping[str, Any]) -> None:
        self.inner.check({name: value for name, value in given.items() if name != self.spec.name})

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        return self.inner.steered(parameters, condition)

    def shares(
        self, parameters: Parameters, condition: Condition, events: np.ndarray
    ) -> Mapping[str, np.ndarray] | None:
        return self.inner.shares(parameters, condition, events)


def hold(instrument: Instrument, units: Mapping[str, Mapping[int, float]], how: str = "clamp") -> Instrument:
    """The same instrument with some units of its state held: of each state by name, units by number, and their values.

    "clamp" sets them to the value, "nudge" moves them by it with every event. A dial `hold` says how much: 0 is not at
    all, 1 all the way, where it stands. Units are counted from 0, along the last axis where a state has several. Raises
    UsageError for a state or unit that is not there, with those that are, and a value that is no number.
    """
    if how not in ("clamp", "nudge"):
        raise UsageError(f"Units are not held by '{how}'.", "Use 'clamp' to set them, or 'nudge' to move them.")
    mixture = instrument.facts.get("mixture", {})
    if "by_letter" in instrument.facts or mixture.get("by_letter"):
        raise UsageError(
            f"'{instrument.name}' plays by letter: it is in several states at once, one for each way to spell.",
            "Hold it before it is mixed." if mixture else "Hold it before: us.by_letter(us.hold(…))",
        )
    state = instrument.begin().state
    known = {name: value for name, value in state.items() if value.dtype.kind == "f" and value.ndim > 1}
    if not isinstance(units, Mapping) or not units:
        raise UsageError("Nothing is to be held.", _there(known))
    held = {name: _checked(name, given, known) for name, given in units.items()}
    taken = [*(dial.name for dial in instrument.dials), *(spec.name for spec in instrument.conditions)]
    sentence = "How much the units of its state are held: 0 not at all, 1 all the way; heard from the next event on."
    spec = ConditionSpec(dial_name("hold", taken), ArraySpec(low=0.0, high=1.0, neutral=1.0), "event", sentence)
    told = {name: dict(zip(map(str, of), values.tolist(), strict=True)) for name, (of, values) in held.items()}
    before = instrument.facts.get("held", [])
    return Instrument(
        instrument.name, instrument.medium, instrument.codec, instrument.distribution,
        HeldSteps(instrument.steps, held, how == "nudge", spec.name),
        {**instrument.facts, "held": [*before, {"how": how, "dial": spec.name, "units": told}]},
        steering=_Holding(instrument.steering, spec), fingerprints=instrument.fingerprints,
    )  # fmt: skip


def _checked(name: str, given: Any, known: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Units (N,) of a state and their values (N,). Raises UsageError."""
    if name not in known:
        raise UsageError(f"There is no state '{name}' whose units could be held.", _there(known))
    size, kind = known[name].shape[-1], known[name].dtype
    if not isinstance(given, Mapping) or not given:
        raise UsageError(f"Of '{name}' nothing is to be held.", f"Give units and values: {{'{name}': {{0: 1.0}}}}")
    for unit, value in given.items():
        if not isinstance(unit, Integral) or isinstance(unit, bool) or not 0 <= int(unit) < size:
            raise UsageError(f"'{name}' has no unit {unit!r:.40}; it has 0 … {size - 1}.", _there(known))
        if not isinstance(value, Real) or isinstance(value, bool) or not abs(float(value)) <= float(np.finfo(kind).max):
            raise UsageError(f"Unit {unit} of '{name}' cannot be {value!r:.40}.", "Give it a number, such as 1.0.")
    return np.array([int(unit) for unit in given]), np.array([float(value) for value in given.values()], kind)


def _there(known: Mapping[str, np.ndarray]) -> str:
    """Which states there are, in words."""
    if not known:
        return "It has no state with units: what it carries is no numbers that could be moved."
    several = [f"{name} ({value.shape[-1]} units)" for name, value in known.items()]
    more = f" and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
    return f"Its states: {', '.join(several[:_SHOWN])}{more}."
