"""What holds while a model is learned: the same steps give the same model, interrupted or not, and it gets better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import MEDIA, CoreCase, Voice, model_of, spec_of, voice

from undersong.errors import LearningError, RunFolderError
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.budget import probe, seeded
from undersong.learning.training.checkpoint import load_learner, save_learner
from undersong.learning.training.evaluation import HeldOut, held_out_nats
from undersong.learning.training.schedules import Plan, learning_rate
from undersong.learning.training.streams import Feed, Pieces, Streams
from undersong.learning.training.trainer import Learner, TrainingSettings

# 30 steps of an LSTM of 16 units in float32 on one thread, seed 1, AdamW alone
CURVES = {
    "text": [
        5.6603, 5.6547, 5.5815, 5.5302, 5.4845, 5.4203, 5.1675, 4.9536, 4.6260, 4.4459,
        4.1002, 3.9372, 3.6023, 3.4950, 3.3390, 3.2372, 3.2601, 3.1531, 3.0639, 2.9263,
        3.0805, 2.9461, 2.8392, 3.0735, 3.0861, 2.8341, 2.9254, 2.9293, 2.9549, 2.9127,
    ],
    "walk": [
        2.9058, 2.7971, 2.7188, 2.7355, 2.5354, 2.6950, 2.3448, 2.2230, 2.3583, 1.9016,
        2.3841, 1.8275, 1.6186, 2.0109, 1.4845, 1.8310, 1.4093, 1.2982, 1.8144, 1.0637,
        1.4720, 1.2691, 1.2036, 1.6056, 0.9101, 1.2851, 1.1726, 1.1101, 1.4339, 0.9470,
    ],
}  # fmt: skip

every_medium = pytest.mark.parametrize("medium", MEDIA)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def feed_of(of: Voice) -> Feed:
    start, end, specs = of.codec.start, of.codec.end, of.codec.conditions
    if of.medium.shape == "stream":
        return Streams(of.examples, start, end, rows=4, window=16, seed=1)
    return Pieces(of.examples, start, end, specs, rows=4, longest=24, seed=1)


def learner_of(
    medium: str, steps: int, seed: int = 1, dropout: float = 0.0, dtype: str = "float32", muon: float = 0.04
) -> Learner:
    of = voice(medium)
    spec = spec_of(of, [CoreCase("lstm.v1").layer(16)])
    with seeded(seed):
        model = Autoregressive(replace(spec, dropout=dropout))
    settings = TrainingSettings(rate=0.02, muon=muon, warm_up=5)
    return Learner(model, feed_of(of), settings, Plan.of(steps), seed=1, dtype=getattr(torch, dtype))


def curve(learner: Learner, steps: int) -> list[float]:
    return [learner.advance().nats for _ in range(steps)]


def assert_same_weights(expected: Learner, actual: Learner, atol: float) -> None:
    for name, value in expected.model.state_dict().items():
        torch.testing.assert_close(actual.model.state_dict()[name], value, atol=atol, rtol=0)


@every_medium
def test_thirty_steps_give_the_curve_on_record(medium: str) -> None:
    """A refactoring that moves this curve was none. Other CPUs may round otherwise: hence the tolerance."""
    found = curve(learner_of(medium, 30, muon=0.0), 30)

    np.testing.assert_allclose(found, CURVES[medium], atol=2e-3, err_msg=str([round(nats, 4) for nats in found]))


@every_medium
def test_learning_lowers_the_loss(medium: str) -> None:
    """It really learns, also what it never read."""
    of, learner = voice(medium), learner_of(medium, 120)
    held = [HeldOut(e.events[:0], e.events[:200], e.condition) for e in of.examples[-2:]]

    before = held_out_nats(learner.model, held, of.codec.start, of.codec.conditions)
    losses = curve(learner, 120)
    after = held_out_nats(learner.model, held, of.codec.start, of.codec.conditions)

    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.7
    assert after < before - 0.7


@every_medium
def test_interrupted_learning_equals_learning_without_a_break(medium: str, tmp_path: Path) -> None:
    """Ten steps, a file, ten more in another process: the model of twenty in a row, dropout and carried state too."""
    whole = learner_of(medium, 20, dropout=0.2)
    expected = curve(whole, 20)
    first = learner_of(medium, 20, dropout=0.2)
    losses = curve(first, 10)

    save_learner(tmp_path / "last.safetensors", first, {"elapsed": 3.5})
    second = learner_of(medium, 7, seed=5, dropout=0.2)  # other weights and another plan, until it is loaded
    facts = load_learner(tmp_path / "last.safetensors", second)
    losses += curve(second, 10)

    assert (3.5, 20) == (facts["elapsed"], second.step)
    np.testing.assert_allclose(losses, expected, atol=1e-6)
    assert_same_weights(whole, second, atol=1e-6)


@every_medium
def test_same_seed_learns_the_same_model(medium: str) -> None:
    """Same seed, build and machine: the same work, bit for bit."""
    one, other = learner_of(medium, 5, dropout=0.2), learner_of(medium, 5, dropout=0.2)

    assert curve(one, 5) == curve(other, 5)
    assert_same_weights(one, other, atol=0)


def test_dropout_falls_differently_at_every_step() -> None:
    """The dice follow from seed and step, and no two steps share them."""
    learner, seeds = learner_of("text", 8), set()
    for _ in range(8):
        learner.advance()
        seeds.add(torch.initial_seed())

    assert 8 == len(seeds)


@every_medium
def test_bfloat16_learns_nearly_the_same(medium: str) -> None:
    """The faster type is a matter of speed, not of what is learned."""
    slow, fast = (curve(learner_of(medium, 30, dtype=dtype), 30) for dtype in ("float32", "bfloat16"))

    np.testing.assert_allclose(fast, slow, atol=0.1)


@every_medium
def test_report_tells_what_the_step_did(medium: str) -> None:
    """Events are those that count, and the rate is the schedule's."""
    learner = learner_of(medium, 30)
    counted = [int(learner.feed.batch(step).mask.sum()) for step in range(3)]

    reports = [learner.advance() for _ in range(3)]

    assert [1, 2, 3] == [report.step for report in reports]
    assert counted == [report.events for report in reports]
    settings = {"peak": 0.02, "floor": learner.settings.rate_floor, "warm_up": 5}
    assert [learning_rate(step / 30, step, settings) for step in range(3)] == [report.rate for report in reports]


