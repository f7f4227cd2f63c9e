"""Those who do not mean well: too much, too deep, too slow, or no sense at all; byte by byte over real sockets."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from doorstep import LIMIT, Live, as_asked, error_of, headers_of, heard, plain, serving, small_app, status_of
from hypothesis import given
from hypothesis import strategies as st

from undersong.serving import bodies, guarding, listening
from undersong.serving.bodies import deep
from undersong.serving.settings import Serving

live = pytest.fixture(plain, scope="module")
started = pytest.fixture(as_asked)


# ── what a request brings ──────────────────────────────────────────────────────────────────────────────────────────


def chunked(*parts: bytes) -> bytes:
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def test_a_body_as_large_as_allowed_is_read(live: Live) -> None:
    """To the last byte, with its length told and without."""
    body = json.dumps("a" * (LIMIT - 2)).encode()
    told = live.ask("POST /v1/echo/x", f"Content-Length: {LIMIT}", body=body)
    untold = live.ask("POST /v1/echo/x", "Transfer-Encoding: chunked", body=chunked(body[:1_000], body[1_000:]))

    assert [200, 200] == [status_of(told), status_of(untold)]
    assert b'"bytes":2000' in told
    assert b'"bytes":2000' in untold


@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT, 400 * LIMIT])
def test_a_body_that_is_too_large_is_refused(live: Live, size: int) -> None:
    """Whether its length is told or counted as it comes; and the connection is closed on the rest."""
    body = b"[" + b"1," * (size // 2) + b"1]"
    told = live.ask("POST /v1/echo/x", f"Content-Length: {len(body)}", body=body)
    untold = live.ask(
        "POST /v1/echo/x",
        "Transfer-Encoding: chunked",
        body=chunked(*(body[i : i + 999] for i in range(0, len(body), 999))),
    )

    for answer in (told, untold):
        assert (413, "too_large") == (status_of(answer), error_of(answer)["code"])
        assert "close" == headers_of(answer)["connection"].lower()


def test_whoever_asks_before_sending_too_much_is_told_at_once(live: Live) -> None:
    """Not a byte of it is waited for."""
    answer = live.ask("POST /v1/echo/x", "Content-Length: 1000000000000", "Expect: 100-continue")

    assert 413 == status_of(answer)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999999999", "5, 6"])
def test_a_length_that_is_none_is_refused(live: Live, length: str) -> None:
    """Whatever it says."""
    assert status_of(live.ask("POST /v1/echo/x", f"Content-Length: {length}", body=b"12345")) in (400, 413)
    assert live.lives()


def test_a_length_that_is_a_lie_does_no_harm(live: Live) -> None:
    """Too short: what comes after is a request that makes no sense. Two of them: refused."""
    short = live.ask("POST /v1/echo/x", "Content-Length: 2", body=b"12GET /page HTTP/1.1\r\n\r\n")
    two = live.ask("POST /v1/echo/x", "Content-Length: 2", "Content-Length: 5", body=b"12345")
    both = live.ask("POST /v1/echo/x", "Content-Length: 2", "Transfer-Encoding: chunked", body=chunked(b"123"))

    assert b"words" not in short
    assert 400 == status_of(two)
    assert status_of(both) in (200, 400)
    assert live.lives()


def test_a_body_that_does_not_come_is_not_waited_for(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly a letter follows a letter."""
    monkeypatch.setattr(bodies, "SECONDS", 0.3)
    head = f"POST /v1/echo/x HTTP/1.1\r\nHost: localhost:{live.port}\r\nContent-Length: 100\r\n\r\n".encode()
    answer = live.say(head, *[b"1"] * 50, pause=0.05)

    assert (408, "slow_body") == (status_of(answer), error_of(answer)["code"])


def test_whoever_hangs_up_in_the_middle_leaves_nothing_behind(live: Live) -> None:
    """It is counted, and nobody is told."""
    before = live.metrics.value("undersong_requests_total", route="unknown", status="499")
    head = f"POST /v1/echo/x HTTP/1.1\r\nHost: localhost:{live.port}\r\nContent-Length: 100\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(head + b"12")
        connection.shutdown(socket.SHUT_WR)
        heard(connection)

    assert live.lives()
    assert before + 1 == live.metrics.value("undersong_requests_total", route="unknown", status="499")


@pytest.mark.parametrize("levels", [1, 64, 65, 96, 97, 500, 900])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":[', "]}]")])
def test_depth_is_counted_to_a_level(levels: int, opened: str, closed: str) -> None:
    """And no deeper than 64 of them."""
    each = len(opened.replace('"a":', ""))
    times = levels // each

    assert (times * each > 64) == deep((opened * times + "1" + closed * times).encode())


