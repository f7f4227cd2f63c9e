"""Natural ends of rows that are being played: a word, a line, a bar; looked for while they grow."""

from __future__ import annotations

from typing import final

import numpy as np

from undersong.events import AbstractCodec
from undersong.playing.courses import Drawn
from undersong.playing.drawing import Drawing, Row

__all__ = ["Ends"]


@final
class Ends:
    """Rows that have come to the end looked for fall silent, for all that follows would be cut off.

    An end is known for sure when something comes after it. The longer a row is, the less often it is looked at, so that
    all looking together costs a few times the last look.
    """

    def __init__(self, drawing: Drawing, until: str) -> None:
        self._drawing, self._until = drawing, until
        self._played: list[list[np.ndarray]] = [[] for _ in range(drawing.rows)]
        self._next = [1] * drawing.rows
        self.sure = [0] * drawing.rows
        """Of each row, how many events stay whatever comes."""

    def hear(self, drawn: Drawn) -> None:
        """To be called with everything drawn, before the drawing goes on."""
        for row in np.flatnonzero(drawn.sounding).tolist():
            played = self._played[row]
            played.append(drawn.events[row])
            if len(played) >= self._next[row] and self._drawing.rules is None:  # those may yet move the end
                self._look(row, np.array(played))

    def _look(self, row: int, events: np.ndarray) -> None:
        stops, lengths = self._drawing.stops, self._drawing.lengths
        count = len(events)
        cut = self._drawing.instrument.codec.ending(self._until, events)
        self.sure[row] = cut
        self._next[row] = count + max(1, count // 16)
        stopped = stops is None or stops.safe(row) >= cut
        if cut < count and stopped and lengths.sounding[row]:
            lengths.fall_silent([row])

    def cut(self, row: Row) -> int:
        """How many events of a row that is drawn reach its end; all of them where it came to none."""
        return cut_at(self._drawing.instrument.codec, self._until, row.events, row.least)


def cut_at(codec: AbstractCodec, until: str, events: np.ndarray, least: int = 0) -> int:
    """How many events reach the first such end that does not come before `least`; all of them where there is none."""
    cut = 0
    while cut < len(events):
        cut += max(1, codec.ending(until, events[cut:]))
        if cut >= least:
            return cut
    return len(events)
