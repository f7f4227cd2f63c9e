"""ONNX models for tests: a small whole one, to change and to spoil."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from undersong.keeping.operators import OPSET

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes: list[Any] | None = None, weights: list[Any] | None = None, **parts: Any) -> Any:
    """A model that takes x (B, 3) and gives y (B, 2): by default y = tanh(x W)."""
    if nodes is None:
        nodes = [helper.make_node("MatMul", ["x", "W"], ["a"]), helper.make_node("Tanh", ["a"], ["y"])]
    if weights is None:
        weights = [numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(3, 2), "W")]
    inputs = parts.get("inputs", [helper.make_tensor_value_info("x", FLOAT, ["B", 3])])
    outputs = parts.get("outputs", [helper.make_tensor_value_info("y", FLOAT, ["B", 2])])
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    opsets = parts.get("opsets", [helper.make_opsetid("", OPSET)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=parts.get("ir_version", 10))


def graph_bytes(nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], weights: dict[str, Any]) -> bytes:
    """A model from nodes; inputs and outputs are (ONNX type, shape) by name, weights arrays by name."""
    changed = model(
        nodes,
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
        inputs=[helper.make_tensor_value_info(name, *form) for name, form in inputs.items()],
        outputs=[helper.make_tensor_value_info(name, *form) for name, form in outputs.items()],
    )
    data: bytes = changed.SerializeToString()
    return data
