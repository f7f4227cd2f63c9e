"""Ways to go on and to fill a place: different, cut where something ends, the best first, told how they were made."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from counted_steps import counted, some_events
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of, piece_of

from undersong.errors import DialError, UsageError
from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.piece import TextPiece
from undersong.playing.asking import Asking
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.instrument import Instrument
from undersong.playing.sessions.candidates import Candidate
from undersong.playing.sessions.session import Session

every_medium = pytest.mark.parametrize("medium", MEDIA)


def knowing(medium: str, pieces: list[Any]) -> Instrument:
    """The tiny instrument, as if it had learned from these."""
    plays = instrument_of(medium)
    known = Fingerprints.of([plays.codec.elements(piece) for piece in pieces])
    return Instrument("knowing", plays.medium, plays.codec, plays.distribution, plays.steps, fingerprints=known)


def shown(found: list[Candidate]) -> list[str]:
    return [str(each) for each in found]


# ── in which order ───────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_the_likeliest_come_first_unless_told_otherwise(medium: str) -> None:
    """Per event, so that a longer one is not worse for being longer."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)
    found = session.candidates(6, length=9)

    assert sorted(each.nats_per_event for each in found) == [each.nats_per_event for each in found]
    assert shown(found) == shown(session.candidates(6, length=9, ranking="likely"))


@every_medium
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_wanted_surprise_is_what_is_nearest_to_it(medium: str, share: float) -> None:
    """In nats per event; what is drawn is the same."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)
    likely = session.candidates(6, length=9)
    low, high = likely[0].nats_per_event, likely[-1].nats_per_event
    wanted = max(0.0, low + share * (high - low))
    found = session.candidates(6, length=9, ranking=wanted)

    assert sorted(shown(likely)) == sorted(shown(found))
    away = [abs(each.nats_per_event - wanted) for each in found]
    assert sorted(away) == away


def test_the_newest_copy_least_of_the_material() -> None:
    """Where it is known; what is new and what is copied is told of each."""
    free = instrument_of("text").session("the fox", seed=3).candidates(4, length=40)
    material = [TextPiece("the fox" + str(free[0])), TextPiece(str(free[1])[:20])]
    found = knowing("text", material).session("the fox", seed=3).candidates(4, length=40, ranking="novel")

    assert sorted(shown(free)) == sorted(shown(found))
    assert [str(free[1]), str(free[0])] == shown(found[2:])
    assert sorted((each.novelty for each in found), reverse=True) == [each.novelty for each in found]
    assert found[0].novelty > 0.9
    assert found[-1].novelty == 0.0
    assert found[-1].copied is not None
    assert 47 == found[-1].copied[0].span.stop - found[-1].copied[0].span.start


def test_where_no_material_is_known_the_newest_repeats_least_of_what_was_played() -> None:
    """Six elements in a row that were played before are nothing new."""
    plays = instrument_of("text")
    said = "the old sea hums at noon… "
    session = plays.session(said, seed=3)
    again, other = (session.candidates(1, length=20, start=start)[0] for start in (said[:20], "owls wait far below."))

    assert again.novelty == 0.25  # what begins before it was not yet said so
    assert other.novelty == 1.0
    assert [1.0] == [each.novelty for each in plays.session("", seed=1).candidates(1, length=5)]


@pytest.mark.parametrize("ranking", ["likeliest", "", -0.1, math.nan, math.inf, True, None, [1]], ids=str)
def test_a_ranking_that_is_none_is_refused(ranking: Any) -> None:
    """With those there are, before anything is played."""
    plays, steps = counted("text")
    session = plays.session("the fox", seed=1)

    with pytest.raises(UsageError, match="likely or novel, or a number"):
        session.candidates(3, ranking=ranking)
    assert 0 == steps.played


@every_medium
@pytest.mark.parametrize("count", [0, -1, 1_001])
def test_a_number_of_candidates_that_is_none_is_refused(medium: str, count: int) -> None:
    """Before anything is played."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=1)

    with pytest.raises(UsageError, match="1 to 1,000"):
        session.candidates(count)
    with pytest.raises(UsageError, match="1 to 1,000"):
        session.infill(0, 1, count)


