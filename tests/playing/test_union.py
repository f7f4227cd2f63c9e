"""How voices that differ join: units, media of numbers, what each listens to and turns, what each learned from."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import Any

import numpy as np
import pytest
from spelled_voices import Listener, chain
from tiny_models import ASKED, PROMPTS, CoreCase, file_of, instrument_of, piece_of, verses, voice
from undersong_toy.walk import Walks

from undersong.distributions.categorical import Categorical
from undersong.errors import UsageError
from undersong.events import AbstractCodec, ConditionSpec
from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.record import RecordPiece
from undersong.media.text.records import Records
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words
from undersong.playing.holding import hold
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.loading import from_file
from undersong.playing.mixtures.mixing import duet, mix
from undersong.playing.mixtures.union import Materials
from undersong.shapes import ArraySpec

FRENCH, GERMAN = Characters(sorted("\n aeé")), Characters(sorted("\n aeüß"))
HEARD = "é a ü e"


def of(codec: AbstractCodec, name: str = "voice", seed: int = 0, **settings: Any) -> Instrument:
    """A voice of random weights over a codec."""
    count = codec.event.count or 0
    return Instrument(name, Text(), codec, Categorical(count), Listener(count, seed), **settings)


@cache
def two() -> tuple[Instrument, Instrument]:
    return of(FRENCH, "french", 1), of(GERMAN, "german", 2)


def odds_by_hand(plays: Instrument, mixture: Instrument, heard: str) -> np.ndarray:
    """What a voice expects after a text, over the symbols of the mixture: it hears each in its own."""
    events = np.concatenate([plays.codec.encode(TextPiece(letter)) for letter in ("", *heard)])
    after = plays.hear(events, plays.begin()).parameters["next"]
    found = np.zeros(mixture.codec.event.count or 0)
    found[mixture.codec.renumbered(plays.codec)[:-1]] = np.exp(plays.distribution.log_odds(after))[0]
    return found


def mixed_odds(mixture: Instrument, heard: str, **dials: float) -> np.ndarray:
    odds = mixture.odds(heard, dials)
    return np.array([odds[mixture.codec.display(symbol)] for symbol in range(mixture.codec.event.count or 0)])


# ── units ────────────────────────────────────────────────────────────────────────────────────────────────────────

SONG = "the sea and the shore and the naïve moon\n" * 6


def test_voices_of_one_unit_mix_over_the_words_of_both() -> None:
    """A word that one of them has goes into the other letter by letter."""
    one, other = (chain(Words.from_pieces([TextPiece(text)]), text) for text in (SONG, verses(40, seed=1)))
    mixture = mix([one, other])

    assert "words.v1" == mixture.codec.kind
    assert set(one.codec.to_json()["words"]) | set(other.codec.to_json()["words"]) == set(mixture.codec.strings)  # type: ignore[attr-defined]
    assert not mixture.facts["mixture"]["by_letter"]
    p, q = (odds_by_hand(alone, mixture, "") for alone in (one, other))
    np.testing.assert_allclose(mixed_odds(mixture, ""), (p + q) / 2, rtol=1e-6)


@pytest.mark.parametrize("letters", [None, True])
def test_voices_of_different_units_mix_letter_by_letter(letters: bool | None) -> None:
    """With the odds that each has by letter; the sum by hand, and each alone at its end."""
    piece = TextPiece("the sea and the moon")
    one, other = (chain(unit.from_pieces([TextPiece(SONG)]), SONG) for unit in (Words, Characters))
    mixture = mix([one, other], by_letter=letters, names=["words", "letters"])
    p, q = (np.exp(-by_letter(alone).score(piece).nats) for alone in (one, other))

    assert "bytes.v1" == mixture.codec.kind
    np.testing.assert_allclose(mixture.score(piece).nats, -np.log((p + q) / 2), rtol=1e-6)
    np.testing.assert_allclose(mixture.score(piece, {"words": 1, "letters": 0}).nats, -np.log(p), atol=1e-12)
    assert mixture.samples(1, "the se", 9, seed=1)[0].voices is not None


def test_letters_may_be_wanted_or_ruled_out() -> None:
    """Also where the units are the same; and what cannot be is refused with what can."""
    word = chain(Words.from_pieces([TextPiece(SONG)]), SONG)

    assert "bytes.v1" == mix([word, word], by_letter=True).codec.kind
    assert "words.v1" == mix([word, word]).codec.kind
    with pytest.raises(UsageError, match=r"no events in common: 'chain' of 'words.v1', 'bytes' of 'bytes.v1'"):
        mix([word, of(Bytes(), "bytes")], by_letter=False)


@pytest.mark.parametrize("codec", [Subwords, Words, Characters, Bytes])
def test_records_mix_with_records_of_the_same_fields(codec: Any) -> None:
    """Whole, field by field, whatever their texts are spelled with; with other fields they are refused."""
    one = Records.from_pieces([RecordPiece({"word": "eel", "part": "noun"})] * 3, codec)
    other = Records.from_pieces([RecordPiece({"part": "verbe", "word": "über"})] * 3, codec)
    mixture = mix([of(one, "one", 1), of(other, "other", 2)])
    samples = mixture.samples(3, "", 40, seed=3)

    assert all(isinstance(sample.piece, RecordPiece) for sample in samples)
    assert all(mixture.codec.decode(mixture.codec.encode(sample.piece)) == sample.piece for sample in samples)
    third = Records.from_pieces([RecordPiece({"name": "eel"})] * 3, codec)
    with pytest.raises(UsageError, match="Records mix where they have the same fields"):
        mix([of(one, "one"), of(third, "third")])


# ── the toy: a medium of numbers ─────────────────────────────────────────────────────────────────────────────────


@cache
def walkers() -> tuple[Instrument, Instrument]:
    return instrument_of("walk"), from_file(file_of("walk", CoreCase("elman.v1")))


def test_walks_mix_side_by_side() -> None:
    """Densities by weight, under everything that both listen to, which is asked once."""
    piece, mixture = piece_of("walk"), mix(walkers(), [3, 1], names=["one", "other"])
    p, q = (np.exp(-alone.score(piece).nats) for alone in walkers())

    np.testing.assert_allclose(mixture.score(piece).nats, -np.log(0.75 * p + 0.25 * q), rtol=1e-5)
    assert [spec.name for spec in walkers()[0].codec.conditions] == [spec.name for spec in mixture.codec.conditions]
    sample = mixture.samples(2, PROMPTS["walk"], 7, seed=1, condition=ASKED["walk"], one="1>0/5")[1]
    assert sample.voices is not None
    assert (7, 7) == (len(sample.events), len(sample.voices["one"]))
    np.testing.assert_allclose(sample.voices["one"] + sample.voices["other"], 1.0)


def test_walks_have_no_geometric_mean() -> None:
    """The distribution itself refuses it, before anybody plays."""
    with pytest.raises(UsageError, match="A mixture of normals has no blend 'log'"):
        mix(walkers(), how="log")


def test_walks_of_another_scale_do_not_mix() -> None:
    """A step of one is no step of the other."""
    one = walkers()[0]
    far = Instrument("far", one.medium, Walks(99.0), one.distribution, one.steps)

    with pytest.raises(UsageError, match=r"no events in common: 'tiny_walk' of 'walks.v1', 'far' of 'walks.v1'"):
        mix([one, far])


def test_different_media_are_refused_by_name() -> None:
    """Who plays what is said."""
    with pytest.raises(UsageError, match="'tiny_text' plays text and 'tiny_walk' plays walk: works of different media"):
        mix([instrument_of("text"), instrument_of("walk")])


# ── what voices listen to, and what they turn themselves ─────────────────────────────────────────────────────────


def moody(name: str, seed: int, neutral: float = 0.0) -> Instrument:
    codec = copy(voice("text").codec)
    array = ArraySpec(low=-9.0, high=9.0, neutral=neutral)
    codec.conditions = (ConditionSpec("mood", array, "piece", "How it feels."),)
    return of(codec, name, seed)


def test_what_all_listen_to_is_asked_once() -> None:
    """The same name and form: told to each of them."""
    mixture, asked = mix([moody("one", 1), moody("other", 2)]), {"mood": 2.0}
    p, q = (np.exp(-moody(name, seed).score("the fox", asked).nats) for name, seed in (("one", 1), ("other", 2)))

    assert ["mood"] == [spec.name for spec in mixture.codec.conditions]
    np.testing.assert_allclose(mixture.score("the fox", asked).nats, -np.log((p + q) / 2), rtol=1e-6)


def test_what_means_something_else_to_each_is_asked_of_each() -> None:
    """As "voice.name"; who does not listen at all hears nothing of it."""
    mixture = mix([moody("one", 1), moody("other", 2, neutral=1.0), of(voice("text").codec, "deaf", 3)])
    p = np.exp(-moody("one", 1).score("the fox", {"mood": 2.0}).nats)
    q = np.exp(-moody("other", 2, 1.0).score("the fox").nats)
    r = np.exp(-of(voice("text").codec, "deaf", 3).score("the fox").nats)

    assert ["one.mood", "other.mood"] == [spec.name for spec in mixture.codec.conditions]
    assert "Of 'one': How it feels." == mixture.codec.conditions[0].sentence
    np.testing.assert_allclose(mixture.score("the fox", {"one.mood": 2.0}).nats, -np.log((p + q + r) / 3), rtol=1e-6)


def pair(weight: float) -> Instrument:
    """A duet of two networks over the same letters."""
    return duet(instrument_of("text"), of(voice("text").codec, "other", 4, facts={"network": "other"}), weight)


def test_duet_in_a_mixture_keeps_its_dial() -> None:
    """One for all where they stand alike, else one for each; turned it weighs what was already heard anew."""
    alone, third = pair(0.25), of(GERMAN, "german", 2)
    mixture = mix([alone, third])
    assert {"duet", "tiny_text", "german"} <= {dial.name for dial in mixture.dials}
    p, q = mixed_odds(mix([pair(1.0), third]), "the fox"), mixed_odds(mixture, "the fox", duet=1.0)
    np.testing.assert_allclose(p, q, rtol=1e-9)

    turned = mixture.session("the f", seed=3).candidates(3, length=8, duet=1.0)
    begun = mixture.session("the f", seed=3, condition={"duet": 1.0}).candidates(3, length=8)
    assert [str(each.piece) for each in begun] == [str(each.piece) for each in turned]
    names = {dial.name for dial in mix([pair(0.25), pair(0.5)]).dials}
    assert {"tiny_text.duet", "tiny_text_2.duet"} <= names
    assert "duet" not in names


def test_mixtures_and_held_voices_mix() -> None:
    """A voice may be anything that plays: its dials come with it."""
    inner = mix([two()[0], hold(two()[1], {"h": {0: 1.0}})])
    mixture = mix([inner, two()[0]], names=["both", "french"])

    assert ["french", "german", "hold", "both", "french_2"] == sorted(
        {dial.name for dial in mixture.dials} & {"both", "french", "french_2", "german", "hold"},
        key=["french", "german", "hold", "both", "french_2"].index,
    )
    expected = (mixed_odds(inner, "aé", french=1.0, german=0.0) + odds_by_hand(two()[0], inner, "aé")) / 2
    np.testing.assert_allclose(mixed_odds(mixture, "aé", french=1.0, german=0.0), expected, rtol=1e-6)


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────


def known(text: str) -> Fingerprints:
    return Fingerprints.of([Characters(["\n"]).elements(TextPiece(text))])


ONE = "the lamp kept us awake all night and all of the next day as well"
OTHER = "no bird has ever been seen to leave the island after the storm"


def test_copies_of_any_voices_material_are_told() -> None:
    """Each span as it is in one or the other; what is in neither is not."""
    mixture = mix([of(FRENCH, "one", fingerprints=known(ONE)), of(GERMAN, "other", fingerprints=known(OTHER))])
    nothing, *heard = (
        mixture.codec.encode(TextPiece(text))
        for text in ("", f"{ONE[5:40]}; {OTHER[10:50]}!", "a day that nobody knows")
    )
    found = mixture.copied(nothing, heard[0])

    assert found is not None
    assert [ONE[5:40], OTHER[10:50]] == list(map(str, found))
    assert () == mixture.copied(nothing, heard[1])
    assert "novelty" in {dial.name for dial in mixture.dials}
    assert str(mixture.sample("the lamp kept us", 20, seed=1, novelty=10.0))


def test_copies_are_not_told_where_one_material_is_unknown() -> None:
    """Better nobody says anything than that nothing is copied."""
    assert mix([of(FRENCH, "one", fingerprints=known(ONE)), of(GERMAN, "other")]).fingerprints is None


def test_many_materials_need_longer_spans() -> None:
    """As many windows in a row as chance finds no more often than three of one; the same material twice is one."""
    one, other = known(ONE), known(OTHER)

    assert mix([of(FRENCH, "one", fingerprints=one), of(GERMAN, "same", fingerprints=known(ONE))]).fingerprints == one
    assert 14 == one.surely == Materials((one,)).surely
    for many in (2, 3, 5, 10, 100):
        windows = Materials((one,) * many).in_a_row
        by_chance = min(many, 60) / 120
        assert by_chance**windows <= 120.0**-3 * 1.001 < by_chance ** (windows - 1)
    voices = [of(FRENCH, "one", fingerprints=one), of(GERMAN, "other", fingerprints=other)]
    assert Materials((one, other)) == mix([voices[0], mix(voices)]).fingerprints
    sampled = Materials((Fingerprints(2, 0, b"\0" * 8), Fingerprints(3, 0, b"\0" * 8)))
    assert (6, 12 - 1 + 4 * 6, 13) == (sampled.every, sampled.surely, sampled.guess)
