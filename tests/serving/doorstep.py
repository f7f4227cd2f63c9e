"""A real server on a loopback port, and the plain sockets of those who do not mean well."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, StreamingResponse

from undersong.serving.failures import handle
from undersong.serving.guarding import guarded
from undersong.serving.listening import bind
from undersong.serving.metrics import Metrics
from undersong.serving.running import _config, _Server
from undersong.serving.settings import Serving


@dataclass
class Live:
    """A server that answers; `seen` is what its routes noticed."""

    port: int
    app: FastAPI
    server: _Server
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def metrics(self) -> Metrics:
        found: Metrics = self.app.state.house.metrics
        return found

    def say(self, *parts: bytes, pause: float = 0.0, wait: float = 15.0) -> bytes:
        """Send these bytes, one part after another, and everything that comes back until the other side hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as connection:
            with suppress(OSError):  # it may hang up while we speak
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)
            return heard(connection)

    def ask(self, line: str, *headers: str, body: bytes = b"", host: str | None = None) -> bytes:
        """One request, written by hand, and its answer."""
        head = [f"{line} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", "Connection: close", *headers]
        return self.say("\r\n".join([*head, "", ""]).encode("latin-1") + body)

    def lives(self) -> bool:
        """Whether it still answers."""
        return status_of(self.ask("GET /healthz")) == 200


def heard(connection: socket.socket) -> bytes:
    """Everything until the other side hangs up; fails where it never does."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def headers_of(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def error_of(answer: bytes) -> dict[str, Any]:
    """What stands in `error`; fails where the answer has not that form."""
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert {"message", "type", "code", "param", "do"} == set(found)
    return found


@contextmanager
def serving(app: FastAPI, settings: Serving) -> Iterator[Live]:
    """The application under way, as `undersong serve` has it; it ends with the block."""
    with bind(settings) as taken:
        port = taken.getsockname()[1]
        answers = threading.Event()
        server = _Server(_config(app, settings.model_copy(update={"port": port})), answers.set, lambda words: None)
        thread = threading.Thread(target=server.run, args=([taken],), daemon=True)
        thread.start()
        assert answers.wait(20), "it never answered"
        live = Live(port, app, server, getattr(app.state, "seen", {}))
        try:
            yield live
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "it never ended"


def small_app(settings: Serving) -> FastAPI:
    """An application behind its guard, with a route for each thing that may go wrong."""
    app = FastAPI(docs_url=None, redoc_url=None)
    seen: dict[str, Any] = {}
    app.state.seen = seen
    app.state.house = SimpleNamespace(metrics=Metrics(), settings=settings, voices={}, close=lambda: None)

    @app.get("/")
    async def greet() -> dict[str, str]:
        return {"message": "Have fun!"}

    @app.get("/healthz")
    async def health(request: Request) -> dict[str, bool]:
        return {"known": request.state.known}

    @app.post("/v1/echo/{name}")
    async def echo(name: str, request: Request) -> dict[str, Any]:
        body = await request.body()
        return {"bytes": len(body), "json": json.loads(body) if body else None}

    @app.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>words</p>")

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("the secret words of a person")

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(120)

    @app.get("/stream")
    async def stream(size: int = 20) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"data: " + b"x" * size + b"\n\n"
                    await asyncio.sleep(0.01 if size < 1_000 else 0)
            finally:
                seen["stream ended"] = True

        return StreamingResponse(parts(), media_type="text/event-stream")

    @app.websocket("/v1/sessions")
    async def sessions(websocket: WebSocket) -> None:
        await websocket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await websocket.send_text(await websocket.receive_text())

    handle(app)
    return guarded(app, settings)


# ── for fixtures: live = pytest.fixture(plain, scope="module") ──────────────────────────────────────────────────────

KEY = "correct-horse-battery-staple"
LIMIT = 2_000
"""Bytes of a body."""


def plain() -> Iterator[Live]:
    """A server of the usual kind: this machine's alone, without a key."""
    settings = Serving(port=0, body_bytes=LIMIT)
    with serving(small_app(settings), settings) as running:
        yield running


def with_a_key() -> Iterator[Live]:
    """A server that wants a key, and answers one page of elsewhere."""
    settings = Serving(port=0, key=KEY, origins=("https://pages.example",), hosts=("write.example",))
    with serving(small_app(settings), settings) as running:
        yield running


def as_asked() -> Iterator[Callable[..., Live]]:
    """Servers with settings of their own, which end with the test."""
    with ExitStack() as until_the_end:

        def start(**given: Any) -> Live:
            settings = Serving(port=0, **given)
            return until_the_end.enter_context(serving(small_app(settings), settings))

        yield start
