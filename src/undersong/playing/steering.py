"""What can be turned while playing without hearing anything again: the weights of a mixture.

Such a weight is a condition, free to change with every event and recorded with the rest, and is shown as a dial.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from keyword import iskeyword
from typing import Any, Protocol, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.events import Condition, ConditionSpec, Parameters

__all__ = ["Steering", "Unsteered", "as_dials", "dial_name", "told_apart"]

_SPOKEN_FOR = {
    "condition", "count", "format", "keep", "length", "model", "n", "name", "prompt", "ranking", "seed", "self",
    "start", "stop", "stream", "until", "user", "within",
}  # fmt: skip
"""What verbs call other things: a dial of that name could not be turned."""
_LONGEST = 40  # letters of a dial's name


class Steering(Protocol):
    """Conditions that only weigh what was already worked out."""

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        """One number for each event, whose neutral value is what plays when nobody turns it."""

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        """The parameters of a step as they would be under another condition of this kind."""

    def check(self, given: Mapping[str, Any]) -> None:
        """Raises DialError where these conditions cannot be played together; what is not given is neutral."""

    def shares(
        self, parameters: Parameters, condition: Condition, events: np.ndarray
    ) -> Mapping[str, np.ndarray] | None:
        """By name the share (B,) that each voice had in these events (B, …); None where nobody wants to know."""


@final
class Unsteered:
    """Nothing to turn."""

    conditions: tuple[ConditionSpec, ...] = ()

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        return parameters

    def check(self, given: Mapping[str, Any]) -> None:
        return None

    def shares(self, parameters: Parameters, condition: Condition, events: np.ndarray) -> None:
        return None


def as_dials(specs: Sequence[ConditionSpec]) -> tuple[Dial, ...]:
    """The same, as a player turns them."""
    return tuple(
        Dial(spec.name, spec.sentence, spec.array.low or 0.0, spec.array.high or 1.0, spec.array.neutral)
        for spec in specs
    )


def dial_name(wanted: str, taken: Container[str]) -> str:
    """A name for a dial, as near to what is wanted as can be written in Python, and not one of those that are taken."""
    plain = re.sub(r"\W+", "_", wanted).strip("_")[:_LONGEST]
    if not plain.isidentifier() or iskeyword(plain) or plain in _SPOKEN_FOR:
        plain = f"voice_{plain}".rstrip("_")
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name


def told_apart(
    specs: Sequence[ConditionSpec], given: Mapping[str, Any] | None, settings: Mapping[str, np.ndarray], before: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What is asked, and the dials that are left: a dial of these `specs` becomes a condition, and overrides it.

    Settings (N,) count from the first event drawn, conditions from the first of all: `before` lie between them.
    """
    names = {spec.name for spec in specs}
    turned = {
        name: float(values[0]) if len(values) == 1 else np.concatenate([np.full(before, values[0]), values])
        for name, values in settings.items()
        if name in names
    }
    return {**(given or {}), **turned}, {name: values for name, values in settings.items() if name not in names}
