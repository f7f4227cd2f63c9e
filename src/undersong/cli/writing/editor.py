"""The page: a text area that knows who wrote what, and shows a suggestion at the caret.

A suggestion stands in the text area's own text, so that it is wrapped and scrolled like any other words; the document
does not hold it before it is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar, final

from rich.text import Text
from textual.events import Key
from textual.geometry import Region
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import DocumentNavigator, EditResult, Location, Selection, WrappedDocument
from textual.widgets.text_area import Edit as Change

from undersong.cli.writing.document import INSTRUMENT, Document, Edit, shifted
from undersong.cli.writing.manuscript import too_much
from undersong.cli.writing.shown import Lines, Mark, clean, marks, visible
from undersong.cli.writing.suggestions import AHEAD, Browsing, Suggestion

__all__ = ["Editor"]


@final
class _Wrapped(WrappedDocument):
    """Lines as they are wrapped, which know how many there are: they are asked for every one that is drawn."""

    @property
    def height(self) -> int:
        return len(self._offset_to_line_info)


@final
class Editor(TextArea):
    """`written` is the document; `browsing` what is suggested at its caret, if anything is."""

    DEFAULT_CSS = """
    Editor { border: none; padding: 0 1; }
    Editor:focus { border: none; }
    Editor .editor--instrument { color: $accent; text-style: italic; }
    Editor .editor--suggestion { color: #8c8c8c; text-style: italic; }
    Editor .editor--copied { text-style: underline; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"editor--instrument", "editor--suggestion", "editor--copied"}

    class Wrote(Message):
        """The document is another one."""

    class Went(Message):
        """Only the caret is elsewhere, or a suggestion is gone."""

    class Took(Message):
        """A suggestion was accepted at the caret of the document `before`, and is now part of it."""

        def __init__(self, suggestion: Suggestion, before: Document) -> None:
            super().__init__()
            self.suggestion, self.before = suggestion, before

    class Browsed(Message):
        """Another suggestion is shown."""

    class Refused(Message):
        """Something that was pasted is too much for a page."""

        def __init__(self, said: str) -> None:
            super().__init__()
            self.said = said

    class Wants(Message):
        """Suggestions are asked for: the first ones, or more of them."""

        def __init__(self, more: bool) -> None:
            super().__init__()
            self.more = more

    def __init__(self, document: Document, placeholder: str = "") -> None:
        self.written = document
        self.browsing: Browsing | None = None
        self.copied: tuple[tuple[int, int], ...] = ()
        self._lines: Lines | None = None
        self._arranging = True
        super().__init__(visible(document.words), placeholder=placeholder, highlight_cursor_line=False)
        self.wrapped_document = _Wrapped(self.document)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self.match_cursor_bracket = False
        self._arranging = False

    def on_mount(self) -> None:
        with self._arranged():
            self.move_cursor(self._location(self.written.caret))

    # ── suggestions ────────────────────────────────────────────────────────────────────────────────────────────────

    def suggest(self, browsing: Browsing) -> None:
        """Show the first of some suggestions at the caret, instead of what was shown."""
        self._put(browsing)

    def add(self, more: Sequence[Suggestion]) -> None:
        """More to be browsed, after those that there are."""
        if self.browsing is not None:
            self.browsing = self.browsing.add(more)

    def browse(self, steps: int) -> None:
        """Show another one, further down or up, and ask for more where few are left."""
        if self.browsing is None:
            return
        there = self.browsing.move(steps)
        if there.place == self.browsing.place:
            self.app.bell()
        self._put(there)
        self.post_message(self.Browsed())
        if there.ahead < AHEAD and steps > 0:
            self.post_message(self.Wants(more=True))

    def accept(self, stay: bool = False) -> None:
        """The suggestion becomes part of the document; the caret goes after it, or stays before it."""
        if self.browsing is None:
            return
        place = self._take()
        self.written = self.written.at(place if stay else self.written.caret)
        with self._arranged():
            self.move_cursor(self._location(self.written.caret))

    def reject(self) -> None:
        """The suggestion goes."""
        if self.browsing is not None:
            self._put(None)
            self.post_message(self.Went())

    def _take(self) -> int:
        """What is shown becomes part of the document, on the screen nothing moves. Gives where it begins."""
        assert self.browsing is not None
        shown, before = self.browsing.shown, self.written
        place, self.browsing = before.caret, None
        change = before.change(place, place, shown.words, INSTRUMENT)
        self._write(before.after(change), change)
        self.copied = tuple(sorted((*self.copied, *((place + start, place + stop) for start, stop in shown.copied))))
        self.notify_style_update()
        self.post_message(self.Took(shown, before))
        return place

    def _put(self, browsing: Browsing | None) -> None:
        """Show what is browsed, or nothing, instead of what was shown."""
        caret = self.written.caret
        there, comes = self._suggested, "" if browsing is None else browsing.shown.words
        with self._arranged():
            self._change(caret, caret + len(there), comes)
            self.browsing = browsing
            self.selection = Selection.cursor(self._location(caret))
            _, row = self.wrapped_document.location_to_offset(self._location(caret + len(comes)))
            self.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True)
            self.scroll_cursor_visible()

    @property
    def _suggested(self) -> str:
        return "" if self.browsing is None else self.browsing.shown.words

    # ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def on_key(self, event: Key) -> None:
        """What a key means to a suggestion; all else is typed or moves the caret, as in any editor."""
        key = event.key
        if key == "tab" and self.browsing is None:
            self.selection = Selection.cursor(self.selection.end)
            self.post_message(self.Wants(more=False))
        elif self.browsing is None:
            if key == "escape":
                self.post_message(self.Went())  # nobody waits for an answer any more
            return
        elif key in ("tab", "enter", "ctrl+j"):
            self.accept()
        elif key == "right":
            self.accept(stay=True)
        elif key in ("left", "escape"):
            self.reject()
        elif key in ("down", "up"):
            self.browse(1 if key == "down" else -1)
        else:
            return
        event.stop()
        event.prevent_default()

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        return key == "tab" or super().check_consume_key(key, character)

    # ── what is written ────────────────────────────────────────────────────────────────────────────────────────────

    def edit(self, edit: Change) -> EditResult:
        """Whatever a person types, pastes or rubs out comes by here."""
        if self._arranging:
            return super().edit(edit)
        start, stop = self._place(edit.top), self._place(edit.bottom)
        words = clean(edit.text)
        if flaw := too_much(words, len(self.written) - (stop - start)):
            self.post_message(self.Refused(f"What was pasted {flaw}."))
            return EditResult(self.selection.end, "")
        rest = None
        if self.browsing is not None:
            typed_on = words and start == stop == self.written.caret
            rest = self.browsing.typed(words) if typed_on else None
            self._put(None)
        change = self.written.change(start, stop, words)
        with self._arranged():
            result = self._change(start, stop, words)
            self._write(self.written.after(change), change)
        if rest is not None:
            self._put(rest)
        return EditResult(result.end_location, change.removed.words)

    def undo(self) -> None:
        if self.written.done:
            self._turn_back(self.written.done[-1].inverse, self.written.undo())

    def redo(self) -> None:
        if self.written.undone:
            self._turn_back(self.written.undone[-1], self.written.redo())

    def _turn_back(self, edit: Edit, document: Document) -> None:
        if self.browsing is not None:
            self._put(None)
        with self._arranged():
            self._change(edit.at, edit.at + len(edit.removed), edit.added.words)
            self._write(document, edit)
            self.move_cursor(self._location(document.caret))

    def _write(self, document: Document, edit: Edit) -> None:
        """The document after an edit."""
        self.copied = shifted(self.copied, edit)
        self.written = document
        self.post_message(self.Wrote())

    def watch_selection(self, before: Selection, after: Selection) -> None:
        """The caret went somewhere by itself: whatever is suggested is thereby accepted."""
        if self._arranging or before == after:
            return
        if self.browsing is not None:
            self._take()
        self.written = self.written.at(self._place(after.end))
        self.post_message(self.Went())

    @property
    def selected_text(self) -> str:
        """As it stands in the document: what is copied is no picture of a sign."""
        start, stop = sorted(map(self._place, self.selection))
        return self.written.words[start:stop]

    def find_matching_bracket(self, bracket: str, search_from: Location) -> None:
        """Prose has none to be matched, and a whole novel would be gone through."""
        return

    # ── how it looks ───────────────────────────────────────────────────────────────────────────────────────────────

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        start = self._lined.starts[line_index]
        for mark in self._marks(start, start + len(line)):
            line.stylize(self.get_component_rich_style(f"editor--{mark.kind}", partial=True), mark.start, mark.stop)
        return line

    def show_copied(self, spans: Sequence[tuple[int, int]]) -> None:
        """Mark what of the document stands in the material."""
        if tuple(spans) != self.copied:
            self.copied = tuple(spans)
            self.notify_style_update()

    def _marks(self, start: int, stop: int) -> Iterator[Mark]:
        """Of what stands on the screen from `start` to `stop`: before a suggestion, in it, and after it."""
        caret, length = self.written.caret, len(self._suggested)
        content, copied = self.written.content, self.copied
        yield from marks(content, copied, start, min(stop, caret))
        first, last = max(start, caret), min(stop, caret + length)
        if self.browsing is not None and first < last:
            yield Mark(first - start, last - start, "suggestion")
            for begin, end in self.browsing.shown.copied:
                if begin + caret < last and end + caret > first:
                    yield Mark(max(begin + caret, first) - start, min(end + caret, last) - start, "copied")
        after = max(start, caret + length)
        yield from marks(content, copied, after - length, stop - length, after - start)

    # ── places ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _lined(self) -> Lines:
        if self._lines is None:
            self._lines = Lines(self.document.lines)
        return self._lines

    def _location(self, place: int) -> Location:
        """Row and column of a place on the screen."""
        return self._lined.location(place)

    def _place(self, location: Location) -> int:
        """The place in the document of a row and a column; all of a suggestion is at the caret."""
        place, caret = self._lined.place(*location), self.written.caret
        return place if place <= caret else max(caret, place - len(self._suggested))

    def _change(self, start: int, stop: int, words: str) -> EditResult:
        """Other words on the screen."""
        change = Change(visible(words), self._location(start), self._location(stop), False)
        result = super().edit(change)
        self._lines = None
        return result

    @contextmanager
    def _arranged(self) -> Iterator[None]:
        """What is done here is not done by a person."""
        before, self._arranging = self._arranging, True
        try:
            yield
        finally:
            self._arranging = before
