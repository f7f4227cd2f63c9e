"""Words that nobody wants to hear again: lines and records that hold one are left out, counted, and never shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, final

from undersong.errors import RecipeError

__all__ = ["Exclusion"]

_MOST = 10_000  # words and phrases
_MOST_SECONDS = 5  # for one expression and one line
_APART_BEFORE, _APART_AFTER = r"(?<!\w)", r"(?![\w\u0300-\u036f])"
_LONGEST = 100_000  # characters of a line that a person's own expression is tried on at once


@final
class Exclusion:
    """Finds words, phrases and /regular expressions/, without regard to case.

    A word is found where it stands by itself; in scripts that part no words, wherever it stands. A phrase is found
    across the end of a line, and however its accents are written. Raises RecipeError for an expression that is none.
    """

    def __init__(self, given: Sequence[str]) -> None:
        words = [word for word in given if word.strip() and not _is_expression(word)]
        expressions = [word[1:-1] for word in given if _is_expression(word)]
        if len(words) > _MOST:
            raise RecipeError(f"[read] exclude holds more than {_MOST:,} words.", "Use a /regular expression/.")
        forms = {form for word in words for form in _forms(word)}
        self._words = re.compile(_any_of(forms), re.IGNORECASE) if forms else None
        self._expressions = [_compiled(number, written) for number, written in enumerate(expressions, 1)]

    def __bool__(self) -> bool:
        return self._words is not None or bool(self._expressions)

    def without_lines(self, text: str) -> tuple[str, int]:
        """The text without each line that holds one, or a part of one; and how many lines that were."""
        spans: list[tuple[int, int]] = []
        if self._words is not None:
            for found in self._words.finditer(text):
                if not spans or found.end() > spans[-1][1]:  # else that line is gone already
                    spans.append(_lines_around(text, found.start(), found.end()))
        if self._expressions:
            start = 0
            while start < len(text):
                end = text.find("\n", start) + 1 or len(text)
                if self._is_expressed(text[start:end].rstrip("\n")):
                    spans.append((start, end))
                start = end
        kept: list[str] = []
        at = count = 0
        for start, end in sorted(spans):
            if end > at:
                start = max(start, at)
                kept.append(text[at:start])
                count += text.count("\n", start, end) + (not text.endswith("\n", start, end))
                at = end
        return ("".join([*kept, text[at:]]), count) if spans else (text, 0)

    def holds(self, record: Mapping[str, str]) -> bool:
        """Whether one of a record's values holds one."""
        return any(
            (self._words is not None and self._words.search(value) is not None)
            or any(self._is_expressed(line) for line in value.split("\n"))
            for value in record.values()
        )

    def _is_expressed(self, line: str) -> bool:
        try:
            return any(
                one.search(line[at : at + _LONGEST], timeout=_MOST_SECONDS)
                for one in self._expressions
                for at in range(0, max(1, len(line)), _LONGEST // 2)
            )
        except TimeoutError as error:
            raise RecipeError(
                f"An expression in [read] exclude looked at one line for more than {_MOST_SECONDS} seconds.",
                "It may repeat what already repeats, as (a+)+ does: write it more simply.",
            ) from error


def _is_expression(word: str) -> bool:
    return len(word) > 2 and word[0] == word[-1] == "/"


def _compiled(number: int, written: str) -> Any:
    import regex  # which can be held to a time

    try:
        return regex.compile(written, regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:  # told without the words themselves
        what = error.msg if isinstance(error, regex.error) else type(error).__name__
        raise RecipeError(
            f"Of the expressions in [read] exclude, the one with number {number} is not one: {what}.",
            "Mend it, or write it without the slashes to have it taken as it stands.",
        ) from error


def _forms(word: str) -> set[str]:
    """A word as it may be written: with its accents beside or on its letters, ß also as ss."""
    written = {word.strip(), word.strip().casefold()}
    return {unicodedata.normalize(form, one) for one in written for form in ("NFC", "NFD")}


def _any_of(forms: set[str]) -> str:
    """An expression that finds any of them; those that begin alike together, or a long list would take for ever."""
    alike: dict[tuple[bool, str, bool], set[str]] = {}
    for form in forms:
        first = form[0] if form[0].isalnum() else ""
        kind = _parts_words(form[0]), first.lower(), _parts_words(form[-1])
        alike.setdefault(kind, set()).add(_pattern(form[len(first) :]))
    found = []
    for (before, first, after), rests in alike.items():
        rest = "|".join(sorted(rests, key=len, reverse=True))
        found.append(rf"{_APART_BEFORE if before else ''}{first}(?:{rest}){_APART_AFTER if after else ''}")
    return "|".join(found)


def _pattern(words: str) -> str:
    """Words as they are spaced and apostrophed anywhere."""
    parts = [re.sub("['’]", "['’]", re.escape(part)) for part in re.split(r"\s+", words)]
    return r"\s+".join(parts)


def _parts_words(sign: str) -> bool:
    """Whether this sign belongs to a script that writes words apart and leaves them so: those with small letters."""
    return sign.isdigit() or sign.lower() != sign.upper()


def _lines_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the lines begin and end that these characters are in."""
    last = text.find("\n", max(start, end - 1))
    return text.rfind("\n", 0, start) + 1, len(text) if last < 0 else last + 1
