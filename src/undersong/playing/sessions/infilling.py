"""Ways to fill a place between what comes before it and what comes after: judged by how well the latter follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from undersong.events import Parameters, State
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Step
from undersong.playing.drawing import Wish
from undersong.playing.rows import Asked
from undersong.playing.sessions.candidates import Candidate, Ranking, by_rank, gathering

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.history import Heard

__all__ = ["FOLLOWED", "infilling"]

FOLLOWED = 64
"""Events after the place that are heard after each candidate: what is far away hardly depends on it."""

_TIMES = 3  # so many are drawn for each that is wanted: most do not lead on
_MOST = 64  # rows drawn for that


def infilling(
    instrument: Instrument,
    heard: Heard,
    before: np.ndarray,
    after: np.ndarray,
    count: int,
    until: str | None,
    ranking: Ranking,
    asked: Asking,
) -> Course[list[Candidate]]:
    """Up to `count` ways to go on after `before` (T, …) that lead to `after`, the best first.

    `nats` are a candidate's own. All have heard the same, so that one batch scores what follows after each of them.
    """
    rows = max(count, min(_TIMES * count, _MOST)) if len(after) else count
    found = yield from gathering(instrument, heard, before, count, rows, until, ranking, asked)
    after = after[:FOLLOWED]
    if found and len(after):
        follows = yield from _following(instrument, heard, [each.events for each in found], after, asked)
        pairs = zip(found, follows.tolist(), strict=True)
        found = [replace(each, follows=nats, followed=len(after)) for each, nats in pairs]
    return sorted(found, key=by_rank(ranking))[:count]


def _following(
    instrument: Instrument, heard: Heard, each: Sequence[np.ndarray], after: np.ndarray, asked: Asking
) -> Course[np.ndarray]:
    """-log p (B,) of `after`, after each of B beginnings; who has heard it all hears on, and nobody listens."""
    rows = len(each)
    wish = Wish.of(instrument, asked.condition, asked.dials, heard.count)
    at = Asked(instrument.conditions, wish.condition, rows)
    lengths = np.array([len(events) for events in each])
    longest = int(lengths.max()) + len(after)
    heard_by = [np.concatenate([events, after]) for events in each]
    waiting = [np.concatenate([events, np.repeat(events[-1:], longest - len(events), axis=0)]) for events in heard_by]
    played = np.stack(waiting, axis=1)  # (T, B, …)
    state: State = {name: np.repeat(value, rows, axis=0) for name, value in heard.state.items()}
    parameters: Parameters = {name: np.repeat(value, rows, axis=0) for name, value in heard.parameters.items()}
    condition = at(heard.count)
    parameters = instrument.steering.steered(parameters, condition)
    nats = np.zeros(rows)
    for t, events in enumerate(played):
        counts = (lengths <= t) & (t < lengths + len(after))
        if counts.any():
            found = -instrument.distribution.log_prob(parameters["next"], events)
            nats += np.where(counts, found, 0.0)
        if t + 1 < longest:
            condition = at(heard.count + t + 1)
            parameters, state = yield Step(events, condition, state)
    return nats
