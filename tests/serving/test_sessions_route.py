"""Live play over a WebSocket: each message does what the method of that name does, in either medium."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from servers import Served
from talking import NAMES, Talk, begun, talking
from tiny_models import ASKED, MEDIA, PROMPTS
from websockets.exceptions import ConnectionClosed

from undersong.playing.asking import Asking
from undersong.playing.instrument import Instrument
from undersong.serving.routes import sessions

MORE = {"text": " sings", "walk": [[1, 1]]}
OTHER = "somebody else's own token"


@pytest.fixture
def talk(server: Served) -> Iterator[Talk]:
    with talking(server) as opened:
        yield opened


@pytest.fixture(params=MEDIA)
def medium(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def instrument(medium: str, instruments: Mapping[str, Instrument]) -> Instrument:
    return instruments[NAMES[medium]]


def shown(session: Any) -> Any:
    """A piece as it comes out of JSON."""
    return json.loads(json.dumps(session.piece.to_json()))


# ── a session ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_played_as_in_process(talk: Talk, medium: str, instrument: Instrument) -> None:
    """Each message does to it what the method of that name does, in either medium."""
    asked = dict(ASKED[medium])
    here = instrument.session(PROMPTS[medium], seed=5, condition=asked)
    live = begun(talk, medium, seed=5, condition=asked)

    offered = talk.ask("candidates", session=live, count=3, length=6, seed=8, dials={"temperature": 0.8})
    here_offered = instrument.play(here.suggesting(3, None, "likely", _asked(6, 8, temperature=0.8)))
    assert [each["piece"] for each in offered["candidates"]] == [shown(each) for each in here_offered]

    talk.ask("accept", session=live, candidate=offered["candidates"][1]["candidate"])
    here = here.accept(here_offered[1])
    talk.ask("append", session=live, piece=MORE[medium])
    here = here.append(MORE[medium] if medium == "text" else json.dumps(MORE[medium]))
    assert shown(here) == talk.ask("piece", session=live)["piece"]

    assert shown(here.undo().undo()) == talk.ask("undo", session=live, times=2)["piece"]
    assert shown(here) == talk.ask("redo", session=live, times=2)["piece"]
    assert shown(here.at(4)) == talk.ask("at", session=live, position=4)["piece"]
    here = here.at(4).replace(1, 2, MORE[medium] if medium == "text" else json.dumps(MORE[medium]))
    assert shown(here) == talk.ask("replace", session=live, **{"from": 1, "to": 2}, piece=MORE[medium])["piece"]

    whole = talk.ask("piece", session=live)
    assert (here.length, instrument.medium.measure) == (whole["events"], whole["measure"])
    assert [0, whole["events"]] == [whole["by"][0]["start"], whole["by"][-1]["stop"]]
    talk.ask("close", session=live)
    assert "unknown_name" == talk.refused("piece", session=live)["code"]


def _asked(length: int, seed: int, **dials: float) -> Asking:
    return Asking(length=length, seed=seed, dials=dials)


def test_who_made_what_is_told(talk: Talk) -> None:
    """A person's letters, the instrument's, and the person's again; what one adds in a row is together."""
    live = begun(talk, prompt="the")
    talk.ask("append", session=live, piece=" fox")
    first = talk.ask("candidates", session=live, length=5, count=2)["candidates"][0]
    talk.ask("accept", session=live, candidate=first["candidate"], events=3)
    talk.ask("append", session=live, piece="!")

    by = [(each["author"], each["start"], each["stop"]) for each in talk.ask("piece", session=live)["by"]]

    assert [("person", 0, 7), ("instrument", 7, 10), ("person", 10, 11)] == by


def test_a_place_is_filled_by_what_was_offered_for_it(talk: Talk, medium: str) -> None:
    """What was suggested goes where it was asked for, and is taken whole."""
    live = begun(talk, medium)
    before = talk.ask("piece", session=live)["events"]
    place = {"from": 1, "to": 2}
    offered = talk.ask("infill", session=live, **place, count=2, length=4, seed=1)["candidates"]
    name = offered[0]["candidate"]

    assert "taken whole" in talk.refused("accept", session=live, candidate=name, events=1)["message"]
    filled = talk.ask("accept", session=live, candidate=name)
    assert before - 1 + offered[0]["events"] == filled["events"]
    assert offered[0]["followed"] > 0


