"""Fountain, the plain form of screenplays: text → elements, and elements → text that gives the same elements again.

The rules are those of Fountain 1.1 (fountain.io/syntax): a line's place between empty lines, its capitals and a mark at
its beginning tell what it is. Marks (`.` `@` `!` `>` `~` `#` `=`) are taken off the elements and set again where a line
would otherwise be taken for something else. What is not played is left out: boneyards /* … */ and notes [[ … ]].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

__all__ = ["Kind", "elements", "looks_like_fountain", "played", "written"]

Kind = Literal[
    "title",
    "scene",
    "action",
    "character",
    "parenthetical",
    "dialogue",
    "lyric",
    "transition",
    "centred",
    "section",
    "synopsis",
    "page break",
]

_SCENE = re.compile(r"(?:INT|EXT|EST|I\.?/E|INT\.?/EXT)[. ]", re.IGNORECASE)
_HEADED = re.compile(r"^ {0,40}(?:INT|EXT|I\.?/E)[./ ][^a-z\n]{3,200}$", re.MULTILINE)
_TITLE = re.compile(
    r"(?:title|credit|authors?|source|notes?|draft date|date|contact|copyright|revision|format|episode|series|company)"
    r"[ \t]*:",
    re.IGNORECASE,
)
_BREAK = re.compile(r"={3,}\Z")
_CUE = re.compile(r"([^()]{1,200}?)((?:[ \t]*\([^()]{0,100}\)){0,3})[ \t]*\^?\Z")
_MARKS = "/*[]"
_GONE = "\0"  # stands where something was taken out, until the lines are looked at


def elements(text: str) -> list[tuple[Kind, str]]:
    """What a screenplay is made of, in order; marks, boneyards and notes are taken off.

    A title page is one element for each of its lines. Lines of action, dialogue or lyrics that follow each other are
    one element.
    """
    lines = played(text)[0].split("\n")
    title, at = _title_page(lines)
    found: list[tuple[Kind, list[str]]] = []
    speaking = False
    apart = True  # whether an empty line stood before
    while at < len(lines):
        line, at = lines[at], at + 1
        bare = line.strip()
        if not bare or (bare == "!" and not speaking):
            if speaking and len(line) >= 2 and found[-1][0] == "dialogue":  # two spaces hold a speech together
                found[-1][1].append("")
                continue
            speaking, apart = False, True
            continue
        following = lines[at] if at < len(lines) else ""
        kind, said = _spoken(bare) if speaking else _kind(line.rstrip(), bare, apart, following)
        joins = kind in ("action", "dialogue", "lyric") and bool(found) and found[-1][0] == kind
        if joins and (speaking or not apart):
            found[-1][1].append(said)
        else:
            found.append((kind, [said]))
        speaking = speaking or kind == "character"
        apart = False
    return title + [(kind, "\n".join(said).rstrip("\n")) for kind, said in found]


def _spoken(bare: str) -> tuple[Kind, str]:
    if bare.startswith("(") and bare.endswith(")"):
        return "parenthetical", bare
    if bare.startswith("~"):
        return "lyric", bare[1:].strip()
    return "dialogue", bare


def _kind(line: str, bare: str, apart: bool, following: str) -> tuple[Kind, str]:
    """What a line is that nobody speaks, and the line without its mark."""
    mark, rest = bare[0], bare[1:].strip()
    if mark == "!":
        return "action", line.replace("!", "", 1)
    if mark == "=":
        if _BREAK.match(bare):
            return "page break", ""
        if rest:
            return "synopsis", rest
    if mark == "#" and (name := bare.lstrip("#").strip()):
        return "section", f"{'#' * (len(bare) - len(bare.lstrip('#')))} {name}"
    if mark == "~" and rest:
        return "lyric", rest
    if mark == ">" and rest:
        if not rest.endswith("<"):
            return "transition", rest
        if middle := rest[:-1].strip():
            return "centred", middle
    if mark == "." and rest and bare[1].isalnum():
        return "scene", rest
    if mark == "@" and rest and following.strip():
        return "character", rest
    if apart and _SCENE.match(bare):
        return "scene", bare
    if apart and not following.strip() and _in_capitals(bare) and bare.endswith("TO:"):
        return "transition", bare
    if apart and following.strip() and _is_cue(bare):
        return "character", bare
    return "action", line


def _is_cue(bare: str) -> bool:
    """Whether it is a name in capitals; what stands in brackets after it may be small."""
    found = _CUE.match(bare[:400]) if len(bare) <= 400 else None
    return found is not None and _in_capitals(found[1])


def _in_capitals(words: str) -> bool:
    """Whether it holds a letter, and none that is small; scripts without capitals have none."""
    return words.upper() == words and words.lower() != words


def _title_page(lines: Sequence[str]) -> tuple[list[tuple[Kind, str]], int]:
    """The title page, where there is one, and the line after it."""
    at = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    found: list[tuple[Kind, str]] = []
    if at == len(lines) or not _TITLE.match(lines[at].strip()):
        return found, at
    while at < len(lines) and lines[at].strip():
        line, at = lines[at], at + 1
        found.append(("title", "    " * line[0].isspace() + line.strip()))
    return found, at


# ── what is not played ─────────────────────────────────────────────────────────────────────────────────────────────


def played(text: str) -> tuple[str, int, int]:
    """The text without boneyards and notes, and how many of each there were; lines that only held one are gone.

    Tabs are four spaces. A note may go over several lines, but not over an empty one.
    """
    text = text.replace(_GONE, "").replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").lstrip("\ufeff")
    text, boneyards = _taken_out(text, "/*", "*/", "")
    text, notes = _taken_out(text, "[[", "]]", "\n\n")
    if not boneyards + notes:
        return text, 0, 0
    lines: list[str] = []
    for line in text.split("\n"):
        if _GONE not in line:
            lines.append(line)
        elif line.replace(_GONE, "").strip():
            lines.append(_closed_up(line))
    return "\n".join(lines), boneyards, notes


def _taken_out(text: str, opening: str, closing: str, ends: str) -> tuple[str, int]:
    """The text with a mark where something stood between these two; not where `ends` comes before it closes."""
    pieces: list[str] = []
    count = at = looked = 0
    close = end = -1
    while (opened := text.find(opening, looked)) >= 0:
        if close < opened + 2:
            close = text.find(closing, opened + 2)
            if close < 0:
                break
        if ends and end < opened:
            end = text.find(ends, opened)
            end = len(text) if end < 0 else end
        if ends and end < close:
            looked = end
            continue
        pieces += text[at:opened], _GONE
        at = looked = close + 2
        count += 1
    pieces.append(text[at:])
    return "".join(pieces), count


def _closed_up(line: str) -> str:
    """A line without what was taken out: one space where there were two, and never a new mark made by its two sides."""
    pieces = [piece for piece in line.split(_GONE) if piece]
    closed = [pieces[0].lstrip(" ") if line.startswith(_GONE) else pieces[0]]
    for before, piece in pairwise(pieces):
        if before[-1] in _MARKS and piece[0] in _MARKS:
            piece = f" {piece}"
        closed.append(piece.lstrip(" ") if before[-1] == " " else piece)
    return "".join(closed)


# ── the way back ───────────────────────────────────────────────────────────────────────────────────────────────────


def written(found: Iterable[tuple[Kind, str]]) -> str:
    """Elements as Fountain that gives the same elements again: an empty line between them, none within a speech.

    Whatever else is handed in as an element is made to fit: what stands on one line is, and a speech has no empty one.
    """
    blocks: list[list[str]] = []
    before: Kind | None = None
    for kind, text in found:
        lines = _lines(kind, text)
        goes_on = (kind == before == "title") or (
            kind in ("parenthetical", "dialogue", "lyric")
            and bool(blocks)
            and before in ("character", "parenthetical", "dialogue", "lyric")
            and (kind != "lyric" or _speaks(blocks[-1]))
        )
        if goes_on:
            blocks[-1] += lines
        else:
            blocks.append(lines)
        before = kind
    return "\n\n".join("\n".join(lines) for lines in blocks) + ("\n" if blocks else "")


def _speaks(block: Sequence[str]) -> bool:
    return not block[0].startswith("~")


def _lines(kind: Kind, text: str) -> list[str]:
    if kind == "action":
        lines = text.split("\n")
        return [_as_action(line, number == 0, lines[number + 1 : number + 2]) for number, line in enumerate(lines)]
    if kind == "dialogue":
        return [line if line.strip() else "  " for line in text.strip("\n").split("\n")]
    if kind == "lyric":
        return [f"~{line}" for line in text.split("\n")]
    text = text.replace("\n", " ")
    if kind == "scene":
        return [text if _SCENE.match(text) else f".{text}"]
    if kind == "character":
        return [text if _kind(text, text, True, "words") == ("character", text) else f"@{text}"]
    if kind == "transition":
        return [text if _kind(text, text, True, "") == ("transition", text) else f"> {text}"]
    marked = {"centred": f"> {text} <", "synopsis": f"= {text}", "page break": "==="}
    return [marked.get(kind, text)]


def _as_action(line: str, first: bool, following: Sequence[str]) -> str:
    """A line of action, marked as one where it would be taken for something else."""
    bare = line.strip()
    after = following[0] if following else ""
    if bare and (_kind(line, bare, first, after) != ("action", line) or (first and _TITLE.match(bare))):
        return "!" + line
    return line


def looks_like_fountain(start: str) -> bool:
    """Whether a text has scenes as screenplays head them (INT. or EXT.), and people who speak in them."""
    if len(_HEADED.findall(start)) < 2:
        return False
    kinds = [kind for kind, text in elements(start) if kind != "scene" or _HEADED.match(text)]
    return kinds.count("scene") >= 2 and kinds.count("character") >= 2 and kinds.count("dialogue") >= 2
