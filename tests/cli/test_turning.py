"""Dials at the terminal: any of them by its name, as a number, a list or a way; where to stop, how to begin."""

from __future__ import annotations

import pytest

import undersong as us
from undersong.cli.saying import dials_from, unescaped
from undersong.errors import UsageError


def played(undersong, *words):
    return undersong("sample", *words, "--length", 40, "--seed", 3, "--json").json


# ── words to settings ────────────────────────────────────────────────────────────────────────────────────────────


def test_dials_are_numbers_or_words_that_say_how_they_move():
    """What the words mean, and whether there is such a dial, the instrument knows."""
    found = dials_from("1.2>0.6/200", ["top_k=40", " top_p = 0.9 ", "brake=0,1", "mood=blue"])

    assert {"temperature": "1.2>0.6/200", "top_k": 40.0, "top_p": 0.9, "brake": "0,1", "mood": "blue"} == found
    assert {"temperature": 0.5} == dials_from("0.5", []) == dials_from(0.5, []) == dials_from(None, ["temperature=.5"])
    assert {} == dials_from(None, [])


def test_greedy_is_a_temperature_of_nothing():
    """And not another one besides."""
    assert {"temperature": 0.0, "top_k": 5.0} == dials_from(None, ["top_k=5"], greedy=True)
    for temperature, dials in (("0.5", []), (None, ["temperature=1>2/3"])):
        with pytest.raises(UsageError, match="--greedy is a temperature of 0"):
            dials_from(temperature, dials, greedy=True)


@pytest.mark.parametrize("words", ["top_k", "top_k=", "top_k= ", ""])
def test_a_dial_without_a_value_is_refused(words):
    """With an example."""
    with pytest.raises(UsageError, match=r"is not of the form name=number\.(.|\n)*--dial temperature=0\.7"):
        dials_from(None, [words])


def test_line_ends_can_be_typed():
    """As they are written in most languages; whatever else follows a backslash stays as it is."""
    assert "a\nb\tc" == unescaped(r"a\nb\tc")
    assert r"\n \x \ " + "\\" == unescaped(r"\\n \x \ \\")
    assert "\n\n" == unescaped("\n\n")


# ── odds ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_odds_are_shown_after_any_dial(undersong, text):
    """Those that are left and no others, as Python has them."""
    words = ("odds", text, "--prompt", "The lam", "--dial", "top_k=3", "--dial", "temperature=2>1/10")
    odds = undersong(*words, "--json").json

    assert 3 == sum(p > 0 for p in odds.values()) == len(undersong(*words).out.splitlines())
    assert odds == us.load(text.folder).odds("The lam", top_k=3, temperature=2)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--dial", "top_k=2.5"), "DialError: top_k 2.5 is not a whole number from 0 to 100000."),
        (("--dial", "top_p=0.5,1.5"), "DialError: top_p 1.5 (at event 2) is not a number from 0 to 1."),
        (("--temperature", "hot"), "DialError: temperature 'hot' is not a number from 0 to 10."),
        (("--dial", "topk=3"), "This instrument has: temperature, top_k, typical, top_p, min_p, brake, brake_after, "),
    ],
    ids=str,
)
def test_a_dial_that_cannot_be_turned_so_is_refused(undersong, text, words, says):
    """With what there is, and no traceback."""
    answer = undersong("odds", text, *words)

    assert (2, True) == (answer.code, says in answer.err), answer.err


# ── samples ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_dial_of_an_instrument_can_be_turned(undersong, learned):
    """By the name that it declares, as in Python."""
    poet = us.load(learned.folder)
    for dial in poet.dials:
        sample = poet.sample(length=40, seed=3, **{dial.name: dial.high})
        assert sample.to_json() == played(undersong, learned, "--dial", f"{dial.name}={dial.high:g}")["piece"]


def test_a_sample_moves_as_it_is_told_to(undersong, learned):
    """The same as in Python."""
    answer = played(undersong, learned, "--temperature", "1.5>0.2/20")
    sample = us.load(learned.folder).sample(length=40, seed=3, temperature="1.5>0.2/20")

    assert sample.to_json() == answer["piece"]
    assert answer["piece"] != played(undersong, learned)["piece"]


def test_a_greedy_sample_knows_no_dice(undersong, learned):
    """Whatever the seed."""
    first = undersong("sample", learned, "--length", 20, "--seed", 1, "--greedy", "--json").json
    other = undersong("sample", learned, "--length", 20, "--seed", 2, "--temperature", 0, "--json").json

    assert first["piece"] == other["piece"]


def test_a_sample_begins_and_stops_as_it_is_told_to(undersong, text):
    """Shown live, as JSON, and several at a time."""
    poet = us.load(text.folder)
    plain = str(poet.sample("The ", 200, seed=3, start="lamp\n"))
    stop = plain[60:63]
    words = ("sample", text, "--prompt", "The ", "--length", 200, "--seed", 3, "--start", r"lamp\n")
    expected = plain[:9] + plain[9:].split(stop)[0]

    assert plain.startswith("The lamp\n")
    assert expected + "\n" == undersong(*words, "--stop", stop).out
    assert expected == undersong(*words, "--stop", "\x01", "--stop", stop, "--json").json["piece"]
    assert expected == undersong(*words, "--stop", stop, "--count", 2, "--json").json[0]["piece"]


def test_a_stop_of_nothing_is_refused(undersong, learned):
    """In words."""
    answer = undersong("sample", learned, "--stop", "")

    assert (2, True) == (answer.code, "UsageError: A stop with nothing in it" in answer.err)