# ── which ────────────────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_none_is_shown_twice(medium: str) -> None:
    """However often it was drawn."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)

    assert 1 == len(session.candidates(5, length=4, temperature=0))
    found = shown(session.candidates(12, length=1))
    assert len(set(found)) == len(found)


def test_where_some_are_alike_others_are_drawn_with_other_dice() -> None:
    """Once more, and no longer: nobody waits for what there is not."""
    session = instrument_of("text").session("the fox", seed=3)
    found = session.candidates(30, length=1, temperature=0.4)
    seeds = [each.made["seed"] for each in found if each.made]

    assert {3} < set(seeds)
    assert 2 == len(set(seeds))
    assert seeds.count(3) < len(found) <= 30


def test_what_shows_the_same_is_one_however_it_is_spelled() -> None:
    """A known letter and its bytes are the same on the page."""
    plays = instrument_of("text")
    session = plays.session("the fox", seed=1)
    asked = Asking(length=1, seed=1, dials={"temperature": 3.0})
    rows = plays.play(plays.drawing_after(session.heard, session.events, 300, asked).course())
    on_the_page = {str(plays.codec.decode(row.events)) for row in rows}
    found = shown(session.candidates(300, length=1, temperature=3.0))

    assert len(on_the_page) < len({row.events.tobytes() for row in rows})
    assert len(set(found)) == len(found) >= len(on_the_page)


@given(seed=st.integers(0, 1_000), until=st.sampled_from(["word", "sentence", "line"]))
@settings(max_examples=25)
def test_a_candidate_ends_where_it_would_if_it_had_been_drawn_to_its_length(seed: int, until: str) -> None:
    """Rows fall silent when their end is known; that changes none of their events."""
    plays = instrument_of("text")
    session = plays.session("the fox sings", seed=seed)
    found = {str(each): each for each in session.candidates(3, until=until, length=60, temperature=0.7)}
    asked = Asking(length=60, seed=seed, dials={"temperature": 0.7})
    drawing = plays.drawing_after(session.heard, session.events, 3, asked)
    for row in plays.play(drawing.course()):
        events = row.events[: plays.codec.ending(until, row.events)]
        if len(events):
            each = found[str(plays.codec.decode(events))]
            assert each.nats == pytest.approx(row.nats[: len(each.events)].sum())


def test_nobody_is_drawn_long_after_its_end() -> None:
    """Words of some letters need some steps, not as many as were allowed."""
    plays, steps = counted("text")
    session = plays.session("the fox", seed=2)
    session.heard  # noqa: B018 - so that only draws are counted
    begun = steps.played
    found = session.candidates(4, until="word", length=2_000)
    longest = max(len(each.events) for each in found)

    assert longest < 500
    assert steps.played - begun <= 2 * (longest + 16)


def test_a_stop_beyond_the_end_is_still_heeded() -> None:
    """It may begin before the end of a word and be known only after it."""
    plays = instrument_of("text")
    session = plays.session("the ", seed=4)
    free = session.candidates(1, length=60)[0]
    word = session.candidates(1, until="word", length=60)[0]
    stop = str(free)[len(str(word)) - 1 : len(str(word)) + 25]
    found = session.candidates(1, until="word", length=60, stop=stop)

    assert str(free).startswith(str(word))
    assert shown(found) == ([str(word)[:-1]] if len(str(word)) > 1 else [])


@every_medium
def test_an_end_that_the_codec_does_not_know_is_refused(medium: str) -> None:
    """With those it knows; dials that are out of range are, too, before anything is heard."""
    plays, steps = counted(medium)
    session = plays.session(PROMPTS[medium], seed=1)

    with pytest.raises(UsageError, match=r"Its endings: (word, sentence, line|none)"):
        session.candidates(2, until="bar")
    with pytest.raises(DialError, match="temperature"):
        session.candidates(2, temperature=-1)
    with pytest.raises(DialError, match="no dial 'hotness'"):
        session.infill(0, 1, 2, hotness=1)
    assert 0 == steps.played


CONSTRAINTS = [
    Constraints(contain=("moon",)),
    Constraints(words=("owl",), avoid=("e",)),
    Constraints(least=20),
    Constraints(contain=("x y", "a\n"), least=5),
]


@pytest.mark.parametrize("within", CONSTRAINTS, ids=lambda each: str(each.to_json()))
@pytest.mark.parametrize("until", ["word", "line"])
def test_no_candidate_is_cut_before_it_holds_what_it_must(within: Constraints, until: str) -> None:
    """It ends at the first end from there on, and where it would have ended if it had been drawn to its length."""
    plays = instrument_of("text")
    session = plays.session("the fox sings ", seed=6)
    found = session.candidates(4, until=until, length=60, within=within)
    asked = Asking(length=60, seed=6, within=within)
    rows = plays.play(plays.drawing_after(session.heard, session.events, 4, asked).course())
    added = {str(plays.codec.decode(row.events)): row for row in rows}

    assert 4 == len(found)
    for each in found:
        whole = next(words for words in added if words.startswith(str(each)))
        least = added[whole].least
        assert all(piece in str(each) for piece in (*within.contain, *within.words))
        assert len(each.events) >= least
        if str(each) != whole:
            assert str(each).endswith("\n") if until == "line" else whole[len(str(each))].isspace()
        assert session.accept(each).replay().same


def test_points_are_added_within_constraints_too() -> None:
    """A walk has a length, and its instrument draws it again from a file."""
    session = instrument_of("walk").session(PROMPTS["walk"], seed=3, condition=ASKED["walk"])
    found = session.candidates(3, length=7, within=Constraints(least=4))

    assert {7} == {len(each.events) for each in found}
    read = Session.from_json(session.instrument, session.accept(found[0]).to_json())
    assert read.replay().same
    assert {"least": 4} == (read.turns[-1].made or {})["within"]


# ── how they are told ────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_a_candidate_as_json_is_json(medium: str) -> None:
    """Whatever it holds."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3, condition=ASKED[medium])
    for each in (*session.candidates(3, length=5), *session.infill(0, 1, 2)):
        told = json.loads(json.dumps(each.to_json(), allow_nan=False))
        assert len(each.events) == told["events"]
        assert {"piece", "nats", "nats_per_event", "novelty", "copied"} <= set(told)
        assert ("follows" in told) == (each.follows is not None)
    endless = Candidate(session.piece, session.events, math.inf)
    assert json.loads(json.dumps(endless.to_json(), allow_nan=False))["nats"] is None


