"""A document as a value: what is typed, undone and redone, and who wrote which character of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.cli.writing.dials import Dials
from undersong.cli.writing.document import INSTRUMENT, PERSON, WRITERS, Document, Edit, Written, shifted
from undersong.cli.writing.shown import Lines, clean, marks, visible
from undersong.cli.writing.status import State, line
from undersong.cli.writing.suggestions import Browsing, Suggestion
from undersong.distributions.distribution import Dial
from undersong.errors import DialError

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
AUTHORS = st.sampled_from(WRITERS)


@st.composite
def changes(draw: Any) -> list[tuple[float, float, str, str]]:
    """Edits told by shares of the document, so that they fit any."""
    share = st.floats(0, 1)
    return draw(st.lists(st.tuples(share, share, WORDS, AUTHORS), max_size=12))


def edited(document: Document, each: list[tuple[float, float, str, str]]) -> list[Document]:
    """The document after each of these edits."""
    found = [document]
    for one, other, words, author in each:
        start, stop = sorted(round(share * len(found[-1])) for share in (one, other))
        found.append(found[-1].after(found[-1].change(start, stop, words, author)))
    return found


def typed(words: str, document: Document | None = None) -> Document:
    document = document or Document()
    for letter in words:
        document = document.after(document.change(document.caret, document.caret, letter))
    return document


# ── edits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(changes())
def test_every_character_has_one_author(each: list[tuple[float, float, str, str]]) -> None:
    for document in edited(Document(), each):
        assert len(document.words) == len(document.content.authors)
        assert 0 <= document.caret <= len(document)
        assert document.content.count(PERSON) + document.content.count(INSTRUMENT) == len(document)


@given(changes())
def test_words_and_authors_are_those_of_plain_lists(each: list[tuple[float, float, str, str]]) -> None:
    """The same edits on a list of (letter, author) give the same."""
    plain: list[tuple[str, str]] = []
    document = Document()
    for one, other, words, author in each:
        start, stop = sorted(round(share * len(plain)) for share in (one, other))
        plain[start:stop] = [(letter, author) for letter in words]
        document = document.after(document.change(start, stop, words, author))

    assert plain == [(letter, author) for words, author in document.content.runs() for letter in words]


@given(changes())
def test_undo_goes_back_through_everything_and_redo_forth_again(each: list[tuple[float, float, str, str]]) -> None:
    document = last = edited(Document(), each)[-1]
    seen = [document.content]
    while document.done:
        document = document.undo()
        seen.append(document.content)

    assert Document().content == document.content
    for content in reversed(seen):
        assert content == document.content
        document = document.redo()
    assert last.content == document.content


@given(changes(), st.integers(0, 5))
def test_what_is_undone_stays_undone_when_one_writes_on(each: list[tuple[float, float, str, str]], steps: int) -> None:
    document = edited(Document(), each)[-1]
    for _ in range(steps):
        document = document.undo()
    document = document.after(document.change(0, 0, "new"))

    assert document == document.redo()


def test_undo_of_nothing_is_nothing() -> None:
    assert Document() == Document().undo() == Document().redo()


def test_a_word_is_undone_at_a_time() -> None:
    document = typed("the old  sea")

    assert ["the old  ", "the ", ""] == [
        document.undo().words,
        document.undo().undo().words,
        document.undo().undo().undo().words,
    ]


def test_what_is_rubbed_out_comes_back_as_one() -> None:
    document = typed("lamp")
    document = document.at(4)
    for at in (3, 2, 1):
        document = document.after(document.change(at, at + 1, ""))

    assert "l" == document.words
    assert "lamp" == document.undo().words


def test_a_suggestion_is_one_step_and_typing_after_it_another() -> None:
    document = typed("I ")
    document = document.after(document.change(2, 2, "shall see", INSTRUMENT))
    document = typed("it", document)

    assert "I shall see" == document.undo().words
    assert "I " == document.undo().undo().words


def test_typing_elsewhere_is_another_step() -> None:
    document = typed("b", typed("a").at(0))

    assert "ba" == document.words
    assert "a" == document.undo().words


def test_authors_survive_what_is_written_around_them() -> None:
    document = Document().after(Document().change(0, 0, "its words", INSTRUMENT))
    document = document.after(document.change(4, 4, "own "))
    document = document.after(document.change(0, 0, "I like "))

    assert [("I like ", PERSON), ("its ", INSTRUMENT), ("own ", PERSON), ("words", INSTRUMENT)] == list(
        document.content.runs()
    )


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9))), st.integers(0, 40), st.integers(0, 9), WORDS)
def test_spans_move_with_what_they_mark(places: list[tuple[int, int]], at: int, removed: int, added: str) -> None:
    """What is left of the spans marks the same letters as before; what was reached into is gone."""
    words = "".join(chr(0x4E00 + place) for place in range(60))  # each letter once
    spans = sorted((start, start + length) for start, length in places)
    edit = Edit(at, Written.by(PERSON, words[at : at + removed]), Written.by(PERSON, added))
    after = words[:at] + added + words[at + removed :]

    assert {after[start:stop] for start, stop in shifted(spans, edit)} <= {words[start:stop] for start, stop in spans}


# ── how it is shown ────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_shown_has_a_sign_for_every_character(words: str) -> None:
    shown = visible(words)

    assert len(words) == len(shown)
    assert shown.split("\n") == (shown.splitlines() + [""] * shown.endswith("\n") or [""])
    assert not set(shown) & {"\x1b", "\x07", "\r", "\x9b", "\u202e"}


def test_line_ends_are_all_the_same_and_half_characters_gone() -> None:
    assert "a\nb\nc\ufffd\ufffd" == clean("a\r\nb\rc\ud800\0")


@given(st.text("ab\n", max_size=40))
def test_a_place_has_one_row_and_column_and_back(words: str) -> None:
    lines = Lines(words.split("\n"))

    for place in range(len(words) + 1):
        row, column = lines.location(place)
        assert place == lines.place(row, column)
        assert (words[:place].count("\n"), place - words.rfind("\n", 0, place) - 1) == (row, column)


@given(changes(), st.floats(0, 1), st.floats(0, 1))
def test_marks_of_a_part_are_those_of_the_whole(
    each: list[tuple[float, float, str, str]], one: float, other: float
) -> None:
    content = edited(Document(), each)[-1].content
    start, stop = sorted(round(share * len(content)) for share in (one, other))
    marked = {place for mark in marks(content, (), start, stop) for place in range(mark.start, mark.stop)}

    assert {place - start for place in range(start, stop) if content.authors[place]} == marked


def test_copied_spans_are_cut_to_the_line() -> None:
    content = Written.by(PERSON, "x" * 30)
    found = [(mark.start, mark.stop) for mark in marks(content, ((2, 8), (12, 25)), 5, 20)]

    assert [(0, 3), (7, 15)] == found


# ── browsing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_browsing_stops_at_both_ends() -> None:
    browsing = Browsing((Suggestion("a"), Suggestion("b")))

    assert "a" == browsing.move(-1).shown.words
    assert "b" == browsing.move(1).move(1).shown.words


def test_more_suggestions_are_added_once_each() -> None:
    browsing = Browsing((Suggestion("a"),)).add([Suggestion("b"), Suggestion("a")])

    assert ["a", "b"] == [each.words for each in browsing.found]


@pytest.mark.parametrize(("words", "rest"), [("the ", "sea"), ("The", None), ("the sea", None)])
def test_what_is_typed_on_leaves_the_rest(words: str, rest: str | None) -> None:
    left = Browsing((Suggestion("the sea", ((2, 6),)),)).typed(words)

    assert rest == (left and left.shown.words)
    if left is not None:
        assert ((0, 2),) == left.shown.copied


# ── the line below ─────────────────────────────────────────────────────────────────────────────────────────────────


def state(**parts: Any) -> State:
    """Two dials, one of them turned, and words of both."""
    declared = (Dial("temperature", "", 0.0, 10.0, 1.0), Dial("top_k", "", 0.0, 100_000.0, 0.0, whole=True))
    content = Written.by(PERSON, "y" * 300) + Written.by(INSTRUMENT, "i" * 100)
    dials = Dials.of(declared, {"temperature": 0.7})
    return State("keeper", dials, content, **{"copied": [(0, 20)], "saved": "saved 10:00", **parts})


def test_the_line_tells_of_everything_where_there_is_room() -> None:
    expected = "keeper · temperature 0.7 · you 300, it 100 (25 %) · 1 span copied · saved 10:00 · F1 keys"

    assert expected == line(state(), 100)


def test_the_line_says_it_shorter_before_it_leaves_it_out() -> None:
    assert "keeper · temperature 0.7 · 25 % by it · 1 span copied · saved 10:00" == line(state(), 78 - 9)


@given(st.integers(1, 120))
def test_the_line_fits_or_is_only_what_matters_most(width: int) -> None:
    found = line(state(browsed="1 of 5"), width)

    assert len(found) <= width or found == "1 of 5"


def test_what_went_wrong_is_told_however_narrow_it_is() -> None:
    assert "The disk is full." == line(state(said="The disk is full."), 5)


# ── dials ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_presses_go_up_and_down_the_same_way() -> None:
    """A press down undoes a press up, from wherever there is a step."""
    dials = Dials((Dial("temperature", "", 0.0, 10.0, 1.0), Dial("top_k", "", 0.0, 100_000.0, 0.0, whole=True)))

    assert [1.1, 1.0, 0.9] == [dials.turn(steps).value(dials.dial) for steps in (1, 0, -1)]
    counts = dials.choose(1)
    assert [0, 1, 2, 5, 10, 20] == [counts.turn(steps).value(counts.dial) for steps in range(6)]
    assert 2 == counts.turn(5).turn(-3).value(counts.dial)
    assert 0.8 == dials.set(0.75).turn(1).value(dials.dial)
    assert 0.7 == dials.set(0.75).turn(-1).value(dials.dial)


def test_a_way_is_turned_from_where_it_begins() -> None:
    dials = Dials.of((Dial("temperature", "", 0.0, 10.0, 1.0),), {"temperature": "0.8>0.2/10"})

    assert "0.8>0.2/10" == dials.shown(dials.dial)
    assert 0.9 == dials.turn(1).value(dials.dial)
    assert () == dials.rest().off_neutral


@pytest.mark.parametrize("typed_in", ["11", "-1", "nan", "inf", "x", "", "1>9"])
def test_what_is_no_setting_is_refused(typed_in: str) -> None:
    with pytest.raises(DialError):
        Dials((Dial("temperature", "", 0.0, 10.0, 1.0),)).typed(typed_in)
