"""The contract: pieces, events and batches as values, and what an instrument, a codec and a medium are.

An instrument is anything that steps. `start(condition)` gives the odds of the first event and a state;
`step(event, condition, state)` the odds of the next one. Everything above this file is written in these terms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, final, runtime_checkable

import numpy as np

from undersong.conditions import Condition, ConditionSpec, as_numbers
from undersong.errors import InputError, PromptError, RecipeError
from undersong.shapes import ArraySpec

if TYPE_CHECKING:
    from undersong.config import Settings

__all__ = [
    "AbstractCodec",
    "AbstractMedium",
    "AbstractPiece",
    "AbstractProcedure",
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

    def variants(self) -> tuple[AbstractPiece, ...]:
        """The forms in which this work is learned, itself first: a record may begin with any of its fields."""
        return (self,)

    def save(self, path: str | Path) -> Path:
        """Write the piece to a file, whose suffix says in what form."""
        path = Path(path)
        path.write_bytes(self.to_bytes(path.suffix))
        return path


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
    breaks_off: ClassVar[bool] = False
    """Whether a prompt may break off inside of a symbol, so that it is best gone on with letter by letter."""
    in_one_go: ClassVar[bool] = False
    """Whether a piece only makes sense whole, so that it is not shown event by event as it is drawn."""
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

    def letters(self) -> AbstractCodec | None:
        """The codec of the smallest signs that its symbols are spelled with; None where they are not spelled.

        Codecs of one medium have the same letters, so that different units can be compared and played together.
        """
        return None

    def spelling(self, event: int) -> tuple[int, ...]:
        """A symbol as symbols of `letters`; its end is spelled by their end."""
        raise PromptError(f"Events of '{self.kind}' are not spelled.")

    def beginnings(self, events: np.ndarray) -> np.ndarray:
        """Indices at which a piece might as well begin (a line, a bar); learning starts its streams there."""
        return np.zeros(1, dtype=np.int64)

    def grown(self, pieces: Sequence[AbstractPiece]) -> AbstractCodec:
        """A codec that can say all this one can, and has symbols for what these pieces need; itself where it may."""
        return self

    def renumbered(self, old: AbstractCodec) -> np.ndarray:
        """(V' + 1,) which symbol each of `old`'s V' is here, its start last; this codec was grown from `old`."""
        return np.arange((old.event.count or 0) + 1)

    def joined(self, others: Sequence[AbstractCodec]) -> AbstractCodec | None:
        """A codec that can say all that this one and the others can, so that voices of theirs may play as one.

        `renumbered` tells where the symbols of each are in it. None where there is no such codec; by default there is
        one only where they are all the same: this.
        """
        mine = (self.kind, self.to_json())
        return self if all((other.kind, other.to_json()) == mine for other in others) else None

    def respelled(self, event: int, of: AbstractCodec) -> np.ndarray | None:
        """A symbol of another codec of the same medium in this one's own (T,); None where they cannot say it."""
        piece = of.decode(np.array([event]))
        try:
            events = self.encode(piece)
        except PromptError:
            return None
        return events if len(events) and self.decode(events) == piece else None

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

    def inside(self, elements: np.ndarray) -> np.ndarray:
        """(N,) bool: which elements belong to words; the others stand between them. By default there are no words."""
        return np.zeros(len(elements), bool)

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
    def read(self, paths: Sequence[Path], to_learn: bool = True, asked: Mapping[str, Any] | None = None) -> Material:
        """Read files, to learn from or only to score; `asked` is the recipe's `[read]`: which part, in what form.

        Raises MissingFileError, UnreadableFileError, TooLittleError when it is not enough for that, and RecipeError for
        something asked that this medium does not know.
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
    def prompt(self, given: str | Mapping[str, str]) -> AbstractPiece:
        """What a person typed as `--prompt`, or the fields they filled in, as a piece to continue.

        Raises PromptError, also for fields where works of this medium have none.
        """

    def bound(self, pieces: Sequence[AbstractPiece], suffix: str, layout: str = "") -> bytes:
        """Several pieces as one file of that kind, set as a page of that layout ("" is the medium's own).

        Raises InputError where the medium has no such page.
        """
        raise InputError(f"Works of '{self.kind}' are not bound as '{suffix}'.", "Save them one by one.")

    def split(self, piece: AbstractPiece, most: int) -> tuple[AbstractPiece, AbstractPiece]:
        """A long piece without its tail, and that tail, which is held out: a tenth, about `most` events at most."""
        codec = self.codec([piece], self.units[0])
        events = codec.encode(piece)
        cut = max(len(events) * 9 // 10, len(events) - most)
        return codec.decode(events[:cut]), codec.decode(events[cut:])

    def portrait(self, piece: AbstractPiece) -> Mapping[str, np.ndarray]:
        """What a piece looks like in numbers, to be held beside others: how long each of its lines is, and so on.

        Whole numbers are lengths, floats are waits (infinite for what never comes), unsigned numbers name a thing.
        """
        return {}

    def builtin(self) -> Mapping[str, tuple[Path, ...]]:
        """Material that ships with Undersong, by name: learned as `builtin:NAME`."""
        return {}

    def shipped(self) -> Mapping[str, Path]:
        """Instrument files that ship with Undersong, by name."""
        return {}


class AbstractProcedure(ABC):
    """A way to make a piece out of pieces without learning anything: cut-up, erasure, cento."""

    kind: ClassVar[str]
    medium: ClassVar[str]
    sentence: ClassVar[str]
    """What it does, for people, and who did it first."""
    Settings: ClassVar[type[Settings]]
    """What can be asked of it."""

    @abstractmethod
    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: Any) -> AbstractPiece:
        """The piece; the same seed gives the same one. Raises InputError for what it cannot work with."""


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
