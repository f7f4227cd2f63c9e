"""What goes in and comes out of each graph of an instrument, as its description declares it; nothing else may.

ONNX wants every name once, so a state goes in as `state.<name>` and comes out as `after.<name>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import final

from undersong.errors import InstrumentFileError
from undersong.keeping.description import Description
from undersong.keeping.onnx_reader import Graph, Value

__all__ = ["GRAPHS", "check_interface"]

Shape = tuple[int | None, ...]
Ports = Mapping[str, tuple[str, Shape]]
"""Dtype and shape by name; None is a dimension that changes from call to call: B, T or S."""

_B: Shape = (None,)
_BT: Shape = (None, None)


@final
class _Declared:
    """The ports of one instrument's graphs, each in the form that a single row or a whole stretch has."""

    def __init__(self, description: Description) -> None:
        self.description = description

    def events(self, name: str, rows: Shape) -> Ports:
        event = self.description.event
        return {name: (event.dtype, (*rows, *event.shape))}

    def conditions(self, per: Iterable[str], rows: Shape = _B) -> Ports:
        ports: dict[str, tuple[str, Shape]] = {}
        for spec in self.description.conditions:
            if spec.per in per:
                lead = {"piece": _B, "memory": (None, None), "event": rows}[spec.per]
                ports[f"condition.{spec.name}"] = (spec.array.dtype, (*lead, *spec.array.shape))
                if spec.per == "memory":
                    ports[f"condition.{spec.name}.mask"] = ("float32", lead)
        return ports

    def state(self, prefix: str) -> Ports:
        return {f"{prefix}.{name}": ("float32", (*_B, *shape)) for name, shape in self.description.state.items()}


def _start(of: _Declared) -> tuple[Ports, Ports]:
    return of.conditions({"piece", "memory"}), of.state("after")


def _step(of: _Declared) -> tuple[Ports, Ports]:
    taken = {**of.events("event", _B), **of.conditions({"piece", "event", "memory"}), **of.state("state")}
    return taken, of.state("after")


def _turn(of: _Declared) -> tuple[Ports, Ports]:
    return of.state("state"), of.state("after")


def _scan(of: _Declared) -> tuple[Ports, Ports]:
    conditions = of.conditions({"piece", "event", "memory"}, rows=_BT)
    return {**of.events("events", _BT), **conditions, **of.state("state")}, of.state("after")


def _read(of: _Declared) -> tuple[Ports, Ports]:
    return {**of.events("events", _BT), "lengths": ("int64", _B)}, {}


GRAPHS: Mapping[str, Callable[[_Declared], tuple[Ports, Ports]]] = {
    "start": _start,
    "step": _step,
    "step_int8": _step,
    "turn": _turn,
    "scan": _scan,
    "read": _read,
}
"""Every graph an instrument may have: what it takes, and what of it is fixed by the state it leaves."""

_STEPS = ("step", "step_int8")


def check_interface(description: Description, name: str, graph: Graph) -> None:
    """Raises InstrumentFileError unless the graph takes and gives exactly what the description declares.

    start: held conditions → after.* · step: event, conditions, state.* → parameters.*, after.*, and any gate.*
    step_int8: as step
    scan: as step over (B, T), without gates · turn: state.* → after.* · read: events, lengths → readings, conditions
    """
    if name not in GRAPHS:
        raise InstrumentFileError(f"An instrument has no graph '{name}'; it may have {', '.join(GRAPHS)}.")
    declared = _Declared(description)
    inputs, outputs = GRAPHS[name](declared)
    _exactly(name, "take", graph.inputs, inputs)
    rest = graph.outputs
    if name in (*_STEPS, "scan"):
        rows = _B if name in _STEPS else _BT
        rest = _parameters(name, rest, rows, ("next", *description.readings))
    if name in _STEPS:
        rest = _gates(name, rest)
    if name == "read":
        rest = _found(declared, rest)
    _exactly(name, "give", rest, outputs)


def _exactly(graph: str, verb: str, values: Iterable[Value], ports: Ports) -> None:
    found = {value.name: (value.dtype, value.shape) for value in values}
    for name in sorted(set(found) - set(ports)):
        raise _refused(graph, f"{verb}s {name!a}, which its description does not declare")
    for name, (dtype, shape) in ports.items():
        if name not in found:
            raise _refused(graph, f"does not {verb} '{name}', which its description declares")
        if found[name] != (dtype, shape):
            raise _refused(graph, f"{verb}s '{name}' as {_form(*found[name])}; declared is {_form(dtype, shape)}")


def _parameters(graph: str, values: Iterable[Value], rows: Shape, names: Iterable[str]) -> tuple[Value, ...]:
    """Checks the odds, one vector of numbers a row under each name, and gives the other values."""
    by_name = {value.name: value for value in values}
    for name in names:
        value = by_name.pop(f"parameters.{name}", None)
        if value is None:
            raise _refused(graph, f"does not give 'parameters.{name}'")
        if value.dtype != "float32" or value.shape[:-1] != rows or not value.shape[-1]:
            declared = f"float32 ({'any, ' * len(rows)}P)"
            raise _refused(graph, f"gives '{value.name}' as {_form(value.dtype, value.shape)}; declared is {declared}")
    return tuple(by_name.values())


def _gates(graph: str, values: Iterable[Value]) -> tuple[Value, ...]:
    """Checks what may be looked at from within, and gives the other values."""
    rest = []
    for value in values:
        if not value.name.startswith("gate."):
            rest.append(value)
        elif value.dtype != "float32" or value.shape[:1] != _B or None in value.shape[1:]:
            raise _refused(graph, f"gives {value.name!a} as {_form(value.dtype, value.shape)}, which is no gate")
    return tuple(rest)


def _found(declared: _Declared, values: Iterable[Value]) -> tuple[Value, ...]:
    """Checks what reading a piece tells: any of the declared readings and conditions, and at least one."""
    readings = {f"parameters.{name}" for name in declared.description.readings}
    ports = declared.conditions({"piece", "event", "memory"}, rows=_BT)
    values = tuple(values)
    if not values:
        raise _refused("read", "gives nothing")
    return tuple(
        value
        for value in values
        if not (value.name in readings and value.dtype == "float32" and value.shape[:1] == _B)
        and ports.get(value.name) != (value.dtype, value.shape)
    )


def _form(dtype: str, shape: Shape) -> str:
    return f"{dtype} ({', '.join('any' if size is None else str(size) for size in shape)})"


def _refused(graph: str, why: str) -> InstrumentFileError:
    return InstrumentFileError(f"The graph '{graph}' is not what its instrument says: it {why}.", "Nothing was played.")
