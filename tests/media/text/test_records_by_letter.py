"""Records of words are spelled with records of bytes, so that they too can be played letter by letter."""

from __future__ import annotations

import numpy as np
import pytest

from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.record import RecordPiece
from undersong.media.text.records import Records
from undersong.media.text.words import Words

ENTRIES = [RecordPiece({"word": f"sea{end}", "meaning": f"what the sea {end} does at night"}) for end in "abcde"]


@pytest.mark.parametrize("unit", [Words, Characters, Bytes])
def test_spelled_symbols_are_the_record_in_bytes(unit: type) -> None:
    """What opens, closes and ends is the same in both."""
    codec = Records.from_pieces(ENTRIES, unit)
    letters = codec.letters()
    assert isinstance(letters, Records)

    for entry in ENTRIES:
        events = [*codec.encode(entry).tolist(), codec.end]
        spelled = [letter for event in events for letter in codec.spelling(event)]

        assert [*letters.encode(entry).tolist(), letters.end] == spelled
        assert entry == letters.decode(np.array(spelled))


def test_records_of_bytes_are_their_own_letters() -> None:
    """So that nothing is played letter by letter twice."""
    codec = Records.from_pieces(ENTRIES, Bytes)

    assert codec is codec.letters()


def test_start_spells_nothing() -> None:
    """It is heard and never played."""
    codec = Records.from_pieces(ENTRIES, Words)

    assert () == codec.spelling(int(codec.start))
