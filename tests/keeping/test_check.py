"""What lies beside an int8 graph to check it by, and what is refused in its place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from instrument_files import SYMBOLS, description, step

from undersong.errors import InstrumentFileError
from undersong.keeping import instrument_file
from undersong.keeping.check import CHECK_FILE, Check, check_events, read_check
from undersong.keeping.instrument_file import InstrumentFile
from undersong.shapes import ArraySpec

GOOD: dict[str, Any] = {
    "events": [[0, 4], [3, 1]],
    "stride": 2,
    "parameters": [[[0.5, 1], [2, -3.25]], [[0, 0], [1e-9, 7]]],
}


def file_with(check: bytes, **graphs: bytes) -> InstrumentFile:
    return InstrumentFile(description(), {"step": step(), **graphs}, attachments={CHECK_FILE: check})


@pytest.mark.parametrize("form", [ArraySpec((), "int64", count=7), ArraySpec((2, 3)), ArraySpec((2,), low=0.0)])
def test_check_is_read_as_it_was_written(form: ArraySpec) -> None:
    """Symbols and numbers of any form, and what was given for each of them."""
    events = check_events(form)
    parameters = np.random.default_rng(1).normal(size=(*events.shape[:2], 5)).astype(np.float32)
    of = description(event=form, start_event=np.zeros(form.shape, form.dtype).tolist())

    again = read_check(Check(events, parameters, 3).to_bytes(), of)

    np.testing.assert_array_equal(events, again.events, strict=True)
    np.testing.assert_allclose(parameters, again.parameters, rtol=1e-6)
    assert 3 == again.stride


def test_events_of_a_check_are_anyones() -> None:
    """They come from dice, not from a person's work, and lie where events may lie."""
    symbols, numbers = check_events(ArraySpec((), "int64", count=500)), check_events(ArraySpec((2,), low=0.0))

    np.testing.assert_array_equal(symbols, check_events(ArraySpec((), "int64", count=500)))
    assert len(np.unique(symbols)) > symbols.size // 2
    assert (numbers >= 0).all()


def test_file_with_integers_and_their_check_is_written_and_read(tmp_path: Path) -> None:
    """Both graphs, and the check byte for byte."""
    file = file_with(json.dumps(GOOD).encode(), step_int8=step())

    assert file == instrument_file.read(instrument_file.write(tmp_path / "a.undersong", file))


def test_integers_stand_for_something(tmp_path: Path) -> None:
    """Without the graph that was learned they are no instrument."""
    file = replace(file_with(json.dumps(GOOD).encode()), graphs={"step_int8": step(), "read": step()})

    with pytest.raises(InstrumentFileError, match="needs the 'step' that it stands for"):
        instrument_file.write(tmp_path / "a.undersong", file)


def test_graph_in_integers_is_checked_like_the_other(tmp_path: Path) -> None:
    """What it takes and gives is what the description declares, to the letter."""
    file = file_with(json.dumps(GOOD).encode(), step_int8=step().replace(b"gate.mood", b"fate.mood"))

    with pytest.raises(InstrumentFileError, match="'step_int8' is not what its instrument says"):
        instrument_file.write(tmp_path / "a.undersong", file)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (b"\x80\x04", "not proper JSON"),
        (b"[]", "not a JSON object"),
        (b'{"events": NaN}', "NaN is not a number"),
        ({"more": 1}, "and nothing else"),
        ({"stride": 0}, "stride that is no whole number from 1"),
        ({"stride": True}, "stride"),
        ({"stride": 1.5}, "stride"),
        ({"events": "0123"}, "events that are no array of 2 dimensions"),
        ({"events": [[0, 4], [3]]}, "events in rows of different lengths"),
        ({"events": [[0.5, 4], [3, 1]]}, "not of the declared form"),
        ({"events": [[[0], [4]], [[3], [1]]]}, "events that are no array of 2 dimensions"),
        ({"events": [[0, SYMBOLS], [3, 1]]}, "no symbols from 0 to 4"),
        ({"events": [[0, -1], [3, 1]]}, "no symbols from 0 to 4"),
        ({"events": [[0, 2**70], [3, 1]]}, "events"),
        ({"events": [], "parameters": []}, "events that are no array"),
        ({"parameters": [[[0.5], [2]]]}, "does not have parameters for each of its events"),
        ({"parameters": [[[], []], [[], []]]}, "does not have parameters for each of its events"),
        ({"parameters": [[[1e300], [2]], [[0], [1]]]}, "parameters that are too large"),
        ({"parameters": [[["1"], [2]], [[0], [1]]]}, "parameters that are no array of 3 dimensions"),
        ({"parameters": [[[None], [2]], [[0], [1]]]}, "parameters that are no array of 3 dimensions"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_strange_check_is_refused(tmp_path: Path, changed: Any, says: str) -> None:
    """By the reader as by the writer, with the reason."""
    check = changed if isinstance(changed, bytes) else json.dumps(GOOD | changed).encode()

    with pytest.raises(InstrumentFileError) as read:
        read_check(check, description())
    with pytest.raises(InstrumentFileError) as written:
        instrument_file.write(tmp_path / "a.undersong", file_with(check))

    assert CHECK_FILE in str(read.value)
    assert says in str(read.value)
    assert str(read.value) == str(written.value)
