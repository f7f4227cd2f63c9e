"""Step and start graphs from named arrays, written without torch: the instrument file's ONNX.

A model's arrays carry the names torch gave them (`core.layers.0.from_input.weight`); the form comes from `config.json`.
Each core and head has an emitter here, found through the registry's `graphs` door. onnx is imported only to write.
Gates are extra outputs named `gate.<layer>.<gate>`, so that a player can show what it is thinking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import UnknownNameError
from undersong.events import ConditionSpec
from undersong.keeping.onnx_reader import IR_VERSIONS
from undersong.keeping.operators import OPSET
from undersong.shapes import ArraySpec

__all__ = ["IR_VERSION", "OPSET", "GraphWriter", "Product", "can_write", "stripped", "write_start", "write_step"]

IR_VERSION = max(IR_VERSIONS)
LAYER_NORM_EPSILON = 1e-3  # that of `learning.cores.layer_norm_lstm`; a test steps through both

Arrays = Mapping[str, np.ndarray]


@final
class GraphWriter:
    """Collects nodes, weights, inputs and outputs of one graph."""

    def __init__(self, name: str, product: Product | None = None) -> None:
        """`product` writes x W in its own way; without one it is a product of float32 numbers."""
        self.name = name
        self._product = product
        self._public: dict[str, str] = {}  # what a value that a node makes is called outside
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.weights: dict[str, np.ndarray] = {}
        self.inputs: list[tuple[str, str, list[str | int]]] = []
        self.outputs: list[tuple[str, str, list[str | int]]] = []

    def weight(self, name: str, array: np.ndarray) -> str:
        """Store one weight. Axes may be permuted for speed, numbers may not change."""
        self.weights[name] = np.ascontiguousarray(array)
        return name

    def input(self, name: str, dtype: str, shape: list[str | int]) -> str:
        self.inputs.append((name, dtype, shape))
        return name

    def output(self, value: str, name: str, shape: list[str | int]) -> None:
        """Give `value` a public name: its own where it has none yet, for a copy costs a microsecond a step."""
        if value in self._public or not any(value in made for _, _, made, _ in self.nodes):
            self.nodes.append(("Identity", [value], [name], {}))
        else:
            self._public[value] = name
        self.outputs.append((name, "float32", shape))

    def op(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; its output name, or names where there are several."""
        names = [f"{operator}_{len(self.nodes)}_{n}" for n in range(outputs)]
        self.nodes.append((operator, list(inputs), names, attributes))
        return names[0] if outputs == 1 else names

    def product(self, x: str, name: str, weight: np.ndarray) -> str:
        """x W, where W (I, O) is stored under that name."""
        if self._product is not None:
            return self._product(self, x, name, weight)
        y: str = self.op("MatMul", x, self.weight(name, weight))
        return y

    def linear(self, x: str, name: str, arrays: Arrays) -> str:
        """x W' + b, of the linear layer of that name."""
        y = self.product(x, f"{name}.weight", arrays[f"{name}.weight"].T)
        if f"{name}.bias" in arrays:
            y = self.op("Add", y, self.weight(f"{name}.bias", arrays[f"{name}.bias"]))
        return y

    def state(self, name: str, size: int) -> str:
        return self.input(f"state.{name}", "float32", ["B", size])

    def after(self, name: str, value: str, size: int) -> None:
        """A state's value after the step: ONNX wants a name of its own for it."""
        self.output(value, f"after.{name}", ["B", size])

    def gate(self, name: str, value: str, size: int) -> None:
        self.output(value, f"gate.{name}", ["B", size])

    def to_bytes(self) -> bytes:
        """The graph as an ONNX model, the same bytes for the same graph."""
        from onnx import TensorProto, checker, helper, numpy_helper

        types = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}
        graph = helper.make_graph(
            [
                helper.make_node(operator, self._named(ins), self._named(outs), **attributes)
                for operator, ins, outs, attributes in self.nodes
            ],
            self.name,
            [helper.make_tensor_value_info(name, types[dtype], shape) for name, dtype, shape in self.inputs],
            [helper.make_tensor_value_info(name, types[dtype], shape) for name, dtype, shape in self.outputs],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="undersong"
        )
        checker.check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
        return data

    def _named(self, values: list[str]) -> list[str]:
        return [self._public.get(value, value) for value in values]


Product = Callable[[GraphWriter, str, str, np.ndarray], str]
"""Writes x W for a weight (I, O) of some name, and gives the name of the outcome."""


# ── cores: emit(writer, prefix of its arrays, its number, arrays, settings, x) → y ─────────────────────────────────


