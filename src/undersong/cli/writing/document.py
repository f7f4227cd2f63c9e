"""A document as a value: its characters, who wrote each, where the caret is, and what was done to it so far.

Every change gives a new document, and the old one stays. Nothing here knows a screen or an instrument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

__all__ = ["INSTRUMENT", "PERSON", "WRITERS", "Document", "Edit", "Written", "shifted"]

PERSON, INSTRUMENT = "person", "instrument"
WRITERS = (PERSON, INSTRUMENT)

_RUN = re.compile(rb"(.)\1*", re.DOTALL)
_KEPT = 2_000  # steps that can be undone


@final
@dataclass(frozen=True)
class Written:
    """Some words, and for each of their characters the place of its author among `WRITERS`."""

    words: str = ""
    authors: bytes = b""

    @classmethod
    def by(cls, author: str, words: str) -> Written:
        return cls(words, bytes([WRITERS.index(author)]) * len(words))

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, part: slice) -> Written:
        return Written(self.words[part], self.authors[part])

    def __add__(self, more: Written) -> Written:
        return Written(self.words + more.words, self.authors + more.authors)

    def count(self, author: str) -> int:
        """How many characters are by that author."""
        return self.authors.count(WRITERS.index(author))

    def runs(self) -> Iterator[tuple[str, str]]:
        """All of it in order: some words, and their one author."""
        for found in _RUN.finditer(self.authors):
            yield self.words[found.start() : found.end()], WRITERS[found[0][0]]


@final
@dataclass(frozen=True)
class Edit:
    """What stood from character `at` on, and what stands there instead."""

    at: int
    removed: Written
    added: Written

    @property
    def inverse(self) -> Edit:
        return Edit(self.at, self.added, self.removed)

    def then(self, later: Edit) -> Edit | None:
        """Both as one, where the later one types or rubs out one more character of the same; else None.

        A word that begins after a space is a step of its own.
        """
        if len(later.added) == 1 and not later.removed and later.at == self.at + len(self.added):
            before, comes = self.added, later.added
            goes_on = len(before) and before.authors[-1] == comes.authors[0]
            if goes_on and (comes.words.isspace() or not before.words[-1].isspace()):
                return replace(self, added=before + comes)
        if self.added or later.added or len(later.removed) != 1:
            return None
        if later.at + 1 == self.at:
            return Edit(later.at, later.removed + self.removed, self.added)
        return replace(self, removed=self.removed + later.removed) if later.at == self.at else None


@final
@dataclass(frozen=True)
class Document:
    """What was written; what can be undone and redone, the latest last; and whether typing goes on with the last."""

    content: Written = Written()
    caret: int = 0
    done: tuple[Edit, ...] = ()
    undone: tuple[Edit, ...] = ()
    going_on: bool = False

    @property
    def words(self) -> str:
        return self.content.words

    def __len__(self) -> int:
        return len(self.content)

    def change(self, start: int, stop: int, words: str, author: str = PERSON) -> Edit:
        """Other words for characters `start` to `stop`, as an edit."""
        assert 0 <= start <= stop <= len(self)
        return Edit(start, self.content[start:stop], Written.by(author, words))

    def after(self, edit: Edit) -> Document:
        """The document after such a change, and the caret after what was added."""
        if not edit.removed and not edit.added:
            return self.at(edit.at)
        merged = self.done[-1].then(edit) if self.going_on and self.done else None
        done = (*self.done[:-1], merged) if merged else (*self.done[-_KEPT + 1 :], edit)
        typed = not edit.added.count(INSTRUMENT)
        return Document(self._with(edit), edit.at + len(edit.added), done, (), going_on=typed)

    def at(self, caret: int) -> Document:
        """The document with the caret elsewhere; what is typed then is a step of its own."""
        assert 0 <= caret <= len(self)
        return replace(self, caret=caret, going_on=False)

    def undo(self) -> Document:
        """The document before the last step, the caret where that was; itself where there is none."""
        if not self.done:
            return self
        edit = self.done[-1].inverse
        caret = edit.at + len(edit.added)
        return Document(self._with(edit), caret, self.done[:-1], (*self.undone, self.done[-1]))

    def redo(self) -> Document:
        """The document with the last undone step back; itself where there is none."""
        if not self.undone:
            return self
        edit = self.undone[-1]
        return Document(self._with(edit), edit.at + len(edit.added), (*self.done, edit), self.undone[:-1])

    def _with(self, edit: Edit) -> Written:
        return self.content[: edit.at] + edit.added + self.content[edit.at + len(edit.removed) :]


def shifted(spans: Sequence[tuple[int, int]], edit: Edit) -> tuple[tuple[int, int], ...]:
    """Where spans of a document are after an edit; those that it reaches into are gone."""
    stop, by = edit.at + len(edit.removed), len(edit.added) - len(edit.removed)
    before = tuple(span for span in spans if span[1] <= edit.at)
    return before + tuple((start + by, end + by) for start, end in spans if start >= stop and end > edit.at)
