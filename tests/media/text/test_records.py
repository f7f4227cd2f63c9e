"""Records: fields in any order, asked by any of them, ended when all is said; and nothing lost on the way."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from undersong_toy.walk import Walk

from undersong.errors import InstrumentFileError, PromptError, RecipeError
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.media.text.records import MOST_FIELDS, RecordPiece, Records
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words

UNITS = [Characters, Bytes, Words, Subwords]
every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.kind)

ENTRIES = [
    RecordPiece({"word": word, "part": part, "definition": definition})
    for word, part, definition in (
        ("lamp", "noun", "a light that is kept"),
        ("lamplight", "noun", "the light of a lamp"),
        ("keep", "verb", "to hold a light"),
        ("سفر", "اسم", "رفتن از جایی به جای دیگر"),
        ("eel", "noun", "a fish without an end 🐍"),
    )
]
LEXICON = ENTRIES * 3

names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40).filter(str.strip)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
records = st.dictionaries(names, texts, min_size=1, max_size=MOST_FIELDS).flatmap(
    lambda fields: st.permutations(list(fields)).map(lambda order: RecordPiece(fields, tuple(order)))
)


def codec_of(unit: Any = Characters, pieces: Any = LEXICON) -> Records:
    return Records.from_pieces(pieces, unit)


def shown(codec: Records, piece: Any) -> list[str]:
    return [codec.display(int(event)) for event in codec.encode(piece)]


# ── as symbols ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_field_opens_with_its_name_and_is_closed() -> None:
    """In the order of the record; the end is not among its events."""
    codec = codec_of()
    record = RecordPiece({"word": "eel", "part": "no"}, ("part", "word"))

    assert ["<part>", "n", "o", "<close>", "<word>", "e", "e", "l", "<close>"] == shown(codec, record)
    assert codec.end == codec.event.count - 1
    assert int(codec.start) == codec.event.count


def test_a_text_is_the_beginning_of_the_first_field() -> None:
    """Left open, so that it goes on; nothing is nothing."""
    codec = codec_of()

    assert ["<word>", "e", "e"] == shown(codec, TextPiece("ee"))
    assert [] == shown(codec, TextPiece(""))
    assert [] == shown(codec, RecordPiece({}))


@every_unit
@given(record=records)
def test_any_record_comes_back(unit: Any, record: RecordPiece) -> None:
    """In every unit, letter for letter, in its order; characters nobody ever saw and empty fields too."""
    codec = codec_of(unit, [record, *([ENTRIES[0]] if len(record.fields) < 4 else [])])
    back = codec.decode(codec.encode(record))

    assert record == back
    assert [name for name in codec.fields if name in record.fields] == list(back.fields)


@every_unit
@given(record=records)
def test_its_length_is_that_of_its_texts(unit: Any, record: RecordPiece) -> None:
    """In code points, after the last event as when it is measured."""
    codec = codec_of(unit, [record])
    events = codec.encode(record)
    progress = codec.progress(np.append(events, codec.end))

    assert sum(map(len, record.fields.values())) == codec.measure(record) == int(progress[-1])
    assert (np.diff(progress, prepend=0) >= 0).all()


@given(data=st.data())
def test_whatever_the_events_there_is_a_record(data: st.DataObject) -> None:
    """Or a text, also of symbols that no grammar would let follow one another; no character is lost."""
    codec = codec_of(Characters)
    events = np.array(data.draw(st.lists(st.integers(0, codec.end + 1), max_size=30)), np.int64)
    record = codec.decode(events)
    letters = [e for e in events.tolist() if codec._lead <= e < codec._lead + len(codec.inner.clusters)]

    assert isinstance(record, TextPiece) or set(record.fields) <= set(codec.fields)
    assert len(letters) <= codec.measure(record)
    assert len(events) == len(codec.progress(events))


def test_an_unfinished_field_is_kept_as_far_as_it_goes() -> None:
    """But for a character whose bytes are not all there."""
    codec = codec_of()
    events = codec.encode(RecordPiece({"word": "lamp", "part": "a🦊"}))

    assert {"word": "lamp", "part": "a"} == codec.decode(events[:-2]).to_json()
    assert {"word": "lam"} == codec.decode(events[:4]).fields


def test_events_from_the_middle_are_no_other_field() -> None:
    """What was cut off in front belongs to the first field that does not come later."""
    codec = codec_of()
    events = codec.encode(ENTRIES[0])

    assert {"word": "mp", "part": "noun", "definition": "a light that is kept"} == codec.decode(events[3:]).fields


def test_letters_alone_are_a_text() -> None:
    """Which is spelled as it was: so a letter that is new begins as the last of its bytes."""
    codec = codec_of()
    events = codec.encode(TextPiece("lamp"))

    assert TextPiece("amp") == codec.decode(events[2:])
    np.testing.assert_array_equal(events[2:], codec.encode(codec.decode(events[2:]))[1:])


def test_a_field_that_nobody_learned_is_refused() -> None:
    """With the one that was perhaps meant."""
    with pytest.raises(PromptError, match=r"no field 'defintion'.*\n.*'definition'"):
        codec_of().encode(RecordPiece({"defintion": "x"}))
    with pytest.raises(PromptError, match="Its fields: word, part, definition"):
        codec_of().encode(RecordPiece({"zz": "x"}))


def test_the_last_part_of_a_name_will_do() -> None:
    """Where it is one field's alone, and not itself the name of one."""
    codec = codec_of(pieces=[RecordPiece({"word": "a", "means.def": "b", "a.of": "c", "b.of": "d", "x.word": "e"})] * 3)

    assert {"means.def": "b", "word": "a"} == codec.decode(codec.encode(RecordPiece({"def": "b", "word": "a"}))).fields
    with pytest.raises(PromptError, match="no field 'of'"):
        codec.encode(RecordPiece({"of": "c"}))


