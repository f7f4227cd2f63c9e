"""What is asked of a piece holds, in every unit, whatever the dice."""

from __future__ import annotations

import re

import numpy as np
import pytest
from constrained_voices import LENGTH, PROMPT, UNITS, added, is_word, kinds, lexicon, parrot, plays

from undersong.media.text.piece import TextPiece
from undersong.media.text.records import RecordPiece
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.copying import spans

every_unit = pytest.mark.parametrize("unit", UNITS)
every_kind = pytest.mark.parametrize("kind", kinds())


# ── what is asked holds ──────────────────────────────────────────────────────────────────────────────────────────


@every_unit
@every_kind
def test_what_is_asked_holds(unit: str, kind: str) -> None:
    """However a piece is cut into events."""
    asked, holds = kinds()[kind]
    for each in added(plays(unit), Constraints(**asked), 5):
        assert holds(each), each


@pytest.mark.slow
@every_unit
@every_kind
def test_what_is_asked_holds_a_thousand_times(unit: str, kind: str) -> None:
    """In every sample; of the other units two hundred times."""
    asked, holds = kinds()[kind]
    for seed in range(10 if unit == "character" else 2):
        for each in added(plays(unit), Constraints(**asked), 100, seed):
            assert holds(each), (seed, each)


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.0, 0.3, 3.0])
def test_dials_loosen_nothing(temperature: float) -> None:
    """What is masked comes before how boldly it is drawn, and before how much of it is cut off."""
    for kind, (asked, holds) in kinds().items():
        for each in added(plays("character"), Constraints(**asked), 100, temperature=temperature, top_k=5, brake=2.0):
            assert holds(each), (kind, each)


@every_unit
def test_events_come_where_they_are_forced_and_not_where_they_are_forbidden(unit: str) -> None:
    """By their position among what is added; several in a row where a piece is several."""
    instrument = plays(unit)
    codec = instrument.codec
    x, long = codec.encode(TextPiece("x")), codec.encode(TextPiece("naïve 日"))
    barred = {0: ["x", "t", " "], 7: ["e", " "], 8: ["o"]}
    within = Constraints(force={3: "x", 20: "naïve 日"}, forbid=barred, avoid="w")

    for sample in instrument.samples(5, PROMPT, LENGTH + 20, 5, within=within):
        np.testing.assert_array_equal(x, sample.events[3 : 3 + len(x)])
        np.testing.assert_array_equal(long, sample.events[20 : 20 + len(long)])
        for at, several in barred.items():
            assert all([sample.events[at]] != codec.encode(TextPiece(each)).tolist() for each in several)
        assert "w" not in str(sample.piece)[len(PROMPT) :]


def test_what_is_forced_is_looked_ahead_to() -> None:
    """Before it nothing comes that it would finish to what must not be; and what must be fits around it."""
    letters = [*"abcdefghijklmnopqrstuvwyz \n,."]
    instrument = plays("character")
    forced = {at: int(instrument.codec.encode(TextPiece(each))[0]) for at, each in {1: "x", 4: "x", 9: " "}.items()}
    within = Constraints(
        avoid=["ax", "bx", *(f"{each}x" for each in letters[5:])],
        force={1: "x", 4: "x", 9: " "}, contain="abc", words="of", least=14,
    )  # fmt: skip
    for sample in instrument.samples(50, "", 14, 2, within=within):
        each = str(sample.piece)
        assert forced == {at: sample.events[at] for at in forced}
        assert "ax" not in each
        assert "bx" not in each
        assert "abc" in each
        assert re.search(r"\bof\b", each)


def test_what_must_be_held_is_spread_over_the_piece() -> None:
    """None waits for the end: each is due when its share of the length is over."""
    for each in added(plays("character"), Constraints(words=["zebra", "quagga"]), 20, length=120):
        first, second = sorted((each.find("zebra"), each.find("quagga")))
        assert first <= 120 / 3 + 18
        assert second <= 120 * 2 / 3 + 18


