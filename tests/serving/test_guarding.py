"""Who may ask: the name, the page and the key a request brings, and how often it comes; over real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import httpx
import pytest
from doorstep import KEY, Live, error_of, headers_of, plain, small_app, status_of, with_a_key
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from undersong.errors import UsageError
from undersong.serving.doors import Doors, check, is_loopback
from undersong.serving.failures import RefusedError
from undersong.serving.guarding import Guard
from undersong.serving.settings import Serving

live = pytest.fixture(plain, scope="module")
locked = pytest.fixture(with_a_key, scope="module")


# ── settings that are not safe ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True), ("127.8.9.10", True), ("localhost", True), ("LOCALHOST.", True), ("::1", True),
        ("[::1]", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("", False),
        ("192.168.1.20", False), ("10.0.0.1", False), ("localhost.example.org", False), ("2001:db8::1", False),
        ("127.0.0.1.example.org", False), ("128.0.0.1", False), ("my-laptop", False),
    ],
)  # fmt: skip
def test_what_only_this_machine_reaches(host: str, alone: bool) -> None:
    """Loopback addresses and localhost; any other name may be anywhere."""
    assert alone == is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "my-laptop"])
def test_a_public_address_demands_a_key_and_offers_one(host: str) -> None:
    """A new one each time, in a command that would do."""
    offers = []
    for _ in range(2):
        with pytest.raises(UsageError, match="could play here") as refused:
            check(Serving(host=host))
        offers.append(refused.value.do.partition("UNDERSONG_KEY=")[2].split()[0])

    assert len(set(offers)) == 2
    assert all(len(key) >= 32 for key in offers)
    check(Serving(host=host, key=offers[0]))


@pytest.mark.parametrize("key", ["short", "with space in it", "tab\tin between them", "schlüssel-schlüssel"])
def test_a_key_that_will_not_do_is_refused(key: str) -> None:
    """One that can be guessed, and one that fits in no header."""
    with pytest.raises(UsageError):
        check(Serving(host="0.0.0.0", key=key))


def test_a_room_needs_its_code_and_no_key() -> None:
    """The code does what a key does."""
    check(Serving(host="0.0.0.0", classroom=True, join_code="otter-maple-comet"))
    with pytest.raises(UsageError):
        check(Serving(host="0.0.0.0", classroom=True))


@pytest.mark.parametrize("origin", ["*", "example.org", "https://example.org/page", "https://", "https://a b", ""])
def test_an_origin_is_a_page_and_no_pattern(origin: str) -> None:
    """Everybody is nobody's page."""
    with pytest.raises(UsageError, match="no page"):
        check(Serving(origins=(origin,)))


@pytest.mark.parametrize("name", ["https://example.org", "example.org/x", "a b", "", "example.org:80"])
def test_a_host_name_is_a_name(name: str) -> None:
    """Without what stands around it in an address."""
    with pytest.raises(UsageError, match="no name"):
        check(Serving(hosts=(name,)))


# ── the name it is called by ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:{port}", "LocalHost", "[::1]:{port}", "127.0.0.1:80", "localhost."]
)
def test_its_own_names_are_answered(live: Live, host: str) -> None:
    """With and without a port, in capitals, with the dot at the end that a full name has."""
    assert 200 == status_of(live.ask("GET /", host=host.format(port=live.port)))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.20",
        "evil.example#127.0.0.1", "127.0.0.1@evil.example", "[::2]", "0.0.0.0",
    ],
)  # fmt: skip
def test_another_name_is_not_answered(live: Live, host: str) -> None:
    """A page whose name was pointed at this machine (DNS rebinding) says its own."""
    answer = live.ask("GET /", host=host.format(port=live.port))

    assert status_of(answer) in (400, 421)
    assert error_of(answer)["code"] in ("no_host", "wrong_host")


