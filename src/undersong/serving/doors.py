"""Which requests may come in: by the name they call this server by, the page they come from, the key they bring.

A page that somebody opened elsewhere runs in the same browser, on the same machine, and can send requests here. Two
things tell on it. The `Host` header names the server as the page knows it, so that a name of its own that was pointed
at this address (DNS rebinding) is none of ours; and `Origin` says which page it is.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, final

from undersong.errors import UsageError
from undersong.serving.failures import RefusedError

if TYPE_CHECKING:
    from starlette.types import Scope

    from undersong.serving.settings import Serving

__all__ = ["SUBPROTOCOL", "Doors", "check", "is_loopback", "preflight", "values_of"]

SUBPROTOCOL = "undersong"
"""What a page offers beside its key when it opens a WebSocket, for there it can set no header:
`new WebSocket(address, ["undersong", "undersong-key." + key])`."""

_KEY_PROTOCOL = f"{SUBPROTOCOL}-key."
_KEY = re.compile(r"[!-~]{1,512}")  # what fits in a header as it is
_SHORTEST = 12  # characters of a key that strangers may try to guess
_ORIGIN = re.compile(r"null|[a-z][a-z0-9+.-]*://[^\s/?#@\\]+", re.IGNORECASE)
_NAME = re.compile(r"[\w.-]+|\[[0-9a-f:.]+\]", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/?#@\[\]\\]+)(?::\d{1,5})?")
_TOKENS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,1000}")


def values_of(scope: Scope, name: bytes) -> list[str]:
    """Every value of a header, by its name in lower case."""
    return [value.decode("latin-1").strip() for key, value in scope["headers"] if key == name]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address. A name other than localhost may be anywhere."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def check(settings: Serving) -> None:
    """Whether these settings are safe to open a door with. Raises UsageError, with what to do instead."""
    public = not is_loopback(settings.host)
    if settings.key is not None and not _KEY.fullmatch(settings.key):
        raise UsageError(
            "The key cannot be sent in a header: it may hold only signs of ASCII, and no space.", _offer(settings)
        )
    if public and not settings.key and not (settings.classroom and settings.join_code):
        raise UsageError(f"Everybody who reaches {settings.host} could play here.", _offer(settings))
    if public and settings.key and len(settings.key) < _SHORTEST:
        raise UsageError(
            f"A key of {len(settings.key)} characters can be guessed from elsewhere; {_SHORTEST} are the least.",
            _offer(settings),
        )
    for origin in settings.origins:
        if not _ORIGIN.fullmatch(origin):
            raise UsageError(
                f"--origin {origin} is no page that could ask.", "For example --origin https://example.org (no path)."
            )
    for name in settings.hosts:
        if not _NAME.fullmatch(name):
            raise UsageError(f"--host-name {name} is no name of a machine.", "For example --host-name example.org")


def _offer(settings: Serving) -> str:
    """A command that would do, with a key that nobody has seen."""
    return (
        f"Give it a key, such as this one, made just now: UNDERSONG_KEY={secrets.token_urlsafe(24)} undersong serve "
        f"--host {settings.host} … Without --host only this machine reaches it."
    )


@final
class Doors:
    """The rules of one server, worked out once."""

    def __init__(self, settings: Serving) -> None:
        self._names = {"127.0.0.1", "localhost", "[::1]", _bracketed(settings.host.lower())}
        self._names |= {_bracketed(name.lower()) for name in settings.hosts}
        self._public = not is_loopback(settings.host)
        if self._public:
            name = socket.gethostname().lower()
            self._names |= {name, f"{name.partition('.')[0]}.local"}
        self.origins = frozenset(origin.lower() for origin in settings.origins)
        self._key = None if settings.key is None else _digest(settings.key)
        self._open = {"/healthz"} | (set() if self._public else {"/"})

    def called_rightly(self, scope: Scope) -> None:
        """Raises RefusedError where the request calls this server by a name that is not its own."""
        hosts = values_of(scope, b"host")
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if found is None:
            raise RefusedError("A request must say in one Host header whom it is for.", status=400, code="no_host")
        name = found[1].lower().rstrip(".")
        if name in self._names or (self._public and _is_number(name)):  # only names can be pointed elsewhere
            return
        raise RefusedError(
            "This server does not go by that name.", "Start it with --host-name and the name.",
            status=421, code="wrong_host",
        )  # fmt: skip

    def from_here(self, scope: Scope) -> str | None:
        """The origin that is to be told it may read the answer, None where there is none.

        Raises RefusedError for a page of elsewhere that is not listed.
        """
        origins = values_of(scope, b"origin")
        if not origins:
            site = values_of(scope, b"sec-fetch-site")  # "same-site" is this machine's, of another port
            if site in (["cross-site"], ["same-site"]) and values_of(scope, b"sec-fetch-mode") != ["navigate"]:
                raise _foreign()
            return None
        origin = origins[0].lower()
        if len(origins) == 1 and origin in self.origins:
            return origins[0]
        host = values_of(scope, b"host")[0].lower()
        if len(origins) == 1 and origin.partition("://")[2] == host:  # a browser leaves the usual port out of both
            return None
        raise _foreign()

    def is_open(self, path: str) -> bool:
        """Whether everybody may ask for it, key or not."""
        return self._key is None or path in self._open

    def knows(self, scope: Scope) -> bool:
        """Whether the request brings the key, in constant time; True where none is wanted."""
        if self._key is None:
            return True
        return any(secrets.compare_digest(_digest(given), self._key) for given in _keys(scope))


def _foreign() -> RefusedError:
    return RefusedError(
        "A page of elsewhere may not ask here.", "Start the server with --origin and the page's.",
        status=403, code="wrong_origin",
    )  # fmt: skip


def preflight(scope: Scope) -> dict[str, str] | None:
    """What a browser is told that asks, for a page that is listed, whether it may ask; None where it does not."""
    if scope["type"] != "http" or scope["method"] != "OPTIONS":
        return None
    if not values_of(scope, b"access-control-request-method"):
        return None
    wanted = ", ".join(values_of(scope, b"access-control-request-headers"))
    allowed = {
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": wanted if _TOKENS.fullmatch(wanted) else "",
        "access-control-max-age": "600",
    }
    if values_of(scope, b"access-control-request-private-network") == ["true"]:
        allowed["access-control-allow-private-network"] = "true"
    return allowed


def _keys(scope: Scope) -> Iterable[str]:
    """Every key that a request brings: in its header, and a WebSocket's in its subprotocols."""
    for value in values_of(scope, b"authorization"):
        scheme, _, given = value.partition(" ")
        if scheme.lower() == "bearer":
            yield given.strip()
    for name in scope.get("subprotocols", ()):
        if name.startswith(_KEY_PROTOCOL):
            yield name.removeprefix(_KEY_PROTOCOL)


def _digest(key: str) -> bytes:
    """Of one length whatever the key is, so that comparing tells nothing about it."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _bracketed(host: str) -> str:
    """As a Host header has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
