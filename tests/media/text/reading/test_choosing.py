"""What a person asks of what was read: whose lines, which fields, which words not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InputError, RecipeError, TooLittleError
from undersong.events import Material
from undersong.media.text.reading.asked import Asked
from undersong.media.text.reading.choosing import Chosen, chosen
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.excluding import Exclusion
from undersong.media.text.reading.formats import Reading
from undersong.media.text.reading.naming import Letters, letter
from undersong.media.text.reading.reader import read
from undersong.media.text.records import RecordPiece

TALK = (
    {"speaker": "Ana Ruiz", "text": "Ben, are you there? @Ben!"},
    {"speaker": "Ben", "text": "Yes Ana, Bend over.", "time": "10:00"},
    {"text": "Ben left."},
    {"speaker": "Ana Ruiz", "text": "Secret PLAN tomorrow"},
)
CHAT = Document("a chat", records=TALK, template="{speaker}: {text}", sensitive=True)
WORDS = Document(
    "CSV",
    records=(
        {"word": "ebb", "part": "noun", "meaning": "going out"},
        {"word": "tide", "meaning": ""},
        {"part": "verb"},
    ),
    template="{word}\t{part}\t{meaning}",
)
PROSE = Document("plain text", ("The plan was secret.\nNobody knew.\n",))


def of(*documents: Document, **asked: Any) -> Chosen:
    found = [Reading(f"{number}.txt", document) for number, document in enumerate(documents)]
    return chosen(found, Asked.model_validate(asked))


def texts(result: Chosen) -> list[str]:
    return [piece.to_json() for piece in result.pieces]


def test_a_chat_is_running_text_by_its_template_and_comes_with_a_privacy_notice() -> None:
    result = of(CHAT)

    assert [
        "Ana Ruiz: Ben, are you there? @Ben!\nBen: Yes Ana, Bend over.\nBen left.\nAna Ruiz: Secret PLAN tomorrow\n"
    ] == texts(result)
    assert result.cut == "whole"
    for said in ("between people", "stays on this machine", "consent", "read.exclude"):
        assert any(said in note for note in result.notes)
    assert not of(PROSE).notes


def test_one_speaker_is_heard_alone() -> None:
    """Without regard to case, and without a name before every line."""
    result = of(CHAT, PROSE, speaker="ana ruiz")

    assert texts(result) == ["Ben, are you there? @Ben!\nSecret PLAN tomorrow\n"]
    assert "(2)" in result.notes[0]
    assert "(1)" in result.notes[1]
    assert texts(of(CHAT, speaker=["Ben", "Ana Ruiz"]))[0].startswith("Ana Ruiz: Ben,")
    assert texts(of(CHAT, speaker="Ben,Ana Ruiz")) == texts(of(CHAT, speaker=["Ben", "Ana Ruiz"]))


def test_an_unknown_speaker_is_answered_with_those_who_speak_most() -> None:
    with pytest.raises(InputError, match=r"(?s)'Anna'.*speak most: Ana Ruiz, Ben"):
        of(CHAT, speaker="Anna")
    with pytest.raises(InputError, match="Did you mean 'Ana Ruiz'"):
        of(CHAT, speaker="Ana Ruis")
    with pytest.raises(InputError, match="Nothing here says who speaks"):
        of(PROSE, speaker="Ana")


def test_fields_are_learned_as_records_and_one_field_as_pieces() -> None:
    result = of(WORDS, PROSE, fields="word, meaning")

    assert [{"word": "ebb", "meaning": "going out"}, {"word": "tide"}] == texts(result)
    assert all(isinstance(piece, RecordPiece) for piece in result.pieces)
    assert result.cut == "record"
    assert "lack word and meaning (1)" in result.notes[-1]
    assert texts(of(WORDS, field="word")) == ["ebb", "tide"]
    nested = Document("JSON", records=({"word": "ebb", "meanings.def": "out"},))
    assert texts(of(nested, fields="word,def")) == [{"word": "ebb", "def": "out"}]
    assert texts(of(nested, template="{def}: {word}")) == ["out: ebb\n"]
    assert of(WORDS, field="word").cut == "line"


def test_records_are_running_text_and_are_offered_as_records() -> None:
    result = of(WORDS)

    assert texts(result) == ["ebb\tnoun\tgoing out\ntide\t\nverb\t\n"]
    assert "read.fields=word,part,meaning" in result.notes[-1]
    assert texts(of(WORDS, template="{word} ({part})")) == ["ebb (noun)\ntide (\nverb)\n"]


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"fields": "wrd"}, InputError, "Did you mean 'word'"),
        ({"field": "colour"}, InputError, "There are: word, part, meaning, a.x"),
        ({"template": "{colour}"}, InputError, "'colour'"),
        ({"field": "x"}, InputError, "'a.x' or 'b.x'"),
        ({"template": "no field"}, RecipeError, "names no field"),
        ({"fields": "word", "field": "word"}, RecipeError, "Choose one"),
        ({"template": "{word}", "field": "word"}, RecipeError, "Choose one"),
    ],
)
def test_what_cannot_be_chosen_is_refused(asked: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        of(WORDS, Document("JSON", records=({"a.x": "1", "b.x": "2"},)), **asked)


def test_fields_of_a_plain_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing that was read has fields"):
        of(PROSE, fields="word")
    path = tmp_path / "words.json"
    path.write_text(json.dumps([{"word": "ebb" * 30, "meaning": "x"}, {"word": "tide" * 30, "meaning": "y"}]))

    assert 2 == len(read([path], asked={"fields": ["word"]}).pieces)
    with pytest.raises(
        RecipeError, match=r"\[read\] has a key that means nothing: 'feilds'. *\n *Did you mean 'fields'"
    ):
        read([path], asked={"feilds": "word"})


# ── exclusion ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_and_records_that_hold_a_word_are_left_out_and_it_is_never_said() -> None:
    result = of(CHAT, PROSE, exclude=["secret   plan", "nobody"])

    assert "PLAN" not in texts(result)[0]
    assert texts(result)[1:] == ["The plan was secret.\n"]
    notes = " ".join(result.notes)
    assert "1 lines, 1 records" in notes
    for word in ("secret", "plan ", "nobody"):
        assert word not in notes.lower()


@pytest.mark.parametrize(
    ("word", "text", "kept"),
    [
        ("ana", "banana\nAna's\nANA\n", "banana\n"),
        ("new york", "in New\nYork city\nelsewhere\n", "elsewhere\n"),
        ("don't", "I don’t\nok", "ok"),
        ("é", "e\u0301\né\ne", "e"),
        ("straße", "STRASSE\nx", "x"),
        ("/b.d/", "bad\nBUD\nbaad", "baad"),
        ("東京", "私は東京にいる\n京都", "京都"),
        ("b", "a\nb", "a\n"),
    ],
)
def test_a_word_is_found_as_people_write_it(word: str, text: str, kept: str) -> None:
    """In any case, across the end of a line, however its accents and apostrophes are written; not inside others."""
    assert kept == Exclusion([word]).without_lines(text)[0]


def test_an_expression_that_is_none_is_refused_without_its_words() -> None:
    with pytest.raises(RecipeError, match="number 2") as refused:
        Exclusion(["word", "/fine/", "/(hidden/"])

    assert "hidden" not in str(refused.value)


def test_an_expression_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undersong.media.text.reading.excluding._MOST_SECONDS", 0.2)
    with pytest.raises(RecipeError, match="more simply"):
        Exclusion([r"/(?:a|a|b)+(?:a|a)+(?:a|aa)+c/"]).without_lines("a" * 5_000 + "d")


@given(st.lists(st.text(min_size=1, max_size=8), max_size=5), st.text(max_size=200))
def test_after_excluding_nothing_is_found_any_more(words: list[str], text: str) -> None:
    exclusion = Exclusion([word for word in words if not word.startswith("/")])
    kept, count = exclusion.without_lines(text)

    assert (kept == text) == (count == 0)
    assert exclusion.without_lines(kept)[1] == 0 or "\n" in kept  # two lines that are neighbours now may hold a phrase


def test_a_line_without_an_end_is_left_out_in_one_look() -> None:
    """Each find in it would look for its two ends again."""
    assert Exclusion(["secret"]).without_lines("secret " * 300_000 + "\nok") == ("ok", 1)


def test_a_material_of_which_nothing_is_left_is_too_little(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("secret\n" * 100)
    with pytest.raises(TooLittleError, match="no text") as refused:
        read([path], asked={"exclude": "secret"})

    assert "secret" not in str(refused.value)


# ── letters for names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_speakers_become_letters_also_where_they_are_mentioned() -> None:
    result = of(CHAT, names="letters")

    assert texts(result) == ["A: B, are you there? @B!\nB: Yes A, Bend over.\nB left.\nA: Secret PLAN tomorrow\n"]
    assert any("A … B" in note and "(4)" in note for note in result.notes)


def test_letters_in_scripts_without_spaces_and_names_without_words() -> None:
    letters = Letters(["张伟", "🦑🦑", "+44 7700 900123", "Li"])

    assert "我认识A吗" == letters.instead({"text": "我认识张伟吗"})["text"]
    assert "B C D Lift" == letters.instead({"text": "🦑🦑 +44 7700 900123 Li Lift"})["text"]


def test_letters_go_on_after_z() -> None:
    assert [letter(number) for number in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_a_material_tells_how_it_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "chat.json"
    talk = [{"type": "message", "date": "2020", "from": name, "text": f"hello {name} " * 20} for name in ("Ana", "Ben")]
    path.write_text(json.dumps({"name": "x", "messages": talk}))
    material: Material = read([path], asked={"speaker": "Ana"})

    assert material.cut == "whole"
    assert "Ben" not in str(material.pieces[0])
