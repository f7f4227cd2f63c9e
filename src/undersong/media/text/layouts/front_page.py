"""The front page of a newspaper: the first headline leads, a few stand large beside it, the rest fills the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from undersong.media.text.layouts.page import escaped, markdown, page, roles
from undersong.media.text.piece import AbstractText
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS"]

_PAPER = "The Undersong"
_HONEST = "Nothing on this page happened"  # who finds it somewhere should know
_LARGE = 3  # stories beside the one that leads

_WANTED = {
    "headline": ("title", "head"),
    "section": ("category", "topic", "kicker"),
    "text": ("summary", "standfirst", "subtitle", "deck", "lead", "description", "body", "story", "article"),
}

_STYLE = """
header { text-align: center; margin-bottom: 1.5rem; }
.masthead { font-size: clamp(2.5rem, 9.5vw, 5.75rem); line-height: 1; font-weight: 700; letter-spacing: -.02em; }
.line { display: flex; justify-content: space-between; gap: 1rem; margin-top: .9rem; padding: .35rem 0;
  border-top: 3px double var(--ink); border-bottom: 1px solid var(--ink);
  font: 600 .75rem/1.4 var(--sans); text-transform: uppercase; letter-spacing: .09em; color: var(--quiet); }
h2 { font-weight: 700; line-height: 1.12; letter-spacing: -.012em; text-wrap: balance; }
.section { font: 700 .72rem/1.4 var(--sans); text-transform: uppercase; letter-spacing: .09em; color: var(--accent);
  margin-bottom: .3rem; }
.story p:not(.section) { margin-top: .5rem; color: var(--quiet); }
.lead { text-align: center; padding: .5rem 0 1.8rem; border-bottom: 1px solid var(--ink); }
.lead h2 { font-size: clamp(2rem, 6.2vw, 4.1rem); line-height: 1.04; max-width: 22ch; margin: 0 auto; }
.lead p:not(.section) { max-width: 40rem; margin-left: auto; margin-right: auto; font-size: 1.15rem; }
.large { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr;
  padding: 1.5rem 0; border-bottom: 1px solid var(--ink); }
.large .story { padding: 0 1.4rem; border-inline-start: 1px solid var(--rule); }
.large .story:first-child { border-inline-start: 0; padding-inline-start: 0; }
.large h2 { font-size: clamp(1.3rem, 2.5vw, 1.65rem); }
.rest { columns: 15rem 4; column-gap: 2.2rem; column-rule: 1px solid var(--rule); padding-top: 1.5rem; }
.rest .story { break-inside: avoid; padding-bottom: .95rem; margin-bottom: .95rem;
  border-bottom: 1px solid var(--rule); }
.rest h2 { font-size: 1.18rem; line-height: 1.22; }
@media (max-width: 34rem) {
  .large .story, .large .story:first-child { padding: 0 0 1.1rem; border: 0; border-bottom: 1px solid var(--rule); }
  .large { grid-auto-flow: row; padding-bottom: .2rem; gap: 1.1rem; }
  .large .story:last-child { border-bottom: 0; }
  .line { letter-spacing: .05em; font-size: .68rem; }
}
@media print {
  .lead h2 { font-size: 34pt; }
  .large h2 { font-size: 16pt; }
  .rest { columns: 3; }
  .rest h2 { font-size: 11.5pt; }
}
"""


@final
@dataclass(frozen=True)
class _Story:
    headline: str
    section: str = ""
    paragraphs: tuple[str, ...] = ()


def _stories(pieces: Sequence[AbstractText]) -> list[_Story]:
    """What has no words is no news."""
    return [story for story in map(_story, pieces) if story.headline]


def _story(piece: AbstractText) -> _Story:
    if isinstance(piece, RecordPiece):
        own, more = roles(piece, _WANTED, ("headline",))
        texts = [own.get("text", ""), *more.values()]
        headline, section = own.get("headline", ""), own.get("section", "")
    else:
        headline, _, rest = piece.text.strip().partition("\n")
        section, texts = "", [rest]
    paragraphs = tuple(line.strip() for text in texts for line in text.split("\n") if line.strip())
    return _Story(" ".join(headline.split()), " ".join(section.split()), paragraphs)


def _html(pieces: Sequence[AbstractText]) -> str:
    stories = _stories(pieces)
    count = "1 headline" if len(stories) == 1 else f"{len(stories):,} headlines"
    line = f'<p class="line"><span>{_HONEST}</span><span>{count}</span></p>'
    body = [f'<header><h1 class="masthead">{_PAPER}</h1>{line}</header>']
    body += [_article(story, "story lead") for story in stories[:1]]
    for name, some in (("large", stories[1 : 1 + _LARGE]), ("rest", stories[1 + _LARGE :])):
        if some:
            body += [f'<div class="{name}">', *(_article(story, "story") for story in some), "</div>"]
    return page(_PAPER, _STYLE, body)


def _article(story: _Story, kind: str) -> str:
    section = f'<p class="section" dir="auto">{escaped(story.section)}</p>' if story.section else ""
    text = "".join(f'<p dir="auto">{escaped(paragraph)}</p>' for paragraph in story.paragraphs)
    return f'<article class="{kind}">{section}<h2 dir="auto">{escaped(story.headline)}</h2>{text}</article>'


def _plain(pieces: Sequence[AbstractText]) -> str:
    blocks = [f"{_PAPER.upper()}\n{_HONEST}\n"]
    for story in _stories(pieces):
        blocks.append(
            "".join(f"{line}\n" for line in (story.section.upper(), story.headline, *story.paragraphs) if line)
        )
    return "\n".join(blocks)


def _markdown(pieces: Sequence[AbstractText]) -> str:
    blocks = [f"# {_PAPER}", f"*{_HONEST}*"]
    for number, story in enumerate(_stories(pieces)):
        blocks += [f"**{markdown(story.section)}**"] if story.section else []
        blocks += [f"{'##' if number == 0 else '###'} {markdown(story.headline)}", *map(markdown, story.paragraphs)]
    return "\n\n".join(blocks) + "\n"


FORMS = {".html": _html, ".txt": _plain, ".md": _markdown}
