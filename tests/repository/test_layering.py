"""What is imported when: the reason that help answers at once, and that a laptop without torch can play."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import Python

from undersong.cli.main import app

_PROGRAM = """
import json, sys
try:
    sys.argv = ["undersong", *sys.argv[1:]]
    from undersong.cli.main import main
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def loaded_by(python: Python, *words: str) -> set[str]:
    """The modules that are loaded after `undersong WORDS…`."""
    done = python("-c", _PROGRAM, *words)
    assert done.returncode == 0, done.stderr.decode()
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_loads_nothing_heavy(python: Python) -> None:
    """Help needs words only: whatever learns, plays, serves or checks settings is loaded when a verb needs it."""
    heavy = {"torch", "onnxruntime", "onnx", "numpy", "fastapi", "pydantic", "safetensors", "regex", "tomlkit"}

    assert set() == heavy & loaded_by(python, "--help")


@pytest.mark.parametrize("verb", [command.name for command in app.registered_commands])
def test_help_of_a_verb_loads_nothing_heavy(python: Python, verb: str) -> None:
    """The help of every verb answers at once too. (typer itself checks a verb's words with pydantic.)"""
    heavy = {"torch", "onnxruntime", "onnx", "numpy", "fastapi", "safetensors", "regex", "tomlkit", "undersong.config"}

    assert set() == heavy & loaded_by(python, verb, "--help")


def test_playing_needs_no_torch(python: Python, tiny_instrument: Path) -> None:
    """Torch learns, onnxruntime plays: `sample` loads neither torch, nor onnx, nor a model of settings."""
    loaded = loaded_by(python, "sample", str(tiny_instrument), "--length", "20", "--seed", "1")

    assert set() == {"torch", "onnx", "fastapi", "safetensors", "undersong.config"} & loaded
    assert "onnxruntime" in loaded


def test_importing_the_package_loads_nothing_heavy(python: Python) -> None:
    """`import undersong` is free; a name is looked up when it is first used."""
    program = 'import sys, undersong; print({"torch", "numpy", "onnxruntime", "pydantic"} & set(sys.modules))'

    assert b"set()" == python("-c", program).stdout.strip()