@every_medium
def test_what_a_course_suggests_is_what_the_method_gives(medium: str) -> None:
    """With the session's dice, or with those that are asked for."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)
    own = session.instrument.play(session.suggesting(3, None, "likely", Asking(length=6)))
    other = session.instrument.play(session.suggesting(3, None, "likely", Asking(length=6, seed=9)))

    assert shown(session.candidates(3, length=6)) == shown(own)
    assert {9} == {each.made["seed"] for each in other if each.made}
    assert shown(own) != shown(other)


@every_medium
def test_only_a_beginning_of_a_candidate_may_be_taken(medium: str) -> None:
    """Word by word, or point by point; it is the instrument's all the same."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)
    best = session.candidates(1, length=8)[0]
    taken = session.accept(best, 3)

    np.testing.assert_array_equal(best.events[:3], taken.events[session.length :])
    assert ["person", "instrument"] == [turn.author for turn in taken.turns]
    assert taken.replay().same
    assert session.past is session.accept(best, 0).past


# ── in the middle ────────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_a_place_is_filled_by_what_is_likely_there_and_leads_on(medium: str) -> None:
    """`nats` and `follows` are those that the whole would have, and together decide the order."""
    plays = instrument_of(medium)
    asked = ASKED[medium]
    events = plays.codec.encode(piece_of(medium))[:30]
    session = plays.session("", seed=4, condition=asked).append_events(events, "person")
    found = session.infill(10, 14, 4)

    ranks = []
    for each in found:
        whole = session.replace(10, 14, each)
        nats = plays.nats_of(whole.events, condition=asked)
        stop = 10 + len(each.events)
        assert each.nats == pytest.approx(nats[10:stop].sum(), abs=1e-3)
        assert each.follows == pytest.approx(nats[stop:].sum(), abs=1e-3)
        assert len(nats) - stop == each.followed
        ranks.append(nats[10:].sum() / len(nats[10:]))
        np.testing.assert_array_equal(events[14:], whole.events[stop:])
        assert ["person", "instrument", "person"] == [turn.author for turn in whole.turns]
        assert whole.replay().same
    np.testing.assert_allclose(sorted(ranks), ranks, atol=1e-5)
    assert 4 == len(found)


