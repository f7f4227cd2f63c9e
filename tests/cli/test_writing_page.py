"""The page keeps every word, whatever happens; and how it looks, in any terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from writing_pages import Page, keeper, material, page, piloted

from undersong.cli.writing import manuscript
from undersong.cli.writing.help import Help
from undersong.cli.writing.keys import BOUND, PAGES
from undersong.cli.writing.record import record_path
from undersong.cli.writing.suggestions import Browsing, Suggestion
from undersong.errors import KeepingError
from undersong.playing.sessions.session import Session

# ── saving ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@piloted
async def test_what_is_typed_is_saved_by_itself() -> None:
    async with page() as at:
        await at.press(*"words")
        await at.until(lambda: Path("a.txt").exists() and Path("a.txt").read_text() == "words")
        await at.until(lambda: "saved" in at.line)

        assert not list(Path().glob(".undersong-*"))


@piloted
async def test_the_page_opens_again_as_it_was_left() -> None:
    async with page("The lamp ") as at:
        shown = await at.ask()
        await at.press("tab", "!", "ctrl+q")
        content = at.document.content
    async with page() as again:
        assert "The lamp " + shown + "!" == again.words
        assert content == again.document.content
        assert len(again.words) == again.document.caret


@piloted
async def test_what_was_written_can_be_drawn_again() -> None:
    """The record beside the file holds all that it takes."""
    async with page() as at:
        await at.press(*"The lamp")
        for letter in ",;":
            await at.ask()
            await at.press("down", "tab", letter)
        await at.press("ctrl+q")
    replay = Session.load(keeper(), record_path(Path("a.txt"))).replay()

    assert (2, ()) == (replay.drawn, replay.left_out)
    assert replay.same


@piloted
async def test_a_file_that_is_only_looked_at_stays_as_it_was() -> None:
    async with page("words") as at:
        await at.until(lambda: at.app.editor.copied is not None and not at.app._settling)
        await at.press("left", "ctrl+q")

    assert ["a.txt"] == [each.name for each in Path().iterdir() if each.name.startswith("a.")]


@piloted
async def test_ctrl_s_saves_now_and_says_so() -> None:
    async with page() as at:
        at.app.moment = 1000.0
        await at.press("a", "ctrl+s")

        assert "a" == Path("a.txt").read_text()
        assert "Saved a.txt" in at.line


@piloted
async def test_ctrl_q_saves_and_leaves() -> None:
    async with page() as at:
        at.app.moment = 1000.0
        await at.press("a", "ctrl+q")

        assert "a" == Path("a.txt").read_text()
        assert 0 == at.app.return_code
    assert not at.app.is_running


@piloted
async def test_ctrl_c_saves_and_the_second_time_leaves() -> None:
    async with page() as at:
        at.app.moment = 1000.0
        await at.press("a", "ctrl+c")
        assert "a" == Path("a.txt").read_text()
        assert at.app.is_running
        await at.press("b", "ctrl+c")
        assert "ab" == Path("a.txt").read_text()
        assert at.app.is_running
        await at.press("ctrl+c")
    assert 0 == at.app.return_code


@piloted
async def test_a_suggestion_that_was_not_taken_is_never_saved() -> None:
    async with page("The lamp ") as at:
        await at.ask()
        await at.press("ctrl+s", "ctrl+q")

    assert "The lamp " == Path("a.txt").read_text()


@piloted
async def test_a_full_disk_is_said_and_no_word_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise KeepingError("the disk is full", "Make room.")

    async with page("before") as at:
        with monkeypatch.context() as disk:
            disk.setattr(manuscript, "write_beside", full)
            await at.press("!")
            await at.until(lambda: "the disk is full" in at.line)
            assert "before" == Path("a.txt").read_text()
            await at.press("ctrl+q")
            assert at.app.is_running  # it does not leave with words that are nowhere
            assert "Ctrl-Q" in at.line
            await at.press("?")
        await at.until(lambda: Path("a.txt").read_text() == "before!?")
        assert "before!?" == at.words
        await at.until(lambda: "full" not in at.line)


# ── how it looks ───────────────────────────────────────────────────────────────────────────────────────────────────


def styles(at: Page, row: int) -> list[tuple[str, Any]]:
    """What stands in a row of the page, and how."""
    return [(segment.text, segment.style) for segment in at.editor.render_line(row)]


@piloted
async def test_its_words_are_in_italics_and_another_colour() -> None:
    async with page("The lamp ", length=5) as at:
        shown = await at.ask()
        await at.press("tab", "home")
        found = styles(at, 0)
        (yours,) = [style for words, style in found if "lamp" in words]
        its = [style for words, style in found if words.strip() and words.strip() in shown]

        assert not yours.italic
        assert all(style.italic and style.color != yours.color for style in its)
        assert its


@piloted
async def test_what_stands_in_the_material_is_underlined() -> None:
    copied = material()[2_000:2_060]
    async with page("Nobody ever said this: ", size=(120, 24)) as at:
        at.editor.insert(copied)
        await at.until(lambda: "copied" in at.line)
        start, stop = at.editor.copied[0]

        assert 10 < start <= 23
        assert at.words[start:stop].strip() in material()
        underlined = "".join(
            words for row in range(5) for words, style in styles(at, row) if style is not None and style.underline
        )
        assert underlined.replace(" ", "") == at.words[start:stop].replace("\n", "").replace(" ", "")


@piloted
async def test_what_of_a_suggestion_stands_in_the_material_is_underlined_before_and_after_it_is_taken() -> None:
    async with page("Here: ") as at:
        at.app.moment = 1000.0  # nobody looks for copies that are none
        await at.pilot.pause(0.1)
        at.editor.suggest(Browsing((Suggestion("new and of old", ((8, 14),)),)))
        for key in ("end", "escape"):
            underlined = [words for words, style in styles(at, 0) if style is not None and style.underline]
            assert "of old" == "".join(underlined)
            await at.press(key)

        assert "Here: new and of old" == at.words


@pytest.mark.parametrize("size", [(40, 10), (20, 5), (10, 2), (200, 60)])
@piloted
async def test_any_terminal_is_large_enough(size: tuple[int, int]) -> None:
    async with page("The lamp " * 30, size=size, length=200) as at:
        await at.ask()
        assert len(at.line) <= max(size[0] - 2, 12)
        await at.press("down", "tab", "f2", "down", "right", "f2", "f1", "escape", "x")
        await at.pilot.resize_terminal(60, 12)
        await at.press("y")
        await at.until(lambda: 12 < len(at.line) <= 58)

        assert at.words.endswith("xy")


@piloted
async def test_all_of_a_suggestion_is_in_sight_where_there_is_room() -> None:
    async with page("The lamp.\n" * 30, size=(40, 10), length=100) as at:
        shown = await at.ask()
        await at.pilot.pause()
        last = at.editor._location(at.document.caret + len(shown))
        _, row = at.editor.wrapped_document.location_to_offset(last)
        top = at.editor.scroll_offset.y

        assert row < top + at.editor.size.height
        assert top <= 30 < top + at.editor.size.height  # where the caret is


@pytest.mark.parametrize("key", ["f1", "ctrl+g"])
@piloted
async def test_help_shows_every_key_that_is_bound(key: str) -> None:
    async with page("a") as at:
        await at.press(key)
        assert isinstance(at.app.screen, Help)
        told = " ".join(words for group in PAGES for pair in group.keys for words in pair).lower()
        told = told.replace("ctrl-", "ctrl+")
        for keys in BOUND.values():
            for each in keys.split(","):
                assert each.replace("up", "↑").replace("down", "↓") in told
        await at.press("f4")  # whatever happens behind it
        await at.press("escape")
        assert not isinstance(at.app.screen, Help)
        assert at.editor.has_focus


@piloted
async def test_a_long_document_is_heard_only_near_the_caret() -> None:
    """A novel does not have to be played through before the first answer."""
    async with page("The lamp was lit and the sea was dark.\n" * 1_000) as at:
        await at.ask()

        assert at.app.partner._history.count < 5_000
