"""One step and one draw for everybody, and nothing of anybody in anybody else's hands."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from rooms import all_at_once, gathered, player, requests_of, same, scheduling

from undersong.events import Condition, Parameters, State, Steps
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Step
from undersong.playing.instrument import Instrument
from undersong.serving import batching


@dataclass
class CountingSteps:
    """Steps that remember how many rows each had."""

    steps: Steps
    rows: list[int] = field(default_factory=list)
    handed_on: list[bool] = field(default_factory=list)
    """Whether a step went on from the very arrays that the one before gave."""
    gave: State | None = None

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return self.steps.start(condition, batch)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        self.rows.append(len(event))
        self.handed_on.append(state is self.gave)
        parameters, self.gave = self.steps.step(event, condition, state)
        return parameters, self.gave

    def inside(self, event: np.ndarray, condition: Condition, state: State) -> Any:
        return self.steps.inside(event, condition, state)


def counting(instrument: Instrument) -> Instrument:
    steps = CountingSteps(instrument.steps)
    return Instrument("counted", instrument.medium, instrument.codec, instrument.distribution, steps)


def test_one_step_and_one_draw_serve_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen who ask for the same are not sixteen times the work."""
    instrument = counting(player("text"))
    drawn: list[int] = []
    played = type(instrument.distribution).played

    def counted(self: Any, parameters: np.ndarray, *rest: Any) -> Any:
        drawn.append(len(parameters))
        return played(self, parameters, *rest)

    monkeypatch.setattr(type(instrument.distribution), "played", counted)
    asked = [Asking("the fox", 20, seed, dials={"temperature": 0.8}) for seed in range(16)]

    with scheduling(instrument) as plays:
        found = gathered(plays, [instrument.sampling(5, each) for each in asked], 5)

    assert isinstance(instrument.steps, CountingSteps)
    assert not [each for each in found if isinstance(each, BaseException)]
    assert max(drawn) == 80
    assert len(drawn) < 16 * 20 / 4
    assert len(instrument.steps.rows) < 16 * 27 / 4


def test_arrays_are_handed_on_as_they_came_while_nobody_comes_or_goes() -> None:
    """Where all go on from what they were given, nothing is copied: the state is that of the step before."""
    instrument = counting(player("text"))
    steps = instrument.steps
    assert isinstance(steps, CountingSteps)

    with scheduling(instrument) as plays:
        gathered(plays, [instrument.sampling(2, Asking("the fox", 30, seed)) for seed in range(4)], 2)

    together = [handed_on for rows, handed_on in zip(steps.rows, steps.handed_on, strict=True) if rows == 8]
    assert len(together) >= 25
    assert sum(together) >= len(together) - 2


def test_what_a_course_keeps_holds_on_to_nobody_elses_rows() -> None:
    """A session that remembers a state must not keep a whole room's arrays alive."""
    instrument = player("text")
    events = instrument.codec.encode(instrument.medium.prompt("the fox sings"))

    def remembers() -> Course[Any]:
        heard = instrument.begin()
        parameters, state = yield Step(events[:1], Condition(), heard.state)
        first = parameters, state
        for at in range(1, len(events)):
            parameters, state = yield Step(events[at : at + 1], Condition(), state)
        return first, (parameters, state)

    with scheduling(instrument) as plays:
        found = gathered(plays, [remembers() for _ in range(12)])
    alone = instrument.play(remembers())

    for kept in found:
        for (parameters, state), (expected, _) in zip(kept, alone, strict=True):
            assert np.array_equal(parameters["next"], expected["next"])
            held = [value.base for value in (*parameters.values(), *state.values())]
            assert not [base for base in held if isinstance(base, np.ndarray)]


def test_a_state_from_long_ago_can_be_gone_on_from() -> None:
    """A course may go back to any state it was given: a fork."""
    instrument = player("text")
    events = instrument.codec.encode(instrument.medium.prompt("the fox sings"))

    def forks() -> Course[np.ndarray]:
        _, first = yield Step(events[:1], Condition(), instrument.begin().state)
        state = first
        for at in range(1, 6):
            _, state = yield Step(events[at : at + 1], Condition(), state)
        parameters, _ = yield Step(events[1:2], Condition(), first)
        return parameters["next"]

    with scheduling(instrument) as plays:
        found = gathered(plays, [forks() for _ in range(5)])

    expected = instrument.play(forks())
    assert all(np.array_equal(expected, each) for each in found)


def test_rows_of_a_round_are_bounded_and_that_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than one step takes are stepped in parts."""
    monkeypatch.setattr(batching, "_ROWS", 6)
    instrument = counting(player("text"))

    with scheduling(instrument) as plays:
        found = asyncio.run(all_at_once(plays, instrument, frozenset()))

    assert isinstance(instrument.steps, CountingSteps)
    assert max(instrument.steps.rows) == 6
    alone = [player("text").play(player("text").sampling(*each)) for each in requests_of(instrument)]
    assert all(map(same, found, alone))
