"""Chains of a person's files: who is a voice, where they begin and end, and how they were drawn."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import DialError, InputError, MissingFileError, UsageError
from undersong.making import chains
from undersong.making.chains import Chain, chain, chain_of
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.playing.chains.markov import MarkovSteps

SONG = "the sea sings\nthe sea sleeps\nthe moon sings low\n"
PROSE = (
    "It was a long way down to the water, and nobody who\nhad gone that way by night had ever come back to tell\n"
    "what the stones were like under the hand, or whether\nthere was anything at all to hold on to when the rope\n"
    "began to slip, which it did, they said, every time.\n"
)


def of(*texts: str, **asked: object) -> Chain:
    """A chain of texts, each a voice: first, second …"""
    names = ("first", "second", "third")
    sources = {name: [TextPiece(text)] for name, text in zip(names, texts, strict=False)}
    return chain_of(Text(), sources, **asked)  # type: ignore[arg-type]


def test_a_line_begins_and_ends_as_lines_do() -> None:
    """Each sample is one line: begun after a start, ended by an end, made of what stands in the text."""
    made = of(SONG, order=3)
    lines = [str(sample.piece) for sample in made.samples(40, seed=1)]

    assert "line" == made.by
    assert {"t"} == {line[0] for line in lines}
    assert {"s", "w"} == {line[-1] for line in lines}
    assert not any("\n" in line for line in lines)
    assert len(set(lines)) > 3


LINES = st.text(st.sampled_from("abb e\u0301道🧑\u200d🚀\n"), min_size=1, max_size=80).filter(str.strip)


@settings(max_examples=25)
@given(LINES, st.integers(0, 4), st.sampled_from(["character", "word", "byte"]))
def test_everything_a_line_says_stands_in_the_material(text: str, order: int, unit: str) -> None:
    """Each symbol with the context it was drawn after, from the start to the end: that is what a chain is."""
    made = of(text, order=order, unit=unit, by_line=True)
    codec = made.instrument.codec
    start, end = int(codec.start), codec.end
    assert end is not None

    def windows(events: list[int]) -> set[tuple[int, ...]]:
        padded = [*[start] * max(1, order), *events]
        return {tuple(padded[at - order : at + 1]) for at in range(max(1, order), len(padded))}

    known = set().union(*(windows([*codec.encode(piece).tolist(), end]) for piece in made.sources["first"].parts))
    for sample in made.samples(5, seed=1, length=40):
        ended = len(list(made.steps(sample, length=40))) > len(sample.events)
        assert windows([*sample.events.tolist(), *([end] if ended else [])]) <= known
        assert sample.events.tolist() == codec.encode(sample.piece).tolist() or order == 0


def test_a_whole_work_goes_on_and_begins_as_after_a_line_end() -> None:
    """It knows no end; what it hears before it begins is a line's end, so it begins as some line does."""
    made = of(SONG, order=3, by_line=False)
    (sample,) = made.samples(1, length=200, seed=1)
    newline = made.instrument.codec.encode(TextPiece("\n"))

    assert "whole" == made.by
    assert 200 == len(str(sample.piece))
    assert str(sample.piece).startswith("the ")
    assert str(sample.piece).count("\n") > 5
    voice = made.voices["first"]
    assert isinstance(voice, chains.ChainSteps)
    assert newline.tolist() == list(voice.heard[-1:])


def test_prose_that_was_broken_to_fit_is_left_whole() -> None:
    """Its lines are no thoughts; who wants them says so."""
    assert "whole" == of(PROSE * 3).by
    assert "line" == of(PROSE * 3, by_line=True).by
    assert "line" == of(SONG).by


def test_the_odds_are_shares_of_the_material() -> None:
    """After `the ` come sea, twice, and moon: nothing smoothed, nothing else possible."""
    odds = of(SONG, order=4).instrument.odds("the ")

    assert {"s": pytest.approx(2 / 3), "m": pytest.approx(1 / 3)} == {name: p for name, p in odds.items() if p > 0}


def test_the_order_says_how_much_is_heard() -> None:
    """With no context at all letters come as often as they stand there, ends included."""
    odds = of("aab\nab\n", order=0).instrument.odds("b")

    assert {"a": 3 / 7, "b": 2 / 7, "<end>": 2 / 7} == {name: pytest.approx(p) for name, p in odds.items() if p > 0}


def test_a_rare_letter_has_a_place_of_its_own() -> None:
    """Who learns would spell it by its bytes; a chain shows it as it is."""
    made = of("día\nnoche 🧑‍🚀\n")

    assert {"í", "🧑‍🚀"} <= {
        made.instrument.codec.display(symbol) for symbol in range(made.instrument.codec.event.count)
    }


