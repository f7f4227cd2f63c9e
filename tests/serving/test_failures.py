"""Whatever goes wrong is answered in one form, and says nothing of anybody's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Served

from undersong.errors import (
    ConstraintError,
    DialError,
    InstrumentFileError,
    PromptError,
    UndersongError,
    UnknownNameError,
)
from undersong.playing.instrument import Instrument
from undersong.serving.failures import BusyError, LateError, RefusedError, about, failed, unforeseen
from undersong.serving.replies import as_json

FORM = {"message", "type", "code", "param", "do"}


def told(answer: Any) -> dict[str, Any]:
    """The error of an answer, which must be in the one form."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == FORM
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (PromptError("p"), 400, "invalid_request_error", "prompt"),
        (DialError("d"), 400, "invalid_request_error", "dial"),
        (ConstraintError("c"), 400, "invalid_request_error", "constraint"),
        (UnknownNameError("u"), 404, "invalid_request_error", "unknown_name"),
        (BusyError("b", retry_after=2.5), 429, "rate_limit_error", "busy"),
        (LateError("l"), 503, "server_error", "late"),
        (InstrumentFileError("i"), 500, "server_error", "instrument_file"),
        (RefusedError("r", status=401, code="key"), 401, "authentication_error", "key"),
    ],
)
def test_every_error_has_its_status(error: UndersongError, status: int, kind: str, code: str) -> None:
    """As clients of OpenAI's interface know them."""
    found = failed(error)

    assert (status, kind, code) == (found.status, found.to_json()["error"]["type"], found.code)


def test_busy_says_when_to_come_again() -> None:
    """In whole seconds, and never too early."""
    assert failed(BusyError("b", retry_after=2.4)).headers == {"Retry-After": "3"}
    assert failed(BusyError("b", retry_after=0.1)).headers == {"Retry-After": "1"}


def test_an_error_knows_which_field_it_is_about() -> None:
    """The innermost that was named."""

    def raises() -> None:
        with about("outer"), about("inner"):
            raise PromptError("no")

    with pytest.raises(PromptError) as found:
        raises()

    assert failed(found.value).param == "inner"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"", 422, None),
        (b"{", 400, None),
        (b"\xff\xfe", 400, None),
        (b"[1, 2]", 422, None),
        (b'{"prompt": ' + b"[" * 5_000, 400, None),
        (b'{"max_tokens": "x"}', 422, "max_tokens"),
        (b'{"max_tokens": true}', 422, "max_tokens"),
        (b'{"n": 0}', 422, "n"),
        (b'{"seed": -1}', 422, "seed"),
        (b'{"seed": 9223372036854775808}', 422, "seed"),
        (b'{"temperature": NaN}', 400, "temperature"),
        (b'{"temperature": []}', 400, "temperature"),
        (b'{"stream_options": {"loud": 1}}', 422, "stream_options.loud"),
        (b'{"prompt": "half \\ud800"}', 400, "prompt"),
        (b'{"model": "half \\ud800"}', 404, "model"),
        (b'{"constraints": {"half \\ud800": 1}}', 400, "constraints"),
        (b'{"half \\ud800": 1}', 422, None),
        (b'{"temperature": "1>0.5/999999"}', 400, "temperature"),
    ],
    ids=range(18),
)
def test_malformed_bodies_are_answered_in_one_form(server: Served, body: bytes, status: int, param: str | None) -> None:
    """Never a traceback, never a 500."""
    if b"model" not in body and body[:2] == b'{"':
        body = b'{"model": "tiny", ' + body[1:]

    answer = server.http.post("/v1/completions", content=body, headers={"content-type": "application/json"})

    error = told(answer)
    assert (status, error["type"]) == (answer.status_code, "invalid_request_error")
    if param is not None:
        assert error["param"] == param


def test_a_long_prompt_is_refused(serve: Callable[..., Served]) -> None:
    """With how long it is and how long it may be."""
    answer = serve(longest=50).http.post("/v1/completions", json={"prompt": "the fox " * 10})

    error = told(answer)
    assert (400, "prompt") == (answer.status_code, error["param"])
    assert "80 characters" in error["message"]


def test_unknown_paths_and_methods_are_answered_in_one_form(server: Served) -> None:
    """By name, with where to look."""
    assert told(server.http.get("/v2/nothing"))["code"] == "unknown_path"
    answer = server.http.get("/v1/completions")
    assert (405, "method") == (answer.status_code, told(answer)["code"])
    assert answer.headers["allow"] == "POST"


@settings(max_examples=30)
@given(
    body=st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
    )
)
def test_no_body_is_a_fault_of_ours(server: Served, body: dict[str, Any]) -> None:
    """Whatever is sent, the answer is not a 500."""
    sent = json.dumps({"model": "tiny", "max_tokens": 2, **body}).encode()

    answer = server.http.post("/v1/completions", content=sent, headers={"content-type": "application/json"})

    assert answer.status_code in (200, 400, 404, 422)
    if answer.status_code != 200:
        told(answer)


def test_what_nobody_foresaw_is_told_by_a_number_and_never_by_words(
    serve: Callable[..., Served],
    instruments: Mapping[str, Instrument],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fault of ours is a 500 with a number that is in the log, where nothing of a person's is."""

    def broken(self: object, *given: object) -> None:
        raise RuntimeError("a secret of the person's")

    monkeypatch.setattr("undersong.serving.completing.Completing.choices", broken)
    served = serve()

    with caplog.at_level(logging.DEBUG):
        answer = served.http.post("/v1/completions", json={"prompt": "my secret", "max_tokens": 3})

    error = told(answer)
    assert (500, "server_error", "unforeseen") == (answer.status_code, error["type"], error["code"])
    number = error["message"].split()[-1].rstrip(".")
    (line,) = [record.getMessage() for record in caplog.records if number in record.getMessage()]
    assert "RuntimeError" in line
    assert "completions.py" in line
    assert not [record for record in caplog.records if "secret" in record.getMessage() + str(record.exc_info or "")]


def test_an_unforeseen_error_says_nothing_of_what_it_held() -> None:
    """Neither to the asker."""
    try:
        raise ValueError("somebody's words")
    except ValueError as error:
        found = unforeseen(error)

    assert "words" not in json.dumps(found.to_json())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"nats": float("inf")}, '{"nats":9999.0}'),
        ([float("-inf"), float("nan")], "[-9999.0,null]"),
        ({"a": "é"}, '{"a":"é"}'),
    ],
)
def test_numbers_that_json_has_not_are_sent_as_some_it_has(content: Any, expected: str) -> None:
    """No client has to read Infinity."""
    assert expected == as_json(content)
