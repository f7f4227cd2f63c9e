"""Runs that are learned in seconds, in both media, and what tests want to know about each."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from undersong_toy.walk import write_walks

import undersong as us
from undersong.keeping.run_folder import RunFolder
from undersong.making.learn import Request, learn
from undersong.making.run import Run

MEDIA = ("text", "toy")
STEPS = 40
SETTINGS = (
    "core.size=16", "core.embedding=8", "training.rows=4", "training.window=16", "training.rate=0.03",
    "training.warm_up=5", "training.precision=float32", "training.keep=last", "ngram.orders=[3]",
)  # fmt: skip


@dataclass(frozen=True)
class Tiny:
    """A medium as it is tested: a prompt, what its length is counted in, and how its material is made."""

    medium: str
    measure: str
    prompt: str
    prompt_length: int
    file: str
    write: Callable[[Path], Path]

    @property
    def is_text(self) -> bool:
        return self.medium == "text"


def _keeper(path: Path) -> Path:
    """The first 20,000 characters of a text that ships with Undersong."""
    from undersong.media.text.medium import Text

    (source,) = Text().builtin()["keeper"]
    path.write_text(source.read_text("utf-8")[:20_000], "utf-8")
    return path


TINY = {
    "text": Tiny("text", "character", "The lamp ", 9, "keeper.txt", _keeper),
    "toy": Tiny("walk", "point", "[[0.5, 1.0], [1.5, 1.5]]", 2, "forty.walks.json", write_walks),
}


def keywords() -> dict[str, Any]:
    """The settings as `us.learn` takes them."""
    pairs = (change.split("=") for change in SETTINGS)
    return {key.replace(".", "__"): value for key, value in pairs}


def teach(material: Path, out: Path, steps: int = STEPS, **request: Any) -> Run:
    """Learn a tiny run with all that a request can ask."""
    return learn(Request([material], steps=steps, changes=SETTINGS, out=out, **request))


def environment() -> dict[str, str]:
    """Of a process of its own: it finds the toy, and checks no shapes, which takes a second."""
    known = {key: value for key, value in os.environ.items() if key != "UNDERSONG_CHECK_SHAPES"}
    return known | {"PYTHONPATH": str(Path(__file__).parent / "toy"), "PYTHONIOENCODING": "utf-8"}


# ── fixtures, for the conftest of whoever wants them ───────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Learned:
    """A tiny run that was learned to its end, of which medium, and from what."""

    tiny: Tiny
    run: Run
    material: Path

    @property
    def folder(self) -> Path:
        return self.run.folder

    def __str__(self) -> str:
        return str(self.folder)


_learned: dict[str, Learned] = {}


@pytest.fixture(scope="session")
def learned_in(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Learned]:
    """The one run of a medium, learned when it is first asked for. Nobody may change it."""

    def of(medium: str) -> Learned:
        if medium not in _learned:
            torch.set_num_threads(1)
            folder, tiny = tmp_path_factory.mktemp(medium), TINY[medium]
            material = tiny.write(folder / tiny.file)
            run = us.learn(str(material), steps=STEPS, out=folder / "tiny", **keywords())
            _learned[medium] = Learned(tiny, run, material)
        return _learned[medium]

    return of


@pytest.fixture(params=MEDIA)
def learned(request: pytest.FixtureRequest, learned_in: Callable[[str], Learned]) -> Learned:
    """Each medium's run in turn."""
    return learned_in(request.param)


@pytest.fixture
def text(learned_in: Callable[[str], Learned]) -> Learned:
    return learned_in("text")


@pytest.fixture
def toy(learned_in: Callable[[str], Learned]) -> Learned:
    return learned_in("toy")


@pytest.fixture
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and a home of its own, where nothing was learned yet."""
    monkeypatch.setenv("UNDERSONG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ── what a run left behind ─────────────────────────────────────────────────────────────────────────────────────────


def evaluated(folder: Path) -> dict[int, float]:
    """Held-out nats by step, as the log has them; of a step that was taken twice, the last."""
    return {line["step"]: line["nats"] for line in RunFolder(folder).read_log() if line["what"] == "evaluated"}


def stepped(folder: Path) -> dict[int, tuple[float, float]]:
    """Loss and gradient norm by step, as the log has them."""
    log = RunFolder(folder).read_log()
    return {line["step"]: (line["nats"], line["gradient_norm"]) for line in log if line["what"] == "stepped"}


def public_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of all in a run folder that may be shared, what is packed unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "private" not in path.relative_to(folder).parts:
            data = path.read_bytes()
            yield path.name, data
            if zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    for name in archive.namelist():
                        yield f"{path.name}/{name}", archive.read(name)
