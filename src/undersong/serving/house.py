"""What a server has: its instruments by name, each with the scheduler that plays it, and everybody's workspaces."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from undersong.errors import UnknownNameError, UsageError
from undersong.playing.instrument import Instrument
from undersong.serving.scheduler import Scheduler
from undersong.serving.settings import Serving

if TYPE_CHECKING:
    from undersong.serving.metrics import Metrics
    from undersong.serving.workspaces import Workspaces

__all__ = ["House", "Voice"]


@final
@dataclass(frozen=True)
class Voice:
    """An instrument that is served, under the name that people ask for it by."""

    name: str
    instrument: Instrument
    scheduler: Scheduler
    created: int = field(default_factory=lambda: int(time.time()))
    """When it was taken up, in seconds since 1970."""


@final
@dataclass(frozen=True)
class House:
    """Everything that answers; `app.state.house`."""

    settings: Serving
    voices: Mapping[str, Voice]
    workspaces: Workspaces
    metrics: Metrics

    @classmethod
    def of(cls, instruments: Mapping[str, Instrument], settings: Serving) -> House:
        """A house with these instruments. Raises UsageError where there is none."""
        from undersong.serving.metrics import Metrics
        from undersong.serving.workspaces import Workspaces

        if not instruments:
            raise UsageError("A server needs an instrument to play.", "Name a run, or a voice such as anthology.")
        metrics = Metrics()
        voices = {
            name: Voice(name, each, Scheduler(each, settings, name, metrics)) for name, each in instruments.items()
        }
        return cls(settings, voices, Workspaces(settings), metrics)

    @property
    def first(self) -> Voice:
        """What plays for who knows of no names, as old clients do not."""
        return next(iter(self.voices.values()))

    def voice(self, name: str | None = None) -> Voice:
        """The voice of that name; without one the only one there is.

        Raises UnknownNameError, and UsageError where there are several and none is named.
        """
        if name is None and len(self.voices) > 1:
            raise UsageError("Several instruments play here, and none was named.", self._known)
        if name is None:
            return self.first
        if name not in self.voices:
            near = difflib.get_close_matches(name[:200], self.voices, n=1)
            raise UnknownNameError(
                f"No instrument '{name[:80]}' plays here.", f"Did you mean '{near[0]}'?" if near else self._known
            )
        return self.voices[name]

    @property
    def _known(self) -> str:
        return f"Playing: {', '.join(self.voices)}."

    def close(self) -> None:
        """Ends every scheduler; who still waits is told, and nothing of anybody's is kept."""
        self.workspaces.forget()
        for voice in self.voices.values():
            voice.scheduler.close()
