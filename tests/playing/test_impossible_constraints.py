"""What cannot be asked of a piece is refused by name, before anything is played; and constraints as values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from constrained_voices import Few, added, lexicon, parrot, plays
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import ASKED, PROMPTS, instrument_of, voice

from undersong.distributions.categorical import Categorical
from undersong.errors import ConstraintError
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.instrument import Instrument

# ── what cannot be ───────────────────────────────────────────────────────────────────────────────────────────────

IMPOSSIBLE: Mapping[str, tuple[dict[str, Any], str]] = {
    "longer than there is room": ({"contain": "x" * 61}, r"Contain 'x+…' cannot be kept: .* 61 characters, and 60"),
    "two that do not fit": (
        {"contain": ["a" * 40, "b" * 40]},
        r"Contain 'b+' cannot be kept together with contain 'a+': that takes at least 80 characters, and 60",
    ),
    "a span of what must be": (
        {"contain": "damn it", "avoid": ["z", "damn"]},
        r"Contain 'damn it' cannot be kept together with avoid 'damn', which stands in it",
    ),
    "a letter of a word": ({"words": "lighthouse", "avoid": "h"}, r"Words 'lighthouse' .* avoid 'h', which stands"),
    "a word that is avoided": ({"words": "sea", "avoid_words": ["sea"]}, r"Words 'sea' .* avoid_words 'sea'"),
    "every way to go on with it": (
        {"words": "sea", "avoid": [" s"], "force": {0: "a"}, "forbid": {}, "most": 4},
        r"Force 'a' at position 0 cannot be kept together with words 'sea'",
    ),
    "a position that is not reached": ({"force": {60: "a"}}, r"Force 'a' at position 60 .* 61 characters, and 60"),
    "forced and forbidden": ({"force": {3: "e"}, "forbid": {3: ["a", "e"]}}, r"forbid 'e' at position 3 .*forced"),
    "forced and avoided": ({"force": {3: "fox"}, "avoid": "o"}, r"Force 'fox' at position 3 .* avoid 'o'"),
    "forced twice": ({"force": {3: "ab", 4: "c"}}, r"two different events at position 4"),
    "forced over one another": ({"force": {3: "ab", 4: "b"}}, r"force 'b' at position 4 overlaps"),
    "forced together with what is avoided": (
        {"force": {3: "a", 4: "b"}, "avoid": "ab"},
        r"Force 'b' at position 4 cannot be kept together with",
    ),
    "longer than it is to be": ({"least": 61}, r"61 characters long at the least: 60 are asked for"),
    "no word": ({"words": "..."}, r"words '\.\.\.' is no word"),
    "nothing": ({"avoid": ""}, r"avoid names a piece with nothing in it"),
    "several events where there can be one": (
        {"forbid": {2: "日"}},
        r"forbid '日' at position 2 is not one event but 3",
    ),
    "nine at once": ({"contain": list("abcdefghi")}, r"9 pieces must be held at once"),
    "copies that nobody knows": ({"refuse_copies": 20}, r"refuse_copies 20 .* has no fingerprints"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_is_refused_by_name(case: str) -> None:
    """Before anything is played, and with what it does not go with."""
    asked, says = IMPOSSIBLE[case]
    with pytest.raises(ConstraintError, match=says):
        added(plays("character"), Constraints(**asked), 2)


@pytest.mark.parametrize(
    ("asked", "more", "says"),
    [
        ({"avoid": "o"}, {"start": "fox"}, "Start cannot be kept together with avoid 'o'"),
        ({"force": {1: "a"}}, {"start": "fox"}, "force 'a' at position 1 .* the start"),
        ({"force": {2: "xa"}}, {"start": "fox"}, "begins in the start of what is added and ends after it"),
        ({"forbid": {1: "o"}}, {"start": "fox"}, "forbid 'o' at position 1 .* the start"),
        ({"contain": "owl"}, {"start": "a fox and a dog", "length": 15}, "Contain 'owl' cannot be kept"),
        ({"contain": "owl\nx"}, {"stop": "\n"}, "Contain .* together with a stop that stands in it"),
        ({"contain": "owl"}, {"start": "a\n", "stop": "\n"}, "cannot begin so: a stop stands in the start"),
        ({"contain": "owl"}, {"length": 0}, "Contain 'owl' .* at least 3 characters, and 0"),
    ],
)
def test_what_does_not_go_with_the_rest_is_refused(asked: dict[str, Any], more: dict[str, Any], says: str) -> None:
    """How what is added begins, where it stops, and how long it is."""
    with pytest.raises(ConstraintError, match=says):
        added(plays("character"), Constraints(**asked), 2, **more)


def test_a_start_whose_event_goes_further_than_the_most_is_refused() -> None:
    """Letter by letter it would be cut; a word is one event."""
    (word,) = plays("word").codec.encode(TextPiece(" below")).tolist()

    with pytest.raises(ConstraintError, match=r"most 3 cannot be kept together with the start .* goes on to 6 char"):
        added(plays("word"), Constraints(most=3), 1, start=plays("word").codec.display(word))
    assert [" be"] == added(plays("character"), Constraints(most=3), 1, start=" below")


def test_what_is_a_copy_itself_is_refused() -> None:
    """Where copies are: what must be held, what is forced, and the start."""
    line = re.search(r"the fox sings \w+", str(voice("text").pieces[0]))
    assert line is not None
    for asked, name in (({"contain": line[0]}, "contain"), ({"force": {5: line[0]}}, "force")):
        with pytest.raises(ConstraintError, match=rf"refuse_copies 12 .* together with {name} '{line[0]}'"):
            added(parrot("character"), Constraints(**asked, refuse_copies=12), 1)
    with pytest.raises(ConstraintError, match="together with the start of what is added"):
        added(parrot("character"), Constraints(refuse_copies=12), 1, start=line[0])


def test_what_was_sampled_is_known_from_some_length_on() -> None:
    """Shorter copies nobody could refuse."""
    instrument = parrot("character", sampled=True)
    assert instrument.fingerprints is not None
    with pytest.raises(ConstraintError, match=f"only spans of {instrument.fingerprints.guess} are known"):
        added(instrument, Constraints(refuse_copies=12), 1)


@pytest.mark.filterwarnings("error")
def test_what_the_instrument_gives_no_odds_to_is_an_error() -> None:
    """Which names what was asked, where nothing else is left."""
    codec = Characters(sorted("\nabc "))
    few = Instrument("few", Text(), codec, Categorical(codec.event.count or 0), Few(codec, "ab"))

    assert all("aa" not in each for each in added(few, Constraints(avoid="aa"), 20, length=30))
    for rows in (1, 3):
        with pytest.raises(ConstraintError, match=r"no odds to what is left: contain 'c' cannot be kept"):
            added(few, Constraints(contain="c"), rows, length=30)
        with pytest.raises(ConstraintError, match=r"After 0 events .* avoid 'a', avoid 'b' cannot be kept"):
            added(few, Constraints(avoid=["a", "b"]), rows, length=30)


# ── other media ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_are_forced_and_have_a_length() -> None:
    """Steps of a walk, by position."""
    walks, asked = instrument_of("walk"), ASKED["walk"]
    forced = walks.codec.encode(walks.medium.prompt("[[0.5, 0.5], [1, 2]]"))
    within = Constraints(force={2: "[[0.5, 0.5], [1, 2]]"}, least=5, most=9)
    for sample in walks.samples(3, PROMPTS["walk"], 20, 1, asked, within=within):
        assert len(sample.events) == 9
        np.testing.assert_array_equal(forced, sample.events[2:4])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"avoid": "[[1, 1]]"}, "plays numbers, not symbols: it takes no avoid"),
        ({"words": "[[1, 1]]", "refuse_copies": 12}, "it takes no words, refuse_copies"),
        ({"forbid": {0: "[[1, 1]]"}}, "it takes no forbid"),
        ({"force": {8: "[[1, 1]]"}}, "force at position 8 cannot be kept: 8 events are added"),
        ({"force": {2: "nonsense"}}, "force: "),
        ({"force": {1: "[[1, 1], [2, 2]]", 2: "[[1, 1]]"}}, "something else is at position 2"),
        ({"least": 9}, "9 points long at the least"),
    ],
)
def test_what_makes_no_sense_of_numbers_is_refused_by_name(asked: dict[str, Any], says: str) -> None:
    """With what does."""
    with pytest.raises(ConstraintError, match=says):
        instrument_of("walk").sample("", 8, 1, within=Constraints(**asked))


def test_what_makes_sense_only_whole_takes_few_constraints() -> None:
    """A record ends by itself, and is as long as it is."""
    for asked in ({"contain": "fox", "least": 3}, {"force": {0: "a"}, "forbid": {1: "b"}}, {"refuse_copies": 12}):
        with pytest.raises(ConstraintError, match=f"makes sense only whole: it takes no {', '.join(asked)}"):
            lexicon("character").sample(within=Constraints(**asked))
    with pytest.raises(ConstraintError, match="avoid_words 'a b!' is no word"):
        lexicon("character").sample(within=Constraints(avoid_words="a b!"))


def test_a_codec_without_words_has_no_words_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans it has."""
    monkeypatch.setattr(Characters, "inside", lambda codec, elements: np.zeros(len(elements), bool))
    with pytest.raises(ConstraintError, match=r"words 'fox' is no word: .* 'characters\.v1'"):
        instrument_of("text").sample(within=Constraints(words="fox"))
    assert "fox" in str(instrument_of("text").sample("", 20, 1, within=Constraints(contain="fox")))


