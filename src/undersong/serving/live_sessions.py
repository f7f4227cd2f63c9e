"""Live histories on the server, by their ids: a bounded number of them, each as it stands now.

A `Session` is a value; what changes is which value an id stands for. Whoever changes it holds its lock, so that what
two sockets ask of one history is done one after the other.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from undersong.errors import UnknownNameError, UsageError
from undersong.playing.sessions.candidates import Candidate
from undersong.playing.sessions.past import Past
from undersong.playing.sessions.session import Session

if TYPE_CHECKING:
    from undersong.serving.house import Voice

__all__ = ["LiveSession", "LiveSessions", "Offered"]

_KEPT = 900.0  # seconds without a word: a laptop that was shut for a moment finds its session again
_OFFERED = 64  # suggestions that may still be accepted
_REWRITTEN = 2_000_000  # events: 16 MB of symbols


@final
@dataclass(frozen=True)
class Offered:
    """A suggestion: of which session value it is, and which events it takes the place of, where it is not the end."""

    candidate: Candidate
    to: Session
    place: tuple[int, int] | None = None


@final
@dataclass(eq=False)
class LiveSession:
    """One history: where it stands, what was suggested for it, and whether somebody plays in it just now."""

    voice: Voice
    session: Session
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    seen: float = 0.0
    held: int = 0
    """How many sockets have it in hand: while one has, it is not forgotten for being left alone."""
    streams: set[threading.Event] = field(default_factory=set)
    """Of all that streams in it, or is about to: each is set to have it end, and read by the thread that plays."""
    gone: bool = False
    """Whether it was closed or forgotten."""
    arrived: tuple[Past, Mapping[str, Any]] | None = None
    """What came with it from elsewhere, and for which past: while nothing changes it goes on elsewhere just so."""
    rewritten: int = 0
    """Events that changes in the middle have made anew, which are kept to be undone."""
    _offered: OrderedDict[str, Offered] = field(default_factory=OrderedDict)
    _asked: int = 0

    def offer(self, candidates: Sequence[Candidate], place: tuple[int, int] | None = None) -> list[str]:
        """Remembers suggestions for the session as it stands, and gives each a name."""
        self._asked += 1
        names = [f"{self._asked}.{number}" for number in range(1, len(candidates) + 1)]
        for name, candidate in zip(names, candidates, strict=True):
            self._offered[name] = Offered(candidate, self.session, place)
        while len(self._offered) > max(_OFFERED, len(names)):
            self._offered.popitem(last=False)
        return names

    def offered(self, name: str) -> Offered:
        """A suggestion that may still be accepted.

        Raises UnknownNameError where there was none, UsageError where the session has gone on since.
        """
        found = self._offered.get(name)
        if found is None:
            raise UnknownNameError(f"No suggestion '{name[:40]}' was made, or it was too long ago.", "Ask again.")
        if found.to.past is not self.session.past:
            raise UsageError(
                f"The session has changed since '{name[:40]}' was suggested, which does not go with it any more.",
                "Ask again.",
            )
        return found

    def change(self, session: Session, rewritten: int = 0) -> None:
        """Let it stand there from now on, so many events having been written anew for that.

        Raises UsageError where all that could be undone would take too much room.
        """
        if self.rewritten + rewritten > _REWRITTEN:
            raise UsageError(
                "So much was changed in the midst of this session that no more of it can be kept to be undone.",
                "Export it and import it again: nothing can be undone then, and everything changed.",
            )
        self.rewritten += rewritten
        self.session = session

    def stop(self) -> int:
        """Have all that streams in it end where it is; how many streams that are."""
        for stopping in self.streams:
            stopping.set()
        return len(self.streams)

    def close(self) -> None:
        """End what streams in it, for good."""
        self.gone = True
        self.stop()


@final
class LiveSessions:
    """One person's, of which so many are kept: the one that was left alone longest gives way."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._by_id: OrderedDict[str, LiveSession] = OrderedDict()  # who was asked last standing last

    def add(self, voice: Voice, session: Session) -> LiveSession:
        """A history under a new id."""
        self.tidy()
        while len(self._by_id) >= self._most:
            self._by_id.popitem(last=False)[1].close()
        made = LiveSession(voice, session, seen=self._clock())
        self._by_id[made.id] = made
        return made

    def get(self, name: str) -> LiveSession:
        """The history of that id. Raises UnknownNameError for an unknown one, and for another person's."""
        self.tidy()
        found = self._by_id.get(name)
        if found is None:
            raise UnknownNameError(
                f"There is no session '{name[:40]}' here.",
                f"It was closed, or left alone for {_KEPT / 60:.0f} minutes, or is somebody else's: begin one.",
            )
        found.seen = self._clock()
        self._by_id.move_to_end(name)
        return found

    def drop(self, name: str) -> None:
        """Forget one. Raises UnknownNameError."""
        self.get(name).close()
        del self._by_id[name]

    def tidy(self) -> None:
        """Forget those that nobody came back to."""
        now = self._clock()
        for name, live in list(self._by_id.items()):
            if now - live.seen <= _KEPT:
                return
            if not live.held:
                live.close()
                del self._by_id[name]

    def forget(self) -> None:
        """Forget all."""
        lives = tuple(self._by_id.values())
        self._by_id.clear()
        for live in lives:
            live.close()

    def __iter__(self) -> Iterator[LiveSession]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)
