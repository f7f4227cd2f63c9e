"""An instrument plays, in both media: by seed, live, side by side, from any prompt, to any length."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of, piece_of, voice

from undersong.errors import DialError, InputError, PromptError, UsageError

every_medium = pytest.mark.parametrize("medium", MEDIA)


@every_medium
def test_sample_is_the_same_for_the_same_seed(medium: str) -> None:
    """Same seed, same work; another seed, another work."""
    plays = instrument_of(medium)

    assert plays.sample(length=20, seed=7) == plays.sample(length=20, seed=7)
    assert plays.sample(length=20, seed=7) != plays.sample(length=20, seed=8)
    assert plays.sample(length=20) != plays.sample(length=20)  # nobody chose a seed


@every_medium
def test_sample_says_which_seed_it_was_given(medium: str) -> None:
    """What was liked can be played again."""
    plays = instrument_of(medium)
    (first,) = plays.samples(1, length=10)

    assert first.piece == plays.sample(length=10, seed=first.seed)


@every_medium
def test_stream_plays_what_sample_plays(medium: str) -> None:
    """Live or at once, the same events, nats and piece."""
    plays = instrument_of(medium)
    (whole,) = plays.samples(1, PROMPTS[medium], 80, seed=3, condition=ASKED[medium])

    played = list(plays.stream(PROMPTS[medium], 80, seed=3, condition=ASKED[medium]))

    np.testing.assert_array_equal(np.array([each.event for each in played]), whole.events)
    assert sum(each.nats for each in played) == pytest.approx(whole.nats)
    if medium == "text":
        assert str(whole.piece) == PROMPTS[medium] + "".join(map(str, played))


@every_medium
def test_stream_can_be_left_at_any_event(medium: str) -> None:
    """What is played does not depend on how much will be: a longer sample begins like a shorter one."""
    plays = instrument_of(medium)
    longer = plays.samples(1, length=100, seed=5)[0].events

    for length in (0, 1, 63, 65):
        events = plays.samples(1, length=length, seed=5)[0].events
        np.testing.assert_array_equal(events, longer[: len(events)])


@every_medium
def test_row_of_many_samples_does_not_depend_on_how_many(medium: str) -> None:
    """Row k draws with its own dice: asking for more gives the same ones first, to what sums of another size round."""
    plays = instrument_of(medium)
    few, many = (plays.samples(count, PROMPTS[medium], 12, seed=4) for count in (3, 5))

    for one, other in zip(few, many, strict=False):
        np.testing.assert_allclose(one.events, other.events, atol=0 if medium == "text" else 1e-4)
    assert 5 == len({json.dumps(each.piece.to_json()) for each in many})


@every_medium
def test_sample_begins_with_the_prompt(medium: str) -> None:
    """What a person wrote stays as they wrote it."""
    prompt = voice(medium).medium.prompt(PROMPTS[medium])
    written, played = prompt.to_json(), instrument_of(medium).sample(PROMPTS[medium], 9, seed=1).to_json()

    if medium == "text":
        assert played.startswith(written)
    else:
        np.testing.assert_allclose(played[: len(written)], written, atol=1e-6)


@every_medium
@pytest.mark.parametrize("length", [0, 1, 7, 40])
def test_length_counts_what_the_medium_measures(medium: str, length: int) -> None:
    """A length of 7 is seven more characters, or seven more points; the prompt is not counted."""
    plays = instrument_of(medium)
    measure = plays.codec.measure

    for seed in range(5):
        (played,) = plays.samples(1, PROMPTS[medium], length, seed)
        added = measure(played.piece) - measure(plays.medium.prompt(PROMPTS[medium]))
        assert length == added


@every_medium
def test_sample_without_a_length_is_as_long_as_the_medium_says(medium: str) -> None:
    """Nobody has to know how long a walk usually is."""
    plays = instrument_of(medium)

    assert plays.medium.sample_length == plays.codec.measure(plays.sample(seed=2))


@pytest.mark.parametrize("prompt", ["日本語", "🧑‍🚀", "e\u0301́", "Ǆ\r\n", "\x00\x7f", "ﷺ" * 40], ids=ascii)
def test_prompt_of_characters_never_seen_is_heard_all_the_same(prompt: str) -> None:
    """Any text can be continued; what the vocabulary lacks is spelled."""
    played = str(instrument_of("text").sample(prompt, length=5, seed=1))

    assert played.startswith(prompt)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 10.0])
def test_text_that_is_played_is_always_text(temperature: float) -> None:
    """A model that knows nothing still writes whole characters: the grammar allows no others."""
    for sampled in instrument_of("text").samples(12, length=60, seed=11, temperature=temperature):
        spelled = b"".join(name_of(event) for event in sampled.events)
        assert str(sampled.piece) == spelled.decode("utf-8")


def name_of(event: int) -> bytes:
    """The bytes that a symbol stands for, by its displayed name."""
    name = instrument_of("text").codec.display(event)
    return bytes([int(name[3:5], 16)]) if name.startswith("<0x") else name.encode()


def test_end_symbol_ends_the_piece() -> None:
    """An instrument that has said it all stops, before its length is reached, and says nothing of it."""
    assert "fox" == str(instrument_of("text", ending=100.0).sample("fox", length=50, seed=1))
    assert [] == list(instrument_of("text", ending=100.0).stream("fox", length=50, seed=1))


def test_rows_that_have_ended_are_silent_while_others_go_on() -> None:
    """Each sample ends for itself, and its nats count what was played alone."""
    plays = instrument_of("text", ending=4.0)
    samples = plays.samples(6, length=50, seed=2)
    lengths = [len(each.events) for each in samples]

    assert min(lengths) < max(lengths)
    for each in samples:
        assert plays.codec.end not in each.events
        assert each.nats == pytest.approx(plays.nats_of(each.events).sum(), abs=1e-3)


@every_medium
def test_numpy_plays_the_same_events_as_onnxruntime(medium: str) -> None:
    """The player of last resort plays the same piece."""
    fast, slow = (instrument_of(medium, engine) for engine in ("onnxruntime", "numpy"))
    played = [plays.samples(2, PROMPTS[medium], 30, seed=6, condition=ASKED[medium]) for plays in (fast, slow)]

    for one, other in zip(*played, strict=True):
        np.testing.assert_allclose(one.events, other.events, atol=0 if medium == "text" else 1e-3)
    np.testing.assert_allclose(*(plays.score(piece_of(medium)).nats for plays in (fast, slow)), atol=1e-5)


@every_medium
def test_temperature_zero_plays_the_same_for_every_seed(medium: str) -> None:
    """Without dice there is one piece."""
    plays = instrument_of(medium)

    assert plays.sample(length=15, seed=1, temperature=0) == plays.sample(length=15, seed=2, temperature=0)


@every_medium
@pytest.mark.parametrize("temperature", [-1, math.nan, math.inf, 11, "hot", None], ids=str)
def test_temperature_that_is_none_is_refused_before_the_first_event(medium: str, temperature: Any) -> None:
    """A dial beyond its range is a sentence, at the call and not in the middle of a stream."""
    plays = instrument_of(medium)
    for verb in (plays.sample, plays.stream, plays.odds):
        with pytest.raises(DialError, match="temperature"):
            verb(temperature=temperature)


@every_medium
@pytest.mark.parametrize("wrong", [{"length": -1}, {"seed": -1}, {"seed": 2**63}], ids=str)
def test_impossible_sample_is_refused_before_the_first_event(medium: str, wrong: dict[str, int]) -> None:
    """Less than nothing cannot be played."""
    with pytest.raises(UsageError):
        instrument_of(medium).stream(**wrong)
    with pytest.raises(UsageError):
        instrument_of(medium).samples(0)


def test_fields_are_refused_by_who_learned_none() -> None:
    """A text has no word to be defined; it can only be begun."""
    plays = instrument_of("text")
    for verb in (plays.sample, plays.stream, plays.odds, plays.session, plays.score, plays.trace):
        with pytest.raises(PromptError, match="without fields such as 'word'"):
            verb({"word": "sometifent"})


@every_medium
@pytest.mark.parametrize("given", [5, None, ["the ", "fox"], b"the fox"], ids=str)
def test_what_is_no_piece_is_refused_with_what_it_is(medium: str, given: Any) -> None:
    """Wherever a piece is handed in."""
    plays = instrument_of(medium)
    for verb in (plays.sample, plays.stream, plays.odds, plays.session, plays.score, plays.trace):
        with pytest.raises(InputError, match=type(given).__name__):
            verb(given)
    with pytest.raises(InputError, match="int"):
        plays.sample(stop=[5])


@pytest.mark.parametrize("prompt", ["{", "[1, 2]", "[[1, NaN]]", '[["a", 1]]', "[[1e99, 0]]", "nonsense"])
def test_prompt_that_is_no_walk_is_refused(prompt: str) -> None:
    """What cannot be walked is a PromptError, whatever it is."""
    with pytest.raises(PromptError, match="list of points"):
        instrument_of("walk").sample(prompt)
