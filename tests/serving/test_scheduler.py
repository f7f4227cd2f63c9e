"""Many courses in one thread: each gets what it would get alone, and none waits for ever."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy as np
import pytest
from rooms import (
    PLAYERS,
    Endless,
    all_at_once,
    comes_to,
    gathered,
    player,
    requests_of,
    same,
    scheduling,
    with_a_scheduler,
)

from undersong.errors import ConstraintError, UsageError
from undersong.events import Condition
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Drawn, Step
from undersong.playing.instrument import Instrument
from undersong.serving.failures import BusyError, LateError
from undersong.serving.metrics import Metrics
from undersong.serving.scheduler import Scheduler
from undersong.serving.settings import Serving


@pytest.mark.parametrize("name", PLAYERS)
def test_nobodys_piece_depends_on_who_else_plays(name: str) -> None:
    """Thirty requests all at once give the events and nats that each gives alone, to the last bit."""
    instrument, given_up = player(name), frozenset((3, 11, 12, 27))

    with scheduling(instrument) as plays:
        found = asyncio.run(all_at_once(plays, instrument, given_up))

    alone = [instrument.play(instrument.sampling(*each)) for each in requests_of(instrument)]
    kept = [number for number in range(30) if number not in given_up]
    assert [True] * len(kept) == [same(found[number], alone[number]) for number in kept]


# ── who fails, fails alone ─────────────────────────────────────────────────────────────────────────────────────────


def fails(instrument: Instrument, error: Exception) -> Course[None]:
    state = instrument.begin().state
    for symbol in (1, 2):
        _, state = yield Step(np.array([symbol]), Condition(), state)
    raise error


def test_a_course_that_raises_fails_alone() -> None:
    """Others in the same round never hear of it."""
    instrument = player("text")
    asked = Asking("the fox", 20, 1)

    with scheduling(instrument) as plays:
        courses = [
            instrument.sampling(1, asked),
            fails(instrument, ConstraintError("no")),
            instrument.sampling(1, asked),
        ]
        first, broken, second = gathered(plays, courses)

    assert isinstance(broken, ConstraintError)
    assert same(first, second)
    assert same(first, instrument.play(instrument.sampling(1, asked)))


def test_a_step_that_cannot_be_taken_fails_alone() -> None:
    """A symbol that there is not breaks the step of all; then each is tried by itself."""
    instrument = player("text")

    def strange() -> Course[None]:
        yield Step(np.array([10_000]), Condition(), instrument.begin().state)

    def plain() -> Course[np.ndarray]:
        parameters, _ = yield Step(np.array([1]), Condition(), instrument.begin().state)
        return parameters["next"]

    with scheduling(instrument) as plays:
        first, broken, second = gathered(plays, [plain(), strange(), plain()])

    assert isinstance(broken, Exception)
    expected = instrument.play(plain())
    assert np.array_equal(expected, first)
    assert np.array_equal(expected, second)


def test_what_is_drawn_is_told_before_the_course_goes_on() -> None:
    """A listener hears every event in order, in the thread that plays."""
    instrument = player("text")
    heard: list[np.ndarray] = []
    threads: set[str] = set()

    def told(drawn: Drawn) -> None:
        threads.add(threading.current_thread().name)
        heard.append(drawn.events[drawn.sounding])

    with scheduling(instrument) as plays:
        (found,) = asyncio.run(plays.play(instrument.sampling(1, Asking("the fox", 25, 4)), 1, told))

    assert np.array_equal(found.events, np.concatenate(heard))
    assert threads == {f"plays {instrument.name}"}


def test_a_listener_that_raises_ends_its_own_course() -> None:
    """Who cannot be told anything is not played to."""
    instrument = player("text")

    def told(drawn: Drawn) -> None:
        raise UsageError("deaf")

    async def both(plays: Scheduler) -> list[Any]:
        asked = Asking("the fox", 10, 4)
        deaf = plays.play(instrument.sampling(1, asked), 1, told)
        hears = plays.play(instrument.sampling(1, asked), 1)
        return await asyncio.gather(deaf, hears, return_exceptions=True)

    with scheduling(instrument) as plays:
        deaf, hears = asyncio.run(both(plays))

    assert isinstance(deaf, UsageError)
    assert len(hears[0].events)


# ── who waits ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_too_many_who_wait_are_told_to_come_again() -> None:
    """One plays, one waits; the third hears how long it may take."""
    endless = [Endless(player("text")) for _ in range(3)]

    async def ask(plays: Scheduler) -> BusyError:
        tasks = [asyncio.create_task(plays.play(each.course(), 1)) for each in endless[:2]]
        await comes_to(lambda: endless[0].rounds > 3)
        with pytest.raises(BusyError) as busy:
            await plays.play(endless[2].course(), 1)
        assert endless[1].rounds == 0
        tasks[0].cancel()
        await comes_to(lambda: endless[1].rounds > 3)
        return busy.value

    busy = with_a_scheduler(ask, playing=1, waiting=1)

    assert busy.retry_after >= 1
    assert "tiny" in busy.what


def test_what_nobody_waits_for_is_closed() -> None:
    """Cancelling closes the course, in the thread that plays it, and there is room again."""
    endless = Endless(player("text"))

    async def ask(plays: Scheduler) -> int:
        task = asyncio.create_task(plays.play(endless.course(), 1))
        await comes_to(lambda: endless.rounds > 3)
        task.cancel()
        await comes_to(lambda: plays.live == 0)
        return plays.live

    assert with_a_scheduler(ask) == 0
    assert endless.closed_in == f"plays {player('text').name}"


@pytest.mark.parametrize("waiting", [False, True])
def test_what_takes_too_long_ends(waiting: bool) -> None:
    """Also for who never came to play."""
    endless = [Endless(player("text")) for _ in range(2)]

    async def ask(plays: Scheduler) -> list[Any]:
        courses = endless if waiting else endless[:1]
        return await asyncio.gather(*(plays.play(each.course(), 1) for each in courses), return_exceptions=True)

    found = with_a_scheduler(ask, playing=1, waiting=5, seconds=0.2)

    assert [LateError] * len(found) == list(map(type, found))
    assert endless[0].closed_in


def test_a_long_course_starves_nobody() -> None:
    """While somebody's piece has no end, others come and go."""
    endless, instrument = Endless(player("text")), player("text")

    async def ask(plays: Scheduler) -> int:
        task = asyncio.create_task(plays.play(endless.course(), 1))
        for seed in range(10):
            await plays.play(instrument.sampling(2, Asking("the fox", 10, seed)), 2)
        task.cancel()
        return endless.rounds

    assert with_a_scheduler(ask) >= 100