@given(
    st.recursive(
        st.none() | st.integers() | st.text(alphabet='[]{}"\\, aé'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[{"\\a'), inner),
    )
)
def test_brackets_in_strings_are_no_depth(value: Any) -> None:
    """Neither do many short lists make a deep one."""
    assert not deep(json.dumps([value, "[" * 200, '\\"[' * 100, [[]] * 100]).encode())


@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 200_000, b"[]" * 500_000 + b"[" * 65, b"[{" * 500_000],
    ids=["lists", "objects", "many and deep", "both"],
)
def test_what_is_never_closed_is_deep(body: bytes) -> None:
    """It is found out in time that grows with its length."""
    assert deep(body)


@pytest.mark.parametrize("body", [b'["' + b'\\"' * 500_000, b"[" * 64 + b'"[[' * 300_000, b'"' * 1_000_000 + b"[" * 70])
def test_strings_that_never_end_are_read_once(body: bytes) -> None:
    """A pattern that began anew at each quote would take hours."""
    assert deep(body) in (True, False)


def test_a_bomb_of_brackets_is_refused(started: Callable[..., Live]) -> None:
    """Before anything reads it as JSON."""
    live = started()
    body = b"[" * 100_000
    answer = live.ask("POST /v1/echo/x", f"Content-Length: {len(body)}", "Content-Type: application/json", body=body)

    assert (400, "too_deep") == (status_of(answer), error_of(answer)["code"])
    assert live.lives()


# ── heads, addresses, and those who say nothing ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/..%5c..%5cwindows%5cwin.ini", "/static/../pyproject.toml", "/%00", "/page%00.html", "/etc/passwd%00",
        "/v1/echo/..%2f..%2fx", "/%ff%fe", "/page/", "/" + "a" * 5_000,
    ],
)  # fmt: skip
def test_no_path_reaches_the_disk(live: Live, path: str) -> None:
    """There is nothing to be found by climbing: what is no route is not there."""
    answer = live.ask(f"GET {path}")

    assert status_of(answer) in (404, 405, 307)
    assert b"root:" not in answer
    assert b"[project]" not in answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \x00\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\x00" * 50_000,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=[
        "long header", "long address", "many headers", "NUL in a header", "NUL in the address", "space before a colon",
        "folded", "method", "no address", "TLS", "zeros", "HTTP/2",
    ],
)  # fmt: skip
def test_a_head_that_makes_no_sense_is_refused(live: Live, head: bytes) -> None:
    """And the server hangs up, and answers the next."""
    assert status_of(live.say(head)) in (0, 400, 404, 431)
    assert live.lives()


@pytest.mark.parametrize(
    "parts", [[], [b"GET"], [b"GET / HT"] + [b"x"] * 60, [b"GET / HTTP/1.1\r\n"] + [b"X: y\r\n"] * 60],
    ids=["silence", "one word", "letter by letter", "header by header"],
)  # fmt: skip
def test_whoever_says_nothing_is_not_waited_for(
    live: Live, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    """However slowly they go on with it (a slow loris)."""
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.3)
    answer = live.say(*parts, pause=0.05)

    assert status_of(answer) in (0, 408)
    assert live.lives()


def test_a_second_request_is_not_waited_for_either(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a first one that was answered, on the same connection."""
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.3)
    whole = f"GET /healthz HTTP/1.1\r\nHost: localhost:{live.port}\r\n\r\n".encode()
    answer = live.say(whole, b"GET / HT", *[b"x"] * 60, pause=0.05)

    assert 200 == status_of(answer)
    assert 2 == answer.count(b"HTTP/1.1 ")


def test_a_body_that_nobody_wants_is_not_waited_for(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is refused may not go on sending for ever."""
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.3)
    head = b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n"
    answer = live.say(head, *[b"1"] * 60, pause=0.05)

    assert 421 == status_of(answer)
    assert live.lives()


def test_requests_one_after_another_are_answered(live: Live) -> None:
    """On one connection, some of them sent before the answer to the first has come."""
    whole = f"GET /healthz HTTP/1.1\r\nHost: localhost:{live.port}\r\n\r\n".encode()
    answer = live.say(whole * 3 + whole.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    assert 4 == answer.count(b"HTTP/1.1 200")


def test_whoever_reads_nothing_is_let_go(started: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is played for them ends too."""
    monkeypatch.setattr(listening, "STALLED_SECONDS", 0.5)
    live = started()
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(f"GET /stream?size=60000 HTTP/1.1\r\nHost: localhost:{live.port}\r\n\r\n".encode())
        for _ in range(200):
            if live.seen.get("stream ended"):
                break
            time.sleep(0.05)

    assert live.seen.get("stream ended")
    assert live.lives()


# ── time, and what nobody foresaw ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def hurried(started: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> Live:
    """A server where nothing may take longer than a moment."""
    monkeypatch.setattr(guarding, "GRACE", 0.0)
    return started(seconds=0.3)


def test_what_takes_too_long_is_ended(hurried: Live) -> None:
    """And says so."""
    answer = hurried.ask("GET /slow")

    assert (503, "too_slow") == (status_of(answer), error_of(answer)["code"])


def test_a_stream_that_takes_too_long_ends_properly(hurried: Live) -> None:
    """Its last event says why, and the answer is whole."""
    answer = hurried.ask("GET /stream")
    last = answer.rpartition(b"data: ")[2].partition(b"\n\n")[0]

    assert "too_slow" == json.loads(last)["error"]["code"]
    assert answer.endswith(b"0\r\n\r\n")
    assert hurried.seen["stream ended"]


def test_a_server_that_stops_ends_its_streams_properly(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for them for a while, and then says that it stops."""
    monkeypatch.setattr("undersong.serving.running._ENDING", 0.3)
    settings = Serving(port=0)
    with (
        serving(small_app(settings), settings) as live,
        socket.create_connection(("127.0.0.1", live.port)) as connection,
    ):
        connection.sendall(f"GET /stream HTTP/1.1\r\nHost: localhost:{live.port}\r\n\r\n".encode())
        first = connection.recv(1_000)
        live.server.should_exit = True
        answer = first + heard(connection)

    assert 200 == status_of(answer)
    assert b'"code":"stopping"' in answer
    assert answer.endswith(b"0\r\n\r\n")


def test_what_nobody_foresaw_is_told_without_a_word(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the asker nor the log reads what the error says."""
    caplog.set_level(logging.DEBUG)
    answer = live.ask("GET /broken")

    assert (500, "unforeseen") == (status_of(answer), error_of(answer)["code"])
    assert b"secret words" not in answer
    assert "secret words" not in caplog.text
    assert "ValueError" in caplog.text
