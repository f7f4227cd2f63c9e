"""What holds for every head: its loss is its distribution's own, its graph is what torch has, and oracles agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, log

import numpy as np
import onnxruntime
import pytest
import torch
from tiny_models import CoreCase, events_of, voice
from torch import Tensor, nn

from undersong import registry
from undersong.distributions.categorical import Categorical
from undersong.keeping.onnx_reader import read_graph
from undersong.learning.export import to_graphs
from undersong.learning.heads.adaptive import CUTOFFS, AdaptiveHead
from undersong.learning.heads.head import AbstractHead
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec, build_distribution
from undersong.learning.training.budget import seeded
from undersong.playing.numpy_steps import evaluate
from undersong.shapes import ArraySpec

B, T, H = 3, 7, 16
LARGE = 10_100
"""Symbols enough for all three clusters."""


def registered(kind: str, medium: str) -> AbstractHead:
    head: AbstractHead = registry.load("heads", kind)(H, build_distribution(voice(medium).codec.distribution))
    return head


HEADS: Mapping[str, Callable[[], AbstractHead]] = {
    "categorical.v1": lambda: registered("categorical.v1", "text"),
    "adaptive_categorical.v1": lambda: AdaptiveHead(H, Categorical(12), cutoffs=(5, 9)),
    "toy_mixture.v1": lambda: registered("toy_mixture.v1", "walk"),
}


def head_of(kind: str) -> AbstractHead:
    with seeded(0):
        return HEADS[kind]()


def hidden(*rows: int, seed: int = 1) -> Tensor:
    return torch.randn(*rows, H, generator=torch.Generator().manual_seed(seed))


def targets_of(head: AbstractHead) -> Tensor:
    """Events (B, T, …) as likely and unlikely as they come."""
    medium = "walk" if head.kind == "toy_mixture.v1" else "text"
    made = torch.from_numpy(events_of(voice(medium), B, T))
    return made if made.is_floating_point() else made % head.distribution.parameter_count


every_head = pytest.mark.parametrize("kind", HEADS)


def test_every_head_is_held_to_these_laws() -> None:
    """A head without a case here is a head nobody has checked."""
    assert sorted(HEADS) == sorted(registry.names("heads"))


@every_head
def test_loss_is_the_surprise_of_the_distribution(kind: str) -> None:
    """However the loss is computed, it is -log p of the parameters, and pulls every weight the same way."""
    head = head_of(kind)
    h, targets = hidden(B, T).requires_grad_(), targets_of(head)
    over = [h, *head.parameters()]

    expected = -head.distribution.log_prob(head(h).double(), targets)
    actual = head.nats(h, targets)

    torch.testing.assert_close(actual.double(), expected, atol=1e-5, rtol=1e-5)
    pulls = torch.autograd.grad(expected.sum(), over)
    torch.testing.assert_close(torch.autograd.grad(actual.sum(), over), pulls, atol=1e-5, rtol=1e-4)


@every_head
def test_gradients_are_those_that_small_changes_show(kind: str) -> None:
    """Numeric gradients of hidden units and every weight, in float64."""
    head = head_of(kind).double()
    if head.distribution.parameter_count > 100:
        head = registry.load("heads", kind)(H, Categorical(9)).double()

    def parameters(h: Tensor, *_: Tensor) -> Tensor:
        return head(h)  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(parameters, (hidden(2).double().requires_grad_(), *head.parameters()))


@every_head
def test_loss_of_bfloat16_is_near_and_in_float32(kind: str) -> None:
    """Products may hurry; a loss keeps its digits."""
    head = head_of(kind)
    h, targets = hidden(B, T), targets_of(head)

    found = head.nats(h.bfloat16(), targets)

    assert found.dtype in (torch.float32, torch.float64)
    torch.testing.assert_close(found.double(), head.nats(h, targets).double(), atol=0.1, rtol=0.1)


def adaptive_model(symbols: int) -> Autoregressive:
    head = {"kind": "adaptive_categorical.v1", "distribution": {"kind": "categorical.v1", "size": symbols}}
    layers = (CoreCase("lstm.v1").layer(H),)
    with seeded(0):
        return Autoregressive(ModelSpec(ArraySpec((), "int64", count=symbols), 4, layers, {"next": head}))


@pytest.mark.parametrize("symbols", [40, 2_500, LARGE])
@pytest.mark.parametrize("engine", ["onnxruntime", "numpy"])
def test_graph_of_clusters_gives_the_odds_that_torch_gives(symbols: int, engine: str) -> None:
    """Whoever plays a large vocabulary sees one distribution over all of it, in the symbols' own order."""
    model = adaptive_model(symbols)
    graph = to_graphs(model)["step"]
    events, state = torch.tensor([0, symbols - 1]), model.start({}, 2)

    given = {"event": events.numpy(), **{f"state.{name}": value.numpy() for name, value in state.items()}}
    if engine == "numpy":
        found = evaluate(read_graph(graph), given, ["parameters.next"])["parameters.next"]
    else:
        found = onnxruntime.InferenceSession(graph).run(["parameters.next"], given)[0]

    expected = model.step(events, {}, state)[0]["next"].detach()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.exp(found.astype(np.float64)).sum(-1), 1, atol=1e-5)


