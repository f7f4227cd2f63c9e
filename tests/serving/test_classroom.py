"""A room full of people over HTTP: who comes in, what others see, and that nobody is remembered."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import pytest
from doorstep import Live, serving
from tiny_models import instrument_of
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from undersong.playing.instrument import Instrument
from undersong.playing.loading import load
from undersong.serving.app import make_app
from undersong.serving.settings import Serving
from undersong.serving.workspaces import COOKIE

CODE = "otter-maple-comet"


@pytest.fixture(scope="module")
def keeper() -> Instrument:
    return load("keeper")


def served(instruments: dict[str, Instrument], **settings: Any) -> Any:
    """A real server that is a classroom."""
    asked = Serving(port=0, **{"classroom": True, "join_code": CODE, **settings})
    app = make_app(instruments, asked)
    app.state.seen = {}
    return serving(app, asked)


@pytest.fixture(scope="module")
def live(keeper: Instrument) -> Iterator[Live]:
    with served({"keeper": keeper, "walk": instrument_of("walk")}) as under_way:
        yield under_way


def client(live: Live, token: str | None = None) -> httpx.Client:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=live.address, headers=headers, timeout=30)


def come_in(live: Live, name: str, code: str = CODE) -> httpx.Client:
    """Somebody with a browser: the cookie is kept, the token is not looked at."""
    asker = client(live)
    answer = asker.post("/classroom/join", json={"code": code, "name": name})
    assert 200 == answer.status_code, answer.json()
    return asker


WISH = {"model": "keeper", "prompt": "The lamp ", "count": 3, "length": 20, "seed": 1}


def test_nobody_plays_who_has_not_joined(live: Live) -> None:
    """Everything is shut but the page, the way in, and whether the server lives."""
    with client(live) as stranger:
        for path in ("/v1/models", "/docs", "/openapi.json", "/metrics", "/generate?start_text=a", "/nowhere"):
            answer = stranger.get(path)
            assert 401 == answer.status_code, path
            assert "not_joined" == answer.json()["error"]["code"]
        assert 401 == stranger.post("/v1/candidates", json=WISH).status_code
        assert 401 == stranger.get("/classroom/me").status_code
        assert 401 == stranger.post("/classroom/leave", json={}).status_code
        assert 200 == stranger.get("/classroom").status_code
        assert 200 == stranger.get("/classroom/", follow_redirects=True).status_code
        assert 200 == stranger.get("/healthz").status_code


def test_no_socket_opens_for_who_has_not_joined(live: Live) -> None:
    """A live session is refused before it begins, with why; the cookie of somebody who joined opens it."""
    address = f"{live.address.replace('http', 'ws')}/v1/sessions"
    with pytest.raises(InvalidStatus) as refused:
        connect(address)
    assert 401 == refused.value.response.status_code

    with closing(come_in(live, "Live")) as asker:
        cookie = {"Cookie": f"{COOKIE}={asker.cookies[COOKIE]}"}
        with connect(address, additional_headers=cookie) as socket_of_hers:
            socket_of_hers.send('{"id": 1, "do": "begin", "model": "keeper", "prompt": "The sea "}')
            assert json.loads(socket_of_hers.recv())["session"]
        asker.post("/classroom/leave", json={})


def test_whoever_types_the_bare_address_is_shown_in(live: Live) -> None:
    """A browser is sent to the page, and takes the code behind the # along."""
    with client(live) as stranger:
        answer = stranger.get("/", headers={"Accept": "text/html,*/*"})

    assert (303, "/classroom") == (answer.status_code, answer.headers["location"])


