"""Answers that are sent as they are played, and answers that nobody waits for any more.

Server-sent events: a line `data: {…}` for each thing told, with an empty line after it, and `data: [DONE]` at the end.
A reader who goes away ends what he asked for; one who takes nothing for a while is cut off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar, final

from fastapi.sse import EventSourceResponse
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from undersong.playing.courses import Course, Drawn
from undersong.serving.failures import RefusedError
from undersong.serving.flow import Flow
from undersong.serving.replies import as_json
from undersong.serving.scheduler import Scheduler

__all__ = ["DONE", "Events", "Stream", "event", "unless_gone"]

DONE = b"data: [DONE]\n\n"

_PATIENCE = 20.0  # seconds in which a part of an answer must have been taken

Item = TypeVar("Item")
T = TypeVar("T")


@final
class Stream(Generic[Item, T]):
    """What is told of a course while it plays, some of it at a time; once all is told, `result` is what it was for."""

    def __init__(
        self, scheduler: Scheduler, course: Course[T], rows: int, hear: Callable[[Drawn], Iterable[Item]]
    ) -> None:
        """`hear` makes what is told of what was drawn, in the scheduler's thread."""
        flow: Flow[Item] = Flow(scheduler.wake)
        self._flow = flow
        play = scheduler.play(course, rows, lambda drawn: flow.put(hear(drawn)), flow)
        self._task = asyncio.ensure_future(play)
        self._task.add_done_callback(lambda _: flow.end())

    def __aiter__(self) -> AsyncIterator[list[Item]]:
        return self

    async def __anext__(self) -> list[Item]:
        """Raises what the course raises, when all that it told before is taken."""
        taken = await self._flow.take()
        if not taken:
            self._task.result()
            raise StopAsyncIteration
        return taken

    @property
    def result(self) -> T:
        return self._task.result()

    async def close(self) -> None:
        """Ends it, wherever it is."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def event(content: Any) -> bytes:
    """One thing told, as it is sent."""
    return f"data: {as_json(content)}\n\n".encode("utf-8", "replace")


@final
class Events(EventSourceResponse):
    """Parts of an answer, each made by `event`; `close` is awaited when it ends in whatever way."""

    def __init__(self, parts: AsyncIterator[bytes], close: Callable[[], Awaitable[None]]) -> None:
        super().__init__(parts, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._close = close

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for part in self.body_iterator:
            async with asyncio.timeout(_PATIENCE):
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except TimeoutError:  # the rest is not sent, and the server hangs up
            return
        finally:
            await asyncio.shield(asyncio.ensure_future(self._close()))


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What comes of the work; it is cancelled when whoever asked hangs up. The body must have been read.

    Raises what the work raises, RefusedError where nobody is there any more to read an answer.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise RefusedError("Whoever asked is gone.", status=499, code="gone")
        return task.result()
    finally:
        for each in (task, gone):
            if not each.done():
                each.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
