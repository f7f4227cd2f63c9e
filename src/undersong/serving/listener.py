"""What is told of one row while it is drawn, in the thread that plays it, and how it may be ended from outside."""

from __future__ import annotations

import threading
from typing import Any, final

import numpy as np

from undersong.playing.answers import Played
from undersong.playing.courses import Drawn
from undersong.playing.drawing import Drawing, Row, Telling

__all__ = ["Listener"]


@final
class Listener:
    """Hears all that a drawing of one row tells; once `stopping` is set the row ends where its piece is whole."""

    def __init__(self, drawing: Drawing, stopping: threading.Event) -> None:
        self._drawing, self._stopping = drawing, stopping
        self._telling = Telling(drawing)
        self._told: list[Played] = []
        self._whole = 0  # of those told, how many make something whole

    def hear(self, drawn: Drawn) -> list[dict[str, Any]]:
        """What can be told now; to be called with everything drawn, before the drawing goes on."""
        told = self._tell(self._telling.hear(drawn))
        lengths = self._drawing.lengths
        if self._stopping.is_set() and lengths.left and lengths.situations[0] == 0:
            lengths.fall_silent([0])
        return told

    def rest(self) -> list[dict[str, Any]]:
        """What was held back, when all is drawn."""
        return self._tell(self._telling.rest())

    def kept(self) -> Row:
        """What was told so far, as far as it is whole."""
        told = self._told[: self._whole]
        like = self._drawing.forced
        events = np.array([played.event for played in told], like.dtype).reshape(-1, *like.shape[1:])
        return Row(events, np.array([played.nats for played in told]))

    def _tell(self, played: list[Played]) -> list[dict[str, Any]]:
        for each in played:
            self._told.append(each)
            if each.added is not None:
                self._whole = len(self._told)
        return [_to_json(each) for each in played]


def _to_json(played: Played) -> dict[str, Any]:
    """An event; its piece is null in the midst of an element, and where a piece only makes sense whole."""
    added = played.added
    told = {"piece": None} if added is None else {"piece": added.to_json(), **added.json_fields()}
    return {**told, "nats": played.nats, **({} if played.voices is None else {"voices": dict(played.voices)})}
