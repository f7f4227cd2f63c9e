"""A room full of people: who may come in, who is here, and that nobody is remembered.

Whoever knows the code joins under a name and gets a workspace with a token of its own; everything else is closed to
others. What stands here of a person is the name, how much they asked for, and when; it goes when they leave, when
somebody else needs their place, and when the process ends. It is on no disk at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import unicodedata
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, final
from weakref import WeakKeyDictionary

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse

from undersong.errors import UsageError
from undersong.serving.failures import RefusedError, failed
from undersong.serving.invitation import new_code, plain_code
from undersong.serving.limits import Bucket, Buckets, neighbourhood
from undersong.serving.workspaces import workspace

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from undersong.serving.settings import Serving
    from undersong.serving.workspaces import Workspace, Workspaces

__all__ = ["PAGE", "Classroom", "Doorkeeper", "Row", "open_room"]

PAGE = "/classroom"

_OPEN = frozenset({PAGE, f"{PAGE}/join", f"{PAGE}/me", "/healthz", "/favicon.ico"})
_GUESSES = 6.0  # a minute from one address
_ALL_GUESSES = 60.0  # a minute from everywhere: at this rate half of the codes take a month
_SHORTEST = 6  # letters of a code
_AWAY = 900.0  # seconds without a word, after which a place may go to somebody who has none
_LETTERS = 40  # of a name

_asking: ContextVar[Workspace | None] = ContextVar("asking", default=None)
"""Who asks, wherever something is done for them."""


@final
@dataclass(frozen=True)
class Row:
    """One person, as whoever teaches sees them. `joined` and `seen` are seconds ago."""

    name: str
    requests: int
    played: int
    """What was played for them, in the media's measures."""
    joined: float
    seen: float


@final
class _Tally:
    """What is counted of one person."""

    def __init__(self, joined: float) -> None:
        self.joined = joined
        self.requests = 0
        self.played = 0


