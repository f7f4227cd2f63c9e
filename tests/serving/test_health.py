"""How the server says that it lives, what it counted, and what can be asked of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from exposition import read

from undersong import __version__

KEY = "correct-horse-battery-staple"


def test_it_lives(server: Any) -> None:
    """With its version, and what plays here."""
    answer = server.http.get("/healthz")

    assert 200 == answer.status_code
    assert {"status": "ok", "version": __version__, "models": list(server.house.voices)} == answer.json()


def test_strangers_learn_only_that_it_lives(serve: Callable[..., Any]) -> None:
    """Whoever has the key learns the rest; the names of runs may say something of those who made them."""
    served = serve(key=KEY)

    assert {"status": "ok"} == served.http.get("/healthz").json()
    assert "models" in served.http.get("/healthz", headers={"Authorization": f"Bearer {KEY}"}).json()


def test_metrics_are_what_prometheus_reads(server: Any) -> None:
    """In its content type; what was just played is in them."""
    before = read(server.http.get("/metrics").text)
    server.http.post("/v1/completions", json={"model": "tiny", "max_tokens": 7, "seed": 1}).raise_for_status()
    server.http.post("/v1/completions", json={"model": "walks", "max_tokens": 3, "seed": 1}).raise_for_status()
    answer = server.http.get("/metrics")
    after = read(answer.text)

    def grown(name: str, **labels: str) -> float:
        key = tuple(sorted(labels.items()))
        return after[name][key] - before.get(name, {}).get(key, 0)

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 2 == grown("undersong_requests_total", route="/v1/completions", status="200")
    assert 0 < grown("undersong_played_total", model="tiny") <= 7
    assert 0 < grown("undersong_played_total", model="walks") <= 3
    assert grown("undersong_rounds_total", model="tiny") >= 1
    assert grown("undersong_round_rows_sum", model="tiny") >= grown("undersong_rounds_total", model="tiny")


def test_metrics_need_the_key_where_there_is_one(serve: Callable[..., Any]) -> None:
    """They say how much is played, and when."""
    served = serve(key=KEY)

    assert 401 == served.http.get("/metrics").status_code
    assert 200 == served.http.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code


# ── the page for people ────────────────────────────────────────────────────────────────────────────────────────────


class _Page(HTMLParser):
    """What a page loads and links to, and the words on it; fails where what is opened is not closed."""

    _ALONE = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.lines: list[str] = []  # of examples
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert [] == [tag for tag in self._open if tag not in ("tr", "td")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action", "srcset")]
        if tag not in self._ALONE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1] in ("tr", "td") and tag not in ("tr", "td"):
            self._open.pop()  # these close by themselves
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["pre"]:
            self.lines.append(data)
        if self._open[-1:] != ["style"]:
            self.words += data


@pytest.fixture
def page(server: Any) -> _Page:
    answer = server.http.get("/docs")
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    return _Page(answer.text)


def test_the_page_loads_nothing_from_anywhere(page: _Page, server: Any) -> None:
    """It opens without a network, and nobody learns that somebody read it."""
    assert not {"script", "img", "link", "iframe", "object", "embed"} & set(page.tags)
    assert [] == [each for each in page.addresses if not each.startswith(("#", "/openapi.json"))]
    assert "script-src 'self'" in server.http.get("/docs").headers["content-security-policy"]


def test_the_page_has_every_route_and_every_field(page: _Page, server: Any) -> None:
    """All that programs read in /openapi.json."""
    description = server.http.get("/openapi.json").json()
    words = re.sub(r"\s+", " ", page.words)

    for path, methods in description["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in words
    request = description["components"]["schemas"]["CompletionRequest"]
    assert [] == [name for name in request["properties"] if name not in words]
    assert "WebSocket /v1/sessions" in words


def test_the_pages_examples_can_be_asked_as_they_stand(serve: Callable[..., Any]) -> None:
    """Every line that a person may copy from it plays, or says what is missing where this is no classroom."""
    served = serve()
    statuses = {}
    for line in _Page(served.http.get("/docs").text).lines:
        asked = shlex.split(line)
        if "{" not in asked[1]:
            method = asked[asked.index("-X") + 1] if "-X" in asked else "GET"
            body = asked[asked.index("-d") + 1].encode() if "-d" in asked else None
            answer = served.http.request(method, asked[1], content=body, headers={"Content-Type": "application/json"})
            statuses[f"{method} {asked[1].removeprefix(served.url)}"] = answer.status_code

    assert {200} == {status for asked, status in statuses.items() if "/classroom" not in asked}, statuses
    assert {"POST /v1/completions", "POST /v1/candidates", "POST /v1/score", "GET /healthz"} <= set(statuses)


def test_nobody_loads_a_page_of_somebody_else(server: Any) -> None:
    """FastAPI's own pages fetch their scripts from elsewhere; there are none of them here."""
    assert 404 == server.http.get("/redoc").status_code
    assert "cdn" not in server.http.get("/docs").text.lower()
