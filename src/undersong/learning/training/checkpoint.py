"""A learner in one file, so that a crash between two files cannot part a model from its optimiser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from undersong.errors import RunFolderError
from undersong.keeping.writing import write_beside
from undersong.learning.training.trainer import Learner

__all__ = ["load_learner", "load_weights", "save_learner", "save_weights"]


def save_weights(path: Path, model: Any) -> None:
    """The model's arrays alone, as float32 safetensors."""
    write_beside(path, save({name: value.contiguous() for name, value in model.state_dict().items()}))


def load_weights(path: Path, model: Any) -> None:
    """Put saved arrays back into the model. Raises RunFolderError."""
    tensors, _ = _read(path)
    _fill(model, tensors, path)


def save_learner(path: Path, learner: Learner, facts: Mapping[str, Any]) -> None:
    """Model, optimiser, carried state, and facts as JSON in the file's header."""
    tensors, own = learner.snapshot()
    arrays = {f"model.{name}": value.contiguous() for name, value in learner.model.state_dict().items()}
    header = {"undersong": json.dumps({**facts, "learner": own})}
    write_beside(path, save({**arrays, **{name: value.contiguous() for name, value in tensors.items()}}, header))


def load_learner(path: Path, learner: Learner) -> dict[str, Any]:
    """Go on from a checkpoint; gives back the facts. Raises RunFolderError."""
    tensors, header = _read(path)
    try:
        facts: dict[str, Any] = json.loads(header["undersong"])
    except (KeyError, ValueError) as error:
        raise RunFolderError(f"'{path}' is not a checkpoint of a run.") from error
    model = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    _fill(learner.model, model, path)
    learner.restore(tensors, facts["learner"])
    return facts


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise RunFolderError(f"'{path}' cannot be read: {error}.") from error


def _fill(model: Any, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise RunFolderError(f"'{path}' does not fit the network of this run.") from error