def test_the_page_runs_its_own_script_alone(live: Live) -> None:
    """The policy names style and script by what is in them, and allows nothing else."""
    with client(live) as stranger:
        answer = stranger.get("/classroom")
    policy = answer.headers["content-security-policy"]

    for kind in ("style", "script"):
        (inner,) = re.findall(rf"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        assert len(inner) > 1000
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "html" in answer.headers["content-type"]


def test_who_joins_has_a_cookie_that_no_script_reads(live: Live) -> None:
    """The cookie is sent back to this server alone, and is enough to play."""
    with client(live) as asker:
        answer = asker.post("/classroom/join", json={"code": CODE.upper().replace("-", " "), "name": "Ada"})
        cookie = answer.headers["set-cookie"]

        assert cookie.startswith(f"{COOKIE}=")
        assert {"httponly", "samesite=strict", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
        assert {"Ada"} == {asker.get("/classroom/me").json()["name"]}
        candidates = asker.post("/v1/candidates", json=WISH).json()["candidates"]
        assert 1 <= len(candidates) <= 3
        asker.post("/classroom/leave", json={})


def test_a_token_does_what_the_cookie_does(live: Live) -> None:
    """Programs have no cookies: what the page can do, curl can do."""
    with client(live) as asker:
        token = asker.post("/classroom/join", json={"code": CODE, "name": "Program"}).json()["token"]
    with client(live, token) as program:
        assert 200 == program.get("/v1/models").status_code
        assert {"forgotten": True} == program.post("/classroom/leave", json={}).json()
        assert 401 == program.get("/v1/models").status_code


def test_any_medium_plays_in_a_room(live: Live) -> None:
    """The page is for writing; the room is for whatever there is."""
    with closing(come_in(live, "Walker")) as asker:
        models = {model["id"]: model["measure"] for model in asker.get("/v1/models").json()["data"]}
        answer = asker.post(
            "/v1/candidates", json={"model": "walk", "prompt": [[0, 0], [1, 1]], "count": 2, "length": 5}
        )
        asker.post("/classroom/leave", json={})

    assert {"keeper": "character", "walk": "point"} == models
    assert 200 == answer.status_code, answer.json()
    assert all(isinstance(candidate["piece"], list) for candidate in answer.json()["candidates"])


def test_who_leaves_is_forgotten_and_says_so(live: Live) -> None:
    """The token opens nothing any more, the name is off the board, the cookie is taken away."""
    asker = come_in(live, "Zoe")
    token = asker.cookies[COOKIE]
    board = live.app.state.classroom.board
    assert "Zoe" in [row.name for row in board()]

    answer = asker.post("/classroom/leave", json={})

    assert {"forgotten": True} == answer.json()
    assert COOKIE not in asker.cookies
    assert "Zoe" not in [row.name for row in board()]
    with client(live, token) as after:
        assert 401 == after.get("/v1/models").status_code
    asker.close()


def test_who_comes_in_twice_takes_one_place(live: Live) -> None:
    """A page that was reloaded is no second person; a wrong code takes away nothing."""
    with closing(come_in(live, "Twice")) as asker:
        asker.post("/classroom/join", json={"code": CODE, "name": "Twice"})
        asker.post("/classroom/join", json={"code": "a wrong one", "name": "Twice"})
        assert 200 == asker.get("/v1/models").status_code
        assert ["Twice"] == [row.name for row in live.app.state.classroom.board() if row.name.startswith("Twice")]
        asker.post("/classroom/leave", json={})


def test_the_board_counts_what_somebody_asks_for(live: Live) -> None:
    """Whoever teaches sees who is busy."""
    with closing(come_in(live, "Busy")) as asker:
        for _ in range(3):
            assert 200 == asker.post("/v1/candidates", json=WISH).status_code
        (row,) = [row for row in live.app.state.classroom.board() if row.name == "Busy"]
        asker.post("/classroom/leave", json={})

    assert 3 == row.requests
    assert row.played > 0


def test_no_log_knows_code_name_or_words(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """What stands in the log of a lesson may be read by anybody."""
    logging.getLogger("undersong.serving").propagate = True  # whoever served before may have taken it away
    with caplog.at_level(logging.DEBUG), closing(come_in(live, "Quietly")) as asker:
        asker.post("/v1/candidates", json={**WISH, "prompt": "The unspeakable "})
        asker.post("/classroom/join", json={"code": "wrong guess here", "name": "Quietly"})
        token = asker.cookies[COOKIE]
        asker.post("/classroom/leave", json={})
    ours = [record for record in caplog.records if record.name.startswith(("undersong", "uvicorn"))]
    told = "\n".join(record.getMessage() for record in ours)

    assert "/v1/candidates" in told
    for secret in (CODE, "otter", "Quietly", "unspeakable", "guess", token):
        assert secret not in told


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"code": 1, "name": "A"}', b'{"code": "a"}', b'{"code": "a", "name": "b", "c": 1}',
     b'{"code": "' + b"x" * 5000 + b'", "name": "A"}', b'{"code": "\\ud800", "name": "\\ud800"}'],
)  # fmt: skip
def test_nonsense_at_the_door_is_answered_kindly(live: Live, body: bytes) -> None:
    """No body whatever is a fault of the server's."""
    with client(live) as stranger:
        answer = stranger.post("/classroom/join", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 403, 422, 429)
    assert {"message", "type", "code", "param", "do"} == set(answer.json()["error"])


def test_a_server_that_is_no_classroom_says_so(keeper: Instrument) -> None:
    """Every path of the room answers 404, with how to open one."""
    with served({"keeper": keeper}, classroom=False, join_code=None) as plain, client(plain) as asker:
        for answer in (
            asker.get("/classroom"),
            asker.get("/classroom/me"),
            asker.post("/classroom/join", json={"code": CODE, "name": "Ada"}),
            asker.post("/classroom/leave", json={}),
        ):
            assert 404 == answer.status_code
            assert "--classroom" in answer.json()["error"]["do"]


def test_a_new_lesson_knows_nobody_of_the_last(keeper: Instrument) -> None:
    """All of it is memory, which ends with the process."""
    with served({"keeper": keeper}) as first:
        asker = come_in(first, "Ada")
        token = asker.cookies[COOKIE]
        asker.close()
    with served({"keeper": keeper}) as second, client(second, token) as asker:
        assert 401 == asker.get("/v1/models").status_code
        assert [] == second.app.state.classroom.board()


@pytest.mark.slow
def test_a_class_of_twenty_five_holds(keeper: Instrument) -> None:
    """Everybody is answered, with just what they would get alone, while everybody else asks."""
    wishes = [{**WISH, "seed": seed, "count": 5, "length": 40} for seed in range(25)]
    alone = [
        {candidate.piece.to_json() for candidate in keeper.session("The lamp ", seed=seed).candidates(5, length=40)}
        for seed in range(3)
    ]
    with served({"keeper": keeper}) as lesson:

        def pupil(number: int) -> list[set[str]]:
            with closing(come_in(lesson, f"Writer {number}")) as asker:
                answers = [asker.post("/v1/candidates", json=wishes[number]) for _ in range(4)]
            assert {200} == {answer.status_code for answer in answers}
            return [{candidate["piece"] for candidate in answer.json()["candidates"]} for answer in answers]

        with ThreadPoolExecutor(25) as pupils:
            found = list(pupils.map(pupil, range(25)))
        board = lesson.app.state.classroom.board()

    assert 25 == len(board)
    assert {4} == {row.requests for row in board}
    assert all(answer == answers[0] for answers in found for answer in answers)
    assert alone == [answers[0] for answers in found[:3]]
