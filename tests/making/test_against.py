"""How much of what is played is copied: in a corpus at hand, in the figures of a card, and by fingerprints."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tiny_models

import undersong as us
from undersong.errors import RunFolderError, UsageError
from undersong.keeping import fingerprints
from undersong.keeping.card import write_card
from undersong.keeping.fingerprints import Fingerprints, digests
from undersong.keeping.run_folder import RunFolder
from undersong.making import against, fingerprinting
from undersong.making.against import score_against
from undersong.making.baseline import kept_baseline
from undersong.making.corpus import Corpus, Stretch
from undersong.making.fingerprinting import copied_share, elements_in_parts, fingerprint, in_parts
from undersong.making.samples import play
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece


@pytest.fixture
def short(monkeypatch):
    """Samples of 2,000 in all instead of 20,000."""
    monkeypatch.setattr(against, "_LENGTH", 2_000)
    monkeypatch.setattr(against, "_SHORT", 300)


def corpus_of(learned):
    return Corpus.read(RunFolder(learned.folder))


# ── in a corpus ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_network_stands_beside_its_n_gram_and_what_it_never_read(text, short):
    """The n-gram twice: at the same temperature, and where it is as open; works have no temperature."""
    found = score_against(str(text.folder), ["learned"], seed=1)
    network, chain, alike, held_out = found.rows
    texts = "".join(
        str(piece) for parts in against._parts(us.load(text.folder).codec, corpus_of(text)) for piece in parts
    )

    assert ("tiny", "Kneser-Ney 3", "held out") == (network.name, chain.name, held_out.name)
    assert (1.0, 1.0, chain.name, None) == (network.temperature, chain.temperature, alike.name, held_out.temperature)
    assert alike.nats == pytest.approx(network.nats, rel=0.1)
    for row in found.rows:
        assert row.plain.longest == len(row.excerpt.content)
        assert row.excerpt.content in texts
        assert row.folded is not None
    assert ("what 'tiny' learned from", "case and spaces") == (found.corpus, found.overlooks)


def test_numbers_are_compared_as_well(toy, short):
    """Nothing is overlooked there, nothing can be shown, and there is no n-gram; a walk hardly repeats another."""
    network, held_out = score_against(str(toy.folder), ["learned"], seed=1).rows

    assert (None, None) == (network.folded, network.excerpt)
    assert ("tiny", "held out", 0.0) == (network.name, held_out.name, network.plain.share)
    assert network.plain.windows > 500


def test_works_that_stand_in_the_corpus_are_held_against_what_was_learned(text, short):
    """The file itself holds what the run held out: all of that is in it, which says nothing."""
    found = score_against(str(text.folder), [str(text.material)], seed=1)
    row = found.rows[-1]

    assert str(text.material) == found.corpus
    assert ("held out, in what was learned", True) == (row.name, row.plain.share < 0.1)


@pytest.mark.parametrize("size", [16, 1000])
def test_a_long_corpus_is_looked_through_in_parts(text, short, monkeypatch, size):
    """A file or what was learned, and with the same answer as at once."""
    against_both = [str(text.material)], ["learned"]
    expected = [score_against(str(text.folder), corpus, seed=1) for corpus in against_both]
    monkeypatch.setattr(fingerprints, "_PART", size)
    monkeypatch.setattr(fingerprinting, "_PART", size)
    monkeypatch.setattr(Characters.encode_in_parts, "__defaults__", (size,))

    assert expected == [score_against(str(text.folder), corpus, seed=1) for corpus in against_both]


def test_a_file_alone_is_compared_with_files(text, short):
    """Without a run there is neither an n-gram nor anything held out, and nothing `learned`."""
    file = str(text.folder / "tiny.undersong")

    assert ["tiny"] == [row.name for row in score_against(file, [str(text.material)], seed=1).rows]
    with pytest.raises(RunFolderError, match="Only a run folder knows what was learned"):
        score_against(file, ["learned"], seed=1)


def test_another_run_may_be_the_corpus(text, toy, short):
    """If it is of the same medium."""
    found = score_against(str(text.folder / "tiny.undersong"), [str(text.folder)], seed=1)

    assert "what 'tiny' learned from" == found.corpus
    with pytest.raises(UsageError, match=r"'tiny' plays text\.v1; 'tiny' learned walk\.v1"):
        score_against(str(text.folder), [str(toy.folder)], seed=1)


# ── what is played ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("medium", tiny_models.MEDIA)
def test_enough_is_played_also_where_pieces_end_early(medium):
    """In many rounds, each with dice of its own; of what always ends at once nothing."""
    eager = 3.0 if medium == "text" else -30.0
    played = play(tiny_models.instrument_of(medium, ending=eager), 400, seed=1)
    codec = tiny_models.voice(medium).codec

    assert played.length == sum(codec.measure(piece) for piece in played.pieces) >= 400
    assert len({str(piece) for piece in played.pieces}) > 8
    if medium == "text":
        assert 0 == play(tiny_models.instrument_of(medium, ending=60.0), 400, seed=1).length


# ── fingerprints and the card ──────────────────────────────────────────────────────────────────────────────────────


def test_fingerprints_know_all_that_was_learned(learned):
    """And nothing that was not; the card is told how much they keep and what they let people find out."""
    codec, corpus = us.load(learned.folder).codec, corpus_of(learned)
    data, facts = fingerprint(codec, corpus.learned)
    known = Fingerprints.from_bytes(data)

    for stretch in corpus.learned:
        assert known.found(digests(codec.elements(codec.decode(stretch.events)))).all()
    assert {"window": 12, "every": 1, "surely": 14, "guess": 12, "bytes": len(data)} == facts


def test_a_long_piece_is_taken_in_parts_of_whole_characters(monkeypatch):
    """Wherever it is cut: the parts together are the whole."""
    monkeypatch.setattr(fingerprinting, "_PART", 5)
    codec = tiny_models.voice("text").codec
    piece = TextPiece("the naïve moon 🦑🦑 hums below… Ωμέγα, 夜は 🧑‍🚀 at noon")
    parts = list(in_parts(codec, codec.encode(piece)))

    assert len(parts) > 8
    assert str(piece) == "".join(map(str, parts))
    np.testing.assert_array_equal(codec.elements(piece), np.concatenate([*next(elements_in_parts(codec, [parts]))]))


def test_the_share_of_copies_is_the_same_for_the_same_seed(learned):
    """Of the network, and of the n-gram where there is one; small, and between nothing and all."""
    folder, poet = RunFolder(learned.folder), us.load(learned.folder)
    baseline = kept_baseline(folder, poet.medium, poet.codec)
    first, again = (copied_share(poet, baseline, poet.codec, corpus_of(learned), seed=3) for _ in range(2))

    assert first == again
    assert 0 <= first["network"]["share"] < 0.5
    assert (first["ngram"] is not None) == learned.tiny.is_text
    assert first["length"] >= 2000


def test_who_plays_the_material_copies_all_of_it():
    """The measure's other end."""
    poet = tiny_models.instrument_of("text")
    played = play(poet, 2_000, seed=3)
    stretches = [Stretch(events, poet.codec.condition(played.pieces[0]), events[:0]) for events in played.events]
    material = dataclasses.make_dataclass("Material", [("known", tuple)])(tuple(stretches))
    found = copied_share(poet, None, poet.codec, material, seed=3)

    assert {"share": 1.0, "longest": max(map(len, map(str, played.pieces)))} == found["network"]


def test_the_card_says_what_is_copied_and_what_can_be_tested(learned):
    """Each only where it is known."""
    facts = dict(us.load(learned.folder).facts)
    bare = {key: value for key, value in facts.items() if key not in ("fingerprint", "copying")}
    kept = {"window": 12, "every": 15, "surely": 56, "guess": 26, "bytes": 8_000_000}
    copying = {"length": 2000, "network": {"longest": 23, "share": 0.0125}, "ngram": {"longest": 41, "share": 0.098}}
    measure, baseline = facts["measure"], facts["baseline"]
    said = write_card({**bare, "fingerprint": kept, "copying": copying})
    alone = write_card({**bare, "copying": {**copying, "ngram": None}})

    assert f"it 1.2%, the longest run 23; {baseline} 9.8%, the longest run 41 |" in said
    assert f"sampled (8,000,000 bytes): a copied span of 56 {measure}s or more is surely caught" in said
    assert f"can test whether a guessed passage of 26 {measure}s was in the material" in said
    assert "the longest run 23 |" in alone
    assert "guessed passage" not in write_card(bare)
