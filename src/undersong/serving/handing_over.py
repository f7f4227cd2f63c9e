"""A live session from one server to another: its state goes along, so that nothing but the last event is heard again.

    {"count": 411, "state": {…}, "odds": [-3.1, …]}

The state is that after `count` events; hearing the rest gives the odds as the instrument works them out, so that none
are taken from elsewhere. The first of these, `odds`, show whether it is the same instrument that plays here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from undersong.errors import InputError
from undersong.playing.courses import Course
from undersong.playing.sessions.carried import carried, taken
from undersong.playing.sessions.history import Heard
from undersong.playing.sessions.session import Session

__all__ = ["AGAIN_FROM", "handed_over", "taken_over"]

AGAIN_FROM = "Leave out `carried`: the session is then heard from its beginning."
"""What to do about any such state."""

_AGAIN = 64  # events that are heard once more, at the most
_SHOWN = 16  # numbers of the odds
_NEAR = 0.5  # in nats: what a processor without the same kernels makes of a state is nearer than that


def handed_over(session: Session) -> Course[dict[str, Any]]:
    """How the instrument stands near the end of a session that has an event at least."""
    instrument, history = session.instrument, session.past.history
    heard = yield from session.hearing()
    before = yield from history.until(session.length - 1).hearing(instrument, session.condition)
    odds = [number if np.isfinite(number) else None for number in _first(heard).tolist()]
    return {"count": before.count, "state": carried(before.state), "odds": odds}


def taken_over(session: Session, data: Mapping[str, Any]) -> Course[Heard]:
    """How the instrument stands at the end of such a session, from what came with it, whoever wrote it.

    Raises InputError for a state that is none of this instrument's; one of whole numbers that stand for nothing fails
    in the step itself, in whatever way.
    """
    instrument, length = session.instrument, session.length
    count = data.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or not max(0, length - _AGAIN) <= count < length:
        raise InputError(
            f"The carried state comes after {str(count)[:20]} events; of {length:,} it should be one of the last "
            f"{_AGAIN}, and not the last.",
            AGAIN_FROM,
        )
    begun = instrument.begin(session.condition)
    place = Heard(begun.parameters, taken(data.get("state"), begun.state), count)
    heard = yield from instrument.hearing(session.past.history.part(count, length), place, session.condition)
    _check_same(heard, data.get("odds"))
    return heard


def _check_same(heard: Heard, given: Any) -> None:
    """Raises InputError where the odds are others than those that were exported."""
    odds = _first(heard)
    listed = given if isinstance(given, list) and len(given) == len(odds) else [""]
    if not all(each is None or (isinstance(each, float | int) and abs(each) < 1e300) for each in listed):
        raise InputError(f"The carried odds should be {len(odds)} numbers.", AGAIN_FROM)
    expected = np.array([np.nan if each is None else float(each) for each in listed])
    here = np.where(np.isfinite(odds), odds, np.nan)
    if not np.allclose(here, expected, rtol=0.05, atol=_NEAR, equal_nan=True):
        raise InputError(
            "From the carried state this instrument expects something else than the one that it comes from.",
            f"It may have learned on since, or be another of that name. {AGAIN_FROM}",
        )


def _first(heard: Heard) -> np.ndarray:
    """The first numbers of the odds that come next."""
    found: np.ndarray = heard.parameters["next"][0].ravel()[:_SHOWN].astype(np.float64)
    return found
