"""A run that plays as a duet: its weight is fitted on what neither voice learned, kept in private, and found again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from undersong_toy.walk import Walk

import undersong as us
from undersong.errors import RunFolderError
from undersong.keeping.run_folder import RunFolder
from undersong.making.baseline import kept_baseline
from undersong.making.corpus import Corpus
from undersong.making.duets import duet_scores, fit_duet, keep_duet, plays_as_duet
from undersong.making.scoring import score_stretches
from undersong.media.text.medium import Text
from undersong.playing.loading import DUET_FILE, kept_weight, load_network, load_ngram


@pytest.fixture
def folder(text):
    """The tiny run of text in a folder of its own."""
    return RunFolder(Path(shutil.copytree(text.folder, "tiny")))


def held_out(folder):
    return Corpus.read(folder).held_out


def fitted(folder):
    network = load_network(folder)
    found = fit_duet(network, kept_baseline(folder, Text(), network.codec), held_out(folder))
    keep_duet(folder, found)
    return found


def test_a_fitted_duet_is_no_worse_than_its_better_half(folder):
    """On what it was fitted on, to within what the few events of not knowing cost."""
    told = fitted(folder).to_json()
    nats = told["nats_per_event"]

    assert 0 < told["weight"] < 1
    assert told["events"] == sum(len(stretch.events) for stretch in held_out(folder))
    assert nats["duet"] < min(nats["network"], nats["ngram"]) + 0.02


def test_what_was_fitted_is_kept_where_nobody_shares_it(folder):
    """The n-gram holds the material, so its weight lies beside it, and `load` plays both."""
    found = fitted(folder)
    poet = us.load(folder.path)

    assert found.to_json() == json.loads((folder.path / DUET_FILE).read_text("utf-8"))
    assert DUET_FILE.startswith("private/")
    assert found.weight == kept_weight(folder) == poet.facts["duet"]["weight"]
    assert "Kneser-Ney 3" == poet.facts["duet"]["ngram"]
    assert "duet" == poet.dials[-1].name


def test_the_scores_of_a_duet_are_what_it_plays(folder):
    """Worked out from the two halves, without hearing anything again, event by event."""
    found = fitted(folder)
    poet, network, ngram = us.load(folder.path), load_network(folder), load_ngram(folder)
    (stretch,) = held_out(folder)
    events, before = stretch.events[:200], stretch.before[-1024:]
    heard = score_stretches(network, [type(stretch)(events, stretch.condition, stretch.before)])
    scores = duet_scores(heard, kept_baseline(folder, Text(), network.codec), found.weight)

    for plays, nats in ((network, scores.network), (ngram, scores.ngram), (poet, scores.together)):
        np.testing.assert_allclose(plays.nats_of(events, before), nats, rtol=1e-5)


def test_a_file_alone_is_the_network_alone(folder):
    """Also when it lies in a run that plays as a duet."""
    fitted(folder)
    alone = us.load(folder.instrument)

    assert "duet" not in [dial.name for dial in alone.dials]
    assert alone.odds("The ") == load_network(folder).odds("The ")
    assert alone.odds("The ") == pytest.approx(us.load(folder.path).odds("The ", duet=0.0))


def spoilt(folder, how):
    """Harm done to the private half of a duet."""
    if how == "n-gram gone":
        folder.ngram.unlink()
    elif how == "n-gram cut off":
        folder.ngram.write_bytes(folder.ngram.read_bytes()[:100])
    elif how == "another n-gram":
        arrays = folder.read_arrays(folder.ngram)
        folder.write_arrays(folder.ngram, {**arrays, "vocabulary": arrays["vocabulary"] + 1})
    elif how == "no JSON":
        (folder.path / DUET_FILE).write_text("{")
    else:
        folder.write_json(DUET_FILE, {"weight": how})


@pytest.mark.parametrize(
    "how", ["n-gram gone", "n-gram cut off", "another n-gram", "no JSON", "much", 1.5, float("nan"), None], ids=str
)
def test_a_duet_that_lost_its_half_plays_as_the_network(folder, how):
    """And says why: a private file that was lost must not silence what was learned."""
    fitted(folder)
    spoilt(folder, how)
    poet = us.load(folder.path)

    assert poet.facts["alone"]
    assert "duet" not in [dial.name for dial in poet.dials]
    assert poet.sample("The ", 10, seed=1) == load_network(folder).sample("The ", 10, seed=1)


def test_a_run_without_a_duet_has_no_weight(toy, folder):
    """A run of numbers never has one; a run of symbols may have none."""
    (folder.path / DUET_FILE).unlink(missing_ok=True)

    assert kept_weight(folder) is None is kept_weight(RunFolder(toy.folder))
    assert "alone" not in us.load(folder.path).facts
    assert "alone" not in us.load(toy.folder).facts


def test_who_has_no_network_yet_says_so(folder):
    """It plays its n-gram, whatever weight is kept."""
    fitted(folder)
    folder.instrument.unlink()

    assert us.load(folder.path).facts["network"] == "Kneser-Ney 3"
    with pytest.raises(RunFolderError, match="nothing to play yet"):
        load_network(folder)


def test_little_material_plays_as_a_duet_where_its_baseline_can():
    """Symbols have an n-gram; one Gaussian over all numbers has nothing to add to a network."""
    assert plays_as_duet(Text(), 20_000)
    assert not plays_as_duet(Text(), 300_000)
    assert not plays_as_duet(Walk(), 20_000)


def test_a_duet_can_be_wanted_or_not_but_not_where_there_is_no_n_gram():
    """A wish decides over size, and over nothing else."""
    assert plays_as_duet(Text(), 300_000, wanted=True)
    assert not plays_as_duet(Text(), 20_000, wanted=False)
    assert not plays_as_duet(Walk(), 20_000, wanted=True)
