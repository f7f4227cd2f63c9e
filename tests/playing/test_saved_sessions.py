"""Sessions are kept whole, drawn again, and read from anybody without harm."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counted_steps import counted, played, some_events
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import MEDIA, instrument_of

from undersong.errors import MissingFileError, UnreadableFileError
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.playing.instrument import Instrument
from undersong.playing.sessions.history import Heard
from undersong.playing.sessions.saved_sessions import sealed
from undersong.playing.sessions.session import Session

every_medium = pytest.mark.parametrize("medium", MEDIA)


# ── there and back ───────────────────────────────────────────────────────────────────────────────────────────────


@every_medium
def test_what_is_loaded_is_what_was_saved(medium: str, tmp_path: Path) -> None:
    """To the last bit: events, turns, how each was made, condition and dice."""
    session = played(medium)
    path = session.save(tmp_path / "session.json")
    loaded = Session.load(session.instrument, path)

    np.testing.assert_array_equal(session.events, loaded.events)
    assert session.events.dtype == loaded.events.dtype
    assert json.dumps(session.to_json()) == json.dumps(loaded.to_json())
    assert [turn.to_json() for turn in session.turns] == [turn.to_json() for turn in loaded.turns]
    assert (session.seed, session.asked, session.dice) == (loaded.seed, loaded.asked, loaded.dice)
    assert () == loaded.notes
    for one, other in zip(session.candidates(3, length=5), loaded.candidates(3, length=5), strict=True):
        np.testing.assert_array_equal(one.events, other.events)
        assert one.nats == other.nats


@every_medium
def test_a_loaded_session_goes_back_turn_by_turn(medium: str) -> None:
    """As far as the session that was saved."""
    session = played(medium)
    loaded = Session.from_json(session.instrument, session.to_json())
    while session.can_undo:
        session, loaded = session.undo(), loaded.undo()
        np.testing.assert_array_equal(session.events, loaded.events)
    assert not loaded.can_undo


@every_medium
def test_a_session_of_nothing_is_kept_too(medium: str, tmp_path: Path) -> None:
    """It has a seed."""
    session = instrument_of(medium).session("", seed=9)
    loaded = Session.load(session.instrument, session.save(tmp_path / "nothing.json"))

    assert (0, 9, ()) == (loaded.length, loaded.seed, loaded.turns)


@given(
    turns=st.lists(st.tuples(st.text(st.characters(categories=["L", "N", "S"]), min_size=1), st.text(max_size=9))),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=40)
def test_any_turns_of_any_authors_come_back(turns: list[tuple[str, str]], seed: int) -> None:
    """A law, in letters of any script."""
    session = instrument_of("text").session("", seed=seed)
    for author, words in turns:
        if author.isprintable() and author.strip():
            session = session.append(TextPiece(words), author=author[:100])
    loaded = Session.from_json(session.instrument, json.loads(json.dumps(session.to_json())))

    assert session.piece == loaded.piece
    assert session.turns == loaded.turns


def test_a_saved_session_is_small_and_readable(tmp_path: Path) -> None:
    """A line for each turn; ten thousand events of ten in a turn take some 100 KB."""
    plays, _ = counted("text")
    session = plays.session("", seed=1)
    for number in range(1_000):
        session = session.append_events(some_events("text", 10, number), "person")
    path = session.save(tmp_path / "long.json")

    assert 1_000 == sum('"author"' in line for line in path.read_text("utf-8").splitlines())
    assert path.stat().st_size < 120_000


# ── on which instrument ──────────────────────────────────────────────────────────────────────────────────────────


def test_another_instrument_of_the_same_vocabulary_goes_on_and_says_so() -> None:
    """Its events mean the same there."""
    session = played("text")
    other, _ = counted("text")
    loaded = Session.from_json(other, session.to_json())

    assert session.piece == loaded.piece
    assert ("It was begun with 'tiny text' and goes on with 'counted text'.",) == loaded.notes


def test_an_instrument_of_another_vocabulary_is_refused() -> None:
    """Its events would be other letters."""
    session, tiny = played("text"), instrument_of("text")
    codec = Characters(["\n", "a", "b"])
    other = Instrument("another", tiny.medium, codec, tiny.distribution, tiny.steps)

    with pytest.raises(UnreadableFileError, match=r"'tiny text', whose events mean something else than .*'another'"):
        Session.from_json(other, session.to_json())
    with pytest.raises(UnreadableFileError, match=r"plays 'walk\.v1'"):
        Session.from_json(instrument_of("walk"), session.to_json())


def test_a_state_that_was_handed_in_is_told_of() -> None:
    """The file does not hold it."""
    plays, _ = counted("text")
    first = plays.begin()
    session = Session.from_heard(plays, Heard(first.parameters, {"h": first.state["h"] + 1}, 0), some_events("text", 0))
    session = session.append_events(some_events("text", 5), "person")
    (note,) = Session.from_json(plays, session.to_json()).notes

    assert "After 0 events it went on from a state that was handed in" in note


# ── from anybody ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_changed_file_is_refused_by_its_digest(tmp_path: Path) -> None:
    """Nobody is credited with what they did not write."""
    path = played("text").save(tmp_path / "session.json")
    path.write_text(path.read_text("utf-8").replace('"person"', '"nobody"'), "utf-8")

    with pytest.raises(UnreadableFileError, match=r"session.json.*damaged or changed"):
        Session.load(instrument_of("text"), path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"format": "undersong.session"}',
        b"\xff\xfe\x00",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"format": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"format": 1e999}',
        b'{"format": "\\ud800"}',
    ],
    ids=range(12),
)
def test_a_file_that_is_no_session_is_refused(content: bytes, tmp_path: Path) -> None:
    """With its name."""
    path = tmp_path / "strange.json"
    path.write_bytes(content)

    with pytest.raises(UnreadableFileError, match=r"strange\.json"):
        Session.load(instrument_of("text"), path)


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """A folder is no file."""
    plays = instrument_of("text")

    with pytest.raises(MissingFileError, match="no session at"):
        Session.load(plays, tmp_path / "none.json")
    with pytest.raises(UnreadableFileError, match="no file"):
        Session.load(plays, tmp_path)
    with pytest.raises(MissingFileError):
        Session.load(plays, "\0")


def changed(data: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The same with another value somewhere, sealed again; a list or object loses what becomes `...`."""
    data = copy.deepcopy(data)
    *folders, last = path
    place: Any = data
    for folder in folders:
        place = place[folder]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return sealed(data)


