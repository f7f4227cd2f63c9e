"""Codecs that join: one that can say all that several can, and where the symbols of each are in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from undersong_toy.walk import Walks

from undersong.events import AbstractCodec
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.media.text.record import RecordPiece
from undersong.media.text.records import Records
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words

SEA = "the sea-bird's cry and the sea's reply: naïve, naïve\n"
SHORE = "the seal on the shore, über allem the sea\r\n"
SKY = "空には鳥が、鳥には空が。\n"
UNITS = {
    "byte": Bytes.from_pieces,
    "character": Characters.from_pieces,
    "word": Words.from_pieces,
    "bpe": lambda pieces: Subwords.from_pieces(pieces, joins=30),
}
every_unit = pytest.mark.parametrize("unit", UNITS)
texts = st.one_of(st.text(), st.lists(st.sampled_from([SEA, SHORE, SKY, "sea", " the", "é", "\r"])).map("".join))


def of(unit: str, text: str) -> Any:
    return UNITS[unit]([TextPiece(text * 3)])


def joined(*codecs: AbstractCodec) -> Any:
    found = codecs[0].joined(codecs[1:])
    assert found is not None
    return found


@every_unit
def test_joint_codec_has_every_symbol_of_each(unit: str) -> None:
    """Each once, and `renumbered` says where: the same symbol by name, end and start included."""
    codecs = [of(unit, text) for text in (SEA, SHORE, SKY)]
    joint = joined(*codecs)

    assert len(set(joint.strings)) == len(joint.strings)
    assert {string for codec in codecs for string in codec.strings} == set(joint.strings)
    for codec in codecs:
        places = joint.renumbered(codec)
        assert (codec.event.count + 1, len(set(places.tolist()))) == (len(places), len(places))
        assert [codec.display(symbol) for symbol in range(len(places))] == [joint.display(at) for at in places]


@every_unit
@given(texts)
def test_any_text_comes_back_from_a_joint_codec(unit: str, text: str) -> None:
    """Nothing is lost in the company of others, whatever was written; and all of it may be drawn."""
    joint = joined(*(of(unit, each) for each in (SEA, SHORE, SKY)))
    events = joint.encode(TextPiece(text))

    assert joint.decode(events).content == text
    situation = 0
    for event in events.tolist():
        assert joint.grammar.allowed[situation, event]
        situation = int(joint.grammar.following[situation, event])
    assert situation == 0


@every_unit
def test_what_a_codec_lacks_it_spells(unit: str) -> None:
    """A symbol of the others is a few of its own, which come to the same letters."""
    one, other = of(unit, SEA), of(unit, SHORE)
    joint = joined(one, other)
    lacking = [symbol for symbol in range(joint.end) if symbol not in set(joint.renumbered(one).tolist())]

    assert bool(lacking) == (unit != "byte")
    for symbol in lacking:
        said = one.respelled(symbol, joint)
        assert said is not None
        assert one.decode(said) == joint.decode(np.array([symbol]))


@every_unit
def test_codecs_that_are_the_same_need_no_other(unit: str) -> None:
    """Nor do those that have less: a vocabulary that holds the others is the joint one."""
    one, same, less = of(unit, SEA + SHORE), of(unit, SEA + SHORE), of(unit, "the sea\n")

    assert one.joined([same]) is one
    if unit != "bpe":  # which joins other parts in other texts
        assert one.joined([less, same]) is one


@every_unit
def test_units_do_not_join_one_another(unit: str) -> None:
    """Words and letters have no symbols in common that would mean the same odds; nor have other media."""
    for other in UNITS:
        found = of(unit, SEA).joined([of(unit, SHORE), of(other, SEA)])
        assert (found is None) == (unit != other)
    assert of(unit, SEA).joined([Walks(1.0)]) is None


def test_walks_join_where_they_are_measured_alike() -> None:
    """A medium of numbers has one codec or none."""
    assert Walks(2.0).joined([Walks(2.0), Walks(2.0)]) is not None
    assert Walks(2.0).joined([Walks(2.5)]) is None


def test_parts_of_words_are_cut_by_the_joins_of_all() -> None:
    """The first codec's before the others', so that its own text is cut as it was."""
    one, other = of("bpe", "the thin thrush\n"), of("bpe", "sand sandbank sand\n")
    joint = joined(one, other)

    for codec, text in ((one, "the thin thrush"), (other, "sandbank")):
        piece = TextPiece(text)
        alone = [codec.display(int(event)) for event in codec.encode(piece)]
        assert alone == [joint.display(int(event)) for event in joint.encode(piece)]


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────


def records(*entries: dict[str, str], unit: Any = Characters) -> Records:
    return Records.from_pieces([RecordPiece(entry) for entry in entries] * 3, unit)


def test_records_of_the_same_fields_join() -> None:
    """In whatever order; a field that one of them may leave empty may be left empty."""
    one = records({"word": "eel", "part": "noun"}, {"word": "élan", "part": ""})
    other = records({"part": "verbe", "word": "über"})
    joint = joined(one, other)

    assert (one.fields, ("part",)) == (joint.fields, joint.optional)
    for codec in (one, other):
        places = joint.renumbered(codec)
        assert [codec.display(symbol) for symbol in range(len(places))] == [joint.display(at) for at in places]
    piece = RecordPiece({"word": "éü", "part": "b"})
    assert joint.decode(joint.encode(piece)) == piece


def test_records_spell_what_their_texts_lack() -> None:
    """As the inner codec does: no field is opened for it, and no field's name is spelled."""
    one, other = records({"word": "eel"}), records({"word": "über"})
    joint = joined(one, other)
    (symbol,) = joint.encode(RecordPiece({"word": "ü"}))[1:-1]
    said = one.respelled(int(symbol), joint)

    assert said is not None
    assert one.encode(RecordPiece({"word": "ü"}))[1:-1].tolist() == said.tolist()
    assert one.respelled(0, joint) is None


def test_records_of_other_fields_do_not_join() -> None:
    """What one must fill in, another could never say; nor do records join texts, or another unit."""
    one = records({"word": "eel", "part": "noun"})

    assert one.joined([records({"word": "eel"})]) is None
    assert one.joined([records({"word": "eel", "part": "noun"}, unit=Bytes)]) is None
    assert one.joined([Characters(["\n"])]) is None
    assert one.joined([records({"word": "eel", "part": "noun"})]) is one
