"""The numpy evaluator against ONNX Runtime, operator by operator, and on whole graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import InputError, InstrumentFileError
from undersong.keeping.onnx_reader import Graph, read_graph
from undersong.keeping.operators import OPERATORS
from undersong.playing import numpy_steps
from undersong.playing.numpy_operators import STEPS
from undersong.playing.numpy_steps import NumpyGraph, evaluate

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import helper, numpy_helper  # noqa: E402

ort.set_default_logger_severity(4)

DICE = np.random.default_rng(7)


def r(*shape: int) -> np.ndarray:
    """Numbers around zero."""
    return np.asarray(DICE.normal(size=shape) * 2, np.float32)


def positive(*shape: int) -> np.ndarray:
    return np.asarray(np.abs(r(*shape)) + np.float32(0.1))


def i(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def n(low: int, high: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Whole numbers from low to high."""
    return DICE.integers(low, high + 1, shape).astype(dtype)


NAN = np.array([np.nan, 1, -np.inf, np.inf, -0.0], np.float32)
U8, I8 = (0, 255), (-128, 127)

CASES: list[tuple[str, list[np.ndarray], int, dict[str, Any]]] = [
    ("Abs", [r(3, 4)], 1, {}),
    ("Abs", [n(-9, 9, (5,), "int32")], 1, {}),
    ("Add", [r(3, 4), r(4)], 1, {}),
    ("Add", [n(-9, 9, (2, 1), "int64"), n(-9, 9, (3,), "int64")], 1, {}),
    ("Cast", [r(5)], 1, {"to": 7}),
    ("Cast", [r(5)], 1, {"to": 11}),
    ("Cast", [n(0, 2, (6,), "int64")], 1, {"to": 9}),
    ("Cast", [n(0, 99, (6,), "int32")], 1, {"to": 2}),
    ("Cast", [np.array([True, False])], 1, {"to": 1}),
    ("Clip", [r(9), np.array(-1, np.float32), np.array(1, np.float32)], 1, {}),
    ("Clip", [NAN, np.array(2, np.float32), np.array(-2, np.float32)], 1, {}),
    ("Clip", [r(9)], 1, {}),
    ("Concat", [r(2, 3), r(2, 1), r(2, 4)], 1, {"axis": 1}),
    ("Concat", [r(2, 3), r(0, 3)], 1, {"axis": -2}),
    ("Constant", [], 1, {"value": numpy_helper.from_array(n(*I8, (2, 3), "int8"))}),
    ("Constant", [], 1, {"value_float": 0.1}),
    ("Constant", [], 1, {"value_floats": [0.5, 2.0]}),
    ("Constant", [], 1, {"value_int": -3}),
    ("Constant", [], 1, {"value_ints": [2**40, -1]}),
    ("Div", [r(3, 4), positive(3, 1)], 1, {}),
    ("Div", [NAN, np.zeros(5, np.float32)], 1, {}),
    ("Div", [i(-7, 7, -7, 7, 6, -1), i(2, 2, -2, -2, 3, 2)], 1, {}),
    ("Equal", [n(0, 2, (9,), "int64"), n(0, 2, (9,), "int64")], 1, {}),
    ("Equal", [NAN, NAN], 1, {}),
    ("Erf", [r(50)], 1, {}),
    ("Erf", [NAN], 1, {}),
    ("Exp", [r(3, 4)], 1, {}),
    ("Expand", [r(3, 1), i(2, 1, 4)], 1, {}),
    ("Expand", [r(3, 4), i(1)], 1, {}),
    ("Gather", [r(5, 4), n(-5, 4, (2, 3), "int64")], 1, {}),
    ("Gather", [r(5, 4), np.array(1, np.int64)], 1, {"axis": 1}),
    ("Gather", [r(2, 5, 3), n(-5, 4, (2,), "int32")], 1, {"axis": -2}),
    ("Gemm", [r(2, 3), r(3, 4), r(4)], 1, {}),
    ("Gemm", [r(3, 2), r(4, 3), r(2, 1)], 1, {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", [r(2, 3), r(3, 4)], 1, {}),
    ("Greater", [NAN, r(5)], 1, {}),
    ("Identity", [r(2, 3)], 1, {}),
    ("LayerNormalization", [r(3, 8), r(8), r(8)], 1, {}),
    ("LayerNormalization", [r(3, 8), r(8)], 3, {"epsilon": 0.01}),
    ("LayerNormalization", [r(2, 3, 4), r(3, 4), r(3, 4)], 3, {"axis": 1}),
    ("Less", [n(-3, 3, (9,), "int32"), n(-3, 3, (1,), "int32")], 1, {}),
    ("Log", [positive(5)], 1, {}),
    ("Log", [NAN], 1, {}),
    ("LogSoftmax", [r(3, 7)], 1, {}),
    ("LogSoftmax", [r(2, 3, 4) * 50], 1, {"axis": 1}),
    ("MatMul", [r(3, 4), r(4, 5)], 1, {}),
    ("MatMul", [r(2, 1, 3, 4), r(5, 4, 2)], 1, {}),
    ("MatMul", [r(4), r(4, 5)], 1, {}),
    ("MatMul", [n(-9, 9, (2, 3), "int64"), n(-9, 9, (3, 2), "int64")], 1, {}),
    ("MatMulInteger", [n(*U8, (3, 4), "uint8"), n(*I8, (4, 5), "int8")], 1, {}),
    ("MatMulInteger", [n(*I8, (3, 4), "int8"), n(*I8, (4, 5), "int8")], 1, {}),
    (
        "MatMulInteger",
        [n(*U8, (2, 700), "uint8"), n(*I8, (700, 5), "int8"), np.array(7, np.uint8), n(*I8, (5,), "int8")],
        1,
        {},
    ),
    ("MatMulInteger", [n(255, 255, (1, 1000), "uint8"), n(255, 255, (1000, 2), "uint8")], 1, {}),
    ("MatMulInteger", [n(*U8, (2, 3, 4), "uint8"), n(*U8, (4, 5), "uint8"), np.array(128, np.uint8)], 1, {}),
    ("Max", [r(3, 4), r(4), r(1, 1)], 1, {}),
    ("Max", [r(3)], 1, {}),
    ("Min", [NAN, r(5), r(5)], 1, {}),
    ("Min", [n(-9, 9, (5,), "int64"), i(0)], 1, {}),
    ("Mul", [r(3, 4), r(3, 1)], 1, {}),
    ("Neg", [r(4)], 1, {}),
    ("Neg", [n(-9, 9, (5,), "int8")], 1, {}),
    ("Pow", [positive(5), r(5)], 1, {}),
    ("Pow", [r(5), i(2)], 1, {}),
    ("Pow", [n(-5, 5, (5,), "int32"), np.array([3], np.float32)], 1, {}),
    ("ReduceMax", [r(3, 4, 5), i(-1, 0)], 1, {"keepdims": 0}),
    ("ReduceMax", [r(3, 4)], 1, {}),
    ("ReduceMax", [np.zeros((2, 0), np.float32), i(1)], 1, {}),
    ("ReduceMax", [n(*I8, (3, 4), "int8"), i(1)], 1, {}),
    ("ReduceMean", [r(3, 4), i(1)], 1, {}),
    ("ReduceMean", [n(-9, 9, (3, 4), "int32"), i(1)], 1, {"keepdims": 0}),
    ("ReduceMean", [r(3, 4), i()], 1, {"noop_with_empty_axes": 1}),
    ("ReduceSum", [r(3, 4), i()], 1, {}),
    ("ReduceSum", [r(3, 4), i(0)], 1, {"keepdims": 0}),
    ("ReduceSum", [n(-9, 9, (3, 4), "int32"), i(-1)], 1, {}),
    ("ReduceSum", [r(3, 4)], 1, {"noop_with_empty_axes": 1}),
    ("Relu", [r(9)], 1, {}),
    ("Relu", [n(-9, 9, (5,), "int32")], 1, {}),
    ("Reshape", [r(2, 3, 4), i(0, -1)], 1, {}),
    ("Reshape", [r(2, 0), i(0, -1)], 1, {}),
    ("Reshape", [r(0, 4), i(3, 0)], 1, {"allowzero": 1}),
    ("Reshape", [r(1), i()], 1, {}),
    ("Round", [np.array([0.5, 1.5, 2.5, -0.5, -1.5, 2.4], np.float32)], 1, {}),
    ("Shape", [r(2, 3, 4)], 1, {}),
    ("Shape", [r(2, 3, 4)], 1, {"start": -2, "end": 99}),
    ("Shape", [r(2, 3, 4)], 1, {"start": -99, "end": -1}),
    ("Sigmoid", [r(9)], 1, {}),
    ("Sigmoid", [np.array([-80, 80, np.nan, -np.inf, np.inf], np.float32)], 1, {}),
    ("Slice", [r(5, 6), i(1, -3), i(99, -1)], 1, {}),
    ("Slice", [r(5, 6), i(1), i(5), i(-1), i(2)], 1, {}),
    ("Slice", [r(5), i(-1), i(-(2**62)), i(0), i(-2)], 1, {}),
    ("Softmax", [r(3, 7)], 1, {}),
    ("Softmax", [r(2, 3, 4) * 50], 1, {"axis": 0}),
    ("Softplus", [r(9) * 20], 1, {}),
    ("Split", [r(3, 8)], 4, {"axis": 1, "num_outputs": 4}),
    ("Split", [r(7)], 3, {"num_outputs": 3}),
    ("Split", [r(3, 8), i(1, 0, 7)], 3, {"axis": -1}),
    ("Sqrt", [positive(5)], 1, {}),
    ("Squeeze", [r(1, 3, 1, 2)], 1, {}),
    ("Squeeze", [r(1, 3, 1, 2), i(-2)], 1, {}),
    ("Sub", [r(3, 4), r(3, 4)], 1, {}),
    ("Sub", [n(*U8, (9,), "uint8"), n(*U8, (9,), "uint8")], 1, {}),
    ("Tanh", [r(9)], 1, {}),
    ("Transpose", [r(2, 3, 4)], 1, {}),
    ("Transpose", [r(2, 3, 4)], 1, {"perm": [1, 0, 2]}),
    ("Unsqueeze", [r(3, 4), i(-1, 0)], 1, {}),
    ("Where", [np.array([[True], [False]]), r(3), r(2, 1)], 1, {}),
    ("Where", [np.array([True, False]), i(1, 2), i(3, 4)], 1, {}),
]


def one_node(operator: str, arrays: list[np.ndarray], outputs: int, attributes: dict[str, Any]) -> Any:
    """A model of one node, its inputs named x0, x1 …, its outputs y0, y1 …, of the dtypes ONNX itself infers."""
    names, made = [f"x{k}" for k in range(len(arrays))], [f"y{k}" for k in range(outputs)]
    values = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for name, array in zip(names, arrays, strict=True)
    ]
    graph = helper.make_graph([helper.make_node(operator, names, made, **attributes)], "g", values, [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    bare = [onnx.ValueInfoProto(name=name) for name in made]
    model.graph.output.extend(bare)
    inferred = onnx.shape_inference.infer_shapes(model).graph.output
    del model.graph.output[:]
    for value in inferred:  # a shape that depends on numbers stays open, but its rank must be said
        model.graph.output.append(value)
    return model


def played_by_both(model: Any, arrays: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    inputs = {f"x{k}": array for k, array in enumerate(arrays)}
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    expected = session.run(None, inputs)
    for value, array in zip(model.graph.output, expected, strict=True):
        if not value.type.tensor_type.HasField("shape"):
            value.CopyFrom(helper.make_tensor_value_info(value.name, value.type.tensor_type.elem_type, array.shape))
    found = evaluate(read_graph(model.SerializeToString()), inputs)
    return expected, [found[value.name] for value in model.graph.output]


def assert_same(expected: list[np.ndarray], actual: list[np.ndarray]) -> None:
    assert [(array.dtype, array.shape) for array in expected] == [(array.dtype, array.shape) for array in actual]
    for one, other in zip(expected, actual, strict=True):
        if one.dtype.kind == "f":
            np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)
        else:
            np.testing.assert_array_equal(other, one)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_an_operator_does_what_onnxruntime_does(case):
    """Both players of an instrument file make the same of it."""
    operator, arrays, outputs, attributes = case

    expected, actual = played_by_both(one_node(operator, arrays, outputs, attributes), arrays)

    assert_same(expected, actual)


def test_every_operator_has_a_case():
    """No operator is allowed that was not held against ONNX Runtime."""
    assert sorted({case[0] for case in CASES}) == sorted(OPERATORS)


def test_numpy_plays_exactly_the_operators_that_the_reader_allows():
    """What is let in can be played, and what can be played is let in."""
    assert sorted(OPERATORS) == sorted(STEPS)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 4),
    st.lists(st.tuples(*[st.integers(-7, 7)] * 2, st.sampled_from([-3, -2, -1, 1, 2, 3])), min_size=2, max_size=2),
)
def test_a_slice_of_any_start_end_and_step_is_onnxruntimes(length, along):
    """Also where Python would clamp differently."""
    x = np.arange(length * 3, dtype=np.float32).reshape(length, 3)
    starts, ends, steps = (i(*each) for each in zip(*along, strict=True))
    arrays = [x, starts, ends, i(1, 0), steps]

    expected, actual = played_by_both(one_node("Slice", arrays, 1, {}), arrays)

    assert_same(expected, actual)


SHAPES = st.lists(st.integers(1, 3), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["Add", "Mul", "Sub", "Div", "Max", "Less", "Equal", "Pow"]), SHAPES, st.data())
def test_any_two_shapes_that_fit_broadcast_as_in_onnxruntime(operator, shape, data):
    """ONNX's broadcasting is numpy's."""
    other = [size if data.draw(st.booleans()) else 1 for size in shape[data.draw(st.integers(0, len(shape))) :]]
    arrays = [positive(*shape), positive(*other)]

    expected, actual = played_by_both(one_node(operator, arrays, 1, {}), arrays)

    assert_same(expected, actual)


