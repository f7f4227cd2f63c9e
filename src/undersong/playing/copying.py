"""The copy meter: which spans of what is played stand in the material, as far as its fingerprints know.

No copied span that is long enough is missed. But fingerprints remember windows of 12 elements, not where they stood: of
a span every 12 in a row are in the material, and all of it usually, or several places stitched together (of real works
that nobody learned 3.9 % of windows of 20 lie in spans, where 0.3 % are really there). `verbatim` tells them apart.
Hearing one more element gives a new meter, and the old one stays, as with any state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from undersong.events import AbstractCodec, AbstractPiece
from undersong.keeping.fingerprints import WINDOW, Fingerprints, digests, mixed, rolled

__all__ = ["Copied", "Meter", "Span", "copied_in", "share_of_windows", "spans"]

_BEFORE = 512  # events before the new ones that are looked at: a longer span is told of with its end only


@final
@dataclass(frozen=True)
class Span:
    """Elements `start` to `stop` of a piece."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@final
@dataclass(frozen=True)
class Copied:
    """A span that stands in the material, counted from where the new events begin: below 0 it was there before them.

    `excerpt` is the span as a piece, None in media where a part is none.
    """

    span: Span
    excerpt: AbstractPiece | None

    def __len__(self) -> int:
        return len(self.span)

    def __str__(self) -> str:
        return "" if self.excerpt is None else str(self.excerpt)

    def to_json(self) -> dict[str, Any]:
        excerpt = None if self.excerpt is None else self.excerpt.to_json()
        return {"start": self.span.start, "stop": self.span.stop, "length": len(self), "excerpt": excerpt}


def spans(fingerprints: Fingerprints, elements: np.ndarray, least: int | None = None) -> list[Span]:
    """The spans of a piece's elements (N,) that are in the material, `least` long or longer, in order.

    All there are of `fingerprints.surely` elements (the default) are found; a shorter `least` adds some by chance. Of
    sampled material they may be up to `fingerprints.every` elements longer on each side than told.
    """
    least = fingerprints.surely if least is None else least
    every = fingerprints.every
    # a span of n elements has n - 11 windows, and so at least so many that were sampled
    wanted = max(1, (least - WINDOW + 1) // every)
    found = fingerprints.found(digests(elements))
    made: list[Span] = []
    for lane in range(min(every, len(found))):
        edges = np.flatnonzero(np.diff(found[lane::every], prepend=False, append=False)).reshape(-1, 2)
        for first, after in edges[edges[:, 1] - edges[:, 0] >= wanted].tolist():
            made.append(Span(lane + first * every, lane + (after - 1) * every + WINDOW))
    return _joined(made)


def _joined(made: Sequence[Span]) -> list[Span]:
    """Spans that overlap as one: only sampled material gives any."""
    joined: list[Span] = []
    for span in sorted(made, key=lambda span: span.start):
        if joined and span.start < joined[-1].stop:
            joined[-1] = Span(joined[-1].start, max(joined[-1].stop, span.stop))
        else:
            joined.append(span)
    return joined


def share_of_windows(found: Sequence[Span], length: int, size: int = 20) -> float:
    """The share of a piece's windows of `size` elements that lie in one of its spans; 0 where it has no window."""
    inside = sum(max(0, len(span) - size + 1) for span in found)
    return inside / max(1, length - size + 1)


def copied_in(
    fingerprints: Fingerprints, codec: AbstractCodec, before: np.ndarray, events: np.ndarray
) -> tuple[Copied, ...]:
    """What of new events is copied: the spans that reach into them, also where they begin in those before."""
    before = before[-_BEFORE:]
    lead = len(codec.elements(codec.decode(before)))
    piece = codec.decode(np.concatenate([before, events]))
    return tuple(
        Copied(Span(span.start - lead, span.stop - lead), codec.excerpt(piece, span.start, span.stop))
        for span in spans(fingerprints, codec.elements(piece))
        if span.stop > lead
    )


@final
@dataclass(frozen=True)
class Meter:
    """How much of what is being played is copied, as it is played: some microseconds for each element."""

    fingerprints: Fingerprints
    recent: tuple[int, ...] = ()  # the last elements, mixed, a window of them at most
    total: int = 0  # their polynomial
    found: tuple[int, ...] = ()  # of the last `every` windows: how many sampled ones were found in a row up to there

    @property
    def run(self) -> int:
        """How many elements in a row stand in the material, the last one heard among them, or nearly.

        0 where no window was found. Short of `fingerprints.surely` it may be chance; of sampled material the run may
        have ended up to `every` elements ago.
        """
        longest = max(self.found, default=0)
        return (longest - 1) * self.fingerprints.every + WINDOW if longest else 0

    def hear(self, element: int) -> Meter:
        """The meter after one more element."""
        comes = mixed(int(element))
        whole = len(self.recent) == WINDOW
        total = rolled(self.total, self.recent[0] if whole else 0, comes)
        recent = (*self.recent[whole:], comes)
        if len(recent) < WINDOW:
            return replace(self, recent=recent, total=total)
        every = self.fingerprints.every
        earlier = self.found[0] if len(self.found) == every else 0
        now = earlier + 1 if self.fingerprints.holds(mixed(total)) else 0
        return Meter(self.fingerprints, recent, total, (*self.found, now)[-every:])


def _show() -> None:
    """A meter that listens to somebody quoting."""
    material = "It was the lamp that kept us awake, and the sea that kept the lamp."
    meter = Meter(Fingerprints.of([np.array([ord(letter) for letter in material])]))
    for letter in "They say the lamp that kept us awake was never lit.":
        meter = meter.hear(ord(letter))
        print(f"{letter}  {'█' * meter.run}")


if __name__ == "__main__":
    _show()
