"""A run that plays as a duet, at the terminal: one dial between its network and its n-gram."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from undersong.keeping.run_folder import RunFolder
from undersong.playing.loading import DUET_FILE


@pytest.fixture
def run(text):
    """The tiny run of text, where a person keeps runs, with a duet of its own."""
    folder = RunFolder(Path(shutil.copytree(text.folder, "runs/tiny")))
    folder.write_json(DUET_FILE, {"weight": 0.375})
    return folder


def sampled(undersong, run, *words):
    return undersong("sample", run, "--length", 30, "--seed", 7, "--json", *words).json["piece"]


def test_the_dial_goes_from_the_network_to_the_n_gram(undersong, run):
    """At 0 the file alone plays, at 1 the n-gram alone; where nobody turns it, it stands at the fitted weight."""
    fitted = sampled(undersong, "tiny")

    assert sampled(undersong, run.instrument) == sampled(undersong, "tiny", "--dial", "duet=0")
    assert sampled(undersong, "tiny", "--ngram") == sampled(undersong, "tiny", "--dial", "duet=1")
    assert (
        fitted
        == sampled(undersong, "tiny", "--dial", "duet=0.375")
        == sampled(undersong, "tiny", "--condition", "duet=0.375")
    )
    assert fitted not in (sampled(undersong, "tiny", "--dial", "duet=0"), sampled(undersong, "tiny", "--ngram"))


def test_what_is_streamed_is_the_same_duet(undersong, run):
    """Also with a weight for every event."""
    words = ("--length", 12, "--seed", 7, "--prompt", "The ", "--condition", "duet=[0,0,1,1,0.5]")
    shown = undersong("sample", "tiny", *words)

    assert undersong("sample", "tiny", *words, "--json").json["text"] + "\n" == shown.out


def test_odds_and_scores_hear_the_weight(undersong, run, text):
    """As a dial where there are dials, as a condition everywhere."""
    odds = [undersong("odds", "tiny", "--dial", f"duet={w}", "--json").json["e"] for w in (0, 0.5, 1)]
    nats = [
        undersong("score", "tiny", text.material, "--condition", f"duet={w}", "--json").json["nats_per_event"]
        for w in (0, 0.5, 1)
    ]

    assert odds[1] == pytest.approx((odds[0] + odds[2]) / 2)
    assert len(set(nats)) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dial", "duet=1.5"), "DialError: duet 1.5 is not a number from 0 to 1."),
        (("--dial", "duo=1"), "This instrument has: temperature, top_k, "),
    ],
    ids=["beyond", "unknown"],
)
def test_a_dial_that_cannot_be_turned_so_is_refused(undersong, run, words, says):
    """With exit code 2, and with what there is to turn."""
    answer = undersong("sample", "tiny", *words)

    assert 2 == answer.code
    assert says in answer.err


def test_a_walk_has_no_such_dial(undersong, toy):
    """Its baseline is no n-gram."""
    answer = undersong("sample", toy, "--dial", "duet=0.5")

    assert (2, True) == (answer.code, "There is no dial 'duet'" in answer.err)


def test_the_list_names_the_weight(undersong, run):
    """Beside the network; nothing stands there where the n-gram was lost, and why."""
    assert 0.375 == undersong("list", "--json").json[0]["duet"]
    assert "duet 0.375" in " ".join(undersong("list").out.split())
    run.ngram.unlink()

    row = undersong("list", "--json").json[0]
    assert (None, "The run 'tiny' has no n-gram to play with.") == (row["duet"], row["problem"])


def test_a_duet_that_lost_its_n_gram_plays_and_says_so(undersong, run):
    """On standard error: what is piped on is only the piece."""
    run.ngram.unlink()
    answer = undersong("sample", "tiny", "--length", 12, "--seed", 7)

    assert undersong("sample", run.instrument, "--length", 12, "--seed", 7).out == answer.out
    assert "The network plays without its n-gram: The run 'tiny' has no n-gram to play." in answer.err
