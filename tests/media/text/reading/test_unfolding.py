"""JSON and JSON lines of any shape: what becomes a record, what a text, and what is left out and said."""

from __future__ import annotations

import gzip
import json
import random
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InputError, UnreadableFileError
from undersong.media.text.reading import fields, unfolding
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.unfolding import parse_json, parse_jsonl

DATA = Path(__file__).parents[5] / "shared" / "data"


def unfolded(value: Any, name: str = "a.json") -> Document:
    document = parse_json(json.dumps(value, ensure_ascii=False), name)
    assert document is not None
    return document


def shared(name: str) -> str:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout (../shared/data)")
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")


def said(document: Document) -> str:
    return " ".join(document.notes)


# ── JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_of_objects_is_a_list_of_records() -> None:
    document = unfolded([{"title": "Calm", "year": 1901, "good": True, "note": None}, {"title": "Storm", "year": 2.50}])

    assert ({"title": "Calm", "year": "1901", "good": "true"}, {"title": "Storm", "year": "2.5"}) == document.records
    assert "{title}" == document.template


def test_an_inner_list_of_objects_is_unfolded_and_repeats_what_stands_around_it() -> None:
    document = unfolded(
        [
            {
                "word": "bay",
                "meanings": [
                    {"def": "a colour", "speech_part": "adjective"},
                    {"def": "a part of the sea", "labels": [{"name": "sea"}, {"name": "coast"}]},
                ],
                "by": {"name": "Ana", "at": {"town": "Altmar"}},
            },
            {"word": "alone"},
        ]
    )
    around = {"word": "bay", "by.name": "Ana", "by.at.town": "Altmar"}

    assert (
        {**around, "meanings.def": "a colour", "meanings.speech_part": "adjective"},
        {**around, "meanings.def": "a part of the sea", "meanings.labels.name": "sea"},
        {**around, "meanings.def": "a part of the sea", "meanings.labels.name": "coast"},
        {"word": "alone"},
    ) == document.records


def test_two_lists_beside_each_other_are_unfolded_one_after_the_other() -> None:
    document = unfolded([{"name": "tide", "a": [{"x": "1"}, {"x": "2"}], "b": [{"y": "3"}]}])

    assert (
        {"name": "tide", "a.x": "1"},
        {"name": "tide", "a.x": "2"},
        {"name": "tide", "b.y": "3"},
    ) == document.records


def test_a_list_of_strings_is_a_text_of_lines_and_lists_within_it_are_verses() -> None:
    document = unfolded([{"author": "Ana", "paragraphs": ["one", "two"], "stanzas": [["a", "b"], ["c"]], "empty": []}])

    assert ({"author": "Ana", "paragraphs": "one\ntwo", "stanzas": "a\nb\n\nc"},) == document.records


def test_objects_under_their_names_are_records_and_a_name_that_says_more_becomes_a_field() -> None:
    named = unfolded({"tide": {"word": "tide", "def": "what goes"}, "quay": {"word": "quay", "def": "where it goes"}})
    keyed = unfolded({"tide": {"def": "what goes"}, "quay": {"def": "where it goes"}})

    assert {"word": "tide", "def": "what goes"} == named.records[0]
    assert {"key": "tide", "def": "what goes"} == keyed.records[0]


def test_a_long_object_of_plain_values_is_a_list_of_pairs_and_a_short_one_a_record() -> None:
    words = {f"word{chr(97 + n)}": f"meaning {n}" for n in range(25)}

    assert {"key": "worda", "value": "meaning 0"} == unfolded(words).records[0]
    assert ({"title": "Calm", "text": "No wind."},) == unfolded({"title": "Calm", "text": ["No wind."]}).records


def test_an_object_around_the_list_is_an_envelope_and_what_else_is_in_it_is_said() -> None:
    document = unfolded({"description": "Poems.", "data": {"poems": [{"lines": ["a", "b"]}], "tags": [{"t": "x"}][:0]}})

    assert ({"lines": "a\nb"},) == document.records
    assert "what stands around its list" in said(document)


def test_a_list_of_texts_is_a_list_of_texts() -> None:
    assert ("one", "two\nthree", "4") == unfolded(["one", "two\nthree", None, "", 4]).texts
    assert ("only this",) == unfolded("only this").texts


def test_a_list_of_lists_has_columns() -> None:
    assert ({"column 1": "Who?", "column 2": "Me."},) * 2 == unfolded([["Who?", "Me."], ["Who?", "Me."]]).records


@pytest.mark.parametrize("text", ["", "  \n", "[]", "{}", "null", "17", "[1, 2, 3]", "[[], {}]", "true", '""'])
def test_json_without_words_is_no_document(text: str) -> None:
    assert parse_json(text, "a.json") is None


def test_numbers_stand_as_they_are_written_however_large() -> None:
    digits = "9" * 6000
    document = parse_json(f'[{{"n": {digits}, "x": NaN, "y": -Infinity, "z": 1.10, "e": 1E400}}]', "a.json")

    assert document is not None
    assert {"n": digits, "x": "NaN", "y": "-Infinity", "z": "1.10", "e": "1E400"} == document.records[0]


def test_of_a_name_that_comes_twice_the_last_value_counts_and_that_is_said() -> None:
    document = parse_json('[{"a": "one", "a": "two"}]', "a.json")

    assert document is not None
    assert ({"a": "two"},) == document.records
    assert "whose name came again in the same object (1)" in said(document)


def test_half_characters_and_nothings_in_json_are_taken_out() -> None:
    document = parse_json('[{"a": "x\\ud800y\\u0000\\r\\nz", "b\\udfff": "\\ud83d\\ude00"}]', "a.json")

    assert document is not None
    assert ({"a": "xy\nz", "b": "😀"},) == document.records


