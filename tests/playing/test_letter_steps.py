"""Steps by letter give what all ways to spell with an instrument's symbols together would lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spelled_voices import (
    AMBIGUOUS,
    END,
    NOTHING,
    Listener,
    Signs,
    by_hand,
    exact,
    lost_by,
    network,
    of_signs,
    parts,
    words,
)

from undersong.events import Condition, Grammar, Parameters, State
from undersong.media.text.piece import TextPiece
from undersong.playing.chains.markov import MarkovSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.letters.spellings import Spellings

# ── what the odds are ─────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text("ab", min_size=1, max_size=7), st.integers(0, 5))
def test_nats_of_a_text_are_those_of_all_ways_to_spell_it(text: str, seed: int) -> None:
    """-log of the sum over every sequence of symbols, each by itself, and no more than the codec's own way costs."""
    codec = Signs(AMBIGUOUS)
    inner = of_signs(codec, Listener(len(codec.signs), seed))
    plays = exact(inner)
    letters = tuple("ab".index(letter) for letter in text)

    assert plays.score(text).nats.sum() == pytest.approx(-np.log(by_hand(inner.steps, codec, letters)), abs=1e-9)
    assert plays.score(text).nats.sum() <= inner.score(text).nats.sum() + 1e-9
    assert lost_by(plays, text) == 0.0


@given(st.text("ab", max_size=6), st.integers(0, 5))
def test_odds_of_the_next_letter_are_those_of_all_ways_to_go_on(text: str, seed: int) -> None:
    """Each letter's, and the end's: together they are certain."""
    codec = Signs(AMBIGUOUS)
    inner = of_signs(codec, Listener(len(codec.signs), seed))
    before = tuple("ab".index(letter) for letter in text)
    odds = exact(inner).odds(text)
    every = [by_hand(inner.steps, codec, (*before, letter)) for letter in range(3)]

    assert sum(odds.values()) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose([odds[letter] for letter in ("a", "b", END)], np.array(every) / sum(every), atol=1e-9)


@pytest.mark.parametrize("text", ["a", "ab", "abba", "aabab"])
def test_what_the_grammar_forbids_has_no_odds(text: str) -> None:
    """What is left shares out all, at every symbol; here "b" may only follow "a", and "aba" only begin."""
    allowed = np.array([[1, 0, 1, 0, 1, 1, 1], [1, 1, 1, 0, 0, 1, 1], [1, 0, 1, 1, 0, 1, 1]], bool)
    following = np.array([[1, 2, 2, 2, 2, 2, 2]] * 3)
    codec = Signs(AMBIGUOUS, Grammar(allowed, following))
    steps = Listener(len(codec.signs))
    letters = tuple("ab".index(letter) for letter in text)
    nats = exact(of_signs(codec, steps)).nats_of(np.array(letters))

    assert nats.sum() == pytest.approx(-np.log(by_hand(steps, codec, letters)), abs=1e-9)


@pytest.mark.parametrize("text", ["a", "ba", "abab"])
def test_silent_symbols_are_heard_between_letters(text: str) -> None:
    """A mark that is spelled with nothing changes what comes next; here none follows another."""
    signs = ("a", "b", "ab", "", "")
    allowed = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 1]], bool)
    following = np.array([[0, 0, 0, 1, 1, 0]] * 2)
    codec = Signs(signs, Grammar(allowed, following))
    steps = Listener(len(codec.signs), seed=3)
    letters = tuple("ab".index(letter) for letter in text)
    plays = exact(of_signs(codec, steps))

    assert plays.nats_of(np.array(letters)).sum() == pytest.approx(-np.log(by_hand(steps, codec, letters)), abs=1e-9)


def test_silent_symbols_without_end_are_counted_as_lost() -> None:
    """Marks may follow marks for ever: after some, what is left of them is dropped, and said to be."""
    codec = Signs(("a", "b", ""))
    plays = exact(of_signs(codec, Listener(4)))

    assert 0 < lost_by(plays, "ab") < 0.1
    assert np.isfinite(plays.score("abab").nats).all()


