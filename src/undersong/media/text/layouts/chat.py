"""A conversation in bubbles: from records of who said what, or from lines that begin with a name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import final

from undersong.media.text.layouts.page import escaped, markdown, page, plays, roles
from undersong.media.text.piece import AbstractText
from undersong.media.text.record import RecordPiece

__all__ = ["FORMS", "Said", "suits", "talks"]

_WANTED = {
    "speaker": ("name", "author", "from", "who", "nick", "user", "character", "sender"),
    "text": ("message", "content", "line", "utterance", "body", "msg", "dialogue", "words"),
    "time": ("date", "timestamp", "when"),
}
_NEEDED = ("speaker", "text")
_LINE = re.compile(r"(?:\[[^\]\n]{1,40}\]\s*)?(?:<[@+~&% ]?([^<>\n]{1,40})>|([^\s:<>][^:<>\n]{0,39}):)(?:\s+(.*)|$)")
_HAPPENS = re.compile(r"(?:\*+|=+|-+|-!-|-->|<--|[—–•])\s.+")  # somebody comes or goes
_HUES = 8  # speakers told apart by colour; more begin again

_LIGHT = ("#8f2f1a", "#1f5f8b", "#4d6b1f", "#7b3f8c", "#8a5a00", "#136f63", "#a02c5d", "#4a4fa3")
_DARK = ("#e58e74", "#7ab8e0", "#a9c973", "#cf9be0", "#dfb35c", "#6fcabb", "#ee8fb5", "#a5a9ee")

_STYLE = (
    """
main { max-width: 40rem; font-family: var(--sans); font-size: 1rem; line-height: 1.4; }
.talk + .talk { margin-top: 1.6rem; padding-top: 1.6rem; border-top: 1px solid var(--rule); }
.turn { display: flex; flex-direction: column; align-items: flex-start; gap: .2rem; margin: 0 15% .9rem 0; }
.turn.own { align-items: flex-end; margin: 0 0 .9rem 15%; }
.who { font-size: .8rem; font-weight: 600; padding: 0 .9rem; color: var(--hue); }
.bubble { padding: .5rem .9rem; border-radius: 1.1rem; background: var(--raised); max-width: 100%;
  white-space: pre-wrap; }
.turn .bubble:last-child { border-bottom-left-radius: .3rem; }
.own .bubble { background: var(--own); }
.own .bubble:last-child { border-bottom-left-radius: 1.1rem; border-bottom-right-radius: .3rem; }
.time { font-size: .72rem; color: var(--quiet); margin-inline-start: .6rem; }
.aside { text-align: center; font-size: .85rem; color: var(--quiet); margin: 0 0 .9rem; }
:root { --own: #dcebdc; }
@media (prefers-color-scheme: dark) { :root { --own: #24382b; } }
@media print { :root { --own: #fff; } .bubble { border: 1px solid var(--rule); break-inside: avoid; } }
"""
    + "".join(f".s{n} {{ --hue: {hue}; }}\n" for n, hue in enumerate(_LIGHT))
    + "@media (prefers-color-scheme: dark) {\n"
    + "".join(f".s{n} {{ --hue: {hue}; }}\n" for n, hue in enumerate(_DARK))
    + "}\n@media print { .who { color: #000; } }\n"
)


@final
@dataclass(frozen=True)
class Said:
    """One message; nobody says what only happens."""

    speaker: str
    text: str
    time: str = ""


def suits(record: RecordPiece) -> bool:
    """Whether it is a message, by the names of its fields."""
    return plays(record, _WANTED, _NEEDED)


def talks(pieces: Sequence[AbstractText]) -> list[list[Said]]:
    """The conversations: texts are one each, records follow one another in one."""
    found: list[list[Said]] = []
    for is_record, some in groupby(pieces, key=lambda piece: isinstance(piece, RecordPiece)):
        if is_record:
            found.append([said for piece in some if isinstance(piece, RecordPiece) if (said := _of_record(piece)).text])
        else:
            found += [_of_text(piece.text) for piece in some]
    return [talk for talk in found if talk]


def _of_record(record: RecordPiece) -> Said:
    own, more = roles(record, _WANTED, _NEEDED)
    text = "\n".join([own.get("text", ""), *(f"{name}: {text}" for name, text in more.items())])
    return Said(own.get("speaker", ""), text.strip(), own.get("time", ""))


def _of_text(text: str) -> list[Said]:
    """Lines as `Ana: yes` or `<ana> yes`; one without a name goes on with what was said before it."""
    said: list[Said] = []
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.strip())
        if _HAPPENS.fullmatch(line.strip()):
            said.append(Said("", line.strip()))
        elif match is not None:
            said.append(Said((match[1] or match[2]).strip(), (match[3] or "").strip()))
        elif said and line.strip() and said[-1].speaker:
            before = said[-1]
            said[-1] = Said(before.speaker, f"{before.text}\n{line.strip()}".strip(), before.time)
        elif line.strip():
            said.append(Said("", line.strip()))
    return [each for each in said if each.text]


def _html(pieces: Sequence[AbstractText]) -> str:
    conversations = talks(pieces)
    order = list(dict.fromkeys(said.speaker for talk in conversations for said in talk if said.speaker))
    body = []
    for talk in conversations:
        own = _own(talk)
        body.append('<section class="talk">')
        for speaker, turn in groupby(talk, key=lambda said: said.speaker):
            body.append(_turn(speaker, list(turn), order, own))
        body.append("</section>")
    return page(", ".join(order[:3]) or "A conversation", _STYLE, body)


def _own(talk: Sequence[Said]) -> str:
    """Who speaks from the right: of two the second, of many whoever says most."""
    counts = Counter(said.speaker for said in talk if said.speaker)
    if len(counts) == 2:
        return list(counts)[1]
    return counts.most_common(1)[0][0] if counts and len(counts) > 2 else ""


def _turn(speaker: str, turn: Sequence[Said], order: Sequence[str], own: str) -> str:
    if not speaker:
        return "\n".join(f'<p class="aside" dir="auto">{escaped(said.text)}</p>' for said in turn)
    hue = order.index(speaker) % _HUES
    bubbles = "\n".join(f'<p class="bubble" dir="auto">{escaped(said.text)}{_time(said)}</p>' for said in turn)
    kind = "turn own" if speaker == own else "turn"
    return f'<div class="{kind} s{hue}"><p class="who" dir="auto">{escaped(speaker)}</p>\n{bubbles}</div>'


def _time(said: Said) -> str:
    return f'<span class="time" dir="auto">{escaped(said.time)}</span>' if said.time else ""


def _plain(pieces: Sequence[AbstractText]) -> str:
    return "\n".join("".join(f"{_line(said)}\n" for said in talk) for talk in talks(pieces))


def _line(said: Said) -> str:
    text = said.text.replace("\n", "\n  ")
    return f"{said.speaker}: {text}" if said.speaker else text


def _markdown(pieces: Sequence[AbstractText]) -> str:
    blocks = []
    for number, talk in enumerate(talks(pieces)):
        blocks += ["---"] * (number > 0)
        for said in talk:
            name = f"**{markdown(said.speaker)}:** " if said.speaker else ""
            blocks.append(name + markdown(said.text).replace("\n", "  \n"))
    return "\n\n".join(blocks) + "\n" * bool(blocks)


FORMS = {".html": _html, ".txt": _plain, ".md": _markdown}
