"""Fountain: elements as its rules have them, and text that gives the same elements again."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading import screenplays
from undersong.media.text.reading.fountain import elements, looks_like_fountain, played, written
from undersong.media.text.reading.screenplays import parse

DATA = Path(__file__).parents[5] / "shared" / "data"
ANTHOLOGY = Path(screenplays.__file__).parents[1] / "anthology"

HARBOUR = """\
Title: **The Harbour**
Author: Ana Ruiz
Contact:
    4 Harbour Street
    ana@example.org
Draft date: 1 January

# Act One

= The boats are late.

INT. HARBOUR OFFICE - NIGHT #1#

Rain. BEN, 40, counts boats [[how many?]] on his fingers.
He stops.

BEN (V.O.)
(quietly)
They are late.
All of them.

ANA (CONT'D) ^
~La la la
And the tide?

/* She never says this.

ANA
No.
*/

@McAvoy
Gone.

.ON THE QUAY

!THE LIGHT GOES OUT

> MIDNIGHT <

CUT TO:

EXT. SEA - DAY

> Fade slowly.

===

The end.
"""

ELEMENTS = [
    ("title", "Title: **The Harbour**"),
    ("title", "Author: Ana Ruiz"),
    ("title", "Contact:"),
    ("title", "    4 Harbour Street"),
    ("title", "    ana@example.org"),
    ("title", "Draft date: 1 January"),
    ("section", "# Act One"),
    ("synopsis", "The boats are late."),
    ("scene", "INT. HARBOUR OFFICE - NIGHT #1#"),
    ("action", "Rain. BEN, 40, counts boats on his fingers.\nHe stops."),
    ("character", "BEN (V.O.)"),
    ("parenthetical", "(quietly)"),
    ("dialogue", "They are late.\nAll of them."),
    ("character", "ANA (CONT'D) ^"),
    ("lyric", "La la la"),
    ("dialogue", "And the tide?"),
    ("character", "McAvoy"),
    ("dialogue", "Gone."),
    ("scene", "ON THE QUAY"),
    ("action", "THE LIGHT GOES OUT"),
    ("centred", "MIDNIGHT"),
    ("transition", "CUT TO:"),
    ("scene", "EXT. SEA - DAY"),
    ("transition", "Fade slowly."),
    ("page break", ""),
    ("action", "The end."),
]


def test_a_screenplay_is_taken_apart_by_the_rules_of_fountain() -> None:
    assert ELEMENTS == elements(HARBOUR)


def test_what_is_written_gives_the_same_elements_again() -> None:
    assert ELEMENTS == elements(written(elements(HARBOUR)))
    assert written(elements(HARBOUR)) == written(elements(written(elements(HARBOUR))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INT. HOUSE", [("scene", "INT. HOUSE")]),
        ("int. house - day", [("scene", "int. house - day")]),
        ("I/E CAR", [("scene", "I/E CAR")]),
        ("INTERIOR", [("action", "INTERIOR")]),
        ("He waits.\nINT. HOUSE", [("action", "He waits.\nINT. HOUSE")]),
        ("...and so", [("action", "...and so")]),
        ("ANA\n\nNo.", [("action", "ANA"), ("action", "No.")]),
        ("23\nNo.", [("action", "23\nNo.")]),
        ("R2D2\nBeep.", [("character", "R2D2"), ("dialogue", "Beep.")]),
        ("ANA (on the radio)\nNo.", [("character", "ANA (on the radio)"), ("dialogue", "No.")]),
        ("ÉLODIE\nNon.", [("character", "ÉLODIE"), ("dialogue", "Non.")]),
        ("ANA\nOne.\n  \nTwo.", [("character", "ANA"), ("dialogue", "One.\n\nTwo.")]),
        ("ANA\nINT. HOUSE", [("character", "ANA"), ("dialogue", "INT. HOUSE")]),
        ("    ANA\n  No.", [("character", "ANA"), ("dialogue", "No.")]),
        ("CUT TO:\nHe waits.", [("character", "CUT TO:"), ("dialogue", "He waits.")]),
        ("FADE IN:", [("action", "FADE IN:")]),
        ("Note: he waits", [("title", "Note: he waits")]),
        ("    He waits,\n        far off.", [("action", "    He waits,\n        far off.")]),
        ("[[a\nb]]\nHe waits.", [("action", "He waits.")]),
        ("ANA\n[[softer?]]\nNo.", [("character", "ANA"), ("dialogue", "No.")]),
        ("[[a\n\nb]]", [("action", "[[a"), ("action", "b]]")]),
        ("/* He waits.", [("action", "/* He waits.")]),
        ("/[[x]]* a */", [("action", "/ * a */")]),
        ("", []),
    ],
)
def test_each_line_is_what_its_place_and_its_marks_make_it(text: str, expected: list[tuple[str, str]]) -> None:
    assert expected == elements(text)


PIECES = ["INT. HOUSE - DAY", "EXT X", "\n", "\n", "\n\n", "  ", "ANA", "BEN (V.O.)", "bob", "(softly)", "Hello there.",
          "!", "@", ">", "<", "~", "#", "=", "===", "CUT TO:", "/*", "*/", "[[", "]]", ".", "^", "Title: x",
          "Contact: y", "    ", "\t", "É", "ß", "ŉ", "\0", "*", "/", "[", "]", "a", "1", "\u2028",
          "\x0b", "\x85", "\r"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_that_is_written_gives_the_same_elements_again(text: str) -> None:
    """So whatever is learned from a screenplay, and played, is read as it was meant."""
    found = elements(text)

    assert found == elements(written(found))


def test_whatever_is_said_is_written_as_a_speech_that_parses() -> None:
    """As played records are: names without capitals, speeches with empty lines."""
    found = written(
        [("character", "李白"), ("dialogue", "\none\n\n \ntwo\n"), ("character", "Ana\nRuiz"), ("dialogue", "so")]
    )

    assert [
        ("character", "李白"),
        ("dialogue", "one\n\n\ntwo"),
        ("character", "Ana Ruiz"),
        ("dialogue", "so"),
    ] == elements(found)


def test_a_screenplay_is_learned_as_fountain_without_what_is_not_played() -> None:
    document = parse(HARBOUR, "harbour.fountain")

    assert document is not None
    text = document.texts[0]
    assert elements(text) == [
        element for element in ELEMENTS if "Contact" not in element[1] and "    " not in element[1][:4]
    ]
    for gone in ("Harbour Street", "never says", "how many"):
        assert gone not in text
    assert "INT. HARBOUR OFFICE - NIGHT #1#\n\nRain." in text
    assert "BEN (V.O.)\n(quietly)\nThey are late.\nAll of them.\n\nANA (CONT'D) ^" in text
    notes = " ".join(document.notes)
    for said in (
        "struck out, /* … */ (1)",
        "notes, [[ … ]] (1)",
        "where the author lives (3)",
        "3 scenes, in which 3 people",
    ):
        assert said in notes


def test_the_dialogue_of_a_screenplay_is_there_to_choose_speakers_from() -> None:
    document = parse(HARBOUR, "harbour.fountain")

    assert document is not None
    assert (
        {"speaker": "BEN", "text": "They are late.\n  All of them."},
        {"speaker": "ANA", "text": "La la la\n  And the tide?"},
        {"speaker": "McAvoy", "text": "Gone."},
    ) == document.records
    assert "{speaker}: {text}" == document.template


@pytest.mark.parametrize(
    "text", ["", "\n \n", "Once upon a time.\n\nThere was a sea.", "[[only a note]]", "/* INT. HOUSE */"]
)
def test_a_text_that_is_no_screenplay_is_none(text: str) -> None:
    assert parse(text, "a.fountain") is None


def test_a_screenplay_is_known_by_its_scenes_and_speakers() -> None:
    assert looks_like_fountain(HARBOUR)
    assert not looks_like_fountain(HARBOUR.replace("INT.", "A room,").replace("EXT.", "The sea,"))


def texts_that_are_no_screenplays() -> list[Path]:
    found = sorted(ANTHOLOGY.glob("*.txt"))
    for place in ("tinyshakespeare", "poetry_english", "pride_and_prejudice", "irc_chat", "sonnets"):
        found += sorted(path for path in (DATA / place).glob("*") if path.suffix in (".txt", ".json"))
    return found


@pytest.mark.parametrize("path", texts_that_are_no_screenplays(), ids=lambda path: path.name)
def test_books_poems_and_plays_are_not_taken_for_screenplays(path: Path) -> None:
    assert not looks_like_fountain(path.read_text("utf-8", "replace")[: 1 << 16])


def test_stage_plays_and_code_are_not_taken_for_screenplays() -> None:
    assert not looks_like_fountain("ACT ONE\n\nHAMLET.\nWords.\n\nPOLONIUS.\nWhat?\n\n" * 9)
    assert not looks_like_fountain("\nint main(void)\n{\n}\n\nint other(int x)\n\nMACRO\nx\n" * 9)


HOSTILE = {
    "notes": "[[", "boneyards": "/*", "notes cut short": "[[ a\n\n", "brackets": "(", "cues": "A((",
    "empty brackets": "A ()", "names": "ANA\n", "names apart": "ANA\n\n", "marks": ">", "sections": "#",
    "headings": "INT. ", "held speeches": "ANA\nx\n  \n", "lines": "x\n", "spaces": " ", "nothing": "\0",
    "struck out": "/**/",
    "titles": "Title:\n", "lyrics": "~x\n", "returns": "\r", "equals": "=", "one line": "a ",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_screenplays_are_read_in_a_time_that_grows_with_them(text: str) -> None:
    """Eight times as much takes some eight times as long, not sixty-four."""
    short, long = (_seconds(text * (size // len(text))) for size in (40_000, 320_000))

    assert long < 40 * short + 0.5


def _seconds(text: str) -> float:
    best = float("inf")
    for _ in range(2):
        before = time.process_time()
        written(elements("ANA\n" + text))
        elements(text)
        played(text)
        best = min(best, time.process_time() - before)
    return best


def test_screenplays_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(2)
    for _ in range(500):
        letters = list(HARBOUR)
        for _ in range(dice.randint(1, 15)):
            letters[dice.randrange(len(letters))] = dice.choice("\n!@>.<~#=/*[]() aA\0\ud800")
        document = parse("".join(letters), "a.fountain")
        if document is not None:
            assert elements(document.texts[0]) == elements(written(elements(document.texts[0])))
            assert not set("\0\ud800") & set(document.texts[0])
