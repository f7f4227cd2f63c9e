"""Counts of n-grams: what is counted, what is refused, and what a hostile file cannot do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import InputError, InstrumentFileError
from undersong.playing.chains.ngram import METHODS, Method, NGram
from undersong.playing.chains.ngram_counts import count


def test_counts_cut_to_an_order_are_counts_of_that_order() -> None:
    """One counting serves every lower order."""
    piece = np.random.default_rng(0).integers(0, 4, 300)
    long, short = count([piece], 6, 4).cut(3), count([piece], 3, 4)

    assert long.to_arrays().keys() == short.to_arrays().keys()
    assert all(np.array_equal(array, short.to_arrays()[name]) for name, array in long.to_arrays().items())


def test_many_symbols_and_a_long_memory_fit() -> None:
    """Ten symbols out of 50,000 make a number too large for any integer; ranked prefixes do not."""
    piece = np.random.default_rng(0).integers(0, 50_000, 2_000)
    ngram = NGram(count([piece, piece[:1_500]], 10, 50_000), "kneser-ney")

    assert np.exp(ngram.log_odds(piece[None, 100:109])).sum() == pytest.approx(1.0, abs=1e-9)
    assert ngram.log_odds(piece[None, 100:109]).argmax() == piece[109]


@pytest.mark.parametrize("method", list(METHODS))
def test_what_was_counted_in_any_integer_type_is_the_same(method: Method) -> None:
    """Events of a byte each are as good as int64."""
    piece = np.random.default_rng(0).integers(0, 200, 500)
    wide, narrow = (NGram(count([piece.astype(kind)], 3, 256), method) for kind in (np.int64, np.uint8))

    assert np.array_equal(wide.log_prob_each(piece), narrow.log_prob_each(piece.astype(np.uint8), before=()))
    assert np.array_equal(wide.log_odds(piece[None, :2]), narrow.log_odds(piece[None, :2].astype(np.uint8)))


def test_what_cannot_be_counted_is_named() -> None:
    """A wrong shape, type, symbol or order is refused in words."""
    for pieces, order, vocabulary in [
        ([np.array([0, 3])], 2, 2),
        ([np.array([0, -1])], 2, 2),
        ([np.array([0.5])], 2, 2),
        ([np.array([[0, 1]])], 2, 2),
        ([np.array([0])], 0, 2),
        ([np.array([], np.int64)], 1, 0),
        ([np.array([0])], 1, 2**40),
    ]:
        with pytest.raises(InputError, match="expected"):
            count(pieces, order, vocabulary)


def _sound() -> dict[str, np.ndarray]:
    counts = count([np.random.default_rng(0).integers(0, 5, 60), np.array([5, 0, 1])], 3, 5)
    return NGram(counts, "kneser-ney").to_arrays()


HOSTILE = {
    "no smoothing": {"method": None},
    "an unknown smoothing": {"method": np.array(7)},
    "a smoothing in words": {"method": np.array("kneser-ney")},
    "no table": {"grams.2.symbols": None},
    "an order beyond the tables": {"order": np.array(1_000_000)},
    "two orders": {"order": np.array([3, 3])},
    "a vocabulary that asks for gigabytes": {"vocabulary": np.array(2**40)},
    "a vocabulary of none": {"vocabulary": np.array(0)},
    "a vocabulary smaller than its symbols": {"vocabulary": np.array(3)},
    "numbers with a point": {"seen.1": np.ones(5)},
    "objects": {"seen.1": np.array([1, 1, 1, 1, "x"], dtype=object)},
    "a table of tables": {"grams.1.symbols": np.zeros((5, 1), np.int64)},
    "a count of nothing": {"seen.1": np.zeros(5, np.int64)},
    "counts below nothing": {"seen.1": np.full(5, -3)},
    "counts beyond what adds up": {"seen.1": np.full(5, 2**63, np.uint64)},
    "too few counts": {"seen.1": np.ones(4, np.int64)},
    "symbols out of order": {"grams.1.symbols": np.array([1, 0, 2, 3, 4])},
    "the same symbol twice": {"grams.1.symbols": np.array([0, 0, 2, 3, 4])},
    "a start that is predicted": {"grams.1.symbols": np.array([0, 1, 2, 3, 5])},
    "rows that hold more than there is": {"grams.1.numbers": np.array([6])},
    "more of the longer than of the shorter": {"seen.1": np.ones(5, np.int64)},
}


@pytest.mark.parametrize("harm", HOSTILE.values(), ids=HOSTILE)
def test_hostile_arrays_are_refused(harm: dict[str, np.ndarray | None]) -> None:
    """A file of a stranger is an n-gram or an error, never a crash."""
    arrays = {name: array for name, array in (_sound() | harm).items() if array is not None}
    with pytest.raises(InstrumentFileError):
        NGram.from_arrays(arrays)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_number_is_refused_or_still_gives_odds(data: st.DataObject) -> None:
    """Whichever number of the file is changed, what loads is an n-gram: its odds sum to 1."""
    arrays = {name: array.astype(np.int64) for name, array in _sound().items()}
    name = data.draw(st.sampled_from(sorted(arrays)))
    place = data.draw(st.integers(0, arrays[name].size - 1))
    arrays[name].reshape(-1)[place] = data.draw(st.integers(-1, 9))
    try:
        ngram = NGram.from_arrays(arrays)
    except InstrumentFileError:
        return
    contexts = np.random.default_rng(0).integers(-1, ngram.vocabulary, (30, ngram.order - 1))

    np.testing.assert_allclose(np.exp(ngram.log_odds(contexts)).sum(axis=1), 1.0, atol=1e-9)