@final
class Classroom:
    """Everybody in the room. Threads may share it."""

    def __init__(self, settings: Serving, workspaces: Workspaces, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises UsageError for settings under which what the page promises would not be true."""
        if settings.workers > 1:
            raise UsageError("A room is one process, which knows everybody in it.", "Leave out --workers.")
        if settings.log_works:
            raise UsageError("Whoever joins a room is told that nothing they write is kept.", "Leave out --log-works.")
        self.code = settings.join_code or new_code()
        if len(plain_code(self.code)) < _SHORTEST:
            raise UsageError(
                f"The code '{self.code[:40]}' has less than {_SHORTEST} letters.", "Leave it out for a new one."
            )
        self._settings = settings
        self._workspaces = workspaces
        self._clock = clock
        self._guesses = Buckets(_GUESSES, _GUESSES, clock=clock)
        self._all_guesses = Bucket(_ALL_GUESSES, _ALL_GUESSES, clock)
        self._tallies: WeakKeyDictionary[Workspace, _Tally] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def join(self, code: str, name: str, address: str, before: Workspace | None = None) -> tuple[str, Workspace]:
        """A workspace for somebody who comes in from that address, and the token that opens it.

        `before` is who they were here until now: whoever comes in twice takes one place. Raises RefusedError for a
        wrong code and for too many of them, UsageError for a name of nothing and where nobody more fits in.
        """
        self._try(code, neighbourhood(address))
        name = _harmless(name)
        if not name:
            raise UsageError("Somebody without a name cannot join.", "Say what you want to be called.")
        with self._lock:
            if before is not None and before.joined:
                self.leave(before)
            self._make_room()
            token, made = self._workspaces.join(self._own(name))
            self._tallies[made] = _Tally(self._clock())
        return token, made

    def _try(self, code: str, asker: str) -> None:
        """Raises RefusedError unless the code is the right one. A right one costs nobody a guess."""
        buckets = (lambda cost: self._guesses.take(asker, cost), self._all_guesses.take)
        wait = max(take(1.0) for take in buckets)
        if wait > 0:
            later = {"Retry-After": str(int(wait) + 1)}
            raise RefusedError(
                "Too many codes were tried.", f"Wait {int(wait) + 1} seconds, and ask for the code once more.",
                status=429, code="too_many_guesses", headers=later,
            )  # fmt: skip
        if not hmac.compare_digest(_digest(code), _digest(self.code)):
            raise RefusedError(
                "This is not the code of the room.", "It stands on the screen of whoever teaches.",
                status=403, code="wrong_code",
            )  # fmt: skip
        for take in buckets:
            take(-1.0)  # given back

    def _make_room(self) -> None:
        """Where all places are taken, that of whoever has been away longest becomes free."""
        joined = self.people()
        if len(joined) < self._settings.people:
            return
        away = [person for person in joined if not person.sockets and self._clock() - person.seen > _AWAY]
        if away:
            self.leave(min(away, key=lambda person: person.seen))

    def _own(self, name: str) -> str:
        """The name, with a number where somebody else goes by it."""
        taken = {person.name.casefold() for person in self.people()}
        names = (name, *(f"{name[: _LETTERS - 4]} {number}" for number in range(2, len(taken) + 3)))
        return next(each for each in names if each.casefold() not in taken)

    def people(self) -> list[Workspace]:
        """Who has joined."""
        return [person for person in self._workspaces if person.joined]

    def leave(self, person: Workspace) -> None:
        """Forget somebody: their sessions, their name, and the token that let them in."""
        self._tallies.pop(person, None)
        self._workspaces.leave(person)

    def forget(self) -> None:
        """Forget everybody."""
        for person in self.people():
            self.leave(person)

    # ── what is counted ────────────────────────────────────────────────────────────────────────────────────────────

    def asked(self, person: Workspace) -> None:
        """Somebody asked for something."""
        if tally := self._tallies.get(person):
            tally.requests += 1

    def played(self, model: str, amount: int) -> None:
        """So much was played for whoever asks just now, in the measure of the medium."""
        person = _asking.get()
        if person is not None and (tally := self._tallies.get(person)):
            tally.played += amount

    def board(self) -> list[Row]:
        """Who is here, by name."""
        now, rows = self._clock(), []
        for person in self.people():
            if tally := self._tallies.get(person):
                seen = max(0.0, now - person.seen)
                rows.append(Row(person.name, tally.requests, tally.played, max(0.0, now - tally.joined), seen))
        return sorted(rows, key=lambda row: row.name.casefold())


def _digest(code: str) -> bytes:
    """Of one length whatever the code is, so that comparing tells nothing about it."""
    return hashlib.sha256(plain_code(code).encode("utf-8", "surrogateescape")).digest()


def _harmless(name: str) -> str:
    """The name in one line, without what steers a terminal or turns the order of letters round (Unicode's C, Z)."""
    kept = (" " if unicodedata.category(letter)[0] == "Z" else letter for letter in name[: 4 * _LETTERS])
    shown = "".join(letter for letter in kept if letter.isspace() or unicodedata.category(letter)[0] != "C")
    return " ".join(shown.split())[:_LETTERS].strip()


# ── at the door ────────────────────────────────────────────────────────────────────────────────────────────────────


def open_room(app: FastAPI) -> Classroom:
    """The room of an application whose settings ask for one; opened when this is first called."""
    room: Classroom | None = getattr(app.state, "classroom", None)
    if room is None:
        house = app.state.house
        room = app.state.classroom = Classroom(house.settings, house.workspaces)
        house.metrics.listeners.append(room.played)
        # innermost: whatever guards the server has looked at the request before
        app.user_middleware.append(Middleware(Doorkeeper, room=room, key=house.settings.key is not None))
        if app.middleware_stack is not None:  # it answers already
            app.middleware_stack = app.build_middleware_stack()
    return room


@final
class Doorkeeper:
    """Lets in who has joined, and counts what they ask for. An ASGI application around another."""

    def __init__(self, app: ASGIApp, room: Classroom, key: bool = False) -> None:
        """`key` says that the server has one; whoever brought it (`guarding.py` looked) is no pupil, and may ask."""
        self._app = app
        self._room = room
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["path"].rstrip("/") in _OPEN:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        person = workspace(connection)
        if person.joined:
            self._room.asked(person)
            before = _asking.set(person)
            try:
                await self._app(scope, receive, send)
            finally:
                _asking.reset(before)
        elif self._key and scope.get("state", {}).get("known"):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/":
            await self._at_the_door(connection, scope, receive, send)
        else:
            await _refuse(scope, receive, send)

    async def _at_the_door(self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        """Whoever typed the bare address is shown in; a browser takes along what stands behind the #."""
        if "html" in connection.headers.get("accept", ""):
            await RedirectResponse(PAGE, 303)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    error = RefusedError(
        "Only those who have joined the room can ask here.", f"Join it at {PAGE}, with the code of whoever teaches.",
        status=401, code="not_joined", headers={"WWW-Authenticate": "Bearer"},
    )  # fmt: skip
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await failed(error).reply()(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": error.what})
