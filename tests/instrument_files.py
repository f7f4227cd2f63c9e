"""A small instrument for tests: its step graph and its description."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from onnx import helper
from onnx_models import FLOAT, INT64, graph_bytes

from undersong.distributions.distribution import Dial
from undersong.events import ConditionSpec
from undersong.keeping.instrument_file import Description
from undersong.shapes import ArraySpec

SYMBOLS, UNITS = 5, 4


def step() -> bytes:
    """Hears a symbol and a mood; its state is a sum, its odds the state times a table."""
    return graph_bytes(
        [
            helper.make_node("Gather", ["table", "event"], ["x"]),
            helper.make_node("Mul", ["x", "condition.mood"], ["gate.mood"]),
            helper.make_node("Add", ["state.h", "gate.mood"], ["after.h"]),
            helper.make_node("MatMul", ["after.h", "odds"], ["parameters.next"]),
        ],
        {"event": (INT64, ["B"]), "condition.mood": (FLOAT, ["B", 1]), "state.h": (FLOAT, ["B", UNITS])},
        {
            "parameters.next": (FLOAT, ["B", SYMBOLS]),
            "after.h": (FLOAT, ["B", UNITS]),
            "gate.mood": (FLOAT, ["B", UNITS]),
        },
        {"table": np.ones((SYMBOLS, UNITS), np.float32), "odds": np.ones((UNITS, SYMBOLS), np.float32)},
    )


def description(**changes: Any) -> Description:
    made = Description(
        name="sonnets é",
        medium="text.v1",
        codec={"kind": "characters.v1", "clusters": list("abcdé")},
        distribution={"kind": "categorical.v1", "size": SYMBOLS},
        event=ArraySpec((), "int64", count=SYMBOLS),
        start_event=4,
        conditions=(ConditionSpec("mood", ArraySpec((1,), low=-1.0, high=1.0), "piece", "From sad to glad."),),
        state={"h": (UNITS,)},
        dials=(Dial("temperature", "Below 1 plays safe.", 0.0, 10.0, 1.0),),
        provenance={"steps": 100, "licence": "CC0", "nats": [1.5, None]},
    )
    return replace(made, **changes)
