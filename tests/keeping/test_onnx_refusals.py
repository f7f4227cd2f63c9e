"""Hostile graphs: every one is refused, and the error says what and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import FLOAT, model

from undersong.errors import InstrumentFileError
from undersong.keeping.onnx_reader import NODES, read_graph
from undersong.keeping.operators import OPSET


def refusal(changed: Any) -> str:
    with pytest.raises(InstrumentFileError) as caught:
        read_graph(changed.SerializeToString(), "step.onnx")
    return str(caught.value)


@pytest.mark.parametrize(
    "operator", ["Loop", "If", "Scan", "RandomNormal", "Optional", "SequenceConstruct", "LSTM", ""]
)
def test_an_operator_that_is_not_listed_is_refused(operator):
    """By name, with the node that has it."""
    found = refusal(model([helper.make_node(operator, ["x"], ["y"])]))

    assert f"node 0 ('{operator}', making 'y') is an operator that an instrument may not use" in found


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.ml", "custom"])
def test_an_operator_of_another_domain_is_refused(domain):
    """Also one that bears a listed name."""
    assert f"of the domain '{domain}'" in refusal(model([helper.make_node("Tanh", ["x"], ["y"], domain=domain)]))


@pytest.mark.parametrize(
    "opsets",
    [
        [],
        [("", OPSET - 1)],
        [("", OPSET + 1)],
        [("", OPSET), ("com.microsoft", 1)],
        [("", OPSET), ("ai.onnx", OPSET)],
        [("x", OPSET)],
    ],
    ids=str,
)
def test_another_opset_is_refused(opsets):
    """One domain, one version: what a node means must not depend on who reads it."""
    assert "wants the operators of" in refusal(model(opsets=[helper.make_opsetid(*each) for each in opsets]))


@pytest.mark.parametrize("version", [0, 3, 7, 11, 13, 2**40])
def test_another_ir_version_is_refused(version):
    """Only those that every supported ONNX Runtime reads."""
    assert f"IR version is {version}" in refusal(model(ir_version=version))


def _external(changed: Any) -> None:
    changed.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")


def _in_memory(changed: Any) -> None:
    changed.graph.initializer[0].external_data.add(key="location", value="*/_ORT_MEM_ADDR_/*")


def _located(changed: Any) -> None:
    changed.graph.initializer[0].data_location = TensorProto.EXTERNAL


def _functions(changed: Any) -> None:
    changed.functions.add(name="f", domain="", input=["x"], output=["y"])


def _training(changed: Any) -> None:
    changed.training_info.add()


def _metadata(changed: Any) -> None:
    changed.metadata_props.add(key="ort_config", value="{}")


def _subgraph(changed: Any) -> None:
    changed.graph.node[0].attribute.append(helper.make_attribute("body", changed.graph))


def _subgraphs(changed: Any) -> None:
    changed.graph.node[0].attribute.append(helper.make_attribute("bodies", [changed.graph]))


def _sparse_weight(changed: Any) -> None:
    changed.graph.sparse_initializer.add(dims=[3])


def _sparse_attribute(changed: Any) -> None:
    attribute = changed.graph.node[0].attribute.add(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR)
    attribute.sparse_tensor.dims.append(3)


def _string(changed: Any) -> None:
    changed.graph.node[0].attribute.append(helper.make_attribute("file", "/etc/passwd"))


def _reference(changed: Any) -> None:
    changed.graph.node[0].attribute.add(name="axis", type=onnx.AttributeProto.INT, ref_attr_name="outer")


def _segment(changed: Any) -> None:
    changed.graph.initializer[0].segment.begin = 0


def _string_weight(changed: Any) -> None:
    changed.graph.initializer[0].CopyFrom(helper.make_tensor("W", TensorProto.STRING, [1], [b"x"]))


def _sequence(changed: Any) -> None:
    changed.graph.input.add(name="s").type.sequence_type.elem_type.tensor_type.elem_type = FLOAT


def _quantized(changed: Any) -> None:
    changed.graph.quantization_annotation.add(tensor_name="W")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_external, "external data"),
        (_in_memory, "external data"),
        (_located, "lies outside the file"),
        (_functions, "functions"),
        (_training, "training steps"),
        (_metadata, "metadata"),
        (_subgraph, "a graph of its own"),
        (_subgraphs, "graphs of its own"),
        (_sparse_weight, "sparse weights"),
        (_sparse_attribute, "a sparse tensor"),
        (_string, "a string attribute"),
        (_reference, "a reference to a function's attribute"),
        (_segment, "a segment"),
        (_string_weight, "strings"),
        (_sequence, "a sequence"),
        (_quantized, "quantization notes"),
    ],
)
def test_what_an_instrument_may_not_have_is_refused_by_name(change: Callable[[Any], None], says: str):
    """External data, functions, subgraphs, sparse tensors and everything else that ONNX has and we need not."""
    changed = model()
    change(changed)

    assert says in refusal(changed)


@pytest.mark.parametrize(
    ("dims", "dtype"),
    [
        ([2**62], FLOAT),
        ([2**31, 2**31, 4], FLOAT),
        ([2**31 - 1, 2**31 - 1], FLOAT),
        ([-1], FLOAT),
        ([-3, -2], FLOAT),
        ([3, 3], FLOAT),
        ([6], TensorProto.DOUBLE),
        ([], FLOAT),
        ([1] * 9, FLOAT),
        ([6], TensorProto.FLOAT16),
        ([6], TensorProto.INT4),
        ([6], 0),
    ],
    ids=str,
)
def test_a_weight_that_is_not_what_it_says_is_refused(dims, dtype):
    """The room it declares is exactly the bytes that are there: nothing is made larger than the file."""
    changed = model()
    weight = changed.graph.initializer[0]
    del weight.dims[:]
    weight.dims.extend(dims)
    weight.data_type = dtype

    assert "the weight 'W'" in refusal(changed)


def test_a_weight_of_no_numbers_may_not_claim_endless_dimensions():
    """numpy itself fails on an empty array that is too wide."""
    weight = TensorProto(name="W", data_type=FLOAT, dims=[0, 2**31 - 1, 2**31 - 1], raw_data=b"")

    assert "the weight 'W'" in refusal(model([helper.make_node("Relu", ["x"], ["y"])], [weight]))


def test_a_weight_that_says_twice_what_it_holds_is_refused():
    """Readers differ in which of raw and typed numbers they believe."""
    changed = model()
    changed.graph.initializer[0].float_data.extend([0.0] * 6)

    assert "in more than one way" in refusal(changed)


def test_a_number_outside_its_dtype_is_refused():
    """An int8 of 200 or a bool of 2 would be read differently by different readers."""
    for dtype, number in ((TensorProto.INT8, 200), (TensorProto.BOOL, 2), (TensorProto.UINT8, -1)):
        changed = model([helper.make_node("Relu", ["x"], ["y"])], [TensorProto(name="W", data_type=dtype, dims=[1])])
        changed.graph.initializer[0].int32_data.append(number)

        assert "holds a number that is no" in refusal(changed)


def test_a_raw_bool_other_than_0_and_1_is_refused():
    """numpy would carry it on as neither."""
    weight = TensorProto(name="W", data_type=TensorProto.BOOL, dims=[1], raw_data=b"\x02")

    assert "no bool" in refusal(model([helper.make_node("Relu", ["x"], ["y"])], [weight]))


def _same_weight(changed: Any) -> None:
    changed.graph.initializer.add().CopyFrom(changed.graph.initializer[0])


def _weight_as_input(changed: Any) -> None:
    changed.graph.input.append(helper.make_tensor_value_info("W", FLOAT, [3, 2]))


def _same_input(changed: Any) -> None:
    changed.graph.input.add().CopyFrom(changed.graph.input[0])


def _same_value(changed: Any) -> None:
    changed.graph.node.append(helper.make_node("Relu", ["x"], ["a"]))


def _value_over_input(changed: Any) -> None:
    changed.graph.node.append(helper.make_node("Relu", ["x"], ["x"]))


def _unsorted(changed: Any) -> None:
    changed.graph.node[0].input[0] = "y"


def _of_itself(changed: Any) -> None:
    changed.graph.node[1].input[0] = "y"


def _from_nowhere(changed: Any) -> None:
    changed.graph.node[0].input[0] = "z"


def _to_nowhere(changed: Any) -> None:
    changed.graph.output.append(helper.make_tensor_value_info("z", FLOAT, ["B"]))


def _same_output(changed: Any) -> None:
    changed.graph.output.add().CopyFrom(changed.graph.output[0])


def _nameless_weight(changed: Any) -> None:
    changed.graph.initializer[0].ClearField("name")


def _nameless_input(changed: Any) -> None:
    changed.graph.input[0].ClearField("name")


def _untyped_input(changed: Any) -> None:
    changed.graph.input[0].ClearField("type")


def _shapeless_input(changed: Any) -> None:
    changed.graph.input[0].type.tensor_type.ClearField("shape")


def _negative_input(changed: Any) -> None:
    changed.graph.input[0].type.tensor_type.shape.dim[1].dim_value = -3


def _one_input_less(changed: Any) -> None:
    del changed.graph.node[0].input[1]


def _one_input_more(changed: Any) -> None:
    changed.graph.node[1].input.append("x")


def _empty_input(changed: Any) -> None:
    changed.graph.node[1].input[0] = ""


def _one_output_more(changed: Any) -> None:
    changed.graph.node[1].output.append("more")


def _no_output(changed: Any) -> None:
    changed.graph.node[1].output[0] = ""


def _foreign_attribute(changed: Any) -> None:
    changed.graph.node[1].attribute.append(helper.make_attribute("axis", 1))


def _no_graph(changed: Any) -> None:
    changed.ClearField("graph")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_same_weight, "same name"),
        (_weight_as_input, "same name"),
        (_same_input, "same name"),
        (_same_value, "node 2 ('Relu', making 'a') makes 'a', which is there already"),
        (_value_over_input, "makes 'x', which is there already"),
        (_unsorted, "node 0 ('MatMul', making 'a') takes 'y', which nothing before it makes"),
        (_of_itself, "takes 'y', which nothing before it makes"),
        (_from_nowhere, "takes 'z', which nothing before it makes"),
        (_to_nowhere, "nothing makes its output 'z'"),
        (_same_output, "two of its outputs have the same name"),
        (_nameless_weight, "no name"),
        (_nameless_input, "not declared"),
        (_untyped_input, "not declared"),
        (_shapeless_input, "not declared"),
        (_negative_input, "impossible dimensions"),
        (_one_input_less, "has 1 inputs"),
        (_one_input_more, "has 2 inputs"),
        (_empty_input, "has 1 inputs, which is not what it needs"),
        (_one_output_more, "has 2 outputs"),
        (_no_output, "outputs, which is not what it makes"),
        (_foreign_attribute, "an attribute 'axis' that does not belong to it"),
        (_no_graph, "holds no graph"),
    ],
)
def test_a_graph_that_is_not_whole_is_refused(change: Callable[[Any], None], says: str):
    """Every value is made once, before it is used, by a node of its operator's form."""
    changed = model()
    change(changed)

    assert says in refusal(changed)


