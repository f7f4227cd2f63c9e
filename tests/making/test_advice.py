"""What is said of so much material before the waiting begins."""

from __future__ import annotations

import pytest
from undersong_toy.walk import Walk, make_walks, walk_of

from undersong.making.advice import advice
from undersong.making.corpus import Corpus
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece


def said_of(characters):
    corpus, _ = Corpus.of(Text(), [TextPiece("the tide\n" * (characters // 9))], "character", "stream")
    return advice(Text(), corpus, characters, "stream")


def said_of_names(count):
    corpus, _ = Corpus.of(Text(), [TextPiece(f"{n:04}") for n in range(count)], "character", "pieces")
    return advice(Text(), corpus, 4 * count, "pieces")


@pytest.mark.parametrize(
    ("characters", "words"),
    [(9_000, "little to learn from"), (90_000, "a network and an n-gram together"), (900_000, "")],
)
def test_the_less_there_is_the_less_is_promised(characters, words):
    """Little gives echoes, more a duet; where there is enough nothing is said."""
    said = said_of(characters)

    assert bool(words) == bool(said)
    assert words in said


def test_few_pieces_are_few_and_their_score_is_rough():
    """One in ten is held out: of a hundred names that is ten."""
    assert "The score rests on 10 pieces" in said_of_names(100)
    assert "little to learn from" in said_of_names(2_000)
    assert not said_of_names(9_000)


def test_of_numbers_no_n_gram_is_spoken():
    """They have none."""
    walks = [walk_of(walk, "a walk") for walk in make_walks(40, seed=1)]
    corpus, _ = Corpus.of(Walk(), walks, "offset", "pieces")
    said = advice(Walk(), corpus, 400, "pieces") + advice(Walk(), corpus, 400, "stream")

    assert "points are little to learn from" in said
    assert "n-gram" not in said
