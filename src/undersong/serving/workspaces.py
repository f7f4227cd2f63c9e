"""One workspace for each person: their live sessions, what they may still ask for, the name they go by.

Who somebody is is found in this order: the cookie `undersong_workspace`, the header `Authorization: Bearer …`, and for
whoever brings no token of their own the address they come from. Nothing of a workspace is ever on a disk, what nobody
came back to is forgotten, and what lies in one is not found from another.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, final

from fastapi import Depends
from starlette.requests import HTTPConnection

from undersong.errors import UsageError
from undersong.serving.failures import BusyError
from undersong.serving.limits import Bucket, neighbourhood
from undersong.serving.live_sessions import LiveSessions

if TYPE_CHECKING:
    from undersong.serving.settings import Serving

__all__ = ["COOKIE", "Person", "Workspace", "Workspaces", "workspace"]

COOKIE = "undersong_workspace"
"""The cookie that holds a person's token."""

_MOST = 1_000  # workspaces of people who were not asked to join: some kilobytes each while they are empty
_IDLE = 3_600.0  # seconds without a word, after which a workspace that nobody joined is forgotten
_TOKEN = range(16, 513)  # characters: shorter ones may be guessed
_NAME = 40  # characters


@final
class Workspace:
    """What one person has on this server; only in memory."""

    def __init__(
        self, name: str, settings: Serving, joined: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = secrets.token_hex(6)
        """Says which it is to others, and opens nothing."""
        self.name = name
        self.joined = joined
        """Whether a token was given out for it, so that it stays until it is forgotten on purpose."""
        self.sessions = LiveSessions(settings.sessions, clock)
        self.sockets = 0
        """How many WebSockets of this person are open."""
        self.seen = clock()
        self.gone = False
        """Whether it was forgotten, so that nothing should be put into it any more."""
        self.farewells: set[Callable[[], None]] = set()
        """What is called when it is forgotten: whoever is connected is sent away."""
        self._bucket = Bucket(settings.requests_a_minute, clock=clock)

    def allow(self, cost: float = 1.0) -> None:
        """Take what a request costs. Raises BusyError, with the seconds to wait, where it is too much just now."""
        wait = self._bucket.take(cost)
        if wait > 0:
            raise BusyError(
                f"You asked for more than this server gives one person in a minute; wait {wait:.1f} seconds.",
                "Ask for less at once, or less often.",
                wait,
            )

    def forget(self) -> None:
        """Drop every session, and stop what plays in it; whoever is still connected is sent away."""
        self.gone = True
        self.sessions.forget()
        for farewell in tuple(self.farewells):
            farewell()


@final
class Workspaces:
    """Everybody's. In a classroom only tokens that were given out count; else anybody may bring one of their own.

    Threads may share it.
    """

    def __init__(self, settings: Serving, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._by_token: OrderedDict[str, Workspace] = OrderedDict()  # by digest, who came last standing last
        self._looked = clock()
        self._lock = threading.RLock()

    def of(self, connection: HTTPConnection) -> Workspace:
        """The workspace of whoever asks."""
        with self._lock:
            return self._of(connection)

    def _of(self, connection: HTTPConnection) -> Workspace:
        self._tidy()
        own = [token for token in _tokens(connection) if not self._is_key(token)]
        for token in own:
            if found := self.find(token):
                return found
        if self.settings.classroom or not own:
            host = neighbourhood(connection.client.host if connection.client else "")
            return self._made(f"address {host}", "anonymous")
        return self._made(_digest(own[0]), "anonymous")

    def find(self, token: str) -> Workspace | None:
        """The workspace that this token opens, None where it opens none."""
        digest = _digest(token)
        with self._lock:
            found = self._by_token.get(digest)
            return None if found is None else self._came(digest, found)

    def join(self, name: str) -> tuple[str, Workspace]:
        """A new workspace for somebody who goes by that name, and the token that opens it.

        Raises UsageError for a name of nothing, and where `people` have joined already.
        """
        name = " ".join(name.split())[:_NAME]
        if not name:
            raise UsageError("Somebody without a name cannot join.", "Say what you want to be called.")
        token = secrets.token_urlsafe(24)
        with self._lock:
            joined = sum(each.joined for each in self)
            if joined >= self.settings.people:
                raise UsageError(
                    f"{joined} people have joined, and more do not fit.", "Start the server with more --people."
                )
            made = self._by_token[_digest(token)] = Workspace(name, self.settings, True, self._clock)
        return token, made

    def leave(self, made: Workspace) -> None:
        """Forget one workspace, and its token with it."""
        with self._lock:
            for token in [token for token, each in self._by_token.items() if each is made]:
                del self._by_token[token]
        made.forget()

    def forget(self) -> None:
        """Forget everybody."""
        for made in list(self):
            self.leave(made)

    def __iter__(self) -> Iterator[Workspace]:
        """Who is here, who came last standing last."""
        with self._lock:
            return iter(tuple(self._by_token.values()))

    def __len__(self) -> int:
        return len(self._by_token)

    def _made(self, digest: str, name: str) -> Workspace:
        """The workspace under this digest, made where there is none; of those nobody joined the oldest gives way."""
        if found := self._by_token.get(digest):
            return self._came(digest, found)
        fleeting = [each for each in self if not each.joined and not each.sockets]
        for old in fleeting[: max(0, len(fleeting) + 1 - _MOST)]:
            self.leave(old)
        made = self._by_token[digest] = Workspace(name, self.settings, clock=self._clock)
        return made

    def _came(self, digest: str, found: Workspace) -> Workspace:
        found.seen = self._clock()
        self._by_token.move_to_end(digest)
        return found

    def _is_key(self, token: str) -> bool:
        """Whether it is the server's own key, which is everybody's and says nothing about who it is."""
        key = self.settings.key
        return key is not None and hmac.compare_digest(token.encode(), key.encode())

    def _tidy(self) -> None:
        """Once in a minute: sessions that nobody came back to, and workspaces that nobody joined or uses."""
        now = self._clock()
        if now - self._looked < 60:
            return
        self._looked = now
        for made in list(self):
            made.sessions.tidy()
            if not made.joined and not made.sockets and now - made.seen > _IDLE:
                self.leave(made)


def workspace(connection: HTTPConnection) -> Workspace:
    """Whose request this is."""
    found: Workspace = connection.app.state.house.workspaces.of(connection)
    return found


async def _whose(connection: HTTPConnection) -> Workspace:
    """The same without a detour over another thread, which is where what does not wait for anything else is sent."""
    return workspace(connection)


Person = Annotated[Workspace, Depends(_whose)]
"""What a route that wants to know declares: `async def score(asked: …, person: Person)`."""


def _tokens(connection: HTTPConnection) -> list[str]:
    """The tokens somebody brings: of the cookie, of the header."""
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    given = [connection.cookies.get(COOKIE, ""), bearer.strip() if scheme.lower() == "bearer" else ""]
    return [token for token in given if len(token) in _TOKEN]


def _digest(token: str) -> str:
    """What stands for a token here: to look one up tells nothing about another."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
