"""What may be asked of a learner through its folder, and what it is seen to do."""

from __future__ import annotations

import json
import os

import pytest

from undersong.errors import KeepingError, RunFolderError, UsageError
from undersong.keeping import control
from undersong.keeping.control import Asked, ask, asked, say_doing, state_of
from undersong.keeping.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    """A run folder in which learning was begun."""
    folder = RunFolder(tmp_path / "tiny")
    folder.prepare()
    folder.write_json("private/request.json", {})
    return folder


def test_what_is_asked_is_heard_until_something_else_is_asked(folder):
    """By whoever looks, once or after every step."""
    with folder.held():
        learner = Asked(folder)
        heard = [(asked(folder), learner.now())]
        for what in ("pause", "resume", "stop"):
            ask(folder, what)
            heard += [(asked(folder), learner.now()), (asked(folder), learner.now())]

    assert [None, "pause", "pause", "resume", "resume", "stop", "stop"] == [one for one, _ in heard]
    assert all(one == other for one, other in heard)


def test_what_an_earlier_learner_was_asked_is_forgotten(folder):
    """Whoever begins to hold the folder is asked nothing yet, and whoever lets go leaves no wish behind."""
    folder.write_json("private/asked.json", {"ask": "stop", "when": 0})
    folder.write_json("private/doing.json", {"doing": "paused", "when": 0})
    with folder.held():
        assert (None, "learning") == (asked(folder), state_of(folder))
        ask(folder, "pause")
        say_doing(folder, "paused")

    assert not folder.asked.exists()
    assert not folder.doing.exists()


def test_nobody_is_asked_where_nobody_learns(folder):
    """A wish that nobody hears would be obeyed by the next."""
    with pytest.raises(RunFolderError, match="Nothing is learning in"):
        ask(folder, "pause")

    assert not folder.asked.exists()


def test_only_three_things_can_be_asked(folder):
    """The words are told."""
    with folder.held(), pytest.raises(UsageError, match="It can be asked to pause, resume, stop"):
        ask(folder, "hurry")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b'"stop"', b'{"ask": 3}', b'{"ask": ["stop"]}', b'{"ask": "hurry"}', b"\xff\xfe",
        b"[" * 5000,
    ],
    ids=lambda content: repr(content[:9]),
)  # fmt: skip
def test_a_damaged_wish_is_no_wish(folder, content):
    """Learning goes on, and a later wish is heard; the same for what it says it is doing."""
    with folder.held():
        learner = Asked(folder)
        folder.asked.write_bytes(content)
        folder.doing.write_bytes(content.replace(b"ask", b"doing"))
        assert (None, None, "learning") == (asked(folder), learner.now(), state_of(folder))
        ask(folder, "stop")

        assert "stop" == learner.now()


def test_a_wish_is_read_once(folder, monkeypatch):
    """After every step a stat is all it costs, until something else is asked."""
    read = []
    monkeypatch.setattr(control, "asked", lambda folder: read.append(asked(folder)) or read[-1])
    with folder.held():
        learner = Asked(folder)
        ask(folder, "pause")
        assert ["pause"] * 5 == [learner.now() for _ in range(5)]
        ask(folder, "resume")
        learner.now()
        os.unlink(folder.asked)

        assert learner.now() is None
    assert ["pause", "resume"] == read


def test_a_full_disk_hides_what_it_does_and_harms_nothing(folder, monkeypatch):
    """To be seen is not worth a run."""

    def refused(*_: object) -> None:
        raise KeepingError("the disk is full")

    monkeypatch.setattr(control, "write_beside", refused)
    with folder.held():
        say_doing(folder, "paused")
        assert "learning" == state_of(folder)


@pytest.mark.parametrize("doing", ["learning", "paused", "stopping"])
def test_what_a_learner_does_is_seen_while_it_holds_the_folder(folder, doing):
    """And no longer: one that was killed while it was paused was interrupted."""
    with folder.held():
        say_doing(folder, doing)
        assert doing == state_of(folder)
    say_doing(folder, doing)

    assert "interrupted" == state_of(folder)


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ({"what": "finished", "stopped": False}, "finished"),
        ({"what": "finished", "stopped": True}, "stopped"),
        ({"what": "stepped", "step": 7}, "interrupted"),
        (None, "interrupted"),
    ],
)
def test_what_became_of_a_run_stands_at_the_end_of_its_log(folder, last, state):
    """It reached its end, was asked to stop, or ended without a word."""
    if last is not None:
        folder.append_log({"what": "planned"})
        folder.append_log(last)

    assert state == state_of(folder)


def test_an_instrument_without_a_history_is_finished(tmp_path):
    """It was learned elsewhere, and only what may be shared came here."""
    (tmp_path / "tiny").mkdir()

    assert "finished" == state_of(RunFolder(tmp_path / "tiny"))


def test_a_wish_is_written_whole(folder):
    """With the time at which it was asked."""
    with folder.held():
        ask(folder, "pause")
        told = json.loads(folder.asked.read_bytes())

        assert ("pause", True) == (told["ask"], told["when"] > 1e9)
        assert [] == list(folder.private.glob("*.part"))
