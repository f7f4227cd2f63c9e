"""From files to what is learned and what is only ever scored."""

from __future__ import annotations

import numpy as np
import pytest
from undersong_toy.walk import Walk, make_walks, walk_of

from undersong.errors import RunFolderError, TooLittleError, UnknownNameError, UsageError
from undersong.events import Condition
from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import MOST_BEFORE, Corpus, Split, Stretch, medium_for, watched_stretches
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece


def corpus_of(learned):
    medium = Text() if learned.tiny.is_text else Walk()
    return Corpus.of(medium, medium.read([learned.material]).pieces, medium.units[0], medium.shape)


def heard(codec, *stretches):
    """The pieces of these stretches, end to end."""
    return "".join(str(codec.decode(stretch.events)) for stretch in stretches)


def test_a_text_is_known_to_nine_tenths_and_its_rest_held_out(text):
    """Together they are the whole, letter for letter; the end of what is known is not learned, but decides."""
    corpus, codec = corpus_of(text)
    (learned,), (inner,), (held,), (known,) = corpus.learned, corpus.inner, corpus.held_out, corpus.known

    assert text.material.read_text("utf-8") == heard(codec, learned, inner, held)
    assert (17_000, 1_000, 2_000) == (corpus.events_learned, corpus.events_inner, corpus.events_held_out)
    np.testing.assert_array_equal(known.events, np.concatenate([learned.events, inner.events]))


def test_a_stretch_remembers_what_came_right_before_it(text):
    """As much of it as anybody warms up on, whichever part it belongs to."""
    corpus, _ = corpus_of(text)

    assert 0 == len(corpus.learned[0].before)
    np.testing.assert_array_equal(corpus.learned[0].events[-MOST_BEFORE:], corpus.inner[0].before)
    np.testing.assert_array_equal(corpus.known[0].events[-MOST_BEFORE:], corpus.held_out[0].before)


def test_of_pieces_every_tenth_is_held_out_and_five_decide(toy):
    """Whole, from their start, with what they were made under."""
    corpus, _ = corpus_of(toy)

    assert (31, 5, 4, 36) == tuple(map(len, (corpus.learned, corpus.inner, corpus.held_out, corpus.known)))
    for stretch in (*corpus.inner, *corpus.held_out):
        assert 0 == len(stretch.before)
        assert set(stretch.condition) >= {"class", "z", "control", "memory"}
        assert len(stretch.events) == len(stretch.condition["control"])


def test_a_piece_that_is_there_twice_is_learned_or_held_out_never_both():
    """What was learned by heart would be foretold by heart."""
    names = [TextPiece(f"name {n % 50}") for n in range(200)]
    corpus, codec = Corpus.of(Text(), names, "character", "pieces")
    learned, held = ({str(codec.decode(each.events)) for each in part} for part in (corpus.known, corpus.held_out))

    assert {f"name {n}" for n in range(9, 50, 10)} == held
    assert set() == learned & held


def test_a_piece_that_was_held_out_ends():
    """Its end is to be foretold like any other event; a tail of a long text has none."""
    names = [TextPiece(f"name {n}") for n in range(60)]
    corpus, codec = Corpus.of(Text(), names, "character", "pieces")

    assert {codec.end} == {int(stretch.events[-1]) for stretch in (*corpus.inner, *corpus.held_out)}
    assert not any(codec.end in stretch.events for stretch in (*corpus.learned, *corpus.known))
    assert (49, 5, 6) == tuple(map(len, (corpus.learned, corpus.inner, corpus.held_out)))


