"""Voices in a mixture: each hears what all play, in its own symbols, and nobody loses the thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spelled_voices import Listener

from undersong.distributions.categorical import Categorical
from undersong.errors import PromptError
from undersong.events import AbstractCodec, AbstractPiece, Condition, Parameters, State
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece, text_of
from undersong.playing.instrument import Instrument
from undersong.playing.mixtures.mixing import mix
from undersong.playing.mixtures.voices import stood_still
from undersong.shapes import ArraySpec

FRENCH, GERMAN = Characters(sorted("\n aeé")), Characters(sorted("\n aeüß"))
HEARD = "é a ü e"


def of(codec: AbstractCodec, name: str = "voice", seed: int = 0, **settings: Any) -> Instrument:
    """A voice of random weights over a codec."""
    count = codec.event.count or 0
    return Instrument(name, Text(), codec, Categorical(count), Listener(count, seed), **settings)


@cache
def two() -> tuple[Instrument, Instrument]:
    return of(FRENCH, "french", 1), of(GERMAN, "german", 2)


def odds_by_hand(plays: Instrument, mixture: Instrument, heard: str) -> np.ndarray:
    """What a voice expects after a text, over the symbols of the mixture: it hears each in its own."""
    events = np.concatenate([plays.codec.encode(TextPiece(letter)) for letter in ("", *heard)])
    after = plays.hear(events, plays.begin()).parameters["next"]
    found = np.zeros(mixture.codec.event.count or 0)
    found[mixture.codec.renumbered(plays.codec)[:-1]] = np.exp(plays.distribution.log_odds(after))[0]
    return found


def mixed_odds(mixture: Instrument, heard: str, **dials: float) -> np.ndarray:
    odds = mixture.odds(heard, dials)
    return np.array([odds[mixture.codec.display(symbol)] for symbol in range(mixture.codec.event.count or 0)])


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["linear", "log"])
def test_voice_that_has_all_the_weight_has_its_own_odds(how: str) -> None:
    """At (1, 0) and (0, 1), after symbols that each had to spell: its own as alone, and the others' impossible."""
    mixture = mix(two(), how=how)
    for name, alone in zip(("french", "german"), two(), strict=True):
        weights = {"french": 0.0, "german": 0.0, name: 1.0}
        expected = odds_by_hand(alone, mixture, HEARD)

        np.testing.assert_allclose(mixed_odds(mixture, HEARD, **weights), expected, rtol=1e-12)
        assert len(expected) > np.count_nonzero(expected) == alone.codec.event.count


def test_half_and_half_in_logarithms_is_the_normalised_geometric_mean() -> None:
    """√(p q) over what both can say, made to add up to 1; what one cannot say is said by nobody."""
    mixture = mix(two(), how="log")
    p, q = (odds_by_hand(alone, mixture, HEARD) for alone in two())
    expected = np.sqrt(p * q) / np.sqrt(p * q).sum()

    np.testing.assert_allclose(mixed_odds(mixture, HEARD), expected, rtol=1e-12)
    assert mixture.odds(HEARD)["é"] == mixture.odds(HEARD)["ü"] == 0.0


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (0.2, 0.8)])
def test_odds_of_a_mixture_are_the_weighted_sum(weights: tuple[float, float]) -> None:
    """Whatever the weights add up to."""
    mixture = mix(two(), weights)
    p, q = (odds_by_hand(alone, mixture, HEARD) for alone in two())
    expected = (weights[0] * p + weights[1] * q) / sum(weights)

    np.testing.assert_allclose(mixed_odds(mixture, HEARD), expected, rtol=1e-6)


def test_score_of_a_mixture_is_the_sum_by_hand() -> None:
    """Event by event, with letters that only one of them has and a letter that both spell by bytes."""
    mixture, text = mix(two(), [3, 1]), "aé üea ñß\n"
    symbols = mixture.codec.encode(TextPiece(text)).tolist()
    expected = []
    for at in range(len(symbols)):
        heard = mixture.codec.decode(np.array(symbols[:at]))  # whole where it is asked
        if at and mixture.codec.grammar and mixture.codec.grammar.run(0, np.array(symbols[:at])):
            expected.append(None)
            continue
        p, q = (odds_by_hand(alone, mixture, str(heard)) for alone in two())
        expected.append(-np.log(0.75 * p[symbols[at]] + 0.25 * q[symbols[at]]))
    nats = mixture.score(text).nats

    assert expected.count(None) == 1  # ñ is two bytes
    whole = [at for at, each in enumerate(expected) if each is not None]
    np.testing.assert_allclose(nats[whole], [expected[at] for at in whole], rtol=1e-6)


