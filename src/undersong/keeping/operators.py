"""The operators an instrument may be made of, and the form of each in opset 21.

`playing.numpy_operators` holds what each one does; a test holds both tables, and ONNX's own, equal. An operator that
opens files, calls out, loops or carries a graph of its own does not belong here, whatever it would be good for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

__all__ = ["DTYPES", "OPERATORS", "OPSET", "Operator"]

OPSET = 21
"""The one opset that instruments are written in; ONNX Runtime plays it since 1.18."""

DTYPES: Mapping[int, str] = {
    1: "float32",
    2: "uint8",
    3: "int8",
    6: "int32",
    7: "int64",
    9: "bool",
    11: "float64",
}
"""ONNX's numbers for the kinds of array an instrument may use."""

Attribute = Literal["int", "float", "ints", "floats", "tensor"]


@final
@dataclass(frozen=True)
class Operator:
    """How many inputs and outputs a node may have (from the first `least` none may be left out), and its attributes."""

    least: int
    most: int
    outputs: int = 1
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    required: tuple[str, ...] = ()


MANY = 2**31 - 1

_ONE = Operator(1, 1)
_TWO = Operator(2, 2)
_SOFTMAX = Operator(1, 1, attributes={"axis": "int"})
_REDUCE = Operator(1, 2, attributes={"keepdims": "int", "noop_with_empty_axes": "int"})

OPERATORS: Mapping[str, Operator] = {
    "Abs": _ONE,
    "Add": _TWO,
    "Cast": Operator(1, 1, attributes={"to": "int", "saturate": "int"}, required=("to",)),
    "Clip": Operator(1, 3),
    "Concat": Operator(1, MANY, attributes={"axis": "int"}, required=("axis",)),
    "Constant": Operator(
        0,
        0,
        attributes={
            "value": "tensor",
            "value_float": "float",
            "value_floats": "floats",
            "value_int": "int",
            "value_ints": "ints",
        },
    ),
    "Div": _TWO,
    "Equal": _TWO,
    "Erf": _ONE,
    "Exp": _ONE,
    "Expand": _TWO,
    "Gather": Operator(2, 2, attributes={"axis": "int"}),
    "Gemm": Operator(2, 3, attributes={"alpha": "float", "beta": "float", "transA": "int", "transB": "int"}),
    "Greater": _TWO,
    "Identity": _ONE,
    "LayerNormalization": Operator(
        2, 3, outputs=3, attributes={"axis": "int", "epsilon": "float", "stash_type": "int"}
    ),
    "Less": _TWO,
    "Log": _ONE,
    "LogSoftmax": _SOFTMAX,
    "MatMul": _TWO,
    "MatMulInteger": Operator(2, 4),
    "Max": Operator(1, MANY),
    "Min": Operator(1, MANY),
    "Mul": _TWO,
    "Neg": _ONE,
    "Pow": _TWO,
    "ReduceMax": _REDUCE,
    "ReduceMean": _REDUCE,
    "ReduceSum": _REDUCE,
    "Relu": _ONE,
    "Reshape": Operator(2, 2, attributes={"allowzero": "int"}),
    "Round": _ONE,
    "Shape": Operator(1, 1, attributes={"start": "int", "end": "int"}),
    "Sigmoid": _ONE,
    "Slice": Operator(3, 5),
    "Softmax": _SOFTMAX,
    "Softplus": _ONE,
    "Split": Operator(1, 2, outputs=MANY, attributes={"axis": "int", "num_outputs": "int"}),
    "Sqrt": _ONE,
    "Squeeze": Operator(1, 2),
    "Sub": _TWO,
    "Tanh": _ONE,
    "Transpose": Operator(1, 1, attributes={"perm": "ints"}),
    "Unsqueeze": _TWO,
    "Where": Operator(3, 3),
}
