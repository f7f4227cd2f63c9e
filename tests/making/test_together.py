"""Several processes that learn one run: the losses of one process, and a run that survives the death of one of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import SETTINGS, environment, evaluated, stepped

import undersong as us
from undersong.keeping.control import state_of
from undersong.keeping.run_folder import RunFolder
from undersong.making.learn import Request, learn

pytest.importorskip("lightning_fabric", reason="processes are joined by lightning-fabric")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for the processes under /proc")

STEPS = 50
EXACT = (*SETTINGS, "core.dropout=0", "training.threads=1")


@contextlib.contextmanager
def together(*words: object, restarts: int = 0) -> Iterator[subprocess.Popen[str]]:
    """`torchrun --standalone --nproc-per-node 2 -m undersong learn WORDS…`, under way."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "--max-restarts", restarts, "-m", "undersong", "learn", *words,
    ]  # fmt: skip
    settled = environment() | {"OMP_NUM_THREADS": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    process = subprocess.Popen(
        list(map(str, command)), env=settled, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def settings(*changes: str) -> list[str]:
    return [word for change in (*EXACT, *changes) for word in ("--set", change)]


def test_two_processes_learn_what_one_does(learned):
    """With the same batches, shared out by rows: the same losses, evaluations and instrument, to four digits."""
    alone = learn(Request([learned.material], steps=STEPS, changes=EXACT, out=Path("alone")))
    with together(learned.material, "--steps", STEPS, *settings(), "--out", "both") as process:
        told = process.communicate(timeout=240)[0]

    assert 0 == process.returncode, told
    for kept in (stepped, evaluated):
        expected, found = kept(Path("alone")), kept(Path("both"))
        assert expected.keys() == found.keys()
        np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=1e-4)
    assert us.load("both").facts["nats_per_measure"] == pytest.approx(alone.nats, abs=1e-3)


def test_a_run_survives_the_death_of_one_process(text):
    """The others are ended and all begin again, at the last checkpoint; nobody says --resume."""
    steps = 2_000
    words = (text.material, "--steps", steps, *settings(), "--out", "both")
    with together(*words, restarts=1) as process:
        follower = _process_of_rank_1(process, after=lambda: (Path("both/private/last.safetensors")).is_file())
        os.kill(follower, signal.SIGKILL)
        told = process.communicate(timeout=300)[0]

    assert 0 == process.returncode, told
    assert "finished" == state_of(RunFolder(Path("both")))
    assert "Going on with" in told
    assert steps == us.load("both").facts["steps"]
    assert list(range(10, steps + 1, 10)) == list(stepped(Path("both")))


def _process_of_rank_1(parent: subprocess.Popen[str], after) -> int:
    """The process id of the follower, once `after` says so."""
    until = time.monotonic() + 120
    while time.monotonic() < until and parent.poll() is None:
        if after():
            for place in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    told = (place / "environ").read_bytes().split(b"\0")
                    if b"RANK=1" in told and b"undersong" in (place / "cmdline").read_bytes():
                        return int(place.name)
        time.sleep(0.05)
    raise AssertionError(f"no follower was found; {parent.poll()}")


def test_who_learns_together_must_say_where(text, monkeypatch):
    """Each restart would otherwise begin another run."""
    monkeypatch.setenv("WORLD_SIZE", "2")

    with pytest.raises(us.UndersongError, match="--out"):
        learn(Request([text.material], steps=3))
