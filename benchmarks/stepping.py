"""One step at a time: the instrument file in int8 and float32, beside PyTorch and numpy, all on the same threads.

    python benchmarks/stepping.py [--rounds 15]

Every player takes the same LSTM one event further per call, its state carried on, for one row and for 64; threads are
set before a process starts, so each number of them has a process of its own. torch stands in four forms: the core's own
step, that step compiled, `nn.LSTM` with oneDNN off (its faster form for one step), and `nn.LSTM` as it comes, which is
there to be seen and never what is compared with.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from measured import write

from undersong.events import Condition
from undersong.keeping.description import Description
from undersong.keeping.graphs_int8 import write_step_int8
from undersong.keeping.instrument_file import InstrumentFile
from undersong.learning.export import arrays_of, to_graphs
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.playing import graph_steps
from undersong.playing.graph_steps import GraphSteps
from undersong.shapes import ArraySpec

SYMBOLS, SECONDS = 128, 0.02  # of vocabulary, and about how long a player plays at a time
SIZES = ((1, 256), (2, 256), (1, 512), (2, 512))
SHOWN = "torch nn.LSTM as it comes"
OURS = ("int8", "float32")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=15)
    asked.add_argument("--threads", type=int, help=argparse.SUPPRESS)  # in a process that was started on so many
    asked = asked.parse_args()
    if asked.threads is not None:
        print(json.dumps(on_threads(asked.threads, asked.rounds)))
        return
    results: list[dict[str, Any]] = []
    for threads in (1, 2):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, str(threads))
        command = [sys.executable, __file__, "--rounds", str(asked.rounds), "--threads", str(threads)]
        told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
        results += json.loads(told.splitlines()[-1])
    for result in results:
        print(f"{result['network']}, batch {result['batch']}, {result['threads']} thread(s):")
        for name, row in result["rows"].items():
            low, high = row["spread"]
            print(
                f"  {name:28} {row['microseconds']:8.1f} us ({low:.0f} to {high:.0f}) {row['times the fastest']:6.2f}x"
            )
    what = f"one step, {asked.rounds} interleaved rounds: median and spread; as many times as fast as the fastest other"
    write("stepping", {"what": what, "torch": torch.__version__, "results": results})


def on_threads(threads: int, rounds: int) -> list[dict[str, Any]]:
    """All sizes at batch 1, and the largest at batch 64, on so many threads."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    graph_steps._WIDE = 1 << 40 if threads == 1 else -1  # otherwise the player itself chooses one thread or two
    sizes = SIZES if threads == 1 else SIZES[-1:]
    cases = [(layers, size, 1) for layers, size in sizes] + [(*SIZES[-1], 64)]
    return [case(layers, size, batch, threads, rounds) for layers, size, batch in cases]


def case(layers: int, size: int, batch: int, threads: int, rounds: int) -> dict[str, Any]:
    steppers, notes = players(layers, size, batch)
    calls = {name: max(2, round(SECONDS / seconds_per_step(step, 5))) for name, step in steppers.items()}
    times: dict[str, list[float]] = {name: [] for name in steppers}
    for _ in range(rounds):  # in turn, so that a busy moment hits all alike
        for name, step in steppers.items():
            times[name].append(seconds_per_step(step, calls[name]))
    median = {name: statistics.median(found) for name, found in times.items()}
    fastest = min((name for name in median if name not in (*OURS, SHOWN)), key=median.__getitem__)
    rows = {
        name: {
            "microseconds": round(1e6 * seconds, 1),
            "steps per second": round(1 / seconds),
            "spread": [round(1e6 * min(times[name]), 1), round(1e6 * max(times[name]), 1)],
            "times the fastest": round(median[fastest] / seconds, 2),
        }
        for name, seconds in median.items()
    }
    network = {"network": f"{layers} x {size} lstm", "batch": batch, "threads": threads}
    return network | {"fastest other": fastest, "notes": notes, "rows": rows}


def network(layers: int, size: int) -> tuple[Autoregressive, InstrumentFile]:
    """A model that learned nothing, and its instrument file in both precisions."""
    event = ArraySpec((), "int64", count=SYMBOLS)
    head = {"kind": "categorical.v1", "distribution": {"kind": "categorical.v1", "size": SYMBOLS}}
    layer = {"kind": "lstm.v1", "size": size}
    model = Autoregressive(ModelSpec(event, size // 4, (layer,) * layers, {"next": head})).eval()
    state = {name: tuple(shape) for name, shape in model.core.state_shapes.items()}
    odds = head["distribution"]
    description = Description("bench", "text.v1", {"kind": "none"}, odds, event, SYMBOLS, state=state)  # type: ignore[arg-type]
    file = InstrumentFile(description, to_graphs(model))
    int8 = write_step_int8(model.spec.to_json(), arrays_of(model))
    assert int8 is not None
    return model, replace(file, graphs={**file.graphs, "step_int8": int8})


def players(layers: int, size: int, batch: int) -> tuple[dict[str, Callable[[], None]], list[str]]:
    """Functions that each take one step and carry the state, and what is missing among them."""
    model, file = network(layers, size)
    whole = torch.nn.LSTM(size // 4, size, layers, batch_first=True).eval()
    found = {
        "int8": playing(GraphSteps(file, "onnxruntime", "int8"), batch),
        "float32": playing(GraphSteps(file, "onnxruntime", "float32"), batch),
        "numpy": playing(GraphSteps(file, "numpy", "float32"), batch),
        "torch cells": cells(model, batch, model.step),
        "torch nn.LSTM, oneDNN off": module(model, whole, batch, onednn=False),
        SHOWN: module(model, whole, batch, onednn=True),
    }
    try:
        torch.compiler.reset()  # or it would give up after eight models
        compiled = cells(model, batch, torch.compile(model.step))
        compiled()
    except Exception as error:  # a missing compiler, or whatever else: there are many ways, and all only leave it out
        return found, [f"torch.compile: {type(error).__name__}"]
    return found | {"torch cells, compiled": compiled}, []


def playing(steps: GraphSteps, batch: int) -> Callable[[], None]:
    event = np.full(batch, 3)
    carried = [steps.start(Condition(), batch)[1]]

    def step() -> None:
        carried[0] = steps.step(event, Condition(), carried[0])[1]

    return step


def cells(model: Autoregressive, batch: int, take: Callable[..., Any]) -> Callable[[], None]:
    event = torch.full((batch,), 3)
    carried = [model.start({}, batch)]

    def step() -> None:
        with torch.inference_mode():
            carried[0] = take(event, {}, carried[0])[1]

    return step


def module(model: Autoregressive, lstm: torch.nn.LSTM, batch: int, onednn: bool) -> Callable[[], None]:
    event = torch.full((batch, 1), 3)
    shape = (lstm.num_layers, batch, lstm.hidden_size)
    carried = [(torch.zeros(shape), torch.zeros(shape))]

    def step() -> None:
        with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=onednn):
            h, carried[0] = lstm(model.ear(event), carried[0])
            model.heads["next"](h)

    return step


def seconds_per_step(step: Callable[[], None], calls: int) -> float:
    step()
    began = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - began) / calls


if __name__ == "__main__":
    main()
