"""An address that is taken, and connections that are not waited for without an end.

uvicorn waits for the first request of a connection, and for a reader who reads nothing, as long as it takes. Who opens
connections and says nothing, or says it a letter at a time (a slow loris), would have them all.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, cast, final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from undersong.errors import UndersongError, UsageError

if TYPE_CHECKING:
    from undersong.serving.settings import Serving

__all__ = ["Patient", "address_of", "bind"]

HEAD_SECONDS = 15.0
"""For the whole head of a request, from its connection or from its first byte."""
STALLED_SECONDS = 30.0
"""For a reader who takes nothing of what is sent."""

_BACKLOG = 512
_TRIED = 100  # ports, to find one that is free
_EVERYWHERE = ("", "0.0.0.0", "::")
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@final
class Patient(H11Protocol):
    """HTTP/1.1 with an end to every wait. uvicorn makes one for each connection."""

    _head: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head = _cancelled(self._head)
        self._stalled = _cancelled(self._stalled)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._stalled = _cancelled(self._stalled)
        super().resume_writing()

    def _watch(self) -> None:
        """Begins to wait for a head, and ends it once the head is there; while it answers, the guard knows the time.

        A body that nobody wants any more is waited for no longer than a head.
        """
        answered = self.cycle is None or self.cycle.response_complete
        ours = self.transport.get_protocol() is self and not self.transport.is_closing()  # and not a WebSocket's
        if answered and ours and self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            if self._head is None:
                self._head = self.loop.call_later(HEAD_SECONDS, self._give_up)
        else:
            self._head = _cancelled(self._head)

    def _give_up(self) -> None:
        self._head = None
        if not self.transport.is_closing():
            self.transport.write(_TOO_LATE)
            self.transport.close()


def _cancelled(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """None, which takes the timer's place."""
    if timer is not None:
        timer.cancel()
    return None


# ── the address ────────────────────────────────────────────────────────────────────────────────────────────────────


def bind(settings: Serving) -> socket.socket:
    """A socket that listens there. Raises UsageError, with a port that is free where that one is not."""
    host = settings.host.strip("[]")
    try:
        found = socket.getaddrinfo(host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _no_address(settings) from error
    family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    try:
        taken = _listening(family, address)
    except OSError as error:
        raise _refused(settings, family, address, error) from error
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a small answer waits 40 ms for company
    with suppress(OSError, AttributeError):  # Linux only: also ends connections that are closed and never read
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(1000 * STALLED_SECONDS))
    return taken


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=both)


def _refused(settings: Serving, family: int, address: tuple[object, ...], error: OSError) -> UndersongError:
    port = settings.port
    if error.errno == errno.EADDRINUSE:
        free = _next_free(family, address)
        other = f"--port {free} is free, and " if free else ""
        return UsageError(f"Something else listens at port {port} already.", f"{other}--port 0 takes any that is.")
    if error.errno == errno.EACCES:
        return UsageError(f"Port {port} is not for everybody on this machine.", "Those from 1024 up are: --port 8765.")
    return _no_address(settings)


def _next_free(family: int, address: tuple[object, ...]) -> int | None:
    first = cast(int, address[1]) + 1
    for port in range(first, min(first + _TRIED, 65_536)):
        with suppress(OSError), _listening(family, (address[0], port, *address[2:])):
            return port
    return None


def _no_address(settings: Serving) -> UsageError:
    return UsageError(
        f"This machine has no address '{settings.host}'.",
        "127.0.0.1 is this machine alone, 0.0.0.0 every address it has.",
    )


def address_of(settings: Serving) -> str:
    """Where people find it, as http://…; of all addresses of this machine, the one in the local network."""
    host = settings.host.strip("[]")
    if host in _EVERYWHERE:
        from undersong.serving.invitation import local_address

        try:
            host = local_address()
        except UsageError:
            host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