def test_attributes_must_be_of_the_type_they_say():
    """The type decides which field other readers believe."""
    attribute = helper.make_attribute("axis", 1)
    for change in ({"type": onnx.AttributeProto.FLOAT}, {"type": 0}, {"f": 1.0}, {"ints": [1]}):
        node = helper.make_node("Softmax", ["x"], ["y"])
        node.attribute.append(attribute)
        node.attribute[0].MergeFrom(onnx.AttributeProto(**change))

        assert "is not of the type it says" in refusal(model([node]))


def test_an_attribute_must_not_come_twice_nor_a_needed_one_be_missing():
    """Nor a constant have two values, nor a cast go to a dtype we do not play."""
    twice = helper.make_node("Softmax", ["x"], ["y"], axis=1)
    twice.attribute.add().CopyFrom(twice.attribute[0])

    assert "an attribute twice" in refusal(model([twice]))
    assert "lacks its attribute axis" in refusal(model([helper.make_node("Concat", ["x"], ["y"])]))
    assert "has 0 values" in refusal(model([helper.make_node("Constant", [], ["y"])]))
    for dtype in (TensorProto.STRING, TensorProto.FLOAT16, 2**40):
        assert "makes numbers of type" in refusal(model([helper.make_node("Cast", ["x"], ["y"], to=dtype)]))


def test_more_nodes_than_any_instrument_needs_are_refused():
    """A file must not cost more time than it should."""
    nodes = [helper.make_node("Relu", ["x"], [f"a{index}"]) for index in range(NODES + 1)]

    assert "nodes" in refusal(model(nodes))


def test_a_strangers_names_cannot_play_with_the_terminal():
    """Escape sequences and endless names are shown as short ASCII."""
    found = refusal(model([helper.make_node("\x1b[2J" + "é" * 5000, ["x"], ["y"])]))

    assert "\x1b" not in found
    assert found.isascii()
    assert len(found) < 1000