@every_medium
@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "another"),
        (("version",), 2),
        (("version",), True),
        (("instrument",), ...),
        (("medium",), ["text.v1"]),
        (("codec",), None),
        (("more",), 1),
        (("seed",), -1),
        (("seed",), 2**63),
        (("seed",), 1.0),
        (("seed",), "1"),
        (("asked",), True),
        (("condition",), []),
        (("condition",), {"strange": 1}),
        (("given_after",), -1),
        (("turns",), {}),
        (("turns",), [5]),
        (("turns", 0, "author"), ""),
        (("turns", 0, "author"), {"a": 1}),
        (("turns", 0, "events"), []),
        (("turns", 0, "events"), "abc"),
        (("turns", 0, "events"), [None]),
        (("turns", 0, "events"), [[[1]]]),
        (("turns", 0, "events"), [10**400]),
        (("turns", 0, "events"), [[1e300, 0.0]]),
        (("turns", 0, "events"), [-1]),
        (("turns", 0, "events"), [100_000]),
        (("turns", 0, "events"), [True]),
        (("turns", 0, "more"), 1),
        (("turns", 1, "made"), 5),
        (("turns", 1, "made", "seed"), -1),
        (("turns", 1, "made", "seed"), ...),
        (("turns", 1, "made", "row"), 3),
        (("turns", 1, "made", "rows"), 10**9),
        (("turns", 1, "made", "length"), 0.5),
        (("turns", 1, "made", "until"), 5),
        (("turns", 1, "made", "ranking"), [1]),
        (("turns", 1, "made", "strange"), 1),
        (("turns", 1, "made", "stop"), "x"),
        (("turns", 1, "made", "stop"), [5]),
        (("turns", 1, "made", "stop"), [{"events": [None]}]),
        (("turns", 1, "made", "start"), {"fields": 5}),
        (("turns", 1, "made", "within"), "moon"),
        (("turns", 1, "made", "condition"), 5),
        (("turns", 1, "made", "dials"), 5),
        (("turns", 1, "made", "dials", "temperature"), None),
        (("turns", 1, "made", "dials", "temperature"), [None]),
    ],
    ids=str,
)
def test_a_session_from_anybody_is_refused_with_what_is_wrong(medium: str, path: tuple[Any, ...], value: Any) -> None:
    """Sealed by whoever changed it."""
    session = played(medium)
    data = changed(session.to_json(), path, value)

    with pytest.raises(UnreadableFileError) as told:
        Session.from_json(session.instrument, data)
    assert len(str(told.value)) < 500


STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


def paths_of(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        found += paths_of(value, (*here, key))
    return found


@every_medium
@settings(max_examples=100)
@given(data=st.data())
def test_whatever_stands_in_a_file_it_is_read_or_refused(medium: str, data: st.DataObject) -> None:
    """A law: nothing in it is an error of another kind, and what is read can be saved, shown and gone on with."""
    session = played(medium)
    told = session.to_json()
    told = changed(told, data.draw(st.sampled_from(paths_of(told))), data.draw(STRANGE))
    try:
        read = Session.from_json(session.instrument, told)
    except UnreadableFileError:
        return
    again = Session.from_json(session.instrument, read.to_json())
    assert read.turns == again.turns
    assert read.to_html()
    assert read.to_markdown()
    assert read.replay().to_json()


@pytest.mark.parametrize("data", [None, [], 5, "x", {"format": "undersong.session", "version": 1}], ids=str)
def test_what_is_no_object_is_no_session(data: Any) -> None:
    """Whatever was handed in."""
    with pytest.raises(UnreadableFileError):
        Session.from_json(instrument_of("text"), data)


def test_what_is_nested_without_end_is_refused() -> None:
    """As a request might have it."""
    inner: Any = []
    for _ in range(100_000):
        inner = [inner]
    data = {**played("text").to_json(), "condition": inner}

    with pytest.raises(UnreadableFileError, match="cannot be JSON"):
        Session.from_json(instrument_of("text"), data)
