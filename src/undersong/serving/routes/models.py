"""GET /v1/models: which instruments play here, and what can be asked of each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from undersong.serving.house import House, Voice
from undersong.serving.replies import Reply
from undersong.serving.schemas import ERRORS, Model, Models

__all__ = ["router"]

router = APIRouter(tags=["models"], default_response_class=Reply)
_ERRORS: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403, 404, 429, 500)}


@router.get("/v1/models", response_model=Models, responses=_ERRORS, summary="Every instrument that plays here")
async def models(request: Request) -> Response:
    """In the form of OpenAI's list, with what can be turned, asked and played to in each."""
    house: House = request.app.state.house
    return Reply({"object": "list", "data": [_told(voice) for voice in house.voices.values()]})


@router.get("/v1/models/{model}", response_model=Model, responses=_ERRORS, summary="One of them")
async def model(model: str, request: Request) -> Response:
    """What can be asked of one instrument."""
    house: House = request.app.state.house
    return Reply(_told(house.voice(model)))


def _told(voice: Voice) -> dict[str, Any]:
    instrument = voice.instrument
    return {
        "id": voice.name,
        "object": "model",
        "created": voice.created,
        "owned_by": "undersong",
        "medium": instrument.medium.kind,
        "measure": instrument.medium.measure,
        "sample_length": instrument.medium.sample_length,
        "dials": [dial.to_json() for dial in instrument.dials],
        "conditions": [spec.to_json() for spec in instrument.conditions],
        "endings": list(instrument.codec.endings),
    }
