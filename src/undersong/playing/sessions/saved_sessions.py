"""Sessions as small files of JSON: who made which events, how each turn was drawn. Safe to read from anyone.

Symbols are whole numbers, all else exact floats, so that what is loaded is what was saved. A digest tells a file that
was damaged on its way; a digest of the codec tells one whose events mean something else here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from undersong.errors import (
    InputError,
    InstrumentFileError,
    MissingFileError,
    PromptError,
    UnreadableFileError,
    UsageError,
)
from undersong.keeping.strict_json import read_object
from undersong.keeping.writing import write_beside
from undersong.playing.sessions.checked_events import checked_events, read_events
from undersong.playing.sessions.made import Made, plain
from undersong.playing.sessions.past import Past
from undersong.playing.sessions.turns import Turn, Turns, checked_author

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.session import Session

__all__ = ["FORMAT", "VERSION", "codec_digest", "from_json", "load", "save", "sealed", "to_json"]

FORMAT, VERSION = "undersong.session", 1

_LARGEST = 32_000_000  # bytes of a file: a million events of two numbers
_MOST = 1_000_000  # events of a session that is read
_KEYS = ("format", "version", "instrument", "medium", "codec", "seed", "asked", "condition", "given_after", "turns")


def to_json(session: Session) -> dict[str, Any]:
    """The session as plain data, sealed with its digest."""
    instrument, given = session.instrument, session.past.history.given
    turns = []
    for turn in session.turns:
        told = {"author": turn.author, "events": session.past.history.part(turn.start, turn.stop).tolist()}
        turns.append(told if turn.made is None else {**told, "made": plain(turn.made)})
    return sealed(
        {
            "format": FORMAT,
            "version": VERSION,
            "instrument": instrument.name,
            "medium": instrument.medium.kind,
            "codec": codec_digest(instrument),
            "seed": session.seed,
            "asked": session.asked,
            "condition": plain(session.condition),
            "given_after": None if given is None or given.count > session.length else given.count,
            "turns": turns,
        }
    )


def sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the digest of all the rest of it."""
    rest = {key: value for key, value in data.items() if key != "digest"}
    written = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {**rest, "digest": hashlib.sha256(written.encode()).hexdigest()}


