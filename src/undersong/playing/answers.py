"""What an instrument answers with: an event as it is played, a sample, a score, a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import AbstractPiece
from undersong.playing.copying import Copied

__all__ = ["Played", "Sampled", "Score", "Trace"]


@final
@dataclass(frozen=True)
class Played:
    """One event as it is played: -log p in nats under the instrument's own odds, and what it adds to the piece."""

    event: np.ndarray
    nats: float
    added: AbstractPiece | None
    voices: Mapping[str, float] | None = None
    """Of a mixture the share that each voice had in it."""

    def __str__(self) -> str:
        return "" if self.added is None else str(self.added)


@final
@dataclass(frozen=True)
class Sampled:
    """A finished sample: the whole piece, prompt included, and how it came about."""

    piece: AbstractPiece
    events: np.ndarray
    nats: float
    seed: int
    copied: tuple[Copied, ...] | None = None
    """What of it stands in the material, counted from where the prompt ends; None where nobody knows."""
    voices: Mapping[str, np.ndarray] | None = None
    """Of a mixture the share (T,) that each voice had in each event."""

    def to_json(self) -> dict[str, Any]:
        per_event = self.nats / max(1, len(self.events))
        return {
            "piece": self.piece.to_json(),
            **self.piece.json_fields(),
            "seed": self.seed,
            "events": len(self.events),
            "nats": self.nats,
            "nats_per_event": per_event,
            "copied": None if self.copied is None else [copied.to_json() for copied in self.copied],
            **({} if self.voices is None else {"voices": {name: v.tolist() for name, v in self.voices.items()}}),
        }


@final
@dataclass(frozen=True)
class Score:
    """How surprising a piece is: nats (T,) per event, and the piece's length in the medium's measure."""

    nats: np.ndarray
    length: int
    measure: str

    @property
    def nats_per_event(self) -> float:
        return float(self.nats.sum()) / max(1, len(self.nats))

    @property
    def nats_per_measure(self) -> float:
        """Nats per character, point, second: comparable between instruments that cut a piece up differently."""
        return float(self.nats.sum()) / max(1, self.length)

    def to_json(self) -> dict[str, Any]:
        return {
            "events": len(self.nats),
            f"{self.measure}s": self.length,
            "nats_per_event": self.nats_per_event,
            f"nats_per_{self.measure}": self.nats_per_measure,
            f"bits_per_{self.measure}": self.nats_per_measure / float(np.log(2)),
        }

    def __str__(self) -> str:
        return f"{self.nats_per_measure:.3f} nats per {self.measure} over {self.length:,} {self.measure}s"


@final
@dataclass(frozen=True)
class Trace:
    """A piece as the instrument heard it, event by event: nats (T,), and every named inner array (T, …).

    `inner` holds `parameters.*` (the odds before each event), `state.*` and `gate.*` (after it).
    """

    events: np.ndarray
    nats: np.ndarray
    inner: Mapping[str, np.ndarray]
