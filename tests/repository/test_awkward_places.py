"""The command line in places people really have: spaces, accents and coffee in a folder's name, an old code page.

Words for people follow the terminal's encoding, with ? for what it lacks; JSON answers are plain ASCII there, and files
are always UTF-8.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Python

PROMPT = "Καλημέρα, 世界 ☕\n"

Undersong = Callable[..., bytes]


@pytest.fixture
def undersong(python: Python, folder: Path) -> Undersong:
    """Runs the command line in the awkward folder, without a locale and under an old code page: its standard output."""

    def run(*words: str) -> bytes:
        done = python("-m", "undersong", *words, cwd=folder, LC_ALL="C", PYTHONIOENCODING="cp1252")
        assert done.returncode == 0, done.stderr.decode("cp1252")
        return done.stdout

    return run


@pytest.fixture
def folder(tmp_path: Path, tiny_instrument: Path) -> Path:
    """A folder nobody would choose, with an instrument in it."""
    folder = tmp_path / "Blümchens Ordner (neu) ☕ 日本"
    folder.mkdir()
    shutil.copy(tiny_instrument, folder / "mein Lied.undersong")
    return folder


@pytest.mark.parametrize("verb", ["doctor", "plugins", "list", "where"])
def test_a_verb_answers_people_and_programs(undersong: Undersong, verb: str) -> None:
    """Every verb that tells something says it in words, and in JSON that any program can read."""
    assert undersong(verb).decode("cp1252").strip()
    assert json.loads(undersong(verb, "--json").decode("ascii")) is not None


def test_help_is_shown(undersong: Undersong) -> None:
    """Help is readable where a terminal has no boxes to draw."""
    assert "learn" in undersong("--help").decode("cp1252")


def test_a_sample_is_shown(undersong: Undersong) -> None:
    """A terminal that lacks a letter shows ?, and the piece goes on."""
    shown = undersong("sample", "mein Lied.undersong", "--prompt", "thé ", "--length", "20", "--seed", "1")

    assert b"th" == shown[:2]
    assert len(shown.decode("cp1252")) >= 20


def test_a_sample_is_answered_as_json(undersong: Undersong) -> None:
    """A prompt of any script comes back letter for letter."""
    told = undersong("sample", "mein Lied.undersong", "--json", "--prompt", PROMPT, "--length", "20", "--seed", "1")

    assert json.loads(told.decode("ascii"))["text"].startswith(PROMPT)


def test_a_sample_is_written_to_an_awkward_path(undersong: Undersong, folder: Path) -> None:
    """The file holds UTF-8, whatever the terminal speaks."""
    (folder / "naïve folder ☕").mkdir()

    undersong(
        "sample", "mein Lied.undersong", "--prompt", PROMPT, "--length", "20", "--seed", "1",
        "--out", "naïve folder ☕/été 歌.txt",
    )  # fmt: skip

    assert (folder / "naïve folder ☕/été 歌.txt").read_bytes().decode("utf-8").startswith(PROMPT)


def test_odds_and_score_are_answered(undersong: Undersong, folder: Path) -> None:
    """A file of any name can be scored, and any prompt has odds."""
    (folder / "brief à 母.txt").write_text("the tide comes in\n", "utf-8")

    odds = json.loads(undersong("odds", "mein Lied.undersong", "--json", "--prompt", "thé").decode("ascii"))
    score = json.loads(undersong("score", "mein Lied.undersong", "brief à 母.txt", "--json").decode("ascii"))

    assert abs(sum(odds.values()) - 1) < 1e-6
    assert score
