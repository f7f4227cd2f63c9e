"""Dials as a player turns them: to a number, to one for each event, or along a way told in words.

"1.2>0.6/200" goes from 1.2 to 0.6 in 200 equal steps, one with each event drawn, and stays there; "0.3>1.2/100>0.5/50"
goes on. Events count from the first that is drawn, and whatever has an end holds its last value. All of it is checked
before the first event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.errors import DialError

__all__ = ["Setting", "Turned", "checked_settings"]

Setting = float | Sequence[float] | str
"""What a dial is turned to: a number, one for each event, or either in words."""

_LONGEST = 1_000_000  # events a way may take: more than anybody plays at one go, and 8 MB
_NUMBER = r"\s*+[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?\s*+"
_LEG = rf"({_NUMBER})/\s*+(\d{{1,9}})\s*+"
_WAY = re.compile(rf"({_NUMBER})((?:>{_LEG})+)", re.ASCII)
_LIST = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*", re.ASCII)


def checked_settings(dials: Sequence[Dial], given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Of each dial that was turned its values (N,) by event, the last of which is held.

    Raises DialError for a dial there is not, what is no setting, and a value out of range, with the event.
    """
    known = {dial.name: dial for dial in dials}
    for name in given:
        if name not in known:
            raise DialError(f"There is no dial '{name}'.", f"This instrument has: {', '.join(known)}.")
    return {name: _values(known[name], setting) for name, setting in given.items()}


def _values(dial: Dial, setting: Any) -> np.ndarray:
    if isinstance(setting, str):
        return _in_words(dial, setting)
    if isinstance(setting, np.ndarray):
        setting = setting.tolist()
    if not isinstance(setting, Sequence):
        return np.array([dial.check(setting)])
    if not len(setting):
        raise DialError(f"{dial.name} is turned to no value at all.", f"Give one at least. {dial.sentence}")
    if len(setting) == 1:
        return np.array([dial.check(setting[0])])
    return np.array([dial.check(value, f" (at event {at})") for at, value in enumerate(setting, 1)])


def _in_words(dial: Dial, words: str) -> np.ndarray:
    if _LIST.fullmatch(words):
        return _values(dial, [float(number) for number in words.split(",")])
    way = _WAY.fullmatch(words)
    if not way:
        shown = words if len(words) <= 40 else words[:40] + "…"
        raise DialError(
            f"{dial.name} '{shown}' is not a number from {dial.low:g} to {dial.high:g}.",
            "Nor is it one for each event, as 0.5,0.7,1 is, or a way, as 1>0.6/200 is: from 1 to 0.6 over 200 events.",
        )
    legs = [(float(number), int(over)) for number, over in re.findall(rf">{_LEG}", way[2])]
    if not all(over for _, over in legs) or sum(over for _, over in legs) > _LONGEST:
        raise DialError(
            f"{dial.name} goes its way '{words[:40]}' in no time, or in too long.",
            f"Each part takes 1 event or more, all together {_LONGEST:,} at most.",
        )
    stations = [(float(way[1]), 0), *legs]
    event = 1
    for value, over in stations:
        event += over
        dial.check(value, f" (at event {event})")
    parts = [np.linspace(here, there, over, endpoint=False) for (here, _), (there, over) in pairwise(stations)]
    values = np.concatenate([*parts, [stations[-1][0]]])
    return np.rint(values) if dial.whole else values


@final
class Turned:
    """Every dial that is off its neutral, event by event."""

    def __init__(self, dials: Sequence[Dial], settings: Mapping[str, np.ndarray]) -> None:
        """Those of `settings`, as `checked_settings` gives them, that belong to these dials."""
        self._neutral = {dial.name: dial.neutral for dial in dials}
        own = {name: values for name, values in settings.items() if name in self._neutral}
        self.ever = frozenset(name for name, values in own.items() if (values != self._neutral[name]).any())
        """Which are off their neutral at one event at least."""
        self._values = {name: own[name] for name in own if name in self.ever}
        self._settled = max((len(values) for values in self._values.values()), default=1) - 1
        self._held = dict(self._at(self._settled))

    def at(self, t: int) -> Mapping[str, float]:
        """At draw t, 0 and on. Never to be changed: what no longer moves is the same mapping every time."""
        return self._held if t >= self._settled else dict(self._at(t))

    def _at(self, t: int) -> Iterator[tuple[str, float]]:
        for name, values in self._values.items():
            value = values.item(min(t, len(values) - 1))
            if value != self._neutral[name]:
                yield name, value
