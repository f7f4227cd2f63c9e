"""Where a piece stops, and what it is made to begin with: the same in samples, streams and candidates."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of, voice

from undersong.errors import InputError, PromptError, UsageError
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.playing.instrument import Instrument
from undersong.playing.stops import Stops

every_medium = pytest.mark.parametrize("medium", MEDIA)

START = {"text": "Once upon", "walk": "[[0.5, 0.5], [1, 1]]"}


def added(plays: Instrument, prompt: str, length: int, seed: int, **more: Any) -> str:
    """What a sample of text adds to its prompt."""
    return str(plays.sample(prompt, length, seed, **more)).removeprefix(prompt)


# ── stops ────────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=30)
@given(st.integers(0, 30), st.lists(st.integers(0, 115), min_size=1, max_size=3), st.integers(1, 4))
def test_a_piece_stops_before_the_first_stop_in_what_is_added(seed: int, places: list[int], size: int) -> None:
    """Wherever it stands, however it is spelled, and whichever of several comes first: the rest was never played."""
    plays = instrument_of("text")
    whole = added(plays, "the ", 120, seed)
    stops = [whole[at : at + size] for at in places]

    # the first to be complete; of those complete at the same letter the longest
    end, length = min((whole.find(stop) + len(stop), -len(stop)) for stop in stops)
    found = added(plays, "the ", 120, seed, stop=stops)
    assert whole[: end + length].startswith(found)
    # a character of several code points is left out whole
    events = plays.codec.encode(TextPiece(whole))
    ends = plays.codec.progress(events)
    assert len(found) == max([0, *ends[ends <= end + length]])


@pytest.mark.parametrize("size", [1, 3, 40])
def test_streams_show_what_samples_keep(size: int) -> None:
    """And nothing of a stop: what may become one is held back until it is known, and shown when it is none."""
    plays = instrument_of("text")
    for seed, at in itertools.product(range(3), (0, 17, 79)):
        stop = added(plays, "the ", 120, seed)[at : at + size]
        (sample,) = plays.samples(1, "the ", 120, seed, stop=stop)
        stream = list(plays.stream("the ", 120, seed, stop=stop))
        (few, *_) = plays.samples(3, "the ", 120, seed, stop=[stop, "never said"])

        np.testing.assert_array_equal(sample.events, np.array([each.event for each in stream], np.int64))
        np.testing.assert_array_equal(sample.events, few.events)
        assert sample.nats == pytest.approx(sum(each.nats for each in stream))
        assert str(sample.piece) == "the " + "".join(map(str, stream))
        assert stop not in str(sample.piece)[4:]


def test_what_never_comes_changes_nothing() -> None:
    """Not even how a stream ends: what was held back at the end of it is shown."""
    plays = instrument_of("text")
    free = plays.samples(1, "the ", 50, seed=1)[0]
    almost = str(free.piece)[-5:] + "!"  # of which all but the last letter comes

    np.testing.assert_array_equal(free.events, plays.samples(1, "the ", 50, seed=1, stop=almost)[0].events)
    streamed = list(plays.stream("the ", 50, seed=1, stop=almost))
    np.testing.assert_array_equal(free.events, [each.event for each in streamed])


def test_what_is_held_back_is_no_more_than_the_beginning_of_a_stop() -> None:
    """A stream is as live as it can be: whatever cannot be part of a stop any more is shown at once."""
    codec = Characters(list("\nabc"))
    stops = Stops(codec, [tuple(map(ord, "aab")), tuple(map(ord, "bc"))], 1)
    seen = []
    for letter in "aaacbabaac":
        assert not stops.hear(0, codec.encode(TextPiece(letter)).item(), True)
        seen.append(stops.safe(0))

    assert [0, 0, 1, 4, 4, 5, 6, 7, 7, 10] == seen
    assert stops.kept(0) is None


def test_the_prompt_is_not_looked_at() -> None:
    """A stop that a person wrote stops nothing, also where it is only finished by what is added."""
    plays = instrument_of("text")
    first = added(plays, "the ", 30, seed=2)

    assert first == added(plays, "the ", 30, seed=2, stop=["the", "e ", " " + first[0]])


def test_each_row_stops_for_itself() -> None:
    """Others go on."""
    plays = instrument_of("text")
    free = plays.samples(5, "the ", 60, seed=3)
    stop = str(free[2].piece)[20:22]
    stopped = plays.samples(5, "the ", 60, seed=3, stop=stop)

    for one, other in zip(free, stopped, strict=True):
        expected = str(one.piece)[4:].split(stop)[0]
        assert expected == str(other.piece)[4:]
        np.testing.assert_array_equal(one.events[: len(other.events)], other.events)
        assert other.nats == pytest.approx(plays.nats_of(other.events, plays.codec.encode(TextPiece("the "))).sum())
    assert len(str(stopped[2].piece)) <= 20
    assert any(len(one.events) == len(other.events) for one, other in zip(free, stopped, strict=True))


def test_candidates_stop_too() -> None:
    """And never hold the stop."""
    session = instrument_of("text").session("the ", seed=3)
    free = session.candidates(3, length=40)
    stop = str(free[0])[10:12]
    found = {str(each) for each in session.candidates(3, length=40, stop=stop)}

    assert {str(each).split(stop)[0] for each in free} == found


def test_a_walk_stops_before_a_step() -> None:
    """Whatever a piece is made of can be a stop: here the offset that is always taken."""
    plays = instrument_of("walk")
    free = plays.samples(1, PROMPTS["walk"], 8, seed=1, temperature=0)[0]
    stop = plays.codec.decode(free.events[3:5])
    stopped = plays.samples(1, PROMPTS["walk"], 8, seed=1, temperature=0, stop=stop)[0]
    streamed = list(plays.stream(PROMPTS["walk"], 8, seed=1, temperature=0, stop=[stop]))

    np.testing.assert_array_equal(free.events[:3], stopped.events)
    np.testing.assert_array_equal(free.events[:3], [each.event for each in streamed])


@every_medium
def test_a_stop_of_nothing_is_refused(medium: str) -> None:
    """Before anything is played."""
    plays = instrument_of(medium)
    for verb in (plays.sample, plays.stream, plays.session("").candidates):
        with pytest.raises(UsageError, match="A stop with nothing in it"):
            verb(stop=[""])


def test_what_makes_sense_only_whole_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record ends by itself."""
    monkeypatch.setattr(Characters, "in_one_go", True)
    plays = instrument_of("text")

    with pytest.raises(UsageError, match="makes sense only whole"):
        plays.sample(stop="fox")
    assert all(each.added is None for each in plays.stream(length=5, seed=1))


