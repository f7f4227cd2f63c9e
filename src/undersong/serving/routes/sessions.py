"""Live play in any medium over one WebSocket, the state being kept on the server.

Every message is a JSON object with `do`, what is to be done, and `id`, a string or a whole number of your own. It is
answered by `{"id", "ok": true, …}` or by `{"id", "error": {"message", "type", "code", "param", "do"}}`. Messages of one
session are done in their order, those of several side by side; an error changes nothing.

`begin` (`model`, `prompt`, `condition`, `seed`) begins a session and names it: `session` stands in all other messages.
A socket may have several. After a lost connection `resume` (`session`) goes on with one, for 15 minutes.

`append` (`piece`) adds what a person wrote. `candidates` (`count`, `until`, `length`, `ranking`, `seed`, `stop`,
`start`, `constraints`, `dials`) offers ways to go on, each with a name under `candidate`, until the session changes;
`accept` (`candidate`, and `events` for its first few alone) takes one. `infill` (the same, and `from`, `to`) offers
ways to fill the place of these events, which `accept` puts there.

`undo` and `redo` (`times`) go back and forth, `at` (`position`) goes back to the first so many events, `replace`
(`from`, `to`, `piece`) puts something else in place of some. `piece` answers all there is, and in `by` who made what.

`odds` (`top`, `dials`) answers what may come next. `stream` (`length`, `seed`, `stop`, `start`, `constraints`, `dials`)
lets the instrument go on by itself: what it plays comes in messages `{"id", "played": [{"piece", "nats", …}, …]}`, then
the answer. `stop` ends what streams in a session where it is; what was played stays.

`export` (`carried`: false leaves out the state) answers `saved`, the session as a file has it, and `carried`, how the
instrument stands; `import` (`model`, `saved`, `carried`) goes on with these on any server that plays the same
instrument. `close` forgets a session. `stop` and `close` do not wait for what was asked before.

What is no such message is answered by an error, binary frames too. Whoever does not read is cut off (1013), and
whatever plays for a socket ends with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, NoReturn, final

from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field
from starlette.websockets import WebSocketDisconnect, WebSocketDisconnected

from undersong.errors import InputError, UndersongError
from undersong.serving.bodies import deep
from undersong.serving.failures import BusyError, RefusedError, failed, unforeseen
from undersong.serving.house import House
from undersong.serving.limits import Bucket
from undersong.serving.live_answers import LiveAnswers
from undersong.serving.live_messages import Close, Stop, message_of
from undersong.serving.replies import Reply, as_json
from undersong.serving.schemas import ERRORS
from undersong.serving.showing import standing
from undersong.serving.workspaces import Person, Workspace

__all__ = ["router"]

_SOCKETS = 64  # of one person, or of all who come from one address and bring no token
_AT_ONCE = 64  # messages that are being answered
_WAITING = 64  # answers that wait to be sent
_PATIENCE = 10.0  # seconds in which an answer must have been taken
_MESSAGES = 6_000.0  # a minute: faster than anybody types
_BURST = 200.0
_TRY_LATER = 1013  # close codes of RFC 6455
_GONE = 1001

router = APIRouter(tags=["live sessions"], default_response_class=Reply)


@final
class Standing(BaseModel):
    """A session that can be resumed."""

    model_config = ConfigDict(extra="allow")

    session: str = Field(description="Its name in messages.")
    model: str = Field(description="Who plays.")
    events: int = Field(description="How long it is.")
    can_undo: bool = Field(description="Whether there is something to take back.")
    can_redo: bool = Field(description="Whether something was taken back.")


@final
class Sessions(BaseModel):
    """The live sessions of whoever asks."""

    sessions: list[Standing] = Field(description="Who was asked last stands last.")


@router.get(
    "/v1/sessions",
    response_model=Sessions,
    responses=ERRORS,
    summary="Your live sessions",
    description=f"Which sessions can be resumed over a WebSocket at the same address.\n\n{__doc__}",
    operation_id="sessions",
)
async def sessions(person: Person) -> Reply:
    """Those of nobody else."""
    person.sessions.tidy()
    return Reply({"sessions": [standing(live) for live in person.sessions]})


@router.websocket("/v1/sessions")
async def play(socket: WebSocket, person: Person) -> None:
    """Held until one side has enough of it."""
    await socket.accept()
    if person.sockets >= _SOCKETS:
        await socket.close(_TRY_LATER, f"You have {person.sockets} connections open.")
        return
    person.sockets += 1
    try:
        await _Conversation(socket, person).hold()
    finally:
        person.sockets -= 1


play.__doc__ = __doc__  # what /docs shows


@final
class _Conversation:
    """One socket: messages in, answers out, each side at its own pace and within bounds."""

    def __init__(self, socket: WebSocket, person: Workspace) -> None:
        house: House = socket.app.state.house
        self._socket, self._person = socket, person
        self._most = house.settings.body_bytes
        self._out: asyncio.Queue[str] = asyncio.Queue(_WAITING)
        self._does = LiveAnswers(house, person, self._tell)
        self._in_hand: set[asyncio.Task[None]] = set()
        self._pace = Bucket(_MESSAGES, _BURST)
        self._forgotten = asyncio.Event()

    async def hold(self) -> None:
        """Until the other side is gone, or must be sent away."""
        loop = asyncio.get_running_loop()

        def farewell() -> None:
            loop.call_soon_threadsafe(self._forgotten.set)

        self._person.farewells.add(farewell)
        reading, writing = asyncio.create_task(self._read()), asyncio.create_task(self._write())
        waiting = asyncio.create_task(self._forgotten.wait())
        try:
            await asyncio.wait({reading, writing, waiting}, return_when=asyncio.FIRST_COMPLETED)
            code = _code(reading, writing)
        finally:
            self._person.farewells.discard(farewell)
            self._does.release()
            tasks = [reading, writing, waiting, *self._in_hand]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if code:
            with suppress(Exception):  # whoever is gone is not told
                async with asyncio.timeout(1.0):
                    await self._socket.close(code)

    # ── messages in ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self) -> None:
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            if wait := self._pace.take():
                await asyncio.sleep(wait)  # what comes meanwhile waits where it came from
            await self._take(next((value for key, value in received.items() if key != "type" and value), ""))

    async def _take(self, said: str | bytes) -> None:
        """Have one message answered; what must happen in the order of messages happens here."""
        name: str | int | None = None
        try:
            data = _object(said, self._most)
            name = _name(data)
            message = message_of(data)
            if len(self._in_hand) >= _AT_ONCE and not isinstance(message, Stop | Close):
                raise BusyError(f"{_AT_ONCE} of your messages wait for their answers.", "Wait for some of them.")
            work = self._does.answer(message)
        except Exception as error:
            await self._tell(_refusal(name, error))
            return
        task = asyncio.create_task(self._finish(name, work))
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)

    async def _finish(self, name: str | int | None, work: Coroutine[Any, Any, dict[str, Any]]) -> None:
        try:
            answer: Mapping[str, Any] = {"id": name, "ok": True, **await work}
        except Exception as error:
            answer = _refusal(name, error)
        await self._tell(answer)

    # ── answers out ────────────────────────────────────────────────────────────────────────────────────────────────

    async def _tell(self, answer: Mapping[str, Any]) -> None:
        """On its way; waits while too much is on its way already, and whatever plays for it rests."""
        await self._out.put(as_json(answer).encode("utf-8", "replace").decode())  # half a character cannot be sent

    async def _write(self) -> None:
        """Until somebody does not read."""
        with suppress(TimeoutError):
            while True:
                answer = await self._out.get()
                async with asyncio.timeout(_PATIENCE):
                    await self._socket.send_text(answer)


def _code(reading: asyncio.Task[None], writing: asyncio.Task[None]) -> int:
    """With which code to close; 0 where there is nobody any more to close for."""
    for task in (reading, writing):
        error = task.exception() if task.done() else None
        if isinstance(error, WebSocketDisconnect | WebSocketDisconnected | OSError):
            return 0
        if error is not None:
            unforeseen(error)
            return _TRY_LATER
    if writing.done():
        return _TRY_LATER
    return 0 if reading.done() else _GONE


def _object(said: str | bytes, most: int) -> dict[str, Any]:
    """The object in a message. Raises InputError, and RefusedError for one that is too large."""
    if isinstance(said, bytes):
        raise InputError("This was a binary frame.", "Send each message as JSON, in a frame of characters.")
    plain = said.encode("utf-8", "replace")
    if len(plain) > most:
        what = f"A message may have {most:,} bytes, and this one has {len(plain):,}."
        raise RefusedError(what, "Send less at once.", status=413, code="too_large")
    if deep(plain):
        raise InputError("The message is nested too deeply.", "No message needs that.")
    try:
        found = json.loads(said, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The message is not proper JSON: {str(error)[:120]}.", "See GET /v1/sessions.") from error
    if not isinstance(found, dict):
        raise InputError("A message is a JSON object.", 'For example {"id": 1, "do": "begin", "prompt": ""}.')
    return found


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _name(data: Mapping[str, Any]) -> str | int | None:
    """By what a message wants to be answered, whatever else it says."""
    name = data.get("id")
    if isinstance(name, str):
        return name[:64]
    return name if isinstance(name, int) and not isinstance(name, bool) and abs(name) < 2**53 else None


def _refusal(name: str | int | None, error: Exception) -> dict[str, Any]:
    told = failed(error) if isinstance(error, UndersongError) else unforeseen(error)
    wait = {"retry_after": error.retry_after} if isinstance(error, BusyError) else {}
    return {"id": name, "error": {**told.to_json()["error"], **wait}}
