"""What schemathesis sends to every route, made from what the server says of itself; it should find nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from doorstep import serving
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from tiny_models import instrument_of

from undersong.serving.app import make_app
from undersong.serving.settings import Serving

# what no schema can say: that a prompt holds a letter nobody learned, that constraints contradict each other
_CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 413]}}}
)
_BOUNDED = Serving(port=0, requests_a_minute=1_000_000, longest=60, rows=3, seconds=20, body_bytes=20_000)
_APP = make_app({"tiny": instrument_of("text"), "walks": instrument_of("walk")}, _BOUNDED)
_RELAXED = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None}

api = schemathesis.openapi.from_dict(_APP.openapi(), config=_CONFIG)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that plays both media."""
    with serving(_APP, _BOUNDED) as live:
        yield live.address


@api.parametrize()
@settings(max_examples=4, **_RELAXED)  # type: ignore[arg-type]
def test_a_few_requests_of_each_kind_find_nothing(case: Any, url: str) -> None:
    """No 500, no undocumented status, no answer of another form, nothing taken that should be refused."""
    case.call_and_validate(base_url=url)


@pytest.mark.slow
@api.parametrize()
@settings(max_examples=150, **_RELAXED)  # type: ignore[arg-type]
def test_many_requests_of_each_kind_find_nothing(case: Any, url: str) -> None:
    """The same, for longer."""
    case.call_and_validate(base_url=url)


def test_every_route_says_how_it_fails(server: Any) -> None:
    """Each 4xx and 5xx in the one form of errors, a sentence for each route and each field."""
    description = server.http.get("/openapi.json").json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            assert operation.get("summary"), f"{method} {path} says nothing of itself"
            assert operation.get("description"), f"{method} {path} says nothing of itself"
            assert any(status.startswith(("4", "5")) for status in answers), f"{method} {path} never fails"
            assert all(answer.get("description") for answer in answers.values())


def test_the_description_is_of_this_server(server: Any) -> None:
    """Its name and version; a name for each operation, none twice."""
    description = server.http.get("/openapi.json").json()
    names = [each["operationId"] for methods in description["paths"].values() for each in methods.values()]

    assert "Undersong" == description["info"]["title"]
    assert len(names) == len(set(names))
