"""What there is, what this machine can, where things lie, and how every verb answers wrong use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import undersong as us
from undersong.cli.doctor import no_torch_for
from undersong.playing.loading import shipped

VERBS = (
    "demo", "learn", "pause", "resume", "stop", "tune", "sample", "write", "mix", "serve", "score", "odds", "list",
    "doctor", "plugins", "where",
)  # fmt: skip


# ── help and version ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_verb_has_a_help_with_an_example(undersong):
    """`undersong --help` names them all, each explains itself, and ends with 0."""
    assert all(f" {verb} " in undersong("--help").out for verb in VERBS)
    for verb in VERBS:
        answer = undersong(verb, "--help")
        assert (0, True) == (answer.code, f"undersong {verb}" in answer.out.replace("Examples", "Example"))


def test_the_version_is_the_packages(undersong):
    """And nothing but that is printed."""
    assert f"undersong {us.__version__}\n" == undersong("--version").out


def test_neither_help_nor_playing_loads_torch(learned_in):
    """A second and a half, and 700 MB, that only learning pays."""
    program = (
        "import sys; from undersong.cli.main import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, 'onnxruntime' in sys.modules, file=sys.stderr)"
    )
    run = learned_in("text").folder
    for words, modules in ((["--help"], "False False"), (["sample", str(run), "--length", "3"], "False True")):
        ended = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
        assert modules == ended.stderr.splitlines()[-1]


# ── list ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def at_home(learned, tmp_path):
    """The run under UNDERSONG_HOME, where every folder finds it."""
    runs = tmp_path / "home" / "runs"
    runs.mkdir(parents=True)
    (runs / "tiny").symlink_to(learned.folder)
    return learned


def test_runs_are_listed_with_their_figures(undersong, at_home):
    """Medium, network, nats beside the baseline's; the voices that ship come after."""
    rows = undersong("list", "--json").json
    facts = us.load("tiny").facts

    assert ["tiny", *shipped()] == [row["name"] for row in rows]
    assert (at_home.tiny.medium, "1 x 16 lstm") == (rows[0]["medium"], rows[0]["network"])
    assert (facts["nats_per_measure"], facts["baseline_nats"]) == (rows[0]["nats"], rows[0]["baseline_nats"])
    assert rows[0]["problem"] is None


def test_the_list_for_people_is_a_table(undersong, at_home):
    """A row for each."""
    answer = undersong("list")

    assert 0 == answer.code
    assert "tiny" in answer.out


def test_a_run_that_cannot_be_read_is_listed_as_such(undersong, tmp_path):
    """One broken file does not hide the others."""
    broken = tmp_path / "runs" / "broken"
    broken.mkdir(parents=True)
    (broken / "broken.undersong").write_bytes(b"no zip")
    row = undersong("list", "--json").json[0]

    assert ("broken", "cannot be read") == (row["name"], row["network"])
    assert "not a whole instrument file" in row["problem"]


def test_the_newest_run_is_meant_where_none_is_named(undersong, text, toy, tmp_path):
    """By when it was last written to, here or under UNDERSONG_HOME."""
    for number, (run, parent) in enumerate(((text, tmp_path / "runs"), (toy, tmp_path / "home" / "runs"))):
        folder = parent / f"run-{run.tiny.medium}"
        folder.mkdir(parents=True)
        file = folder / f"{folder.name}.undersong"
        file.write_bytes((run.folder / "tiny.undersong").read_bytes())
        os.utime(file, (1e9 + number, 1e9 + number))
    newest = undersong("sample", "--length", 1, "--json").json
    os.utime(tmp_path / "runs" / "run-text" / "run-text.undersong", (2e9, 2e9))
    now = undersong("sample", "--length", 1, "--json").json

    assert isinstance(newest["piece"], list)
    assert isinstance(now["piece"], str)


def test_a_run_is_found_by_name_by_folder_and_by_file(undersong, at_home):
    """And a renamed folder still plays."""
    words = ("--length", 3, "--seed", 1, "--json")
    answers = [undersong("sample", run, *words).json for run in ("tiny", at_home.folder, "home/runs/tiny")]
    voice = undersong("sample", at_home.folder / "tiny.undersong", *words).json
    alone = undersong("sample", "tiny", *words, *(["--dial", "duet=0"] if at_home.tiny.is_text else [])).json
    Path("renamed").symlink_to(at_home.folder)

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["piece"] == undersong("sample", "renamed", *words).json["piece"]
    assert alone == voice  # a file holds the network alone


