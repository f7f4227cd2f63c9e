"""People who play at once, each what he likes: what tests of the scheduler share."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from spelled_voices import chain, words
from tiny_models import ASKED, PROMPTS, instrument_of, int8_file_of, verses

from undersong.events import Condition
from undersong.playing.answers import Sampled
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Step
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.loading import from_file, load
from undersong.playing.mixtures.mixing import duet
from undersong.serving.scheduler import Scheduler
from undersong.serving.settings import Serving


@cache
def player(name: str) -> Instrument:
    """An instrument of each kind that plays differently."""
    if name == "int8":
        return from_file(int8_file_of("text"), precision="int8")
    if name == "duet":
        network = instrument_of("text")
        return duet(network, chain(network.codec, verses(40, seed=1)), 0.3)
    if name == "letters":
        return by_letter(chain(words(), verses(40, seed=1)))
    if name == "shipped":
        return load("keeper")
    return instrument_of(name)


PLAYERS = ("text", "int8", "shipped", "duet", "letters", "walk")


def requests_of(instrument: Instrument) -> list[tuple[int, Asking]]:
    """Thirty requests that differ in everything that can be asked."""
    walks = not instrument.one_symbol
    made = []
    for number in range(30):
        temperature = (1.0, 0.7, "1.2>0.5/10", 0)[number % 4]
        dials: dict[str, Any] = {"temperature": temperature} if number % 4 else {}
        asked: dict[str, Any] = {"prompt": PROMPTS["walk"] if walks else "the fox sings below"[: number % 19]}
        if walks and number % 3:
            memory = [[number % 2, 0, 1]] * (1 + number % 3)
            asked["condition"] = {**ASKED["walk"], "memory": memory}
        if not walks and number % 5 == 1:
            asked |= {"stop": "e", "start": "at "}
        if not walks and number % 5 == 2:
            dials = {**dials, "top_k": 5, "brake": 1}
        if "duet" in {dial.name for dial in instrument.dials} and number % 3:
            dials = {**dials, "duet": [0.2, 0.9, 0.1][number % 3]}
        made.append((1 + number % 5, Asking(**asked, length=5 + number % 11, seed=number, dials=dials)))
    return made


@contextmanager
def scheduling(instrument: Instrument, **settings: Any) -> Iterator[Scheduler]:
    made = Scheduler(instrument, Serving(**settings))
    try:
        yield made
    finally:
        made.close()


def same(here: list[Sampled], there: list[Sampled]) -> bool:
    pairs = list(zip(here, there, strict=True))
    return all(np.array_equal(a.events, b.events) and a.nats == b.nats and a.piece == b.piece for a, b in pairs)


async def all_at_once(plays: Scheduler, instrument: Instrument, given_up: frozenset[int]) -> list[Any]:
    """Everybody's samples, begun one after the other while the first ones play; some are given up on the way."""

    async def one(number: int, rows: int, asked: Asking) -> list[Sampled]:
        await asyncio.sleep(0.002 * (number % 7))
        return await plays.play(instrument.sampling(rows, asked), rows)

    tasks = [asyncio.create_task(one(number, *each)) for number, each in enumerate(requests_of(instrument))]
    await asyncio.sleep(0.008)
    for number in given_up:
        tasks[number].cancel()
    return await asyncio.gather(*tasks, return_exceptions=True)


def gathered(plays: Scheduler, courses: list[Course[Any]], rows: int = 1) -> list[Any]:
    async def gather() -> list[Any]:
        return await asyncio.gather(*(plays.play(each, rows) for each in courses), return_exceptions=True)

    return asyncio.run(gather())


@dataclass
class Endless:
    """A course that goes on until it is closed, and remembers where that was."""

    instrument: Instrument
    rounds: int = 0
    closed_in: str = ""

    def course(self) -> Course[None]:
        state = self.instrument.begin().state
        try:
            while True:
                _, state = yield Step(np.array([1]), Condition(), state)
                self.rounds += 1
        finally:
            self.closed_in = threading.current_thread().name


async def comes_to(holds: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it never came to that")


def with_a_scheduler(work: Callable[[Scheduler], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    with scheduling(player("text"), **settings) as plays:
        return asyncio.run(work(plays))
