"""Where each symbol of a codec takes a piece in an automaton of elements, for all symbols at once.

A symbol adds some elements, or it only begins one (the first bytes of a rare character): then it leads wherever that
element may yet lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.playing.constraining.look_ahead import Spelling
from undersong.playing.constraining.patterns import Automaton
from undersong.playing.spelled import Spelled
from undersong.shapes import Bool, Float, Int

__all__ = ["After", "Beginnings", "Moves", "by_place", "spelling_of"]

_BYTES = 1 << 25  # of what is remembered of the states that were visited
_FEW = 8  # of them at the least, and where an element has begun at the most


@final
@dataclass(frozen=True)
class After:
    """Of each symbol the state it leads to, what it completes of what must be held, and whether it completes a stop."""

    state: Int[np.ndarray, " V"]
    gains: Int[np.ndarray, " V"]
    stops: Bool[np.ndarray, " V"]


@final
@dataclass(frozen=True)
class Beginnings:
    """N symbols that only begin an element, or go on with it, each as often as there are lengths it may end with."""

    symbol: Int[np.ndarray, " N"]
    more: Int[np.ndarray, " N"]  # symbols until it is whole
    measure: Float[np.ndarray, " N"]
    classes: Bool[np.ndarray, "N C"]  # what it may become


@final
class Moves:
    """What each symbol does after those of an element that has begun; after none, what each does by itself."""

    def __init__(
        self,
        spelled: Spelled,
        automaton: Automaton,
        begun: tuple[int, ...] = (),
        rare: Sequence[tuple[tuple[int, ...], int]] = (),
    ) -> None:
        """`rare` are elements that must be reached and have no symbol of their own: their events, and their class."""
        codec = spelled.codec
        self.size = spelled.symbols
        self.automaton = automaton
        self.allowed = np.ones(self.size, bool)
        partly = np.zeros(self.size, bool)
        if codec.grammar is not None:
            at = codec.grammar.run(0, np.array(begun, np.int64))
            self.allowed = codec.grammar.allowed[at]
            partly = self.allowed & (codec.grammar.following[at] != 0)
        if begun:
            symbols, elements = spelled.ended(begun)
            inside, lengths = np.asarray(codec.inside(elements), bool), np.ones(len(symbols), np.int64)
            self.lengths, self.measures = np.zeros(self.size, np.int64), np.zeros(self.size)
            self.lengths[symbols] = 1
            for symbol in symbols[:1].tolist():  # the same for all: one more element
                self.measures[symbols] = float(codec.progress(np.array([*begun, symbol]))[-1])
        else:
            symbols = np.flatnonzero(spelled.whole)
            elements, inside = spelled.flat
            self.lengths, self.measures = spelled.lengths, spelled.measures
            lengths = self.lengths[symbols]
        self._order, self._columns = by_place(symbols, lengths, automaton.classes_of(elements, inside))
        self.beginnings = _beginnings(spelled, automaton, begun, np.flatnonzero(partly).tolist(), rare)
        self._known: dict[int, After] = {}
        self._most = _FEW if begun else max(_FEW, _BYTES // (6 * max(1, self.size)))

    def after(self, state: int) -> After:
        """What each symbol does in that state; those that may not come lead to where nobody comes back from."""
        if state not in self._known:
            if len(self._known) == self._most:
                self._known.clear()
            self._known[state] = self._after(state)
        return self._known[state]

    def _after(self, state: int) -> After:
        automaton = self.automaton
        states = np.full(len(self._order), state, np.int32)
        gains, stops = np.zeros(len(states), np.uint8), np.zeros(len(states), bool)
        for classes in self._columns:  # the nth elements of all that have so many
            here = states[: len(classes)]
            gains[: len(classes)] |= automaton.gains[here, classes]
            stops[: len(classes)] |= automaton.stops[here, classes]
            states[: len(classes)] = automaton.goes[here, classes]
        found = After(
            np.full(self.size, automaton.dead, np.int32), np.zeros(self.size, np.uint8), np.zeros(self.size, bool)
        )
        found.state[self._order], found.gains[self._order], found.stops[self._order] = states, gains, stops
        return found


def by_place(
    symbols: np.ndarray, lengths: np.ndarray, classes: np.ndarray
) -> tuple[Int[np.ndarray, " N"], list[np.ndarray]]:
    """The symbols, longest first; and the classes of their first elements, their second, and so on."""
    order = np.argsort(-lengths, kind="stable")
    starts = (np.cumsum(lengths) - lengths)[order]
    lengths = lengths[order]
    columns = []
    for place in range(int(lengths.max(initial=0))):
        count = int(np.searchsorted(-lengths, -place))  # how many are longer
        columns.append(classes[starts[:count] + place])
    return symbols[order], columns


def _beginnings(
    spelled: Spelled,
    automaton: Automaton,
    begun: tuple[int, ...],
    symbols: Sequence[int],
    rare: Sequence[tuple[tuple[int, ...], int]],
) -> Beginnings:
    found: list[tuple[int, int, float]] = []
    rows: list[np.ndarray] = []
    own, words = automaton.elements, automaton.inside[:-2]
    for symbol in symbols:
        so_far = (*begun, symbol)
        for way in spelled.ways(so_far):
            if not len(way.elements):
                continue
            classes = np.zeros(automaton.classes, bool)
            if len(own):
                there = way.elements.searchsorted(own)
                classes[:-2] = way.elements.take(there, mode="clip") == own
            within = np.count_nonzero(way.inside) if words.any() else 0
            classes[-2] = len(way.elements) - within > np.count_nonzero(classes[:-2] & ~words)
            classes[-1] = within > np.count_nonzero(classes[:-2] & words)
            for events, each in rare:
                classes[each] |= len(events) == len(so_far) + way.more and events[: len(so_far)] == so_far
            found.append((symbol, way.more, way.measure))
            rows.append(classes)
    return Beginnings(
        np.array([symbol for symbol, _, _ in found], np.int64),
        np.array([more for _, more, _ in found], np.int64),
        np.array([measure for _, _, measure in found], float),
        np.array(rows, bool).reshape(len(rows), automaton.classes),
    )


def spelling_of(spelled: Spelled, automaton: Automaton, several: Sequence[tuple[tuple[int, ...], int]]) -> Spelling:
    """How elements of each class are spelled by themselves.

    `several` are events that spell one element together, and its class; a symbol that does so alone is preferred.
    """
    single = np.full(spelled.symbols, -1, np.int64)
    symbols = np.flatnonzero(spelled.whole)
    elements, inside = spelled.flat
    lengths = spelled.lengths[symbols]
    starts = np.cumsum(lengths) - lengths
    alone = lengths == 1
    single[symbols[alone]] = automaton.classes_of(elements[starts[alone]], inside[starts[alone]])
    events, measure = np.zeros(automaton.classes, np.int64), np.full(automaton.classes, np.inf)
    np.minimum.at(measure, single[single >= 0], spelled.measures[single >= 0])
    events[np.isfinite(measure)] = 1
    for spelling, each in several:
        if not events[each]:
            events[each], measure[each] = len(spelling), float(spelled.codec.progress(np.array(spelling))[-1])
    return Spelling(events, measure, single)
