"""Several ways to go on, drawn side by side: cut where something ends, none shown twice, the best first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractCodec, AbstractPiece
from undersong.playing.asking import Asking
from undersong.playing.copying import Copied
from undersong.playing.courses import Course, Draw, Drawn, Step, overheard
from undersong.playing.drawing import Drawing, Row, Wish
from undersong.playing.sessions.familiar import Familiar
from undersong.playing.sessions.made import Made, digest_of
from undersong.randomness import fresh_seed

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.history import Heard

__all__ = ["RANKINGS", "Candidate", "Ranking", "by_rank", "check_wanted", "gathering", "suggesting"]

RANKINGS = ("likely", "novel")

Ranking = str | float
"""What comes first: the likeliest per event, the newest, or what is nearest to so many nats per event."""

_MOST = 1_000  # candidates asked for at once
_OTHER = 0x5851F42D4C957F2D  # from the dice of the first rows to those of the second
_LOOKED = 8  # events between two looks at whether a row has come to its end


@final
@dataclass(frozen=True)
class Candidate:
    """One way to go on: what it would add, and -log p of it in nats under the instrument's own odds."""

    piece: AbstractPiece
    events: np.ndarray
    nats: float
    copied: tuple[Copied, ...] | None = None
    """What of it stands in the material, counted from its beginning; None where nobody knows."""
    voices: Mapping[str, np.ndarray] | None = None
    """Of a mixture the share (T,) that each voice had in each event."""
    novelty: float = 1.0
    """From 0 to 1, how much of it copies nothing: from the material where that is known, else from what was played."""
    follows: float | None = None
    """Of a candidate between others: -log p, after it, of the `followed` events that come next."""
    followed: int = 0
    made: Mapping[str, Any] | None = None
    """How it was drawn, as JSON."""

    def __str__(self) -> str:
        return str(self.piece)

    @property
    def nats_per_event(self) -> float:
        return self.nats / max(1, len(self.events))

    def to_json(self) -> dict[str, Any]:
        """`nats` and `follows` are null where something in it has no odds at all."""
        told = {
            "piece": self.piece.to_json(),
            **self.piece.json_fields(),
            "events": len(self.events),
            "nats": _finite(self.nats),
            "nats_per_event": _finite(self.nats_per_event),
            "novelty": self.novelty,
            "copied": None if self.copied is None else [copied.to_json() for copied in self.copied],
        }
        if self.voices is not None:
            told["voices"] = {name: share.tolist() for name, share in self.voices.items()}
        if self.follows is not None:
            told |= {"follows": _finite(self.follows), "followed": self.followed}
        return told


def _finite(nats: float) -> float | None:
    return nats if math.isfinite(nats) else None


def check_wanted(instrument: Instrument, count: int, until: str | None, ranking: Ranking, asked: Asking) -> None:
    """Raises UsageError for what cannot be given, DialError, before anything is heard for it."""
    codec = instrument.codec
    if not 1 <= count <= _MOST:
        raise UsageError(f"{count} candidates cannot be drawn.", f"Ask for 1 to {_MOST:,}.")
    if until is not None and until not in codec.endings:
        raise UsageError(f"'{codec.kind}' knows no '{until}'.", f"Its endings: {', '.join(codec.endings) or 'none'}.")
    if isinstance(ranking, str):
        known = ranking in RANKINGS
    else:
        known = isinstance(ranking, int | float) and not isinstance(ranking, bool) and 0 <= ranking < math.inf
    if not known:
        raise UsageError(
            f"Candidates are not ranked by {str(ranking)[:40]!a}.",
            f"Use {' or '.join(RANKINGS)}, or a number: the surprise that is wanted, in nats per event.",
        )
    Wish.of(instrument, asked.condition, asked.dials, 0)


def suggesting(
    instrument: Instrument,
    heard: Heard,
    before: np.ndarray,
    count: int,
    until: str | None,
    ranking: Ranking,
    asked: Asking,
) -> Course[list[Candidate]]:
    """Up to `count` ways to go on where the instrument has heard `before` (T, …), the best first.

    Raises UsageError, DialError, ConstraintError, InputError.
    """
    found = yield from gathering(instrument, heard, before, count, count, until, ranking, asked)
    return sorted(found, key=by_rank(ranking))[:count]


