"""The contract of torch-rnn-server, held to by a real client that asks as the old editors did."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus, unquote_to_bytes

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Served
from spelled_voices import chain

from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.playing.instrument import Instrument

SAID = (
    "The sea gave nothing back that day. We waited on the stair until the light came. Nobody asked for the keeper! "
    "Was it the wind that went before us? The lamp burned low and then it burned out. Ravens came to the tower. "
) * 6


@pytest.fixture(scope="module")
def speaker() -> Instrument:
    """An n-gram that ends its sentences, of characters with capitals among them."""
    return chain(Characters.from_pieces([TextPiece(SAID)]), SAID, 6)


@pytest.fixture
def talking(serve: Callable[..., Served], speaker: Instrument) -> Served:
    return serve({"speaker": speaker}, requests_a_minute=100_000)


def ask(served: Served, query: str) -> httpx.Response:
    """With the query just as it stands there: clients of this kind encode it themselves."""
    return served.http.get(httpx.URL(f"{served.url}/generate", query=query.encode()))


def old_editor(served: Served, prefix: str, n: int) -> list[str]:
    """What rnn-writer does: encode the words before the cursor, look for a message, and drop an answer that is late."""
    reply = ask(served, f"start_text={quote(prefix, safe='')}&n={n}").json()
    assert "message" not in reply
    assert prefix == unquote_plus(reply["start_text"])
    completions: list[str] = reply["completions"]
    return completions


def test_somebody_is_there(server: Served) -> None:
    """The health check of old editors, word for word; a browser gets a page."""
    plain = server.http.get("/", headers={"accept": "*/*"})
    page = server.http.get("/", headers={"accept": "text/html,application/xhtml+xml"})

    assert (200, "application/json", {"message": "Have fun!"}) == (
        plain.status_code,
        plain.headers["content-type"],
        plain.json(),
    )
    assert page.headers["content-type"].startswith("text/html")
    assert all(name in page.text for name in ("tiny", "walks", "/docs"))


def test_an_answer_has_just_the_old_fields(talking: Served) -> None:
    """`start_text` as it came, `completions` without it, `time` in seconds as a string."""
    reply = ask(talking, "start_text=The+sea%20gave%2C&n=3")

    assert (200, "application/json") == (reply.status_code, reply.headers["content-type"])
    assert ["start_text", "completions", "time"] == list(reply.json())
    assert "The+sea%20gave%2C" == reply.json()["start_text"]
    assert [str] * 3 == [type(completion) for completion in reply.json()["completions"]]
    assert re.fullmatch(r"\d+(\.\d+)?(e-\d+)?", reply.json()["time"])


@pytest.mark.parametrize("prefix", ["", "The lamp ", "naïve 🧑‍🚀 +plus+ 100%", "a\n\n  b\t", "\x00"])
def test_old_editors_find_their_own_words_again(talking: Served, prefix: str) -> None:
    """Whatever stood before the cursor."""
    assert 2 == len(old_editor(talking, prefix, 2))


@pytest.mark.parametrize(("n", "count"), [
    ("", 1), ("&n=", 1), ("&n=3", 3), ("&n=10", 10), ("&n=1000000", 10), ("&n=0", 1), ("&n=-4", 1), ("&n=two", 1),
    ("&n=2.9", 2), ("&n=1e1", 10), ("&n=NaN", 1), ("&n=inf", 1), ("&n=%00", 1), ("&n=4&n=x", 1),
])  # fmt: skip
def test_n_is_one_unless_it_is_a_number_and_ten_at_the_most(server: Served, n: str, count: int) -> None:
    """Never fewer than one."""
    assert count == len(ask(server, f"model=tiny&start_text=the{n}").json()["completions"])


def test_completions_end_with_their_sentence(talking: Served) -> None:
    """After three spaces at least, and each is of 3 to 20 words where the instrument speaks so."""
    replies = [ask(talking, f"start_text=The&n=10&seed={seed}").json() for seed in range(4)]
    found = [each for reply in replies for each in reply["completions"]]

    assert 40 == len(found)
    for completion in found:
        assert 3 <= len(completion.split()) <= 20
        assert len(completion) <= 140
        ends = [at for at, letter in enumerate(completion) if letter in ".!?" and completion[:at].count(" ") >= 3]
        assert ends in ([], [len(completion) - 1])


def test_a_leading_space_stays(talking: Served) -> None:
    """The end of a sentence is to be written where the cursor stands."""
    reply = ask(talking, "start_text=The+sea+gave+nothing&temperature=0").json()

    assert reply["completions"][0].startswith(" back")


def test_whoever_ends_no_sentence_still_answers(server: Served) -> None:
    """This one has learned nothing, and says nothing in words; the best there is comes after some rounds."""
    reply = ask(server, "model=tiny&start_text=qqq&n=4&temperature=1").json()

    assert 4 == len(reply["completions"])
    assert all(len(completion) <= 140 for completion in reply["completions"])


def test_the_same_seed_gives_the_same_again(talking: Served) -> None:
    """And another one something else."""
    first, again, other = (ask(talking, f"start_text=The&n=5&seed={seed}").json()["completions"] for seed in (7, 7, 8))

    assert first == again != other


def test_dials_may_be_turned_by_their_names(talking: Served) -> None:
    """At temperature 0 there is only one way; a dial that is turned too far is told."""
    found = ask(talking, "start_text=The&n=4&temperature=0").json()["completions"]
    refused = ask(talking, "start_text=The&temperature=99")

    assert 1 == len(set(found))
    assert 400 == refused.status_code
    assert "temperature 99" in refused.json()["message"]


def test_spaces_in_a_row_are_heard_as_one(talking: Served) -> None:
    """Line ends too."""
    one, many = (
        ask(talking, f"start_text={start}&seed=3").json()["completions"] for start in ("The+sea+", "The%0A%20%09sea++")
    )

    assert one == many


def test_capitals_stay_where_any_were_learned(talking: Served, server: Served) -> None:
    """The old server lowered all; here only an instrument that never saw one hears lower case."""

    def found(served: Served, model: str, start: str) -> str:
        reply = ask(served, f"model={model}&seed=3&temperature=0&start_text={start}").json()
        completion: str = reply["completions"][0]
        return completion

    assert found(server, "tiny", "THE+Fox") == found(server, "tiny", "the+fox")
    assert found(talking, "speaker", "it+burned+out.+R").startswith("avens came")
    assert not found(talking, "speaker", "it+burned+out.+r").startswith("avens came")


def test_ten_thousand_characters_are_answered(server: Served) -> None:
    """By what stands at their end."""
    long, end = "the fox sings below, " * 600, ("the fox sings below, " * 600)[-1_000:]
    found = [ask(server, f"model=tiny&seed=3&start_text={quote(start)}").json()["completions"] for start in (long, end)]

    assert found[0] == found[1]


@pytest.mark.parametrize(("query", "status", "message"), [
    ("start_text=a&model=nobody", 404, "No instrument 'nobody'"),
    ("start_text=a&model=walks", 400, "not gone on with to the end of a sentence"),
])  # fmt: skip
def test_errors_carry_a_message_for_old_editors(server: Served, query: str, status: int, message: str) -> None:
    """Beside the form that all errors have here."""
    reply = ask(server, query)

    assert status == reply.status_code
    assert message in reply.json()["message"]
    assert reply.json()["error"]["message"] in reply.json()["message"]


def test_whoever_asks_too_often_is_told_by_a_message(serve: Callable[..., Served]) -> None:
    """With the time to wait in a header."""
    served = serve(requests_a_minute=40)
    first, second = ask(served, "start_text=a&n=10"), ask(served, "start_text=a&n=10")

    assert [200, 429] == [first.status_code, second.status_code]
    assert int(second.headers["retry-after"]) >= 1
    assert "wait" in second.json()["message"]


@settings(max_examples=25)
@given(st.binary(max_size=40), st.binary(max_size=8), st.booleans())
def test_no_character_leads_to_anything_but_an_answer(server: Served, start: bytes, n: bytes, encoded: bool) -> None:
    """Bytes of any kind, encoded or broken: 200, the fields, and what was asked echoed."""
    said = quote(start) if encoded else re.sub(rb"[^!-~]|[&#=]", b"%", start).decode()
    reply = ask(server, f"model=tiny&start_text={said}&n={quote(n)}")

    told: dict[str, Any] = reply.json()
    assert 200 == reply.status_code
    assert unquote_to_bytes(said) == unquote_to_bytes(told["start_text"])
    assert all(isinstance(completion, str) for completion in told["completions"])
