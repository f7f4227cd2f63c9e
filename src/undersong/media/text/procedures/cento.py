"""Cento: a poem of other poems' lines (from Ausonius' patchwork of Virgil, about 374, on)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, final

from pydantic import Field

from undersong.config import Settings
from undersong.errors import InputError
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.media.text.piece import TextPiece
from undersong.media.text.procedures.wording import folded, shuffled, texts_of, tokens_of, words_in

__all__ = ["Cento", "CentoSettings"]

_LONGEST = 100  # characters of a line of verse; what is longer is prose, and cut at its signs
_FEWEST = 2  # words of a line
_CLAUSE = re.compile(r"(?<=[.!?;:…—])\s+|(?<=,)\s+|(?<=[。！？；，：、])")
_VOWELS = frozenset("aeiouy")
_LOOKED_AT = 200  # lines of one rhyme, for a partner
_TAIL = 3  # last letters that rhyme, in alphabets whose vowels are not known


class CentoSettings(Settings):
    lines: int = Field(8, ge=1, le=10_000, description="How many lines.")
    rhyme: bool = Field(False, description="Whether they rhyme in pairs, by the last letters of their last words.")
    alternate: bool = Field(True, description="Whether the pieces take turns, as far as they go.")


class _Line(NamedTuple):
    """A line and where it is from."""

    text: str
    piece: int
    number: int


@final
class Cento(AbstractProcedure):
    """No line is taken twice, nor one that says the same; where there is a choice, none goes on from the one before."""

    kind: ClassVar[str] = "cento.v1"
    medium: ClassVar[str] = "text.v1"
    sentence: ClassVar[str] = "Makes a poem of lines from several others, as Ausonius made one of Virgil's (about 374)."
    Settings: ClassVar[type[Settings]] = CentoSettings

    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: CentoSettings) -> TextPiece:
        lines = _lines(texts_of(pieces))
        if len(lines) < settings.lines:
            raise InputError(
                f"There are {len(lines):,} different lines here; {settings.lines:,} are wanted.",
                f"Hand in more, or ask for fewer: --set lines=4. A line is of two words to {_LONGEST} characters.",
            )
        drawn = [lines[each] for each in shuffled(len(lines), seed)]
        chosen = _couplets(drawn, settings) if settings.rhyme else _in_turn(drawn, settings)
        return TextPiece("\n".join(line.text for line in chosen))


def _lines(texts: Sequence[str]) -> list[_Line]:
    """Every line that may be taken, those that say the same once."""
    found: dict[str, _Line] = {}
    for piece, text in enumerate(texts):
        number = 0
        for line in text.split("\n"):
            for part in _CLAUSE.split(line.strip()) if len(line) > _LONGEST else (line.strip(),):
                number += 1
                if len(part) <= _LONGEST and len(tokens_of(part)) >= _FEWEST:
                    found.setdefault("".join(folded(part).split()), _Line(part, piece, number))
    return list(found.values())


def _in_turn(drawn: Sequence[_Line], settings: CentoSettings) -> list[_Line]:
    """Lines in the order they were drawn, each from the next piece that has one left."""
    piles: dict[int, list[_Line]] = defaultdict(list)
    for line in reversed(drawn):
        piles[line.piece if settings.alternate else 0].append(line)
    order = list(piles)[::-1]
    chosen: list[_Line] = []
    while len(chosen) < settings.lines:
        for pile in [each for each in order if piles[each]][: settings.lines - len(chosen)]:
            chosen.append(_next(piles[pile], chosen))
    return chosen


def _next(pile: list[_Line], chosen: Sequence[_Line]) -> _Line:
    """The line on top, or the one below it where that would go on from the last one taken."""
    if len(pile) > 1 and chosen and _goes_on(chosen[-1], pile[-1]):
        return pile.pop(-2)
    return pile.pop()


def _goes_on(line: _Line, other: _Line) -> bool:
    return (line.piece, line.number + 1) == (other.piece, other.number)


def _couplets(drawn: Sequence[_Line], settings: CentoSettings) -> list[_Line]:
    """Pairs that end alike on different words; an odd line at the end stands alone."""
    rhymes: dict[str, list[tuple[str, _Line]]] = defaultdict(list)
    for line in drawn:
        last = _last_word(line.text)
        if tail := _tail(last):
            rhymes[tail].append((last, line))
    pairs: list[tuple[_Line, _Line]] = []
    wanted = settings.lines // 2
    while len(pairs) < wanted and any(len(found) > 1 for found in rhymes.values()):  # a pair to each rhyme, and again
        for found in rhymes.values():
            if pair := _pair(found, settings.alternate):
                pairs.append(pair)
    if len(pairs) < wanted:
        raise InputError(
            f"Only {len(pairs):,} pairs of these lines rhyme by their last letters; {wanted:,} are wanted.",
            "Hand in more, ask for fewer (--set lines=4), or do without: --set rhyme=false. What is not written with "
            "an alphabet does not rhyme by its letters.",
        )
    chosen = [line for pair in pairs[:wanted] for line in pair]
    if len(chosen) < settings.lines:
        taken = set(chosen)
        chosen.append(next(line for line in drawn if line not in taken))
    return chosen


def _pair(found: list[tuple[str, _Line]], alternate: bool) -> tuple[_Line, _Line] | None:
    """Two lines of one rhyme that end on different words, taken from its pile; from two pieces if that can be."""
    if len(found) < 2:
        return None
    word, line = found.pop()
    near = range(len(found) - 1, max(-1, len(found) - 1 - _LOOKED_AT), -1)
    fit = [at for at in near if found[at][0] != word and not _goes_on(line, found[at][1])]
    elsewhere = [at for at in fit if alternate and found[at][1].piece != line.piece]
    chosen = next(iter([*elsewhere, *fit]), None)
    return None if chosen is None else (line, found.pop(chosen)[1])


def _last_word(text: str) -> str:
    words = list(words_in(text))
    return folded(text[slice(*words[-1])]) if words else ""


def _tail(word: str) -> str:
    """What of a word rhymes: from its last vowel on that is no silent e; else its last letters. "" where nothing."""
    if not word.isalpha() or len(word) < 2:
        return ""
    if word.isascii():
        vowels = [at for at, letter in enumerate(word) if letter in _VOWELS]
        if vowels and vowels[-1] == len(word) - 1 and word[-1] == "e" and len(vowels) > 1:
            vowels.pop()  # of `time` the i, of `tree` the whole ee
        at = vowels[-1] if vowels else len(word)
        while at and word[at - 1] in _VOWELS:
            at -= 1
        return word[at:] if len(word) - at >= 2 else word[-2:]
    return word[-_TAIL:] if len(word) > _TAIL else word[-2:]


def _show() -> None:
    """Four lines of two songs."""
    songs = [
        TextPiece("the lamp is lit\nthe boat is gone\nthe tide comes in"),
        TextPiece("a bird flew on\nno fire within\nwe sit a bit"),
    ]
    print(Cento()(songs, 1, CentoSettings(lines=4, rhyme=True)))


if __name__ == "__main__":
    _show()
