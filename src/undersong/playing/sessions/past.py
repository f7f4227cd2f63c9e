"""What was played so far, by whom, and what can be taken back: a value, of which every change makes another.

What was added last is taken back by counting fewer events, however many there are. A change in what was there before
keeps what it changed; of several such, only the nearest keeps how it was heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from undersong.playing.sessions.history import Heard, History
from undersong.playing.sessions.turns import Turn, Turns

__all__ = ["Past"]


@final
@dataclass(frozen=True)
class _Edit:
    """A change in what was there: what that was, and the last turn after the change."""

    before: Past
    last: Turns | None


@final
@dataclass(frozen=True, eq=False, repr=False)
class Past:
    """Events, their turns up to the `last` one, the changes in the middle of them, and what was `undone`."""

    history: History
    last: Turns | None = None
    edited: _Edit | None = None
    undone: Past | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        return () if self.last is None else self.last.listed()

    @property
    def drawn(self) -> int:
        """How many turns an instrument drew."""
        return 0 if self.last is None else self.last.drawn

    def extended(self, events: np.ndarray, author: str, made: Mapping[str, Any] | None = None) -> Past:
        """With one more turn; itself where that has no events."""
        if not len(events):
            return self
        history = self.history.extended(events)
        turn = Turn(author, self.history.count, history.count, made)
        return replace(self, history=history, last=Turns(turn, self.last), undone=None)

    def replaced(
        self, start: int, stop: int, events: np.ndarray, author: str, made: Mapping[str, Any] | None = None
    ) -> Past:
        """With other events in place of those from `start` to `stop`; all others stay whose they are."""
        if start == stop and not len(events):
            return self
        last = self._until(start)
        if len(events):
            last = Turns(Turn(author, start, start + len(events), made), last)
        moved = start + len(events) - stop
        for turn in self.turns:
            if turn.stop > stop:
                how = turn.made if turn.start >= stop else None  # only a beginning can be drawn again
                last = Turns(Turn(turn.author, max(turn.start, stop) + moved, turn.stop + moved, how), last)
        return self._edited(self.history.replaced(start, stop, events), last)

    def until(self, position: int) -> Past:
        """The first so many events alone."""
        return (
            self
            if position == self.history.count
            else self._edited(self.history.until(position), self._until(position))
        )

    def standing(self, heard: Heard) -> Past:
        """Gone on with from a given state."""
        return replace(self, history=self.history.standing(heard))

    def _until(self, position: int) -> Turns | None:
        return None if self.last is None else self.last.until(position)

    def _edited(self, history: History, last: Turns | None) -> Past:
        before = replace(self, undone=None)
        if self.edited is not None:
            earlier = _Edit(self.edited.before.forgetting(self.history), self.edited.last)
            before = replace(before, edited=earlier)
        return Past(history, last, _Edit(before, last))

    def forgetting(self, kept: History) -> Past:
        """The same, how it was heard being known only as far as `kept` knows it."""
        history = self.history.forgetting(kept)
        return self if history is self.history else replace(self, history=history)

    # ── back and forth ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def can_undo(self) -> bool:
        return self.last is not None or self.edited is not None

    def undo(self) -> Past:
        """As it was before the last change; itself where there was none."""
        if not self.can_undo:
            return self
        after = self
        if self.undone is not None:
            undone = self.undone.forgetting(self.history)
            after = self if undone is self.undone else replace(self, undone=undone)
        if self.edited is not None and self.edited.last is self.last:
            return replace(self.edited.before, undone=after)
        assert self.last is not None
        return replace(self, history=self.history.until(self.last.turn.start), last=self.last.before, undone=after)

    def redo(self) -> Past:
        """As it was before the last undo; itself where there was none."""
        return self if self.undone is None else self.undone
