"""What stands beside every loss, and how a finished file is scored."""

from __future__ import annotations

import math

import numpy as np
import pytest
from undersong_toy.walk import Walk

import undersong as us
from undersong.errors import UnknownNameError
from undersong.events import Condition
from undersong.keeping.run_folder import RunFolder
from undersong.making import baseline
from undersong.making.baseline import OneGaussian, count_baseline, kept_baseline
from undersong.making.corpus import Corpus, Stretch
from undersong.making.scoring import score_split, score_stretches
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.playing.loading import load_network, load_ngram


def held_out(learned):
    folder = RunFolder(learned.folder)
    return Corpus.read(folder).held_out


def test_one_gaussian_is_the_normal_distribution_of_all_events():
    """-log p by the formula, over every event, whatever came before."""
    dice = np.random.default_rng(1)
    learned, scored = dice.normal(2.0, 3.0, (4000, 2)), dice.normal(2.0, 3.0, (50, 2))
    gaussian = OneGaussian.of(learned)
    mean, spread = learned.mean(0), np.cov(learned.T) + 1e-6 * np.eye(2)
    away = scored - mean
    expected = [
        0.5 * x @ np.linalg.inv(spread) @ x + 0.5 * math.log((2 * math.pi) ** 2 * np.linalg.det(spread)) for x in away
    ]

    assert sum(expected) == pytest.approx(gaussian.nats([Stretch(scored, Condition(), scored[:0])]))


def test_one_gaussian_of_single_numbers_is_one_too():
    """A medium may have events of one number."""
    events = np.array([[0.0], [1.0], [2.0], [1.0]])

    assert np.isfinite(OneGaussian.of(events).nats([Stretch(events, Condition(), events[:0])]))


def test_the_baseline_that_was_kept_is_the_one_that_was_counted(learned):
    """So that a score after weeks stands beside the same figure."""
    medium = Text() if learned.tiny.is_text else Walk()
    codec = us.load(learned.folder).codec
    kept = kept_baseline(RunFolder(learned.folder), medium, codec)
    nats = kept.nats(held_out(learned)) / sum(len(stretch.events) for stretch in held_out(learned))

    assert ("Kneser-Ney 3" if learned.tiny.is_text else "one Gaussian") == kept.name
    assert learned.run.baseline_nats == pytest.approx(nats)


def test_the_n_gram_scores_what_it_would_play(text):
    """As an instrument it has the same nats as a baseline, event by event."""
    chain = load_ngram(RunFolder(text.folder))
    kept = kept_baseline(RunFolder(text.folder), Text(), chain.codec)
    events = held_out(text)[0].events[:80]
    opening = np.array(kept.opening)

    scored = kept.nats([Stretch(events, Condition(), events[:0])])
    assert scored == pytest.approx(chain.nats_of(events, before=opening).sum())


def test_a_baseline_that_nobody_knows_is_refused(text):
    """By a medium's mistake."""
    codec = us.load(text.folder).codec

    with pytest.raises(UnknownNameError, match="There is no baseline 'oracle'"):
        count_baseline("oracle", codec, held_out(text), "stream", ("kneser-ney",), (2,))


def some_verse(length, pieces=1):
    """A known text of several stretches, and the codec that holds it."""
    content = "".join(f"{n % 7} bottles and {n % 11} more\n" for n in range(length))
    texts = [TextPiece(content[n::pieces]) for n in range(pieces)]
    codec = Text().codec(texts, "character")
    return codec, [Stretch(codec.encode(text), Condition(), codec.encode(text)[:0]) for text in texts]


@pytest.mark.parametrize(("shape", "pieces"), [("stream", 1), ("stream", 3), ("pieces", 400)])
def test_a_large_corpus_is_counted_in_part_and_says_so(monkeypatch, shape, pieces):
    """Of all over it, so that memory does not grow with it; the name and a note tell how much that was."""
    monkeypatch.setattr(baseline, "_MOST_COUNTED", 10_000)
    codec, stretches = some_verse(2_000, pieces)
    counted = count_baseline("ngram", codec, stretches, shape, ("kneser-ney",), (3,))
    total = int(counted.ngram.counts.seen[0].sum())

    assert 8_000 < total <= 10_000 + pieces
    assert f"Kneser-Ney 3 of {counted.counted:,} events" == counted.name
    assert f"a sample of {counted.counted:,} events" in counted.note


def test_a_sample_is_remembered_with_the_counts(text, tmp_path, monkeypatch):
    """After weeks the same name stands beside the loss."""
    monkeypatch.setattr(baseline, "_MOST_COUNTED", 4_000)
    folder, learned = RunFolder(tmp_path / "run"), RunFolder(text.folder)
    folder.prepare()
    codec, known = us.load(text.folder).codec, Corpus.read(learned).known
    counted = count_baseline("ngram", codec, known, "stream", ("kneser-ney",), (3,))
    folder.write_arrays(folder.ngram, counted.ngram.to_arrays())
    folder.write_json("private/codec.json", counted.told)

    assert counted.name == kept_baseline(folder, Text(), codec).name != kept_baseline(learned, Text(), codec).name


def test_a_small_corpus_is_counted_whole():
    """And nothing needs to be said."""
    codec, stretches = some_verse(50)
    counted = count_baseline("ngram", codec, stretches, "stream", ("kneser-ney",), (3,))

    assert ("Kneser-Ney 3", "", None) == (counted.name, counted.note, counted.counted)


def test_the_n_gram_scores_a_long_stretch_in_parts_like_the_whole(monkeypatch):
    """Each part hears the end of the one before."""
    codec, (stretch,) = some_verse(300)
    counted = count_baseline("ngram", codec, [stretch], "stream", ("kneser-ney",), (5,))
    whole = counted.nats_each([stretch])
    monkeypatch.setattr(baseline, "_PART", 100)

    np.testing.assert_array_equal(whole, counted.nats_each([stretch]))


def test_a_stretch_is_scored_in_one_pass_warmed_by_what_came_before(text):
    """The figure is that of hearing everything from the start and counting the tail."""
    poet, (stretch,) = load_network(RunFolder(text.folder)), held_out(text)
    heard = poet.nats_of(np.concatenate([stretch.before[-1024:], stretch.events]))[-len(stretch.events) :]
    score = score_stretches(poet, [stretch])

    np.testing.assert_allclose(heard, score.nats, atol=1e-5)
    assert score.length == len(stretch.events)
    assert text.run.nats == pytest.approx(score.nats_per_measure)


def test_a_score_that_runs_out_of_patience_counts_only_what_it_reached(text):
    """And stands beside a baseline on the very same events."""
    poet, (stretch,) = us.load(text.folder), held_out(text)
    long = Stretch(np.tile(stretch.events, 5), stretch.condition, stretch.before)
    score = score_stretches(poet, [long, long], patience=0.0)

    assert 0 < len(score.nats) == len(score.stretches[0].events) < len(long.events)
    assert 1 == len(score.stretches)
    np.testing.assert_array_equal(long.events[: len(score.nats)], score.stretches[0].events)


def test_the_split_of_a_run_is_scored_by_its_name_or_as_the_newest(learned):
    """And says which split it was."""
    scored = score_split(str(learned.folder))

    assert "valid" == scored.to_json()["split"]
    assert learned.run.nats == pytest.approx(scored.score.nats_per_measure)


def test_a_piece_of_nothing_has_no_nats(learned):
    """Neither a division by zero nor a figure."""
    score = us.load(learned.folder).score("")

    assert (0, 0, 0.0) == (len(score.nats), score.length, score.nats_per_measure)
