"""POST /v1/completions: a prompt gone on with, in the form that clients of OpenAI's interface speak."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from undersong.errors import UndersongError, UsageError
from undersong.playing.drawing import Row
from undersong.serving.asked import asking_of, check_ending, check_length, check_rows
from undersong.serving.completing import Completing, Shown
from undersong.serving.failures import about, failed, unforeseen
from undersong.serving.house import House, Voice
from undersong.serving.naming import check_names
from undersong.serving.replies import Reply
from undersong.serving.schemas import ERRORS, Completion, CompletionRequest
from undersong.serving.streaming import DONE, Events, Stream, event, unless_gone

__all__ = ["router"]

router = APIRouter(tags=["completions"], default_response_class=Reply)

_LONG = 4_000  # events of an answer, from which its JSON is made beside the loop
_EXAMPLE = {
    "id": "cmpl-2f1c8e7a", "object": "text_completion", "created": 1_795_000_000, "model": "anthology",
    "choices": [{"index": 0, "piece": "burned all night.", "finish_reason": "stop", "logprobs": None, "events": 17,
                 "nats": 20.4, "copied": []}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 17, "total_tokens": 26}, "seed": 7,
}  # fmt: skip
_STREAMED = "Where `stream` is asked, server-sent events: a part for each event shown, then `data: [DONE]`."
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": f"What was played. {_STREAMED}",
        "content": {"application/json": {"example": _EXAMPLE}, Events.media_type or "": {"schema": {"type": "string"}}},
    },
    **ERRORS,
}


@router.post("/v1/completions", response_model=Completion, responses=_ANSWERS, summary="Go on with a prompt")
async def completions(asked: CompletionRequest, request: Request) -> Response:
    """What the model adds to the prompt: one piece or several, whole or event by event as they are played."""
    house: House = request.app.state.house
    with about("model"):
        voice = house.voice(asked.model)
    _refuse(asked)
    completing = _completing(house, voice, asked)
    house.workspaces.of(request).allow(completing.cost)
    head = {
        "id": f"cmpl-{secrets.token_hex(8)}", "object": "text_completion", "created": int(time.time()),
        "model": voice.name,
    }  # fmt: skip
    if asked.stream:
        return await _streamed(request, house, voice, completing, head, asked)
    return await unless_gone(request, _whole(house, voice, completing, head))


def _completing(house: House, voice: Voice, asked: CompletionRequest) -> Completing:
    """The request, checked. Raises UndersongError, told of the field it is about."""
    instrument, settings = voice.instrument, house.settings
    with about("n"):
        rows = check_rows(asked.n or 1, settings)
    with about("max_tokens"):
        check_length(instrument, asked.max_tokens, settings)
    with about("until"):
        until = check_ending(instrument, asked.until)
    asking = asking_of(instrument, asked, asked.max_tokens, settings)
    with about("logprobs"):
        names = check_names(instrument, asked.logprobs, rows * (asking.length or 0))
    return Completing(instrument, asking, rows, until, names, bool(asked.echo))


def _refuse(asked: CompletionRequest) -> None:
    """What clients of this interface may send and nobody here can do. Raises UsageError."""
    refused = {
        "best_of": (asked.best_of not in (None, asked.n or 1), "Leave it out, and ask for `n` pieces."),
        "suffix": (bool(asked.suffix), "Leave it out: /v1/candidates can fill in between."),
        "presence_penalty": (bool(asked.presence_penalty), "Turn the dial `brake`, which ends what goes in circles."),
        "frequency_penalty": (bool(asked.frequency_penalty), "Turn the dial `brake`, which ends what goes in circles."),
        "logit_bias": (bool(asked.logit_bias), "Say in `constraints` what to contain or to avoid."),
    }
    for name, (given, do) in refused.items():
        if given:
            with about(name):
                raise UsageError(f"'{name}' cannot be done here.", do)
    if asked.stream_options is not None and not asked.stream:
        with about("stream_options"):
            raise UsageError("'stream_options' are only for what streams.", "Leave them out, or ask for `stream`.")


async def _whole(house: House, voice: Voice, completing: Completing, head: dict[str, Any]) -> Response:
    course, told = completing.course(), completing.note if completing.noted else None
    drawn = await voice.scheduler.play(course, completing.rows, told)

    def made() -> Reply:
        choices = completing.choices()
        return Reply({**head, "choices": choices, "usage": completing.usage(), "seed": completing.asked.seed})

    reply = made() if _events(drawn) < _LONG else await voice.scheduler.aside(made)
    house.metrics.characters(voice.name, completing.measured())
    return reply


def _events(drawn: Iterable[Row]) -> int:
    return sum(len(row.events) for row in drawn)


# ── as it is played ────────────────────────────────────────────────────────────────────────────────────────────────


async def _streamed(
    request: Request, house: House, voice: Voice, completing: Completing, head: dict[str, Any], asked: CompletionRequest
) -> Response:
    """Parts of an answer. What is refused when the prompt is heard still has a status of its own."""
    stream = Stream(voice.scheduler, completing.course(), completing.rows, completing.hear)
    try:
        first = await unless_gone(request, _first(stream))
    except BaseException:
        await stream.close()
        raise
    usage = asked.stream_options is not None and bool(asked.stream_options.include_usage)
    return Events(_parts(house, voice, completing, head, stream, first, bool(asked.echo), usage), stream.close)


async def _first(stream: Stream[Shown, list[Row]]) -> list[Shown]:
    return await anext(stream, [])


async def _parts(
    house: House,
    voice: Voice,
    completing: Completing,
    head: dict[str, Any],
    stream: Stream[Shown, list[Row]],
    shown: list[Shown],
    echo: bool,
    usage: bool,
) -> AsyncIterator[bytes]:
    """Several parts at a time, where several are ready."""
    head = {**head, "seed": completing.asked.seed}

    def part(**choice: Any) -> bytes:
        return event({**head, "choices": [choice]})

    try:
        if echo:
            yield b"".join(part(**choice) for choice in completing.echoes())
        while shown:
            yield b"".join(part(**completing.delta(each)) for each in shown)
            shown = await anext(stream, [])
        yield b"".join(
            [
                *(part(**completing.delta(each)) for each in completing.rest()),
                *(part(**completing.last(row)) for row in range(completing.rows)),
                event({**head, "choices": [], "usage": completing.usage()}) if usage else b"",
                DONE,
            ]
        )
        house.metrics.characters(voice.name, completing.measured())
    except UndersongError as error:
        yield event(failed(error).to_json())
    except Exception as error:
        yield event(unforeseen(error).to_json())
