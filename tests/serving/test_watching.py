"""What every answer carries, and what is logged and counted of it: never a word that anybody sent."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable

import pytest
from doorstep import KEY, LIMIT, Live, as_asked, headers_of, plain, with_a_key
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from undersong.serving import listening

live = pytest.fixture(plain, scope="module")
locked = pytest.fixture(with_a_key, scope="module")
started = pytest.fixture(as_asked)


# ── what an answer carries ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/page", "/nowhere", "/broken", "/v1/echo/x"])
def test_every_answer_has_the_same_headers(live: Live, path: str) -> None:
    """Nothing is guessed, framed, kept or told to others; and nobody reads what the server is made of."""
    headers = headers_of(live.ask(f"GET {path}"))

    assert ("nosniff", "DENY", "no-referrer", "same-origin", "no-store") == tuple(
        headers[name]
        for name in (
            "x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-resource-policy",
            "cache-control",
        )
    )  # fmt: skip
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_a_page_may_load_nothing_from_elsewhere(live: Live) -> None:
    """And talk to this server alone."""
    policy = headers_of(live.ask("GET /page"))["content-security-policy"]

    assert "default-src 'none'" in policy
    assert f"connect-src 'self' ws://127.0.0.1:{live.port} wss://127.0.0.1:{live.port};" in policy
    assert "http:" not in policy.replace("ws://", "").replace("wss://", "")


# ── what is logged and counted ─────────────────────────────────────────────────────────────────────────────────────

WORDS = ("sometifent", "marrowbone")


def ask_with_words(live: Live) -> None:
    """The same words everywhere a request can hold some."""
    first, second = WORDS
    body = json.dumps({"prompt": first}).encode()
    live.ask(f"GET /?start_text={first}", f"X-Words: {second}", f"Authorization: Bearer {second}")
    live.ask(f"POST /v1/echo/{first}", f"Content-Length: {len(body)}", "Content-Type: application/json", body=body)
    live.ask(f"GET /nowhere/{first}?{second}", f"Referer: http://127.0.0.1/{second}")
    live.ask(f"POST /v1/echo/{first}?{second}", f"Content-Length: {len(body)}", body=b"{" + body[1:-1] + b"!")
    with connect(f"ws://127.0.0.1:{live.port}/v1/sessions?{first}") as opened:
        opened.send(second)
        opened.recv(timeout=10)


def test_the_log_holds_no_words(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """The method, the template of the route, the status, the time: old editors send their words in the address."""
    caplog.set_level(logging.INFO)
    ask_with_words(live)
    caplog.set_level(logging.DEBUG, "undersong")
    ask_with_words(live)
    lines = [record.getMessage() for record in caplog.records if record.name == "undersong.serving"]

    assert [] == [word for word in WORDS if word in caplog.text]
    assert any(line.startswith("POST /v1/echo/{name} 200 ") for line in lines)
    assert any(line.startswith("GET unknown 404 ") for line in lines)
    assert any(line.startswith("GET / 200 ") for line in lines)


def test_the_metrics_hold_no_words(live: Live) -> None:
    """Routes by their templates; what is no route is one kind."""
    ask_with_words(live)
    page = live.metrics.prometheus()

    assert [] == [word for word in WORDS if word in page]
    assert 'undersong_requests_total{route="unknown",status="404"}' in page
    assert 'undersong_requests_total{route="/v1/echo/{name}",status="200"}' in page


def test_words_are_logged_where_somebody_wished_for_it(
    started: Callable[..., Live], caplog: pytest.LogCaptureFixture
) -> None:
    """In one line each, with whatever steers a terminal written out."""
    caplog.set_level(logging.INFO)
    live = started(log_works=True)
    live.ask(f"GET /?start_text={WORDS[0]}%1b[31m")
    lines = [record.getMessage() for record in caplog.records if WORDS[0] in record.getMessage()]

    assert 1 == len(lines)
    assert "Have fun!" in lines[0]
    assert "\x1b" not in lines[0]


def test_the_key_is_in_no_log(locked: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Wherever it was sent, and whether it was right."""
    caplog.set_level(logging.INFO)
    locked.ask("GET /page", f"Authorization: Bearer {KEY}")
    locked.ask(f"GET /page?key={KEY}")
    with connect(f"ws://127.0.0.1:{locked.port}/v1/sessions", subprotocols=["undersong", f"undersong-key.{KEY}"]):
        pass

    assert KEY not in caplog.text
    assert KEY not in locked.metrics.prometheus()


def test_refusals_and_websockets_are_counted(live: Live) -> None:
    """By their reason; and how many are open."""
    before = live.metrics.value("undersong_refused_total", reason="wrong_origin")
    live.ask("GET /", "Origin: https://evil.example")
    with connect(f"ws://127.0.0.1:{live.port}/v1/sessions") as opened:
        opened.send("words")
        opened.recv(timeout=10)
        during = live.metrics.value("undersong_websockets")
    for _ in range(100):
        if live.metrics.value("undersong_websockets") == during - 1:
            break
        time.sleep(0.02)

    assert before + 1 == live.metrics.value("undersong_refused_total", reason="wrong_origin")
    assert during - 1 == live.metrics.value("undersong_websockets")


def test_a_websocket_may_stay_longer_than_a_head(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection began as one for requests, whose time is counted."""
    monkeypatch.setattr(listening, "HEAD_SECONDS", 0.1)
    with connect(f"ws://127.0.0.1:{live.port}/v1/sessions") as opened:
        time.sleep(0.4)
        opened.send("words")

        assert "words" == opened.recv(timeout=10)


def test_a_message_that_is_too_large_closes_its_websocket(live: Live) -> None:
    """With the code that stands for it."""
    with connect(f"ws://127.0.0.1:{live.port}/v1/sessions") as opened:
        opened.send("a" * (LIMIT + 1))
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=10)

    assert opened.close_code == 1009
    assert live.lives()
