"""A live history of a person and an instrument that was learned: every change is a new value, and the old one stays."""

from __future__ import annotations

import numpy as np
import pytest

import undersong as us
from undersong.errors import PromptError, UsageError

MORE = {"text": "and burns", "walk": "[[1.0, 0.5]]"}


@pytest.fixture
def poet(learned):
    return us.load(learned.folder)


@pytest.fixture
def begun(learned, poet):
    return poet.session(learned.tiny.prompt, seed=5)


def test_a_session_begins_with_its_prompt(learned, begun):
    """Or with nothing."""
    assert learned.tiny.prompt_length == begun.instrument.codec.measure(begun.piece)
    assert 0 == len(begun.instrument.session("").events)


def test_what_is_appended_is_heard_as_if_from_the_start(learned, poet, begun):
    """Turn by turn or in one go: the same odds and the same state."""
    session = begun.append(MORE[learned.tiny.medium])
    heard = poet.hear(session.events, poet.begin())

    np.testing.assert_allclose(heard.parameters["next"], session.heard.parameters["next"], atol=1e-6)
    for name, value in heard.state.items():
        np.testing.assert_allclose(value, session.heard.state[name], atol=1e-6)
    assert len(session.events) == session.heard.count


def test_undo_and_redo_go_back_and_forth(learned, begun):
    """The session before is as it was; where there is nothing to undo or redo, nothing changes."""
    after = begun.append(MORE[learned.tiny.medium])

    assert begun.piece == after.undo().piece
    assert after.piece == after.undo().redo().piece
    assert begun.instrument.session("").piece == after.undo().undo().undo().piece
    assert after.piece == after.redo().piece


def test_whoever_goes_on_after_an_undo_cannot_redo(learned, begun):
    """Two futures are two sessions."""
    changed = begun.append(MORE[learned.tiny.medium]).undo().append(learned.tiny.prompt)

    assert changed.piece == changed.redo().piece


def test_a_fork_leaves_the_other_as_it_was(learned, begun):
    """Both go on from the same place, and neither hears the other."""
    before = begun.piece
    (one, *_), (other, *_) = begun.candidates(2, length=4), begun.again().candidates(2, length=4)
    left, right = begun.accept(one), begun.accept(other)

    assert before == begun.piece
    assert left.piece != right.piece
    assert left.undo().piece == right.undo().piece == before


def test_a_candidate_that_is_accepted_becomes_part_of_the_piece(begun):
    """As the instrument's turn."""
    best = begun.candidates(3, length=5)[0]
    session = begun.accept(best)

    np.testing.assert_array_equal(session.events, [*begun.events, *best.events])
    assert ["person", "instrument"] == [turn.author for turn in session.turns]


def test_candidates_are_different_and_the_likeliest_first(begun):
    """Up to as many as were asked for."""
    found = begun.candidates(5, length=4)
    each = [candidate.nats / len(candidate.events) for candidate in found]

    assert 1 < len({candidate.events.tobytes() for candidate in found}) == len(found) <= 5
    assert sorted(each) == each


def test_the_nats_of_a_candidate_are_what_it_adds_to_the_score(poet, begun):
    """Under the instrument's own odds, whatever the dials were."""
    for candidate in begun.candidates(3, length=4, temperature=0.5):
        events = begun.accept(candidate).events
        nats = poet.nats_of(events)[len(begun.events) :].sum()
        assert candidate.nats == pytest.approx(nats, abs=1e-5)


def test_the_same_session_gives_the_same_candidates(learned, poet, begun):
    """Its seed and its events decide; other dice are asked for by `again`."""
    first, same = begun.candidates(3, length=4), poet.session(learned.tiny.prompt, seed=5).candidates(3, length=4)

    assert [str(c) for c in first] == [str(c) for c in same] == [str(c) for c in begun.candidates(3, length=4)]
    assert [str(c) for c in first] != [str(c) for c in begun.again().candidates(3, length=4)]


def test_candidates_of_text_end_at_a_word_or_a_line(text):
    """Before the space that follows the word; with the newline that ends the line."""
    session = us.load(text.folder).session("The lamp ", seed=3)
    words = session.candidates(5, until="word", length=200)
    lines = session.candidates(5, until="line", length=2000)

    assert all(str(word).strip() and not str(word).rstrip("\n")[-1:].isspace() for word in words)
    assert all(1 == str(line).count("\n") and str(line).endswith("\n") for line in lines)


def test_an_end_that_a_codec_does_not_know_is_refused(learned, begun):
    """With those it knows."""
    says = "Its endings: word, sentence, line." if learned.tiny.is_text else "Its endings: none."

    with pytest.raises(UsageError, match=says):
        begun.candidates(2, until="bar")


def test_what_is_no_piece_is_not_appended(toy):
    """And the session goes on."""
    session = us.load(toy.folder).session(toy.tiny.prompt)

    with pytest.raises(PromptError):
        session.append("[[1")
    assert toy.tiny.prompt_length == len(session.events)


def test_a_condition_holds_for_the_whole_session(toy):
    """Each event is heard under its own row, whichever turn it came in."""
    poet = us.load(toy.folder)
    condition = {"class": 2, "control": [0.5, 1.0, 3.0, 0.2]}
    session = poet.session("[[0.5, 1.0]]", seed=1, condition=condition).append("[[1.0, 0.5], [2.0, 0.0]]")
    heard = poet.hear(session.events, poet.begin(condition), condition)

    np.testing.assert_allclose(heard.parameters["next"], session.heard.parameters["next"], atol=1e-6)
    assert not np.allclose(
        session.heard.parameters["next"], poet.session(session.piece).heard.parameters["next"], atol=1e-6
    )