def test_a_piece_of_another_medium_is_refused() -> None:
    """Clearly."""
    with pytest.raises(PromptError, match=r"walk\.v1"):
        codec_of().encode(Walk().prompt("[[0, 1]]"))


def test_symbols_that_are_none_are_refused() -> None:
    """By number."""
    codec = codec_of()
    with pytest.raises(PromptError, match=f"no symbol {codec.end + 2}"):
        codec.decode(np.array([codec.end + 2]))


@every_unit
def test_every_symbol_has_a_name_of_its_own(unit: Any) -> None:
    """Whatever the fields are called."""
    odd = [RecordPiece(dict.fromkeys(["end", "close", "start", "0xC3", "a", "<a>"], "<a> close <end>"))] * 5
    codec = codec_of(unit, odd)
    shown = [codec.display(symbol) for symbol in range(codec.end + 2)]

    assert len(shown) == len(set(shown))
    assert {"<end>", "<close>", "<start>"} <= set(shown)


# ── what may follow what ───────────────────────────────────────────────────────────────────────────────────────────


def walked(codec: Records, seed: int, most: int = 5_000) -> RecordPiece:
    """A record drawn with even odds for all that the grammar allows; where a field may close it often does."""
    grammar, dice, situation = codec.grammar, np.random.default_rng(seed), 0
    assert grammar is not None
    events: list[int] = []
    while len(events) < most:
        may = np.flatnonzero(grammar.allowed[situation])
        closes = grammar.allowed[situation, codec._close] and dice.random() < 0.3
        event = codec._close if closes else int(dice.choice(may))
        situation = int(grammar.following[situation, event])
        if event == codec.end:
            assert situation == 0
            return codec.decode(np.array(events))
        assert situation != 0
        events.append(event)
    raise AssertionError("it never ended")


