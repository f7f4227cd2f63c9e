"""The official `openai` client, against a real server: what it knows of works, and its errors are the right ones."""

from __future__ import annotations

from collections.abc import Callable

import openai
import pytest
from servers import Served


def test_client_lists_models(server: Served) -> None:
    """As objects of its own."""
    listed = server.openai.models.list()

    assert ["keeper", "tiny", "walks"] == [model.id for model in listed]
    assert server.openai.models.retrieve("tiny").owned_by == "undersong"


def test_client_completes(server: Served) -> None:
    """With all that its own signature has and this server can do."""
    found = server.openai.completions.create(
        model="keeper", prompt="the fox", max_tokens=20, n=2, seed=3, temperature=0.8, top_p=0.9, stop=["zz", "qq"],
        logprobs=2, echo=True, presence_penalty=0, frequency_penalty=0, logit_bias={}, user="somebody", best_of=2,
    )  # fmt: skip

    assert [0, 1] == [choice.index for choice in found.choices]
    assert all(choice.text.startswith("the fox") for choice in found.choices)
    assert {choice.finish_reason for choice in found.choices} == {"length"}
    logprobs = found.choices[0].logprobs
    assert logprobs is not None
    assert "".join(logprobs.tokens or []) == found.choices[0].text
    assert all(len(top) == 2 for top in logprobs.top_logprobs or [])
    assert found.usage is not None
    assert found.usage.total_tokens == 7 + 40


def test_client_streams(server: Served) -> None:
    """Parts that together are the whole."""
    whole = server.openai.completions.create(model="keeper", prompt="the fox", max_tokens=20, seed=3)

    streamed = server.openai.completions.create(
        model="keeper", prompt="the fox", max_tokens=20, seed=3, stream=True, stream_options={"include_usage": True}
    )
    parts = list(streamed)

    assert whole.choices[0].text == "".join(choice.text for part in parts for choice in part.choices)
    assert parts[-1].usage == whole.usage
    assert [part.choices[0].finish_reason for part in parts if part.choices][-1] == "length"


def test_client_turns_dials_by_extra_body(server: Served) -> None:
    """What its signature does not know goes there; what is told beside is kept on the choice."""
    found = server.openai.completions.create(
        model="keeper", prompt="the fox", max_tokens=20, seed=3,
        extra_body={"min_p": 0.05, "brake": 1, "until": "word", "start": " x"},
    )  # fmt: skip

    choice = found.choices[0]
    assert choice.text.startswith(" x")
    assert choice.model_extra is not None
    assert choice.model_extra["events"] == len(choice.text)


@pytest.mark.parametrize(
    ("asked", "error", "param"),
    [
        ({"model": "nobody"}, openai.NotFoundError, "model"),
        ({"temperature": 99}, openai.BadRequestError, "temperature"),
        ({"extra_body": {"loudness": 3}}, openai.BadRequestError, "loudness"),
        ({"best_of": 5}, openai.BadRequestError, "best_of"),
        ({"suffix": "the end"}, openai.BadRequestError, "suffix"),
        ({"presence_penalty": 1.5}, openai.BadRequestError, "presence_penalty"),
        ({"logit_bias": {"50256": -100}}, openai.BadRequestError, "logit_bias"),
        ({"prompt": [1, 2, 3]}, openai.BadRequestError, "prompt"),
        ({"prompt": ["one", "two"]}, openai.BadRequestError, "prompt"),
        ({"stop": ["a", "b", "c", "d", "e"]}, openai.BadRequestError, "stop"),
        ({"extra_body": {"until": "chapter"}}, openai.BadRequestError, "until"),
        ({"extra_body": {"condition": {"mood": 1}}}, openai.BadRequestError, "condition"),
        ({"extra_body": {"constraints": {"words": "sea", "avoid": "e"}}}, openai.BadRequestError, "constraints"),
        ({"extra_body": {"constraints": {"loudly": True}}}, openai.BadRequestError, "constraints"),
        ({"max_tokens": 10_000_000}, openai.BadRequestError, "max_tokens"),
        ({"n": 10_000}, openai.BadRequestError, "n"),
        ({"max_tokens": "many"}, openai.UnprocessableEntityError, "max_tokens"),
    ],
)
def test_client_hears_what_cannot_be_done(
    server: Served, asked: dict[str, object], error: type[openai.APIStatusError], param: str
) -> None:
    """Refused by name, in a sentence, with what to do."""
    wanted = {"model": "keeper", "prompt": "the fox", **asked}

    with pytest.raises(error) as refused:
        server.openai.completions.create(**wanted)  # type: ignore[call-overload]

    assert refused.value.param == param
    assert isinstance(refused.value.body, dict)
    assert len(refused.value.body["message"]) > 10


def test_client_hears_refusals_before_a_stream_begins(server: Served) -> None:
    """As an error of its own, not as a stream that ends."""
    with pytest.raises(openai.BadRequestError):
        server.openai.completions.create(
            model="keeper", prompt="the fox", stream=True, extra_body={"constraints": {"words": "sea", "avoid": "e"}}
        )


def test_client_is_told_when_to_come_again(serve: Callable[..., Served]) -> None:
    """Who asks for more than his share gets a RateLimitError, which says when to come again."""
    served = serve(requests_a_minute=4)

    def ask_often() -> None:
        for _ in range(10):
            served.openai.completions.create(model="tiny", prompt="the fox", max_tokens=3)

    with pytest.raises(openai.RateLimitError) as refused:
        ask_often()

    assert int(refused.value.response.headers["retry-after"]) >= 1
