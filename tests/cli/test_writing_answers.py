"""Answers that come late or never, dials that ask again, and any keys in any order."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from writing_pages import keeper, page, piloted

from undersong.cli.writing.partner import Partner
from undersong.cli.writing.shown import visible

# ── answers that come late ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Answers that come when this is set, and not before."""
    go, real = threading.Event(), Partner.suggest

    def suggest(self: Partner, wanted: Any, still: Callable[[], bool]) -> Any:
        assert go.wait(30)
        return real(self, wanted, lambda: True)

    monkeypatch.setattr(Partner, "suggest", suggest)
    return go


@pytest.mark.parametrize("key", ["x", "left", "escape", "home"])
@piloted
async def test_an_answer_to_what_no_longer_stands_there_is_ignored(held: threading.Event, key: str) -> None:
    async with page("The lamp ") as at:
        await at.press("tab")
        await at.until(lambda: "…" in at.line)
        await at.press(key)
        held.set()
        await at.until(lambda: not [each for each in at.app.workers if each.group == "drawing"])
        for _ in range(5):
            await at.pilot.pause()

        assert at.shown is None
        assert "The lamp " + ("x" if key == "x" else "") == at.words == at.editor.text


@piloted
async def test_one_can_write_while_it_thinks(held: threading.Event) -> None:
    async with page("The lamp ") as at:
        await at.press("tab", "w", "a", "s")
        assert "The lamp was" == at.words
        held.set()


@piloted
async def test_what_comes_next_is_drawn_before_it_is_asked_for() -> None:
    async with page("The lamp ") as at:
        await at.ask()
        await at.press("tab")
        await at.until(lambda: at.app._at_hand is not None)
        await at.press("tab")

        assert at.shown is not None


@piloted
async def test_an_instrument_that_fails_is_told_of_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ZeroDivisionError("of its own")

    async with page("The lamp ") as at:
        with monkeypatch.context() as broken:
            broken.setattr(Partner, "suggest", fails)
            await at.press("tab")
            await at.until(lambda: "of its own" in at.line)
        await at.press("x")

        assert "The lamp x" == at.words


# ── dials ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keys", "value"), [(["f4"], 1.1), (["f3", "f3"], 0.8), (["ctrl+up"], 1.1), (["ctrl+down"], 0.9)]
)
@piloted
async def test_the_dial_in_hand_is_turned_while_one_writes(keys: list[str], value: float) -> None:
    async with page("The lamp ") as at:
        await at.press(*keys)

        assert {"temperature": value} == at.app.dials.settings
        assert f"temperature {value:g}" in at.line


@piloted
async def test_a_dial_that_is_turned_asks_again() -> None:
    async with page("The lamp ") as at:
        await at.ask()
        found = at.editor.browsing
        for _ in range(10):
            await at.press("f3")
        await at.until(lambda: at.app._asked is None and at.editor.browsing is not found)
        browsing = at.editor.browsing
        assert browsing is not None

        assert 1 == len(browsing.found)  # at temperature 0 there is one way to go on
        assert {"temperature": 0.0} == browsing.shown.candidate.made["dials"]


@piloted
async def test_the_panel_shows_all_dials_and_its_keys_choose_and_turn() -> None:
    async with page("The lamp ") as at:
        assert not at.app.panel.display
        await at.press("f2")
        assert at.app.panel.has_focus
        shown = str(at.app.panel.render())
        assert all(dial.name in shown for dial in keeper().dials)

        names = [dial.name for dial in keeper().dials]
        await at.press("down", "right")
        assert names[1] == at.app.dials.dial.name
        assert at.app.dials.value(at.app.dials.dial) == 1
        await at.press("backspace")
        assert {} == dict(at.app.dials.settings)
        await at.press("up", "0", ".", "3", "5", "enter")
        assert {"temperature": 0.35} == at.app.dials.settings
        await at.press(*"1>0.5/100", "enter")
        assert {"temperature": "1>0.5/100"} == at.app.dials.settings
        await at.press("9", "9", "enter")
        assert {"temperature": "1>0.5/100"} == at.app.dials.settings
        assert "99" in str(at.app.panel.render())
        await at.press("escape")
        assert at.editor.has_focus
        assert not at.app.panel.display
        assert "The lamp " == at.words


@piloted
async def test_every_dial_is_turned_to_both_its_ends() -> None:
    """And no press goes beyond them."""
    async with page() as at:
        dials = at.app.dials
        for _ in dials.declared:
            dials = dials.choose(1)
            for way in (1, -1):
                end = dials.dial.high if way > 0 else dials.dial.low
                turned = dials.turn(way * 300)
                assert end == turned.value(turned.dial)
                dials.dial.check(turned.value(turned.dial))


# ── all together ───────────────────────────────────────────────────────────────────────────────────────────────────

KEYS = (
    *"aé .", "tab", "tab", "enter", "escape", "left", "right", "up", "down", "home", "end", "backspace", "delete",
    "ctrl+z", "ctrl+y", "ctrl+k", "ctrl+u", "ctrl+w", "ctrl+x", "ctrl+v", "ctrl+left", "ctrl+right", "shift+left",
    "shift+up", "shift+end", "ctrl+shift+left", "pageup", "f7", "f3", "f4", "ctrl+s", "alt+delete", "ctrl+shift+k",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@piloted
async def test_any_keys_in_any_order_keep_page_document_and_file_the_same(seed: int) -> None:
    dice = random.Random(seed)
    async with page("The lamp was lit.\n\nThe sea was dark.\n", size=(30, 8), length=6) as at:
        for key in dice.choices(KEYS, k=150):
            await at.pilot.press(key)
            if key == "tab" and dice.random() < 0.7:
                await at.until(lambda: at.app._asked is None)
            document, suggested = at.document, at.shown or ""
            shown = document.words[: document.caret] + suggested + document.words[document.caret :]
            assert visible(shown) == at.editor.text
            assert at.editor._location(document.caret) == at.editor.cursor_location
            assert len(document.words) == len(document.content.authors)
        await at.press("escape", "ctrl+q")
        content = at.document.content

    assert content.words == Path("a.txt").read_text()
    async with page() as again:
        assert content == again.document.content
