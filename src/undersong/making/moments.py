"""What happens while an instrument is made, as values: a screen shows them, log.jsonl keeps them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

__all__ = ["Counted", "Evaluated", "Finished", "Moment", "Observer", "Planned", "Read", "Stepped", "Warned"]


@dataclass(frozen=True)
class Moment:
    """Something that happened, `elapsed` seconds after the command began."""

    what: ClassVar[str]
    elapsed: float

    def to_json(self) -> dict[str, Any]:
        return {"what": self.what, **asdict(self)}


@dataclass(frozen=True)
class Read(Moment):
    """The material was read and split."""

    what: ClassVar[str] = "read"
    medium: str
    measure: str
    pieces: int
    length: int
    events: int
    held_out: int
    symbols: int | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [*self.notes]
        symbols = f", {self.symbols} symbols" if self.symbols else ""
        lines.append(
            f"{self.length:,} {self.measure}s in {self.pieces} piece{'s' * (self.pieces != 1)}{symbols}; "
            f"{self.events:,} events to learn from, {self.held_out:,} held out."
        )
        return "\n".join(lines)


@dataclass(frozen=True)
class Counted(Moment):
    """The n-gram is there: it plays from now on, and its score stands beside every loss."""

    what: ClassVar[str] = "counted"
    name: str
    nats: float
    samples: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        plays = " It plays from now on." if self.samples else ""
        return f"{self.name} has {self.nats:.3f} nats per event on what is held out.{plays}"


@dataclass(frozen=True)
class Planned(Moment):
    """The network's form and how long it will learn."""

    what: ClassVar[str] = "planned"
    network: str
    weights: int
    precision: str
    steps: int
    events_per_step: int
    seconds: float | None
    resumed: bool = False

    def __str__(self) -> str:
        again = "Going on with" if self.resumed else "Learning with"
        return (
            f"{again} {self.network}, {self.weights:,} weights, {self.precision}; "
            f"about {self.steps:,} steps of {self.events_per_step:,} events."
        )


@dataclass(frozen=True)
class Stepped(Moment):
    """One step of learning; nats per event on what was learned from."""

    what: ClassVar[str] = "stepped"
    step: int
    steps: int
    nats: float
    rate: float
    gradient_norm: float
    events_per_second: float
    left: float

    def __str__(self) -> str:
        return (
            f"step {self.step:,}/{self.steps:,}  {self.nats:.3f} nats learning  "
            f"{self.events_per_second:,.0f} events/s  {self.left:.0f} s left"
        )


@dataclass(frozen=True)
class Evaluated(Moment):
    """The half-learned instrument on held-out events, and what it plays at three temperatures."""

    what: ClassVar[str] = "evaluated"
    step: int
    steps: int
    learned_nats: float
    nats: float
    baseline: str
    baseline_nats: float
    samples: Mapping[str, str]
    best: bool

    def __str__(self) -> str:
        told = [
            f"step {self.step:,}/{self.steps:,}  {self.learned_nats:.3f} nats learning  {self.nats:.3f} held out  "
            f"({self.baseline} {self.baseline_nats:.3f})"
        ]
        told += [f"  at {t}: {' '.join(sample.split())[:100]}" for t, sample in self.samples.items()]
        return "\n".join(told)


@dataclass(frozen=True)
class Warned(Moment):
    """Something a person should know, in plain words."""

    what: ClassVar[str] = "warned"
    words: str

    def __str__(self) -> str:
        return f"Note: {self.words}"


@dataclass(frozen=True)
class Finished(Moment):
    """The instrument is written: its score from playing the finished file over held-out events, per measure."""

    what: ClassVar[str] = "finished"
    folder: str
    instrument: str
    measure: str
    nats: float
    baseline: str
    baseline_nats: float
    held_out: int
    kept: str
    stopped: bool

    def __str__(self) -> str:
        bits = self.nats / math.log(2)
        done = "Stopped" if self.stopped else "Done"
        return (
            f"{done} after {self.elapsed:.0f} s: {self.nats:.3f} nats ({bits:.3f} bits) per {self.measure} on "
            f"{self.held_out:,} {self.measure}s it never learned from; {self.baseline} has {self.baseline_nats:.3f}. "
            f"Kept: {self.kept}.\nThe instrument is {self.instrument}"
        )


Observer = Callable[[Moment], None]
