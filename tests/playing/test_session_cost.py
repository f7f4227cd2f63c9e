"""What a session costs: steps and states, counted; they grow with what is new and not with what was there before."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from counted_steps import assert_heard_alike, counted, grown, heard_from_the_start, some_events
from tiny_models import MEDIA

from undersong.playing.sessions.history import BLOCK

every_medium = pytest.mark.parametrize("medium", MEDIA)


@every_medium
def test_any_place_is_stood_at_within_63_steps(medium: str) -> None:
    """Once it was heard that far."""
    plays, steps = counted(medium)
    session = grown(plays, medium, 1_000, 50)
    for position in (*range(140), 500, 511, 512, 513, 575, 576, 999):
        begun = steps.played
        assert position == session.at(position).heard.count
        assert steps.played - begun <= BLOCK - 1
    assert 1_000 == session.heard.count


@every_medium
def test_undo_after_ten_thousand_events_plays_as_much_as_after_ten(medium: str) -> None:
    """None at all for what was stood at just before; and never more than 63 steps."""
    cost = {}
    for length in (10, 10_000):
        plays, steps = counted(medium)
        session = grown(plays, medium, length, 10)
        more = session.append_events(some_events(medium, 1, 5), "person")
        assert length + 1 == more.heard.count
        begun = steps.played
        assert length == more.undo().heard.count
        one = steps.played - begun
        assert length == more.undo().undo().redo().heard.count
        cost[length] = (one, steps.played - begun)

    assert cost[10] == cost[10_000] == (0, 0)


def test_whoever_types_is_heard_event_by_event() -> None:
    """Each event is heard once, when somebody asks; nothing is heard because of an append."""
    plays, steps = counted("text")
    session = plays.session(seed=1)
    for number, event in enumerate(some_events("text", 200)):
        session = session.append_events(event[None], "person")
        assert number == steps.played
        assert number + 1 == session.heard.count == steps.played


def test_a_long_session_keeps_a_state_for_every_64th_event() -> None:
    """Ten thousand turns of one event, all asked for, all of which can be undone: no state for each of them."""
    plays, steps = counted("text")
    session = plays.session(seed=1)
    for event in some_events("text", 10_000):
        session = session.append_events(event[None], "person")
        session.heard  # noqa: B018 - it is worked out
    gc.collect()

    assert steps.alive <= 10_000 // BLOCK + 10
    assert 10_000 == len(session.turns)
    for _ in range(2_000):
        session = session.undo()
        session.heard  # noqa: B018
    gc.collect()
    assert steps.alive <= 5 * (10_000 // BLOCK) + 10


def test_many_changes_in_the_middle_keep_few_states() -> None:
    """All of them can be undone, and only the nearest knows how it was heard."""
    plays, steps = counted("text")
    session = grown(plays, "text", 1_000, 100)
    for number in range(60):
        session = session.replace(100, 101, some_events("text", 2, number))
        session.heard  # noqa: B018
    gc.collect()
    assert steps.alive < 8 * (1_000 // BLOCK)

    for _ in range(60):
        session = session.undo()
    assert_heard_alike(session.heard, heard_from_the_start(session))
    np.testing.assert_array_equal(some_events("text", 1_000), session.events)
