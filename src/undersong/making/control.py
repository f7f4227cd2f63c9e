"""How a learner heeds what another process asks of it: between two steps it pauses, goes on, or stops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, final

from undersong.keeping.control import Asked, say_doing
from undersong.keeping.run_folder import RunFolder
from undersong.making.moments import Observer, Paused, Resumed

__all__ = ["Control", "Heeded"]

_LOOK_EVERY = 0.15  # seconds between two looks while it is paused


class Heeded(NamedTuple):
    """Whether to stop now, and how many seconds it was paused, by which a budget's clock is to be moved on."""

    stop: bool
    seconds: float


@final
class Control:
    """What the learner that holds `folder` asks after every step.

    `elapsed` is its clock, `tell` hears of the pause and of its end, and `save` keeps what was learned so far: who
    pauses may close the lid, or never come back.
    """

    def __init__(
        self, folder: RunFolder, elapsed: Callable[[], float], tell: Observer, save: Callable[[], None]
    ) -> None:
        self.folder, self.elapsed, self.tell, self.save = folder, elapsed, tell, save
        self.asked = Asked(folder)

    def heed(self, should_stop: Callable[[], bool] = lambda: False) -> Heeded:
        """Do as was asked: come back at once, or when a pause is over; `should_stop` ends that, too."""
        what = self.asked.now()
        if what == "pause":
            return self._pause(should_stop)
        if what == "stop":
            say_doing(self.folder, "stopping")
        return Heeded(what == "stop", 0.0)

    def _pause(self, should_stop: Callable[[], bool]) -> Heeded:
        began, elapsed = time.monotonic(), self.elapsed()
        self.save()
        say_doing(self.folder, "paused")
        self.tell(Paused(elapsed, str(self.folder.path)))
        stop = False
        while not stop and self.asked.now() == "pause":
            time.sleep(_LOOK_EVERY)
            stop = should_stop()
        stop = stop or self.asked.now() == "stop"
        seconds = time.monotonic() - began
        say_doing(self.folder, "stopping" if stop else "learning")
        if not stop:
            self.tell(Resumed(elapsed, seconds))
        return Heeded(stop, seconds)