def test_what_never_bites_changes_nothing() -> None:
    """Bit for bit."""
    instrument = plays("character")
    for free, bound in zip(
        instrument.samples(3, PROMPT, 80, 2),
        instrument.samples(3, PROMPT, 80, 2, within=Constraints(most=500, least=2)),
        strict=True,
    ):
        np.testing.assert_array_equal(free.events, bound.events)
        assert free.nats == bound.nats


@every_unit
def test_a_row_gets_what_it_would_get_alone(unit: str) -> None:
    """Whoever plays beside it; and a stream shows the same."""
    within = Constraints(**kinds()["everything"][0])
    several = plays(unit).samples(4, PROMPT, LENGTH, 3, within=within)
    (alone,) = plays(unit).samples(1, PROMPT, LENGTH, 3, within=within)
    streamed = list(plays(unit).stream(PROMPT, LENGTH, 3, within=within))

    np.testing.assert_array_equal(alone.events, several[0].events)
    np.testing.assert_array_equal(alone.events, [each.event for each in streamed])
    assert 4 == len({str(each.piece) for each in several})


def test_nats_are_those_of_the_instrument_itself() -> None:
    """However little was left to choose from."""
    instrument = plays("character")
    within = Constraints(contain="zebra", avoid="q")
    (sample,) = instrument.samples(1, PROMPT, 30, 4, within=within)
    before = instrument.codec.encode(TextPiece(PROMPT))

    assert sample.nats == pytest.approx(instrument.nats_of(sample.events, before).sum(), abs=1e-3)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("don't go", ["don", "t", "go"]),
        ("well-known, naïve cafe\u0301", ["well", "known", "naïve", "cafe\u0301"]),
        ("x_1 2½", ["x_1", "2½"]),
        ("می\u200cخواهم.", ["می\u200cخواهم"]),
        ("日本。🧑", ["日本"]),
    ],
    ids=ascii,
)
def test_words_are_letters_with_their_marks_and_digits(said: str, words: list[str]) -> None:
    """What a word is does not depend on the unit."""
    for unit in UNITS:
        codec = plays(unit).codec
        inside = codec.inside(codec.elements(TextPiece(said))).tolist()
        found = "".join(letter if within else " " for letter, within in zip(said, inside, strict=True))
        assert words == found.split()


# ── beside what else is asked ────────────────────────────────────────────────────────────────────────────────────


def test_what_a_prompt_began_is_not_finished() -> None:
    """Of what must not be; of what must be all stands in what is added."""
    instrument = plays("character")
    for each in added(instrument, Constraints(avoid="sings"), 30, prompt="the sea sing", length=5):
        assert not each.startswith("s")
    for each in added(instrument, Constraints(avoid_words="sings"), 30, prompt="the sea sing", length=5):
        assert not re.match(r"s\b", each)
    for each in added(instrument, Constraints(words="sings"), 30, prompt="the sea sing", length=12):
        assert re.search(r"\bsings\b", "x" + each)


def test_what_is_added_begins_as_it_is_told_to_and_keeps_the_rest() -> None:
    """What the start holds is held."""
    instrument = plays("character")
    within = Constraints(contain="owl", avoid="e", force={0: "a", 12: "x"})
    for sample in instrument.samples(20, "", 14, 1, start="an o", within=within):
        each = str(sample.piece)
        assert each.startswith("an o")
        assert "owl" in each
        assert "e" not in each
        assert instrument.codec.encode(TextPiece("x")) == sample.events[12]
    assert ["an owl"] == added(instrument, Constraints(contain="owl"), 1, start="an owl", length=6)


@every_unit
def test_nothing_stops_before_it_holds_what_it_must(unit: str) -> None:
    """A stop that comes too early does not come."""
    within = Constraints(words="moon", least=20)
    for each in added(plays(unit), within, 6, stop=["\n", " the", ","], length=50):
        assert re.search(r"\bmoon\b", each), each
        assert len(each) >= 20
        assert "," not in each
        assert "\n" not in each


