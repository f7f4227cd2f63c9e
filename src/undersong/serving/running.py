"""A server under way: instruments taken up, an address taken, and an end that loses nothing.

A damaged run or an address that somebody else has is told before anything else happens. The first Ctrl-C lets what is
being played come to its end, for a while; the second ends at once.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from undersong.config import build
from undersong.errors import UndersongError, UsageError
from undersong.playing.instrument import Instrument
from undersong.serving.app import make_app
from undersong.serving.doors import check
from undersong.serving.guarding import HEAD
from undersong.serving.listening import Patient, address_of, bind
from undersong.serving.settings import Serving
from undersong.serving.watching import begin_log

if TYPE_CHECKING:
    import socket

    from fastapi import FastAPI

__all__ = ["ENVIRONMENT", "Opened", "from_environment", "serve", "take_up"]

ENVIRONMENT = "UNDERSONG_SERVE"
"""What `from_environment` reads: {"runs": […], and each setting by its name}."""

_ENDING = 10  # seconds in which what is being played may come to its end
_CONNECTIONS = 1_000
_LATE = 2.0  # seconds after the second Ctrl-C, when a process that still hangs is ended


@final
@dataclass(frozen=True)
class Opened:
    """A server that answers."""

    address: str
    """http://127.0.0.1:8765"""
    models: tuple[str, ...]
    notes: tuple[str, ...]
    """What is to be known about what plays: that a network plays without its n-gram."""
    app: FastAPI | None
    """Where it is this process that answers."""

    def to_json(self) -> dict[str, Any]:
        docs = f"{self.address}/docs"
        return {"address": self.address, "models": list(self.models), "docs": docs, "pid": os.getpid()}


def take_up(runs: Sequence[str]) -> dict[str, Instrument]:
    """Every run by a name of its own, "a+b" as one; the newest where none is named. Raises what `load` raises."""
    from undersong.playing.loading import load

    found: dict[str, Instrument] = {}
    for run in runs or (None,):
        instrument = load(run)
        names = (instrument.name, *(f"{instrument.name}-{number}" for number in range(2, len(found) + 3)))
        found[next(name for name in names if name not in found)] = instrument
    return found


def serve(
    runs: Sequence[str] | Mapping[str, Instrument],
    settings: Serving,
    ready: Callable[[Opened], None] = lambda opened: None,
    told: Callable[[str], None] = lambda words: None,
) -> bool:
    """Serve until Ctrl-C or SIGTERM; True where it came to its end, False where that was cut short.

    `runs` are loaded by name, which several workers need; `ready` is called once it answers, `told` with what people
    should know meanwhile. Raises UsageError, and what `load` raises, before the address is taken; UndersongError where
    a worker cannot begin.
    """
    check(settings)
    if settings.workers > 1 and (settings.classroom or isinstance(runs, Mapping)):
        raise UsageError(
            "Several workers know nothing of each other, and this needs one that knows all.", "Leave out --workers."
        )
    instruments = dict(runs) if isinstance(runs, Mapping) else take_up(runs)
    names, notes = tuple(instruments), _notes(instruments)
    with bind(settings) as taken:
        settings = settings.model_copy(update={"port": taken.getsockname()[1]})
        begin_log(settings)
        opened = Opened(address_of(settings), names, notes, None)
        if settings.workers > 1:
            assert not isinstance(runs, Mapping)
            instruments.clear()  # each worker has its own
            return _serve_many(_Worker(tuple(runs), settings), taken, lambda: ready(opened), told)
        app = make_app(instruments, settings)
        alone = _Server(_config(app, settings), lambda: ready(Opened(opened.address, names, notes, app)), told)
        try:
            alone.run([taken])
        finally:
            app.state.house.close()
        return not alone.force_exit


