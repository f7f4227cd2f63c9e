"""Sessions to be tested, and steps for them that cost nothing, remember everything in order, and count."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tiny_models import ASKED, PROMPTS, instrument_of

from undersong.events import Condition, Parameters, State
from undersong.playing.instrument import Instrument
from undersong.playing.sessions.history import Heard
from undersong.playing.sessions.session import Session

SIZE = 8


@dataclass
class CountedSteps:
    """h' = tanh(A h + b * event + c * control): whatever was heard before, and in which order, is in h (B, 8)."""

    parameter_count: int
    played: int = 0  # rows are played side by side: a step of many counts once
    states: list[weakref.ref[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice = np.random.default_rng(7)
        self.turn = dice.normal(size=(SIZE, SIZE)) / SIZE**0.5
        self.out = dice.normal(size=(SIZE, self.parameter_count))

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return self._at(np.zeros((batch, SIZE)), np.zeros(batch), condition)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        self.played += 1
        return self._at(state["h"], np.asarray(event, float).reshape(len(event), -1).sum(axis=1), condition)

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        return *self.step(event, condition, state), {}

    def _at(self, h: np.ndarray, comes: np.ndarray, condition: Condition) -> tuple[Parameters, State]:
        asked = np.asarray(condition["control"], float) if "control" in condition else 0.0
        rows = [np.tanh(self.turn @ row + 0.01 * each + 0.1) for row, each in zip(h, comes + asked, strict=True)]
        state = np.array(rows)  # row by row, so that a row does not depend on how many there are
        self.states.append(weakref.ref(state))
        return {"next": np.array([row @ self.out for row in rows])}, {"h": state}

    @property
    def alive(self) -> int:
        """How many states somebody still holds."""
        return sum(each() is not None for each in self.states)


def counted(medium: str) -> tuple[Instrument, CountedSteps]:
    """An instrument over the tiny one's codec that plays by such steps."""
    tiny = instrument_of(medium)
    steps = CountedSteps(tiny.distribution.parameter_count)
    return Instrument(f"counted {medium}", tiny.medium, tiny.codec, tiny.distribution, steps), steps


def some_events(medium: str, count: int, seed: int = 0) -> np.ndarray:
    """Events that can follow one another in any order."""
    dice = np.random.default_rng(seed)
    if medium == "text":
        return dice.integers(0, 20, count)  # all of them characters by themselves
    return dice.normal(size=(count, 2)).astype(np.float32)


def grown(plays: Instrument, medium: str, length: int, turn: int = 1) -> Session:
    """A session of so many events, in turns of one size, heard to its end."""
    session = plays.session(seed=1)
    events = some_events(medium, length)
    for start in range(0, length, turn):
        session = session.append_events(events[start : start + turn], "person")
    assert length == session.heard.count
    return session


def heard_from_the_start(session: Session) -> Heard:
    plays = session.instrument
    return plays.hear(session.events, plays.begin(session.condition), session.condition)


def assert_heard_alike(one: Heard, other: Heard) -> None:
    assert one.count == other.count
    for name, value in one.parameters.items():
        np.testing.assert_array_equal(value, other.parameters[name])
    for name, value in one.state.items():
        np.testing.assert_array_equal(value, other.state[name])


def played(medium: str) -> Session:
    """A little of everything that a session may hold."""
    plays = instrument_of(medium)
    session = plays.session(PROMPTS[medium], seed=3, condition=ASKED[medium])
    session = session.accept(session.candidates(3, length=7, temperature=0.8)[1])
    session = session.append_events(some_events(medium, 3), "Ada Łovelace").again()
    start = plays.medium.prompt({"text": "so", "walk": "[[0.3, 0.1]]"}[medium])
    session = session.accept(session.candidates(2, length=9, ranking=2.5, start=start, temperature="1>0.5/5")[0], 6)
    return session.append_events(some_events(medium, 1, 5), "person")