def elman(g: GraphWriter, prefix: str, n: str, arrays: Arrays, settings: Mapping[str, Any], x: str) -> str:
    """h' = tanh([x h] [W U]' + b)."""
    size = arrays[f"{prefix}.from_hidden.weight"].shape[1]
    a = _both(g, prefix, arrays, x, g.state(f"{n}.h", size))
    h: str = g.op("Tanh", a)
    g.after(f"{n}.h", h, size)
    return h


def lstm(g: GraphWriter, prefix: str, n: str, arrays: Arrays, settings: Mapping[str, Any], x: str) -> str:
    """i, f, g, o in PyTorch's order."""
    size = arrays[f"{prefix}.from_hidden.weight"].shape[1]
    a = _both(g, prefix, arrays, x, g.state(f"{n}.h", size))  # (B, 4H)
    split = g.weight(f"{prefix}.split", np.full(4, size, dtype=np.int64))
    i, f, new, o = g.op("Split", a, split, outputs=4, axis=1)
    i, f, new, o = g.op("Sigmoid", i), g.op("Sigmoid", f), g.op("Tanh", new), g.op("Sigmoid", o)
    c = g.op("Add", g.op("Mul", f, g.state(f"{n}.c", size)), g.op("Mul", i, new))
    h: str = g.op("Mul", o, g.op("Tanh", c))
    g.after(f"{n}.h", h, size)
    g.after(f"{n}.c", c, size)
    for name, value in (("i", i), ("f", f), ("g", new), ("o", o)):
        g.gate(f"{n}.{name}", value, size)
    return h


def gru(g: GraphWriter, prefix: str, n: str, arrays: Arrays, settings: Mapping[str, Any], x: str) -> str:
    """r, z, n in PyTorch's order, in either reset convention."""
    size = arrays[f"{prefix}.from_hidden.weight"].shape[1]
    h = g.state(f"{n}.h", size)
    split = g.weight(f"{prefix}.split", np.full(3, size, dtype=np.int64))
    r_of_x, z_of_x, n_of_x = g.op("Split", g.linear(x, f"{prefix}.from_input", arrays), split, outputs=3, axis=1)
    if settings.get("reset", "after") == "after":
        r_of_h, z_of_h, n_of_h = g.op("Split", g.linear(h, f"{prefix}.from_hidden", arrays), split, outputs=3, axis=1)
        r = g.op("Sigmoid", g.op("Add", r_of_x, r_of_h))
        z = g.op("Sigmoid", g.op("Add", z_of_x, z_of_h))
        new = g.op("Tanh", g.op("Add", n_of_x, g.op("Mul", r, n_of_h)))
    else:
        weight = arrays[f"{prefix}.from_hidden.weight"]
        halves = g.weight(f"{prefix}.halves", np.full(2, size, dtype=np.int64))
        gates = g.product(h, f"{prefix}.from_hidden.gates", weight[: 2 * size].T)
        r_of_h, z_of_h = g.op("Split", gates, halves, outputs=2, axis=1)
        r = g.op("Sigmoid", g.op("Add", r_of_x, r_of_h))
        z = g.op("Sigmoid", g.op("Add", z_of_x, z_of_h))
        candidate = g.product(g.op("Mul", r, h), f"{prefix}.from_hidden.candidate", weight[2 * size :].T)
        new = g.op("Tanh", g.op("Add", n_of_x, candidate))
    # (1 - z)*n + z*h, with one multiplication less
    h_after: str = g.op("Add", new, g.op("Mul", z, g.op("Sub", h, new)))
    g.after(f"{n}.h", h_after, size)
    for name, value in (("r", r), ("z", z), ("n", new)):
        g.gate(f"{n}.{name}", value, size)
    return h_after


def layer_norm_lstm(g: GraphWriter, prefix: str, n: str, arrays: Arrays, settings: Mapping[str, Any], x: str) -> str:
    """i, f, g, o in PyTorch's order, each normalised by itself; the cell is normalised where it is shown."""
    size = arrays[f"{prefix}.from_hidden.weight"].shape[1]
    a = _both(g, prefix, arrays, x, g.state(f"{n}.h", size))  # (B, 4H)
    split = g.weight(f"{prefix}.split", np.full(4, size, dtype=np.int64))
    gates = []
    for k, part in enumerate(g.op("Split", a, split, outputs=4, axis=1)):
        own = slice(k * size, (k + 1) * size)
        gain, bias = (g.weight(f"{prefix}.{name}.{k}", arrays[f"{prefix}.{name}"][own]) for name in ("gain", "bias"))
        gates.append(_normalised(g, part, gain, bias))
    i, f, new, o = (g.op("Tanh" if k == 2 else "Sigmoid", gate) for k, gate in enumerate(gates))
    c = g.op("Add", g.op("Mul", f, g.state(f"{n}.c", size)), g.op("Mul", i, new))
    gain, bias = (g.weight(f"{prefix}.{name}", arrays[f"{prefix}.{name}"]) for name in ("cell_gain", "cell_bias"))
    h: str = g.op("Mul", o, g.op("Tanh", _normalised(g, c, gain, bias)))
    g.after(f"{n}.h", h, size)
    g.after(f"{n}.c", c, size)
    for name, value in (("i", i), ("f", f), ("g", new), ("o", o)):
        g.gate(f"{n}.{name}", value, size)
    return h


