"""Integers are kept where nobody would notice but the clock, and refused where they would."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from tiny_models import LAYERS, MEDIA, file_of, model_of, voice

from undersong.events import Condition
from undersong.keeping import card
from undersong.keeping.check import CHECK_FILE
from undersong.learning.export import arrays_of
from undersong.making import quantising
from undersong.making.assembling import assemble
from undersong.making.corpus import Stretch
from undersong.making.quantising import TOLERATED, with_int8
from undersong.playing.graph_steps import GraphSteps

every_medium = pytest.mark.parametrize("medium", MEDIA)


@pytest.fixture(autouse=True)
def _fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantising, "_ALONE", 300)
    monkeypatch.setattr(quantising, "_EACH", 40)


@cache
def stretches_of(medium: str) -> tuple[Stretch, ...]:
    of = voice(medium)
    nothing = of.codec.encode(of.pieces[0])[:0]
    return tuple(Stretch(of.codec.encode(p), Condition(of.codec.condition(p)), nothing) for p in of.pieces)


@every_medium
def test_integers_that_play_as_well_are_kept(medium: str) -> None:
    """With their check; what was learned stays in the file as it was."""
    model = model_of(voice(medium), *LAYERS)
    file = file_of(medium, *LAYERS)

    kept, facts = with_int8(file, model.spec.to_json(), arrays_of(model), stretches_of(medium), least=0)

    assert facts["int8"]["kept"] is True
    assert abs(facts["int8"]["difference"]) <= TOLERATED
    assert {*file.graphs, "step_int8"} == set(kept.graphs)
    assert {CHECK_FILE} == set(kept.attachments)
    assert file.graphs["step"] == kept.graphs["step"]
    assert "int8" == GraphSteps(kept, "onnxruntime").precision


@every_medium
def test_integers_that_play_worse_are_not_kept(medium: str) -> None:
    """Columns with one weight a thousand times as large as its neighbours leave those no room in 8 bits."""
    model = model_of(voice(medium), *LAYERS)
    model.core.layers[0].from_input.weight.data[:, 0] = 3000.0
    silence_first_input(model)  # so that nothing changes for who plays in float32
    of = voice(medium)
    file = assemble("outliers", of.medium, of.codec, model, {})

    same, facts = with_int8(file, model.spec.to_json(), arrays_of(model), stretches_of(medium), least=0)

    assert facts["int8"]["kept"] is False
    assert abs(facts["int8"]["difference"]) > TOLERATED
    assert file == same


def silence_first_input(model: Any) -> None:
    """Make the first number that the first layer hears 0, whatever is played."""
    parts = [*model.ear.modules(), *([] if model.listening is None else model.listening.modules())]
    for part in parts:
        if hasattr(part, "num_embeddings"):
            part.weight.data[:, 0] = 0.0
        elif hasattr(part, "in_features"):
            part.weight.data[0] = 0.0
            if part.bias is not None:
                part.bias.data[0] = 0.0


def test_nothing_is_measured_where_nothing_is_gained() -> None:
    """Products this small are as fast in float32: no graph, and no word about it on the card."""
    model, file = model_of(voice("text")), file_of("text", LAYERS[0])

    assert (file, {}) == with_int8(file, model.spec.to_json(), arrays_of(model), stretches_of("text"))


@pytest.mark.parametrize(("patience", "stretches"), [(0.0, stretches_of("text")), (9.0, ())], ids=["time", "material"])
def test_integers_are_not_kept_unmeasured(patience: float, stretches: tuple[Stretch, ...]) -> None:
    """Too little time, or nothing held out: float32 plays, as ever."""
    model, file = model_of(voice("text"), *LAYERS), file_of("text", *LAYERS)

    assert (file, {}) == with_int8(file, model.spec.to_json(), arrays_of(model), stretches, patience, least=0)


def test_model_of_another_exporter_has_no_integers() -> None:
    """What our own writer cannot write plays as it was exported."""
    model, file = model_of(voice("text")), file_of("text", LAYERS[0])
    strange = {**model.spec.to_json(), "kind": "somebody's.v1"}

    assert (file, {}) == with_int8(file, strange, arrays_of(model), stretches_of("text"), least=0)


def test_larger_difference_of_the_two_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone and in company; one that is no number is a no."""
    model, file = model_of(voice("text"), *LAYERS), file_of("text", *LAYERS)
    for found, kept in (([0.001, -0.004], True), ([0.001, -0.006], False), ([float("nan"), 0.001], False)):
        told = iter(found)
        monkeypatch.setattr(quantising, "_difference", lambda *_, told=told: next(told))
        _, facts = with_int8(file, model.spec.to_json(), arrays_of(model), stretches_of("text"), least=0)
        assert facts["int8"]["kept"] is kept

    assert facts["int8"]["difference"] is None


FACTS: dict[str, Any] = {
    "measure": "character", "medium": "text.v1", "name": "tiny", "material": "9 events", "sources": "a.txt",
    "licence": "", "network": "1 x 9 lstm", "weights": 9, "steps": 9, "events_read": 9, "seconds": 9.0,
    "machine": "Linux", "precision": "float32", "seed": 1, "kept": "the last", "nats_per_measure": 1.0,
    "bits_per_measure": 1.4, "held_out": 9, "baseline": "Kneser-Ney 3", "baseline_nats": 2.0, "version": "0",
    "date": "2026-01-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("int8", "line"),
    [
        ({"kept": True, "difference": 0.00042}, "| plays in | int8, which changes its score by +0.0004 nats; in float"),
        ({"kept": False, "difference": 0.0312}, "| plays in | float32; int8 would change its score by +0.0312 nats |"),
        ({"kept": False, "difference": None}, "| plays in | float32; int8 would change its score by more than could"),
    ],
)
def test_card_says_what_plays(int8: dict[str, Any], line: str) -> None:
    """And what the difference is; a card whose instrument was never measured says nothing of it."""
    assert line in card.write_card(FACTS | {"int8": int8})
    assert "plays in" not in card.write_card(FACTS)
