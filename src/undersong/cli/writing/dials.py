"""Dials under the keys: which is in hand, what all are turned to, and how far one press turns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from undersong.distributions.distribution import Dial
from undersong.playing.dials import Setting, checked_settings

__all__ = ["Dials", "steps_of"]

_COUNTS = (1, 2, 5)  # what a large number is turned through, times 1, 10, 100 …
_SLACK = 1e-6  # of a step: 0.3 is three tenths, whatever floats make of it


def steps_of(dial: Dial) -> float:
    """How far one press turns a dial that is no count: a twentieth where it goes to 1, a tenth where further."""
    span = dial.high - dial.low
    return 0.05 if span <= 1 else 0.1 if span <= 20 else span / 100


@final
@dataclass(frozen=True)
class Dials:
    """All that an instrument declares, what they are set to, and the place of the one in hand."""

    declared: tuple[Dial, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    hand: int = 0

    @classmethod
    def of(cls, declared: Sequence[Dial], settings: Mapping[str, Setting]) -> Dials:
        """As they are turned at first. Raises DialError."""
        checked_settings(declared, settings)
        return cls(tuple(declared), dict(settings))

    @property
    def dial(self) -> Dial:
        """The one in hand."""
        return self.declared[self.hand]

    def value(self, dial: Dial) -> float:
        """What it is set to; at the first event where that is a way."""
        setting = self.settings.get(dial.name, dial.neutral)
        return float(checked_settings([dial], {dial.name: setting})[dial.name][0])

    def shown(self, dial: Dial) -> str:
        """Its setting as people read it."""
        setting = self.settings.get(dial.name, dial.neutral)
        return setting if isinstance(setting, str) else f"{self.value(dial):.10g}"

    def turned(self, dial: Dial) -> bool:
        """Whether it is off its neutral."""
        setting = self.settings.get(dial.name, dial.neutral)
        return not isinstance(setting, int | float) or setting != dial.neutral

    @property
    def off_neutral(self) -> tuple[tuple[str, Setting], ...]:
        """What is turned, and to what."""
        return tuple((dial.name, self.settings[dial.name]) for dial in self.declared if self.turned(dial))

    def choose(self, steps: int) -> Dials:
        """Another dial in hand, further down or up; the last is followed by the first."""
        return replace(self, hand=(self.hand + steps) % len(self.declared))

    def turn(self, steps: int) -> Dials:
        """The one in hand turned by so many presses, as far as it goes."""
        dial, value = self.dial, self.value(self.dial)
        for _ in range(abs(steps)):
            value = _pressed(dial, value, 1 if steps > 0 else -1)
        return self.set(value)

    def set(self, value: float | str) -> Dials:
        """The one in hand set to a number, or a way in words. Raises DialError."""
        checked_settings([self.dial], {self.dial.name: value})
        return replace(self, settings={**self.settings, self.dial.name: value})

    def rest(self) -> Dials:
        """The one in hand at its neutral."""
        return replace(self, settings={name: v for name, v in self.settings.items() if name != self.dial.name})

    def typed(self, words: str) -> Dials:
        """The one in hand set to what somebody typed. Raises DialError."""
        try:
            value: float | str = float(words)
        except ValueError:
            value = words
        return self.set(value)


def _pressed(dial: Dial, value: float, way: int) -> float:
    """The value one press further up (1) or down (-1)."""
    if not dial.whole:
        step = steps_of(dial)
        at = value / step - dial.low / step
        steps = math.floor(at + _SLACK) + 1 if way > 0 else math.ceil(at - _SLACK) - 1
        return min(max(round(dial.low + steps * step, 6), dial.low), dial.high)
    ladder = [0, *(digit * 10**power for power in range(7) for digit in _COUNTS)]
    further = [count for count in ladder if (count - value) * way > 0]
    there = (min(further) if way > 0 else max(further)) if further else value
    return float(min(max(there, dial.low), dial.high))
