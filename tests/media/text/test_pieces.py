"""Names, headlines and poems: what is taken for many short pieces, what only may be, and how they are cut."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from undersong.errors import RecipeError
from undersong.events import Material
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.record import RecordPiece

DATA = Path(__file__).parents[4] / "shared" / "data"


def material(*texts: str) -> Material:
    return Material(tuple(map(TextPiece, texts)), tuple(f"{n}.txt" for n in range(len(texts))))


def cut(text: str, how: str = "auto") -> Material:
    return Text().cut(material(text), how)


def words(count: int, seed: int = 1) -> list[str]:
    """Words that nobody has, no two alike."""
    dice = np.random.default_rng(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    return list(dict.fromkeys("".join(dice.choice(syllables, 3)) for _ in range(2 * count)))[:count]


def headlines(count: int) -> list[str]:
    dice, known = np.random.default_rng(2), words(300)
    return [" ".join(dice.choice(known, dice.integers(4, 11))).capitalize() for _ in range(count)]


def stanzas(count: int) -> str:
    lines = iter(headlines(4 * count))
    return "\n\n".join(",\n".join(next(lines)[:40] for _ in range(4)) + "." for _ in range(count))


# ── how a text is cut ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        ("line", ["Ada", "---", "Grace", "Hopper"]),
        ("blank-line", ["  Ada \n---", "Grace\nHopper"]),
        ("---", ["  Ada", "Grace\nHopper"]),
        ("whole", ["\n  Ada \n---\n\n\t\nGrace\nHopper\n\n"]),
        ("file", ["\n  Ada \n---\n\n\t\nGrace\nHopper\n\n"]),
    ],
)
def test_a_text_is_cut_as_it_is_asked_for(how: str, parts: list[str]) -> None:
    """Empty lines around a piece are no part of it, nor spaces at its end; how far it is indented is, but in a list."""
    found = cut("\n  Ada \n---\n\n\t\nGrace\nHopper\n\n", how)

    assert parts == [str(piece) for piece in found.pieces]
    assert how == found.cut


def test_every_file_is_cut_by_itself() -> None:
    """No piece reaches over the end of a file."""
    found = Text().cut(material("Ada\nGrace", "Katherine\n"), "line")

    assert ["Ada", "Grace", "Katherine"] == [str(piece) for piece in found.pieces]
    assert ("0.txt", "1.txt") == found.sources


def test_a_line_that_parts_nothing_is_refused() -> None:
    """So is a misspelled word: the error lists those there are."""
    with pytest.raises(RecipeError, match=r"No line of the material is 'lines'") as refused:
        cut("Ada\nGrace\n", "lines")
    assert "auto, whole, file, line, blank-line" in refused.value.do


# ── what came as pieces already ────────────────────────────────────────────────────────────────────────────────────


def records(*fields: dict[str, str]) -> Material:
    return Material(tuple(map(RecordPiece, fields)), ("table.csv",), cut="record")


@pytest.mark.parametrize("how", ["auto", "whole", "file", "line", "blank-line", "record"])
def test_records_stay_as_they_are(how: str) -> None:
    """However anything else would be cut; a field that one of them lacks is an empty one."""
    found = Text().cut(records({"word": "a\n\nb", "part": "noun"}, {"word": "c"}), how)

    assert "record" == found.cut
    assert [{"word": "a\n\nb", "part": "noun"}, {"word": "c", "part": ""}] == [
        piece.to_json() for piece in found.pieces
    ]


def test_what_holds_no_records_has_none() -> None:
    """And records are not parted by a line."""
    with pytest.raises(RecipeError, match="no records in the material"):
        cut("Ada\nGrace", "record")
    with pytest.raises(RecipeError, match="Records are not cut by '---'"):
        Text().cut(records({"word": "a"}), "---")


@pytest.mark.parametrize(("how", "parts"), [("auto", 2), ("line", 2), ("whole", 1)])
def test_a_list_that_was_read_as_one_stays_a_list(how: str, parts: int) -> None:
    """A column of a table, for one; unless it is asked for as one long text."""
    read = Material((TextPiece("Ada"), TextPiece("Grace\nHopper")), ("table.csv",), cut="line")
    found = Text().cut(read, how)

    assert parts == len(found.pieces)
    assert "Ada\nGrace\nHopper" == "\n".join(str(piece) for piece in found.pieces)


# ── what is recognised ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("parted", ["\n", "\n\n"], ids=["close", "with blank lines"])
@pytest.mark.parametrize("make", [words, headlines])
def test_a_list_of_names_or_headlines_is_learned_as_pieces(make: Callable[[int], list[str]], parted: str) -> None:
    """And it is said how to have it as one long text."""
    pieces = make(150)
    found = cut(parted.join(pieces) + "\n")

    assert ("line", pieces) == (found.cut, [str(piece) for piece in found.pieces])
    assert "--set pieces=whole" in found.notes[-1]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (headlines(90), "too few to be sure"),
        ([line + "," for line in headlines(150)], "they go on"),
        (["  " + line for line in headlines(150)], "indented, as code and verse are"),
        (["<ada> " + line for line in headlines(150)], "somebody says them"),
        ([line[:38].ljust(36, "x") for line in headlines(150)], "all of a length, as verse is and broken prose"),
        ([line.lower() for line in headlines(150)], "begun in mid-sentence, as broken prose is"),
        (words(20) * 20, "the same few, as words of a text are"),
        ([f"{name}\t{name}" for name in words(150)], "a table"),
        ([line * 3 for line in headlines(150)], "paragraphs"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_may_belong_together_stays_whole(lines: list[str], why: str) -> None:
    """When unsure it is one long text, and nothing is said or it is only offered."""
    assert "whole" == cut("\n".join(lines)).cut


def test_sentences_one_a_line_are_offered() -> None:
    """They may be captions or a story; a person knows."""
    found = cut("\n".join(line + "." for line in headlines(150)))

    assert ("whole", 1) == (found.cut, len(found.pieces))
    assert "--set pieces=line" in found.notes[-1]


def test_poems_between_blank_lines_are_offered() -> None:
    """They are learned as one long text until somebody asks."""
    found = cut(stanzas(30))

    assert ("whole", 1) == (found.cut, len(found.pieces))
    assert "Blank lines part it into 30 pieces" in found.notes[-1]
    assert "--set pieces=blank-line" in found.notes[-1]


def test_poems_between_lines_that_only_part_are_offered_with_that_line() -> None:
    """In quotes, for a shell would take it for something else."""
    found = cut("\n***\n".join(stanzas(2) for _ in range(30)))

    assert "A line '***' parts it into 30 pieces" in found.notes[-1]
    assert "--set pieces='***'" in found.notes[-1]


def test_many_short_files_are_offered() -> None:
    """A folder of poems is one long text unless somebody says that each stands alone."""
    found = Text().cut(material(*(stanzas(3) for _ in range(25))), "auto")

    assert ("whole", 25) == (found.cut, len(found.pieces))
    assert "--set pieces=file" in found.notes[-1]


def test_nothing_is_no_list() -> None:
    """Blank lines alone are one piece, for the reader to refuse."""
    assert "whole" == cut("\n \n\n").cut


@pytest.mark.parametrize("voice", ["keeper", "bestiary", "tide"])
def test_a_voice_that_ships_is_one_long_text(voice: str) -> None:
    """A log, entries and songs: each goes on from the one before."""
    medium = Text()

    assert "whole" == medium.cut(medium.read(medium.builtin()[voice]), "auto").cut


# ── on works that people brought ───────────────────────────────────────────────────────────────────────────────────


def shared(name: str) -> str:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout (../shared/data)")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8", "replace").replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("names/names.txt", 32_033),
        ("clickbait/clickbait_data.gz", 15_999),
        ("clickbait/non_clickbait_data.gz", 16_001),
        ("torchrnn_british_placenames/towns.txt", 48_423),
    ],
)
def test_lists_that_people_learn_are_recognised(name: str, count: int) -> None:
    """Names, headlines, place names: each line a piece."""
    found = cut(shared(name))

    assert ("line", count) == (found.cut, len(found.pieces))


@pytest.mark.parametrize(
    "name",
    [
        "tinyshakespeare/input.txt", "pride_and_prejudice/1342-0.txt", "ml5_texts/bronte.txt", "wikitext2/valid.txt",
        "ptb/ptb.valid.txt", "persian_poetry/hafez.txt", "persian_poetry/khayyam.txt", "poetry_english/milton.txt",
        "poetry_english/housman.txt", "irc_chat/2005-07-29.train-c.raw.txt", "nottingham/abc/jigs.abc", "sst2/dev.tsv",
        "multi30k_captions/val.en.gz", "flickr8k_captions/Flickr8k.token.txt",
    ],
)  # fmt: skip
def test_plays_prose_verse_chats_tunes_and_captions_stay_whole(name: str) -> None:
    """Whatever may belong together is not taken apart unasked."""
    assert "whole" == cut(shared(name)).cut


def test_sonnets_are_offered_as_pieces() -> None:
    """154 of them between blank lines."""
    sonnets = json.loads(shared("sonnets/shakespeare_sonnets.json"))["sonnets"]
    found = cut("\n\n".join("\n".join(sonnet["lines"]) for sonnet in sonnets))

    assert "whole" == found.cut
    assert "Blank lines part it into 154 pieces" in found.notes[-1]
