"""A graph takes and gives what its instrument declares, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from instrument_files import SYMBOLS, UNITS, description, step

from undersong.errors import InstrumentFileError
from undersong.events import ConditionSpec
from undersong.keeping.description import Description
from undersong.keeping.interface import check_interface
from undersong.keeping.onnx_reader import Graph, Value, read_graph
from undersong.shapes import ArraySpec

HEARING = (
    ConditionSpec("mood", ArraySpec((1,)), "piece"),
    ConditionSpec("chord", ArraySpec((), "int64", count=12), "event"),
    ConditionSpec("words", ArraySpec((2,)), "memory"),
)


def instrument(**changes: Any) -> Description:
    return replace(description(), conditions=HEARING, readings={"class": {"kind": "categorical.v1"}}, **changes)


def value(name: str, *shape: int | None, dtype: str = "float32") -> Value:
    return Value(name, dtype, shape)


B = T = S = None
H = UNITS
STATE, AFTER = value("state.h", B, H), value("after.h", B, H)
MOOD, WORDS, MASK = (
    value("condition.mood", B, 1),
    value("condition.words", B, S, 2),
    value("condition.words.mask", B, S),
)
CHORD, CHORDS = value("condition.chord", B, dtype="int64"), value("condition.chord", B, T, dtype="int64")
EVENT, EVENTS = value("event", B, dtype="int64"), value("events", B, T, dtype="int64")
NEXT, CLASS, GATE = value("parameters.next", B, SYMBOLS), value("parameters.class", B, 3), value("gate.0.i", B, H)
LENGTHS = value("lengths", B, dtype="int64")

GOOD = {
    "start": ((MOOD, WORDS, MASK), (AFTER,)),
    "step": ((EVENT, MOOD, CHORD, WORDS, MASK, STATE), (NEXT, CLASS, AFTER, GATE)),
    "turn": ((STATE,), (AFTER,)),
    "scan": (
        (EVENTS, MOOD, CHORDS, WORDS, MASK, STATE),
        (value("parameters.next", B, T, SYMBOLS), value("parameters.class", B, T, 3), AFTER),
    ),
    "read": ((EVENTS, LENGTHS), (CLASS, MOOD)),
}


def graph(inputs: tuple[Value, ...], outputs: tuple[Value, ...]) -> Graph:
    return Graph(inputs, outputs, (), {})


@pytest.mark.parametrize("name", GOOD)
def test_a_graph_as_declared_passes(name):
    """In any order of its inputs and outputs."""
    inputs, outputs = GOOD[name]

    check_interface(instrument(), name, graph(inputs, outputs))
    check_interface(instrument(), name, graph(inputs[::-1], outputs[::-1]))


def test_a_step_that_was_written_passes():
    """With its gate as an extra output."""
    check_interface(description(), "step", read_graph(step()))


@pytest.mark.parametrize("name", GOOD)
def test_a_graph_without_one_of_its_inputs_or_outputs_is_refused(name):
    """Each in turn; only gates may be left out, and one of what a reading tells."""
    inputs, outputs = GOOD[name]
    for left_out in inputs:
        with pytest.raises(InstrumentFileError, match=f"does not take '{left_out.name}'"):
            check_interface(instrument(), name, graph(tuple(v for v in inputs if v != left_out), outputs))
    for left_out in () if name == "read" else (v for v in outputs if v != GATE):
        with pytest.raises(InstrumentFileError, match=f"does not give '{left_out.name}'"):
            check_interface(instrument(), name, graph(inputs, tuple(v for v in outputs if v != left_out)))


@pytest.mark.parametrize("name", GOOD)
def test_a_graph_with_an_input_or_output_of_another_form_is_refused(name):
    """Another dtype, one dimension more, one dynamic that is declared fixed, or fixed that is declared dynamic."""
    inputs, outputs = GOOD[name]
    for index, each in enumerate((*inputs, *outputs)):
        others = [replace(each, dtype="float64"), replace(each, shape=(*each.shape, None))]
        others += [replace(each, shape=tuple(9 if size is None else size for size in each.shape))]
        others += [replace(each, shape=tuple(None for _ in each.shape))] if any(each.shape) else []
        for other in others:
            if name == "read" and other.name == "parameters.class" and other.dtype == "float32" and not other.shape[0]:
                continue  # a reading's own form is its distribution's business
            spoiled = [*inputs, *outputs]
            spoiled[index] = other
            changed = graph(tuple(spoiled[: len(inputs)]), tuple(spoiled[len(inputs) :]))
            with pytest.raises(InstrumentFileError, match=each.name):
                check_interface(instrument(), name, changed)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("extra", [value("state.spy", B, 1), value("condition.other", B, 1), value("x")], ids=str)
def test_a_graph_with_another_input_or_output_is_refused(name, extra):
    """Nothing undeclared goes in or comes out."""
    inputs, outputs = GOOD[name]

    with pytest.raises(InstrumentFileError, match=f"takes '{extra.name}', which its description does not declare"):
        check_interface(instrument(), name, graph((*inputs, extra), outputs))
    with pytest.raises(InstrumentFileError, match=f"gives '{extra.name}', which its description does not declare"):
        check_interface(instrument(), name, graph(inputs, (*outputs, extra)))


@pytest.mark.parametrize("name", ["start", "turn", "scan", "read"])
def test_only_a_step_shows_its_gates(name):
    """Tracing goes step by step."""
    inputs, outputs = GOOD[name]

    with pytest.raises(InstrumentFileError, match="gives 'gate"):
        check_interface(instrument(), name, graph(inputs, (*outputs, GATE)))


def test_a_reading_must_tell_something():
    """A graph without outputs is no graph."""
    with pytest.raises(InstrumentFileError, match="gives nothing"):
        check_interface(instrument(), "read", graph(GOOD["read"][0], ()))


def test_a_graph_of_another_name_is_refused():
    """There are five."""
    with pytest.raises(InstrumentFileError, match="no graph 'spy'"):
        check_interface(instrument(), "spy", graph((), ()))


def test_an_event_of_numbers_has_its_own_form():
    """A pen's (dx, dy, lifted) goes in as (B, 3)."""
    pen = instrument(event=ArraySpec((3,)), start_event=[0.0, 0.0, 0.0])
    inputs, outputs = GOOD["step"]

    check_interface(pen, "step", graph((value("event", B, 3), *inputs[1:]), outputs))
    with pytest.raises(InstrumentFileError, match=r"takes 'event' as int64 \(any\); declared is float32 \(any, 3\)"):
        check_interface(pen, "step", graph(inputs, outputs))


def test_no_state_and_no_condition_is_a_form_too():
    """A table of odds needs neither."""
    bare = replace(description(), conditions=(), state={})

    check_interface(bare, "step", graph((EVENT,), (NEXT,)))
    assert np.zeros(bare.event.shape).size == 1