@every_unit
def test_whoever_keeps_to_the_grammar_fills_every_field(unit: Any) -> None:
    """Each once, in any order, none of them empty, and then it ends: an invented word has a definition."""
    codec = codec_of(unit)
    drawn = [walked(codec, seed) for seed in range(40)]

    assert all({"word", "part", "definition"} == set(record.fields) for record in drawn)
    assert all(all(record.fields.values()) for record in drawn)
    assert {1, 2, 0} == {codec.fields.index(record.order[0]) for record in drawn}
    assert not any("\ufffd" in record.text for record in drawn)


def test_only_a_field_that_was_empty_in_the_material_may_be_empty() -> None:
    """Or that was not there at all."""
    pieces = [*LEXICON, RecordPiece({"word": "x", "part": "", "definition": "y"}), RecordPiece({"word": "x"})]
    codec, strict = codec_of(pieces=pieces), codec_of()
    drawn = [walked(codec, seed) for seed in range(60)]

    assert ("part", "definition") == codec.optional
    assert () == strict.optional
    assert any(not record.fields["part"] for record in drawn)
    assert all(record.fields["word"] for record in drawn)


def test_after_what_was_given_only_the_other_fields_follow() -> None:
    """Nothing that was asked is asked again; a beginning goes on."""
    codec = codec_of()
    grammar = codec.grammar
    assert grammar is not None
    after = grammar.allowed[grammar.run(0, codec.encode(RecordPiece({"definition": "a light"})))]
    begun = grammar.allowed[grammar.run(0, codec.encode(TextPiece("la")))]
    said = grammar.allowed[grammar.run(0, codec.encode(ENTRIES[0]))]

    assert {"<word>", "<part>"} == {codec.display(symbol) for symbol in np.flatnonzero(after)}
    assert {"<close>", "m"} < {codec.display(symbol) for symbol in np.flatnonzero(begun)}
    assert ["<end>"] == [codec.display(symbol) for symbol in np.flatnonzero(said)]


@every_unit
def test_all_that_is_learned_keeps_to_the_grammar(unit: Any) -> None:
    """Every variant of every record, to its end."""
    codec = codec_of(unit)
    grammar = codec.grammar
    assert grammar is not None
    for record in (variant for entry in ENTRIES for variant in entry.variants()):
        situation = 0
        for event in [*codec.encode(record), codec.end]:
            assert grammar.allowed[situation, event]
            situation = int(grammar.following[situation, event])
        assert situation == 0


def test_too_many_fields_are_refused() -> None:
    """Before anything is counted; with what to do."""
    with pytest.raises(RecipeError, match="have 7 fields; 6 can be learned at once") as refused:
        codec_of(pieces=[RecordPiece({f"f{n}": "x" for n in range(7)})])
    assert "read.fields" in refused.value.do


def test_of_nothing_there_are_records_of_nothing() -> None:
    """Which only end; what a record would be made of is there already."""
    codec = codec_of(pieces=[RecordPiece({})])
    grammar = codec.grammar
    assert grammar is not None

    assert RecordPiece({}) == codec.decode(codec.encode(RecordPiece({})))
    assert [codec.end] == np.flatnonzero(grammar.allowed[0]).tolist()
    with pytest.raises(PromptError, match="no field ''"):
        codec.encode(TextPiece("x"))


def test_a_grammar_that_would_not_fit_is_refused() -> None:
    """Six fields of sixty thousand symbols."""
    inner = Characters(["\n", *(chr(0x10000 + n) for n in range(60_000))])

    with pytest.raises(RecipeError, match=r"6 fields are too many with 60,245 symbols"):
        Records("abcdef", inner)


