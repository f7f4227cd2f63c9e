"""Elements in a row that a piece must or must not hold, as one automaton that hears a piece element by element.

All patterns together make a trie with shortcuts (Aho & Corasick, 1975, "Efficient string matching"), over classes:
each element that stands in a pattern is one, and all others are two, those inside of words and those between. A whole
word is what stands between two bounds; a bound is heard between an element inside of words and one outside, and where
a piece ends. What a piece begins after may have begun a pattern that must not be held: the rest of it may not come
first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from undersong.errors import ConstraintError
from undersong.shapes import Bool, Int

__all__ = ["CELLS", "HELD", "Automaton", "Pattern"]

HELD = 8
"""Patterns that must be held, at most: which of them a piece holds so far is part of where it stands."""
CELLS = 3_000_000
"""States times classes, at most: some 20 MB, and some tenths of a second until all is known."""

_BOUND, _BEGIN, _FIRST = 0, 1, 2  # what a trie may hear beside classes, which come after


@final
@dataclass(frozen=True)
class Pattern:
    """Elements in a row, as a whole word or wherever they stand; and what becomes of a piece that holds them.

    A piece must hold it, must not, or may hold it only where it might as well end.
    """

    elements: tuple[int, ...]
    kind: Literal["hold", "avoid", "stop"]
    whole: bool = False


@final
@dataclass(frozen=True)
class Automaton:
    """Q states and C classes; state Q is where nobody comes back from, for what must not be held is held."""

    elements: np.ndarray  # (C - 2,) the elements that are classes of their own, in order
    inside: Bool[np.ndarray, " C"]  # which classes belong to words
    first: int  # the state before the first element
    goes: Int[np.ndarray, "Q+1 C"]  # the state after an element
    gains: Int[np.ndarray, "Q+1 C"]  # which patterns that must be held it completes, a bit for each
    stops: Bool[np.ndarray, "Q+1 C"]  # whether it completes a stop
    may_end: Bool[np.ndarray, " Q+1"]  # whether a piece may end in this state
    gains_at_end: Int[np.ndarray, " Q+1"]  # what a piece that ends there holds because it ends
    all_held: int  # every bit
    longest: int  # elements of the longest pattern that must be held

    @classmethod
    def of(
        cls,
        patterns: Sequence[Pattern],
        before: Sequence[int] = (),
        inside: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Automaton:
        """Of patterns, after the elements `before`; `inside` tells which elements belong to words, none where None.

        Raises ConstraintError where these are too many.
        """
        known = np.unique(np.array([element for pattern in patterns for element in pattern.elements], np.uint64))
        own = np.zeros(len(known), bool) if inside is None else np.asarray(inside(known), bool)
        flags = np.concatenate([own, [False, True]])
        place = {element: at for at, element in enumerate(known.tolist())}
        trie = _Trie()
        held = 0
        earlier = _classes(before, place, len(known), inside)
        heard = _marked(earlier, flags, was=False)
        for pattern in patterns:
            codes = _marked([place[element] for element in pattern.elements], flags, was=None)
            if pattern.whole:
                codes = (_BOUND, *codes, _BOUND)
            if pattern.kind == "hold":
                trie.add(codes, gains=1 << held)
                held += 1
            else:
                trie.add(codes, avoid=pattern.kind == "avoid", stop=pattern.kind == "stop")
            if pattern.kind == "avoid":
                for length in range(1, min(len(codes), len(heard) + 1)):
                    rest = codes[length:]
                    if heard[-length:] == codes[:length] and rest != (_BOUND,):
                        trie.add((_BEGIN, *rest), avoid=True)
        if held > HELD:
            raise ConstraintError(f"{held} pieces are too many to be held at once.", f"Ask for {HELD} at most.")
        if trie.size * 2 * len(flags) > CELLS:
            raise ConstraintError(
                "These constraints are too much at once: too many different elements, in too long a list.",
                f"Ask for fewer: {trie.size * 2 * len(flags):,} places in a table would be needed, {CELLS:,} are kept.",
            )
        within = bool(earlier) and bool(flags[earlier[-1]])
        longest = max((len(pattern.elements) for pattern in patterns if pattern.kind == "hold"), default=0)
        return cls._of(trie, known, flags, within, (1 << held) - 1, longest)

    @classmethod
    def _of(
        cls, trie: _Trie, known: np.ndarray, flags: np.ndarray, within: bool, all_held: int, longest: int
    ) -> Automaton:
        """States are nodes of the trie twice: 2 n after an element between words, 2 n + 1 after one inside."""
        after, gains, avoids, stops = trie.linked(len(flags) + _FIRST)
        bound = after[:, _BOUND]  # (N,)
        directly, over = after[:, _FIRST:], after[bound][:, _FIRST:]  # (N, C)
        nodes, dead = len(after), 2 * len(after)
        shape = (nodes, 2, len(flags))
        goes, gained = np.empty(shape, np.int32), np.empty(shape, np.uint8)
        stopped = np.empty(shape, bool)
        for was in (0, 1):
            crosses = flags != bool(was)  # (C,)
            node = np.where(crosses, over, directly)
            bad = avoids[node] | (crosses & avoids[bound][:, None])
            goes[:, was] = np.where(bad, dead, 2 * node + flags)
            gained[:, was] = gains[node] | np.where(crosses, gains[bound][:, None], 0)
            stopped[:, was] = stops[node]
        may_end = np.column_stack([np.ones(nodes, bool), ~avoids[bound]]).reshape(-1)
        at_end = np.column_stack([np.zeros(nodes, np.uint8), gains[bound]]).reshape(-1)

        def with_dead(table: np.ndarray, value: int | bool) -> np.ndarray:
            flat = table.reshape(dead, *table.shape[2:]) if table.ndim == 3 else table
            return np.concatenate([flat, np.full((1, *flat.shape[1:]), value, flat.dtype)])

        return cls(
            known, flags, 2 * int(after[0, _BEGIN]) + within, with_dead(goes, dead), with_dead(gained, 0),
            with_dead(stopped, False), with_dead(may_end, False), with_dead(at_end, 0), all_held, longest,
        )  # fmt: skip

    @property
    def dead(self) -> int:
        """The state that nobody comes back from."""
        return len(self.goes) - 1

    @property
    def classes(self) -> int:
        return len(self.inside)

    def classes_of(self, elements: np.ndarray, inside: np.ndarray) -> Int[np.ndarray, " N"]:
        """The class of each element (N,); `inside` (N,) says which belong to words."""
        words = self.inside[:-2].any()
        others = len(self.elements) + (inside.astype(np.int64) if words else np.zeros(len(elements), np.int64))
        if not len(self.elements):
            return others
        place = np.minimum(np.searchsorted(self.elements, elements), len(self.elements) - 1)
        found: np.ndarray = np.where(self.elements[place] == elements, place, others)
        return found

    def path(self, state: int, held: int, classes: Sequence[int]) -> tuple[int, int]:
        """State and what is held after some more elements."""
        for each in classes:
            held |= int(self.gains[state, each])
            state = int(self.goes[state, each])
        return state, held

    def ends(self, state: int, held: int) -> bool:
        """Whether a piece may end there that holds so much."""
        return bool(self.may_end[state]) and held | int(self.gains_at_end[state]) == self.all_held


def _classes(
    elements: Sequence[int], place: dict[int, int], count: int, inside: Callable[[np.ndarray], np.ndarray] | None
) -> list[int]:
    if inside is None or not len(elements):
        return [place.get(element, count) for element in elements]
    within = np.asarray(inside(np.array(elements, np.uint64)), bool).tolist()
    return [place.get(element, count + flag) for element, flag in zip(elements, within, strict=True)]


def _marked(classes: Sequence[int], flags: np.ndarray, was: bool | None) -> tuple[int, ...]:
    """Classes as the trie hears them, a bound wherever a word begins or ends; nobody knows what was before None."""
    codes: list[int] = []
    for each in classes:
        within = bool(flags[each])
        if was is not None and within != was:
            codes.append(_BOUND)
        codes.append(each + _FIRST)
        was = within
    return tuple(codes)


@final
class _Trie:
    """Nodes by what leads on from them, and what is complete at each."""

    def __init__(self) -> None:
        self.after: list[dict[int, int]] = [{}]
        self.gains, self.avoids, self.stops = [0], [False], [False]
        self.add((_BEGIN,))  # where every piece begins

    @property
    def size(self) -> int:
        return len(self.after)

    def add(self, codes: Sequence[int], gains: int = 0, avoid: bool = False, stop: bool = False) -> None:
        node = 0
        for code in codes:
            if code not in self.after[node]:
                self.after[node][code] = len(self.after)
                self.after.append({})
                self.gains.append(0)
                self.avoids.append(False)
                self.stops.append(False)
            node = self.after[node][code]
        self.gains[node] |= gains
        self.avoids[node] |= avoid
        self.stops[node] |= stop

    def linked(self, codes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The node after each code, (N, A), also where the trie has none; and what is complete at each node, (N,).

        Of a node that nothing leads on from it is what follows its longest end that is a node itself.
        """
        table = np.zeros((self.size, codes), np.int32)
        back = [0] * self.size
        waiting = [0]
        for node in waiting:
            row = table[back[node]].copy() if node else table[0]
            for code, longer in self.after[node].items():
                back[longer] = int(row[code]) if node else 0
                waiting.append(longer)
            for code, longer in self.after[node].items():
                row[code] = longer
            table[node] = row
            self.gains[node] |= self.gains[back[node]]
            self.avoids[node] |= self.avoids[back[node]]
            self.stops[node] |= self.stops[back[node]]
        return table, np.array(self.gains, np.uint8), np.array(self.avoids), np.array(self.stops)


def _show() -> None:
    """What is heard of a few letters where 'sea' must be said as a word and 'art' must not be at all."""
    patterns = [Pattern(tuple(map(ord, "sea")), "hold", True), Pattern(tuple(map(ord, "art")), "avoid")]
    automaton = Automaton.of(patterns, inside=lambda elements: elements > ord(" "))
    for said in ("the sea", "the seal", "a sea, a part"):
        state, held = automaton.first, 0
        for letter in said:
            element = np.array([ord(letter)], np.uint64)
            each = automaton.classes_of(element, element > ord(" ")).item()
            state, held = automaton.path(state, held, [each])
        fine = automaton.ends(state, held)
        print(f"{said!r:16} {'may end here' if fine else 'is over' if state == automaton.dead else 'must go on'}")


if __name__ == "__main__":
    _show()