def test_end_follows_whole_symbols_only() -> None:
    """In the middle of the only word there is, nothing can end."""
    codec = Signs(("ab",))
    plays = by_letter(of_signs(codec, Listener(2)))

    assert [plays.odds(text)[END] > 0 for text in ("", "a", "ab")] == [True, False, True]
    assert plays.odds("a") == {"a": 0.0, "b": 1.0, END: 0.0}


# ── a beam, and what it leaves out ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("beam", [2, 3, 5, 9])
def test_score_and_what_is_lost_are_a_bound(beam: int) -> None:
    """With every hypothesis the nats are no more than the score plus `lost`, and more hypotheses lose less."""
    codec = Signs(AMBIGUOUS)
    inner = of_signs(codec, Listener(len(codec.signs), seed=1))
    for text in ("abaabab", "bbabaab", "baabaab"):
        letters = tuple("ab".index(letter) for letter in text)
        true = -np.log(by_hand(inner.steps, codec, letters))
        narrow, wide = by_letter(inner, beam), by_letter(inner, beam + 8)

        assert true <= narrow.score(text).nats.sum() + lost_by(narrow, text) + 1e-12
        assert lost_by(narrow, text) > lost_by(wide, text) > 0


def test_hypothesis_without_letters_pending_keeps_every_letter_possible() -> None:
    """A network that bets on the long symbol, and a text that has it not: two hypotheses are enough to go on."""
    codec = Signs(("a", "b", "abababab"))

    @dataclass(frozen=True)
    class Sure(Listener):
        def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
            return {"next": np.tile([-20.0, -25.0, 0.0, -9.0], (len(event), 1))}, {"h": np.zeros((len(event), 1))}

    plays = of_signs(codec, Sure(4))

    assert np.isfinite(by_letter(plays, 2).score("abababba").nats).all()
    assert np.isinf(by_letter(plays, 1).score("abababba").nats).any()


def test_chains_that_meet_again_are_one_hypothesis() -> None:
    """A bigram hears the last symbol only: however many ways led there, few hypotheses are exact for ever."""
    codec = Signs(AMBIGUOUS)
    counts = count([np.random.default_rng(0).integers(0, 7, 500)], 2, 7)
    plays = by_letter(of_signs(codec, MarkovSteps(NGram(counts, "kneser-ney"))), 24)
    text = "abaabbabab" * 10
    short = tuple("ab".index(letter) for letter in text[:9])
    unmerged = MarkovSteps(NGram(counts, "kneser-ney"))

    assert lost_by(plays, text) == 0.0
    assert plays.score(text[:9]).nats.sum() == pytest.approx(-np.log(by_hand(unmerged, codec, short)), abs=1e-9)


# ── steps as all others are ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("codec", [words, parts], ids=["words", "parts"])
def test_row_does_not_depend_on_its_batch_mates(codec: Any) -> None:
    """Whoever else is playing and however many, each row is as it is alone, bit for bit."""
    plays = by_letter(network(codec()))
    texts = ["the fox sings below,", "the naïve moon waits", "xyzzy … xyzzy … xyzzy", "old sea, old sea, old"]
    encoded = [plays.codec.encode(TextPiece(text))[:20] for text in texts]

    def heard(rows: list[int]) -> list[tuple[np.ndarray, State]]:
        parameters, state = plays.steps.start(NOTHING, len(rows))
        every = [(parameters["next"], state)]
        for t in range(20):
            parameters, state = plays.steps.step(np.array([encoded[row][t] for row in rows]), NOTHING, state)
            every.append((parameters["next"], state))
        return every

    together, crowd = heard([0, 1, 2, 3]), heard([2, 0, 2, 3, 1, 1])
    for row, place in ((0, 1), (1, 4), (2, 0), (3, 3)):
        alone = heard([row])
        for each in range(21):
            np.testing.assert_array_equal(alone[each][0][0], together[each][0][row])
            np.testing.assert_array_equal(alone[each][0][0], crowd[each][0][place])
            for name, value in alone[each][1].items():
                np.testing.assert_array_equal(value[0], together[each][1][name][row], err_msg=name)


