"""Suggestions as they are browsed: which there are, and which is shown; and what an answer must fit to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from undersong.playing.dials import Setting

__all__ = ["AHEAD", "Browsing", "Suggestion", "Wanted"]

AHEAD = 3
"""Suggestions that should still be there below the one shown; with fewer, more are drawn."""


@final
@dataclass(frozen=True)
class Wanted:
    """What suggestions are drawn for: the words before the caret and after it, the dials, and which dice.

    An answer to anything else than where the writer stands now is not looked at.
    """

    before: str
    after: str
    dials: tuple[tuple[str, Setting], ...] = ()
    dice: int = 0

    def same_place(self, other: Wanted) -> bool:
        """Whether it is the same with other dice."""
        return replace(self, dice=other.dice) == other


@final
@dataclass(frozen=True)
class Suggestion:
    """Some words; the spans (start, stop) of them that stand in the material; and the candidate that they are."""

    words: str
    copied: tuple[tuple[int, int], ...] = ()
    candidate: Any = None
    """A `Candidate` of the session, None where the words are only a part of one."""


@final
@dataclass(frozen=True)
class Browsing:
    """At least one suggestion, no two the same, and the place of the one that is shown."""

    found: tuple[Suggestion, ...]
    place: int = 0

    @property
    def shown(self) -> Suggestion:
        return self.found[self.place]

    @property
    def ahead(self) -> int:
        """How many come after the one shown."""
        return len(self.found) - self.place - 1

    def move(self, steps: int) -> Browsing:
        """Another one shown, further down or up; the last where there is none further."""
        return replace(self, place=min(max(self.place + steps, 0), len(self.found) - 1))

    def add(self, more: Sequence[Suggestion]) -> Browsing:
        """With those of some more that are not there yet, at the end."""
        known = {each.words for each in self.found}
        return replace(self, found=(*self.found, *(each for each in more if each.words not in known)))

    def typed(self, words: str) -> Browsing | None:
        """What is left to suggest when somebody typed the next words; None where they were others, or were all."""
        rest = self.shown.words[len(words) :]
        if not rest or not self.shown.words.startswith(words):
            return None
        by = len(words)
        copied = tuple((max(0, start - by), stop - by) for start, stop in self.shown.copied if stop > by)
        return Browsing((Suggestion(rest, copied),))
