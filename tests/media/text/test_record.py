"""A record as a piece: what it reads like, which forms it is learned in, and what cannot be one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from undersong.errors import PromptError
from undersong.media.text.piece import text_of
from undersong.media.text.record import RecordPiece

LAMP = RecordPiece({"word": "lamp", "part": "noun", "definition": "a light that is kept"})


def test_a_record_reads_like_an_entry() -> None:
    """One line where all is one line; under names where a text has several."""
    recipe = RecordPiece({"title": "Soup", "ingredients": "water\nsalt", "note": ""})

    assert "lamp  noun  a light that is kept" == str(LAMP)
    assert "title: Soup\ningredients:\n  water\n  salt" == str(recipe)


def test_a_record_is_an_object_in_json() -> None:
    """Its fields by name; `text` is what it reads like, as for other texts."""
    assert {"word": "lamp", "part": "noun", "definition": "a light that is kept"} == LAMP.to_json()
    assert {"text": str(LAMP)} == LAMP.json_fields()


def test_a_record_is_written_in_several_forms() -> None:
    """As words, as JSON, as a page."""
    assert str(LAMP).encode() == LAMP.to_bytes(".txt")
    assert LAMP.to_json() == json.loads(LAMP.to_bytes(".json"))
    assert LAMP.to_bytes(".HTML").startswith(b"<!doctype html>")


def test_each_field_comes_first_in_one_variant() -> None:
    """As it is, then with each other field in front; the rest keeps its order."""
    orders = [variant.order for variant in LAMP.variants()]

    assert [("word", "part", "definition"), ("part", "word", "definition"), ("definition", "word", "part")] == orders
    assert all(variant.fields == LAMP.fields for variant in LAMP.variants())


def test_a_text_in_fields_is_read_in_the_order_it_is_said() -> None:
    """A line for each field, without names."""
    assert "noun\nlamp" == text_of(RecordPiece({"word": "lamp", "part": "noun"}, ("part", "word")))


def test_records_are_equal_by_what_they_say_and_in_which_order() -> None:
    """However the mapping was made."""
    one, other = RecordPiece({"a": "1", "b": "2"}), RecordPiece({"b": "2", "a": "1"}, ("a", "b"))

    assert one == other
    assert 1 == len({one, other})
    assert one != one.variants()[1]


@pytest.mark.parametrize(
    ("fields", "order", "words"),
    [
        ({"": "x"}, (), "cannot be the name"),
        ({"x" * 41: "x"}, (), "1 to 40 characters"),
        ({"a\nb": "x"}, (), "nobody can see"),
        ({"   ": "x"}, (), "nobody can see"),
        ({"word": "half \ud800"}, (), "half a character"),
        ({"word": 7}, (), "holds int, not a text"),
        ({"word": "x"}, ("word", "word"), "is not one of the fields word"),
        ({"word": "x"}, ("part",), "is not one of the fields word"),
    ],
)
def test_what_cannot_be_a_record_is_refused(fields: Any, order: Any, words: str) -> None:
    """By what is wrong with it."""
    with pytest.raises(PromptError, match=words):
        RecordPiece(fields, order)
