"""An instrument file's graphs as something that steps: on onnxruntime, or on numpy where that is missing.

In integers of 8 bits where the file holds such a graph and this machine computes it as the one did that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import Condition, Parameters, State
from undersong.keeping.check import CHECK_FILE, Check, check_events, read_check
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.onnx_reader import read_graph

__all__ = ["PRECISIONS", "GraphSteps", "have_onnxruntime", "int8_is_exact", "written_check"]

PRECISIONS = ("auto", "float32", "int8")

_WIDE = 4_000_000  # bytes of weights from which a second thread pays for a single row

_CLOSE = 0.02
"""How far parameters may lie from those of a check: in log-odds 2 % of an event's odds. With numpy's tanh instead of
ONNX Runtime's four voices moved by 0.00001, with sums cut off at 16 bits by 1.7 to 4.1."""

_KEPT = 64  # parameters of an event that a check keeps: enough to see a product that is wrong


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
        return dict(zip(wanted, self.session.run(wanted, inputs), strict=True))


def have_onnxruntime() -> bool:
    """Whether the fast player can be imported."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        return False
    return True


@final
class GraphSteps:
    """`start` and `step` of an instrument file. The state before the first event is zeros, or the start graph's.

    `precision` is what it plays in: "float32" or "int8".
    """

    def __init__(self, file: InstrumentFile, engine: str = "auto", precision: str = "auto") -> None:
        """`engine` is "onnxruntime", "numpy", or "auto" for the first of these that is there.

        `precision` "auto" plays int8 on onnxruntime where the file has it and it passes the file's check here; numpy
        has no fast integers. "int8" plays it unchecked, and raises UsageError where the file has none.
        """
        if precision not in PRECISIONS:
            raise UsageError(f"There is no precision '{precision}'.", f"Use {', '.join(PRECISIONS)}.")
        if engine == "auto":
            engine = "onnxruntime" if have_onnxruntime() else "numpy"
        if precision == "int8" and "step_int8" not in file.graphs:
            raise UsageError(f"'{file.description.name}' holds no int8 graph.", "Play it in float32.")
        self.engine = engine
        self.description = file.description
        self._start = _runner(file.graphs["start"], engine) if "start" in file.graphs else None
        self._first = np.asarray(self.description.start_event, dtype=self.description.event.dtype)
        checked = engine == "onnxruntime" and "step_int8" in file.graphs and CHECK_FILE in file.attachments
        self.precision = "int8" if precision == "int8" or (precision == "auto" and checked) else "float32"
        self._play(file)
        unsure = precision == "auto" and self.precision == "int8"
        if unsure and not self._agrees(read_check(file.attachments[CHECK_FILE], file.description)):
            self.precision = "float32"
            self._play(file)

    def _play(self, file: InstrumentFile) -> None:
        """Make ready the graph of that precision."""
        graph = file.graphs["step_int8" if self.precision == "int8" else "step"]
        self._step = _runner(graph, self.engine)
        outputs = [value.name for value in read_graph(graph).outputs]
        parameters, after, gates = (
            {name: name.removeprefix(prefix) for name in outputs if name.startswith(prefix)}
            for prefix in ("parameters.", "after.", "gate.")
        )
        self._parameters, self._after, self._gates = parameters, after, gates
        self._wanted = [*parameters, *after]

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        state: State
        if self._start is not None:
            held = {c.name for c in self.description.conditions if c.per != "event"}
            asked = {f"condition.{k}": v for k, v in condition.items() if k.removesuffix(".mask") in held}
            found = self._start.run(asked, list(self._after))
            state = {public: found[name] for name, public in self._after.items()}
        else:
            shapes = self.description.state
            state = {name: np.zeros((batch, *shape), dtype=np.float32) for name, shape in shapes.items()}
        return self.step(np.broadcast_to(self._first, (batch, *self._first.shape)), condition, state)

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        found = self._run(event, condition, state, self._wanted)
        return (
            {public: found[name] for name, public in self._parameters.items()},
            {public: found[name] for name, public in self._after.items()},
        )

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        found = self._run(event, condition, state, [*self._wanted, *self._gates])
        return (
            {public: found[name] for name, public in self._parameters.items()},
            {public: found[name] for name, public in self._after.items()},
            {public: found[name] for name, public in self._gates.items()},
        )

    def _run(
        self, event: np.ndarray, condition: Condition, state: State, wanted: Sequence[str]
    ) -> dict[str, np.ndarray]:
        inputs: dict[str, Any] = {"event": np.ascontiguousarray(event)}
        for name, value in condition.items():
            inputs[f"condition.{name}"] = np.ascontiguousarray(value)
        for name, value in state.items():
            inputs[f"state.{name}"] = value
        return self._step.run(inputs, wanted)

    # ── the check ──────────────────────────────────────────────────────────────────────────────────────────────────

    def gives(self, events: np.ndarray) -> np.ndarray:
        """`parameters.next` (T, R, P) after each of the events (T, R, …), from the start under neutral conditions."""
        rows = events.shape[1]
        neutral = Condition.complete(self.description.conditions, {}, rows)
        state = self.start(neutral, rows)[1]
        given = []
        for event in events:
            parameters, state = self.step(event, neutral, state)
            given.append(parameters["next"])
        return np.array(given)

    def _agrees(self, check: Check) -> bool:
        """Whether rows together, and the first of them alone, give what they gave where the graph was written."""
        for rows in (slice(None), slice(1)):
            given = self.gives(check.events[:, rows])[..., :: check.stride]
            expected = check.parameters[:, rows]
            if given.shape != expected.shape or not np.allclose(given, expected, rtol=_CLOSE / 10, atol=_CLOSE):
                return False
        return True


def written_check(steps: GraphSteps) -> Check:
    """What these steps give for the events of a check."""
    events = check_events(steps.description.event)
    given = steps.gives(events)
    stride = -(-given.shape[-1] // _KEPT)
    return Check(events, given[..., ::stride], stride)


def int8_is_exact() -> bool:
    """Whether onnxruntime computes products of the largest 8-bit integers exactly on this processor."""
    from undersong.keeping.graphs_int8 import probe_graph

    weight = np.where(np.arange(1024)[:, None] // np.arange(1, 129) % 2, np.float32(-1), np.float32(1))  # (I, O)
    x = np.where(np.arange(64)[:, None] * np.arange(1024) % 7 < 3, np.float32(-1), np.float32(1))  # (B, I)
    graph = probe_graph(weight)
    exact = _runner(graph, "numpy").run({"x": x}, ["y"])["y"]
    runner = _OnnxRuntime(graph)
    return all(np.array_equal(runner.run({"x": x[:rows]}, ["y"])["y"], exact[:rows]) for rows in (1, 3, 64))


def _runner(graph: bytes, engine: str) -> _Runner:
    if engine == "onnxruntime":
        return _OnnxRuntime(graph)
    from undersong.playing.numpy_steps import NumpyGraph

    return NumpyGraph(read_graph(graph))
