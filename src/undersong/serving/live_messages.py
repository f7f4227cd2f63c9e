"""What may be said in a live session, message by message: each kind by what it is to `do`, and nothing else in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from undersong.errors import InputError
from undersong.serving.failures import about
from undersong.serving.schemas import Dialled, Given, Whole

__all__ = [
    "Accept", "Append", "At", "Begin", "Candidates", "Close", "Export", "Import", "Infill", "Message", "Odds",
    "OfSession", "Piece", "Playing", "Redo", "Replace", "Resume", "Stop", "Stream", "Undo", "message_of",
]  # fmt: skip

_Id = Annotated[str, Field(max_length=64)]
_Position = Annotated[Whole, Field(ge=0, lt=2**31)]


class Message(BaseModel):
    """What every message has: `id`, with which it is answered, and what to `do`."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: _Id | Annotated[Whole, Field(gt=-(2**53), lt=2**53)] | None = None


@final
class Begin(Message):
    """A session that begins with the prompt."""

    do: Literal["begin"]
    model: str | None = None
    prompt: Given = ""
    condition: dict[str, Any] | None = None
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] | None = None


@final
class Import(Message):
    """A session that was exported, here or by another server."""

    do: Literal["import"]
    model: str | None = None
    saved: dict[str, Any]
    carried: dict[str, Any] | None = None


class OfSession(Message):
    """What is asked of one session."""

    session: _Id


@final
class Resume(OfSession):
    """Where it stands, after the connection was lost."""

    do: Literal["resume"]


@final
class Piece(OfSession):
    """All of it, and who made what."""

    do: Literal["piece"]


@final
class Append(OfSession):
    """The person adds to the end."""

    do: Literal["append"]
    piece: Given


@final
class Accept(OfSession):
    """The person takes a suggestion, or its first so many events."""

    do: Literal["accept"]
    candidate: _Id
    events: Annotated[Whole, Field(ge=1, lt=2**31)] | None = None


@final
class Undo(OfSession):
    """Back before the last changes."""

    do: Literal["undo"]
    times: Annotated[Whole, Field(ge=1, le=10_000)] = 1


@final
class Redo(OfSession):
    """What was undone, again."""

    do: Literal["redo"]
    times: Annotated[Whole, Field(ge=1, le=10_000)] = 1


@final
class At(OfSession):
    """Back to where it had so many events."""

    do: Literal["at"]
    position: _Position


class _Place(OfSession):
    """Events `from` up to `to`, which is not one of them."""

    first: _Position = Field(alias="from")
    last: _Position = Field(alias="to")


@final
class Replace(_Place):
    """Something else in place of some events."""

    do: Literal["replace"]
    piece: Given


class Playing(OfSession):
    """What can be asked of whatever is played."""

    length: Annotated[Whole, Field(ge=0, lt=2**31)] | None = None
    stop: Given | list[Given] | None = None
    start: Given | None = None
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] | None = None
    constraints: dict[str, Any] | None = None
    dials: dict[str, Dialled] = Field(default_factory=dict)


@final
class Candidates(Playing):
    """Different ways to go on."""

    do: Literal["candidates"]
    count: Annotated[Whole, Field(ge=1, le=1_000)] = 5
    until: Annotated[str, Field(max_length=40)] | None = None
    ranking: str | float = "likely"


@final
class Infill(Playing, _Place):
    """Different ways to fill a place in the middle, ranked by how likely what follows is after them."""

    do: Literal["infill"]
    count: Annotated[Whole, Field(ge=1, le=1_000)] = 5
    until: Annotated[str, Field(max_length=40)] | None = None
    ranking: str | float = "likely"


@final
class Stream(Playing):
    """The instrument goes on by itself, and each event is told as it is drawn."""

    do: Literal["stream"]


@final
class Stop(OfSession):
    """What streams ends here; what has been told stays."""

    do: Literal["stop"]


@final
class Odds(OfSession):
    """The next event's odds."""

    do: Literal["odds"]
    top: Annotated[Whole, Field(ge=1, le=100_000)] = 20
    dials: dict[str, Dialled] = Field(default_factory=dict)


@final
class Export(OfSession):
    """All that another server needs to go on."""

    do: Literal["export"]
    carried: bool = True


@final
class Close(OfSession):
    """Forget it."""

    do: Literal["close"]


_Any = Annotated[
    Begin | Import | Resume | Piece | Append | Accept | Undo | Redo | At | Replace | Candidates | Infill | Stream | Stop
    | Odds | Export | Close,
    Field(discriminator="do"),
]  # fmt: skip
_messages: TypeAdapter[Message] = TypeAdapter(_Any)


def message_of(data: dict[str, Any]) -> Message:
    """A message from plain data. Raises InputError for what is none, naming the field."""
    try:
        return _messages.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"][1:])
        if not place:
            raise _unknown(data.get("do")) from error
        with about(place):
            raise InputError(f"'{place}' is not as it should be: {first['msg']}.", "See GET /v1/sessions.") from error
    except RecursionError as error:
        raise InputError("The message is nested too deeply.", "Send less in one message.") from error


def _unknown(do: Any) -> InputError:
    known = "begin, resume, append, accept, undo, redo, at, replace, candidates, infill, odds, stream, stop, export, "
    said = "says not what to do" if do is None else f"wants to do '{str(do)[:40]}'"
    return InputError(f"The message {said}.", f'"do" is one of: {known}import, piece, close.')