# ── grown ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grown_codec_says_all_that_the_old_one_could() -> None:
    """Each old symbol is renumbered to the one of the same name; new letters and a new field have their own."""
    old = codec_of()
    new = old.grown([RecordPiece({"word": "øøøø øøøø", "origin": "ååå"})])
    moved = new.renumbered(old)

    assert ("word", "part", "definition", "origin") == new.fields
    assert "origin" in new.optional
    assert [old.display(symbol) for symbol in range(old.end + 2)] == [new.display(int(symbol)) for symbol in moved]
    np.testing.assert_array_equal(moved[old.encode(ENTRIES[1])], new.encode(ENTRIES[1]))
    assert {"ø", "å", "<origin>"} <= {new.display(symbol) for symbol in range(new.end)}
    assert old is old.grown([ENTRIES[0]])


def test_records_do_not_grow_out_of_a_text() -> None:
    """Their symbols mean something else."""
    with pytest.raises(PromptError, match=r"do not grow out of 'characters\.v1'"):
        codec_of().renumbered(codec_of().inner)


# ── copies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_copies_are_looked_for_in_what_the_fields_say() -> None:
    """Code points in the order they are said; a part of them is a text."""
    codec = codec_of()
    record = RecordPiece({"word": "Lamp", "part": "a noun"})
    letters = codec.elements(record)

    assert "Lamp\na noun" == "".join(map(chr, letters.tolist()))
    assert TextPiece("mp\na") == codec.excerpt(record, 2, 6)
    assert TextPiece("lampanoun") == codec.folded(record)


def test_elements_of_a_beginning_are_a_beginning_of_the_elements() -> None:
    """Wherever the events are cut, so that a copy is found where it stands."""
    codec = codec_of()
    events = codec.encode(ENTRIES[4])
    whole = codec.elements(codec.decode(events))
    for cut in range(len(events)):
        part = codec.elements(codec.decode(events[:cut]))
        np.testing.assert_array_equal(whole[: len(part)], part)


# ── kept ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_codec_comes_back_from_json() -> None:
    """With its inner one."""
    codec = codec_of(pieces=[*LEXICON, RecordPiece({"word": "x"})])
    again = Records.from_json(json.loads(json.dumps(codec.to_json())))

    assert codec.to_json() == again.to_json()
    np.testing.assert_array_equal(codec.encode(ENTRIES[0]), again.encode(ENTRIES[0]))


INNER = {"kind": "characters.v1", "clusters": ["\n", "a"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": None}, "lack their fields"),
        ({"fields": "word"}, "lack their fields"),
        ({"fields": []}, "have no fields"),
        ({"fields": ["word", "word"]}, "a field twice"),
        ({"fields": [["word"]]}, "cannot be one"),
        ({"fields": [7]}, "cannot be one"),
        ({"fields": ["a\x1bb"]}, "cannot be one"),
        ({"fields": [f"f{n}" for n in range(7)]}, "7 fields"),
        ({"fields": [f"f{n}" for n in range(100_000)]}, "100000 fields"),
        ({"optional": ["other"]}, "or one that is none"),
        ({"optional": [["word"]]}, "or one that is none"),
        ({"optional": {}}, "lack their fields"),
        ({"inner": None}, "lack their fields"),
        ({"inner": {}}, "codec that is not here"),
        ({"inner": {"kind": ["characters.v1"]}}, "codec that is not here"),
        ({"inner": {"kind": "strange.v1"}}, "codec that is not here: 'strange.v1'"),
        ({"inner": {"kind": "offset.v1", "scale": 1.0}}, "no codec of texts|codec that is not here"),
        ({"inner": {"kind": "records.v1", "fields": ["word"], "optional": [], "inner": INNER}}, "no codec of texts"),
        ({"inner": {"kind": "characters.v1", "clusters": ["ab"]}}, "vocabulary"),
    ],
)
def test_a_codec_that_is_none_is_refused(change: dict[str, Any], words: str) -> None:
    """From a file of a stranger's making; nothing recurses, nothing is built that would not fit."""
    with pytest.raises(InstrumentFileError, match=words):
        Records.from_json({"fields": ["word"], "optional": [], "inner": INNER, **change})
