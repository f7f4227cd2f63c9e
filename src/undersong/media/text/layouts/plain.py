"""A page that suits whatever it is: a list of pieces of one line, fields under their names, else text as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from undersong.media.text.layouts import names
from undersong.media.text.layouts.page import escaped, markdown, named, page
from undersong.media.text.piece import AbstractText
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS"]

_PARAGRAPHS = re.compile(r"\n(?:[^\S\n]*\n)+")

_STYLE = """
main { max-width: 40rem; }
article + article { margin-top: 2.5rem; padding-top: 2.5rem; border-top: 1px solid var(--rule); }
p { white-space: pre-wrap; }
p + p, dd p + p { margin-top: .9em; }
h2 { font-size: 1.5rem; line-height: 1.2; font-weight: 700; margin-bottom: .9rem; text-wrap: balance; }
dt { font: 600 .78rem/1.4 var(--sans); letter-spacing: .05em; color: var(--quiet); margin-top: .9rem; }
dl > div:first-child dt { margin-top: 0; }
@media print { article { break-inside: avoid-page; } }
"""


def _html(pieces: Sequence[AbstractText]) -> str:
    if len(pieces) > 1 and not any(isinstance(piece, RecordPiece) or "\n" in piece.text.strip() for piece in pieces):
        return names.html(pieces)
    body = [_article(piece) for piece in pieces if piece.text.strip()]
    first = next((piece.text.strip().split("\n")[0] for piece in pieces if piece.text.strip()), "")
    return page(first[:80] or "A page", _STYLE, body)


def _article(piece: AbstractText) -> str:
    """The first field is the heading where it is one line, and the others stand under their names."""
    if not isinstance(piece, RecordPiece):
        return f"<article>{_paragraphs(piece.text)}</article>"
    fields = [(name, text.strip()) for name, text in piece.fields.items() if text.strip()]
    head = ""
    if len(fields) > 1 and "\n" not in fields[0][1]:
        head = f'<h2 dir="auto">{escaped(fields.pop(0)[1])}</h2>'
    rows = [
        f'<div><dt dir="auto">{escaped(named(name))}</dt><dd>{_paragraphs(text)}</dd></div>' for name, text in fields
    ]
    return f"<article>{head}<dl>{''.join(rows)}</dl></article>"


def _paragraphs(text: str) -> str:
    blocks = [block.strip("\n") for block in _PARAGRAPHS.split(text.replace("\r\n", "\n"))]
    return "\n".join(f'<p dir="auto">{escaped(block)}</p>' for block in blocks if block.strip())


def _plain(pieces: Sequence[AbstractText]) -> str:
    shown = [str(piece).strip("\n") for piece in pieces]
    between = "\n" if not any("\n" in each for each in shown) else "\n\n----\n\n"
    return between.join(shown) + "\n"


def _markdown(pieces: Sequence[AbstractText]) -> str:
    blocks = []
    for number, piece in enumerate(pieces):
        blocks += ["---"] * (number > 0)
        if isinstance(piece, RecordPiece):
            blocks += [f"**{markdown(named(name))}:** {_broken(text)}" for name, text in piece.fields.items()]
        else:
            blocks += [_broken(block) for block in _PARAGRAPHS.split(piece.text)]
    return "\n\n".join(block for block in blocks if block.strip()) + "\n" * bool(blocks)


def _broken(text: str) -> str:
    """Lines that stay lines."""
    return markdown(text.strip()).replace("\n", "  \n")


FORMS = {".html": _html, ".txt": _plain, ".md": _markdown}
