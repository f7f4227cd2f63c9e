"""Subtitles: running text to learn, and each cue with its times for those who ask."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.subtitles import parse

SRT = """\
1
00:00:01,000 --> 00:00:02,500
The boats <i>are late</i>,
and so

2
00:00:02,600 --> 00:00:04,000 X1:40 X2:600
{\\an8}is the tide.

3
00:00:04,100 --> 00:00:06,000
- Who says so?
- I do. <3

4
00:00:20,000 --> 00:00:22,000
42
"""


def read(text: str, name: str = "a.srt") -> Document:
    document = parse(text, name)
    assert document is not None
    return document


def said(document: Document) -> str:
    return " ".join(document.notes)


def cues(*texts: str, gap: float = 0.1) -> str:
    blocks, at = [], 0.0
    for number, text in enumerate(texts, 1):
        start, at = at, at + 2.0
        blocks.append(f"{number}\n{clock(start)} --> {clock(at)}\n{text}\n")
        at += gap
    return "\n".join(blocks)


def clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}:{seconds % 60:06.3f}".replace(".", ",")


def test_cues_become_running_text_without_numbers_times_and_tags() -> None:
    document = read(SRT)

    assert ("The boats are late, and so is the tide.\n- Who says so?\n- I do. <3\n42",) == document.texts
    assert "Took out tags of style (2), tags of position (1)." in said(document)
    assert "subtitles (SRT)" == document.form


def test_each_cue_is_a_record_with_its_times() -> None:
    assert (
        {"start": "00:00:01,000", "end": "00:00:02,500", "text": "The boats are late,\nand so"},
        {"start": "00:00:02,600", "end": "00:00:04,000", "text": "is the tide."},
        {"start": "00:00:04,100", "end": "00:00:06,000", "text": "- Who says so?\n- I do. <3"},
        {"start": "00:00:20,000", "end": "00:00:22,000", "text": "42"},
    ) == read(SRT).records


def test_web_subtitles_are_read_without_their_asides() -> None:
    document = read(
        "\ufeffWEBVTT - Boats\nKind: captions\n\nSTYLE\n::cue {color: red}\n\nNOTE\nby Ana --> not a cue\n\n"
        "opening\n00:01.000 --> 00:02.000 align:start position:0%\n<v.loud Ana Ruiz>Fish &amp; <c.red>chips</c>.\n\n"
        "01:00:02.000 --> 01:00:03.000\n<v Ben>At <00:01.500>ten.</v>\n",
        "a.vtt",
    )

    assert ("Fish & chips.\nAt ten.",) == document.texts
    assert ["Ana Ruiz", "Ben"] == [record["speaker"] for record in document.records]
    assert "subtitles (WebVTT)" == document.form


def test_a_sentence_goes_on_only_over_a_short_silence() -> None:
    assert "I never\nThe boats." == read(cues("I never", "The boats.", gap=10)).texts[0]


def test_where_nothing_ends_as_sentences_do_each_cue_is_a_line() -> None:
    chinese = [f"第{n}隻船" for n in "一二三四五六七八"]

    assert "\n".join(chinese) == read(cues(*chinese)).texts[0]


def test_signs_without_spaces_are_joined_without_one() -> None:
    assert "船はまだ来ない。\n誰がそう言う？" == read(cues("船は", "まだ来ない。", "誰がそう言う？")).texts[0]


def test_captions_that_roll_up_the_screen_are_read_once() -> None:
    said_lines = [f"and line {n} of it" for n in range(12)]
    rolling = [f"{before}\n{line}" for before, line in zip(["and so it begins", *said_lines], said_lines, strict=False)]
    document = read(cues(*rolling, gap=0.0))

    assert "\n".join(["and so it begins and line 0 of it", *said_lines[1:]]) == document.texts[0]
    assert "only stayed on the screen from before (11)" in said(document)


def test_a_song_that_repeats_a_line_keeps_it() -> None:
    assert 2 == read(cues("La la la.", "La la la.", *[f"Line {n}." for n in range(9)])).texts[0].count("La la la.")


def test_careless_files_are_read_as_they_are_meant() -> None:
    """Without numbers, with empty lines in a cue, with dots for commas, with old line ends."""
    document = read(
        "0:1.5 --> 0:2.5\r\nOne\r\n\r\ntwo.\r\n\r\n0:3.0->0:4.0\r\nThree.\\NFour.\r\n7\r\n0:5.0 --> 0:6.0\r\nFive."
    )

    assert "One two.\nThree. Four.\nFive." == document.texts[0]


@pytest.mark.parametrize(
    "text", ["", "\n", "Once upon a time --> there was\n", "WEBVTT\n\nNOTE x\n", "1\n00:00:01,000 --> 00:00:02,000\n"]
)
def test_a_file_without_cues_is_none(text: str) -> None:
    assert parse(text, "a.srt") is None


@pytest.mark.parametrize(
    "text",
    [
        "0:1.0 --> 0:2.0\n" + "<i>" * 300_000,
        "0:1.0 --> 0:2.0\n" + "x\n" * 300_000,
        "0:1.0 --> 0:2.0\nx\n" * 50_000,
        "0:1.0 --> 0:2.0\n" + "{\\" * 200_000 + "x",
        "0:1.0 --> 0:2.0\n" + "<v " * 200_000 + "x",
        "0:1.0 --> 0:2.0\nx" + " " * 500_000 + "y",
        ("0:1.0 --> 0:2.0\n" + "x\n" * 3000 + "\n") * 60,
        "0" * 500_000 + ":1.0 --> 0:2.0\nx",
        "-" * 500_000 + ">",
    ],
    ids=["tags", "lines", "cues", "braces", "voices", "spaces", "long cues", "digits", "dashes"],
)
def test_hostile_subtitles_end(text: str) -> None:
    document = parse(text, "a.srt")

    assert document is None or document.texts[0].strip()


WORDS = st.text(st.sampled_from("abc ä船"), min_size=1, max_size=12).map(str.strip).filter(bool)


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_every_word_of_every_cue_is_in_the_running_text(texts: list[str]) -> None:
    document = read(cues(*texts))

    assert "".join("".join(texts).split()) == "".join(document.texts[0].split())
    assert [" ".join(text.split()) for text in texts] == [record["text"] for record in document.records]


PIECES: list[str] = ["0:1.0 --> 0:2.0\n", "WEBVTT\n", "NOTE", "\n", "\n\n", "1\n", "<v Ana>", "<i>", "</i>", "{\\an8}",
                     "- ", "x.", "&amp;", "\\N", "-->", "\0", "\ud800", "<", "{", "STYLE", " "]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_text_is_too_odd_for_subtitles(text: str) -> None:
    document = parse(text, "a.vtt")
    if document is not None:
        values: list[Any] = [value for record in document.records for value in record.values()]
        assert all(value and not set("\0\ud800") & set(value) for value in [*values, *document.texts])


def test_subtitles_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(3)
    for _ in range(800):
        letters = list(SRT)
        for _ in range(dice.randint(1, 12)):
            letters[dice.randrange(len(letters))] = dice.choice("\n:,.-><{}\\ 19a&")
        document = parse("".join(letters), "a.srt")
        assert document is None or document.texts[0].strip()
