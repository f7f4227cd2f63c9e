"""What is asked of a piece, one demand at a time, each by the name that people know it by; and whether it can be met.

Whoever asks for what cannot be is told which demand it is, before anything is played: the first that cannot be met
together with those before it, and the one of these that it does not go with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, final

import numpy as np

from undersong.errors import ConstraintError, UndersongError
from undersong.events import AbstractPiece
from undersong.playing.constraining.look_ahead import Ahead, Forced
from undersong.playing.constraining.moves import spelling_of
from undersong.playing.constraining.patterns import Automaton, Pattern
from undersong.playing.given import Given, events_of, piece_of
from undersong.playing.spelled import Spelled

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["Demand", "Met", "Place", "asked_events", "asked_piece", "met", "not_met", "shown"]

_LOOKED_AT = 6_000  # elements for each set that may be held, up to which it is found out which demand is to blame


@final
@dataclass(frozen=True)
class Demand:
    """A pattern; events forced from a position on, with what each adds; or symbols forbidden there."""

    name: str
    pattern: Pattern | None = None
    position: int = 0
    events: tuple[int, ...] = ()
    parts: tuple[tuple[int, ...], ...] = ()  # the elements of its events, as far as these are whole
    forbidden: frozenset[int] = frozenset()

    @property
    def elements(self) -> tuple[int, ...]:
        """All that it says itself."""
        return self.pattern.elements if self.pattern is not None else tuple(chain.from_iterable(self.parts))

    @property
    def says(self) -> bool:
        """Whether it puts something into the piece."""
        return bool(self.events) or (self.pattern is not None and self.pattern.kind == "hold")


@final
@dataclass(frozen=True)
class Place:
    """Where all this is to be: after which elements, for how long, what it begins with, and what ends it early."""

    instrument: Instrument
    before: tuple[int, ...]
    enough: float
    start: tuple[int, ...] = ()
    stops: tuple[Pattern, ...] = ()
    rare: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """The events of elements that no symbol spells alone."""
    whole: bool = True
    """Whether nothing had begun that is no whole element yet."""

    @property
    def spelled(self) -> Spelled:
        return self.instrument.spelled


@final
@dataclass(frozen=True)
class Met:
    """How demands are met: the automaton, what is needed where, and the elements that have no symbol of their own."""

    automaton: Automaton
    ahead: Ahead
    rare: tuple[tuple[tuple[int, ...], int], ...]


def met(place: Place, demands: Sequence[Demand]) -> Met | float:
    """How they are met together; else what they need at the least, which is more than there is, infinite for never.

    Raises ConstraintError where that is too much to find out.
    """
    codec, spelled = place.instrument.codec, place.spelled
    patterns = [demand.pattern for demand in demands if demand.pattern is not None]
    words = any(pattern.whole or pattern.kind == "hold" for pattern in patterns)  # nothing begins in mid-word
    automaton = Automaton.of([*patterns, *place.stops], place.before, codec.inside if words else None)
    own = enumerate(automaton.elements.tolist())
    rare = tuple((place.rare[element], each) for each, element in own if element in place.rare)
    classes = _Classes(place, automaton)
    state, held, reached, played = automaton.first, 0, 0.0, 0
    for events, elements in _parts(spelled, place.start):
        for each in classes.of(elements):
            if automaton.stops[state, each]:
                return float("inf")
            state, held = automaton.path(state, held, [each])
        reached += _measure(spelled, events)
        played += len(events)
        if reached >= place.enough:
            break
    forced = {
        demand.position: Forced(len(demand.events), classes.of(demand.elements), _measure(spelled, demand.events))
        for demand in demands
        if demand.events and demand.position >= played
    }
    barred: dict[int, frozenset[int]] = {}
    for demand in demands:
        if demand.forbidden and demand.position >= played:
            barred[demand.position] = barred.get(demand.position, frozenset()) | demand.forbidden
    ahead = Ahead(automaton, spelling_of(spelled, automaton, rare), forced, barred, played)
    if state == automaton.dead:
        return float("inf")
    if reached >= place.enough:
        fine = automaton.ends(state, held) and ahead.after <= played
        need = 0.0 if fine else float(ahead.at(played)[held, state])
    else:
        need = float(ahead.at(played)[held, state])
        fine = reached + need <= place.enough
    if fine or (not place.whole and np.isfinite(need)):
        return Met(automaton, ahead, rare)
    return reached + need


def not_met(place: Place, demands: Sequence[Demand]) -> ConstraintError:
    """Which of demands that cannot be met together is to blame."""
    first = Demand("start", events=place.start, parts=tuple(part for _, part in _parts(place.spelled, place.start)))
    avoided = [demand for demand in demands if demand.pattern is not None and demand.pattern.kind == "avoid"]
    said = [*([first] if place.start else []), *(demand for demand in demands if demand.says)]
    for one in said:
        for other in avoided:
            if other.pattern is not None and _holds(place, one, other.pattern):
                return _refusal(f"{one.name} cannot be kept together with {other.name}, which stands in it")
        if one is not first and any(_holds(place, one, stop) for stop in place.stops):
            return _refusal(f"{one.name} cannot be kept together with a stop that stands in it: it would end there")
    if sum(len(demand.elements) for demand in demands) << sum(demand.says for demand in demands) > _LOOKED_AT:
        named = [demand.name for demand in said[:3]] or ["what is forbidden"]
        return _refusal(f"{' and '.join(named)} cannot be kept together with all else that is asked")
    culprit = _first(demands, lambda some: isinstance(met(place, some), Met))
    if culprit is None:  # the start by itself
        return _refusal("What is added cannot begin so: a stop stands in the start, or the start is too long")
    blamed = demands[culprit]
    if not isinstance(need := met(place, [blamed]), Met):
        return _alone(place, blamed, need)
    before = demands[:culprit]
    partner = _first(before, lambda some: isinstance(met(place, [*some, blamed]), Met))
    assert partner is not None
    endless = met(replace(place, enough=float("inf")), demands[: culprit + 1])
    room = _room(place, met(place, demands[: culprit + 1])) if isinstance(endless, Met) else ""
    return _refusal(f"{blamed.name} cannot be kept together with {before[partner].name}{room}")


def _alone(place: Place, demand: Demand, need: float | Met) -> ConstraintError:
    if isinstance(need, float) and np.isfinite(need):
        return _refusal(f"{demand.name} cannot be kept{_room(place, need)}")
    if place.start and isinstance(met(replace(place, start=()), [demand]), Met):
        return _refusal(f"{demand.name} cannot be kept together with what is added at the start")
    reason = "nothing that may be played leads there"
    if demand.pattern is not None and demand.pattern.kind == "avoid":
        reason = "nothing is left that may be played"
    elif demand.events or demand.forbidden:
        reason = "what is added cannot come so far, or nothing is left for that position"
    return _refusal(f"{demand.name} cannot be kept: {reason}")


def _room(place: Place, need: float | Met) -> str:
    if isinstance(need, Met) or not np.isfinite(need):
        return ""
    measure = place.instrument.medium.measure
    return f": that takes at least {need:,g} {measure}s, and {place.enough:,g} are added"


def _refusal(what: str) -> ConstraintError:
    return ConstraintError(what[0].upper() + what[1:] + ".", "Ask for less, or for a longer piece.")


def _first(demands: Sequence[Demand], fits: Callable[[Sequence[Demand]], bool]) -> int | None:
    """The first demand that does not fit together with all before it; None where nothing at all fits."""
    if not fits([]):
        return None
    good, bad = 0, len(demands)  # so many fit, so many do not
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fits(demands[:middle]) else (good, middle)
    return good


def _holds(place: Place, demand: Demand, pattern: Pattern) -> bool:
    """Whether what a demand says holds a pattern, wherever it is said."""
    said, sought = demand.elements, pattern.elements
    inside = place.instrument.codec.inside
    whole = demand.pattern is not None and demand.pattern.whole
    for at in range(len(said) - len(sought) + 1):
        if said[at : at + len(sought)] != sought:
            continue
        if not pattern.whole:
            return True
        around = [said[at - 1 : at], said[at + len(sought) : at + len(sought) + 1]]
        if all((bool(side) and not inside(np.array(side, np.uint64))[0]) or (whole and not side) for side in around):
            return True
    return False


# ── what was given ──────────────────────────────────────────────────────────────────────────────────────────────────


def asked_piece(instrument: Instrument, name: str, given: Given) -> AbstractPiece:
    """The piece that was given for what has that name. Raises ConstraintError."""
    try:
        return piece_of(instrument.medium, given)
    except UndersongError as error:
        raise ConstraintError(f"{name}: {error.what}", error.do) from error


def asked_events(instrument: Instrument, name: str, at: int, given: Given) -> tuple[AbstractPiece, np.ndarray]:
    """The piece and its events, one at least."""
    piece = asked_piece(instrument, name, given)
    try:
        events = events_of(instrument.medium, instrument.codec, given)
    except UndersongError as error:
        raise ConstraintError(f"{name} at position {at}: {error.what}", error.do) from error
    if not len(events):
        raise ConstraintError(f"{name} has nothing at position {at}.", "Give the event that is meant.")
    return piece, events


def shown(piece: AbstractPiece) -> str:
    """A piece in a few words, in quotes."""
    words = " ".join(str(piece).split()) or str(piece)
    return f"{words[:40] + '…' if len(words) > 40 else words!r}"


# ── symbols and elements ───────────────────────────────────────────────────────────────────────────────────────────


def _parts(spelled: Spelled, events: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Events cut wherever they are whole, each part with its elements; what is left open at the end is left out."""
    grammar, begun, situation = spelled.codec.grammar, [], 0
    parts: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for event in events:
        begun.append(event)
        situation = 0 if grammar is None else int(grammar.following[situation, event])
        if situation == 0:
            parts.append((tuple(begun), spelled.raw_of(begun)))
            begun = []
    return parts


def _measure(spelled: Spelled, events: Sequence[int]) -> float:
    return float(spelled.codec.progress(np.array(events))[-1]) if len(events) else 0.0


@final
class _Classes:
    """The classes of elements in an automaton."""

    def __init__(self, place: Place, automaton: Automaton) -> None:
        self.inside, self.automaton = place.instrument.codec.inside, automaton

    def of(self, elements: Sequence[int]) -> list[int]:
        if not elements:
            return []
        array = np.array(elements, np.uint64)
        found: list[int] = self.automaton.classes_of(array, np.asarray(self.inside(array), bool)).tolist()
        return found
