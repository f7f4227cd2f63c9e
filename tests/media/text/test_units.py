"""What every unit of text owes: any text comes back, and what may be drawn is text."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import InstrumentFileError, PromptError
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.media.text.spelling import AbstractSpelled
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words

DATA = Path(__file__).parents[4] / "shared" / "data"
SCRIPTS = {
    "English": "The sea-bird's cry, and the sea's reply: don't, DON'T go — “not yet”, he said...\n",
    "code": "def shanty(crew):\n    return [sailor.song() for sailor in crew]\t# 1850\r\n\n",
    "Chinese": "床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。\u3000𠮷\n",
    "Japanese": "古池や蛙飛びこむ水の音。コンピューターが歌う。\n",
    "Korean": "한국어로 노래를 부른다. ᄒ\u1161ᆫ\n",
    "Persian": "می\u200cخواهم که این ترانه\u200cها را بشنوم؛ الا یا ایها الساقی\n",
    "Hebrew": "שִׁיר הַשִּׁירִים אֲשֶׁר לִשְׁלֹמֹה, צה״ל\u200f\n",
    "Hindi": "क्षितिज पर गीत गूँजता है।\n",
    "Thai": "น้ำทะเลร้องเพลง ๒๕๖๙\n",
    "Khmer": "ភាសាខ្មែរ\n",
    "Tibetan": "བོད་སྐད་ཀྱི་གླུ།\n",
    "Vietnamese": "tie\u0302\u0301ng Vie\u0323\u0302t, và tiếng Việt\n",
    "Yoruba": "o\u0323\u0301mo\u0323 orin\n",
    "emoji": "👩‍👩‍👧‍👦 👍🏽👍🏽 🇩🇪🇫🇷 1️⃣ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f\n",
    "controls": "\0\x1b[0m\x85\u2028\u2029\ufeff\ufffd\u202e\xa0\r\r\n\f\v\x1c\U0010ffff\U000e0001\n",
    "names of symbols": "<end> <start> <0x41> <0xC3>\n",
}
SAMPLE = [TextPiece(text * 3) for language, text in SCRIPTS.items() if language not in ("Korean", "Khmer", "controls")]
UNITS: dict[str, AbstractSpelled] = {
    "byte": Bytes.from_pieces(SAMPLE),
    "character": Characters.from_pieces(SAMPLE),
    "word": Words.from_pieces(SAMPLE),
    "bpe": Subwords.from_pieces(SAMPLE, joins=300),
}
KINDS = {"byte": Bytes, "character": Characters, "word": Words, "bpe": Subwords}
snippets = st.sampled_from([snippet for text in SCRIPTS.values() for snippet in (text, text[:5], text[3:9], text[-4:])])
texts = st.one_of(st.text(), st.lists(st.one_of(snippets, st.text(max_size=2))).map("".join))
REPEATED = ["x", " ", "\n", "'", "-a", "a ", "\u0301", "\u0e33", "中", "👩\u200d", "\r", "1", "\ufffd"]
every_unit = pytest.mark.parametrize("unit", UNITS)


def accepted(codec: AbstractSpelled, events: np.ndarray) -> bool:
    assert codec.grammar is not None
    situation = 0
    for event in events.tolist():
        if not codec.grammar.allowed[situation, event]:
            return False
        situation = int(codec.grammar.following[situation, event])
    return situation == 0


@every_unit
@given(texts)
def test_any_text_comes_back_letter_for_letter(unit: str, text: str) -> None:
    """Spaces, line ends, joiners and signs of no language included; and in a vocabulary of its own as well."""
    own = KINDS[unit].from_pieces([TextPiece(text * 3)])

    for codec in (UNITS[unit], own):
        assert codec.decode(codec.encode(TextPiece(text))).content == text


@every_unit
@pytest.mark.parametrize("language", SCRIPTS)
def test_every_script_comes_back(unit: str, language: str) -> None:
    """From code to Khmer, also with marks apart from their letters and right to left."""
    codec, piece = UNITS[unit], TextPiece(SCRIPTS[language])

    assert codec.decode(codec.encode(piece)) == piece
    assert codec.measure(piece) == codec.progress(codec.encode(piece))[-1] == len(SCRIPTS[language])


@every_unit
@given(texts)
def test_spellings_one_after_the_other_are_the_text_in_bytes(unit: str, text: str) -> None:
    """So that odds of any unit can be told letter by letter."""
    codec = UNITS[unit]
    spelled = [letter for event in codec.encode(TextPiece(text)) for letter in codec.spelling(int(event))]

    assert codec.letters().encode(TextPiece(text)).tolist() == spelled


@every_unit
def test_the_end_is_spelled_by_the_end_and_only_the_start_by_nothing(unit: str) -> None:
    """All units have the same letters, and each symbol that can be played has some."""
    codec, letters = UNITS[unit], UNITS[unit].letters()

    assert letters.to_json() == Bytes().to_json()
    assert (letters.end,) == codec.spelling(codec.end)
    assert () == codec.spelling(int(codec.start))
    assert all(codec.spelling(event) for event in range(codec.end))


@every_unit
@given(texts)
def test_what_is_learned_can_be_played(unit: str, text: str) -> None:
    """The grammar accepts every encoded text."""
    assert accepted(UNITS[unit], UNITS[unit].encode(TextPiece(text)))


@every_unit
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_what_is_drawn_within_the_grammar_is_text(unit: str, seed: int, length: int) -> None:
    """Whatever the dice say nothing needs replacing, and what was drawn can be heard again."""
    codec, dice = UNITS[unit], np.random.default_rng(seed)
    assert codec.grammar is not None
    situation, walk = 0, []
    while len(walk) < length or situation != 0:
        choice = np.flatnonzero(codec.grammar.allowed[situation])
        walk.append(int(dice.choice(choice[choice != codec.end])))
        situation = int(codec.grammar.following[situation, walk[-1]])
    spelled = [letter for event in walk for letter in codec.spelling(event)]
    drawn = codec.decode(np.array(walk, np.int64))

    assert accepted(codec, np.array(walk, np.int64))
    assert bytes(letter + 2 * (letter > 0xBF) for letter in spelled).decode() == drawn.content
    assert codec.decode(codec.encode(drawn)) == drawn


@every_unit
@given(texts)
def test_decoding_in_two_is_decoding(unit: str, text: str) -> None:
    """Between any two events where the grammar is at rest: what is streamed adds up to the whole."""
    codec = UNITS[unit]
    assert codec.grammar is not None
    events = codec.encode(TextPiece(text))
    shown, begin, situation = "", 0, 0
    for at, event in enumerate(events.tolist()):
        situation = int(codec.grammar.following[situation, event])
        if situation == 0:
            shown += codec.decode(events[begin : at + 1]).content
            begin = at + 1

    assert shown == text


@every_unit
@given(texts, st.integers(1, 9))
def test_encoding_in_parts_gives_the_same_events(unit: str, text: str, size: int) -> None:
    """Wherever a part ends: in a word, before its space, within a family."""
    codec = UNITS[unit]

    np.testing.assert_array_equal(
        codec.encode(TextPiece(text)), np.concatenate(list(codec.encode_in_parts(TextPiece(text), size)))
    )


@every_unit
@pytest.mark.parametrize("repeated", REPEATED, ids=ascii)
def test_a_hundred_thousand_times_the_same_is_a_text_like_any_other(unit: str, repeated: str) -> None:
    """No run is endless, so no text takes more than its length in time; in parts it stays the same."""
    codec, piece = UNITS[unit], TextPiece(repeated * 100_000)
    events = codec.encode(piece)

    assert codec.decode(events) == piece
    np.testing.assert_array_equal(events, np.concatenate(list(codec.encode_in_parts(piece, 4_099))))


@every_unit
@given(texts)
def test_progress_counts_the_characters_decoded_so_far(unit: str, text: str) -> None:
    """A sample can be cut at any number of characters without decoding it again and again."""
    codec = UNITS[unit]
    events = codec.encode(TextPiece(text))[:80]
    heard = [codec.decode(events[: t + 1]) for t in range(len(events))]

    assert [codec.measure(piece) for piece in heard] == codec.progress(events).tolist()


@every_unit
def test_every_symbol_has_a_name_of_its_own(unit: str) -> None:
    """Odds are asked for by name."""
    names = [UNITS[unit].display(event) for event in range(UNITS[unit].end + 2)]

    assert len(names) == len(set(names))
    assert ["<end>", "<start>"] == names[-2:]


@every_unit
def test_the_end_is_the_last_symbol_and_the_start_comes_after(unit: str) -> None:
    """Records and mixtures rely on that layout."""
    codec = UNITS[unit]

    assert codec.event.count == codec.end + 1 == codec.start == len(codec.strings) + 244
    assert codec.distribution == {"kind": "categorical.v1", "size": codec.event.count}


@every_unit
def test_a_codec_returns_from_its_file(unit: str) -> None:
    """By way of JSON, as an instrument file keeps it."""
    codec = UNITS[unit]
    again = KINDS[unit].from_json({"kind": codec.kind, **json.loads(json.dumps(codec.to_json()))})

    assert again.to_json() == codec.to_json()
    for text in SCRIPTS.values():
        np.testing.assert_array_equal(codec.encode(TextPiece(text)), again.encode(TextPiece(text)))


@every_unit
@pytest.mark.parametrize(
    ("what", "text", "reached"),
    [("word", "sea and sky", "sea"), ("word", " sea and", " sea"), ("word", "\n  don't go", "\n  don't"),
     ("word", "κύμα κύμα", "κύμα"), ("word", "𠮷\u3000𠮷", "𠮷"),
     ("sentence", "No. Yes", "No."), ("sentence", "月光。霜", "月光。"),
     ("line", "sea\nsky\n", "sea\n"), ("line", "sea\r\nsky", "sea\r\n"), ("line", "sea", "sea")],
    ids=ascii,
)  # fmt: skip
def test_endings_are_found_in_the_text(unit: str, what: str, text: str, reached: str) -> None:
    """A word ends before the space after it, a sentence after its mark, a line after its end."""
    codec = UNITS[unit]
    events = codec.encode(TextPiece(text))

    assert codec.decode(events[: codec.ending(what, events)]).content == reached


@every_unit
def test_beginnings_are_starts_of_lines(unit: str) -> None:
    """A line end is an event by itself in every unit, so that a stream may start after it."""
    codec = UNITS[unit]
    events = codec.encode(TextPiece("The sea\nthe sky\n\nthe cry"))

    starts = [codec.decode(events[at:]).content for at in codec.beginnings(events)]

    assert starts == ["The sea\nthe sky\n\nthe cry", "the sky\n\nthe cry", "\nthe cry", "the cry"]


@every_unit
def test_strange_events_and_half_characters_are_refused(unit: str) -> None:
    """With the number that is none, and with the place of the half."""
    codec = UNITS[unit]
    with pytest.raises(PromptError, match=f"no symbol {codec.end + 2}"):
        codec.decode(np.array([codec.end + 2]))
    with pytest.raises(PromptError, match="no symbol -1"):
        codec.spelling(-1)
    with pytest.raises(PromptError, match=r"U\+D83E"):
        codec.encode(TextPiece("sea \ud83e"))


@every_unit
@given(st.lists(st.integers(0, 243)))
def test_events_that_no_grammar_allows_still_show(unit: str, bytewise: list[int]) -> None:
    """Made by hand they may spell no character: that shows as U+FFFD, and no question about them fails."""
    codec = UNITS[unit]
    events = np.array(bytewise, np.int64) + len(codec.strings)

    shown = codec.decode(events)
    reached = [codec.ending(what, events) for what in codec.endings]

    assert codec.decode(codec.encode(shown)) == shown
    assert all(0 <= at <= len(events) for at in reached)
    assert len(codec.progress(events)) == len(events)


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
@settings(max_examples=30)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_grown_codec_says_all_that_the_old_one_could(unit: str, known: str, added: str) -> None:
    """What was written in the old symbols is the same text in the new; and each has a place of its own."""
    old = KINDS[unit].from_pieces([TextPiece(known * 3)])
    grown = old.grown([TextPiece(added * 3)])
    moved = grown.renumbered(old)
    events = np.array([*old.encode(TextPiece(known + added)), old.end])

    assert len(set(moved.tolist())) == (old.event.count or 0) + 1
    assert old.decode(events) == grown.decode(moved[events])
    assert [old.display(event) for event in range(old.end + 2)] == [grown.display(event) for event in moved]
    assert grown.decode(grown.encode(TextPiece(added))).content == added


@every_unit
def test_codecs_of_other_units_are_not_grown_from(unit: str) -> None:
    """Words do not grow out of characters."""
    other = UNITS["word" if unit != "word" else "character"]
    with pytest.raises(PromptError, match="do not grow out of"):
        UNITS[unit].renumbered(other)


HOSTILE = [
    None, "abc\n", 7, {"\n": 0}, ["\n", 7], ["\n", None], ["\n", "a", "a"], ["\n", ""], ["a"], ["\n", "\ud800"],
    ["\n", "<end>"], ["\n", "<0xC3>"], ["\n", "x" * 100_000], ["\n", *map(chr, range(0x10000, 0x20001))],
]  # fmt: skip


@pytest.mark.parametrize(("unit", "key"), [("character", "clusters"), ("word", "words"), ("bpe", "parts")])
@pytest.mark.parametrize("told", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_vocabularies_are_refused(unit: str, key: str, told: object) -> None:
    """A damaged or invented vocabulary never becomes a codec."""
    with pytest.raises(InstrumentFileError, match="vocabulary"):
        KINDS[unit].from_json({key: told, "joins": []})
    with pytest.raises(InstrumentFileError, match="vocabulary"):
        KINDS[unit].from_json({"joins": []})


def rights() -> list[TextPiece]:
    archive = DATA / "udhr2_unicode" / "udhr2.zip"
    if not archive.exists():
        pytest.skip("the Declaration of Human Rights is not beside this checkout (../shared/data/udhr2_unicode)")
    with zipfile.ZipFile(archive) as opened:
        return [TextPiece(opened.read(name).decode()) for name in opened.namelist() if name.endswith(".txt")]


@every_unit
def test_every_language_of_human_rights_comes_back(unit: str) -> None:
    """From Amharic to Yi, in a vocabulary that was made of some of them."""
    pieces = rights()
    codec = KINDS[unit].from_pieces(pieces[::37])
    assert len(pieces) == 388

    for piece in pieces:
        events = codec.encode(piece)
        assert codec.decode(events) == piece
        assert [0, *codec.progress(events)][-1] == len(piece.content)
