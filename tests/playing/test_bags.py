"""Bags hold what followed a context, as a plain count of it would say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InputError, UsageError
from undersong.playing.chains.bags import MOST_HEARD, Bags

PIECES = st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=1, max_size=5).filter(any)


def by_hand(pieces: list[list[int]], context: list[int], order: int) -> tuple[int, Counter[int]]:
    """Every occurrence looked up in turn, the longest context that has any first; each piece begins with a start, 4."""
    known = context[::-1]
    cut = known.index(-1) if -1 in known else len(known)
    heard = context[len(context) - min(cut, order) :] if min(cut, order) else []
    while True:
        found: Counter[int] = Counter()
        for piece in pieces:
            whole = [4, *piece]
            for at in range(1, len(whole)):
                if at >= len(heard) and whole[at - len(heard) : at] == heard:
                    found[whole[at]] += 1
        if found or not heard:
            return len(heard), found
        heard = heard[1:]


@given(PIECES, st.lists(st.integers(-1, 4), max_size=6), st.integers(0, 5))
def test_a_bag_holds_what_followed_its_context(pieces: list[list[int]], context: list[int], order: int) -> None:
    """Found by two searches or counted by hand: the same symbols, as often, after as much of the context."""
    bag = Bags.of([np.array(piece, np.int64) for piece in pieces], order, 4).after(context)
    heard, counted = by_hand(pieces, context, order)

    assert (heard, dict(counted)) == (bag.heard, dict(zip(bag.symbols.tolist(), bag.counts.tolist(), strict=True)))
    assert sum(counted.values()) == bag.total
    np.testing.assert_allclose(np.exp(bag.log_odds), bag.counts / bag.total)


@pytest.mark.parametrize("vocabulary", [2, 300, 40_000])
def test_contexts_longer_than_one_key_are_found(vocabulary: int) -> None:
    """However many bits a symbol takes, and so however many keys there are to sort by."""
    events = np.random.default_rng(0).integers(0, vocabulary, 500)
    bags = Bags.of([events], 40, vocabulary)
    bag = bags.after(events[100:140].tolist())

    assert (40, [int(events[140])], [1]) == (bag.heard, bag.symbols.tolist(), bag.counts.tolist())


def test_a_context_does_not_reach_into_the_piece_before() -> None:
    """What ends one piece is never followed by what begins the next."""
    bags = Bags.of([np.array([0, 1]), np.array([2, 0])], 2, 3)

    assert bags.after([1, 3]).heard == 1
    assert (0, [0, 1, 2]) == (bags.after([1]).heard, bags.after([1]).symbols.tolist())
    assert [0, 2] == bags.after([3]).symbols.tolist()
    assert [2, 1, 1] == bags.after([]).counts.tolist()


def test_nothing_to_count_is_refused() -> None:
    """As are orders that make no sense."""
    with pytest.raises(InputError, match="the material is empty"):
        Bags.of([np.zeros(0, np.int64)], 2, 3)
    for order in (-1, MOST_HEARD + 1):
        with pytest.raises(UsageError, match="Choose an order from 0 to"):
            Bags.of([np.array([1])], order, 3)