def what_came_of(text: str) -> str:
    try:
        document = parse_json(text, "deep.json")
    except UnreadableFileError as error:
        return error.what
    return said(document) if document else "nested too deeply to hold anything"


@pytest.mark.parametrize("depth", [40, 500, 100_000])
def test_deep_nesting_ends(depth: int) -> None:
    for text in ("[" * depth + '"x"' + "]" * depth, '{"a":' * depth + '"x"' + "}" * depth):
        assert "nested too deeply" in what_came_of(text) or depth < 100


def test_a_record_is_read_as_deep_as_people_write_and_what_is_below_is_counted() -> None:
    value: Any = {"x": "deep"}
    for _ in range(60):
        value = {"a": value, "b": "beside"}
    document = unfolded([value])

    assert "values nested too deeply (1)" in said(document)
    assert "beside" in document.records[0].values()


def test_keys_that_are_data_are_no_endless_list_of_fields() -> None:
    document = unfolded([{f"key {n}": "text" for n in range(5000)}])

    assert fields.MOST_FIELDS == len(document.records[0])
    assert "fields beyond the first 200" in said(document)


def test_more_values_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unfolding, "_PARTS", 1000)
    with pytest.raises(UnreadableFileError, match="more than 1,000 values"):
        parse_json(json.dumps([{}] * 2000), "a.json")
    with pytest.raises(UnreadableFileError, match="more than 1,000 values"):
        parse_jsonl("{}\n" * 2000, "a.jsonl")


def test_records_that_multiply_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "MOST_CELLS", 1000)
    wide = {f"f{n}": "x" for n in range(99)}
    document = unfolded([{**wide, "rows": [{"a": "y"}] * 500}])

    assert 10 == len(document.records)
    assert "Only its first 10 rows were read, not 490 more" in said(document)


def test_what_is_not_json_is_refused_with_its_place() -> None:
    with pytest.raises(UnreadableFileError, match=r"not proper JSON.*line 2, column 3"):
        parse_json('{"a": 1,\n  oops}', "a.json")


# ── JSON lines ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_that_are_not_json_are_left_out_counted_and_the_first_is_named() -> None:
    document = parse_jsonl('{"a": "x"}\n\n{"a": "y"}\noops\n{"a": "z"}\n{"a":\n', "a.jsonl")

    assert document is not None
    assert ({"a": "x"}, {"a": "y"}, {"a": "z"}) == document.records
    assert "lines that are not JSON (2), the first of them line 4" in said(document)


def test_a_file_that_is_mostly_not_json_lines_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="is not JSON lines: 2 of 3 lines are not JSON"):
        parse_jsonl('oops\n{"a": "x"}\nno\n', "a.jsonl")


def test_lines_of_json_are_read_also_where_the_file_is_called_json() -> None:
    document = parse_json('{"a": "x"}\n{"a": "y"}\n', "a.json")

    assert document is not None
    assert 2 == len(document.records)


# ── everything ─────────────────────────────────────────────────────────────────────────────────────────────────────

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=25,
)


@given(VALUES)
def test_every_plain_value_of_any_json_is_found_again(value: Any) -> None:
    """Nothing that can be read is lost on the way, but what stands around a list, and that is said."""
    document = parse_json(json.dumps(value), "a.json")
    if document is None or "what stands around" in said(document):
        return
    found = "\n".join([*document.texts, *(text for row in document.records for text in row.values())])
    lines = {line for text in _texts(value) for line in fields.as_text(text).split("\n")}
    assert {line for line in lines if line.strip()} <= set(found.split("\n"))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


@given(st.text(st.sampled_from('[]{}":,ab1 \n\\ud8-.eN'), max_size=80))
def test_no_text_is_too_odd_for_json(text: str) -> None:
    for parse in (parse_json, parse_jsonl):
        try:
            document = parse(text, "a.json")
        except InputError:
            continue
        assert document is None or document.texts or document.records


def test_json_that_was_spoiled_somewhere_never_crashes() -> None:
    dice = random.Random(4)
    whole = [
        json.dumps([{"word": "bay", "meanings": [{"def": "a colour"}, {"def": "a sea"}]}] * 3),
        '{"a": "x", "b": [1, 2]}\n' * 5,
    ]
    for _ in range(1000):
        letters = list(dice.choice(whole))
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(letters))
            letters[at] = dice.choice(string.printable + "\0\ufeff\ud800")
            if dice.random() < 0.3:
                del letters[at : at + dice.randint(1, 20)]
                letters = letters or ["x"]
        for parse in (parse_json, parse_jsonl):
            try:
                document = parse("".join(letters), "a")
            except InputError:
                continue
            for row in document.records if document else ():
                assert not any("\ud800" in text or "\0" in text for text in (*row.values(), *row))


# ── real files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dictionary_has_a_record_for_each_meaning() -> None:
    text = shared("dictionary_wordset/q.json.gz")
    document = parse_json(text, "q.json")
    meanings = [
        (entry["word"], meaning["def"]) for entry in json.loads(text).values() for meaning in entry.get("meanings", [])
    ]

    assert document is not None
    found = list(dict.fromkeys((row["word"], row["meanings.def"]) for row in document.records if "meanings.def" in row))
    assert list(dict.fromkeys((word, fields.as_text(meaning)) for word, meaning in meanings)) == found
    assert "meanings.speech_part" in document.records[0]
    assert "meanings.id" not in document.template


def test_poems_in_json_keep_their_lines() -> None:
    poems = json.loads(shared("chinese_poetry/tang300.json"))
    document = parse_json(shared("chinese_poetry/tang300.json"), "tang300.json")

    assert document is not None
    assert ["\n".join(poem["paragraphs"]) for poem in poems] == [row["paragraphs"] for row in document.records]
