"""What holds for the optimiser of the cores' matrices, and for the average of the weights."""

from __future__ import annotations

import pytest
import torch
from tiny_models import CoreCase, every_core, spec_of, voice
from torch import nn

from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.averaging import Average
from undersong.learning.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 16, 6), (3, 5, 20)], ids=str)
def test_orthogonal_keeps_directions_and_evens_out_their_sizes(shape: tuple[int, int, int]) -> None:
    """U S V' becomes about U V': the same singular vectors, all values near 1."""
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)

    found = orthogonal(matrices, 5)
    values = torch.linalg.svdvals(found)

    assert values.min() > 0.5
    assert values.max() < 1.3
    aligned = torch.einsum("grk,grc,gkc->gk", u, found, v)
    torch.testing.assert_close(aligned, values.sort(descending=True).values, atol=0.7, rtol=0)


def test_a_pile_is_stepped_as_its_matrices_would_be_one_by_one() -> None:
    """Gates stacked in one parameter do not mix."""
    start = torch.randn(12, 4, generator=torch.Generator().manual_seed(2))
    gradient = torch.randn(12, 4, generator=torch.Generator().manual_seed(3))
    whole = nn.Parameter(start.clone())
    parts = [nn.Parameter(part.clone()) for part in start.chunk(3)]
    whole.grad = gradient.clone()
    for part, own in zip(parts, gradient.chunk(3), strict=True):
        part.grad = own.clone()

    Muon([(whole, 3)], lr=0.1).step()
    Muon([(part, 1) for part in parts], lr=0.1).step()

    torch.testing.assert_close(torch.cat([part.data for part in parts]), whole.data)


def test_the_size_of_a_gradient_does_not_matter() -> None:
    """Only its direction does."""
    found = []
    for scale in (1e-4, 1.0, 1e4):
        weight = nn.Parameter(torch.eye(6))
        weight.grad = scale * torch.arange(36.0).reshape(6, 6).sin()
        Muon([(weight, 1)], lr=0.1).step()
        found.append(weight.data.clone())

    torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=0)
    torch.testing.assert_close(found[1], found[2], atol=1e-4, rtol=0)


@pytest.mark.parametrize("case", every_core(), ids=str)
def test_every_core_knows_its_matrices(case: CoreCase) -> None:
    """Each as many rows for every gate; the optimiser needs no list of cores."""
    model = Autoregressive(spec_of(voice("text"), [case.layer(8), case.layer(8)]))

    matrices = model.core.matrices()

    assert all(parameter.shape[0] % pile == 0 for parameter, pile in matrices)
    assert {id(p) for p, _ in matrices} == {id(p) for p in model.core.parameters() if p.ndim == 2}


def test_an_average_of_weights_that_stand_still_is_those_weights() -> None:
    """It begins at the first of them, not at zero."""
    model = nn.Linear(3, 2)
    average = Average(model, share=0.1)
    for step in range(1, 50):
        average.add(model, step, 50)

    torch.testing.assert_close(average.weights["weight"], model.weight.data)


def test_an_average_looks_back_over_its_share_of_the_plan() -> None:
    """A jump so long before the end has been taken in by all but 1 / e."""
    model = nn.Linear(1, 1, bias=False)
    average = Average(model, share=0.1)
    for step in range(1, 1001):
        model.weight.data.fill_(0.0 if step <= 900 else 1.0)
        average.add(model, step, 1000)

    assert average.weights["weight"].item() == pytest.approx(1 - 1 / 2.718, abs=0.02)


def test_a_model_plays_with_its_average_only_while_it_is_asked_to() -> None:
    """Learning goes on with the weights it had."""
    model = nn.Linear(2, 2)
    average = Average(model, share=1.0)
    own = model.weight.data.clone()
    model.weight.data.add_(1.0)

    with average.inside(model):
        inside = model.weight.data.clone()

    torch.testing.assert_close(inside, own)
    torch.testing.assert_close(model.weight.data, own + 1.0)
