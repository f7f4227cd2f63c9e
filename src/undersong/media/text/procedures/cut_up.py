"""Cut-up: words out of a hat (Tzara, 1920), or a page cut in four (Gysin and Burroughs, 1959)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import ClassVar, Literal, final

from pydantic import Field

from undersong.config import Settings
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.media.text.piece import TextPiece
from undersong.media.text.procedures.wording import Token, dice, joined, laid_out, shuffled, texts_of, tokens_of

__all__ = ["CutUp", "CutUpSettings"]

_LINE = {"hat": 6, "page": 12}  # words to a line when nobody says
_CROSSED = ((3, 0, 1, 2), (1, 0, 3, 2), (1, 2, 3, 0), (3, 2, 1, 0))
"""Which quarter comes to lie where: no one where it was, and a left half always beside a right one."""


class CutUpSettings(Settings):
    mode: Literal["hat", "lines", "page"] = Field(
        "hat", description="hat: strips drawn from a bag · lines: whole lines drawn · page: four quarters crossed"
    )
    strip: int = Field(1, ge=1, le=1_000, description="Words on each strip, in the hat.")
    length: int = Field(100, ge=0, description="About how many words; 0 is all there are.")
    line: int = Field(0, ge=0, le=1_000, description="Words to a line; 0 is what suits: 6, on a page 12.")


@final
class CutUp(AbstractProcedure):
    """Everything that is drawn or laid out is from the pieces, each word no more often than it stands there."""

    kind: ClassVar[str] = "cut_up.v1"
    medium: ClassVar[str] = "text.v1"
    sentence: ClassVar[str] = (
        "Cuts texts into strips and draws them from a hat (Tristan Tzara, 1920), or pages into four that are crossed "
        "(Brion Gysin, William Burroughs, 1959)."
    )
    Settings: ClassVar[type[Settings]] = CutUpSettings

    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: CutUpSettings) -> TextPiece:
        texts = texts_of(pieces)
        if settings.mode == "page":
            return TextPiece(_page(texts, seed, settings))
        if settings.mode == "lines":
            return TextPiece("\n".join(_drawn_lines(texts, seed, settings.length)))
        strips = [strip for text in texts for strip in _cut(tokens_of(text), settings.strip)]
        drawn: list[Token] = []
        for each in shuffled(len(strips), seed):
            if settings.length and len(drawn) >= settings.length:
                break
            drawn += strips[each]
        return TextPiece(laid_out(drawn, settings.line or _LINE["hat"]))


def _cut(tokens: Sequence[Token], size: int) -> list[Sequence[Token]]:
    return [tokens[first : first + size] for first in range(0, len(tokens), size)]


def _drawn_lines(texts: Sequence[str], seed: int, length: int) -> list[str]:
    """Lines in the order they leave the bag, until they have so many words."""
    lines = [line.strip() for text in texts for line in text.split("\n") if line.strip()]
    drawn: list[str] = []
    words = 0
    for each in shuffled(len(lines), seed):
        if length and words >= length:
            break
        drawn.append(lines[each])
        words += len(tokens_of(lines[each]))
    return drawn


def _page(texts: Sequence[str], seed: int, settings: CutUpSettings) -> str:
    """Up to four pages, each giving quarters of its own, laid together crosswise."""
    width = settings.line or _LINE["page"]
    several = [texts[each] for each in shuffled(len(texts), seed)[:4]]
    rows = [[row for line in text.split("\n") for row in _cut(tokens_of(line), width)] for text in several]
    height = min(map(len, rows))
    if settings.length:
        height = min(height, max(2, -(-settings.length // width)))
    where = dice(seed, len(rows) + 1, row=1)
    pages = [page[int(at * (len(page) - height + 1)) :][:height] for page, at in zip(rows, where[1:], strict=True)]
    quarters = [_quarter(pages[which % len(pages)], which) for which in range(4)]
    laid = [quarters[which] for which in _CROSSED[int(where[0] * len(_CROSSED))]]
    halves = [*zip_longest(laid[0], laid[1], fillvalue=()), *zip_longest(laid[2], laid[3], fillvalue=())]
    return "\n".join(joined([*left, *right]) for left, right in halves)


def _quarter(page: Sequence[Sequence[Token]], which: int) -> list[Sequence[Token]]:
    """0 and 1 are the upper left and right, 2 and 3 the lower ones."""
    middle = (len(page) + 1) // 2
    rows = page[:middle] if which < 2 else page[middle:]
    return [row[(len(row) + 1) // 2 :] if which % 2 else row[: (len(row) + 1) // 2] for row in rows]


def _show() -> None:
    """Two short pages, crossed."""
    pieces = [TextPiece("one two three four\nfive six seven eight"), TextPiece("a b c d\ne f g h")]
    print(CutUp()(pieces, 1, CutUpSettings(mode="page")))


if __name__ == "__main__":
    _show()