def by_rank(ranking: Ranking) -> Callable[[Candidate], tuple[float, ...]]:
    """What to sort by so that the best come first. What follows, where that was heard, counts with what is likely."""

    def likely(candidate: Candidate) -> float:
        nats = candidate.nats + (candidate.follows or 0.0)
        return nats / max(1, len(candidate.events) + candidate.followed)

    if ranking == "likely":
        return lambda candidate: (likely(candidate),)
    if isinstance(ranking, str):
        return lambda candidate: (-candidate.novelty, likely(candidate))
    wanted = float(ranking)
    return lambda candidate: (abs(candidate.nats_per_event - wanted), likely(candidate))


def gathering(
    instrument: Instrument,
    heard: Heard,
    before: np.ndarray,
    count: int,
    rows: int,
    until: str | None,
    ranking: Ranking,
    asked: Asking,
) -> Course[list[Candidate]]:
    """Candidates from so many rows, in the order of these; some more rows, with other dice, where fewer show anything.

    Of those that show the same the first stays.
    """
    check_wanted(instrument, count, until, ranking, asked)
    seed = fresh_seed() if asked.seed is None else asked.seed
    familiar, after = Familiar(instrument, before), digest_of(before)
    found: dict[str | bytes, Candidate] = {}
    for dice in (seed, (seed + _OTHER) % 2**63):
        drawn_as = replace(asked, prompt="", seed=dice)
        drawing = instrument.drawing_after(heard, before, rows, drawn_as)
        drawn = yield from _until(drawing, until)
        made = Made(after, drawn_as, rows, 0, until, ranking)
        for number, row in enumerate(drawn):
            events = row.events[: _cut(instrument.codec, until, row.events, row.least)]
            if not len(events):
                continue
            piece = instrument.codec.decode(events)
            shown = str(piece) or events.tobytes()
            if shown not in found:
                found[shown] = _candidate(instrument, before, row, piece, events, familiar, replace(made, row=number))
        rows = min(rows, 2 * (count - len(found)))
        if rows <= 0 or drawing.wish.dials.at(0).get("temperature") == 0.0:  # without dice there are no others
            break
    return list(found.values())


def _candidate(
    instrument: Instrument,
    before: np.ndarray,
    row: Row,
    piece: AbstractPiece,
    events: np.ndarray,
    familiar: Familiar,
    made: Made,
) -> Candidate:
    count = len(events)
    voices = None if row.voices is None else {name: share[:count] for name, share in row.voices.items()}
    copied, nats = instrument.copied(before, events), float(row.nats[:count].sum())
    novelty = familiar.novelty(events)
    return Candidate(piece, events, nats, copied, voices, novelty, made=made.to_json(instrument))


def _cut(codec: AbstractCodec, until: str | None, events: np.ndarray, least: int) -> int:
    """How many events reach the first such end that is not before `least`; all of them where there is none."""
    if until is None:
        return len(events)
    cut = 0
    while cut < len(events):
        cut += max(1, codec.ending(until, events[cut:]))
        if cut >= least:
            return cut
    return len(events)


def _until(drawing: Drawing, until: str | None) -> Course[list[Row]]:
    """What the rows draw; one that has come to the end looked for falls silent soon after."""
    if until is None:
        rows = yield from drawing.course()
        return rows
    ending, steps = until, 0
    played: list[list[np.ndarray]] = [[] for _ in range(drawing.rows)]

    def hear(told: Step | Draw | Drawn, answer: Any) -> None:
        nonlocal steps
        if type(told) is Drawn:
            for row in np.flatnonzero(told.sounding).tolist():
                played[row].append(told.events[row])
            steps += 1
            if steps % _LOOKED == 0:
                _silence(drawing, ending, played)

    rows = yield from overheard(drawing.course(), hear)
    return rows


def _silence(drawing: Drawing, until: str, played: Sequence[Sequence[np.ndarray]]) -> None:
    """Rows whose end is known, as it is when something comes after it, need not go on.

    Until a row holds all that constraints ask for, its end is never before its last event.
    """
    there = []
    for row in np.flatnonzero(drawing.lengths.sounding).tolist():
        least = 0 if drawing.rules is None else drawing.rules.least(row)
        end = _cut(drawing.instrument.codec, until, np.array(played[row]), least)
        if end < len(played[row]) and (drawing.stops is None or drawing.stops.safe(row) >= end):
            there.append(row)
    if there:
        drawing.lengths.fall_silent(there)
