"""`undersong chain`: a Markov chain of any files, at once, and how it draws."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from undersong.cli import watching
from undersong.cli.watching import lines, visible
from undersong.making.chains import chain

SONG = "the sea sings\nthe sea sleeps\nthe moon sings low\n"


@pytest.fixture
def song() -> str:
    Path("song.txt").write_text(SONG, "utf-8")
    return "song.txt"


def test_a_chain_plays_lines_at_once(undersong, song):
    """Eight of them; what it is and how much is copied is said beside."""
    answer = undersong("chain", song, "--seed", 1)
    lines = answer.out.splitlines()

    assert (0, 8) == (answer.code, len(lines))
    assert all(line.startswith("the ") for line in lines)
    assert "A Markov chain of order 4 by character, line by line: song 100%." in answer.err
    assert "Copied: the longest run that stands in the sources is " in answer.err
    assert answer.out == undersong("chain", song, "--seed", 1).out
    assert answer.out != undersong("chain", song, "--seed", 2, "--order", 2).out


def test_a_chain_goes_on_from_a_prompt(undersong, song):
    """One piece then, as long as is asked."""
    answer = undersong("chain", song, "--prompt", "the moon", "--length", 3, "--seed", 1)

    assert "the moon si\n" == answer.out


def test_a_chain_may_be_whole(undersong, song):
    """On and on, across lines."""
    answer = undersong("chain", song, "--whole", "--length", 100, "--seed", 1)

    assert 101 == len(answer.out)
    assert "on and on" in answer.err


def test_a_chain_by_word_says_what_stands_there(undersong, song):
    """With two words heard there are only the three lines to say."""
    lines = undersong("chain", song, "--unit", "word", "--count", 20, "--seed", 1).out.splitlines()

    assert {"the sea sings", "the sea sleeps", "the moon sings low"} == set(lines)


def test_several_sources_weigh_what_is_asked(undersong, song):
    """And a weight is a dial."""
    Path("other.txt").write_text("a lamp\n", "utf-8")
    words = ("chain", song, "other.txt", "--seed", 1, "--count", 30)
    even = undersong(*words)
    loud = undersong(*words, "--weights", "0,1")

    assert "song 50%, other 50%" in even.err
    assert {"a lamp"} == set(loud.out.splitlines())
    assert {"a lamp"} == set(undersong(*words, "--dial", "other=1").out.splitlines())
    assert {True, False} == {line == "a lamp" for line in even.out.splitlines()}


def test_a_source_may_come_by_the_pipe(undersong):
    """`-` is standard input, once."""
    assert "ababab\n" == undersong("chain", "-", "-k", 1, "-l", 6, "--whole", stdin=b"ab" * 20).out
    assert 2 == undersong("chain", "-", "--prompt", "-", stdin=b"ab").code


def test_watching_shows_the_state_and_the_bag(undersong, song):
    """A line for each step, the one drawn in brackets; then the line it made."""
    lines = undersong("chain", song, "--watch", "--seed", 1).out.splitlines()
    first = lines[0].split()

    assert ["1", "<start>", "→", "t", "from", "[t]", "t", "t"] == first
    steps = lines[: lines.index("")]
    drawn = [line.split("→")[1].split()[0] for line in steps]
    assert "<end>" == drawn[-1]
    assert "".join(drawn[:-1]).replace("␣", " ") == lines[-2]
    assert ["5", "the␣", "→", drawn[4], "from"] == lines[4].split()[:5]


def test_ctrl_c_ends_watching_politely(undersong, song, monkeypatch):
    """It says how far it came."""

    def interrupted(made, steps):
        yield next(lines(made, steps))
        raise KeyboardInterrupt

    monkeypatch.setattr("undersong.cli.chain.lines", interrupted)
    answer = undersong("chain", song, "--watch", "--seed", 1)

    assert (130, 1) == (answer.code, len(answer.out.splitlines()))
    assert answer.err.endswith("Stopped after 1 steps.\n")


def test_a_shortened_context_is_shown_in_brackets(undersong, song):
    """What of the prompt it had to forget before anything had followed."""
    line = undersong("chain", song, "--watch", "-p", "mmlo", "-l", 1, "--seed", 1).out.splitlines()[0]

    assert ["1", "(mm)lo", "→", "w", "from", "[w]"] == line.split()


def test_json_tells_every_step(undersong, song):
    """Context, bag and what was drawn, which together are the piece."""
    answer = undersong("chain", song, "--json", "--seed", 1, "--order", 2).json
    (piece,) = answer["pieces"]

    assert ("a Markov chain of order 2 by character", "line", {"song": 1.0}, 1) == (
        answer["chain"], answer["by"], answer["weights"], answer["seed"],
    )  # fmt: skip
    assert {"longest", "share", "excerpt"} == set(answer["copied"])
    assert piece["text"] + "<end>" == "".join(step["drawn"] for step in piece["steps"])
    assert {"context": ["<start>"], "heard": 1, "bag": {"t": 3}, "drawn": "t", "p": 1.0} == piece["steps"][0]
    assert {" ": 3} == piece["steps"][3]["bag"]
    assert 1 == piece["steps"][3]["p"]


def test_json_tells_the_bags_of_several_voices(undersong, song):
    """All of them together, and each with its weight."""
    Path("other.txt").write_text("tale\n", "utf-8")
    step = undersong("chain", song, "other.txt", "--json", "-p", "t", "-l", 1, "-s", 1).json["pieces"][0]["steps"][0]

    assert {"h": 3, "a": 1} == step["bag"]
    assert {"weight": 0.5, "heard": 2, "bag": {"a": 1}} == step["voices"]["other"]


def test_a_smoothed_chain_shows_odds(undersong, song):
    """It has no bags: anything may come."""
    lines = undersong("chain", song, "--smooth", "--watch", "-l", 2, "--seed", 1).out.splitlines()
    step = undersong("chain", song, "--smooth", "--json", "-l", 2, "--seed", 1).json["pieces"][0]["steps"][0]

    assert "%" in lines[0]
    assert "bag" not in step
    assert 0 < sum(step["odds"].values()) <= 1
    assert step["p"] == step["odds"][step["drawn"]]


def test_in_a_terminal_each_step_is_a_picture(song):
    """Text so far, what was heard, a bar for each symbol, and the one that is drawn."""
    made = chain([song, "builtin:tide"])
    (sample,) = made.samples(1, seed=3, length=6)
    console = Console(file=io.StringIO(), force_terminal=True, width=90, height=40)
    shown = [
        console.file.getvalue()
        for _ in watching.in_pictures(made, made.steps(sample, "", 6), "", every=0, console=console)
    ]

    assert len(list(made.steps(sample, "", 6))) == len(shown)
    assert "song: after <start>, 3 in the bag" in shown[0]
    assert all(part in shown[0] for part in ("█", "◀ drawn", "more kinds"))


def test_a_chain_is_told_what_to_read(undersong):
    """As learn is; nothing else of it is set."""
    Path("lamps.csv").write_text("name,text\n" + "ann,ab\nbob,ba\n" * 10, "utf-8")
    words = ("chain", "lamps.csv", "--seed", 1, "--count", 20)

    assert set("abx\n") >= set(undersong(*words, "--set", "read.fields=text").out)
    assert "A chain is only told how to read" in undersong(*words, "--set", "core.size=3").err


def test_a_chain_can_be_written_to_a_file(undersong, song):
    """All its lines in one."""
    answer = undersong("chain", song, "--count", 5, "--out", "lines.txt", "--seed", 1)

    assert ("", True) == (answer.out, "Wrote lines.txt" in answer.err)
    assert 5 == len(Path("lines.txt").read_text("utf-8").splitlines())


def test_what_cannot_be_seen_gets_a_sign():
    """Spaces, line ends, marks that would sit on their neighbour, and what a terminal would obey."""
    assert "␣sea↵⇥" == visible(" sea\n\t")
    assert "◌\u0301" == visible("\u0301")
    assert "<U+200C><U+001B>" == visible("\u200c\x1b")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["gone.txt"], 1, "MissingFileError"),
        (["song.txt", "--weights", "1,2"], 2, "There are 2 weights for 1 sources."),
        (["song.txt", "--weights", "much"], 2, "--weights much are no numbers."),
        (["song.txt", "--unit", "verse"], 2, "verse"),
        (["song.txt", "--order", "99"], 2, "order 99"),
        (["song.txt", "--temperature", "-1"], 2, "DialError"),
        (["empty.txt"], 1, "Error"),
    ],
)
def test_what_makes_no_chain_is_told(undersong, song, words, code, told):
    """In a sentence, with what to do."""
    Path("empty.txt").write_text("", "utf-8")
    answer = undersong("chain", *words)

    assert (code, "") == (answer.code, answer.out)
    assert told in answer.err
