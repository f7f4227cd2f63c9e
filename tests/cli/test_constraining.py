"""What a person asks of what is added, at the terminal: as in Python, shown live, as JSON, and several at a time."""

from __future__ import annotations

import re

import pytest

import undersong as us
from undersong.cli.constraining import constraints_from
from undersong.playing.constraining.constraints import Constraints

NOTHING = ((), (), (), (), None, None, None)


def sampled(undersong, run, *words):
    return undersong("sample", run, "--length", 60, "--seed", 3, *words)


def test_options_are_constraints():
    """Nothing asked is none; line ends can be typed."""
    asked = constraints_from(["a\\n", "b"], ["c"], ["d"], ["e"], 5, 9, 12)

    assert constraints_from(*NOTHING) is None
    assert Constraints(["a\n", "b"], ["c"], ["d"], ["e"], least=5, most=9, refuse_copies=12) == asked
    assert Constraints(most=0) == constraints_from((), (), (), (), None, 0, None)


def test_what_is_added_holds_what_was_asked_for(undersong, text):
    """The very piece that Python gives, however it is shown."""
    words = ("--prompt", "The ", "--contain", "zqx", "--avoid", "e", "--avoid", "and", "--avoid-word", "I")
    words = (*words, "--word", "owl", "--least", 30, "--most", 50)
    live, answer = sampled(undersong, text, *words), sampled(undersong, text, *words, "--json").json
    several = sampled(undersong, text, *words, "--count", 3, "--json").json
    within = Constraints(["zqx"], ["e", "and"], ["owl"], ["I"], least=30, most=50)
    plain = str(us.load(text.folder).sample("The ", 60, seed=3, within=within))

    assert plain + "\n" == live.out
    assert plain == answer["piece"] == several[0]["piece"]
    for each in several:
        added = each["piece"][4:]
        assert 30 <= len(added) <= 50
        assert "zqx" in added
        assert re.search(r"\bowl\b", added)
        assert "e" not in added
        assert not re.search(r"\bI\b", added)


def test_copies_are_refused(undersong, text):
    """As far as the run's fingerprints know."""
    for each in sampled(undersong, text, "--refuse-copies", 14, "--count", 5, "--json", "--temperature", "0.3").json:
        assert [] == each["copied"]


def test_what_is_longer_than_usual_is_played_so_long(undersong, text, toy):
    """Where no length is given; of a walk as well."""
    for run, usual in ((text, 400), (toy, 40)):
        answer = undersong("sample", run, "--seed", 1, "--least", usual + 20, "--json").json
        assert usual + 20 == len(answer["piece"])
        assert 7 == len(undersong("sample", run, "--seed", 1, "--most", 7, "--json").json["piece"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--contain", "damn it", "--avoid", "damn"), "Contain 'damn it' cannot be kept together with avoid 'damn'"),
        (("--contain", "x" * 61), "that takes at least 61 characters, and 60 are added"),
        (("--word", "..."), "words '...' is no word"),
        (("--least", 61), "cannot be 61 characters long at the least: 60 are asked for"),
        (("--least", 9, "--most", 8), "cannot be 9 long at the least and 8 at the most"),
        (("--refuse-copies", 5), "refuse_copies 5 is not a whole number from 12"),
        (("--start", "lamp", "--avoid", "lamp"), "Start cannot be kept together with avoid 'lamp'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_words(undersong, text, words, says):
    """By what was asked; nothing is played."""
    answer = sampled(undersong, text, *words)

    assert (2, "") == (answer.code, answer.out)
    assert answer.err.startswith("ConstraintError: ")
    assert says in answer.err


def test_what_makes_no_sense_of_a_walk_is_refused(undersong, toy):
    """By name."""
    answer = sampled(undersong, toy, "--avoid", "[[1, 1]]", "--word", "[[1, 1]]")

    assert 2 == answer.code
    assert "plays numbers, not symbols: it takes no avoid, words." in answer.err


def test_help_shows_them_together(undersong):
    """Under what they are about."""
    shown = undersong("sample", "--help").out

    assert "What is added must, and must not" in shown
    options = ("--contain", "--avoid", "--word", "--avoid-word", "--least", "--most", "--refuse-copies")
    assert all(option in shown.partition("What is added must")[2] for option in options)
