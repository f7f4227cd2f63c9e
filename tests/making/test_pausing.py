"""A learner that pauses, goes on and stops as another process asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from undersong.keeping.control import ask, state_of
from undersong.keeping.run_folder import RunFolder
from undersong.making import control
from undersong.making.control import Control
from undersong.making.moments import Paused, Resumed


class Learner:
    """What `teach` does with a control: a clock that a pause does not move, and a list of what happened."""

    def __init__(self, folder: RunFolder) -> None:
        self.happened: list[object] = []
        self.began = time.monotonic()
        self.control = Control(folder, self.elapsed, self.happened.append, lambda: self.happened.append("saved"))

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def step(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        heeded = self.control.heed(should_stop)
        self.began += heeded.seconds
        return heeded.stop


@pytest.fixture
def folder(monkeypatch):
    """A folder that this process learns into, and looks at often."""
    monkeypatch.setattr(control, "_LOOK_EVERY", 0.01)
    folder = RunFolder(Path("tiny"))
    folder.prepare()
    with folder.held():
        yield folder


def after(seconds: float, do: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer


def test_a_learner_of_whom_nothing_is_asked_goes_on(folder):
    """Nothing is told and nothing is saved."""
    learner = Learner(folder)

    assert [False] * 3 == [learner.step() for _ in range(3)]
    assert [] == learner.happened


def test_a_learner_stops_when_it_is_asked_to(folder):
    """And is seen to be at its end."""
    learner = Learner(folder)
    ask(folder, "stop")

    assert learner.step()
    assert "stopping" == state_of(folder)


def test_a_pause_lasts_until_it_is_asked_to_go_on(folder):
    """What was learned is saved first, both ends are told, it is seen, and its minutes stand still."""
    learner = Learner(folder)
    seen = []
    ask(folder, "pause")
    after(0.1, lambda: seen.append(state_of(folder)))
    after(0.4, lambda: ask(folder, "resume"))
    elapsed = learner.elapsed()
    stop = learner.step()

    assert ["saved", "Paused", "Resumed"] == [one if one == "saved" else type(one).__name__ for one in learner.happened]
    _, paused, resumed = learner.happened
    assert isinstance(paused, Paused)
    assert isinstance(resumed, Resumed)
    assert paused.elapsed == resumed.elapsed
    assert resumed.seconds > 0.3
    assert learner.elapsed() - elapsed < 0.3
    assert (["paused"], "learning", False) == (seen, state_of(folder), stop)
    assert not learner.step()


def test_a_paused_learner_stops_when_it_is_asked_to(folder):
    """Without going on first."""
    learner = Learner(folder)
    ask(folder, "pause")
    after(0.05, lambda: ask(folder, "stop"))

    assert learner.step()
    assert "stopping" == state_of(folder)
    assert "Resumed" not in [type(one).__name__ for one in learner.happened]


def test_ctrl_c_ends_a_pause(folder):
    """Once asks to stop, as between any two steps; twice ends it at once."""
    learner = Learner(folder)
    ask(folder, "pause")
    presses = iter([False, False, True])

    def twice() -> bool:
        raise KeyboardInterrupt

    assert learner.step(lambda: next(presses))
    with pytest.raises(KeyboardInterrupt):
        learner.step(twice)


def test_a_wish_that_vanishes_ends_the_pause(folder):
    """Somebody tidied up: it would else wait for ever."""
    learner = Learner(folder)
    ask(folder, "pause")
    after(0.05, folder.asked.unlink)

    assert not learner.step()


def test_a_pause_can_be_told_in_words():
    """With the command that ends it, also where the folder's name has blanks."""
    assert "Paused; nothing is lost. Go on with: undersong resume 'runs/my songs'" == str(Paused(3.0, "runs/my songs"))
    assert "Going on, after a pause of 12 s." == str(Resumed(3.0, 12.3))
