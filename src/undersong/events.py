"""The contract: pieces, events, conditions and batches as values, and what an instrument, a codec and a medium are.

An instrument is anything that steps. `start(condition)` gives the odds of the first event and a state;
`step(event, condition, state)` the odds of the next one. Everything above this file is written in these terms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, final, runtime_checkable

import numpy as np

from undersong.errors import InputError, PromptError, RecipeError
from undersong.shapes import ArraySpec, shape_text

__all__ = [
    "AbstractCodec",
    "AbstractMedium",
    "AbstractPiece",
    "Batch",
    "Condition",
    "ConditionSpec",
    "Grammar",
    "Material",
    "Parameters",
    "State",
    "Steps",
    "as_numbers",
]

State = Mapping[str, np.ndarray]
"""What the network carries: named arrays whose first axis is B. Never changed in place."""

Parameters = Mapping[str, np.ndarray]
"""Named outputs of a step, each (B, …): `next` is what gets played, the rest are readings."""


class AbstractPiece(ABC):
    """A work as people know it: a text, a drawing, a tune."""

    medium: ClassVar[str]

    @abstractmethod
    def __str__(self) -> str:
        """The piece as a terminal shows it."""

    @abstractmethod
    def to_json(self) -> Any:
        """The piece as JSON, the value of `piece` in every answer."""

    def json_fields(self) -> dict[str, Any]:
        """What this medium adds to a JSON answer beside `piece`."""
        return {}

    @abstractmethod
    def to_bytes(self, suffix: str) -> bytes:
        """The piece as the content of a file of that kind ('.txt', '.svg' …).

        Raises InputError where the medium cannot be written in that form.
        """

    def save(self, path: str | Path) -> Path:
        """Write the piece to a file, whose suffix says in what form."""
        path = Path(path)
        path.write_bytes(self.to_bytes(path.suffix))
        return path


@dataclass(frozen=True)
class ConditionSpec:
    """One thing an instrument listens to beside the events: a class, z, a chord, a density, words to write.

    `per` "piece" holds for the whole piece, "event" changes with every event, "memory" has a length S of its own
    (then each of its S rows is one `array`, and a mask of the same length says which rows count).
    """

    name: str
    array: ArraySpec
    per: str = "piece"
    sentence: str = ""

    def neutral(self, batch: int) -> np.ndarray:
        """The value that means "nothing asked": (B, *shape), or (B, 1, *shape) for a memory."""
        rows = (batch, 1) if self.per == "memory" else (batch,)
        return np.full(rows + self.array.shape, self.array.neutral, dtype=self.array.dtype)

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "array": self.array.to_json(), "per": self.per, "sentence": self.sentence}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ConditionSpec:
        return cls(data["name"], ArraySpec.from_json(data["array"]), data["per"], data["sentence"])


@final
@dataclass(frozen=True)
class Condition(Mapping[str, np.ndarray]):
    """A record of named arrays, each (B, …); handed in at every step and free to change each time."""

    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def __iter__(self) -> Any:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    @classmethod
    def complete(cls, specs: Sequence[ConditionSpec], given: Mapping[str, Any], batch: int) -> Condition:
        """Every declared array for B rows: checked where given (one row is repeated), neutral where not.

        A memory `m` of S rows is joined by `m.mask` (B, S), all ones where none is given.
        Raises InputError for an undeclared name, a wrong shape, or a value out of range.
        """
        allowed = {s.name for s in specs} | {f"{s.name}.mask" for s in specs if s.per == "memory"}
        for name in given:
            if name not in allowed:
                raise InputError(
                    f"This instrument listens to {', '.join(sorted(allowed)) or 'no condition'}; not to '{name}'."
                )
        arrays: dict[str, np.ndarray] = {}
        for spec in specs:
            value = _checked(spec, given[spec.name], batch) if spec.name in given else spec.neutral(batch)
            arrays[spec.name] = value
            if spec.per == "memory":
                arrays[f"{spec.name}.mask"] = _mask(spec, given, value.shape[:2])
        return cls(arrays)


def as_numbers(spec: ConditionSpec, value: Any) -> np.ndarray:
    """Whatever was given for a condition, in its declared type. Raises InputError where it is no such array."""
    try:
        given = np.asarray(value)
    except ValueError:  # rows of different lengths
        given = np.array(None)
    whole = given.dtype.kind in "biu" or (given.dtype.kind == "f" and bool((given == np.rint(given)).all()))
    if given.dtype.kind not in "biuf" or (spec.array.is_symbol and not whole):
        kind = "whole numbers" if spec.array.is_symbol else "numbers"
        raise InputError(f"Condition '{spec.name}' wants {kind}, in rows of one length.")
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused by its range
        return given.astype(spec.array.dtype)


def _mask(spec: ConditionSpec, given: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
    """Which rows of a memory count (B, S)."""
    name = f"{spec.name}.mask"
    if name not in given:
        return np.full(shape, float(spec.name in given), np.float32)
    mask = as_numbers(ConditionSpec(name, ArraySpec()), given[name])
    if mask.shape not in (shape, shape[1:]) or not ((mask >= 0) & (mask <= 1)).all():
        raise InputError(f"'{name}' should be a number from 0 to 1 for each of the {shape[1]} rows of '{spec.name}'.")
    return np.broadcast_to(mask, shape)


def _checked(spec: ConditionSpec, value: Any, batch: int) -> np.ndarray:
    array = as_numbers(spec, value)
    rank = len(spec.array.shape) + (2 if spec.per == "memory" else 1)
    if array.ndim == rank - 1:  # one row for all
        array = np.broadcast_to(array, (batch, *array.shape))
    inner = array.shape[array.ndim - len(spec.array.shape) :]
    if array.ndim != rank or inner != spec.array.shape or array.shape[0] != batch:
        raise InputError(f"Condition '{spec.name}' has shape {shape_text(array)}; expected {spec.array.shape} per row.")
    low = 0 if spec.array.is_symbol else spec.array.low
    high = (spec.array.count or 1) - 1 if spec.array.is_symbol else spec.array.high
    if (
        not np.isfinite(array).all()
        or (low is not None and (array < low).any())
        or (high is not None and (array > high).any())
    ):
        raise InputError(f"Condition '{spec.name}' holds a value outside {low} … {high}.")
    return array


@final
@dataclass(frozen=True)
class Batch:
    """What one training step sees. Row b, column t of `targets["next"]` is the event that follows `events[b, t]`.

    events (B, T, …) · mask (B, T), 0 where padded · condition: (B, …) per piece, (B, T, …) per event, (B, S, …) memory.
    `fresh` (B,) is 1 where a row does not continue its row of the batch before: its state starts anew.
    """

    events: np.ndarray
    mask: np.ndarray
    condition: Condition
    targets: Mapping[str, np.ndarray]
    fresh: np.ndarray


@dataclass(frozen=True)
class Grammar:
    """Which event may follow which, as a small automaton over (G) situations and (V) symbols.

    allowed (G, V) bool · following (G, V): the situation after a symbol. Situation 0 is the beginning.
    """

    allowed: np.ndarray
    following: np.ndarray

    def run(self, situation: int, events: np.ndarray) -> int:
        """The situation after `events` (T,)."""
        for event in events:
            situation = int(self.following[situation, event])
        return situation


class AbstractCodec(ABC):
    """Pieces to events and back, lossless where `lossless` says so; travels inside the instrument file."""

    kind: ClassVar[str]
    lossless: ClassVar[bool] = True
    event: ArraySpec
    conditions: tuple[ConditionSpec, ...] = ()
    distribution: Mapping[str, Any]
    """The odds of the next event: {"kind": "categorical.v1", …settings}."""
    head: str
    """The head that makes them, by its registered name."""
    end: int | None = None
    """The symbol that ends a piece, where there is one."""
    grammar: Grammar | None = None
    endings: ClassVar[tuple[str, ...]] = ()
    """The natural ends this codec can find: a word, a line, a bar."""
    overlooks: ClassVar[str] = ""
    """What `folded` leaves out, in words ("case and spaces"); nothing where it leaves all as it is."""

    @property
    @abstractmethod
    def start(self) -> np.ndarray:
        """What an instrument hears before the first event: one event of the declared shape."""

    @abstractmethod
    def encode(self, piece: AbstractPiece) -> np.ndarray:
        """The piece as events (T, …). Raises PromptError for what the codec cannot hold."""

    def encode_in_parts(self, piece: AbstractPiece) -> Iterator[np.ndarray]:
        """The same events, some at a time: of a very long piece all at once would not fit."""
        yield self.encode(piece)

    @abstractmethod
    def decode(self, events: np.ndarray) -> AbstractPiece:
        """Events (T, …) as a piece."""

    def condition(self, piece: AbstractPiece) -> Condition:
        """What this piece was made under: per piece (…), per event (T, …), memory (S, …); no batch axis."""
        return Condition()

    @abstractmethod
    def measure(self, piece: AbstractPiece) -> int:
        """The piece's length in the medium's own measure (characters, points, seconds)."""

    @abstractmethod
    def progress(self, events: np.ndarray) -> np.ndarray:
        """(T,) the piece's length, in the medium's own measure, after each event."""

    def ending(self, what: str, events: np.ndarray) -> int:
        """How many of these events reach the first such end, all where there is none. `what` is in `endings`."""
        return len(events)

    def display(self, event: int) -> str:
        """A unique name for one symbol, as people see it. Only symbols have names."""
        raise PromptError(f"Events of '{self.kind}' are not symbols and have no names.")

    def beginnings(self, events: np.ndarray) -> np.ndarray:
        """Indices at which a piece might as well begin (a line, a bar); learning starts its streams there."""
        return np.zeros(1, dtype=np.int64)

    def grown(self, pieces: Sequence[AbstractPiece]) -> AbstractCodec:
        """A codec that can say all this one can, and has symbols for what these pieces need; itself where it may."""
        return self

    def renumbered(self, old: AbstractCodec) -> np.ndarray:
        """(V' + 1,) which symbol each of `old`'s V' is here, its start last; this codec was grown from `old`."""
        return np.arange((old.event.count or 0) + 1)

    def elements(self, piece: AbstractPiece) -> np.ndarray:
        """The piece as what copying is looked for in: (N,) unsigned integers, equal where it is equal.

        By default one for each event; numbers are the same where they agree to a thousandth.
        """
        events = self.encode(piece)
        numbers = events if self.event.is_symbol else np.rint(events.astype(np.float64) * 1000)
        found = np.zeros(len(events), np.uint64)
        for column in numbers.reshape(len(events), self.event.width).astype(np.int64).astype(np.uint64).T:
            found = (found ^ column) * np.uint64(0xD1342543DE82EF95)  # odd, so that nothing is lost on the way
        return found

    def excerpt(self, piece: AbstractPiece, start: int, stop: int) -> AbstractPiece | None:
        """Elements `start` to `stop` of a piece, to be shown; None where they are no piece by themselves."""
        return None

    def folded(self, piece: AbstractPiece) -> AbstractPiece:
        """The piece without what `overlooks` names: copies are looked for with and without."""
        return piece

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Everything needed to build this codec again, except its registered kind."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: Mapping[str, Any]) -> AbstractCodec:
        """The codec back. Raises InstrumentFileError when the data is not its own."""


@dataclass(frozen=True)
class Material:
    """What a medium read from a person's files: pieces, and in plain words what was read, changed and dropped."""

    pieces: tuple[AbstractPiece, ...]
    sources: tuple[str, ...]
    notes: tuple[str, ...] = ()
    licence: str = ""
    cut: str = "whole"
    """How the pieces were cut from what was read: "whole" is as it came; anything else makes each a piece to learn."""


class AbstractMedium(ABC):
    """A kind of work: how it is read, turned into events, measured and shown."""

    kind: ClassVar[str]
    measure: ClassVar[str]
    """The singular of what its length is counted in: 'character', 'point'."""
    shape: ClassVar[str] = "stream"
    """How a corpus is learned: "stream" (one long work, state carried on) or "pieces" (each from its start)."""
    units: ClassVar[tuple[str, ...]]
    baseline: ClassVar[str] = "ngram"
    """What stands beside every loss: "ngram" for symbols, "one_gaussian" for numbers."""
    tries_anything: ClassVar[bool] = False
    """Whether files that no medium claims are worth a try."""
    sample_length: ClassVar[int] = 400
    """How long a sample is when nobody says, in `measure`."""

    @abstractmethod
    def claims(self, path: Path) -> bool:
        """Whether this medium reads a file of that name."""

    @abstractmethod
    def read(self, paths: Sequence[Path], to_learn: bool = True) -> Material:
        """Read files, to learn from or only to score.

        Raises MissingFileError, UnreadableFileError, and TooLittleError when it is not enough for that.
        """

    def cut(self, material: Material, how: str) -> Material:
        """The material as the pieces it is made of: `how` is auto, whole, file, or what the medium can part works by.

        Raises RecipeError for a way this medium has not.
        """
        if how in ("auto", "whole", "file"):
            return material
        raise RecipeError(f"Works of '{self.kind}' are not cut by '{how}'.", "Leave pieces as it is: auto.")

    @abstractmethod
    def codec(self, pieces: Sequence[AbstractPiece], unit: str) -> AbstractCodec:
        """A codec that fits these pieces."""

    @abstractmethod
    def prompt(self, given: str) -> AbstractPiece:
        """What a person typed as `--prompt`, as a piece to continue. Raises PromptError."""

    def split(self, piece: AbstractPiece, most: int) -> tuple[AbstractPiece, AbstractPiece]:
        """A long piece without its tail, and that tail, which is held out: a tenth, about `most` events at most."""
        codec = self.codec([piece], self.units[0])
        events = codec.encode(piece)
        cut = max(len(events) * 9 // 10, len(events) - most)
        return codec.decode(events[:cut]), codec.decode(events[cut:])

    def builtin(self) -> Mapping[str, tuple[Path, ...]]:
        """Material that ships with Undersong, by name: learned as `builtin:NAME`."""
        return {}

    def shipped(self) -> Mapping[str, Path]:
        """Instrument files that ship with Undersong, by name."""
        return {}


@runtime_checkable
class Steps(Protocol):
    """The least an instrument is: it starts, and it steps. Markov chains, mixtures and antiques are instruments too."""

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        """Odds of the first event and the state before it, for B rows."""

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        """Odds after `event` (B, …) and the state then. The state handed in stays as it was."""

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        """A step, and everything it computed that has a name (gates and the like), each (B, …)."""
