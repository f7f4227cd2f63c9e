"""How a server takes up instruments and an address, also for those who run a server of their own."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import httpx
import pytest

from undersong.errors import RecipeError, RunFolderError, UsageError
from undersong.serving.listening import address_of, bind
from undersong.serving.running import ENVIRONMENT, from_environment, serve, take_up
from undersong.serving.settings import Serving

KEY = "correct-horse-battery-staple"


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSONG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("UNDERSONG_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_instrument_has_a_name_of_its_own() -> None:
    """Two of one name are told apart by a number; without a name it is the newest run, else the voice that ships."""
    assert ["keeper", "tide", "keeper-2", "keeper-3"] == list(take_up(["keeper", "tide", "keeper", "keeper"]))
    assert ["anthology"] == list(take_up([]))


def _ask(key: str | None) -> httpx.Response:
    app = from_environment()
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8765") as client:
            return await client.get("/v1/models", headers=headers)

    answer = asyncio.run(ask())
    app.state.house.close()
    return answer


def test_the_application_can_be_had_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What plays and each setting in one JSON, the key by itself."""
    monkeypatch.setenv(ENVIRONMENT, json.dumps({"runs": ["keeper"], "host": "0.0.0.0", "rows": 2}))
    monkeypatch.setenv("UNDERSONG_KEY", KEY)

    assert 401 == _ask(None).status_code
    assert ["keeper"] == [model["id"] for model in _ask(KEY).json()["data"]]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "it is no object"),
        ('{"runs": "keeper"}', "no list of names"),
        ('{"rosw": 3}', "rosw"),
        ('{"rows": 0}', "rows"),
        ('{"host": "0.0.0.0"}', "could play here"),
    ],
)
def test_an_environment_that_makes_no_sense_is_told(monkeypatch: pytest.MonkeyPatch, given: str, said: str) -> None:
    """By its name, and with what would do."""
    monkeypatch.setenv(ENVIRONMENT, given)

    with pytest.raises((UsageError, RecipeError), match=said) as refused:
        from_environment()
    assert refused.value.what


def test_nothing_is_opened_for_a_run_that_is_not_there() -> None:
    """The address stays free."""
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
    with pytest.raises(RunFolderError):
        serve(["nowhere"], Serving(port=port))
    with socket.create_server(("127.0.0.1", port)):
        pass


@pytest.mark.parametrize("several", [{"workers": 2, "classroom": True, "join_code": "a"}, {"workers": 2}])
def test_what_needs_one_process_is_not_given_several(several: dict[str, object]) -> None:
    """A room knows everybody in it; instruments at hand cannot be loaded again by name."""
    with pytest.raises(UsageError, match="workers"):
        serve({}, Serving.model_validate(several))


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("::1", "[::1]")])
def test_an_address_is_shown_as_it_is_typed(host: str, shown: str) -> None:
    """IPv6 in brackets."""
    try:
        with bind(Serving(host=host, port=0)) as taken:
            port = taken.getsockname()[1]
    except UsageError:
        pytest.skip(f"this machine has no {host}")

    assert f"http://{shown}:{port}" == address_of(Serving(host=host, port=port))


def test_every_address_is_shown_as_one_that_can_be_typed() -> None:
    """0.0.0.0 is no address to go to."""
    shown = address_of(Serving(host="0.0.0.0", port=8765, key=KEY))

    assert shown.startswith("http://")
    assert "0.0.0.0" not in shown


@pytest.mark.parametrize("host", ["192.0.2.1", "no such name", "a" * 300, "::ffff:ffff"])
def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(UsageError, match="no address"):
        bind(Serving(host=host, port=0))