def test_a_request_for_nobody_is_not_answered(live: Live) -> None:
    """None, an empty one, two of them."""
    assert 400 == status_of(live.say(b"GET / HTTP/1.0\r\n\r\n"))
    assert 400 == status_of(live.say(b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"))
    assert 400 == status_of(live.say(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"))


def test_a_websocket_of_another_name_is_not_opened(live: Live) -> None:
    """Rebinding works for them too."""
    with pytest.raises(InvalidStatus) as refused, socket.create_connection(("127.0.0.1", live.port)) as through:
        connect("ws://evil.example/v1/sessions", sock=through)

    assert 421 == refused.value.response.status_code


def scope(path: str = "/", kind: str = "http", client: str = "127.0.0.1", **headers: str) -> dict[str, Any]:
    """A request as the guard sees it."""
    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": "GET", "path": path, "headers": encoded, "client": (client, 1), "query_string": b""}


def test_a_public_server_is_called_by_any_address_and_by_no_name_but_its_own() -> None:
    """An address in numbers cannot be pointed elsewhere; a name can."""
    doors = Doors(Serving(host="0.0.0.0", key=KEY, hosts=("write.example",)))
    for host in ("192.168.1.20:8765", "[2001:db8::1]:8765", "write.example", "localhost", f"{socket.gethostname()}:1"):
        doors.called_rightly(scope(host=host))
    for host in ("evil.example", "192.168.1.20.evil.example", "write.example.evil.example"):
        with pytest.raises(RefusedError):
            doors.called_rightly(scope(host=host))


# ── the page that asks ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost:1",
        "http://127.0.0.1",
        "file://",
        "http://127.0.0.1:{port}.evil",
    ],
)
def test_a_page_of_elsewhere_may_not_ask(live: Live, origin: str) -> None:
    """Another port of this machine is elsewhere too."""
    answer = live.ask("GET /", f"Origin: {origin.format(port=live.port)}")

    assert (403, "wrong_origin") == (status_of(answer), error_of(answer)["code"])
    assert "access-control-allow-origin" not in headers_of(answer)


def test_a_page_of_its_own_may_ask(live: Live) -> None:
    """A browser says where such a page is from, too."""
    assert 200 == status_of(live.ask("GET /", f"Origin: http://127.0.0.1:{live.port}"))


def test_a_picture_on_a_page_of_elsewhere_is_not_answered(live: Live) -> None:
    """It has no Origin, but a browser says what it is; a link that somebody follows is answered."""
    fetched = live.ask("GET /", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
    followed = live.ask("GET /", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate")
    own = live.ask("GET /", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: no-cors")

    assert (403, 200, 200) == tuple(map(status_of, (fetched, followed, own)))


@pytest.mark.parametrize("own", [True, False])
def test_a_websocket_is_opened_for_its_own_page(live: Live, own: bool) -> None:
    """And for what is no page at all."""
    origin = f"http://127.0.0.1:{live.port}" if own else None
    with connect(f"ws://127.0.0.1:{live.port}/v1/sessions", origin=origin) as opened:
        opened.send("words")

        assert "words" == opened.recv(timeout=10)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_a_websocket_is_opened_for_no_page_of_elsewhere(live: Live, origin: str) -> None:
    """Browsers let any page try, so that the server must look."""
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{live.port}/v1/sessions", origin=origin)
    body = refused.value.response.body

    assert 403 == refused.value.response.status_code
    assert "wrong_origin" == json.loads(body or b"{}")["error"]["code"]


def test_nothing_is_said_of_other_pages_where_none_is_listed(live: Live) -> None:
    """CORS is off."""
    names = headers_of(live.ask("GET /"))

    assert [] == [name for name in names if name.startswith("access-control")]


def test_a_page_that_is_listed_may_ask_and_read(locked: Live) -> None:
    """And is told so, it alone; caches are told that it depends on who asks."""
    answer = locked.ask("GET /v1/x", "Origin: https://pages.example", f"Authorization: Bearer {KEY}")
    headers = headers_of(answer)

    assert "https://pages.example" == headers["access-control-allow-origin"]
    assert "Origin" == headers["vary"]
    assert "access-control-allow-credentials" not in headers
    assert 403 == status_of(locked.ask("GET /", "Origin: https://pages.example.evil"))


def test_a_browser_that_asks_whether_a_page_may_ask_is_told(locked: Live) -> None:
    """Before it has a key to send; for a page that is not listed the answer is no."""
    asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization, content-type")
    answer = locked.ask("OPTIONS /v1/completions", "Origin: https://pages.example", *asks)
    headers = headers_of(answer)

    assert 204 == status_of(answer)
    assert "authorization, content-type" == headers["access-control-allow-headers"]
    assert "POST" in headers["access-control-allow-methods"]
    assert 403 == status_of(locked.ask("OPTIONS /v1/completions", "Origin: https://evil.example", *asks))


# ── the key ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "header",
    [
        None, "Bearer", "Bearer ", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", KEY, f"Bearer {KEY.upper()}",
        f"Bearer {KEY} {KEY}", "Bearer \xff\xfe",
    ],
)  # fmt: skip
def test_without_the_key_nothing_is_answered(locked: Live, header: str | None) -> None:
    """Whatever is brought in its place."""
    answer = locked.ask("POST /v1/echo/x", *([] if header is None else [f"Authorization: {header}"]))

    assert (401, "no_key") == (status_of(answer), error_of(answer)["code"])
    assert "Bearer" == headers_of(answer)["www-authenticate"]
    assert KEY.encode() not in answer


def test_with_the_key_everything_is(locked: Live) -> None:
    """The scheme's name in any case, as the standard wants it."""
    assert 200 == status_of(locked.ask("POST /v1/echo/x", f"Authorization: Bearer {KEY}"))
    assert 200 == status_of(locked.ask("POST /v1/echo/x", f"authorization: bearer {KEY}"))


def test_the_key_is_no_part_of_an_address(locked: Live) -> None:
    """There it would stand in histories and logs, so that it opens nothing."""
    assert 401 == status_of(locked.ask(f"GET /page?key={KEY}&api_key={KEY}&access_token={KEY}"))


def test_whether_it_lives_is_told_without_the_key(locked: Live) -> None:
    """And no more than that; old editors ask at / whether somebody is there."""
    answer = locked.ask("GET /healthz")

    assert b'{"known":false}' == answer.partition(b"\r\n\r\n")[2]
    assert b'{"known":true}' in locked.ask("GET /healthz", f"Authorization: Bearer {KEY}")
    assert 200 == status_of(locked.ask("GET /"))
    assert 401 == status_of(locked.ask("GET /healthz/"))


def test_a_public_server_tells_strangers_no_more_than_that_it_lives() -> None:
    """There / is behind the key as well."""
    doors = Doors(Serving(host="0.0.0.0", key=KEY))

    assert (True, False, False) == tuple(map(doors.is_open, ("/healthz", "/", "/metrics")))


def test_a_websocket_brings_its_key_in_a_header_or_beside_its_name(locked: Live) -> None:
    """A page can set no header there; the key is not said back."""
    address = f"ws://127.0.0.1:{locked.port}/v1/sessions"
    with connect(address, additional_headers={"Authorization": f"Bearer {KEY}"}) as opened:
        assert opened.subprotocol is None
    with connect(address, subprotocols=["undersong", f"undersong-key.{KEY}"]) as opened:
        assert "undersong" == opened.subprotocol
    for offered in (None, ["undersong"], ["undersong", "undersong-key.wrong"]):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, subprotocols=offered)
        assert 401 == refused.value.response.status_code


# ── how often ──────────────────────────────────────────────────────────────────────────────────────────────────────


def asked_from(client: str, times: int, **given: Any) -> list[httpx.Response]:
    """So many requests from one address, to an application that is called as a server calls it."""
    settings = Serving(**given)
    app = small_app(settings)

    async def ask() -> list[httpx.Response]:
        through = httpx.ASGITransport(app, client=(client, 1))
        async with httpx.AsyncClient(transport=through, base_url="http://127.0.0.1:8765") as asking:
            return [await asking.get("/healthz") for _ in range(times)]

    return asyncio.run(ask())


def test_an_address_that_asks_too_often_is_told_when_to_come_again() -> None:
    """Ten people may sit behind one address: at 4 a minute for each, 10 at once."""
    answers = asked_from("192.0.2.7", 15, requests_a_minute=4)
    statuses = [answer.status_code for answer in answers]

    assert [200] * 10 + [429] * 5 == statuses
    assert ("rate_limit_error", "too_often") == tuple(answers[-1].json()["error"][name] for name in ("type", "code"))
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 2


def test_ones_own_machine_may_ask_as_often_as_it_likes() -> None:
    """Whoever writes with it should not be held up by it."""
    assert {200} == {answer.status_code for answer in asked_from("127.0.0.1", 50, requests_a_minute=1)}


def test_what_is_no_request_passes() -> None:
    """A server's beginning and end go through to the application."""
    seen: list[str] = []

    async def inner(given: Any, receive: Any, send: Any) -> None:
        seen.append(given["type"])

    asyncio.run(Guard(inner, Serving())({"type": "lifespan"}, None, None))  # type: ignore[arg-type]

    assert ["lifespan"] == seen
