"""How new something is: the share of the windows that it completes that are not known already.

Known are the windows of the material where its fingerprints are there (12 elements; one in 120 is taken for known by
chance), else those of what was played so far (6 elements, as two short words have: 12 in a row are never said twice).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np

from undersong.keeping.fingerprints import WINDOW, digests

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["Familiar"]

_SAID = 6
_BEFORE = 4_096  # events before that are remembered


@final
class Familiar:
    """What is known already, for whatever may follow on events (T, …)."""

    def __init__(self, instrument: Instrument, before: np.ndarray) -> None:
        self.codec = instrument.codec
        self.fingerprints = instrument.fingerprints
        lately = before[-_BEFORE if self.fingerprints is None else -WINDOW * 4 :]
        elements = self.codec.elements(self.codec.decode(lately)) if len(lately) else None
        self.size = _SAID if self.fingerprints is None else WINDOW
        self.said = np.zeros(0, np.uint64)
        self.last = np.zeros(0, np.uint64)
        if elements is not None:
            elements = elements.astype(np.uint64)
            self.last = elements[1 - self.size :]
            if self.fingerprints is None:
                self.said = np.unique(digests(elements, self.size))

    def novelty(self, events: np.ndarray) -> float:
        """From 0, all of it is known, to 1, nothing is."""
        elements = self.codec.elements(self.codec.decode(events)).astype(np.uint64)
        windows = digests(np.concatenate([self.last, elements]), self.size)
        if not len(windows) or not len(elements):
            return 1.0
        if self.fingerprints is None:
            known = int(np.isin(windows, self.said).sum())
        else:
            known = int(self.fingerprints.found(windows).sum()) * self.fingerprints.every
        return 1.0 - min(1.0, known / len(windows))
