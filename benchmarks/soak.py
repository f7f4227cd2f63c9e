"""Minutes of everything at once: writers, streams, people who hang up, nonsense, slow readers, sockets that vanish.

    python benchmarks/soak.py [--minutes 5]

What is wanted: memory that stays where it is, no request that is never answered, no answer of 500, and a server that
says at its end that nothing plays any more. Memory is that of the server's process, once a second; how much it grows is
the slope of a line through the second half.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import re
import secrets
import socket
import statistics
import struct
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import numpy as np
import websockets
from measured import write
from served import Line, Served, percentile, request, serving, suggestion
from untaught import context

VOICE = "keeper"
PATIENCE = 90.0  # seconds after which a request is called stuck: the server itself gives up after 60
SETTLING = 45.0  # seconds after the end in which everything must have come to its end
ACTORS = {
    "writers": 6, "editors": 1, "streamers": 2, "leavers": 4, "slow readers": 2, "slow senders": 2, "nonsense": 3,
    "sockets": 3, "vanishing sockets": 3,
}  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--minutes", type=float, default=5.0)
    asked = asked.parse_args()
    with serving(VOICE) as served:
        found = asyncio.run(Soak(served).run(60 * asked.minutes))
        found["the server's last words"] = [line.strip() for line in served.log if "500" in line or "Error" in line]
    print(json.dumps(found, indent=2, ensure_ascii=False))
    what = f"{asked.minutes:g} minutes of mixed load on loopback: MB of the server, answers by kind and status"
    path = write("soak", {"what": what, "minutes": asked.minutes, **found})
    print(f"kept in {path.name}")


class Soak:
    """The load, and what is seen of the server under it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.dice = random.Random(1)
        self.answers: dict[str, Counter[str]] = {kind: Counter() for kind in ACTORS}
        self.faults: list[str] = []
        self.stuck: list[str] = []
        self.waits: list[float] = []
        self.memory: list[tuple[float, float]] = []
        self.until = 0.0

    async def run(self, seconds: float) -> dict[str, Any]:
        began = time.monotonic()
        self.until = began + seconds
        does: dict[str, Callable[[int], Coroutine[Any, Any, None]]] = {
            "writers": self.writer, "editors": self.editor, "streamers": self.streamer, "leavers": self.leaver,
            "slow readers": self.slow_reader, "slow senders": self.slow_sender, "nonsense": self.nonsense,
            "sockets": self.socket, "vanishing sockets": self.vanishing,
        }  # fmt: skip
        actors = [
            asyncio.create_task(self.act(kind, does[kind], number))
            for kind, many in ACTORS.items()
            for number in range(many)
        ]
        while time.monotonic() < self.until:
            self.memory.append((time.monotonic() - began, self.served.resident() / 1e6))
            await self.well()
            await asyncio.sleep(1)
        await asyncio.gather(*actors)
        left = await self.settled()
        return {
            "memory": self.grown(),
            "stuck": self.stuck,
            "faults": self.faults,
            "left when all was over": left,
            "healthz": {
                "median ms": round(1000 * statistics.median(self.waits), 1),
                "p99 ms": round(1000 * percentile(self.waits, 0.99), 1),
            },
            "answers": {kind: dict(sorted(found.items())) for kind, found in self.answers.items()},
        }

    async def act(self, kind: str, does: Callable[[int], Coroutine[Any, Any, None]], number: int) -> None:
        """One of many, over and over; what is not answered in time is stuck."""
        for turn in itertools.count(number * 100_003):
            if time.monotonic() > self.until:
                return
            try:
                async with asyncio.timeout(PATIENCE):
                    await does(turn)
            except TimeoutError:
                self.stuck.append(f"{kind}, turn {turn}")
            except (OSError, asyncio.IncompleteReadError, websockets.WebSocketException) as error:
                self.answers[kind][type(error).__name__] += 1
            await asyncio.sleep(self.dice.uniform(0, 0.3))

    def seen(self, kind: str, status: int, about: str = "") -> None:
        """Counts an answer; 0 is a connection that was closed without one."""
        self.answers[kind][str(status) if status else "closed"] += 1
        if status == 500:
            self.faults.append(f"{kind}: {about[:200]}")

    # ── people ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def writer(self, turn: int) -> None:
        line = Line(self.served.host, self.served.port, secrets.token_urlsafe(24))
        for number in range(5):
            status, headers, _ = await line.ask("/v1/candidates", suggestion(context(turn + number), number))
            self.seen("writers", status, f"candidates {turn + number}")
            if status == 429:
                await asyncio.sleep(float(headers.get("retry-after", "1")))
        line.close()

    async def editor(self, turn: int) -> None:
        start = context(turn).replace(" ", "%20")
        status = await self.exchange(request(f"/generate?start_text={start}&n=3", None, self.host))
        self.seen("editors", status, start)

    async def streamer(self, turn: int) -> None:
        status = await self.exchange(self.stream(turn, 400))
        self.seen("streamers", status, f"stream {turn}")

    async def leaver(self, turn: int) -> None:
        """Hangs up in the middle: while it is heard, while it is played, while it is told."""
        asked = self.stream(turn, 2_000) if turn % 2 else self.wish(turn, 16, 500)
        reader, writer = await self.connection()
        writer.write(asked[: self.dice.randrange(1, len(asked))] if turn % 5 == 0 else asked)
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(self.dice.randrange(1, 4_000)), self.dice.uniform(0, 1))
        hang_up(writer)
        self.answers["leavers"]["left"] += 1

    async def slow_reader(self, turn: int) -> None:
        """Takes a few bytes at a time of much that is streamed, then no more of it."""
        reader, writer = await self.connection(narrow=True)
        writer.write(self.stream(turn, 5_000))
        for _ in range(self.dice.randrange(5, 60)):
            if not await reader.read(64):
                break
            await asyncio.sleep(0.2)
        hang_up(writer)
        self.answers["slow readers"]["left"] += 1

    async def slow_sender(self, turn: int) -> None:
        """A request a few bytes at a time, that may never be whole."""
        reader, writer = await self.connection()
        asked = self.wish(turn, 2, 20)
        for start in range(0, len(asked) if turn % 2 else len(asked) // 2, 24):
            writer.write(asked[start : start + 24])
            await writer.drain()
            await asyncio.sleep(0.05)
        if turn % 2:
            self.seen("slow senders", await status_of(reader), "slow")
        else:
            self.answers["slow senders"]["left"] += 1
        hang_up(writer)

    async def nonsense(self, turn: int) -> None:
        asked = self.malformed(turn)
        self.seen("nonsense", await self.exchange(asked), repr(asked[:150]))

    def malformed(self, turn: int) -> bytes:
        """What no client of ours would send."""
        noise = self.dice.randbytes(self.dice.randrange(1, 300))
        paths = ("/v1/candidates", "/v1/completions", "/v1/score", "/v1/odds", "/classroom/join", "/v1/models", "/")
        path = self.dice.choice(paths)
        bodies: tuple[Any, ...] = (
            noise, b"", b"{", b"[" * 5_000, b'{"a":' * 3_000, b"nonsense", b'"\\ud800"', b"\xff\xfe{}", b"NaN",
            {"prompt": "\ud800"}, {"prompt": None}, {"prompt": 7}, {"prompt": "x" * 100_000}, {"prompt": ["a", ["b"]]},
            {"prompt": "The ", "count": -1}, {"prompt": "The ", "count": 10**9}, {"prompt": "The ", "length": 1e308},
            {"prompt": "The ", "temperature": "warm"}, {"prompt": "The ", "temperature": -1},
            {"prompt": "The ", "model": "../../etc/passwd"}, {"prompt": "The ", "stop": [[]]}, {"prompt": "\x00\x1b["},
            {"prompt": "The ", "n": []}, {"prompt": "The ", "logprobs": 10**6},
            {"prompt": "The ", "dials": {"temperature": [1] * 50_000}},
            {"prompt": "The ", "constraints": {"contain": ["x" * 5_000]}}, {"piece": "\u202e" * 2_000}, {"seed": -5},
        )  # fmt: skip
        whole: tuple[bytes, ...] = (
            noise + b"\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"POST " + path.encode() + b" HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\nContent-Length: -4\r\n\r\n",
            b"GET /%00%ff%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n",
            b"GET /v1/sessions HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\nUpgrade: websocket\r\n\r\n",
            b"BREW " + path.encode() + b" HTTP/1.1\r\nHost: " + self.host.encode() + b"\r\n\r\n",
        )
        if turn % 4 == 0:
            return self.dice.choice(whole)
        return request(path, self.dice.choice(bodies), self.host)

    async def socket(self, turn: int) -> None:
        """A live session from its beginning to its proper end, with a message in it that means nothing."""
        async with self.live() as connection:
            session = await self.begun(connection, turn)
            for number, message in enumerate(self.messages(session)):
                await connection.send(json.dumps({"id": number, **message}))
                await self.answer_to(connection, number)
            await connection.send(self.dice.choice(["{", "[]", '{"do": "dance"}', "\u0000", '{"id": 1}']))
            self.answers["sockets"]["spoken" if await connection.recv() else "silence"] += 1

    async def vanishing(self, turn: int) -> None:
        """The same, gone in the middle without a word."""
        async with self.live() as connection:
            session = await self.begun(connection, turn)
            await connection.send(json.dumps({"id": 1, "do": "stream", "session": session, "length": 5_000}))
            await asyncio.sleep(self.dice.uniform(0, 0.5))
            connection.transport.abort()
        self.answers["vanishing sockets"]["left"] += 1

    def messages(self, session: str) -> list[dict[str, Any]]:
        return [
            {"do": "append", "session": session, "piece": "and the "},
            {"do": "candidates", "session": session, "count": 3, "length": 20},
            {"do": "undo", "session": session},
            {"do": "odds", "session": session},
            {"do": "export", "session": session},
            {"do": "close", "session": session},
        ]

    def live(self) -> Any:
        token = {"Authorization": f"Bearer {secrets.token_urlsafe(24)}"}
        return websockets.connect(
            f"ws://{self.host}/v1/sessions", additional_headers=token, compression=None, max_size=2**24
        )

    async def begun(self, connection: Any, turn: int) -> str:
        await connection.send(json.dumps({"id": "begin", "do": "begin", "prompt": context(turn)}))
        answer = await self.answer_to(connection, "begin")
        return str(answer.get("session", ""))

    async def answer_to(self, connection: Any, number: int | str) -> dict[str, Any]:
        while True:
            answer = json.loads(await connection.recv())
            if answer.get("id") == number:
                if answer.get("error", {}).get("code") == "unforeseen":
                    self.faults.append(f"a socket: {answer}"[:200])
                self.answers["sockets"]["refused" if "error" in answer else "answered"] += 1
                return dict(answer)

    # ── underneath ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def host(self) -> str:
        return f"{self.served.host}:{self.served.port}"

    def wish(self, turn: int, count: int, length: int) -> bytes:
        asked = suggestion(context(turn), turn, count, length)
        return request("/v1/candidates", asked, self.host, f"soaking-{turn:012}")

    def stream(self, turn: int, length: int) -> bytes:
        asked = {"prompt": context(turn), "max_tokens": length, "seed": turn, "stream": True}
        return request("/v1/completions", asked, self.host, f"soaking-{turn:012}")

    async def connection(self, narrow: bool = False) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not narrow:
            return await asyncio.open_connection(self.served.host, self.served.port)
        taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        taken.setblocking(False)
        await asyncio.get_running_loop().sock_connect(taken, (self.served.host, self.served.port))
        return await asyncio.open_connection(sock=taken, limit=1_024)

    async def exchange(self, asked: bytes) -> int:
        """The status of the answer, which is read to its end; 0 where there was none."""
        reader, writer = await self.connection()
        try:
            writer.write(asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            with suppress(ConnectionError):
                await writer.drain()
            return await status_of(reader)
        finally:
            writer.close()

    async def well(self) -> None:
        """How long the server takes to say that it lives."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                status = await self.exchange(request("/healthz", None, self.host))
            if status != 200:
                self.faults.append(f"healthz: {status}")
        except (TimeoutError, OSError) as error:
            self.stuck.append(f"healthz: {type(error).__name__}")
        self.waits.append(time.monotonic() - began)

    async def settled(self) -> dict[str, float]:
        """What still plays or is open when everybody has left, after some seconds at most; nothing, if all is well."""
        until = time.monotonic() + SETTLING
        while True:
            left = await self.gauges()
            if not any(left.values()) or time.monotonic() > until:
                return left
            await asyncio.sleep(0.5)

    async def gauges(self) -> dict[str, float]:
        reader, writer = await self.connection()
        writer.write(request("/metrics", None, self.host).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        told = (await reader.read(-1)).decode("utf-8", "replace")
        writer.close()
        found = re.findall(r"^(undersong_(?:courses|waiting|websockets))(?:\{[^}]*\})? (\S+)$", told, re.MULTILINE)
        return {name: float(value) for name, value in found}

    def grown(self) -> dict[str, Any]:
        """Megabytes by quarters of the time, and how many a minute they grew in the second half."""
        times, held = np.array(self.memory).T
        quarters = [round(float(np.median(part)), 1) for part in np.array_split(held, 4)]
        half = len(held) // 2
        slope = 60 * float(np.polyfit(times[half:], held[half:], 1)[0]) if len(held) - half > 2 else 0.0
        return {
            "MB, medians of quarters": quarters,
            "MB at most": round(float(held.max()), 1),
            "MB a minute, second half": round(slope, 2),
        }


def hang_up(writer: asyncio.StreamWriter) -> None:
    """Gone without a word: what is on its way is thrown away (SO_LINGER of 0 sends a reset)."""
    taken = writer.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def status_of(reader: asyncio.StreamReader) -> int:
    """The status of an answer, read to its end; 0 where there is none."""
    try:
        whole = await reader.read(-1)
    except ConnectionError:
        return 0
    found = re.match(rb"HTTP/1\.1 (\d{3})", whole)
    return int(found[1]) if found else 0


if __name__ == "__main__":
    main()