# ── starts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_what_is_added_begins_as_it_is_told_to(medium: str) -> None:
    """As if the instrument had said it: counted in the length, in its nats, in the stream, and gone on from."""
    plays, length = instrument_of(medium), 30
    forced = plays.codec.encode(plays.medium.prompt(START[medium]))
    opening = plays.codec.encode(plays.medium.prompt(PROMPTS[medium]))
    asked = ASKED[medium]
    (sample,) = plays.samples(1, PROMPTS[medium], length, 4, asked, start=START[medium])
    streamed = list(plays.stream(PROMPTS[medium], length, 4, asked, start=START[medium]))

    np.testing.assert_array_equal(forced, sample.events[: len(forced)])
    np.testing.assert_array_equal(sample.events, [each.event for each in streamed])
    assert length == plays.codec.measure(sample.piece) - plays.codec.measure(plays.medium.prompt(PROMPTS[medium]))
    nats = plays.nats_of(sample.events, opening, asked)
    np.testing.assert_allclose([each.nats for each in streamed], nats, atol=1e-4)
    assert sample.nats == pytest.approx(nats.sum(), abs=1e-3)
    if medium == "text":
        assert str(sample.piece).startswith(PROMPTS[medium] + START[medium])
        assert "".join(map(str, streamed)) == str(sample.piece).removeprefix(PROMPTS[medium])


@every_medium
def test_all_rows_and_candidates_begin_so(medium: str) -> None:
    """And go on each in its own way."""
    plays = instrument_of(medium)
    forced = plays.codec.encode(plays.medium.prompt(START[medium]))
    rows = [each.events for each in plays.samples(4, "", 20, seed=1, start=START[medium])]
    rows += [each.events for each in plays.session("", seed=1).candidates(4, length=20, start=START[medium])]

    for events in rows:
        np.testing.assert_array_equal(forced, events[: len(forced)])
    assert 4 == len({events.tobytes() for events in rows[:4]})


def test_a_start_longer_than_the_piece_is_cut_where_that_is_long_enough() -> None:
    """The length is what was asked for."""
    plays = instrument_of("text")

    assert ["Once", ""] == [added(plays, "", length, 1, start="Once upon") for length in (4, 0)]


@pytest.mark.parametrize("start", ["日本語", "e\u0301🧑‍🚀", "\r\n\n"], ids=ascii)
def test_any_text_may_be_a_start(start: str) -> None:
    """Also what is spelled in bytes; no dial keeps it from being said."""
    plays = instrument_of("text")

    assert added(plays, "", len(start) + 3, 2, start=start, top_k=1, brake=5.0).startswith(start)


def test_what_is_forced_may_come_to_a_stop() -> None:
    """It is part of what is added."""
    assert "Once " == added(instrument_of("text"), "", 40, 1, start="Once upon", stop="upon")


def test_a_start_that_is_none_is_refused() -> None:
    """Of another medium, or no piece at all."""
    with pytest.raises(InputError, match=r"walk\.v1"):
        instrument_of("text").sample(start=voice("walk").pieces[0])
    with pytest.raises(PromptError):
        instrument_of("walk").sample(start="nonsense")
