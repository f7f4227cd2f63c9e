"""What comes out by a pipe: readers who leave early, disks that are full, terminals that lack a letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def head(process, count=5):
    """`… | head -c 5`: what it read, then the exit code and the errors of the command before it."""
    seen = process.stdout.read(count)
    process.stdout.close()
    process.wait(60)
    return seen, process.returncode, process.stderr.read()


@pytest.mark.parametrize(
    "words",
    [
        ["sample", "--prompt", "The lamp ", "--length", "3000"],  # with a prompt: the voice may end at once
        ["sample", "--length", "9", "--json"],
        ["odds", "--json"],
    ],
    ids=" ".join,
)
def test_a_reader_who_has_had_enough_is_no_failure(started, text, words):
    """`undersong sample | head -c 5` ends with 0 and without a word, whenever the pipe breaks."""
    verb, *rest = words
    seen, code, told = head(started(verb, text.folder, *rest, encoding=None))

    assert (5, 0, b"") == (len(seen), code, told)


def test_a_reader_who_never_came_is_no_failure(started, text):
    """The pipe is broken before the first word."""
    reader, writer = os.pipe()
    os.close(reader)
    process = started("sample", text.folder, "--length", 5, stdout=writer)
    os.close(writer)
    told = process.communicate(timeout=60)[1]

    assert (0, "") == (process.returncode, told)


@pytest.mark.parametrize("words", [["sample", "--length", "5"], ["sample", "--length", "5", "--json"], ["list"]])
def test_words_that_found_no_room_are_a_failure(started, text, words):
    """`undersong sample > /dev/full` says so, once."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    verb, *rest = words
    with open("/dev/full", "w") as full:
        process = started(verb, *([text.folder] if verb == "sample" else []), *rest, stdout=full)
    told = process.communicate(timeout=60)[1]

    assert 1 == process.returncode
    assert told.startswith("No space left on device\n")
    assert "Traceback" not in told
    assert "Exception ignored" not in told


def test_a_terminal_without_a_letter_shows_a_question_mark(text):
    """A narrow encoding does not end the work; --json escapes what it cannot show."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "undersong", "sample", str(text.folder), "--prompt", "é 🦑", "--length", "2"]
    shown, answer = (
        subprocess.run([*command, *more], capture_output=True, env=environment, timeout=60) for more in ([], ["--json"])
    )

    assert (0, 0) == (shown.returncode, answer.returncode)
    assert shown.stdout.startswith(b"? ?")
    assert rb'"text": "\u00e9 \ud83e\udd91' in answer.stdout
