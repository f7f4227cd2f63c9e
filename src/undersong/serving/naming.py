"""How likely each event was, by name, and which were the likeliest at its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from undersong.distributions.categorical import Categorical
from undersong.errors import UsageError
from undersong.playing.instrument import Instrument

__all__ = ["Names", "check_names"]

_MOST = 500_000  # names in one answer: some 20 MB of JSON


def check_names(instrument: Instrument, count: int | None, events: int) -> int | None:
    """How many of the likeliest are named for each of so many events.

    Raises UsageError where events have no names, and where it would be more than an answer holds.
    """
    if count is None:
        return None
    if not (instrument.one_symbol and isinstance(instrument.distribution, Categorical)):
        raise UsageError(
            f"What '{instrument.name}' plays has no names, and so no likeliest events.",
            "Leave it out: `nats` says how surprising a piece is.",
        )
    if events * (count + 1) > _MOST:
        raise UsageError(f"{events * (count + 1):,} names are more than one answer holds.", "Ask for fewer, or less.")
    return count


@final
class Names:
    """Of one row: each event's log odds, and those of the likeliest at its place, in the order they were played."""

    def __init__(self, instrument: Instrument, count: int) -> None:
        assert isinstance(instrument.distribution, Categorical)
        self._codec, self._odds_of, self._count = instrument.codec, instrument.distribution, count
        self._events: list[int] = []
        self._found: list[float] = []
        self._likeliest: list[tuple[list[int], list[float]]] = []

    def hear(self, event: int, odds: np.ndarray) -> None:
        """An event and the odds (V,) it was drawn from, as they were before any dial."""
        log_odds = self._odds_of.log_odds(odds)
        count = min(self._count, len(log_odds))
        best = np.argpartition(-log_odds, count - 1)[:count] if count else np.zeros(0, np.int64)
        best = best[np.argsort(-log_odds[best], kind="stable")]
        self._events.append(event)
        self._found.append(log_odds.item(event))
        self._likeliest.append((best.tolist(), log_odds[best].tolist()))

    def length(self, start: int = 0, stop: int | None = None) -> int:
        """How long events `start` to `stop` are together, in the medium's measure."""
        progress = self._progress(start, stop)
        return int(progress[-1]) if len(progress) else 0

    def to_json(self, before: int, start: int = 0, stop: int | None = None) -> dict[str, Any]:
        """Events `start` to `stop`, before which it was so long, in the medium's measure."""
        events, display = self._events[start:stop], self._codec.display
        ends = [before + int(end) for end in self._progress(start, stop)]
        return {
            "tokens": [display(event) for event in events],
            "token_logprobs": self._found[start:stop],
            "top_logprobs": [self._named(*each) for each in self._likeliest[start:stop]],
            "text_offset": [before, *ends][: len(events)],
        }

    def _progress(self, start: int, stop: int | None) -> np.ndarray:
        return self._codec.progress(np.array(self._events[start:stop], np.int64))

    def _named(self, events: Sequence[int], log_odds: Sequence[float]) -> Mapping[str, float]:
        return {self._codec.display(event): value for event, value in zip(events, log_odds, strict=True)}
