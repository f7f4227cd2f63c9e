"""A learned model as graphs: our own writer where every part has one, torch's exporter otherwise."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from undersong.keeping import graphs
from undersong.learning.models.autoregressive import Autoregressive

__all__ = ["arrays_of", "to_graphs"]


def arrays_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Every weight by name, as float32."""
    return {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}


def to_graphs(model: Autoregressive) -> dict[str, bytes]:
    """`step`, and `start` where the state before the first event depends on a condition."""
    config = model.spec.to_json()
    arrays = arrays_of(model)
    if not graphs.can_write(config):
        return _by_torch(model)
    start = graphs.write_start(config, arrays)
    return {"step": graphs.write_step(config, arrays)} | ({"start": start} if start is not None else {})


@final
class _Call(nn.Module):
    """One of the model's methods with flat, named inputs and outputs, which is what an exporter can see."""

    def __init__(self, model: Autoregressive, what: str) -> None:
        super().__init__()
        self.model = model
        self.what = what
        self.state_names = list(model.core.state_shapes)
        self.condition_names = _condition_names(model, start=what == "start")

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        condition = dict(zip(self.condition_names, values, strict=False))
        rest = values[len(self.condition_names) :]
        if self.what == "start":
            state = self.model.start(condition, values[0].shape[0])
            return tuple(state[name] for name in self.state_names)
        parameters, state = self.model.step(rest[0], condition, dict(zip(self.state_names, rest[1:], strict=True)))
        return (*parameters.values(), *(state[name] for name in self.state_names))


def _condition_names(model: Autoregressive, start: bool) -> list[str]:
    names = []
    for spec in model.spec.conditions:
        if start and spec.per == "event":
            continue
        names.append(spec.name)
        if spec.per == "memory":
            names.append(f"{spec.name}.mask")
    return names


def _by_torch(model: Autoregressive) -> dict[str, bytes]:
    was_training = model.training
    model.eval()
    found = {"step": _export(_Call(model, "step"), model)}
    if model.beginning is not None:
        found["start"] = _export(_Call(model, "start"), model)
    model.train(was_training)
    return found


def _export(call: _Call, model: Autoregressive, rows: int = 2) -> bytes:
    examples: dict[str, Tensor] = {}
    shapes: list[dict[int, object]] = []
    batch = torch.export.Dim("B")

    def add(name: str, value: Tensor, dynamic: Mapping[int, object]) -> None:
        examples[name] = value
        shapes.append({0: batch, **dynamic})

    for spec in model.spec.conditions:
        if call.what == "start" and spec.per == "event":
            continue
        memory = (3,) if spec.per == "memory" else ()
        dynamic = {1: torch.export.Dim(f"S_{spec.name}")} if memory else {}
        dtype = torch.int64 if spec.array.is_symbol else torch.float32
        add(f"condition.{spec.name}", torch.zeros(rows, *memory, *spec.array.shape, dtype=dtype), dynamic)
        if memory:
            add(f"condition.{spec.name}.mask", torch.ones(rows, *memory), dynamic)
    states = [f"after.{name}" for name in call.state_names]
    outputs = states
    if call.what == "step":
        event = model.spec.event
        dtype = torch.int64 if event.is_symbol else torch.float32
        add("event", torch.zeros(rows, *event.shape, dtype=dtype), {})
        for name, shape in model.core.state_shapes.items():
            add(f"state.{name}", torch.zeros(rows, *shape), {})
        outputs = [*(f"parameters.{name}" for name in model.spec.heads), *states]
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it would tell people that torchvision is missing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about torch's own parts, while a person watches the learning
        program = torch.onnx.export(
            call.eval(),
            tuple(examples.values()),
            dynamo=True,
            opset_version=graphs.OPSET,
            input_names=list(examples),
            output_names=outputs,
            dynamic_shapes=(tuple(shapes),),
            optimize=True,
            verbose=False,
        )
    assert program is not None
    data = io.BytesIO()
    program.save(data)  # type: ignore[arg-type]  # an open file will do
    return graphs.stripped(data.getvalue())
