"""What holds for every core: step is the truth, scan is the speed, and three oracles say that the truth is true."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from cores_by_hand import BY_HAND
from tiny_models import CoreCase, every_core
from torch import Tensor, nn

from undersong import registry
from undersong.learning.cores.core import AbstractCore, CoreState
from undersong.learning.cores.min_gru import linear_recurrence

B, T, E, H = 3, 7, 4, 5
CORES = every_core()
STACKS = [CoreCase("stack.v1", {"layers": ({**case.layer(6), "size": 6}, case.layer(H))}) for case in CORES]
STACKS.append(CoreCase("stack.v1", {"layers": tuple(case.layer(H) for case in CORES)}))  # each above another kind
TOLERANCE = {"atol": 1e-6, "rtol": 1e-5}


def name_of(case: CoreCase) -> str:
    if case.kind != "stack.v1":
        return str(case)
    kinds = [layer["kind"] + "".join(layer["settings"].values()) for layer in case.settings["layers"]]
    return "stack of " + "+".join(dict.fromkeys(kinds))


def stirred(core: AbstractCore) -> AbstractCore:
    """Its weights as learning might leave them: no gain is 1 any more and no bias 0."""
    dice = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in core.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=dice)
    return core


def some_state(core: AbstractCore, rows: int = B, seed: int = 1) -> dict[str, Tensor]:
    """A state as it might be in the middle of a piece."""
    dice = torch.Generator().manual_seed(seed)
    like = next(core.parameters())
    shapes = core.state_shapes
    return {n: torch.randn(rows, *shape, generator=dice, dtype=torch.float64).to(like) for n, shape in shapes.items()}


def some_input(*shape: int, seed: int = 2) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def by_steps(core: AbstractCore, x: Tensor, state: CoreState) -> tuple[Tensor, CoreState]:
    outputs = []
    for t in range(x.shape[1]):
        y, state = core.step(x[:, t], state)
        outputs.append(y)
    return torch.stack(outputs, 1), state


def assert_same(expected: CoreState, actual: CoreState, **tolerance: float) -> None:
    assert list(expected) == list(actual)
    for name, value in expected.items():
        torch.testing.assert_close(actual[name], value, **(tolerance or TOLERANCE))


@pytest.mark.parametrize("case", CORES + STACKS, ids=name_of)
@pytest.mark.parametrize("begin", ["at rest", "in the middle"])
def test_scan_equals_repeated_step_from_any_state(case: CoreCase, begin: str) -> None:
    """A piece learned by scan is the piece played by step, also from the middle."""
    core = case.build(E, H)
    x = some_input(B, T, E)
    state = core.rest(B) if begin == "at rest" else some_state(core)

    expected, expected_state = by_steps(core, x, state)
    actual, actual_state = core.scan(x, state)

    torch.testing.assert_close(actual, expected, **TOLERANCE)
    assert_same(expected_state, actual_state)


@pytest.mark.parametrize("case", CORES + STACKS, ids=name_of)
def test_scan_goes_on_where_another_scan_stopped(case: CoreCase) -> None:
    """Windows of a stream with the state carried on are one long scan."""
    core = case.build(E, H)
    x = some_input(B, T, E)

    first, between = core.scan(x[:, :3], some_state(core))
    rest, after = core.scan(x[:, 3:], between)
    expected, expected_after = core.scan(x, some_state(core))

    torch.testing.assert_close(torch.cat([first, rest], 1), expected, **TOLERANCE)
    assert_same(expected_after, after)


@pytest.mark.parametrize("case", CORES + STACKS, ids=name_of)
def test_state_handed_in_is_left_as_it_was(case: CoreCase) -> None:
    """Undo is assignment: a state is a value."""
    core = case.build(E, H)
    state = some_state(core)

    core.step(some_input(B, E), state)
    core.scan(some_input(B, T, E), state)

    assert_same(some_state(core), state, atol=0, rtol=0)


@pytest.mark.parametrize("case", CORES + STACKS, ids=name_of)
def test_state_has_the_declared_names_and_shapes(case: CoreCase) -> None:
    """What a core carries is what it says it carries, after rest, step and scan alike."""
    core = case.build(E, H)
    rest = core.rest(B)
    expected = {name: (B, *shape) for name, shape in core.state_shapes.items()}

    states = [rest, core.step(some_input(B, E), rest)[1], core.scan(some_input(B, T, E), rest)[1]]

    assert [expected] * 3 == [{name: tuple(value.shape) for name, value in state.items()} for state in states]


@pytest.mark.parametrize("case", CORES + STACKS, ids=name_of)
def test_scan_in_bfloat16_is_near_and_gives_its_state_in_float32(case: CoreCase) -> None:
    """Learning may hurry; what is carried from window to window keeps its precision."""
    core = case.build(E, H)
    x, state = some_input(B, T, E), some_state(core)

    y, after = core.scan(x.bfloat16(), state)
    expected, expected_after = core.scan(x, state)

    assert torch.bfloat16 == y.dtype
    assert {torch.float32} == {value.dtype for value in after.values()}
    torch.testing.assert_close(y.float(), expected, atol=0.06, rtol=0.06)
    assert_same(expected_after, after, atol=0.06, rtol=0.06)


def test_every_core_was_also_written_by_hand() -> None:
    """A core without its naive loop is a core nobody has checked."""
    assert sorted(BY_HAND) == [kind for kind in registry.names("cores") if kind != "stack.v1"]


@pytest.mark.parametrize("case", CORES, ids=name_of)
def test_step_does_what_a_loop_by_hand_does(case: CoreCase) -> None:
    """First oracle: the formulas of the paper, one unit at a time, in plain Python."""
    core = stirred(case.build(E, H)).double()
    x, state = some_input(B, T, E).double(), some_state(core)
    arrays = {name: value.detach().numpy() for name, value in core.state_dict().items()}

    actual, actual_state = by_steps(core, x, state)

    for row in range(B):
        carried = {name: value[row].tolist() for name, value in state.items()}
        for t in range(T):
            carried = BY_HAND[case.kind](arrays, core.settings, x[row, t].tolist(), carried)
            np.testing.assert_allclose(actual[row, t].detach(), next(iter(carried.values())), atol=1e-12)
        for name, value in carried.items():
            np.testing.assert_allclose(actual_state[name][row].detach(), value, atol=1e-12)


@pytest.mark.parametrize("case", CORES, ids=name_of)
@pytest.mark.parametrize("way", ["step", "scan", "scan_by_steps"])
def test_gradients_are_those_that_small_changes_show(case: CoreCase, way: str) -> None:
    """Second oracle: numeric gradients of inputs, state and every weight, in float64."""
    core = case.build(2, 3).double()
    state = some_state(core, rows=2)
    x = some_input(2, 2) if way == "step" else some_input(2, 3, 2)

    def flat(x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        y, after = getattr(core, way)(x, dict(zip(state, rest, strict=False)))
        return (y, *after.values())

    inputs = [value.requires_grad_() for value in (x.double(), *state.values())]
    assert torch.autograd.gradcheck(flat, (*inputs, *core.parameters()))


OUTSIDE: Mapping[str, tuple[type[nn.Module], type[nn.Module]]] = {
    "elman.v1": (nn.RNN, nn.RNNCell),
    "lstm.v1": (nn.LSTM, nn.LSTMCell),
    "gru.v1-reset=after": (nn.GRU, nn.GRUCell),
    "leaky.v1": (nn.RNN, nn.RNNCell),  # where nothing leaks
}


def outside(case: CoreCase, core: AbstractCore) -> tuple[nn.Module, nn.Module]:
    """PyTorch's own layer and cell with the same weights."""
    own = core.state_dict()
    bias = own["from_input.bias"]
    weights = {
        "weight_ih": own["from_input.weight"],
        "weight_hh": own.get("from_hidden.weight", own.get("from_hidden")),
        "bias_ih": bias,
        "bias_hh": own.get("from_hidden.bias", torch.zeros_like(bias)),
    }
    of_layer, of_cell = OUTSIDE[str(case)]
    layer, cell = of_layer(E, H, batch_first=True), of_cell(E, H)
    layer.load_state_dict({f"{name}_l0": value for name, value in weights.items()})
    cell.load_state_dict(weights)
    return layer, cell


