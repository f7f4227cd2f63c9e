"""What `learn` gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from undersong.playing.instrument import Instrument
from undersong.playing.loading import load

__all__ = ["Run"]


@final
@dataclass(frozen=True)
class Run:
    """A finished or stopped run."""

    folder: Path
    nats: float
    baseline_nats: float
    stopped: bool

    def instrument(self) -> Instrument:
        """What was learned, ready to play."""
        return load(self.folder)
