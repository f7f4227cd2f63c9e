"""A screenplay: Fountain as it is written, and the typed page it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from undersong.media.text.layouts.chat import Said, talks
from undersong.media.text.layouts.page import escaped, page
from undersong.media.text.piece import AbstractText
from undersong.media.text.reading.fountain import Kind, elements, written
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS"]

_BETWEEN = "\n\n===\n\n"  # Fountain's page break
_KEY = re.compile(r"^[A-Za-z ]{1,20}:")

# measured in characters, as a typewriter has them: an inch is ten
_STYLE = """
main { max-width: 66ch;
  font: 400 1rem/1.2 "Courier Prime", "Courier New", Courier, "Nimbus Mono PS", "Liberation Mono", monospace; }
article { padding: 1.5rem 0; }
article + article { border-top: 1px dashed var(--rule); }
p { white-space: pre-wrap; margin-bottom: 1.2em; }
.scene { font-weight: 700; margin-top: 2.4em; break-after: avoid; }
article > .scene:first-child { margin-top: 0; }
.character { margin: 0; margin-inline-start: 22ch; break-after: avoid; }
.parenthetical { margin: 0 auto 0; margin-inline-start: 16ch; max-width: 24ch; break-after: avoid; }
.dialogue, .lyric { margin-inline: 11ch auto; max-width: 36ch; }
.lyric { font-style: italic; }
.dialogue:has(+ .parenthetical), .dialogue:has(+ .dialogue), .lyric:has(+ .lyric) { margin-bottom: 0; }
.transition { text-align: end; }
.centred, .title, .credit { text-align: center; }
.title { font-weight: 700; margin-top: 2.4em; }
.title + :not(.credit), .credit + :not(.credit) { margin-top: 4em; }
.section, .synopsis { color: var(--quiet); }
.section { font-weight: 700; }
hr { border: 0; border-top: 1px dashed var(--rule); margin: 2.4em 0; }
@media (max-width: 40rem) {
  main { font-size: .93rem; }
  .character { margin-inline-start: 9ch; }
  .parenthetical { margin-inline-start: 6ch; }
  .dialogue, .lyric { margin-inline-start: 3ch; }
}
@media print { body { font-size: 12pt; } article + article, hr { border: 0; break-before: page; } }
"""

_CLASSES: Mapping[Kind, str] = {
    "scene": "scene", "action": "action", "character": "character", "parenthetical": "parenthetical",
    "dialogue": "dialogue", "lyric": "lyric", "transition": "transition", "centred": "centred", "section": "section",
    "synopsis": "synopsis",
}  # fmt: skip


def _scripts(pieces: Sequence[AbstractText]) -> list[str]:
    """Texts as they are; records of who says what follow one another as one script."""
    found: list[str] = []
    for is_record, some in groupby(pieces, key=lambda piece: isinstance(piece, RecordPiece)):
        if is_record:
            found += [written(_spoken(talk)) for talk in talks(list(some))]
        else:
            found += [piece.text.replace("\r\n", "\n") for piece in some]
    return [script.strip("\n") for script in found if script.strip()]


def _spoken(talk: Sequence[Said]) -> Iterator[tuple[Kind, str]]:
    """What people say, each under their name, in capitals as names are here."""
    for said in talk:
        if said.speaker:
            yield "character", " ".join(said.speaker.upper().split())
            yield "dialogue", said.text
        else:
            yield "action", said.text


def _fountain(pieces: Sequence[AbstractText]) -> str:
    return _BETWEEN.join(_scripts(pieces)) + "\n"


def _html(pieces: Sequence[AbstractText]) -> str:
    scripts = [elements(script) for script in _scripts(pieces)]
    body: list[str] = []
    for script in scripts:
        body += ["<article>", *(_element(kind, text) for kind, text in script), "</article>"]
    said = [text for script in scripts for kind, text in script if text]
    first = _value(said[0]) if said else ""
    return page(first.split("\n")[0] or "A screenplay", _STYLE, body)


def _element(kind: Kind, text: str) -> str:
    if kind == "page break":
        return "<hr>"
    if kind == "title":
        name = "title" if text.casefold().startswith("title") else "credit"
        return f'<p class="{name}" dir="auto">{escaped(_value(text))}</p>' if _value(text) else ""
    return f'<p class="{_CLASSES[kind]}" dir="auto">{escaped(text)}</p>'


def _value(line: str) -> str:
    """A line of the title page without its key."""
    return _KEY.sub("", line).strip()


FORMS = {".html": _html, ".fountain": _fountain, ".txt": _fountain}