def codec_digest(instrument: Instrument) -> str:
    """What two instruments have in common whose events mean the same."""
    codec = instrument.codec
    told = json.dumps({"kind": codec.kind, **codec.to_json()}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def save(session: Session, path: str | Path) -> Path:
    """A line for each turn; written beside, then renamed. Raises KeepingError."""
    data = to_json(session)
    turns = ",\n".join(json.dumps(turn, ensure_ascii=False) for turn in data["turns"])
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in data.items()]
    lines[list(data).index("turns")] = f'"turns": [\n{turns}\n]' if turns else '"turns": []'
    return write_beside(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8"))


# ── and back ───────────────────────────────────────────────────────────────────────────────────────────────────────


def load(instrument: Instrument, path: str | Path) -> Session:
    """The session in a file. Raises MissingFileError, UnreadableFileError."""
    path = Path(path)
    try:
        if not path.exists():
            raise MissingFileError(f"There is no session at '{path}'.")
        if not path.is_file():
            raise UnreadableFileError(f"'{path}' is no file.")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise UnreadableFileError(f"'{path}' cannot be read: {error}.") from error
    if len(data) > _LARGEST:
        raise UnreadableFileError(f"'{path}' is longer than the {_LARGEST // 1_000_000} MB that a session may have.")
    try:
        found = read_object(data, "content")
    except InstrumentFileError as error:
        raise UnreadableFileError(f"'{path}' is no saved session: {error.what}") from error
    try:
        return from_json(instrument, found)
    except UnreadableFileError as error:
        raise UnreadableFileError(f"'{path}': {error.what}", error.do) from error


def from_json(instrument: Instrument, data: Any) -> Session:
    """The session in plain data, whoever wrote it. Raises UnreadableFileError with what is wrong."""
    from undersong.playing.sessions.session import Session

    data = _opened(data)
    _check_instrument(instrument, data)
    if not isinstance(data["condition"], Mapping):
        raise _wrong("its condition is no object")
    seed, asked = (_whole(data[name], 2**63 - 1, name) for name in ("seed", "asked"))
    try:
        begun = Session.begin(instrument, "", seed, data["condition"])
    except (InputError, UsageError) as error:
        raise _wrong(f"its condition is none of this instrument: {error.what}") from error
    past = _turns(instrument, data["turns"], begun.past)
    return Session(instrument, past, seed, begun.condition, asked, _notes(instrument, data))


def _opened(data: Any) -> dict[str, Any]:
    """The data as it was sealed."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise _wrong(f"it does not say that it is one: its format should be '{FORMAT}'")
    if data.get("version") != VERSION or isinstance(data["version"], bool):
        raise UnreadableFileError(
            f"The session is of version {str(data.get('version'))[:20]!a}; this Undersong reads version {VERSION}.",
            "A newer Undersong may be able to read it: pip install --upgrade undersong",
        )
    for key in (*_KEYS, "digest"):
        if key not in data:
            raise _wrong(f"it lacks '{key}'")
    if strange := [key for key in data if key not in (*_KEYS, "digest")]:
        raise _wrong(f"it has a key that means nothing to us: {str(strange[0])[:40]!a}")
    try:
        found = sealed(data)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _wrong(f"it cannot be JSON: {str(error)[:80]}") from error
    if found["digest"] != data["digest"]:
        raise _wrong("it was damaged or changed since it was saved: its digest is another", "Fetch it again.")
    return found


def _check_instrument(instrument: Instrument, data: Mapping[str, Any]) -> None:
    name = str(data["instrument"])[:100]
    if data["medium"] != instrument.medium.kind:
        raise _wrong(f"it is {str(data['medium'])[:40]!a}, and '{instrument.name}' plays '{instrument.medium.kind}'")
    if data["codec"] != codec_digest(instrument):
        raise _wrong(
            f"it was played on '{name}', whose events mean something else than those of '{instrument.name}'",
            f"Load '{name}', or another instrument that learned the same vocabulary.",
        )


def _turns(instrument: Instrument, data: Any, begun: Past) -> Past:
    """The turns after a beginning; each can be undone."""
    if not isinstance(data, list) or len(data) > _MOST:
        raise _wrong(f"its turns are no list of at most {_MOST:,}")
    last: Turns | None = None
    parts: list[np.ndarray] = []
    count = 0
    for number, turn in enumerate(data, 1):
        if not isinstance(turn, Mapping) or not {"author", "events"} <= set(turn) <= {"author", "events", "made"}:
            raise _wrong(f"turn {number:,} should have an author and events, and how it was made where that is known")
        events = read_events(instrument, turn["events"], f"Turn {number:,} of the session")
        if not len(events):
            raise _wrong(f"turn {number:,} has no events")
        made = None if turn.get("made") is None else Made.from_json(instrument, turn["made"]).to_json(instrument)
        try:
            author = checked_author(turn["author"])
        except UsageError as error:
            raise _wrong(f"turn {number:,} was made by nobody. {error.what}") from error
        last = Turns(Turn(author, count, count + len(events), made), last)
        count += len(events)
        if count > _MOST:
            raise _wrong(f"it has more than {_MOST:,} events")
        parts.append(events)
    if not parts:
        return begun
    everything = np.concatenate(parts)
    try:
        checked_events(instrument, everything, begun.history)
    except PromptError as error:
        raise _wrong(f"its events are no piece. {error.what}") from error
    return Past(begun.history.extended(everything), last)


def _notes(instrument: Instrument, data: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if data["instrument"] != instrument.name:
        notes.append(f"It was begun with '{str(data['instrument'])[:100]}' and goes on with '{instrument.name}'.")
    if data["given_after"] is not None:
        after = _whole(data["given_after"], _MOST, "given_after")
        notes.append(f"After {after:,} events it went on from a state that was handed in, which no file holds.")
    return tuple(notes)


def _whole(value: Any, most: int, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    raise _wrong(f"its {what} is no whole number from 0 to {most}")


def _wrong(flaw: str, do: str = "It may be damaged, or was not saved by Undersong.") -> UnreadableFileError:
    return UnreadableFileError(f"This is no session that can be gone on with: {flaw}.", do)
