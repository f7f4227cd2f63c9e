"""What will be asked for soon, worked out in the background while a person thinks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar, final

from undersong.errors import UsageError
from undersong.playing.courses import Course, while_wanted

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["Prefetched"]

T = TypeVar("T")


@final
class Prefetched(Generic[T]):
    """A course that is played in a thread of its own, from the moment this is made."""

    def __init__(self, instrument: Instrument, course: Course[T]) -> None:
        self._instrument = instrument
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._found: list[T] = []
        self._failure: BaseException | None = None
        thread = threading.Thread(target=self._play, args=(course,), name="undersong prefetch", daemon=True)
        thread.start()

    @property
    def ready(self) -> bool:
        """Whether `result` need not wait."""
        return self._over.is_set()

    def result(self) -> T:
        """What the course was for, as soon as it is there.

        Raises what the course raises, in the thread that asks, and UsageError where it was cancelled.
        """
        self._over.wait()
        if self._failure is not None:
            raise self._failure
        if not self._found:
            raise UsageError("This was cancelled before it was there.", "Ask for it again.")
        return self._found[0]

    def cancel(self) -> None:
        """Not wanted any more: the thread ends before its next step. What is there already stays."""
        self._cancelled.set()

    def _play(self, course: Course[T]) -> None:
        try:
            found = self._instrument.play(while_wanted(course, lambda: not self._cancelled.is_set()))
            if found is not None:
                self._found.append(found)
        except BaseException as error:  # whoever asks for the result wants to know
            self._failure = error
        finally:
            self._over.set()
