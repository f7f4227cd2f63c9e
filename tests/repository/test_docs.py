"""What the documents show works: each block of Python compiles, the README's first one runs, each command is a verb."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from running import Python

import undersong
from undersong.cli.main import app
from undersong.playing.loading import load, shipped

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
SMALL = "steps=3, core__size=16, core__embedding=16, training__rows=4, training__window=16"


def blocks_of(document: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, (ROOT / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_python_in_the_documents_compiles(document: str) -> None:
    """A reader who copies a block gets no syntax error."""
    for number, block in enumerate(blocks_of(document, "python"), 1):
        compile(block, f"{document}, block {number}", "exec")


def test_python_in_the_package_docstring_compiles() -> None:
    """`help(undersong)` shows lines that can be typed."""
    lines = (undersong.__doc__ or "").splitlines()
    code = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))

    assert "import undersong as us" in code
    compile(code, "undersong.__doc__", "exec")


def test_the_story_of_the_readme_runs(python: Python, tmp_path: Path) -> None:
    """The lines that open the README do what they say, on a small text and for a few steps instead of minutes."""
    story = next((block for block in blocks_of("README.md", "python") if "us.learn(" in block), None)
    if story is None:
        pytest.skip("README.md has no block with us.learn( yet")
    keeper = Path(undersong.__file__).parent / "media/text/anthology/keeper.txt"
    (tmp_path / "sonnets.txt").write_text(keeper.read_text("utf-8")[:6000], "utf-8")
    short, replaced = re.subn(r"minutes=[\d.]+", SMALL, story)

    assert replaced == 1
    done = python("-c", short)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_in_the_documents_are_verbs(document: str) -> None:
    """Every `undersong VERB` a document shows can be typed."""
    document_text = (ROOT / document).read_text("utf-8")
    code = [*re.findall(r"^```(?!python).*?^```", document_text, re.MULTILINE | re.DOTALL)]
    code += re.findall(r"`([^`\n]+)`", document_text)
    told = {verb for piece in code for verb in re.findall(r"(?:^|[\s;|&(])undersong ([a-z]+)\b", f" {piece}")}

    assert set() == told - {command.name for command in app.registered_commands}


def test_the_sample_in_the_readme_is_what_the_voice_plays() -> None:
    """The sample that opens the README is the one its command gives, line breaks aside."""
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = blocks_of("README.md", "text")[0]
    command = re.search(
        r"`undersong sample (\w+) --prompt \"([^\"]*)\" --length (\d+) --temperature ([\d.]+) --seed (\d+)`", readme
    )
    assert command is not None
    voice, prompt, length, temperature, seed = command.groups()

    played = load(shipped()[voice]).sample(prompt, length=int(length), seed=int(seed), temperature=float(temperature))

    assert shown.split() == str(played).split()
