"""How people find a room: an address of the local network, a code to say aloud, and a picture of both for phones.

The code stands behind the # of the address, which a browser keeps to itself: it reaches no server's log and no
`Referer`. Three words are enough, for each wrong guess takes its time (`classroom.py`).
"""

from __future__ import annotations

import io
import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from undersong.errors import UsageError

if TYPE_CHECKING:
    from undersong.serving.settings import Serving

__all__ = ["WORDS", "Invitation", "invitation", "local_address", "new_code", "plain_code"]

WORDS = (  # noqa: SIM905 (as a list it would take a page)
    "acorn amber apple arrow autumn badge barley basket beacon bell berry birch blanket boat bottle branch bread "
    "bridge bronze brush bucket button cabin camel candle canoe carpet castle cedar chalk cherry circus cloud "
    "clover coat cobalt comet copper coral cotton cradle crane crown daisy desert dolphin donkey dragon drum "
    "eagle elbow ember falcon feather fern fiddle finger flute forest fossil fountain fox garden garlic ginger "
    "globe goose granite guitar hammer harbour hazel helmet honey island ivory jacket jaguar kettle kitten ladder "
    "lantern lemon lily linen lion lizard magnet mango maple marble meadow melon mirror mitten monkey mosaic moss "
    "mountain napkin nettle oasis olive onion orange orchid otter oyster paddle panda paper parrot pebble pencil "
    "pepper piano pigeon pillow planet plum pocket pony poppy potato puzzle rabbit raven ribbon river robin "
    "rocket saddle salmon sand scarf shadow shell silver spider spoon squirrel stone summer sunset table teapot "
    "temple thunder ticket tiger tomato trumpet tulip tunnel turtle umbrella valley velvet violin walnut whale "
    "whistle willow window winter zebra"
).split()
"""What codes are made of: words that are spelled as they sound, and that nobody minds to say aloud."""

_SAID = 3  # words of a code: one in four million
_ELSEWHERE = (  # addresses kept for documents (RFC 5737, RFC 3849): to ask the way there, nobody need be there
    (socket.AF_INET, ("192.0.2.1", 9)),
    (socket.AF_INET6, ("2001:db8::1", 9)),
)


@final
@dataclass(frozen=True)
class Invitation:
    """What is shown to everybody in the room."""

    address: str
    """To be typed: http://192.168.1.20:8765"""
    code: str
    """To be said: otter-maple-comet"""

    @property
    def link(self) -> str:
        """Both in one, for phones: whoever opens it has only a name left to say."""
        return f"{self.address}/#{self.code}"

    def picture(self) -> str:
        """The link as a QR code, two rows a line. A full block is light: cameras want it shown light on dark."""
        import segno

        drawn = io.StringIO()
        segno.make(self.link, error="l", micro=False).terminal(drawn, border=2, compact=True)
        return drawn.getvalue()


def invitation(settings: Serving, code: str, port: int | None = None) -> Invitation:
    """Where people find the room; `port` is the one that was taken, where any would do. Raises UsageError."""
    host = settings.host
    if host in ("0.0.0.0", "::", ""):  # every address of this machine: people need one of them
        host = local_address()
    named = f"[{host}]" if ":" in host else host
    return Invitation(f"http://{named}:{settings.port if port is None else port}", code)


def local_address() -> str:
    """This machine's address in the local network, found without a word to anybody.

    Raises UsageError where there is none, and where it is one that the whole world may reach.
    """
    found = [address for family, place in _ELSEWHERE if (address := _this_end(family, place))] + _by_name()
    local = [address for address in found if not address.is_loopback and not address.is_unspecified]
    near = [address for address in local if not address.is_global]
    for address in (*(each for each in near if not each.is_link_local), *(each for each in near if each.version == 4)):
        return str(address)  # of a link alone, as two laptops have it on one cable, only where there is no other
    if local:
        raise UsageError(
            f"This machine's address, {local[0]}, may be reached from everywhere, not from one room alone.",
            "If that is meant, name it: undersong serve --classroom --host and the address.",
        )
    raise UsageError(
        "This machine is in no local network.",
        "Join the network that everybody else is in, or name an address: undersong serve --classroom --host 127.0.0.1",
    )


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _this_end(family: int, place: tuple[str, int]) -> _Address | None:
    """The address that something sent there would come from. Connecting UDP sends nothing: it only asks for the way."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect(place)
            return ipaddress.ip_address(asking.getsockname()[0])
    except (OSError, ValueError):
        return None


def _by_name() -> list[_Address]:
    """What this machine's own name stands for, where no way leads out of here."""
    try:
        told = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_DGRAM)
        return [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in told]
    except (OSError, ValueError):
        return []


def new_code() -> str:
    """Three words that nobody chose: otter-maple-comet."""
    return "-".join(secrets.choice(WORDS) for _ in range(_SAID))


def plain_code(code: str) -> str:
    """The code as it is compared: however it was typed, in capitals, with spaces or with dashes."""
    return re.sub(r"[\W_]+", "", code[:200].casefold())
