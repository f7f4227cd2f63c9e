"""What the messages of a live session do, each answered with plain data; those that have it played are in
`live_playing.py`.

What is heard goes through the scheduler like everything else, and what only counts is done at once. One message of a
session is done after the other, in the order in which they came; of different sessions side by side.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, final

from undersong.errors import InputError, UndersongError, UsageError
from undersong.playing.sessions.history import Heard
from undersong.playing.sessions.session import Session
from undersong.serving import live_messages as said
from undersong.serving.asked import check_prompt, given_of
from undersong.serving.failures import about
from undersong.serving.handing_over import AGAIN_FROM, handed_over, taken_over
from undersong.serving.house import House, Voice
from undersong.serving.live_playing import LivePlaying, Tell
from undersong.serving.live_sessions import LiveSession
from undersong.serving.showing import showing, standing, whole
from undersong.serving.workspaces import Workspace

__all__ = ["LiveAnswers"]

Does = Callable[[Any], Coroutine[Any, Any, dict[str, Any]]]


@final
class LiveAnswers:
    """Everything one socket may ask for. `tell` sends what is told before the answer."""

    def __init__(self, house: House, person: Workspace, tell: Tell) -> None:
        self._house, self._person = house, person
        self._plays = LivePlaying(house, person, tell)
        self._held: set[LiveSession] = set()
        self._does: Mapping[type[said.Message], Does] = {
            said.Begin: self._begin,
            said.Import: self._import,
            said.Resume: self._whole,
            said.Piece: self._whole,
            said.Append: self._append,
            said.Accept: self._accept,
            said.Undo: self._undo,
            said.Redo: self._redo,
            said.At: self._at,
            said.Replace: self._replace,
            said.Candidates: lambda message: self._plays.candidates(message, self._live(message)),
            said.Infill: lambda message: self._plays.infill(message, self._live(message)),
            said.Odds: lambda message: self._plays.odds(message, self._live(message)),
            said.Export: self._export,
        }

    def answer(self, message: said.Message) -> Coroutine[Any, Any, dict[str, Any]]:
        """What comes of it, to be awaited; what must not wait is done already.

        Raises UndersongError, here or when it is awaited.
        """
        if isinstance(message, said.Stop):
            return _at_once({"stopped": self._live(message).stop()})
        if isinstance(message, said.Close):
            self._person.sessions.drop(message.session)
            return _at_once({"session": message.session})
        if isinstance(message, said.Stream):
            live, stopping = self._live(message), threading.Event()
            live.streams.add(stopping)  # before anybody may want to stop it
            return self._plays.stream(message, live, stopping)
        return self._does[type(message)](message)

    def release(self) -> None:
        """The socket is closed: from now on its sessions wait for somebody who comes back."""
        for live in self._held:
            live.held -= 1
        self._held.clear()

    # ── a session comes and goes ───────────────────────────────────────────────────────────────────────────────────

    async def _begin(self, message: said.Begin) -> dict[str, Any]:
        voice = self._house.voice(message.model)
        instrument = voice.instrument

        def begun() -> Session:
            with about("prompt"):
                prompt = check_prompt(instrument, given_of(instrument, message.prompt), self._house.settings)
            return Session.begin(instrument, prompt, message.seed, message.condition)

        self._person.allow()
        session = self._short_enough(await voice.scheduler.aside(begun))
        await voice.scheduler.play(session.hearing(), 1)
        return whole(self._keep(voice, session))

    async def _import(self, message: said.Import) -> dict[str, Any]:
        voice = self._house.voice(message.model)
        instrument = voice.instrument
        self._person.allow()
        with about("saved"):
            session = await voice.scheduler.aside(lambda: Session.from_json(instrument, message.saved))
        self._short_enough(session)
        if message.carried is None or not session.length:
            await voice.scheduler.play(session.hearing(), 1)
            return whole(self._keep(voice, session))
        with about("carried"):
            heard = await self._taken_over(voice, session, message.carried)
        live = self._keep(voice, dataclasses.replace(session, past=session.past.standing(heard)))
        live.arrived = live.session.past, message.carried
        return whole(live)

    async def _taken_over(self, voice: Voice, session: Session, data: Mapping[str, Any]) -> Heard:
        try:
            return await voice.scheduler.play(taken_over(session, data), 1)
        except UndersongError:
            raise
        except Exception as error:
            raise InputError("The carried state cannot be gone on with.", AGAIN_FROM) from error

    async def _export(self, message: said.Export) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            session, scheduler = live.session, live.voice.scheduler
            self._person.allow()
            saved = await scheduler.aside(session.to_json)
            heard: Mapping[str, Any] | None = None
            if message.carried and live.arrived is not None and live.arrived[0] is session.past:
                heard = live.arrived[1]
            elif message.carried and session.length:
                heard = await scheduler.play(handed_over(session), 1)
            return {"session": live.id, "saved": saved, "carried": heard}

    async def _whole(self, message: said.Resume | said.Piece) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow(0.1)
            return whole(live)

    def _live(self, message: said.OfSession) -> LiveSession:
        live = self._person.sessions.get(message.session)
        self._hold(live)
        return live

    def _keep(self, voice: Voice, session: Session) -> LiveSession:
        live = self._person.sessions.add(voice, session)
        self._hold(live)
        return live

    def _hold(self, live: LiveSession) -> None:
        if live not in self._held:
            self._held.add(live)
            live.held += 1
        for gone in [each for each in self._held if each.gone]:
            self._held.discard(gone)

    def _short_enough(self, session: Session) -> Session:
        """Raises UsageError for a session that is longer than this server keeps any."""
        most = self._house.settings.longest
        if session.length > most:
            raise UsageError(
                f"The session would have {session.length:,} events, and {most:,} are kept here.",
                "Begin another one with its end.",
            )
        return session

    # ── a person writes ────────────────────────────────────────────────────────────────────────────────────────────

    async def _append(self, message: said.Append) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow(0.1)
            instrument, settings = live.voice.instrument, self._house.settings
            with about("piece"):
                piece = check_prompt(instrument, given_of(instrument, message.piece), settings)
                session = live.session.append(piece)
            return standing(self._changed(live, session))

    async def _accept(self, message: said.Accept) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow(0.1)
            with about("candidate"):
                offered = live.offered(message.candidate)
            if offered.place is None:
                return standing(self._changed(live, live.session.accept(offered.candidate, message.events)))
            if message.events is not None:
                raise UsageError("What fills a place is taken whole.", "Leave out `events`.")
            start, stop = offered.place
            session = await live.voice.scheduler.aside(lambda: live.session.replace(start, stop, offered.candidate))
            return showing(self._changed(live, session, live.session.length - start))

    async def _undo(self, message: said.Undo) -> dict[str, Any]:
        return await self._step_back(message, message.times, Session.undo)

    async def _redo(self, message: said.Redo) -> dict[str, Any]:
        return await self._step_back(message, message.times, Session.redo)

    async def _step_back(
        self, message: said.OfSession, times: int, step: Callable[[Session], Session]
    ) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow(0.1)
            session = live.session
            for _ in range(times):
                before, session = session, step(session)
                if session is before:
                    break
            return showing(self._changed(live, session))

    async def _at(self, message: said.At) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow(0.1)
            with about("position"):
                session = live.session.at(message.position)
            return showing(self._changed(live, session, 64 + live.session.length // 64))

    async def _replace(self, message: said.Replace) -> dict[str, Any]:
        live = self._live(message)
        async with live.lock:
            self._person.allow()
            session, first, last = live.session, message.first, message.last

            def replaced() -> Session:
                with about("piece"):
                    piece = check_prompt(
                        session.instrument, given_of(session.instrument, message.piece), self._house.settings
                    )
                return session.replace(first, last, piece)

            found = await live.voice.scheduler.aside(replaced)
            return showing(self._changed(live, found, session.length - first))

    def _changed(self, live: LiveSession, session: Session, rewritten: int = 0) -> LiveSession:
        live.change(self._short_enough(session), rewritten)
        return live


async def _at_once(answer: dict[str, Any]) -> dict[str, Any]:
    return answer
