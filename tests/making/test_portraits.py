"""Portraits held side by side: how far apart, what is closed in time, what nobody has seen before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.making.portraits import (
    BINS,
    WAITS,
    closed,
    closed_within,
    distance,
    merged,
    quantiles,
    shares_unseen,
    told,
)

LENGTHS = st.lists(st.integers(0, 200), min_size=1, max_size=30).map(np.array)


def by_hand(first, second):
    """Every length of the one, repeated until both have as many, moved to the one of the same rank."""
    size = np.lcm(len(first), len(second))
    many = [np.sort(np.repeat(each, size // len(each))) for each in (first, second)]
    return float(np.abs(many[0] - many[1]).mean())


@given(LENGTHS, LENGTHS)
def test_the_distance_is_how_far_lengths_must_move(first, second):
    """On average, each to the one of its rank; the same both ways."""
    assert by_hand(first, second) == pytest.approx(distance(first, second))
    assert distance(second, first) == pytest.approx(distance(first, second))


@given(LENGTHS, st.integers(0, 50))
def test_lengths_that_all_grow_are_so_far_away(lengths, more):
    """And from themselves they are not far at all."""
    assert more == pytest.approx(distance(lengths, lengths + more))


def test_nothing_is_no_distance_away():
    """Nor has it quantiles or shares."""
    nothing = np.zeros(0, np.int64)

    assert (None, None, None) == (distance(nothing, np.array([1])), quantiles(nothing), closed(nothing.astype(float)))


def test_waits_are_shared_out_by_their_length():
    """Each edge belongs to the shorter ones, and what never ends is told apart."""
    waits = np.array([1, 10, 11, 40, 41, 160, 161, 9_999, np.inf, np.inf])

    assert [0.2, 0.2, 0.2, 0.2, 0.2] == closed(waits)
    assert [0.2, 0.4, 0.6, 0.8] == closed_within(waits, [*WAITS, 1e6]).tolist()
    assert len(BINS) == len(WAITS) + 2
    assert [f"{a + 1}-{b}" for a, b in itertools.pairwise(WAITS)] == list(BINS[1:3])


def test_the_unseen_are_counted_as_often_as_they_come():
    """For each portrait by itself, kind by kind; lengths have no names."""
    names = np.array([5, 5, 7, 9], np.uint64)
    portraits = [{"words": names, "line": np.array([3])}, {"words": names[:2]}, {"words": names[:0]}]
    seen = [{"words": np.array([7], np.uint64)}, {"words": np.array([9, 1], np.uint64)}]

    assert [{"words": 0.5}, {"words": 1.0}, {}] == shares_unseen(portraits, seen)


def test_several_pieces_have_one_portrait():
    """What one of them lacks the others may have."""
    whole = merged([{"line": np.array([1])}, {"line": np.array([2, 3]), "word": np.array([4])}])

    assert {"line": [1, 2, 3], "word": [4]} == {name: numbers.tolist() for name, numbers in whole.items()}


def test_json_tells_each_kind_in_its_own_way():
    """Lengths by their quantiles, waits by their shares, names by how many differ."""
    lengths = told(np.arange(1, 22))

    assert (21, 11.0, 11.0) == (lengths["count"], lengths["mean"], lengths["quantiles"]["0.50"])
    assert {"1-10": 0.5, "11-40": 0.0, "41-160": 0.0, "161-": 0.0, "never": 0.5} == told(np.array([3, np.inf]))[
        "closed"
    ]
    assert {"count": 3, "different": 2} == told(np.array([4, 4, 9], np.uint64))
