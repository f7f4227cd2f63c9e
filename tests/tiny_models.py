"""Small voices in both media, and every registered core in each of its forms: what the laws are held over."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from undersong_toy.walk import Walk, make_walks, walk_of

from undersong import registry
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition
from undersong.keeping.check import CHECK_FILE
from undersong.keeping.graphs_int8 import write_step_int8
from undersong.keeping.instrument_file import InstrumentFile
from undersong.learning.cores.core import AbstractCore
from undersong.learning.export import arrays_of
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.learning.training.budget import seeded
from undersong.learning.training.streams import Example
from undersong.making.assembling import assemble
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.playing.graph_steps import GraphSteps, written_check
from undersong.playing.instrument import Instrument
from undersong.playing.loading import from_file

MEDIA = ("text", "walk")
PROMPTS = {"text": "the fox", "walk": "[[1, 0], [1.5, 0.5], [2, 2]]"}
ASKED: Mapping[str, Mapping[str, Any]] = {
    "text": {},
    "walk": {"class": 2, "z": [0.1, -0.2, 0.3, 0.4], "control": 1.5, "memory": [[1, 0, 1], [0, 2, 1]]},
}
"""A little of everything that each medium can be asked."""


@dataclass(frozen=True)
class CoreCase:
    """A registered core under one choice of its settings."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join([self.kind, *(f"{key}={value}" for key, value in self.settings.items())])

    def __hash__(self) -> int:
        return hash(str(self))

    def build(self, size_in: int, size: int, seed: int = 0) -> AbstractCore:
        with seeded(seed):
            core: AbstractCore = registry.load("cores", self.kind).build(size_in, size, self.settings)
        return core

    def layer(self, size: int) -> dict[str, Any]:
        return {"kind": self.kind, "size": size, "settings": dict(self.settings)}


LAYERS = (CoreCase("lstm.v1"), CoreCase("gru.v1", {"reset": "after"}))
"""What the tiny instruments are made of."""


def every_core() -> list[CoreCase]:
    """Every registered core but the stack, once for each choice that its settings offer by name."""
    cases = []
    for kind in registry.names("cores"):
        fields = registry.load("cores", kind).Settings.model_fields
        choices = {
            name: typing.get_args(field.annotation)
            for name, field in fields.items()
            if typing.get_origin(field.annotation) is typing.Literal
        }
        for chosen in itertools.product(*choices.values()):
            cases.append(CoreCase(kind, dict(zip(choices, chosen, strict=True))))
    return [case for case in cases if not case.kind.startswith("stack.")]


@dataclass(frozen=True)
class Voice:
    """A medium with a little material of its own."""

    medium: AbstractMedium
    pieces: tuple[AbstractPiece, ...]
    codec: AbstractCodec

    @property
    def examples(self) -> list[Example]:
        encoded = [(self.codec.encode(piece), self.codec.condition(piece)) for piece in self.pieces]
        return [Example(events, condition, self.codec.beginnings(events)) for events, condition in encoded]


@cache
def voice(medium: str) -> Voice:
    """A few verses, or a few walks."""
    if medium == "text":
        texts = (TextPiece(verses(40, seed=1)), TextPiece(verses(20, seed=2)))
        return Voice(Text(), texts, Text().codec(texts, "character"))
    walks = tuple(walk_of(data, "a walk") for data in make_walks(20, seed=1))
    return Voice(Walk(), walks, Walk().codec(walks, "offset"))


def verses(lines: int, seed: int) -> str:
    """Lines with something to learn in them, and a few characters that are rare."""
    dice = np.random.default_rng(seed)
    who, how = ("fox", "owl", "old sea", "naïve moon"), ("sings", "waits", "hums")
    where = ("below", "apart", "at noon…")
    said = [f"the {dice.choice(who)} {dice.choice(how)} {dice.choice(where)}" for _ in range(lines)]
    return ",\n".join(said) + ".\n"


def spec_of(voice: Voice, layers: Sequence[Mapping[str, Any]], embedding: int = 8) -> ModelSpec:
    head = {"kind": registry.resolve("heads", voice.codec.head), "distribution": dict(voice.codec.distribution)}
    return ModelSpec(voice.codec.event, embedding, tuple(layers), {"next": head}, voice.codec.conditions)


def model_of(voice: Voice, *cores: CoreCase, ending: float = -30.0) -> Autoregressive:
    """A model that has learned nothing, its odds made twice as decided, so that differences show.

    `ending` is how much it wants to end a piece, as a logit: by itself it never does.
    """
    layers = [core.layer(12) for core in cores or LAYERS[:1]]
    with seeded(0):
        model = Autoregressive(spec_of(voice, layers))
    for parameter in model.heads.parameters():
        parameter.data *= 2.0
    if voice.codec.end is not None:
        model.heads["next"].linear.bias.data[voice.codec.end] = ending
    return model.eval()


@cache
def file_of(medium: str, *cores: CoreCase) -> InstrumentFile:
    """An instrument of such a model."""
    of = voice(medium)
    return assemble(f"tiny {medium}", of.medium, of.codec, model_of(of, *cores), {})


@cache
def int8_file_of(medium: str, *cores: CoreCase) -> InstrumentFile:
    """The same with a graph in integers, products of any size included, and what that gives for the file's check."""
    model, file = model_of(voice(medium), *cores), file_of(medium, *cores)
    graph = write_step_int8(model.spec.to_json(), arrays_of(model), least=0)
    assert graph is not None
    both = replace(file, graphs={**file.graphs, "step_int8": graph})
    check = written_check(GraphSteps(both, "onnxruntime", "int8"))
    return replace(both, attachments={CHECK_FILE: check.to_bytes()})


def piece_of(medium: str) -> AbstractPiece:
    """A piece of some length, with everything it was made under."""
    return TextPiece(verses(5, seed=9)) if medium == "text" else voice("walk").pieces[3]


@cache
def instrument_of(medium: str, engine: str = "onnxruntime", ending: float = -30.0) -> Instrument:
    """Such a model of an LSTM and a GRU, as its file plays it."""
    of = voice(medium)
    return from_file(assemble(f"tiny {medium}", of.medium, of.codec, model_of(of, *LAYERS, ending=ending), {}), engine)


def condition_of(voice: Voice, rows: int, events: int, memory: int = 3, seed: int = 0) -> Condition:
    """A condition for `rows` pieces of `events` events, different in each row, some of each memory masked."""
    dice = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {}
    for spec in voice.codec.conditions:
        lead = {"piece": (rows,), "event": (rows, events), "memory": (rows, memory)}[spec.per]
        shape = (*lead, *spec.array.shape)
        low, high = spec.array.low or 0.0, min(spec.array.high or 1.0, 2.0)
        symbols = dice.integers(spec.array.count or 1, size=shape)
        arrays[spec.name] = symbols if spec.array.is_symbol else dice.uniform(low, high, shape).astype(np.float32)
        if spec.per == "memory":
            lengths = 1 + np.arange(rows) % memory
            arrays[f"{spec.name}.mask"] = (np.arange(memory) < lengths[:, None]).astype(np.float32)
    return Condition(arrays)


def events_of(voice: Voice, rows: int, events: int, seed: int = 0) -> np.ndarray:
    """Events (B, T, …) that mean nothing, each row begun by the codec's start."""
    dice = np.random.default_rng(seed)
    event = voice.codec.event
    shape = (rows, events, *event.shape)
    symbols = dice.integers(event.count or 1, size=shape)
    made = symbols if event.is_symbol else dice.normal(size=shape).astype(np.float32)
    made[:, 0] = voice.codec.start
    return made


def tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
