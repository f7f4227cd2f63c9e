"""What all procedures take a text apart into, and put together again: words, strips of words, lines; and their dice.

A word is what people call one; in scripts written without spaces it is a character. None is ever cut through.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from undersong.errors import InputError, UsageError
from undersong.events import AbstractPiece
from undersong.media.text.piece import text_of
from undersong.media.text.runs import clusters_of, runs_of
from undersong.randomness import uniforms

__all__ = [
    "MOST", "Token", "clusters", "dice", "folded", "joined", "laid_out", "shuffled", "texts_of", "tokens_of",
    "words_in",
]  # fmt: skip

MOST = 5_000_000
"""Characters that a procedure works on: ten novels, and some hundred megabytes while they are in pieces."""

_UNSPACED = (  # scripts written without spaces: Thai and Lao, Burmese, Khmer, Chinese and Japanese
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u2e80", "\ua4cf"), ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)  # fmt: skip


class Token(NamedTuple):
    """A word with the signs that hang on it; `tight` says that it stood next to another without a space."""

    text: str
    tight: bool


def texts_of(pieces: Sequence[AbstractPiece]) -> list[str]:
    """What is written in the pieces that hold a word. Raises InputError where none does, or where it is too much."""
    texts = [text for text in map(text_of, pieces) if any(True for _ in words_in(text))]
    if not texts:
        raise InputError("There is not a word in what was handed in.", "Hand in a text with words in it.")
    size = sum(map(len, texts))
    if size > MOST:
        raise InputError(
            f"These are {size:,} characters; a procedure works on {MOST:,} at most.", "Hand in a part of it."
        )
    return texts


def words_in(text: str) -> Iterator[tuple[int, int]]:
    """Where each word begins and ends, in order."""
    at = 0
    begin = end = 0  # of the word that may go on
    for runs in runs_of(text, apart=True):
        for run in runs:
            first, at = at + (run[0] == " "), at + len(run)
            if first == end > begin and _leans(text[first : first + 1]):  # more marks than a run holds
                end = at
                continue
            if end > begin:
                yield begin, end
            begin, end = (first, at) if first < at and text[first].isalnum() else (at, at)
    if end > begin:
        yield begin, end


def _leans(letter: str) -> bool:
    return not letter.isascii() and unicodedata.category(letter)[0] == "M"


def tokens_of(text: str) -> list[Token]:
    """The text as strips of one word: what stands between spaces, or a character where there are none."""
    tokens: list[Token] = []
    for stretch in text.split():
        if stretch.isascii() or not any(map(_is_unspaced, stretch)):
            tokens.append(Token(stretch, False))
            continue
        begins = [begin for begin, _ in words_in(stretch) if _is_apart(stretch, begin)]
        edges = sorted({0, *(begin - _opening(stretch, begin) for begin in begins), len(stretch)})
        tokens += [Token(stretch[first:last], True) for first, last in pairwise(edges)]
    return tokens


def _opening(text: str, at: int) -> int:
    """How many signs right before this place open something, and so belong to what follows."""
    first = at
    while first and unicodedata.category(text[first - 1]) in ("Ps", "Pi"):
        first -= 1
    return at - first


def _is_apart(text: str, begin: int) -> bool:
    """Whether a word begins a token here although no space stands before it."""
    return any(map(_is_unspaced, text[max(begin, 1) - 1 : begin + 1]))


def _is_unspaced(letter: str) -> bool:
    return letter >= "\u0e00" and any(first <= letter <= last for first, last in _UNSPACED)


def joined(tokens: Iterable[Token]) -> str:
    """Tokens as a line, with spaces where their script has them."""
    line: list[str] = []
    tight = True
    for token in tokens:
        if line and not (tight and token.tight):
            line.append(" ")
        line.append(token.text)
        tight = token.tight
    return "".join(line)


def laid_out(tokens: Sequence[Token], size: int) -> str:
    """Tokens in lines of so many."""
    return "\n".join(joined(tokens[first : first + size]) for first in range(0, len(tokens), size))


def clusters(text: str) -> Sequence[str]:
    """The characters people see."""
    return list(text) if text.isascii() else clusters_of(text)


def folded(text: str) -> str:
    """Without case, accents and vowel signs, as letters are compared; the text itself where nothing else is left."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in apart if unicodedata.category(letter)[0] != "M") or text


def dice(seed: int, count: int, row: int = 0) -> np.ndarray:
    """Uniforms (count,) in [0, 1); another `row` gives others from the same seed. Raises UsageError."""
    if not 0 <= seed < 2**63:
        raise UsageError(f"{seed} is no seed.", "A seed is a whole number from 0 to 2^63 - 1.")
    return uniforms(seed, row, 0, count, 1)[:, 0]


def shuffled(count: int, seed: int, row: int = 0) -> list[int]:
    """0 … count - 1 in an order that the seed decides."""
    order: list[int] = np.argsort(dice(seed, count, row), kind="stable").tolist()
    return order
