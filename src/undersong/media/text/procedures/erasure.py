"""Erasure: most of a page is blacked out, and what is left is read (Ronald Johnson, Tom Phillips, Mary Ruefle)."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import ClassVar, final

from pydantic import Field

from undersong.config import Settings
from undersong.errors import InputError, UsageError
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.media.text.piece import TextPiece
from undersong.media.text.procedures.wording import clusters, dice, folded, shuffled, texts_of, words_in

__all__ = ["Erasure", "ErasureSettings"]

_TRIED = 200  # pages, for one that can spell what was asked
_REST = 200  # characters of a last line that is shown to its end


class ErasureSettings(Settings):
    keep: float = Field(0.12, ge=0, le=1, description="The share of words that stay.")
    phrase: int = Field(2, ge=1, le=100, description="How many may stay in a row.")
    letters: str = Field("", description="A word or phrase that the words that stay spell, instead of a share.")
    inside: bool = Field(False, description="With letters: they may stand anywhere in a word, and are capitals there.")
    mark: str = Field("█", description="What covers the rest, one character; nothing leaves it white.")
    length: int = Field(150, ge=0, description="About how many words of a page the seed chooses; 0 is all of it.")


@final
class Erasure(AbstractProcedure):
    """Words stay where they stand, lines and spaces too; everything else is covered, a mark for each column."""

    kind: ClassVar[str] = "erasure.v1"
    medium: ClassVar[str] = "text.v1"
    sentence: ClassVar[str] = (
        "Covers most of a page and leaves a few words where they stand (Tom Phillips, A Humument, from 1966; Ronald "
        "Johnson, Radi os, 1977), by chance or so that they spell something, as John Cage's mesostics do."
    )
    Settings: ClassVar[type[Settings]] = ErasureSettings

    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: ErasureSettings) -> TextPiece:
        mark = settings.mark or " "
        if len(clusters(mark)) != 1 or mark == "\n":
            raise UsageError(f"The mark {mark!r} is not one character.", "For example --set mark=░")
        text = "\n\n".join(texts_of(pieces))
        if settings.letters:
            return TextPiece(_spelled(text, seed, settings, mark))
        page = next(_pages(text, seed, settings.length))
        words = list(words_in(page))
        kept = {word: page[slice(*words[word])] for word in _chosen(len(words), settings, seed)}
        return TextPiece(_covered(page, words, kept, mark))


def _pages(text: str, seed: int, length: int) -> Iterator[str]:
    """So many words from the start of some line, to the end of the last of their lines; others after the first."""
    words = list(words_in(text)) if length else []
    if len(words) <= length:
        yield text
        return
    ends = [0, *(end for _, end in words)]
    firsts = [number for number, (begin, _) in enumerate(words) if not number or "\n" in text[ends[number] : begin]]
    firsts = [number for number in firsts if number + length <= len(words)]  # the first of all is one
    for which in shuffled(len(firsts), seed, row=1)[:_TRIED]:
        first = firsts[which]
        begin, end = text.rfind("\n", 0, words[first][0]) + 1, words[first + length - 1][1]
        rest = text[end : end + _REST]
        yield text[begin:end] + (rest.split("\n")[0] if "\n" in rest or len(rest) < _REST else "")


def _spelled(text: str, seed: int, settings: ErasureSettings, mark: str) -> str:
    """The first of some pages that can spell what was asked. Raises InputError where none of them can."""
    error: InputError | None = None
    for page in _pages(text, seed, settings.length):
        words = list(words_in(page))
        try:
            return _covered(page, words, _spelling(page, words, settings, seed), mark)
        except InputError as found:
            error = error or found
    assert error is not None  # there is always a page
    raise error


def _chosen(count: int, settings: ErasureSettings, seed: int) -> set[int]:
    """Which words stay: phrases here and there, until they are the share that was asked for; one at least."""
    wanted = max(1, round(settings.keep * count)) if settings.keep else 0
    sizes = dice(seed, count, row=2)
    kept: set[int] = set()
    for first in shuffled(count, seed, row=3):
        if len(kept) >= wanted:
            break
        size = 1 + int(sizes[first] * settings.phrase)
        kept.update(range(first, min(first + size, count, first + wanted - len(kept))))
    return kept


def _spelling(page: str, words: Sequence[tuple[int, int]], settings: ErasureSettings, seed: int) -> dict[int, str]:
    """Words that spell what was asked, in order, where the seed has the choice. Raises InputError where there are none.

    From the end back it is worked out where each letter must stand at the latest; what is chosen before is then safe.
    """
    wanted = [letter for letter in clusters(settings.letters) if any(each.isalnum() for each in letter)]
    if not wanted:
        raise InputError(f"'{settings.letters}' has no letter to spell.", "For example --set letters=lamp")
    places: dict[str, list[int]] = {folded(letter): [] for letter in wanted}
    for number, (begin, end) in enumerate(words):
        letters = clusters(page[begin:end])
        for letter in {folded(each) for each in (letters if settings.inside else letters[:1])}:
            if letter in places:
                places[letter].append(number)
    lacking = [letter for letter in dict.fromkeys(wanted) if not places[folded(letter)]]
    if lacking:
        raise InputError(*_missing(settings, f"with {' or '.join(repr(letter) for letter in lacking)}"))
    latest, after = [0] * len(wanted), len(words)
    for at in range(len(wanted) - 1, -1, -1):
        found = places[folded(wanted[at])]
        which = bisect_right(found, after - 1)
        if not which:
            raise InputError(*_missing(settings, f"with '{wanted[at]}' early enough for '{''.join(wanted[at + 1 :])}'"))
        latest[at] = after = found[which - 1]
    kept: dict[int, str] = {}
    before = -1
    for letter, last, chance in zip(wanted, latest, dice(seed, len(wanted), row=2).tolist(), strict=True):
        found = places[folded(letter)]
        first, stop = bisect_right(found, before), bisect_right(found, last)
        stop = min(stop, first + max(1, (stop - first) // 2))  # not all at once, so that it stays on the page
        before = found[first + int(chance * (stop - first))]
        word = page[slice(*words[before])]
        kept[before] = _raised(word, letter) if settings.inside else word
    return kept


def _missing(settings: ErasureSettings, lacking: str) -> tuple[str, str]:
    """What to say where words are lacking, and what to do about it."""
    more = "Hand in more, " + ("take all of it (--set length=0), " if settings.length else "")
    more += "" if settings.inside else "let letters stand inside words (--set inside=true), "
    how = "" if settings.inside else "that begins "
    return f"'{settings.letters}' cannot be spelled here: there is no word {how}{lacking}.", f"{more}or spell less."


def _raised(word: str, letter: str) -> str:
    """The word in small letters, but for the one that counts."""
    letters = clusters(word.lower())
    at = next(number for number, each in enumerate(clusters(word)) if folded(each) == folded(letter))
    small = letters if len(letters) == len(clusters(word)) else clusters(word)
    return "".join(each.upper() if number == at else each for number, each in enumerate(small))


def _covered(page: str, words: Sequence[tuple[int, int]], kept: dict[int, str], mark: str) -> str:
    made: list[str] = []
    at = 0
    for number in sorted(kept):
        begin, end = words[number]
        made += [_marks(page[at:begin], mark), kept[number]]
        at = end
    lines = "".join([*made, _marks(page[at:], mark)]).split("\n")
    return "\n".join(line.rstrip() for line in lines)


def _marks(covered: str, mark: str) -> str:
    """As many marks as what they cover is wide; spaces stay."""
    return "".join(each if each.isspace() else mark * _width(each) for each in clusters(covered))


def _width(cluster: str) -> int:
    """In columns of a terminal: Chinese characters and pictures take two."""
    return 2 if any(unicodedata.east_asian_width(letter) in "WF" for letter in cluster) else 1


def _show() -> None:
    """A line, spelling."""
    page = TextPiece("It was the lamp that kept us awake,\nand we were the oars of that lamp.")
    print(Erasure()([page], 1, ErasureSettings(letters="two")))


if __name__ == "__main__":
    _show()