def test_candidates_hold_what_they_must() -> None:
    """Also where they are cut at the end of a word."""
    session = plays("character").session("the ", seed=3)
    for each in session.candidates(5, until="word", length=40, within=Constraints(words="moon", avoid="e")):
        assert re.search(r"\bmoon\b", str(each)), str(each)
        assert "e" not in str(each)


def test_a_row_tells_from_when_on_it_is_all_that_was_asked() -> None:
    """So that nobody cuts it shorter."""
    instrument = plays("character")
    within = Constraints(words="moon", least=12, force={30: "x"})
    rules = within.rules(instrument, instrument.codec.encode(TextPiece("")), 1, 60, np.zeros(0, np.int64))
    assert rules is not None
    least = []
    for event in instrument.codec.encode(TextPiece("a moon, the moon sings the sea ")).tolist():
        rules.hear([event], [0], np.array([True]))
        least.append(rules.least(0))

    assert list(range(1, 32)) == least
    rules = Constraints(words="moon", least=12).rules(
        instrument, instrument.codec.encode(TextPiece("")), 1, 60, np.zeros(0, np.int64)
    )
    assert rules is not None
    for event in instrument.codec.encode(TextPiece("a moon, the moon sings")).tolist():
        rules.hear([event], [0], np.array([True]))
    assert 12 == rules.least(0)


@pytest.mark.parametrize("unit", ["character", "word", "byte"])
def test_records_do_not_hold_what_they_must_not(unit: str) -> None:
    """In no field that is played, also where a field ends with it; what was given stays as it is."""
    within = Constraints(avoid=["k", "at", "ï"], avoid_words=["a", "fish", "eel", "hold"])
    opening = {"word": "eel at"}
    for prompt, fields in (("", ("word", "meaning")), (opening, ("meaning",))):
        for sample in lexicon(unit).samples(30, prompt, 400, 2, within=within):
            piece = sample.piece
            assert isinstance(piece, RecordPiece)
            assert prompt == "" or piece.fields["word"] == "eel at"
            for name in fields:
                said = piece.fields[name]
                assert not any(each in said for each in ("k", "at", "ï"))
                assert not any(is_word(each, said, 0) for each in ("a", "fish", "eel", "hold"))
    free = [str(each.piece) for each in lexicon(unit).samples(30, "", 400, 2)]
    assert sum("fish" in each or "k" in each for each in free) > 5


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("unit", ["character", "word", "part", "byte"])
@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize("size", [12, 20])
def test_nothing_is_copied_that_is_as_long_as_what_is_refused(unit: str, sampled: bool, size: int) -> None:
    """As the fingerprints tell it, over the edge of the prompt as well; without the constraint very much is."""
    instrument = parrot(unit, sampled)
    known = instrument.fingerprints
    assert known is not None
    assert sampled == (known.every > 1)
    size = max(size, known.guess)

    def copied(within: Constraints | None) -> int:
        found = 0
        for sample in instrument.samples(4, PROMPT, 200, 3, within=within):
            elements = instrument.codec.elements(sample.piece)
            found += sum(span.stop > len(PROMPT) for span in spans(known, elements, size))
        return found

    assert 0 == copied(Constraints(refuse_copies=size))
    assert copied(None) > 0


def test_what_must_be_said_is_said_without_copying() -> None:
    """Room is kept for it: what would be a copy here comes a little later."""
    instrument = parrot("character")
    known = instrument.fingerprints
    assert known is not None
    within = Constraints(contain=["the fox s", "the owl w"], avoid="z", refuse_copies=12)
    for sample in instrument.samples(20, PROMPT, 80, 4, within=within):
        said = str(sample.piece)
        assert "the fox s" in said[len(PROMPT) :]
        assert "the owl w" in said[len(PROMPT) :]
        found = spans(known, instrument.codec.elements(sample.piece), 12)
        assert not any(span.stop > len(PROMPT) for span in found)
