"""A session is drawn again as it was, and where it is not, the event is named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from counted_steps import counted, played
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of

from undersong.playing.asking import Asking
from undersong.playing.mixtures.mixing import mix
from undersong.playing.sessions.saved_sessions import sealed
from undersong.playing.sessions.session import Session

every_medium = pytest.mark.parametrize("medium", MEDIA)


@every_medium
def test_an_untouched_session_is_drawn_again_as_it_was(medium: str) -> None:
    """Every turn of the instrument, also where only a part was taken, also after loading."""
    session = played(medium)
    session = session.replace(1, 2, session.infill(1, 2, 2)[0]) if medium == "never" else session
    for each in (session, Session.from_json(session.instrument, session.to_json()), session.undo().undo()):
        replay = each.replay()
        assert replay.same
        assert replay.first is None
        assert () == replay.left_out
        assert replay.drawn == sum(turn.made is not None for turn in each.turns) > 0
        assert str(replay).endswith("drawn again: the same events.")
        assert json.loads(json.dumps(replay.to_json()))["same"]


@every_medium
def test_an_event_that_this_machine_would_draw_differently_is_named(medium: str) -> None:
    """With its place, what it was, and what it is here."""
    session = played(medium)
    data = session.to_json()
    turn = data["turns"][1]
    place = session.turns[1].start + 2
    was = turn["events"][2]
    turn["events"][2] = 0 if medium == "text" else [was[0], float(np.nextafter(np.float32(was[1]), np.float32(9)))]
    replay = Session.from_json(session.instrument, sealed(data)).replay()

    assert not replay.same
    assert replay.first is not None
    assert place == replay.first.position
    assert turn["events"][2] == replay.first.then.tolist()
    assert replay.first.now is not None
    assert was == replay.first.now.tolist()
    assert f"event {place} was" in str(replay)
    assert place == replay.to_json()["first"]["position"]
    assert 1 == len(replay.left_out)  # the later one, for what stands before it is another now


def test_where_a_turn_would_have_ended_earlier_that_is_named() -> None:
    """Events beyond the end are no longer drawn."""
    session = instrument_of("text").session("the ", seed=1)
    candidate = session.candidates(1, length=6)[0]
    data = session.accept(candidate).to_json()
    data["turns"][1]["events"].append(3)
    replay = Session.from_json(session.instrument, sealed(data)).replay()

    assert replay.first is not None
    assert (session.length + len(candidate.events), None) == (replay.first.position, replay.first.now)
    assert "is the end here" in str(replay)


def test_what_was_changed_before_a_turn_cannot_be_drawn_again() -> None:
    """And is not taken for a difference between machines."""
    session = played("text")
    replay = session.replace(0, 1, "T").replay()

    assert replay.same
    assert 0 == replay.drawn
    assert 2 == len(replay.left_out)
    assert "what stands before it was changed since" in str(replay)


def test_a_dial_that_the_other_instrument_has_not_leaves_a_turn_out() -> None:
    """The rest is drawn."""
    session = instrument_of("text").session("the ", seed=1)
    data = session.accept(session.candidates(1, length=4)[0]).to_json()
    data["turns"][1]["made"]["dials"]["duet"] = 0.5
    replay = Session.from_json(session.instrument, sealed(data)).replay()

    assert 0 == replay.drawn
    assert "no dial 'duet'" in replay.left_out[0]


@every_medium
def test_stops_starts_and_conditions_are_kept_with_the_turn(medium: str) -> None:
    """So that it is drawn as it was asked."""
    plays = instrument_of(medium)
    session = plays.session(PROMPTS[medium], seed=3)
    free = session.candidates(1, length=12, temperature=0)[0]
    stop = plays.codec.decode(free.events[6:8])
    asked = Asking(length=12, stop=[stop], dials={"temperature": 0}, condition=ASKED[medium], start=PROMPTS[medium])
    (best,) = plays.play(session.suggesting(1, None, "likely", asked))
    (plain,) = session.candidates(1, length=12, stop=[stop], start=PROMPTS[medium], temperature=0.5)
    for each in (best, plain):
        loaded = Session.from_json(plays, json.loads(json.dumps(session.accept(each).to_json())))
        assert loaded.replay().same
        assert 1 == loaded.replay().drawn
        assert {"stop", "start"} <= set(loaded.turns[-1].made or {})


@every_medium
def test_a_turn_of_several_voices_is_drawn_again_under_its_weights(medium: str) -> None:
    """And who had which share is told for each event that was kept."""
    plays = mix([instrument_of(medium), counted(medium)[0]])
    weight = plays.dials[-1].name
    session = plays.session(PROMPTS[medium], seed=3)
    found = session.candidates(3, length=8, **{weight: 0.9})
    for each in found:
        assert each.voices is not None
        assert {len(each.events)} == {len(share) for share in each.voices.values()}
        np.testing.assert_allclose(sum(each.voices.values()), 1.0)
        assert set(each.voices) == set(each.to_json()["voices"])
    taken = session.accept(found[0], 5)

    assert Session.from_json(plays, taken.to_json()).replay().same
    assert {weight: 0.9} == (taken.turns[-1].made or {})["dials"]
