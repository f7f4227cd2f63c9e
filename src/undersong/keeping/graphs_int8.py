"""The step graph in integers of 8 bits: a quarter of the bytes to read, so two to three times as many steps a second.

Each row of what goes into a product has a scale of its own, as each column of a weight has. So no row's numbers depend
on who plays beside it, which ONNX Runtime's fused int8 operators do not grant: they share one scale among all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from undersong.keeping.graphs import Arrays, GraphWriter, write_step
from undersong.keeping.onnx_reader import read_graph

__all__ = ["LEAST", "int8_product", "probe_graph", "write_step_int8"]

LEAST = 65_536
"""Numbers of a weight from which integers are faster for one row and for 64; smaller ones stay in float32."""

_UINT8, _FLOAT = 2, 1  # ONNX's numbers for these


def write_step_int8(config: Mapping[str, Any], arrays: Arrays, least: int = LEAST) -> bytes | None:
    """The step graph of such a model, its products in integers; None where all of them are too small to gain by it."""
    data = write_step(config, arrays, partial(int8_product, least=least))
    return data if any(node.operator == "MatMulInteger" for node in read_graph(data).nodes) else None


def int8_product(g: GraphWriter, x: str, name: str, weight: np.ndarray, least: int = LEAST) -> str:
    """x W in integers: x as 128 + round(127 x / max |x|), by its row, W as round(127 W / max |W|), by its column.

    Rows go in unsigned, 128 meaning 0: signed ones take ONNX Runtime fifty times as long. A division, a product, a sum
    and a cast do the rounding, each of which IEEE 754 defines to the last bit.
    """
    if weight.size < least:
        precise: str = g.op("MatMul", x, g.weight(name, weight))
        return precise
    largest = np.maximum(np.abs(weight).max(axis=0), np.float32(1e-30))  # (O,)
    integers = np.rint(weight * (np.float32(127) / largest)).astype(np.int8)
    constant = partial(_constant, g)
    top = g.op("ReduceMax", g.op("Abs", x), constant("last", [-1], np.int64), keepdims=1)  # (B, 1)
    top = g.op("Max", top, constant("least", 1e-30))  # a row of nothing is divided by something
    scaled = g.op("Mul", x, g.op("Div", constant("most", 127), top))  # -127 to 127
    rows = g.op("Cast", g.op("Add", scaled, constant("middle", 128.5)), to=_UINT8)  # cut off: rounded, 128 meaning 0
    total = g.op("MatMulInteger", rows, g.weight(f"{name}.int8", integers), constant("zero", 128, np.uint8))
    scale = g.weight(f"{name}.scale", (largest / np.float32(127 * 127)).astype(np.float32))
    y: str = g.op("Mul", g.op("Mul", g.op("Cast", total, to=_FLOAT), top), scale)
    return y


def _constant(g: GraphWriter, name: str, value: Any, dtype: Any = np.float32) -> str:
    return g.weight(f"int8.{name}", np.array(value, dtype))


def probe_graph(weight: np.ndarray) -> bytes:
    """x (B, I) → y: one product with a weight (I, O) in integers, to see whether a machine computes it exactly."""
    g = GraphWriter("probe")
    x = g.input("x", "float32", ["B", weight.shape[0]])
    g.output(int8_product(g, x, "weight", weight, least=0), "y", ["B", weight.shape[1]])
    return g.to_bytes()
