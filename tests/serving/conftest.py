"""What tests of the server have in common: small instruments, and servers that play them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from servers import Served, running
from tiny_models import instrument_of

from undersong.playing.instrument import Instrument
from undersong.playing.loading import load
from undersong.serving.app import make_app
from undersong.serving.settings import Serving


@pytest.fixture(scope="session")
def instruments() -> Mapping[str, Instrument]:
    """One that shipped, one that never learned and plays any character there is, and one of walks."""
    return {"keeper": load("keeper"), "tiny": instrument_of("text"), "walks": instrument_of("walk")}


@pytest.fixture(scope="session")
def server(instruments: Mapping[str, Instrument]) -> Iterator[Served]:
    """A server that nobody's test may change; it asks nobody to come less often."""
    with running(make_app(instruments, Serving(requests_a_minute=1_000_000))) as served:
        yield served


@pytest.fixture
def serve(instruments: Mapping[str, Instrument]) -> Iterator[Callable[..., Served]]:
    """A server of a test's own: `serve(waiting=1)`; `serve({"tiny": …}, waiting=1)` has it play others."""
    with ExitStack() as stack:

        def serve(playing_here: Mapping[str, Instrument] | None = None, **settings: Any) -> Served:
            asked = Serving(**{"requests_a_minute": 1_000_000, **settings})
            app = make_app(playing_here or {"tiny": instruments["tiny"]}, asked)
            return stack.enter_context(running(app))

        yield serve
