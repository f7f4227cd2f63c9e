from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece

CODEC = Bytes()


@given(st.text())
def test_every_event_is_a_byte_of_utf8(text: str) -> None:
    """Python's encoder is the stranger's implementation; 0xC0 and 0xC1 never occur and have no symbol."""
    values = np.frombuffer(text.encode(), np.uint8).astype(np.int64)

    np.testing.assert_array_equal(values - 2 * (values > 0xC1), CODEC.encode(TextPiece(text)))


@given(st.text())
def test_bytes_are_characters_without_a_vocabulary(text: str) -> None:
    """Both count the same symbols, and allow the same to follow."""
    bare = Characters([])

    np.testing.assert_array_equal(bare.encode(TextPiece(text)), CODEC.encode(TextPiece(text)))
    np.testing.assert_array_equal(bare.grammar.allowed, CODEC.grammar.allowed)  # type: ignore[union-attr]


def test_bytes_that_are_characters_are_shown_as_such() -> None:
    """The rest by their number."""
    shown = [CODEC.display(event) for event in CODEC.encode(TextPiece("a\né"))]

    assert shown == ["a", "\n", "<0xC3>", "<0xA9>"]


def test_each_byte_is_spelled_by_itself() -> None:
    """There are no smaller signs."""
    assert CODEC.letters() is CODEC
    assert [CODEC.spelling(event) for event in range(244)] == [(event,) for event in range(244)]


def test_all_texts_have_the_same_bytes() -> None:
    """Nothing is learned from pieces, so nothing grows."""
    codec = Bytes.from_pieces([TextPiece("sea")])

    assert codec.grown([TextPiece("ﷺ" * 9)]) is codec
    assert codec.event.count == 244
    np.testing.assert_array_equal(np.arange(245), codec.renumbered(CODEC))


def test_a_character_cut_off_at_the_end_is_left_out() -> None:
    """A sample of so many bytes may stop in the middle of one."""
    events = CODEC.encode(TextPiece("a€"))

    assert [CODEC.decode(events[:n]).content for n in (4, 3, 2, 1)] == ["a€", "a", "a", "a"]
