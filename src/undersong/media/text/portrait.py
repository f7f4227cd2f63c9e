"""A text in numbers, to be held beside another: how long its lines, sentences and words are, what it opens and closes.

Lengths are in code points. A quotation mark that opens in one language closes in another; which it does here is told
by its neighbours and by what is open. Nothing takes longer than one walk through the text, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np

from undersong.shapes import Float, Int

__all__ = ["portrait"]

_NEVER = float("inf")

_BRACKETS = dict(zip("([{（［｛【〔〖《〈⟨⟦", ")]}）］｝】〕〗》〉⟩⟧", strict=True))  # closing, by opening
_BRACKET = re.compile("[" + re.escape("".join([*_BRACKETS, *_BRACKETS.values()])) + "]")

_QUOTES = {
    "“": "”", "„": "“”", "‘": "’", "‚": "‘’", "«": "»", "‹": "›", "「": "」", "『": "』",
    "»": "«", "›": "‹", "”": "”", '"': '"',
}  # fmt: skip
"""What may close each mark that opens; the last four open only where their neighbours say so."""
_BY_NATURE = frozenset("“„‘‚«‹「『")  # open wherever they close nothing
_QUOTE = re.compile("[" + "".join(sorted({*_QUOTES, *"".join(_QUOTES.values())})) + r"]|\n[^\S\n]*+\n")

# the first mark of a run only: where another stands before it the whole run would be read again and again
_SENTENCE_END = re.compile(
    r"""(?<![。！？｡])[。！？｡]++[”’」』）》]*+\s*+            # needs no space
      | (?<![.!?…؟۔।॥])[.!?…؟۔।॥]++["'”’“»)\]]*+(?:\s++|\Z)
      | \n[^\S\n]*+\n\s*+                                    # nor does a paragraph need a full stop
    """,
    re.VERBOSE,
)


def portrait(text: str) -> dict[str, np.ndarray]:
    """The lengths of lines, sentences and words; after how many characters each bracket and quotation closes; words.

    A whole number is a length, a float a wait (infinite for what is opened and never closed), and an unsigned number
    the name of something: the same for the same word, whatever its case.
    """
    words = _words(text)
    return {
        "line": _lengths(line.strip() for line in text.split("\n")),
        "sentence": _lengths(" ".join(part.split()) for part in _sentences(text)),
        "word": _lengths(iter(words)),
        "brackets": _closed_brackets(text),
        "quotes": _closed_quotes(text),
        "words": _names(words),
    }


def _lengths(parts: Iterator[str]) -> Int[np.ndarray, " N"]:
    """Of all that are not empty."""
    return np.array([len(part) for part in parts if part], np.int64)


def _sentences(text: str) -> Iterator[str]:
    """Between two marks that end one, or two blank lines: a heading or a stanza is one as well."""
    begin = 0
    for end in _SENTENCE_END.finditer(text):
        yield text[begin : end.end()]
        begin = end.end()
    yield text[begin:]


@cache
def _word() -> Any:
    """Letters, their marks and digits, joined within by apostrophes; in a script without spaces each sign."""
    import regex  # here, because whoever only samples needs none of it

    letter = r"(?:(?!\p{Han})[\p{L}\p{M}\p{N}\u200c\u200d])"  # joiners stand inside words of Persian and Hindi
    return regex.compile(rf"\p{{Han}}|{letter}++(?:['’]{letter}++)*+")


def _words(text: str) -> list[str]:
    found: list[str] = _word().findall(text)
    return found


def _names(words: list[str]) -> np.ndarray:
    """(N,) a number for each word, the same on every machine."""
    known: dict[str, int] = {}
    for word in words:
        if word not in known:
            known[word] = int.from_bytes(blake2b(word.casefold().encode(), digest_size=8).digest(), "little")
    return np.array([known[word] for word in words], np.uint64)


# ── what opens and closes ──────────────────────────────────────────────────────────────────────────────────────────


class _Open:
    """What stands open, innermost last, and how long each waited; what closes an outer one leaves the inner ones open.

    `closes` says what may close each mark. Each mark is opened and dropped once, however they are nested.
    """

    def __init__(self, closes: Mapping[str, str]) -> None:
        self.closes = closes
        self.stack: list[tuple[str, int]] = []
        self.waiting = dict.fromkeys("".join(closes.values()), 0)  # how many open marks each closing one would close
        self.waits: list[float] = []

    def open(self, mark: str, at: int) -> None:
        self.stack.append((mark, at))
        for closing in self.closes[mark]:
            self.waiting[closing] += 1

    def may_close(self, mark: str) -> bool:
        return self.waiting.get(mark, 0) > 0

    def close(self, mark: str, at: int) -> None:
        while True:
            opened, since = self._drop()
            if mark in self.closes[opened]:
                self.waits.append(at - since)
                return
            self.waits.append(_NEVER)

    def give_up(self) -> None:
        """Nothing that is open will ever be closed."""
        while self.stack:
            self._drop()
            self.waits.append(_NEVER)

    def _drop(self) -> tuple[str, int]:
        opened, since = self.stack.pop()
        for closing in self.closes[opened]:
            self.waiting[closing] -= 1
        return opened, since

    def all_waits(self) -> Float[np.ndarray, " N"]:
        self.give_up()
        return np.array(self.waits, np.float64)


def _closed_brackets(text: str) -> Float[np.ndarray, " N"]:
    """For each opening bracket the characters to the one that closes it; what closes nothing is no bracket."""
    open_now = _Open(_BRACKETS)
    for found in _BRACKET.finditer(text):
        mark = found[0]
        if mark in _BRACKETS:
            open_now.open(mark, found.start())
        elif open_now.may_close(mark):
            open_now.close(mark, found.start())
    return open_now.all_waits()


def _closed_quotes(text: str) -> Float[np.ndarray, " N"]:
    """For each opening quotation mark the characters to its end, which must come in the same paragraph."""
    open_now = _Open(_QUOTES)
    for found in _QUOTE.finditer(text):
        mark, at = found[0], found.start()
        if mark[0] == "\n":
            open_now.give_up()
        elif _opens(text, mark, at, open_now):
            open_now.open(mark, at)
        elif open_now.may_close(mark) and not (mark == "’" and _within_a_word(text, at)):
            open_now.close(mark, at)
    return open_now.all_waits()


def _opens(text: str, mark: str, at: int, open_now: _Open) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    free_before = not before or before.isspace() or before in "([{¿¡—–-=:/" or before in _BY_NATURE
    leading = free_before and bool(after) and not after.isspace()
    if mark in _BY_NATURE:
        return leading or not open_now.may_close(mark)
    if mark == '"':
        alone = free_before and not open_now.may_close(mark)
        return alone or (leading and (after.isalnum() or not open_now.may_close(mark)))
    return mark in _QUOTES and leading and after.isalnum() and not open_now.may_close(mark)


def _within_a_word(text: str, at: int) -> bool:
    """Whether this is an apostrophe."""
    return text[at - 1 : at].isalpha() and text[at + 1 : at + 2].isalpha()


def _show() -> None:
    """What a few lines look like."""
    text = "“The lamp,” he wrote (in pencil), “is out.\n\nWe lit it again. It was [again out.\n"
    for name, numbers in portrait(text).items():
        print(f"{name:10}{numbers.tolist()}")


if __name__ == "__main__":
    _show()
