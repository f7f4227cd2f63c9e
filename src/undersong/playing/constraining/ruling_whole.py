"""What must not be held in pieces that make sense only whole: in each of their parts by itself, such as a field.

A part ends with a symbol that is no element of the piece but a mark between parts. It does not where a word stands at
its end that must not, and nothing is said from which no way leads to where it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.playing.constraining.demands import Demand
from undersong.playing.constraining.look_ahead import Ahead, Spelling
from undersong.playing.constraining.moves import by_place
from undersong.playing.constraining.patterns import Automaton
from undersong.shapes import Bool, Int

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["RulingWhole"]

_NOWHERE = 0  # the state before a part has begun
_BYTES = 1 << 25  # of masks that are remembered


@final
class _Row:
    __slots__ = ("begun", "events", "state")

    def __init__(self, state: int) -> None:
        self.state, self.events = state, 0
        self.begun: list[int] = []  # symbols of an element that is not whole yet


@final
class RulingWhole:
    """The rules for rows of such pieces, which have all heard the same opening."""

    def __init__(self, instrument: Instrument, demands: Sequence[Demand], opening: np.ndarray, rows: int) -> None:
        """Raises ConstraintError where nothing is left to be said."""
        codec, self.spelled = instrument.codec, instrument.spelled
        self.names = [demand.name for demand in demands]
        patterns = [demand.pattern for demand in demands if demand.pattern is not None]
        raw = self.spelled.raw
        kinds = [type(codec.decode(np.array([symbol]))) for symbol in range(len(raw))]
        usual = {kind for kind, each in zip(kinds, raw, strict=True) if each}
        self.marks = np.array([not each and kind not in usual for kind, each in zip(kinds, raw, strict=True)], bool)
        if codec.end is not None:
            self.marks[codec.end] = True
        since = next((at for at in range(len(opening), 0, -1) if self.marks[opening[at - 1]]), 0)
        before = self.spelled.raw_of(opening[since:].tolist()) if since < len(opening) else ()
        words = any(pattern.whole for pattern in patterns)
        self.automaton = Automaton.of(patterns, before, codec.inside if words else None)
        self.inside = codec.inside
        symbols = np.array([symbol for symbol, each in enumerate(raw) if each], np.int64)
        lengths = np.array([len(raw[symbol]) for symbol in symbols], np.int64)
        classes = self._classes([element for symbol in symbols for element in raw[symbol]])
        self.order, self.columns = by_place(symbols, lengths, classes)
        single = np.full(len(raw), -1, np.int64)
        single[symbols[lengths == 1]] = classes[(np.cumsum(lengths) - lengths)[lengths == 1]]
        events = np.zeros(self.automaton.classes, np.int64)
        events[single[single >= 0]] = 1
        needs = Ahead(self.automaton, Spelling(events, np.ones(len(events)), single)).at(0)[0]
        self.leads_on: Bool[np.ndarray, " Q+1"] = np.isfinite(needs)
        self.rows = [_Row(self.automaton.first) for _ in range(rows)]
        self._known: dict[Any, np.ndarray] = {}
        self._most_known = max(64, _BYTES // len(raw))
        if not (self.leads_on[self.automaton.first] and self.leads_on[_NOWHERE]):
            raise self._stuck(self.rows[0])

    def _classes(self, elements: Sequence[int]) -> Int[np.ndarray, " N"]:
        array = np.array(elements, np.uint64)
        return self.automaton.classes_of(array, np.asarray(self.inside(array), bool))

    def forced(self, t: int) -> np.ndarray | None:
        return None

    def least(self, row: int) -> int:
        return 0

    def allowed(
        self, grammar: np.ndarray | None, sounding: np.ndarray, odds: np.ndarray | None = None
    ) -> Bool[np.ndarray, "B V"]:
        masks = []
        for number, sounds in enumerate(sounding.tolist()):
            may = np.ones(len(self.marks), bool) if grammar is None else grammar[number % len(grammar)]
            if sounds:
                may = may & self._fits(self.rows[number], may)
                if not may.any() or (odds is not None and not odds[number][may].max() > -np.inf):
                    raise self._stuck(self.rows[number])
            masks.append(may)
        return np.array(masks)

    def hear(self, each: Sequence[Any], situations: Sequence[int], sounding: np.ndarray) -> None:
        for number in np.flatnonzero(sounding).tolist():
            row, symbol = self.rows[number], each[number]
            row.events += 1
            if self.marks[symbol]:
                row.state = _NOWHERE
                row.begun.clear()
                continue
            row.begun.append(symbol)
            elements = self.spelled.raw_of(row.begun) if len(row.begun) > 1 else self.spelled.raw[symbol]
            if elements:
                row.state, _ = self.automaton.path(row.state, 0, self._classes(elements).tolist())
                row.begun.clear()

    def _fits(self, row: _Row, may: np.ndarray) -> Bool[np.ndarray, " V"]:
        """Which symbols leave a way on; those that only begin an element, where any element in no pattern does."""
        if row.begun:
            fits = np.zeros(len(may), bool)
            for symbol in np.flatnonzero(may).tolist():
                elements = self.spelled.raw_of([*row.begun, symbol])
                state, _ = self.automaton.path(row.state, 0, self._classes(elements).tolist())
                fits[symbol] = self.leads_on[state]
            return fits
        known = self._known.get(row.state)
        if known is None:
            states = np.full(len(self.order), row.state, np.int64)
            for classes in self.columns:
                states[: len(classes)] = self.automaton.goes[states[: len(classes)], classes]
            any_other = self.leads_on[self.automaton.goes[row.state, -2:]].all()
            known = np.where(self.marks, self.automaton.may_end[row.state], any_other)
            known[self.order] = self.leads_on[states]
            if len(self._known) >= self._most_known:
                self._known.clear()
            self._known[row.state] = known
        return known

    def _stuck(self, row: _Row) -> ConstraintError:
        named = ", ".join(self.names[:3]) + (f" and {len(self.names) - 3} more" if len(self.names) > 3 else "")
        return ConstraintError(
            f"After {row.events:,} events nothing is left that may follow: {named} cannot be kept.",
            "Forbid less, or try another seed.",
        )
