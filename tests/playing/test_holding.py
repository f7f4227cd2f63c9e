"""Steering inside: units of the state that are held or pushed, and what the instrument makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from spelled_voices import chain, network, words
from tiny_models import MEDIA, PROMPTS, instrument_of, piece_of

from undersong.errors import DialError, UsageError
from undersong.events import Condition
from undersong.playing.holding import hold
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.mixtures.mixing import mix

every_medium = pytest.mark.parametrize("medium", MEDIA)
PLAIN: dict[str, dict[str, Any]] = {"text": {}, "walk": {"class": 1}}
UNITS = {"0.h": {2: 1.5, 7: -1.0}, "0.c": {0: 0.25}}


def states(plays: Instrument, medium: str, **asked: Any) -> dict[str, np.ndarray]:
    """Every state (T, H) along a piece."""
    piece = piece_of(medium)
    trace = plays.trace(piece, {**plays.codec.condition(piece), **asked})
    return {name.removeprefix("state."): values for name, values in trace.inner.items() if name.startswith("state.")}


@every_medium
def test_clamped_units_have_their_value_after_every_event(medium: str) -> None:
    """And at the start; all others go on as the network moves them, which is another way than before."""
    held, free = hold(instrument_of(medium), UNITS), instrument_of(medium)
    found, before = states(held, medium), states(free, medium)

    for name, units in UNITS.items():
        for unit, value in units.items():
            assert (found[name][:, unit] == np.float32(value)).all()
            assert held.begin().state[name][0, unit] == np.float32(value)
    assert set(found) == set(before)
    assert not np.array_equal(found["0.h"][3:, 1], before["0.h"][3:, 1])


@every_medium
def test_nudged_units_are_moved_by_their_value_with_every_event(medium: str) -> None:
    """After a step the state is what the step made of the state before, and the value more."""
    held, free = hold(instrument_of(medium), UNITS, "nudge"), instrument_of(medium)
    piece, asked = piece_of(medium), Condition.complete(free.conditions, PLAIN[medium], 1)
    events, trace = held.codec.encode(piece), held.trace(piece, PLAIN[medium])
    before = {name: trace.inner[f"state.{name}"][[3]] for name in free.begin().state}
    _, after = free.steps.step(events[[4]], asked, before)

    for name in after:
        moved = after[name][0].copy()
        for unit, value in UNITS.get(name, {}).items():
            moved[unit] += np.float32(value)
        np.testing.assert_array_equal(moved, trace.inner[f"state.{name}"][4])


@every_medium
@pytest.mark.parametrize("how", ["clamp", "nudge"])
def test_released_units_give_the_odds_back(medium: str, how: str) -> None:
    """At 0 it plays what it plays when nobody holds it, bit for bit; at 1 something else."""
    free, held = instrument_of(medium), hold(instrument_of(medium), UNITS, how)
    expected = free.samples(2, PROMPTS[medium], 12, seed=3)
    released = held.samples(2, PROMPTS[medium], 12, seed=3, hold=0.0)

    for one, other in zip(expected, released, strict=True):
        np.testing.assert_array_equal(one.events, other.events)
        assert one.nats == other.nats
    assert free.odds(PROMPTS[medium]) == held.odds(PROMPTS[medium], hold=0.0)
    assert free.odds(PROMPTS[medium]) != held.odds(PROMPTS[medium]) == held.odds(PROMPTS[medium], hold=1.0)
    assert held.sample(PROMPTS[medium], 40, seed=3) != free.sample(PROMPTS[medium], 40, seed=3)


def test_held_units_are_heard_with_the_next_event() -> None:
    """The first odds are as they were: a step gives odds and state together."""
    free, held = instrument_of("text"), hold(instrument_of("text"), UNITS)

    assert free.odds("") == held.odds("")
    assert free.odds("t") != held.odds("t")


def test_how_much_is_held_may_change_as_it_plays() -> None:
    """A dial and a condition, event by event: after it is let go only the network moves the state on."""
    free, held = instrument_of("text"), hold(instrument_of("text"), {"0.h": {3: 2.0}})
    found = states(held, "text", hold=[1.0, 1.0, 0.5, 0.0])["0.h"][:, 3]
    dials = {dial.name: dial for dial in held.dials}

    assert (0.0, 1.0, 1.0) == (dials["hold"].low, dials["hold"].high, dials["hold"].neutral)
    assert found[0] == 2.0
    assert 0.0 < found[1] < 2.0
    assert (np.abs(found[2:]) < 1.0).all()
    steps = [1.0, 0.8, 0.6, 0.4, 0.2, 0.0]
    assert held.sample("the", 20, seed=1, hold="1>0/5") == held.sample("the", 20, seed=1, hold=steps)
    assert held.sample("the", 20, seed=1, hold="0>1/5") != free.sample("the", 20, seed=1)
    with pytest.raises(DialError, match="hold 2 is not a number from 0 to 1"):
        held.sample("the", hold=2)


def test_what_is_held_can_be_held_again_mixed_and_told() -> None:
    """Each time with a dial of its own, in letters and among voices; the facts say what is held."""
    plays = instrument_of("text")
    twice = hold(hold(plays, {"0.h": {3: 2.0}}), {"0.c": {1: 0.5}}, "nudge")
    voices = mix([plays, twice])

    assert {"hold", "hold_2"} <= {dial.name for dial in twice.dials}
    assert twice.odds("the", hold=0.0, hold_2=0.0) == plays.odds("the")
    assert {"hold", "hold_2"} <= {dial.name for dial in voices.dials}
    assert [
        {"how": "clamp", "dial": "hold", "units": {"0.h": {"3": 2.0}}},
        {"how": "nudge", "dial": "hold_2", "units": {"0.c": {"1": 0.5}}},
    ] == twice.facts["held"]


def test_held_instrument_plays_letter_by_letter() -> None:
    """Held before, it is held in each of the states it stands in; let go, it is itself by letter."""
    plays = network(words())
    lettered = by_letter(hold(plays, {"0.h": {3: 2.0}}))

    assert lettered.odds("the f", hold=0.0) == by_letter(plays).odds("the f")
    assert lettered.odds("the f") != by_letter(plays).odds("the f")
    assert "the f" == str(lettered.sample("the f", 4, seed=1))[:5]


def test_rows_are_held_each_by_its_own_dial() -> None:
    """No row's state depends on how much its neighbours are held."""
    steps = hold(instrument_of("text"), UNITS).steps
    much, events = np.array([0.0, 0.5, 1.0], np.float32), np.array([3, 4, 5])
    _, before = steps.start(Condition({"hold": much}), 3)
    kept = {name: value.copy() for name, value in before.items()}
    parameters, after = steps.step(events, Condition({"hold": much}), before)

    for row in range(3):
        one = Condition({"hold": much[[row]]})
        alone, then = steps.step(events[[row]], one, {name: value[[row]] for name, value in before.items()})
        np.testing.assert_array_equal(alone["next"][0], parameters["next"][row])
        assert all(np.array_equal(then[name][0], after[name][row]) for name in then)
    assert all(np.array_equal(kept[name], before[name]) for name in kept)


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ({}, "Nothing is to be held"),
        ({"7.h": {0: 1.0}}, r"no state '7.h'(.|\n)*0\.h \(12 units\)"),
        ({"0.h": {}}, "Of '0.h' nothing"),
        ({"0.h": {12: 1.0}}, r"'0.h' has no unit 12; it has 0 … 11"),
        ({"0.h": {-1: 1.0}}, "no unit -1"),
        ({"0.h": {0.5: 1.0}}, "no unit 0.5"),
        ({"0.h": {True: 1.0}}, "no unit True"),
        ({"0.h": {0: float("nan")}}, "cannot be nan"),
        ({"0.h": {0: 1e39}}, "cannot be 1e[+]39"),
        ({"0.h": {0: "much"}}, "cannot be 'much'"),
        ({"0.h": [1.0]}, "Of '0.h' nothing"),
        ([1], "Nothing is to be held"),
    ],
    ids=str,
)
def test_what_cannot_be_held_is_refused(units: Any, says: str) -> None:
    """With the states there are, and how many units each has."""
    with pytest.raises(UsageError, match=says):
        hold(instrument_of("text"), units)


def test_who_has_no_units_cannot_be_held() -> None:
    """A chain remembers symbols; letters are told in many states at once; and there are two ways to hold."""
    with pytest.raises(UsageError, match=r"no state 'context'(.|\n)*no state with units"):
        hold(chain(words(), "the sea\n" * 5), {"context": {0: 1.0}})
    with pytest.raises(UsageError, match=r"plays by letter(.|\n)*Hold it before"):
        hold(by_letter(chain(words(), "the sea\n" * 5)), {"weight": {0: 1.0}})
    with pytest.raises(UsageError, match="not held by 'grip'"):
        hold(instrument_of("text"), UNITS, "grip")
