"""A server in a process of its own on a loopback port, and somebody who asks it: what several benchmarks share.

The asker is a bare HTTP/1.1 connection that is kept open, so that what is measured is the server and not a client.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Line", "Served", "letters", "percentile", "request", "serving", "suggestion"]

_STOPPING = 20.0  # seconds that a server may take to come to its end


@dataclass
class Served:
    """A server under way."""

    host: str
    port: int
    process: subprocess.Popen[str]
    told: Mapping[str, Any]
    """What it said when it was ready."""
    log: deque[str] = field(default_factory=lambda: deque(maxlen=200))

    def resident(self) -> int:
        """Bytes of it that lie in memory now; Linux alone tells."""
        with open(f"/proc/{self.process.pid}/statm", encoding="utf-8") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(*words: str) -> Iterator[Served]:
    """`undersong serve WORDS…` on any port that is free, until the block ends."""
    command = [sys.executable, "-m", "undersong", "serve", *words, "--port", "0", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    assert process.stdout is not None
    try:
        lines = []
        while lines[-1:] != ["}\n"]:
            lines.append(process.stdout.readline())
            if not lines[-1]:
                raise SystemExit(f"{' '.join(command[2:])}\n{process.communicate()[1]}")
        said = json.loads("".join(lines))
        place = urlsplit(said["address"])
        served = Served(place.hostname or "127.0.0.1", place.port or 80, process, said)
        for stream, kept in ((process.stdout, deque[str](maxlen=1)), (process.stderr, served.log)):
            threading.Thread(target=_drain, args=(stream, kept), daemon=True).start()
        yield served
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _drain(stream: Any, kept: deque[str]) -> None:
    """Reads what the server says, or it would wait for a reader one day."""
    with suppress(ValueError):
        for line in stream:
            kept.append(line)


class Line:
    """One connection that is kept; `token` says who asks, so that each asker has a workspace of its own."""

    def __init__(self, host: str, port: int, token: str = "") -> None:
        self.host, self.port, self.token = host, port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
        """Status, headers, and the JSON of the answer; a POST where there is a body."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        writer.write(request(path, body, f"{self.host}:{self.port}", self.token))
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        answer = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split()[1]), headers, json.loads(answer)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request(path: str, body: Any, host: str, token: str = "") -> bytes:
    """The bytes of a request; `body` is sent as JSON, bytes as they are."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {host}"]
    if token:
        head.append(f"Authorization: Bearer {token}")
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*head, "", ""]).encode() + data


def suggestion(prompt: str, seed: int, count: int = 5, length: int = 40) -> dict[str, Any]:
    """What a writer's page asks for, with dice of its own so that the answer is the same whenever it is asked."""
    return {"prompt": prompt, "count": count, "length": length, "seed": seed}


def letters(answer: Mapping[str, Any]) -> int:
    """Characters of all suggestions of an answer."""
    return sum(len(candidate["piece"]) for candidate in answer["candidates"])


def percentile(times: Sequence[float], share: float) -> float:
    """Of so many times the one that so great a share of them does not exceed."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]
