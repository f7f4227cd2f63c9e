"""What holds for the batches a learner sees: what was read when follows from the step alone, and nothing is lost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import voice

from undersong.errors import RecipeError, TooLittleError
from undersong.events import Batch, Condition
from undersong.learning.training.streams import Example, Pieces, Streams

START = np.array(-1)


def example(events: np.ndarray, beginnings: tuple[int, ...] = (0,)) -> Example:
    return Example(events, Condition(), np.array(beginnings))


def numbered(total: int, every: int = 10) -> Example:
    """A work whose t-th event is t, so that a batch says where it was read; lines begin at every tenth."""
    return example(np.arange(total), tuple(range(0, total, every)))


def streams(total: int = 1000, rows: int = 4, window: int = 8, seed: int = 1, every: int = 10) -> Streams:
    return Streams([numbered(total, every)], START, None, rows, window, seed)


works = st.builds(
    streams,
    total=st.integers(4, 3000),
    rows=st.integers(1, 9),
    window=st.integers(2, 40),
    seed=st.integers(0, 99),
    every=st.integers(1, 500),
)


@given(works)
def test_streams_rows_go_on_where_they_stopped(feed: Streams) -> None:
    """A carried state meets the event that follows the one it heard last."""
    total = feed.total
    for step in range(1, min(3 * feed.steps_per_pass, 30)):
        before, now = feed.batch(step - 1), feed.batch(step)
        if not now.fresh.any():
            np.testing.assert_array_equal(now.targets["next"][:, 0], (before.targets["next"][:, -1] + 1) % total)


@given(works)
def test_streams_hear_what_they_said_one_event_ago(feed: Streams) -> None:
    """Within a row each event is heard right after it was to be foretold; only a fresh row hears the start."""
    for step in range(min(2 * feed.steps_per_pass, 20)):
        batch = feed.batch(step)
        np.testing.assert_array_equal(batch.events[:, 1:][batch.targets["next"][:, 1:] > 0], said_before(batch))
        first = batch.events[:, 0]
        goes_on = np.where(batch.targets["next"][:, 0] == 0, START, batch.targets["next"][:, 0] - 1)
        np.testing.assert_array_equal(first, START if batch.fresh.all() else goes_on)


def said_before(batch: Batch) -> np.ndarray:
    """The targets of the columns before, except where the work's end met its beginning."""
    said = batch.targets["next"]
    return said[:, :-1][said[:, 1:] > 0]


@given(works)
def test_streams_begin_anew_only_with_a_pass(feed: Streams) -> None:
    """State is carried through a whole pass, and never from one pass to the next."""
    for step in range(min(3 * feed.steps_per_pass, 30)):
        expected = step % feed.steps_per_pass == 0
        assert {expected} == set(feed.batch(step).fresh.tolist())


@given(works)
def test_streams_read_every_event_about_once_a_pass(feed: Streams) -> None:
    """Rows are shared out evenly: in a pass no event is read three times, and few are missed."""
    total = feed.total
    for number in range(2):
        steps = range(number * feed.steps_per_pass, (number + 1) * feed.steps_per_pass)
        read = np.concatenate([feed.batch(step).targets["next"].ravel() for step in steps])
        counts = np.bincount(read, minlength=total)

        assert counts.max() <= 2
        assert len(read) <= total
        assert (counts > 0).mean() > 0.4  # rows may move half their length towards a line


def test_streams_read_everything_in_the_long_run() -> None:
    """What one pass leaves out, another begins elsewhere and reads."""
    feed = streams(total=997)
    counts = Counter[int]()
    for step in range(20 * feed.steps_per_pass):
        counts.update(feed.batch(step).targets["next"].ravel().tolist())

    assert 997 == len(counts)
    assert max(counts.values()) <= 3 * min(counts.values())


def test_streams_begin_where_a_line_begins() -> None:
    """A row that starts from silence starts at the beginning of something."""
    feed = streams(total=2000, every=10)

    for number in range(5):
        begun = feed.batch(number * feed.steps_per_pass).targets["next"][:, 0]
        assert {0} == set((begun % 10).tolist())


