"""One step at a time: the instrument file on onnxruntime and on numpy, beside PyTorch, in one run on one thread.

    python benchmarks/stepping.py

Every player takes the same LSTM one event further per call, batch 1, its state carried on. torch stands in three
forms: the core's own step, `nn.LSTM` with oneDNN off (its faster form for one step) and as it comes.
"""

from __future__ import annotations

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from measured import write

from undersong.events import Condition
from undersong.keeping.description import Description
from undersong.keeping.instrument_file import InstrumentFile
from undersong.learning.export import to_graphs
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.playing import graph_steps
from undersong.playing.graph_steps import GraphSteps
from undersong.shapes import ArraySpec

SYMBOLS, ROUNDS, CALLS = 128, 15, 60
SIZES = ((1, 256), (2, 256), (1, 512), (2, 512))


def main() -> None:
    torch.set_num_threads(1)
    graph_steps._WIDE = 1 << 40  # large networks play on two threads; here all play on one
    torch.set_flush_denormal(True)
    results = []
    for layers, size in SIZES:
        steppers = players(layers, size)
        times: dict[str, list[float]] = {name: [] for name in steppers}
        for _ in range(ROUNDS):  # in turn, so that a busy moment hits all alike
            for name, step in steppers.items():
                times[name].append(seconds_per_step(step))
        median = {name: statistics.median(found) for name, found in times.items()}
        fastest = min(seconds for name, seconds in median.items() if name.startswith("torch"))
        rows = {
            name: {
                "microseconds": round(1e6 * seconds, 1),
                "steps per second": round(1 / seconds),
                "spread": [round(1e6 * min(times[name]), 1), round(1e6 * max(times[name]), 1)],
                "times the fastest torch": round(fastest / seconds, 2),
            }
            for name, seconds in median.items()
        }
        results.append({"network": f"{layers} x {size} lstm", "rows": rows})
        print(f"{layers} x {size}: " + ", ".join(f"{n} {r['microseconds']:.0f} us" for n, r in rows.items()))
    write("stepping", {"what": "one step, batch 1, one thread, medians of interleaved rounds", "results": results})


def players(layers: int, size: int) -> dict[str, Callable[[], None]]:
    """Functions that each take one step and carry the state."""
    event = ArraySpec((), "int64", count=SYMBOLS)
    head = {"kind": "categorical.v1", "distribution": {"kind": "categorical.v1", "size": SYMBOLS}}
    layer = {"kind": "lstm.v1", "size": size}
    model = Autoregressive(ModelSpec(event, size // 4, (layer,) * layers, {"next": head})).eval()
    state = {name: tuple(shape) for name, shape in model.core.state_shapes.items()}
    description = Description(
        "bench",
        "text.v1",
        {"kind": "none"},
        head["distribution"],
        event,
        SYMBOLS,
        state=state,  # type: ignore[arg-type]
    )
    file = InstrumentFile(description, to_graphs(model))
    whole = torch.nn.LSTM(size // 4, size, layers, batch_first=True).eval()
    return {
        "onnxruntime": playing(GraphSteps(file, "onnxruntime")),
        "numpy": playing(GraphSteps(file, "numpy")),
        "torch cells": cells(model),
        "torch nn.LSTM, oneDNN off": module(model, whole, onednn=False),
        "torch nn.LSTM": module(model, whole, onednn=True),
    }


def playing(steps: GraphSteps) -> Callable[[], None]:
    event = np.array([3])
    carried = [steps.start(Condition(), 1)[1]]

    def step() -> None:
        carried[0] = steps.step(event, Condition(), carried[0])[1]

    return step


def cells(model: Autoregressive) -> Callable[[], None]:
    event = torch.tensor([3])
    carried = [model.start({}, 1)]

    def step() -> None:
        with torch.inference_mode():
            carried[0] = model.step(event, {}, carried[0])[1]

    return step


def module(model: Autoregressive, lstm: torch.nn.LSTM, onednn: bool) -> Callable[[], None]:
    event = torch.tensor([[3]])
    shape = (lstm.num_layers, 1, lstm.hidden_size)
    carried = [(torch.zeros(shape), torch.zeros(shape))]

    def step() -> None:
        with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=onednn):
            h, carried[0] = lstm(model.ear(event), carried[0])
            model.heads["next"](h)

    return step


def seconds_per_step(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        step()
    return (time.perf_counter() - began) / CALLS


if __name__ == "__main__":
    main()
