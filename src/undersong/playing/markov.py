"""An n-gram as an instrument: its state is the last few symbols, and it plays from the first moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.events import Condition, Parameters, State
from undersong.playing.ngram import NGram

__all__ = ["MarkovSteps"]


@final
@dataclass(frozen=True)
class MarkovSteps:
    """An n-gram that steps; `heard` is what came before the first event, such as a codec's start. No condition matters.

    state "context" (B, n - 1), -1 where nothing came before · parameters "next" (B, V), log-odds.
    """

    ngram: NGram
    heard: tuple[int, ...] = ()

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        length = self.ngram.order - 1
        context = np.full((batch, length + len(self.heard)), -1, dtype=np.int64)
        context[:, length:] = self.heard
        return self._at(context[:, len(self.heard) :])

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        return self._at(np.concatenate([state["context"], event[:, None]], axis=1, dtype=np.int64)[:, 1:])

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        parameters, after = self.step(event, condition, state)
        return parameters, after, {}  # a chain has no gates: its state is all there is

    def _at(self, context: np.ndarray) -> tuple[Parameters, State]:
        return {"next": self.ngram.log_odds(context)}, {"context": context}
