"""From files to what is learned and what is only ever scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from undersong_toy.walk import Walk

from undersong.errors import RunFolderError, TooLittleError, UnknownNameError, UsageError
from undersong.events import Condition
from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import Corpus, Stretch, medium_for, watched_stretches
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece


def corpus_of(learned):
    medium = Text() if learned.tiny.is_text else Walk()
    return Corpus.of(medium, medium.read([learned.material]).pieces, medium.units[0], medium.shape)


def test_a_text_is_learned_to_nine_tenths_and_its_rest_held_out(text):
    """Together they are the whole, letter for letter, and what was held out comes right after what was learned."""
    corpus, codec = corpus_of(text)
    (learned,), (held,) = corpus.learned, corpus.held_out
    whole = str(codec.decode(learned.events)) + str(codec.decode(held.events))

    assert text.material.read_text("utf-8") == whole
    assert 18_000 == len(str(codec.decode(learned.events)))
    np.testing.assert_array_equal(learned.events, held.before)


def test_of_pieces_every_tenth_is_held_out(toy):
    """Whole, from its start, with what it was made under."""
    corpus, _ = corpus_of(toy)

    assert (36, 4) == (len(corpus.learned), len(corpus.held_out))
    assert not any(len(stretch.before) for stretch in corpus.held_out)
    assert all(set(stretch.condition) >= {"class", "z", "control", "memory"} for stretch in corpus.held_out)


def test_the_codec_has_seen_nothing_of_what_is_held_out():
    """A letter that only comes at the end has no symbol of its own: it is spelled, as a stranger's text would be."""
    content = "abc " * 200 + "zzzz " * 10
    _, codec = Corpus.of(Text(), [TextPiece(content)], "character", "stream")
    names = {codec.display(symbol) for symbol in range(codec.event.count)}

    assert {"a", "b", "c", " "} < names
    assert "z" not in names


def test_a_corpus_comes_back_from_its_arrays(learned):
    """Events, conditions, what continues what: all of it, without pickle."""
    corpus, _ = corpus_of(learned)
    folder = RunFolder(Path("run"))
    folder.prepare()
    folder.write_arrays(folder.corpus, corpus.to_arrays())
    again = Corpus.from_arrays(folder.read_arrays(folder.corpus))

    for one, other in zip((*corpus.learned, *corpus.held_out), (*again.learned, *again.held_out), strict=True):
        np.testing.assert_array_equal(one.events, other.events)
        np.testing.assert_array_equal(one.before, other.before)
        assert set(one.condition) == set(other.condition)
        for name, value in one.condition.items():
            np.testing.assert_array_equal(value, other.condition[name])


@pytest.mark.parametrize("change", [{"lengths": np.array([3, 99, 2])}, {"learned": np.array("x")}, {"events": None}])
def test_arrays_that_are_no_corpus_are_refused(text, change):
    """A damaged run folder is an error, not a traceback."""
    arrays = {key: value for key, value in (corpus_of(text)[0].to_arrays() | change).items() if value is not None}

    with pytest.raises(RunFolderError, match="damaged"):
        Corpus.from_arrays(arrays)


def test_too_few_pieces_cannot_be_split():
    """Ten, or one that is longer."""
    walk = Walk().prompt("[[0, 1], [1, 1]]")

    with pytest.raises(TooLittleError, match=r"9 piece\(s\) cannot be split"):
        Corpus.of(Walk(), [walk] * 9, "offset", "pieces")
    assert 1 == len(Corpus.of(Walk(), [walk] * 10, "offset", "pieces")[0].held_out)


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
    """Without a gap."""
    for stretch in watched_stretches(stretches(100_000), most=4096):
        np.testing.assert_array_equal(np.arange(len(stretch.before)), stretch.before)
        assert stretch.events[0] == len(stretch.before)


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
