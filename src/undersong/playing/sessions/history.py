"""Everything that was played so far, as a value that shares nearly all of itself with the one before it.

Events stand in blocks of 64. Beside each block is kept how the instrument stood before it, once that was heard: so to
stand anywhere takes 63 steps at the most. To go back is to count fewer events of the same blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from undersong.events import Grammar, Parameters, State
from undersong.playing.courses import Course

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["BLOCK", "Heard", "History"]

BLOCK = 64
"""Events between two states that are kept."""

_NEAR = 4  # places within a block where it was last stood: whoever takes back a letter or two hears nothing again


@final
@dataclass(frozen=True)
class Heard:
    """How an instrument stands after some events: the odds of the next one (1, P), and its state."""

    parameters: Parameters
    state: State
    count: int


@final
class _Block:
    """Up to 64 events (T, …), and how they were heard as far as that is known: a matter of speed alone.

    A block follows on those before it, and on no others: where they change it is made anew.
    """

    __slots__ = ("before", "events", "near", "situation")

    def __init__(self, events: np.ndarray, before: Heard | None = None, situation: int | None = None) -> None:
        self.events = events
        self.before = before
        self.near: tuple[Heard, ...] = ()
        self.situation = situation  # before it, in the codec's grammar

    def nearest(self, first: int, last: int, index: int) -> Heard | None:
        """The latest known place from `first` to `last` in this block, which is the `index`-th."""
        known = [heard for heard in self.near if first <= heard.count <= last]
        if known:
            return max(known, key=lambda heard: heard.count)
        return self.before if first <= index * BLOCK <= last else None


@final
@dataclass(frozen=True, eq=False, repr=False)
class History:
    """The first `count` events of some blocks, all of which are full but the last.

    `given` is how the instrument stands after so many events because somebody said so; from there on it is heard.
    """

    count: int
    blocks: tuple[_Block, ...]
    given: Heard | None = None

    @classmethod
    def begin(cls, first: Heard, nothing: np.ndarray) -> History:
        """No events (0, …), before which the instrument stands like this."""
        return cls(0, (_Block(nothing, first, 0),))

    @property
    def events(self) -> np.ndarray:
        """All of them (T, …)."""
        return self.part(0, self.count)

    def part(self, start: int, stop: int) -> np.ndarray:
        """Events `start` to `stop`, as a copy."""
        first = start // BLOCK
        found = np.concatenate([block.events for block in self.blocks[first : stop // BLOCK + 1]])
        return found[start - first * BLOCK : stop - first * BLOCK]

    def situation(self, grammar: Grammar) -> int:
        """Where its end stands in the codec's grammar."""
        last = self.count // BLOCK
        known = next(index for index in range(last, -1, -1) if self.blocks[index].situation is not None)
        situation = self.blocks[known].situation or 0
        for index in range(known, last):
            situation = grammar.run(situation, self.blocks[index].events)
            self.blocks[index + 1].situation = situation
        return grammar.run(situation, self.blocks[last].events[: self.count - last * BLOCK])

    # ── other histories ────────────────────────────────────────────────────────────────────────────────────────────

    def until(self, count: int) -> History:
        """The same without what comes after so many events; in constant time."""
        return replace(self, count=count)

    def extended(self, events: np.ndarray) -> History:
        """The same with some more events (T, …)."""
        if not len(events):
            return self
        full, filled = divmod(self.count, BLOCK)
        open_block = self.blocks[full]
        waiting = np.concatenate([open_block.events[:filled], events], dtype=open_block.events.dtype)
        made = [_Block(waiting[at : at + BLOCK]) for at in range(0, len(waiting) + 1, BLOCK)]
        made[0].before, made[0].situation = open_block.before, open_block.situation
        made[0].near = tuple(heard for heard in open_block.near if heard.count <= self.count)
        given = self.given if self._is_given else None  # else it stood after other events than these
        return History(self.count + len(events), (*self.blocks[:full], *made), given)

    def replaced(self, start: int, stop: int, events: np.ndarray) -> History:
        """The same with other events in place of those from `start` to `stop`."""
        return self.until(start).extended(np.concatenate([events, self.part(stop, self.count)]))

    def standing(self, heard: Heard) -> History:
        """The same, where from its end on it is to be gone on with like this, however its end was come to."""
        heard = _owned(heard)
        full, filled = divmod(self.count, BLOCK)
        last = self.blocks[full]
        fresh = _Block(last.events[:filled], last.before if filled else heard, last.situation)
        return History(self.count, (*self.blocks[:full], fresh), heard)

    def forgetting(self, kept: History) -> History:
        """The same, how it was heard being known only in the blocks that `kept` shares."""
        if self.blocks is kept.blocks:
            return self
        shared = set(map(id, kept.blocks))
        first, *others = self.blocks
        blocks = (block if id(block) in shared else _Block(block.events) for block in others)
        return replace(self, blocks=(first, *blocks))

    # ── how it is heard ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _is_given(self) -> bool:
        return self.given is not None and self.given.count <= self.count

    def hearing(self, instrument: Instrument, condition: Mapping[str, Any]) -> Course[Heard]:
        """How the instrument stands after all of it: what was heard before is not heard again."""
        place = self._nearest()
        while place.count < self.count:
            index = place.count // BLOCK
            block, begin = self.blocks[index], index * BLOCK
            stop = min(self.count, begin + BLOCK)
            part = block.events[place.count - begin : stop - begin]
            place = yield from instrument.hearing(part, place, condition)
            place = _owned(place)
            if stop == begin + BLOCK:
                self.blocks[index + 1].before, block.near = place, ()
            else:
                block.near = (*block.near[1 - _NEAR :], place)
        return place

    def _nearest(self) -> Heard:
        """The last place at or before the end whose state is known."""
        first = self.given.count if self.given is not None and self._is_given else 0
        for index in range(self.count // BLOCK, first // BLOCK - 1, -1):
            known = self.blocks[index].nearest(first, self.count, index)
            if known is not None:
                return known
        assert self.given is not None  # the first block always knows
        return self.given


def _owned(heard: Heard) -> Heard:
    """The same in arrays of its own: a row of many would keep them all in memory."""
    parameters, state = (
        {name: value if value.base is None else value.copy() for name, value in arrays.items()}
        for arrays in (heard.parameters, heard.state)
    )
    return Heard(parameters, state, heard.count)
