"""What playing asks for, step by step, so that one step of an instrument may serve everybody who plays it just then.

A course is a generator. It asks for a step of the instrument or for a draw from its odds, is sent what came of it,
tells what was drawn, and returns what it was for. `alone` answers a single one. A scheduler may answer many at once:
rows of a step and of a draw do not depend on their batch-mates, so each course gets what it would get alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution
from undersong.events import Condition, State, Steps

__all__ = ["Course", "Draw", "Drawn", "Step", "alone", "in_turn", "overheard", "while_wanted"]


@final
@dataclass(eq=False, slots=True)  # not frozen, which takes longer: three of these are made for every event
class Step:
    """Asks for the odds after `event` (B, …); is sent parameters and state."""

    event: np.ndarray
    condition: Condition
    state: State


@final
@dataclass(eq=False, slots=True)
class Draw:
    """Asks for one event per row; is sent events (B, …) and their nats (B,), as `distribution.played` gives them."""

    odds: np.ndarray
    allowed: np.ndarray | None  # (B, V), or one row for all
    uniforms: np.ndarray  # (B, U)
    dials: Mapping[str, float]


@final
@dataclass(eq=False, slots=True)
class Drawn:
    """Tells what was drawn: events (B, …), their nats (B,), and which rows still sounded when they were (B,).

    `voices` is the share (B,) that each voice of a mixture had in it, None where there are none. Nothing is sent back.
    """

    events: np.ndarray
    nats: np.ndarray
    sounding: np.ndarray
    voices: Mapping[str, np.ndarray] | None = None


T = TypeVar("T")

Course = Generator[Step | Draw | Drawn, Any, T]


def alone(course: Course[T], steps: Steps, distribution: AbstractDistribution) -> T:
    """What a course was for, answered by itself."""
    told = in_turn(course, steps, distribution)
    while True:
        try:
            next(told)
        except StopIteration as done:
            found: T = done.value
            return found


def in_turn(course: Course[T], steps: Steps, distribution: AbstractDistribution) -> Generator[Drawn, None, T]:
    """The same, with what was drawn as it is drawn."""
    step, played = steps.step, distribution.played
    answer: Any = None
    while True:
        try:
            asked = course.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found
        if type(asked) is Step:
            answer = step(asked.event, asked.condition, asked.state)
        elif type(asked) is Draw:
            answer = played(asked.odds, asked.allowed, asked.uniforms, asked.dials)
        else:
            assert type(asked) is Drawn
            answer = None
            yield asked


def overheard(course: Course[T], hear: Callable[[Step | Draw | Drawn, Any], None]) -> Course[T]:
    """The same course, of which somebody hears everything: what it asks or tells, and then what it is sent for it."""
    answer: Any = None
    while True:
        try:
            asked = course.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found
        answer = yield asked
        hear(asked, answer)


def while_wanted(course: Course[T], wanted: Callable[[], bool]) -> Course[T | None]:
    """The same course, given up before the next thing that it asks once it is not wanted any more; then None."""
    answer: Any = None
    while wanted():
        try:
            asked = course.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found
        answer = yield asked
    course.close()
    return None
