"""How long a row goes on: no longer than is enough, but never cut off in the middle of something that may yet end."""

from __future__ import annotations

from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.media.text.records import RecordPiece, Records
from undersong.playing.rows import Lengths

CODEC = Records.from_pieces([RecordPiece({"word": "aa", "part": "aa"})] * 3, Characters)


def gone_on(enough: int) -> int:
    """For how many events a row goes on that says `a` for ever."""
    lengths = Lengths(CODEC, CODEC.encode(TextPiece("a")), 1, enough)
    letter = int(CODEC.encode(TextPiece("a"))[-1])
    for count in range(30_000):
        if not lengths.left:
            return count
        lengths.add([letter])
    raise AssertionError("it goes on for ever")


def test_what_may_never_end_is_cut_off() -> None:
    """After some thousand events, or after as many as were asked for: the likeliest record may go in circles."""
    assert 4_096 == gone_on(1)
    assert 10_000 == gone_on(10_000)