def test_shares_are_what_came_from_whom() -> None:
    """Weight times odds, of all together 1; and none in what a voice has no symbol for."""
    mixture = mix(two(), [3, 1])
    sample = mixture.samples(1, HEARD, 40, seed=5, start="eüé", temperature=1.5)[0]
    assert sample.voices is not None
    for at in (0, 1, 2, 3, 20):
        if mixture.codec.grammar and mixture.codec.grammar.run(0, sample.events[:at]):
            continue
        heard = HEARD + str(mixture.codec.decode(sample.events[:at]))
        p, q = (odds_by_hand(alone, mixture, heard)[sample.events[at]] for alone in two())

        assert sample.voices["french"][at] == pytest.approx(0.75 * p / (0.75 * p + 0.25 * q))
    np.testing.assert_allclose(sample.voices["french"] + sample.voices["german"], 1.0)
    assert (0.0, 1.0) == (sample.voices["french"][1], sample.voices["french"][2])
    assert sample.to_json()["voices"] == {name: values.tolist() for name, values in sample.voices.items()}


def test_what_was_forced_came_from_whoever_could_have_said_it() -> None:
    """Also where they would never have agreed on it; and what is impossible to all came from nobody."""
    mixture = mix(two(), how="log")
    sample = mixture.samples(1, "", 5, seed=1, start="é")[0]
    odds = np.zeros((1, mixture.codec.event.count or 0))
    odds[0, 3] = -np.inf
    asked = Condition({name: np.full(1, 0.5, np.float32) for name in ("french", "german")})
    given = {"french.next": odds, "german.next": np.full_like(odds, -np.inf)}
    impossible, sure = (mixture.steering.shares(given, asked, np.array([event])) for event in (3, 4))

    assert sample.voices is not None
    assert str(sample.piece).startswith("é")
    assert (1.0, 0.0) == (sample.voices["french"][0], sample.voices["german"][0])
    assert {"french": [0.0], "german": [0.0]} == {name: share.tolist() for name, share in (impossible or {}).items()}
    assert {"french": [1.0], "german": [0.0]} == {name: share.tolist() for name, share in (sure or {}).items()}


@given(st.integers(0, 10_000), st.sampled_from(["linear", "log"]), st.sampled_from([1.0, 2.0, 5.0]))
@settings(max_examples=30)
def test_every_sampled_piece_is_one_and_can_be_heard_again(seed: int, how: str, temperature: float) -> None:
    """No voice is left in the middle of a character: what is drawn is text, symbol by symbol as the grammar has it."""
    mixture = mix(two(), how=how)
    sample = mixture.samples(1, "é", 25, seed, temperature=temperature)[0]
    again = mixture.codec.encode(sample.piece)

    assert mixture.codec.grammar is not None
    assert 0 == mixture.codec.grammar.run(0, sample.events)
    assert "\ufffd" not in str(sample.piece).replace("é", "") or 0xFFFD in map(ord, str(sample.piece))
    assert mixture.codec.decode(again) == sample.piece
    assert np.isfinite(mixture.score(sample.piece).nats).all() or how == "log"


@pytest.mark.parametrize("text", ["é", "aé", "ñ", "ñüa"])
def test_rows_side_by_side_hear_their_own_letters(text: str) -> None:
    """Some rows spell an event in two symbols while others hear one: each gets what it would get alone, bit for bit."""
    mixture = mix(two())
    steps, weights = mixture.steps, np.array([0.1, 0.5, 0.9], np.float32)
    rows = [mixture.codec.encode(TextPiece(each))[:1] for each in ("a", text, "ü")]
    events, asked = np.concatenate(rows), Condition({"french": weights, "german": 1 - weights})
    _, before = steps.start(asked, 3)
    kept = {name: value.copy() for name, value in before.items()}
    together, after = steps.step(events, asked, before)

    for row in range(3):
        one = Condition({name: value[[row]] for name, value in asked.items()})
        alone, then = steps.step(events[[row]], one, {name: value[[row]] for name, value in before.items()})
        np.testing.assert_array_equal(alone["next"][0], together["next"][row])
        assert all(np.array_equal(then[name][0], after[name][row]) for name in then)
    assert all(np.array_equal(kept[name], before[name]) for name in kept)


# ── voices that cannot say everything ────────────────────────────────────────────────────────────────────────────


