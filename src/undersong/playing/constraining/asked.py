"""Constraints as an instrument can keep them: pieces as elements, events by position, and what goes with what.

All that can be known before anything is played is refused here, by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.events import AbstractPiece
from undersong.playing.constraining.asked_of_numbers import rules_of_numbers
from undersong.playing.constraining.constraints import Constraints, Rules
from undersong.playing.constraining.demands import Demand, Met, Place, asked_events, asked_piece, met, not_met, shown
from undersong.playing.constraining.patterns import HELD, Pattern
from undersong.playing.constraining.ruling import Ruling
from undersong.playing.constraining.ruling_whole import RulingWhole
from undersong.playing.constraining.uncopied import Uncopied
from undersong.playing.copying import Meter
from undersong.playing.given import Given, each_of

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["rules_of"]

_ELEMENTS = 20_000  # of all pieces that are asked for or forbidden
_BEFORE = 64  # events that are looked back on at the least, for elements that a prompt ended with
_SPELLED = 4  # events that spell an element at the most, of those looked back on


def rules_of(
    asked: Constraints,
    instrument: Instrument,
    opening: np.ndarray,
    rows: int,
    enough: float,
    start: np.ndarray,
    stops: Sequence[tuple[int, ...]],
) -> Rules:
    """See `Constraints.rules`."""
    if asked.least > enough:
        measure = instrument.medium.measure
        raise ConstraintError(
            f"What is added cannot be {asked.least:,g} {measure}s long at the least: {enough:,g} are asked for.",
            "Ask for a greater length.",
        )
    if instrument.codec.in_one_go:
        named = [name for name in asked.to_json() if name not in ("avoid", "avoid_words")]
        if named or not instrument.one_symbol:
            raise ConstraintError(
                f"What '{instrument.name}' plays makes sense only whole: it takes no {', '.join(named)}.",
                "Give it fields by name; what goes with whole pieces is avoid and avoid_words.",
            )
        demands = _Asked(asked, instrument, opening, enough, start, stops).demands
        return RulingWhole(instrument, demands, opening, rows)
    if not instrument.one_symbol:
        return rules_of_numbers(asked, instrument, rows, enough, start)
    return _Asked(asked, instrument, opening, enough, start, stops).rules(rows)


@final
class _Asked:
    """Constraints on symbols, after an opening."""

    def __init__(
        self,
        asked: Constraints,
        instrument: Instrument,
        opening: np.ndarray,
        enough: float,
        start: np.ndarray,
        stops: Sequence[tuple[int, ...]],
    ) -> None:
        self.asked, self.instrument, self.enough = asked, instrument, enough
        self.codec, self.spelled, self.opening = instrument.codec, instrument.spelled, opening
        self.start = tuple(map(int, start.tolist()))
        self.rare: dict[int, tuple[int, ...]] = {}
        self.forced: dict[int, np.ndarray] = {}
        self.demands = [
            *self._patterns("avoid", "avoid", False),
            *self._patterns("avoid_words", "avoid", True),
            *self._patterns("contain", "hold", False),
            *self._patterns("words", "hold", True),
            *self._forced_ones(),
            *self._forbidden_ones(),
        ]
        patterns = [demand.pattern for demand in self.demands if demand.pattern is not None]
        if (held := sum(pattern.kind == "hold" for pattern in patterns)) > HELD:
            raise ConstraintError(f"{held} pieces must be held at once.", f"{HELD} are the most.")
        longest = max((len(pattern.elements) for pattern in patterns), default=0)
        if (count := sum(len(pattern.elements) for pattern in patterns)) > _ELEMENTS:
            raise ConstraintError(
                f"What is asked for and forbidden has {count:,} elements.", f"{_ELEMENTS:,} are the most."
            )
        begun, self.situation = _unfinished(instrument, opening)
        self.begun = begun
        # where a piece may end at any time, a stop may come at any time
        always = not asked.least and not self.forced and all(p.kind == "avoid" and not p.whole for p in patterns)
        self.place = Place(
            instrument,
            self._elements_before(longest + 2) if patterns else (),
            enough,
            self.start,
            () if always else tuple(Pattern(stop, "stop") for stop in stops),
            self.rare,
            not begun,
        )

    def rules(self, rows: int) -> Ruling:
        """Raises ConstraintError for what cannot be."""
        if self.asked.most is not None and self.start:
            reached = self.codec.progress(np.array(self.start))
            over = reached[reached >= self.asked.most]
            if len(over) and over[0] > self.asked.most:
                raise ConstraintError(
                    f"most {self.asked.most:,g} cannot be kept together with the start of what is added: the event "
                    f"that reaches it goes on to {over[0]:,g} {self.instrument.medium.measure}s.",
                    "Leave out one of them.",
                )
        uncopied = self._uncopied(rows)
        found = met(self.place, self.demands)
        if not isinstance(found, Met):
            raise not_met(self.place, self.demands)
        return Ruling(
            self.place,
            found,
            self.demands,
            rows,
            least=self.asked.least,
            most=self.asked.most,
            forced=self.forced,
            uncopied=uncopied,
            begun=self.begun,
            situation=self.situation,
        )

    # ── pieces ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _patterns(self, name: str, kind: Literal["hold", "avoid"], whole: bool) -> list[Demand]:
        return [self._pattern(name, each, kind, whole) for each in getattr(self.asked, name)]

    def _pattern(self, name: str, given: Given, kind: Literal["hold", "avoid"], whole: bool) -> Demand:
        piece = asked_piece(self.instrument, name, given)
        elements = tuple(self.codec.elements(piece).tolist())
        known_as = f"{name} {shown(piece)}"
        if not elements:
            raise ConstraintError(f"{name} names a piece with nothing in it.", "Give what it should be.")
        if whole:
            inside = np.asarray(self.codec.inside(np.array(elements, np.uint64)), bool)
            if not (inside[0] and inside[-1]):
                raise ConstraintError(
                    f"{known_as} is no word: it does not begin and end with what '{self.codec.kind}' has in words.",
                    "Ask for it, or forbid it, as a span: contain, avoid.",
                )
        for at, element in enumerate(elements):
            if element not in self.spelled.single and element not in self.rare:
                self._spell(piece, at, element)
        return Demand(known_as, Pattern(elements, kind, whole))

    def _spell(self, piece: AbstractPiece, at: int, element: int) -> None:
        """Take down how the codec spells an element that no symbol spells alone."""
        alone = self.codec.excerpt(piece, at, at + 1)
        events = () if alone is None else tuple(map(int, self.codec.encode(alone).tolist()))
        if events and self.spelled.raw_of(events) == (element,):
            self.rare[element] = events

    # ── positions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _forced_ones(self) -> list[Demand]:
        found: list[Demand] = []
        for at, given in self.asked.force.items():
            piece, events = asked_events(self.instrument, "force", at, given)
            for more, event in enumerate(events):
                here = at + more
                if here in self.forced and self.forced[here] != event:
                    raise ConstraintError(
                        f"force has two different events at position {here}.", "Give one of them another position."
                    )
                if here < len(self.start) and self.start[here] != event:
                    raise ConstraintError(
                        f"force {shown(piece)} at position {at} cannot be kept together with the start of what is "
                        f"added, which has another event at position {here}.",
                        "Leave out one of them.",
                    )
                if here in self.forced and here >= len(self.start):
                    raise ConstraintError(
                        f"force {shown(piece)} at position {at} overlaps what is forced before it.",
                        "Give what belongs together as one piece, at one position.",
                    )
                self.forced[here] = event
            if at < len(self.start) < at + len(events):
                raise ConstraintError(
                    f"force {shown(piece)} at position {at} begins in the start of what is added and ends after it.",
                    f"Begin it at position {len(self.start)}, or leave out the start.",
                )
            if at >= len(self.start):
                symbols = tuple(map(int, events.tolist()))
                name = f"force {shown(piece)} at position {at}"
                found.append(Demand(name, None, at, symbols, (self.spelled.raw_of(symbols),)))
        return found

    def _forbidden_ones(self) -> list[Demand]:
        found: list[Demand] = []
        for at, several in self.asked.forbid.items():
            for given in each_of(several):
                piece, events = asked_events(self.instrument, "forbid", at, given)
                name = f"forbid {shown(piece)} at position {at}"
                if len(events) > 1:
                    raise ConstraintError(
                        f"{name} is not one event but {len(events)}, as '{self.codec.kind}' has it.",
                        "Forbid single events at a position, or a span everywhere: avoid.",
                    )
                symbol = int(events[0])
                there = self.start[at] if at < len(self.start) else self.forced.get(at)
                if there is not None and int(there) == symbol:
                    where = "the start of what is added" if at < len(self.start) else "what is forced there"
                    raise ConstraintError(f"{name} cannot be kept together with {where}.", "Leave out one of them.")
                found.append(Demand(name, None, at, forbidden=frozenset([symbol])))
        return found

    # ── what came before ───────────────────────────────────────────────────────────────────────────────────────────

    def _elements_before(self, count: int) -> tuple[int, ...]:
        """The last elements of the opening."""
        last = self.opening[-(_SPELLED * count + _BEFORE) :]
        return self.spelled.raw_of(last.tolist())[-count:] if len(last) else ()

    def _uncopied(self, rows: int) -> Uncopied | None:
        """Raises ConstraintError where nobody knows what is copied, or what is asked for is a copy itself."""
        least, known = self.asked.refuse_copies, self.instrument.fingerprints
        if least is None:
            return None
        if known is None:
            raise ConstraintError(
                f"refuse_copies {least} cannot be kept: '{self.instrument.name}' has no fingerprints of its material.",
                "Nobody knows what it copies: leave it out, or play an instrument that was learned with fingerprints.",
            )
        if least < known.guess:
            raise ConstraintError(
                f"refuse_copies {least} cannot be kept: of so long a material only spans of {known.guess} are known.",
                f"Refuse copies of {known.guess} or more.",
            )
        longest = int(self.spelled.lengths.max(initial=1))
        before = self._elements_before(least + 2 * known.every + _BEFORE)
        uncopied = Uncopied(known, self.spelled, least, before, rows, max(longest, 1))
        said = [(each.name, each.elements, Meter(known)) for each in self.demands if each.says]
        if self.start:
            said.append(("the start of what is added", self.spelled.raw_of(self.start), uncopied.meters[0]))
        for name, elements, meter in said:
            for element in elements:
                meter = meter.hear(element)
                if meter.found[-1:] >= (uncopied.wanted,):
                    raise ConstraintError(
                        f"refuse_copies {least} cannot be kept together with {name}, which is copied itself.",
                        "Leave out one of them, or refuse longer copies only.",
                    )
        return uncopied


def _unfinished(instrument: Instrument, opening: np.ndarray) -> tuple[tuple[int, ...], int]:
    """Symbols at the end of an opening that are no whole element yet, and where they lead in the grammar."""
    grammar = instrument.codec.grammar
    situation = 0 if grammar is None else grammar.run(0, opening)
    if grammar is None or situation == 0:
        return (), 0
    at = 0
    begun = 0
    for place, event in enumerate(opening.tolist(), 1):
        at = int(grammar.following[at, event])
        begun = place if at == 0 else begun
    return tuple(opening[begun:].tolist()), situation
