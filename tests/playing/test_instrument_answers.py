"""What an instrument says of a piece, in both media: scores, odds, traces, and none of it changes it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_models import ASKED, LAYERS, MEDIA, PROMPTS, instrument_of, model_of, piece_of, voice

from undersong.errors import DialError, InputError
from undersong.learning.training.evaluation import HeldOut, held_out_nats

every_medium = pytest.mark.parametrize("medium", MEDIA)


@every_medium
def test_score_is_the_sum_of_the_log_odds_at_each_step(medium: str) -> None:
    """Nothing but -log p of each event, under the odds the instrument had just before it."""
    plays, piece = instrument_of(medium), piece_of(medium)
    events, trace = plays.codec.encode(piece), plays.trace(piece)
    before = trace.inner["parameters.next"]

    score = plays.score(piece)

    assert len(events) == len(score.nats)
    np.testing.assert_allclose(score.nats, -plays.distribution.log_prob(before, events), atol=1e-5)
    np.testing.assert_allclose(score.nats, trace.nats, atol=1e-5)
    assert score.nats_per_event == pytest.approx(score.nats.mean())
    assert score.nats_per_measure == pytest.approx(score.nats.sum() / plays.codec.measure(piece))


@every_medium
def test_score_equals_the_loss_torch_has_by_scan(medium: str) -> None:
    """The figure that is printed is the figure that was learned by, to four decimals."""
    plays, piece, of = instrument_of(medium), piece_of(medium), voice(medium)
    events = of.codec.encode(piece)
    whole = HeldOut(events[:0], events, of.codec.condition(piece))

    loss = held_out_nats(model_of(of, *LAYERS), [whole], of.codec.start, of.codec.conditions, rows=1)

    assert loss == pytest.approx(plays.score(piece).nats_per_event, abs=1e-4)


@every_medium
def test_score_after_something_is_the_tail_of_the_score_of_all(medium: str) -> None:
    """What came before warms the state, and is not counted."""
    plays, events = instrument_of(medium), voice(medium).codec.encode(piece_of(medium))

    np.testing.assert_allclose(plays.nats_of(events[7:], before=events[:7]), plays.nats_of(events)[7:], atol=1e-6)
    parts = list(plays.nats_in_parts(events, size=5))
    assert {5} == {len(part) for part in parts[:-1]}
    np.testing.assert_allclose(np.concatenate(parts), plays.nats_of(events), atol=1e-9)


@every_medium
def test_score_of_nothing_is_nothing(medium: str) -> None:
    """An empty piece surprises nobody, and divides nothing by zero."""
    score = instrument_of(medium).score("")

    assert (0, 0.0, 0.0) == (len(score.nats), score.nats_per_event, score.nats_per_measure)


def test_odds_of_symbols_sum_to_one_under_names_that_differ() -> None:
    """Every symbol is told by a name of its own."""
    for dials in ({}, {"temperature": 0.3}):
        odds = instrument_of("text").odds("the ", **dials)
        assert voice("text").codec.event.count == len(odds)
        assert sum(odds.values()) == pytest.approx(1.0)


def test_odds_of_points_are_told_as_the_distribution_has_them() -> None:
    """What has no names is told by weights, means and spreads; dials turn them."""
    plays = instrument_of("walk")
    told, wide = plays.odds(PROMPTS["walk"]), plays.odds(PROMPTS["walk"], spread=2.0)

    assert sum(told["weights"]) == pytest.approx(1.0)
    np.testing.assert_allclose(np.array(wide["spreads"]), 2 * np.array(told["spreads"]))
    assert told["means"] == wide["means"]


@every_medium
def test_trace_has_states_gates_and_odds_of_the_right_shapes(medium: str) -> None:
    """Every moment can be seen: one row for each event, whatever is looked at."""
    plays, of = instrument_of(medium), voice(medium)
    trace = plays.trace(PROMPTS[medium])
    length, width = len(of.codec.encode(of.medium.prompt(PROMPTS[medium]))), plays.distribution.parameter_count

    states = {f"state.{name}": (length, 12) for name in ("0.h", "0.c", "1.h")}
    gates = {f"gate.{name}": (length, 12) for name in ("0.i", "0.f", "0.g", "0.o", "1.r", "1.z", "1.n")}

    assert {"parameters.next": (length, width), **states, **gates} == {n: v.shape for n, v in trace.inner.items()}
    assert length == len(trace.events) == len(trace.nats)


@every_medium
def test_odds_at_temperature_zero_are_refused_with_the_reason(medium: str) -> None:
    """Where nothing is left to chance there are no odds to show."""
    with pytest.raises(DialError, match="no odds"):
        instrument_of(medium).odds(temperature=0)


@every_medium
def test_piece_of_another_medium_is_refused(medium: str) -> None:
    """A walk cannot be read aloud."""
    strange = piece_of("walk" if medium == "text" else "text")
    plays = instrument_of(medium)

    for verb in (plays.sample, plays.odds, plays.trace, plays.score):
        with pytest.raises(InputError, match=r"walk\.v1|text\.v1"):
            verb(strange)


@every_medium
def test_answers_are_json(medium: str) -> None:
    """What is sampled and scored can be sent; only text brings a `text` of its own."""
    plays = instrument_of(medium)
    told = plays.samples(1, length=5, seed=1)[0].to_json()
    json.dumps([told, plays.score(piece_of(medium)).to_json(), plays.odds()], allow_nan=False)

    own = {"text"} if medium == "text" else set()
    assert {"piece", "seed", "events", "nats", "nats_per_event", "copied"} | own == set(told)


@every_medium
def test_nothing_an_instrument_does_changes_it(medium: str) -> None:
    """Every call begins from the start."""
    plays = instrument_of(medium)
    before = plays.odds(PROMPTS[medium])

    plays.sample(length=30, seed=1)
    plays.score(piece_of(medium))
    plays.trace(PROMPTS[medium])

    assert before == plays.odds(PROMPTS[medium])


@every_medium
def test_step_leaves_the_state_it_was_given(medium: str) -> None:
    """Undo is assignment, through the file's graphs too."""
    plays = instrument_of(medium)
    at = plays.begin(ASKED[medium])
    kept = {name: value.copy() for name, value in at.state.items()}
    event = plays.codec.encode(plays.medium.prompt(PROMPTS[medium]))[:1]

    once, twice = (plays.hear(event, at, ASKED[medium]) for _ in range(2))

    for name, value in kept.items():
        np.testing.assert_array_equal(at.state[name], value)
        np.testing.assert_array_equal(once.state[name], twice.state[name])
