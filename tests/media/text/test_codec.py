from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import InstrumentFileError, PromptError
from undersong.events import AbstractPiece
from undersong.media.text.codec import MOST, Characters, parts_of
from undersong.media.text.piece import TextPiece

DATA = Path(__file__).parents[4] / "shared" / "data"
FAMILY, FLAG = "👩‍👩‍👧‍👦", "🇩🇪"
ODD = [FAMILY, FLAG, "🇩", "e\u0301", "\u0301", "\u200d", "👍🏽", "क्षि", "ᄀ", "ᅡ", "ᆨ", "가", "각", "שָׁלוֹם", "\u0600",
       "\u202e", "\r\n", "\r", "\n", "\0", "\x1b", "\x85", "\ufeff", "\ufffd", "\U0010ffff", "é", "a", " "]  # fmt: skip
EDGES = bytes.fromhex("00 41 7F 80 8F 90 9F A0 BF C2 DF E0 E1 EC ED EE EF F0 F1 F3 F4")  # where UTF-8's rules change
texts = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(ODD), st.text(max_size=2))).map("".join))
SMALL = Characters(["\n", " ", "a", "e\u0301", "é", "各", FAMILY, "\U0001f469"])


def raw(codec: Characters, event: int) -> bytes:
    """An event's bytes, by its displayed name."""
    name = codec.display(event)
    if event in (codec.end, int(codec.start)):
        return b""
    return bytes([int(name[3:5], 16)]) if name.startswith("<0x") else name.encode()


def allowed(codec: Characters, events: np.ndarray) -> bool:
    assert codec.grammar is not None
    situation = 0
    for event in events:
        if not codec.grammar.allowed[situation, event]:
            return False
        situation = int(codec.grammar.following[situation, event])
    return situation == 0


@given(texts)
def test_decode_returns_every_text_letter_for_letter(text: str) -> None:
    """What a person wrote comes back, in a vocabulary of its own as in a strange one."""
    own = Characters.from_pieces([TextPiece(text)], least=1)

    for codec in (SMALL, own):
        assert codec.decode(codec.encode(TextPiece(text))).content == text


@given(texts)
def test_vocabulary_is_the_texts_grapheme_clusters(text: str) -> None:
    """The fast way of finding clusters agrees with `\\X` on the whole text."""
    codec = Characters.from_pieces([TextPiece(text)], least=1)

    assert sorted({"\n", *regex.findall(r"\X", text)}) == list(codec.clusters)


@given(texts)
def test_encode_makes_one_event_of_each_known_cluster(text: str) -> None:
    """A family is one event however many code points it takes."""
    codec = Characters.from_pieces([TextPiece(text)], least=1)

    assert regex.findall(r"\X", text) == [codec.display(event) for event in codec.encode(TextPiece(text))]


@given(texts, st.integers(1, 9))
def test_a_text_in_parts_is_the_text(text: str, size: int) -> None:
    """A very long text is worked through in parts: not a letter is lost, and no cluster is cut through."""
    parts = list(parts_of(text, size))

    assert text == "".join(parts)
    assert regex.findall(r"\X", text) == [cluster for part in parts for cluster in regex.findall(r"\X", part)]
    assert all(len(part) >= min(size, len(text)) for part in parts[:-1])


@given(texts, st.integers(1, 9))
def test_encoding_in_parts_is_encoding(text: str, size: int) -> None:
    """Wherever a part ends: between e and its accent, within a family, a flag or a syllable, between \\r and \\n."""
    own = Characters.from_pieces([TextPiece(text)], least=1)

    for codec in (SMALL, own):
        parts = list(codec.encode_in_parts(TextPiece(text), size))
        np.testing.assert_array_equal(codec.encode(TextPiece(text)), np.concatenate(parts))


