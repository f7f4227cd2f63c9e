"""Rows played side by side under constraints: which symbols each may draw next, so that it can still keep them all.

A symbol may be drawn where what is needed after it still fits into what is left of the length. As long as there is room
for anything, that depends on where the row stands in the automaton alone, and is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.playing.constraining.demands import Demand, Met, Place
from undersong.playing.constraining.moves import Moves
from undersong.playing.constraining.uncopied import Uncopied
from undersong.shapes import Bool

__all__ = ["Ruling"]

_BEGUN = 1 << 24  # bytes of the moves that are remembered of beginnings of an element
_BYTES = 1 << 25  # of masks that are remembered


@final
class _Row:
    """Where one row stands."""

    __slots__ = ("begun", "elements", "events", "first", "held", "reached", "since", "situation", "state")

    def __init__(self, state: int, begun: Sequence[int], situation: int) -> None:
        self.state, self.held = state, 0
        self.begun, self.situation = list(begun), situation  # symbols since it was last whole
        self.reached, self.elements, self.events = 0.0, 0, 0
        self.first: int | None = None  # after how many events it might first have ended
        self.since: int | None = None  # since how many elements it might have ended at any time


@final
class Ruling:
    """The rules for rows of symbols. What they must, must not and may only hold is in `met`."""

    def __init__(
        self,
        place: Place,
        met: Met,
        demands: Sequence[Demand],
        rows: int,
        *,
        least: float = 0.0,
        most: float | None = None,
        forced: Mapping[int, np.ndarray] | None = None,
        uncopied: Uncopied | None = None,
        begun: Sequence[int] = (),
        situation: int = 0,
    ) -> None:
        """`begun` are symbols before the first that are no whole element yet, and where they lead in the grammar."""
        self.place, self.automaton, self.ahead, self.rare = place, met.automaton, met.ahead, met.rare
        self.enough, self.least_measure, self.most = place.enough, least, most
        self.demands = demands
        self.uncopied = uncopied
        self.spelled, self.end = place.spelled, place.instrument.codec.end
        self.t = 0  # events that were drawn
        self.rows = [_Row(met.automaton.first, begun, situation) for _ in range(rows)]
        self._forced = forced or {}
        self._stop = max((len(stop.elements) for stop in place.stops), default=0)
        self._base = base = Moves(self.spelled, self.automaton, (), self.rare)
        self._moves: dict[tuple[int, ...], Moves] = {}
        self._known: dict[Any, np.ndarray] = {}
        self._most_known = max(64, _BYTES // max(1, self.spelled.symbols))
        held = [demand.pattern for demand in demands if demand.pattern is not None and demand.pattern.kind == "hold"]
        self._names = [
            demand.name for demand in demands if demand.pattern is not None and demand.pattern.kind == "hold"
        ]
        spare = 2 * max((len(pattern.elements) for pattern in held), default=0)
        self._spare = spare + 12 if held and uncopied is not None else 0
        self._room = max(1.0, float(base.measures.max(initial=0.0))) + self._spare + 1  # beside what is needed
        self._next: dict[int, np.ndarray] = {}
        for row in self.rows:
            self._may_end(row)

    # ── what drawing asks ──────────────────────────────────────────────────────────────────────────────────────────

    def forced(self, t: int) -> np.ndarray | None:
        return self._forced.get(t)

    def allowed(
        self, grammar: np.ndarray | None, sounding: np.ndarray, odds: np.ndarray | None = None
    ) -> Bool[np.ndarray, "B V"]:
        """Where `odds` (B, V) are given, what is impossible to the instrument is no way out: that is an error too."""
        if len(self.rows) == 1:
            return self._mask(0, None if odds is None else odds[0])
        masks: list[np.ndarray] = []
        for number, sounds in enumerate(sounding.tolist()):
            if sounds:
                masks.append(self._mask(number, None if odds is None else odds[number]))
            else:
                masks.append(self._anything if grammar is None else grammar[number % len(grammar)][None])
        if len(masks) == 1 or all(mask is masks[0] for mask in masks):
            return masks[0]
        return np.concatenate(masks)

    def hear(self, each: Sequence[Any], situations: Sequence[int], sounding: np.ndarray) -> None:
        self.t += 1
        for number, sounds in enumerate(sounding.tolist()):
            if not sounds:
                continue
            row, symbol = self.rows[number], each[number]
            row.events += 1
            row.situation = situations[number]
            if row.situation:
                row.begun.append(symbol)
                continue
            moves = self._moves_after(row.begun)
            after = moves.after(row.state)
            row.held |= after.gains.item(symbol)
            row.state = after.state.item(symbol)
            if row.state == self.automaton.dead:
                raise self._stuck(row, "what came was not among what is left")
            row.reached += moves.measures.item(symbol)
            row.elements += moves.lengths.item(symbol)
            if self.uncopied is not None:
                added = self.spelled.raw_of([*row.begun, symbol]) if row.begun else self.spelled.raw[symbol]
                self.uncopied.hear(number, added)
            row.begun.clear()
            self._may_end(row)

    def least(self, row: int) -> int:
        first = self.rows[row].first
        return self.rows[row].events if first is None else first

    # ── one row ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _anything(self) -> np.ndarray:
        return np.ones((1, self.spelled.symbols), bool)

    def _may_end(self, row: _Row) -> None:
        """Take down whether the row might end here."""
        long_enough = row.reached >= self.least_measure and self.t >= self.ahead.after
        if not (long_enough and self.automaton.ends(row.state, row.held)):
            row.since = None
            return
        row.first = row.events if row.first is None else row.first
        row.since = row.elements if row.since is None else row.since

    def _moves_after(self, begun: Sequence[int]) -> Moves:
        if not begun:
            return self._base
        key = tuple(begun)
        if key not in self._moves:
            if len(self._moves) * 64 * max(1, self.spelled.symbols) > _BEGUN:
                self._moves.clear()
            self._moves[key] = Moves(self.spelled, self.automaton, key, self.rare)
        return self._moves[key]

    def _mask(self, number: int, odds: np.ndarray | None) -> Bool[np.ndarray, "1 V"]:
        """What the row may draw now. Raises ConstraintError where that is nothing."""
        row = self.rows[number]
        ends = row.since is not None and not row.begun
        # a stop begins in what is drawn before it, and where it begins the piece must be one that may end
        stops = row.since is not None and row.since <= row.elements + 1 - self._stop
        slack: np.ndarray | None = None
        if self.enough - row.reached >= self.ahead.loose(self.t) + self._room:
            key = (tuple(row.begun) if row.begun else (), row.state, row.held, ends, stops)
            mask = self._known.get(key)
            if mask is None:
                if len(self._known) == self._most_known:
                    self._known.clear()
                mask = self._known[key] = self._fitting(row, ends, stops)[None] > -np.inf
        else:
            slack = self._fitting(row, ends, stops)
            mask = slack[None] >= 0
        if self.uncopied is not None:
            refused = self.uncopied.refused(number, row.begun, row.situation)
            if refused is not None:
                mask = mask & ~refused
            if slack is not None and self._spare and row.held != self.automaton.all_held:
                # room is kept for what would be a copy now, and has to come a little later
                mask = self._best(mask, slack, self._spare)
        if not mask.any():
            raise self._stuck(row, "nothing is left that may follow")
        if row.held != self.automaton.all_held:
            pulled = self._pulled(row, mask)
            mask = pulled if odds is None or _possible(pulled, odds) else mask
        if odds is not None and not _possible(mask, odds):
            raise self._stuck(row, "the instrument gives no odds to what is left")
        return mask

    def _best(self, mask: np.ndarray, room: np.ndarray, wanted: float) -> np.ndarray:
        """Of what is left what leaves so much room, else what leaves the most."""
        most = float(room[mask[0]].max(initial=-np.inf))
        best: np.ndarray = mask & (room >= min(wanted, most))
        return best

    def _pulled(self, row: _Row, mask: np.ndarray) -> np.ndarray:
        """What leads to the next of what must be held, where that is due: spread over the piece, not at its end.

        Some time before it is due it is only gone on with where it has begun by itself; and in the middle of a word
        nothing begins before that is over, if it is soon.
        """
        if self.t <= self.ahead.last:
            return mask
        if row.held not in self._next:
            self._next[row.held] = self.ahead.until_next(row.held)
        need = self._next[row.held]
        here = float(need[row.held, row.state])
        share = self.enough / (len(self._names) + 1)
        due = share * (row.held.bit_count() + 1)
        begun = here < need[row.held, :2].min()  # nothing has in the first two states
        if due - row.reached >= here + 2 * self._room:
            if not begun or row.reached < due - share / 2:
                return mask
            due = row.reached + here
        elif not begun and row.state % 2 and row.reached < due + share / 4:
            return mask
        return self._best(mask, self._fitting(row, False, False, need, due), 0.0)

    def _fitting(
        self, row: _Row, ends: bool, stops: bool, need: np.ndarray | None = None, enough: float | None = None
    ) -> np.ndarray:
        """How much room is left after each symbol (V,), in the medium's measure, below 0 where too little.

        -inf is for what leads nowhere, and inf for what may end the row. What is needed after each, and until where,
        is what the whole piece needs unless it is given.
        """
        moves, ahead = self._moves_after(row.begun), self.ahead
        after = moves.after(row.state)
        enough = self.enough if enough is None else enough
        left = (ahead.at(self.t + 1) if need is None else need)[row.held | after.gains, after.state]
        far = row.reached + moves.measures
        room: np.ndarray = enough - far - left
        room[(far >= enough) & (left == 0)] = np.inf
        if self._stop:
            room[after.stops] = -np.inf
            if stops:
                room[after.stops & (after.state != self.automaton.dead)] = np.inf
        self._begin(row, moves, room, need, enough)
        if self.most is not None:
            room[far > self.most] = -np.inf
        if self.end is not None:
            room[self.end] = np.inf if ends else -np.inf
        barred = ahead.barred.get(self.t)
        if barred is not None:
            room[list(barred)] = -np.inf
        return room

    def _begin(self, row: _Row, moves: Moves, room: np.ndarray, need: np.ndarray | None, enough: float) -> None:
        """The same for symbols that only begin an element: by the best that may become of them."""
        beginnings, ahead = moves.beginnings, self.ahead
        if not len(beginnings.symbol):
            return
        state = row.state
        goes = np.where(self.automaton.stops[state], self.automaton.dead, self.automaton.goes[state])  # (C,)
        held = row.held | self.automaton.gains[state]
        for more in np.unique(beginnings.more).tolist():
            if ahead.inner.intersection(range(self.t + 1, self.t + 1 + more)):
                continue
            here = beginnings.more == more
            left = (ahead.at(self.t + 1 + more) if need is None else need)[held, goes]
            far = row.reached + beginnings.measure[here][:, None]  # (N, 1)
            each = enough - far - left  # (N, C)
            each[(far >= enough) & (left == 0)] = np.inf
            if self.most is not None:
                each[(far > self.most)[:, 0]] = -np.inf
            best = np.where(beginnings.classes[here], each, -np.inf).max(axis=1)
            np.maximum.at(room, beginnings.symbol[here], best)

    def _stuck(self, row: _Row, why: str) -> ConstraintError:
        """Why a row cannot go on, in terms of what was asked."""
        waiting = [name for bit, name in enumerate(self._names) if not row.held >> bit & 1]
        others = [demand.name for demand in self.demands if demand.name not in self._names]
        if self.uncopied is not None:
            others.append("refuse_copies")
        named = [*waiting, *others] or ["the length"]
        shown = ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
        return ConstraintError(
            f"After {row.events:,} events {why}: {shown} cannot be kept.",
            "Ask for less, for a longer piece, or try another seed.",
        )


def _possible(mask: np.ndarray, odds: np.ndarray) -> bool:
    """Whether any of these symbols (1, V) has odds at all."""
    if mask.item(int(odds.argmax())):  # as nearly always, in a fourth of the time
        return True
    return bool(odds[mask[0]].max(initial=-np.inf) > -np.inf)
