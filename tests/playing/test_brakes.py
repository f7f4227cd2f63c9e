"""Brakes: a loop ends, a copy is broken off, and what neither repeats nor copies is played as if there were none."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import instrument_of, voice

from undersong.distributions.categorical import Categorical
from undersong.errors import DialError
from undersong.events import Condition, Parameters, State
from undersong.keeping.fingerprints import Fingerprints, digests
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.playing import brakes as module
from undersong.playing.brakes import Repetition
from undersong.playing.chains.markov import MarkovSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.novelty import Novelty
from undersong.playing.spelled import Spelled
from undersong.shapes import ArraySpec

LETTERS = "\nabcdefgh é"
CODEC = Characters(sorted(LETTERS))


class Round:
    """A voice that says the same few letters for ever: each is followed by the next with 99.9 % of the odds."""

    def __init__(self, letters: str) -> None:
        events = CODEC.encode(TextPiece(letters))
        size = CODEC.event.count or 0
        self.odds = np.full((size + 1, size), np.log(0.001 / (size - 1)))
        for here, there in itertools.pairwise([*events, events[0]]):
            self.odds[here, there] = np.log(0.999)
        self.odds[size, events[0]] = np.log(0.999)
        self.odds[:, CODEC.end] = -1e9

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return {"next": np.repeat(self.odds[-1:], batch, axis=0)}, {}

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        return {"next": self.odds[event]}, {}

    def inside(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State, Any]:
        return (*self.step(event, condition, state), {})


def going_round(letters: str, **more: Any) -> Instrument:
    return Instrument("round", Text(), CODEC, Categorical(CODEC.event.count or 0), Round(letters), **more)


# ── repetition ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("letters", ["a", "abc", "abcdefgh"])
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_the_brake_ends_an_endless_loop(letters: str, temperature: float) -> None:
    """Without it the same letters come for ever; with it the round is left again and again."""
    plays = going_round(letters)
    free = str(plays.sample(length=300, seed=1, temperature=temperature))
    braked = str(plays.sample(length=300, seed=1, temperature=temperature, brake=1.0))

    assert letters * 20 in free
    # the others have 0.1 % together, each of 253 e^-12.4 of what goes on: 13 events too many are surely less
    assert longest_repetition(braked) <= 7 + 13 < longest_repetition(free)


def test_a_harder_brake_and_one_that_acts_earlier_leave_shorter_repetitions() -> None:
    """Nats for each event that it is too long."""
    plays = going_round("abcdefgh")

    def longest(**dials: float) -> int:
        return longest_repetition(str(plays.sample(length=400, seed=1, temperature=0, **dials)))

    by_force = [longest(brake=brake) for brake in (0.2, 0.5, 1.0, 5.0)]
    by_length = [longest(brake=1.0, brake_after=after) for after in (100, 50, 20, 1)]
    assert by_force == sorted(by_force, reverse=True)
    assert by_length == sorted(by_length, reverse=True)
    assert by_force[0] > by_force[-1]
    assert by_length[0] > 100 > 20 > by_length[-1]


def longest_repetition(text: str) -> int:
    """The longest stretch that ends somewhere and stood somewhere before, by hand."""
    length = 0
    for at in range(len(text)):
        while at + length < len(text) and text.find(text[at : at + length + 1]) < at:
            length += 1
    return length


def test_what_does_not_repeat_is_played_as_without_a_brake() -> None:
    """Bit for bit, and at any force: nothing acts before a repetition is 8 events long."""
    plays = instrument_of("text")
    free, braked = (plays.samples(3, "the fox", 200, seed=2, **dials) for dials in ({}, {"brake": 5.0}))

    for one, other in zip(free, braked, strict=True):
        assert longest_repetition("the fox" + str(one.piece)) <= 8
        np.testing.assert_array_equal(one.events, other.events)
        assert one.nats == other.nats


def test_what_the_prompt_said_counts_as_said() -> None:
    """A loop that a person began is not taken up."""
    plays = going_round("abcdefgh")
    before = "abcdefgh" * 3

    first = [str(plays.sample(before, 12, seed=1, temperature=0, **dials))[24:] for dials in ({}, {"brake": 5.0})]
    assert first[0] == "abcdefghabcd"
    assert first[1] != first[0]


def test_the_nats_that_are_told_know_nothing_of_a_brake() -> None:
    """They are the instrument's own surprise at what it was made to say."""
    plays = going_round("abc")
    (braked,) = plays.samples(1, length=100, seed=1, brake=2.0)

    assert braked.nats == pytest.approx(plays.nats_of(braked.events).sum())


