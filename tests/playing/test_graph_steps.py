"""Which graph of a file plays: integers where they give here what they gave where they were written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import LAYERS, MEDIA, int8_file_of

from undersong.errors import UsageError
from undersong.keeping import instrument_file
from undersong.keeping.check import CHECK_FILE, Check, read_check
from undersong.keeping.instrument_file import InstrumentFile
from undersong.playing import graph_steps
from undersong.playing.graph_steps import GraphSteps, int8_is_exact
from undersong.playing.loading import from_file, load

every_medium = pytest.mark.parametrize("medium", MEDIA)


def file_of(medium: str) -> InstrumentFile:
    return int8_file_of(medium, *LAYERS)


def check_of(file: InstrumentFile) -> Check:
    return read_check(file.attachments[CHECK_FILE], file.description)


def with_check(file: InstrumentFile, check: Check) -> InstrumentFile:
    return replace(file, attachments={CHECK_FILE: check.to_bytes()})


@every_medium
def test_integers_play_where_they_give_what_they_gave(medium: str) -> None:
    """On the machine that wrote them they surely do, and without a word float32 is not even loaded."""
    assert "int8" == GraphSteps(file_of(medium)).precision


@every_medium
def test_file_without_integers_plays_as_ever(medium: str) -> None:
    """Older files hold one step graph, and play."""
    file = file_of(medium)
    old = replace(file, graphs={n: g for n, g in file.graphs.items() if n != "step_int8"}, attachments={})

    assert "float32" == GraphSteps(old).precision


@every_medium
@pytest.mark.parametrize("row", [0, 2], ids=["alone", "in company"])
def test_float32_plays_where_the_integers_differ(medium: str, row: int) -> None:
    """A processor that cuts off large sums is found out, for one row or for many; the instrument plays on."""
    file, check = file_of(medium), check_of(file_of(medium))
    numbers = check.parameters.copy()
    numbers[-1, row, -1] += 0.1
    spoiled = GraphSteps(with_check(file, replace(check, parameters=numbers)))

    assert "float32" == spoiled.precision
    np.testing.assert_array_equal(
        GraphSteps(file, precision="float32").gives(check.events), spoiled.gives(check.events)
    )


@every_medium
def test_the_last_bit_of_another_processor_is_let_pass(medium: str) -> None:
    """Nobody hears a hundredth of an event's odds."""
    file, check = file_of(medium), check_of(file_of(medium))

    assert "int8" == GraphSteps(with_check(file, replace(check, parameters=check.parameters + 0.01))).precision


def test_check_of_another_width_is_not_passed() -> None:
    """Numbers that cannot be compared are not equal."""
    file, check = file_of("text"), check_of(file_of("text"))

    assert "float32" == GraphSteps(with_check(file, replace(check, stride=check.stride + 3))).precision


def test_integers_without_a_check_are_not_trusted() -> None:
    """They play when they are asked for by name, and not otherwise."""
    bare = replace(file_of("text"), attachments={})

    assert "float32" == GraphSteps(bare).precision
    assert "int8" == GraphSteps(bare, precision="int8").precision


def test_numpy_plays_float32_unless_told() -> None:
    """It has no fast integers."""
    file = file_of("text")

    assert "float32" == GraphSteps(file, "numpy").precision
    assert "int8" == GraphSteps(file, "numpy", "int8").precision


def test_precision_can_be_chosen_when_a_file_is_loaded(tmp_path: Path) -> None:
    """By a file's path as by the file itself."""
    file = file_of("text")
    path = instrument_file.write(tmp_path / "tiny.undersong", file)

    for precision in ("float32", "int8"):
        for instrument in (load(path, precision), from_file(file, precision=precision)):
            assert isinstance(instrument.steps, GraphSteps)
            assert precision == instrument.steps.precision


def test_precision_that_is_not_there_is_a_wrong_word() -> None:
    """And the error says which there are."""
    file = file_of("text")
    with pytest.raises(UsageError, match=r"no precision 'int4'.*\n.*auto, float32, int8"):
        GraphSteps(file, precision="int4")
    with pytest.raises(UsageError, match="holds no int8 graph"):
        GraphSteps(replace(file, graphs={"step": file.graphs["step"]}), precision="int8")


def test_an_inexact_processor_is_told_from_an_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor's word, of a processor like any and of one whose sums end at 9."""
    runner = graph_steps._OnnxRuntime

    class CutsOff:
        def __init__(self, graph: bytes) -> None:
            self.exact = runner(graph)

        def run(self, inputs: dict[str, np.ndarray], wanted: list[str]) -> dict[str, np.ndarray]:
            return {name: np.clip(value, -9, 9) for name, value in self.exact.run(inputs, wanted).items()}

    exact = int8_is_exact()
    monkeypatch.setattr(graph_steps, "_OnnxRuntime", CutsOff)

    assert exact in (True, False)
    assert not int8_is_exact()
