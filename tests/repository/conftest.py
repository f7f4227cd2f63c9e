"""What these tests share: the command line as a person runs it, and an instrument small enough to build on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from running import Python

from undersong.distributions.categorical import Categorical
from undersong.keeping import instrument_file
from undersong.keeping.description import Description
from undersong.keeping.graphs import GraphWriter
from undersong.keeping.instrument_file import InstrumentFile
from undersong.media.text.codec import Characters


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """A Python in a folder of its own."""
    return Python(tmp_path)


@pytest.fixture(scope="session")
def tiny_instrument(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text instrument that only knows which symbol likes to follow which; its odds are dice."""
    codec = Characters(sorted("\n abcdefghijklmnopqrstuvwxyz"))
    size = codec.end + 1  # V
    distribution = Categorical(size)
    odds = np.random.default_rng(1).normal(size=(size + 1, size)).astype(np.float32)  # (V + 1, V), the start is heard
    graph = GraphWriter("step")
    event = graph.input("event", "int64", ["B"])
    graph.output(graph.op("Gather", graph.weight("odds", odds), event), "parameters.next", ["B", size])
    description = Description(
        name="tiny",
        medium="text.v1",
        codec={"kind": codec.kind, **codec.to_json()},
        distribution=distribution.to_json(),
        event=codec.event,
        start_event=codec.start.tolist(),
        dials=distribution.dials,
    )
    path = tmp_path_factory.mktemp("instrument") / "tiny.undersong"
    instrument_file.write(path, InstrumentFile(description, {"step": graph.to_bytes()}))
    return path
