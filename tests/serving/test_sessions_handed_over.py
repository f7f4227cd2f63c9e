"""Live sessions that go from one server to another, and those who do not mean well."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Served
from talking import Talk, begun, talking
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.uri import parse_uri

from undersong.serving.routes import sessions


@pytest.fixture
def talk(server: Served) -> Iterator[Talk]:
    with talking(server) as opened:
        yield opened


# ── from one server to another ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("medium", MEDIA)
def test_a_session_goes_on_elsewhere_with_the_same_odds(serve: Callable[..., Served], medium: str) -> None:
    """Bit for bit, heard again from its last event alone; who made what comes along."""
    here, there = serve({"one": instrument_of(medium)}), serve({"one": instrument_of(medium)})
    with talking(here) as talk, talking(there) as other:
        live = talk.ask("begin", prompt=PROMPTS[medium], seed=3, condition=dict(ASKED[medium]))["session"]
        talk.ask("stream", session=live, length=150, seed=4)
        told = talk.ask("export", session=live)
        assert told["saved"]["turns"][-1]["author"] == "instrument"
        taken = other.ask("import", saved=told["saved"], carried=told["carried"])

        assert talk.ask("piece", session=live)["piece"] == taken["piece"]
        assert talk.ask("odds", session=live)["odds"] == other.ask("odds", session=taken["session"])["odds"]
        again = [
            each.ask("candidates", session=name, count=3, length=9, seed=2)["candidates"]
            for each, name in ((talk, live), (other, taken["session"]))
        ]
        assert again[0] == again[1]


def test_a_session_is_heard_anew_where_no_state_comes_along(talk: Talk) -> None:
    """Slower, and the same."""
    live = begun(talk, seed=3)
    talk.ask("stream", session=live, length=100, seed=4)
    told = talk.ask("export", session=live, carried=False)
    assert told["carried"] is None
    taken = talk.ask("import", model="tiny", saved=told["saved"])["session"]

    assert talk.ask("odds", session=live)["odds"] == talk.ask("odds", session=taken)["odds"]


def exported(talk: Talk) -> dict[str, Any]:
    live = begun(talk, seed=3)
    return talk.ask("export", session=live)


@pytest.mark.parametrize(("change", "message"), [
    (lambda told: told["carried"].update(count=7), "one of the last"),
    (lambda told: told["carried"].update(count=True), "one of the last"),
    (lambda told: told["carried"].pop("state"), "an object"),
    (lambda told: told["carried"]["state"]["arrays"].popitem(), "do not go together"),
    (lambda told: told["carried"].update(odds=[99.0] * 16), "expects something else"),
    (lambda told: told["carried"].update(odds=["x"] * 16), "should be 16 numbers"),
    (lambda told: told["saved"].update(seed=4), "digest"),
    (lambda told: told["saved"].update(turns=7), ""),
    (lambda told: told.update(saved={}), "format"),
])  # fmt: skip
def test_what_was_tampered_with_is_not_taken(
    talk: Talk, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    """With what is wrong; and the socket goes on."""
    told = exported(talk)
    change(told)

    error = talk.refused("import", model="tiny", saved=told["saved"], carried=told["carried"])

    assert message in error["message"]
    assert error["param"] in ("saved", "carried")
    assert begun(talk)


def test_carried_numbers_are_those_of_the_instrument(talk: Talk) -> None:
    """What is exported is the state after the last event but one, in its own types."""
    told = exported(talk)["carried"]
    of = instrument_of("text")
    opening = of.codec.encode(of.medium.prompt(PROMPTS["text"]))
    state = of.hear(opening[:-1], of.begin()).state

    assert len(opening) - 1 == told["count"]
    assert {name: list(value.shape) for name, value in state.items()} == {
        name: each["shape"] for name, each in told["state"]["arrays"].items()
    }
    assert np.isfinite([number for number in told["odds"] if number is not None]).all()


# ── those who do not mean well ─────────────────────────────────────────────────────────────────────────────────────

NONSENSE: Mapping[str, Any] = {
    "nothing": "",
    "no JSON": "begin!",
    "half of it": '{"id": 1, "do": "beg',
    "a list": "[]",
    "a number": "7",
    "no number": '{"id": NaN}',
    "too deep": "[" * 100_000,
    "deep within": '{"do": "begin", "prompt": ' + "[" * 1_000 + "]" * 1_000 + "}",
    "a number too long": '{"id": ' + "9" * 5_000 + "}",
    "bytes": b"\x00\xff\xfe",
    "nothing to do": "{}",
    "something unknown": '{"do": "sing"}',
    "do what": '{"do": ["begin"]}',
    "a field too many": '{"do": "begin", "prompt": "", "colour": "blue"}',
    "a wrong type": '{"do": "begin", "prompt": 7}',
    "half a letter": '{"do": "begin", "model": "tiny", "prompt": "\\ud800"}',
    "half a name": '{"id": "\\udfff", "do": "begin", "model": "\\ud800"}',
    "too large": json.dumps({"do": "begin", "prompt": "a" * 1_000_001}),
    "too long": json.dumps({"do": "begin", "model": "tiny", "prompt": "a" * 20_001}),
    "another's": '{"do": "piece", "session": "nobody\'s"}',
    "a far place": '{"do": "at", "session": "x", "position": 1e300}',
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_answered_by_an_error(talk: Talk, kind: str) -> None:
    """And the socket goes on."""
    talk.socket.send(NONSENSE[kind])
    told = json.loads(talk.socket.recv(10))

    assert {"id", "error"} == set(told)
    assert told["error"]["message"]
    assert begun(talk)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
KNOWN = (
    "begin", "append", "accept", "undo", "redo", "at", "replace", "candidates", "infill", "odds", "stream", "stop",
    "export", "import", "piece", "resume",
)  # fmt: skip
FIELDS = (
    "id", "model", "prompt", "piece", "seed", "condition", "times", "position", "from", "to", "count", "length",
    "until", "ranking", "top", "stop", "start", "dials", "constraints", "candidate", "events", "saved", "carried",
)  # fmt: skip


@settings(max_examples=120)
@given(st.sampled_from(KNOWN), st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4))
def test_whatever_is_said_is_answered(server: Served, do: str, fields: dict[str, Any]) -> None:
    """Every message once, never by a fault of ours, and the socket goes on."""
    with talking(server, "the token of a clumsy person") as talk:
        live = talk.ask("begin", model="tiny", prompt="the fox")["session"]
        short = {"length": 3} if do in ("candidates", "infill", "stream") else {}
        talk.socket.send(json.dumps({"do": do, "session": live, **short, **fields}))
        told = json.loads(talk.socket.recv(20))
        while "played" in told:
            told = json.loads(talk.socket.recv(20))

        assert "ok" in told or told["error"]["code"] != "unforeseen"
        assert talk.ask("odds", session=live)["odds"]


def test_whoever_does_not_read_is_cut_off(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """And takes nobody along; what was played is there for whoever comes back."""
    monkeypatch.setattr(sessions, "_PATIENCE", 0.3)
    token = "a token of somebody who sleeps"
    with talking(server, token) as talk:
        live = begun(talk, prompt="")
        talk.ask("append", session=live, piece="the fox " * 2_000)
        (sleeper,) = [each for each in server.house.workspaces if any(one.id == live for one in each.sessions)]
    with _deaf(server, token) as (raw, protocol):
        while not sleeper.sockets:
            time.sleep(0.001)
        with suppress(OSError):
            while sleeper.sockets:
                protocol.send_text(json.dumps({"do": "piece", "session": live}).encode())
                raw.sendall(b"".join(protocol.data_to_send()))
        until = time.monotonic() + 10
        while sleeper.sockets and time.monotonic() < until:
            time.sleep(0.02)

        assert (0, [0]) == (sleeper.sockets, [each.held for each in sleeper.sessions])
    with talking(server, token) as talk:
        assert 16_000 == talk.ask("resume", session=live)["events"]


@contextmanager
def _deaf(served: Served, token: str) -> Iterator[tuple[socket.socket, ClientProtocol]]:
    """A connection of which nothing is read once it is open, and what makes messages for it."""
    protocol = ClientProtocol(parse_uri(f"{served.url.replace('http', 'ws')}/v1/sessions"))
    request = protocol.connect()
    request.headers["Authorization"] = f"Bearer {token}"
    protocol.send_request(request)
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.settimeout(1)
        raw.connect(("127.0.0.1", int(served.url.rpartition(":")[2])))
        raw.sendall(b"".join(protocol.data_to_send()))
        while protocol.handshake_exc is None and protocol.state is not State.OPEN:
            protocol.receive_data(raw.recv(4_096))
        yield raw, protocol