def test_words_are_a_unit() -> None:
    """A word chain says words of the text only, and says them in places where they stood."""
    made = of(SONG, unit="word")
    samples = {str(sample.piece) for sample in made.samples(30, seed=2)}

    assert (2, "word") == (made.order, made.unit)
    assert samples == {"the sea sings", "the sea sleeps", "the moon sings low"}
    assert "the sea sings low" in {str(sample.piece) for sample in of(SONG, unit="word", order=1).samples(30, seed=2)}


def test_a_smoothed_chain_finds_nothing_impossible() -> None:
    """Every symbol has some odds, after anything."""
    made = of(SONG, smooth=True)

    assert isinstance(made.voices["first"], MarkovSteps)
    assert min(made.instrument.odds("the q").values()) > 0


# ── several voices ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_voices_weigh_the_same_unless_told() -> None:
    """However long each is; one that weighs more is heard more."""
    odds = of("a" * 50 + "b\n", "ac\n", order=1).instrument.odds("")
    assert {"a": pytest.approx(1.0)} == {name: p for name, p in odds.items() if p > 0}

    alike = of("xa\n" * 30, "xb\n", order=1).instrument.odds("x")
    tilted = of("xa\n" * 30, "xb\n", order=1, weights=[1, 3]).instrument.odds("x")
    assert (pytest.approx(0.5), pytest.approx(0.5)) == (alike["a"], alike["b"])
    assert (pytest.approx(0.25), pytest.approx(0.75)) == (tilted["a"], tilted["b"])


def test_a_weight_is_a_dial() -> None:
    """Named as its voice, and turned while it plays; the first voice has what the others leave."""
    made = of("xa\n", "xb\n", "xc\n", order=1)

    assert ["second", "third"] == [dial.name for dial in made.instrument.dials if dial.name in made.voices]
    odds = made.instrument.odds("x", second=0.1, third=0.7)
    assert (pytest.approx(0.2), pytest.approx(0.1), pytest.approx(0.7)) == (odds["a"], odds["b"], odds["c"])
    with pytest.raises(DialError):
        made.samples(1, second=3.0)


def test_voices_of_different_scripts_do_not_break_each_other() -> None:
    """Who does not know the letters so far is silent until it does."""
    made = of("the sea\nthe sky\n", "دریا\nآسمان\n", order=3)
    lines = {str(sample.piece) for sample in made.samples(60, seed=1)}

    assert all(line.isascii() or not any(letter.isascii() for letter in line) for line in lines)
    assert {True, False} == {line.isascii() for line in lines}


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [0, 0], [-1, 2], [float("nan"), 1], [float("inf"), 1]])
def test_weights_that_make_no_sense_are_refused(weights: list[float]) -> None:
    """One for each voice, none below 0, not all of them nothing."""
    with pytest.raises(UsageError, match="--weights 2,1"):
        of(SONG, SONG, weights=weights)


def test_a_weight_may_move_while_it_plays() -> None:
    """From one voice to the other in six symbols; the steps say so."""
    made = of("aaaaaaaa\n", "bbbbbbbb\n", order=0, by_line=False)
    (sample,) = made.samples(1, length=8, seed=1, second="0>1/6")
    steps = list(made.steps(sample, length=8, second="0>1/6"))

    assert [0.0, 0.5, 1.0, 1.0] == [pytest.approx(steps[at].weights.get("second", 0.0)) for at in (0, 3, 6, 7)]


def test_what_would_copy_can_be_held_back() -> None:
    """By the dial `novelty`, where the bags leave a choice."""
    (path,) = Text().builtin()["tide"]
    tide = path.read_text("utf-8")
    made = of(tide, order=8, by_line=False, novel=True)
    free, held = (
        made.copied([sample.piece for sample in made.samples(5, seed=1, novelty=novelty)]).share for novelty in (0, 10)
    )

    assert held < free


# ── watching ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_steps_tell_how_a_sample_was_drawn() -> None:
    """Each drawn symbol lies in its bag; together with the end they are the sample."""
    made = of(SONG, order=3)
    codec = made.instrument.codec
    for sample in made.samples(5, seed=4):
        steps = list(made.steps(sample))

        assert [*sample.events.tolist(), codec.end] == [step.drawn for step in steps]
        for step in steps:
            bag = step.bags["first"]
            assert step.drawn in bag.symbols.tolist()
            share = bag.counts[bag.symbols.tolist().index(step.drawn)] / bag.total
            assert share == pytest.approx(step.odds[step.drawn])
            assert len(step.context) <= 3
        expected = -sum(np.log(step.odds[step.drawn]) for step in steps[:-1])
        assert expected == pytest.approx(sample.nats)


