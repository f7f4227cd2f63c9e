from __future__ import annotations

from pathlib import Path

import pytest

from undersong.errors import InputError, PromptError, UnknownNameError
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece


def test_text_claims_text_files_by_name() -> None:
    """Learning picks the medium by what a file is called."""
    claimed = [name for name in ("a.txt", "b.MD", "c.text", "d.svg", "e.mid", "f") if Text().claims(Path(name))]

    assert claimed == ["a.txt", "b.MD", "c.text"]


@pytest.mark.parametrize("length", [0, 1, 9, 10, 1_115_394])
def test_split_learns_nine_tenths(length: int) -> None:
    """The held-out tail starts at exactly nine tenths of the characters, rounded down."""
    known, held = Text().split(TextPiece("a" * length), most=1_000_000)

    assert (length * 9 // 10, length) == (len(known.content), len(known.content) + len(held.content))


def test_split_holds_out_no_more_than_was_said() -> None:
    """Of a very long text a tenth would take hours to score and tell no more."""
    assert 70 == len(Text().split(TextPiece("a" * 1000), most=70)[1].content)


@pytest.mark.parametrize(
    "cluster",
    ["e\u0301", "🧑\u200d🚀", "🇩🇪", "\u1112\u1161\u11ab", "\r\n", "e" + "\u0301" * 300],
    ids=["accents", "astronauts", "flags", "jamo", "line ends", "too much of it"],
)
def test_split_cuts_between_characters_as_people_see_them(cluster: str) -> None:
    """What is built of several code points is learned whole or held out whole, unless it has no end."""
    text = cluster * 35
    known, held = Text().split(TextPiece(text), most=1_000_000)

    assert text == known.content + held.content
    assert len(known.content) % len(cluster) == 0 or len(cluster) > 100
    assert 0 <= len(known.content) - len(text) * 9 // 10 < min(len(cluster), 101)


def test_codec_learns_by_character_and_by_nothing_else_yet() -> None:
    """A unit nobody offers is refused with those there are."""
    assert Text().codec([TextPiece("aaa")], "character").clusters == ("\n", "a")
    with pytest.raises(UnknownNameError, match="Its units: character"):
        Text().codec([TextPiece("aaa")], "syllable")


def test_prompt_is_the_text_itself() -> None:
    """What was typed is continued as typed, spaces and all."""
    assert Text().prompt(" Shall I\r\n").content == " Shall I\r\n"
    with pytest.raises(PromptError, match="half a character"):
        Text().prompt("caf\udce9")  # how Python hands over an argument that was not UTF-8


def test_a_piece_prints_as_itself_in_the_terminal_and_in_json() -> None:
    """`piece` is every medium's field, `text` is what this one adds."""
    piece = TextPiece("To be\n")

    assert (str(piece), piece.to_json(), piece.json_fields()) == ("To be\n", "To be\n", {"text": "To be\n"})
    assert piece.medium == Text.kind


def test_a_piece_saves_as_utf8(tmp_path: Path) -> None:
    """Line ends and accents reach the disk as they are."""
    assert TextPiece("é\r\n").save(tmp_path / "é.txt").read_bytes() == b"\xc3\xa9\r\n"


def test_pieces_are_written_as_utf8_text_only() -> None:
    """A text saves as .txt or .md; a request for a drawing says so."""
    assert "é\n".encode() == TextPiece("é\n").to_bytes(".TXT") == TextPiece("é\n").to_bytes("")
    with pytest.raises(InputError, match=r"\.svg"):
        TextPiece("é").to_bytes(".svg")


def test_anthology_is_its_three_voices() -> None:
    """`builtin:anthology` learns all that `builtin:keeper`, `bestiary` and `tide` learn alone."""
    builtin = Text().builtin()

    assert builtin["anthology"] == tuple(path for name in ("keeper", "bestiary", "tide") for path in builtin[name])
    assert {path.suffix for path in builtin["anthology"]} == {".txt"}


def test_shipped_instruments_go_by_their_file_names() -> None:
    """Whatever instruments lie in the package can be named."""
    assert all(path.is_file() and path.stem == name for name, path in Text().shipped().items())
