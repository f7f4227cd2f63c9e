"""A real server on a port of this machine, and clients that ask it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx
import uvicorn
from fastapi import FastAPI
from openai import OpenAI

from undersong.serving.house import House


@dataclass(frozen=True)
class Served:
    """A server that runs, and clients that ask it."""

    app: FastAPI
    url: str

    @property
    def house(self) -> House:
        house: House = self.app.state.house
        return house

    @cached_property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    @cached_property
    def openai(self) -> OpenAI:
        """The official client, which does not try again by itself."""
        return OpenAI(base_url=f"{self.url}/v1", api_key="anything", max_retries=0, timeout=30)

    def close(self) -> None:
        self.http.close()
        self.openai.close()


@contextmanager
def running(app: FastAPI) -> Iterator[Served]:
    """A server on a free port of this machine, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for a sign of life
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)  # whoever does not read is soon behind
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.005)
    served = Served(app, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield served
    finally:
        served.close()
        server.should_exit = True
        thread.join(10)
        listening.close()