def test_loss_that_is_no_number_stops_before_it_spoils_the_model() -> None:
    """A run that diverges says at which step, and leaves the model as it was before it."""
    learner = learner_of("text", 10)
    curve(learner, 2)
    learner.model.heads["next"].linear.bias.data[0] = math.inf
    before = {name: value.clone() for name, value in learner.model.state_dict().items()}

    with pytest.raises(LearningError, match="at step 2"):
        learner.advance()

    assert 2 == learner.step
    for name, value in before.items():
        torch.testing.assert_close(learner.model.state_dict()[name], value, atol=0, rtol=0)


@every_medium
def test_after_a_loss_that_is_no_number_it_goes_back_and_on_at_half_the_rate(medium: str) -> None:
    """To the last copy: every weight, moment, average and carried state; the steps after it are taken once more."""
    learner, twin = learner_of(medium, 300), learner_of(medium, 300)
    curve(learner, 105)
    curve(twin, 100)
    next(learner.model.core.parameters()).data.fill_(math.inf)
    with pytest.raises(LearningError):
        learner.advance()

    back = learner.go_back()

    assert 100 == back == learner.step
    assert_same_weights(twin, learner, atol=0)
    planned, careful = twin.advance(), learner.advance()
    assert planned.nats == careful.nats
    assert planned.rate == pytest.approx(2 * careful.rate)


def test_what_keeps_failing_ends_in_a_sentence() -> None:
    """Three returns are enough: then it is not the rate."""
    learner = learner_of("text", 300)
    curve(learner, 3)

    for _ in range(3):
        learner.go_back()
    with pytest.raises(LearningError, match="no number at step 0, also at an eighth of the rate"):
        learner.go_back()


def test_a_run_that_was_set_back_stays_careful_when_it_is_resumed(tmp_path: Path) -> None:
    """The checkpoint knows."""
    learner = learner_of("text", 300)
    curve(learner, 3)
    learner.go_back()
    curve(learner, 2)
    save_learner(tmp_path / "last.safetensors", learner, {})

    other = learner_of("text", 300)
    load_learner(tmp_path / "last.safetensors", other)

    assert learner.caution == other.caution == 0.5