def test_a_name_that_no_run_has_is_refused_with_the_nearest(undersong, at_home):
    """Exit code 1."""
    answer = undersong("sample", "tinny")

    assert 1 == answer.code
    assert "RunFolderError: There is no run or instrument 'tinny'.\n  Did you mean 'tiny'?" in answer.err


# ── doctor, plugins, where ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_doctor_tells_what_this_machine_can(undersong):
    """Learn, play, int8 and studio, each with a reason; versions; how to install offline."""
    found = undersong("doctor", "--json").json
    told = undersong("doctor").out

    can = {name: can["yes"] for name, can in found["can"].items()}
    assert can["int8"] in (True, False)  # as the processor has it
    assert {"learn": True, "play": True, "int8": can["int8"], "studio": False} == can
    assert us.__version__ == found["undersong"]
    assert found["libraries"]["torch"] in found["can"]["learn"]["why"]
    assert f"Offline: {found['offline']}" in told
    assert told.startswith(f"undersong {us.__version__} · Python {found['python']}")


@pytest.mark.parametrize(
    ("system", "machine", "python", "says"),
    [
        ("Darwin", "x86_64", (3, 12), "torch has no wheels of today for Intel Macs: this machine plays only"),
        ("Windows", "ARM64", (3, 12), "torch has no wheels for Windows on ARM: this machine plays only"),
        ("Linux", "x86_64", (3, 15), "torch may have no wheels for Python 3.15 yet; 3.11 to 3.14 have"),
        ("Darwin", "arm64", (3, 12), ""),
        ("Windows", "AMD64", (3, 11), ""),
        ("Linux", "aarch64", (3, 14), ""),
    ],
)
def test_the_doctor_knows_where_torch_does_not_go(system, machine, python, says):
    """And does not send people to install what cannot be had."""
    assert says == no_torch_for(system, machine, python)


