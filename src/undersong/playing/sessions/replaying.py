"""A session drawn again: whether every turn of an instrument comes out as it did, and if not, which event is the first.

On the same machine and build the same seed gives the same events. Another processor may round another way, and once in
a long while that decides a draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import UndersongError
from undersong.playing.courses import Course, Draw, Drawn, Step, overheard, while_wanted
from undersong.playing.drawing import Drawing
from undersong.playing.sessions.made import Made, digest_of

if TYPE_CHECKING:
    from undersong.playing.sessions.session import Session
    from undersong.playing.sessions.turns import Turn

__all__ = ["Difference", "Replay", "replaying"]


@final
@dataclass(frozen=True)
class Difference:
    """An event of the session, by its position, what it is, and what is drawn here: None where the turn ends before."""

    position: int
    then: np.ndarray
    now: np.ndarray | None
    shown: tuple[str, str]
    """Both as people see them."""

    def __str__(self) -> str:
        return f"event {self.position:,} was {self.shown[0]}, and is {self.shown[1]} here"

    def to_json(self) -> dict[str, Any]:
        now = None if self.now is None else self.now.tolist()
        return {"position": self.position, "then": self.then.tolist(), "now": now}


@final
@dataclass(frozen=True)
class Replay:
    """How many turns were drawn again, where the first of them goes another way, and which could not be drawn again."""

    drawn: int
    differences: tuple[Difference, ...]
    """Of each turn that goes another way the first event that does."""
    left_out: tuple[str, ...]
    """Turns that nobody can draw again, and why."""

    @property
    def same(self) -> bool:
        """Whether all that was drawn again is what it was."""
        return not self.differences

    @property
    def first(self) -> Difference | None:
        return self.differences[0] if self.differences else None

    def __str__(self) -> str:
        turns = f"{self.drawn:,} turn{'' if self.drawn == 1 else 's'} drawn again"
        found = "the same events" if self.first is None else f"{len(self.differences):,} differ: {self.first}"
        return "\n".join([f"{turns}: {found}.", *self.left_out])

    def to_json(self) -> dict[str, Any]:
        first = None if self.first is None else self.first.to_json()
        told = {"same": self.same, "drawn": self.drawn, "different": len(self.differences), "first": first}
        return {**told, "left_out": list(self.left_out)}


def replaying(session: Session) -> Course[Replay]:
    """Every turn that says how it was drawn, each after what stands before it now."""
    differences: list[Difference] = []
    left_out: list[str] = []
    drawn = 0
    for turn in session.turns:
        if turn.made is None:
            continue
        before = session.past.history.part(0, turn.start)
        try:
            made = Made.from_json(session.instrument, turn.made)
            if made.after != digest_of(before):
                left_out.append(_left_out(turn, "what stands before it was changed since"))
                continue
            now = yield from _again(session, turn, made, before)
        except UndersongError as error:
            left_out.append(_left_out(turn, error.what.rstrip(".")))
            continue
        drawn += 1
        then = session.past.history.part(turn.start, turn.stop)
        at = _first_unlike(then, now)
        if at is not None:
            there = now[at] if at < len(now) else None
            shown = (_shown(session, then[at]), "the end" if there is None else _shown(session, there))
            differences.append(Difference(turn.start + at, then[at], there, shown))
    return Replay(drawn, tuple(differences), tuple(left_out))


def _again(session: Session, turn: Turn, made: Made, before: np.ndarray) -> Course[np.ndarray]:
    """The events (T, …) that its row draws here, as many as the turn has at the most."""
    heard = yield from session.past.history.until(turn.start).hearing(session.instrument, session.condition)
    asked = changed(made.asked, condition=made.asked.condition or session.condition)
    drawing = session.instrument.drawing_after(heard, before, made.rows, asked)
    found = yield from _beginning(drawing, made.row, len(turn))
    return found


def _beginning(drawing: Drawing, row: int, most: int) -> Course[np.ndarray]:
    """What one of the rows draws first; all of them are stepped, for sums of another size round another way."""
    events: list[np.ndarray] = []

    def hear(told: Step | Draw | Drawn, answer: Any) -> None:
        if type(told) is Drawn and told.sounding[row]:
            events.append(told.events[row])

    yield from while_wanted(overheard(drawing.course(keep=False), hear), lambda: len(events) < most)
    return np.array(events, dtype=drawing.opening.dtype).reshape(-1, *drawing.opening.shape[1:])


def _first_unlike(then: np.ndarray, now: np.ndarray) -> int | None:
    common = min(len(then), len(now))
    for at in range(common):
        if not np.array_equal(then[at], now[at]):
            return at
    return common if common < len(then) else None


def _shown(session: Session, event: np.ndarray) -> str:
    instrument = session.instrument
    return repr(instrument.codec.display(int(event))) if instrument.one_symbol else str(event.tolist())


def _left_out(turn: Turn, why: str) -> str:
    return f"The turn of events {turn.start:,} to {turn.stop:,} was not drawn again: {why}."
