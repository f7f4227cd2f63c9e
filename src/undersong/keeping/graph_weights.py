"""The way back from a graph to the arrays it was written from, so that learning can go on from a bare instrument file.

The inverse of `graphs` for what that writer makes of an `elman`, an `lstm` and a `gru`: names tell what each weight is,
and only layout is undone. A graph in which anything else is found was made elsewhere, and is not guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.errors import InstrumentFileError
from undersong.keeping.onnx_reader import Graph, read_graph

__all__ = ["GraphWeights", "graph_weights"]

_LAYER = "core.layers."
_CONSTANTS = (".axis", ".flat", ".rows", ".last", ".one")  # what a graph needs beside what was learned
_JOINED = {"weight", "bias"}
_GRU = {"from_input.weight", "from_input.bias", "split"}


@final
@dataclass(frozen=True)
class GraphWeights:
    """What the graphs tell of the model: E, its layers as `config.json` has them, and its arrays by torch's names."""

    embedding: int
    layers: tuple[Mapping[str, Any], ...]
    arrays: Mapping[str, np.ndarray]


def graph_weights(graphs: Mapping[str, bytes]) -> GraphWeights:
    """Weights from the `step` and `start` graphs of an instrument file.

    Raises InstrumentFileError where they are not what our own writer makes of a core it can be undone for.
    """
    if "step" not in graphs:
        raise _elsewhere("it has no graph that steps")
    step = read_graph(graphs["step"], "step.onnx")
    arrays = _outside_the_core(step)
    if "start" in graphs:
        arrays |= _outside_the_core(read_graph(graphs["start"], "start.onnx"))
    if "ear.inner.weight" not in arrays:
        raise _elsewhere("it does not say how it hears an event")
    heard = arrays["ear.inner.weight"]
    embedding = heard.shape[1 if "ear.inner.weight" in _looked_up(step) else 0]
    size_in, layers = embedding, []
    for number, parts in enumerate(_by_layer(step)):
        layer, found = _layer(parts, size_in)
        layers.append(layer)
        arrays |= {f"{_LAYER}{number}.{name}": np.ascontiguousarray(value) for name, value in found.items()}
        size_in = layer["size"]
    return GraphWeights(embedding, tuple(layers), arrays)


def _elsewhere(why: str) -> InstrumentFileError:
    return InstrumentFileError(
        f"The weights of this instrument cannot be taken out of its file: {why}.",
        "Name the run folder it came from: that holds them as they were learned.",
    )


def _looked_up(graph: Graph) -> set[str]:
    """The tables from which symbols are looked up; all other weights are products, stored the other way round."""
    return {node.inputs[0] for node in graph.nodes if node.operator == "Gather"}


def _outside_the_core(graph: Graph) -> dict[str, np.ndarray]:
    """Ears, listening, beginning and heads, under the names they were learned by."""
    tables, found = _looked_up(graph), {}
    for name, weight in graph.weights.items():
        if name.startswith(_LAYER) or name.endswith(_CONSTANTS):
            continue
        if weight.dtype != np.float32 or not name.endswith((".weight", ".bias")):
            raise _elsewhere(f"it holds {name[:60]!a}, which our own writer does not make")
        turned = name.endswith(".weight") and name not in tables
        found[name] = np.array(weight.T if turned else weight, order="C")  # a copy, which may be learned on
    return found


def _by_layer(graph: Graph) -> list[dict[str, np.ndarray]]:
    """The weights of each layer, lowest first, by their names within it."""
    layers: dict[int, dict[str, np.ndarray]] = {}
    for name, weight in graph.weights.items():
        if name.startswith(_LAYER):
            number, _, part = name.removeprefix(_LAYER).partition(".")
            layers.setdefault(int(number) if number.isdecimal() else -1, {})[part] = weight
    if not layers or sorted(layers) != list(range(len(layers))):
        raise _elsewhere("its layers are not numbered as ours are")
    return [layers[number] for number in range(len(layers))]


def _layer(parts: Mapping[str, np.ndarray], size_in: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """One layer's form, and its arrays as the core of that kind names them."""
    names = set(parts)
    if names == _JOINED or names == _JOINED | {"split"}:
        kind, gates = ("elman.v1", 1) if names == _JOINED else ("lstm.v1", 4)
        size = parts["weight"].shape[-1] // gates
        _check(parts, {"weight": (size_in + size, gates * size), "bias": (gates * size,)}, kind)
        both = parts["weight"].T  # (gates·H, I + H)
        found = {"from_input.weight": both[:, :size_in], "from_hidden.weight": both[:, size_in:]}
        return _form(kind, size, {}), found | {"from_input.bias": parts["bias"].copy()}
    after, before = {"from_hidden.weight", "from_hidden.bias"}, {"from_hidden.gates", "from_hidden.candidate", "halves"}
    if names not in (_GRU | after, _GRU | before):
        raise _elsewhere("one of its layers is no elman, lstm or gru that our own writer made")
    size = parts["from_input.weight"].shape[-1] // 3
    shapes: dict[str, tuple[int, ...]] = {"from_input.weight": (size_in, 3 * size), "from_input.bias": (3 * size,)}
    found = {"from_input.weight": parts["from_input.weight"].T, "from_input.bias": parts["from_input.bias"].copy()}
    if names == _GRU | after:
        _check(parts, shapes | {"from_hidden.weight": (size, 3 * size), "from_hidden.bias": (3 * size,)}, "gru.v1")
        found |= {"from_hidden.weight": parts["from_hidden.weight"].T, "from_hidden.bias": parts["from_hidden.bias"]}
        return _form("gru.v1", size, {"reset": "after"}), found
    _check(parts, shapes | {"from_hidden.gates": (size, 2 * size), "from_hidden.candidate": (size, size)}, "gru.v1")
    joined = np.concatenate([parts["from_hidden.gates"].T, parts["from_hidden.candidate"].T])
    return _form("gru.v1", size, {"reset": "before"}), found | {"from_hidden.weight": joined}


def _form(kind: str, size: int, settings: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "size": size, "settings": settings}


def _check(parts: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], kind: str) -> None:
    for name, shape in shapes.items():
        if parts[name].shape != shape or parts[name].dtype != np.float32 or 0 in shape:
            raise _elsewhere(f"its {name} is not that of {kind}")