# ── as a value ───────────────────────────────────────────────────────────────────────────────────────────────────

pieces = st.one_of(
    st.text(min_size=1, max_size=5), st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
)
several = st.lists(pieces, max_size=3)
constraints = st.builds(
    Constraints,
    several,
    several,
    several,
    several,
    st.integers(0, 10),
    st.one_of(st.none(), st.integers(10, 20)),
    st.dictionaries(st.integers(0, 99), pieces, max_size=3),
    st.dictionaries(st.integers(0, 99), several, max_size=3),
    st.one_of(st.none(), st.integers(12, 99)),
)


@given(constraints)
def test_they_come_back_from_json(asked: Constraints) -> None:
    """As they were."""
    again = Constraints.from_json(json.loads(json.dumps(asked.to_json())))

    assert asked == again
    assert again.to_json() == asked.to_json()


def test_a_piece_becomes_what_it_is_read_from() -> None:
    """Words, fields, or a list as its medium reads it."""
    walk = voice("walk").pieces[0]
    asked = Constraints(contain=TextPiece("the fox"), force={0: walk})
    again = Constraints.from_json(json.loads(json.dumps(asked.to_json())))

    assert ("the fox",) == again.contain
    assert again == Constraints.from_json({"contain": ["the fox"], "force": {"0": walk.to_json()}})
    np.testing.assert_allclose(
        voice("walk").codec.encode(voice("walk").medium.prompt(again.force[0])), voice("walk").codec.encode(walk)
    )


