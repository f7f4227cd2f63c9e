"""All keys on one page."""

from __future__ import annotations

from typing import ClassVar, final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from undersong.cli.writing.keys import LOOK, PAGES

__all__ = ["Help"]


@final
class Help(ModalScreen[None]):
    """Goes with any key that means "back"; longer than the screen, it scrolls."""

    DEFAULT_CSS = """
    Help { align: center middle; }
    Help VerticalScroll {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        padding: 0 1; background: $panel; border: none;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,ctrl+g,q,enter,space", "leave", "Back", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(_page())

    def action_leave(self) -> None:
        self.dismiss()


def _page() -> Text:
    page = Text()
    for title, keys in PAGES:
        page.append(f"{title}\n", "bold")
        for key, means in keys:
            page.append(f"  {key:<15}", "bold cyan")
            page.append(f"{means}\n")
        page.append("\n")
    page.append(f"{LOOK}\n\n")
    page.append("Esc goes back.", "dim")
    return page
