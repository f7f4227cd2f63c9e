"""What goes wrong, as an answer: {"error": {"message", "type", "code", "param", "do"}}, never a traceback.

`type` and the status are those that clients of OpenAI's interface know; `do` says what to do about it. Whatever nobody
foresaw is told by a number that also stands in the log, where nothing of what the person wrote ever does.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import extract_tb
from typing import Any, final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from undersong.errors import ConstraintError, InputError, UndersongError, UnknownNameError, UsageError
from undersong.serving.limits import retry_after
from undersong.serving.replies import Reply

__all__ = [
    "BusyError", "Failed", "LateError", "RefusedError", "Unforeseen", "about", "failed", "handle", "unforeseen",
]  # fmt: skip

_log = logging.getLogger("undersong.serving")


class BusyError(UndersongError):
    """Too many wait already; in `retry_after` seconds there may be room."""

    def __init__(self, what: str, do: str = "", retry_after: float = 1.0) -> None:
        super().__init__(what, do)
        self.retry_after = retry_after


class LateError(UndersongError):
    """It was not done in the time that a request may take, or the server closes."""


class RefusedError(UndersongError):
    """The server will not do this for whoever asks, whatever the instrument could: `status` says in which way."""

    def __init__(self, what: str, do: str = "", *, status: int, code: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(what, do)
        self.status, self.code, self.headers = status, code, headers


_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_PARAM = "undersong_param"


@final
@dataclass(frozen=True)
class Failed:
    """A failure as it is answered: the status, what stands in `error`, and headers."""

    status: int
    what: str
    do: str = ""
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        kind = _TYPES.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        told = {"message": self.what, "type": kind, "code": self.code, "param": self.param, "do": self.do or None}
        return {"error": told}

    def reply(self) -> Reply:
        return Reply(self.to_json(), self.status, self.headers)


@contextmanager
def about(param: str) -> Iterator[None]:
    """Errors raised inside are about this field of the request."""
    try:
        yield
    except UndersongError as error:
        if not hasattr(error, _PARAM):
            setattr(error, _PARAM, param)
        raise


def failed(error: UndersongError) -> Failed:
    """How an error is answered."""
    param = getattr(error, _PARAM, "constraints" if isinstance(error, ConstraintError) else None)
    if isinstance(error, RefusedError):
        return Failed(error.status, error.what, error.do, error.code, param, error.headers)
    if isinstance(error, BusyError):
        wait = {"Retry-After": retry_after(error.retry_after)}
        return Failed(429, error.what, error.do, "busy", param, wait)
    if isinstance(error, LateError):
        return Failed(503, error.what, error.do, "late", param)
    status = 404 if isinstance(error, UnknownNameError) else 400 if isinstance(error, InputError | UsageError) else 500
    return Failed(status, error.what, error.do, _code(error), param)


def _code(error: UndersongError) -> str:
    """UnknownNameError → unknown_name."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def unforeseen(error: BaseException) -> Failed:
    """The answer to an error that is a fault of ours; logs where it was raised, and nothing that it says."""
    number = secrets.token_hex(4)
    places = [
        f"{frame.filename.rpartition('undersong')[2]}:{frame.lineno}" for frame in extract_tb(error.__traceback__)
    ]
    _log.error("%s %s at %s", number, type(error).__name__, " < ".join(reversed(places[-8:])))
    return Failed(
        500,
        f"Something went wrong here that nobody foresaw; in the server's log it is {number}.",
        "It is no fault of what you asked. Please report it, with that line of the log.",
        "unforeseen",
    )


# ── as the application answers ─────────────────────────────────────────────────────────────────────────────────────


def handle(app: FastAPI) -> None:
    """Has the application answer every error in this form."""
    app.add_exception_handler(UndersongError, _undersong)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Unforeseen)


async def _undersong(request: Request, error: Exception) -> Reply:
    assert isinstance(error, UndersongError)
    return failed(error).reply()


async def _invalid(request: Request, error: Exception) -> Reply:
    assert isinstance(error, RequestValidationError)
    return _of_validation(error.errors()[0], error.body).reply()


def _of_validation(first: Any, body: Any) -> Failed:
    """The first thing in a request that is not as declared."""
    if first["type"] == "json_invalid":
        return Failed(400, "The body of the request is not proper JSON.", f"{first['ctx']['error']}.", "json")
    place = _place(first, body)
    if first["type"] == "missing" and place is None:
        return Failed(422, "The request has no body.", "Send a JSON object.", "missing")
    what = "The body of the request" if place is None else f"'{place}'"
    return Failed(422, f"{what} is not as it should be: {first['msg']}.", "See /docs for each field.", "invalid", place)


def _place(first: Any, body: Any) -> str | None:
    """Which field it is in, as far as there is one: pydantic also names which kind of value it last tried."""
    where, *parts = first["loc"]
    found = []
    here = body if where == "body" else dict.fromkeys(parts[:1])
    for part in parts:
        known = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
        if known or first["type"] == "missing":
            found.append(str(part)[:60])
        if not known:
            break
        here = here[part]
    return ".".join(found) or None


_STATUS = {
    404: ("There is nothing at '{path}'.", "See /docs for what can be asked here.", "unknown_path"),
    405: ("'{path}' is not asked for with {method}.", "See /docs for what can be asked here.", "method"),
    413: ("The request is larger than this server takes.", "Send less at once.", "too_large"),
}


async def _http(request: Request, error: Exception) -> Reply:
    assert isinstance(error, HTTPException)
    what, do, code = _STATUS.get(error.status_code, (str(error.detail), "", "http"))
    told = what.format(path=request.url.path[:80], method=request.method[:20])
    return Failed(error.status_code, told, do, code, headers=dict(error.headers or {})).reply()


@final
class Unforeseen:
    """Answers what nobody foresaw, so that neither the asker nor the log sees a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in ("http.response.start", "websocket.accept", "websocket.close")
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception as error:
            reply = unforeseen(error).reply()
            if begun:
                return  # the rest is never sent, so that the other side sees an answer that breaks off
            if scope["type"] == "http":
                await reply(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1011, "reason": ""})
