"""POST /v1/completions and GET /v1/models, asked of a real server."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from servers import Served
from spelled_voices import chain
from tiny_models import verses

from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.record import RecordPiece
from undersong.media.text.records import Records
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.loading import markov_instrument
from undersong.playing.mixtures.mixing import duet

PROMPT = "the fox sings"
WORDS = {"owl": "who waits by night", "fox": "who sings at noon", "sea": "what was before"}


def complete(served: Served, **asked: Any) -> dict[str, Any]:
    answer = served.http.post("/v1/completions", json={"model": "tiny", "prompt": PROMPT, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def parts(served: Served, **asked: Any) -> list[dict[str, Any]]:
    """What streams, part by part; the last line must be the end."""
    body = {"model": "tiny", "prompt": PROMPT, "stream": True, **asked}
    with served.http.stream("POST", "/v1/completions", json=body) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def told(found: list[dict[str, Any]], index: int = 0) -> str:
    """What was streamed of one choice, put together."""
    return "".join(each["text"] for part in found for each in part["choices"] if each["index"] == index)


# ── models ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_models_say_what_can_be_asked_of_them(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """Whoever knows only the address finds every dial, condition and ending."""
    listed = server.http.get("/v1/models").json()

    assert listed["object"] == "list"
    assert ["keeper", "tiny", "walks"] == [each["id"] for each in listed["data"]]
    for each in listed["data"]:
        instrument = instruments[each["id"]]
        assert each["object"] == "model"
        assert each["owned_by"] == "undersong"
        assert each["measure"] == instrument.medium.measure
        assert [dial.name for dial in instrument.dials] == [dial["name"] for dial in each["dials"]]
        assert [spec.name for spec in instrument.conditions] == [spec["name"] for spec in each["conditions"]]
        assert list(instrument.codec.endings) == each["endings"]
        assert each == server.http.get(f"/v1/models/{each['id']}").json()


def test_dials_are_documented_with_their_ranges(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """In /openapi.json every dial of every instrument is a field, and what is no field is none."""
    schema = server.http.get("/openapi.json").json()["components"]["schemas"]["CompletionRequest"]

    assert schema["additionalProperties"] is False
    for instrument in instruments.values():
        for dial in instrument.dials:
            number = schema["properties"][dial.name]["anyOf"][0]
            assert (dial.low, dial.high) == (number["minimum"], number["maximum"])


def test_every_field_and_every_error_is_documented(server: Served) -> None:
    """Who reads /docs need not read the code."""
    schema = server.http.get("/openapi.json").json()
    mine = ["CompletionRequest", "StreamOptions", "Completion", "Choice", "Usage", "Logprobs", "Models", "Model"]
    told_of = [schema["components"]["schemas"][name]["properties"] for name in mine]
    silent = [name for fields in told_of for name, field in fields.items() if not field.get("description")]

    assert [] == silent
    answers = schema["paths"]["/v1/completions"]["post"]["responses"]
    assert {"200", "400", "404", "422", "429", "500", "503"} <= set(answers)
    for status, answer in answers.items():
        if status != "200":
            assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Failure")


# ── whole answers ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_completion_is_what_the_instrument_samples(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """The same piece as in process, by the same seed, with what it is made of."""
    found = complete(server, max_tokens=30, n=3, seed=5, temperature=0.8)

    samples = instruments["tiny"].samples(3, PROMPT, 30, 5, temperature=0.8)
    assert found["object"] == "text_completion"
    assert found["seed"] == 5
    assert [PROMPT + each["text"] for each in found["choices"]] == [str(each.piece) for each in samples]
    assert [0, 1, 2] == [each["index"] for each in found["choices"]]
    assert [each["piece"] for each in found["choices"]] == [each["text"] for each in found["choices"]]
    np.testing.assert_allclose([each["nats"] for each in found["choices"]], [each.nats for each in samples])
    events = sum(len(each.events) for each in samples)
    assert found["usage"] == {
        "prompt_tokens": len(PROMPT), "completion_tokens": events, "total_tokens": len(PROMPT) + events,
    }  # fmt: skip
    assert {each["finish_reason"] for each in found["choices"]} == {"length"}


def test_a_seed_that_nobody_chose_is_told(server: Served) -> None:
    """What was liked once can be had again."""
    found = complete(server, max_tokens=20)

    again = complete(server, max_tokens=20, seed=found["seed"])
    assert found["choices"] == again["choices"]


@pytest.mark.parametrize("prompt", [PROMPT, [PROMPT]])
def test_prompt_is_a_string_or_a_list_of_one(server: Served, prompt: Any) -> None:
    """Clients send it either way."""
    assert complete(server, seed=1)["choices"] == complete(server, prompt=prompt, seed=1)["choices"]


def test_echo_begins_with_the_prompt(server: Served) -> None:
    """Whole and streamed."""
    plain, echoed = (complete(server, seed=1, max_tokens=9, n=2, echo=echo) for echo in (False, True))

    assert [PROMPT + each["text"] for each in plain["choices"]] == [each["text"] for each in echoed["choices"]]
    streamed = parts(server, seed=1, max_tokens=9, n=2, echo=True)
    assert [told(streamed, index) for index in (0, 1)] == [each["text"] for each in echoed["choices"]]


def test_stops_end_a_choice_and_say_so(server: Served) -> None:
    """One or several, in what is added."""
    found = complete(server, seed=3, max_tokens=400, stop=["e", "a"])

    (choice,) = found["choices"]
    assert choice["finish_reason"] == "stop"
    assert not {"e", "a"} & set(choice["text"])


def test_start_is_how_it_begins(server: Served) -> None:
    """However unlikely."""
    (choice,) = complete(server, seed=3, max_tokens=30, start=" zzz")["choices"]

    assert choice["text"].startswith(" zzz")


@pytest.mark.parametrize("ending", ["word", "line"])
def test_until_plays_to_a_natural_end(server: Served, instruments: Mapping[str, Instrument], ending: str) -> None:
    """Cut where the codec finds the first such end, streamed as whole."""
    asked: dict[str, Any] = {"model": "keeper", "seed": 8, "max_tokens": 300, "n": 4}
    long, cut = complete(server, **asked), complete(server, until=ending, **asked)
    codec, medium = instruments["keeper"].codec, instruments["keeper"].medium

    streamed = parts(server, until=ending, **asked)
    for whole, choice in zip(long["choices"], cut["choices"], strict=True):
        events = codec.encode(medium.prompt(whole["text"]))
        expected = str(codec.decode(events[: codec.ending(ending, events)]))
        assert expected == choice["text"] == told(streamed, choice["index"])
        assert choice["finish_reason"] == ("stop" if len(expected) < len(whole["text"]) else "length")


def test_dials_are_fields_of_their_own(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """A number, a list or a way in words, at the top or under `dials`."""
    by_words = complete(server, seed=2, max_tokens=20, temperature="1.5>0.2/10", top_k=4)
    by_list = complete(server, seed=2, max_tokens=20, dials={"temperature": "1.5>0.2/10", "top_k": [4, 4]})

    expected = instruments["tiny"].sample(PROMPT, 20, 2, temperature="1.5>0.2/10", top_k=4)
    assert by_words["choices"] == by_list["choices"]
    assert PROMPT + by_words["choices"][0]["text"] == str(expected)


def test_constraints_hold(server: Served) -> None:
    """Those of playing, as JSON."""
    within = {"contain": ["lamp"], "avoid": ["q"], "least": 30}
    found = complete(server, model="keeper", seed=2, max_tokens=60, n=3, constraints=within)

    for choice in found["choices"]:
        assert "lamp" in choice["text"]
        assert "q" not in choice["text"]
        assert len(choice["text"]) >= 30


def test_other_media_are_completed_too(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """A walk is given as JSON, and answered as such, under its conditions."""
    points, asked = [[1, 0], [1.5, 0.5]], {"class": 2, "control": 1.5}
    body = {"model": "walks", "prompt": points, "condition": asked, "max_tokens": 6, "seed": 4, "echo": True}

    answer = server.http.post("/v1/completions", json=body)

    expected = instruments["walks"].sample(json.dumps(points), 6, 4, asked)
    (choice,) = answer.json()["choices"]
    assert expected.to_json() == choice["piece"]
    assert "text" not in choice
    assert choice["copied"] is None


def test_other_media_stream_too(server: Served) -> None:
    """A point at a time."""
    found = parts(server, model="walks", prompt="[[1, 0], [1.5, 0.5]]", max_tokens=6, seed=4)

    shown = [each for part in found for each in part["choices"]]
    assert [1] * 6 == [len(each["piece"]) for each in shown[:-1]]
    assert shown[-1]["finish_reason"] == "length"


def lexicon() -> Instrument:
    """An n-gram of a few words and what they mean."""
    entries = [RecordPiece({"word": word, "meaning": meaning}) for word, meaning in WORDS.items()]
    codec = Records.from_pieces(entries, Characters)
    heard = [codec.encode(form) for entry in entries for form in entry.variants()]
    ngram = NGram(count(heard, 8, codec.event.count or 0), "kneser-ney")
    return markov_instrument("lexicon", Text(), codec, ngram, (int(codec.start),))


def test_a_record_is_asked_by_its_fields(serve: Callable[..., Served]) -> None:
    """And answered whole, for a part of it is none; streamed as well."""
    instrument = lexicon()
    served = serve({"lexicon": instrument})

    (choice,) = complete(served, model=None, prompt={"word": "owl"}, seed=4)["choices"]
    streamed = parts(served, model=None, prompt={"word": "owl"}, seed=4)

    assert instrument.sample({"word": "owl"}, seed=4).to_json() == choice["piece"]
    assert choice["piece"]["word"] == "owl"
    assert choice["piece"] == streamed[0]["choices"][0]["piece"]
    assert choice["finish_reason"] == streamed[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_mixture_tells_the_share_of_each_voice(
    serve: Callable[..., Served], instruments: Mapping[str, Instrument]
) -> None:
    """Its weight is a dial like any other."""
    network = instruments["tiny"]
    both = duet(network, chain(network.codec, verses(40, seed=1)), 0.3)
    served = serve({"both": both})

    (choice,) = complete(served, model=None, max_tokens=12, seed=1, duet=0.6)["choices"]

    assert PROMPT + choice["text"] == str(both.sample(PROMPT, 12, 1, duet=0.6))
    assert served.http.get("/v1/models").json()["data"][0]["id"] == "both"


# ── log odds ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_logprobs_are_those_of_the_instrument(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """Of what was added, before any dial; the likeliest are the likeliest, and offsets count from the prompt."""
    instrument, asked = instruments["keeper"], {"model": "keeper", "temperature": 0.5, "top_k": 3}
    (choice,) = complete(server, max_tokens=12, seed=6, logprobs=3, **asked)["choices"]
    named = choice["logprobs"]

    assert choice["text"] == "".join(named["tokens"])
    assert math.isclose(choice["nats"], -sum(named["token_logprobs"]), rel_tol=1e-6)
    assert list(range(len(PROMPT), len(PROMPT) + 12)) == named["text_offset"]
    for at, likeliest in enumerate(named["top_logprobs"]):
        odds = instrument.odds(PROMPT + choice["text"][:at])
        best = sorted(odds, key=lambda name: -odds[name])[:3]
        assert best == list(likeliest)
        np.testing.assert_allclose([odds[name] for name in best], np.exp(list(likeliest.values())), rtol=1e-5)


def test_echo_with_logprobs_scores_the_prompt(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """Nothing has to be added for it."""
    (choice,) = complete(server, max_tokens=0, echo=True, logprobs=0)["choices"]

    score = instruments["tiny"].score(PROMPT)
    assert choice["text"] == PROMPT
    np.testing.assert_allclose(-np.array(choice["logprobs"]["token_logprobs"]), score.nats, rtol=1e-5)
    assert choice["logprobs"]["text_offset"] == list(range(len(PROMPT)))


def test_streamed_logprobs_are_those_of_the_whole(server: Served) -> None:
    """Each part has those of the events that it shows."""
    asked: dict[str, Any] = {"max_tokens": 12, "seed": 6, "logprobs": 2, "n": 2}
    whole, streamed = complete(server, **asked), parts(server, **asked)

    for choice in whole["choices"]:
        mine = [each for part in streamed for each in part["choices"] if each["index"] == choice["index"]]
        for name, expected in choice["logprobs"].items():
            assert expected == [value for each in mine if each["logprobs"] for value in each["logprobs"][name]]


# ── streams ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_stream_tells_what_the_whole_answer_holds(server: Served) -> None:
    """A part for each event, several choices side by side; the last part of each says why it ended."""
    asked: dict[str, Any] = {"max_tokens": 25, "n": 3, "seed": 9, "stop": "e"}
    whole, streamed = complete(server, **asked), parts(server, **asked)

    assert [each["text"] for each in whole["choices"]] == [told(streamed, index) for index in range(3)]
    ends = {each["index"]: each for part in streamed for each in part["choices"] if each["finish_reason"]}
    for choice in whole["choices"]:
        last = ends[choice["index"]]
        assert {name: choice[name] for name in ("finish_reason", "events", "nats", "copied")} == {
            name: last[name] for name in ("finish_reason", "events", "nats", "copied")
        }
    assert len({part["id"] for part in streamed}) == 1


def test_usage_comes_last_where_it_is_asked_for(server: Served) -> None:
    """And nowhere else."""
    streamed = parts(server, model="keeper", max_tokens=5, stream_options={"include_usage": True})

    assert streamed[-1]["usage"] == {"prompt_tokens": len(PROMPT), "completion_tokens": 5, "total_tokens": 18}
    assert streamed[-1]["choices"] == []
    assert not any("usage" in part for part in streamed[:-1])


def gone(served: Served) -> bool:
    for _ in range(500):
        if not any(voice.scheduler.live for voice in served.house.voices.values()):
            return True
        time.sleep(0.01)
    return False


def asks(served: Served, **asked: Any) -> socket.socket:
    """Somebody who has asked for a piece that nobody could wait for."""
    body = json.dumps({"prompt": PROMPT, "max_tokens": 1_000_000, **asked}).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", httpx.URL(served.url).port or 0))
    connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
    return connection


def comes_to(served: Served, live: int) -> bool:
    """Whether there are soon just so many requests at the scheduler."""
    for _ in range(500):
        if live == sum(voice.scheduler.live for voice in served.house.voices.values()):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("stream", [False, True])
def test_who_hangs_up_ends_what_was_asked(serve: Callable[..., Served], stream: bool) -> None:
    """Nothing goes on playing for nobody."""
    served = serve(longest=1_000_000)

    with asks(served, stream=stream, n=2):
        assert comes_to(served, 1)

    assert comes_to(served, 0)


def test_a_reader_who_reads_nothing_costs_a_bounded_amount(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The course rests while its reader is behind, and is given up after a while."""
    monkeypatch.setattr("undersong.serving.scheduler._PATIENCE", 0.3)
    monkeypatch.setattr("undersong.serving.streaming._PATIENCE", 0.3)
    served = serve(longest=1_000_000)

    with asks(served, stream=True):
        assert comes_to(served, 1)
        assert comes_to(served, 0)

    (choice,) = complete(served, max_tokens=3)["choices"]
    assert len(choice["text"]) == 3


def test_many_ask_at_once_and_each_gets_his_own(server: Served, instruments: Mapping[str, Instrument]) -> None:
    """Over HTTP too nobody's piece depends on who else plays."""

    def ask(seed: int) -> dict[str, Any]:
        return complete(server, prompt=PROMPT[: seed % 10], max_tokens=20, n=2, seed=seed)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(24)))

    for seed, each in enumerate(found):
        expected = instruments["tiny"].samples(2, PROMPT[: seed % 10], 20, seed)
        given = [PROMPT[: seed % 10] + choice["text"] for choice in each["choices"]]
        assert [str(sample.piece) for sample in expected] == given


def test_parts_come_while_it_is_played(server: Served) -> None:
    """Not all at the end."""
    body = {"model": "tiny", "prompt": PROMPT, "stream": True, "max_tokens": 600}
    with server.http.stream("POST", "/v1/completions", json=body) as answer:
        assert len(list(answer.iter_raw())) > 5
