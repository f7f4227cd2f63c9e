"""What is written lies on the disk: how a file is opened and saved, and who wrote what kept beside it."""

from __future__ import annotations

import json
import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undersong.cli.writing import manuscript as files
from undersong.cli.writing.autosave import Autosave
from undersong.cli.writing.document import INSTRUMENT, PERSON, WRITERS, Document, Written
from undersong.cli.writing.manuscript import LONGEST, MOST, Manuscript, free_name, suggested_name
from undersong.cli.writing.record import Record, record_path
from undersong.cli.writing.suggestions import Suggestion
from undersong.errors import InputError, KeepingError, MissingFileError, UnreadableFileError
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load
from undersong.playing.sessions.session import Session

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@cache
def keeper() -> Instrument:
    """A voice that ships, which plays letters."""
    return load("keeper")


def full(*_: Any) -> None:
    raise KeepingError("the disk is full", "Make room.")


def written(*runs: tuple[str, str]) -> Document:
    """A document by these (words, author)."""
    document = Document()
    for words, author in runs:
        document = document.after(document.change(len(document), len(document), words, author))
    return document


def autosave(path: Path, seed: int = 1) -> Autosave:
    """Of a file as it is opened."""
    manuscript = Manuscript(path)
    record = Record(keeper(), seed)
    record.open(path, manuscript.words)
    return Autosave(manuscript, record, record.content)


# ── the file ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_file_is_named_by_its_instrument_and_the_day() -> None:
    name = suggested_name("keeper+tide / x", date(2026, 11, 21))

    assert Path("keeper-tide-x-2026-11-21.txt") == name
    name.write_text("")
    assert Path("keeper-tide-x-2026-11-21-2.txt") == free_name(name)


@pytest.mark.parametrize(
    "content", [b"one\ntwo", b"one\r\ntwo\r\n", b"\xef\xbb\xbfone\r\n", b"a\rb\r\nc\n\x0cd", b"\n"]
)
def test_a_file_keeps_its_line_ends_and_its_mark(content: bytes) -> None:
    Path("a.txt").write_bytes(content)
    manuscript = Manuscript(Path("a.txt"))
    manuscript.save(manuscript.words + "!")

    assert content + b"!" == Path("a.txt").read_bytes()


def test_a_file_that_is_not_changed_is_not_touched() -> None:
    Path("a.txt").write_text("words")
    before = os.stat("a.txt").st_ino
    Manuscript(Path("a.txt")).save("words")

    assert before == os.stat("a.txt").st_ino


def test_nothing_written_leaves_no_file() -> None:
    assert "" == Manuscript(Path("new.txt")).save("")
    assert [] == [path for path in os.listdir() if path.endswith(".txt")]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"\x89PNG\0\0", UnreadableFileError, "not a plain text"),
        (b"caf\xe9", UnreadableFileError, "byte 4"),
        (b"\xef\xbb\xbfcaf\xe9", UnreadableFileError, "byte 7"),
        (b"x\n" * (MOST // 2 + 1), InputError, "too long"),
        (b"x" * (LONGEST + 1), InputError, "a line of more"),
    ],
)
def test_what_is_no_text_is_refused_and_left(content: bytes, error: type[Exception], says: str) -> None:
    Path("a.txt").write_bytes(content)

    with pytest.raises(error, match=says):
        Manuscript(Path("a.txt"))
    assert content == Path("a.txt").read_bytes()


def test_a_folder_and_a_path_that_leads_nowhere_are_refused() -> None:
    with pytest.raises(InputError, match="a folder"):
        Manuscript(Path())
    with pytest.raises(MissingFileError, match="no folder"):
        Manuscript(Path("nowhere/a.txt"))


def test_a_file_that_another_program_changed_is_left_to_it() -> None:
    path = Path("a.txt")
    path.write_text("mine")
    manuscript = Manuscript(path)
    path.write_text("theirs, and longer")

    assert "'a-2.txt'" in manuscript.save("mine, gone on")
    assert ("theirs, and longer", "mine, gone on") == (path.read_text(), Path("a-2.txt").read_text())
    assert "" == manuscript.save("mine, gone on further")
    assert "mine, gone on further" == Path("a-2.txt").read_text()


def test_a_file_that_was_taken_away_is_written_again() -> None:
    path = Path("a.txt")
    path.write_text("mine")
    manuscript = Manuscript(path)
    path.unlink()
    manuscript.save("mine again")

    assert "mine again" == path.read_text()


def test_a_full_disk_leaves_the_file_and_takes_the_words_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.txt").write_text("before")
    manuscript = Manuscript(Path("a.txt"))
    with monkeypatch.context() as disk:
        disk.setattr(files, "write_beside", full)
        with pytest.raises(KeepingError):
            manuscript.save("after")

    assert "before" == Path("a.txt").read_text()
    manuscript.save("after")
    assert "after" == Path("a.txt").read_text()


def test_words_are_rescued_to_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.tempfile, "gettempdir", lambda: str(tmp_path))

    assert "words" == files.rescue(Path("far/a.txt"), "words").read_text()


