"""What only instruments can be asked: several ways to go on, how surprising a piece is, what may come next."""

from __future__ import annotations

from typing import Any, final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from undersong.errors import UsageError
from undersong.playing.asking import Asking
from undersong.playing.courses import Course
from undersong.playing.given import Given as Piece
from undersong.playing.given import events_of, piece_of
from undersong.playing.instrument import Instrument
from undersong.playing.sessions.candidates import Candidate, Ranking, check_wanted, suggesting
from undersong.playing.sessions.infilling import infilling
from undersong.serving.asked import asking_of, check_ending, check_length, check_prompt, check_rows, dials_of, given_of
from undersong.serving.failures import about
from undersong.serving.house import House
from undersong.serving.judging import hearing_under, odds_after, scoring
from undersong.serving.replies import Reply
from undersong.serving.schemas import ERRORS, Dialled, Given, Playing, Whole
from undersong.serving.streaming import unless_gone
from undersong.serving.workspaces import Person

__all__ = ["router"]

router = APIRouter(tags=["suggestions, scores, odds"], default_response_class=Reply)

_TIMES = 3  # rows that are drawn for each candidate that must lead somewhere
_PER_COST = 400  # events that a person's allowance counts as one request


@final
class CandidatesRequest(Playing):
    """Different ways to go on with a prompt."""

    count: Whole | None = Field(None, ge=1, description="How many; 5 where it is left out.", examples=[5])
    length: Whole | None = Field(
        None, ge=1, description="How long each is at most, in the medium's measure.", examples=[40]
    )
    ranking: str | float | None = Field(
        None,
        description='What comes first: "likely" (per event), "novel", or what is nearest to so many nats per event.',
        examples=["likely"],
    )
    after: Given | None = Field(
        None,
        description="What comes after the place that is to be filled: candidates are ranked by how well it follows.",
    )


@final
class ScoreRequest(BaseModel):
    """A piece to be judged."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    model: str | None = Field(None, description="Which instrument judges; may be left out where there is one.")
    piece: Given = Field(description="What is judged, heard from its start.", examples=["The lamp burned all night."])
    condition: dict[str, Any] | None = Field(None, description="What the model listens to beside the events.")
    each: bool | None = Field(None, description="Whether the nats of every event are told.")


@final
class OddsRequest(BaseModel):
    """A place in a piece. Every dial of the model is also a field by its own name."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")
    __pydantic_extra__: dict[str, Dialled | None]

    model: str | None = Field(None, description="Which instrument is asked; may be left out where there is one.")
    prompt: Given | None = Field(None, description="What came before.", examples=["The lamp "])
    top: Whole | None = Field(None, ge=1, description="How many are named; 20 where it is left out.", examples=[5])
    condition: dict[str, Any] | None = Field(None, description="What the model listens to beside the events.")
    temperature: Dialled | None = Field(None, description="The odds as they are under this dial.")
    top_p: Dialled | None = Field(None, description="The same for this one.")
    dials: dict[str, Dialled] | None = Field(None, description="Dials by name.", examples=[{"temperature": 0.7}])


# ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────


@final
class OneCandidate(BaseModel):
    """One way to go on. What its medium adds to `piece` stands beside it."""

    model_config = ConfigDict(extra="allow")

    piece: Any = Field(description="What it would add, as JSON of its medium.")
    events: int = Field(description="How many events that are.")
    nats: float | None = Field(description="How surprising it is in all; null where it has no odds at all.")
    novelty: float = Field(description="The share of it that copies nothing.")
    copied: list[dict[str, Any]] | None = Field(description="What of it stands in the material; null where none knows.")


@final
class Candidates(BaseModel):
    """The best first."""

    model: str = Field(description="Who played.")
    candidates: list[OneCandidate] = Field(description="Fewer than were asked for where no others came.")
    seed: int = Field(description="The dice: with these the same come again.")


