"""A request's body: read whole before any route sees it, counted while it comes, and never deeper than anybody needs.

What a header says of its length is believed only where it is too much already. Every route answers JSON, so nothing is
lost by reading first; and a reader that must be waited for holds no place in any queue.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from undersong.serving.doors import values_of
from undersong.serving.failures import RefusedError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope

__all__ = ["SECONDS", "GoneError", "deep", "read"]

SECONDS = 30.0
"""For a whole body: a megabyte comes in that time over the slowest line that anybody plays by."""

_CLOSE = {"Connection": "close"}  # what is still on its way is for nobody
_DEPTH = 64  # levels; an exported state has five
_DRAINED = 4  # times the limit, that a client who sends all before it listens is told why it was refused
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_OTHER = bytes(set(range(256)) - set(b"[]{}"))
_ALIKE = bytes.maketrans(b"{}", b"[]")  # which of both it is matters to nobody who only counts


class GoneError(Exception):
    """Whoever asked has hung up in the middle of it."""


async def read(scope: Scope, receive: Receive, most: int) -> Receive:
    """What the routes receive from: the whole body, and afterwards whatever comes.

    Raises RefusedError for one of more than `most` bytes, one that takes longer, and JSON nested too deeply; GoneError.
    """
    lengths = values_of(scope, b"content-length")
    if not values_of(scope, b"transfer-encoding") and lengths in ([], ["0"]):
        return receive  # without a body there is nothing to read
    if lengths and lengths[0].isdecimal() and int(lengths[0][:20]) > most:
        if not values_of(scope, b"expect"):  # who waits to be let in has sent nothing yet
            await _drain(receive, most * _DRAINED)
        raise _too_much(most)
    try:
        async with asyncio.timeout(SECONDS):
            body = await _whole(receive, most)
    except TimeoutError:
        what = f"The request's body took longer than {SECONDS:g} seconds to come."
        raise RefusedError(what, status=408, code="slow_body", headers=_CLOSE) from None
    if deep(body):
        raise RefusedError(f"The request is nested more than {_DEPTH} levels deep.", status=400, code="too_deep")
    return _again(body, receive)


async def _whole(receive: Receive, most: int) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        parts += message.get("body", b"")
        if len(parts) > most:
            if message.get("more_body", False):
                await _drain(receive, most * _DRAINED)
            raise _too_much(most)
        if not message.get("more_body", False):
            return bytes(parts)


async def _drain(receive: Receive, most: int) -> None:
    """Lets some more of it go by, for a second at most: a door that is shut on somebody speaking is not understood."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            while most > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                most -= len(message.get("body", b""))


def _too_much(most: int) -> RefusedError:
    what = f"A request may bring {most:,} bytes, and this one brings more."
    return RefusedError(what, "Send less at once.", status=413, code="too_large", headers=_CLOSE)


def _again(body: bytes, receive: Receive) -> Receive:
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


def deep(body: bytes) -> bool:
    """Whether this is JSON of more than 64 levels; in time that grows with its length alone, and without a stack."""
    if body.count(b"[") + body.count(b"{") <= _DEPTH:
        return False
    left = _STRING.sub(b"", body).translate(_ALIKE, _OTHER)
    for _ in range(_DEPTH):
        before, left = left, left.replace(b"[]", b"")  # every round takes off a level
        if len(left) == len(before):
            return len(left) > _DEPTH  # not in pairs: whoever reads it will say so, unless it takes too deep a stack
    return bool(left)
