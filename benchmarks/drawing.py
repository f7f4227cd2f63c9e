"""What playing costs beside the network: drawing and dials on top of a step, and memory over a million characters.

python benchmarks/drawing.py [--characters 1000000] [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import statistics

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measured import timed, write

from undersong.events import Condition
from undersong.keeping.graphs_int8 import write_step_int8
from undersong.learning.export import arrays_of
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.making.assembling import assemble
from undersong.media.text.medium import Text
from undersong.playing.instrument import Instrument
from undersong.playing.loading import from_file

EVENTS, TEMPERATURE = 300, 0.8
WARM = 20_000  # characters after which Python has taken what it needs


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--characters", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=15)
    asked = asked.parse_args()
    rows = {precision: share(instrument(2, 512, precision), asked.rounds) for precision in ("int8", "float32")}
    for name, row in rows.items():
        print(f"{name:8} step {row['step']:.1f} us, drawing and dials {row['drawing']:.1f} us more: {row['share']:.0%}")
    held = memory(instrument(1, 64, "float32"), asked.characters)
    print(f"{held['characters']:,} characters: {held['before']:.1f} MB before, {held['after']:.1f} MB after")
    what = f"microseconds an event of a 2 x 512 LSTM, batch 1, one thread, temperature {TEMPERATURE}: medians of rounds"
    write("drawing", {"what": what, "rows": rows, "memory, in MB": held})


def instrument(layers: int, size: int, precision: str) -> Instrument:
    """A voice of the shipped vocabulary that learned nothing and never ends, in one precision."""
    medium = Text()
    (source,) = medium.builtin()["keeper"]
    codec = medium.codec(medium.read([source]).pieces, "character")
    head = {"kind": "categorical.v1", "distribution": dict(codec.distribution)}
    spec = ModelSpec(codec.event, size // 4, ({"kind": "lstm.v1", "size": size},) * layers, {"next": head})
    torch.manual_seed(0)
    model = Autoregressive(spec).eval()
    assert codec.end is not None
    model.heads["next"].linear.bias.data[codec.end] = -30.0  # type: ignore[union-attr,operator,index]
    file = assemble("bench", medium, codec, model, {})
    int8 = write_step_int8(spec.to_json(), arrays_of(model))
    if int8 is not None:
        file = replace(file, graphs={**file.graphs, "step_int8": int8})
    return from_file(file, "onnxruntime", precision)


def share(player: Instrument, rounds: int) -> dict[str, Any]:
    """Microseconds of a bare step, and what `stream` adds to it."""
    state = [player.steps.start(Condition(), 1)[1]]
    stream = player.stream("The ", length=1 << 40, seed=1, temperature=TEMPERATURE)
    event = np.array([3])

    def bare() -> None:
        for _ in range(EVENTS):
            state[0] = player.steps.step(event, Condition(), state[0])[1]

    def drawn() -> None:
        for _ in islice(stream, EVENTS):
            pass

    steps, whole = [], []
    for _ in range(rounds + 1):  # in turn, so that a busy moment hits both alike; the first round warms up
        steps.append(timed(bare)[1] / EVENTS * 1e6)
        whole.append(timed(drawn)[1] / EVENTS * 1e6)
    added = [most - least for most, least in zip(whole[1:], steps[1:], strict=True)]
    step, drawing = statistics.median(steps[1:]), statistics.median(added)
    return {
        "step": round(step, 1),
        "drawing": round(drawing, 1),
        "spread": [round(min(added), 1), round(max(added), 1)],
        "share": round(drawing / step, 3),
    }


def memory(player: Instrument, characters: int) -> dict[str, Any]:
    """Resident memory in MB once warm, and after so many characters more, as they are drawn."""
    stream = player.stream("The ", length=1 << 40, seed=1, temperature=TEMPERATURE)
    held, each = [], max(1, characters // 4)
    for count in (WARM, each, each, each, each):
        for _ in islice(stream, count):
            pass
        held.append(round(resident() / 1e6, 2))
    return {"characters": 4 * each, "before": held[0], "after": held[-1], "by quarters": held[1:]}


def resident() -> int:
    """Bytes of this process that lie in memory now; Linux alone tells."""
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
