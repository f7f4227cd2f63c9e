"""One side of a conversation over a WebSocket, for tests of live sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from servers import Served
from tiny_models import PROMPTS
from websockets.sync.client import ClientConnection, connect

NAMES = {"text": "tiny", "walk": "walks"}


@dataclass
class Talk:
    """One side of a conversation; `played` is what was told before answers, by the id of the message."""

    socket: ClientConnection
    asked: int = 0
    played: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)

    def say(self, do: str, **fields: Any) -> int:
        """Send a message, and do not wait."""
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "do": do, **fields}))
        return self.asked

    def hear(self, name: Any) -> dict[str, Any]:
        """The answer to that message."""
        while True:
            told: dict[str, Any] = json.loads(self.socket.recv(20))
            if "played" in told:
                self.played.setdefault(told["id"], []).extend(told["played"])
            elif told["id"] == name:
                return told

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        told = self.hear(self.say(do, **fields))
        assert told.get("ok") is True, told
        return told

    def refused(self, do: str, **fields: Any) -> dict[str, Any]:
        told = self.hear(self.say(do, **fields))
        assert "ok" not in told
        error: dict[str, Any] = told["error"]
        assert {"message", "type", "code", "param", "do"} <= set(error)
        return error


@contextmanager
def talking(served: Served, token: str = "", **settings: Any) -> Iterator[Talk]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = f"{served.url.replace('http', 'ws')}/v1/sessions"
    with connect(address, additional_headers=headers, max_size=None, proxy=None, **settings) as opened:
        yield Talk(opened)


def begun(talk: Talk, medium: str = "text", prompt: Any = None, **fields: Any) -> str:
    given = PROMPTS[medium] if prompt is None else prompt
    name: str = talk.ask("begin", model=NAMES[medium], prompt=given, **fields)["session"]
    return name
