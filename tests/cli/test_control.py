"""A run that is paused, goes on and is stopped from another terminal; what `list` shows meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import SETTINGS, STEPS, environment, evaluated, stepped

from undersong.cli import control
from undersong.keeping.run_folder import RunFolder
from undersong.playing.loading import load

LEARNER = """
import sys, time
from pathlib import Path
from undersong.keeping.run_folder import RunFolder
from undersong.making.control import Control

folder = RunFolder(Path(sys.argv[1]))
folder.prepare()
folder.write_json("private/request.json", {})
(folder.path / "recipe.toml").touch()
control = Control(folder, time.monotonic, lambda moment: None, lambda: None)
with folder.held():
    print("learning", flush=True)
    while sys.argv[2] != "heeds" or not control.heed().stop:
        time.sleep(0.02)
    folder.append_log({"what": "finished", "stopped": True})
"""
"""A process that holds a folder, and heeds what is asked as learning does."""


@pytest.fixture
def learning(tmp_path):
    """Somebody who learns into a folder under runs/, and `heeds` or does not."""
    processes = []

    def start(name: str = "tiny", how: str = "heeds") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", LEARNER, str(tmp_path / "runs" / name), how]
        processes.append(subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE))
        assert b"learning\n" == processes[-1].stdout.readline()
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(control, "_PATIENCE", 0.3)


def states(undersong):
    return {row["name"]: row["state"] for row in undersong("list", "--json").json if row["where"]}


def test_a_run_is_paused_goes_on_and_is_stopped(undersong, learning):
    """Each is answered when it has happened, and seen in the list."""
    process = learning()
    answers = []
    for verb in ("pause", "pause", "resume", "resume", "stop"):
        answers.append(undersong(verb, "tiny", "--json").json)
        if verb != "stop":
            assert {"tiny": answers[-1]["state"]} == states(undersong)
    process.wait(timeout=10)

    assert ["paused", "paused", "learning", "learning"] == [answer["state"] for answer in answers[:4]]
    assert ["learning", "paused", "paused", "learning", "learning"] == [answer["before"] for answer in answers]
    assert answers[4]["state"] in ("stopping", "stopped")
    assert all(answer["heard"] for answer in answers)
    assert {"tiny": "stopped"} == states(undersong)


def test_people_are_told_in_words_what_happened(undersong, learning):
    """And by which command it goes on."""
    learning()
    told = [undersong(verb, "tiny").err for verb in ("resume", "pause", "pause", "resume", "pause", "stop")]

    assert [
        "'tiny' was not paused: it is learning.\n",
        "'tiny' is paused, and saved.\n",
        "'tiny' was paused already.\n",
        "'tiny' goes on.\n",
        "'tiny' is paused, and saved.\n",
    ] == told[:5]
    assert told[5].startswith(("'tiny' is stopping: it saves", "'tiny' has stopped; its instrument is"))


def test_the_list_for_people_shows_what_is_being_learned(undersong, learning):
    """In the place where it else says how long ago."""
    learning()
    assert "learning" in undersong("list").out
    undersong("pause")

    assert "paused" in undersong("list").out


def test_without_a_name_the_run_that_is_being_learned_is_meant(undersong, learning, tmp_path):
    """Also where a newer one has finished since."""
    learning()
    newer = tmp_path / "runs" / "newer"
    newer.mkdir()
    (newer / "recipe.toml").touch()

    assert "tiny" == undersong("pause", "--json").json["run"]


def test_a_run_is_named_by_its_folder_as_well(undersong, learning):
    """As everywhere."""
    learning()

    assert "paused" == undersong("pause", "runs/tiny", "--json").json["state"]


def test_a_learner_that_does_not_answer_is_reported_so(undersong, learning, impatient):
    """With exit code 1; the wish stays, and is obeyed at its next step."""
    learning(how="never heeds")
    answer, told = undersong("pause", "tiny", "--json"), undersong("stop", "tiny")

    assert (1, 1) == (answer.code, told.code)
    assert '"heard": false' in answer.out
    assert "'tiny' has not answered within 0 s: it may be reading, evaluating, or at its end." in told.err
    assert "It was asked to stop, and will at its next step." in told.err


def test_a_learner_that_ended_instead_is_reported_so(undersong, learning, monkeypatch):
    """It needs no more answer; a stop it has had, a pause it has not."""
    for verb, code in (("stop", 0), ("pause", 1)):
        process = learning(verb, "never heeds")
        monkeypatch.setattr(control.time, "sleep", lambda _, process=process: process.kill())
        answer = undersong(verb, verb)
        process.wait(timeout=10)

        assert code == answer.code
        assert f"'{verb}' is interrupted" in answer.err


# ── where nobody learns ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["pause", "resume", "stop"])
def test_a_finished_run_cannot_be_asked_anything(undersong, text, verb):
    """And it says how to learn longer; nothing is started, nothing changed."""
    shutil.copytree(text.folder, "tiny")
    answer = undersong(verb, "tiny")

    assert (1, "") == (answer.code, answer.out)
    assert "RunFolderError: Nothing is learning in 'tiny': it has finished.\n" in answer.err
    assert "To learn longer: undersong learn --resume --out tiny --for 10m" in answer.err
    assert not RunFolder(Path("tiny")).asked.exists()


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ({"what": "finished", "stopped": True}, "Nothing is learning in 'tiny': it was stopped."),
        ({"what": "stepped"}, "Nothing is learning in 'tiny': it was interrupted."),
    ],
)
def test_a_run_that_was_cut_short_goes_on_by_learn(undersong, text, last, says):
    """`resume` tells how, and does not start it: learning belongs to the terminal it is started from."""
    shutil.copytree(text.folder, "tiny")
    RunFolder(Path("tiny")).append_log(last)
    answer = undersong("resume", "tiny")

    assert 1 == answer.code
    assert f"{says}\n  To learn on: undersong learn --resume --out tiny\n" in answer.err


def test_a_run_that_is_not_there_is_refused_with_the_nearest(undersong, text):
    """Or with all there are."""
    shutil.copytree(text.folder, "runs/tiny")

    assert "RunFolderError: There is no run 'tinny'.\n  Did you mean 'tiny'?" in undersong("pause", "tinny").err
    assert "There is no run 'zebra'.\n  Known: tiny." in undersong("stop", "zebra").err


def test_without_any_run_there_is_nothing_to_ask(undersong):
    """And it says where to look."""
    answer = undersong("pause")

    assert 1 == answer.code
    assert "RunFolderError: Nothing is being learned here.\n  `undersong list` shows every run" in answer.err
    assert "There is no run 'mine'.\n  Known: none yet." in undersong("pause", "mine").err


# ── a real one ─────────────────────────────────────────────────────────────────────────────────────────────────────

LEARN = """
import sys, time
from pathlib import Path
from undersong.making.learn import Request, learn

def slowly():
    time.sleep(0.05)
    return False

def tell(moment):
    print(moment.what, flush=True)

material, steps, *changes = sys.argv[1:]
learn(Request([material], steps=int(steps), changes=changes, out=Path("tiny"), observer=tell, should_stop=slowly))
"""
"""Learning, slowly enough to be paused before it is over."""


def test_a_run_that_was_paused_ends_where_another_one_does(undersong, text, tmp_path):
    """The same steps with the same losses: a pause leaves no trace in what was learned."""
    command = [sys.executable, "-c", LEARN, str(text.material), str(STEPS), *SETTINGS]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert any(line == "stepped\n" for line in process.stdout), process.communicate()
    paused = undersong("pause", "tiny", "--json").json
    resumed = undersong("resume", "tiny", "--json").json
    out, errors = process.communicate(timeout=60)

    assert ["paused", "resumed"] == [line for line in out.split() if line in ("paused", "resumed")]
    assert (0, "paused", "learning") == (process.returncode, paused["state"], resumed["state"]), errors
    assert (stepped(text.folder), evaluated(text.folder)) == (stepped(Path("tiny")), evaluated(Path("tiny")))
    assert load(text.folder).facts["nats_per_measure"] == load("tiny").facts["nats_per_measure"]
