"""The page that one writes on, under test: opened with a voice that ships, and a pilot that presses its keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from undersong.cli.writing.app import WritingApp
from undersong.cli.writing.document import Document
from undersong.cli.writing.editor import Editor
from undersong.cli.writing.opening import open_page
from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.medium import Text
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load

_PATIENCE = 1_000  # times a hundredth of a second, on a machine that does other things too


@cache
def keeper() -> Instrument:
    """A voice that ships, with fingerprints of what it learned from."""
    voice = load("keeper")
    known = Fingerprints.of([voice.codec.elements(voice.medium.prompt(material()))])
    return Instrument(
        voice.name, voice.medium, voice.codec, voice.distribution, voice.steps, voice.facts, fingerprints=known
    )


def material() -> str:
    (source,) = Text().builtin()["keeper"]
    return source.read_text("utf-8")


@dataclass
class Page:
    """A page and who presses its keys."""

    app: WritingApp
    pilot: Pilot[None]

    @property
    def editor(self) -> Editor:
        return self.app.editor

    @property
    def document(self) -> Document:
        return self.app.document

    @property
    def words(self) -> str:
        return self.document.words

    @property
    def shown(self) -> str | None:
        """What is suggested."""
        return self.editor.browsing and self.editor.browsing.shown.words

    @property
    def line(self) -> str:
        """What the line below says."""
        return str(self.app.below.content)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, true: Callable[[], Any]) -> None:
        """Wait for it."""
        for _ in range(_PATIENCE):
            if true():
                await self.pilot.pause()
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"It never came to that. {self.line}")

    async def ask(self) -> str:
        """Tab, and what is suggested then."""
        await self.press("tab")
        await self.until(lambda: self.shown is not None)
        assert self.shown
        return self.shown


@asynccontextmanager
async def page(words: str = "", size: tuple[int, int] = (80, 24), **asked: Any) -> AsyncIterator[Page]:
    """A page with these words on it."""
    if words:
        Path("a.txt").write_text(words)
    app = open_page(keeper(), Path("a.txt"), **{"count": 4, "length": 12, "seed": 1, **asked})
    app.moment = 0.02
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Page(app, pilot)


def piloted(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that waits for the page."""

    @wraps(test)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(test(*given, **named))

    return run
