"""What holds for every distribution: its odds are odds, its draws are the same in numpy and torch, its dials behave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from undersong_toy.gaussian_mixture import ToyMixture

from undersong import registry
from undersong.distributions.categorical import Categorical
from undersong.distributions.distribution import AbstractDistribution, Dial
from undersong.errors import DialError, UsageError

SYMBOLS, MIXTURE = Categorical(7), ToyMixture(3)
EVERY: list[AbstractDistribution] = [SYMBOLS, MIXTURE]
GRID = np.stack(np.meshgrid(*[np.linspace(-14, 14, 281)] * 2), -1).reshape(-1, 2)  # points of the plane, 0.1 apart

logits = arrays(np.float64, 7, elements=st.floats(-200, 200))


def kind_of(value: Any) -> str:
    if isinstance(value, Dial):
        return value.name
    return value.kind if isinstance(value, AbstractDistribution) else str(value)


every_distribution = pytest.mark.parametrize("odds", EVERY, ids=kind_of)


def parameters_of(odds: AbstractDistribution, rows: int, seed: int = 3) -> np.ndarray:
    """Parameters (B, P) as a head gives them."""
    parameters = np.random.default_rng(seed).normal(0, 1.2, (rows, odds.parameter_count)).astype(np.float32)
    if odds is MIXTURE:
        parameters[:, 9:] *= 0.25  # spreads that a grid can see
    return parameters


def dice_of(odds: AbstractDistribution, rows: int, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, odds.uniforms))


def log_probs(odds: AbstractDistribution, parameters: np.ndarray) -> np.ndarray:
    """log p of everything that there is: the symbols, or the points of a grid."""
    events = np.arange(SYMBOLS.size) if odds is SYMBOLS else GRID
    return odds.log_prob(np.broadcast_to(parameters, (len(events), len(parameters))), events)


def total(odds: AbstractDistribution, parameters: np.ndarray) -> float:
    cell = 1.0 if odds is SYMBOLS else 0.1**2
    return float(np.exp(log_probs(odds, parameters)).sum() * cell)


def dials_of(odds: AbstractDistribution, at: str) -> dict[str, float]:
    return {dial.name: getattr(dial, at) for dial in odds.dials}


def dials_at(odds: AbstractDistribution, value: float) -> dict[str, float]:
    """Every dial turned to that, or as far as it goes; what counts something to 4."""
    return {dial.name: 4.0 if dial.whole else min(value, dial.high) for dial in odds.dials}


every_dial = pytest.mark.parametrize(
    ("odds", "dial"), [(odds, dial) for odds in EVERY for dial in odds.dials], ids=kind_of
)


def test_every_registered_distribution_is_held_to_these_laws() -> None:
    """A distribution that a test never met is one whose odds nobody summed."""
    assert sorted(odds.kind for odds in EVERY) == list(registry.names("distributions"))


@every_distribution
@pytest.mark.parametrize("turned", [False, True], ids=["as they are", "turned"])
def test_odds_sum_to_one(odds: AbstractDistribution, turned: bool) -> None:
    """Something always happens next, whatever the dials say."""
    parameters = parameters_of(odds, 5)
    dials = dials_at(odds, 0.6) if turned else {}

    totals = [total(odds, row) for row in odds.turned(parameters, dials)]

    np.testing.assert_allclose(totals, 1.0, atol=1e-4 if odds is MIXTURE else 1e-12)


@every_distribution
def test_numpy_and_torch_draw_the_same_events_from_the_same_uniforms(odds: AbstractDistribution) -> None:
    """One math, two array kinds: what is learned with is what is played with, draw by draw."""
    parameters, dice = parameters_of(odds, 100_000), dice_of(odds, 100_000)

    for dials in ({}, dials_at(odds, 0.7), *({name: v} for name, v in dials_at(odds, 0.7).items())):
        expected = odds.draw(parameters, dice, dials)
        actual = odds.draw(torch.from_numpy(parameters), torch.from_numpy(dice), dials)

        assert expected.dtype == actual.numpy().dtype
        np.testing.assert_array_equal(actual.numpy(), expected)


@every_distribution
def test_numpy_and_torch_agree_on_everything_but_draws(odds: AbstractDistribution) -> None:
    """Log-odds, modes, dials and blends, too, are one math."""
    here, there = (parameters_of(odds, 50, seed) for seed in (3, 5))
    events = odds.sample(here, dice_of(odds, 50))
    share = np.linspace(0, 1, 50)
    rest = 1 - share
    t_here, t_there, t_events, t_share, t_rest = map(torch.from_numpy, (here, there, events, share, rest))
    dials = dials_at(odds, 1.3) | dict.fromkeys({"typical", "top_p", "min_p"} & {d.name for d in odds.dials}, 0.4)

    pairs = [
        (odds.log_prob(here, events), odds.log_prob(t_here, t_events)),
        (odds.mode(here), odds.mode(t_here)),
        (odds.turned(here, dials), odds.turned(t_here, dials)),
        (odds.blend([here, there], [0.3, 0.7]), odds.blend([t_here, t_there], [0.3, 0.7])),
        (odds.blend([here, there], [rest, share]), odds.blend([t_here, t_there], [t_rest, t_share])),
    ]

    for expected, actual in pairs:
        np.testing.assert_allclose(actual.numpy(), expected, rtol=1e-12, atol=1e-12)


@every_distribution
def test_draws_fall_as_often_as_the_odds_say(odds: AbstractDistribution) -> None:
    """The share of draws in any region is its probability, to within what chance allows."""
    parameters, count = parameters_of(odds, 1)[0], 40_000
    drawn = odds.sample(np.broadcast_to(parameters, (count, len(parameters))), dice_of(odds, count))
    if odds is SYMBOLS:
        shares = np.bincount(drawn, minlength=SYMBOLS.size) / count
        expected = np.exp(log_probs(odds, parameters))
    else:
        edges = np.array([-40.0, -1.55, -0.05, 1.45, 40.0])  # between the points of the grid
        shares = np.histogram2d(drawn[:, 0], drawn[:, 1], bins=edges)[0] / count
        density = np.exp(log_probs(odds, parameters)) * 0.01
        expected = np.histogram2d(GRID[:, 0], GRID[:, 1], bins=edges, weights=density)[0]

    np.testing.assert_allclose(shares, expected, atol=0.012)


@every_distribution
def test_temperature_zero_is_the_mode(odds: AbstractDistribution) -> None:
    """At 0 no dice are thrown."""
    parameters, dice = parameters_of(odds, 200), dice_of(odds, 200)

    np.testing.assert_array_equal(odds.draw(parameters, dice, {"temperature": 0.0}), odds.mode(parameters))


@every_distribution
def test_mode_is_the_likeliest_of_all(odds: AbstractDistribution) -> None:
    """No symbol has better odds than the mode; the best mean of a mixture is at most a little below its top."""
    parameters = parameters_of(odds, 20)
    best = np.array([log_probs(odds, row).max() for row in parameters])
    reached = odds.log_prob(parameters, odds.mode(parameters))

    assert (reached >= best - (0.0 if odds is SYMBOLS else 0.3)).all()


@given(logits, st.floats(0, 1, exclude_max=True))
def test_low_temperatures_approach_the_mode(parameters: np.ndarray, uniform: float) -> None:
    """What 0 does is what ever smaller temperatures tend to, without an overflow on the way."""
    ordered = np.sort(parameters)
    assume(ordered[-1] - ordered[-2] > 1e-3)

    for temperature in (1e-5, 1e-300):
        drawn = SYMBOLS.draw(parameters, np.array([uniform]), {"temperature": temperature})
        assert SYMBOLS.mode(parameters) == drawn


@every_distribution
def test_dial_at_its_neutral_changes_nothing(odds: AbstractDistribution) -> None:
    """A dial nobody touched is a dial that is not there."""
    parameters, dice = parameters_of(odds, 300), dice_of(odds, 300)
    neutral = dials_of(odds, "neutral")

    np.testing.assert_array_equal(odds.turned(parameters, neutral), parameters)
    np.testing.assert_array_equal(odds.draw(parameters, dice, neutral), odds.draw(parameters, dice, {}))
    for one, other in zip(
        odds.played(parameters, None, dice, neutral), odds.played(parameters, None, dice, {}), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@every_dial
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 100_000.1, None, "1"], ids=str)
def test_dial_refuses_what_is_no_number_in_its_range(odds: AbstractDistribution, dial: Dial, value: Any) -> None:
    """A dial that cannot be turned so far says where it ends."""
    kind = "a whole number" if dial.whole else "a number"
    with pytest.raises(DialError, match=rf"{dial.name} .* is not {kind} from {dial.low:g} to {dial.high:g}"):
        dial.check(value)


@every_dial
def test_dial_takes_any_number_of_its_range(odds: AbstractDistribution, dial: Dial) -> None:
    """Whatever Python or numpy calls one; what counts takes whole ones only."""
    for value in (dial.low, dial.high, dial.neutral, int(dial.high), np.float32(dial.neutral), np.int64(dial.high)):
        assert float(value) == dial.check(value)
    if dial.whole:
        with pytest.raises(DialError, match="whole number"):
            dial.check(1.5)


@every_distribution
def test_unknown_dial_is_refused_by_name(odds: AbstractDistribution) -> None:
    """A typo turns no knob."""
    with pytest.raises(DialError, match=r"no dial 'temprature'(.|\n)*temperature"):
        odds.draw(parameters_of(odds, 1), dice_of(odds, 1), {"temprature": 0.5})


@every_distribution
def test_number_of_uniforms_is_the_same_for_every_setting_of_the_dials(odds: AbstractDistribution) -> None:
    """Draw t uses the same dice whatever the dials were before it, so that a knob can be turned while playing."""
    parameters, dice = parameters_of(odds, 20), dice_of(odds, 20)

    for at in ("low", "high", "neutral"):
        assert len(parameters) == len(odds.draw(parameters, dice, dials_of(odds, at)))
        assert odds.uniforms == dice.shape[-1] == type(odds).uniforms


@every_distribution
def test_extreme_uniforms_draw_events_that_are_possible(odds: AbstractDistribution) -> None:
    """The first and the last number a die can show fall inside the odds."""
    parameters = parameters_of(odds, 30)
    for uniform in (0.0, 1 - 2.0**-53):
        drawn = odds.sample(parameters, np.full((30, odds.uniforms), uniform))

        assert np.isfinite(odds.log_prob(parameters, drawn)).all()


@given(logits, arrays(np.bool_, 7), st.floats(0, 1, exclude_max=True), st.sampled_from([0.0, 0.01, 1.0, 10.0]))
def test_mask_really_forbids(parameters: np.ndarray, allowed: np.ndarray, uniform: float, temperature: float) -> None:
    """What may not follow is never drawn, at no temperature and with no dice."""
    assume(allowed.any())
    masked = SYMBOLS.mask(parameters, allowed)

    assert allowed[SYMBOLS.draw(masked, np.array([uniform]), {"temperature": temperature})]
    np.testing.assert_array_equal(np.exp(SYMBOLS.log_odds(masked))[~allowed], 0.0)


# ── what is played ───────────────────────────────────────────────────────────────────────────────────────────────


@every_distribution
@pytest.mark.parametrize("rows", [1, 2, 300])
@pytest.mark.parametrize("value", [None, 0.0, 0.3, 0.9, 2.0], ids=str)
def test_what_is_played_is_what_is_drawn_and_scored(odds: AbstractDistribution, rows: int, value: float | None) -> None:
    """The short way gives the event that `drawn` gives among what is allowed, and its -log p untouched by any dial."""
    dials = {} if value is None else {"temperature": value}
    allowed = np.random.default_rng(5).random((rows, 7)) < 0.6 if odds is SYMBOLS else None
    if allowed is not None:
        allowed[:, 2] = True
    every = [dials] if odds is MIXTURE else [dials, dials | {"top_p": 0.8}, dials | {"top_k": 2.0, "typical": 0.9}]
    for seed in range(3, 3 + max(1, 60 // rows)):
        parameters, dice = parameters_of(odds, rows, seed), dice_of(odds, rows, seed)
        masked = parameters if allowed is None else odds.mask(parameters, allowed)
        for each in every:
            events, nats = odds.played(parameters, allowed, dice, each)

            np.testing.assert_array_equal(events, odds.drawn(masked, dice, each))
            np.testing.assert_allclose(nats, -odds.log_prob(parameters, events), rtol=0, atol=1e-12)


def test_mask_keeps_the_proportions_of_what_it_allows() -> None:
    """Forbidding one thing makes no other thing stranger than it was."""
    parameters, allowed = parameters_of(SYMBOLS, 1)[0], np.arange(7) % 2 == 0
    odds = np.exp(SYMBOLS.log_odds(parameters)) * allowed

    np.testing.assert_allclose(np.exp(SYMBOLS.log_odds(SYMBOLS.mask(parameters, allowed))), odds / odds.sum())


def test_mask_of_a_mixture_is_refused_by_name() -> None:
    """A normal distribution cannot be forbidden a region, and says so."""
    with pytest.raises(UsageError, match="mixture of normals"):
        MIXTURE.mask(parameters_of(MIXTURE, 1), np.ones(3, bool))


@every_distribution
@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0)], ids=str)
def test_blend_of_all_one_voice_is_that_voice(odds: AbstractDistribution, weights: tuple[float, float]) -> None:
    """A slider at its end plays what stands there, down to the draw."""
    voices = [parameters_of(odds, 200, seed) for seed in (3, 5)]
    alone = voices[weights.index(1.0)]
    dice = dice_of(odds, 200)

    for how in ("linear", "log") if odds is SYMBOLS else ("linear",):
        blend = odds.blend(voices, weights, how)
        drawn = odds.sample(blend, dice)

        np.testing.assert_array_equal(drawn, odds.sample(alone, dice))
        np.testing.assert_allclose(odds.log_prob(blend, drawn), odds.log_prob(alone, drawn), rtol=1e-9, atol=1e-12)


@every_distribution
def test_linear_blend_is_the_weighted_mean_of_the_odds(odds: AbstractDistribution) -> None:
    """Side by side: sometimes the one plays, sometimes the other."""
    voices = [parameters_of(odds, 1, seed)[0] for seed in (3, 5)]
    expected = sum(w * np.exp(log_probs(odds, voice)) for w, voice in zip((0.25, 0.75), voices, strict=True))

    np.testing.assert_allclose(np.exp(log_probs(odds, odds.blend(voices, (0.25, 0.75)))), expected, atol=1e-12)


@every_distribution
@pytest.mark.parametrize("how", ["linear", "log"])
def test_blend_of_many_rows_gives_each_its_own_weights(odds: AbstractDistribution, how: str) -> None:
    """Rows played side by side may listen to different voices: each is blended as it would be alone."""
    if odds is MIXTURE and how == "log":
        pytest.skip("a mixture of normals has no such blend")
    here, there = (parameters_of(odds, 5, seed) for seed in (3, 5))
    share = np.array([0.0, 0.2, 0.5, 0.9, 1.0])

    together = odds.blend([here, there], [1 - share, share], how)

    for row, weight in enumerate(share):
        np.testing.assert_array_equal(odds.blend([here[row], there[row]], [1 - weight, weight], how), together[row])


def test_log_blend_of_halves_is_the_normalised_geometric_mean() -> None:
    """In agreement: only what both allow is played, computed here by hand."""
    here, there = np.array([0.5, 0.25, 0.25]), np.array([0.125, 0.5, 0.375])
    mean = [math.sqrt(0.5 * 0.125), math.sqrt(0.25 * 0.5), math.sqrt(0.25 * 0.375)]

    blend = Categorical(3).blend([np.log(here), np.log(there)], (0.5, 0.5), "log")

    np.testing.assert_allclose(np.exp(Categorical(3).log_odds(blend)), np.array(mean) / sum(mean))


@pytest.mark.parametrize(("odds", "how"), [(SYMBOLS, "loudest"), (MIXTURE, "log")], ids=kind_of)
def test_blend_that_does_not_exist_is_refused_by_name(odds: AbstractDistribution, how: str) -> None:
    """Where there is no closed form, nothing is made up."""
    with pytest.raises(UsageError, match=f"no blend '{how}'"):
        odds.blend([parameters_of(odds, 1)] * 2, (0.5, 0.5), how)


@every_distribution
def test_settings_build_the_same_distribution_again(odds: AbstractDistribution) -> None:
    """What stands in a file is all it takes."""
    data: Mapping[str, Any] = odds.to_json()
    settings = {key: value for key, value in data.items() if key != "kind"}

    assert odds == registry.load("distributions", data["kind"])(**settings)


def test_description_of_symbols_names_each_with_its_odds() -> None:
    """Odds by name, for people and for JSON."""
    told = SYMBOLS.describe(parameters_of(SYMBOLS, 1)[0], lambda symbol: f"<{symbol}>")

    assert [f"<{symbol}>" for symbol in range(7)] == list(told)
    assert sum(told.values()) == pytest.approx(1.0)


def test_description_of_a_mixture_tells_weights_means_and_spreads() -> None:
    """Numbers without names are described by their density."""
    parameters = parameters_of(MIXTURE, 1)[0]
    told = MIXTURE.describe(parameters, str)

    assert sum(told["weights"]) == pytest.approx(1.0)
    np.testing.assert_allclose(np.ravel(told["means"]), parameters[3:9])
    np.testing.assert_allclose(np.ravel(told["spreads"]), np.exp(parameters[9:].astype(np.float64)))
