"""Letter by letter, an instrument expects what all ways to spell with its symbols together would lead to."""

from __future__ import annotations

import numpy as np
import pytest
from spelled_voices import (
    AMBIGUOUS,
    Listener,
    Signs,
    by_hand,
    chain,
    exact,
    network,
    of_signs,
    parts,
    words,
)
from tiny_models import instrument_of, verses

from undersong.errors import DialError, InputError, UsageError
from undersong.events import Condition, ConditionSpec
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.loading import markov_instrument
from undersong.playing.mixtures.mixing import MixedSteps, duet
from undersong.shapes import ArraySpec

# ── what it is for ────────────────────────────────────────────────────────────────────────────────────────────────

SHALL = "Shall I go?\nShall I stay?\nShe shall sing.\nShall we?\nShe may.\n" * 3


def test_prompt_may_end_inside_a_symbol() -> None:
    """After "Shal" the word "Shall" is what was learned; by words alone those letters would be spelled one by one."""
    codec = Words.from_pieces([TextPiece(SHALL)])
    inner = chain(codec, SHALL)
    plays = by_letter(inner, 32)
    letters = tuple(plays.codec.encode(TextPiece("\nShal")).tolist())
    odds = plays.odds("\nShal")
    after = [letter for letter, share in odds.items() if share > 1e-4]
    whole = by_hand(inner.steps, codec, letters)

    assert max(odds, key=lambda letter: odds[letter]) == "l"
    for letter in after[:3]:
        (symbol,) = plays.codec.encode(TextPiece(letter))
        assert odds[letter] == pytest.approx(by_hand(inner.steps, codec, (*letters, int(symbol))) / whole, abs=1e-6)
    continued = [str(plays.sample("\nShal", length=3, seed=seed)) for seed in range(20)]
    assert sum(text.startswith(("\nShall I", "\nShall w")) for text in continued) >= 18
    assert inner.odds("\nShal").get("l", 0.0) < 0.5 < odds["l"]


@pytest.mark.parametrize("unit", ["characters", "words", "parts"])
def test_nats_per_character_compare_between_units(unit: str) -> None:
    """The same letters are scored, whatever the symbols; to cut the text in one way only never costs less."""
    text = verses(40, seed=1)
    codec = {"characters": Characters, "words": Words, "parts": Subwords}[unit].from_pieces([TextPiece(text)])
    inner = chain(codec, text)
    heard = verses(3, seed=9) + "naïve whales…\n"
    one_way, every_way = inner.score(heard), by_letter(inner).score(heard)

    assert len(every_way.nats) == len(heard.encode())
    assert every_way.length == one_way.length == len(heard)
    assert 0.2 < every_way.nats_per_measure <= one_way.nats_per_measure + 1e-9


def test_instruments_of_different_units_play_together() -> None:
    """Their letters are the same, so that their odds can be mixed, letter by letter."""
    text = verses(40, seed=1)
    by_words, by_parts = by_letter(chain(words(), text)), by_letter(network(parts()))
    spec = ConditionSpec("parts", ArraySpec(low=0.0, high=1.0, neutral=0.25), "event", "How much of the network.")
    steps = MixedSteps({"words": by_words.steps, "parts": by_parts.steps}, by_words.distribution, (spec,))
    both = Instrument("both", Text(), by_words.codec, by_words.distribution, steps, steering=steps)
    p, q = (np.exp(-each.score("the fox\n").nats) for each in (by_words, by_parts))

    np.testing.assert_allclose(both.score("the fox\n").nats, -np.log(0.75 * p + 0.25 * q))
    np.testing.assert_allclose(both.score("the fox\n", {"parts": 1.0}).nats, -np.log(q))
    assert str(both.sample("the f", length=20, seed=1, parts=0.5)).startswith("the f")


def test_duet_of_words_can_be_turned_letter_by_letter() -> None:
    """Its dial stays, and at its ends each voice plays alone."""
    network_alone, ngram = network(words()), chain(words(), verses(40, seed=1))
    plays = by_letter(duet(network_alone, ngram, 0.375))

    for share, alone in ((0.0, network_alone), (1.0, ngram)):
        expected = by_letter(alone)
        np.testing.assert_allclose(
            plays.score("the fox", {"duet": share}).nats, expected.score("the fox").nats, atol=1e-5
        )
        heard = plays.sample("the f", 20, seed=4, condition={"duet": share})
        assert heard == expected.sample("the f", 20, seed=4)
        assert plays.odds("the f", duet=share) == pytest.approx(expected.odds("the f"), abs=1e-5)
    with pytest.raises(DialError, match="duet"):
        plays.sample(duet=2.0)


