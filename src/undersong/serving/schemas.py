"""What requests and answers look like, each field with what it means; the page /docs is made of this."""

from __future__ import annotations

from typing import Annotated, Any, final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "ERRORS", "Choice", "Completion", "CompletionRequest", "Dialled", "Failure", "Given", "Logprobs", "Model", "Models",
    "Playing", "Usage", "Whole",
]  # fmt: skip


def _whole(value: Any) -> Any:
    """5.0 is a whole number to JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]

Dialled = Annotated[
    float | list[float] | str,
    Field(description='What a dial is turned to: a number, one for each event, or a way in words such as "1>0.6/200".'),
]

Given = Annotated[
    str | dict[str, str] | list[Any],
    Field(
        description="A piece, as its medium takes it: in words, as fields by name, or, where its events are no "
        "symbols, as JSON of its own kind. A list of one string stands for that string.",
        examples=["The lamp "],
    ),
]


class Playing(BaseModel):
    """What everything that is played can be asked for. Every dial of the model is also a field by its own name."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")
    __pydantic_extra__: dict[str, Dialled | None]

    model: str | None = Field(
        None,
        description="Which instrument plays, by its `id` in /v1/models; may be left out where there is one.",
        examples=["anthology"],
    )
    prompt: Given | None = Field(None, description="What is gone on with; nothing begins anew.", examples=["The lamp "])
    stop: Given | list[Given] | None = Field(
        None,
        description="Where to stop: before the first of these, 4 at most, in what is added.",
        examples=["\n", ["."]],
    )
    start: Given | None = Field(
        None, description="What is added begins with this, however unlikely it is.", examples=["And "]
    )
    until: str | None = Field(
        None,
        description="A natural end to play to, one of the model's `endings`; what is added is cut there.",
        examples=["sentence"],
    )
    seed: Whole | None = Field(
        None, ge=0, lt=2**63, description="The dice: the same request with the same seed plays the same.", examples=[7]
    )
    temperature: Dialled | None = Field(
        None, description="Below 1 plays safe, above 1 takes risks, 0 always takes the likeliest.", examples=[0.7]
    )
    top_p: Dialled | None = Field(
        None, description="The likeliest events that together have this much of the odds; the rest is cut off.",
        examples=[0.95],
    )  # fmt: skip
    dials: dict[str, Dialled] | None = Field(
        None,
        description="Dials by name, for those that are called like another field.",
        examples=[{"temperature": 0.7}],
    )
    condition: dict[str, Any] | None = Field(
        None, description="What the model listens to beside the events, as its `conditions` declare.", examples=[{}]
    )
    constraints: dict[str, Any] | None = Field(
        None,
        description="What is added must keep within these: `contain`, `avoid`, `words`, `avoid_words`, `least`, "
        "`most`, `force`, `forbid`, `refuse_copies`.",
        examples=[{"contain": ["sea"], "refuse_copies": 20}],
    )


@final
class StreamOptions(BaseModel):
    """How a streamed answer is told."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    include_usage: bool | None = Field(None, description="Whether a last part tells how much was heard and played.")
    include_obfuscation: bool | None = Field(None, description="Taken and passed over: nothing is ever padded.")


@final
class CompletionRequest(Playing):
    """A prompt to go on with, in the form that clients of OpenAI's interface send."""

    max_tokens: Whole | None = Field(
        None,
        ge=0,
        description="How much is added at most, in the medium's measure: characters, points. "
        "What the model usually plays where it is left out.",
        examples=[40],
    )
    n: Whole | None = Field(None, ge=1, description="How many different pieces.", examples=[1])
    stream: bool | None = Field(None, description="Whether events are sent as they are played.")
    stream_options: StreamOptions | None = Field(None, description="Only where it streams.")
    logprobs: Whole | None = Field(
        None, ge=0, le=20, description="Tells each event's log odds, and those of as many likeliest ones.", examples=[3]
    )
    echo: bool | None = Field(None, description="Whether the answer begins with the prompt.")
    best_of: Whole | None = Field(None, ge=1, description="Only what `n` is: none are played to be thrown away.")
    suffix: str | None = Field(None, description="Only nothing: what comes after is no part of a completion here.")
    presence_penalty: float | None = Field(None, description="Only 0: see the dial `brake`.")
    frequency_penalty: float | None = Field(None, description="Only 0: see the dial `brake`.")
    logit_bias: dict[str, float] | None = Field(None, description="Only an empty one: see `constraints`.")
    user: str | None = Field(None, description="Taken and passed over.")


# ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────


@final
class Logprobs(BaseModel):
    """The events of a choice by name, each list with one entry for each event."""

    model_config = ConfigDict(extra="allow")

    tokens: list[str] = Field(description="Each event's name.")
    token_logprobs: list[float] = Field(description="Its log odds in nats, as the model has them before any dial.")
    top_logprobs: list[dict[str, float]] = Field(description="Those of the likeliest events at that place, by name.")
    text_offset: list[int] = Field(description="Where it begins, counted from where the prompt does, in the measure.")


@final
class Choice(BaseModel):
    """One piece. What its medium adds to `piece` stands beside it, such as its words as a string."""

    model_config = ConfigDict(extra="allow")

    index: int = Field(description="Which of the `n` it is.")
    piece: Any = Field(description="What was added, as JSON of its medium; with the prompt where `echo` is asked.")
    finish_reason: str | None = Field(
        description='"stop" where it ended by itself or at a stop, "length" where it was long enough; null until then.'
    )
    logprobs: Logprobs | None = Field(description="Where they were asked for.")


@final
class Usage(BaseModel):
    """How many events were heard and played."""

    prompt_tokens: int = Field(description="Events of the prompt.")
    completion_tokens: int = Field(description="Events played, of all choices together.")
    total_tokens: int = Field(description="Both.")


@final
class Completion(BaseModel):
    """What was played."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="A name for this answer.")
    object: str = Field(description="What clients know it by.")
    created: int = Field(description="When, in seconds since 1970.")
    model: str = Field(description="Who played.")
    choices: list[Choice] = Field(
        description="The pieces. Each also has `events`, `nats` (how surprising it was in all), `copied` (what of it "
        "stands in the material) and, of a mixture, `voices`."
    )
    usage: Usage | None = Field(None, description="How much it was.")
    seed: int | None = Field(None, description="The dice it was played with.")


@final
class Model(BaseModel):
    """An instrument that plays here."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="The name to ask for it by.")
    object: str = Field(description="Always model.")
    created: int = Field(description="When it was taken up here, in seconds since 1970.")
    owned_by: str = Field(description="Always undersong.")
    medium: str = Field(description="What kind of works it plays.")
    measure: str = Field(description="What their length is counted in.")
    sample_length: int = Field(description="How much it plays when nobody says, in that measure.")
    dials: list[dict[str, Any]] = Field(description="What can be turned: name, sentence, low, high, neutral.")
    conditions: list[dict[str, Any]] = Field(description="What it listens to beside the events, and of what shape.")
    endings: list[str] = Field(description="The natural ends it can play `until`.")


@final
class Models(BaseModel):
    """Every instrument that plays here."""

    object: str = Field(description="Always list.")
    data: list[Model] = Field(description="One for each instrument.")


@final
class Told(BaseModel):
    """What went wrong."""

    message: str = Field(description="What happened.")
    type: str = Field(description="Of what kind it is, in the words of OpenAI's interface.")
    code: str | None = Field(description="The same in one word.")
    param: str | None = Field(description="Which field of the request it is about.")
    do: str | None = Field(description="What to do about it.")


@final
class Failure(BaseModel):
    """Every error is told in this form."""

    error: Told


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "Something asked for cannot be played."},
    401: {"model": Failure, "description": "The key is missing or wrong, where the server has one."},
    403: {"model": Failure, "description": "Asked from where this server does not answer."},
    404: {"model": Failure, "description": "No such instrument, session or path."},
    408: {"model": Failure, "description": "The request came too slowly."},
    413: {"model": Failure, "description": "More than a request may bring."},
    421: {"model": Failure, "description": "Not a name of this server."},
    422: {"model": Failure, "description": "A field is missing, or not of its kind."},
    429: {"model": Failure, "description": "Too much at once; Retry-After says when to come again."},
    431: {"model": Failure, "description": "Address or headers are too long."},
    500: {"model": Failure, "description": "A fault of the server's."},
    503: {"model": Failure, "description": "It took longer than a request may, or the server closes."},
}
"""The errors any route may answer with: `responses=ERRORS`."""
