"""A page of a dictionary: headwords in order, their parts of speech, what they mean; many senses under one word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

from undersong.media.text.layouts.page import escaped, markdown, page, plays, roles
from undersong.media.text.piece import AbstractText
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS", "suits"]

_WANTED = {
    "word": ("headword", "head", "term", "lemma", "entry", "name", "title"),
    "part": ("part of speech", "speech part", "pos", "word class", "class", "type", "category"),
    "definition": ("def", "meaning", "gloss", "sense", "description", "translation", "text"),
}
_NEEDED = ("word", "definition")
_LIMIT = re.compile(r"\t+|\s{2,}|\s[-–—]\s|:\s+")

_STYLE = """
header { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem;
  border-bottom: 1px solid var(--ink); padding-bottom: .35rem; margin-bottom: 1.6rem;
  font-weight: 700; letter-spacing: .01em; }
header span { max-width: 48%; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
dl { columns: 22rem 3; column-gap: 2.5rem; column-rule: 1px solid var(--rule); }
.letter { font-size: 2rem; line-height: 1; color: var(--accent); margin: 1.4rem 0 .7rem; break-after: avoid; }
.letter:first-child { margin-top: 0; }
.entry { margin: 0 0 .55rem; padding-inline-start: 1.1em; text-indent: -1.1em; orphans: 2; widows: 2; }
dt, dd { display: inline; }
dt { font-weight: 700; color: var(--accent); }
.part { font-style: italic; color: var(--quiet); }
.number { font-weight: 700; font-variant-numeric: lining-nums; }
.more { font-style: italic; }
.label { font-style: normal; font-variant-caps: all-small-caps; letter-spacing: .04em; color: var(--quiet); }
@media print { dl { columns: 2; column-gap: 8mm; } }
"""


@final
@dataclass
class _Entry:
    """A headword and its senses: part of speech, meaning, and what else is said, by name."""

    word: str
    senses: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


def suits(record: RecordPiece) -> bool:
    """Whether it is an entry, by the names of its fields."""
    return plays(record, _WANTED, _NEEDED)


def _entries(pieces: Sequence[AbstractText]) -> list[_Entry]:
    """In the order of the alphabet, as far as code points know it, without case and accents."""
    found: dict[str, _Entry] = {}
    for piece in pieces:
        word, sense = _sense(piece)
        if word or any(sense):
            found.setdefault(word, _Entry(word)).senses.append(sense)
    for entry in found.values():
        parts = list(dict.fromkeys(part for part, _, _ in entry.senses))
        entry.senses.sort(key=lambda sense: parts.index(sense[0]))
    return sorted(found.values(), key=lambda entry: (_sorted_by(entry.word), entry.word))


def _sense(piece: AbstractText) -> tuple[str, tuple[str, str, dict[str, str]]]:
    if isinstance(piece, RecordPiece):
        own, more = roles(piece, _WANTED, _NEEDED)
        return own.get("word", ""), (own.get("part", ""), own.get("definition", ""), more)
    word, *rest = _LIMIT.split(piece.text.strip(), maxsplit=2)
    return word, (rest[0] if len(rest) > 1 else "", rest[-1] if rest else "", {})


def _sorted_by(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _letter(word: str) -> str:
    """What a word is found under: its first letter, or nothing where it begins with none."""
    first = _sorted_by(word)[:1]
    return first.upper() if first.isalpha() and len(first.upper()) == 1 else ""


def _title(entries: Sequence[_Entry]) -> str:
    words = [entry.word for entry in entries if entry.word]
    if not words:
        return "Dictionary"
    return words[0] if len(words) == 1 else f"{words[0]} – {words[-1]}"


def _html(pieces: Sequence[AbstractText]) -> str:
    entries = _entries(pieces)
    words = [entry.word for entry in entries if entry.word] or ["Dictionary"]
    ends = [words[0]] if len(words) == 1 else [words[0], words[-1]]
    body = ["<header>", *(f'<span dir="auto">{escaped(word)}</span>' for word in ends), "</header>"]
    letters = {_letter(entry.word) for entry in entries}
    several, reached = len(letters) > 1 and len(entries) >= 3 * len(letters), None
    body.append("<dl>" if entries else "")
    for entry in entries:
        letter = _letter(entry.word)
        if several and letter and letter != reached:
            body.append(f'<div class="letter" dir="auto"><dt>{escaped(letter)}</dt><dd></dd></div>')
        reached = letter
        body.append(_entry(entry))
    body.append("</dl>" if entries else "")
    return page(_title(entries), _STYLE, body)


def _entry(entry: _Entry) -> str:
    parts = [f"<dt>{escaped(entry.word) or '–'}</dt>"]
    before = ""
    for number, (part, meaning, more) in enumerate(entry.senses, 1):
        if part and part != before:  # as in print it holds until another comes
            parts.append(f'<dd class="part" dir="auto">{escaped(part)}</dd>')
        before = part
        if len(entry.senses) > 1:
            parts.append(f'<dd class="number">{number}</dd>')
        if meaning:
            parts.append(f'<dd dir="auto">{escaped(meaning)}</dd>')
        for name, text in more.items():
            parts.append(f'<dd class="more" dir="auto"><span class="label">{escaped(name)}</span> {escaped(text)}</dd>')
    if len(parts) == 1:
        parts.append("<dd></dd>")  # a term needs something that describes it, even nothing
    return f'<div class="entry" dir="auto">{" ".join(parts)}</div>'


def _plain(pieces: Sequence[AbstractText]) -> str:
    lines = []
    for entry in _entries(pieces):
        for part, meaning, more in entry.senses:
            said = [
                entry.word,
                f"({part})" if part else "",
                meaning,
                *(f"[{name}: {text}]" for name, text in more.items()),
            ]
            lines.append("  ".join(" ".join(word.split()) for word in said if word) + "\n")
    return "".join(lines)


def _markdown(pieces: Sequence[AbstractText]) -> str:
    blocks = []
    for entry in _entries(pieces):
        for part, meaning, more in entry.senses:
            said = [f"**{markdown(entry.word)}**" if entry.word else "", f"*{markdown(part)}*" if part else ""]
            said += [markdown(meaning), *(f"({markdown(name)}: {markdown(text)})" for name, text in more.items())]
            blocks.append(" ".join(" ".join(word.split()) for word in said if word) + "\n")
    return "\n".join(blocks)


FORMS = {".html": _html, ".txt": _plain, ".md": _markdown}
