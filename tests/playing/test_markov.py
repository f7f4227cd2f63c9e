"""Markov chains that step: smoothed ones play what they score, plain ones draw from their bags; no state is changed."""

from __future__ import annotations

import numpy as np
import pytest

from undersong.distributions.categorical import Categorical
from undersong.events import Condition, ConditionSpec, Steps
from undersong.playing.chains.bags import Bags
from undersong.playing.chains.markov import ChainSteps, MarkovSteps, MixedChainSteps
from undersong.playing.chains.ngram import METHODS, Method, NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.mixtures.mixing import MixedSteps
from undersong.shapes import ArraySpec


def of(pieces: list[list[int]], order: int, vocabulary: int, method: Method) -> NGram:
    return NGram(count([np.array(piece) for piece in pieces], order, vocabulary), method)


@pytest.mark.parametrize("method", list(METHODS))
def test_markov_steps_play_what_the_ngram_scores(method: Method) -> None:
    """Rows step side by side: each hears its own last events, and the sum of what it hears is its score."""
    ngram = of([np.random.default_rng(0).integers(0, 6, 400).tolist()], 4, 6, method)
    rows = np.random.default_rng(1).integers(0, 6, (3, 9))  # (B, T)
    steps = MarkovSteps(ngram)
    parameters, state = steps.start(Condition(), 3)
    total = np.zeros(3)
    for events in rows.T:
        total += parameters["next"][np.arange(3), events]
        parameters, state = steps.step(events, Condition(), state)

    np.testing.assert_allclose(total, [ngram.log_prob_each(row).sum() for row in rows])
    assert parameters["next"].shape == (3, 6)
    assert state["context"].tolist() == rows[:, -3:].tolist()


@pytest.mark.parametrize("order", [1, 2, 5])
def test_markov_steps_never_change_a_state(order: int) -> None:
    """Undo is assignment: the state handed in can be stepped from again."""
    steps = MarkovSteps(of([[3, 0, 1, 2, 0, 1], [3, 0, 2, 2]], order, 3, "kneser-ney"), heard=(3,))
    _, before = steps.start(Condition(), 2)
    kept = before["context"].copy()
    first, _ = steps.step(np.array([0, 2]), Condition(), before)
    again, after = steps.step(np.array([0, 2]), Condition(), before)

    assert np.array_equal(before["context"], kept)
    assert np.array_equal(first["next"], again["next"])
    assert after["context"].shape == (2, order - 1)
    assert after["context"].dtype == np.int64


def test_markov_steps_begin_after_what_they_heard() -> None:
    """With a codec's start as `heard`, the first event has the odds of a beginning."""
    ngram = of([[3, 0, 1, 2], [3, 0, 2, 1], [3, 0, 1, 1]], 3, 3, "kneser-ney")
    parameters, state = MarkovSteps(ngram, heard=(3,)).start(Condition(), 1)

    assert state["context"].tolist() == [[-1, 3]]
    assert parameters["next"][0].argmax() == 0
    assert MarkovSteps(ngram, heard=(0, 1, 2, 0)).start(Condition(), 1)[1]["context"].tolist() == [[2, 0]]


# ── plain chains ───────────────────────────────────────────────────────────────────────────────────────────────────


def chain(pieces: list[list[int]], order: int, vocabulary: int) -> ChainSteps:
    return ChainSteps(Bags.of([np.array(piece) for piece in pieces], order, vocabulary), heard=(vocabulary,))


def walked(steps: Steps, events: list[int], condition: Condition | None = None) -> np.ndarray:
    """The odds (V,) after these events."""
    condition = Condition() if condition is None else condition
    parameters, state = steps.start(condition, 1)
    for event in events:
        parameters, state = steps.step(np.array([event]), condition, state)
    odds: np.ndarray = np.exp(parameters["next"][0])
    return odds


def test_a_chain_has_the_odds_of_its_bag() -> None:
    """Shares of what followed the context; what never did is impossible."""
    steps = chain([[0, 1, 0, 1, 0, 2]], 1, 3)

    np.testing.assert_allclose([0, 2 / 3, 1 / 3], walked(steps, [0]))
    np.testing.assert_allclose([1, 0, 0], walked(steps, [1]))


