"""`undersong mix`: several voices as one, who said what, and names with a + between them."""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_runs import environment

import undersong as us
from undersong.keeping.run_folder import RunFolder
from undersong.playing.mixtures.mixing import mix

VOICES = ("keeper", "bestiary", "tide")


def mixed(undersong, *words):
    return undersong("mix", *words, "--length", 40, "--seed", 7)


# ── what it answers with ─────────────────────────────────────────────────────────────────────────────────────────


def test_without_names_the_anthologys_three_voices_play(undersong):
    """In equal parts; by their names it is the same, and in Python."""
    piece = mix([us.load(name) for name in VOICES]).sample("The lamp ", 40, seed=7)

    for words in ((), VOICES, ("keeper+bestiary+tide",), ("keeper", "bestiary+tide")):
        assert f"{piece}\n" == mixed(undersong, *words, "--prompt", "The lamp ").out


def test_json_says_who_said_what(undersong):
    """A share of each voice in each event, together 1; how they are mixed, and what was turned."""
    answer = mixed(undersong, "keeper", "tide", "--weights", "3,1", "--dial", "tide=0.5", "--json").json

    assert {"keeper", "tide"} == set(answer["voices"])
    assert {answer["events"]} == {len(shares) for shares in answer["voices"].values()}
    assert all(one + other == pytest.approx(1.0) for one, other in zip(*answer["voices"].values(), strict=True))
    about = answer["mixture"]
    assert ("linear", False, {"tide": 0.5}, {}) == (
        about["how"], about["by_letter"], about["dials"], about["stood_still"],
    )  # fmt: skip
    assert [0.75, 0.25] == [voice["weight"] for voice in about["voices"].values()]
    assert ("keeper+tide", answer["text"]) == (answer["instrument"], answer["piece"])


def test_each_voice_alone_plays_its_own_piece(undersong):
    """With all the weight it is that voice, letter by letter."""
    for name, weights in (("keeper", "1,0"), ("tide", "0,1")):
        words = ("--prompt", "The ", "--length", 30, "--seed", 3, "--json")
        alone = undersong("sample", name, *words, "--by-letter").json["piece"]
        assert alone == undersong("mix", "keeper", "tide", "--weights", weights, *words, "--by-letter").json["piece"]


def test_a_voice_comes_in_as_it_plays(undersong):
    """A dial goes its way: at first nothing is the other's, at the end all of it is."""
    ways = ("--dial", "keeper=1>0/20", "--dial", "tide=0>1/20")
    shares = mixed(undersong, "keeper", "tide", *ways, "--json").json["voices"]["tide"]

    assert (0.0, 1.0) == (shares[0], shares[-1])


def test_a_line_says_who_spoke(undersong):
    """On standard error, so that a pipe holds nothing but the piece."""
    answer = mixed(undersong, "keeper", "tide")
    many = mixed(undersong, "keeper", "tide", "--count", 3)

    assert re.search(r"Who spoke: keeper \d+%, tide \d+%\.", answer.err)
    assert "\x1b" not in answer.out + many.out
    assert re.search(r"Who spoke: keeper \d+%, tide \d+%\.", many.err)
    shown = mixed(undersong, "keeper", "tide", "--count", 3, "--json").json
    assert "\n\n----\n\n".join(each["text"] for each in shown) + "\n" == many.out


def test_a_geometric_mean_is_another_piece(undersong):
    """And says that it is one."""
    linear, log = (mixed(undersong, *VOICES, "--how", how, "--json").json for how in ("linear", "log"))

    assert ("linear", "log") == (linear["mixture"]["how"], log["mixture"]["how"])
    assert linear["piece"] != log["piece"]


def test_mixtures_are_written_as_samples_are(undersong):
    """One file, or several on one page."""
    assert "Wrote one.txt" in mixed(undersong, "keeper", "tide", "--out", "one.txt").err
    assert "Wrote page.html" in mixed(undersong, "keeper", "tide", "--count", 3, "--out", "page.html").err

    assert Path("one.txt").read_text("utf-8") == mixed(undersong, "keeper", "tide", "--json").json["text"]
    assert "<!doctype html>" in Path("page.html").read_text("utf-8").lower()


