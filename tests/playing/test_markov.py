"""An n-gram that steps plays what it scores, and leaves every state as it was."""

from __future__ import annotations

import numpy as np
import pytest

from undersong.events import Condition
from undersong.playing.markov import MarkovSteps
from undersong.playing.ngram import METHODS, Method, NGram
from undersong.playing.ngram_counts import count


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
