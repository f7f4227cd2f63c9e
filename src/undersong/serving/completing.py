"""A completion while it is played: what is told of it event by event, and what stands in its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import AbstractPiece
from undersong.playing.answers import Played
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Draw, Drawn, Step, T, overheard
from undersong.playing.drawing import Drawing, Row, Telling, Wish
from undersong.playing.given import events_of
from undersong.playing.instrument import Instrument
from undersong.serving.ends import Ends
from undersong.serving.naming import Names

__all__ = ["Completing", "Shown"]


@final
@dataclass(frozen=True)
class Shown:
    """What one or several events of a row add to its piece, to be shown at once."""

    row: int
    piece: AbstractPiece
    start: int
    stop: int
    """Which events of the row they are."""


@final
class Completing:
    """One request: its course, to be played once, and then its choices."""

    def __init__(
        self, instrument: Instrument, asked: Asking, rows: int, until: str | None, names: int | None, echo: bool
    ) -> None:
        self.instrument, self.asked, self.rows = instrument, asked, rows
        self._until, self._count, self._echo = until, names, echo
        self._heard = None if names is None else Names(instrument, names)
        self._names: list[Names] = []
        self._ends: Ends | None = None
        self._odds: np.ndarray | None = None
        self._tellings: list[Telling] = []
        self._waiting: list[list[Played]] = []
        self._shown: list[int] = []
        self._reached: list[int] = []  # the length of what was named, prompt included
        self.drawn: list[Row] = []
        self.reasons: list[str] = []

    def course(self) -> Course[list[Row]]:
        """What each row drew, cut where it ends."""
        self.drawing = yield from self._ready()
        self._begin()
        course = self.drawing.course()
        drawn = yield from (course if self._odds is None else overheard(course, self._hear))
        for row, each in enumerate(drawn):
            cut = len(each.events) if self._ends is None else self._ends.cut(each)
            self.reasons.append(self._reason(row, cut < len(each.events)))
            self.drawn.append(_cut(each, cut))
        return self.drawn

    def _ready(self) -> Course[Drawing]:
        """Rows to be drawn, the prompt having been heard; with the odds of what comes first, where they are named."""
        instrument, asked, rows = self.instrument, self.asked, self.rows
        if self._heard is None:
            drawing = yield from instrument.drawing(rows, asked)
            return drawing
        opening = events_of(instrument.medium, instrument.codec, asked.prompt)
        wish = Wish.of(instrument, asked.condition, asked.dials, len(opening))
        begun = instrument.begin(wish.condition)
        hearing = instrument.hearing(opening, begun, wish.condition)
        heard = yield from (self._named(hearing, begun.parameters["next"]) if self._echo else hearing)
        drawing = instrument.drawing_after(heard, opening, rows, asked)
        parameters = {name: np.repeat(value, rows, axis=0) for name, value in heard.parameters.items()}
        self._odds = instrument.steering.steered(parameters, drawing.asked(heard.count))["next"]
        return drawing

    def _reason(self, row: int, cut: bool) -> str:
        """Why a row ended: "length" where it was long enough, "stop" where it came to an end before that."""
        lengths, stops = self.drawing.lengths, self.drawing.stops
        stopped = stops is not None and stops.kept(row) is not None
        enough = lengths.reached[row] >= lengths.enough or len(lengths.unfinished[row]) >= lengths.patience
        return "length" if enough and not stopped and not cut else "stop"

    def _begin(self) -> None:
        drawing = self.drawing
        self._ends = None if self._until is None else Ends(drawing, self._until)
        if self._count is not None:
            self._names = [Names(self.instrument, self._count) for _ in range(self.rows)]
        self._tellings = [Telling(drawing, row) for row in range(self.rows)]
        self._waiting = [[] for _ in range(self.rows)]
        self._shown = [0] * self.rows
        before = self.instrument.codec.progress(drawing.opening)
        self._reached = [int(before[-1]) if len(before) else 0] * self.rows

    def _named(self, hearing: Course[T], odds: np.ndarray) -> Course[T]:
        """The prompt's own events named, as it is heard."""
        known = self._heard
        assert known is not None

        def hear(asked: Step | Draw | Drawn, answer: Any) -> None:
            nonlocal odds
            assert type(asked) is Step
            known.hear(asked.event.item(0), odds[0])
            odds = answer[0]["next"]

        return overheard(hearing, hear)

    def _hear(self, asked: Step | Draw | Drawn, answer: Any) -> None:
        """The odds that the next events are drawn from, as they are worked out."""
        if type(asked) is Step:
            self._odds = answer[0]["next"]

    @property
    def cost(self) -> float:
        """What it takes from a person's allowance: 1 for each 400 events or less that may be drawn."""
        length = self.asked.length or 0
        return max(1.0, self.rows * length / 400)

    @property
    def noted(self) -> bool:
        """Whether `note` has anything to do."""
        return self._until is not None or self._count is not None

    # ── what is told, in the thread that plays ─────────────────────────────────────────────────────────────────────

    def note(self, drawn: Drawn) -> None:
        """Ends and names, where they are asked for; to be called with everything drawn, before the course goes on."""
        if self._ends is not None:
            self._ends.hear(drawn)
        if self._odds is not None:
            for row in np.flatnonzero(drawn.sounding).tolist():
                self._names[row].hear(drawn.events.item(row), self._odds[row])

    def hear(self, drawn: Drawn) -> list[Shown]:
        """The same, and what can be shown now."""
        self.note(drawn)
        shown: list[Shown] = []
        for row, telling in enumerate(self._tellings):
            waiting = self._waiting[row]
            waiting += telling.hear(drawn)
            if waiting:
                sure = None if self._ends is None else self._ends.sure[row] - self._shown[row]
                shown += self._show(row, len(waiting) if sure is None else min(sure, len(waiting)))
        return shown

    def rest(self) -> list[Shown]:
        """What was held back, when all is drawn; where a piece makes sense only whole, that is all of it."""
        shown: list[Shown] = []
        for row, drawn in enumerate(self.drawn):
            self._waiting[row] += self._tellings[row].rest()
            shown += self._show(row, len(drawn.events) - self._shown[row])
            if self.instrument.codec.in_one_go or self._shown[row] < len(drawn.events):
                begun = self._shown[row]
                events = drawn.events if self.instrument.codec.in_one_go else drawn.events[begun:]
                shown.append(Shown(row, self._piece(events), begun, len(drawn.events)))
                self._shown[row] = len(drawn.events)
        return shown

    def _show(self, row: int, most: int) -> Iterator[Shown]:
        """Of what waits up to so many events, as far as they make something that can be shown."""
        waiting, taken = self._waiting[row], 0
        for number, played in enumerate(waiting[: max(0, most)], 1):
            if played.added is not None:
                start = self._shown[row]
                self._shown[row] = start + number - taken
                taken = number
                yield Shown(row, played.added, start, self._shown[row])
        del waiting[:taken]

    # ── what stands in the answer ──────────────────────────────────────────────────────────────────────────────────

    @property
    def opening(self) -> np.ndarray:
        return self.drawing.opening

    def usage(self) -> dict[str, int]:
        heard, played = len(self.opening), sum(len(row.events) for row in self.drawn)
        return {"prompt_tokens": heard, "completion_tokens": played, "total_tokens": heard + played}

    def measured(self) -> int:
        """How much was played, in the medium's measure."""
        progress = [self.instrument.codec.progress(row.events) for row in self.drawn if len(row.events)]
        return int(sum(each[-1] for each in progress))

    def choices(self) -> list[dict[str, Any]]:
        """Every row as it stands in an answer that is sent whole."""
        return [self._choice(number, row) for number, row in enumerate(self.drawn)]

    def _choice(self, number: int, row: Row) -> dict[str, Any]:
        events = np.concatenate([self.opening, row.events]) if self._echo else row.events
        piece = self._piece(row.events) if not self._echo else self.instrument.codec.decode(events)
        return {
            "index": number,
            **piece.json_fields(),
            "piece": piece.to_json(),
            "finish_reason": self.reasons[number],
            "logprobs": self._all_names(number),
            **self.about(number),
        }

    def echoes(self) -> Iterator[dict[str, Any]]:
        """The prompt, as the first part of each row."""
        if self.instrument.codec.in_one_go:  # the piece comes whole, with its prompt
            return
        piece, names = self.instrument.codec.decode(self.opening), self.prompt_names()
        for row in range(self.rows):
            yield self._part(row, piece, names)

    def delta(self, shown: Shown) -> dict[str, Any]:
        """One part of a row, as it is shown."""
        return self._part(shown.row, shown.piece, self.names(shown.row, shown.start, shown.stop))

    def last(self, row: int) -> dict[str, Any]:
        """The part that ends a row, with all that is told of it beside its piece."""
        nothing = self.instrument.codec.decode(self.opening[:0])
        return self._part(row, nothing, None) | {"finish_reason": self.reasons[row], **self.about(row)}

    def _part(self, row: int, piece: AbstractPiece, names: dict[str, Any] | None) -> dict[str, Any]:
        told = {"piece": piece.to_json(), "finish_reason": None, "logprobs": names}
        return {"index": row, **piece.json_fields(), **told}

    def about(self, number: int) -> dict[str, Any]:
        """What is told of a row beside its piece."""
        row = self.drawn[number]
        copied = self.instrument.copied(self.opening, row.events)
        voices = {} if row.voices is None else {"voices": {name: each.tolist() for name, each in row.voices.items()}}
        return {
            "events": len(row.events),
            "nats": float(row.nats.sum()),
            "copied": None if copied is None else [each.to_json() for each in copied],
            **voices,
        }

    def names(self, row: int, start: int, stop: int) -> dict[str, Any] | None:
        """Some events of a row by name, to be asked for in their order; None where none are named."""
        if not self._names:
            return None
        named = self._names[row].to_json(self._reached[row], start, stop)
        self._reached[row] += self._names[row].length(start, stop)
        return named

    def prompt_names(self) -> dict[str, Any] | None:
        """Those of the prompt, where it is echoed."""
        return self._heard.to_json(0) if self._echo and self._heard is not None else None

    def _all_names(self, row: int) -> dict[str, Any] | None:
        heard, named = self.prompt_names(), self.names(row, 0, len(self.drawn[row].events))
        return named if heard is None or named is None else {name: [*heard[name], *named[name]] for name in named}

    def _piece(self, events: np.ndarray) -> AbstractPiece:
        """Events of a row as a piece, with the prompt where they make sense only together."""
        whole = self.instrument.codec.in_one_go
        return self.instrument.codec.decode(np.concatenate([self.opening, events]) if whole else events)


def _cut(row: Row, count: int) -> Row:
    voices = None if row.voices is None else {name: share[:count] for name, share in row.voices.items()}
    return Row(row.events[:count], row.nats[:count], voices, row.least)
