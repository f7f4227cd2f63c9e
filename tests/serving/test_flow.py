"""What is told while it is played: bounded on its way, in order, and nothing lost."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from rooms import Endless, comes_to, player, with_a_scheduler

from undersong.errors import ConstraintError
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Drawn
from undersong.serving import scheduler
from undersong.serving.failures import LateError
from undersong.serving.flow import Flow
from undersong.serving.scheduler import Scheduler
from undersong.serving.streaming import Stream


def test_a_course_rests_while_its_reader_is_behind() -> None:
    """What is on the way is bounded, nothing is lost, and it is all in order."""
    instrument = player("text")
    most = 0

    async def read(plays: Scheduler) -> tuple[list[int], list[int]]:
        nonlocal most
        flow: Flow[int] = Flow(plays.wake, most=4)
        course = instrument.sampling(1, Asking("the fox", 60, 3))
        task = asyncio.create_task(plays.play(course, 1, lambda drawn: flow.put(drawn.events.tolist()), flow))
        task.add_done_callback(lambda _: flow.end())
        taken: list[int] = []
        while some := await flow.take():
            most = max(most, len(some))
            taken += some
            await asyncio.sleep(0.003)
        return taken, (await task)[0].events.tolist()

    taken, expected = with_a_scheduler(read)

    assert expected == taken
    assert most <= 4


def test_a_reader_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some seconds in which he is behind."""
    monkeypatch.setattr(scheduler, "_PATIENCE", 0.1)
    instrument = player("text")

    async def read(plays: Scheduler) -> Any:
        flow: Flow[int] = Flow(plays.wake, most=4)
        course = instrument.sampling(1, Asking("the fox", 60, 3))
        return await plays.play(course, 1, lambda drawn: flow.put(drawn.events.tolist()), flow)

    with pytest.raises(LateError):
        with_a_scheduler(read)


def test_a_stream_gives_what_is_told_and_then_the_result() -> None:
    """The same events that the course returns; and a stream that is closed closes its course."""
    instrument, endless = player("text"), Endless(player("text"))

    async def read(plays: Scheduler) -> tuple[list[int], Any]:
        stream = Stream(plays, instrument.sampling(1, Asking("the fox", 60, 3)), 1, lambda drawn: drawn.events.tolist())
        told = [event async for some in stream for event in some]
        closed: Stream[int, None] = Stream(plays, endless.course(), 1, lambda drawn: [])
        await comes_to(lambda: endless.rounds > 3)
        await closed.close()
        await comes_to(lambda: plays.live == 0)
        return told, stream.result

    told, (found,) = with_a_scheduler(read)

    assert found.events.tolist() == told
    assert endless.closed_in


def test_what_goes_wrong_in_a_stream_comes_after_what_was_told() -> None:
    """Nothing told is lost; the error is the last thing that is heard."""
    drawn = Drawn(np.array([1]), np.array([0.5]), np.array([True]))

    def breaks() -> Course[None]:
        for _ in range(3):
            yield drawn
        raise ConstraintError("no way on")

    async def read(plays: Scheduler) -> list[int]:
        told: list[int] = []
        stream = Stream(plays, breaks(), 1, lambda drawn: drawn.events.tolist())
        try:
            async for some in stream:
                told += some
        except ConstraintError:
            return told
        raise AssertionError("it ended as if nothing were wrong")

    assert with_a_scheduler(read) == [1, 1, 1]