@given(works, st.integers(0, 500))
def test_streams_position_is_a_function_of_the_step(feed: Streams, step: int) -> None:
    """A resumed run reads what an uninterrupted one would have read."""
    again = Streams([numbered(feed.total)], START, None, feed.rows, feed.window, feed.seed)
    again.begins = feed.begins
    for asked in (step + 3, step):  # asking for others first changes nothing
        one, other = feed.batch(asked), again.batch(asked)
        np.testing.assert_array_equal(one.targets["next"], other.targets["next"])
        np.testing.assert_array_equal(one.events, other.events)
        np.testing.assert_array_equal(one.fresh, other.fresh)


def everything(feed: Streams) -> tuple[list[int], list[int]]:
    """What is heard and what is said, by its place in the stream."""
    said, heard = {}, {}
    for step in range(40 * feed.steps_per_pass):
        batch = feed.batch(step)
        number, index = divmod(step, feed.steps_per_pass)
        at = (feed._row_starts(number)[:, None] + index * feed.window + np.arange(feed.window)) % feed.total
        said |= dict(zip(at.ravel().tolist(), batch.targets["next"].ravel().tolist(), strict=True))
        late = slice(1 if index == 0 else 0, None)  # the first of a fresh row hears the start, wherever it is
        heard |= dict(zip(at[:, late].ravel().tolist(), batch.events[:, late].ravel().tolist(), strict=True))
    return [heard[place] for place in range(feed.total)], [said[place] for place in range(feed.total)]


def test_streams_join_several_works_with_an_end_and_a_start() -> None:
    """Each work is heard from the start symbol and closed by the end symbol, wherever it lies in the stream."""
    feed = Streams([example(np.array([5, 6, 7])), example(np.array([8, 9]))], START, 99, 1, 2, 1)

    assert ([-1, 5, 6, 7, -1, 8, 9], [5, 6, 7, 99, 8, 9, 99]) == everything(feed)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=9).filter(lambda lengths: sum(lengths) >= 4), st.booleans())
def test_streams_join_any_works(lengths: list[int], ends: bool) -> None:
    """Short ones and empty ones: the stream is all of them in turn, an end after each where there is one."""
    works = [np.arange(100 * n, 100 * n + length) for n, length in enumerate(lengths)]
    feed = Streams([example(work) for work in works], START, 99 if ends else None, 2, 3, 1)
    tail = [99] if ends and len(works) > 1 else []
    closed = [[*work.tolist(), *tail] for work in works]

    assert [e for work in closed for e in work] == everything(feed)[1]
    assert [e for work in closed if work for e in (-1, *work[:-1])] == everything(feed)[0]


def test_streams_read_a_file_as_they_go() -> None:
    """A work is not copied, however large; a batch is of the type that a model hears."""
    work = np.arange(1000, dtype=np.uint16)
    feed = Streams([example(work), example(work[:10])], START, 2000, 4, 8, 1)

    assert all(np.shares_memory(work, kept) for kept in feed.works)
    assert {np.dtype(np.int64)} == {array.dtype for array in (feed.batch(0).events, feed.batch(0).targets["next"])}


@pytest.mark.parametrize("total", [0, 3])
def test_streams_refuse_what_is_too_short(total: int) -> None:
    """Three letters teach nothing, and say so."""
    with pytest.raises(TooLittleError, match=f"only {total} events"):
        streams(total)


def test_streams_refuse_conditions_and_say_what_to_do() -> None:
    """A class or z belongs to a piece, and a stream has none."""
    with pytest.raises(RecipeError, match=r"training\.shape=pieces"):
        Streams(voice("walk").examples, voice("walk").codec.start, None, 4, 8, 1)


def pieces(rows: int = 6, longest: int = 1000, seed: int = 1) -> Pieces:
    of = voice("walk")
    return Pieces(of.examples, of.codec.start, None, of.codec.conditions, rows, longest, seed)


