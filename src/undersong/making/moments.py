"""What happens while an instrument is made, as values: a screen shows them, log.jsonl keeps them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

__all__ = [
    "Counted", "Evaluated", "Finished", "Moment", "Observer", "Paused", "Planned", "Read", "Resumed", "Stepped",
    "Warned",
]  # fmt: skip


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
    note: str = ""

    def __str__(self) -> str:
        plays = " It plays from now on." if self.samples else ""
        note = f" {self.note}" if self.note else ""
        return f"{self.name} has {self.nats:.3f} nats per event on what is held out.{plays}{note}"


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
class Paused(Moment):
    """Somebody asked it to pause: what was learned is saved, and the minutes stand still."""

    what: ClassVar[str] = "paused"
    folder: str

    def __str__(self) -> str:
        return f"Paused; nothing is lost. Go on with: undersong resume {shlex.quote(self.folder)}"


@dataclass(frozen=True)
class Resumed(Moment):
    """It goes on after a pause of so many seconds, which the minutes do not count."""

    what: ClassVar[str] = "resumed"
    seconds: float

    def __str__(self) -> str:
        return f"Going on, after a pause of {self.seconds:.0f} s."


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
    duet: Mapping[str, float] | None = None  # the n-gram's weight, and nats per measure of both as one
    copying: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        bits = self.nats / math.log(2)
        done = "Stopped" if self.stopped else "Done"
        told = (
            f"{done} after {self.elapsed:.0f} s: {self.nats:.3f} nats ({bits:.3f} bits) per {self.measure} on "
            f"{self.held_out:,} {self.measure}s it never learned from; {self.baseline} has {self.baseline_nats:.3f}"
        )
        if self.duet is not None:
            told += f", both as a duet {self.duet['nats_per_measure']:.3f} ({self.duet['weight']:.0%} n-gram)"
        told += f". Kept: {self.kept}."
        if self.copying is not None:
            told += f"\nCopied, of every 20 {self.measure}s in a row: {self._copied()}."
        return f"{told}\nThe instrument is {self.instrument}"

    def _copied(self) -> str:
        assert self.copying is not None
        players = (("the network", self.copying["network"]), (self.baseline, self.copying["ngram"]))
        return "; ".join(f"{name} {of['share']:.1%}, longest {of['longest']}" for name, of in players if of)


Observer = Callable[[Moment], None]
