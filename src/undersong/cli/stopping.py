"""Ctrl-C once: finish the step, save, export, say how to go on. Twice: now. SIGTERM counts as the first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from undersong.cli.saying import say

__all__ = ["Stop", "stopping"]


class Stop:
    """Whether somebody asked to stop; `gently` is set once there is something to save."""

    def __init__(self) -> None:
        self.asked = False
        self.gently = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.gently or self.asked:
            raise KeyboardInterrupt
        self.asked = True
        say("\nFinishing this step and saving. Once more to stop at once.")


@contextmanager
def stopping() -> Iterator[Stop]:
    """Answer signals while learning; as before afterwards."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