def adaptive(symbols: int = 12, cutoffs: tuple[int, ...] = (5, 9)) -> AdaptiveHead:
    with seeded(2):
        return AdaptiveHead(H, Categorical(symbols), cutoffs)


def test_clusters_multiply_as_by_hand() -> None:
    """p(symbol) = p(its cluster) × p(it within the cluster): one unit at a time, in plain Python."""
    head = adaptive().double()
    w = {name: value.tolist() for name, value in head.state_dict().items()}
    h = hidden(1).double()

    def linear(name: str, x: list[float]) -> list[float]:
        rows = w[f"{name}.weight"]
        bias = w.get(f"{name}.bias", [0.0] * len(rows))
        return [sum(a * v for a, v in zip(row, x, strict=True)) + b for row, b in zip(rows, bias, strict=True)]

    def log_odds(logits: list[float]) -> list[float]:
        return [a - log(sum(exp(b) for b in logits)) for a in logits]

    x = h[0].tolist()
    first = log_odds(linear("frequent", x))
    near, far = (log_odds(linear(f"rare.{k}", linear(f"fewer.{k}", x))) for k in (0, 1))
    expected = [*first[:5], *(first[5] + odds for odds in near), *(first[6] + odds for odds in far)]

    np.testing.assert_allclose(head(h)[0].detach(), expected, atol=1e-12)


@pytest.mark.parametrize(("symbols", "cutoffs"), [(12, (5, 9)), (LARGE, CUTOFFS)])
def test_adaptive_odds_equal_pytorchs_own(symbols: int, cutoffs: tuple[int, ...]) -> None:
    """A stranger's implementation with the same weights; its clusters have no bias, so ours are set to 0."""
    head = adaptive(symbols, cutoffs)
    theirs = nn.AdaptiveLogSoftmaxWithLoss(H, symbols, list(cutoffs), div_value=4.0, head_bias=True)
    weights = {"head.weight": head.frequent.weight.data, "head.bias": head.frequent.bias.data}
    for k, (fewer, rare) in enumerate(zip(head.fewer, head.rare, strict=True)):
        rare.bias.data.zero_()
        weights |= {f"tail.{k}.0.weight": fewer.weight.data, f"tail.{k}.1.weight": rare.weight.data}
    theirs.load_state_dict(weights)
    h, targets = hidden(50), torch.linspace(0, symbols - 1, 50).long()

    expected_nats, _ = theirs(h, targets)

    torch.testing.assert_close(head(h), theirs.log_prob(h), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(head.nats(h, targets), -expected_nats, atol=1e-5, rtol=1e-5)


def test_parameters_are_normalised_and_their_distribution_the_ordinary_one() -> None:
    """What samples, turns and blends them need not know how they were computed."""
    head = adaptive()
    parameters = head(hidden(B)).detach().double()

    torch.testing.assert_close(head.distribution.log_odds(parameters), parameters, atol=1e-6, rtol=1e-6)


def test_vocabulary_before_the_first_cutoff_has_a_plain_softmax() -> None:
    """Nothing is gained by clusters there, and nothing is lost."""
    head = AdaptiveHead(H, Categorical(CUTOFFS[0]))
    h = hidden(B)

    assert ["frequent.weight", "frequent.bias"] == list(head.state_dict())
    torch.testing.assert_close(head(h), head.frequent(h).log_softmax(-1))


def test_loss_computes_no_cluster_that_no_target_needs() -> None:
    """Where the speed comes from: the far cluster could hold anything."""
    head = adaptive()
    head.rare[1].weight.data.fill_(torch.nan)
    near, far = torch.tensor([0, 4, 5, 8]), torch.tensor([0, 4, 5, 9])

    assert [True, False] == [bool(head.nats(hidden(4), targets).isfinite().all()) for targets in (near, far)]
