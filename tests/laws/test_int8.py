"""What holds for playing in integers: rows stay their own, whoever computes them, and stay near what was learned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from tiny_models import MEDIA, CoreCase, condition_of, events_of, every_core, int8_file_of, voice

from undersong import registry
from undersong.events import Condition
from undersong.keeping.graphs_int8 import probe_graph
from undersong.keeping.onnx_reader import read_graph
from undersong.playing.graph_steps import GraphSteps, _OnnxRuntime
from undersong.playing.numpy_steps import NumpyGraph

ROWS, T = 64, 20
WRITTEN = [core for core in every_core() if core.kind in registry.names("graphs")]

every_medium = pytest.mark.parametrize("medium", MEDIA)
every_written_core = pytest.mark.parametrize("core", WRITTEN, ids=str)


@cache
def steps_of(medium: str, core: CoreCase, precision: str, engine: str = "onnxruntime") -> GraphSteps:
    """Two layers of the core, for three engines and precisions the same."""
    return GraphSteps(int8_file_of(medium, core, core), engine, precision)


def played(steps: GraphSteps, medium: str, rows: Sequence[int]) -> np.ndarray:
    """`parameters.next` (T, rows, P) of some of 64 different rows, each asked something of its own."""
    of, chosen = voice(medium), list(rows)
    events, whole = events_of(of, ROWS, T), condition_of(of, ROWS, T)
    per = {spec.name: spec.per for spec in of.codec.conditions}
    at = [Condition({n: v[:, t] if per.get(n) == "event" else v for n, v in whole.items()}) for t in range(T)]
    state = {name: value[chosen] for name, value in steps.start(at[0], ROWS)[1].items()}
    found = []
    for t in range(T):
        asked = Condition({name: value[chosen] for name, value in at[t].items()})
        parameters, state = steps.step(events[chosen, t], asked, state)
        found.append(parameters["next"])
    return np.array(found)


@every_medium
@every_written_core
@pytest.mark.parametrize("mates", [(), (5, 40), tuple(range(63))], ids=["alone", "of 3", "of 64"])
def test_row_in_integers_depends_neither_on_its_batch_mates_nor_on_their_number(
    medium: str, core: CoreCase, mates: tuple[int, ...]
) -> None:
    """Alone, among three or among sixty-four, wherever it stands: bit for bit the same letters."""
    steps = steps_of(medium, core, "int8")

    np.testing.assert_array_equal(
        played(steps, medium, [63])[:, 0], played(steps, medium, [63, *mates])[:, 0], strict=True
    )
    np.testing.assert_array_equal(
        played(steps, medium, [63])[:, 0], played(steps, medium, [*mates, 63])[:, -1], strict=True
    )


@every_medium
@every_written_core
def test_integers_play_nearly_what_was_learned(medium: str, core: CoreCase) -> None:
    """A layer rounds each activation and each weight to 1/127 of the largest near it, and no more."""
    precise, fast = (played(steps_of(medium, core, p), medium, range(ROWS)) for p in ("float32", "int8"))

    assert 0 < np.abs(fast - precise).mean() < 0.02
    assert np.abs(fast - precise).max() < 0.5


@every_medium
@every_written_core
def test_numpy_plays_the_same_integers(medium: str, core: CoreCase) -> None:
    """Two players round alike; only their tanh differs, by its last bit."""
    ours, theirs = (played(steps_of(medium, core, "int8", e), medium, [0, 1]) for e in ("numpy", "onnxruntime"))

    assert np.mean(np.abs(ours - theirs) < 1e-4) > 0.9
    np.testing.assert_allclose(ours, theirs, atol=0.1)


@pytest.mark.parametrize("rows", [1, 3, 64])
def test_product_in_integers_is_numpys_bit_for_bit(rows: int) -> None:
    """Scales, rounding and sums are defined to the last bit: ties, empty rows and empty columns too."""
    dice = np.random.default_rng(rows)
    weight = dice.normal(size=(300, 70)).astype(np.float32)
    weight[:, 3] = 0
    x = dice.normal(size=(rows, 300)).astype(np.float32) * np.float32(10.0) ** dice.integers(-9, 9, (rows, 1))
    x[0, ::2] = np.float32(0.5) / np.float32(127)  # in the middle between two integers
    x[-1] = 0
    x = x.astype(np.float32)
    graph = probe_graph(weight)

    exact = NumpyGraph(read_graph(graph)).run({"x": x})["y"]

    np.testing.assert_array_equal(exact, _OnnxRuntime(graph).run({"x": x}, ["y"])["y"], strict=True)
    np.testing.assert_allclose(exact, x @ weight, atol=0.03 * np.abs(x).max() * np.sqrt(300))
    assert not exact[-1].any()
    assert not exact[:, 3].any()


@every_medium
@every_written_core
def test_integers_can_be_traced(medium: str, core: CoreCase) -> None:
    """The gates of the graph that plays are those of the one that was learned, by the same names."""
    fast, precise = steps_of(medium, core, "int8"), steps_of(medium, core, "float32")
    first = Condition.complete(fast.description.conditions, {}, 2)
    event = events_of(voice(medium), 2, 2)[:, 1]

    _, _, gates = fast.inside(event, first, fast.start(first, 2)[1])
    _, _, learned = precise.inside(event, first, precise.start(first, 2)[1])

    assert {name: value.shape for name, value in learned.items()} == {n: v.shape for n, v in gates.items()}
    for name, value in learned.items():
        np.testing.assert_allclose(gates[name], value, atol=0.2)
