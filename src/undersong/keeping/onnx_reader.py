"""A small, strict reader of ONNX graphs: bytes from a stranger become a value, or an error that says why not.

Only what an instrument needs passes: listed operators of one opset, weights that lie in the file and are no larger than
it, every value made once and before it is used. What passes here may be handed to ONNX Runtime or to `numpy_steps`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.errors import InstrumentFileError
from undersong.keeping.onnx_forms import (
    ATTRIBUTE,
    DIMENSION,
    GRAPH,
    MODEL,
    NODE,
    OPSET_IMPORT,
    SHAPE,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE,
)
from undersong.keeping.operators import DTYPES, OPERATORS, OPSET
from undersong.keeping.wire import Message, Wire

__all__ = ["IR_VERSIONS", "NODES", "Graph", "Node", "Value", "read_graph"]

IR_VERSIONS = range(8, 11)
"""IR 10 came with opset 21; ONNX Runtime 1.20, the oldest we support, reads no later one."""

NODES = 20_000
"""The most nodes of one graph: an unrolled stack of eight layers has a few hundred."""

_RANK = 8
_TYPED = {"float_data": {"float32"}, "double_data": {"float64"}, "int64_data": {"int64"}}
_TYPED["int32_data"] = {"int32", "int8", "uint8", "bool"}
_ATTRIBUTE_TYPES = {1: "float", 2: "int", 4: "tensor", 6: "floats", 7: "ints"}
_DOMAINS = ("", "ai.onnx")


@final
@dataclass(frozen=True)
class Value:
    """An input or output of a graph; a dimension that changes from call to call is None."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@final