@pytest.mark.parametrize("case", [case for case in CORES if str(case) in OUTSIDE], ids=name_of)
def test_core_equals_pytorchs_own_layer_and_cell(case: CoreCase) -> None:
    """Third oracle: a stranger's implementation with the same weights."""
    core = (CoreCase(case.kind, {"leak": 1.0}) if case.kind == "leaky.v1" else case).build(E, H)
    layer, cell = outside(case, core)
    x, state = some_input(B, T, E), some_state(core)
    h = tuple(state.values()) if len(state) > 1 else state["slow_h" if "slow_h" in state else "h"]

    y, last = layer(x, tuple(value[None] for value in h) if isinstance(h, tuple) else h[None])
    after = cell(x[:, 0], h)
    actual, actual_last = core.scan(x, state)

    torch.testing.assert_close(actual, y, **TOLERANCE)
    for expected, found in ((last, actual_last), (after, core.step(x[:, 0], state)[1])):
        parts = expected if isinstance(expected, tuple) else (expected,)
        torch.testing.assert_close(list(found.values()), [part.reshape(B, H) for part in parts], **TOLERANCE)


def test_gru_that_resets_before_equals_another_formulation() -> None:
    """Third oracle where PyTorch has none: Chung et al. (2014), whose z is our 1 - z, in columns."""
    core = CoreCase("gru.v1", {"reset": "before"}).build(E, H)
    w, b, u = (core.state_dict()[f"from_{name}"].chunk(3) for name in ("input.weight", "input.bias", "hidden.weight"))
    x, state = some_input(B, T, E), some_state(core)
    h = state["h"].T  # (H, B)
    outputs = []
    for now in x.transpose(0, 1):  # (B, E)
        r, z = (torch.sigmoid(sign * (w[k] @ now.T + b[k][:, None] + u[k] @ h)) for k, sign in ((0, 1), (1, -1)))
        h = h + z * (torch.tanh(w[2] @ now.T + b[2][:, None] + u[2] @ (r * h)) - h)
        outputs.append(h.T)

    torch.testing.assert_close(core.scan(x, state)[0], torch.stack(outputs, 1), **TOLERANCE)