@pytest.mark.parametrize("joined", [*ODD, "🇩🇪🇫🇷", "\r\r\n", "ᄀ" * 40], ids=ascii)
def test_a_million_characters_are_counted_and_encoded_like_a_few(joined: str) -> None:
    """Over the border of two parts as within one."""
    text = "a" * ((1 << 20) - len(joined) // 2) + joined + "b" * 9
    codec = Characters.from_pieces([TextPiece(text)], least=1)
    expected = regex.findall(r"\X", text[-30 - len(joined) :])

    assert sorted({"\n", "a", "b", *expected}) == list(codec.clusters)
    assert expected == [codec.display(event) for event in codec.encode(TextPiece(text))[-len(expected) :]]


@given(texts)
def test_encode_stays_within_the_grammar(text: str) -> None:
    """What can be learned can be played."""
    assert allowed(SMALL, SMALL.encode(TextPiece(text)))


@given(st.lists(st.sampled_from(EDGES), max_size=8).map(bytes))
@settings(max_examples=400)
def test_grammar_allows_exactly_the_bytes_python_can_decode(data: bytes) -> None:
    """Python's decoder is the stranger's implementation."""
    by_byte = {raw(SMALL, event): event for event in range(len(SMALL.clusters), SMALL.end)}
    try:
        data.decode()
        valid = True
    except UnicodeDecodeError:
        valid = False

    assert valid == allowed(SMALL, np.array([by_byte[bytes([byte])] for byte in data], np.int64))


@given(st.characters(codec="utf-8"))
def test_grammar_allows_every_character_in_bytes(letter: str) -> None:
    """No character is out of reach."""
    bare = Characters(["\n"])
    events = len(bare.clusters) + np.array([byte - 2 * (byte > 0xC1) for byte in letter.encode()])

    assert allowed(bare, events)
    assert bare.decode(events).content == letter


@given(st.integers(0, 2**32), st.integers(0, 60))
def test_walks_through_the_grammar_are_valid_utf8(seed: int, length: int) -> None:
    """Whatever dice the player throws, nothing it plays needs replacing."""
    dice, grammar = np.random.default_rng(seed), SMALL.grammar
    assert grammar is not None
    situation = 0
    walk: list[int] = []
    while len(walk) < length or situation != 0:
        walk.append(int(dice.choice(np.flatnonzero(grammar.allowed[situation]))))
        situation = int(grammar.following[situation, walk[-1]])

    assert b"".join(raw(SMALL, event) for event in walk).decode() == SMALL.decode(np.array(walk, np.int64)).content


@given(texts)
def test_progress_counts_the_characters_decoded_so_far(text: str) -> None:
    """A sample can be cut at any number of characters without decoding it again and again."""
    events = SMALL.encode(TextPiece(text))
    heard = [SMALL.decode(events[: t + 1]) for t in range(len(events))]

    assert [SMALL.measure(piece) for piece in heard] == SMALL.progress(events).tolist()


def test_decode_leaves_out_a_character_cut_off_at_the_end() -> None:
    """A sample of so many events may stop in the middle of a character; nothing dangles."""
    events = SMALL.encode(TextPiece("a€"))

    assert [SMALL.decode(events[:n]).content for n in (4, 3, 2, 1)] == ["a€", "a", "a", "a"]


def test_decode_shows_forbidden_bytes_as_replaced() -> None:
    """Events made by hand never raise for what they spell."""
    cut = SMALL.encode(TextPiece("€"))[:1]

    assert SMALL.decode(np.concatenate([cut, SMALL.encode(TextPiece("a"))])).content == "\ufffda"


def test_decode_is_silent_on_start_and_end() -> None:
    """They are heard and seen, but are no part of the text."""
    a = SMALL.encode(TextPiece("a"))

    assert SMALL.decode(np.array([SMALL.start, *a, SMALL.end])).content == "a"
    assert SMALL.progress(np.array([SMALL.start, *a, SMALL.end])).tolist() == [0, 1, 1]


def test_decode_refuses_events_that_are_none() -> None:
    """A number outside the vocabulary is named, not wrapped around."""
    with pytest.raises(PromptError, match="no symbol -1"):
        SMALL.decode(np.array([-1]))
    with pytest.raises(PromptError, match=str(SMALL.end + 2)):
        SMALL.decode(np.array([SMALL.end + 2]))


def test_encode_spells_an_unseen_emoji() -> None:
    """No text is refused for holding what the model never saw."""
    events = SMALL.encode(TextPiece("a🦑"))

    assert [SMALL.display(event) for event in events] == ["a", "<0xF0>", "<0x9F>", "<0xA6>", "<0x91>"]


def test_encode_refuses_a_piece_of_another_medium() -> None:
    """A drawing is not read as text, even though it prints."""

    class Drawing(AbstractPiece):
        medium = "sketch.v1"

        def __str__(self) -> str:
            return "~"

        def to_json(self) -> str:
            return "~"

        def to_bytes(self, suffix: str) -> bytes:
            return b"~"

    with pytest.raises(PromptError, match=r"sketch\.v1"):
        SMALL.encode(Drawing())


def test_vocabulary_holds_what_is_frequent_and_the_newline() -> None:
    """Three sightings over all pieces make a symbol, the commonest first when there is no room for all."""
    pieces = [TextPiece("aaa bb" + FAMILY), TextPiece("b" + 2 * FAMILY + "cccc")]

    assert Characters.from_pieces(pieces).clusters == ("\n", "a", "b", "c", FAMILY)
    assert Characters.from_pieces(pieces, most=2).clusters == ("\n", "c")
    assert Characters.from_pieces([]).clusters == ("\n",)


def test_symbols_are_clusters_then_243_bytes_then_end() -> None:
    """The vocabulary's layout is part of the file format."""
    assert SMALL.event.count == len(SMALL.clusters) + 244 == SMALL.end + 1 == SMALL.start
    assert SMALL.distribution == {"kind": "categorical.v1", "size": SMALL.event.count}
    assert SMALL.start.shape == SMALL.event.shape


def test_display_names_are_unique() -> None:
    """Odds are asked for by name."""
    names = [SMALL.display(event) for event in range(SMALL.end + 1)]

    assert len(names) == len(set(names))
    assert names[-1] == "<end>"


def test_beginnings_are_starts_of_lines_or_of_many_paragraphs() -> None:
    """Learning starts its streams where a piece might as well begin."""
    few, many = "one\ntwo\n\nthree\n", "one\ntwo\n\n" * 200

    assert SMALL.beginnings(SMALL.encode(TextPiece(few))).tolist() == [0, 4, 8, 9]
    assert list(range(0, 1800, 9)) == SMALL.beginnings(SMALL.encode(TextPiece(many))).tolist()
    assert SMALL.beginnings(SMALL.encode(TextPiece(""))).tolist() == [0]


def test_beginnings_are_found_over_the_border_of_two_parts() -> None:
    """A very long work is looked through in parts; the blank line may lie on either side, or on both."""
    border = 1 << 20
    for at in range(border - 3, border + 4):
        events = SMALL.encode(TextPiece("a" * at + "\n\n" + "a" * 9)).astype(np.uint16)
        assert [0, at + 1, at + 2] == SMALL.beginnings(events).tolist()
        many = np.concatenate([np.tile(SMALL.encode(TextPiece("a\n\n")), 300), events])
        assert at + 902 == SMALL.beginnings(many)[-1]


def test_codec_returns_from_json() -> None:
    """The instrument file keeps the vocabulary, and the vocabulary is the codec."""
    again = Characters.from_json(SMALL.to_json())

    assert again.clusters == SMALL.clusters


@pytest.mark.parametrize(
    "data",
    [{}, {"clusters": "abc\n"}, {"clusters": ["\n", 7]}, {"clusters": ["\n", "a", "a"]}, {"clusters": ["\n", ""]},
     {"clusters": ["a"]}, {"clusters": ["\n", "\ud800"]}, {"clusters": ["\n", "<end>"]},
     {"clusters": ["\n", *map(chr, range(0x10000, 0x20001))]}],
    ids=["nothing", "a string", "a number", "twice", "empty", "no newline", "surrogate", "a word", "too many"],
)  # fmt: skip
def test_nonsense_in_a_file_is_refused(data: dict[str, object]) -> None:
    """A damaged or hostile vocabulary never becomes a codec."""
    with pytest.raises(InstrumentFileError, match="vocabulary"):
        Characters.from_json(data)


def test_lone_surrogates_are_refused_with_their_place() -> None:
    """Half a character cannot be written to any file, so it never enters."""
    with pytest.raises(PromptError, match=r"U\+D83E, at position 6 \(line 2, column 2\)"):
        SMALL.encode(TextPiece("abc\nd\ud83e"))


def test_copies_are_looked_for_in_code_points() -> None:
    """Which are shown as they stand; and once more without case, spaces and line ends."""
    piece = TextPiece("Die Straße\n 🦑 é")

    assert list(map(ord, "Die Straße\n 🦑 é")) == SMALL.elements(piece).tolist()
    assert TextPiece("Straße") == SMALL.excerpt(piece, 4, 10)
    assert TextPiece("diestrasse🦑é") == SMALL.folded(piece)


def test_tiny_shakespeare_is_as_long_as_its_benchmark_says() -> None:
    """Nats per character are comparable only when characters are counted alike."""
    path = DATA / "tinyshakespeare" / "input.txt"
    if not path.exists():
        pytest.skip("tiny-shakespeare is not beside this checkout (../shared/data/tinyshakespeare)")
    piece = TextPiece(path.read_bytes().decode())
    codec = Characters.from_pieces([piece])
    events = codec.encode(piece)

    assert codec.measure(piece) == len(events) == codec.progress(events)[-1] == 1_115_394
    assert codec.decode(events) == piece


def test_every_language_of_human_rights_round_trips() -> None:
    """388 translations, from Amharic to Yi, in a vocabulary of each and in a strange one."""
    archive = DATA / "udhr2_unicode" / "udhr2.zip"
    if not archive.exists():
        pytest.skip("the Declaration of Human Rights is not beside this checkout (../shared/data/udhr2_unicode)")
    with zipfile.ZipFile(archive) as opened:
        pieces = [TextPiece(opened.read(name).decode()) for name in opened.namelist() if name.endswith(".txt")]

    assert len(pieces) == 388
    for piece in pieces:
        for codec in (SMALL, Characters.from_pieces([piece])):
            assert codec.decode(codec.encode(piece)) == piece


# ── going on with other texts ──────────────────────────────────────────────────────────────────────────────────────


def test_a_grown_vocabulary_holds_the_old_one_and_what_is_often_seen() -> None:
    """What had to be spelled so far and is seen three times gets a symbol; the rest is spelled as before."""
    old = Characters.from_pieces([TextPiece("hello world\n" * 3)])
    grown = old.grown([TextPiece("ééé ΩΩ zzz ✍🏽✍🏽✍🏽 hello")])

    assert {"é", "z", "✍🏽"} == set(grown.clusters) - set(old.clusters)
    assert set(old.clusters) < set(grown.clusters)
    assert sorted(grown.clusters) == list(grown.clusters)


def test_a_vocabulary_that_holds_all_does_not_grow() -> None:
    """It is then the same one, and every symbol stands where it stood."""
    assert SMALL is SMALL.grown([TextPiece("".join(SMALL.clusters) * 5)])
    np.testing.assert_array_equal(np.arange(SMALL.event.count + 1), SMALL.renumbered(SMALL))


@settings(max_examples=40)
@given(st.text(max_size=40), st.text(max_size=40))
def test_renumbered_events_read_as_they_did(known: str, added: str) -> None:
    """What was written in the old symbols, its bytes, its end and the start included, is the same text in the new."""
    old = Characters.from_pieces([TextPiece(known * 3)])
    grown = old.grown([TextPiece(added * 3)])
    moved = grown.renumbered(old)
    events = np.concatenate([old.encode(TextPiece(known + added)), [old.end]])

    assert len(set(moved.tolist())) == old.event.count + 1
    assert old.decode(events) == grown.decode(moved[events])
    assert (grown.end, grown.start) == (moved[old.end], moved[old.start])
    assert [old.display(e) for e in range(old.event.count + 1)] == [grown.display(e) for e in moved]


def test_a_vocabulary_never_grows_beyond_what_plays_live() -> None:
    """Old clusters stay; of the new ones the commonest have room."""
    full = Characters(["\n", *map(chr, range(0x4E00, 0x4E00 + MOST - 3))])
    grown = full.grown([TextPiece("α" * 5 + "β" * 3 + "γ" * 4)])

    assert MOST == len(grown.clusters)
    assert {"α", "γ"} == set(grown.clusters) - set(full.clusters)
