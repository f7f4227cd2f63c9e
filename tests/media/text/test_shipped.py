"""What ships plays, is as good as it says, and is small."""

from __future__ import annotations

import numpy as np
import pytest

from undersong.making.corpus import Corpus
from undersong.making.scoring import score_stretches
from undersong.media.text.medium import Text
from undersong.playing.loading import load, shipped

VOICES = ["anthology", "bestiary", "keeper", "tide"]
MOST = 8 * 1024**2


def test_four_voices_ship_in_eight_megabytes() -> None:
    """A newcomer plays before learning anything, and the package stays small."""
    found = shipped()

    assert sorted(found) == VOICES
    assert sum(path.stat().st_size for path in found.values()) <= MOST


@pytest.mark.parametrize("voice", VOICES)
def test_a_shipped_voice_scores_what_its_card_says(voice: str) -> None:
    """The figure on the card is found again on the tail that was held out, to 0.002 nats."""
    medium = Text()
    corpus, _ = Corpus.of(medium, medium.read(medium.builtin()[voice]).pieces, "character", "stream")
    instrument = load(shipped()[voice])

    found = score_stretches(instrument, corpus.held_out)

    assert found.length == instrument.facts["held_out"]
    assert np.isclose(instrument.facts["nats_per_measure"], found.nats_per_measure, atol=0.002)


@pytest.mark.parametrize("voice", VOICES)
def test_a_shipped_voice_says_whose_words_it_learned(voice: str) -> None:
    """Licence and source travel in the file."""
    facts = load(shipped()[voice]).facts

    assert facts["licence"] == "CC0-1.0"
    assert facts["sources"] == f"builtin:{voice}"