def row_keys(batch: Batch) -> list[bytes]:
    """What was said in each row, padding left out."""
    return [said[: int(m.sum())].tobytes() for said, m in zip(batch.targets["next"], batch.mask, strict=True)]


@pytest.mark.parametrize("rows", [1, 6, 20, 500])
@pytest.mark.parametrize("number", [0, 1])
def test_pieces_show_each_piece_once_a_pass(rows: int, number: int) -> None:
    """Nobody's walk is learned twice before everybody's was learned once."""
    feed = pieces(rows)
    steps = range(number * feed.steps_per_pass, (number + 1) * feed.steps_per_pass)

    shown = Counter(key for step in steps for key in row_keys(feed.batch(step)))

    assert Counter(example.events.tobytes() for example in voice("walk").examples) == shown


def test_pieces_are_heard_from_their_start_and_masked_where_padded() -> None:
    """Row by row: the start, then each event after it was to be foretold, then nothing that counts."""
    of = voice("walk")
    batch = pieces().batch(0)

    assert batch.fresh.all()
    for heard, said, mask in zip(batch.events, batch.targets["next"], batch.mask, strict=True):
        length = int(mask.sum())
        np.testing.assert_array_equal(mask, np.arange(len(mask)) < length)
        np.testing.assert_array_equal(heard[0], of.codec.start)
        np.testing.assert_array_equal(heard[1:length], said[: length - 1])
        assert not heard[length:].any()
        assert not said[length:].any()


def test_pieces_keep_each_condition_with_its_piece() -> None:
    """Class, z, control and memory stay beside the walk they were made for, padded where lengths differ."""
    made = {example.events.tobytes(): example for example in voice("walk").examples}
    feed = pieces()
    lengths = set()
    for step in range(feed.steps_per_pass):
        batch = feed.batch(step)
        for row, key in enumerate(row_keys(batch)):
            expected = made[key].condition
            length, rows = len(made[key].events), len(expected["memory"])
            lengths.add(rows)
            assert expected["class"] == batch.condition["class"][row]
            np.testing.assert_array_equal(batch.condition["z"][row], expected["z"])
            np.testing.assert_array_equal(batch.condition["control"][row, :length], expected["control"])
            np.testing.assert_array_equal(batch.condition["memory"][row, :rows], expected["memory"])
            mask = batch.condition["memory.mask"][row]
            np.testing.assert_array_equal(mask, np.arange(len(mask)) < rows)
    assert {0, 1, 2, 3, 4} == lengths


def test_pieces_are_cut_at_the_longest_that_is_allowed() -> None:
    """A walk around the world does not take all memory."""
    batch = pieces(longest=5).batch(0)

    assert {(6, 5)} == {batch.events.shape[:2], batch.mask.shape, batch.condition["control"].shape}


def test_pieces_end_with_the_end_symbol_where_there_is_one() -> None:
    """Where a piece can end, that it ends is learned too."""
    feed = Pieces([example(np.array([5, 6])), example(np.array([7]))], START, 99, (), 2, 10, 1)

    assert [[7, 99, 0], [5, 6, 99]] == feed.batch(0).targets["next"].tolist()
    assert [[1, 1, 0], [1, 1, 1]] == feed.batch(0).mask.tolist()


def test_pieces_follow_from_the_step_and_the_seed_alone() -> None:
    """Same seed, same step, same batch; another seed or pass, another order."""
    count = pieces().steps_per_pass

    def order(seed: int, number: int) -> list[list[bytes]]:
        return [row_keys(pieces(seed=seed).batch(number * count + index)) for index in range(count)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(2, 0)
    assert order(1, 0) != order(1, 1)


def test_pieces_refuse_a_corpus_without_events() -> None:
    """Empty walks teach nothing, and say so."""
    with pytest.raises(TooLittleError):
        Pieces([example(np.zeros(0, np.int64))], START, None, (), 2, 10, 1)
