"""A session is a value: whatever was done to it, it is heard as if it had been played from the start in one go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from counted_steps import assert_heard_alike, counted, grown, heard_from_the_start, some_events
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of

from undersong.errors import PromptError, UndersongError, UsageError
from undersong.playing.sessions.history import Heard
from undersong.playing.sessions.session import Session

every_medium = pytest.mark.parametrize("medium", MEDIA)


def authors_of(session: Session) -> list[str]:
    """Event by event; turns lie side by side."""
    found: list[str] = []
    for turn in session.turns:
        assert turn.start == len(found) < turn.stop
        found += [turn.author] * len(turn)
    return found


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Plain:
    """A session as one would write it without a thought for cost: every state it was in, and those undone."""

    now: tuple[list[Any], list[str]] = field(default_factory=lambda: ([], []))
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)

    def change(self, events: list[Any], authors: list[str]) -> None:
        if (len(events), authors) != (len(self.now[0]), self.now[1]) or events != self.now[0]:
            self.before.append(self.now)
            self.now, self.after = (events, authors), []

    def undo(self) -> None:
        if self.before:
            self.after.append(self.now)
            self.now = self.before.pop()

    def redo(self) -> None:
        if self.after:
            self.before.append(self.now)
            self.now = self.after.pop()


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["append", "append", "append", "undo", "undo", "redo", "at", "replace", "listen"]),
        st.integers(0, 70),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(["person", "instrument", "Ada"]),
    ),
    max_size=25,
)


@every_medium
@settings(max_examples=40)
@given(changes=CHANGES)
def test_session_is_what_was_done_to_it_however_it_came_about(medium: str, changes: list[Any]) -> None:
    """A law: events, authors, odds and state after append, undo, redo, at and replace, in any order and any number."""
    plays, _ = counted(medium)
    asked = {"control": [0.5, 2.0, 1.0, 0.0, 3.0]} if medium == "walk" else {}
    session, plain = plays.session(seed=1, condition=asked), Plain()
    for number, (what, count, one, other, author) in enumerate(changes):
        events, authors = plain.now
        new = some_events(medium, count, seed=number)
        start, stop = sorted((round(one * len(events)), round(other * len(events))))
        if what == "append":
            session = session.append_events(new, author)
            if count:
                plain.change([*events, *new.tolist()], [*authors, *[author] * count])
        elif what == "replace":
            session = session.replace(start, stop, new, author)
            if count or start < stop:
                plain.before.append(plain.now)
                plain.after = []
                plain.now = (
                    [*events[:start], *new.tolist(), *events[stop:]],
                    [*authors[:start], *[author] * count, *authors[stop:]],
                )
        elif what == "at":
            session = session.at(start)
            plain.change(events[:start], authors[:start])
        elif what == "listen":
            assert_heard_alike(session.heard, heard_from_the_start(session))
        else:
            assert (bool(plain.before), bool(plain.after)) == (session.can_undo, session.can_redo)
            session = getattr(session, what)()
            getattr(plain, what)()
        assert plain.now == (session.events.tolist(), authors_of(session))
    assert_heard_alike(session.heard, heard_from_the_start(session))
    while session.can_undo:
        session = session.undo()
        plain.undo()
        assert plain.now == (session.events.tolist(), authors_of(session))
        assert_heard_alike(session.heard, heard_from_the_start(session))


@every_medium
def test_session_is_heard_exactly_as_its_events_from_the_start(medium: str) -> None:
    """Bit for bit, on a network's graphs in numpy, under everything that the medium can be asked."""
    plays = instrument_of(medium, "numpy")
    session = plays.session(PROMPTS[medium], seed=3, condition=ASKED[medium])
    for number, count in enumerate((1, 63, 2, 64, 5)):
        session = session.append_events(some_events(medium, count, number), "person")
        assert_heard_alike(session.heard, heard_from_the_start(session))
    session = session.accept(session.candidates(1, length=9)[0])
    for other in (
        session.undo(),
        session.undo().undo().redo(),
        session.at(100),
        session.at(64),
        session.at(0),
        session.replace(40, 90, some_events(medium, 7, 9)),
        session.replace(10, 10, some_events(medium, 1, 9)).append_events(some_events(medium, 3, 8), "person"),
        session.replace(10, 20, session.events[:0]).undo(),
    ):
        assert_heard_alike(other.heard, heard_from_the_start(other))


@every_medium
def test_undo_and_redo_are_there_and_back(medium: str) -> None:
    """Redo after undo is the session as it was: its events, its turns, its odds, and what could be redone then."""
    plays = instrument_of(medium, "numpy")
    session = plays.session(PROMPTS[medium], seed=2)
    session = session.accept(session.candidates(1, length=5)[0]).replace(1, 2, some_events(medium, 3))
    for back in range(4):
        gone = session
        for _ in range(back):
            gone = gone.undo()
        for _ in range(back):
            gone = gone.redo()
        np.testing.assert_array_equal(session.events, gone.events)
        assert session.turns == gone.turns
        assert_heard_alike(session.heard, gone.heard)
        assert not gone.can_redo
    assert session.past is session.undo().redo().past


