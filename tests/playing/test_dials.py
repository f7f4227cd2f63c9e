"""Dials under the hand: over time, in words, in one order; what they may not do is refused before the first event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import MEDIA, PROMPTS, instrument_of

from undersong.distributions.distribution import Dial
from undersong.errors import DialError
from undersong.playing.dials import Turned, checked_settings
from undersong.playing.instrument import Instrument
from undersong.playing.mixtures.mixing import duet
from undersong.randomness import uniforms

every_medium = pytest.mark.parametrize("medium", MEDIA)

WARMTH, COUNT = Dial("warmth", "How warm.", 0.0, 10.0, 1.0), Dial("count", "How many.", 0.0, 100.0, 0.0, whole=True)
DIALS = (WARMTH, COUNT)


def values(setting: Any, dial: str = "warmth") -> list[float]:
    return checked_settings(DIALS, {dial: setting})[dial].tolist()


# ── numbers, lists, words ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (0.5, [0.5]),
        (np.float32(0.5), [0.5]),
        ("0.5", [0.5]),
        (" .5e0 ", [0.5]),
        ([2, 1, 0], [2.0, 1.0, 0.0]),
        (np.array([2.0, 1.0]), [2.0, 1.0]),
        ("2, 1,0", [2.0, 1.0, 0.0]),
        ("2>1/4", [2.0, 1.75, 1.5, 1.25, 1.0]),
        ("2 > 1 / 2 > 3 / 1", [2.0, 1.5, 1.0, 3.0]),
        ("0>1/1", [0.0, 1.0]),
    ],
    ids=repr,
)
def test_a_setting_is_a_value_for_each_event(setting: Any, expected: list[float]) -> None:
    """A number, one for each event, or a way in words."""
    assert expected == values(setting)


def test_what_counts_goes_its_way_in_whole_steps() -> None:
    """From 0 to 3 over 4 events, each rounded."""
    assert [0.0, 1.0, 2.0, 2.0, 3.0] == values("0>3/4", "count")


@given(st.floats(0, 10), st.lists(st.tuples(st.floats(0, 10), st.integers(1, 50)), min_size=1, max_size=4))
def test_a_way_passes_its_stations_and_never_leaves_them(begin: float, legs: list[tuple[float, int]]) -> None:
    """Each leg arrives after just as many events as it says, and lies between its ends."""
    found = values(f"{begin!r}" + "".join(f">{value!r}/{over}" for value, over in legs))

    at, low = 0, begin
    for value, over in legs:
        assert found[at + over] == value
        between = found[at : at + over + 1]
        assert min(low, value) - 1e-12 <= min(between) <= max(between) <= max(low, value) + 1e-12
        at, low = at + over, value
    assert at + 1 == len(found)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("hot", "warmth 'hot' is not a number from 0 to 10"),
        ("", "warmth '' is not a number"),
        ("nan", "warmth 'nan' is not a number"),
        ("1>", "is not a number"),
        ("1>2", "is not a number"),
        ("1>2/0.5", "is not a number"),
        ("1>2/-3", "is not a number"),
        ("1,,2", "is not a number"),
        ("٣", "is not a number"),
        ("1>2/0", "in no time, or in too long"),
        ("1>2/999999999", "in no time, or in too long"),
        ("1>2/600000>1/600000", "in no time, or in too long"),
        ("1>11/5", r"warmth 11.0 \(at event 6\) is not a number from 0 to 10"),
        ("11>1/5", r"warmth 11.0 \(at event 1\) is not"),
        ("1e999", "warmth inf is not"),
        ([1, 2, 10.5], r"warmth 10.5 \(at event 3\) is not a number from 0 to 10"),
        ([1, "a"], r"warmth a \(at event 2\) is not"),
        ([[1.0]], "is not a number"),
        (np.zeros((2, 2)), "is not a number"),
        ([], "no value at all"),
        (None, "warmth None is not"),
        (b"1", r"warmth 49 is not|is not a number"),
        ({"a": 1}, "is not a number"),
    ],
    ids=repr,
)
def test_a_setting_that_is_none_is_refused_with_its_event(setting: Any, says: str) -> None:
    """All of it is looked at at once, however late it would be reached."""
    with pytest.raises(DialError, match=says):
        values(setting)


def test_what_counts_takes_no_halves() -> None:
    """Not even on its way."""
    for setting in (2.5, [1, 2.5], "1,2.5", "1>2.5/3"):
        with pytest.raises(DialError, match="is not a whole number from 0 to 100"):
            values(setting, "count")


@pytest.mark.parametrize("words", ["1" * 200_000 + "x", "1>" * 100_000, " " * 200_000 + "x", "1," * 100_000 + "x"])
def test_words_that_go_on_and_on_are_refused_in_a_line(words: str) -> None:
    """At once: looked at anew from every letter they would take hours."""
    with pytest.raises(DialError) as refused:
        values(words)
    assert len(refused.value.what) < 200


def test_a_way_may_have_as_many_parts_as_it_has_events() -> None:
    """One after the other."""
    assert [0.0, 1.0] * 1_000 + [0.0] == values("0" + ">1/1>0/1" * 1_000)


@given(
    st.dictionaries(
        st.sampled_from(["warmth", "count"]), st.lists(st.integers(0, 3).map(float), min_size=1, max_size=5)
    ),
    st.integers(0, 9),
)
def test_only_what_is_off_its_neutral_is_handed_on(settings: Mapping[str, list[float]], t: int) -> None:
    """And the last value of each is held."""
    turned = Turned(DIALS, checked_settings(DIALS, settings))
    now = {name: each[min(t, len(each) - 1)] for name, each in settings.items()}
    neutral = {"warmth": 1.0, "count": 0.0}

    assert {name: value for name, value in now.items() if value != neutral[name]} == dict(turned.at(t))
    assert {name for name, each in settings.items() if set(each) != {neutral[name]}} == turned.ever
    assert turned.at(50) is turned.at(60)


# ── while it plays ───────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_every_dial_at_its_neutral_changes_nothing(medium: str) -> None:
    """Bit for bit, whichever way it is said."""
    plays = instrument_of(medium)
    neutral = {dial.name: dial.neutral for dial in plays.dials}
    (plain,) = plays.samples(1, PROMPTS[medium], 40, seed=3)

    for dials in (neutral, {name: [value, value] for name, value in neutral.items()}):
        (turned,) = plays.samples(1, PROMPTS[medium], 40, seed=3, **dials)
        np.testing.assert_array_equal(plain.events, turned.events)
        assert plain.nats == turned.nats
    assert plays.odds(PROMPTS[medium]) == plays.odds(PROMPTS[medium], **neutral)


@every_medium
def test_a_dial_moves_from_the_first_event_that_is_drawn(medium: str) -> None:
    """Event by event what it would be if it stood there all along; the prompt does not count, and the last is held."""
    plays = instrument_of(medium)
    settings = [0.0, 0.0, 3.0, 0.5, 0.5, 1.0, 0.0]
    moving = plays.samples(1, PROMPTS[medium], 12, seed=5, temperature=settings)[0].events
    opening = plays.codec.encode(plays.medium.prompt(PROMPTS[medium]))

    for t, value in enumerate([*settings, 0.0, 0.0]):
        lead = moving[:t]
        heard = plays.hear(np.concatenate([opening, lead]), plays.begin())
        dice = uniforms(5, 0, t, 1, plays.distribution.uniforms)
        allowed = None
        if grammar := plays.codec.grammar:
            allowed = grammar.allowed[[grammar.run(0, lead)]]
        event, _ = plays.distribution.played(heard.parameters["next"], allowed, dice, {"temperature": value})
        np.testing.assert_allclose(event[0], moving[t], atol=0 if medium == "text" else 1e-5)


@every_medium
def test_the_three_ways_to_say_a_setting_are_one(medium: str) -> None:
    """In words or as numbers; samples, streams and candidates all take it."""
    plays = instrument_of(medium)
    numbers = np.linspace(1.5, 0.5, 11)
    first, *others = (
        plays.samples(1, PROMPTS[medium], 30, seed=2, temperature=setting)[0].events
        for setting in (numbers, "1.5>0.5/10", list(numbers), ",".join(map(repr, numbers.tolist())))
    )
    streamed = [each.event for each in plays.stream(PROMPTS[medium], 30, seed=2, temperature="1.5>0.5/10")]
    (candidate,) = plays.session(PROMPTS[medium], seed=2).candidates(1, length=30, temperature="1.5>0.5/10")

    for other in (*others, np.array(streamed), candidate.events):
        np.testing.assert_allclose(first, other, atol=0 if medium == "text" else 1e-5)


@every_medium
def test_a_setting_out_of_range_is_refused_before_anything_is_played(medium: str) -> None:
    """By every verb, with the event."""
    plays = instrument_of(medium)
    for verb in (plays.sample, plays.stream, plays.odds, plays.session(PROMPTS[medium]).candidates):
        with pytest.raises(DialError, match=r"temperature 10.5 \(at event 2\) is not a number from 0 to 10"):
            verb(temperature=[1.0, 10.5])


def test_top_k_of_one_plays_what_temperature_zero_plays() -> None:
    """Two ways to leave nothing to chance."""
    plays = instrument_of("text")

    greedy = plays.samples(1, "the fox", 60, seed=1, temperature=0)[0]
    narrow = plays.samples(1, "the fox", 60, seed=2, top_k=1, temperature=5.0)[0]

    np.testing.assert_array_equal(greedy.events, narrow.events)
    assert greedy.nats == pytest.approx(narrow.nats)


@pytest.mark.parametrize("dials", [{"top_k": 2}, {"top_p": 0.1}, {"min_p": 0.9}, {"typical": 0.1}], ids=str)
def test_what_is_played_is_what_the_odds_after_the_dials_show(dials: dict[str, float]) -> None:
    """All of that is drawn and nothing else, where it is bold among what is left; the nats are the instrument's own."""
    plays = instrument_of("text")
    shown = {name for name, p in plays.odds("the ", **dials).items() if p}
    samples = plays.samples(300, "the ", 1, seed=4, temperature=8.0, **dials)
    before = plays.codec.encode(plays.medium.prompt("the "))

    assert shown == {plays.codec.display(each.events[0]) for each in samples}
    assert len(shown) < 60
    for each in samples[:5]:
        assert each.nats == pytest.approx(plays.nats_of(each.events, before).sum(), abs=1e-4)


