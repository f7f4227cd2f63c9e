"""What a piece must and must not hold, as masks on the odds that look ahead: never tried again and again.

    within = Constraints(contain="the lamp", avoid=["z", "very"], avoid_words="suddenly", least=100, refuse_copies=20)
    poet.sample("The ", length=300, within=within)

All of it is about what is added. What must be held stands wholly in it; what must not is also not finished by it where
a prompt began it. Nothing of it changes how an event is scored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.events import AbstractPiece
from undersong.keeping.fingerprints import WINDOW
from undersong.playing.given import Given, Several, each_of

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["Constraints", "Rules"]

_MOST = 2_000  # pieces that are asked for or forbidden, all together
_LONGEST = 2_000  # letters of one of them
_LATEST = 10_000  # positions that events are forced or forbidden at
_POSITIONS = 1_000  # of them
_FARTHEST = 1_000_000  # of a length, and of a span


class Rules(Protocol):
    """Constraints on rows played side by side."""

    def forced(self, t: int) -> np.ndarray | None:
        """The event that must be drawn t-th (0 and on), None where any may."""

    def allowed(
        self, grammar: np.ndarray | None, sounding: np.ndarray, odds: np.ndarray | None = None
    ) -> np.ndarray | None:
        """(B, V) or (1, V) of what the grammar allows what may be drawn now; None where any may.

        Raises ConstraintError, which says which constraint, where nothing is left for a row that sounds: also where the
        instrument gives no odds to it, if its log-odds (B, V) are handed in.
        """

    def hear(self, each: Sequence[Any], situations: Sequence[int], sounding: np.ndarray) -> None:
        """One more event in each row, and where each row then stands in the grammar."""

    def least(self, row: int) -> int:
        """How many events of the row it takes until it holds all that it must."""


@final
@dataclass(frozen=True)
class Constraints:
    """What is asked of what is added: pieces in it and not in it, its length, and single events."""

    contain: Several = ()
    """Pieces that it holds, wherever and in whatever order; they may overlap."""
    avoid: Several = ()
    """Pieces that it does not hold, single elements (letters) or longer spans."""
    words: Several = ()
    """The same as `contain`, as whole words."""
    avoid_words: Several = ()
    """The same as `avoid`, as whole words, written just so."""
    least: float = 0
    """How long it is at the least, in the medium's measure; it neither ends nor stops before."""
    most: float | None = None
    """How long it is at the most."""
    force: Mapping[int, Given] = field(default_factory=dict)
    """What comes at a position, counted in events from 0: one event, or several in a row."""
    forbid: Mapping[int, Several] = field(default_factory=dict)
    """Single events that do not come at a position."""
    refuse_copies: int | None = None
    """How long a span of the material may not be, in elements, as far as its fingerprints know; 12 or more."""

    def __post_init__(self) -> None:
        """Raises ConstraintError for what can be no constraint whatever is played."""
        for name in ("contain", "avoid", "words", "avoid_words"):
            object.__setattr__(self, name, _several(name, getattr(self, name)))
        object.__setattr__(self, "force", {at: _one("force", each) for at, each in _positions("force", self.force)})
        object.__setattr__(
            self, "forbid", {at: _several("forbid", each) for at, each in _positions("forbid", self.forbid)}
        )
        _number("least", self.least, 0)
        if self.most is not None:
            _number("most", self.most, 0)
            if self.most < self.least:
                raise ConstraintError(
                    f"What is added cannot be {self.least:,g} long at the least and {self.most:,g} at the most.",
                    "Ask for a least below the most.",
                )
        if self.refuse_copies is not None and (
            not _is_whole(self.refuse_copies) or not WINDOW <= self.refuse_copies <= _FARTHEST
        ):
            raise ConstraintError(
                f"refuse_copies {self.refuse_copies} is not a whole number from {WINDOW} to {_FARTHEST:,}.",
                f"Fingerprints remember {WINDOW} elements in a row: shorter spans nobody knows.",
            )
        asked = [self.contain, self.avoid, self.words, self.avoid_words, *self.forbid.values()]
        if (count := len(self.force) + sum(len(each_of(several)) for several in asked)) > _MOST:
            raise ConstraintError(f"{count:,} pieces are asked for or forbidden.", f"{_MOST:,} are the most.")

    def usual(self, length: int) -> int:
        """How long a piece is under these where nobody says, and else it would be `length`."""
        return max(length, math.ceil(self.least))

    def enough(self, length: float) -> float:
        """Where a piece that is to be so long ends under these."""
        return length if self.most is None else min(length, self.most)

    def rules(
        self,
        instrument: Instrument,
        opening: np.ndarray,
        rows: int,
        length: float,
        start: np.ndarray,
        stops: Sequence[tuple[int, ...]] = (),
    ) -> Rules | None:
        """The rules for rows that have all heard `opening`, begin with `start`, and grow to `length`.

        `stops` are elements before which a row stops; it does not while something is still to come. None where nothing
        is asked. Raises ConstraintError for what cannot be.
        """
        if self == Constraints():
            return None
        from undersong.playing.constraining.asked import rules_of  # here, because most never ask for anything

        return rules_of(self, instrument, opening, rows, self.enough(length), start, stops)

    # ── as JSON ────────────────────────────────────────────────────────────────────────────────────────────────────

    def to_json(self) -> dict[str, Any]:
        """What is asked, by name; what is not is left out. A piece becomes what its medium reads it from."""
        data: dict[str, Any] = {}
        for name in ("contain", "avoid", "words", "avoid_words"):
            if getattr(self, name):
                data[name] = [_to_json(each) for each in getattr(self, name)]
        if self.least:
            data["least"] = self.least
        if self.most is not None:
            data["most"] = self.most
        if self.force:
            data["force"] = {str(at): _to_json(each) for at, each in self.force.items()}
        if self.forbid:
            data["forbid"] = {
                str(at): [_to_json(each) for each in each_of(several)] for at, several in self.forbid.items()
            }
        if self.refuse_copies is not None:
            data["refuse_copies"] = self.refuse_copies
        return data

    @classmethod
    def from_json(cls, data: Any) -> Constraints:
        """The same from anyone. Raises ConstraintError for an unknown name, and for what can be no constraint."""
        if not isinstance(data, Mapping):
            raise ConstraintError(f"Constraints are values by name, not {type(data).__name__}.", _NAMES)
        known = [each.name for each in fields(cls)]
        for name in data:
            if name not in known:
                import difflib  # here, because only a wrong name needs it

                near = difflib.get_close_matches(str(name)[:60], known, n=1)
                raise ConstraintError(
                    f"There is no constraint '{str(name)[:60]}'.", f"Did you mean '{near[0]}'?" if near else _NAMES
                )
        read = dict(data)
        for name in ("contain", "avoid", "words", "avoid_words"):
            if name in read:
                read[name] = _several_from(name, read[name])
        for name in ("force", "forbid"):
            if name in read:
                given = read[name]
                if not isinstance(given, Mapping):
                    raise ConstraintError(f"{name} is {_shown(given)}, not values by position.", '{"0": "a"}')
                made = _one_from if name == "force" else _several_from
                read[name] = {_position(name, at): made(name, each) for at, each in given.items()}
        return cls(**{name: value for name, value in read.items() if value is not None})


