"""What an instrument is asked beside its events: a class, z, a control per event, a memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tiny_models import ASKED, PROMPTS, instrument_of, piece_of, voice

from undersong.errors import InputError


@pytest.mark.parametrize("name", ["class", "z", "control", "memory"])
def test_everything_asked_for_is_heard(name: str) -> None:
    """Each condition changes the odds of the first event."""
    plays = instrument_of("walk")

    assert plays.odds(condition={}) != plays.odds(condition={name: ASKED["walk"][name]})


def test_control_may_be_a_constant_or_a_row_for_every_event() -> None:
    """A list is heard event by event and its last is held; a constant is heard throughout."""
    plays, length = instrument_of("walk"), 10

    def played(control: Any) -> np.ndarray:
        return plays.samples(1, PROMPTS["walk"], length, seed=1, condition={"control": control})[0].events

    np.testing.assert_array_equal(played(2.0), played([2.0] * 13))
    np.testing.assert_array_equal(played(2.0), played([2.0]))
    np.testing.assert_array_equal(played([]), played(1.0))  # nothing asked: the neutral value
    late = played([2.0] * 8 + [0.5])  # three events are heard in the prompt, so the sixth drawn is the first to differ
    same = (late == played(2.0)).all(-1)
    assert [True] * 5 + [False] * 5 == same.tolist()


def test_control_of_a_piece_is_heard_with_the_event_it_was_made_for() -> None:
    """What the score hears at step t is what the learner heard there."""
    plays, piece = instrument_of("walk"), piece_of("walk")
    given = dict(voice("walk").codec.condition(piece))
    shifted = {**given, "control": np.roll(given["control"], 1)}

    np.testing.assert_allclose(plays.score(piece).nats, plays.score(piece, given).nats)
    assert not np.allclose(plays.score(piece).nats, plays.score(piece, shifted).nats)


def test_neutral_is_what_is_heard_where_nothing_is_asked() -> None:
    """An instrument that is asked for nothing hears its declared neutral values; a masked memory is none."""
    plays = instrument_of("walk")
    neutral = {"class": 0, "z": [0, 0, 0, 0], "control": 1.0, "memory": [[5, 5, 5]], "memory.mask": [0]}

    assert plays.odds() == plays.odds(condition=neutral)


WRONG = {
    "unknown name": {"colour": 1},
    "class beyond": {"class": 3},
    "class below": {"class": -1},
    "half a class": {"class": 0.5},
    "no class": {"class": None},
    "class that is no number": {"class": math.nan},
    "endless class": {"class": math.inf},
    "short z": {"z": [1, 2, 3]},
    "z of rows": {"z": [[[1, 2, 3, 4]]]},
    "z that is no number": {"z": [1, 2, 3, math.nan]},
    "ragged z": {"z": [[1, 2], [3]]},
    "z of words": {"z": ["a", "b", "c", "d"]},
    "z too large for float32": {"z": [1e300, 0, 0, 0]},
    "control beyond": {"control": [1, 11]},
    "control of words": {"control": "fast"},
    "control that is no number": {"control": [1.0, math.nan]},
    "control of pairs": {"control": [[1.0, 2.0]]},
    "narrow memory": {"memory": [[1, 2]]},
    "ragged memory": {"memory": [[1, 2, 3], [4]]},
    "memory that is no number": {"memory": [[1, 2, math.inf]]},
    "mask of another length": {"memory": [[1, 2, 3]], "memory.mask": [1, 1]},
    "mask that is no number": {"memory": [[1, 2, 3]], "memory.mask": [math.nan]},
    "mask of a word": {"memory": [[1, 2, 3]], "memory.mask": "all"},
    "mask of what has none": {"z.mask": [1]},
}


@pytest.mark.parametrize("condition", WRONG.values(), ids=WRONG)
def test_condition_that_cannot_be_heard_is_refused(condition: dict[str, Any]) -> None:
    """A wrong name, shape or number is a sentence that names it, before the first event."""
    plays = instrument_of("walk")
    for verb in (plays.sample, plays.stream, plays.odds, plays.trace):
        with pytest.raises(InputError, match=next(reversed(condition))):
            verb(PROMPTS["walk"], condition=condition)


def test_condition_is_refused_where_nothing_is_listened_to() -> None:
    """A text instrument says that it listens to nothing."""
    with pytest.raises(InputError, match="no condition"):
        instrument_of("text").sample(condition={"class": 1})