def test_probe_leaves_the_model_as_it_was() -> None:
    """Measuring is not learning."""
    learner, untouched = learner_of("text", 10), learner_of("text", 10)

    found = probe(learner.model, learner.feed, learner.settings, patience=0.02)

    assert found.dtype in (torch.float32, torch.bfloat16)
    assert {"cpu float32 x 1", "cpu bfloat16 x 1"} <= set(found.seconds)
    assert min(found.seconds.values()) <= found.seconds_per_step
    assert_same_weights(untouched, learner, atol=0)
    assert all(parameter.grad is None for parameter in learner.model.parameters())


@pytest.mark.parametrize("spoil", ["cut short", "not a checkpoint", "of another network", "gone"])
def test_checkpoint_that_cannot_be_used_is_refused(spoil: str, tmp_path: Path) -> None:
    """A damaged file ends in a sentence, not in a traceback."""
    path = tmp_path / "last.safetensors"
    learner = learner_of("walk" if spoil == "of another network" else "text", 10)
    save_learner(path, learner, {})
    if spoil == "cut short":
        path.write_bytes(path.read_bytes()[:-100])
    elif spoil == "not a checkpoint":
        path.write_text("{}")
    elif spoil == "gone":
        path.unlink()

    with pytest.raises(RunFolderError, match=r"last\.safetensors"):
        load_learner(path, learner_of("text", 10))


plans = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 10_000)), max_size=4)


def plan_of(steps: int, changes: list[tuple[float, int]]) -> Plan:
    """A plan whose mind was changed somewhere on the way, perhaps several times."""
    plan, at = Plan.of(steps), 0
    for share, more in changes:
        at += round(share * (plan.steps - at))
        plan = plan.changed(at, at + more)
    return plan


@given(st.integers(1, 10_000), plans)
def test_rate_reaches_its_end_exactly_at_the_end(steps: int, changes: list[tuple[float, int]]) -> None:
    """Whatever was planned before, the last leg ends at the floor."""
    plan = plan_of(steps, changes)
    settings = {"peak": 1.0, "floor": 0.03, "warm_up": 0}

    assert plan.progress(plan.steps) == pytest.approx(1.0, abs=1e-12)
    assert learning_rate(plan.progress(plan.steps), plan.steps, settings) == pytest.approx(0.03)


@given(st.integers(1, 300), plans)
def test_rate_only_falls_once_it_is_warm(steps: int, changes: list[tuple[float, int]]) -> None:
    """A change of plan bends the way; it never jumps and never turns back."""
    plan = plan_of(steps, [(share, 1 + more % 300) for share, more in changes])
    progress = [plan.progress(step) for step in range(plan.steps + 1)]

    assert progress == sorted(progress)
    assert 0.0 == progress[0]
    assert [reached for _, reached, _ in plan.legs] == sorted(reached for _, reached, _ in plan.legs)


@given(st.integers(1, 10_000), plans)
def test_plan_comes_back_from_json(steps: int, changes: list[tuple[float, int]]) -> None:
    """A resumed run has the plan it had, with every change of mind."""
    plan = plan_of(steps, changes)

    assert plan == Plan.from_json(plan.to_json())


def test_rate_warms_up_in_a_straight_line() -> None:
    """The first steps are small, for the optimiser knows nothing yet."""
    settings = {"peak": 0.8, "floor": 0.0, "warm_up": 4}

    assert [0.2, 0.4, 0.6, 0.8, 0.8] == pytest.approx([learning_rate(0.0, step, settings) for step in range(5)])


def test_models_loss_on_held_out_walks_is_the_mean_over_their_events() -> None:
    """The quick figure on the way is the figure of the finished instrument, for whole pieces."""
    of = voice("walk")
    model = model_of(of)
    held = [HeldOut(e.events[:0], e.events, e.condition) for e in of.examples[:5]]
    alone = [held_out_nats(model, [each], of.codec.start, of.codec.conditions) for each in held]

    expected = np.average(alone, weights=[len(each.events) for each in held])

    assert expected == pytest.approx(held_out_nats(model, held, of.codec.start, of.codec.conditions), abs=1e-5)
