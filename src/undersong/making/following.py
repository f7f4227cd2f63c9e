"""The other processes of a run that several learn: each does with its rows what the first one's learner does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from undersong import registry
from undersong.config import build
from undersong.events import AbstractCodec
from undersong.keeping.run_folder import RunFolder
from undersong.learning.training.engine import Engine, devices, processes, rank
from undersong.learning.training.schedules import Plan
from undersong.making.corpus import Corpus
from undersong.making.preparing import joined, rebuilt
from undersong.making.recipe import Recipe

__all__ = ["follow", "follows"]


def follows() -> bool:
    """Whether this process is one that another leads."""
    return processes() > 1 and rank() > 0


def follow() -> NoReturn:
    """Wait for the leader, learn beside it, and end the process when it is done. Raises RunFolderError."""
    engine = Engine.joined(devices()[0] if devices()[0] == "cuda" else "cpu")
    told: dict[str, Any] = engine.tell()
    folder = RunFolder(Path(told["folder"]))
    codec_told = folder.read_json("private/codec.json")["codec"]
    codec: AbstractCodec = registry.load("codecs", codec_told["kind"]).from_json(codec_told)
    recipe = build(Recipe, told["recipe"], "the leader's recipe")
    prepared = rebuilt(recipe, codec, Corpus.read(folder))
    learner, _ = joined(prepared, Plan.from_json(told["plan"]), engine, folder if told["resumed"] else None)
    learner.follow()
    sys.stdout.flush()
    os._exit(0)  # there is nothing to save; threads of gloo were seen to wait for the leader's for ever at the end