def test_odds_show_what_a_brake_holds_back() -> None:
    """After the fifth round the next letter of it, which would make 5 events too many, is all but forbidden."""
    plays = going_round("abc")

    assert plays.odds("abc" * 5)["a"] > 0.99
    assert plays.odds("abc" * 5, brake=5.0)["a"] < 1e-6
    assert plays.odds("abc" * 5, brake=5.0, brake_after=50)["a"] > 0.99


def naive(heard: Sequence[int], after: int, symbols: int) -> list[float]:
    """For each symbol how many events too many its longest repetition is, looked up one by one."""
    found = [0.0] * symbols
    for at in range(1, len(heard)):
        run = 0
        while run < at and heard[at - 1 - run] == heard[len(heard) - 1 - run]:
            run += 1
        found[heard[at]] = max(found[heard[at]], float(run - after + 1))
    return found


@given(
    st.lists(st.integers(0, 2), max_size=40),
    st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), max_size=20),
    st.integers(1, 6),
)
def test_the_brake_finds_what_a_search_finds(
    opening: Sequence[int], events: Sequence[Sequence[int]], after: int
) -> None:
    """Each row for itself, whatever came before."""
    repetition = Repetition(3, np.array(opening, np.int64), 2)
    for each in events:
        repetition.hear(each, [0, 0])
    held = repetition.nats({"brake": 1.0, "brake_after": float(after)})

    expected = [naive([*opening, *(each[row] for each in events)], after, 3) for row in range(2)]
    np.testing.assert_array_equal(np.zeros((2, 3)) if held is None else held, np.maximum(expected, 0.0))


