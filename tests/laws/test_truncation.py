"""What the dials of symbols leave to be drawn, in which order they act, and that nobody's draws depend on another's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from undersong.distributions.categorical import Categorical
from undersong.distributions.distribution import Dial
from undersong.distributions.truncation import TRUNCATIONS

SYMBOLS = Categorical(7)

logits = arrays(np.float64, 7, elements=st.floats(-200, 200))
some_dials = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.0, 1e-300, 0.01, 0.7, 1.0, 10.0]),
        "top_k": st.integers(0, 9).map(float),
        "typical": st.floats(0, 1),
        "top_p": st.floats(0, 1),
        "min_p": st.floats(0, 1),
    },
)


@given(logits, arrays(np.bool_, 7), st.floats(0, 1, exclude_max=True), some_dials)
def test_what_is_forbidden_is_never_played_whatever_the_dials(
    parameters: np.ndarray, allowed: np.ndarray, uniform: float, dials: dict[str, float]
) -> None:
    """The grammar comes first: dials choose among what it left, and always find something."""
    assume(allowed.any())
    dice = np.array([[uniform]])

    events, nats = SYMBOLS.played(parameters[None], allowed[None], dice, dials)

    assert allowed[events[0]]
    assert np.isfinite(nats).all()
    assert allowed[SYMBOLS.drawn(SYMBOLS.mask(parameters, allowed), dice[0], dials)]
    assert allowed[np.isfinite(SYMBOLS.turned(SYMBOLS.mask(parameters, allowed), dials | {"temperature": 1.0}))].all()


@pytest.mark.parametrize("dials", [{}, {"temperature": 0.7}, {"temperature": 0.0}, {"typical": 0.6, "top_p": 0.8}])
@pytest.mark.parametrize("size", [7, 316, 1000])
def test_row_is_played_the_same_whoever_plays_beside_it(size: int, dials: dict[str, float]) -> None:
    """Bit for bit: alone, in any company, and where what is allowed is next to impossible beside the rest."""
    odds, dice = Categorical(size), np.random.default_rng(6).random((9, 1))
    parameters = np.random.default_rng(7).normal(0, 3, (9, size)).astype(np.float32)
    allowed = np.random.default_rng(8).random((9, size)) < 0.5
    allowed[:, 1] = True
    parameters[3, ~allowed[3]] += 2000.0

    events, nats = odds.played(parameters, allowed, dice, dials)

    for row in range(9):
        alone = odds.played(parameters[row : row + 1], allowed[row : row + 1], dice[row : row + 1], dials)
        pair = odds.played(parameters[[row, 0]], allowed[[row, 0]], dice[[row, 0]], dials)
        assert (events[row], nats[row]) == (alone[0][0], alone[1][0]) == (pair[0][0], pair[1][0])


# ── which symbols stay ───────────────────────────────────────────────────────────────────────────────────────────


def support(parameters: np.ndarray, **dials: float) -> set[int]:
    """The symbols that can be drawn."""
    return set(np.flatnonzero(np.isfinite(SYMBOLS.turned(parameters, dials))).tolist())


SIX = np.log(np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04, 1e-300]))
"""Odds in the order of the symbols."""


@pytest.mark.parametrize(
    ("dials", "left"),
    [
        ({"top_k": 1.0}, {0}),
        ({"top_k": 3.0}, {0, 1, 2}),
        ({"top_k": 7.0}, {0, 1, 2, 3, 4, 5, 6}),
        ({"top_k": 99.0}, {0, 1, 2, 3, 4, 5, 6}),
        ({"top_p": 0.0}, {0}),
        ({"top_p": 0.39}, {0}),
        ({"top_p": 0.4}, {0}),  # 0.4 is as much as was asked for
        ({"top_p": 0.41}, {0, 1}),
        ({"top_p": 0.65}, {0, 1}),
        ({"top_p": 0.9}, {0, 1, 2, 3}),
        ({"min_p": 0.25}, {0, 1, 2, 3}),  # 0.1 of 0.4 is just enough
        ({"min_p": 0.26}, {0, 1, 2}),
        ({"min_p": 1.0}, {0}),
        ({"typical": 0.0}, {1}),  # entropy 1.529: 0.25 surprises by 1.386, 0.15 by 1.897, 0.4 by 0.916
        ({"typical": 0.3}, {1, 2}),
        ({"typical": 0.6}, {0, 1, 2}),
        ({"typical": 0.85}, {0, 1, 2, 3}),
    ],
    ids=str,
)
def test_tail_is_cut_off_where_the_papers_say(dials: dict[str, float], left: set[int]) -> None:
    """Worked out by hand."""
    assert left == support(SIX, **dials)


@given(logits)
def test_top_k_of_one_is_the_likeliest(parameters: np.ndarray) -> None:
    """As at temperature 0, also where two are equally likely: the first is taken."""
    assert {int(SYMBOLS.mode(parameters))} == support(parameters, top_k=1.0)


@given(logits, arrays(np.bool_, 7), st.sampled_from(TRUNCATIONS), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_what_stays_grows_as_a_dial_is_opened(
    parameters: np.ndarray, allowed: np.ndarray, dial: Dial, shares: list[float]
) -> None:
    """And never without the likeliest, or what is nearest to the expected surprise."""
    assume(allowed.any())
    masked = SYMBOLS.mask(parameters, allowed)
    values = [float(round(7 * share)) or 1.0 if dial.whole else share for share in sorted(shares)]
    left = [support(masked, **{dial.name: value}) for value in values]
    left = left[::-1] if dial.name == "min_p" else left

    assert left[0]
    assert all(few <= many for few, many in itertools.pairwise(left))
    assert left[-1] <= set(np.flatnonzero(allowed).tolist())


@pytest.mark.parametrize("name", [dial.name for dial in TRUNCATIONS])
def test_equally_likely_symbols_stay_in_their_order(name: str) -> None:
    """Of all alike the first are kept, but min-p, which knows no number, keeps all."""
    value = 3.0 if name == "top_k" else 0.4
    left = support(np.zeros(7), **{name: value})

    assert (set(range(7)) if name == "min_p" else {0, 1, 2}) == left


def test_dials_act_in_the_order_that_is_told() -> None:
    """Top-k, typical, top-p, min-p: each among what those before it left. Here every other order leaves another set."""
    odds = np.log(np.array([29, 21, 15, 14, 10, 8, 5]) / 102)
    dials = {"top_k": 6.0, "typical": 0.55, "top_p": 0.4, "min_p": 0.6}
    names = [dial.name for dial in TRUNCATIONS]
    assert list(dials) == names
    one_by_one: dict[tuple[str, ...], set[int]] = {}
    for order in itertools.permutations(names):
        parameters = odds
        for name in order:
            parameters = SYMBOLS.turned(parameters, {name: dials[name]})
        one_by_one[order] = support(parameters)

    assert {0, 1} == support(odds, **dials) == one_by_one.pop(tuple(names))
    assert all(left != {0, 1} for left in one_by_one.values())


def test_temperature_does_not_decide_what_may_be_drawn() -> None:
    """It comes last: what was cut off at 1 is cut off at 5, and nothing else."""
    for value in (0.05, 0.5, 5.0):
        for dials in ({"top_p": 0.6}, {"min_p": 0.3}, {"typical": 0.6}):
            assert support(SIX, **dials) == support(SIX, temperature=value, **dials)
