"""What holds an event back because of what came before it, and is no matter of its odds alone.

A brake takes nats off log-odds after the grammar and before all other dials. The repetition brake is in the manner of
"don't repeat yourself" sampling (DRY; p-e-w, 2024): what would go on a repetition costs the more, the longer it has
been going on, so that every loop ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, final

import numpy as np

from undersong.distributions.distribution import Dial
from undersong.shapes import Float

__all__ = ["REPETITION", "Brake", "Repetition"]

REPETITION = (
    Dial("brake", "How hard a repetition is held back, in nats an event once it is too long; 0 is not.", 0.0, 5.0, 0.0),
    Dial("brake_after", "How many events may be repeated before the brake acts.", 1.0, 100.0, 8.0, whole=True),
)

_WINDOW = 1_000  # events that are looked back on
_MOST = 100  # events too many after which it no longer gets harder


class Brake(Protocol):
    """Something that listens to rows played side by side, and holds symbols back."""

    def nats(self, dials: Mapping[str, float]) -> Float[np.ndarray, "B V"] | None:
        """What each symbol loses now, under dials off their neutral; None where nothing does."""

    def hear(self, each: Sequence[int], situations: Sequence[int]) -> None:
        """One more symbol in each row, and where each row then stands in the grammar."""


@final
class Repetition:
    """For every place among the last 1,000 events how far what came before it repeats now: (B, W), a line a step.

    `heard` holds the events, the latest last, and -1 before them. Where `run` is m, the last m events also stand just
    before the event in `heard` at the same index: that one would go on the repetition.
    """

    def __init__(self, symbols: int, opening: np.ndarray, rows: int) -> None:
        """Rows that have all heard the same so far (T,)."""
        self.symbols = symbols
        self.heard = np.full((1, _WINDOW), -1, np.int32)
        self.run = np.zeros((1, _WINDOW), np.int32)
        for event in opening[-_WINDOW:].tolist():
            self.hear([event], [])
        self.heard, self.run = np.repeat(self.heard, rows, axis=0), np.repeat(self.run, rows, axis=0)

    def hear(self, each: Sequence[int], situations: Sequence[int]) -> None:
        comes = np.array(each, np.int32)[:, None]
        self.run += 1
        self.run *= self.heard == comes
        self.heard[:, :-1] = self.heard[:, 1:]  # the run that ended before an event goes on before the one after it
        self.heard[:, -1:] = comes

    def nats(self, dials: Mapping[str, float]) -> Float[np.ndarray, "B V"] | None:
        """`brake` for each event from `brake_after` on that a symbol's longest repetition has run."""
        brake, after = dials.get("brake", 0.0), int(dials.get("brake_after", REPETITION[1].neutral))
        if not brake or self.run.max() < after:
            return None
        rows, places = np.nonzero(self.run >= after)
        held = np.zeros((len(self.run), self.symbols))
        np.maximum.at(held, (rows, self.heard[rows, places]), np.minimum(self.run[rows, places] - after + 1, _MOST))
        return held * brake
