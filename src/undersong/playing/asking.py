"""What is asked of an instrument that plays: one value, checked where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from undersong.playing.constraining.constraints import Constraints
from undersong.playing.dials import Setting
from undersong.playing.given import Given, Several

__all__ = ["Asking"]


@final
@dataclass(frozen=True)
class Asking:
    """As `Instrument.sample` takes it, each part by its name there."""

    prompt: Given = ""
    length: int | None = None
    seed: int | None = None
    condition: Mapping[str, Any] | None = None
    stop: Several = ()
    start: Given | None = None
    within: Constraints | None = None
    dials: Mapping[str, Setting] = field(default_factory=dict)