# ── whole graphs ───────────────────────────────────────────────────────────────────────────────────────────────────


def lstm_step(hidden: int = 8, symbols: int = 5) -> bytes:
    """One LSTM step over symbols, its gates inner values."""
    floats, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    nodes = [
        helper.make_node("Gather", ["embedding", "event"], ["x"]),
        helper.make_node("Concat", ["x", "state.h"], ["both"], axis=1),
        helper.make_node("Gemm", ["both", "W", "b"], ["a"]),
        helper.make_node("Split", ["a"], ["ai", "af", "ag", "ao"], axis=1, num_outputs=4),
        *(helper.make_node("Sigmoid", [f"a{gate}"], [f"gate.{gate}"]) for gate in "ifo"),
        helper.make_node("Tanh", ["ag"], ["gate.g"]),
        helper.make_node("Mul", ["gate.f", "state.c"], ["kept"]),
        helper.make_node("Mul", ["gate.i", "gate.g"], ["added"]),
        helper.make_node("Add", ["kept", "added"], ["after.c"]),
        helper.make_node("Tanh", ["after.c"], ["squashed"]),
        helper.make_node("Mul", ["gate.o", "squashed"], ["after.h"]),
        helper.make_node("Constant", [], ["scale"], value_float=0.5),
        helper.make_node("Mul", ["U", "scale"], ["scaled"]),
        helper.make_node("MatMul", ["after.h", "scaled"], ["parameters.next"]),
    ]
    dice = np.random.default_rng(3)
    shapes = {"embedding": (symbols, 4), "W": (4 + hidden, 4 * hidden), "b": (4 * hidden,), "U": (hidden, symbols)}
    weights = [numpy_helper.from_array(dice.normal(size=s).astype(np.float32), name) for name, s in shapes.items()]
    states = ["h", "c"]
    graph = helper.make_graph(
        nodes,
        "step",
        [
            helper.make_tensor_value_info("event", whole, ["B"]),
            *(helper.make_tensor_value_info(f"state.{s}", floats, ["B", hidden]) for s in states),
        ],
        [
            helper.make_tensor_value_info("parameters.next", floats, ["B", symbols]),
            *(helper.make_tensor_value_info(f"after.{s}", floats, ["B", hidden]) for s in states),
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def graph() -> Graph:
    return read_graph(lstm_step())


def inputs(batch: int = 3) -> dict[str, np.ndarray]:
    state = {f"state.{name}": np.zeros((batch, 8), np.float32) for name in "hc"}
    return {"event": np.arange(batch, dtype=np.int64), **state}


def test_fifty_steps_of_a_network_stay_with_onnxruntime(graph):
    """What an instrument plays does not depend on who plays it."""
    session = ort.InferenceSession(lstm_step(), providers=["CPUExecutionProvider"])
    theirs, ours, player = inputs(), inputs(), NumpyGraph(graph)
    for _ in range(50):
        names = [output.name for output in session.get_outputs()]
        expected = dict(zip(names, session.run(names, theirs), strict=True))
        actual = player.run(ours)
        np.testing.assert_allclose(actual["parameters.next"], expected["parameters.next"], rtol=1e-4, atol=1e-5)
        for given_to, made in ((theirs, expected), (ours, actual)):
            given_to |= {f"state.{name}": made[f"after.{name}"] for name in "hc"}

    assert list(actual) == names


def test_inner_values_can_be_asked_for(graph):
    """Tracing reads the gates by name, in the order of asking."""
    found = evaluate(graph, inputs(), ["gate.f", "parameters.next"])

    assert list(found) == ["gate.f", "parameters.next"]
    assert found["gate.f"].shape == (3, 8)
    assert ((found["gate.f"] > 0) & (found["gate.f"] < 1)).all()


def test_what_goes_in_stays_as_it_was(graph):
    """State is a value: playing never changes the arrays it was handed."""
    given_arrays = inputs()
    before = {name: array.copy() for name, array in given_arrays.items()}

    evaluate(graph, given_arrays)

    assert all(np.array_equal(before[name], array) for name, array in given_arrays.items())


def test_what_depends_on_weights_alone_is_worked_out_once(graph):
    """A step plays only the nodes that hear something."""
    assert len(NumpyGraph(graph)._steps) == len(graph.nodes) - 2  # the constant, and the weights scaled by it


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"event": None}, "needs an array 'event'"),
        ({"event": np.zeros(3, np.float32)}, "'event' is float32 (3,)"),
        ({"state.h": np.zeros((3, 9), np.float32)}, "'state.h' is float32 (3, 9)"),
        ({"state.h": np.zeros(8, np.float32)}, "'state.h' is float32 (8,)"),
    ],
)
def test_inputs_other_than_the_declared_ones_are_an_error(graph, change, says):
    """The array is named, with what it is and what was expected."""
    with pytest.raises(InputError) as caught:
        evaluate(graph, {name: array for name, array in (inputs() | change).items() if array is not None})

    assert says in str(caught.value)


