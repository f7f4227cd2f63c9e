"""Letters in place of names: who spoke becomes A, B, C, also where the others speak of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import final

__all__ = ["Letters", "letter"]

_WORD = re.compile(r"\w+")
_UNPARTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # scripts without spaces
_SHORTEST = 3  # letters of a part of a name that stands for it: "Li" may be anything, "Ana" of "Ana Ruiz" is she


def letter(number: int) -> str:
    """0 → A … 25 → Z, 26 → AA."""
    written = ""
    number += 1
    while number:
        number, last = divmod(number - 1, 26)
        written = chr(ord("A") + last) + written
    return written


@final
class Letters:
    """Letters for speakers, in the order in which they first speak.

    Where they are mentioned, a name is found as it is written, whole or one of its words, unless that is a word of two
    people's names; nicknames of one sign, and what people call each other otherwise, are not.
    """

    def __init__(self, speakers: Iterable[str]) -> None:
        self._letters: dict[str, str] = {}
        for speaker in speakers:
            self._letters.setdefault(speaker, letter(len(self._letters)))
        self.mentions = 0
        parts = Counter(part for speaker in self._letters for part in set(_WORD.findall(speaker)))
        names = {speaker: written for speaker, written in self._letters.items() if len(speaker) > 1}
        for speaker, written in self._letters.items():
            for part in _WORD.findall(speaker):
                if len(part) >= _SHORTEST and parts[part] == 1 and not (part[0].islower() or part.isdigit()):
                    names.setdefault(part, written)
        self._by_word: dict[str, list[tuple[str, int, str]]] = {}  # first word → name, where that word is in it, letter
        self._anywhere: dict[str, str] = {}
        for name, written in sorted(names.items(), key=lambda item: -len(item[0])):
            first = _WORD.search(name)
            if first is None or _UNPARTED.search(name) is not None:
                self._anywhere[name] = written
            else:
                self._by_word.setdefault(first[0], []).append((name, first.start(), written))

    def __len__(self) -> int:
        return len(self._letters)

    def instead(self, record: Mapping[str, str]) -> dict[str, str]:
        """A record with letters for its speaker, and for all who are mentioned in it."""
        return {
            field: self._letters.get(value) or self._replaced(value) if field == "speaker" else self._replaced(value)
            for field, value in record.items()
        }

    def _replaced(self, text: str) -> str:
        pieces: list[str] = []
        at = 0
        for word in _WORD.finditer(text):
            for name, offset, written in self._by_word.get(word[0], ()):
                start = word.start() - offset
                if start >= at and text.startswith(name, start) and _stands_alone(text, start, start + len(name)):
                    pieces += [text[at:start], written]
                    at = start + len(name)
                    self.mentions += 1
                    break
        replaced = "".join([*pieces, text[at:]]) if pieces else text
        for name, written in self._anywhere.items():
            if name in replaced:
                self.mentions += replaced.count(name)
                replaced = replaced.replace(name, written)
        return replaced

    def text(self, text: str) -> str:
        """A running text with letters for all who are mentioned in it."""
        return self._replaced(text)


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (text[start - 1 : start].isalnum() and start > 0) and not text[end : end + 1].isalnum()