def _normalised(g: GraphWriter, x: str, gain: str, bias: str) -> str:
    y: str = g.op("LayerNormalization", x, gain, bias, axis=-1, epsilon=LAYER_NORM_EPSILON)
    return y


def min_gru(g: GraphWriter, prefix: str, n: str, arrays: Arrays, settings: Mapping[str, Any], x: str) -> str:
    """z, n; h' = h + z*(n - h)."""
    size = arrays[f"{prefix}.from_input.weight"].shape[0] // 2
    h = g.state(f"{n}.h", size)
    split = g.weight(f"{prefix}.split", np.full(2, size, dtype=np.int64))
    z, new = g.op("Split", g.linear(x, f"{prefix}.from_input", arrays), split, outputs=2, axis=1)
    z = g.op("Sigmoid", z)
    h_after: str = g.op("Add", h, g.op("Mul", z, g.op("Sub", new, h)))
    g.after(f"{n}.h", h_after, size)
    g.gate(f"{n}.z", z, size)
    g.gate(f"{n}.n", new, size)
    return h_after


def _both(g: GraphWriter, prefix: str, arrays: Arrays, x: str, h: str) -> str:
    """Input and hidden side in one product: [x h] [W U]', + b where there is one."""
    weight = np.concatenate([arrays[f"{prefix}.from_input.weight"], arrays[f"{prefix}.from_hidden.weight"]], axis=1)
    both = g.op("Concat", x, h, axis=1)  # (B, E + H)
    total = g.product(both, f"{prefix}.weight", weight.T)
    if f"{prefix}.from_input.bias" in arrays:
        total = g.op("Add", total, g.weight(f"{prefix}.bias", arrays[f"{prefix}.from_input.bias"]))
    return total


# ── heads: emit(writer, prefix of its arrays, arrays, h) → parameters ──────────────────────────────────────────────


def linear_head(g: GraphWriter, prefix: str, arrays: Arrays, h: str) -> str:
    """The parameters are one linear layer of the hidden units."""
    return g.linear(h, f"{prefix}.linear", arrays)


def adaptive_head(g: GraphWriter, prefix: str, arrays: Arrays, h: str) -> str:
    """Normalised log-odds of all symbols: those of a cluster's are its own beside its symbols' within it."""
    clusters = sum(name.startswith(f"{prefix}.fewer.") for name in arrays)
    first: str = g.op("LogSoftmax", g.linear(h, f"{prefix}.frequent", arrays), axis=1)
    if not clusters:
        return first
    frequent = arrays[f"{prefix}.frequent.weight"].shape[0] - clusters
    split = g.weight(f"{prefix}.split", np.array([frequent] + [1] * clusters, dtype=np.int64))
    odds, *of_clusters = g.op("Split", first, split, outputs=1 + clusters, axis=1)
    parts = [odds]
    for k, of_cluster in enumerate(of_clusters):
        within = g.linear(g.linear(h, f"{prefix}.fewer.{k}", arrays), f"{prefix}.rare.{k}", arrays)
        parts.append(g.op("Add", of_cluster, g.op("LogSoftmax", within, axis=1)))
    every: str = g.op("Concat", *parts, axis=1)
    return every


# ── listening ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _ear(g: GraphWriter, prefix: str, array: ArraySpec, arrays: Arrays, value: str, memory: bool = False) -> str:
    if array.is_symbol:
        table = g.weight(f"{prefix}.inner.weight", arrays[f"{prefix}.inner.weight"])
        return g.op("Gather", table, value, axis=0)  # type: ignore[no-any-return]
    if not array.shape:
        value = g.op("Unsqueeze", value, g.weight(f"{prefix}.axis", np.array([2 if memory else 1], dtype=np.int64)))
    elif len(array.shape) > 1:
        flat = np.array([0, 0, array.width] if memory else [0, array.width], dtype=np.int64)
        value = g.op("Reshape", value, g.weight(f"{prefix}.flat", flat))
    return g.linear(value, f"{prefix}.inner", arrays)


