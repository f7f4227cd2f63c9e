"""The messages of an ONNX file, field by field: what we read, what we pass over, and what no instrument may have.

Source: onnx/onnx.proto of ONNX 1.23. What is passed over is prose: it changes nothing about what is played.
"""

from __future__ import annotations

from undersong.keeping.wire import Field, Form

__all__ = [
    "ATTRIBUTE",
    "DIMENSION",
    "GRAPH",
    "MODEL",
    "NODE",
    "OPSET_IMPORT",
    "SHAPE",
    "TENSOR",
    "TENSOR_TYPE",
    "TYPE",
    "VALUE",
]

_PROSE = Field("prose", "skip")

MODEL = Form(
    "the model",
    {
        1: Field("ir_version", "int"),
        2: _PROSE,  # producer_name
        3: _PROSE,  # producer_version
        4: _PROSE,  # domain
        5: _PROSE,  # model_version
        6: _PROSE,  # doc_string
        7: Field("graph", "bytes"),
        8: Field("opset_import", "many"),
        14: Field("metadata (ONNX Runtime may take settings from it)", "refused"),
        20: Field("training steps", "refused"),
        25: Field("functions", "refused"),
        26: Field("device settings", "refused"),
    },
)

OPSET_IMPORT = Form("an opset", {1: Field("domain", "str"), 2: Field("version", "int")})

GRAPH = Form(
    "the graph",
    {
        1: Field("node", "many"),
        2: _PROSE,  # name
        5: Field("initializer", "many"),
        10: _PROSE,  # doc_string
        11: Field("input", "many"),
        12: Field("output", "many"),
        13: _PROSE,  # value_info: shapes of inner values, which both players work out for themselves
        14: Field("quantization notes", "refused"),
        15: Field("sparse weights", "refused"),
        16: _PROSE,  # metadata_props
    },
)

NODE = Form(
    "a node",
    {
        1: Field("input", "strs"),
        2: Field("output", "strs"),
        3: Field("name", "str"),
        4: Field("op_type", "str"),
        5: Field("attribute", "many"),
        6: _PROSE,  # doc_string
        7: Field("domain", "str"),
        8: Field("overload", "str"),
        9: _PROSE,  # metadata_props
        10: Field("device settings", "refused"),
    },
)

ATTRIBUTE = Form(
    "an attribute",
    {
        1: Field("name", "str"),
        2: Field("float", "float"),
        3: Field("int", "int"),
        4: Field("a string attribute", "refused"),
        5: Field("tensor", "bytes"),
        6: Field("a graph of its own", "refused"),
        7: Field("floats", "floats"),
        8: Field("ints", "ints"),
        9: Field("string attributes", "refused"),
        10: Field("several tensors", "refused"),
        11: Field("graphs of its own", "refused"),
        13: _PROSE,  # doc_string
        14: Field("a type attribute", "refused"),
        15: Field("type attributes", "refused"),
        20: Field("type", "int"),
        21: Field("a reference to a function's attribute", "refused"),
        22: Field("a sparse tensor", "refused"),
        23: Field("sparse tensors", "refused"),
    },
)

TENSOR = Form(
    "a tensor",
    {
        1: Field("dims", "ints"),
        2: Field("data_type", "int"),
        3: Field("a segment", "refused"),
        4: Field("float_data", "floats"),
        5: Field("int32_data", "ints"),
        6: Field("strings", "refused"),
        7: Field("int64_data", "ints"),
        8: Field("name", "str"),
        9: Field("raw_data", "bytes"),
        10: Field("double_data", "doubles"),
        11: Field("unsigned numbers of 64 bits", "refused"),
        12: _PROSE,  # doc_string
        13: Field("external data", "refused"),
        14: Field("data_location", "int"),
        16: _PROSE,  # metadata_props
    },
)

VALUE = Form("an input or output", {1: Field("name", "str"), 2: Field("type", "bytes"), 3: _PROSE, 4: _PROSE})

TYPE = Form(
    "the type of an input or output",
    {
        1: Field("tensor", "bytes"),
        4: Field("a sequence", "refused"),
        5: Field("a map", "refused"),
        6: _PROSE,  # denotation
        7: Field("an opaque value", "refused"),
        8: Field("a sparse tensor", "refused"),
        9: Field("an optional value", "refused"),
    },
)

TENSOR_TYPE = Form("a tensor type", {1: Field("elem_type", "int"), 2: Field("shape", "bytes")})

SHAPE = Form("a shape", {1: Field("dim", "many")})

DIMENSION = Form("a dimension", {1: Field("size", "int"), 2: Field("letter", "str"), 3: _PROSE})