def test_a_suggestion_is_good_until_the_session_changes(talk: Talk) -> None:
    """Asked again there are others, and those before are still there; after a change there are none."""
    live = begun(talk)
    first = talk.ask("candidates", session=live, count=3, length=12)["candidates"]
    second = talk.ask("candidates", session=live, count=3, length=12)["candidates"]
    talk.ask("accept", session=live, candidate=first[0]["candidate"])

    assert {each["piece"] for each in first} != {each["piece"] for each in second}
    assert "has changed" in talk.refused("accept", session=live, candidate=second[0]["candidate"])["message"]
    assert "unknown_name" == talk.refused("accept", session=live, candidate="nothing")["code"]


def test_odds_are_those_after_the_session(talk: Talk, instruments: Mapping[str, Instrument]) -> None:
    """By name; of walks as the distribution puts them."""
    live, walks = begun(talk), begun(talk, "walk")
    every = instruments["tiny"].odds(PROMPTS["text"])

    found = talk.ask("odds", session=live, top=4)["odds"]

    assert sorted(every.items(), key=lambda pair: -pair[1])[:4] == list(found.items())
    assert instruments["walks"].odds(PROMPTS["walk"]) == talk.ask("odds", session=walks)["odds"]


def test_several_sessions_of_one_socket_are_told_apart(talk: Talk) -> None:
    """In two media, in any order."""
    words, walks = begun(talk), begun(talk, "walk")
    names = [talk.say("append", session=words, piece="!"), talk.say("append", session=walks, piece=[[3, 3]])]
    names.append(talk.say("append", session=words, piece="?"))
    for name in names:
        talk.hear(name)

    assert PROMPTS["text"] + "!?" == talk.ask("piece", session=words)["piece"]
    assert 4 == len(talk.ask("piece", session=walks)["piece"])


def test_messages_of_a_session_are_done_in_their_order(talk: Talk) -> None:
    """However many are sent without waiting."""
    live = begun(talk, prompt="")
    letters = "abcdefghijklmnopqrstuvwxyz" * 2
    names = [talk.say("append", session=live, piece=letter) for letter in letters]
    for name in names:
        assert talk.hear(name)["ok"]

    assert letters == talk.ask("piece", session=live)["piece"]


# ── a stream ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stream_is_told_as_it_is_played(talk: Talk, medium: str, instrument: Instrument) -> None:
    """The same events that the instrument streams alone, and then it is part of the session."""
    live = begun(talk, medium)
    alone = list(instrument.stream(PROMPTS[medium], 25, 9, temperature=0.7))
    expected = [None if each.added is None else shown_of(each.added) for each in alone]

    answer = talk.ask("stream", session=live, length=25, seed=9, dials={"temperature": 0.7})

    told = talk.played[talk.asked]
    assert expected == [each["piece"] for each in told]
    assert [each.nats for each in alone] == [each["nats"] for each in told]
    assert len(alone) == answer["events"] - talk.ask("undo", session=live)["events"]
    assert 9 == answer["seed"]


def shown_of(piece: Any) -> Any:
    return json.loads(json.dumps(piece.to_json()))


def test_a_stream_stops_before_a_stop(talk: Talk, instruments: Mapping[str, Instrument]) -> None:
    """Nothing of that is told."""
    live = begun(talk)
    expected = str(instruments["tiny"].sample(PROMPTS["text"], 400, 2, stop=" t"))

    talk.ask("stream", session=live, length=400, seed=2, stop=" t")

    told = "".join(each["piece"] or "" for each in talk.played[talk.asked])
    assert expected == PROMPTS["text"] + told == talk.ask("piece", session=live)["piece"]


