from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InstrumentFileError
from undersong.media.text.piece import TextPiece
from undersong.media.text.runs import LONGEST, runs_of
from undersong.media.text.words import Words

DATA = Path(__file__).parents[4] / "shared" / "data"
SHORE = TextPiece("the sea, the sky and don't\n" * 3)
CODEC = Words.from_pieces([SHORE])


def shown(codec: Words, text: str) -> list[str]:
    return [codec.display(event) for event in codec.encode(TextPiece(text))]


def runs(text: str, apart: bool = True) -> list[str]:
    return [run for part in runs_of(text, apart) for run in part]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The sea, then.\n", ["The", " sea", ",", " then", ".", "\n"]),
        ("don't well-known l’homme", ["don't", " well-known", " l’homme"]),
        ("“Oh!” — no...", ["“", "Oh", "!”", " —", " no", "..."]),
        ("in 1850, 3rd", ["in", " 1850", ",", " 3", "rd"]),
        ("    def f():\r\n\tx", ["   ", " def", " f", "():", "\r\n", "\t", "x"]),
        ("می\u200cخواهم که", ["می\u200cخواهم", " که"]),
        ("tie\u0302\u0301ng Vie\u0323\u0302t", ["tie\u0302\u0301ng", " Vie\u0323\u0302t"]),
        ("床前明月光，霜", [*"床前明月光，霜"]),
        ("น้ำทะเล", ["น้ำ", "ท", "ะ", "เ", "ล"]),
        ("コーヒーを飲む", ["コーヒー", "を", "飲", "む"]),
        ("👩‍👩‍👧 👍🏽", ["👩‍👩‍👧", " 👍🏽"]),
        ("צה״ל שׁ", ["צה״ל", " שׁ"]),
        ("x" * (LONGEST + 3), ["x" * LONGEST, "xxx"]),
    ],
    ids=ascii,
)
def test_runs_are_what_people_call_words(text: str, expected: list[str]) -> None:
    """Each with the space before it; numbers, signs and line ends apart; a character where there are no spaces."""
    assert runs(text) == expected


def test_scripts_without_spaces_may_stay_together() -> None:
    """For those who find parts in them by other means."""
    assert runs("床前明月光，霜", apart=False) == ["床前明月光", "，", "霜"]


@given(st.text(), st.booleans())
def test_runs_together_are_the_text(text: str, apart: bool) -> None:
    """None is empty, and none is longer than some hundreds of characters."""
    found = runs(text * 9, apart)

    assert text * 9 == "".join(found)
    assert all(0 < len(run) <= 5 * LONGEST for run in found)


def test_known_words_are_one_event_with_their_space() -> None:
    """Prose takes about an event for each word."""
    assert shown(CODEC, "the sky and the sea\n") == ["the", " sky", " and", " the", " sea", "\n"]


def test_rare_words_are_taken_apart_no_further_than_they_must() -> None:
    """The space from the word; the word at its hyphens; then its characters, and what is rare even so in bytes."""
    codec = Words.from_pieces([SHORE, TextPiece("ab-c\né\nsea\na\n" * 3), TextPiece("s x y z s-s\n")])

    assert shown(codec, " ab-c") == [" ", "ab-c"]
    assert shown(codec, " the-sea's") == [" the", "<0x2D>", "sea", "<0x27>", "s"]
    assert shown(codec, " aé") == [" ", "a", "é"]
    assert shown(codec, "gÿ") == ["<0x67>", "<0xC3>", "<0xBF>"]


def test_frequent_words_come_first() -> None:
    """An adaptive head relies on it; equals are in the order of their code points."""
    assert Words.from_pieces([TextPiece("\n b b b b a a a c c c")]).strings == (" b", " a", " c", "\n")


def test_a_rare_word_counts_for_the_parts_it_is_spelled_with() -> None:
    """`sea` is seen once at the head of a line and twice after a space: that makes three."""
    codec = Words.from_pieces([TextPiece("sea\na sea\na sea\n")])

    assert set(codec.strings) == {"\n", "sea"}
    assert shown(codec, "a sea") == ["<0x61>", "<0x20>", "sea"]


def test_the_vocabulary_holds_no_more_than_asked_for_and_the_line_end() -> None:
    """Also where a line end is rare or nothing was read."""
    assert len(Words.from_pieces([SHORE], most=4).strings) == 4
    assert "\n" in Words.from_pieces([TextPiece("sea sky " * 9)], most=2).strings
    assert Words.from_pieces([SHORE], most=1).strings == ("\n",)
    assert Words.from_pieces([]).strings == ("\n",)


def test_of_equally_rare_words_as_many_stay_whole_as_have_room() -> None:
    """The rest is spelled, and the spaces before it have a symbol."""
    codec = Words.from_pieces([TextPiece("".join(f" w{letter}\n" * 3 for letter in "abcdefgh"))], most=8)

    assert {"\n", " ", " wa", " wb", " wc"} <= set(codec.strings)
    assert " wh" not in codec.strings


def test_garbage_without_a_space_makes_no_symbol() -> None:
    """A line of a picture in letters, seen often, would be a word of nobody's."""
    codec = Words.from_pieces([TextPiece(("q" * (LONGEST + 1) + "\n") * 5)])

    assert max(map(len, codec.strings)) == 1


def test_a_large_vocabulary_wants_an_adaptive_head() -> None:
    """And does not grow: what is new is spelled."""
    large = Words(["\n", *(f"w{number}" for number in range(5_000))])

    assert (CODEC.head, large.head) == ("categorical", "adaptive_categorical")
    assert large.grown([TextPiece("wave " * 9)]) is large


def test_a_small_vocabulary_grows_at_its_end() -> None:
    """Old words stay where they are; new ones that are frequent follow, commonest first."""
    grown = CODEC.grown([TextPiece(" the ship and the crew, the ship's crew, the ship and crew: the ship\n")])

    assert grown.strings == (*CODEC.strings, " ship", " crew")
    assert CODEC.grown([SHORE]) is CODEC


def test_one_codec_remembers_only_so_many_rare_words() -> None:
    """A text of ever new words neither fills the memory nor changes what any of them is."""
    text = " ".join(f"{number:x}" for number in range(60_000))
    codec = Words.from_pieces([SHORE])
    for first in range(3):
        piece = TextPiece(text.replace(" ", f" {'uvw'[first]}"))
        assert codec.decode(codec.encode(piece)) == piece

    assert len(codec._of) < 110_000


def test_words_longer_than_any_are_refused_in_a_file() -> None:
    """No run is as long, so it was none of ours."""
    with pytest.raises(InstrumentFileError, match="vocabulary"):
        Words.from_json({"words": ["\n", "x" * LONGEST]})


def test_most_words_of_tiny_shakespeare_are_one_event() -> None:
    """What it costs to know no word that is rare: about a quarter more events than words."""
    path = DATA / "tinyshakespeare" / "input.txt"
    if not path.exists():
        pytest.skip("tiny-shakespeare is not beside this checkout (../shared/data/tinyshakespeare)")
    piece = TextPiece(path.read_bytes().decode())
    codec = Words.from_pieces([piece])
    events = codec.encode(piece)

    assert codec.decode(events) == piece
    assert 1.2 < len(events) / len(runs(piece.content)) < 1.3
    assert np.bincount(events).argmax() < 10
