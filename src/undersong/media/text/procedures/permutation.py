"""Permutation: a phrase in every order of its words (Brion Gysin, 1960), and the turning end words of a sestina."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import factorial, prod
from typing import ClassVar, Literal, final

from pydantic import Field

from undersong.config import Settings
from undersong.errors import InputError
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.media.text.piece import TextPiece
from undersong.media.text.procedures.wording import Token, dice, joined, shuffled, texts_of, tokens_of, words_in

__all__ = ["Permutation", "PermutationSettings"]

_LONGEST = 200  # words of a phrase
_SPIRAL = (5, 0, 4, 1, 3, 2)
"""From one stanza to the next: last, first, last but one, second … (Arnaut Daniel, before 1200)."""


class PermutationSettings(Settings):
    mode: Literal["all", "sample", "sestina"] = Field(
        "all",
        description="all: every order, or some where they are too many · sample: some · sestina: end words turn",
    )
    phrase: str = Field("", description="The words; without it the first line of the text, for a sestina six lines.")
    most: int = Field(120, ge=1, le=100_000, description="Lines at most; five words have 120 orders.")


@final
class Permutation(AbstractProcedure):
    """Every line once, also where words are alike; in order where they are all, as drawn where they are some.

    A sestina is made of six lines in a row: in six stanzas their beginnings stay, and their last words turn.
    """

    kind: ClassVar[str] = "permutation.v1"
    medium: ClassVar[str] = "text.v1"
    sentence: ClassVar[str] = (
        "Says a phrase in every order of its words (Brion Gysin, I Am That I Am, 1960), or turns the end words of six "
        "lines through six stanzas (the sestina: Arnaut Daniel, before 1200)."
    )
    Settings: ClassVar[type[Settings]] = PermutationSettings

    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: PermutationSettings) -> TextPiece:
        texts = texts_of([TextPiece(settings.phrase)] if settings.phrase.strip() else pieces)
        if settings.mode == "sestina":
            return TextPiece(_sestina(texts, seed))
        line = next(line for line in texts[0].split("\n") if any(True for _ in words_in(line)))
        words = [_bare(token) for token in tokens_of(line)]
        words = [word for word in words if word.text]
        if len(words) > _LONGEST:
            raise InputError(
                f"The phrase has {len(words):,} words; {_LONGEST} are the most.",
                'Name a shorter one: --set phrase="I am that I am"',
            )
        many = _orders(words)
        if settings.mode == "all" and many <= settings.most:
            orders: list[Sequence[Token]] = [list(order) for order in _every(words)]
        else:
            orders = _some(words, min(many, settings.most), seed)
        return TextPiece("\n".join(joined(order) for order in orders))


def _bare(token: Token) -> Token:
    """The word without the signs around it."""
    spans = list(words_in(token.text))
    return Token(token.text[spans[0][0] : spans[-1][1]], token.tight) if spans else Token("", token.tight)


def _orders(words: Sequence[Token]) -> int:
    """How many different ones there are."""
    return factorial(len(words)) // prod(map(factorial, Counter(words).values()))


def _every(words: Sequence[Token]) -> Iterator[list[Token]]:
    """Each different order, as they come when words are numbered as they first stand (Knuth 7.2.1.2, algorithm L)."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    kinds = list(numbers)
    order = sorted(numbers[word] for word in words)
    while True:
        yield [kinds[number] for number in order]
        at = len(order) - 2
        while at >= 0 and order[at] >= order[at + 1]:
            at -= 1
        if at < 0:
            return
        other = len(order) - 1
        while order[other] <= order[at]:
            other -= 1
        order[at], order[other] = order[other], order[at]
        order[at + 1 :] = order[:at:-1]


def _some(words: Sequence[Token], count: int, seed: int) -> list[Sequence[Token]]:
    """`count` different orders as the dice have them; where nearly all are wanted, all of them shuffled."""
    if _orders(words) <= 2 * count:
        every = list(_every(words))
        return [every[each] for each in shuffled(len(every), seed)[:count]]
    drawn: dict[tuple[Token, ...], None] = {}
    row = 0
    while len(drawn) < count:  # at least every second throw is a new one
        drawn[tuple(words[each] for each in shuffled(len(words), seed, row))] = None
        row += 1
    return list(drawn)


def _sestina(texts: Sequence[str], seed: int) -> str:
    """Six stanzas of six lines that stand together somewhere, where the seed says."""
    several = [[line.strip() for line in text.split("\n") if _words(line) > 1] for text in texts]
    starts = [(lines, first) for lines in several for first in range(len(lines) - 5)]
    if not starts:
        raise InputError(
            "A sestina turns the last words of six lines; here are fewer of two words and more.",
            "Hand in a text of six lines.",
        )
    lines, first = starts[int(dice(seed, 1)[0] * len(starts))]
    six = lines[first : first + 6]
    ends = [list(words_in(line))[-1] for line in six]
    order = list(range(6))
    stanzas = []
    for _ in range(6):
        turned = [
            line[: end[0]] + six[which][slice(*ends[which])] + line[end[1] :]
            for line, end, which in zip(six, ends, order, strict=True)
        ]
        stanzas.append("\n".join(turned))
        order = [order[which] for which in _SPIRAL]
    return "\n\n".join(stanzas)


def _words(line: str) -> int:
    return sum(1 for _ in words_in(line))


def _show() -> None:
    """Three words, six ways."""
    print(Permutation()([TextPiece("the sea sings")], 1, PermutationSettings()))


if __name__ == "__main__":
    _show()
