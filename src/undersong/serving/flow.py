"""What a course tells, on its way from the thread that plays it to the one who reads it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar, final

__all__ = ["Flow"]

_MOST = 256  # items on the way, after which the course rests
_AT_ONCE = 64  # items taken together

Item = TypeVar("Item")


@final
class Flow(Generic[Item]):
    """A line of bounded length. One thread puts into it, and one task takes from it."""

    def __init__(self, resume: Callable[[], None], most: int = _MOST) -> None:
        """`resume` is called when there is room again for a course that rested."""
        self._resume, self._most = resume, most
        self._held: deque[Item] = deque()
        self._waits: asyncio.Future[None] | None = None
        self._ended = False

    # ── where it is played ─────────────────────────────────────────────────────────────────────────────────────────

    def put(self, items: Iterable[Item]) -> None:
        self._held.extend(items)

    @property
    def full(self) -> bool:
        """Whether nothing should be put into it just now."""
        return len(self._held) >= self._most

    @property
    def has_news(self) -> bool:
        """Whether somebody waits for what it holds."""
        return self._waits is not None and bool(self._held)

    # ── where it is read ───────────────────────────────────────────────────────────────────────────────────────────

    def tell(self) -> None:
        """Wakes whoever waits."""
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        self.tell()

    async def take(self) -> list[Item]:
        """What has come, waited for where nothing has; nothing once all is taken and no more will come."""
        while not self._held and not self._ended:
            self._waits = asyncio.get_running_loop().create_future()
            try:
                if not self._held:  # looked at again: it may have come since, and nobody was told of
                    await self._waits
            finally:
                self._waits = None
        full = self.full
        taken = [self._held.popleft() for _ in range(min(_AT_ONCE, len(self._held)))]
        if full:
            self._resume()
        return taken