def test_odds_after_a_dial_leave_out_what_may_not_follow() -> None:
    """A byte in the middle of a character is no beginning, and takes no place among the likeliest three."""
    plays = instrument_of("text")
    left = plays.odds("the ", top_k=3)
    grammar = plays.codec.grammar
    assert grammar is not None

    assert 3 == sum(p > 0 for p in left.values())
    assert all(grammar.allowed[0][symbol] for symbol, p in enumerate(left.values()) if p)
    assert sum(left.values()) == pytest.approx(1.0)


def test_dials_for_symbols_are_offered_for_symbols_only() -> None:
    """A walk has no likeliest three and repeats no symbol; asked for one, it says what it has."""
    assert {"top_k", "top_p", "min_p", "typical", "brake", "brake_after"} < {
        d.name for d in instrument_of("text").dials
    }
    assert ["temperature", "spread"] == [dial.name for dial in instrument_of("walk").dials]
    for name in ("top_k", "brake", "novelty"):
        with pytest.raises(DialError, match=rf"no dial '{name}'(.|\n)*temperature, spread"):
            instrument_of("walk").sample(**{name: 1.0})


def test_what_weighs_voices_moves_with_the_events_that_are_drawn() -> None:
    """A duet's dial counts as all others do: 0 while the first two events are drawn, then 1."""
    plays = duet(instrument_of("text"), contrary(instrument_of("text")), 0.5)
    network = plays.samples(1, "the ", 8, seed=6, duet=0.0)[0].events
    moving = plays.samples(1, "the ", 8, seed=6, duet=[0.0, 0.0, 1.0])[0].events
    opening = plays.codec.encode(plays.medium.prompt("the "))

    np.testing.assert_array_equal(network[:2], moving[:2])
    for t in (2, 3):
        heard = plays.hear(np.concatenate([opening, moving[:t]]), plays.begin({"duet": 1.0}), {"duet": 1.0})
        allowed = plays.codec.grammar.allowed[[plays.codec.grammar.run(0, moving[:t])]]
        event, _ = plays.distribution.played(heard.parameters["next"], allowed, uniforms(6, 0, t, 1, 1), {})
        assert event[0] == moving[t]
    assert network[2] != moving[2]


def contrary(plays: Instrument) -> Instrument:
    """A voice that wants what this one does not, and ends as rarely."""

    class Contrary:
        def start(self, condition: Any, batch: int) -> Any:
            return self.turned(*plays.steps.start(condition, batch))

        def step(self, event: np.ndarray, condition: Any, state: Any) -> Any:
            return self.turned(*plays.steps.step(event, condition, state))

        def turned(self, parameters: Any, state: Any) -> Any:
            odds = -parameters["next"]
            odds[:, plays.codec.end] *= -1
            return {"next": odds}, state

        def inside(self, event: np.ndarray, condition: Any, state: Any) -> Any:
            return (*self.step(event, condition, state), {})

    return Instrument("contrary", plays.medium, plays.codec, plays.distribution, Contrary(), {"network": "contrary"})