def test_layer_norm_lstm_equals_the_formulation_of_sketch_rnn() -> None:
    """Third oracle where PyTorch has none: Ha & Eck (2017), whose gates come as i, g, f, o and remember by adding 1."""
    core = stirred(CoreCase("layer_norm_lstm.v1").build(E, H))
    weights = {name: value.chunk(4) for name, value in core.state_dict().items()}
    order = (0, 2, 1, 3)
    concat = torch.cat([torch.cat([weights[f"from_{of}.weight"][k] for k in order]) for of in ("input", "hidden")], 1)
    gates = [nn.LayerNorm(H, eps=1e-3) for _ in order]
    for norm, k in zip(gates, order, strict=True):
        norm.load_state_dict({"weight": weights["gain"][k], "bias": weights["bias"][k] - float(k == 1)})
    cell = nn.LayerNorm(H, eps=1e-3)
    cell.load_state_dict({"weight": core.state_dict()["cell_gain"], "bias": core.state_dict()["cell_bias"]})
    x, state = some_input(B, T, E), some_state(core)
    h, c = state["h"], state["c"]
    outputs = []
    for now in x.transpose(0, 1):  # (B, E)
        i, j, f, o = (norm(a) for norm, a in zip(gates, (torch.cat([now, h], 1) @ concat.T).chunk(4, 1), strict=True))
        c = c * torch.sigmoid(f + 1.0) + torch.sigmoid(i) * torch.tanh(j)
        h = torch.tanh(cell(c)) * torch.sigmoid(o)
        outputs.append(h)

    actual, after = core.scan(x, state)

    torch.testing.assert_close(actual, torch.stack(outputs, 1), **TOLERANCE)
    assert_same({"h": h, "c": c}, after)


def test_min_gru_equals_the_scan_of_its_paper_where_that_is_defined() -> None:
    """Third oracle: Feng et al. (2024) sum in logarithms, which takes positive candidates and a positive state."""
    core = CoreCase("min_gru.v1").build(E, H)
    core.get_parameter("from_input.bias").data[H:] = 9.0
    x, h = some_input(B, T, E), some_state(core)["h"].abs()
    z, n = core.get_submodule("from_input")(x).chunk(2, -1)
    kept = torch.cumsum(nn.functional.logsigmoid(-z), 1)
    added = torch.cat([h.log()[:, None], nn.functional.logsigmoid(z) + n.log() - kept], 1)

    expected = (kept + torch.logcumsumexp(added, 1)[:, 1:]).exp()

    torch.testing.assert_close(core.scan(x, {"h": h})[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 1024])
def test_linear_recurrence_is_as_exact_as_going_step_by_step(steps: int) -> None:
    """Any number of steps, either sign, and gates that are quite open, quite shut or nearly so: nothing overflows."""
    dice = torch.Generator().manual_seed(steps)
    gate = torch.rand(B, steps, H, generator=dice)
    kept = torch.where(gate < 0.2, 0.0, torch.where(gate > 0.8, 1.0, gate ** torch.tensor([1e-3, 0.1, 1, 10, 1e3])))
    added = (1 - kept) * 100 * torch.randn(B, steps, H, generator=dice)
    h, one_by_one = torch.zeros(B, H, dtype=torch.float64), []
    for t in range(steps):
        h = kept[:, t] * h + added[:, t]
        one_by_one.append(h)

    actual = linear_recurrence(kept, added)

    torch.testing.assert_close(actual.double(), torch.stack(one_by_one, 1), atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_min_gru_with_its_gate_stuck_keeps_all_or_nothing(logit: float) -> None:
    """Quite shut, it carries a state of any sign unchanged over a thousand events; quite open, it forgets at once."""
    core = CoreCase("min_gru.v1").build(E, H)
    core.get_parameter("from_input.bias").data[:H] = logit
    x, state = some_input(B, 1000, E), some_state(core)

    expected = state["h"] if logit < 0 else core.get_submodule("from_input")(x[:, -1])[:, H:]

    torch.testing.assert_close(core.scan(x, state)[1]["h"], expected, **TOLERANCE)
