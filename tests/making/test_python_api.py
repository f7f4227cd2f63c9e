"""The story in a dozen lines, as the package tells it at its door."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import keywords

import undersong as us
from undersong.errors import RecipeError, RunFolderError, TooLittleError, UsageError


def test_the_package_tells_a_story_that_runs(text, capsys):
    """learn, load, sample: the very lines of its docstring, with steps for minutes."""
    run = us.learn(str(text.material), steps=2, **keywords())
    poet = us.load(run.folder)
    print(poet.sample("Shall I", length=20, temperature=0.7, seed=7))

    assert Path("runs/keeper") == run.folder
    assert capsys.readouterr().out.splitlines()[0].startswith("Read '")
    assert str(poet.sample("Shall I", length=20, temperature=0.7, seed=7)).startswith("Shall I")


def test_learning_takes_minutes_as_well(text):
    """A budget that holds reading, evaluation and export."""
    run = us.learn([text.material], minutes=0.07, out="quick", **keywords())

    assert us.load(run.folder).facts["steps"] >= 1
    assert us.load(run.folder).facts["seconds"] < 60  # it asked for four; a busy machine may be late, not lost


def test_a_run_tells_how_it_went(learned):
    """Its folder, its nats beside the baseline's, whether it was stopped; and it plays."""
    facts = us.load(learned.folder).facts

    assert (facts["nats_per_measure"], facts["baseline_nats"]) == (learned.run.nats, learned.run.baseline_nats)
    assert not learned.run.stopped
    assert facts == learned.run.instrument().facts


def test_runs_are_found_newest_first(text):
    """us.load without a name takes the first of them."""
    for name in ("one", "two"):
        shutil.copytree(text.folder, Path("runs") / name)
    Path("runs/one/private/log.jsonl").touch()
    found = us.runs()

    assert {"one", "two"} == {run.name for run in found}
    assert found[0].changed() >= found[1].changed()
    assert us.load().facts == us.load(found[0].path).facts


def test_what_the_instrument_says_of_a_piece_hangs_together(learned):
    """Odds, score and trace are three views of the same numbers."""
    poet = us.load(learned.folder)
    piece = poet.sample(learned.tiny.prompt, length=6, seed=1)
    score, trace = poet.score(piece), poet.trace(piece)

    np.testing.assert_allclose(score.nats, trace.nats)
    assert learned.tiny.prompt_length + 6 == score.length
    state = "state.network.0.h" if learned.tiny.is_text else "state.0.h"  # a little text is played as a duet
    assert {"parameters.next", state} <= set(trace.inner)
    assert poet.odds(learned.tiny.prompt)


def test_a_stream_is_the_sample_as_it_is_drawn(learned):
    """The same seed gives the same events, one by one, with their nats."""
    poet = us.load(learned.folder)
    played = list(poet.stream(learned.tiny.prompt, length=6, seed=3))
    (sampled,) = poet.samples(1, learned.tiny.prompt, length=6, seed=3)

    np.testing.assert_array_equal(sampled.events, [each.event for each in played])
    assert sampled.nats == pytest.approx(sum(each.nats for each in played))


def test_a_piece_is_saved_in_the_form_its_suffix_says(learned):
    """As text, or as a drawing."""
    name = "piece.txt" if learned.tiny.is_text else "piece.svg"
    piece = us.load(learned.folder).sample(length=6, seed=1)

    assert Path(name) == piece.save(name)
    assert piece.to_bytes(Path(name).suffix) == Path(name).read_bytes()


def test_conditions_are_what_a_walk_is_made_under(toy):
    """One value for the piece, one per event, or rows of any number; what is not asked is neutral."""
    poet = us.load(toy.folder)
    neutral = {"class": 0, "z": [0.0] * 4, "control": 1.0}
    asked = {"class": 2, "control": [1.0, 2.0], "memory": [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]}

    assert poet.sample(length=5, seed=1) == poet.sample(length=5, seed=1, condition=neutral)
    assert poet.sample(length=5, seed=1) != poet.sample(length=5, seed=1, condition=asked)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"steps": 0}, UsageError, "The number of steps must be at least 1."),
        ({"minutes": 0}, UsageError, "The time to learn must be more than 0 minutes."),
        ({"minutes": float("nan")}, UsageError, "The time to learn must be more than 0 minutes."),
        ({"minutes": 1, "steps": 1}, UsageError, "not both"),
        ({"steps": 1, "core__sise": 3}, RecipeError, "Did you mean 'size'?"),
        ({"steps": 1, "recipe": "gone.toml"}, us.UndersongError, "There is no recipe at 'gone.toml'."),
    ],
    ids=str,
)
def test_wrong_use_is_an_error_before_anything_is_read(options, error, says):
    """Of the class its name says, all of them UndersongErrors."""
    with pytest.raises(error) as caught:
        us.learn("gone.txt", **options)

    assert isinstance(caught.value, us.UndersongError)
    assert says in str(caught.value)


def test_material_that_cannot_be_used_is_an_error_of_its_own():
    """Which a program can tell from the others."""
    Path("short.txt").write_text("too short")

    with pytest.raises(TooLittleError):
        us.learn("short.txt", steps=1)
    with pytest.raises(RunFolderError):
        us.load("gone")


def test_the_door_names_what_is_behind_it():
    """`__all__` is sorted and complete, and nothing else is offered."""
    assert sorted(us.__all__) == us.__all__ == dir(us)
    assert all(getattr(us, name) for name in us.__all__)
    with pytest.raises(AttributeError, match="no attribute 'teach'"):
        us.teach  # noqa: B018


def test_importing_the_package_imports_no_player_and_no_teacher():
    """Names are looked up when they are first used."""
    program = "import sys, undersong; print(*{'torch', 'onnxruntime', 'numpy', 'pydantic'} & sys.modules.keys())"

    assert "\n" == subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
