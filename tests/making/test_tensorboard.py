"""What TensorBoard is shown of a run, where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_runs import evaluated, teach

from undersong.keeping.run_folder import RunFolder
from undersong.making.learn import Request, learn
from undersong.making.moments import Evaluated, Finished, Stepped
from undersong.making.tensorboard import with_tensorboard

events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


@pytest.fixture
def folder():
    folder = RunFolder(Path("tiny"))
    folder.prepare()
    return folder


def stepped(step: int, nats: float = 2.0) -> Stepped:
    return Stepped(1.0, step, 100, nats, 0.01, 0.5, 1000.0, 3.0)


def looked_at(step: int, samples: dict[str, str]) -> Evaluated:
    return Evaluated(1.0, step, 100, 2.0, 2.5, "Kneser-Ney 3", 2.25, samples, True)


def shown(folder: RunFolder):
    """As TensorBoard reads it."""
    found = events.EventAccumulator(str(folder.private / "tensorboard"))
    return found.Reload()


def curve(folder: RunFolder, tag: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in shown(folder).Scalars(tag)]


def test_every_curve_is_shown(folder):
    """Losses beside the baseline's, rate, gradient and speed, each at its step."""
    see = with_tensorboard(lambda moment: None, folder, True)
    for moment in (stepped(1), stepped(2, 1.5), looked_at(2, {})):
        see(moment)

    assert [(1, 2.0), (2, 1.5)] == curve(folder, "nats/learning")
    assert [(2, 2.5)] == curve(folder, "nats/held out")
    assert [(2, 2.25)] == curve(folder, "nats/Kneser-Ney 3")
    assert [(1, 1000.0), (2, 1000.0)] == curve(folder, "events per second")
    assert [0.01, 0.5] == pytest.approx([curve(folder, tag)[0][1] for tag in ("rate", "gradient norm")])


def test_samples_are_shown_line_by_line(folder):
    """As text, whatever they hold."""
    sample = "one *two*\n# three\n\n😀\ud83d"
    with_tensorboard(lambda moment: None, folder, True)(looked_at(7, {"0.5": sample}))
    (tensor,) = shown(folder).Tensors("sample/at 0.5")

    assert 7 == tensor.step
    assert "    one *two*\n    # three\n    \n    😀?" == tensor.tensor_proto.string_val[0].decode()
    assert "text" == shown(folder).SummaryMetadata("sample/at 0.5").plugin_data.plugin_name


def test_steps_that_are_taken_once_more_are_shown_once(folder):
    """After an interruption the run goes on from its checkpoint."""
    for steps in ((1, 2, 3, 4), (3, 4, 5)):
        see = with_tensorboard(lambda moment: None, folder, True)
        for step in steps:
            see(stepped(step, nats=float(len(steps))))

    assert [(1, 4.0), (2, 4.0), (3, 3.0), (4, 3.0), (5, 3.0)] == curve(folder, "nats/learning")
    assert 2 == len(list((folder.private / "tensorboard").iterdir()))


def test_whoever_watched_before_sees_as_much(folder):
    """Every moment, in order, also those that have no curve."""
    seen = []
    see = with_tensorboard(seen.append, folder, True)
    moments = [stepped(1), looked_at(1, {}), Finished(1.0, "", "", "", 1.0, "", 1.0, 1, "", False), stepped(2)]
    for moment in moments:
        see(moment)

    assert moments == seen


def test_what_is_not_wanted_is_not_written(folder):
    """Then the observer stays as it was."""
    see = with_tensorboard(print, folder, False)

    assert see is print
    assert not (folder.private / "tensorboard").exists()


@pytest.mark.parametrize("how", [None, RuntimeError("it is broken")], ids=["missing", "broken"])
def test_without_tensorboard_nothing_is_said(folder, monkeypatch, how):
    """It is no part of learning, and one that does not load no reason not to learn."""
    name = "tensorboard.summary.writer.record_writer"
    if how is None:
        monkeypatch.setitem(sys.modules, name, None)
    else:
        monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr("builtins.__import__", _refusing(name, how))

    assert with_tensorboard(print, folder, True) is print


def _refusing(name, error):
    whole = __import__

    def refuse(wanted, *others):
        if wanted == name:
            raise error
        return whole(wanted, *others)

    return refuse


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_disk_that_refuses_ends_the_curves_and_nothing_else(folder):
    """What is seen goes on being seen."""
    (folder.private / "tensorboard").write_bytes(b"a file is in the way")
    seen = []
    see = with_tensorboard(seen.append, folder, True)
    see(stepped(1))
    see(stepped(2))

    assert 2 == len(seen)


def test_neither_torch_nor_tensorflow_is_loaded_for_it(tmp_path):
    """And the name of the machine stands nowhere."""
    program = (
        "import sys; from pathlib import Path; from undersong.keeping.run_folder import RunFolder\n"
        "from undersong.making.moments import Stepped; from undersong.making.tensorboard import with_tensorboard\n"
        "folder = RunFolder(Path('tiny')); folder.prepare()\n"
        "with_tensorboard(lambda moment: None, folder, True)(Stepped(1.0, 1, 2, 2.0, 0.1, 0.1, 9.0, 1.0))\n"
        "print(sorted({'torch', 'tensorflow'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    (file,) = (tmp_path / "tiny/private/tensorboard").iterdir()

    assert "[]\n" == told.stdout
    assert os.uname().nodename not in file.name
    assert os.uname().nodename.encode() not in file.read_bytes()


def test_a_run_leaves_its_curves(text):
    """The held-out ones are those of its log, also where it went on."""
    teach(text.material, Path("tiny"), steps=10)
    learn(Request(steps=20, out=Path("tiny"), resume=True))
    folder = RunFolder(Path("tiny"))

    assert dict(curve(folder, "nats/held out")) == pytest.approx(evaluated(folder.path), rel=1e-6)
