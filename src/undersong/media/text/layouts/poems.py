"""A small book of poems: each in the middle of its own page, broken where the poet broke it; an index at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from undersong.media.text.layouts.page import escaped, markdown, page, roles
from undersong.media.text.piece import AbstractText
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS"]

_WANTED = {
    "title": ("name", "heading"),
    "author": ("poet", "by"),
    "text": ("poem", "verse", "content", "lines", "body"),
}
_STANZAS = re.compile(r"\n(?:[^\S\n]*\n)+")

_STYLE = """
main { max-width: 46rem; }
.poem { display: flex; flex-direction: column; align-items: center; padding: clamp(2.5rem, 9vh, 6rem) 0; }
.poem + .poem { border-top: 1px solid var(--rule); }
.verse { max-width: 100%; font-size: clamp(1.05rem, 2.6vw, 1.2rem); line-height: 1.62; }
.number { color: var(--accent); font-variant-numeric: oldstyle-nums; letter-spacing: .06em; margin-bottom: 1.4rem; }
h2 { font-size: 1.55rem; line-height: 1.2; font-style: italic; text-align: center; text-wrap: balance;
  margin-bottom: 1.5rem; }
.stanza + .stanza { margin-top: 1.5em; }
.stanza { break-inside: avoid; }
.verse-line { display: block; white-space: pre-wrap; padding-inline-start: 2em; text-indent: -2em; }
.author { margin-top: 1.8rem; font-variant-caps: small-caps; letter-spacing: .05em; color: var(--quiet); }
nav { border-top: 1px solid var(--ink); margin-top: 2rem; padding-top: 2rem; }
nav li { display: flex; align-items: baseline; gap: .6em; padding: .22rem 0; }
nav .first { flex: 0 1 auto; }
nav .dots { flex: 1 1 1rem; border-bottom: 1px dotted var(--quiet); transform: translateY(-.25em); }
nav .at { font-variant-numeric: oldstyle-nums; color: var(--quiet); }
nav a { color: inherit; text-decoration: none; }
nav a:hover, nav a:focus-visible { color: var(--accent); text-decoration: underline; text-underline-offset: .18em; }
@media print {
  .poem { break-after: page; border: 0 !important; padding: 12mm 0; }
  nav { border: 0; }
}
"""


@final
@dataclass(frozen=True)
class _Poem:
    stanzas: tuple[tuple[str, ...], ...]
    title: str = ""
    author: str = ""

    @property
    def first(self) -> str:
        """What it is found by."""
        return self.title or self.stanzas[0][0].strip()


def _poems(pieces: Sequence[AbstractText]) -> list[_Poem]:
    return [poem for poem in map(_poem, pieces) if poem.stanzas]


def _poem(piece: AbstractText) -> _Poem:
    title = author = ""
    text = piece.text
    if isinstance(piece, RecordPiece):
        own, more = roles(piece, _WANTED, ("text",))
        title, author = (" ".join(own.get(role, "").split()) for role in ("title", "author"))
        text = "\n\n".join([own.get("text", ""), *more.values()])
    stanzas = tuple(
        tuple(line.rstrip() for line in block.split("\n") if line.strip())
        for block in _STANZAS.split(text.replace("\r\n", "\n").expandtabs(4))
        if block.strip()
    )
    return _Poem(stanzas, title, author)


def _html(pieces: Sequence[AbstractText]) -> str:
    poems = _poems(pieces)
    body = [_section(poem, number, len(poems) > 1) for number, poem in enumerate(poems, 1)]
    if len(poems) > 1:
        body.append('<nav><ol aria-label="First lines">')
        for number, poem in enumerate(poems, 1):
            body.append(
                f'<li dir="auto"><a class="first" href="#poem-{number}">{escaped(poem.first)}</a>'
                f'<span class="dots"></span><span class="at">{number}</span></li>'
            )
        body.append("</ol></nav>")
    return page(poems[0].first if poems else "Poems", _STYLE, body)


def _section(poem: _Poem, number: int, numbered: bool) -> str:
    parts = [f'<article class="poem" id="poem-{number}">']
    if numbered:
        parts.append(f'<p class="number">{number}</p>')
    if poem.title:
        parts.append(f'<h2 dir="auto">{escaped(poem.title)}</h2>')
    parts.append('<div class="verse" dir="auto">')
    for stanza in poem.stanzas:
        lines = "".join(f'<span class="verse-line">{escaped(line)}</span>' for line in stanza)
        parts.append(f'<p class="stanza">{lines}</p>')
    parts.append("</div>")
    if poem.author:
        parts.append(f'<p class="author" dir="auto">{escaped(poem.author)}</p>')
    return "\n".join([*parts, "</article>"])


def _plain(pieces: Sequence[AbstractText]) -> str:
    return "\n\n\n".join(_block(poem) for poem in _poems(pieces)) + "\n"


def _block(poem: _Poem) -> str:
    blocks = [poem.title, *("\n".join(stanza) for stanza in poem.stanzas), f"    {poem.author}" if poem.author else ""]
    return "\n\n".join(block for block in blocks if block)


def _markdown(pieces: Sequence[AbstractText]) -> str:
    blocks = []
    for number, poem in enumerate(_poems(pieces), 1):
        blocks.append(f"## {markdown(poem.title or str(number))}")
        blocks += ["  \n".join(map(_indented, stanza)) for stanza in poem.stanzas]
        blocks += [f"*{markdown(poem.author)}*"] if poem.author else []
    return "\n\n".join(blocks) + "\n" * bool(blocks)


def _indented(line: str) -> str:
    """Spaces that Markdown would drop, as ones it keeps."""
    words = line.lstrip()
    return "\u00a0" * (len(line) - len(words)) + markdown(words)


FORMS = {".html": _html, ".txt": _plain, ".md": _markdown}