def test_the_brake_looks_back_a_thousand_events_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it keeps does not grow; here ten instead of a thousand."""
    monkeypatch.setattr(module, "_WINDOW", 10)
    near, far = (Repetition(5, np.array([*[1, 2, 3] * 2, *[4] * gap, 1, 2]), 1) for gap in (2, 30))

    assert near.nats({"brake": 1.0, "brake_after": 2.0}) is not None
    assert far.run.shape == (1, 10)
    assert far.nats({"brake": 1.0, "brake_after": 2.0}) is None


def test_a_brake_that_is_let_go_holds_nothing_back() -> None:
    """It listens all the while, so that it can be pulled in the middle of a piece."""
    plays = going_round("abc")
    late = str(plays.sample(length=60, seed=1, temperature=0, brake=[0.0] * 30 + [5.0]))

    assert late[:30] == "abc" * 10
    assert late[30] != "a"


# ── novelty ──────────────────────────────────────────────────────────────────────────────────────────────────────


def parrot(order: int = 6) -> Instrument:
    """An n-gram of a few verses that holds their fingerprints: it copies whenever it can."""
    of = voice("text")
    events = of.codec.encode(of.pieces[0])
    size = of.codec.event.count or 0
    steps = MarkovSteps(NGram(count([events], order, size), "kneser-ney"))
    known = Fingerprints.of([of.codec.elements(of.pieces[0])])
    return Instrument("parrot", of.medium, of.codec, Categorical(size), steps, fingerprints=known)


def test_novelty_breaks_off_what_is_copied() -> None:
    """The more it is turned, the less stands in the material."""
    plays = parrot()

    def copied(**dials: float) -> int:
        samples = plays.samples(4, "the fox", 250, seed=3, **dials)
        return sum(len(span) for sample in samples for span in sample.copied or ())

    shares = [copied(novelty=novelty) for novelty in (0.0, 1.0, 3.0, 10.0)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 10 * shares[-1]


def test_novelty_does_nothing_where_nothing_is_copied() -> None:
    """An instrument that never learned these lines plays on as it was, but for what chance takes for a copy."""
    plays = instrument_of("text")
    known = Fingerprints.of([np.arange(1_000, 1_400).astype(np.uint32)])
    foreign = Instrument("foreign", plays.medium, plays.codec, plays.distribution, plays.steps, fingerprints=known)

    free, held = (foreign.samples(1, "the fox", 60, seed=1, **dials)[0] for dials in ({}, {"novelty": 0.001}))
    np.testing.assert_array_equal(free.events, held.events)


def test_novelty_is_a_dial_where_the_material_is_known() -> None:
    """Without fingerprints nobody knows what is copied, and who asks is told what dials there are."""
    assert "novelty" in [dial.name for dial in parrot().dials]
    with pytest.raises(DialError, match=r"no dial 'novelty'(.|\n)*brake_after"):
        instrument_of("text").sample(novelty=1.0)


def spelled_out(codec: Characters, known: Fingerprints, before: np.ndarray, symbols: np.ndarray) -> list[int]:
    """For each symbol how many windows of the material it completes, by decoding the whole each time."""
    begun = codec.elements(codec.decode(before))
    found = []
    for symbol in symbols:
        elements = codec.elements(codec.decode(np.append(before, symbol)))
        windows = digests(elements)
        new = len(elements) - len(begun)
        found.append(int(known.found(windows[max(0, len(windows) - new) :]).sum()) if new else 0)
    return found


WORDS = "der naïve Mond — 🧑‍🚀 und e\u0301, 日本語 und "


@pytest.mark.parametrize("clusters", ["\n dernaiv", "\n dernaivMouïschläft,—.日", "\n"], ids=["some", "most", "none"])
@pytest.mark.parametrize("sampled", [False, True])
def test_novelty_finds_what_decoding_finds(clusters: str, sampled: bool) -> None:
    """Also where a character is spelled by bytes, or one symbol is a cluster of several characters."""
    codec = Characters(sorted({*clusters, "🧑‍🚀", "e\u0301"}))
    material = TextPiece(WORDS * 3)
    known = Fingerprints.of([codec.elements(material)], 100 if sampled else 8_000)
    assert sampled == (known.every > 1)
    events = codec.encode(TextPiece("und " + WORDS))
    grammar = codec.grammar
    lead, copies = 3, 0
    rows = Novelty(known, Spelled(codec), events[:lead], 2)
    situation = grammar.run(0, events[:lead])
    for at in range(lead, len(events)):
        held = rows.nats({"novelty": 1.0})
        assert held is not None
        allowed = np.flatnonzero(grammar.allowed[situation] & (grammar.following[situation] == 0))
        np.testing.assert_array_equal(held[0][allowed], spelled_out(codec, known, events[:at], allowed))
        np.testing.assert_array_equal(held[0], held[1])
        copies += held[0, events[at]]
        situation = int(grammar.following[situation, events[at]])
        rows.hear([events[at]] * 2, [situation] * 2)
    assert copies >= 3


def test_windows_are_counted_by_element_however_they_are_cut_into_symbols() -> None:
    """A symbol of 14 characters completes as many windows as these would one by one: three, all copied."""
    long = "abcdefghijklmn"

    class Words:
        """As much of a codec as spelling needs."""

        event = ArraySpec((), "int64", count=3)
        grammar = None

        def decode(self, events: np.ndarray) -> TextPiece:
            return TextPiece("".join((long, "x", "")[event] for event in events))

        def elements(self, piece: TextPiece) -> np.ndarray:
            return CODEC.elements(piece)

    words: Any = Words()
    known = Fingerprints.of([CODEC.elements(TextPiece("zz" + long))])
    held = Novelty(known, Spelled(words), np.array([1]), 1).nats({"novelty": 1.0})
    after = Novelty(known, Spelled(words), np.array([1, 0]), 1).nats({"novelty": 1.0})

    assert held is not None
    assert after is not None
    assert [[3.0, 0.0, 0.0]] == held.tolist()
    assert 0.0 == after[0, 1]


def test_brakes_and_dials_go_together() -> None:
    """Held back first, then cut off, then warmed: all of it at once, in samples, streams and candidates alike."""
    plays = parrot()
    dials: dict[str, Any] = {
        "brake": 1.0,
        "novelty": 2.0,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.01,
        "temperature": "1.2>0.7/40",
    }
    (sample,) = plays.samples(1, "the fox", 80, seed=5, **dials)
    stream = [each.event for each in plays.stream("the fox", 80, seed=5, **dials)]
    (candidate,) = plays.session("the fox", seed=5).candidates(1, length=80, **dials)
    several = plays.samples(3, "the fox", 80, seed=5, **dials)

    np.testing.assert_array_equal(sample.events, stream)
    np.testing.assert_array_equal(sample.events, candidate.events)
    np.testing.assert_array_equal(sample.events, several[0].events)
    assert sample.nats == pytest.approx(candidate.nats) == pytest.approx(several[0].nats)
    assert 3 == len({str(each.piece) for each in several})
