"""Fingerprints of the material: a set of hashed windows that knows what was in it, and cannot be read back.

Each window of 12 elements in a row (characters of a text, events elsewhere) becomes 64 bits, and these become 7 bits of
a Bloom filter (Bloom, 1970), 10 bits for each window. What is in the material is always found. What is not is taken for
it once in 120 windows; so a span counts only where 3 windows that follow one another are found, which chance does once
in 1.75 million. Material too long for 8 MB is sampled: only every n-th window goes in, and spans must be longer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from undersong.errors import InstrumentFileError
from undersong.shapes import Bool, Int

__all__ = ["MOST", "WINDOW", "Fingerprints", "digests", "digests_in_parts", "end_of", "mixed", "one_by_one", "rolled"]

WINDOW = 12
"""Elements in a window."""
MOST = 8_000_000
"""Bytes of the longest fingerprints; beyond, the material is sampled."""

_IN_A_ROW = 3  # windows found one after the other that make a span
_BITS = 10  # for each window
_PROBES = 7  # bits set for each window: ln 2 times the bits for each gives the fewest false ones
_HEADER = struct.Struct("<8sIIQ")  # magic, elements in a window, every how many windows, windows
_MAGIC = b"USPRINT\1"
_ALL = 2**64 - 1
_MULTIPLIER = 0xD1342543DE82EF95  # Steele & Vigna, 2021, "Computationally easy, spectrally good multipliers"
_PART = 2**20  # windows hashed at once, so that a long corpus needs no more memory than a short one


@final
@dataclass(frozen=True)
class Fingerprints:
    """A Bloom filter of `count` windows, every `every`-th of the material; `bits` in order from the lowest."""

    every: int
    count: int
    bits: bytes

    @classmethod
    def of(cls, pieces: Sequence[np.ndarray], most: int = MOST) -> Fingerprints:
        """Of pieces (N,) of elements, in at most so many bytes."""
        return cls.of_parts(lambda: ([piece] for piece in pieces), most)

    @classmethod
    def of_parts(cls, corpus: Callable[[], Iterable[Iterable[np.ndarray]]], most: int = MOST) -> Fingerprints:
        """The same of pieces that come in parts, so that only a few of these are in memory; called for them twice."""
        windows = sum(max(0, sum(map(len, piece)) - WINDOW + 1) for piece in corpus())
        every = max(1, -(-windows // ((most - _HEADER.size) // 8 * 64 // _BITS)))
        kept = np.empty(-(-windows // every), np.uint64)
        before = filled = 0  # windows so far: counted through, so that many short pieces are sampled as one long one
        for elements in one_by_one(corpus(), WINDOW - 1):
            found = digests(elements)[_within(elements)]
            chosen = found[-before % every :: every]
            kept[filled : filled + len(chosen)] = chosen
            before, filled = before + len(found), filled + len(chosen)
        kept.sort()
        kept = kept[np.concatenate([np.ones(len(kept[:1]), bool), kept[1:] != kept[:-1]])]
        size = _bits_for(len(kept))
        flags = np.zeros(size, bool)
        for at in range(0, len(kept), _PART):
            for place in _places(kept[at : at + _PART], size):
                flags[place] = True
        return cls(every, len(kept), np.packbits(flags, bitorder="little").tobytes())

    @property
    def surely(self) -> int:
        """The shortest span, in elements, that is surely found wherever it was in the material."""
        return WINDOW - 1 + _IN_A_ROW * self.every

    @property
    def shortest(self) -> int:
        """The shortest span, in elements, that may be found: where the material was sampled, if it lies well."""
        return WINDOW + (_IN_A_ROW - 1) * self.every

    @property
    def guess(self) -> int:
        """The shortest passage, in elements, that whoever holds these can test a guess of."""
        return WINDOW - 1 + self.every

    @cached_property
    def _bytes(self) -> np.ndarray:
        return np.frombuffer(self.bits, np.uint8)

    def found(self, windows: Int[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
        """Which of these windows, as `digests` gives them, are in the material; one in 120 by chance."""
        there = np.ones(len(windows), bool)
        for place in _places(windows, len(self.bits) * 8):
            there &= (self._bytes[place >> np.uint64(3)] >> (place & np.uint64(7)).astype(np.uint8) & 1).astype(bool)
        return there

    def holds(self, window: int) -> bool:
        """The same for one window."""
        size, bits = len(self.bits) * 8, self.bits
        first, step = window & 0xFFFFFFFF, window >> 32 | 1
        for probe in range(_PROBES):
            place = (first + probe * step) % size
            if not bits[place >> 3] >> (place & 7) & 1:
                return False
        return True

    def to_bytes(self) -> bytes:
        return _HEADER.pack(_MAGIC, WINDOW, self.every, self.count) + self.bits

    @classmethod
    def from_bytes(cls, data: bytes) -> Fingerprints:
        """Fingerprints from anyone. Raises InstrumentFileError for what cannot have been written by `to_bytes`."""
        if len(data) > MOST:
            raise _refused(f"is {len(data):,} bytes long; {MOST:,} are allowed")
        if len(data) < _HEADER.size or data[: len(_MAGIC)] != _MAGIC:
            raise _refused("is not one that this version reads")
        _, window, every, count = _HEADER.unpack_from(data)
        bits = data[_HEADER.size :]
        if window != WINDOW or not every or every > 2**31:
            raise _refused(f"has windows of {window:,}, every {every:,}; windows of {WINDOW} are what we read")
        if len(bits) * 8 != _bits_for(count):
            raise _refused("has another length than it says")
        if int(np.unpackbits(np.frombuffer(bits, np.uint8)).sum()) > count * _PROBES:
            raise _refused("says of more windows than it holds that they are there")
        return cls(every, count, bits)


def _refused(why: str) -> InstrumentFileError:
    return InstrumentFileError(f"its fingerprints.bin {why}.", "Fetch it again, or ask whoever sent it.")


def _bits_for(windows: int) -> int:
    return max(1, -(-windows * _BITS // 64)) * 64


def _places(windows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Where the bits of each window are, probe by probe (Kirsch & Mitzenmacher, 2006, "Less hashing")."""
    first, step = windows & np.uint64(0xFFFFFFFF), windows >> np.uint64(32) | np.uint64(1)
    for probe in range(_PROBES):
        yield (first + np.uint64(probe) * step) % np.uint64(size)


# ── parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def end_of(kind: np.dtype[Any], side: int = 0) -> np.ndarray:
    """(1,) an element that no piece has, to stand after each; another one on another side."""
    return np.array([np.iinfo(kind).max - side], kind)


def one_by_one(corpus: Iterable[Iterable[np.ndarray]], overlap: int) -> Iterator[np.ndarray]:
    """Pieces that come in parts (N,), one after the other with an end after each, some million elements at a time.

    Each array begins with the last `overlap` elements of the one before: every window that is one longer comes once.
    """
    size = max(_PART, 4 * overlap)
    waiting: list[np.ndarray] = []
    length = carried = 0
    for part in _closed(corpus):
        for at in range(0, len(part), size // 4):
            waiting.append(part[at : at + size // 4])
            length += len(waiting[-1])
            if length >= size:
                elements = np.concatenate(waiting)
                yield elements
                carried = min(overlap, len(elements))
                waiting, length = [elements[len(elements) - carried :].copy()], carried
    if length > carried:
        yield np.concatenate(waiting)


def _closed(corpus: Iterable[Iterable[np.ndarray]]) -> Iterator[np.ndarray]:
    for piece in corpus:
        kind = None
        for part in piece:
            kind = part.dtype
            yield part
        if kind is not None:
            yield end_of(kind)


def _within(elements: np.ndarray) -> Bool[np.ndarray, " N"]:
    """Which windows lie within one piece."""
    ends = np.concatenate([[0], np.cumsum(elements == end_of(elements.dtype), dtype=np.int64)])
    return np.asarray(ends[WINDOW:] == ends[:-WINDOW])


# ── windows ────────────────────────────────────────────────────────────────────────────────────────────────────────


def mixed(number: Any) -> Any:
    """64 bits of which each depends on all of `number`, an integer or an array of uint64 (Vigna, 2015, splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & _ALL
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _ALL
    return number ^ (number >> 31)


def rolled(total: int, goes: int, comes: int) -> int:
    """The polynomial of a window one further on: the element that leaves it and the one that enters, both mixed.

    `mixed` of it is the window's digest.
    """
    return ((total - goes * _LAST) * _MULTIPLIER + comes) & _ALL


_LAST = pow(_MULTIPLIER, WINDOW - 1, 2**64)


def digests(elements: np.ndarray, length: int = WINDOW) -> Int[np.ndarray, " N"]:
    """64 bits for each window of `length` elements of a piece (N,): (N - length + 1,), none where it is shorter."""
    return np.concatenate([np.zeros(0, np.uint64), *(part for _, part in digests_in_parts(elements, length))])


def digests_in_parts(elements: np.ndarray, length: int) -> Iterator[tuple[int, np.ndarray]]:
    """The same a part at a time, each with the index of its first window."""
    size = max(_PART, 4 * length)
    for at in range(0, len(elements) - length + 1, size):
        part = np.asarray(elements[at : at + size + length - 1]).astype(np.uint64)
        yield at, mixed(_polynomials(mixed(part), length))


def _polynomials(numbers: np.ndarray, length: int) -> np.ndarray:
    """Σ number · multiplierᵏ modulo 2⁶⁴ over each window, the last number with k = 0, by doubling the length."""
    made, total = 0, np.zeros(len(numbers) + 1, np.uint64)  # of the first `made` elements of each window
    power, doubled = 1, numbers  # of `power` elements in a row
    while True:
        if length & power:
            count = len(numbers) - made - power + 1
            total = total[:count] * _power(power) + doubled[made : made + count]
            made += power
        if made == length:
            return total
        doubled = doubled[:-power] * _power(power) + doubled[power:]
        power *= 2


def _power(exponent: int) -> np.uint64:
    return np.uint64(pow(_MULTIPLIER, exponent, 2**64))
