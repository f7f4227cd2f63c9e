"""Writing with an instrument: asking, browsing, taking and leaving, by a pilot that presses keys on the real page."""

from __future__ import annotations

import pytest
from textual.events import Paste
from writing_pages import page, piloted

from undersong.cli.writing.document import INSTRUMENT, PERSON
from undersong.cli.writing.editor import Editor

# ── asking, taking, leaving ────────────────────────────────────────────────────────────────────────────────────────


@piloted
async def test_tab_asks_and_tab_takes_with_the_caret_after_it() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        assert "The lamp " == at.words  # nothing is written before it is taken
        assert "The lamp " + shown == at.editor.text
        assert 9 == at.document.caret

        await at.press("tab")
        assert "The lamp " + shown == at.words
        assert [("The lamp ", PERSON), (shown, INSTRUMENT)] == list(at.document.content.runs())
        assert len(at.words) == at.document.caret
        assert at.shown is None


@piloted
async def test_enter_takes_with_the_caret_after_it_and_makes_no_line() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        await at.press("enter")

        assert "The lamp " + shown == at.words
        assert len(at.words) == at.document.caret


@piloted
async def test_right_takes_with_the_caret_before_it() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        await at.press("right")

        assert "The lamp " + shown == at.words
        assert 9 == at.document.caret
        assert (0, 9) == at.editor.cursor_location


@pytest.mark.parametrize("key", ["escape", "left"])
@piloted
async def test_escape_and_left_leave_it(key: str) -> None:
    async with page("The lamp ") as at:
        await at.ask()
        await at.press(key)

        assert "The lamp " == at.words == at.editor.text
        assert 9 == at.document.caret
        assert at.shown is None


@piloted
async def test_down_and_up_browse_and_more_come_before_they_run_out() -> None:
    async with page("The lamp ") as at:
        first = await at.ask()
        await at.press("down")
        second = at.shown
        assert second not in (first, None)
        assert "2 of " in at.line
        await at.press("up")
        assert first == at.shown

        browsing = at.editor.browsing
        assert browsing is not None
        some = len(browsing.found)
        for _ in range(some - 1):
            await at.press("down")
        await at.until(lambda: at.editor.browsing and len(at.editor.browsing.found) > some)
        last = at.shown
        await at.press("down")
        assert last != at.shown
        assert "The lamp " == at.words


@piloted
async def test_all_suggestions_are_different() -> None:
    async with page("The lamp ") as at:
        await at.ask()
        for _ in range(10):
            await at.press("down")
        await at.until(lambda: at.app._asked is None)
        browsing = at.editor.browsing
        assert browsing is not None
        found = [each.words for each in browsing.found]

        assert len(set(found)) == len(found) > 4


@pytest.mark.parametrize("key", ["home", "ctrl+left", "pageup", "shift+left", "ctrl+a"])
@piloted
async def test_any_other_move_takes_it_and_goes_there(key: str) -> None:
    async with page("The first line.\nThe lamp ") as at:
        shown = await at.ask()
        await at.press(key)

        assert "The first line.\nThe lamp " + shown == at.words
        assert at.document.caret < 25
        assert [PERSON, INSTRUMENT] == [author for _, author in at.document.content.runs()]


@piloted
async def test_a_click_elsewhere_takes_it_and_goes_there() -> None:
    async with page("The first line.\nThe lamp ") as at:
        shown = await at.ask()
        await at.pilot.click(Editor, offset=(1 + 4, 0))
        await at.pilot.pause()

        assert "The first line.\nThe lamp " + shown == at.words
        assert 4 == at.document.caret
        await at.press("x")
        assert "The xfirst line.\nThe lamp " + shown == at.words


@piloted
async def test_without_a_suggestion_every_key_is_an_editors() -> None:
    async with page("one\ntwo") as at:
        await at.press("enter", "x", "left", "left", "up", "right", "down", "escape")
        await at.press("!")

        assert "one\ntwo\n!x" == at.words or "one\ntwo!\nx" == at.words
        assert 1 == at.words.count("!")
        assert {PERSON} == {author for _, author in at.document.content.runs()}


@piloted
async def test_in_the_middle_it_goes_in_between() -> None:
    async with page("The lamp . The sea was dark and nobody came.") as at:
        at.editor.move_cursor((0, 9))
        shown = await at.ask()
        assert "The lamp " + shown + ". The sea was dark and nobody came." == at.editor.text
        await at.press("tab")

        assert "The lamp " + shown + ". The sea was dark and nobody came." == at.words
        assert 9 + len(shown) == at.document.caret


@piloted
async def test_it_can_be_asked_on_an_empty_page() -> None:
    async with page() as at:
        shown = await at.ask()
        await at.press("tab")

        assert shown == at.words


@piloted
async def test_typing_something_else_leaves_it() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        other = "Q" if not shown.startswith("Q") else "Z"
        await at.press(other)

        assert "The lamp " + other == at.words == at.editor.text
        assert at.shown is None


@piloted
async def test_typing_the_same_goes_along_with_it() -> None:
    async with page("The lamp ", length=30) as at:
        shown = await at.ask()
        await at.press(
            *("space" if letter == " " else letter for letter in shown[:3] if letter.isalnum() or letter == " ")
        )

        assert "The lamp " + shown[:3] == at.words
        assert "The lamp " + shown == at.editor.text
        assert shown[3:] == at.shown
        await at.press("tab")
        assert "The lamp " + shown == at.words
        assert [PERSON, INSTRUMENT] == [author for _, author in at.document.content.runs()]


@pytest.mark.parametrize("key", ["backspace", "delete", "ctrl+k", "ctrl+w"])
@piloted
async def test_rubbing_out_takes_the_persons_words_and_not_the_suggestion(key: str) -> None:
    after = {"backspace": "The lamp here", "delete": "The lamp here", "ctrl+k": "The lamp ", "ctrl+w": "The here"}[key]
    async with page("The lamp here") as at:
        for _ in range(4):
            await at.press("left")
        await at.ask()
        await at.press(key)
        if key == "backspace":
            after = "The lamphere"

        assert after == at.words == at.editor.text


@piloted
async def test_what_is_pasted_is_the_persons() -> None:
    async with page("a") as at:
        at.app.post_message(Paste("b\r\nc\x1b[31m"))
        await at.pilot.pause()

        assert "ab\nc\x1b[31m" == at.words  # kept as it came
        assert "\x1b" not in at.editor.text  # and not shown to a terminal


# ── undo ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@piloted
async def test_a_suggestion_is_undone_and_redone_as_one() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        await at.press("tab", "ctrl+z")
        assert "The lamp " == at.words == at.editor.text
        await at.press("ctrl+y")

        assert "The lamp " + shown == at.words == at.editor.text
        assert [PERSON, INSTRUMENT] == [author for _, author in at.document.content.runs()]


@piloted
async def test_undo_while_something_is_suggested_undoes_what_was_written() -> None:
    async with page() as at:
        await at.press(*"one")
        await at.press("space", *"two")
        await at.ask()
        await at.press("ctrl+z")

        assert "one " == at.words == at.editor.text
        assert at.shown is None
