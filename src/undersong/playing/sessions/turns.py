"""Who made what, turn by turn: a list that grows at its end, and shares all before it with the one it grew from.

Each turn knows the one before, and one far before, so that the turn in which an event was made is found in a few jumps
(Myers, 1983, "An applicative random-access stack").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from undersong.errors import UsageError

__all__ = ["INSTRUMENT", "PERSON", "Turn", "Turns", "checked_author"]

PERSON, INSTRUMENT = "person", "instrument"

_LONGEST = 100  # characters of an author's name


@final
@dataclass(frozen=True, slots=True)
class Turn:
    """Events `start` to `stop` of a session, and who made them; `made` is how they were drawn, None where by hand."""

    author: str
    start: int
    stop: int
    made: Mapping[str, Any] | None = None

    def __len__(self) -> int:
        return self.stop - self.start

    def to_json(self) -> dict[str, Any]:
        made = None if self.made is None else dict(self.made)
        return {"author": self.author, "start": self.start, "stop": self.stop, "made": made}


@final
class Turns:
    """A last turn, never empty, and all before it (None where it is the first). Never changed."""

    __slots__ = ("before", "drawn", "jump", "number", "turn")

    turn: Turn
    before: Turns | None
    jump: Turns | None
    number: int
    drawn: int
    """How many turns were drawn by an instrument."""

    def __init__(self, turn: Turn, before: Turns | None) -> None:
        assert turn.start == (0 if before is None else before.turn.stop) < turn.stop
        self.turn = turn
        self.before = before
        self.number = _number(before) + 1
        self.drawn = (0 if before is None else before.drawn) + (turn.made is not None)
        self.jump = before
        if before is not None:
            farther = before.jump
            beyond = None if farther is None else farther.jump
            if _number(before) - _number(farther) == _number(farther) - _number(beyond):
                self.jump = beyond

    def until(self, position: int) -> Turns | None:
        """The turns of the first so many events; one that reaches beyond is cut."""
        at: Turns | None = self
        while at is not None and at.turn.start >= position:
            at = at.jump if at.jump is not None and at.jump.turn.stop >= position else at.before
        if at is None or at.turn.stop <= position:
            return at
        return Turns(Turn(at.turn.author, at.turn.start, position, at.turn.made), at.before)

    def listed(self) -> tuple[Turn, ...]:
        """All of them, the first one first."""
        found = []
        at: Turns | None = self
        while at is not None:
            found.append(at.turn)
            at = at.before
        return tuple(reversed(found))


def _number(turns: Turns | None) -> int:
    return 0 if turns is None else turns.number


def checked_author(author: Any) -> str:
    """A name that can stand in a legend. Raises UsageError."""
    if isinstance(author, str) and 0 < len(author) <= _LONGEST and author.isprintable() and author.strip():
        return author
    raise UsageError(
        f"An author is named in 1 to {_LONGEST} characters that can be seen, not {str(author)[:40]!a}.",
        f"Use '{PERSON}', '{INSTRUMENT}' or a name.",
    )