@every_medium
def test_a_fork_leaves_the_other_as_it_was(medium: str) -> None:
    """Both share what they have in common, and neither sees what the other does."""
    plays = instrument_of(medium, "numpy")
    trunk = plays.session(PROMPTS[medium], seed=2).append_events(some_events(medium, 100), "person")
    heard, events, turns = trunk.heard, trunk.events, trunk.turns
    left = trunk.append_events(some_events(medium, 90, 1), "Ada").replace(0, 50, some_events(medium, 3, 2))
    right = trunk.undo().append_events(some_events(medium, 10, 3), "person").at(5)
    for each in (left, right, trunk):
        assert_heard_alike(each.heard, heard_from_the_start(each))

    np.testing.assert_array_equal(events, trunk.events)
    assert turns == trunk.turns
    assert_heard_alike(heard, trunk.heard)


def test_what_was_handed_in_may_be_changed_afterwards() -> None:
    """A session is a value: no array that somebody else holds is part of it."""
    plays, _ = counted("text")
    events = some_events("text", 10)
    session = plays.session(seed=1).append_events(events, "person")
    told = session.events.tolist()
    events[:] = 0
    session.events[:] = 0

    assert told == session.events.tolist()


# ── turns ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_undone_and_redone_turns_are_told_in_order() -> None:
    """Turns are found by position however many there are."""
    plays, _ = counted("text")
    session = plays.session(seed=1)
    for number in range(300):
        session = session.append_events(some_events("text", 1 + number % 3), f"author {number}")
    stops = [turn.stop for turn in session.turns]

    for position in (0, 1, 2, 3, 100, 299, 300, 597, session.length):
        turns = session.at(position).turns
        assert [stop for stop in stops if stop < position] == [turn.stop for turn in turns[:-1]]
        assert position == (turns[-1].stop if turns else 0)
        assert turns[-1:] == () or turns[-1].author == f"author {len(turns) - 1}"


# ── changes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_replaced_belongs_to_who_replaced_it() -> None:
    """And the rest to whom it belonged."""
    session = instrument_of("text").session("the fox sings", seed=1).append(" below", author="instrument")
    changed = session.replace(4, 7, "owl", author="Ada").replace(15, 16, "")

    assert "the owl sings blow" == str(changed.piece)
    assert ["person", "Ada", "person", "instrument", "instrument"] == [turn.author for turn in changed.turns]
    assert ("person", "Ada", "instrument") == changed.authors
    assert str(session.piece) == str(changed.undo().undo().piece)
    assert session.turns == changed.undo().undo().turns


def test_going_to_a_place_can_be_undone() -> None:
    """Nobody loses what stands behind it."""
    session = instrument_of("text").session("the fox sings below", seed=1)

    assert "the fox" == str(session.at(7).piece)
    assert "the fox waits" == str(session.at(7).append(" waits").piece)
    assert session.piece == session.at(7).append(" waits").undo().undo().piece
    assert session.piece == session.at(session.length).piece


