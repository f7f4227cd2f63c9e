"""An instrument of any size that learned nothing: what speed is measured with, where what is played does not matter.

Written without torch. Its bias is how often each character stands in a text that ships, so that it plays letters, and
never ends by itself.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from undersong.events import AbstractCodec
from undersong.keeping import instrument_file
from undersong.keeping.check import CHECK_FILE
from undersong.keeping.description import Description
from undersong.keeping.graphs import write_step
from undersong.keeping.graphs_int8 import write_step_int8
from undersong.keeping.instrument_file import InstrumentFile
from undersong.media.text.medium import Text
from undersong.playing.graph_steps import GraphSteps, written_check
from undersong.playing.instrument import Instrument
from undersong.playing.loading import from_file

__all__ = ["context", "untaught", "untaught_file", "written_file"]

NEVER = -30.0  # of log-odds: what would be drawn once in 10^13 draws


def untaught(layers: int = 2, size: int = 256, seed: int = 0) -> Instrument:
    """The instrument as its file plays it: in int8 where the file holds that, on a machine that computes it."""
    return from_file(untaught_file(layers, size, seed))


def written_file(folder: Path, layers: int = 2, size: int = 256, seed: int = 0) -> Path:
    """The same as a file, for a server in a process of its own."""
    path = folder / f"untaught-{layers}x{size}.undersong"
    instrument_file.write(path, untaught_file(layers, size, seed))
    return path


def untaught_file(layers: int, size: int, seed: int) -> InstrumentFile:
    """So many layers of an LSTM of that size, drawn as torch draws them before learning."""
    codec, often = _codec()
    count = codec.event.count or 0
    dice = np.random.default_rng(seed)

    def weight(rows: int, columns: int, bound: float) -> np.ndarray:
        return dice.uniform(-bound, bound, (rows, columns)).astype(np.float32)

    embedding, bound = size // 4, size**-0.5
    arrays = {"ear.inner.weight": dice.standard_normal((count + 1, embedding)).astype(np.float32)}
    for layer in range(layers):
        heard = size if layer else embedding
        for name, columns in (("from_input", heard), ("from_hidden", size)):
            arrays[f"core.layers.{layer}.{name}.weight"] = weight(4 * size, columns, bound)
        arrays[f"core.layers.{layer}.from_input.bias"] = weight(1, 4 * size, bound)[0]
    arrays["heads.next.linear.weight"] = weight(count, size, bound)
    arrays["heads.next.linear.bias"] = np.where(often > 0, np.log(np.maximum(often, 1)), NEVER).astype(np.float32)
    layer_form = {"kind": "lstm.v1", "size": size}
    config = {
        "kind": "autoregressive.v1",
        "event": codec.event.to_json(),
        "conditions": [],
        "layers": [layer_form] * layers,
        "heads": {"next": {"kind": codec.head, "distribution": dict(codec.distribution)}},
    }
    odds = dict(codec.distribution)
    description = Description(
        name=f"untaught-{layers}x{size}",
        medium=Text.kind,
        codec={"kind": codec.kind, **codec.to_json()},
        distribution=odds,
        event=codec.event,
        start_event=codec.start.tolist(),
        state={f"{layer}.{part}": (size,) for layer in range(layers) for part in "hc"},
    )
    file = InstrumentFile(description, {"step": write_step(config, arrays)})
    int8 = write_step_int8(config, arrays)
    if int8 is None:
        return file
    file = replace(file, graphs={**file.graphs, "step_int8": int8})
    check = written_check(GraphSteps(file, "onnxruntime", "int8"))
    return replace(file, attachments={CHECK_FILE: check.to_bytes()})


def _codec() -> tuple[AbstractCodec, np.ndarray]:
    """The characters of a text that ships, and how often each symbol stands in it (V,)."""
    medium = Text()
    (source,) = medium.builtin()["keeper"]
    pieces = medium.read([source]).pieces
    codec = medium.codec(pieces, "character")
    symbols = np.concatenate([codec.encode(piece) for piece in pieces])
    often = np.bincount(symbols, minlength=codec.event.count or 0)
    if codec.end is not None:
        often[codec.end] = 0
    return codec, often


def context(number: int, characters: int = 48) -> str:
    """What stands before the caret of one writer: another stretch of a text that ships for each number."""
    (source,) = Text().builtin()["keeper"]
    whole = " ".join(source.read_text("utf-8").split())
    at = (number * 997) % (len(whole) - characters)
    return whole[at : at + characters]