def test_one_is_as_good_as_a_list_of_it() -> None:
    """And nothing asked is nothing asked."""
    assert Constraints(avoid="e") == Constraints(avoid=["e"]) != Constraints(avoid=["e", "f"])
    assert Constraints() == Constraints.from_json({}) == Constraints.from_json({"avoid": [], "most": None})
    assert {} == Constraints().to_json()
    nothing = np.zeros(0, np.int64)
    assert Constraints().rules(instrument_of("text"), nothing, 1, 10, nothing) is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "Constraints are values by name, not list"),
        ({"avoids": "e"}, r"no constraint 'avoids'(.|\n)*Did you mean 'avoid'"),
        ({"x" * 99: "e"}, r"no constraint 'x{60}'(.|\n)*There are contain, avoid"),
        ({"avoid": 5}, "avoid is 5, not a piece or several"),
        ({"avoid": [5]}, "avoid holds 5, which is no piece"),
        ({"avoid": [{"a": 1}]}, "fields that are not words by name"),
        ({"avoid": "x" * 2_001}, "avoid holds a piece of 2,001 letters"),
        ({"avoid": ["x"] * 2_001}, "2,001 pieces are asked for or forbidden"),
        ({"least": -1}, "least -1 is not a number from 0"),
        ({"least": "long"}, "least 'long' is not a number"),
        ({"least": float("nan")}, "least nan is not a number"),
        ({"most": True}, "most True is not a number"),
        ({"least": 5, "most": 4}, "5 long at the least and 4 at the most"),
        ({"force": "e"}, "force is 'e', not values by position"),
        ({"force": {"-1": "e"}}, "force has a position '-1'"),
        ({"force": {"10000": "e"}}, "a position 10000, which is not a whole number from 0 to 9,999"),
        ({"force": {"0": 1}}, "force holds 1, which is no piece"),
        ({"forbid": {"0": 1}}, "forbid is 1, not a piece or several"),
        ({"forbid": {str(at): "e" for at in range(1_001)}}, "forbid has 1,001 positions"),
        ({"refuse_copies": 11}, "refuse_copies 11 is not a whole number from 12"),
        ({"refuse_copies": 12.5}, "refuse_copies 12.5 is not a whole number"),
        ({"refuse_copies": True}, "refuse_copies True is not a whole number"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_constraint_is_refused(data: Any, says: str) -> None:
    """From anyone, in words."""
    with pytest.raises(ConstraintError, match=says):
        Constraints.from_json(data)
