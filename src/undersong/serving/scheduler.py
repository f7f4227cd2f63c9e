"""A thread for each instrument, in which everybody who plays it is served: round after round, a step for each.

Who comes later waits until there is room, and only so many may wait. A course that nobody waits for any more is closed,
one that takes too long is ended, one whose reader does not keep up rests until he does. What any of them gets is what
he would get alone, bit for bit.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, final

from undersong.playing.courses import Course, Drawn
from undersong.playing.instrument import Instrument
from undersong.serving.batching import Together
from undersong.serving.failures import BusyError, LateError
from undersong.serving.flow import Flow
from undersong.serving.players import Player
from undersong.serving.settings import Serving

if TYPE_CHECKING:
    from undersong.serving.metrics import Metrics

__all__ = ["Scheduler"]

_log = logging.getLogger("undersong.serving")

_LOOK = 0.25  # seconds between two looks at who waits too long
_PATIENCE = 20.0  # seconds in which a reader who is behind must take something
_CLOSING = 5.0  # seconds until a round that still goes on is left to itself

T = TypeVar("T")


@final
class _Seat:
    """One request at the scheduler: its course, and who waits for what comes of it."""

    __slots__ = ("admitted", "flow", "future", "gone", "loop", "player", "rested", "rows", "until")

    def __init__(self, player: Player, rows: int, flow: Flow[Any] | None, until: float) -> None:
        self.player, self.rows, self.flow, self.until = player, rows, flow, until
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.gone = False
        """Whether nobody waits any more."""
        self.admitted = False
        """Whether its rows are counted among those who play."""
        self.rested = 0.0
        """Since when its reader is behind; 0 where he is not."""


@final
class Scheduler:
    """Plays one instrument for everybody. Its thread begins with the first request."""

    def __init__(
        self, instrument: Instrument, settings: Serving, name: str = "", metrics: Metrics | None = None
    ) -> None:
        self.name = name or instrument.name
        self._together = Together(instrument.steps, instrument.distribution)
        self._settings, self._metrics = settings, metrics
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None
        # all of these only while `_changed` is held
        self._entering: deque[_Seat] = deque()
        self._waiting: deque[_Seat] = deque()
        self._rows = 0  # of those who play or enter
        self._aside = 0
        self._woken = False
        self._closed = False
        self._usual = 0.1  # seconds that a course takes, as of late

    async def play(
        self,
        course: Course[T],
        rows: int,
        told: Callable[[Drawn], object] | None = None,
        flow: Flow[Any] | None = None,
    ) -> T:
        """What a course of so many rows was for.

        `told` hears what is drawn, in the scheduler's thread, before the course goes on; what it puts into `flow` is on
        its way to the reader after the round, and where that is full the course rests. Raises what the course raises,
        BusyError where too many wait already, LateError after the seconds that a request may take.
        """
        seat = _Seat(Player(course, told), rows, flow, time.monotonic() + self._settings.seconds)
        self._enter(seat)
        try:
            found: T = await seat.future
            return found
        except asyncio.CancelledError:
            seat.gone = True
            self.wake()
            raise

    async def aside(self, work: Callable[[], T]) -> T:
        """What is no course, done beside the rounds, one piece of work after the other. Raises as `play` does."""
        with self._changed:
            self._refuse_if_closed()
            if self._aside > self._settings.waiting:
                raise self._busy(self._aside)
            self._aside += 1
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, f"beside {self.name}")
            try:
                future = self._pool.submit(work)
            except BaseException:
                self._aside -= 1
                raise
        future.add_done_callback(lambda _: self._done_aside())
        try:
            async with asyncio.timeout(self._settings.seconds):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise self._late() from error
        except asyncio.CancelledError:
            if self._closed:  # not the one who waits gave it up
                raise _closing() from None
            raise

    def wake(self) -> None:
        """Has the thread look around: somebody left, or a reader took something."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    @property
    def live(self) -> int:
        """How many requests it has, waiting ones included."""
        with self._changed:
            return self._seated + len(self._entering) + len(self._waiting)

    def close(self) -> None:
        """Ends everything; whoever waits is told. To be called once nobody asks any more, or to have it so."""
        with self._changed:
            self._closed = self._woken = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSING)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    # ── who comes in ───────────────────────────────────────────────────────────────────────────────────────────────

    _seated = 0  # how many play; written by the thread alone

    def _enter(self, seat: _Seat) -> None:
        with self._changed:
            self._refuse_if_closed()
            if self._fits(seat) and not self._waiting:
                self._take_in(seat)
            elif len(self._waiting) < self._settings.waiting:
                self._waiting.append(seat)
            else:
                raise self._busy(len(self._waiting))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"plays {self.name}", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _fits(self, seat: _Seat) -> bool:
        return self._rows == 0 or self._rows + seat.rows <= self._settings.playing

    def _take_in(self, seat: _Seat) -> None:
        seat.admitted = True
        self._rows += seat.rows
        self._entering.append(seat)

    def _done_aside(self) -> None:
        with self._changed:
            self._aside -= 1

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise _closing()

    def _busy(self, waiting: int) -> BusyError:
        after = min(60.0, max(1.0, self._usual * (waiting + 1) / max(1, self._seated)))
        return BusyError(
            f"{waiting} requests wait for '{self.name}' already.", f"Ask again in {math.ceil(after)} s.", after
        )

    def _late(self) -> LateError:
        return LateError(
            f"It was not done after {self._settings.seconds:g} seconds, which is what a request may take.",
            "Ask for less at once, or when fewer people play.",
        )

    # ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        seats: list[_Seat] = []
        looked = began = time.monotonic()
        entering: list[_Seat] = []
        left: list[_Seat] = []
        while True:
            # these are read as they stand; what is missed now is seen a round later
            if self._woken or self._entering or began - looked > _LOOK or not any(map(_may_go_on, seats)):
                entering, left = self._look_around(seats)
                looked = time.monotonic()
                seats += entering
            began = time.monotonic()
            rows = self._round(seats, entering, began)
            ended = [seat for seat in seats if seat.player.done]
            if ended:
                seats = [seat for seat in seats if not seat.player.done]
            self._after_round(seats, [*ended, *left], began)
            if self._metrics is not None and rows:
                self._metrics.round(self.name, rows, time.monotonic() - began)
            if self._closed and not seats:
                return
            entering, left = [], []

    def _look_around(self, seats: Sequence[_Seat]) -> tuple[list[_Seat], list[_Seat]]:
        """Who comes in, and who waited and will not play; waits where there is nothing to do."""
        with self._changed:
            if not (self._closed or self._woken or self._entering or any(map(_may_go_on, seats))):
                self._changed.wait(_LOOK if seats or self._waiting else None)
            self._woken, now = False, time.monotonic()
            entering = list(self._entering)
            self._entering.clear()
            left = [seat for seat in self._waiting if seat.gone or seat.until < now or self._closed]
            self._waiting = deque(seat for seat in self._waiting if seat not in left)
        for seat in left:
            seat.player.close(self._late() if seat.until < now else _closing())
        return entering, left

    def _round(self, seats: Sequence[_Seat], entering: Iterable[_Seat], now: float) -> int:
        """Everybody's next step, and the rows that were stepped; whoever is gone, late or sent away ends here."""
        playing = []
        for seat in seats:
            if seat.gone:
                seat.player.close()
            elif self._closed:
                seat.player.close(_closing())
            elif seat.until < now:
                seat.player.close(self._late())
            elif _may_go_on(seat):
                seat.rested = 0.0
                playing.append(seat.player)
            elif not seat.rested:
                seat.rested = now
            elif now - seat.rested > _PATIENCE:
                seat.player.close(LateError("What is played was not taken.", "Read faster, or ask for less at once."))
        try:
            for seat in entering:
                if not seat.player.done:
                    seat.player.advance()
            return self._together.round(playing)
        except Exception as error:  # a fault of ours: better that everybody hears of it than that nobody plays again
            _log.error("A round of '%s' failed with %s.", self.name, type(error).__name__)
            for player in playing:
                player.close(error)
            return 0

    def _after_round(self, seats: Sequence[_Seat], ended: Sequence[_Seat], now: float) -> None:
        """Room for those who wait, and all that there is to tell, in one call for each loop."""
        if ended:
            with self._changed:
                for seat in ended:
                    self._rows -= seat.rows if seat.admitted else 0
                    self._usual += 0.05 * (now - (seat.until - self._settings.seconds) - self._usual)
                while self._waiting and self._fits(self._waiting[0]):
                    self._take_in(self._waiting.popleft())
        if self._seated != len(seats):
            self._seated = len(seats)
            if self._metrics is not None:
                self._metrics.live(self.name, len(seats))
                self._metrics.waiting(self.name, len(self._waiting))
        calls: dict[asyncio.AbstractEventLoop, tuple[list[_Seat], list[Flow[Any]]]] = {}
        for seat in ended:
            calls.setdefault(seat.loop, ([], []))[0].append(seat)
        for seat in (*seats, *ended):
            if seat.flow is not None and seat.flow.has_news:
                calls.setdefault(seat.loop, ([], []))[1].append(seat.flow)
        for loop, (done, flows) in calls.items():
            try:
                loop.call_soon_threadsafe(_deliver, done, flows)
            except RuntimeError:  # that loop is closed: nobody listens any more
                continue


def _may_go_on(seat: _Seat) -> bool:
    return seat.flow is None or not seat.flow.full


def _closing() -> LateError:
    return LateError("The server is closing.", "Ask again when it is back.")


def _deliver(seats: Sequence[_Seat], flows: Iterable[Flow[Any]]) -> None:
    """In the loop: what became of courses, and that readers have something to take."""
    for flow in flows:
        flow.tell()
    for seat in seats:
        if seat.future.done():
            continue
        if seat.player.error is not None:
            seat.future.set_exception(seat.player.error)
        else:
            seat.future.set_result(seat.player.result)
