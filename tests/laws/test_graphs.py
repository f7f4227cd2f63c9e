"""What holds for the graphs of every core in both media: whoever plays them, they play what torch learned."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import MEDIA, CoreCase, condition_of, events_of, every_core, file_of, model_of, tensors, voice

from undersong import registry
from undersong.events import Condition
from undersong.keeping import graphs, instrument_file
from undersong.keeping.onnx_reader import read_graph
from undersong.learning.models.autoregressive import Autoregressive
from undersong.making.assembling import assemble
from undersong.playing.graph_steps import GraphSteps

B, T = 3, 30
CORES = every_core()
WRITTEN = [core for core in CORES if core.kind in registry.names("graphs")]
GATES = {"elman.v1": "", "lstm.v1": "ifgo", "layer_norm_lstm.v1": "ifgo", "gru.v1": "rzn", "min_gru.v1": "zn"}

every_medium = pytest.mark.parametrize("medium", MEDIA)
every_engine = pytest.mark.parametrize("engine", ["onnxruntime", "numpy"])


def stacks() -> list[Any]:
    """Two layers of every core; those without a writer of their own go through torch's exporter."""
    missing = pytest.mark.skipif(
        importlib.util.find_spec("onnxscript") is None, reason="needs onnxscript: pip install undersong[learn]"
    )
    return [pytest.param((c, c), id=str(c), marks=() if c in WRITTEN else missing) for c in CORES]


every_stack = pytest.mark.parametrize("cores", stacks())


@cache
def steps_of(medium: str, cores: tuple[CoreCase, ...], engine: str) -> GraphSteps:
    return GraphSteps(file_of(medium, *cores), engine)


def asked(medium: str, rows: int = B) -> list[Condition]:
    """The condition at each of T steps: one control per event, the rest as it was asked for the piece."""
    of = voice(medium)
    whole = condition_of(of, rows, T)
    per = {spec.name: spec.per for spec in of.codec.conditions}
    return [Condition({n: v[:, t] if per.get(n) == "event" else v for n, v in whole.items()}) for t in range(T)]


def by_torch(model: Autoregressive, medium: str) -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Odds and state after the start and after each event, as the model itself steps."""
    found = []
    events, conditions = events_of(voice(medium), B, T), asked(medium)
    with torch.no_grad():
        state = model.start(tensors(conditions[0]), B)
        for t in range(T):
            parameters, state = model.step(torch.from_numpy(events[:, t].copy()), tensors(conditions[t]), state)
            found.append((parameters["next"].numpy(), {name: value.numpy() for name, value in state.items()}))
    return found


@every_medium
@every_stack
@every_engine
def test_graphs_step_as_torch_does(medium: str, cores: tuple[CoreCase, ...], engine: str) -> None:
    """Thirty events from the start graph on, under every condition: odds and state to five decimals."""
    atol = 3e-5 if cores[0].kind.startswith("layer_norm") else 1e-5  # to divide by what sums vary magnifies rounding
    steps = steps_of(medium, cores, engine)
    events, conditions = events_of(voice(medium), B, T), asked(medium)

    for t, (odds, after) in enumerate(by_torch(model_of(voice(medium), *cores), medium)):
        if t == 0:
            parameters, state = steps.start(conditions[0], B)
        else:
            parameters, state = steps.step(events[:, t], conditions[t], state)
        np.testing.assert_allclose(parameters["next"], odds, atol=atol)
        assert set(after) == set(state)
        for name, value in after.items():
            np.testing.assert_allclose(state[name], value, atol=atol)


@every_medium
@every_stack
def test_instrument_file_of_these_graphs_is_written_and_read(
    medium: str, cores: tuple[CoreCase, ...], tmp_path: Path
) -> None:
    """What we export passes our own strict reader, bit for bit."""
    file = file_of(medium, *cores)

    again = instrument_file.read(instrument_file.write(tmp_path / "tiny.undersong", file))

    assert file.graphs == again.graphs
    assert ({"step", "start"} if medium == "walk" else {"step"}) == set(again.graphs)


@every_medium
@every_stack
def test_each_weight_is_stored_once(medium: str, cores: tuple[CoreCase, ...]) -> None:
    """The graphs together hold the model's numbers and a few constants; a file is not longer than what was learned."""
    learned = sum(value.numel() for value in model_of(voice(medium), *cores).state_dict().values())
    stored = [w for graph in file_of(medium, *cores).graphs.values() for w in read_graph(graph).weights.values()]

    floats = sum(weight.size for weight in stored if weight.dtype.kind == "f")
    others = sum(weight.size for weight in stored if weight.dtype.kind != "f")

    assert learned <= floats <= learned + 8
    assert others <= 64


@pytest.mark.parametrize("core", WRITTEN, ids=str)
def test_gates_have_names_and_are_what_torch_has_inside(core: CoreCase) -> None:
    """A player can show what it is thinking: one array a unit for each gate of each layer."""
    steps = steps_of("walk", (core, core), "onnxruntime")
    _, state = steps.start(asked("walk")[0], B)
    _, _, gates = steps.inside(events_of(voice("walk"), B, 2)[:, 1], asked("walk")[1], state)

    assert {f"{layer}.{gate}" for layer in (0, 1) for gate in GATES[core.kind]} == set(gates)
    for name, value in gates.items():
        low = -1 if name[-1] in "gn" else 0  # a candidate is a tanh, a gate a sigmoid
        assert (B, 12) == value.shape
        if (core.kind, name[-1]) != ("min_gru.v1", "n"):  # whose candidate is linear
            assert low <= value.min() <= value.max() <= 1