def test_a_chain_shortens_only_a_context_that_nothing_followed() -> None:
    """After 2 the piece ends, so there it draws from everything; (1, 0) was seen, and 0 alone is not asked."""
    steps = chain([[0, 1, 0, 2], [0, 0, 1]], 2, 3)

    np.testing.assert_allclose([0, 0, 1], walked(steps, [1, 0]))
    np.testing.assert_allclose([4 / 7, 2 / 7, 1 / 7], walked(steps, [0, 2]))
    parameters, _ = steps.step(np.array([2]), Condition(), {"context": np.array([[1, 0]])})
    assert [0] == parameters["heard"].tolist()


def test_a_chain_does_not_depend_on_its_neighbours() -> None:
    """Rows side by side have the odds they have alone, and no state is changed."""
    steps = chain([np.random.default_rng(0).integers(0, 5, 200).tolist()], 3, 5)
    rows = np.random.default_rng(1).integers(0, 5, (4, 6))
    parameters, state = steps.start(Condition(), 4)
    for events in rows.T:
        kept = state["context"].copy()
        before, (parameters, state) = state, steps.step(events, Condition(), state)
        assert np.array_equal(kept, before["context"])

    np.testing.assert_array_equal(np.exp(parameters["next"]), [walked(steps, row) for row in rows.tolist()])
    _, _, inner = steps.inside(rows[:, 0], Condition(), steps.start(Condition(), 4)[1])
    assert (4,) == inner["total"].shape


def together(how_much: float) -> MixedChainSteps:
    voices = {"one": chain([[0, 1, 0, 1, 2]], 2, 3), "two": chain([[0, 2, 0, 2, 1]], 2, 3)}
    spec = ConditionSpec("two", ArraySpec(low=0.0, high=1.0, neutral=how_much), "event")
    return MixedChainSteps(MixedSteps(voices, Categorical(3), (spec,)))


def test_several_chains_are_mixed_by_their_weights() -> None:
    """Both know how a piece begins and what comes after that; each by its own bag."""
    steps = together(0.25)
    condition = Condition.complete(steps.conditions, {}, 1)

    np.testing.assert_allclose([0, 0.75, 0.25], walked(steps, [0], condition))


def test_a_chain_that_never_went_this_way_is_silent() -> None:
    """(0, 1) is in the first voice only: the second, which knows 1 alone, does not lead off its way."""
    steps = together(0.5)
    condition = Condition.complete(steps.conditions, {}, 1)

    np.testing.assert_allclose(walked(steps.mixed.voices["one"], [0, 1]), walked(steps, [0, 1], condition))
    np.testing.assert_allclose(walked(steps.mixed.voices["two"], [0, 2]), walked(steps, [0, 2], condition))


def test_a_chain_without_weight_is_not_asked() -> None:
    """Also where it alone knows the way."""
    steps = together(0.0)
    condition = Condition.complete(steps.conditions, {}, 1)

    np.testing.assert_allclose(walked(steps.mixed.voices["one"], [0, 2]), walked(steps, [0, 2], condition))


def test_turning_a_weight_is_as_if_it_had_been_so() -> None:
    """A chain can be steered: its readings blended anew are what a step would have given."""
    steps = together(0.25)
    quiet, loud = (Condition.complete(steps.conditions, {"two": share}, 1) for share in (0.25, 0.8))
    _, state = steps.start(quiet, 1)
    parameters, _, _ = steps.inside(np.array([0]), quiet, state)

    np.testing.assert_allclose(walked(steps, [0], loud), np.exp(steps.steered(parameters, loud)["next"][0]))


def test_a_last_resort_is_drawn_only_where_nothing_else_may_be() -> None:
    """Where a grammar forbids all that is in the bag; else it is not to be heard, at any temperature."""
    bags = Bags.of([np.array([0, 1, 0, 1, 0, 2])], 1, 4)
    steps = ChainSteps(bags, heard=(4,), last_resort=True)
    parameters, _ = steps.step(np.array([0]), Condition(), steps.start(Condition(), 1)[1])
    hottest = Categorical(4).turned(parameters["next"], {"temperature": 10.0})[0]
    forced = Categorical(4).mask(parameters["next"], np.array([[True, False, False, True]]))

    np.testing.assert_allclose([0, 2 / 3, 1 / 3, 0], np.exp(parameters["next"][0]), atol=1e-200)
    assert hottest[0] < hottest[2] - 40
    assert [0] == Categorical(4).sample(forced, np.array([[0.99]])).tolist()