def test_stream_shows_whole_characters_only() -> None:
    """Bytes are drawn; what people see are characters, together the sample."""
    text = "naïve … naïve 月 moon\n" * 5
    plays = by_letter(chain(Words.from_pieces([TextPiece(text)]), text))
    played = list(plays.stream("naï", length=60, seed=2))
    shown = [str(each.added) for each in played if each.added is not None]

    assert all(len(each) == 1 for each in shown)
    assert any(each.added is None for each in played)
    assert "naï" + "".join(shown) == str(plays.sample("naï", length=60, seed=2))


def test_piece_ends_where_the_instrument_ends_it() -> None:
    """The end of symbols is the end of letters."""
    text = "the sea\n"
    codec = words()
    ended = [np.append(codec.encode(TextPiece(text)), codec.end)] * 20
    ngram = NGram(count(ended, 3, codec.event.count or 0), "kneser-ney")
    plays = by_letter(markov_instrument("ends", Text(), codec, ngram, ()))

    assert str(plays.sample("the s", length=500, temperature=0.0)) == text


def test_session_goes_on_letter_by_letter() -> None:
    """A person may stop in the middle of a word, take it back, and go on."""
    session = by_letter(chain(words(), verses(40, seed=1))).session("the fo", seed=1)
    more = session.append("x si")

    assert str(more.piece) == "the fox si"
    assert more.undo().piece == session.piece
    assert all(str(candidate) for candidate in more.candidates(3, length=8))


# ── what can be played so ─────────────────────────────────────────────────────────────────────────────────────────


def test_instrument_of_letters_stays_as_it_is() -> None:
    """There is nothing to spell."""
    of_bytes = chain(Bytes(), "the sea, the sea\n")
    once = by_letter(chain(words(), verses(5, seed=1)))

    assert by_letter(of_bytes) is of_bytes
    assert by_letter(once) is once


def test_instrument_without_letters_is_refused() -> None:
    """With what to do instead."""
    with pytest.raises(UsageError, match=r"not spelled with letters(.|\n)*as it is"):
        by_letter(instrument_of("walk"))


def test_what_is_asked_at_every_symbol_is_refused_by_name() -> None:
    """And what is asked for a whole piece is heard."""
    codec = Signs(AMBIGUOUS)
    codec.conditions = (ConditionSpec("mood", ArraySpec(low=-1.0, high=1.0), "event", "How it feels."),)
    with pytest.raises(UsageError, match="listens to mood at every symbol"):
        by_letter(of_signs(codec, Listener(7)))

    codec.conditions = (ConditionSpec("mood", ArraySpec(low=-1.0, high=1.0), "piece", "How it feels."),)
    plays = exact(of_signs(codec, Listener(7)))
    for mood in (0.0, 0.8):
        expected = -np.log(by_hand(Listener(7), codec, (0, 1, 0), Condition({"mood": np.array([mood], np.float32)})))
        assert plays.score("aba", {"mood": mood}).nats.sum() == pytest.approx(expected, abs=1e-9)
    with pytest.raises(InputError, match="mood"):
        plays.score("aba", {"mood": 7.0})


@pytest.mark.parametrize("beam", [0, -1, 65])
def test_impossible_beam_is_refused(beam: int) -> None:
    with pytest.raises(UsageError, match=f"beam of {beam} "):
        by_letter(of_signs(Signs(AMBIGUOUS), Listener(7)), beam)


def test_codec_that_spells_nonsense_is_refused() -> None:
    """A stranger's codec may spell with letters that there are not, or with none."""

    class Strange(Signs):
        def spelling(self, event: int) -> tuple[int, ...]:
            return (9,) if event == 1 else super().spelling(event)

    class Mute(Signs):
        def spelling(self, event: int) -> tuple[int, ...]:
            return ()

    with pytest.raises(UsageError, match=r"spells 'b' with a letter outside 0 … 2"):
        by_letter(of_signs(Strange(AMBIGUOUS), Listener(7)))
    with pytest.raises(UsageError, match="no symbol that is spelled"):
        by_letter(of_signs(Mute(AMBIGUOUS), Listener(7)))
