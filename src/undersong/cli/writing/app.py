"""The page, the dials and the line below: what is asked of the instrument, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from undersong.cli.writing.autosave import Autosave
from undersong.cli.writing.dials import Dials
from undersong.cli.writing.document import Document
from undersong.cli.writing.editor import Editor
from undersong.cli.writing.help import Help
from undersong.cli.writing.keeping_app import AbstractKeepingApp, Spans
from undersong.cli.writing.keys import BOUND
from undersong.cli.writing.panel import Panel
from undersong.cli.writing.partner import Partner
from undersong.cli.writing.status import State, line
from undersong.cli.writing.suggestions import Browsing, Suggestion, Wanted
from undersong.errors import UndersongError

__all__ = ["WritingApp"]


@dataclass(eq=False)
class _Asked:
    """What is being drawn: to be shown when it comes, to be browsed after what is shown, or to be kept for later."""

    wanted: Wanted
    show: bool
    more: bool


class _Drawn(Message):
    def __init__(self, asked: _Asked, found: Sequence[Suggestion], said: str = "") -> None:
        super().__init__()
        self.asked, self.found, self.said = asked, found, said


@final
class WritingApp(AbstractKeepingApp):
    """A page to write on with a partner; `editor` holds what is written, `dials` how the partner plays."""

    TITLE = "undersong write"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (76, "-wide")]  # noqa: RUF012 - declared so where it comes from
    CSS = """
    #page { layout: horizontal; height: 1fr; }
    .-narrow #page { layout: vertical; }
    .-narrow Panel { width: 100%; height: 50%; dock: bottom; }
    #status { height: auto; max-height: 3; padding: 0 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding(keys, action, show=False) for action, keys in BOUND.items()]

    def __init__(self, partner: Partner, autosave: Autosave, document: Document, dials: Dials, said: str = "") -> None:
        """`said` is what there is to say about the document at first."""
        super().__init__(autosave, said)
        self.partner, self.dials = partner, dials
        name = partner.instrument.name
        self.editor = Editor(document, f"Write here. Tab asks {name} how it would go on; F1 shows all keys.")
        self.panel = Panel(dials)
        self.below = Static(id="status", markup=False)
        self._asked: _Asked | None = None
        self._at_hand: tuple[Wanted, Sequence[Suggestion]] | None = None
        self._dice = 0

    @property
    def document(self) -> Document:
        return self.editor.written

    def compose(self) -> ComposeResult:
        with Container(id="page"):
            yield self.editor
            yield self.panel
        yield self.below

    def on_mount(self) -> None:
        self.editor.focus()
        self.listen_to_signals()
        self.settle_soon()
        self.tell()

    def on_unmount(self) -> None:
        self._asked = None

    def on_resize(self) -> None:
        self.call_after_refresh(self.tell)  # when the new size is known

    # ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @on(Editor.Wants)
    def _wants(self, message: Editor.Wants) -> None:
        here = self._here()
        if self._asked is not None and self._asked.wanted.same_place(here):
            self._asked.show |= not message.more  # it is on its way
        elif self._at_hand is not None and self._at_hand[0].same_place(here):
            found, self._at_hand = self._at_hand[1], None
            self._answer(found, message.more)
        else:
            self._ask(show=not message.more, more=message.more)
        self.tell()

    def _ask(self, show: bool, more: bool = False) -> None:
        """Have something drawn, behind the page; what was being drawn is given up."""
        self._dice += 1
        self._asked = _Asked(self._here(), show, more)
        self.run_worker(partial(self._draw, self._asked), thread=True, group="drawing")

    def _here(self) -> Wanted:
        document = self.document
        before, after = document.words[: document.caret], document.words[document.caret :]
        return Wanted(before, after, self.dials.off_neutral, self._dice)

    def _draw(self, asked: _Asked) -> None:
        """In a thread of its own."""
        try:
            found = self.partner.suggest(asked.wanted, lambda: self._asked is asked)
        except UndersongError as error:
            self.post_message(_Drawn(asked, (), error.what))
        except Exception as error:  # whatever an instrument does, the words on the page go on
            self.post_message(_Drawn(asked, (), f"{type(error).__name__}: {error}"))
        else:
            if found is not None:
                self.post_message(_Drawn(asked, found))

    @on(_Drawn)
    def _came(self, message: _Drawn) -> None:
        if message.asked is not self._asked:
            return
        self._asked = None
        if message.asked.wanted.same_place(self._here()):
            if message.said:
                self.said = message.said
            elif message.asked.show or message.asked.more:
                self._answer(message.found, message.asked.more)
            else:
                self._at_hand = (message.asked.wanted, message.found)
        self.tell()

    def _answer(self, found: Sequence[Suggestion], more: bool) -> None:
        if more and self.editor.browsing is not None:
            self.editor.add(found)
        elif found:
            self.editor.suggest(Browsing((found[0],)).add(found[1:]))
        else:
            self.said = f"{self.partner.instrument.name} has nothing to add here."

    @on(Editor.Browsed)
    def _browsed(self) -> None:
        self.tell()

    @on(Editor.Refused)
    def _refused(self, message: Editor.Refused) -> None:
        self.said = message.said
        self.bell()
        self.tell()

    @on(Editor.Went)
    def _went(self) -> None:
        self._asked = self._at_hand = None
        self.said, self.leaving = "", False
        self.tell()

    @on(Editor.Wrote)
    def _wrote(self) -> None:
        self._went()
        self.settle_soon()

    @on(Editor.Took)
    def _took(self, message: Editor.Took) -> None:
        """What comes after it is drawn at once, to be there when it is asked for."""
        self.autosave.took(message.suggestion, message.before)
        if self.editor.browsing is None:
            self._ask(show=False)

    # ── dials ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def action_toggle_dials(self) -> None:
        """Show them; hide them again when they have the keys."""
        shown = self.panel.display
        if shown and self.panel.has_focus:
            self._leave_dials(hide=True)
        else:
            self.panel.display = True
            self.panel.focus()

    def action_turn(self, steps: int) -> None:
        self._turned(self.dials.turn(steps))
        self.panel.show_dials(self.dials)
        self.said = f"{self.dials.dial.name} {self.dials.shown(self.dials.dial)}"
        self.tell()

    @on(Panel.Turned)
    def _panel_turned(self, message: Panel.Turned) -> None:
        self._turned(message.dials)
        self.tell()

    def _turned(self, dials: Dials) -> None:
        """Whatever is suggested or being drawn was drawn otherwise: it is drawn again."""
        others = dials.settings != self.dials.settings
        self.dials = dials
        if not others:
            return
        self._at_hand = None
        if self.editor.browsing is not None or (self._asked is not None and self._asked.show):
            self._ask(show=True)
        elif self._asked is not None:
            self._asked = None

    @on(Panel.Left)
    def _panel_left(self, message: Panel.Left) -> None:
        self._leave_dials(message.hide)

    def _leave_dials(self, hide: bool) -> None:
        self.panel.display = not hide
        self.editor.focus()

    def action_help(self) -> None:
        self.push_screen(Help())

    def look_closer(self, document: Document) -> Spans | None:
        """The partner hears what stands before the caret, so that it answers at once when it is asked."""
        self.partner.listen(document.words[: document.caret])
        return self.partner.copied(document.words)

    def show_copied(self, spans: Spans) -> None:
        self.editor.show_copied(spans)

    # ── the line below ─────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self) -> None:
        if not self.below.is_mounted:
            return
        browsing = self.editor.browsing
        trouble = self.trouble
        if trouble and self.leaving:
            trouble += " Ctrl-Q once more leaves all the same."
        state = State(
            self.partner.instrument.name,
            self.dials,
            self.document.content,
            self.editor.copied,
            "" if trouble else self.saved,
            trouble or self.said,
            "" if browsing is None else f"{browsing.place + 1} of {len(browsing.found)}",
            self._asked is not None and (self._asked.show or self._asked.more),
        )
        self.below.update(line(state, max(1, self.size.width - 2)))