@dataclass(frozen=True)
class Node:
    """One operation. An optional input or output that is left out is the empty name."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@final
@dataclass(frozen=True, eq=False)
class Graph:
    """A whole graph, its nodes in an order in which they can be played."""

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    weights: Mapping[str, np.ndarray]
    opset: int = OPSET


def read_graph(data: bytes, name: str = "the graph") -> Graph:
    """The graph in an ONNX file; `name` is what errors call the file.

    Weights are views of `data` where the machine can play them so, and never writeable.
    Raises InstrumentFileError for everything that is not as described above.
    """
    return _Reader(name).model(memoryview(data))


@final
class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.wire = Wire(file)

    def refuse(self, why: str) -> InstrumentFileError:
        return InstrumentFileError(f"{self.file} is refused: {why}.", "Nothing in it was played.")

    def model(self, data: memoryview) -> Graph:
        model = self.wire.message(data, MODEL)
        if model.get("ir_version") not in IR_VERSIONS:
            raise self.refuse(f"its IR version is {model.get('ir_version')}, not {IR_VERSIONS[0]} to {IR_VERSIONS[-1]}")
        opsets = [self.wire.message(each, OPSET_IMPORT) for each in model["opset_import"]]
        named = [(each.get("domain", ""), each.get("version")) for each in opsets]
        if len(named) != 1 or named[0][0] not in _DOMAINS or named[0][1] != OPSET:
            written = ", ".join(f"{_quoted(domain or 'ai.onnx')} {version}" for domain, version in named) or "none"
            raise self.refuse(f"it wants the operators of {written}; an instrument is written in ai.onnx {OPSET} alone")
        if "graph" not in model:
            raise self.refuse("it holds no graph")
        return self.graph(self.wire.message(model["graph"], GRAPH))

    def graph(self, graph: Message) -> Graph:
        if len(graph["node"]) > NODES:
            raise self.refuse(f"it has {len(graph['node']):,} nodes; {NODES:,} are allowed")
        inputs = tuple(self.value(each) for each in graph["input"])
        weights = dict(self.weight(each) for each in graph["initializer"])
        known = {value.name for value in inputs} | set(weights)
        if len(known) < len(inputs) + len(graph["initializer"]):
            raise self.refuse("two of its inputs or weights have the same name")
        nodes = []
        for index, each in enumerate(graph["node"]):
            node = self.node(index, each)
            for name in node.inputs:
                if name and name not in known:
                    raise self.refuse(f"{_place(index, node)} takes {_quoted(name)}, which nothing before it makes")
            for name in filter(None, node.outputs):
                if name in known:
                    raise self.refuse(f"{_place(index, node)} makes {_quoted(name)}, which is there already")
                known.add(name)
            nodes.append(node)
        outputs = tuple(self.value(each) for each in graph["output"])
        for name in (value.name for value in outputs):
            if name not in known:
                raise self.refuse(f"nothing makes its output {_quoted(name)}")
        if len({value.name for value in outputs}) < len(outputs):
            raise self.refuse("two of its outputs have the same name")
        return Graph(inputs, outputs, tuple(nodes), weights)

    def node(self, index: int, data: memoryview) -> Node:
        message = self.wire.message(data, NODE)
        attributes = [self.attribute(each) for each in message["attribute"]]
        values = {name: value for name, _, value in attributes}
        node = Node(message.get("op_type", ""), tuple(message["input"]), tuple(message["output"]), values)
        place = _place(index, node)
        if message.get("domain", "") not in _DOMAINS or message.get("overload"):
            raise self.refuse(f"{place} is of the domain {_quoted(message.get('domain', ''))}, not of ai.onnx")
        form = OPERATORS.get(node.operator)
        if form is None:
            raise self.refuse(f"{place} is an operator that an instrument may not use")
        if not form.least <= len(node.inputs) <= form.most or not all(node.inputs[: max(1, form.least)]):
            raise self.refuse(f"{place} has {len(node.inputs)} inputs, which is not what it needs")
        if not 1 <= len(node.outputs) <= form.outputs or not node.outputs[0]:
            raise self.refuse(f"{place} has {len(node.outputs)} outputs, which is not what it makes")
        if len(values) < len(attributes):
            raise self.refuse(f"{place} has an attribute twice")
        for name, kind, _ in attributes:
            if form.attributes.get(name) != kind:
                raise self.refuse(f"{place} has an attribute {_quoted(name)} that does not belong to it")
        if not set(form.required) <= set(values):
            raise self.refuse(f"{place} lacks its attribute {form.required[0]}")
        if node.operator == "Constant" and len(attributes) != 1:
            raise self.refuse(f"{place} has {len(attributes)} values")
        if node.operator == "Cast" and values["to"] not in DTYPES:
            raise self.refuse(f"{place} makes numbers of type {values['to']}, which no instrument uses")
        return node

    def attribute(self, data: memoryview) -> tuple[str, str, Any]:
        """Name, kind and value."""
        message = self.wire.message(data, ATTRIBUTE)
        name, kind = message.get("name", ""), _ATTRIBUTE_TYPES.get(message.get("type", 0))
        filled = {each for each in _ATTRIBUTE_TYPES.values() if each in message and message[each] != []}
        if kind is None or not filled <= {kind} or kind not in message:
            raise self.refuse(f"the attribute {_quoted(name)} is not of the type it says")
        value = message[kind]
        if kind == "tensor":
            value = self.tensor(self.wire.message(value, TENSOR), f"the attribute {_quoted(name)}")
        elif kind == "floats":
            value = tuple(self.flat(value, np.dtype("<f4"), f"the attribute {_quoted(name)}").tolist())
        elif kind == "ints":
            value = tuple(value)
        return name, kind, value

    def weight(self, data: memoryview) -> tuple[str, np.ndarray]:
        message = self.wire.message(data, TENSOR)
        name = message.get("name", "")
        if not name:
            raise self.refuse("one of its weights has no name")
        return name, self.tensor(message, f"the weight {_quoted(name)}")

    def tensor(self, message: Message, what: str) -> np.ndarray:
        dims = message["dims"]
        dtype = DTYPES.get(message.get("data_type", 0))
        if dtype is None:
            raise self.refuse(f"{what} holds numbers of type {message.get('data_type')}, which no instrument uses")
        if message.get("data_location", 0) != 0:
            raise self.refuse(f"{what} lies outside the file")
        if len(dims) > _RANK or any(not 0 <= size < 2**31 for size in dims):
            raise self.refuse(f"{what} has impossible dimensions")
        sources = [name for name in ("raw_data", *_TYPED) if name in message and message[name] != []]
        if len(sources) > 1 or (sources and dtype not in _TYPED.get(sources[0], DTYPES.values())):
            raise self.refuse(f"{what} says in more than one way what it holds")
        array = self.numbers(message, sources[0] if sources else "", dtype, what)
        if array.size != math.prod(dims) or math.prod(max(1, size) for size in dims) > 2**40:
            raise self.refuse(f"{what} has room for {math.prod(dims):,} numbers and holds {array.size:,}")
        array = np.require(array, np.dtype(dtype), "A").reshape(dims)  # a view unless the bytes lie oddly in memory
        array.flags.writeable = False
        return array

    def numbers(self, message: Message, source: str, dtype: str, what: str) -> np.ndarray:
        if not source:
            return np.empty(0, dtype)
        if source in ("int32_data", "int64_data"):
            low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
            if not all(low <= number <= high for number in message[source]):
                raise self.refuse(f"{what} holds a number that is no {dtype}")
            return np.array(message[source], dtype)
        if source == "raw_data":
            array = self.flat([message[source]], np.dtype(dtype).newbyteorder("<"), what)
            if dtype == "bool" and array.size and array.view(np.uint8).max() > 1:
                raise self.refuse(f"{what} holds a number that is no bool")
            return array
        return self.flat(message[source], np.dtype(dtype).newbyteorder("<"), what)

    def flat(self, views: list[memoryview], dtype: np.dtype[Any], what: str) -> np.ndarray:
        joined = views[0] if len(views) == 1 else b"".join(views)
        if len(joined) % dtype.itemsize:
            raise self.refuse(f"{what} ends in the middle of a number")
        return np.frombuffer(joined, dtype)

    def value(self, data: memoryview) -> Value:
        message = self.wire.message(data, VALUE)
        name = message.get("name", "")
        kind = self.wire.message(message.get("type", memoryview(b"")), TYPE)
        tensor = self.wire.message(kind.get("tensor", memoryview(b"")), TENSOR_TYPE)
        dtype = DTYPES.get(tensor.get("elem_type", 0))
        if not name or dtype is None or "shape" not in tensor:
            raise self.refuse(f"the input or output {_quoted(name)} is not declared with a type and a shape we know")
        shape: list[int | None] = []
        for each in self.wire.message(tensor["shape"], SHAPE)["dim"]:
            dimension = self.wire.message(each, DIMENSION)
            size = dimension.get("size")
            if size is not None and ("letter" in dimension or not 0 <= size < 2**31):
                raise self.refuse(f"{_quoted(name)} has impossible dimensions")
            shape.append(size)
        if len(shape) > _RANK:
            raise self.refuse(f"{_quoted(name)} has impossible dimensions")
        return Value(name, dtype, tuple(shape))


def _quoted(name: str) -> str:
    """A stranger's name as a terminal may show it: short, and with nothing in it but ASCII letters."""
    return ascii(name if len(name) <= 60 else name[:57] + "...")


def _place(index: int, node: Node) -> str:
    return f"node {index} ({_quoted(node.operator)}, making {_quoted(node.outputs[0] if node.outputs else '')})"