@final
class Judged(BaseModel):
    """How surprising a piece is; its length, and nats and bits for each of that, stand under the medium's measure."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(description="Who judged.")
    events: int = Field(description="How many events the piece has.")
    nats_per_event: float | None = Field(description="On average.")
    nats: list[float] | None = Field(None, description="Of every event, where they were asked for.")


@final
class Odds(BaseModel):
    """What may come next."""

    model: str = Field(description="Who was asked.")
    odds: dict[str, Any] = Field(
        description="By name, the likeliest first; where events have no names, what the distribution says of itself."
    )


# ── routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@router.post(
    "/v1/candidates",
    response_model=Candidates,
    responses=ERRORS,
    summary="Several ways to go on",
    operation_id="candidates",
)
async def candidates(asked: CandidatesRequest, request: Request, person: Person) -> Reply:
    """Drawn side by side, cut where something ends (`until`), none twice, ranked; or what may lead to `after`."""
    house: House = request.app.state.house
    with about("model"):
        voice = house.voice(asked.model)
    instrument, settings = voice.instrument, house.settings
    with about("count"):
        count = check_rows(asked.count or 5, settings)
    with about("length"):
        length = check_length(instrument, asked.length, settings)
    with about("until"):
        until = check_ending(instrument, asked.until)
    asking = asking_of(instrument, asked, length, settings)
    ranking: Ranking = "likely" if asked.ranking is None else asked.ranking
    check_wanted(instrument, count, until, ranking, asking)
    after: Piece | None = None
    if asked.after is not None:
        with about("after"):
            after = check_prompt(instrument, given_of(instrument, asked.after), settings)
    rows = count if after is None else _TIMES * count
    person.allow(rows * max(1.0, length / _PER_COST))
    course = _suggesting(instrument, asking, count, until, ranking, after)
    found = await unless_gone(request, voice.scheduler.play(course, rows))
    house.metrics.characters(voice.name, sum(instrument.codec.measure(each.piece) for each in found))
    told = [each.to_json() for each in found]
    return Reply({"model": voice.name, "candidates": told, "seed": asking.seed})


def _suggesting(
    instrument: Instrument, asked: Asking, count: int, until: str | None, ranking: Ranking, after: Piece | None
) -> Course[list[Candidate]]:
    """Candidates after the prompt, which is heard first."""
    medium, codec = instrument.medium, instrument.codec
    opening = events_of(medium, codec, asked.prompt)
    heard = yield from hearing_under(instrument, opening, asked.condition, asked.dials)
    if after is None:
        found = yield from suggesting(instrument, heard, opening, count, until, ranking, asked)
    else:
        follows = events_of(medium, codec, after)
        found = yield from infilling(instrument, heard, opening, follows, count, until, ranking, asked)
    return found


@router.post(
    "/v1/score", response_model=Judged, responses=ERRORS, summary="How surprising a piece is", operation_id="score"
)
async def score(asked: ScoreRequest, request: Request, person: Person) -> Reply:
    """In nats per event, and per character, point or whatever its medium counts in, so that instruments compare."""
    house: House = request.app.state.house
    with about("model"):
        voice = house.voice(asked.model)
    instrument = voice.instrument
    with about("piece"):
        given = check_prompt(instrument, given_of(instrument, asked.piece), house.settings)
        piece = piece_of(instrument.medium, given)
        events = events_of(instrument.medium, instrument.codec, given)
    person.allow(max(1.0, len(events) / _PER_COST))
    course = scoring(instrument, piece, events, asked.condition)
    found = await unless_gone(request, voice.scheduler.play(course, 1))
    each = {"nats": found.nats.tolist()} if asked.each else {}
    return Reply({"model": voice.name, **found.to_json(), **each})


@router.post("/v1/odds", response_model=Odds, responses=ERRORS, summary="What may come next", operation_id="odds")
async def odds(asked: OddsRequest, request: Request, person: Person) -> Reply:
    """The next event's odds after a prompt, as they are or under dials, the likeliest first."""
    house: House = request.app.state.house
    with about("model"):
        voice = house.voice(asked.model)
    instrument, settings = voice.instrument, house.settings
    with about("prompt"):
        given = check_prompt(instrument, given_of(instrument, asked.prompt), settings)
        opening = events_of(instrument.medium, instrument.codec, given)
    dials = dials_of(instrument, _playing(asked), settings)
    if dials.get("temperature") == 0:
        with about("temperature"):
            raise UsageError("At temperature 0 there are no odds: the likeliest event is always taken.")
    person.allow(max(1.0, len(opening) / _PER_COST))

    async def found() -> dict[str, Any]:
        heard = await voice.scheduler.play(hearing_under(instrument, opening, asked.condition, dials), 1)
        top = 20 if asked.top is None else asked.top
        return await voice.scheduler.aside(lambda: odds_after(instrument, heard, opening, asked.condition, dials, top))

    return Reply({"model": voice.name, "odds": await unless_gone(request, found())})


def _playing(asked: OddsRequest) -> Playing:
    """The dials of a request, as they stand in those that play."""
    turned = {**(asked.__pydantic_extra__ or {}), **(asked.dials or {})}
    given = {name: value for name, value in turned.items() if value is not None}
    return Playing(temperature=asked.temperature, top_p=asked.top_p, dials=given)