def test_states_are_never_changed() -> None:
    """Undo is assignment: what was handed in can be stepped from again, and gives the same."""
    plays = by_letter(network(parts()))
    _, state = plays.steps.start(NOTHING, 2)
    for letters in zip(*(plays.codec.encode(TextPiece(text)) for text in ("the fox", "a whale")), strict=False):
        kept = {name: value.copy() for name, value in state.items()}
        first, after = plays.steps.step(np.array(letters), NOTHING, state)
        again, _ = plays.steps.step(np.array(letters), NOTHING, state)
        for name, value in kept.items():
            np.testing.assert_array_equal(state[name], value, err_msg=name)
        np.testing.assert_array_equal(first["next"], again["next"])
        assert {name: value.shape for name, value in after.items()} == {n: v.shape for n, v in kept.items()}
        state = after


def test_letter_that_nothing_is_spelled_with_is_passed_over() -> None:
    """It costs infinitely much, and what comes after it is heard as at the beginning of a symbol."""
    codec = Signs(("ab", "abb"))
    plays = by_letter(of_signs(codec, Listener(3)))
    nats = plays.nats_of(np.array([0, 1, 0, 0, 0, 1, 2]))

    assert np.isinf(nats).tolist() == [False, False, False, True, False, False, False]
    parameters, _ = plays.steps.step(np.array([3]), NOTHING, plays.steps.start(NOTHING, 1)[1])  # the start's number
    assert np.exp(parameters["next"]).sum() == pytest.approx(1)


def test_instrument_that_expects_nothing_expects_any_letter() -> None:
    """Odds that are no numbers, as of a broken file, end neither in an error nor in a silence."""

    @dataclass(frozen=True)
    class Broken(Listener):
        def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
            return {"next": np.full((len(event), self.size), np.nan)}, {"h": np.zeros((len(event), 1))}

    codec = Signs(("a", "b", ""))
    plays = by_letter(of_signs(codec, Broken(4)))

    assert plays.odds("abba") == pytest.approx({"a": 1 / 3, "b": 1 / 3, END: 1 / 3})


def test_trace_shows_the_shares_of_all_hypotheses() -> None:
    """From within there are no gates of one step, but how likely each way is; together they are certain."""
    trace = by_letter(network(parts())).trace("the fox")

    assert trace.inner["gate.share"].shape == (7, 8)
    np.testing.assert_allclose(trace.inner["gate.share"].sum(axis=1), 1)
    assert (np.diff(trace.inner["parameters.lost"]) >= 0).all()


# ── the table of spellings ────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.lists(st.integers(0, 2), max_size=4).map(tuple), min_size=1, max_size=12).filter(any))
def test_every_beginning_knows_its_symbols(spelled: list[tuple[int, ...]]) -> None:
    """Which are spelled just so, which have more letters, and which letters these are; nothing else is a beginning."""
    table = Spellings.of(spelled, 3)
    begins = {spelling[:length] for spelling in spelled for length in range(len(spelling) + 1)} | {()}

    assert sorted(begins) == sorted(table.spelled(n) for n in range(len(table.first)))
    for n in range(len(table.first)):
        letters = table.spelled(n)
        exact, longer = table.order[table.first[n] : table.whole[n]], table.order[table.whole[n] : table.last[n]]
        assert sorted(exact) == [symbol for symbol, spelling in enumerate(spelled) if spelling == letters]
        assert sorted(longer) == [
            symbol
            for symbol, spelling in enumerate(spelled)
            if spelling[: len(letters)] == letters and len(spelling) > len(letters)
        ]
        for letter in range(3):
            (found,) = table.with_letter(np.array([[n]]), np.array([[letter]]))[0]
            assert (table.spelled(found) == (*letters, letter)) if found >= 0 else ((*letters, letter) not in begins)
