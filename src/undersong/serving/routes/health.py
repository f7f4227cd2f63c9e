"""How the server is: whether it lives, what it counted, and what can be asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel, Field

from undersong import __version__
from undersong.serving.manual import manual
from undersong.serving.metrics import VERSION
from undersong.serving.schemas import ERRORS

if TYPE_CHECKING:
    from undersong.serving.house import House

__all__ = ["router"]

router = APIRouter(tags=["the server"])


class Health(BaseModel):
    """That it lives. Whoever brings no key, where one is asked for, learns no more than that."""

    status: str = Field(description='Always "ok"; a server that is not does not answer.')
    version: str | None = Field(None, description="Of Undersong.")
    models: list[str] | None = Field(None, description="What plays here.")


@router.get(
    "/healthz", summary="Whether it lives", response_model_exclude_none=True, responses=ERRORS, operation_id="health"
)
async def health(request: Request) -> Health:
    """Answers at once, also without the key, so that whatever keeps the server running can ask it."""
    house: House = request.app.state.house
    if not getattr(request.state, "known", True):
        return Health(status="ok")
    return Health(status="ok", version=__version__, models=list(house.voices))


@router.get(
    "/metrics", summary="What it counted", response_class=PlainTextResponse, responses=ERRORS, operation_id="metrics"
)
async def metrics(request: Request) -> PlainTextResponse:
    """Requests, times, how much was played, who waits, and memory, as Prometheus reads them; nothing anybody wrote."""
    house: House = request.app.state.house
    kind = f"{PlainTextResponse.media_type}; version={VERSION}; charset=utf-8"
    return PlainTextResponse(house.metrics.prometheus(), media_type=kind)


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    """The same as /openapi.json for people: a page that loads nothing from anywhere."""
    address = str(request.base_url).rstrip("/")
    key = request.app.state.house.settings.key is not None
    return HTMLResponse(manual(request.app.openapi(), request.app.routes, address, key))
