"""What holds for whole models in both media: they step as they scan, hear what they are asked, and ignore padding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from tiny_models import MEDIA, CoreCase, condition_of, events_of, every_core, model_of, spec_of, tensors, voice
from torch import Tensor

from undersong.events import Batch
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.learning.training.streams import Example, padded
from undersong.learning.training.trainer import as_tensors

B, T = 4, 9
CORES = every_core()
TOLERANCE = {"atol": 2e-6, "rtol": 1e-5}

every_medium = pytest.mark.parametrize("medium", MEDIA)
every_one = pytest.mark.parametrize("core", CORES, ids=str)


def at(medium: str, condition: Mapping[str, Tensor], t: int) -> dict[str, Tensor]:
    """The condition of one step: what changes with every event, as it is then."""
    per = {spec.name: spec.per for spec in voice(medium).codec.conditions}
    return {name: value[:, t] if per.get(name) == "event" else value for name, value in condition.items()}


def heard(medium: str, rows: int = B, events: int = T, memory: int = 3) -> tuple[Tensor, dict[str, Tensor]]:
    of = voice(medium)
    return torch.from_numpy(events_of(of, rows, events)), tensors(condition_of(of, rows, events, memory))


def batch_of(medium: str, rows: slice = slice(2)) -> Batch:
    """A few pieces as one padded batch; texts are cut short."""
    of = voice(medium)
    examples = [Example(e.events[: 20 + 7 * n], e.condition, e.beginnings) for n, e in enumerate(of.examples)]
    return padded(examples[rows], of.codec.start, of.codec.end, of.codec.conditions, 999)


def losses(model: Autoregressive, batch: Batch) -> tuple[dict[str, Tensor], Mapping[str, Tensor]]:
    events, condition, targets, mask = as_tensors(batch)
    return model.losses(events, condition, targets, mask, model.start(condition, len(events)))


def nats(model: Autoregressive, batch: Batch) -> float:
    with torch.no_grad():
        return float(losses(model, batch)[0]["next"])


@every_medium
@every_one
def test_scan_equals_repeated_step_with_everything_asked(medium: str, core: CoreCase) -> None:
    """What was learned by scan is what is played by step: also from the middle, and under every condition."""
    model = model_of(voice(medium), core, core)
    events, condition = heard(medium)

    state = model.start(condition, B)
    middle = model.scan(events[:, :4], {n: v[:, :4] if n == "control" else v for n, v in condition.items()}, state)[1]
    rest = {n: v[:, 4:] if n == "control" else v for n, v in condition.items()}
    scanned, scanned_state = model.scan(events[:, 4:], rest, middle)
    stepped = []
    for t in range(T):
        parameters, state = model.step(events[:, t], at(medium, condition, t), state)
        stepped.append(parameters["next"])

    torch.testing.assert_close(torch.stack(stepped[4:], 1), scanned["next"], **TOLERANCE)
    torch.testing.assert_close(dict(state), dict(scanned_state), **TOLERANCE)


@every_medium
def test_loss_is_the_mean_surprise_of_what_the_mask_counts(medium: str) -> None:
    """Nats per event, from the distribution's own odds at each step."""
    model, batch = model_of(voice(medium)), batch_of(medium)
    events, condition, targets, mask = as_tensors(batch)
    model.requires_grad_(False)
    state = model.start(condition, len(events))
    surprise = torch.zeros(mask.shape, dtype=torch.float64)
    for t in range(events.shape[1]):
        parameters, state = model.step(events[:, t], at(medium, condition, t), state)
        surprise[:, t] = -model.heads["next"].distribution.log_prob(parameters["next"], targets["next"][:, t])

    expected = (surprise * mask).sum() / mask.sum()

    assert float(expected) == pytest.approx(nats(model, batch), abs=1e-5)


@every_medium
def test_padding_more_changes_nothing(medium: str) -> None:
    """How long its neighbour in the batch is does not change what a piece teaches."""
    model, batch = model_of(voice(medium)).requires_grad_(False), batch_of(medium)
    events, condition, targets, mask = as_tensors(batch)
    per = {spec.name: spec.per for spec in voice(medium).codec.conditions}

    def longer(value: Tensor, by: int) -> Tensor:
        return torch.cat([value, value[:, :1].expand(-1, by, *value.shape[2:])], 1)  # not zeros: it must not be heard

    asked = {
        name: longer(value, 2) if per.get(name.removesuffix(".mask")) in ("memory", "event") else value
        for name, value in condition.items()
    }
    asked |= {n: torch.cat([v, torch.zeros(len(v), 2)], 1) for n, v in condition.items() if n.endswith(".mask")}
    wide = {"next": longer(targets["next"], 2)}, torch.cat([mask, torch.zeros(len(mask), 2)], 1)

    actual = model.losses(longer(events, 2), asked, *wide, model.start(asked, len(events)))[0]["next"]

    assert nats(model, batch) == pytest.approx(float(actual), abs=1e-5)


