"""A model that goes on from another: what it knew is as it was, whatever its core, and what is new can be learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_models import MEDIA, CoreCase, Voice, condition_of, events_of, every_core, model_of, spec_of, tensors, voice

from undersong.errors import InstrumentFileError, LearningError, UsageError
from undersong.keeping import graphs
from undersong.keeping.graph_weights import graph_weights
from undersong.learning.export import arrays_of, to_graphs
from undersong.learning.growing import grow, rows_for
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.schedules import Plan
from undersong.learning.training.streams import Streams
from undersong.learning.training.trainer import Learner, TrainingSettings
from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece

B, T = 3, 20
CORES = every_core()
NEW = "Ωμέγα, the fox: 🦊 Ωμέγα, æther\n" * 20
"""Clusters of two, three and four bytes that the verses never hold, before, among and after those they do."""

every_case = pytest.mark.parametrize("core", CORES, ids=str)


def grown(old: Autoregressive, of: Voice) -> tuple[Autoregressive, Voice]:
    """The model and its voice with symbols for the new clusters."""
    codec = of.codec.grown([TextPiece(NEW)])
    bigger = replace(of, codec=codec)
    spec = spec_of(bigger, old.spec.layers)
    return grow(old.spec, arrays_of(old), spec, *rows_for(of.codec, codec)).eval(), bigger


def odds(model: Autoregressive, events: np.ndarray, of: Voice) -> np.ndarray:
    """Log-odds (B, T, V) after each event."""
    condition = tensors(condition_of(of, B, T))
    with torch.no_grad():
        parameters, _ = model.scan(torch.from_numpy(events), condition, model.start(condition, B))
    return torch.log_softmax(parameters["next"], -1).numpy() if of.codec.event.is_symbol else parameters["next"].numpy()


@every_case
def test_old_odds_are_unchanged_before_the_first_step(core: CoreCase) -> None:
    """After any old history every old symbol has the log-odds it had; all new ones together have next to none."""
    of = voice("text")
    old = model_of(of, core, core)
    new, bigger = grown(old, of)
    moved = bigger.codec.renumbered(of.codec)
    events = events_of(of, B, T)

    before, after = odds(old, events, of), odds(new, moved[events], bigger)

    np.testing.assert_allclose(before, after[..., moved[:-1]], atol=2e-6)
    fresh = np.setdiff1d(np.arange(bigger.codec.event.count), moved)
    assert len(set("Ωμέγα🦊æ")) <= len(fresh)
    assert np.exp(after[..., fresh]).sum(-1).max() < 1e-6


@pytest.mark.parametrize("medium", MEDIA)
@every_case
def test_where_nothing_is_new_the_model_is_the_old_one(medium: str, core: CoreCase) -> None:
    """Weight for weight, in either medium: numbers have no symbols that could be added."""
    of = voice(medium)
    old = model_of(of, core)

    new = grow(old.spec, arrays_of(old), old.spec, *rows_for(of.codec, of.codec.grown(of.pieces)))

    assert of.codec is of.codec.grown(of.pieces)
    for name, value in old.state_dict().items():
        assert torch.equal(value, new.state_dict()[name]), name


def test_a_new_symbol_is_heard_as_what_used_to_end_its_spelling() -> None:
    """So the first thing known about it is not noise."""
    of = voice("text")
    old = model_of(of)
    new, bigger = grown(old, of)
    (symbol,) = bigger.codec.encode(TextPiece("Ω"))
    spelled = of.codec.encode(TextPiece("Ω"))

    assert 2 == len(spelled)
    assert torch.equal(old.ear.inner.weight[spelled[-1]], new.ear.inner.weight[symbol])


def test_new_symbols_are_learned_in_a_few_dozen_steps() -> None:
    """Odds next to nothing are a long way down, but the loss is the louder for it."""
    of = voice("text")
    new, bigger = grown(model_of(of), of)
    settings = TrainingSettings(rows=4, window=16, rate=0.02, warm_up=5, precision="float32")
    examples = [replace(example, events=bigger.codec.encode(TextPiece(NEW))) for example in bigger.examples[:1]]
    feed = Streams(examples, bigger.codec.start, bigger.codec.end, settings.rows, settings.window, 1)
    learner = Learner(new, feed, settings, Plan.of(80), 1, torch.float32)
    nats = [learner.advance().nats for _ in range(80)]

    assert nats[0] > 6
    assert nats[-1] < 2.5


# ── what cannot be gone on from ────────────────────────────────────────────────────────────────────────────────────


def test_another_form_is_refused_by_what_differs() -> None:
    """Layers, embedding, conditions: the error names the first of them and both sides."""
    of = voice("text")
    old = model_of(of)
    rows = rows_for(of.codec, of.codec)

    with pytest.raises(UsageError, match=r"its embedding is 8, here 9"):
        grow(old.spec, arrays_of(old), replace(old.spec, embedding=9), *rows)
    with pytest.raises(UsageError, match=r"its layers is .*lstm.*, here .*gru"):
        grow(old.spec, arrays_of(old), spec_of(of, [CoreCase("gru.v1").layer(12)]), *rows)
    walk = voice("walk")
    with pytest.raises(UsageError, match=r"its (event|heads|conditions) is"):
        grow(old.spec, arrays_of(old), spec_of(walk, old.spec.layers), *rows)


def test_weights_of_another_form_are_refused() -> None:
    """A missing array, or one of another shape, never half fills a model."""
    of = voice("text")
    old = model_of(of)
    rows, arrays = rows_for(of.codec, of.codec), arrays_of(old)

    with pytest.raises(LearningError, match="not those of their form"):
        grow(old.spec, {**arrays, "more": np.zeros(1)}, old.spec, *rows)
    with pytest.raises(LearningError, match=r"see heads.next.linear.bias"):
        grow(old.spec, {**arrays, "heads.next.linear.bias": np.zeros(3, np.float32)}, old.spec, *rows)


# ── weights out of a graph ─────────────────────────────────────────────────────────────────────────────────────────

UNDONE = [core for core in CORES if core.kind in ("elman.v1", "lstm.v1", "gru.v1")]


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("core", UNDONE, ids=str)
def test_weights_come_back_from_the_graph_they_were_written_to(medium: str, core: CoreCase) -> None:
    """Every array, bit for bit, and the form: what is written from them again is the same graph."""
    model = model_of(voice(medium), core, core)
    written = to_graphs(model)
    found = graph_weights(written)
    config = {**model.spec.to_json(), "embedding": found.embedding, "layers": list(found.layers)}

    assert set(arrays_of(model)) == set(found.arrays)
    for name, array in arrays_of(model).items():
        np.testing.assert_array_equal(array, found.arrays[name])
    assert written["step"] == graphs.write_step(config, found.arrays)
    assert written.get("start") == graphs.write_start(config, found.arrays)


@pytest.mark.parametrize("core", [core for core in CORES if core not in UNDONE], ids=str)
def test_a_graph_of_another_core_is_not_guessed_at(core: CoreCase) -> None:
    """It says to name the run folder instead, which holds the weights of any core."""
    written = to_graphs(model_of(voice("text"), core))

    with pytest.raises(InstrumentFileError, match="cannot be taken out of its file") as refused:
        graph_weights(written)
    assert "run folder" in refused.value.do


def test_no_codec_of_characters_grows_out_of_another_kind() -> None:
    """Where the old symbols stand is only known among relatives."""
    walk = voice("walk").codec
    codec = Characters(["\n"])

    with pytest.raises(Exception, match=r"do not grow out of 'walks.v1'"):
        codec.renumbered(walk)