def test_asking_for_a_value_that_nothing_makes_is_an_error(graph):
    """And names it."""
    with pytest.raises(InputError, match=r"makes nothing called 'gate\.z'"):
        evaluate(graph, inputs(), ["gate.z"])


def test_an_event_outside_the_vocabulary_is_an_error_that_names_the_node(graph):
    """A graph that fails says where."""
    with pytest.raises(InstrumentFileError, match="Gather that makes 'x'"):
        evaluate(graph, inputs() | {"event": np.array([5, 0, 0])})


def test_arrays_of_two_dtypes_do_not_mix():
    """numpy would find a common dtype where ONNX Runtime refuses the file."""
    model = one_node("Add", [r(2), r(2)], 1, {})
    model.graph.input[1].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE

    with pytest.raises(InstrumentFileError, match="do not mix"):
        evaluate(read_graph(model.SerializeToString()), {"x0": r(2), "x1": np.zeros(2)})


@pytest.mark.parametrize("doubling", ["Concat", "Expand"])
def test_a_graph_cannot_ask_for_endless_memory(doubling, monkeypatch):
    """Forty doublings of four bytes would be four terabytes."""
    monkeypatch.setattr(numpy_steps, "_LARGEST", 2**20)
    floats = onnx.TensorProto.FLOAT
    if doubling == "Concat":
        nodes = [helper.make_node("Concat", [f"v{k}"] * 2, [f"v{k + 1}"], axis=0) for k in range(40)]
        weights = []
    else:
        nodes = [helper.make_node("Expand", ["v0", "shape"], ["v40"])]
        weights = [numpy_helper.from_array(i(2**40), "shape")]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("v0", floats, [1])],
        [helper.make_tensor_value_info("v40", floats, [None])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)

    with pytest.raises(InstrumentFileError, match=doubling):
        evaluate(read_graph(model.SerializeToString()), {"v0": r(1)})


def test_whole_numbers_divided_by_zero_are_an_error():
    """As in ONNX Runtime; numpy alone would go on with 0."""
    model = one_node("Div", [i(1), i(0)], 1, {})

    with pytest.raises(InstrumentFileError, match="by zero"):
        evaluate(read_graph(model.SerializeToString()), {"x0": i(1), "x1": i(0)})
