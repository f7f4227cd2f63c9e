"""A list: names, titles, anything of one line each, in columns."""

from __future__ import annotations

from collections.abc import Sequence

from undersong.media.text.layouts.page import escaped, markdown, page
from undersong.media.text.piece import AbstractText

__all__ = ["FORMS", "html"]

_STYLE = """
ul { columns: 13rem 5; column-gap: 2.5rem; font-size: 1.3rem; line-height: 1.35; }
ul.long { columns: 24rem 2; font-size: 1.1rem; }
li { break-inside: avoid; padding: .32rem 0; border-bottom: 1px solid var(--rule); }
@media print { ul { font-size: 12pt; } }
"""
_SHORT = 28  # characters of most lines, so that narrow columns hold them


def _lines(pieces: Sequence[AbstractText]) -> list[str]:
    """One line each, in the order they came."""
    return [line for line in (" ".join(str(piece).split()) for piece in pieces) if line]


def html(pieces: Sequence[AbstractText]) -> str:
    """The page."""
    lines = _lines(pieces)
    long = sum(len(line) > _SHORT for line in lines) > len(lines) / 10
    items = [f'<li dir="auto">{escaped(line)}</li>' for line in lines]
    title = " · ".join(lines[:3]) or "A list"
    opening = '<ul class="long">' if long else "<ul>"
    return page(title, _STYLE, [opening, *items, "</ul>"] if items else [])


def _plain(pieces: Sequence[AbstractText]) -> str:
    return "".join(f"{line}\n" for line in _lines(pieces))


def _markdown(pieces: Sequence[AbstractText]) -> str:
    return "".join(f"- {markdown(line)}\n" for line in _lines(pieces))


FORMS = {".html": html, ".txt": _plain, ".md": _markdown}
