"""`undersong tune`: a table, a recipe, and a way on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tiny_runs import SETTINGS

pytest.importorskip("optuna")

HELD = [change for change in SETTINGS if not change.startswith("training.rate=")]
HELD += ["core.layers=1", "core.dropout=0", "training.weight_decay=0"]
WORDS = [*(word for change in HELD for word in ("--set", change)), "--steps", "8"]


def test_two_trials_give_a_table_and_a_recipe(undersong, learned):
    """Each is told as it ends; the figure stands beside that of the recipe as it was."""
    answer = undersong("tune", learned.material, *WORDS, "--trials", 2)
    learnt = undersong("learn", learned.material, "--recipe", "tuned.toml", "--steps", 2, "--out", "tiny", "--json")

    assert (0, 0) == (answer.code, learnt.code)
    assert "trial   0" in answer.err
    assert "trial   1" in answer.err
    assert "nats per event on an inner held-out part, where the recipe as it stands has" in answer.out
    assert "the best of 2 trials of 8 steps, chosen by that part, so it flatters." in answer.out


def test_the_answer_for_programs_has_every_trial(undersong, text):
    """And which was the best; a study that is gone on with has the earlier ones as well."""
    first = undersong("tune", text.material, *WORDS, "--trials", 1, "--out", "mine.toml", "--json").json
    found = undersong("tune", text.material, *WORDS, "--trials", 3, "--out", "mine.toml", "--resume", "--json").json

    assert ["mine.toml", "mine.json", False, 8] == [found[key] for key in ("recipe", "study", "stopped", "steps")]
    assert [0, 1, 2] == [trial["number"] for trial in found["trials"]]
    assert first["defaults"] == found["defaults"] == found["trials"][0]
    assert found["best"]["nats"] == min(trial["nats"] for trial in found["trials"] if trial["nats"] is not None)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_once_keeps_the_best_so_far(undersong, started, text):
    """With exit code 0, and the command that goes on."""
    process = started("tune", text.material, *WORDS, "--trials", 500)
    next(line for line in process.stderr if line.startswith("trial   1"))
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=60)

    assert 0 == process.returncode, rest
    assert "Stopped; the best so far is kept. Go on with: undersong tune" in rest
    assert "--resume --out tuned.toml --set core.size=16" in rest
    assert "nats per event on an inner held-out part" in out
    assert Path("tuned.toml").is_file()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["x.txt", "--for", "20s"], 2, "UsageError: 20 s are too little to tune in."),
        (["x.txt", "--out", "tuned"], 2, "UsageError: 'tuned' is no name for a recipe."),
        (["x.txt", "--trials", "0"], 2, "--trials"),
        (["x.txt", "--set", "core.sise=3"], 2, "Did you mean 'size'?"),
        (["gone.txt"], 1, "gone.txt"),
        ([], 2, "Missing argument"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_wrong_use_is_refused_before_anything_is_done(undersong, tmp_path, words, code, says):
    """What was wrong and what would be right; nothing is written."""
    answer = undersong("tune", *words)

    assert code == answer.code
    assert says in answer.err
    assert not list(tmp_path.iterdir())