# ── the record ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_wrote_what_is_known_again_when_the_file_is_opened() -> None:
    document = written(("The lamp ", PERSON), ("was lit", INSTRUMENT), (", é🧑‍🚀 I think.\n", PERSON))
    autosave(Path("a.txt")).save(document)

    again = Record(keeper(), 2)
    assert "" == again.open(Path("a.txt"), document.words)
    assert document.content == again.content


def test_a_record_is_a_session_that_anything_can_read() -> None:
    autosave(Path("a.txt")).save(written(("The ", PERSON), ("sea", INSTRUMENT)))
    session = Session.load(keeper(), record_path(Path("a.txt")))

    assert "The sea" == str(session.piece)
    assert ["person", "instrument"] == [turn.author for turn in session.turns]


def test_a_record_says_how_each_suggestion_was_drawn() -> None:
    saved = autosave(Path("a.txt"), seed=5)
    before = written(("The lamp. And then", PERSON)).at(9)
    (candidate, *_) = keeper().session("The lamp.", 5).candidates(2, length=8, temperature=0.5)
    change = before.change(9, 9, str(candidate), INSTRUMENT)
    saved.took(Suggestion(str(candidate), (), candidate), before)
    saved.save(before.after(change))

    (made,) = [turn for turn in Session.load(keeper(), record_path(Path("a.txt"))).turns if turn.author == INSTRUMENT]
    assert made.made is not None
    assert {"temperature": 0.5} == made.made["dials"]
    assert len(str(candidate)) == len(made)


def test_what_a_person_types_on_is_one_turn_however_often_it_is_saved() -> None:
    saved, document = autosave(Path("a.txt")), Document()
    for words in ("The ", "lamp ", "was "):
        document = document.after(document.change(len(document), len(document), words))
        saved.save(document, at_once=True)

    (turn,) = Session.load(keeper(), record_path(Path("a.txt"))).turns
    assert (0, 13) == (turn.start, turn.stop)


@pytest.mark.parametrize("spoilt", [b"", b"{}", b"\0\xff", b'{"seed": 1}', b"[" * 10_000])
def test_a_record_that_cannot_be_read_costs_no_word_and_is_kept(spoilt: bytes) -> None:
    Path("a.txt").write_text("words")
    record_path(Path("a.txt")).write_bytes(spoilt)
    manuscript, record = Manuscript(Path("a.txt")), Record(keeper(), 1)

    assert "not known any more" in record.open(Path("a.txt"), manuscript.words)
    Autosave(manuscript, record, Written.by(PERSON, "words")).save(written(("words and more", PERSON)))
    assert "words and more" == Path("a.txt").read_text()
    assert spoilt == Path("a.txt.session.json.old").read_bytes()


def test_a_file_that_was_changed_elsewhere_is_all_the_persons() -> None:
    autosave(Path("a.txt")).save(written(("its words", INSTRUMENT)))
    Path("a.txt").write_text("its wordy words")

    record = Record(keeper(), 1)
    assert "yours" in record.open(Path("a.txt"), "its wordy words")
    assert Written() == record.content


def test_a_new_file_where_an_old_record_lies_leaves_that_alone() -> None:
    autosave(Path("a.txt")).save(written(("of old", INSTRUMENT)))
    Path("a.txt").unlink()
    before = record_path(Path("a.txt")).read_bytes()
    autosave(Path("a.txt")).save(written(("new", PERSON)))

    assert before == Path("a.txt.session.json.old").read_bytes()
    assert "new" == str(Session.load(keeper(), record_path(Path("a.txt"))).piece)


def test_words_are_saved_when_the_record_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = autosave(Path("a.txt"))
    monkeypatch.setattr(Session, "save", full)

    with pytest.raises(KeepingError, match="The words are saved"):
        saved.save(written(("words", PERSON)))
    assert "words" == Path("a.txt").read_text()


def test_a_record_tells_nothing_that_is_not_in_the_document() -> None:
    """What was written and rubbed out again before it was saved is nobody's business."""
    saved = autosave(Path("a.txt"))
    saved.save(written(("public", PERSON)))
    document = written(("public", PERSON))
    document = document.after(document.change(0, 6, "other"))
    saved.save(document, at_once=True)

    assert "other" == str(Session.from_json(keeper(), json.loads(record_path(Path("a.txt")).read_text())).piece)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), LETTERS, st.sampled_from(WRITERS)), max_size=8))
def test_a_record_follows_every_edit(each: list[tuple[float, float, str, str]]) -> None:
    """Wherever something is changed, also inside of what takes several events, it holds the same words and authors."""
    record, document = Record(keeper(), 1), Document()
    for one, other, words, author in each:
        start, stop = sorted(round(share * len(document)) for share in (one, other))
        document = document.after(document.change(start, stop, words, author))
        record.follow(document.content)

        assert document.words == str(record.session.piece)
        authors = [turn.author for turn in record.session.turns for _ in range(turn.stop - turn.start)]
        progress = keeper().codec.progress(record.session.events)
        for place, author_of in enumerate(document.content.authors):
            whole = int((progress <= place).sum())  # the event in which this character is completed
            assert WRITERS[author_of] == authors[whole]
