"""Walks in the plane, made under a class, a z, one control per event and a memory of any length.

A `*.walks.json` file is a list of walks: {"points": [[x, y], …], "class": 0 … 2, "z": [4 numbers],
"control": [one per point], "memory": [[a, b, c], …]}; only the points must be there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from undersong.errors import (
    InputError,
    InstrumentFileError,
    PromptError,
    TooLittleError,
    UnknownNameError,
    UnreadableFileError,
)
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Condition, ConditionSpec, Material
from undersong.shapes import ArraySpec, Float

__all__ = ["CONDITIONS", "Walk", "WalkPiece", "Walks", "make_walks", "walk_of", "write_walks"]

CONDITIONS = (
    ConditionSpec("class", ArraySpec((), "int64", count=3), "piece", "Which way it turns: left, not at all, right."),
    ConditionSpec("z", ArraySpec((4,)), "piece", "How it sways, and how far each way."),
    ConditionSpec("control", ArraySpec((), low=0.0, high=10.0, neutral=1.0), "event", "How long a step is."),
    ConditionSpec("memory", ArraySpec((3,)), "memory", "Where it would rather go: rows of x, y and how much."),
)
_FARTHEST = 1e6  # a coordinate that float32 offsets still tell apart


@final
@dataclass(frozen=True)
class WalkPiece(AbstractPiece):
    """Points (x, y) in the order they were reached; the walk begins at 0, 0, which is not one of them."""

    medium: ClassVar[str] = "walk.v1"
    points: tuple[tuple[float, float], ...]
    made_under: Condition = field(default_factory=Condition, compare=False)

    def __str__(self) -> str:
        return " ".join(f"{x:.2f},{y:.2f}" for x, y in self.points)

    def to_json(self) -> list[list[float]]:
        return [[x, y] for x, y in self.points]

    def to_bytes(self, suffix: str) -> bytes:
        """A file of one walk, or a drawing of it. Raises InputError for other suffixes."""
        if suffix == ".json":
            known = {name: np.asarray(value).tolist() for name, value in self.made_under.items()}
            return json.dumps([{"points": self.to_json(), **known}]).encode()
        if suffix == ".svg":
            box = np.array([(0.0, 0.0), *self.points])
            (left, top), (width, height) = box.min(0), np.ptp(box, 0) + 1e-3
            line = " ".join(f"{x:g},{y:g}" for x, y in box.tolist())
            view = f'viewBox="{left:g} {top:g} {width:g} {height:g}"'
            return f'<svg xmlns="http://www.w3.org/2000/svg" {view}><polyline points="{line}"/></svg>'.encode()
        raise InputError(f"A walk cannot be written as '{suffix}'.", "Use a name ending in .json or .svg.")


@final
class Walks(AbstractCodec):
    """A walk as offsets (T, 2) from each point to the next, in units of the usual one."""

    kind: ClassVar[str] = "walks.v1"
    lossless: ClassVar[bool] = False  # offsets are float32
    event = ArraySpec((2,), "float32")
    conditions = CONDITIONS
    head = "toy_mixture"

    def __init__(self, scale: float, components: int = 5) -> None:
        self.scale = scale
        self.components = components
        self.distribution: Mapping[str, Any] = {"kind": "toy_mixture.v1", "components": components}

    @property
    def start(self) -> Float[np.ndarray, "2"]:
        return np.zeros(2, np.float32)

    def encode(self, piece: AbstractPiece) -> Float[np.ndarray, "T 2"]:
        if not isinstance(piece, WalkPiece):
            raise PromptError(f"This codec holds walks, not a piece of '{piece.medium}'.")
        points = np.array([(0.0, 0.0), *piece.points])  # (T + 1, 2)
        return (np.diff(points, axis=0) / self.scale).astype(np.float32)

    def decode(self, events: np.ndarray) -> WalkPiece:
        points = np.cumsum(np.asarray(events, np.float64).reshape(-1, 2) * self.scale, axis=0)
        return WalkPiece(tuple((x, y) for x, y in points.tolist()))

    def condition(self, piece: AbstractPiece) -> Condition:
        assert isinstance(piece, WalkPiece)
        return piece.made_under

    def measure(self, piece: AbstractPiece) -> int:
        assert isinstance(piece, WalkPiece)
        return len(piece.points)

    def progress(self, events: np.ndarray) -> np.ndarray:
        return np.arange(1, len(events) + 1)

    def to_json(self) -> dict[str, Any]:
        return {"scale": self.scale, "components": self.components}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Walks:
        scale, components = data.get("scale"), data.get("components")
        if not (_is_number(scale) and scale > 0 and isinstance(components, int) and 0 < components <= 100):
            raise InstrumentFileError("The codec of a walk needs a scale above 0 and 1 to 100 components.")
        return cls(float(scale), components)


@final
class Walk(AbstractMedium):
    """Walks from `*.walks.json` files, each learned from its start."""

    kind: ClassVar[str] = "walk.v1"
    measure: ClassVar[str] = "point"
    shape: ClassVar[str] = "pieces"
    units: ClassVar[tuple[str, ...]] = ("offset",)
    baseline: ClassVar[str] = "one_gaussian"
    sample_length: ClassVar[int] = 40

    def claims(self, path: Path) -> bool:
        return path.name.endswith(".walks.json")

    def read(self, paths: Sequence[Path], to_learn: bool = True, asked: Mapping[str, Any] | None = None) -> Material:
        pieces: list[AbstractPiece] = []
        for path in paths:
            try:
                found = json.loads(path.read_bytes())
            except (OSError, ValueError, RecursionError) as error:
                raise UnreadableFileError(f"'{path}' is not a file of walks: {error}.") from error
            if not isinstance(found, list):
                raise UnreadableFileError(f"'{path}' is not a list of walks.")
            pieces += [walk_of(data, f"walk {number} of '{path}'") for number, data in enumerate(found)]
        if not any(isinstance(piece, WalkPiece) and piece.points for piece in pieces):
            raise TooLittleError("There is no walk in these files.")
        return Material(tuple(pieces), tuple(map(str, paths)))

    def codec(self, pieces: Sequence[AbstractPiece], unit: str) -> Walks:
        """Its scale is the usual size of an offset. Raises UnknownNameError for a unit other than "offset"."""
        if unit not in self.units:
            raise UnknownNameError(f"A walk is not learned by '{unit}'.", f"Its units: {', '.join(self.units)}.")
        offsets = np.concatenate([np.zeros((0, 2)), *(Walks(1.0).encode(piece) for piece in pieces)])
        return Walks(float(np.sqrt((offsets**2).mean())) if offsets.any() else 1.0)

    def prompt(self, given: str | Mapping[str, str]) -> WalkPiece:
        """Points as JSON; nothing at all is the walk that has not begun."""
        if not isinstance(given, str):
            raise PromptError("A walk has no fields.", "Give it points: [[0, 1], [2, 1.5]].")
        try:
            return WalkPiece(_points(json.loads(given))) if given.strip() else WalkPiece(())
        except (ValueError, TypeError, RecursionError) as error:
            raise PromptError(f"A walk is a list of points such as [[0, 1], [2, 1.5]]: {error}.") from error


def _points(data: Any) -> tuple[tuple[float, float], ...]:
    """Raises ValueError, TypeError where the data is no list of points."""
    for point in data if isinstance(data, list) else [data]:
        near = isinstance(point, list) and all(_is_number(n) and abs(n) <= _FARTHEST for n in point)
        if not near or len(point) != 2:
            raise ValueError(f"{str(point)[:40]} is no point")
    return tuple((float(x), float(y)) for x, y in data)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def walk_of(data: Any, where: str) -> WalkPiece:
    """One walk from a file, with the neutral value of all it was not made under. Raises UnreadableFileError."""
    try:
        points = _points(data["points"])
        arrays: dict[str, np.ndarray] = {}
        for spec in CONDITIONS:
            per_event = spec.per == "event"
            rows = len(points) if per_event else 1
            given = {spec.name: data[spec.name]} if spec.name in data else {}
            if spec.name == "memory":
                given = {spec.name: np.reshape(given.get(spec.name, []), (-1, 3))}
            value = Condition.complete([spec], given, rows)[spec.name]
            arrays[spec.name] = np.array(value if per_event else value[0])
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise UnreadableFileError(f"{where} cannot be read: {error}.") from error
    return WalkPiece(points, Condition(arrays))


def make_walks(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` walks that have something to learn, the same ones for the same seed.

    The class turns, the control sets the length of a step, z sways, and the memory draws the walk its way.
    """
    dice = np.random.default_rng(seed)
    walks = []
    for _ in range(count):
        kind, length, z = int(dice.integers(3)), int(dice.integers(12, 31)), dice.normal(size=4)
        memory = dice.normal(size=(int(dice.integers(0, 5)), 3))
        steps = np.arange(length)
        control = 1.0 + 0.5 * np.sin(steps / 4 + dice.uniform(0, 2 * np.pi))
        heading = 0.25 * (kind - 1) * steps + 0.3 * z[0] * np.sin(steps / 3) + dice.normal(size=length) * 0.1
        offsets = control[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        offsets += 0.1 * z[1:3] + (0.3 * memory[:, :2].mean(0) if len(memory) else 0.0)
        walk = {"points": np.cumsum(offsets, 0), "z": z, "control": control, "memory": memory}
        walks.append({"class": kind, **{name: value.round(4).tolist() for name, value in walk.items()}})
    return walks


def write_walks(path: Path, count: int = 40, seed: int = 1) -> Path:
    """A file of such walks."""
    path.write_text(json.dumps(make_walks(count, seed)))
    return path