def test_a_stream_can_be_stopped(talk: Talk) -> None:
    """Where it is; what was told stays, and the session goes on."""
    live = begun(talk)
    name = talk.say("stream", session=live, length=19_000, seed=1)
    while not talk.played.get(name):
        told = json.loads(talk.socket.recv(20))
        talk.played.setdefault(told["id"], []).extend(told["played"])
    stopped = talk.say("stop", session=live)
    assert 1 == talk.hear(stopped)["stopped"]
    answer = talk.hear(name)

    told = "".join(each["piece"] or "" for each in talk.played[name])
    assert 7 < answer["events"] < 19_000
    assert told == answer["added"]["piece"]
    assert PROMPTS["text"] + told == talk.ask("piece", session=live)["piece"]


def test_a_stop_is_never_too_early(talk: Talk) -> None:
    """Sent right behind what it is to stop."""
    live = begun(talk)
    name, _ = talk.say("stream", session=live, length=19_000), talk.say("stop", session=live)

    assert talk.hear(name)["events"] < 1_000


def test_whoever_goes_away_ends_what_plays(server: Served) -> None:
    """And finds what was told when coming back."""
    with talking(server) as talk:
        live = begun(talk)
        name = talk.say("stream", session=live, length=19_000)
        assert name == json.loads(talk.socket.recv(20))["id"]
    until = time.monotonic() + 10
    while server.house.voice("tiny").scheduler.live and time.monotonic() < until:
        time.sleep(0.01)

    assert 0 == server.house.voice("tiny").scheduler.live
    with talking(server) as talk:
        again = talk.ask("resume", session=live)
        assert 7 < again["events"] < 19_000
        assert ["person", "instrument"] == [each["author"] for each in again["by"]]


# ── whose it is ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_finds_the_session_of_somebody_else(server: Served, talk: Talk) -> None:
    """By its id neither; and the list shows only one's own."""
    live = begun(talk)
    with talking(server, OTHER) as other:
        for do in ("resume", "piece", "undo", "export", "stop", "close", "candidates", "stream"):
            assert "unknown_name" == other.refused(do, session=live)["code"]
        own = begun(other)
    listed = server.http.get("/v1/sessions", headers={"Authorization": f"Bearer {OTHER}"}).json()["sessions"]

    assert [own] == [each["session"] for each in listed]
    assert live in [each["session"] for each in server.http.get("/v1/sessions").json()["sessions"]]


def test_only_so_many_sessions_are_kept(serve: Callable[..., Served]) -> None:
    """The one left alone longest gives way."""
    with talking(serve(sessions=2)) as talk:
        first, second, third = (talk.ask("begin", prompt="a")["session"] for _ in range(3))

        assert "unknown_name" == talk.refused("piece", session=first)["code"]
        assert all(talk.ask("piece", session=live) for live in (second, third))


def test_whoever_is_forgotten_is_sent_away(server: Served) -> None:
    """Nothing is put into a workspace that is no more."""
    with talking(server, "a token of somebody who leaves") as talk:
        begun(talk)
        workspaces = server.house.workspaces
        (person,) = [each for each in workspaces if each.sockets and len(each.sessions) == 1][-1:]
        workspaces.leave(person)

        with pytest.raises(ConnectionClosed) as closed:
            talk.socket.recv(10)
    assert closed.value.rcvd is not None
    assert 1001 == closed.value.rcvd.code


def test_only_so_many_connections_are_open(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one person."""
    monkeypatch.setattr(sessions, "_SOCKETS", 3)
    served = serve()
    with ExitStack() as stack:
        first, *_, last = [stack.enter_context(talking(served)) for _ in range(4)]
        with pytest.raises(ConnectionClosed) as closed:
            last.socket.recv(10)

        assert closed.value.rcvd is not None
        assert 1013 == closed.value.rcvd.code
        assert first.ask("begin", prompt="a")


def test_a_person_has_an_allowance(serve: Callable[..., Served]) -> None:
    """What is too much is refused with the time to wait, and nothing else is."""
    with talking(serve(requests_a_minute=40)) as talk:
        live = talk.ask("begin", prompt="a")["session"]
        talk.ask("candidates", session=live, count=8, length=3)
        told = talk.refused("candidates", session=live, count=8, length=3)

        assert "busy" == told["code"]
        assert told["retry_after"] > 0
