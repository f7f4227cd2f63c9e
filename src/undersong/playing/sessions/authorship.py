"""Who made what of a session, as pages show it: the piece in passages, each by one author, and the turns in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.events import AbstractCodec
from undersong.playing.sessions.turns import Turn

if TYPE_CHECKING:
    from undersong.playing.sessions.session import Session

__all__ = ["Authorship", "Passage", "how"]


@final
@dataclass(frozen=True)
class Passage:
    """Some of the piece as people see it, and who made it."""

    author: str
    shown: str


@final
@dataclass(frozen=True)
class Authorship:
    """`passages` are the whole piece, None where a part of it is not to be shown by itself.

    `shares` say how much of it is whose, from 0 to 1, in the medium's measure; `turns` are those of the session, what
    one author added by hand in several of them taken together.
    """

    whole: str
    length: int
    passages: tuple[Passage, ...] | None
    shares: Mapping[str, float]
    turns: tuple[Turn, ...]

    @classmethod
    def of(cls, session: Session) -> Authorship:
        codec, events, turns = session.instrument.codec, session.events, session.turns
        piece = codec.decode(events)
        whole = str(piece)
        return cls(whole, codec.measure(piece), _passages(codec, events, turns, whole), _shares(codec, events, turns),
                   _gathered(turns))  # fmt: skip


def _shares(codec: AbstractCodec, events: np.ndarray, turns: tuple[Turn, ...]) -> dict[str, float]:
    shares = {turn.author: 0.0 for turn in turns}
    reached = np.concatenate([[0], codec.progress(events)]).astype(float)
    for turn in turns:
        shares[turn.author] += float(reached[turn.stop] - reached[turn.start])
    total = sum(shares.values())
    return {author: share / total if total else 0.0 for author, share in shares.items()}


def _passages(
    codec: AbstractCodec, events: np.ndarray, turns: tuple[Turn, ...], whole: str
) -> tuple[Passage, ...] | None:
    """The piece author by author, if it is the sum of its parts. What two began together is the second one's."""
    if codec.in_one_go or not codec.event.is_symbol or codec.event.shape:
        return None
    found: list[Passage] = []
    start, situation = 0, 0
    for at, turn in enumerate(turns):
        if codec.grammar is not None:
            situation = codec.grammar.run(situation, events[turn.start : turn.stop])
        last = at + 1 == len(turns)
        if not last and (turns[at + 1].author == turn.author or situation != 0):
            continue
        shown = str(codec.decode(events[start : turn.stop]))
        found += [Passage(turn.author, shown)] if shown else []
        start = turn.stop
    return tuple(found) if "".join(passage.shown for passage in found) == whole else None


def _gathered(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Turns by hand that follow one another as one: whoever types has one for each key."""
    found: list[Turn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last is not None and last.made is None and turn.made is None and last.author == turn.author:
            found[-1] = Turn(turn.author, last.start, turn.stop)
        else:
            found.append(turn)
    return tuple(found)


def how(turn: Turn) -> str:
    """How a turn was made, in words."""
    made = turn.made
    if made is None:
        return "by hand"
    told = [f"seed {made['seed']}", f"row {made['row'] + 1} of {made['rows']}"]
    told += [f"{name} {_short(value)}" for name, value in made["dials"].items()]
    told += [f"until {made['until']}"] if "until" in made else []
    told += [f"length {made['length']}"] if "length" in made else []
    told += [f"ranked by {_short(made['ranking'])}"] if "ranking" in made else []
    told += [name for name in ("start", "stop", "within") if name in made]
    return ", ".join(told)


def _short(value: Any) -> str:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