def test_steps_stop_where_the_length_did() -> None:
    """No end was drawn, so none is shown; the prompt is part of the context."""
    made = of(SONG, order=3)
    (sample,) = made.samples(1, "the ", length=2, seed=4)
    steps = list(made.steps(sample, "the ", 2))

    assert 2 == len(steps)
    assert "he " == str(made.instrument.codec.decode(np.array(steps[0].context)))


def test_steps_of_several_voices_show_who_was_heard() -> None:
    """Their weights are of those who were, and the odds are the mixture's."""
    made = of("xa\n", "xb\nyb\n", order=2)
    (sample,) = made.samples(1, "x", seed=1, second=0.75)
    first = next(made.steps(sample, "x", second=0.75))
    assert {"first": 0.25, "second": 0.75} == dict(first.weights)

    (sample,) = made.samples(1, "y", seed=1)
    first = next(made.steps(sample, "y"))
    assert {"second": 1.0} == dict(first.weights) == dict.fromkeys(first.bags, 1.0)


def test_a_copied_run_is_found_in_the_sources() -> None:
    """Letter for letter, in any of them."""
    made = of(SONG, "a lamp is lit\n")
    found = made.copied([TextPiece("we say a lamp is out")])

    assert (10, 7) == (found.longest, found.start)


# ── from files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_file_is_a_voice_of_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that are taken, or stand for something else, get a number; a folder is one voice."""
    for name in ("a.b.txt", "temperature.txt", "more/one.txt", "more/two.txt", "other/a.b.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SONG, "utf-8")
    files = [tmp_path / name for name in ("a.b.txt", "temperature.txt", "more", "other/a.b.md")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SONG.encode())))
    made = chain([*files, "-"])

    assert ["a-b", "temperature-2", "more", "a-b-2", "typed"] == list(made.voices)
    assert 2 == len(made.sources["more"].whole)
    assert Counter(made.weights.values()) == {0.2: 5}


def test_what_ships_can_be_chained() -> None:
    """By its name."""
    made = chain(["builtin:tide"])

    assert ["tide"] == list(made.voices)
    assert "a Markov chain of order 4 by character" == made.instrument.facts["network"]


def test_works_in_fields_keep_them(tmp_path: Path) -> None:
    """Each is one piece, whose fields stand in their order whatever was in the bag."""
    rows = "".join(f"word{at},what {at % 7} means\n" for at in range(40))
    (tmp_path / "words.csv").write_text(f"word,meaning\n{rows}", "utf-8")
    made = chain([tmp_path / "words.csv"], order=1, asked={"fields": "word,meaning"})

    assert "piece" == made.by
    for sample in made.samples(20, seed=1):
        assert ["word", "meaning"] == list(sample.piece.to_json())
    with pytest.raises(UsageError, match="no lines"):
        chain([tmp_path / "words.csv"], asked={"fields": "word,meaning"}, by_line=True)


def test_nothing_is_refused_in_words(tmp_path: Path) -> None:
    """No file, a missing one, an order that makes no sense."""
    with pytest.raises(UsageError, match="nothing to make a chain of"):
        chain([])
    with pytest.raises(MissingFileError):
        chain([tmp_path / "gone.txt"])
    with pytest.raises(UsageError, match="order 65"):
        of(SONG, order=65)
    with pytest.raises(InputError, match="material is empty"):
        of(" \n \n")


def test_a_medium_without_symbols_is_refused(toy_file: Path) -> None:
    """Walks are points, of which no two are alike."""
    with pytest.raises(InputError, match="made of symbols"):
        chain([toy_file])


def test_a_large_source_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than to eat all memory."""
    monkeypatch.setattr(chains, "_MOST_COUNTED", 20)
    made = of(SONG)

    assert ["Of 'first' the first 20 events are in the chain; more would not fit."] == list(made.notes)
    assert 22 == made.instrument.steps.bags.places.size  # type: ignore[attr-defined] # with the ends of two lines


def test_many_rows_come_in_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Odds of all of them side by side might not fit; those of the first lot are the same whatever comes after."""
    made = of(SONG, order=2)
    few = [str(sample.piece) for sample in made.samples(3, seed=5)]
    monkeypatch.setattr(chains, "_MOST_ODDS", 4 * made.instrument.codec.event.count)
    many = [str(sample.piece) for sample in made.samples(10, seed=5)]

    assert few == many[:3]
    assert 10 == len(many)
    assert many == [str(sample.piece) for sample in made.samples(10, seed=5)]