def _condition_input(g: GraphWriter, spec: ConditionSpec) -> str:
    rows: list[str | int] = ["B", f"S_{spec.name}"] if spec.per == "memory" else ["B"]
    return g.input(f"condition.{spec.name}", spec.array.dtype, [*rows, *spec.array.shape])


def _heard(g: GraphWriter, prefix: str, spec: ConditionSpec, arrays: Arrays) -> str:
    given = _condition_input(g, spec)
    vector = _ear(g, f"{prefix}.ears.for_{spec.name}", spec.array, arrays, given, memory=spec.per == "memory")
    if spec.per != "memory":
        return vector
    mask = g.input(f"condition.{spec.name}.mask", "float32", ["B", f"S_{spec.name}"])
    rows_axis = g.weight(f"{prefix}.{spec.name}.rows", np.array([1], dtype=np.int64))
    last_axis = g.weight(f"{prefix}.{spec.name}.last", np.array([2], dtype=np.int64))
    masked = g.op("Mul", vector, g.op("Unsqueeze", mask, last_axis))  # (B, S, E)
    total = g.op("ReduceSum", masked, rows_axis, keepdims=0)  # (B, E)
    count = g.op("ReduceSum", mask, rows_axis, keepdims=1)  # (B, 1)
    one = g.weight(f"{prefix}.{spec.name}.one", np.array(1.0, dtype=np.float32))
    return g.op("Div", total, g.op("Max", count, one))  # type: ignore[no-any-return]


def _sum(g: GraphWriter, values: list[str]) -> str:
    total = values[0]
    for value in values[1:]:
        total = g.op("Add", total, value)
    return total


# ── the two graphs ─────────────────────────────────────────────────────────────────────────────────────────────────


def can_write(config: Mapping[str, Any]) -> bool:
    """Whether every part of this model has an emitter."""
    try:
        for part in (*config["layers"], *config["heads"].values()):
            registry.resolve("graphs", part["kind"])
    except UnknownNameError:
        return False
    return bool(config["kind"] == "autoregressive.v1")


def write_step(config: Mapping[str, Any], arrays: Arrays, product: Product | None = None) -> bytes:
    """`event`, `condition.*`, `state.*` → `parameters.*`, `after.*`, and gates; `product` writes x W in its own way."""
    g = GraphWriter("step", product)
    event = ArraySpec.from_json(config["event"])
    specs = [ConditionSpec.from_json(spec) for spec in config["conditions"]]
    x = _ear(g, "ear", event, arrays, g.input("event", event.dtype, ["B", *event.shape]))
    x = _sum(g, [x, *(_heard(g, "listening", spec, arrays) for spec in specs)])
    for n, layer in enumerate(config["layers"]):
        emit = registry.load("graphs", layer["kind"])
        x = emit(g, f"core.layers.{n}", str(n), arrays, layer.get("settings", {}), x)
    for name, head in config["heads"].items():
        parameters = registry.load("graphs", head["kind"])(g, f"heads.{name}", arrays, x)
        g.output(parameters, f"parameters.{name}", ["B", _parameter_count(head["distribution"])])
    return g.to_bytes()


def _parameter_count(distribution: Mapping[str, Any]) -> int:
    settings = {key: value for key, value in distribution.items() if key != "kind"}
    count: int = registry.load("distributions", distribution["kind"])(**settings).parameter_count
    return count


def write_start(config: Mapping[str, Any], arrays: Arrays) -> bytes | None:
    """`condition.*` → `after.*`: the state before the first event; None where that is always zeros."""
    specs = [spec for spec in map(ConditionSpec.from_json, config["conditions"]) if spec.per != "event"]
    if not specs:
        return None
    g = GraphWriter("start")
    x = _sum(g, [_heard(g, "beginning.listening", spec, arrays) for spec in specs])
    prefix, suffix = "beginning.maps.", ".weight"
    for key in sorted(name for name in arrays if name.startswith(prefix) and name.endswith(suffix)):
        part = key.removeprefix(prefix).removesuffix(suffix)
        value = g.op("Tanh", g.linear(x, f"{prefix}{part}", arrays))
        g.after(part.replace("_", ".", 1), value, arrays[key].shape[0])
    return g.to_bytes()


def stripped(data: bytes) -> bytes:
    """A foreign exporter's model without its notes about where it was made, at our version of the format."""
    from onnx import load_model_from_string

    model = load_model_from_string(data)
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version, model.doc_string = "undersong", "", ""
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    stripped_bytes: bytes = model.SerializeToString(deterministic=True)
    return stripped_bytes