@every_medium
def test_row_learns_the_same_whatever_lies_beside_it(medium: str) -> None:
    """A batch is its rows: the loss of all is the mean of each alone, weighed by what each has to say."""
    model, whole = model_of(voice(medium)), batch_of(medium)
    alone = [batch_of(medium, slice(0, 1)), batch_of(medium, slice(1, 2))]

    expected = np.average([nats(model, batch) for batch in alone], weights=[batch.mask.sum() for batch in alone])

    assert expected == pytest.approx(nats(model, whole), abs=1e-5)


@every_medium
def test_gradient_reaches_every_weight(medium: str) -> None:
    """Nothing in a model is there for nothing."""
    model = model_of(voice(medium), *CORES).train()

    losses(model, batch_of(medium))[0]["next"].backward()

    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [] == silent


def test_start_is_rest_where_nothing_is_asked_for() -> None:
    """A text begins from silence."""
    state = model_of(voice("text")).start({}, B)

    assert {0.0} == {float(value.abs().max()) for value in state.values()}


@pytest.mark.parametrize("name", ["class", "z", "memory"])
def test_start_depends_on_what_is_asked_for_the_whole_piece(name: str) -> None:
    """The first event already knows the class, z and memory it is made under."""
    model = model_of(voice("walk"))
    _, condition = heard("walk")
    changed = condition | {name: (condition[name] + 1) % 3}

    before, after = model.start(condition, B), model.start(changed, B)

    assert all((before[part] != after[part]).any(-1).all() for part in before)


@pytest.mark.parametrize("name", ["class", "z", "control", "memory"])
def test_step_depends_on_everything_it_is_asked(name: str) -> None:
    """Each dial of the condition turns something, at every step."""
    model = model_of(voice("walk"))
    events, condition = heard("walk")
    state = model.core.rest(B)
    now = at("walk", condition, 1)

    before, _ = model.step(events[:, 1], now, state)
    after, _ = model.step(events[:, 1], now | {name: (now[name] + 1) % 3}, state)

    assert (before["next"] != after["next"]).any(-1).all()


def test_memory_is_heard_by_its_unmasked_rows_alone() -> None:
    """A short memory beside a long one is padded, and what pads it is never heard."""
    model = model_of(voice("walk"))
    events, condition = heard("walk", memory=3)
    spoiled = condition["memory"].clone()
    spoiled[condition["memory.mask"] == 0] = 99.0
    longer = torch.cat([spoiled, torch.full((B, 2, 3), -99.0)], 1)
    mask = torch.cat([condition["memory.mask"], torch.zeros(B, 2)], 1)

    expected, _ = model.scan(events, condition, model.start(condition, B))
    asked = condition | {"memory": longer, "memory.mask": mask}
    actual, _ = model.scan(events, asked, model.start(asked, B))

    assert 3 == len(set(condition["memory.mask"].sum(1).tolist()))  # lengths really vary
    torch.testing.assert_close(actual["next"], expected["next"], **TOLERANCE)


def test_memory_of_no_rows_is_a_memory_that_was_not_given() -> None:
    """Nothing remembered is not an error, and nobody divides by zero."""
    model = model_of(voice("walk"))
    _, condition = heard("walk")
    none = condition | {"memory": torch.zeros(B, 0, 3), "memory.mask": torch.zeros(B, 0)}
    unheard = condition | {"memory.mask": torch.zeros(B, 3)}

    torch.testing.assert_close(dict(model.start(none, B)), dict(model.start(unheard, B)))


@every_medium
def test_spec_comes_back_from_config_json(medium: str) -> None:
    """A run folder's config.json is all it takes to build the model again, weight by weight."""
    spec = spec_of(voice(medium), [core.layer(6) for core in CORES])
    again = ModelSpec.from_json(spec.to_json())

    assert spec.to_json() == again.to_json()
    assert list(Autoregressive(spec).state_dict()) == list(Autoregressive(again).state_dict())