@every_engine
@pytest.mark.parametrize("core", WRITTEN, ids=str)
def test_graph_holds_every_weight_in_its_place(core: CoreCase, engine: str) -> None:
    """Also those that are all 1 or all 0 before anything is learned: a graph of weights that learning has moved."""
    of, dice = voice("text"), torch.Generator().manual_seed(4)
    model = model_of(of, core, core)
    with torch.no_grad():
        for weight in model.core.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=dice)
        expected, after = model.step(torch.arange(B), {}, model.start({}, B))

    steps = GraphSteps(assemble("moved", of.medium, of.codec, model, {}), engine)
    zeros = {name: np.zeros(value.shape, np.float32) for name, value in after.items()}
    parameters, state = steps.step(np.arange(B), Condition({}), zeros)

    np.testing.assert_allclose(parameters["next"], expected["next"], atol=1e-5)
    for name, value in after.items():
        np.testing.assert_allclose(state[name], value, atol=1e-5)


def test_gates_of_an_lstm_explain_its_state() -> None:
    """c' = f*c + i*g, from what the graph tells of itself."""
    steps = steps_of("walk", (CoreCase("lstm.v1"),) * 2, "onnxruntime")
    _, before = steps.start(asked("walk")[0], B)
    _, after, gates = steps.inside(events_of(voice("walk"), B, 2)[:, 1], asked("walk")[1], before)

    for n in (0, 1):
        c = gates[f"{n}.f"] * before[f"{n}.c"] + gates[f"{n}.i"] * gates[f"{n}.g"]
        np.testing.assert_allclose(after[f"{n}.c"], c, atol=1e-6)
        np.testing.assert_allclose(after[f"{n}.h"], gates[f"{n}.o"] * np.tanh(c), atol=1e-6)


def test_gates_of_a_min_gru_explain_its_state() -> None:
    """h' = (1 - z)*h + z*n, where z is how much is new."""
    steps = steps_of("walk", (CoreCase("min_gru.v1"),) * 2, "onnxruntime")
    _, before = steps.start(asked("walk")[0], B)
    _, after, gates = steps.inside(events_of(voice("walk"), B, 2)[:, 1], asked("walk")[1], before)

    for n in (0, 1):
        z = gates[f"{n}.z"]
        np.testing.assert_allclose(after[f"{n}.h"], (1 - z) * before[f"{n}.h"] + z * gates[f"{n}.n"], atol=1e-6)


@pytest.mark.parametrize("core", [core for core in WRITTEN if core.kind == "gru.v1"], ids=str)
def test_gates_of_a_gru_explain_its_state(core: CoreCase) -> None:
    """h' = (1 - z)*n + z*h, in both conventions."""
    steps = steps_of("walk", (core, core), "onnxruntime")
    _, before = steps.start(asked("walk")[0], B)
    _, after, gates = steps.inside(events_of(voice("walk"), B, 2)[:, 1], asked("walk")[1], before)

    for n in (0, 1):
        z = gates[f"{n}.z"]
        np.testing.assert_allclose(after[f"{n}.h"], (1 - z) * gates[f"{n}.n"] + z * before[f"{n}.h"], atol=1e-6)


@every_medium
@every_stack
def test_row_does_not_depend_on_its_batch_mates(medium: str, cores: tuple[CoreCase, ...]) -> None:
    """Whoever else is playing, a person's letters are theirs: bit for bit, at equal batch size."""
    steps = steps_of(medium, cores, "onnxruntime")
    of, rows = voice(medium), 5
    ours, theirs = (events_of(of, rows, T, seed) for seed in (1, 2))
    theirs[2] = ours[2]
    mine, other = asked(medium, rows), [turned(each) for each in asked(medium, rows)]

    played = []
    for events, conditions in ((ours, mine), (theirs, other)):
        parameters, state = steps.start(conditions[0], rows)
        kept = [parameters["next"][2]]
        for t in range(1, T):
            parameters, state = steps.step(events[:, t], conditions[t], state)
            kept.append(parameters["next"][2])
        played.append(np.array(kept))

    np.testing.assert_array_equal(*played)


def turned(condition: Mapping[str, np.ndarray]) -> Condition:
    """The same for row 2, something else for the others."""
    changed = {}
    for name, value in condition.items():
        other = value if name.endswith(".mask") else (value[::-1] if value.dtype.kind == "i" else value * 0.5)
        changed[name] = np.where((np.arange(len(value)) == 2).reshape(-1, *[1] * (value.ndim - 1)), value, other)
    return Condition(changed)


@every_engine
def test_memory_of_any_length_is_heard_without_another_graph(engine: str) -> None:
    """S is dynamic: a memory of none, one or many rows goes through the same file."""
    cores = (CoreCase("lstm.v1"),) * 2
    model, steps, first = model_of(voice("walk"), *cores), steps_of("walk", cores, engine), asked("walk")[0]
    start = torch.from_numpy(np.repeat(voice("walk").codec.start[None], B, 0))

    for length in (0, 1, 7):
        memory = np.random.default_rng(length).normal(size=(B, length, 3)).astype(np.float32)
        condition = Condition({**first, "memory": memory, "memory.mask": np.ones((B, length), np.float32)})
        with torch.no_grad():
            expected, _ = model.step(start, tensors(condition), model.start(tensors(condition), B))
        np.testing.assert_allclose(steps.start(condition, B)[0]["next"], expected["next"], atol=1e-5)


@pytest.mark.parametrize("core", WRITTEN, ids=str)
def test_graph_is_the_same_bytes_for_the_same_model(core: CoreCase) -> None:
    """Equal instruments are equal files."""
    model = model_of(voice("walk"), core)
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}

    assert graphs.write_step(model.spec.to_json(), arrays) == graphs.write_step(model.spec.to_json(), arrays)