def test_the_doctor_hides_the_passwords_of_proxies(undersong, monkeypatch):
    """Its output is pasted into public threads."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:s3cr3t@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "localhost")
    found, told = undersong("doctor", "--json"), undersong("doctor")

    proxies = found.json["proxies"]
    assert ("…@proxy.example:3128", "localhost") == (proxies["HTTPS_PROXY"], proxies["no_proxy"])
    assert "proxy in force: HTTPS_PROXY=…@proxy.example:3128" in told.out
    assert "s3cr3t" not in found.out + told.out


def test_plugins_of_others_stand_beside_ours(undersong):
    """Each under its door, with the package it came with."""
    found, told = undersong("plugins", "--json").json, undersong("plugins").out

    assert {"text.v1": f"undersong {us.__version__}", "walk.v1": "undersong-toy 1.0"}.items() <= found["media"].items()
    assert {"media", "codecs", "distributions", "cores", "heads", "graphs", "procedures"} == set(found)
    assert all(name in told for group in found.values() for name in group)


def test_where_names_every_folder(undersong, tmp_path):
    """UNDERSONG_HOME among them, and whether each is there."""
    found, told = undersong("where", "--json").json, undersong("where").out

    assert (str(tmp_path / "runs"), str(tmp_path / "home")) == (found["runs"], found["home (UNDERSONG_HOME)"])
    assert f"{tmp_path / 'home'}   (not made yet)" in told
    assert Path(us.__file__).parent == Path(found["package"])


# ── wrong use ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lern"], "No such command 'lern'"),
        (["sample", "--sed", "3"], "No such option: --sed"),
        (["sample", "--length", "-1"], "--length"),
        (["sample", "--seed", "one"], "--seed"),
        (["learn", "x.txt", "--steps", "0"], "--steps"),
        (["learn", "x.txt", "--for", "soon"], "UsageError: 'soon' is not a time.\n  Write 90s, 10m or 1.5h."),
        (["learn", "x.txt", "--for", "0m"], "UsageError: '0m' is not a time."),
        (["learn", "x.txt", "--for", "nan"], "UsageError: 'nan' is not a time."),
        (["learn", "x.txt", "--for", "1m", "--steps", "9"], "UsageError: Learning ends after a time or after some"),
        (["learn", "x.txt", "--recipe", "char-rn"], "There is no recipe 'char-rn'.\n  Did you mean 'char-rnn'?"),
        (["learn", "x.txt", "--medium", "tekst"], "There is no 'tekst' among the media.\n  Did you mean 'text'?"),
        (["learn", "x.txt", "--set", "core.sise=9"], "a key that means nothing: 'core.sise'.\n  Did you mean 'size'?"),
        (["learn", "x.txt", "--set", "core.size"], "--set core.size is not of the form a.b=c."),
        (["learn", "x.txt", "--set", "core.size=0"], "core.size = 0 will not do: It should be a whole number from 1"),
        (["learn", "x.txt", "--set", "core.size=big"], "core.size = 'big' will not do: It should be a whole number"),
        (["learn", "x.txt", "--set", "core.dropout=1"], "core.dropout = 1 will not do: It should be a number from 0"),
        (["learn", "x.txt", "--set", "core.kind=lsmt"], "There is no 'lsmt' among the cores.\n  Did you mean 'lstm'?"),
        (["learn", "x.txt", "--set", "core.settings.leek=1"], "of lstm.v1 has a key that means nothing: 'leek'"),
        (["learn", "x.txt", "--set", "ngram.orders=[]"], "ngram.orders = [] will not do"),
        (["learn", "builtin:kipper"], "There is no built-in material 'kipper'.\n  There is: anthology,"),
        (["learn"], "UsageError: There is nothing to learn from.\n  Name a file: undersong learn mine.txt"),
        (["score", "x"], "UsageError: Name a file to score, --split valid, or --against a corpus."),
        (["score", "--split", "test"], "There is no split 'test'.\n  There is one: valid."),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_wrong_use_is_refused_before_anything_is_done(undersong, tmp_path, words, says):
    """Exit code 2, what was wrong and what would be right; nothing is written, no file is even looked for."""
    answer = undersong(*words)

    assert 2 == answer.code
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--temperature", "-1"], "DialError: temperature -1.0 is not a number from 0 to 10."),
        (["--temperature", "nan"], "DialError: temperature nan is not a number from 0 to 10."),
        (["--temperature", "inf"], "DialError: temperature inf is not a number from 0 to 10."),
        (["--dial", "warmth=1"], "DialError: There is no dial 'warmth'.\n  This instrument has: temperature"),
        (["--dial", "temperature"], "UsageError: --dial temperature is not of the form name=number."),
        (["--condition", "class"], "UsageError: --condition class is not of the form name=value."),
        (["--seed", str(2**63)], "UsageError: A sample needs at least one row"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_a_dial_that_cannot_be_turned_so_is_refused(undersong, learned, words, says):
    """Before the first event is played, with exit code 2."""
    answer = undersong("sample", learned, *words)

    assert (2, "") == (answer.code, answer.out)
    assert says in answer.err


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("clas=1", "This instrument listens to class, control, memory, memory.mask, z; not to 'clas'."),
        ("class=3", "Condition 'class' holds a value outside 0 … 2."),
        ("z=[1]", "Condition 'z' has shape (1, 1) float32; expected (4,) per row."),
    ],
)
def test_a_condition_that_an_instrument_cannot_hear_is_refused(undersong, toy, asked, says):
    """With what it listens to; exit code 1, for the words were right and their value was not."""
    answer = undersong("sample", toy, "--condition", asked)

    assert (1, "") == (answer.code, answer.out)
    assert says in answer.err


def test_a_name_is_refused_also_where_the_recipe_is_a_file(undersong, tmp_path):
    """The message says in which."""
    Path("mine.toml").write_text("[training]\nrat = 0.1\n")
    answer = undersong("learn", "x.txt", "--recipe", "mine.toml")

    assert 2 == answer.code
    assert "recipe 'mine.toml' has a key that means nothing: 'training.rat'.\n  Did you mean 'rate'?" in answer.err


def test_a_recipe_that_is_no_toml_is_refused(undersong):
    """With the place; and one that is not there."""
    Path("mine.toml").write_text("[training\n")

    assert "'mine.toml' is not a TOML file" in undersong("learn", "x.txt", "--recipe", "mine.toml").err
    assert "There is no recipe at 'gone.toml'" in undersong("learn", "x.txt", "--recipe", "gone.toml").err


def test_the_resolved_recipe_of_a_run_can_be_used_again(undersong, learned, tmp_path):
    """Nothing in it is left to chance: what was `auto` is a value now, and the same recipe comes of it."""
    recipe = learned.folder / "recipe.toml"
    answer = undersong("learn", learned.material, "--steps", 1, "--recipe", recipe, "--out", "again", "--json")

    assert str(Path("again")) == answer.json["folder"]
    assert recipe.read_text("utf-8") == Path("again/recipe.toml").read_text("utf-8")
    assert "auto" not in recipe.read_text("utf-8")
    assert json.loads(Path("again/config.json").read_text()) == json.loads((learned.folder / "config.json").read_text())
