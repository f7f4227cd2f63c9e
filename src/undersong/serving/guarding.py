"""What stands before every route: who may ask, how much, how often and for how long.

In this order, and nothing of a request is looked at before all that comes earlier has let it pass:

    head       address and headers are not longer than anybody's
    name       the Host header names this server (`doors.py`)
    page       no page of another origin, WebSockets included, unless it is listed; then CORS
    address    so many requests a minute from one address, this machine's own aside
    key        in constant time; in a classroom it is asked for further in, of who has not joined (`classroom.py`)
    body       read whole, so many bytes at most, in so many seconds (`bodies.py`)
    time       the whole answer, a stream's included; courses end by themselves a little earlier

Plain ASGI: streams and WebSockets pass through as they are. Whatever happens inside, the answer ends properly and says
nothing of what the server is made of (`watching.py`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, final

from undersong.serving import bodies
from undersong.serving.doors import Doors, check, is_loopback, preflight
from undersong.serving.failures import RefusedError, unforeseen
from undersong.serving.limits import Buckets, neighbourhood, retry_after
from undersong.serving.watching import Answer, hush

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from undersong.serving.settings import Serving

__all__ = ["GRACE", "HEAD", "Guard", "check", "guarded", "is_loopback"]

GRACE = 5.0
"""Seconds beyond those of the settings: what plays ends by itself when they are over, and says so in its own words."""

HEAD = 32_768
"""Bytes of a request's address and headers together."""

_A_ROOM = 10  # people who may sit behind one address


def guarded(app: FastAPI, settings: Serving) -> FastAPI:
    """The same application, behind its guard; a classroom's also asks who has joined.

    Raises UsageError for settings that are not safe.
    """
    check(settings)
    if not settings.log_works:
        hush("uvicorn.access", "uvicorn.error")  # whoever serves it: uvicorn's own log has every address whole
    if settings.classroom:
        from undersong.serving.classroom import open_room

        open_room(app)
    app.add_middleware(Guard, settings=settings)
    return app


@final
class Guard:
    """An ASGI application around another, whose `app.state.house` it counts in."""

    def __init__(self, app: ASGIApp, settings: Serving) -> None:
        self._app = app
        self._settings = settings
        self._doors = Doors(settings)
        people = max(_A_ROOM, settings.people if settings.classroom else 0)
        self._addresses = Buckets(settings.requests_a_minute * people)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = Answer(scope, send, scope["app"].state.house.metrics, self._settings.log_works)
        try:
            await self._answer(scope, receive, answer)
        except RefusedError as error:
            await answer.refuse(error)
        except bodies.GoneError:
            pass
        except asyncio.CancelledError:  # the server stops, and has waited long enough
            await answer.refuse(
                RefusedError("The server is stopping.", status=503, code="stopping", headers={"Retry-After": "5"})
            )
        except Exception as error:
            if not isinstance(error, OSError):  # the other end went away
                told = unforeseen(error)
                await answer.refuse(RefusedError(told.what, told.do, status=500, code="unforeseen"))
        finally:
            answer.tell()

    async def _answer(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Raises RefusedError, and whatever the application raises."""
        _not_too_long(scope)
        self._doors.called_rightly(scope)
        if self._doors.origins:
            answer.headers["vary"] = "Origin"
        page = self._doors.from_here(scope)
        if page is not None:
            answer.headers["access-control-allow-origin"] = page
            answer.headers["access-control-expose-headers"] = "Retry-After"
            allowed = preflight(scope)
            if allowed is not None:
                answer.headers |= allowed
                await answer.send({"type": "http.response.start", "status": 204, "headers": []})
                await answer.send({"type": "http.response.body", "body": b""})
                return
        self._not_too_often(scope)
        self._allowed_in(scope)
        if scope["type"] == "websocket":
            await self._app(scope, receive, answer.send)
            return
        read = await bodies.read(scope, receive, self._settings.body_bytes)
        try:
            async with asyncio.timeout(self._settings.seconds + GRACE) as limit:
                await self._app(scope, read, answer.send)
        except TimeoutError:
            if not limit.expired():
                raise
            what = f"This took longer than {self._settings.seconds:g} seconds, which is what a request may take."
            raise RefusedError(what, "Ask for less at once.", status=503, code="too_slow") from None

    def _not_too_often(self, scope: Scope) -> None:
        """Raises RefusedError for an address that asks too often. One's own machine may ask as often as it likes."""
        address = (scope.get("client") or ("", 0))[0]
        if is_loopback(address):
            return
        wait = self._addresses.take(neighbourhood(address))
        if wait > 0:
            later = {"Retry-After": retry_after(wait)}
            what = "More is asked from this address than this server answers in a minute."
            raise RefusedError(what, "Ask again later.", status=429, code="too_often", headers=later)

    def _allowed_in(self, scope: Scope) -> None:
        """Raises RefusedError for whoever brings no key; others further in are told whether it was brought."""
        known = self._doors.knows(scope)
        scope["state"] = {**scope.get("state", {}), "known": known}
        if known or self._settings.classroom or self._doors.is_open(scope["path"]):
            return
        raise RefusedError(
            "This server asks for a key, and it was not brought.", "Send it as `Authorization: Bearer` and the key.",
            status=401, code="no_key", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip


def _not_too_long(scope: Scope) -> None:
    """Raises RefusedError for a head of more than `HEAD` bytes; h11 lets one pass that comes in one piece."""
    headers = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if headers + len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > HEAD:
        what = f"The address and headers of a request may have {HEAD:,} bytes, and these have more."
        close = {"Connection": "close"}
        raise RefusedError(what, "Send what is long in the body.", status=431, code="long_head", headers=close)