class Tones(AbstractCodec):
    """Letters that cannot be spelled: who lacks one has no way to hear it."""

    kind = "tones.v1"
    head = "categorical"

    def __init__(self, letters: str) -> None:
        self.letters_of = letters
        self.event = ArraySpec((), "int64", count=len(letters))
        self.distribution: Mapping[str, Any] = {"kind": "categorical.v1", "size": len(letters)}

    @property
    def start(self) -> np.ndarray:
        return np.array(len(self.letters_of))

    def encode(self, piece: AbstractPiece) -> np.ndarray:
        if strange := set(text_of(piece)) - set(self.letters_of):
            raise PromptError(f"There is no {strange}.")
        return np.array([self.letters_of.index(letter) for letter in text_of(piece)], np.int64)

    def decode(self, events: np.ndarray) -> TextPiece:
        return TextPiece("".join(self.letters_of[event] for event in events))

    def measure(self, piece: AbstractPiece) -> int:
        return len(text_of(piece))

    def progress(self, events: np.ndarray) -> np.ndarray:
        return np.arange(1, len(events) + 1)

    def display(self, event: int) -> str:
        return self.letters_of[event]

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        letters = {letter for codec in (self, *others) for letter in codec.to_json()["letters"]}
        return Tones("".join(sorted(letters)))

    def renumbered(self, old: AbstractCodec) -> np.ndarray:
        places = [self.letters_of.index(letter) for letter in old.to_json()["letters"]]
        return np.array([*places, len(self.letters_of)])

    def to_json(self) -> dict[str, Any]:
        return {"letters": self.letters_of}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tones:
        return cls(data["letters"])


class Gated(Listener):
    """A listener that shows a gate."""

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        return (*self.step(event, condition, state), {"open": event.astype(float) + 1})


def tones() -> Instrument:
    low = Instrument("low", Text(), Tones("abc"), Categorical(3), Gated(3, 1))
    high = Instrument("high", Text(), Tones("cde"), Categorical(3), Gated(3, 2))
    return mix([low, high])


def test_voice_without_a_way_to_hear_stands_still() -> None:
    """Its state and its odds stay, and a reading says so; the other goes on."""
    mixture = tones()
    before = mixture.hear(mixture.codec.encode(TextPiece("ac")), mixture.begin())
    after = mixture.hear(mixture.codec.encode(TextPiece("de")), before)
    alone = of(Tones("abc"), seed=1)
    heard = alone.hear(np.array([0, 2]), alone.begin())

    np.testing.assert_array_equal(after.state["low.h"], before.state["low.h"])
    np.testing.assert_array_equal(after.parameters["low.next"], before.parameters["low.next"])
    np.testing.assert_allclose(after.parameters["low.next"][0, :3], heard.parameters["next"][0])
    assert (after.state["high.h"] != before.state["high.h"]).all()
    assert ([True], [False]) == (after.parameters["low.still"].tolist(), after.parameters["high.still"].tolist())
    assert ([False], [False]) == (before.parameters["low.still"].tolist(), before.parameters["high.still"].tolist())


def test_whoever_asks_is_told_where_a_voice_stood_still() -> None:
    """By event; a voice that heard all is not named, nor is anybody where all can be spelled."""
    mixture = tones()

    assert {"low": [1, 3], "high": [0]} == stood_still(mixture, mixture.codec.encode(TextPiece("adce")))
    assert {"high": [0, 1]} == stood_still(mixture, mixture.codec.encode(TextPiece("abc")))
    assert {} == stood_still(mix(two()), mix(two()).codec.encode(TextPiece("éüñ")))
    assert {} == stood_still(two()[0], np.array([1, 2]))


def test_rows_stand_still_one_by_one() -> None:
    """Beside rows that hear, and nobody's odds depend on it."""
    steps, asked = tones().steps, Condition({name: np.full(3, 0.5, np.float32) for name in ("low", "high")})
    _, before = steps.start(asked, 3)
    parameters, after = steps.step(np.array([0, 2, 4]), asked, before)

    assert ([False, False, True], [True, False, False]) == (
        parameters["low.still"].tolist(), parameters["high.still"].tolist(),
    )  # fmt: skip
    for row, event in enumerate((0, 2, 4)):
        one = Condition({name: value[:1] for name, value in asked.items()})
        alone, then = steps.step(np.array([event]), one, {name: value[[row]] for name, value in before.items()})
        np.testing.assert_array_equal(alone["next"][0], parameters["next"][row])
        assert all(np.array_equal(then[name][0], after[name][row]) for name in then)


def test_trace_goes_on_while_a_voice_stands_still() -> None:
    """Its gates are shut, its state is the same twice, and every array has a row for each event."""
    trace = tones().trace("adeb")

    assert [1.0, 0.0, 0.0, 2.0] == trace.inner["gate.low.open"].tolist()
    assert [0.0, 2.0, 3.0, 0.0] == trace.inner["gate.high.open"].tolist()
    np.testing.assert_array_equal(trace.inner["state.low.h"][0], trace.inner["state.low.h"][2])
    assert {4} == {len(values) for values in trace.inner.values()}
