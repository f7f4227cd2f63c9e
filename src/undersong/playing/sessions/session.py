"""One live history of a person and an instrument, as a value: every change gives a new one, and the old one stays.

A fork is keeping both. Undo counts fewer events of the same history, and what was heard is hardly ever heard again:
how the instrument stands is kept at every 64th event and worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractPiece
from undersong.playing.asking import Asking
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.courses import Course
from undersong.playing.dials import Setting
from undersong.playing.given import Given, Several, events_of
from undersong.playing.sessions.candidates import Candidate, Ranking, check_wanted, suggesting
from undersong.playing.sessions.checked_events import checked_events
from undersong.playing.sessions.history import Heard, History
from undersong.playing.sessions.infilling import infilling
from undersong.playing.sessions.made import plain
from undersong.playing.sessions.past import Past
from undersong.playing.sessions.turns import INSTRUMENT, PERSON, Turn, checked_author
from undersong.randomness import fresh_seed

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.prefetching import Prefetched
    from undersong.playing.sessions.replaying import Replay

__all__ = ["INSTRUMENT", "PERSON", "Candidate", "Heard", "Session", "Turn"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Session:
    """What was played so far and by whom, what was undone, and the dice for what comes next.

    `notes` say in words what is to be known of where it came from.
    """

    instrument: Instrument
    past: Past
    seed: int
    condition: Mapping[str, Any] = field(default_factory=dict)
    asked: int = 0  # how often other candidates were asked for
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"<Session with '{self.instrument.name}': {self.length:,} events by {', '.join(self.authors) or 'nobody'}>"
        )

    # ── where it comes from ────────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def begin(
        cls,
        instrument: Instrument,
        prompt: Given = "",
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        author: str = PERSON,
    ) -> Session:
        """A session that begins with the prompt. Raises PromptError, InputError."""
        seed = fresh_seed() if seed is None else seed
        if not 0 <= seed < 2**63:
            raise UsageError(f"The seed {seed} is none.", "Use a whole number from 0 to 2^63 - 1.")
        codec, asked = instrument.codec, dict(condition or {})
        nothing = np.zeros((0, *codec.event.shape), codec.event.dtype)
        session = cls(instrument, Past(History.begin(instrument.begin(asked), nothing)), seed, asked)
        return session._with(events_of(instrument.medium, codec, prompt), author)

    @classmethod
    def from_heard(
        cls,
        instrument: Instrument,
        heard: Heard,
        events: np.ndarray,
        seed: int | None = None,
        condition: Mapping[str, Any] | None = None,
        author: str = PERSON,
    ) -> Session:
        """A session that goes on from a given state, which came after `events` (T, …) or was made to stand for that.

        Before that place it is heard as usual; a file of it does not hold the state. Raises UsageError, PromptError.
        """
        return cls.begin(instrument, "", seed, condition).append_events(events, author).standing(heard)

    def standing(self, heard: Heard) -> Session:
        """The same session, to be gone on with from a given state. Raises UsageError where that came elsewhere."""
        if heard.count != self.length:
            raise UsageError(
                f"The state comes after {heard.count:,} events, and the session has {self.length:,}.",
                "Hand in all the events that came before it.",
            )
        return replace(self, past=self.past.standing(heard))

    @classmethod
    def from_json(cls, instrument: Instrument, data: Any) -> Session:
        """A saved session, from anyone. Raises UnreadableFileError with what is wrong."""
        from undersong.playing.sessions.saved_sessions import from_json

        return from_json(instrument, data)

    @classmethod
    def load(cls, instrument: Instrument, path: str | Path) -> Session:
        """The session in a file. Raises MissingFileError, UnreadableFileError."""
        from undersong.playing.sessions.saved_sessions import load

        return load(instrument, path)

    # ── what it holds ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def length(self) -> int:
        """How many events there are."""
        return self.past.history.count

    @property
    def events(self) -> np.ndarray:
        """Everything so far (T, …)."""
        return self.past.history.events

    @property
    def piece(self) -> AbstractPiece:
        return self.instrument.codec.decode(self.events)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who made what, in order; none is empty, and together they are all events."""
        return self.past.turns

    @property
    def authors(self) -> tuple[str, ...]:
        """Everybody who made something of it, in the order in which they appear."""
        return tuple(dict.fromkeys(turn.author for turn in self.turns))

    @property
    def heard(self) -> Heard:
        """Where the instrument stands now: worked out when it is asked for, at most 63 steps where it was before."""
        return self.instrument.play(self.hearing())

    def hearing(self) -> Course[Heard]:
        """The same as a course."""
        return self.past.history.hearing(self.instrument, self.condition)

    # ── changes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def append(self, given: Given, author: str = PERSON) -> Session:
        """The session after some more of the piece. What was undone can no longer be redone.

        Raises PromptError, InputError, UsageError.
        """
        return self._with(events_of(self.instrument.medium, self.instrument.codec, given), author)

    def append_events(self, events: np.ndarray, author: str) -> Session:
        """The same for events (T, …). Raises PromptError for what are no events, or cannot follow here."""
        return self._with(checked_events(self.instrument, events, self.past.history), author)

    def accept(self, candidate: Candidate, most: int | None = None) -> Session:
        """The session after the instrument's suggestion was taken, or only so many of its events."""
        return self._with(candidate.events[:most], INSTRUMENT, self._how(candidate))

    def _how(self, candidate: Candidate) -> Mapping[str, Any] | None:
        """How it was drawn; under which condition only where that is not the session's own."""
        made = dict(candidate.made or {})
        if made.get("condition") == plain(self.condition):
            del made["condition"]
        return made or None

    def _with(self, events: np.ndarray, author: str, made: Mapping[str, Any] | None = None) -> Session:
        return replace(self, past=self.past.extended(events, checked_author(author), made))

    def replace(
        self, start: int, stop: int, given: Given | np.ndarray | Candidate, author: str | None = None
    ) -> Session:
        """The session with something else in place of events `start` to `stop`; what others made of it stays theirs.

        A candidate is the instrument's, anything else a person's unless told. Raises UsageError, PromptError.
        """
        self._check_place(start, stop)
        history, made, by = self.past.history, None, PERSON
        if isinstance(given, Candidate):
            events, made, by = given.events, self._how(given), INSTRUMENT
        elif isinstance(given, np.ndarray):
            events = given
        else:
            events = events_of(self.instrument.medium, self.instrument.codec, given)
        before, after = history.until(start), history.part(stop, self.length)
        events = checked_events(self.instrument, events, before)
        checked_events(self.instrument, np.concatenate([events, after]), before)
        return replace(self, past=self.past.replaced(start, stop, events, checked_author(author or by), made))

    def at(self, position: int) -> Session:
        """The session with its first so many events; undo goes back to all of them. Raises UsageError."""
        self._check_place(position, position)
        return replace(self, past=self.past.until(position))

    @property
    def can_undo(self) -> bool:
        return self.past.can_undo

    @property
    def can_redo(self) -> bool:
        return self.past.undone is not None

    def undo(self) -> Session:
        """The session before the last change; itself where there is none. In constant time, however long it is."""
        return replace(self, past=self.past.undo())

    def redo(self) -> Session:
        """The session as it was before the last undo; itself where there was none."""
        return replace(self, past=self.past.redo())

    def again(self) -> Session:
        """The same session with other dice, for other candidates."""
        return replace(self, asked=self.asked + 1)

    # ── ways to go on ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def dice(self) -> int:
        """The seed of what is drawn next: another one after each turn that was drawn, and each time it is asked for."""
        return (self.seed + self.asked + self.past.drawn) % 2**63

    def candidates(
        self,
        count: int = 5,
        until: str | None = None,
        length: int | None = None,
        *,
        ranking: Ranking = "likely",
        stop: Several = (),
        start: Given | None = None,
        within: Constraints | None = None,
        **dials: Setting,
    ) -> list[Candidate]:
        """Up to `count` different ways to go on, drawn side by side, the best first.

        Each ends at the first `until` that the codec knows (a word, a sentence, a line), before a `stop`, or after
        `length`, begins with `start` and keeps `within` the constraints. `ranking` is "likely" (per event), "novel", or
        the surprise that is wanted in nats per event; dials are those of `Instrument.sample`.
        Raises UsageError, DialError, ConstraintError, InputError.
        """
        asked = Asking("", length, None, None, stop, start, within, dials)
        return self.instrument.play(self.suggesting(count, until, ranking, asked))

    def suggesting(
        self,
        count: int = 5,
        until: str | None = None,
        ranking: Ranking = "likely",
        asked: Asking = Asking(),  # noqa: B008 - a frozen value
    ) -> Course[list[Candidate]]:
        """The same as a course; without a seed in `asked` it is drawn with the session's dice."""
        asked = self._asking(asked)
        check_wanted(self.instrument, count, until, ranking, asked)  # before a long session is heard
        heard = yield from self.hearing()
        found = yield from suggesting(self.instrument, heard, self.events, count, until, ranking, asked)
        return found

    def infill(
        self,
        start: int,
        stop: int,
        count: int = 5,
        until: str | None = None,
        length: int | None = None,
        *,
        ranking: Ranking = "likely",
        within: Constraints | None = None,
        **dials: Setting,
    ) -> list[Candidate]:
        """Up to `count` ways to fill the place of events `start` to `stop`, as long as these unless told.

        Ranked by the likelihood of themselves and of what follows. To be handed to `replace`.
        """
        asked = Asking("", length, None, None, (), None, within, dials)
        return self.instrument.play(self.infilling(start, stop, count, until, ranking, asked))

    def infilling(
        self,
        start: int,
        stop: int,
        count: int = 5,
        until: str | None = None,
        ranking: Ranking = "likely",
        asked: Asking = Asking(),  # noqa: B008 - a frozen value
    ) -> Course[list[Candidate]]:
        """The same as a course."""
        self._check_place(start, stop)
        asked = self._asking(asked)
        check_wanted(self.instrument, count, until, ranking, asked)
        codec, history = self.instrument.codec, self.past.history
        if asked.length is None and until is None and start < stop:
            asked = replace(asked, length=max(1, codec.measure(codec.decode(history.part(start, stop)))))
        begun = history.until(start)
        heard = yield from begun.hearing(self.instrument, self.condition)
        after = history.part(stop, self.length)
        found = yield from infilling(self.instrument, heard, begun.events, after, count, until, ranking, asked)
        return found

    def prefetch(
        self, count: int = 5, until: str | None = None, length: int | None = None, **asked: Any
    ) -> Prefetched[list[Candidate]]:
        """What `candidates` gives, drawn in the background while a person thinks; to be asked for its `result`."""
        from undersong.playing.sessions.prefetching import Prefetched

        ranking = asked.pop("ranking", "likely")
        parts = {name: asked.pop(name) for name in ("stop", "start", "within") if name in asked}
        wanted = Asking(length=length, dials=asked, **parts)
        return Prefetched(self.instrument, self.suggesting(count, until, ranking, wanted))

    def _asking(self, asked: Asking) -> Asking:
        seed = self.dice if asked.seed is None else asked.seed
        return replace(asked, seed=seed, condition={**self.condition, **(asked.condition or {})})

    # ── what becomes of it ─────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self) -> dict[str, Any]:
        """All that is saved: events by turns, how each was drawn, condition and seed; not what was undone."""
        from undersong.playing.sessions.saved_sessions import to_json

        return to_json(self)

    def save(self, path: str | Path) -> Path:
        """Keep it in a small file of JSON. Raises KeepingError; what was there before is then still there."""
        from undersong.playing.sessions.saved_sessions import save

        return save(self, path)

    def replay(self) -> Replay:
        """Draws every turn of an instrument again, and tells whether the same events come out."""
        return self.instrument.play(self.replaying())

    def replaying(self) -> Course[Replay]:
        """The same as a course."""
        from undersong.playing.sessions.replaying import replaying

        return replaying(self)

    def to_markdown(self) -> str:
        """The piece as Markdown, with who made what."""
        from undersong.playing.sessions.session_pages import markdown

        return markdown(self)

    def to_html(self) -> str:
        """The piece as one page that needs nothing else, with a colour for everybody."""
        from undersong.playing.sessions.session_pages import html

        return html(self)

    def _check_place(self, start: int, stop: int) -> None:
        if not 0 <= start <= stop <= self.length:
            raise UsageError(
                f"There is no place {start:,} to {stop:,}: the session has {self.length:,} events.",
                "Count events from 0.",
            )
