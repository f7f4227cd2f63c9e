"""An instrument file's graphs as something that steps: on onnxruntime, or on numpy where that is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import numpy as np

from undersong.events import Condition, Parameters, State
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.onnx_reader import read_graph

__all__ = ["GraphSteps", "have_onnxruntime"]

_WIDE = 4_000_000  # bytes of weights from which a second thread pays for a single row


class _Runner(Protocol):
    def run(self, inputs: Mapping[str, np.ndarray], wanted: Sequence[str]) -> dict[str, np.ndarray]: ...


@final
class _OnnxRuntime:
    """One graph as an onnxruntime session."""

    def __init__(self, graph: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2 if len(graph) > _WIDE else 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Mapping[str, np.ndarray], wanted: Sequence[str]) -> dict[str, np.ndarray]:
        return dict(zip(wanted, self.session.run(wanted, dict(inputs)), strict=True))


def have_onnxruntime() -> bool:
    """Whether the fast player can be imported."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


@final
class GraphSteps:
    """`start` and `step` of an instrument file. The state before the first event is zeros, or the start graph's."""

    def __init__(self, file: InstrumentFile, engine: str = "auto") -> None:
        """`engine` is "onnxruntime", "numpy", or "auto" for the first of these that is there."""
        if engine == "auto":
            engine = "onnxruntime" if have_onnxruntime() else "numpy"
        self.engine = engine
        self.description = file.description
        self._step = _runner(file.graphs["step"], engine)
        self._start = _runner(file.graphs["start"], engine) if "start" in file.graphs else None
        outputs = [value.name for value in read_graph(file.graphs["step"]).outputs]
        self._odds = [name for name in outputs if name.startswith("parameters.")]
        self._after = [name for name in outputs if name.startswith("after.")]
        self._gates = [name for name in outputs if name.startswith("gate.")]
        self._first = np.asarray(self.description.start_event, dtype=self.description.event.dtype)

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        state: State
        if self._start is not None:
            held = {c.name for c in self.description.conditions if c.per != "event"}
            asked = {f"condition.{k}": v for k, v in condition.items() if k.removesuffix(".mask") in held}
            found = self._start.run(asked, self._after)
            state = {name.removeprefix("after."): value for name, value in found.items()}
        else:
            shapes = self.description.state
            state = {name: np.zeros((batch, *shape), dtype=np.float32) for name, shape in shapes.items()}
        return self.step(np.broadcast_to(self._first, (batch, *self._first.shape)), condition, state)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        parameters, after, _ = self._run(event, condition, state, [])
        return parameters, after

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        return self._run(event, condition, state, self._gates)

    def _run(
        self, event: np.ndarray, condition: Condition, state: State, gates: list[str]
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        inputs: dict[str, Any] = {"event": np.ascontiguousarray(event)}
        inputs |= {f"condition.{name}": np.ascontiguousarray(value) for name, value in condition.items()}
        inputs |= {f"state.{name}": value for name, value in state.items()}
        found = self._step.run(inputs, [*self._odds, *self._after, *gates])
        return (
            {name.removeprefix("parameters."): found[name] for name in self._odds},
            {name.removeprefix("after."): found[name] for name in self._after},
            {name.removeprefix("gate."): found[name] for name in gates},
        )


def _runner(graph: bytes, engine: str) -> _Runner:
    if engine == "onnxruntime":
        return _OnnxRuntime(graph)
    from undersong.playing.numpy_steps import NumpyGraph

    return NumpyGraph(read_graph(graph))
