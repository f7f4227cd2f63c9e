"""The application: every route, every error in one form, and a door that is shut unless it is opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI

from undersong import __version__
from undersong.playing.instrument import Instrument
from undersong.serving.documenting import document
from undersong.serving.failures import handle
from undersong.serving.house import House
from undersong.serving.replies import Reply
from undersong.serving.settings import Serving

__all__ = ["app_of", "make_app"]

_ABOUT = """
Instruments that go on with what they are given: words, or whatever else they learned.

Everything that can be turned is a field of its own name: `GET /v1/models` lists the dials of each instrument. The same
request with the same `seed` plays the same, whoever else plays just then. Errors have one form:
`{"error": {"message", "type", "code", "param", "do"}}`.
"""


def make_app(instruments: Mapping[str, Instrument], settings: Serving | None = None) -> FastAPI:
    """The application that serves these instruments by name; its house is `app.state.house`.

    Raises UsageError where there is no instrument.
    """
    from undersong.serving.guarding import guarded
    from undersong.serving.routes import classroom, completions, health, models, playing, sessions, torch_rnn_server

    settings = Serving() if settings is None else settings
    parts = (models, completions, playing, sessions, torch_rnn_server, health, classroom)
    app = app_of(House.of(instruments, settings), [part.router for part in parts])
    guarded(app, settings)
    return app


def app_of(house: House, routers: Iterable[APIRouter]) -> FastAPI:
    """The application of a house with just these routes, which nobody guards."""
    app = FastAPI(
        title="Undersong",
        version=__version__,
        description=_ABOUT,
        lifespan=_closing(house),
        default_response_class=Reply,
        docs_url=None,  # they fetch their scripts from elsewhere; ours is among the routes
        redoc_url=None,
    )
    app.state.house = house
    for router in routers:
        app.include_router(router)
    handle(app)
    document(app, house)
    return app


def _closing(house: House) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            house.close()

    return lifespan
