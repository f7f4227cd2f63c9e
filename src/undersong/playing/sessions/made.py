"""How a turn was drawn, as JSON that travels with the turn, and back: seed, row, dials, and what was asked beside.

`after` is a digest of the events before it: where these were changed since, nobody can say what would be drawn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import InputError, UndersongError, UnreadableFileError
from undersong.events import AbstractPiece
from undersong.playing.asking import Asking
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.given import Given, each_of, events_of, piece_of
from undersong.playing.sessions.checked_events import is_number, read_events

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["Made", "digest_of", "plain"]

_MOST = 1_000_000  # numbers in a list: more than anybody plays at one go
_LONGEST = 100_000  # characters of anything told in words
_ROWS = 10_000


def digest_of(events: np.ndarray) -> str:
    """16 hexadecimal digits that differ wherever these events (T, …) do, the same on every machine."""
    kind = "<i8" if events.dtype.kind in "iu" else "<f4"
    return hashlib.blake2b(np.ascontiguousarray(events, kind).tobytes(), digest_size=8).hexdigest()


def plain(value: Any) -> Any:
    """Numbers and arrays of numpy as JSON has them, exactly."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


@final
@dataclass(frozen=True)
class Made:
    """Row `row` of `rows` that were drawn side by side as `asked`, of which a beginning was taken.

    `until` and `ranking` say how it was cut and chosen; what was drawn does not depend on them.
    """

    after: str
    asked: Asking
    rows: int
    row: int
    until: str | None = None
    ranking: str | float = "likely"

    def to_json(self, instrument: Instrument) -> dict[str, Any]:
        """What was left as it is by itself is left out."""
        asked = self.asked
        told: dict[str, Any] = {"seed": asked.seed, "row": self.row, "rows": self.rows, "after": self.after}
        told |= {} if asked.length is None else {"length": asked.length}
        told |= {} if self.until is None else {"until": self.until}
        told |= {} if self.ranking == "likely" else {"ranking": self.ranking}
        told |= {"stop": [_told(instrument, stop) for stop in each_of(asked.stop)]} if _any(asked.stop) else {}
        told |= {} if asked.start is None else {"start": _told(instrument, asked.start)}
        told |= {} if asked.within is None else {"within": asked.within.to_json()}
        told |= {"condition": plain(dict(asked.condition))} if asked.condition else {}
        return {**told, "dials": plain(dict(asked.dials))}

    @classmethod
    def from_json(cls, instrument: Instrument, data: Any) -> Made:
        """Back from JSON, whoever wrote it. Raises UnreadableFileError with what is wrong."""
        known = {"seed", "row", "rows", "after", "length", "until", "ranking", "stop", "start", "within", "condition"}
        if not isinstance(data, Mapping) or not {"seed", "row", "rows", "after", "dials"} <= set(data):
            raise _wrong("lacks its seed, row, rows, after or dials")
        if strange := set(data) - known - {"dials"}:
            raise _wrong(f"has a key that means nothing to us, {str(min(map(str, strange)))[:40]!a}")
        rows = _whole(data["rows"], 1, _ROWS, "rows")
        length = _whole(data["length"], 0, 2**53, "length") if "length" in data else None
        stop, start = data.get("stop", []), data.get("start")
        if not isinstance(stop, list) or len(stop) > _ROWS:
            raise _wrong("has stops that are no list")
        asked = Asking(
            length=length,
            seed=_whole(data["seed"], 0, 2**63 - 1, "seed"),
            condition=_condition(data.get("condition")),
            stop=[_heard(instrument, each) for each in stop],
            start=None if start is None else _heard(instrument, start),
            within=_within(data.get("within")),
            dials=_dials(data["dials"]),
        )
        until, ranking = data.get("until"), data.get("ranking", "likely")
        if not (until is None or _is_words(until)) or not (_is_words(ranking) or is_number(ranking)):
            raise _wrong("was cut or ranked by what is no name and no number")
        after = data["after"] if _is_words(data["after"]) else ""
        return cls(after, asked, rows, _whole(data["row"], 0, rows - 1, "row"), until, ranking)


def _any(stop: Any) -> bool:
    return len(each_of(stop)) > 0


def _told(instrument: Instrument, given: Given) -> Any:
    """Words as they are, fields by name; a piece by its events, which is how it was heard."""
    if isinstance(given, str):
        return given
    if isinstance(given, AbstractPiece):
        return {"events": instrument.codec.encode(piece_of(instrument.medium, given)).tolist()}
    return {"fields": dict(given)}


def _heard(instrument: Instrument, data: Any) -> Given:
    """The same back."""
    if isinstance(data, str):
        given: Given = data
    elif isinstance(data, Mapping) and set(data) == {"events"}:
        given = instrument.codec.decode(read_events(instrument, data["events"], "a start or stop"))
    elif isinstance(data, Mapping) and set(data) == {"fields"} and isinstance(data["fields"], Mapping):
        given = {str(name): str(words) for name, words in data["fields"].items()}
    else:
        raise _wrong("begins or stops with what is neither words, fields nor events")
    try:
        events_of(instrument.medium, instrument.codec, given)
    except InputError as error:
        raise _wrong(f"begins or stops with what cannot be heard: {error.what}") from error
    return given


def _condition(data: Any) -> dict[str, Any] | None:
    if data is None:
        return None
    if not isinstance(data, Mapping) or not all(_is_words(name) for name in data):
        raise _wrong("was asked under a condition that is none")
    return dict(data)


def _dials(data: Any) -> dict[str, Any]:
    """Dials by name, each a number, a list of numbers, or a way in words; which there are is not known here."""
    if not isinstance(data, Mapping) or len(data) > 1_000:
        raise _wrong("has dials that are no object")
    for name, value in data.items():
        several = isinstance(value, list) and len(value) <= _MOST and all(map(is_number, value))
        if not _is_words(name) or not (is_number(value) or _is_words(value) or several):
            raise _wrong(f"has a dial {str(name)[:40]!a} that is turned to no number")
    return dict(data)


def _within(data: Any) -> Constraints | None:
    if data is None:
        return None
    try:
        return Constraints.from_json(data)
    except (UndersongError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise _wrong(f"was drawn within constraints that are none: {error}") from error


def _whole(value: Any, low: int, high: int, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise _wrong(f"has {what} that is no whole number from {low} to {high}")


def _is_words(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _wrong(flaw: str) -> UnreadableFileError:
    return UnreadableFileError(f"The way in which a turn of the session was made {flaw}.")
