"""What holds for a batch that several processes share: nothing is lost, nothing counts twice."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_models import MEDIA, voice

from undersong.learning.training.engine import Engine
from undersong.learning.training.streams import Pieces


@pytest.mark.parametrize("world", [2, 3, 4])
@pytest.mark.parametrize("medium", MEDIA)
def test_the_parts_of_a_batch_are_the_batch(medium: str, world: int) -> None:
    """Row by row and in order; rows that only fill up do not count."""
    of = voice(medium)
    batch = Pieces(of.examples, of.codec.start, of.codec.end, of.codec.conditions, 4, 24, seed=1).batch(0)

    parts = [Engine("cpu", rank, world).part(batch) for rank in range(world)]

    assert 1 == len({part.events.shape for part in parts})
    assert batch.mask.sum() == sum(part.mask.sum() for part in parts)
    for rows in (lambda b: b.events, lambda b: b.targets["next"], lambda b: b.mask, lambda b: b.fresh):
        np.testing.assert_array_equal(np.concatenate([rows(part) for part in parts])[: len(batch.fresh)], rows(batch))
    for name in batch.condition:
        joined = np.concatenate([part.condition[name] for part in parts])[: len(batch.fresh)]
        np.testing.assert_array_equal(joined, batch.condition[name])


def test_one_process_has_the_whole_batch() -> None:
    """And pays nothing for the others that are not there."""
    of = voice("text")
    batch = Pieces(of.examples, of.codec.start, of.codec.end, of.codec.conditions, 4, 24, seed=1).batch(0)

    assert Engine.alone().part(batch) is batch
