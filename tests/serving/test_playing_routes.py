"""Suggestions, scores and odds over HTTP: the same as in process, for words and for walks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Served
from tiny_models import ASKED, MEDIA, PROMPTS

from undersong.playing.instrument import Instrument

NAMES = {"text": "tiny", "walk": "walks"}
UNDER = {medium: dict(asked) for medium, asked in ASKED.items()}


def ask(served: Served, route: str, **fields: Any) -> httpx.Response:
    return served.http.post(f"/v1/{route}", json=fields)


def answer(served: Served, route: str, **fields: Any) -> dict[str, Any]:
    reply = ask(served, route, **fields)
    assert 200 == reply.status_code, reply.json()
    found: dict[str, Any] = reply.json()
    return found


def error(served: Served, route: str, status: int, **fields: Any) -> dict[str, Any]:
    reply = ask(served, route, **fields)
    assert status == reply.status_code
    found: dict[str, Any] = reply.json()["error"]
    assert {"message", "type", "code", "param", "do"} == set(found)
    return found


@pytest.fixture(params=MEDIA)
def medium(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def instrument(medium: str, instruments: Mapping[str, Instrument]) -> Instrument:
    return instruments[NAMES[medium]]


# ── candidates ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ranking", ["likely", "novel", 2.5])
def test_candidates_are_those_of_a_session(
    server: Served, medium: str, instrument: Instrument, ranking: str | float
) -> None:
    """To the last digit, whatever they are ranked by and the instrument is asked."""
    session = instrument.session(PROMPTS[medium], seed=11, condition=UNDER[medium])
    expected = session.candidates(4, length=9, ranking=ranking, temperature=0.8)

    found = answer(
        server, "candidates", model=NAMES[medium], prompt=PROMPTS[medium], count=4, length=9, seed=11,
        ranking=ranking, temperature=0.8, condition=UNDER[medium],
    )  # fmt: skip

    assert json.loads(json.dumps([each.to_json() for each in expected])) == found["candidates"]
    assert (NAMES[medium], 11) == (found["model"], found["seed"])


def test_candidates_do_not_depend_on_who_else_plays(server: Served) -> None:
    """Twelve people at once get what each gets alone."""

    def of(seed: int) -> dict[str, Any]:
        asked = {"prompt": "the fox"[: 1 + seed % 7], "length": 5 + seed, "seed": seed, "temperature": 0.5 + seed / 20}
        return answer(server, "candidates", model="tiny", count=1 + seed % 4, **asked)

    alone = [of(seed) for seed in range(12)]
    with ThreadPoolExecutor(12) as people:
        together = list(people.map(of, range(12)))

    assert alone == together


def test_five_candidates_are_offered_where_nobody_says_how_many(server: Served) -> None:
    """With a seed with which the same come again."""
    found = answer(server, "candidates", model="tiny", prompt="the ", length=12)
    again = answer(server, "candidates", model="tiny", prompt="the ", length=12, seed=found["seed"])

    assert 5 == len(found["candidates"])
    assert found == again
    assert all(each["piece"] == each["text"] for each in found["candidates"])


def test_candidates_end_where_they_are_to_end(server: Served) -> None:
    """At the end of a word, before a stop, or when they are long enough; and begin as they are to begin."""
    words = answer(server, "candidates", model="tiny", prompt="the", until="word", length=60, seed=1)
    begun = answer(server, "candidates", model="tiny", prompt="the", start=" moon", length=9, seed=1)

    assert all(" " not in each["piece"].strip() for each in words["candidates"])
    assert all(each["piece"].startswith(" moon") and len(each["piece"]) == 9 for each in begun["candidates"])


def test_candidates_may_have_to_lead_somewhere(server: Served, medium: str) -> None:
    """Then each is told with how well what comes after follows."""
    found = answer(
        server, "candidates", model=NAMES[medium], prompt=PROMPTS[medium], after=PROMPTS[medium], count=3, length=5,
        seed=5,
    )  # fmt: skip

    assert 3 == len(found["candidates"])
    assert all(each["followed"] > 0 and each["follows"] > 0 for each in found["candidates"])


def test_a_piece_may_be_given_as_json_of_its_medium(server: Served) -> None:
    """Points as a list, as well as in a string."""
    points = [[1, 0], [1.5, 0.5]]
    found = [
        answer(server, "candidates", model="walks", prompt=prompt, count=2, length=4, seed=3)
        for prompt in (points, json.dumps(points))
    ]

    assert found[0] == found[1]
    assert all(4 == len(each["piece"]) for each in found[0]["candidates"])


@pytest.mark.parametrize(("status", "param", "fields"), [
    (404, "model", {"model": "nobody"}),
    (400, "model", {"model": None}),
    (400, "count", {"count": 65}),
    (400, "length", {"length": 20_001}),
    (400, "until", {"until": "stanza"}),
    (400, "prompt", {"prompt": "a" * 20_001}),
    (400, "prompt", {"prompt": [1, 2, 3]}),
    (400, "temperature", {"temperature": 11}),
    (400, "warmth", {"warmth": 1.0}),
    (422, "count", {"count": "five"}),
    (422, "count", {"count": 0}),
    (422, "seed", {"seed": -1}),
    (400, None, {"ranking": "best"}),
])  # fmt: skip
def test_what_cannot_be_given_is_refused(
    server: Served, status: int, param: str | None, fields: dict[str, Any]
) -> None:
    """With the field that it is about."""
    told = error(server, "candidates", status, **{"model": "tiny", "prompt": "the ", "length": 4, **fields})

    assert param == told["param"]
    assert told["message"]


def test_a_person_has_an_allowance(serve: Callable[..., Served]) -> None:
    """A suggestion costs as many requests as it offers, and the rest is for later."""
    served = serve(requests_a_minute=40)

    assert 200 == ask(served, "candidates", prompt="a", count=10, length=3).status_code
    told = ask(served, "candidates", prompt="a", count=10, length=3)
    assert (429, "busy") == (told.status_code, told.json()["error"]["code"])
    assert int(told.headers["retry-after"]) >= 1


# ── scores ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_score_is_that_of_the_instrument(server: Served, medium: str, instrument: Instrument) -> None:
    """Bit for bit, with the nats of every event where they are wanted."""
    expected = instrument.score(PROMPTS[medium], UNDER[medium])

    found = answer(server, "score", model=NAMES[medium], piece=PROMPTS[medium], condition=UNDER[medium], each=True)

    assert {"model": NAMES[medium], **expected.to_json(), "nats": expected.nats.tolist()} == found


def test_a_long_piece_is_scored_as_in_process(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """Over the edge of what is worked out at once, and without a list that nobody asked for."""
    said = "the fox sings below,\n" * 30

    found = answer(server, "score", model="tiny", piece=said)

    assert {"model": "tiny", **instruments["tiny"].score(said).to_json()} == found


def test_nothing_has_a_score_of_nothing(server: Served) -> None:
    """Without an event there is no surprise."""
    assert 0 == answer(server, "score", model="tiny", piece="")["nats_per_event"]


@pytest.mark.parametrize(("status", "fields"), [
    (422, {}),
    (422, {"piece": "a", "temperature": 1}),
    (422, {"piece": "a", "each": "yes"}),
    (400, {"piece": "a" * 20_001}),
    (400, {"piece": "\ud800"}),
    (400, {"piece": "a", "condition": {"mood": 1}}),
])  # fmt: skip
def test_what_cannot_be_scored_is_refused(server: Served, status: int, fields: dict[str, Any]) -> None:
    """A dial would make no sense here, either."""
    body = json.dumps({"model": "tiny", **fields}).encode()
    reply = server.http.post("/v1/score", content=body, headers={"content-type": "application/json"})

    assert status == reply.status_code
    assert reply.json()["error"]["message"]


# ── odds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_odds_are_those_of_the_instrument(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """The likeliest first, as many as are wanted."""
    every = instruments["tiny"].odds("the fo")
    likely = sorted(every.items(), key=lambda pair: -pair[1])

    found = answer(server, "odds", model="tiny", prompt="the fo", top=7)

    assert likely[:7] == list(found["odds"].items())
    assert 20 == len(answer(server, "odds", model="tiny", prompt="the fo")["odds"])


def test_odds_under_dials_are_those_it_would_be_drawn_with(
    server: Served, instruments: Mapping[str, Instrument]
) -> None:
    """What is cut off is not told."""
    every = instruments["tiny"].odds("the fo", temperature=0.5, top_k=3)

    found = answer(server, "odds", model="tiny", prompt="the fo", temperature=0.5, dials={"top_k": 3})

    assert {name: p for name, p in every.items() if p > 0} == found["odds"]
    assert 3 == len(found["odds"])


def test_odds_of_numbers_are_as_the_distribution_puts_them(
    server: Served, instruments: Mapping[str, Instrument]
) -> None:
    """Weights, means and spreads; they have no names."""
    expected = instruments["walks"].odds(PROMPTS["walk"], UNDER["walk"])

    found = answer(server, "odds", model="walks", prompt=PROMPTS["walk"], condition=UNDER["walk"], top=2)

    assert expected == found["odds"]


@pytest.mark.parametrize(("status", "param", "fields"), [
    (400, "temperature", {"temperature": 0}),
    (400, "warmth", {"warmth": 1}),
    (422, "top", {"top": 0}),
    (400, "prompt", {"prompt": [[1]]}),
])  # fmt: skip
def test_odds_that_cannot_be_told_are_refused(server: Served, status: int, param: str, fields: dict[str, Any]) -> None:
    """With the field that it is about."""
    assert param == error(server, "odds", status, model="tiny", **fields)["param"]


# ── anybody ────────────────────────────────────────────────────────────────────────────────────────────────────────

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
FIELDS = (
    "model", "prompt", "piece", "count", "length", "until", "ranking", "after", "each", "top", "stop", "start", "seed",
    "temperature", "top_p", "dials", "condition", "brake",
)  # fmt: skip


@settings(max_examples=50)
@given(st.sampled_from(["candidates", "score", "odds"]), st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4))
def test_whatever_is_asked_is_answered_or_refused(server: Served, route: str, fields: dict[str, Any]) -> None:
    """Never by a fault of ours."""
    body = json.dumps({"model": "tiny", "length": 3, **fields}).encode()
    reply = server.http.post(f"/v1/{route}", content=body, headers={"content-type": "application/json"})

    assert reply.status_code in (200, 400, 404, 422)
    assert ("error" in reply.json()) == (reply.status_code != 200)
