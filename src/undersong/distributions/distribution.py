"""What every distribution answers, and how its dials are declared.

A distribution is a small frozen value of settings; its parameters (…, P) come from a head and are handed to each call.
It is written against the array API, so the same lines serve torch when learning and numpy when playing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import array_api_compat as compat

from undersong.errors import DialError

__all__ = ["AbstractDistribution", "Dial", "checked", "per_row"]


@dataclass(frozen=True)
class Dial:
    """Something a player can turn: CLI options, HTTP fields and sliders are built from this declaration."""

    name: str
    sentence: str
    low: float
    high: float
    neutral: float
    whole: bool = False
    """Whether it counts something, so that between two numbers there is none."""

    def check(self, value: Any, where: str = "") -> float:
        """The value itself. Raises DialError when it is no such number in the range; `where` says of which event."""
        fits = isinstance(value, Real) and self.low <= float(value) <= self.high  # NaN is nowhere
        if not fits or (self.whole and float(value) != round(value)):
            kind = "a whole number" if self.whole else "a number"
            raise DialError(
                f"{self.name} {value}{where} is not {kind} from {self.low:g} to {self.high:g}.", self.sentence
            )
        return float(value)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sentence": self.sentence,
            "low": self.low,
            "high": self.high,
            "neutral": self.neutral,
            **({"whole": True} if self.whole else {}),
        }


class AbstractDistribution(ABC):
    """Odds over the next event, as a function of parameters (…, P)."""

    kind: ClassVar[str]
    dials: ClassVar[tuple[Dial, ...]]
    uniforms: ClassVar[int]
    """How many uniforms one draw takes (U); no dial changes it."""

    @property
    @abstractmethod
    def parameter_count(self) -> int:
        """P: how many numbers a head must give."""

    @abstractmethod
    def log_prob(self, parameters: Any, events: Any) -> Any:
        """log p of events (…) or (…, D) under parameters (…, P): (…), in nats."""

    @abstractmethod
    def turned(self, parameters: Any, dials: Mapping[str, float]) -> Any:
        """The parameters after the dials, which are in range; a dial left out or at its neutral changes nothing.

        The same for every row: what differs from row to row is in the parameters.
        """

    @abstractmethod
    def mask(self, parameters: Any, allowed: Any) -> Any:
        """The parameters with everything outside `allowed` made impossible."""

    @abstractmethod
    def sample(self, parameters: Any, uniforms: Any) -> Any:
        """One event per row from uniforms (…, U) in [0, 1), computed in float64."""

    @abstractmethod
    def mode(self, parameters: Any) -> Any:
        """The likeliest event per row."""

    @abstractmethod
    def blend(self, parameters: Sequence[Any], weights: Sequence[Any], how: str = "linear") -> Any:
        """Parameters of a mixture ("linear") or a normalised geometric mean ("log").

        Each weight is a number, or an array (…) with one for each row of the parameters (…, P).
        Raises UsageError where a distribution has no closed form for it.
        """

    @abstractmethod
    def describe(self, parameters: Any, display: Callable[[int], str]) -> dict[str, Any]:
        """The odds of one row (P,) as JSON; `display` gives a symbol's unique name."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Settings, `kind` included."""

    def draw(self, parameters: Any, uniforms: Any, dials: Mapping[str, Any]) -> Any:
        """One event per row under the dials; a temperature of 0 is the mode."""
        return self.drawn(parameters, uniforms, self.check_dials(dials))

    def drawn(self, parameters: Any, uniforms: Any, dials: Mapping[str, float]) -> Any:
        """The same under dials that were checked before, as they are for the whole of a piece."""
        if dials.get("temperature") == 0.0:
            return self.mode(self.turned(parameters, {k: v for k, v in dials.items() if k != "temperature"}))
        return self.sample(self.turned(parameters, dials), uniforms)

    def played(self, parameters: Any, allowed: Any, uniforms: Any, dials: Mapping[str, float]) -> tuple[Any, Any]:
        """One event per row, drawn among `allowed` (all where None), and its -log p under the untouched parameters."""
        masked = parameters if allowed is None else self.mask(parameters, allowed)
        events = self.drawn(masked, uniforms, dials)
        return events, -self.log_prob(parameters, events)

    def check_dials(self, dials: Mapping[str, Any]) -> dict[str, float]:
        """Every dial by name and in range. Raises DialError."""
        return checked(self.dials, dials)


def checked(dials: Sequence[Dial], given: Mapping[str, Any]) -> dict[str, float]:
    """What was given, each by the name of one of these dials and in its range. Raises DialError."""
    known = {dial.name: dial for dial in dials}
    for name in given:
        if name not in known:
            raise DialError(f"There is no dial '{name}'.", f"This instrument has: {', '.join(known)}.")
    return {name: known[name].check(value) for name, value in given.items()}


def per_row(weights: Sequence[Any], parameters: Any) -> list[Any]:
    """Each weight, a number or an array (…), as it goes with parameters (…, P): in float64, with an axis for P."""
    xp = compat.array_namespace(parameters)
    device = compat.device(parameters)
    return [xp.asarray(weight, dtype=xp.float64, device=device)[..., None] for weight in weights]