def from_environment() -> FastAPI:
    """The application, for whoever runs a server of their own.

    For example `uvicorn --factory undersong.serving.running:from_environment`, which knows no end to some waits: see
    `listening.py`. Reads UNDERSONG_SERVE, and the key from UNDERSONG_KEY. Raises UsageError, RecipeError, and what
    `load` raises.
    """
    written = os.environ.get(ENVIRONMENT, "{}")
    try:
        given = json.loads(written)
        if not isinstance(given, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise UsageError(
            f"{ENVIRONMENT} is not JSON: {error}.", """For example {"runs": ["anthology"], "host": "0.0.0.0"}"""
        ) from error
    runs = given.pop("runs", [])
    if not (isinstance(runs, list) and all(isinstance(run, str) for run in runs)):
        raise UsageError(f"{ENVIRONMENT} has runs that are no list of names.", 'For example {"runs": ["anthology"]}')
    if "key" not in given and os.environ.get("UNDERSONG_KEY"):
        given["key"] = os.environ["UNDERSONG_KEY"]
    settings = build(Serving, given, ENVIRONMENT)
    check(settings)
    return make_app(take_up(runs), settings)


def _notes(instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    return tuple(
        f"'{name}' plays without its n-gram: {each.facts['alone']}"
        for name, each in instruments.items()
        if "alone" in each.facts
    )


def _config(app: Any, settings: Serving, factory: bool = False) -> uvicorn.Config:
    """How uvicorn is asked to serve: nothing logged but by us, and nobody waited for without an end."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        factory=factory,
        loop="asyncio",
        http=Patient,
        ws="websockets-sansio",
        ws_max_size=settings.body_bytes,
        ws_per_message_deflate=False,  # 64 KB for each connection, for messages that are short
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        workers=settings.workers,
        limit_concurrency=_CONNECTIONS,
        backlog=512,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_ENDING,
        timeout_worker_healthcheck=30,
        h11_max_incomplete_event_size=HEAD,
    )


# ── one process ────────────────────────────────────────────────────────────────────────────────────────────────────


@final
class _Server(uvicorn.Server):
    """Says when it answers, and takes Ctrl-C as a wish to end, not as a failure."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], told: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            self.should_exit = True
            self._told("Finishing what is being played. Once more to stop at once.")
            return
        self.force_exit = True
        logging.disable()  # whatever is cut short now need not be told
        hard = threading.Timer(_LATE, os._exit, (130,))  # whatever still hangs then
        hard.daemon = True
        hard.start()


# ── several processes ──────────────────────────────────────────────────────────────────────────────────────────────


@final
@dataclass(frozen=True)
class _Worker:
    """What one of several processes serves; it reaches the process through a pipe, so that nobody reads the key."""

    runs: tuple[str, ...]
    settings: Serving

    def __call__(self) -> FastAPI:
        begin_log(self.settings)
        try:
            app = make_app(take_up(self.runs), self.settings)
        except UndersongError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            sys.exit(STARTUP_FAILURE)  # it would fail again, and is not begun again
        app.state.house.metrics.everywhere["worker"] = str(os.getpid())
        return app


@final
class _Workers(Multiprocess):
    """Says when all answer."""

    def __init__(
        self,
        config: uvicorn.Config,
        sockets: list[socket.socket],
        ready: Callable[[], None],
        told: Callable[[str], None],
    ) -> None:
        super().__init__(config, sockets)
        self._ready = ready
        self._told = told
        self.failed = False
        """Whether one ended before it could answer; it has said why."""

    def init_processes(self) -> None:
        super().init_processes()
        for process in self.processes:
            while not process.wait_until_ready(0.5):
                self.handle_signals()
                self.failed = not process.process.is_alive()
                if self.failed:
                    self.should_exit.set()
                if self.should_exit.is_set():
                    return
        self._ready()

    def terminate_all(self) -> None:
        if not self.failed:
            self._told("Finishing what is being played.")
        super().terminate_all()


def _serve_many(worker: _Worker, taken: socket.socket, ready: Callable[[], None], told: Callable[[str], None]) -> bool:
    """Raises UndersongError where a worker cannot begin."""
    workers = _Workers(_config(worker, worker.settings, factory=True), [taken], ready, told)
    workers.run()
    if workers.failed:
        raise UndersongError("A worker ended before it could answer.", "What it said stands above.")
    return True
