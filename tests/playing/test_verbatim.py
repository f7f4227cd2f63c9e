"""Exact comparison with a corpus: as if every window were held against every other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.keeping import fingerprints
from undersong.playing import verbatim
from undersong.playing.verbatim import compare, compare_several

PIECES = st.lists(st.lists(st.integers(0, 2), max_size=30), max_size=3)


def arrays(pieces):
    return [np.array(piece, np.uint32) for piece in pieces]


def windows_of(pieces, size):
    return [tuple(piece[at : at + size]) for piece in pieces for at in range(len(piece) - size + 1)]


@given(PIECES, PIECES, st.integers(1, 15))
def test_runs_and_windows_are_those_found_by_looking(corpus, pieces, size):
    """The longest run, where it is, and how many windows are found; none of it across the end of a piece."""
    known = set(windows_of(corpus, size))
    there = [window in known for window in windows_of(pieces, size)]
    longest = 0
    while set(windows_of(corpus, longest + 1)) & set(windows_of(pieces, longest + 1)):
        longest += 1
    found = compare(arrays(corpus), arrays(pieces), size)

    assert (longest, sum(there), len(there)) == (found.longest, found.found, found.windows)
    if longest:
        run = tuple(pieces[found.piece][found.start : found.start + longest])
        assert run in set(windows_of(corpus, longest))


@given(PIECES, st.lists(PIECES, max_size=3), st.integers(1, 15), st.data())
def test_a_corpus_that_comes_in_parts_is_compared_as_at_once(corpus, several, size, data):
    """However it is cut, and whatever else is asked of it: the same figures, and the same run among equals."""
    several = [arrays(pieces) for pieces in several]
    expected = [compare(arrays(corpus), pieces, size) for pieces in several]
    cuts = st.lists(st.integers(0, 30), max_size=4).map(sorted)
    parts = [np.split(piece, data.draw(cuts)) for piece in arrays(corpus)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprints, "_PART", data.draw(st.integers(4, 40)))
        found = compare_several(iter(map(iter, parts)), several, size)

    assert expected == found


def test_a_long_run_is_found_in_a_long_corpus():
    """Through doubling and halving."""
    dice = np.random.default_rng(1)
    corpus, piece = (dice.integers(0, 30, length).astype(np.uint32) for length in (300_000, 2_000))
    piece[500:577] = corpus[123_456 : 123_456 + 77]
    piece[1000:1020] = corpus[:20]
    piece[[499, 577, 999, 1020]] = 99  # so that no neighbour agrees by chance
    found = compare([corpus], [piece[:400], piece[400:]])

    assert (77, 1, 100, 58 + 1) == (found.longest, found.piece, found.start, found.found)
    assert found.share == pytest.approx(59 / (381 + 1581))


def test_two_digests_that_agree_by_chance_are_no_find(monkeypatch):
    """Every find is held against the corpus itself."""
    monkeypatch.setattr(verbatim, "digests", lambda piece, length: np.zeros(max(0, len(piece) - length + 1), np.uint64))
    found = compare(arrays([range(100, 150)]), arrays([range(50)]))

    assert (0, 0) == (found.longest, found.found)


def test_a_piece_shorter_than_a_window_has_no_share():
    """Neither a division by zero nor a figure."""
    assert (0, 0.0) == (compare(arrays([range(50)]), arrays([[7, 8]])).windows, compare([], []).share)
