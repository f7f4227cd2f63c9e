"""An answer under way: given its headers, counted, timed, and brought to a proper end whatever happens inside.

A line of the log has the method, the template of the route, the status and the milliseconds. What was asked and what
was answered is in it only where somebody wished for that: old editors send their words in the address itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, final

from undersong.serving.doors import SUBPROTOCOL
from undersong.serving.failures import RefusedError, failed
from undersong.serving.replies import as_json

if TYPE_CHECKING:
    from starlette.types import Message, Scope, Send

    from undersong.serving.metrics import Metrics
    from undersong.serving.settings import Serving

__all__ = ["LOG", "Answer", "begin_log", "hush"]

LOG = logging.getLogger("undersong.serving")

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SHOWN = 2_000  # bytes of a body, in a log that somebody wished for
_LISTENING = 2.0  # seconds for a last word
_HUNG_UP = 499  # what nginx writes for whoever does not wait for the answer

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""A page is whole in itself: it loads nothing from anywhere else, and talks to nobody else."""


@final
class Answer:
    """What goes back to one request; `send` is what the application sends by."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics, log_works: bool = False) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        """What the answer will carry beside its own."""
        self._scope = scope
        self._send = send
        self._metrics = metrics
        self._log_works = log_works
        self._began = time.perf_counter()
        self._ended = False
        self._stream = False
        self._shown = bytearray()

    async def send(self, message: Message) -> None:
        """One message of the application, on its way out."""
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start"):
            self.status = message["status"]
            message = {**message, "headers": self._dressed(message.get("headers", ()))}
        elif kind == "http.response.body":
            self._ended = not message.get("more_body", False)
            if self._log_works and len(self._shown) < _SHOWN:
                self._shown += message.get("body", b"")[:_SHOWN]
        elif kind == "websocket.accept":
            self._metrics.websockets(1)
            self.status = 101
            offered = self._scope.get("subprotocols", ())
            if message.get("subprotocol") is None and SUBPROTOCOL in offered:
                message = {**message, "subprotocol": SUBPROTOCOL}  # else a browser that offered some hangs up
        elif kind == "websocket.close" and not self.status:
            self.status = 403
        await self._send(message)

    async def refuse(self, error: RefusedError) -> None:
        """Says why not, in whatever way can still be understood, to whoever still listens."""
        self._metrics.refused(error.code)
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_LISTENING):
                await self._say(error)

    async def _say(self, error: RefusedError) -> None:
        if self._scope["type"] == "websocket":
            await self._refuse_websocket(error)
        elif not self.status:
            await self._whole("http", error)
        elif self._stream and not self._ended:
            last = b"data: " + _bytes(error) + b"\n\n"
            await self.send({"type": "http.response.body", "body": last, "more_body": False})

    async def _refuse_websocket(self, error: RefusedError) -> None:
        if self.status:
            code = 1011 if error.status == 500 else 1013 if error.status > 500 else 1008  # of RFC 6455
            await self.send({"type": "websocket.close", "code": code, "reason": error.what[:100]})
        elif "websocket.http.response" in self._scope.get("extensions", {}):
            await self._whole("websocket.http", error)
        else:
            await self.send({"type": "websocket.close", "code": 1008, "reason": error.what[:100]})

    async def _whole(self, kind: str, error: RefusedError) -> None:
        body = _bytes(error)
        headers = {"content-type": "application/json", "content-length": str(len(body)), **error.headers}
        start = {"type": f"{kind}.response.start", "status": error.status, "headers": _encoded(headers)}
        await self.send(start)
        await self.send({"type": f"{kind}.response.body", "body": body, "more_body": False})

    def _dressed(self, headers: Any) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, with those that every answer has."""
        own = [(bytes(name).lower(), bytes(value)) for name, value in headers]
        names = {name for name, _ in own}
        kind = next((value for name, value in own if name == b"content-type"), b"")
        self._stream = b"event-stream" in kind
        host = next((value for name, value in self._scope["headers"] if name == b"host"), b"").decode("latin-1")
        policy = _PAGE_POLICY.format(host=host) if b"html" in kind else _DATA_POLICY
        more = {**_ALWAYS, "content-security-policy": policy, **self.headers}
        return [*own, *(pair for pair in _encoded(more) if pair[0] not in names)]

    def tell(self) -> None:
        """Counted and logged, when all is over."""
        seconds = time.perf_counter() - self._began
        websocket = self._scope["type"] == "websocket"
        method = "WS" if websocket else self._scope["method"]
        method = method if websocket or method in _METHODS else "OTHER"
        route, status = self._route(), self.status or _HUNG_UP
        if websocket and status == 101:
            self._metrics.websockets(-1)
        else:
            self._metrics.request(route, status, seconds)
        LOG.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)
        if self._log_works:
            asked = self._scope["query_string"][:_SHOWN].decode("latin-1")
            answered = bytes(self._shown[:_SHOWN]).decode("utf-8", "replace")
            LOG.info("  asked %s, answered %s", json.dumps(asked), json.dumps(answered))

    def _route(self) -> str:
        """The template of the route, which holds nothing of the request."""
        route = self._scope.get("route")
        return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "unknown")


def _bytes(error: RefusedError) -> bytes:
    return as_json(failed(error).to_json()).encode("utf-8", "replace")


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


# ── the log ────────────────────────────────────────────────────────────────────────────────────────────────────────


@final
class _Wordless(logging.Filter):
    """Leaves out what may hold words that somebody wrote: addresses, and what an error says."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name == "uvicorn.access" or '"WebSocket' in str(record.msg):  # these have the query
            return False
        if record.exc_info and isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            record.msg = f"{record.getMessage().strip()} ({record.exc_info[0].__name__})"
            record.args, record.exc_info, record.exc_text = None, None, None
        return True


_WORDLESS = _Wordless()


def hush(*names: str) -> None:
    """These loggers of others tell nothing that anybody wrote from now on."""
    for name in names:
        logging.getLogger(name).addFilter(_WORDLESS)  # the same one: it is added once


def _worth_telling(record: logging.LogRecord) -> bool:
    """Not that a refused WebSocket was not taken: the refusal is told already."""
    return "without completing handshake" not in record.getMessage()


def begin_log(settings: Serving) -> None:
    """To standard error: a line for each answer, and what went wrong anywhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    ours = logging.WARNING if settings.classroom and not settings.log_works else logging.INFO  # who is here is shown
    for name, level in (("undersong.serving", ours), ("uvicorn", logging.ERROR), ("asyncio", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
    logging.getLogger("uvicorn.error").addFilter(_worth_telling)
    if not settings.log_works:
        hush("asyncio")
