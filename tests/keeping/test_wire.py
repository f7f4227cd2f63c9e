"""Bytes that are no graph, or only nearly: no reader may see in them what another does not."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from onnx_models import INT64, model

from undersong.errors import InputError, InstrumentFileError
from undersong.keeping.onnx_reader import Graph, Value, read_graph
from undersong.keeping.wire import FIELDS
from undersong.playing.numpy_steps import evaluate


def bytes_of(changed: Any) -> bytes:
    return changed.SerializeToString()


def refusal(data: bytes) -> str:
    with pytest.raises(InstrumentFileError) as caught:
        read_graph(data, "step.onnx")
    return str(caught.value)


def test_more_fields_than_any_instrument_needs_are_refused():
    """Also where each is two bytes of prose."""
    assert "more parts" in refusal(bytes_of(model()) + b"\x32\x00" * FIELDS)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x08\x0a\x08\x0a", "'ir_version' twice"),
        (b"\x3a\x00\x3a\x00", "'graph' twice"),
        (b"\x0a\x00", "'ir_version' in wire type 2"),
        (b"\xf8\x07\x01", "field 127, which means nothing to us"),
        (b"\x0b\x0c", "field 1 in wire type 3"),
        (b"\x0f", "field 1 in wire type 7"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "more than 64 bits"),
        (b"\x08" + b"\x80" * 20, "more than 64 bits"),
        (b"\x08\x80", "cut off"),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "a field of 9223372036854775807 bytes where 0 are left"),
        (b"\x08\x0a\x42\x03\x0a\x01\xff", "'domain' that is not UTF-8"),
        (b"", "IR version is None"),
    ],
)
def test_bytes_that_two_readers_might_read_differently_are_refused(data, says):
    """Fields that come twice, that nobody knows, of another wire type, or longer than the file."""
    assert says in refusal(data)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"\x80\x04\x95cos\nsystem\n.", b"PK\x03\x04", b"{}"]
)
def test_a_file_of_another_kind_is_refused(data):
    """A PNG, a pickle, a zip, a line of JSON."""
    assert "step.onnx" in refusal(data)


def test_a_graph_cut_off_anywhere_is_refused():
    """At every one of its bytes."""
    data = bytes_of(model())
    for length in range(len(data)):
        try:
            read_graph(data[:length])
        except InstrumentFileError:
            continue
        assert length == data.index(b"\x42\x04\x0a\x00\x10\x15") + 6  # only what follows the opset may be missing


BIG = bytes_of(
    model(
        [
            helper.make_node("Gemm", ["x", "W", ""], ["a"], alpha=0.5),
            helper.make_node("Constant", [], ["c"], value_ints=[2, -1]),
            helper.make_node("Reshape", ["a", "c"], ["r"]),
            helper.make_node("Slice", ["r", "s", "e"], ["p"]),
            helper.make_node("Softmax", ["p"], ["q"], axis=0),
            helper.make_node("Split", ["a"], ["m", "n"], axis=1, num_outputs=2),
            helper.make_node("Concat", ["n", "m"], ["y"], axis=1),
        ],
        [
            numpy_helper.from_array(np.ones((3, 2), np.float32), "W"),
            helper.make_tensor("s", INT64, [1], [0]),
            helper.make_tensor("e", INT64, [1], [1]),
        ],
    )
)


def _changed(data: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    made = bytearray(data)
    for how, at, byte in changes:
        at %= len(made) + 1
        if how == "set" and at < len(made):
            made[at] = byte
        elif how == "insert":
            made.insert(at, byte)
        elif how == "delete":
            del made[at : at + byte % 8]
        elif how == "repeat":
            made[at:at] = made[at : at + byte]
    return bytes(made)


CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "insert", "delete", "repeat"]), st.integers(0, 2000), st.integers(0, 255)),
    min_size=1,
    max_size=4,
)


def assert_seen_by_both(graph: Graph, theirs: Any) -> None:
    """The graph that protobuf's own reader finds in the same bytes is ours."""
    theirs = theirs.graph
    assert [_value(each) for each in (*theirs.input, *theirs.output)] == [*graph.inputs, *graph.outputs]
    assert [weight.name for weight in theirs.initializer] == list(graph.weights)
    for weight in theirs.initializer:
        np.testing.assert_array_equal(numpy_helper.to_array(weight), graph.weights[weight.name], strict=True)
    for their, our in zip(theirs.node, graph.nodes, strict=True):
        assert (their.op_type, tuple(their.input), tuple(their.output)) == (our.operator, our.inputs, our.outputs)
        attributes = {each.name: helper.get_attribute_value(each) for each in their.attribute}
        assert repr(attributes) == repr({name: _listed(value) for name, value in our.attributes.items()})


def _value(theirs: Any) -> Value:
    tensor = theirs.type.tensor_type
    shape = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim)
    return Value(theirs.name, str(helper.tensor_dtype_to_np_dtype(tensor.elem_type)), shape)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@settings(max_examples=1500, deadline=None)
@given(CHANGES)
def test_any_change_to_a_graph_is_refused_or_read_as_others_read_it(changes):
    """What the reader lets pass, ONNX sees the same in, and the evaluator plays or refuses; there is no third way."""
    data = _changed(BIG, changes)
    try:
        graph = read_graph(data)
    except InstrumentFileError:
        return
    with contextlib.suppress(DecodeError):
        assert_seen_by_both(graph, onnx.load_model_from_string(data))
    shapes = {value.name: [2 if size is None else min(size, 9) for size in value.shape] for value in graph.inputs}
    with contextlib.suppress(InstrumentFileError, InputError):
        evaluate(graph, {value.name: np.zeros(shapes[value.name], value.dtype) for value in graph.inputs})


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    """Noise is no graph."""
    with pytest.raises(InstrumentFileError):
        read_graph(data)
