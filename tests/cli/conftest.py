"""The command line under test: called here where that will do, as a process of its own where it must be."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny_runs import environment, learned, learned_in, somewhere, text, toy  # noqa: F401 - fixtures

from undersong.cli.main import main


@dataclass(frozen=True)
class Answer:
    """How a command ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _there(somewhere: object) -> None:  # noqa: F811
    """Every test works in a folder and a home of its own, where nothing was learned yet."""


@pytest.fixture
def undersong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`undersong WORDS…` in this process, as `main` runs it."""

    def run(*words: object, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["undersong", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Answer(code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`undersong WORDS…` as a process of its own, under way; whatever happens, it ends with the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*words: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "undersong", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment(), **{**pipes, **options}))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()
