"""Whole pieces beside those that were learned: which are new, and which learned one is nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.making import neighbours as looked_at
from undersong.making.corpus import Corpus
from undersong.making.learned import Learned
from undersong.making.neighbours import changes, neighbours
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece

WORDS = st.text("abc", max_size=9)


def learned_names(names):
    medium = Text()
    corpus, codec = Corpus.of(medium, [TextPiece(name) for name in names], "character", "pieces")
    return Learned("names", medium, codec, corpus)


def letters(word):
    return np.array([ord(letter) for letter in word], np.uint64)


def by_hand(first, second):
    """The recursion as it is written down, for the reader."""
    if not first or not second:
        return len(first) + len(second)
    return min(
        by_hand(first[1:], second) + 1,
        by_hand(first, second[1:]) + 1,
        by_hand(first[1:], second[1:]) + (first[0] != second[0]),
    )


@given(st.text("abc", max_size=5), st.lists(st.text("abc", max_size=5), min_size=1, max_size=4))
def test_changes_are_the_fewest(word, others):
    """As many as no shorter way turns the one into the other, for all others at once."""
    assert [by_hand(word, other) for other in others] == changes(letters(word), [letters(o) for o in others]).tolist()


@pytest.mark.parametrize("block", [1, 3, 500])
@given(names=st.lists(WORDS.filter(bool), min_size=12, max_size=30, unique=True), word=WORDS.filter(bool))
def test_the_nearest_is_found_without_looking_at_all(block, names, word):
    """However many are compared at once, and the first of several that are as near."""
    before, looked_at._BLOCK = looked_at._BLOCK, block
    try:
        learned = learned_names(names)
        known = [name for number, name in enumerate(names) if number % 10 != 9]
        (found,) = neighbours(learned, [[TextPiece(word)]])
    finally:
        looked_at._BLOCK = before
    if word in known:
        assert (0.0, ()) == (found.new, found.nearest)
    else:
        ((piece, nearest, changed),) = found.nearest
        each = [int(changes(letters(word), [letters(name)])[0]) for name in known]
        assert (word, min(each)) == (str(piece), changed)
        assert known[each.index(min(each))] == str(nearest)


def test_the_new_are_counted_and_the_same_told_apart():
    """Of five, two were learned, and one comes twice."""
    learned = learned_names([f"name{number}" for number in range(20)])
    played = [TextPiece(name) for name in ("name1", "name2", "gnome", "gnome", "nam")]
    found, nothing = neighbours(learned, [played, []])

    assert (5, 0.6, 0.8) == (found.count, found.new, found.different)
    assert {"gnome": 3, "nam": 2} == {str(piece): changed for piece, _, changed in found.nearest}
    assert 2.5 == found.usual
    assert nothing is None
    assert {"pieces", "new", "different", "usual_changes", "nearest"} == set(found.to_json())


def test_of_long_pieces_no_neighbour_is_looked_for(monkeypatch):
    """Nor among too many; whether they are new is told all the same."""
    learned = learned_names([f"name{number}" for number in range(20)])
    (found,) = neighbours(learned, [[TextPiece("long " * 100)]])

    assert (1.0, (), None) == (found.new, found.nearest, found.usual)
    monkeypatch.setattr(looked_at, "_MOST_LEARNED", 5)
    assert [None] == neighbours(learned, [[TextPiece("name1")]])
