"""A run that was stopped and one that was not are the same run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_runs import STEPS, evaluated, stepped, teach

import undersong as us
from undersong.keeping.run_folder import RunFolder
from undersong.making.learn import Request, learn
from undersong.making.moments import Evaluated, Stepped


class Stopping:
    """Asks to stop after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


def stopped(learned, *after: int) -> Path:
    """The run of that material, stopped after each of these numbers of steps and resumed every time."""
    run = teach(learned.material, Path("tiny"), should_stop=Stopping(after[0]))
    for more in after[1:]:
        assert run.stopped
        run = learn(Request(out=Path("tiny"), resume=True, should_stop=Stopping(more)))
    assert run.stopped
    assert not learn(Request(out=Path("tiny"), resume=True)).stopped
    return Path("tiny")


@pytest.mark.parametrize("after", [(7,), (20,), (3, 2, 30)], ids=str)
def test_a_stopped_run_ends_where_an_uninterrupted_one_does(learned, after):
    """Losses, held-out nats, the last weights and the best ones: in float32 to the last bit that 1e-6 shows."""
    folder = stopped(learned, *after)

    for kept in (stepped, evaluated):
        expected, found = kept(learned.folder), kept(folder)
        np.testing.assert_allclose([found[step] for step in expected], list(expected.values()), rtol=0, atol=1e-6)
    for name in ("model.safetensors", "private/best.safetensors"):
        expected, found = load_file(learned.folder / name), load_file(folder / name)
        for array in expected:
            np.testing.assert_allclose(found[array], expected[array], rtol=0, atol=1e-6)
    assert us.load(folder).facts["nats_per_measure"] == pytest.approx(learned.run.nats, abs=1e-6)


def test_a_stopped_run_plays_what_it_had_learned(learned):
    """Its instrument is of the very step, says so, and its score is its own."""
    run = teach(learned.material, Path("tiny"), should_stop=Stopping(9))
    facts = us.load(run.folder).facts

    kept = "as it was when stopped, after step 9, averaged over the last of them"
    assert (9, kept) == (facts["steps"], facts["kept"])
    assert learned.run.nats < run.nats == facts["nats_per_measure"]


def test_a_stop_is_no_evaluation_that_counts(text):
    """Only what an uninterrupted run would have looked at may become the best that is kept."""
    moments: list[Evaluated] = []
    teach(
        text.material,
        Path("tiny"),
        should_stop=Stopping(10),
        observer=lambda moment: moments.append(moment) if isinstance(moment, Evaluated) else None,
    )

    assert [(4, True), (8, True), (10, False)] == [(moment.step, moment.best) for moment in moments]


def test_every_tenth_step_is_in_the_log_whoever_watches(text):
    """A screen sees as many as it can show; the log does not depend on the clock."""
    seen: list[int] = []
    teach(
        text.material,
        Path("tiny"),
        steps=30,
        observer=lambda moment: seen.append(moment.step) if isinstance(moment, Stepped) else None,
    )

    assert [10, 20, 30] == list(stepped(Path("tiny")))
    assert seen[0] == 1


def test_the_better_weights_are_kept_where_the_last_are_clearly_worse(text):
    """The card says which they are; they stay the better ones when nothing more is learned."""
    shutil.copytree(text.folder, "tiny")
    ruin = ("training.rate=300", "training.muon=300", "training.keep=auto")
    learn(Request(steps=STEPS + 10, changes=ruin, out=Path("tiny"), resume=True))
    nats = evaluated(Path("tiny"))
    again = learn(Request(out=Path("tiny"), resume=True))

    assert STEPS == min(nats, key=nats.__getitem__)
    assert f"the best of 10 evaluations, after step {STEPS}" == us.load("tiny").facts["kept"]
    assert again.nats == pytest.approx(text.run.nats)


def test_a_run_that_goes_on_learns_as_if_its_plan_had_been_longer_all_along(text):
    """The rate rises to where it would be on the longer way, and ends at its floor again."""
    shutil.copytree(text.folder, "tiny")
    learn(Request(steps=2 * STEPS, out=Path("tiny"), resume=True))
    log = [line for line in RunFolder(Path("tiny")).read_log() if line["what"] == "stepped"]
    rate = {line["step"]: line["rate"] for line in log}

    assert rate[STEPS] == pytest.approx(0.03 * 0.03, rel=0.2)
    assert rate[STEPS + 10] > 10 * rate[STEPS]
    assert rate[2 * STEPS] == pytest.approx(0.03 * 0.03, rel=0.2)


def test_a_run_without_a_checkpoint_begins_anew(text):
    """As after a power cut before the first one."""
    shutil.copytree(text.folder, "tiny")
    for name in ("private/last.safetensors", "private/best.safetensors", "tiny.undersong", "model.safetensors"):
        (Path("tiny") / name).unlink()
    assert "Kneser-Ney 3" == us.load("tiny").facts["network"]
    run = learn(Request(out=Path("tiny"), resume=True))

    assert run.nats == pytest.approx(text.run.nats, abs=1e-6)


def test_a_line_of_the_log_that_a_crash_cut_off_is_left_out(text):
    """The lines before it still tell what happened."""
    shutil.copytree(text.folder, "tiny")
    folder = RunFolder(Path("tiny"))
    count = len(folder.read_log())
    with folder.log.open("a", encoding="utf-8") as file:
        file.write('{"what": "step')

    assert count == len(folder.read_log())
