"""How symbols are spelled, in a table: which of them begin with these letters, and which letters may come next.

In the order of their spelling all symbols that begin alike stand side by side, so that what they weigh together is the
sum of a slice. Every beginning of a spelling has a number; 0 is no letter at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from undersong.errors import UsageError
from undersong.events import AbstractCodec
from undersong.shapes import Int

__all__ = ["Spellings"]


@final
@dataclass(frozen=True)
class Spellings:
    """V symbols in the order of their spelling, and the N beginnings of spellings, the shorter ones first.

    The symbols that begin with n stand in `order` from `first[n]` up to `last[n]`; those that are spelled just so come
    first among them, up to `whole[n]`. Beginnings one letter longer than n are `longer[n]` … `longer[n + 1] - 1`.
    """

    letters: int
    order: np.ndarray  # (V,) symbols
    first: np.ndarray  # (N,)
    whole: np.ndarray  # (N,)
    last: np.ndarray  # (N,)
    longer: np.ndarray  # (N + 1,)
    letter: np.ndarray  # (N,) the last letter of each; of 0 it is none, and -1
    keys: np.ndarray  # (N - 1,) of each but 0: the beginning before its last letter, and that letter, as one number

    @classmethod
    def of(cls, spelled: Sequence[tuple[int, ...]], letters: int) -> Spellings:
        """The table of symbols 0 … V - 1, each spelled with letters 0 … `letters` - 1; `()` is silent."""
        order = np.array(sorted(range(len(spelled)), key=spelled.__getitem__), np.int64)
        lengths = np.array([len(spelled[symbol]) for symbol in order], np.int64)
        flat = np.array([letter for symbol in order for letter in spelled[symbol]], np.int64)
        offsets = np.cumsum(lengths) - lengths
        place, here = np.zeros(len(order), np.int64), np.arange(len(order))  # each symbol's beginning so far
        first, last, keys, found, depth = [np.zeros(1, np.int64)], [np.array([len(order)])], [], 1, 0
        while len(here := here[lengths[here] > depth]):
            key = place[here] * (letters + 1) + flat[offsets[here] + depth]
            new = np.diff(key, prepend=-1) != 0
            edges = np.append(np.flatnonzero(new), len(here))
            first.append(here[edges[:-1]])
            last.append(here[edges[1:] - 1] + 1)
            keys.append(key[new])
            place[here] = found - 1 + np.cumsum(new)
            found, depth = found + len(edges) - 1, depth + 1
        begun, ends = np.concatenate(first), np.concatenate(last)
        joined = np.concatenate(keys) if keys else np.zeros(0, np.int64)
        longer = joined.searchsorted(np.arange(found + 1) * (letters + 1)) + 1
        whole = begun + np.bincount(place, minlength=found)
        letter = np.concatenate([[-1], joined % (letters + 1)])
        return cls(letters, order, begun, whole, ends, longer, letter, joined)

    @classmethod
    def of_codec(cls, codec: AbstractCodec, letters: AbstractCodec) -> Spellings:
        """How a codec's symbols are spelled. Raises UsageError where its spelling makes no sense."""
        known, count = letters.event.count or 0, codec.event.count or 0
        spelled = [tuple(map(int, codec.spelling(symbol))) for symbol in range(count)]
        for symbol, spelling in enumerate(spelled):
            if spelling and not 0 <= min(spelling) <= max(spelling) < known:
                raise UsageError(
                    f"'{codec.kind}' spells '{codec.display(symbol)}' with a letter outside 0 … {known - 1}.",
                    f"Whoever made this codec should spell with what '{letters.kind}' has.",
                )
        if not any(spelled):
            raise UsageError(f"'{codec.kind}' has no symbol that is spelled with a letter.", "It plays event by event.")
        return cls.of(spelled, known)

    @property
    def alike(self) -> int:
        """How many symbols share a spelling at the most, the silent ones aside."""
        return int((self.whole - self.first)[1:].max())

    @property
    def silent(self) -> int:
        """How many symbols have no letters."""
        return int(self.whole[0])

    def with_letter(self, beginnings: Int[np.ndarray, "B W"], letter: Int[np.ndarray, "B 1"]) -> Int[np.ndarray, "B W"]:
        """Each beginning with that letter after it, -1 where nothing is spelled so."""
        wanted = beginnings * (self.letters + 1) + letter
        place = self.keys.searchsorted(wanted)
        found: np.ndarray = np.where(self.keys.take(place, mode="clip") == wanted, place + 1, -1)
        return found

    def spelled(self, beginning: int) -> tuple[int, ...]:
        """The letters of a beginning."""
        letters: list[int] = []
        while beginning:
            letters.append(int(self.letter[beginning]))
            beginning = int(self.keys[beginning - 1]) // (self.letters + 1)
        return tuple(reversed(letters))


def _show() -> None:
    """What may come after a few letters, and which words it leads to."""
    words = ["sea", "seal", "seam", "sand", "sandbank", "shell"]
    table = Spellings.of([tuple(word.encode()) for word in words], 256)
    for typed in ("", "s", "sea", "sand"):
        at = np.zeros((1, 1), np.int64)
        for letter in typed.encode():
            at = table.with_letter(at, np.array([[letter]]))
        n = at.item()
        after = bytes(table.letter[table.longer[n] : table.longer[n + 1]].tolist()).decode()
        leads = [words[symbol] for symbol in table.order[table.first[n] : table.last[n]]]
        print(f"{typed!r:8} then {' '.join(after):8} in {', '.join(leads)}")


if __name__ == "__main__":
    _show()
