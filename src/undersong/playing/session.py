"""One live history of a person and an instrument, as a value: every change gives a new one, and the old one stays.

Undo is going back to the session before; a fork is keeping both. What has been heard is never heard again: each turn
keeps the odds and the state after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Parameters, State
from undersong.playing.copying import Copied
from undersong.playing.dials import Setting
from undersong.playing.given import Given, Several, events_of
from undersong.randomness import fresh_seed

__all__ = ["Candidate", "Heard", "Session", "Turn"]

PERSON, INSTRUMENT = "person", "instrument"


@final
@dataclass(frozen=True)
class Heard:
    """How an instrument stands after some events: the odds of the next one (1, P), and its state."""

    parameters: Parameters
    state: State
    count: int


class Player(Protocol):
    """What a session needs of an instrument."""

    codec: AbstractCodec
    medium: AbstractMedium

    def begin(self, condition: Mapping[str, Any]) -> Heard: ...

    def copied(self, before: np.ndarray, events: np.ndarray) -> tuple[Copied, ...] | None: ...

    def hear(self, events: np.ndarray, before: Heard, condition: Mapping[str, Any]) -> Heard: ...

    def go_on(
        self,
        heard: Heard,
        events: np.ndarray,
        rows: int,
        length: int | None,
        seed: int,
        condition: Mapping[str, Any],
        dials: Mapping[str, Setting],
        stop: Several = (),
        start: Given | None = None,
    ) -> list[tuple[np.ndarray, np.ndarray]]: ...


@final
@dataclass(frozen=True)
class Turn:
    """Some events and who made them."""

    events: np.ndarray
    author: str
    after: Heard


@final
@dataclass(frozen=True)
class Candidate:
    """One way to go on: what it would add, and -log p of it in nats."""

    piece: AbstractPiece
    events: np.ndarray
    nats: float
    copied: tuple[Copied, ...] | None = None
    """What of it stands in the material, counted from its beginning; None where nobody knows."""

    def __str__(self) -> str:
        return str(self.piece)

    def to_json(self) -> dict[str, Any]:
        return {
            "piece": self.piece.to_json(),
            **self.piece.json_fields(),
            "events": len(self.events),
            "nats": self.nats,
            "copied": None if self.copied is None else [copied.to_json() for copied in self.copied],
        }


@final
@dataclass(frozen=True)
class Session:
    """The turns so far, those undone, and the dice for what comes next."""

    instrument: Player
    beginning: Heard
    seed: int
    condition: Mapping[str, Any] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    undone: tuple[Turn, ...] = ()
    asked: int = 0  # how often candidates were asked for, so that asking again gives others

    @property
    def events(self) -> np.ndarray:
        """Everything so far (T, …)."""
        nothing = self.instrument.codec.encode(self.instrument.medium.prompt(""))
        return np.concatenate([nothing, *(turn.events for turn in self.turns)])

    @property
    def piece(self) -> AbstractPiece:
        return self.instrument.codec.decode(self.events)

    @property
    def heard(self) -> Heard:
        """Where the instrument stands now."""
        return self.turns[-1].after if self.turns else self.beginning

    def append(self, given: Given, author: str = PERSON) -> Session:
        """The session after some more of the piece. What was undone can no longer be redone. Raises PromptError."""
        return self._with(events_of(self.instrument.medium, self.instrument.codec, given), author)

    def accept(self, candidate: Candidate) -> Session:
        """The session after the instrument's suggestion was taken."""
        return self._with(candidate.events, INSTRUMENT)

    def _with(self, events: np.ndarray, author: str) -> Session:
        after = self.instrument.hear(events, self.heard, self.condition)
        return replace(self, turns=(*self.turns, Turn(events, author, after)), undone=())

    def undo(self) -> Session:
        """The session before the last turn; itself where there is none."""
        if not self.turns:
            return self
        return replace(self, turns=self.turns[:-1], undone=(*self.undone, self.turns[-1]))

    def redo(self) -> Session:
        """The session with the last undone turn back; itself where there is none."""
        if not self.undone:
            return self
        return replace(self, turns=(*self.turns, self.undone[-1]), undone=self.undone[:-1])

    def candidates(
        self,
        count: int = 5,
        until: str | None = None,
        length: int | None = None,
        *,
        stop: Several = (),
        start: Given | None = None,
        **dials: Setting,
    ) -> list[Candidate]:
        """Up to `count` different ways to go on, likeliest per event first, drawn side by side.

        Each ends at the first `until` that the codec knows (a word, a sentence, a line), before a `stop`, or after
        `length`, and begins with `start`; dials are those of `Instrument.sample`. Raises UsageError, DialError.
        """
        codec = self.instrument.codec
        if until is not None and until not in codec.endings:
            raise UsageError(
                f"'{codec.kind}' knows no '{until}'.", f"Its endings: {', '.join(codec.endings) or 'none'}."
            )
        before = self.events
        seed = self.seed + self.asked
        rows = self.instrument.go_on(self.heard, before, count, length, seed, self.condition, dials, stop, start)
        found: dict[bytes, Candidate] = {}
        for events, nats in rows:
            cut = len(events) if until is None else codec.ending(until, events)
            if cut:
                kept = events[:cut]
                copied = self.instrument.copied(before, kept)
                found.setdefault(kept.tobytes(), Candidate(codec.decode(kept), kept, float(nats[:cut].sum()), copied))
        return sorted(found.values(), key=lambda candidate: candidate.nats / len(candidate.events))

    def again(self) -> Session:
        """The same session with other dice, for other candidates."""
        return replace(self, asked=self.asked + 1)

    @classmethod
    def begin(cls, instrument: Player, prompt: Given, seed: int | None, condition: Mapping[str, Any]) -> Session:
        session = cls(instrument, instrument.begin(condition), fresh_seed() if seed is None else seed, condition)
        events = events_of(instrument.medium, instrument.codec, prompt)
        return session._with(events, PERSON) if len(events) else session
