"""Voices that play as one: what the blend is, how its weights are turned and kept, and how they are fitted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from tiny_models import ASKED, PROMPTS, CoreCase, file_of, instrument_of, piece_of, voice

from undersong.distributions.categorical import Categorical
from undersong.errors import DialError, InputError, UsageError
from undersong.events import Condition, ConditionSpec
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.loading import from_file, markov_instrument
from undersong.playing.mixtures.mixing import MixedSteps, duet, fit_weight, mix, mixed
from undersong.shapes import ArraySpec

PROMPT = PROMPTS["text"]


@cache
def chain() -> Instrument:
    """An n-gram of the same verses that the tiny network plays."""
    of = voice("text")
    ngram = NGram(count([of.codec.encode(piece) for piece in of.pieces], 4, of.codec.event.count or 0), "kneser-ney")
    return markov_instrument("tiny text", of.medium, of.codec, ngram, (3,))


def pair(weight: float = 0.375) -> Instrument:
    return duet(instrument_of("text"), chain(), weight)


def share(name: str, neutral: float = 0.5) -> ConditionSpec:
    return ConditionSpec(name, ArraySpec(low=0.0, high=1.0, neutral=neutral), "event", "How much of it.")


def walkers(how: str = "linear") -> Instrument:
    """Two networks that walk differently, as one."""
    one = instrument_of("walk")
    other = from_file(file_of("walk", CoreCase("elman.v1")))
    steps = MixedSteps({"one": one.steps, "other": other.steps}, one.distribution, (share("other"),), how)
    return Instrument("two", one.medium, one.codec, one.distribution, steps, steering=steps)


# ── what a blend is ──────────────────────────────────────────────────────────────────────────────────────────────


def test_duet_at_its_ends_has_the_nats_of_what_stands_there() -> None:
    """At 0 the network plays, at 1 the n-gram, event by event."""
    piece = piece_of("text")

    np.testing.assert_allclose(pair().score(piece, {"duet": 0}).nats, instrument_of("text").score(piece).nats)
    np.testing.assert_allclose(pair().score(piece, {"duet": 1}).nats, chain().score(piece).nats)


def test_duet_between_has_the_weighted_mean_of_both_odds() -> None:
    """log((1 - w) p + w q), computed by hand from what each voice gives alone."""
    piece = piece_of("text")
    p, q = (np.exp(-alone.score(piece).nats) for alone in (instrument_of("text"), chain()))

    np.testing.assert_allclose(pair(0.375).score(piece).nats, -np.log(0.625 * p + 0.375 * q))
    np.testing.assert_allclose(pair().score(piece, {"duet": 0.75}).nats, -np.log(0.25 * p + 0.75 * q))
    np.testing.assert_allclose(mixed(np.log(p), np.log(q), 0.375), -pair(0.375).score(piece).nats)


def test_duet_at_its_ends_plays_the_same_pieces() -> None:
    """Draw by draw, from the same seed."""
    for at, alone in ((0.0, instrument_of("text")), (1.0, chain())):
        assert alone.sample(PROMPT, 60, seed=4) == pair().sample(PROMPT, 60, seed=4, duet=at)


def test_a_trace_shows_what_each_voice_would_have_played() -> None:
    """Parameters, state and gates of a voice stand under its name, in step with the blend."""
    piece, odds = piece_of("text"), pair().distribution
    trace = pair(0.375).trace(piece)
    p, q = (
        np.exp(odds.log_prob(trace.inner[f"parameters.{name}.next"], trace.events)) for name in ("network", "ngram")
    )
    alone = instrument_of("text").trace(piece)

    np.testing.assert_allclose(trace.nats, -np.log(0.625 * p + 0.375 * q))
    np.testing.assert_allclose(trace.nats, pair(0.375).score(piece).nats)
    assert {"state.ngram.context"} == {name for name in trace.inner if name.startswith("state.ngram.")}
    for name, values in alone.inner.items():
        kind, _, rest = name.partition(".")
        np.testing.assert_allclose(trace.inner[f"{kind}.network.{rest}"], values)


def test_rows_side_by_side_each_have_their_own_weight() -> None:
    """No row hears what its neighbours listen to, bit for bit."""
    steps, events = pair().steps, np.array([3, 5, 5, 9])
    weights = np.array([0.0, 0.25, 0.5, 1.0], np.float32)
    _, before = steps.start(Condition({"duet": weights}), 4)
    together, _ = steps.step(events, Condition({"duet": weights}), before)
    for row in range(4):
        one = Condition({"duet": weights[[row]]})
        alone, _ = steps.step(events[[row]], one, {name: value[[row]] for name, value in before.items()})

        np.testing.assert_array_equal(alone["next"][0], together["next"][row])


def test_mixed_steps_leave_every_state_as_it_was() -> None:
    """Undo is assignment, for all voices at once."""
    steps, condition = pair().steps, Condition({"duet": np.full(1, 0.5, np.float32)})
    _, before = steps.start(condition, 1)
    kept = {name: value.copy() for name, value in before.items()}
    first, _ = steps.step(np.array([4]), condition, before)
    again, _ = steps.step(np.array([4]), condition, before)

    assert all(np.array_equal(kept[name], before[name]) for name in kept)
    np.testing.assert_array_equal(first["next"], again["next"])


def test_three_voices_share_what_there_is() -> None:
    """The first has what the others leave, and nothing where they want all of it."""
    steps = MixedSteps(dict.fromkeys("abc", chain().steps), chain().distribution, (share("b"), share("c")))
    rows = np.array([[0.0, 0.0], [0.25, 0.25], [0.5, 0.5], [1.0, 1.0]], np.float32)

    weights = np.stack(steps.weights(Condition({"b": rows[:, 0], "c": rows[:, 1]})), axis=1)

    np.testing.assert_allclose(weights, [[1, 0, 0], [0.5, 0.25, 0.25], [0, 0.5, 0.5], [0, 0.5, 0.5]])


def test_voices_in_the_plane_mix_and_hear_what_they_are_asked() -> None:
    """A medium of numbers mixes as well: its densities lie side by side, under the same class, z and memory."""
    piece = piece_of("walk")
    given = dict(voice("walk").codec.condition(piece))
    one, other = instrument_of("walk"), from_file(file_of("walk", CoreCase("elman.v1")))
    expected = np.logaddexp(np.log(0.75) - one.score(piece).nats, np.log(0.25) - other.score(piece).nats)

    np.testing.assert_allclose(-expected, walkers().score(piece, {**given, "other": 0.25}).nats, rtol=1e-5)
    asked = {**ASKED["walk"], "other": [0.0, 0.3, 1.0]}
    assert 7 == len(walkers().samples(2, PROMPTS["walk"], 7, seed=1, condition=asked)[1].events)


def test_blend_that_has_no_closed_form_is_refused_by_name() -> None:
    """Before anything is played."""
    with pytest.raises(UsageError, match="no blend 'log'"):
        walkers("log").sample(length=3)


# ── weights as dials and conditions ──────────────────────────────────────────────────────────────────────────────


def test_weight_is_a_dial_beside_those_of_the_odds() -> None:
    """Declared with its range; untouched it stands at the fitted weight."""
    dials = {dial.name: dial for dial in pair(0.375).dials}

    assert ("temperature", "duet") == (next(iter(dials)), list(dials)[-1])
    assert (0.0, 1.0, 0.375) == (dials["duet"].low, dials["duet"].high, dials["duet"].neutral)
    assert pair(0.375).odds(PROMPT) == pair(0.375).odds(PROMPT, duet=0.375) == pair(0.0).odds(PROMPT, duet=0.375)


def test_dial_and_condition_are_two_ways_to_say_the_same() -> None:
    """In every verb; where both are given, the dial in the hand is heard."""
    plays, asked = pair(), {"duet": 0.75}

    assert plays.odds(PROMPT, asked) == plays.odds(PROMPT, duet=0.75) == plays.odds(PROMPT, {"duet": 0.1}, duet=0.75)
    expected = plays.sample(PROMPT, 40, seed=2, condition=asked)
    assert expected == plays.sample(PROMPT, 40, seed=2, duet=0.75)
    assert str(expected) == PROMPT + "".join(map(str, plays.stream(PROMPT, 40, seed=2, duet=0.75)))
    assert expected != plays.sample(PROMPT, 40, seed=2)


def test_weight_may_change_with_every_event() -> None:
    """A row of weights is heard event by event, and its last is held."""
    events = voice("text").codec.encode(piece_of("text"))[:12]
    weights = [0.0, 1.0, 0.5, 0.25, 1.0]
    p, q = (np.exp(-alone.nats_of(events)) for alone in (instrument_of("text"), chain()))
    w = np.array(weights + [1.0] * 7)

    np.testing.assert_allclose(pair().nats_of(events, condition={"duet": weights}), -np.log((1 - w) * p + w * q))


def test_dial_turned_in_a_session_is_heard_from_the_next_event_on() -> None:
    """What was already heard under another weight is weighed anew, not heard again."""
    turned = pair().session(PROMPT, seed=3).candidates(4, length=12, duet=1.0)
    begun = pair().session(PROMPT, seed=3, condition={"duet": 1.0}).candidates(4, length=12)
    alone = chain().session(PROMPT, seed=3).candidates(4, length=12)

    assert [str(c) for c in alone] == [str(c) for c in turned] == [str(c) for c in begun]
    np.testing.assert_allclose([c.nats for c in turned], [c.nats for c in alone])


def test_session_goes_on_under_the_weights_it_was_given() -> None:
    """Appended and accepted turns are heard under the row of their own event."""
    plays, asked = pair(), {"duet": [0.0, 1.0, 0.5]}
    session = plays.session(PROMPT, seed=1, condition=asked).append(" si")
    after = session.accept(session.candidates(1, length=3)[0])
    heard = plays.hear(after.events, plays.begin(asked), asked)

    np.testing.assert_allclose(after.heard.parameters["next"], heard.parameters["next"])
    assert after.undo().piece == session.piece


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, "half"], ids=str)
def test_dial_beyond_its_ends_is_refused(value: Any) -> None:
    """With its range, before anything is played."""
    plays = pair()
    for verb in (plays.sample, plays.stream, plays.odds, plays.session(PROMPT).candidates):
        with pytest.raises(DialError, match=r"duet .* is not a number from 0 to 1"):
            verb(duet=value)
    with pytest.raises(InputError, match="duet"):
        plays.score(PROMPT, {"duet": value})


def test_unknown_dial_is_told_of_all_there_are() -> None:
    """And who plays alone has no such dial."""
    with pytest.raises(DialError, match=r"no dial 'due'(.|\n)*temperature, .*, duet"):
        pair().sample(due=0.5)
    with pytest.raises(DialError, match="no dial 'duet'"):
        instrument_of("text").sample(duet=0.5)


# ── a dial for each voice ────────────────────────────────────────────────────────────────────────────────────────


def both(weights: Sequence[float] | None = None, **settings: Any) -> Instrument:
    """The network and the n-gram as voices of their own."""
    return mix([instrument_of("text"), chain()], weights, names=["one", "other"], **settings)


def test_every_voice_has_a_dial_of_its_own() -> None:
    """At the weights that were given, of all together 1; turned, only how they compare matters."""
    mixture = both([2, 6])
    dials = {dial.name: dial for dial in mixture.dials}

    assert ["one", "other"] == list(dials)[-2:]
    assert (0.25, 0.75) == (dials["one"].neutral, dials["other"].neutral)
    assert (0.0, 1.0) == (dials["one"].low, dials["one"].high)
    assert mixture.odds("a") == mixture.odds("a", one=0.25) == both([0.25, 0.75]).odds("a")
    low, even = mixture.odds("a", one=0.1, other=0.1), both().odds("a")
    np.testing.assert_allclose(list(low.values()), list(even.values()), rtol=1e-6)


def test_one_voice_becomes_another_as_it_plays() -> None:
    """Along ways in words: a weight for every event, as with a row of them; at the end the other is alone."""
    mixture = both()
    ways = {"one": "1>0/10", "other": "0>1/10"}
    down = np.append(np.linspace(1, 0, 10, endpoint=False), 0.0)
    sample = mixture.samples(1, "a", 30, seed=2, **ways)[0]

    assert sample.piece == mixture.sample("a", 30, seed=2, one=list(down), other=list(1 - down))
    assert sample.voices is not None
    assert (sample.voices["other"][10:] == 1.0).all()
    assert sample.voices["other"][0] == 0.0


def test_names_of_voices_are_safe_and_different() -> None:
    """As words of Python, none of them the name of another dial or of something a verb is asked."""
    names = ["keeper", "keeper", "my poems!", "1984", "class", "temperature", "start", "…", "سرود"]
    mixture = mix([chain()] * 9, names=names)

    expected = [
        "keeper", "keeper_2", "my_poems", "voice_1984", "voice_class", "temperature_2", "voice_start", "voice", "سرود",
    ]  # fmt: skip
    assert expected == [dial.name for dial in mixture.dials][-9:]
    assert str(mixture.sample("a", 3, seed=1, keeper_2=0.5, voice_start=0.1)).startswith("a")


def test_all_voices_at_nothing_are_refused() -> None:
    """As weights and as dials, and told of which there are."""
    mixture = both()
    with pytest.raises(UsageError, match="All weights are 0"):
        both([0, 0])
    for verb in (mixture.odds, mixture.sample, mixture.score):
        with pytest.raises(DialError, match=r"All voices are turned to 0(.|\n)*one, other"):
            verb("a", condition={"one": 0, "other": 0})
    with pytest.raises(DialError, match="All voices are turned to 0 at event 5"):
        mixture.sample("t", 20, seed=1, one="1>0/3", other=0)
    with pytest.raises(DialError, match="All voices are turned to 0 at event 3"):
        mixture.steering.check({"one": [1, 0.5, 0], "other": [0.0]})
    mixture.steering.check({"one": [1, 0.5, 0]})


def test_row_without_any_weight_leaves_its_neighbours_alone() -> None:
    """Where nothing refused it before, all its voices are heard alike; no odds are broken by it."""
    steps = both().steps
    asked = {"one": np.array([0.0, 1.0], np.float32), "other": np.zeros(2, np.float32)}
    _, before = steps.start(Condition({"one": np.ones(2, np.float32), "other": np.ones(2, np.float32)}), 2)
    parameters, _ = steps.step(np.array([1, 1]), Condition(asked), before)

    odds = np.exp(parameters["next"])
    np.testing.assert_allclose(odds.sum(axis=1), 1.0)
    p, q = (np.exp(Categorical(odds.shape[1]).log_odds(parameters[f"{name}.next"])) for name in ("one", "other"))
    np.testing.assert_allclose(odds[0], (p[0] + q[0]) / 2)
    np.testing.assert_allclose(odds[1], p[1])


@pytest.mark.parametrize(
    ("weights", "says"),
    [([1], "1 weights for 2 voices"), ([1, -1], "'other' is -1"), ([1, float("nan")], "nan"), ([1, "x"], "'x'")],
    ids=str,
)
def test_weights_that_are_none_are_refused(weights: Any, says: str) -> None:
    """By the name of the voice."""
    with pytest.raises(UsageError, match=says):
        both(weights)


def test_what_is_no_mixture_is_refused() -> None:
    """One voice alone, what is no instrument, another blend, names that do not fit."""
    refused: list[tuple[Any, dict[str, Any], str]] = [
        ([chain()], {}, "One voice is no mixture"),
        (["keeper", "tide"], {}, "'keeper' is no instrument"),
        ([chain(), chain()], {"how": "loud"}, "no blend 'loud'"),
        ([chain(), chain()], {"names": ["one"]}, "1 names for 2 voices"),
    ]
    for given, settings, says in refused:
        with pytest.raises(UsageError, match=says):
            mix(given, **settings)


# ── how weights are fitted ───────────────────────────────────────────────────────────────────────────────────────


def some_scores(events: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """log p of two voices that are right in different places, the first of them more often."""
    dice = np.random.default_rng(seed)
    first_is_right = dice.random(events) < 0.7
    sure, lost = np.log(dice.uniform(0.3, 0.9, events)), np.log(dice.uniform(0.01, 0.2, events))
    return np.where(first_is_right, sure, lost), np.where(first_is_right, lost, sure)


def test_fitted_weight_is_the_best_of_all() -> None:
    """On many events no other weight foretells better than by a hair."""
    first, second = some_scores(20_000)
    weight = fit_weight(first, second)
    every = [mixed(first, second, w).mean() for w in np.linspace(0, 1, 1001)]

    assert mixed(first, second, weight).mean() == pytest.approx(max(every), abs=1e-6)
    assert weight == pytest.approx(np.argmax(every) / 1000, abs=0.003)


def test_fitted_weight_is_the_other_voices_rest() -> None:
    """Whoever is named first."""
    first, second = some_scores(500)

    assert fit_weight(first, second) == pytest.approx(1 - fit_weight(second, first))


def test_few_events_leave_the_weight_near_one_half() -> None:
    """And none leave it there; the more speak for one voice, the nearer it is followed."""
    weights = [fit_weight(np.full(n, -1.0), np.full(n, -3.0)) for n in (0, 5, 50, 500, 50_000)]

    assert weights[0] == 0.5
    assert weights[1] > 0.35
    assert weights == sorted(weights, reverse=True)
    assert 0.0 <= weights[-1] < 0.001


def test_voices_that_agree_share_evenly() -> None:
    """Where every weight foretells the same, none is better than one half."""
    same = np.log(np.random.default_rng(1).random(100))

    assert fit_weight(same, same) == 0.5


def test_what_is_impossible_to_a_voice_can_be_fitted() -> None:
    """To one of them it speaks for the other, to both for neither; far beyond what floats hold as odds, too."""
    first, second = np.array([-math.inf, -1.0, -2000.0]), np.array([-1.0, -1.0, -1900.0])

    assert fit_weight(first, second) > 0.5
    assert fit_weight(np.full(9, -math.inf), np.full(9, -math.inf)) == 0.5