@every_medium
def test_a_place_is_filled_with_as_much_as_it_held_unless_told(medium: str) -> None:
    """In the medium's measure."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=4).append_events(some_events(medium, 30), "person")
    measure = session.instrument.codec.measure

    assert {5} == {measure(each.piece) for each in session.infill(10, 15, 3)}
    assert {2} == {measure(each.piece) for each in session.infill(10, 15, 3, length=2)}
    assert {3} == {measure(each.piece) for each in session.infill(10, 10, 3, length=3)}


@every_medium
def test_at_the_end_filling_is_going_on(medium: str) -> None:
    """Nothing follows there."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=4)
    found = session.infill(session.length, session.length, 3, length=5)

    assert shown(session.candidates(3, length=5)) == shown(found)
    assert {(None, 0)} == {(each.follows, each.followed) for each in found}


def test_of_what_follows_a_bounded_part_is_heard() -> None:
    """So that a place in a long piece is filled as fast as in a short one."""
    cost = []
    for length in (200, 2_000):
        plays, steps = counted("text")
        session = plays.session("", seed=1).append_events(some_events("text", length), "person")
        assert length == session.heard.count
        begun = steps.played
        found = session.infill(70, 75, 3)
        cost.append(steps.played - begun)
        assert {64} == {each.followed for each in found}
    assert cost[0] == cost[1] < 200


def test_what_fits_into_a_place_is_preferred_to_what_is_likely_alone() -> None:
    """Of two fillings the one after which the rest is expected comes first."""
    plays, _ = counted("text")
    session = plays.session("", seed=8).append_events(some_events("text", 40), "person")
    found = session.infill(20, 23, 8)
    joint = [(each.nats + (each.follows or 0)) / (len(each.events) + each.followed) for each in found]

    assert sorted(joint) == joint
    assert sorted(each.nats_per_event for each in found) != [each.nats_per_event for each in found]


# ── in the background ────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_what_was_prefetched_is_what_would_be_given(medium: str) -> None:
    """Rankings and dials included."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=3)
    coming = session.prefetch(3, length=6, ranking="novel", temperature=0.8)

    assert shown(session.candidates(3, length=6, ranking="novel", temperature=0.8)) == shown(coming.result())
    assert coming.ready
    assert coming.result() is coming.result()


def test_what_is_wrong_is_told_to_whoever_asks_for_the_result() -> None:
    """Not to a thread that nobody sees."""
    session = instrument_of("text").session("the fox", seed=3)

    with pytest.raises(UsageError, match="Its endings"):
        session.prefetch(3, until="bar").result()


def test_what_is_cancelled_ends_and_says_so() -> None:
    """However long it would have gone on."""
    coming = counted("walk")[0].session("[[1, 0]]", seed=1).prefetch(2, length=10_000_000)
    assert not coming.ready
    coming.cancel()

    with pytest.raises(UsageError, match="cancelled"):
        coming.result()
    assert coming.ready
