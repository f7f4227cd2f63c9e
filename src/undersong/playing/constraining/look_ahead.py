"""From wherever a piece may stand, how much more it takes, at the least, until it may end.

That is found backwards (Bellman, 1957): from the states in which a piece may end, element by element, over the elements
that this codec can spell by themselves. Where events at certain positions are forced or forbidden it is found for each
position up to the last of these, and for all later ones together. What leads nowhere takes for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.errors import ConstraintError
from undersong.playing.constraining.patterns import Automaton
from undersong.playing.spelled import DEEPEST
from undersong.shapes import Bool, Float, Int

__all__ = ["Ahead", "Forced", "Spelling"]

_WORK = 60_000_000  # places of tables that are gone through at most, some tenths of a second


@final
@dataclass(frozen=True)
class Spelling:
    """How elements of each class can be spelled by themselves: in how many events, and how far these go.

    A class that cannot has 0 events. `single` (V,) is the class that a symbol spells alone, -1 where it does not.
    """

    events: Int[np.ndarray, " C"]
    measure: Float[np.ndarray, " C"]
    single: Int[np.ndarray, " V"]


@final
@dataclass(frozen=True)
class Forced:
    """What is forced from some position on: how many events, the classes of their elements, and how far they go."""

    events: int
    classes: Sequence[int]
    measure: float


@final
class Ahead:
    """What is needed at each position: (M, Q + 1), M being every set of patterns that may be held so far."""

    def __init__(
        self,
        automaton: Automaton,
        spelling: Spelling,
        forced: Mapping[int, Forced] | None = None,
        barred: Mapping[int, Set[int]] | None = None,
        begins: int = 0,
    ) -> None:
        """`forced` and `barred` symbols by position, none of them before `begins`, where the first event is drawn.

        Raises ConstraintError where that is too much work.
        """
        self.automaton, self.spelling = automaton, spelling
        self.forced, self.barred = forced or {}, barred or {}
        self.begins = begins
        self.after = max((at + run.events for at, run in self.forced.items()), default=0)
        """The first position before which a piece may not end, for something is still to come that must."""
        self.last = max([self.after - 1, *self.barred, begins - 1])
        """The last position that is not like all later ones."""
        self.inner = {at + more for at, run in self.forced.items() for more in range(run.events)}
        """Every position that is forced."""
        sets = np.arange(automaton.all_held + 1)[:, None]  # (M, 1)
        held = sets | automaton.gains_at_end
        self._may_end = automaton.may_end & (held == automaton.all_held)  # (M, Q + 1)
        usable = np.flatnonzero(spelling.events > 0)
        cells = automaton.goes.shape[0] * max(1, len(usable)) * len(sets)
        if cells * max(automaton.longest + 4, self.last + 1 - begins) > _WORK:
            raise ConstraintError(
                "These constraints are too much to look ahead for: what must be held, and at how many positions.",
                "Hold fewer or shorter pieces, forbid fewer, or ask for nothing at late positions.",
            )
        self._goes = np.where(automaton.stops, automaton.dead, automaton.goes)
        self._usable = usable
        self._later = self._at_last()
        self._needs: dict[int, np.ndarray] = {}
        for at in range(self.last, begins - 1, -1):
            self._needs[at] = self._forced(at) if at in self.forced else self._free(at)
        self._most = float(self._later.max(where=np.isfinite(self._later), initial=0.0))
        self._loose = dict(self._looseness())

    def at(self, position: int) -> Float[np.ndarray, "M Q+1"]:
        """What is needed before the event at that position, in the medium's measure; infinite where nothing leads on.

        0 is where the piece may end.
        """
        return self._needs.get(position, self._later)

    def loose(self, position: int) -> float:
        """With so much room before the event at that position all is as at any late one; infinite where it never is."""
        return self._loose.get(position, self._most)

    def _looseness(self) -> Iterator[tuple[int, float]]:
        """By position, for all up to the last that is not like the others."""
        endless, apart = np.isinf(self._later), {*self.barred, *self.inner}
        apart.update(at for at, needs in self._needs.items() if not np.array_equal(np.isinf(needs), endless))
        most = {at: float(needs.max(where=~endless, initial=0.0)) for at, needs in self._needs.items()}
        for at in range(self.begins, self.last + 1):
            soon = range(at + 1, at + 2 + DEEPEST)
            barred = at in self.barred or not apart.isdisjoint(soon)
            yield at, np.inf if barred else max(most.get(each, self._most) for each in soon)

    def until_next(self, held: int) -> Float[np.ndarray, "M Q+1"]:
        """The same as for `at`, at late positions, until one more is held than these: 0 where it is."""
        automaton = self.automaton
        goes, gains = self._goes[:, self._usable], automaton.gains[:, self._usable]
        costs = self.spelling.measure[self._usable]
        needs = np.where(np.isinf(self._later), np.inf, 0.0)
        alive, here = needs[held] == 0, np.full(len(goes), np.inf)
        more = needs[held | gains, goes]
        more[(held | gains) == held] = np.inf
        while True:
            found = (np.minimum(more, np.where((held | gains) == held, here[goes], np.inf)) + costs).min(axis=1)
            better = alive & (found < here)
            if not better.any():
                break
            here[better] = found[better]
        needs[held] = here
        return needs

    # ── backwards ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _at_last(self) -> np.ndarray:
        """After all positions that are not like the others, where any class may come at any time."""
        goes, gains = self._goes[:, self._usable], self.automaton.gains[:, self._usable]  # (Q + 1, C')
        costs = self.spelling.measure[self._usable]
        alive = np.arange(len(goes)) != self.automaton.dead
        while True:  # a state from which every way ends is as good as dead
            still = alive & alive[goes].any(axis=1)
            if still.sum() == alive.sum():
                break
            alive = still
        sets, states = self._may_end.shape
        needs = np.full((sets, states), np.inf)
        flat = needs.reshape(-1)
        for held in range(sets - 1, -1, -1):  # whoever holds more comes first: nothing is ever lost again
            here = needs[held]
            here[self._may_end[held] & alive] = 0
            place = (held | gains).astype(np.int64) * states + goes
            while True:
                found = (flat[place] + costs).min(axis=1, initial=np.inf)
                better = alive & (found < here)
                if not better.any():
                    break
                here[better] = found[better]
        return needs

    def _forced(self, at: int) -> np.ndarray:
        run = self.forced[at]
        states = np.arange(len(self._goes))
        gained = np.zeros(len(states), np.int64)
        for each in run.classes:
            gained |= self.automaton.gains[states, each]
            states = self._goes[states, each]
        sets = np.arange(len(self._may_end))[:, None]
        needs: np.ndarray = self.at(at + run.events)[sets | gained, states] + run.measure
        return needs

    def _free(self, at: int) -> np.ndarray:
        """Where a class may come that is spelled by some event which is not forbidden there."""
        if at in self.inner:  # nobody chooses there
            return np.full(self._may_end.shape, np.inf)
        automaton, spelling = self.automaton, self.spelling
        sets = np.arange(len(self._may_end))[:, None, None]
        needs = np.full(self._may_end.shape, np.inf)
        for events in np.unique(spelling.events[self._usable]).tolist():
            if self.inner.intersection(range(at, at + events)):
                continue
            here = np.flatnonzero(spelling.events == events)
            if events == 1 and at in self.barred:
                here = here[self._left(at)[here]]
            if len(here):
                target = self.at(at + events)[sets | automaton.gains[:, here], self._goes[:, here]]
                needs = np.minimum(needs, (target + spelling.measure[here]).min(axis=2))
        if at >= self.after:
            needs[self._may_end & np.isfinite(needs)] = 0
        needs[:, automaton.dead] = np.inf
        return needs

    def _left(self, at: int) -> Bool[np.ndarray, " C"]:
        """Which classes some symbol spells alone that is not forbidden there."""
        single = self.spelling.single.copy()
        single[list(self.barred[at])] = -1
        left = np.zeros(self.automaton.classes, bool)
        left[single[single >= 0]] = True
        return left