@every_medium
@pytest.mark.parametrize("place", [(-1, 0), (2, 1), (0, 99), (99, 99)], ids=str)
def test_a_place_that_is_not_there_is_refused(medium: str, place: tuple[int, int]) -> None:
    """With how many events there are."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=1)

    with pytest.raises(UsageError, match=f"has {session.length} events"):
        session.replace(*place, some_events(medium, 1))
    with pytest.raises(UsageError, match=f"has {session.length} events"):
        session.infill(*place)
    for position in (-1, 99):
        with pytest.raises(UsageError, match="no place"):
            session.at(position)


def test_events_that_are_none_are_refused() -> None:
    """By their shape, their kind, their range, and by what cannot follow what."""
    text, walk = (instrument_of(medium).session(PROMPTS[medium], seed=1) for medium in ("text", "walk"))
    codec: Any = text.instrument.codec
    half = codec.encode(text.instrument.medium.prompt("日"))[:2]
    wrong: list[tuple[Session, Any]] = [
        (text, np.zeros((2, 2), int)),
        (text, np.array([0.5])),
        (text, np.array([-1])),
        (text, np.array([codec.event.count])),
        (text, np.array(["a"])),
        (text, np.array(3)),
        (walk, np.zeros(3)),
        (walk, np.array([[0.0, np.nan]])),
        (walk, np.array([[0.0, 1e300]])),
        (text.append_events(half, "person"), np.array([0])),
    ]
    for session, events in wrong:
        with pytest.raises(PromptError):
            session.append_events(events, "person")
    whole = text.append("日本")
    with pytest.raises(PromptError, match="cannot stand after"):
        whole.replace(whole.length - 2, whole.length - 1, "a")
    assert "the fox本" == str(whole.replace(text.length, text.length + 3, "").piece)


@pytest.mark.parametrize("author", ["", " ", "a" * 101, "a\nb", "\ud800", None, 5], ids=ascii)
def test_nobody_without_a_name_is_an_author(author: Any) -> None:
    """It has to fit a legend."""
    session = instrument_of("text").session("the ", seed=1)

    with pytest.raises(UsageError, match="author"):
        session.append("fox", author=author)
    with pytest.raises(UsageError, match="author"):
        session.append_events(some_events("text", 1), author)


@every_medium
def test_adding_nothing_is_no_change(medium: str) -> None:
    """And nothing to undo."""
    session = instrument_of(medium).session(PROMPTS[medium], seed=1).append_events(some_events(medium, 3), "person")
    undone = session.undo()

    assert session.past is session.append("").past is session.replace(1, 1, "").past
    assert undone.past is undone.append("").past
    assert undone.append("").can_redo


def test_dice_are_others_after_each_drawn_turn_and_the_same_after_its_undo() -> None:
    """Whoever takes a suggestion back is suggested the same again; whoever keeps it draws with new luck."""
    session = instrument_of("text").session("the ", seed=5)
    first = session.candidates(2, length=6)
    after = session.accept(first[0])

    assert (5, 6, 5) == (session.dice, after.dice, after.undo().dice)
    assert 7 == after.again().dice
    assert 6 == after.append("fox").dice
    assert [str(each) for each in first] == [str(each) for each in after.undo().candidates(2, length=6)]


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_is_none_is_refused(seed: int) -> None:
    """As it begins."""
    with pytest.raises(UsageError, match="seed"):
        instrument_of("text").session("", seed=seed)


# ── a state that is given ────────────────────────────────────────────────────────────────────────────────────────


@every_medium
@pytest.mark.parametrize("count", [0, 5, 64, 100])
def test_a_session_goes_on_from_a_given_state(medium: str, count: int) -> None:
    """Whatever it is; what stands before it is heard as it would be, and who changes that is no longer there."""
    plays, _ = counted(medium)
    events, more = some_events(medium, count), some_events(medium, 150, 2)
    natural = plays.hear(events, plays.begin())
    turned = Heard(natural.parameters, {"h": -natural.state["h"] + 0.5}, count)
    session = Session.from_heard(plays, turned, events, seed=1).append_events(more, "person")

    assert_heard_alike(plays.hear(more, turned), session.heard)
    assert_heard_alike(plays.hear(more[:1], turned), session.at(count + 1).heard)
    assert_heard_alike(plays.hear(more[:70], turned), session.at(count + 70).heard)
    assert_heard_alike(turned, session.undo().heard)
    if count:
        earlier = session.at(count - 1)
        assert_heard_alike(heard_from_the_start(earlier), earlier.heard)
        changed = earlier.append_events(more, "person")
        assert_heard_alike(heard_from_the_start(changed), changed.heard)
        assert_heard_alike(plays.hear(more, turned), changed.undo().undo().heard)
        replaced = session.replace(count + 1, count + 2, some_events(medium, 3))
        assert_heard_alike(plays.hear(replaced.events[count:], turned), replaced.heard)


def test_a_given_state_needs_the_events_before_it() -> None:
    """Else nobody could say what piece it belongs to."""
    plays, _ = counted("text")

    with pytest.raises(UsageError, match="after 0 events, and the session has 3"):
        Session.from_heard(plays, plays.begin(), some_events("text", 3))


def test_a_session_with_its_turns_goes_on_from_a_given_state() -> None:
    """As one that was begun on another machine: who made what stays, and is undone as ever."""
    plays, steps = counted("text")
    session = grown(plays, "text", 200, 50)
    arrived = Session.from_json(plays, session.to_json()).standing(session.heard)
    begun = steps.played

    assert_heard_alike(session.heard, arrived.heard)
    assert begun == steps.played  # nothing was heard again
    assert session.turns == arrived.turns
    assert_heard_alike(heard_from_the_start(session.undo()), arrived.undo().heard)


def test_what_cannot_be_changed_says_so_and_leaves_the_session() -> None:
    """Errors are sentences, and the session goes on."""
    session = instrument_of("walk").session(PROMPTS["walk"], seed=1)
    before = session.past

    for wrong in (lambda: session.append("[[1"), lambda: session.replace(0, 1, "nonsense"), lambda: session.append(5)):  # type: ignore[arg-type]
        with pytest.raises(UndersongError):
            wrong()
    assert before is session.past
