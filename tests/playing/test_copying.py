"""The copy meter: it misses no span it promises to catch, and hardly ever sees one that is not there."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tiny_models
from hypothesis import given
from hypothesis import strategies as st

from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.piece import TextPiece
from undersong.playing.copying import Meter, Span, copied_in, share_of_windows, spans
from undersong.playing.instrument import Instrument


def noise(length, seed, kinds=60):
    return np.random.default_rng(seed).integers(0, kinds, length).astype(np.uint32)


MATERIAL = noise(4_000, seed=1)
WHOLE = Fingerprints.of([MATERIAL[:1500], MATERIAL[1500:]])
SAMPLED = Fingerprints.of([MATERIAL[:1500], MATERIAL[1500:]], most=1_000)  # every 6th window or so
BOTH = pytest.mark.parametrize("known", [WHOLE, SAMPLED], ids=["whole", "sampled"])


@BOTH
@given(data=st.data())
def test_every_span_that_is_long_enough_is_caught(known, data):
    """A law: wherever it stands in the material and in the piece, and whatever surrounds it."""
    length = data.draw(st.integers(known.surely, known.surely + 60))
    at = data.draw(st.sampled_from([0, 1500, 4000 - length]) | st.integers(0, 1500 - length))
    before, after = (data.draw(st.integers(0, 40)) for _ in range(2))
    piece = np.concatenate([noise(before, seed=2), MATERIAL[at : at + length], noise(after, seed=3)])
    found = spans(known, piece)
    edge = known.every

    assert any(
        before - edge <= span.start <= before + edge and abs(before + length - span.stop) <= edge for span in found
    )


def test_a_span_is_told_to_the_letter():
    """Where the material was not sampled."""
    piece = np.concatenate([noise(30, seed=4), MATERIAL[100:150], noise(30, seed=5), MATERIAL[700:714]])

    assert [Span(30, 80), Span(110, 124)] == spans(WHOLE, piece)
    assert 50 == len(spans(WHOLE, piece)[0])


def test_what_stands_in_two_pieces_of_the_material_is_no_span():
    """The end of one and the beginning of the next never stood side by side."""
    assert [] == spans(WHOLE, MATERIAL[1500 - 11 : 1500 + 11])


@BOTH
def test_nothing_is_seen_that_is_not_there(known):
    """In 200,000 elements of noise: three windows in a row are found by chance once in 1.75 million."""
    assert len(spans(known, noise(200_000, seed=6))) <= 1


def test_shorter_spans_are_told_of_where_they_are_asked_for():
    """From a single window on, at the price of one false one in 120."""
    piece = np.concatenate([noise(30, seed=4), MATERIAL[100:112]])

    assert [] == spans(WHOLE, piece)
    assert Span(30, 42) in spans(WHOLE, piece, least=12)
    assert 1 / 160 < len(spans(WHOLE, noise(50_000, seed=7), least=12)) / 50_000 < 1 / 100


def test_a_piece_shorter_than_a_window_holds_no_span():
    """Nor does nothing."""
    assert [] == spans(WHOLE, MATERIAL[:11]) == spans(WHOLE, MATERIAL[:0]) == spans(SAMPLED, MATERIAL[:0])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_the_share_of_windows_counts_those_within_spans(lengths):
    """As counted one by one."""
    found, at = [], 0
    for gap, length in lengths:
        found.append(Span(at + gap + 1, at + gap + 1 + length))
        at = found[-1].stop
    size = at + 5
    counted = [any(s.start <= i and i + 20 <= s.stop for s in found) for i in range(size - 19)]

    assert share_of_windows(found, size) == pytest.approx(sum(counted) / max(1, len(counted)))


# ── live ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@BOTH
def test_the_meter_hears_what_the_whole_piece_shows(known):
    """Element by element: its runs end where spans end, as long as they are."""
    piece = np.concatenate([noise(30, seed=4), MATERIAL[100:180], noise(40, seed=5), MATERIAL[700:790]])
    meters = list(itertools.accumulate(piece.tolist(), Meter.hear, initial=Meter(known)))[1:]
    heard = {at + 1: meter.run for at, meter in enumerate(meters)}

    for span in spans(known, piece):
        assert len(span) <= heard[span.stop] <= len(span) + known.every
    assert max(heard.values()) == max(map(len, spans(known, piece)))
    if known.every == 1:
        assert {0} == {heard[at] for at in range(1, 30)}
        assert [12, 13, 14] == [heard[at] for at in (42, 43, 44)]


def test_a_meter_is_a_value():
    """Who goes back and hears something else has not copied what was taken back."""
    before = Meter(WHOLE)
    for element in MATERIAL[:20].tolist():
        before = before.hear(element)
    copying, leaving = before.hear(int(MATERIAL[20])), before.hear(10**6)

    assert (20, 21, 0) == (before.run, copying.run, leaving.run)


# ── instruments ────────────────────────────────────────────────────────────────────────────────────────────────────


def knowing(medium, pieces):
    """A tiny instrument that knows the fingerprints of these pieces."""
    bare = tiny_models.instrument_of(medium)
    known = Fingerprints.of([bare.codec.elements(piece) for piece in pieces])
    return Instrument("tiny", bare.medium, bare.codec, bare.distribution, bare.steps, fingerprints=known)


@pytest.mark.parametrize("medium", tiny_models.MEDIA)
def test_a_sample_that_was_in_the_material_is_all_copied(medium):
    """In every medium: what was played once is given as material, and played again."""
    prompt = tiny_models.PROMPTS[medium]
    bare = tiny_models.instrument_of(medium)
    first = bare.samples(1, prompt, length=30, seed=1)[0]
    again = knowing(medium, [first.piece]).samples(2, prompt, length=30, seed=1)
    (copied,), other = again[0].copied, again[1].copied
    count = len(bare.codec.elements(first.piece))

    assert (None, ()) == (first.copied, other)
    assert count == len(copied)
    assert copied.span.start == -len(bare.codec.elements(bare.medium.prompt(prompt)))
    assert str(copied) == (str(first.piece) if medium == "text" else "")
    assert {"start", "stop", "length", "excerpt"} == set(copied.to_json())
    assert [copied.to_json()] == again[0].to_json()["copied"]


@pytest.mark.parametrize("medium", tiny_models.MEDIA)
def test_a_candidate_tells_what_it_copies(medium):
    """Counted from where it begins; None where nobody knows."""
    prompt = tiny_models.PROMPTS[medium]
    best = tiny_models.instrument_of(medium).session(prompt, seed=2).candidates(1, length=25)[0]
    whole = tiny_models.instrument_of(medium).session(prompt, seed=2).accept(best).piece
    again = knowing(medium, [whole]).session(prompt, seed=2).candidates(1, length=25)[0]

    assert best.copied is None
    assert best.to_json()["copied"] is None
    assert [(25, True)] == [(copied.span.stop, copied.span.start < 0) for copied in again.copied]
    assert 1 == len(again.to_json()["copied"])


def test_a_span_of_the_prompt_alone_is_not_what_was_made():
    """Nobody is told that they quoted; but a quotation that is carried on counts from where it began."""
    poet = knowing("text", [TextPiece("the naïve moon hums at noon… and never waits")])
    said = poet.codec.encode(TextPiece("we say the naïve moon hums"))
    new, on = (poet.codec.encode(TextPiece(words)) for words in ("; it sings", " at noon"))

    assert () == poet.copied(said, new)
    (copied,) = poet.copied(said, on)
    assert ("the naïve moon hums at noon", Span(-19, 8)) == (str(copied), copied.span)
    assert copied_in(poet.fingerprints, poet.codec, said, on) == (copied,)
