"""The strict reader of graphs: what it makes of good files. What it refuses stands in test_onnx_refusals.py."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from onnx import defs, helper, numpy_helper
from onnx_models import FLOAT, model

from undersong.keeping.onnx_reader import Graph, Node, Value, read_graph
from undersong.keeping.operators import DTYPES, OPERATORS, OPSET


def read(changed: Any) -> Graph:
    return read_graph(changed.SerializeToString())


def test_a_graph_is_read_as_it_was_written():
    """Inputs, outputs, nodes in order, weights and opset, as plain values."""
    graph = read(model())

    assert graph.inputs == (Value("x", "float32", (None, 3)),)
    assert graph.outputs == (Value("y", "float32", (None, 2)),)
    assert graph.nodes == (Node("MatMul", ("x", "W"), ("a",), {}), Node("Tanh", ("a",), ("y",), {}))
    assert graph.opset == OPSET
    np.testing.assert_array_equal(graph.weights["W"], np.arange(6, dtype=np.float32).reshape(3, 2))
    assert not graph.weights["W"].flags.writeable


@pytest.mark.parametrize("dtype", DTYPES.values())
@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (1, 0, 4)])
@pytest.mark.parametrize("way", ["raw", "typed"])
def test_weights_of_every_dtype_come_back(dtype, shape, way):
    """Whether their numbers lie raw or in the field of their type."""
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    if dtype in ("int8", "int32", "int64", "float32", "float64"):
        array = -3 * array
    raw = numpy_helper.from_array(array, "W")
    typed = helper.make_tensor("W", raw.data_type, shape, array.flatten().tolist())

    found = read(model([helper.make_node("Relu", ["x"], ["y"])], [raw if way == "raw" else typed]))

    np.testing.assert_array_equal(array, found.weights["W"], strict=True)


def test_attributes_of_every_kind_come_back():
    """As int, float, tuple or array."""
    tensor = numpy_helper.from_array(np.array([1.5], np.float32))
    nodes = [
        helper.make_node("Gemm", ["x", "W"], ["g"], alpha=0.5, transA=0),
        helper.make_node("Transpose", ["g"], ["t"], perm=[1, 0]),
        helper.make_node("Constant", [], ["c"], value=tensor),
        helper.make_node("Constant", [], ["d"], value_floats=[0.25, -1.0]),
        helper.make_node("Constant", [], ["e"], value_ints=[-(2**63), 2**63 - 1]),
        helper.make_node("Identity", ["g"], ["y"]),
    ]

    gemm, transpose, constant, floats, ints, _ = (each.attributes for each in read(model(nodes)).nodes)

    assert (gemm, transpose) == ({"alpha": 0.5, "transA": 0}, {"perm": (1, 0)})
    assert (floats, ints) == ({"value_floats": (0.25, -1.0)}, {"value_ints": (-(2**63), 2**63 - 1)})
    np.testing.assert_array_equal(np.array([1.5], np.float32), constant["value"], strict=True)


def test_an_optional_input_may_be_left_out():
    """It is the empty name, as ONNX writes it."""
    low = numpy_helper.from_array(np.array(1, np.float32), "high")

    graph = read(model([helper.make_node("Clip", ["x", "", "high"], ["y"])], [low]))

    assert graph.nodes[0].inputs == ("x", "", "high")


def test_prose_is_passed_over():
    """Names, remarks and notes of whoever wrote the file change nothing."""
    changed = model()
    changed.doc_string = changed.producer_name = changed.graph.doc_string = "hello"
    changed.graph.node[0].name = changed.graph.node[0].doc_string = "first"
    changed.graph.node[0].metadata_props.add(key="a", value="b")
    changed.graph.value_info.append(helper.make_tensor_value_info("a", FLOAT, ["B", 2]))

    assert read(changed).nodes == read(model()).nodes


@pytest.mark.parametrize("name", OPERATORS)
def test_the_form_of_an_operator_is_onnxs_own(name):
    """Inputs, outputs and attributes as the schema of opset 21 has them; strings and sparse tensors are left out."""
    schema, form = defs.get_schema(name, OPSET, ""), OPERATORS[name]
    kinds = {"INT": "int", "FLOAT": "float", "INTS": "ints", "FLOATS": "floats", "TENSOR": "tensor"}
    attributes = {a.name: kinds[a.type.name] for a in schema.attributes.values() if a.type.name in kinds}
    required = tuple(a.name for a in schema.attributes.values() if a.required)

    assert (schema.min_input, schema.max_input) == (form.least, form.most)
    assert (1, schema.max_output) == (schema.min_output, form.outputs)
    assert (attributes, required) == (form.attributes, form.required)


def test_reading_imports_neither_onnx_nor_protobuf():
    """A player needs numpy alone to know whether a file is safe."""
    program = (
        "import sys, undersong.keeping.instrument_file, undersong.playing.numpy_steps\n"
        "print([m for m in ('onnx', 'google.protobuf', 'onnxruntime', 'torch', 'pydantic') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)

    assert found.stdout.strip() == "[]"
