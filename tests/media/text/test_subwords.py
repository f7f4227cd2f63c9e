from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from undersong.errors import InstrumentFileError
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.media.text.runs import runs_of
from undersong.media.text.subwords import FEWEST, MOST, PER_JOIN, Subwords, _suitable

DATA = Path(__file__).parents[4] / "shared" / "data"
THRUSH = TextPiece("the thin thrush thinks this through\n" * 9)
CODEC = Subwords.from_pieces([THRUSH], joins=12)


def shown(codec: Subwords, text: str) -> list[str]:
    return [codec.display(event) for event in codec.encode(TextPiece(text))]


def joined(codec: Subwords) -> list[str]:
    return [codec.strings[left] + codec.strings[right] for left, right in codec.joins]


def test_the_commonest_neighbours_are_joined_first() -> None:
    """Sennrich's rule, by hand: `th` stands six times in a line and five of them after a space, more than any other."""
    assert joined(CODEC)[:3] == ["th", " th", " thi"]
    assert shown(CODEC, "the thrift\n") == ["the", " thr", "i", "<0x66>", "t", "\n"]


def test_encoding_joins_in_the_order_of_learning() -> None:
    """A loop written for the reader gives the same parts."""
    pairs = [(CODEC.strings[left], CODEC.strings[right]) for left, right in CODEC.joins]
    for word in ("the", " thrush", " throughthinthe", " thththe"):
        parts = list(word)
        for left, right in pairs:
            at = 0
            while at < len(parts) - 1:
                if (parts[at], parts[at + 1]) == (left, right):
                    parts[at : at + 2] = [left + right]
                at += 1
        assert shown(CODEC, word) == parts


def test_joins_stay_within_a_run() -> None:
    """A part never goes over the end of a word, from letters to digits, or over a line end."""
    codec = Subwords.from_pieces([TextPiece("sea 12sea.\n" * 20)], joins=50)

    assert {"sea", " 12"} <= set(joined(codec))
    assert all(len(next(runs_of(part, apart=False))) == 1 for part in codec.strings)


def test_scripts_without_spaces_have_parts_of_several_characters() -> None:
    """明月 is joined though no space tells that it is a word."""
    codec = Subwords.from_pieces([TextPiece("床前明月光，明月松間照。\n" * 5)], joins=1)

    assert joined(codec) == ["明月"]


def test_parts_are_whole_characters() -> None:
    """What is rare is spelled by its bytes and joined with nothing."""
    codec = Subwords.from_pieces([TextPiece("中a中a中a" + "鷗")], joins=9)

    assert "鷗" not in codec.strings
    assert shown(codec, "中鷗") == ["中", "<0xE9>", "<0xB7>", "<0x97>"]


def test_frequent_parts_come_first() -> None:
    """An adaptive head relies on it."""
    used = np.bincount(CODEC.encode(THRUSH), minlength=len(CODEC.strings))

    assert sorted(used, reverse=True) == used.tolist()


def test_the_same_text_gives_the_same_codec_in_any_process() -> None:
    """Whatever the seed of Python's hashes and however many threads count."""
    program = (
        "import json, undersong.media.text.subwords as s; from undersong.media.text.piece import TextPiece;"
        "text = ''.join(f'{n * n % 997:x} {n * 7 % 89:o} ' for n in range(3000));"
        "print(json.dumps(s.Subwords.from_pieces([TextPiece(text)]).to_json()))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for seed, threads in (("1", "1"), ("2", "3"))
    }

    assert len(told) == 1
    assert len(json.loads(told.pop())["joins"]) == FEWEST


@pytest.mark.parametrize(
    ("characters", "joins"), [(0, FEWEST), (300 * PER_JOIN, 256), (1_100_000, 2048), (10**9, MOST)]
)
def test_the_number_of_joins_suits_the_length(characters: int, joins: int) -> None:
    """A power of two between the fewest and the most."""

    class Long(str):
        def __len__(self) -> int:
            return characters

    assert _suitable([Long()]) == joins


def test_a_grown_codec_has_new_characters_and_the_old_joins() -> None:
    """They come after the old parts; nothing else is joined than before."""
    grown = CODEC.grown([TextPiece("fffff ééé through\n")])

    assert grown.strings == (*CODEC.strings, "f", "é")
    assert grown.joins == CODEC.joins
    assert shown(grown, "the thrift\n") == ["the", " thr", "i", "f", "t", "\n"]
    assert CODEC.grown([THRUSH]) is CODEC


def test_nothing_read_is_a_codec_too() -> None:
    """It spells all there is."""
    empty = Subwords.from_pieces([])

    assert empty.strings == ("\n",)
    assert empty.decode(empty.encode(TextPiece("sea"))).content == "sea"


def spoiled(**changed: Any) -> dict[str, Any]:
    return {"parts": ["\n", "a", "b", "ab", "abb"], "joins": [[1, 2], [3, 2]], **changed}


def test_parts_and_joins_are_read_as_they_were_written() -> None:
    """The rest of this file tells what is refused."""
    assert shown(Subwords.from_json(spoiled()), "abba") == ["abb", "a"]


@pytest.mark.parametrize(
    "joins",
    [None, {}, "ab", [[1]], [[1, 2, 3]], [[1, "b"]], [[1, True]], [[1.0, 2.0]], [[1, 5]], [[-1, 1]], [[2, 1]],
     [[1, 2], [1, 2]],
     [[1, 2]] * 1000, [["a", "b"]], [1, 2], [None], [[10**30, 1]]],
    ids=repr,
)  # fmt: skip
def test_joins_that_cannot_be_are_refused(joins: Any) -> None:
    """Before anything is built of them."""
    with pytest.raises(InstrumentFileError, match="joins of a text instrument"):
        Subwords.from_json(spoiled(joins=joins))


@pytest.mark.parametrize("parts", [None, ["\n", "a", "b", "ab", "a" * 100], ["\n", "<end>"], ["\n", ["a"]]], ids=repr)
def test_parts_that_cannot_be_are_refused(parts: Any) -> None:
    """A join that doubles and doubles again ends at parts of so many characters."""
    with pytest.raises(InstrumentFileError, match="vocabulary"):
        Subwords.from_json(spoiled(parts=parts, joins=[]))


def test_a_tokenizer_of_a_strangers_making_is_never_loaded() -> None:
    """What a file says beside parts and joins is not looked at: no expressions, no normaliser."""
    hostile = {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}}, "normalizer": {"type": "Lowercase"}}
    codec = Subwords.from_json(spoiled(tokenizer=hostile, **hostile))

    assert shown(codec, "ab" + "a" * 60 + "!A")[-2:] == ["<0x21>", "<0x41>"]
    assert set(codec.to_json()) == {"parts", "joins"}


def test_tiny_shakespeare_takes_less_than_half_its_characters() -> None:
    """Parts are longer than two characters on average, with two thousand joins."""
    path = DATA / "tinyshakespeare" / "input.txt"
    if not path.exists():
        pytest.skip("tiny-shakespeare is not beside this checkout (../shared/data/tinyshakespeare)")
    piece = TextPiece(path.read_bytes().decode())
    codec = Subwords.from_pieces([piece])
    events = codec.encode(piece)

    assert codec.decode(events) == piece
    assert len(codec.joins) == 2048
    assert len(events) < 0.4 * len(Characters.from_pieces([piece]).encode(piece))
