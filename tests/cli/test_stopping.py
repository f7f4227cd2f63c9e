"""Learning that was stopped: by the keyboard, by the system, in mid-air; what is left of it, and how it goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_runs import SETTINGS, STEPS, evaluated, stepped

from undersong.keeping import instrument_file
from undersong.playing.loading import load

BEGAN_WITH = "UsageError: A run goes on with the material and the recipe it began with, and from where it is."
WORDS = [word for change in SETTINGS for word in ("--set", change)]


def told(process, words):
    """Wait for a line on standard error that holds these words."""
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"it ended without '{words}'")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_run_that_was_stopped_ends_where_an_uninterrupted_one_does(undersong, started, text, number):
    """By Ctrl-C, by the system, by a power cut: --resume gives the same losses, the same weights and the same score."""
    process = started("learn", text.material, "--steps", STEPS, *WORDS, "--out", "tiny")
    told(process, f"step 20/{STEPS}")
    process.send_signal(getattr(signal, number))
    rest = process.communicate(timeout=60)[1]
    answer = undersong("learn", "--resume", "--out", "tiny", "--json")

    assert (-signal.SIGKILL if number == "SIGKILL" else 0) == process.returncode
    assert ("Go on with: undersong learn --resume --out tiny" in rest) == (number != "SIGKILL")
    assert not answer.json["stopped"]
    same_runs(text.folder, Path("tiny"))


def same_runs(one: Path, other: Path) -> None:
    """Losses at every step that was logged, held-out nats at every evaluation, and each weight, within 1e-6."""
    for kept in (stepped, evaluated):
        expected, found = kept(one), kept(other)
        assert expected.keys() <= found.keys()
        np.testing.assert_allclose([found[step] for step in expected], list(expected.values()), rtol=0, atol=1e-6)
    expected, found = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=1e-6, err_msg=name)
    nats = [load(folder).facts["nats_per_measure"] for folder in (one, other)]
    assert nats[0] == pytest.approx(nats[1], abs=1e-6)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_twice_stops_at_once_and_leaves_a_run_that_plays(undersong, started, text):
    """With exit code 130; what was saved before is whole, and --resume goes on from it."""
    process = started("learn", text.material, "--steps", STEPS, *WORDS, "--out", "tiny")
    told(process, f"step 12/{STEPS}")
    process.send_signal(signal.SIGINT)
    told(process, "Finishing this step and saving. Once more to stop at once.")
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]

    assert 130 == process.returncode
    assert "Traceback" not in rest
    assert 3 == len(undersong("sample", "tiny", "--length", 3, "--seed", 1, "--json").json["piece"])
    whole_files(Path("tiny"))
    assert 0 == undersong("learn", "--resume", "--out", "tiny", "--steps", STEPS, "--json").code
    same_runs(text.folder, Path("tiny"))


# ── before the first step ──────────────────────────────────────────────────────────────────────────────────────────

_armed: list[Callable[[str], bool]] = []


def _press(event: str, arguments: tuple[object, ...]) -> None:
    """Ctrl-C at the very moment a certain file is opened."""
    if event == "open" and _armed and _armed[0](str(arguments[0])):
        _armed.clear()
        signal.raise_signal(signal.SIGINT)


sys.addaudithook(_press)


@pytest.fixture
def interrupted(undersong, text):
    """`learn`, and Ctrl-C when the n-th file of such a name is opened."""

    def run(ending: str, nth: int, *words: object) -> object:
        left = [nth]

        def now(path: str) -> bool:
            left[0] -= path.endswith(ending)
            return left[0] == 0

        _armed.append(now)
        answer = undersong("learn", *(words or (text.material, "--steps", STEPS, *WORDS, "--out", "tiny")))
        assert not _armed, "it never opened that file"
        return answer

    yield run
    _armed.clear()


def whole_files(folder: Path) -> None:
    """Nothing half-written: no part of a file, and every file can be read."""
    for path in folder.rglob("*") if folder.exists() else ():
        assert not path.name.endswith(".part")
        if path.suffix == ".json":
            assert json.loads(path.read_bytes())
        elif path.suffix == ".toml":
            assert tomllib.loads(path.read_text("utf-8"))
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                assert all(arrays[name] is not None for name in arrays)
        elif path.suffix == ".npy":
            assert len(np.load(path))
        elif path.suffix == ".safetensors":
            assert load_file(path)
        elif path.suffix == ".undersong":
            assert instrument_file.read(path)


@pytest.mark.parametrize("nth", [0, *range(1, 9)])
def test_ctrl_c_before_the_first_step_leaves_no_half_written_file(interrupted, nth):
    """While the material is read, or at any of the files that are written until the network begins to learn."""
    answer = interrupted("keeper.txt", 1) if nth == 0 else interrupted(".part", nth)

    assert 130 == answer.code
    assert "Traceback" not in answer.err
    whole_files(Path("tiny"))


def test_what_was_stopped_while_it_read_begins_again_in_the_same_place(undersong, interrupted, text):
    """There is nothing to go on from, which --resume says; and nothing to lose, so that no other folder is needed."""
    interrupted(".part", 6)
    resumed = undersong("learn", "--resume", "--out", "tiny")
    again = undersong("learn", text.material, "--steps", 1, *WORDS, "--out", "tiny", "--json")

    assert 1 == resumed.code
    assert "RunFolderError: 'tiny' was stopped before there was anything to go on from.\n" in resumed.err
    assert "  Begin it again: undersong learn FILES --out tiny" in resumed.err
    assert 0 == again.code


def test_what_was_stopped_after_counting_goes_on_from_the_start(undersong, interrupted, text):
    """The n-gram plays already; --resume takes every step, as if nothing had been."""
    interrupted(".part", 8)
    network = undersong("sample", "tiny", "--length", 3, "--seed", 1, "--json").json
    chain = undersong("sample", "tiny", "--length", 3, "--seed", 1, "--ngram", "--json").json

    assert network == chain
    assert 0 == undersong("learn", "--resume", "--out", "tiny", "--json").code
    same_runs(text.folder, Path("tiny"))


# ── going on ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def copied(learned):
    """A finished run to do with as one likes."""
    shutil.copytree(learned.folder, "tiny")
    return learned


def test_a_finished_run_has_nothing_left_to_learn(undersong, copied):
    """--resume scores it once more, and changes no weight."""
    answer = undersong("learn", "--resume", "--out", "tiny", "--json").json

    assert load(copied.folder).facts["nats_per_measure"] == answer["nats"]
    assert (copied.folder / "model.safetensors").read_bytes() == Path("tiny/model.safetensors").read_bytes()


def test_a_finished_run_goes_on_when_it_is_given_more_steps(undersong, copied):
    """--steps counts from the beginning; a later --resume keeps to it."""
    undersong("learn", "--resume", "--out", "tiny", "--steps", STEPS + 5, "--json")
    undersong("learn", "--resume", "--out", "tiny", "--json")

    assert STEPS + 5 == load("tiny").facts["steps"]


def test_a_finished_run_goes_on_when_it_is_given_more_time(undersong, copied):
    """--for is how long it may take this time."""
    answer = undersong("learn", "--resume", "--out", "tiny", "--for", "3s", "--json")

    assert 0 == answer.code
    assert load("tiny").facts["steps"] > STEPS
    assert json.loads(Path("tiny/private/request.json").read_bytes())["minutes"] > 0.05


def test_the_newest_run_is_resumed_where_none_is_named(undersong, text):
    """As everywhere."""
    shutil.copytree(text.folder, "runs/tiny")

    assert "runs/tiny" == undersong("learn", "--resume", "--json").json["folder"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--steps", "7"], 2, "UsageError: This run has already taken 40 steps.\n  --steps counts from its beginning"),
        (["--set", "core.size=32"], 2, "UsageError: 'core.size' cannot be changed on the way.\n  These can: core.drop"),
        (["--set", "training.rows=8"], 2, "UsageError: 'training.rows' cannot be changed on the way."),
        (["--unit", "character"], 2, "UsageError: 'unit' cannot be changed on the way."),
        (["--set", "training.rat=1"], 2, "'training.rat' cannot be changed on the way."),
        (["--set", "training.rate=-1"], 2, "training.rate = -1 will not do"),
        (["--recipe", "char-rnn"], 2, BEGAN_WITH),
        (["other.txt"], 2, BEGAN_WITH),
        (["--out", "gone"], 1, "RunFolderError: There is no run to resume there.\n  Name its folder: undersong learn"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_what_cannot_be_resumed_so_is_refused_and_harms_nothing(undersong, text, words, code, says):
    """What may be changed on the way is listed; after the refusal the run resumes as before."""
    shutil.copytree(text.folder, "tiny")
    before = {path: path.read_bytes() for path in Path("tiny").rglob("*") if path.is_file()}
    answer = undersong("learn", "--resume", "--out", "tiny", *words)

    assert code == answer.code
    assert says in answer.err
    assert before == {path: path.read_bytes() for path in Path("tiny").rglob("*") if path.is_file()}


def test_without_any_run_there_is_none_to_resume(undersong):
    """And it says how to begin one."""
    answer = undersong("learn", "--resume")

    assert (1, "RunFolderError: There is no run to resume.\n  Begin one: undersong learn mine.txt\n") == (
        answer.code, answer.err
    )  # fmt: skip


def test_a_rate_may_be_changed_on_the_way(undersong, copied):
    """And is kept in the recipe."""
    words = ("--steps", STEPS + 2, "--set", "training.rate=0.001", "--json")
    answer = undersong("learn", "--resume", "--out", "tiny", *words)

    assert 0 == answer.code
    assert 0.001 == tomllib.loads(Path("tiny/recipe.toml").read_text("utf-8"))["training"]["rate"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("private/last.safetensors", b"no tensors"),
        ("private/corpus.npz", b"PK\3\4 no zip"),
        ("private/corpus.npz", b""),
        ("private/events.npy", b"no array"),
        ("private/codec.json", b"[]"),
        ("private/request.json", b"{"),
        ("recipe.toml", b"no recipe"),
    ],
)
def test_a_run_folder_that_was_damaged_is_refused_by_the_name_of_the_file(undersong, text, name, content):
    """Not by a traceback; and what is left still plays."""
    shutil.copytree(text.folder, "tiny")
    (Path("tiny") / name).write_bytes(content)
    answer = undersong("learn", "--resume", "--out", "tiny")

    assert answer.code in (1, 2)
    assert name.split("/")[-1] in answer.err
    assert "did not foresee" not in answer.err
    assert 0 == undersong("sample", "tiny", "--length", 2).code