def test_where_there_is_much_to_learn_nothing_is_kept_back_to_decide():
    """And of very much only a part is held out: the rest would take hours to score."""
    for length, expected in ((299_000, 0.05 * 269_100), (340_000, 0)):
        corpus, _ = Corpus.of(Text(), [TextPiece("lines of it\n" * (length // 12))], "character", "stream")
        assert expected == pytest.approx(corpus.events_inner, abs=12)
        assert corpus.events_held_out == pytest.approx(length / 10, abs=12)


@pytest.mark.parametrize(("count", "inner"), [(39, 0), (40, 5), (300, 13)])
def test_a_handful_of_pieces_decides_where_there_are_some_to_spare(count, inner):
    """Every twentieth of those that are not held out, from all over the list."""
    pieces = [walk_of(walk, "a walk") for walk in make_walks(count, seed=2)]
    corpus, _ = Corpus.of(Walk(), pieces, "offset", "pieces")

    assert inner == len(corpus.inner)
    assert count == len(corpus.learned) + len(corpus.inner) + len(corpus.held_out)


def test_no_character_is_cut_through_between_learning_and_deciding():
    """One that is spelled in bytes stays whole."""
    content = "".join(chr(0x4E00 + n) for n in range(3_000))  # each seen once: three bytes
    corpus, codec = Corpus.of(Text(), [TextPiece(content)], "character", "stream")

    assert content == heard(codec, *corpus.learned) + heard(codec, *corpus.inner) + heard(codec, *corpus.held_out)
    assert 0 < corpus.events_inner


def test_the_codec_has_seen_nothing_of_what_is_held_out():
    """A letter that only comes at the end has no symbol of its own: it is spelled, as a stranger's text would be."""
    content = "abc " * 200 + "zzzz " * 10
    _, codec = Corpus.of(Text(), [TextPiece(content)], "character", "stream")
    names = {codec.display(symbol) for symbol in range(codec.event.count)}

    assert {"a", "b", "c", " "} < names
    assert "z" not in names


def test_a_corpus_in_a_run_folder_stays_in_its_file(learned):
    """Its symbols take two bytes each and are read as they are used; what was made in memory is the same."""
    corpus, _ = corpus_of(learned)
    kept = Corpus.read(RunFolder(learned.folder))

    assert np.dtype(np.uint16 if learned.tiny.is_text else np.float32) == kept.events.dtype
    assert isinstance(kept.events.base, np.memmap)
    assert all(np.shares_memory(kept.events, stretch.events) for stretch in (*kept.learned, *kept.known))
    np.testing.assert_array_equal(corpus.events, kept.events)


def test_a_corpus_comes_back_from_its_folder(learned):
    """Events, conditions, what continues what: all of it, without pickle."""
    corpus, _ = corpus_of(learned)
    again = Corpus.read(RunFolder(learned.folder))

    for part in ("learned", "inner", "held_out", "known"):
        for one, other in zip(getattr(corpus, part), getattr(again, part), strict=True):
            np.testing.assert_array_equal(one.events, other.events)
            np.testing.assert_array_equal(one.before, other.before)
            assert set(one.condition) == set(other.condition)
            for name, value in one.condition.items():
                np.testing.assert_array_equal(value, other.condition[name])


def test_a_long_text_is_never_encoded_as_a_whole(tmp_path):
    """What is made on the way is of a part at a time: far less than the eight bytes that each symbol would take."""
    content = "".join(f"{n} bottles of {n % 97}\n" for n in range(150_000))  # about 3 MB
    split = Split.of(Text(), [TextPiece(content)], "character", "stream")
    folder = RunFolder(tmp_path / "run")
    folder.prepare()
    seen = []
    parts = split.codec.encode_in_parts
    split.codec.encode_in_parts = lambda piece: (seen.append(len(part)) or part for part in parts(piece))
    split.codec.encode = None
    corpus = split.encoded(folder)

    assert sum(seen) == len(content) == len(corpus.events)
    assert max(seen) <= 2**20
    assert len(content) * 2 == pytest.approx(folder.events.stat().st_size, abs=256)


@pytest.mark.parametrize(
    "change",
    [
        {"cuts": np.array([[0, 9, 5, 20_000]])},
        {"cuts": np.array([[0, 1, 2, 30_000]])},
        {"cuts": np.array("x")},
        {"end": np.array([1, 2])},
        {"condition.7.z": np.zeros(4)},
        {"cuts": None, "lengths": np.array([3]), "learned": np.array(1)},
    ],
    ids=["not in order", "too long", "no numbers", "two ends", "of no piece", "of an older version"],
)
def test_arrays_that_are_no_corpus_are_refused(text, change, tmp_path):
    """A damaged run folder is an error, not a traceback."""
    folder, learned = RunFolder(tmp_path / "run"), RunFolder(text.folder)
    folder.prepare()
    folder.events.write_bytes(learned.events.read_bytes())
    arrays = {key: value for key, value in (learned.read_arrays(learned.corpus) | change).items() if value is not None}
    folder.write_arrays(folder.corpus, arrays)

    with pytest.raises(RunFolderError, match="damaged"):
        Corpus.read(folder)


@pytest.mark.parametrize("content", [None, b"", b"\x93NUMPY no", b"half"], ids=["none", "empty", "no array", "half"])
def test_a_corpus_without_its_events_is_refused(text, content, tmp_path):
    """The file is named."""
    folder, learned = RunFolder(tmp_path / "run"), RunFolder(text.folder)
    folder.prepare()
    folder.corpus.write_bytes(learned.corpus.read_bytes())
    if content is not None:
        folder.events.write_bytes(learned.events.read_bytes()[:9_000] if content == b"half" else content)

    with pytest.raises(RunFolderError, match=r"events\.npy"):
        Corpus.read(folder)


def test_too_few_pieces_cannot_be_split():
    """Ten, or one that is longer."""
    walks = [Walk().prompt(f"[[0, {n}], [1, 1]]") for n in range(10)]

    for few in (walks[:9], walks[:1] * 20):
        with pytest.raises(TooLittleError, match=r"piece\(s\) cannot be split"):
            Corpus.of(Walk(), few, "offset", "pieces")
    assert 1 == len(Corpus.of(Walk(), walks, "offset", "pieces")[0].held_out)


# ── what is watched on the way ─────────────────────────────────────────────────────────────────────────────────────


def stretches(*lengths, condition=None):
    """Held-out stretches whose events count on from their `before`, so that a slice shows where it was cut."""
    return [Stretch(np.arange(100, 100 + n), Condition(condition or {}), np.arange(100)) for n in lengths]


def test_where_there_is_little_all_of_it_is_watched():
    """An evaluation then sees what the final score will see."""
    held = stretches(50, 60)

    assert held == watched_stretches(held, most=110)


@pytest.mark.parametrize(
    "lengths",
    [(100_000,), (40_000, 60_000), (500,) * 200, (30,) * 5_000, (1,) * 9_000, (0, 9_999)],
    ids=["one long", "two", "200 short", "5,000 shorter", "9,000 of one event", "one empty"],
)
def test_about_as_much_is_watched_as_was_asked_for(lengths):
    """In slices spread over all of it, never so many short ones that warming them up would cost the minutes."""
    watched = watched_stretches(stretches(*lengths), most=4096)
    count = sum(len(stretch.events) for stretch in watched)

    assert count <= 4096 + 64
    assert count >= min(4096, sum(lengths)) // 2 or max(lengths) < 64
    assert len(watched) <= 100


def test_a_slice_knows_what_came_before_it():
    """Without a gap, as far as anybody warms up on it."""
    for stretch in watched_stretches(stretches(100_000), most=4096):
        first = stretch.events[0]
        np.testing.assert_array_equal(np.arange(max(0, first - len(stretch.before)), first), stretch.before)
        assert first == len(stretch.before) or len(stretch.before) == MOST_BEFORE


def test_a_piece_with_conditions_is_watched_from_its_start():
    """Its controls are counted from there."""
    watched = watched_stretches(stretches(5_000, 5_000, condition={"class": np.array(1)}), most=4096)

    assert [100, 100] == [stretch.events[0] for stretch in watched]


# ── whose files they are ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_medium_that_claims_a_file_reads_it():
    """By its name; what nobody claims is tried as text."""
    for name in ("a.txt", "a.rtf", "folder"):
        assert "text.v1" == medium_for([name], "auto")[0].kind
    assert "walk.v1" == medium_for(["a.walks.json"], "auto")[0].kind


def test_a_person_may_say_which_medium_it_is():
    """With or without its version."""
    assert "text.v1" == medium_for(["a.walks.json"], "text")[0].kind == medium_for(["a.walks.json"], "text.v1")[0].kind


def test_material_that_ships_is_named_by_what_it_is():
    """builtin:anthology is three files under one label."""
    medium, paths, labels = medium_for(["builtin:anthology"], "auto")

    assert ("text.v1", 3, ["builtin:anthology"]) == (medium.kind, len(paths), labels)
    with pytest.raises(UnknownNameError, match="no built-in material 'anthologie'"):
        medium_for(["builtin:anthologie"], "auto")


def test_nothing_cannot_be_learned():
    """Which is wrong use, not bad material."""
    with pytest.raises(UsageError, match="nothing to learn from"):
        medium_for([], "auto")
