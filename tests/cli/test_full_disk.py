"""A disk that takes no more, for real: learning goes on, what was there stays, and the end says what was not saved."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tiny_runs import SETTINGS, STEPS

from undersong.playing.loading import load

resource = pytest.importorskip("resource")
WORDS = [word for change in SETTINGS for word in ("--set", change)]


@contextmanager
def small_files(folder):
    """The system lets no file grow beyond 30,000 bytes, as a quota does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        yield "the file would be larger than this disk or account allows"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def full_disk(folder):
    """A disk in memory that has room for a recipe, but for no weights."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    os.truncate(ballast, ballast.stat().st_size - 24_000)
    try:
        yield "the disk is full"
    finally:
        ballast.unlink()


def kept_files() -> list[Path]:
    """Every file of the run but its curves, which begin another file at each start."""
    return [path for path in Path("tiny").rglob("*") if path.is_file() and path.parent.name != "tensorboard"]


@pytest.fixture(params=[small_files, full_disk], ids=lambda each: each.__name__)
def spent(request, tmp_path):
    """A folder to work in, and how its disk comes to take no more."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param is full_disk:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
        if mounted.returncode:
            pytest.skip("no disk may be mounted here")
    os.chdir(folder)
    yield lambda: request.param(folder)
    os.chdir(tmp_path)
    if request.param is full_disk:
        subprocess.run(["umount", "--lazy", folder], check=True)  # lazy: what failed may still hold a file of it


def test_learning_goes_on_when_the_disk_is_full_and_the_end_says_so(undersong, spent, text):
    """Every save that failed is told; the older instrument still plays, and with room again nothing is lost."""
    shutil.copytree(text.folder, "tiny")
    before = {path: path.read_bytes() for path in kept_files()}
    with spent() as why:
        answer = undersong("learn", "--resume", "--out", "tiny", "--steps", STEPS + 5)
    after = {path: path.read_bytes() for path in kept_files()}

    assert 1 == answer.code
    assert f"step {STEPS + 5}/{STEPS + 5}" in answer.err
    assert f"last.safetensors' could not be saved: {why}." in answer.err
    assert "Learning goes on." in answer.err
    last = answer.err.splitlines()[-2:]
    assert last[0].startswith(f"KeepingError: 'tiny/tiny.undersong' could not be saved: {why}. Nothing was lost: ")
    assert "Save to another disk." in last[1] or "Make room, or save to another disk." in last[1]
    log = Path("tiny/private/log.jsonl")
    changed = {path for path in before if before[path] != after.get(path)}
    assert before.keys() == after.keys()
    assert changed <= {log, Path("tiny/private/request.json"), Path("tiny/config.json"), Path("tiny/recipe.toml")}
    assert 2 == len(undersong("sample", "tiny", "--length", 2, "--seed", 1, "--json").json["piece"])
    assert 0 == undersong("learn", "--resume", "--out", "tiny", "--steps", STEPS + 5, "--json").code
    assert STEPS + 5 == load("tiny").facts["steps"]


def test_a_disk_that_is_full_from_the_beginning_ends_it_at_once(undersong, spent, text):
    """Before a minute is spent on learning what could not be kept; with room again it begins anew."""
    words = ("learn", text.material, "--steps", 1, *WORDS, "--out", "tiny")
    with spent() as why:
        answer = undersong(*words)
        parts = list(Path().rglob("*.part"))

    assert 1 == answer.code
    assert "KeepingError: " in answer.err
    assert why in answer.err or "No space left on device" in answer.err
    assert "Learning with" not in answer.err
    assert not parts
    assert 0 == undersong(*words, "--json").code
