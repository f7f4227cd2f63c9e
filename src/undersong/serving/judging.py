"""What an instrument makes of something, for whoever serves many at once: the odds of what comes next, and scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from undersong.errors import DialError
from undersong.events import AbstractPiece
from undersong.playing.answers import Score
from undersong.playing.courses import Course, Step
from undersong.playing.drawing import Wish
from undersong.playing.instrument import Instrument
from undersong.playing.rows import Asked
from undersong.playing.sessions.history import Heard

__all__ = ["hearing_under", "odds_after", "scoring"]

_AT_ONCE = 256  # events scored together, as `Instrument.score` does, so that the sums are the same


def hearing_under(
    instrument: Instrument, opening: np.ndarray, condition: Mapping[str, Any] | None, dials: Mapping[str, Any]
) -> Course[Heard]:
    """How the instrument stands after `opening` (T, …), asked and dialled like that. Raises DialError, InputError."""
    wish = Wish.of(instrument, condition, dials, len(opening))  # refused before a long prompt is heard
    heard = yield from instrument.hearing(opening, instrument.begin(wish.condition), wish.condition)
    return heard


def odds_after(
    instrument: Instrument,
    heard: Heard,
    before: np.ndarray,
    condition: Mapping[str, Any] | None,
    dials: Mapping[str, Any],
    top: int,
) -> dict[str, Any]:
    """The next event's odds where `before` (T, …) was heard: the `top` likeliest by name, the likeliest first.

    Where events have no names it is what the distribution says. With dials these are the odds it would be drawn with,
    and what may not follow has none. Raises DialError.
    """
    wish = Wish.of(instrument, condition, dials, len(before))
    at, brakes = wish.dials.at(0), wish.brakes.at(0)
    if at.get("temperature") == 0.0:
        raise DialError("At temperature 0 there are no odds: the likeliest event is always taken.")
    asked = Asked(instrument.conditions, wish.condition, 1)(heard.count)
    odds = instrument.steering.steered(heard.parameters, asked)["next"]
    if at or brakes:
        for brake in wish.brakes_for(instrument, before, 1):
            held = brake.nats(brakes)
            odds = odds if held is None else odds - held
        if grammar := instrument.codec.grammar:
            odds = instrument.distribution.mask(odds, grammar.allowed[[grammar.run(0, before)]])
    told = instrument.distribution.describe(instrument.distribution.turned(odds, at)[0], instrument.codec.display)
    if not instrument.one_symbol:
        return told
    likely = sorted(told.items(), key=lambda pair: -pair[1])[:top]
    return {name: p for name, p in likely if p > 0}


def scoring(
    instrument: Instrument, piece: AbstractPiece, events: np.ndarray, condition: Mapping[str, Any] | None
) -> Course[Score]:
    """How surprising a piece of these events (T, …) is, heard from its start; as `Instrument.score` has it."""
    codec = instrument.codec
    asked = Asked(instrument.conditions, codec.condition(piece) if condition is None else condition, 1)
    events = events.astype(codec.event.dtype, copy=False)
    nats: list[np.ndarray] = []
    heard: list[np.ndarray] = []
    parameters, state = instrument.steps.start(asked(0), 1)
    for t, event in enumerate(events):
        heard.append(parameters["next"][0].copy())  # a row of many would keep them all in memory
        if len(heard) == _AT_ONCE or t + 1 == len(events):
            nats.append(-instrument.distribution.log_prob(np.array(heard), events[t + 1 - len(heard) : t + 1]))
            heard = []
        if t + 1 < len(events):
            parameters, state = yield Step(event[None], asked(t + 1), state)
    together = np.concatenate(nats) if nats else np.zeros(0)
    return Score(together, codec.measure(piece), instrument.medium.measure)
