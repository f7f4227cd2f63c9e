"""What an instrument says of itself: every key is checked, and the error names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from instrument_files import SYMBOLS, description

from undersong.distributions.distribution import Dial
from undersong.errors import InstrumentFileError
from undersong.events import ConditionSpec
from undersong.keeping.description import Description
from undersong.keeping.strict_json import read_object
from undersong.shapes import ArraySpec


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(InstrumentFileError) as caught:
        call()
    return str(caught.value)


def test_a_description_comes_back_from_json():
    """Also by way of bytes."""
    made = description()

    assert made == Description.from_json(json.loads(json.dumps(made.to_json())))


def test_an_event_of_numbers_is_kept_too():
    """Nothing here is about symbols: a pen goes (dx, dy, lifted)."""
    event = ArraySpec((3,), low=-100.0, high=100.0)
    made = description(
        event=event, start_event=[0.0, 0.0, 1], conditions=(), readings={"end": {"kind": "bernoulli.v1"}}
    )

    assert made == Description.from_json(json.loads(json.dumps(made.to_json())))


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"[]", "not a JSON object"),
        (b"{", "not proper JSON"),
        (b"\xff{}", "not proper JSON"),
        (b'{"a": 1, "a": 2}', "a key twice"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not proper JSON"),
        (b'{"a": ' + b"[" * 50 + b"]" * 50 + b"}", "nested too deeply"),
        (b'{"a": ' + b"[" * 900_000 + b"]" * 900_000 + b"}", "nested too deeply"),
        (b"[" + b"0," * 2_000_001 + b"0]", "more parts"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_is_no_proper_json_is_refused(written, says):
    """UTF-8, one object, of limited depth, every key once."""
    assert says in refusal(lambda: read_object(written))


ARRAY = ArraySpec((), "int64", count=SYMBOLS).to_json()
MOOD = ConditionSpec("mood", ArraySpec((1,))).to_json()
DIAL = Dial("temperature", "", 0.0, 10.0, 1.0).to_json()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 2}, "of format 2"),
        ({"format": True}, "format should be"),
        ({"format": ...}, "lacks 'format'"),
        ({"name": ...}, "lacks 'name'"),
        ({"extra": 1}, "a key that means nothing to us: 'extra'"),
        ({"name": ""}, "name should be"),
        ({"name": "\x1b[2J"}, "name should be"),
        ({"name": 7}, "name should be"),
        ({"medium": "../text"}, "medium should be"),
        ({"codec": []}, "codec should be an object"),
        ({"codec": {}}, "codec.kind should be"),
        ({"distribution": {"kind": 3}}, "distribution.kind should be"),
        ({"event": ARRAY | {"dtype": "object"}}, "event.dtype should be"),
        ({"event": ARRAY | {"count": None}}, "event.count should be"),
        ({"event": ARRAY | {"count": -1}}, "event.count should be"),
        ({"event": ARRAY | {"shape": [2**40]}}, "event.shape[0] should be"),
        ({"event": ARRAY | {"shape": [4096, 4097]}}, "event.shape should be"),
        ({"event": ARRAY | {"shape": 3}}, "event.shape should be a list"),
        ({"event": ARRAY | {"low": "0"}}, "event.low should be a number"),
        ({"event": ARRAY | {"high": 10**400}}, "event.high should be a number"),
        ({"event": {"shape": []}}, "event lacks"),
        ({"start_event": 6}, "start_event should be from 0 to 5, but is 6"),
        ({"start_event": -1}, "start_event should be from 0 to 5"),
        ({"start_event": [0]}, "start_event should be"),
        ({"start_event": [[0], 1]}, "start_event should be"),
        ({"start_event": 0.5}, "start_event should be"),
        ({"start_event": True}, "start_event should be"),
        ({"start_event": 10**400}, "start_event should be"),
        ({"conditions": {}}, "conditions should be a list"),
        ({"conditions": [MOOD, MOOD]}, "conditions should be names that differ"),
        ({"conditions": [MOOD | {"per": "bar"}]}, "conditions[0].per should be"),
        ({"conditions": [MOOD | {"name": "a.mask"}]}, "conditions[0].name should be"),
        ({"conditions": [MOOD | {"sentence": "a\nb"}]}, "conditions[0].sentence should be"),
        ({"state": {"h": {"shape": [4], "dtype": "float64"}}}, "state.h.dtype should be"),
        ({"state": {"h": [4]}}, "state.h should be an object"),
        ({"state": {"a b": {"shape": [4], "dtype": "float32"}}}, "a name in state should be"),
        ({"readings": {"next": {}}}, "readings should be names other than 'next'"),
        ({"readings": {"class": 1}}, "readings.class should be an object"),
        ({"dials": [DIAL | {"neutral": 11}]}, "dials[0] should be neutral"),
        ({"dials": [{"name": "x"}]}, "dials[0] lacks"),
        ({"provenance": None}, "provenance should be an object"),
    ],
    ids=str,
)
def test_a_description_of_another_form_is_refused(changes, says):
    """With the key, what was expected and what was found."""
    kept = {key: value for key, value in (description().to_json() | changes).items() if value is not ...}

    assert says in refusal(lambda: Description.from_json(kept))
