"""What of the page keeps words: saved a moment after each change, whenever it is asked, and however it ends."""

from __future__ import annotations

import asyncio
import signal
import time
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from textual import on
from textual.app import App
from textual.message import Message

from undersong.cli.writing.autosave import Autosave
from undersong.cli.writing.document import Document
from undersong.errors import KeepingError

__all__ = ["AbstractKeepingApp", "Spans"]

Spans = Sequence[tuple[int, int]]

_STOPS = ("SIGINT", "SIGTERM", "SIGHUP")  # from elsewhere; the terminal is closed, the machine goes down
_AGAIN = 6  # moments until a disk that took nothing is tried again


class _Settled(Message):
    """What was done about a document behind the page: what there is to say about its file, and what of it is copied."""

    def __init__(self, document: Document, said: str, trouble: str, copied: Spans | None) -> None:
        super().__init__()
        self.document, self.said, self.trouble, self.copied = document, said, trouble, copied


class AbstractKeepingApp(App[None]):
    """An app whose document lies in a file. `said` is what there is to say just now, `trouble` what went wrong."""

    moment = 0.8
    """Seconds after a change until it is looked after."""

    def __init__(self, autosave: Autosave, said: str) -> None:
        super().__init__()
        self.autosave, self.said, self.trouble = autosave, said, ""
        self.leaving = False
        """Whether to leave when asked once more."""
        self.failed: Exception | None = None
        """What nobody foresaw, for whoever runs this."""
        self._waiting = self._settling = False

    @property
    @abstractmethod
    def document(self) -> Document:
        """What is written now."""

    @abstractmethod
    def look_closer(self, document: Document) -> Spans | None:
        """In a thread of its own: what else to do about a document that was just saved; what of it is copied."""

    @abstractmethod
    def show_copied(self, spans: Spans) -> None:
        """Of the document as it is now."""

    @abstractmethod
    def tell(self) -> None:
        """Show how things stand."""

    # ── a moment after each change ─────────────────────────────────────────────────────────────────────────────────

    def settle_soon(self, times: int = 1) -> None:
        """Look after the document in a moment; a change that comes before then is looked after with it."""
        if not self._waiting:
            self._waiting = True
            self.set_timer(times * self.moment, self._settle)

    def _settle(self) -> None:
        self._waiting = False
        if self._settling:
            self.settle_soon()
            return
        self._settling = True
        self.run_worker(partial(self._look_after, self.document), thread=True, group="settling")

    def _look_after(self, document: Document) -> None:
        """In a thread of its own."""
        said, trouble, copied = "", "", None
        try:
            said = self.autosave.save(document)
        except KeepingError as error:
            trouble = error.what
        with suppress(Exception):  # nothing else is worth a word of the writer's
            copied = self.look_closer(document)
        self.post_message(_Settled(document, said, trouble, copied))

    @on(_Settled)
    def _is_settled(self, message: _Settled) -> None:
        self._settling = False
        self.said, self.trouble = message.said or self.said, message.trouble
        if message.copied is not None and message.document.content is self.document.content:
            self.show_copied(message.copied)
        if message.trouble:
            self.settle_soon(_AGAIN)
        self.tell()

    # ── when it is asked ───────────────────────────────────────────────────────────────────────────────────────────

    def action_save(self) -> bool:
        """Save, and say so. Whether it went."""
        try:
            said, self.trouble = self.autosave.save(self.document, at_once=True), ""
            self.said = said or f"Saved {self.autosave.path.name}."
        except KeepingError as error:
            self.trouble = error.what
        self.tell()
        return not self.trouble

    @property
    def saved(self) -> str:
        """When it was saved last, in words; nothing where it was not."""
        when = self.autosave.manuscript.saved_at
        return "" if when is None else f"saved {time.strftime('%H:%M', time.localtime(when))}"

    async def action_quit(self) -> None:
        """Save and leave. Where the disk takes no more it says so, and leaves when asked once more."""
        if self.action_save() or self.leaving:
            self.exit()
            return
        self.leaving = True
        self.tell()

    def action_help_quit(self) -> None:
        """Ctrl-C with nothing selected: save; the second time in a row, leave."""
        if self.leaving:
            self.exit()
        elif self.action_save():
            self.leaving, self.said = True, "Saved. Ctrl-C once more leaves."
            self.tell()

    # ── however it ends ────────────────────────────────────────────────────────────────────────────────────────────

    def listen_to_signals(self) -> None:
        """Whoever ends it: what is written is saved first."""
        for name in _STOPS:
            with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):  # not there, or not here
                asyncio.get_running_loop().add_signal_handler(getattr(signal, name), self._told_to_stop)

    def on_unmount(self) -> None:
        for name in _STOPS:
            with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().remove_signal_handler(getattr(signal, name))

    def _told_to_stop(self) -> None:
        self.action_save()
        self.exit()

    def _handle_exception(self, error: Exception) -> None:
        """Told by the verb as any other, when the words are saved; the library would print them with its traceback."""
        self.failed = self.failed or error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            self.exit(return_code=1)
