"""Every key that means something while one writes, in one place: what is bound, and what the help page says."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BOUND", "LOOK", "PAGES", "Group"]


class Group(NamedTuple):
    """Keys that belong together, each with what it does."""

    title: str
    keys: tuple[tuple[str, str], ...]


BOUND = {
    "toggle_dials": "f2,ctrl+t",
    "turn(-1)": "f3,ctrl+down",
    "turn(1)": "f4,ctrl+up",
    "help": "f1,ctrl+g",
    "save": "ctrl+s",
}
"""What the whole page understands: an action, and its keys. Each has one that every terminal hands on."""

PAGES = (
    Group(
        "Ask",
        (("Tab", "ask how it would go on here"), ("Esc", "never mind")),
    ),
    Group(
        "While something is suggested",
        (
            ("Tab, Enter", "take it; the caret goes after it"),
            ("→", "take it; the caret stays before it"),
            ("↓", "the next one; more are drawn before they run out"),
            ("↑", "the one before"),
            ("Esc, ←", "leave it"),
            ("any other move", "take it, and go there (also by mouse)"),
            ("typing", "leave it; as long as you type the same, it stays"),
        ),
    ),
    Group(
        "Dials",
        (
            ("F2, Ctrl-T", "show all dials, or hide them"),
            ("F3, F4", "turn the one in hand down, up (also Ctrl-↓, Ctrl-↑)"),
            ("↑ ↓", "among the dials: take another one in hand"),
            ("← →", "among the dials: turn it"),
            ("digits, Enter", "among the dials: set it (1>0.5/99 is a way)"),
            ("Backspace", "among the dials: back to neutral"),
        ),
    ),
    Group(
        "Your words",
        (
            ("Ctrl-S", "save now (it is also done all the time)"),
            ("Ctrl-Z, Ctrl-Y", "undo, redo; a suggestion is one step"),
            ("Ctrl-C, -X, -V", "copy, cut, paste what is selected (Shift and arrows)"),
            ("Ctrl-←, Ctrl-→", "a word back, on"),
            ("Home, End", "where the line begins, ends"),
            ("Ctrl-W, Ctrl-K", "rub out the word before, the rest of the line"),
            ("F1, Ctrl-G", "this page"),
            ("Ctrl-Q", "save and leave (also Ctrl-C twice)"),
        ),
    ),
)

LOOK = (
    "The instrument's words are in italics and another colour than yours. What is underlined stands in what it learned "
    "from, word for word."
)
