"""All dials of an instrument, one a line, and the keys that choose and turn them."""

from __future__ import annotations

from typing import ClassVar, final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widget import Widget

from undersong.cli.writing.dials import Dials
from undersong.distributions.distribution import Dial
from undersong.errors import DialError

__all__ = ["Panel"]

_TRACK = 8  # signs that a dial's way is drawn with
_MAY_BE_TYPED = frozenset("0123456789.-+>/,e")


@final
class Panel(Widget, can_focus=True):
    """Shows dials; whoever turns one is told by `Turned`."""

    DEFAULT_CSS = """
    Panel { width: 38; height: 100%; padding: 0 1; background: $panel; display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("home,delete", "rest", show=False),
    ]

    class Turned(Message):
        """The dials are others, or another one is in hand."""

        def __init__(self, dials: Dials) -> None:
            super().__init__()
            self.dials = dials

    class Left(Message):
        """Back to the page, with the dials out of sight or still beside it."""

        def __init__(self, hide: bool) -> None:
            super().__init__()
            self.hide = hide

    def __init__(self, dials: Dials) -> None:
        super().__init__()
        self.dials = dials
        self.typed = ""
        self.said = ""

    def show_dials(self, dials: Dials) -> None:
        """As they are now, whoever turned them."""
        self.dials, self.typed, self.said = dials, "", ""
        self.refresh()

    def _turn(self, dials: Dials) -> None:
        self.show_dials(dials)
        self.post_message(self.Turned(dials))

    def action_choose(self, steps: int) -> None:
        self._turn(self.dials.choose(steps))

    def action_turn(self, steps: int) -> None:
        self._turn(self.dials.turn(steps))

    def action_rest(self) -> None:
        self._turn(self.dials.rest())

    async def on_key(self, event: Key) -> None:
        """Numbers are typed; the rest is bound."""
        if event.key == "escape" and self.typed:
            self.typed = ""
        elif event.key in ("escape", "tab"):
            self.post_message(self.Left(hide=event.key == "escape"))
        elif event.key == "backspace" and self.typed:
            self.typed = self.typed[:-1]
        elif event.key == "backspace":
            self.action_rest()
        elif event.key == "enter":
            self._set()
        elif event.character is not None and event.character in _MAY_BE_TYPED:
            self.typed, self.said = (self.typed + event.character)[:40], ""
        else:
            return
        self.refresh()
        event.stop()
        event.prevent_default()

    def _set(self) -> None:
        if not self.typed:
            self.post_message(self.Left(hide=False))
            return
        try:
            self._turn(self.dials.typed(self.typed))
        except DialError as error:
            self.typed, self.said = "", error.what

    # ── how it looks ───────────────────────────────────────────────────────────────────────────────────────────────

    def render(self) -> Text:
        width, height = self.size.width, self.size.height
        lines = [self._line(dial, width) for dial in self.dials.declared]
        below = self._below(width)
        room = max(1, height - len(below))
        first = min(max(0, self.dials.hand - room // 2), max(0, len(lines) - room))
        return Text("\n").join([*lines[first : first + room], *below][: max(1, height)])

    def _line(self, dial: Dial, width: int) -> Text:
        in_hand = dial is self.dials.dial
        value = self.typed + "▏" if in_hand and self.typed else self.dials.shown(dial)
        style = "bold" if self.dials.turned(dial) else ""
        line = Text("▸ " if in_hand else "  ", no_wrap=True, overflow="ellipsis", end="")
        line.append(f"{dial.name[:13]:<14}", "reverse" if in_hand and self.has_focus else style)
        if width >= 34:
            line.append(_track(dial, self.dials.value(dial)) + " ", "dim")
        line.append(value[: max(4, width - 26)], style)
        return line

    def _below(self, width: int) -> list[Text]:
        """What the one in hand does, or why it cannot be set so, as far as there is room."""
        if self.size.height < len(self.dials.declared) + 4:
            return [Text(self.said, "bold")] if self.said else []
        dial = self.dials.dial
        words = self.said or f"{dial.sentence} {dial.low:g} to {dial.high:g}, neutral {dial.neutral:g}."
        return [Text(""), *Text(words, "bold" if self.said else "dim").wrap(self.app.console, max(1, width))]


def _track(dial: Dial, value: float) -> str:
    """How far it is turned; the square root of it where it goes far, for the first tenth matters most."""
    share = (value - dial.low) / (dial.high - dial.low or 1)
    at = round((share if dial.high - dial.low <= 1 else share**0.5) * (_TRACK - 1))
    return "─" * at + "●" + "─" * (_TRACK - 1 - at)
