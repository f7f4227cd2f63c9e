"""Pieces that are learned in several forms: all of them on one side of every line that is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import Corpus, Split
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.records import RecordPiece


def entries(count: int) -> list[RecordPiece]:
    """Words that are told apart by what they say in every field."""
    return [RecordPiece({"word": f"w{n}", "part": f"p{n}", "definition": f"it is {n}"}) for n in range(count)]


def said(codec, stretches) -> list[RecordPiece]:
    return [codec.decode(stretch.events) for stretch in stretches]


def words(codec, stretches) -> set[str]:
    return {record.fields["word"] for record in said(codec, stretches)}


def test_what_is_learned_is_learned_in_every_form():
    """Three fields, three forms, each whole."""
    corpus, codec = Corpus.of(Text(), entries(200), "character", "pieces")
    learned = said(codec, corpus.learned)

    assert 3 * (200 - 20 - 9) == len(learned)
    assert {("word", "part", "definition"), ("part", "word", "definition"), ("definition", "word", "part")} == {
        record.order for record in learned
    }
    assert all(3 == len(record.fields) for record in learned)


def test_what_is_held_out_is_scored_as_it_came():
    """Once, in its first form; every tenth piece of the list, as of any other list."""
    pieces = entries(200)
    corpus, codec = Corpus.of(Text(), pieces, "character", "pieces")

    assert pieces[9::10] == said(codec, corpus.held_out)


@pytest.mark.parametrize(("count", "inner"), [(39, 0), (40, 5), (300, 13)])
def test_no_form_of_a_piece_that_decides_is_learned(count, inner):
    """Nor of one that is held out; and there are as many as of pieces of one form."""
    corpus, codec = Corpus.of(Text(), entries(count), "character", "pieces")
    learned, deciding, held = (words(codec, part) for part in (corpus.learned, corpus.inner, corpus.held_out))

    assert inner == len(deciding)
    assert 3 * inner == len(corpus.inner)
    assert count == len(learned) + len(deciding) + len(held)
    assert learned | deciding == words(codec, corpus.known)
    assert 3 * (len(learned) + len(deciding)) == len(corpus.known)


def test_a_piece_is_as_long_as_it_is_and_counted_once():
    """However often it is learned: in the length that people are told, and in the vocabulary."""
    pieces = [RecordPiece({"word": f"{n:04}", "part": "é" if n < 2 else "e"}) for n in range(100)]
    split = Split.of(Text(), pieces, "character", "pieces")

    assert 100 * 5 == split.length
    assert "é" not in [split.codec.display(symbol) for symbol in range(split.codec.end)]  # seen twice, not four times


def test_parts_hold_each_piece_once():
    """So that whoever splits what is known once more, as tuning does, keeps its forms together."""
    split = Split.of(Text(), entries(50), "character", "pieces")

    assert entries(50) == [piece for known, held in split.parts for piece in (*known, *held)]


def test_pieces_of_one_form_are_split_as_ever():
    """Nothing changes for names."""
    names = [TextPiece(f"name {n}") for n in range(60)]
    corpus, codec = Corpus.of(Text(), names, "character", "pieces")

    assert (49, 5, 6) == tuple(map(len, (corpus.learned, corpus.inner, corpus.held_out)))
    assert {piece.content for piece in names} == {
        codec.decode(stretch.events).text for stretch in (*corpus.known, *corpus.held_out)
    }


def test_forms_come_back_from_a_run_folder(tmp_path):
    """Each stretch where it was; the file is as it always was."""
    folder = RunFolder(tmp_path / "run")
    folder.prepare()
    split = Split.of(Text(), entries(60), "character", "pieces")
    made = split.encoded(folder)
    again = Corpus.read(folder)

    assert {"cuts", "end"} == set(made.to_arrays())
    for part in ("learned", "inner", "held_out", "known"):
        for one, other in zip(getattr(made, part), getattr(again, part), strict=True):
            np.testing.assert_array_equal(one.events, other.events)
