"""An instrument of words or parts of words, played letter by letter.

So a prompt may end in the middle of a symbol, letters can be asked for, and instruments of different units can be
compared and played together.

    poet = us.by_letter(us.load("sonnets-in-words"))
    poet.sample("Shal", length=200)      # goes on with what it expects of "Shall"
    poet.odds("To be, or n")["o"]        # a letter's odds, whatever the unit
    poet.score("Shall I compare thee")   # nats of a piece, in whatever symbols it may be cut
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.distributions.categorical import Categorical
from undersong.errors import UsageError
from undersong.events import AbstractCodec, Condition, ConditionSpec, Parameters
from undersong.playing.instrument import Instrument
from undersong.playing.letters.letter_steps import LetterSteps
from undersong.playing.letters.spellings import Spellings
from undersong.playing.steering import Steering, Unsteered

__all__ = ["BEAM", "by_letter"]

BEAM = 8
"""Hypotheses that are kept for each row."""
_MOST = 64  # of them: each holds the odds of every symbol, and four times 8 gain next to nothing


def by_letter(instrument: Instrument, beam: int = BEAM) -> Instrument:
    """The same instrument with letters for events; itself where it has them already.

    A letter's odds are those that all symbols together lead to, however a piece may be cut into them. They are exact
    while `beam` hypotheses of that are enough: then the reading `lost` (B,) is 0. Where they are not, the likeliest are
    kept, and the nats of a piece would with all of them be no more than its score plus `lost`. Two always keep one in
    which no symbol has begun, so that no letter becomes impossible by that alone; 1 may.

    Of Shakespeare an LSTM that had learned for twenty seconds lost 0.004 nats a letter with 8, for parts of words, and
    0.001 for words; 4 lost twice and three times as much, 16 hardly less. Where the ways meet again, as an n-gram's do,
    8 lost less than 0.00001.

    What the instrument hears for a whole piece it still hears, and a weight turned like a dial takes hold with the next
    symbol. Raises UsageError where symbols are not spelled, or where something is asked for each of them.
    """
    codec, letters = instrument.codec, instrument.codec.letters()
    if letters is None:
        raise UsageError(
            f"'{instrument.name}' plays events of '{codec.kind}', which are not spelled with letters.",
            "Play it event by event, as it is.",
        )
    if letters is codec or (letters.kind, letters.to_json()) == (codec.kind, codec.to_json()):
        return instrument
    if not 1 <= beam <= _MOST:
        raise UsageError(f"A beam of {beam} hypotheses is not possible.", f"Use 1 … {_MOST}.")
    if asked := [spec.name for spec in codec.conditions if spec.per == "event"]:
        raise UsageError(
            f"'{instrument.name}' listens to {', '.join(asked)} at every symbol; inside of one that has no meaning.",
            "Play it symbol by symbol, as it is.",
        )
    if not isinstance(instrument.distribution, Categorical):
        raise UsageError(
            f"Odds of '{instrument.distribution.kind}' cannot be told apart by letter.", "Play it as it is."
        )
    table = Spellings.of_codec(codec, letters)
    steps = LetterSteps(instrument.steps, instrument.distribution, codec.grammar, table, beam)
    steering = _FromNowOn(instrument.steering) if instrument.steering.conditions else Unsteered()
    settings = {key: value for key, value in letters.distribution.items() if key != "kind"}
    return Instrument(
        instrument.name,
        instrument.medium,
        _listening(letters, codec.conditions),
        registry.load("distributions", letters.distribution["kind"])(**settings),
        steps,
        {**instrument.facts, "by_letter": {"unit": codec.kind, "beam": beam}},
        steering=steering,
        fingerprints=instrument.fingerprints,
    )


def _listening(letters: AbstractCodec, conditions: tuple[ConditionSpec, ...]) -> AbstractCodec:
    """The letters of pieces that are made under these conditions."""
    if not conditions:
        return letters
    letters = copy(letters)
    letters.conditions = conditions
    return letters


@final
@dataclass(frozen=True)
class _FromNowOn:
    """Weights that hold from the next symbol on: the odds of the one now spelled were blended when it began."""

    inner: Steering

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        return self.inner.conditions

    def steered(self, parameters: Parameters, condition: Condition) -> Parameters:
        return parameters

    def check(self, given: Mapping[str, Any]) -> None:
        self.inner.check(given)

    def shares(self, parameters: Parameters, condition: Condition, events: np.ndarray) -> None:
        return None