def test_a_closed_scheduler_tells_everybody() -> None:
    """Who plays, who waits, and who comes too late."""
    instrument, endless = player("text"), [Endless(player("text")) for _ in range(2)]

    async def ask() -> list[Any]:
        plays = Scheduler(instrument, Serving(playing=1))
        tasks = [asyncio.create_task(plays.play(each.course(), 1)) for each in endless]
        await comes_to(lambda: endless[0].rounds > 3)
        await asyncio.to_thread(plays.close)
        late = plays.play(instrument.sampling(1, Asking()), 1)
        return await asyncio.gather(*tasks, late, plays.aside(int), return_exceptions=True)

    assert [LateError] * 4 == list(map(type, asyncio.run(ask())))


def test_other_work_is_done_beside_the_rounds() -> None:
    """Scores and odds, one after the other, in a thread of their own."""

    async def ask(plays: Scheduler) -> tuple[str, Any]:
        name = await plays.aside(lambda: threading.current_thread().name)
        return name, await asyncio.gather(plays.aside(lambda: 1 / 0), return_exceptions=True)

    name, (error,) = with_a_scheduler(ask)

    assert name.startswith("beside tiny")
    assert isinstance(error, ZeroDivisionError)


def test_metrics_count_rounds_and_rows() -> None:
    """What a room full of people costs can be seen."""
    instrument, metrics = player("text"), Metrics()
    plays = Scheduler(instrument, Serving(), "voice", metrics)
    gathered(plays, [instrument.sampling(3, Asking("the fox", 10, seed)) for seed in range(4)], 3)
    plays.close()

    assert metrics.value("undersong_rounds_total", model="voice") >= 16
    assert metrics.value("undersong_courses", model="voice") == 0
