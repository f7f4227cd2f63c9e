"""What an instrument has heard, carried elsewhere: the same to the last bit, and never taken from whoever it comes."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spelled_voices import chain, network, words
from tiny_models import LAYERS, MEDIA, PROMPTS, file_of, instrument_of, verses
from tiny_runs import environment

from undersong.errors import InputError
from undersong.events import State
from undersong.keeping import instrument_file
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.mixtures.mixing import duet
from undersong.playing.sessions.carried import carried, layout_of, taken

GOES_ON = """
import json, sys
import numpy as np
from undersong.playing.sessions.carried import taken
from undersong.playing.sessions.history import Heard
from undersong.playing.loading import load
instrument = load(sys.argv[1])
told = json.load(open(sys.argv[2], encoding="utf-8"))
begun = instrument.begin()
place = Heard(begun.parameters, taken(told["state"], begun.state), told["count"])
heard = instrument.hear(np.array(told["events"], instrument.codec.event.dtype), place)
print(heard.parameters["next"].tobytes().hex())
"""


def heard_in(instrument: Instrument, prompt: str) -> State:
    opening = instrument.codec.encode(instrument.medium.prompt(prompt))
    return instrument.hear(opening, instrument.begin()).state


def letters() -> Instrument:
    return by_letter(network(words()))


def pair() -> Instrument:
    of = instrument_of("text")
    return duet(of, chain(of.codec, verses(20, seed=4)), 0.4)


VOICES: dict[str, Callable[[], Instrument]] = {
    "network": lambda: instrument_of("text"),
    "walks": lambda: instrument_of("walk"),
    "duet": pair,
    "letters": letters,
}


@cache
def example() -> tuple[dict[str, Any], State]:
    """A carried state, and one that it is like."""
    instrument = pair()
    return carried(heard_in(instrument, "the fox")), instrument.begin().state


@pytest.mark.parametrize("name", VOICES)
def test_a_carried_state_comes_back_to_the_last_bit(name: str) -> None:
    """Through JSON and back every array is what it was, whatever the instrument is made of."""
    instrument = VOICES[name]()
    state = heard_in(instrument, PROMPTS[instrument.medium.kind.removesuffix(".v1")])

    back = taken(json.loads(json.dumps(carried(state))), instrument.begin().state)

    assert {name: value.dtype for name, value in state.items()} == {name: value.dtype for name, value in back.items()}
    assert all(np.array_equal(state[name], back[name]) for name in state)


@pytest.mark.parametrize("medium", MEDIA)
def test_a_carried_state_goes_on_with_the_same_odds_in_another_process(medium: str, tmp_path: Path) -> None:
    """Bit for bit, with nothing heard there but the last event."""
    path = tmp_path / "voice.undersong"
    instrument_file.write(path, file_of(medium, *LAYERS))
    instrument = instrument_of(medium)
    opening = instrument.codec.encode(instrument.medium.prompt(PROMPTS[medium]))
    before = instrument.hear(opening[:-1], instrument.begin())
    here = instrument.hear(opening[-1:], before).parameters["next"]
    told = {"state": carried(before.state), "count": before.count, "events": opening[-1:].tolist()}
    (tmp_path / "told.json").write_text(json.dumps(told), "utf-8")

    there = subprocess.run(
        [sys.executable, "-c", GOES_ON, str(path), str(tmp_path / "told.json")],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert here.tobytes().hex() == there.stdout.strip()


def test_a_layout_is_told_by_names_shapes_and_types() -> None:
    """Two states of one instrument have the same, and another name, shape or type makes another."""
    state = {"h": np.zeros((1, 4), np.float32), "at": np.zeros((1, 2), np.int64)}
    others = (
        {**state, "h": np.zeros((1, 5), np.float32)},
        {**state, "h": np.zeros((1, 4))},
        {"g": state["h"], "at": state["at"]},
    )

    assert layout_of(state) == layout_of({name: value + 1 for name, value in reversed(state.items())})
    assert 4 == len({layout_of(each) for each in (state, *others)})


def spoiled(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    told = copy.deepcopy(example()[0])
    change(told)
    return told


def with_array(kind: str, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """The example with numbers of its first array of that kind changed."""
    told, like = copy.deepcopy(example()[0]), example()[1]
    name = next(name for name, value in like.items() if value.dtype.kind == kind)
    array = told["arrays"][name]
    numbers = np.frombuffer(base64.b64decode(array["data"]), array["dtype"]).copy()
    array["data"] = base64.b64encode(change(numbers).tobytes()).decode()
    return told


def first(told: dict[str, Any]) -> dict[str, Any]:
    array: dict[str, Any] = next(iter(told["arrays"].values()))
    return array


def filled(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda numbers: np.full_like(numbers, value)


WRONG = {
    "nothing": (lambda: None, "is an object"),
    "a list": (list, "is an object"),
    "arrays that are a list": (lambda: spoiled(lambda told: told.update(arrays=[])), "is an object"),
    "an array too few": (lambda: spoiled(lambda told: told["arrays"].popitem()), "do not go together"),
    "an array too many": (lambda: spoiled(lambda told: told["arrays"].update(more={})), "'more' do not go together"),
    "another layout": (lambda: spoiled(lambda told: told.update(layout="0" * 16)), "another instrument"),
    "no array": (lambda: spoiled(lambda told: told["arrays"].update({next(iter(told["arrays"])): 7})), "is no array"),
    "another shape": (lambda: spoiled(lambda told: first(told).update(shape=[2, 12])), "expected"),
    "another type": (lambda: spoiled(lambda told: first(told).update(dtype="|O8")), "expected"),
    "no data": (lambda: spoiled(lambda told: first(told).pop("data")), "in base64"),
    "data cut short": (lambda: spoiled(lambda told: first(told).update(data=first(told)["data"][:-4])), "in base64"),
    "far too much": (lambda: spoiled(lambda told: first(told).update(data="A" * 10_000_000)), "in base64"),
    "no base64": (lambda: spoiled(lambda told: first(told).update(data="é" * len(first(told)["data"]))), "base64"),
    "infinity": (lambda: with_array("f", filled(np.inf)), "not finite"),
    "no number": (lambda: with_array("f", filled(np.nan)), "not finite"),
    "a symbol far away": (lambda: with_array("i", filled(2**40)), "stands for nothing"),
    "a symbol below all": (lambda: with_array("i", filled(-2)), "stands for nothing"),
}


@pytest.mark.parametrize("flaw", WRONG)
def test_a_state_that_no_instrument_makes_is_refused(flaw: str) -> None:
    """By an error that says what is wrong with it."""
    make, told = WRONG[flaw]

    with pytest.raises(InputError, match=told):
        taken(make(), example()[1])


def test_yes_and_no_come_back_and_nothing_between() -> None:
    """A byte of 2 is neither."""
    state = {"rests": np.array([[True, False]])}
    told = carried(state)

    assert np.array_equal(state["rests"], taken(told, state)["rests"])
    told["arrays"]["rests"]["data"] = base64.b64encode(b"\x02\x00").decode()
    with pytest.raises(InputError, match="neither yes nor no"):
        taken(told, state)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["whole", "layout", "arrays", "array", "dtype", "shape", "data"]), anything, st.integers(0, 99))
def test_whatever_comes_is_refused_or_fits(where: str, value: Any, number: int) -> None:
    """No input leads to anything but an InputError, or a state just like those of the instrument."""
    told, like = copy.deepcopy(example()[0]), example()[1]
    name = list(told["arrays"])[number % len(told["arrays"])]
    if where == "whole":
        told = value
    elif where in told:
        told[where] = value
    elif where == "array":
        told["arrays"][name] = value
    else:
        told["arrays"][name][where] = value

    try:
        found = taken(told, like)
    except InputError:
        return

    assert {n: (v.shape, v.dtype) for n, v in like.items()} == {n: (v.shape, v.dtype) for n, v in found.items()}