def test_walks_mix_and_different_media_do_not(undersong, toy):
    """A medium of numbers plays as it does alone; with a text it is refused, both by name."""
    answer = undersong("mix", toy, toy, "--length", 5, "--seed", 1, "--json").json
    plain = undersong("mix", toy, toy, "--length", 5, "--seed", 1)
    refused = undersong("mix", toy, "keeper")

    assert (5, {"tiny", "tiny_2"}) == (len(answer["piece"]), set(answer["voices"]))
    assert "Who spoke: tiny 50%, tiny_2 50%." in plain.err
    assert plain.out.count(",") == 5
    assert 2 == refused.code
    assert "'tiny' plays walk and 'keeper' plays text: works of different media do not mix." in refused.err
    assert "no blend 'log'" in undersong("mix", toy, toy, "--how", "log").err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("keeper",), "One voice is no mixture"),
        (("keeper", "tide", "--weights", "1"), "1 weights for 2 voices: keeper, tide"),
        (("keeper", "tide", "--weights", "a,b"), "--weights a,b are no numbers"),
        (("keeper", "tide", "--weights", "0,0"), "All weights are 0"),
        (("keeper", "tide", "--dial", "keeper=0", "--dial", "tide=0"), "All voices are turned to 0"),
        (("keeper", "tide", "--dial", "bestiary=1"), "There is no dial 'bestiary'"),
        (("keeper", "tide", "--how", "loud"), "There is no blend 'loud'"),
        (("keeper", "tide", "--json", "--layout", "poems"), "A layout sets a page"),
        (("keeper+", "tide"), "'keeper+' names no voice on one side of a +"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_mixed_is_refused(undersong, words, says):
    """With exit code 2, before anything is played."""
    answer = undersong("mix", *words)

    assert (2, "") == (answer.code, answer.out)
    assert says in answer.err


# ── names with a + between them ──────────────────────────────────────────────────────────────────────────────────


def test_names_with_a_plus_are_a_mixture_everywhere(undersong):
    """Wherever an instrument is named."""
    mixture = us.load("keeper+tide")

    assert ("keeper+tide", ["keeper", "tide"]) == (mixture.name, [dial.name for dial in mixture.dials][-2:])
    assert mixture.odds("The ") == mix([us.load("keeper"), us.load("tide")]).odds("The ")
    words = ("keeper+tide", "--length", 20, "--seed", 1)
    assert undersong("sample", *words, "--dial", "tide=0").out != undersong("sample", *words).out


def test_a_run_whose_name_holds_a_plus_is_that_run(undersong, text):
    """Only what nothing else is called is taken for several."""
    shutil.copytree(text.folder, "runs/keeper+tide")
    shutil.copy(RunFolder(text.folder).instrument, "one+two.undersong")

    assert "tiny" == us.load("keeper+tide").name
    assert "tiny" == us.load("one+two.undersong").name
    assert "mixture" not in us.load("keeper+tide").facts
    assert "mixture" in us.load("bestiary+tide").facts


def test_a_voice_that_is_not_there_is_named(undersong):
    """In whatever company it stands."""
    told = undersong("sample", "keeper+beastiary")
    spoiled = Path("spoiled.undersong")
    spoiled.write_bytes(b"nothing")

    assert 1 == told.code
    assert "There is no run or instrument 'beastiary'." in told.err
    assert "Did you mean 'bestiary'?" in told.err
    assert "spoiled.undersong" in undersong("mix", "keeper", spoiled).err


# ── in colours ───────────────────────────────────────────────────────────────────────────────────────────────────


def on_a_terminal(*words):
    """What a person sees, escapes included: `undersong WORDS…` on a terminal of its own."""
    pty = pytest.importorskip("pty", reason="this machine has no terminals to open")
    program = [sys.executable, "-m", "undersong", *map(str, words)]
    seen, terminal = pty.openpty()
    known = {**environment(), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    known.pop("NO_COLOR", None)
    process = subprocess.Popen(program, stdin=terminal, stdout=terminal, stderr=terminal, env=known, close_fds=True)
    os.close(terminal)
    shown, until = b"", time.monotonic() + 60
    try:
        while time.monotonic() < until:
            if select.select([seen], [], [], 0.2)[0]:
                try:
                    more = os.read(seen, 65536)
                except OSError:  # the other side has closed it
                    break
                if not more:
                    break
                shown += more
        process.wait(timeout=10)
    finally:
        process.kill()
        process.wait()
        os.close(seen)
    return shown.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize("count", [1, 2])
def test_a_terminal_shows_in_colours_who_said_what(undersong, count):
    """Each event in the colour of the voice that had most of it, the legend in the same; the letters are the same."""
    words = ("mix", "keeper", "tide", "--prompt", "The ", "--length", 30, "--seed", 7, "--count", count)
    plain = undersong(*words)
    shown = on_a_terminal(*words)
    letters = re.sub(r"\x1b\[[0-9;]*m", "", shown)

    assert letters.startswith(plain.out)
    assert {"36", "35"} <= set(re.findall(r"\x1b\[(\d+)m", shown))  # cyan and magenta
    assert re.search(r"Who spoke: \x1b\[36mkeeper \d+%\x1b\[0m, \x1b\[35mtide \d+%\x1b\[0m\.", shown)
