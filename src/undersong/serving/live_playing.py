"""Those messages of a live session that have the instrument play: suggestions, what may come next, and streams."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractPiece
from undersong.playing.asking import Asking
from undersong.playing.drawing import Row
from undersong.playing.sessions.candidates import Candidate
from undersong.playing.sessions.made import Made, digest_of
from undersong.serving import live_messages as said
from undersong.serving.asked import asking_of, check_length, check_rows
from undersong.serving.failures import about
from undersong.serving.house import House
from undersong.serving.judging import odds_after
from undersong.serving.listener import Listener
from undersong.serving.live_sessions import LiveSession
from undersong.serving.schemas import Playing
from undersong.serving.showing import piece_of, standing
from undersong.serving.streaming import Stream
from undersong.serving.workspaces import Workspace

__all__ = ["LivePlaying", "Tell"]

_TIMES = 3  # rows that are drawn for each candidate that must lead somewhere

Tell = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Sends what is told before the answer."""


@final
class LivePlaying:
    """What one socket may have played, each in a session that is its own for as long."""

    def __init__(self, house: House, person: Workspace, tell: Tell) -> None:
        self._house, self._person, self._tell = house, person, tell

    async def candidates(self, message: said.Candidates, live: LiveSession) -> dict[str, Any]:
        """Ways to go on."""
        async with live.lock:
            session, asked = live.session, self._asking(live, message)
            self._check_count(message.count)
            self._person.allow(_cost(message.count, asked))
            course = session.suggesting(message.count, message.until, message.ranking, asked)
            found = await live.voice.scheduler.play(course, message.count)
            return self._offer(live, asked, found)

    async def infill(self, message: said.Infill, live: LiveSession) -> dict[str, Any]:
        """Ways to fill a place; as long as that, where nobody says how long."""
        async with live.lock:
            session, asked = live.session, self._asking(live, message)
            place = message.first, message.last
            self._check_count(message.count)
            self._person.allow(_TIMES * _cost(message.count, asked))
            if message.length is None and message.until is None and place[0] < place[1]:
                asked = dataclasses.replace(asked, length=None)
            course = session.infilling(*place, message.count, message.until, message.ranking, asked)
            found = await live.voice.scheduler.play(course, _TIMES * message.count)
            return self._offer(live, asked, found, place)

    def _offer(
        self, live: LiveSession, asked: Asking, found: list[Candidate], place: tuple[int, int] | None = None
    ) -> dict[str, Any]:
        for each in found:
            self._count(live, each.events)
        names = live.offer(found, place)
        live.session = live.session.again()  # whoever asks once more wants others
        told = [{"candidate": name, **each.to_json()} for name, each in zip(names, found, strict=True)]
        return {"session": live.id, "candidates": told, "seed": asked.seed}

    async def odds(self, message: said.Odds, live: LiveSession) -> dict[str, Any]:
        """What may come next."""
        async with live.lock:
            session, scheduler = live.session, live.voice.scheduler
            self._person.allow()
            heard = await scheduler.play(session.hearing(), 1)
            odds = await scheduler.aside(
                lambda: odds_after(
                    session.instrument, heard, session.events, session.condition, message.dials, message.top
                )
            )
            return {"session": live.id, "odds": odds}

    async def stream(self, message: said.Stream, live: LiveSession, stopping: threading.Event) -> dict[str, Any]:
        """The instrument goes on by itself until it is long enough, or `stopping` is set."""
        try:
            async with live.lock:
                session, asked = live.session, self._asking(live, message)
                scheduler, instrument = live.voice.scheduler, live.voice.instrument
                self._person.allow(_cost(1, asked))
                heard = await scheduler.play(session.hearing(), 1)
                before = session.events
                drawing = await scheduler.aside(lambda: instrument.drawing_after(heard, before, 1, asked))
                listener = Listener(drawing, stopping)
                stream = Stream(scheduler, drawing.course(), 1, listener.hear)
                try:
                    async for played in stream:
                        await self._tell({"id": message.id, "played": played})
                    if rest := listener.rest():
                        await self._tell({"id": message.id, "played": rest})
                    row: Row = stream.result[0]
                except BaseException:  # what was shown stays, also where the other end is gone
                    self._played(live, listener.kept(), None)
                    raise
                finally:
                    await stream.close()
                made = Made(digest_of(before), asked, 1, 0).to_json(instrument)
                added = self._played(live, row, made)
                return {"added": piece_of(added), "nats": float(row.nats.sum()), "seed": asked.seed, **standing(live)}
        finally:
            live.streams.discard(stopping)

    def _played(self, live: LiveSession, row: Row, made: Mapping[str, Any] | None) -> AbstractPiece:
        """Lets the session go on with what was drawn."""
        piece = live.voice.instrument.codec.decode(row.events)
        self._count(live, row.events)
        if len(row.events):
            drawn = Candidate(piece, row.events, float(row.nats.sum()), voices=row.voices, made=made)
            live.change(live.session.accept(drawn))
        return piece

    def _count(self, live: LiveSession, events: np.ndarray) -> None:
        if len(events):
            measured = int(live.voice.instrument.codec.progress(events)[-1])
            self._house.metrics.characters(live.voice.name, measured)

    def _asking(self, live: LiveSession, message: said.Playing) -> Asking:
        """What a message asks for, as instruments take it; how much it may add is bounded."""
        instrument, session, settings = live.voice.instrument, live.session, self._house.settings
        with about("length"):
            length = check_length(instrument, message.length, settings)
            if session.length >= settings.longest:
                raise UsageError("The session is as long as any is kept here.", "Begin another one with its end.")
        seed = session.dice if message.seed is None else message.seed
        request = Playing(
            stop=message.stop, start=message.start, constraints=message.constraints, seed=seed, dials=message.dials
        )
        asked = asking_of(instrument, request, length, settings)
        return dataclasses.replace(asked, prompt="", condition=session.condition)

    def _check_count(self, count: int) -> None:
        with about("count"):
            check_rows(count, self._house.settings)


def _cost(rows: int, asked: Asking) -> float:
    """What it takes from a person's allowance."""
    return rows * max(1.0, (asked.length or 0) / 400)
