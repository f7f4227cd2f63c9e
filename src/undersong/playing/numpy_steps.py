"""A graph played in numpy alone: the oracle that ONNX Runtime is held against, and what plays where it is missing.

What each operator does stands in `numpy_operators.py`; here they are put in a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, final

import numpy as np

from undersong.errors import InputError, InstrumentFileError
from undersong.keeping.onnx_reader import Graph, Node, Value
from undersong.playing.numpy_operators import STEPS

__all__ = ["NumpyGraph", "evaluate"]

_LARGEST = 2**28
"""Bytes of one value: a graph of forty doublings would otherwise take all the memory there is."""

_WRONG = (ValueError, TypeError, IndexError, KeyError, ArithmeticError, MemoryError)
"""What numpy raises when arrays do not fit each other."""


def evaluate(
    graph: Graph, inputs: Mapping[str, np.ndarray], wanted: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
    """What the graph makes of these inputs: the `wanted` values by name, inner ones too, or all its outputs."""
    return NumpyGraph(graph).run(inputs, wanted)


@final
class NumpyGraph:
    """A graph made ready once, to be run many times; what depends on weights alone is worked out here."""

    def __init__(self, graph: Graph) -> None:
        """Raises InstrumentFileError where the graph's own arrays do not fit each other."""
        self.graph = graph
        self._known: dict[str, Any] = {"": None, **graph.weights}
        self._steps: list[tuple[Callable[..., Any], Node]] = []
        for node in graph.nodes:
            step = (partial(STEPS[node.operator], **node.attributes), node)
            if all(name in self._known for name in node.inputs):
                self._play([step], self._known)
            else:
                self._steps.append(step)

    def run(self, inputs: Mapping[str, np.ndarray], wanted: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """The `wanted` values by name, inner ones too, or all outputs.

        Arrays that come out may be views, also of the weights or of `inputs`: read them, or copy them.
        Raises InputError for inputs that are not the declared ones, InstrumentFileError where the graph fails on them.
        """
        values = dict(self._known)
        for value in self.graph.inputs:
            values[value.name] = _checked(value, inputs)
        self._play(self._steps, values)
        names = [value.name for value in self.graph.outputs] if wanted is None else list(wanted)
        for name in names:
            if not name or name not in values:
                raise InputError(f"The graph makes nothing called '{name}'.")
        return {name: values[name] for name in names}

    def _play(self, steps: Iterable[tuple[Callable[..., Any], Node]], values: dict[str, Any]) -> None:
        node = None
        try:
            with np.errstate(all="ignore"):  # infinities and NaN go their way, as in ONNX Runtime
                for step, node in steps:
                    result = step(*[values[name] for name in node.inputs])
                    if type(result) is not tuple:
                        values[node.outputs[0]] = _array(result)
                        continue
                    if len(result) < len(node.outputs) or (node.operator == "Split" and result[len(node.outputs) :]):
                        raise ValueError(f"it makes {len(result)} arrays, not {len(node.outputs)}")
                    for name, each in zip(node.outputs, result, strict=False):
                        if name:
                            values[name] = _array(each)
        except _WRONG as error:
            assert node is not None
            raise InstrumentFileError(
                f"The graph fails at the {node.operator} that makes {node.outputs[0][:60]!a}: {error}."
            ) from error


def _array(result: Any) -> np.ndarray:
    array = result if type(result) is np.ndarray else np.asarray(result)  # ufuncs make scalars of arrays without axes
    if array.nbytes > _LARGEST:
        raise MemoryError(f"it makes {array.nbytes:,} bytes; {_LARGEST:,} are allowed")
    return array


def _checked(value: Value, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    array = inputs.get(value.name)
    if array is None:
        raise InputError(f"The graph needs an array '{value.name}'.")
    fits = len(array.shape) == len(value.shape) and all(
        size is None or size == given for size, given in zip(value.shape, array.shape, strict=True)
    )
    if not fits or array.dtype != value.dtype:
        raise InputError(f"'{value.name}' is {array.dtype} {array.shape}; declared is {value.dtype} {value.shape}.")
    return array