_NAMES = "There are contain, avoid, words, avoid_words, least, most, force, forbid and refuse_copies."


def _several(name: str, given: Any) -> tuple[Given, ...]:
    several = each_of(given)
    if not isinstance(several, Sequence):
        raise ConstraintError(
            f"{name} is {_shown(given)}, not a piece or several.", "Give it words, or a list of them."
        )
    return tuple(_one(name, each) for each in several)


def _one(name: str, given: Any) -> Given:
    if isinstance(given, Mapping):
        if not all(isinstance(key, str) and isinstance(value, str) for key, value in given.items()):
            raise ConstraintError(f"{name} holds fields that are not words by name.", 'For example {"word": "eel"}.')
        size = sum(map(len, given.values()))
        given = dict(given)
    elif isinstance(given, str):
        size = len(given)
    elif isinstance(given, AbstractPiece):
        size = 0  # its elements are counted where they are known
    else:
        raise ConstraintError(f"{name} holds {_shown(given)}, which is no piece.", "Give it words, fields or a piece.")
    if size > _LONGEST:
        raise ConstraintError(f"{name} holds a piece of {size:,} letters.", f"{_LONGEST:,} are the most.")
    one: Given = given
    return one


def _positions(name: str, given: Any) -> list[tuple[int, Any]]:
    if not isinstance(given, Mapping):
        raise ConstraintError(f"{name} is {_shown(given)}, not events by position.", "For example {0: 'a'}.")
    if len(given) > _POSITIONS:
        raise ConstraintError(f"{name} has {len(given):,} positions.", f"{_POSITIONS:,} are the most.")
    for at in given:
        if not _is_whole(at) or not 0 <= at < _LATEST:
            raise ConstraintError(
                f"{name} has a position {_shown(at)}, which is not a whole number from 0 to {_LATEST - 1:,}.",
                "Positions count the events that are added, from 0.",
            )
    return [(int(at), given[at]) for at in sorted(given)]


def _number(name: str, given: Any, low: float) -> None:
    fits = isinstance(given, int | float) and not isinstance(given, bool) and low <= given <= _FARTHEST
    if not fits:
        raise ConstraintError(
            f"{name} {_shown(given)} is not a number from {low:g} to {_FARTHEST:,}.", "It is a length."
        )


def _is_whole(given: Any) -> bool:
    return isinstance(given, int | np.integer) and not isinstance(given, bool)


def _shown(given: Any) -> str:
    words = repr(given)
    return words if len(words) <= 40 else words[:40] + "…"


def _to_json(given: Given) -> Any:
    if not isinstance(given, AbstractPiece):
        return given
    data = given.to_json()
    is_fields = isinstance(data, dict) and all(isinstance(value, str) for value in data.values())
    return data if isinstance(data, str) or is_fields else json.dumps(data)


def _one_from(name: str, given: Any) -> Any:
    """A list is a piece of a medium whose pieces are lists; it is read as if somebody had typed it."""
    return json.dumps(given) if isinstance(given, list) else given


def _several_from(name: str, given: Any) -> Any:
    return [_one_from(name, each) for each in given] if isinstance(given, list) else given


def _position(name: str, given: Any) -> Any:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) <= 9:
        return int(given)
    return given
