"""What an instrument plays to be measured: at three temperatures beside every evaluation, and as much as is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

import numpy as np

from undersong.events import AbstractPiece
from undersong.playing.instrument import Instrument

__all__ = ["TEMPERATURES", "PlayedPieces", "play", "three_samples"]

TEMPERATURES = (0.4, 0.7, 1.0)

_ROWS = 10  # pieces played side by side
_MOST_ROWS = 500
_ROUNDS = 20  # of more pieces, where they end early; of an instrument that ends at once there are no more


def three_samples(instrument: Instrument, seed: int, share: float = 0.4) -> dict[str, str]:
    """One sample at each temperature, the first the seed gives, `share` as long as the medium's usual."""
    length = max(1, round(instrument.medium.sample_length * share))
    return {f"{t:g}": str(instrument.sample(length=length, seed=seed, temperature=t)) for t in TEMPERATURES}


@final
@dataclass(frozen=True)
class PlayedPieces:
    """Pieces without a prompt, events (T, …) of each, their nats under the player's own odds, their whole length."""

    pieces: list[AbstractPiece] = field(default_factory=list)
    events: list[np.ndarray] = field(default_factory=list)
    nats: float = 0.0
    length: int = 0


def play(instrument: Instrument, length: int, seed: int, temperature: float = 1.0) -> PlayedPieces:
    """Pieces that are together so long, in the medium's measure: a few long ones, or many where they end early."""
    each = instrument.medium.sample_length if instrument.medium.shape == "pieces" else -(-length // _ROWS)
    played, rows = PlayedPieces(), _ROWS
    for number in range(_ROUNDS):
        # other dice each round, and other ones than the next seed that a person would try
        found = instrument.samples(rows, "", each, seed + number * 2**32, temperature=temperature)
        played = PlayedPieces(
            [*played.pieces, *(sample.piece for sample in found)],
            [*played.events, *(sample.events for sample in found)],
            played.nats + sum(sample.nats for sample in found),
            played.length + sum(instrument.codec.measure(sample.piece) for sample in found),
        )
        usual = played.length / len(played.pieces)
        if played.length >= length or not usual:
            break
        rows = min(_MOST_ROWS, int(-(-(length - played.length) // usual)))
    return played
