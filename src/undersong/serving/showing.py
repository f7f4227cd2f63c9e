"""How a live session is told of: where it stands, its piece, and who made what of it."""

from __future__ import annotations

from typing import Any

from undersong.events import AbstractPiece
from undersong.serving.live_sessions import LiveSession

__all__ = ["piece_of", "showing", "standing", "whole"]


def piece_of(piece: AbstractPiece) -> dict[str, Any]:
    """A piece as JSON, with what its medium adds."""
    return {"piece": piece.to_json(), **piece.json_fields()}


def standing(live: LiveSession) -> dict[str, Any]:
    """Which session it is, and how far it has come."""
    session = live.session
    return {
        "session": live.id,
        "model": live.voice.name,
        "events": session.length,
        "can_undo": session.can_undo,
        "can_redo": session.can_redo,
    }


def showing(live: LiveSession) -> dict[str, Any]:
    """The same with the piece."""
    return {**standing(live), **piece_of(live.session.piece)}


def whole(live: LiveSession) -> dict[str, Any]:
    """The same with its length in the medium's measure, and whose events `start` to `stop` are."""
    session, instrument = live.session, live.voice.instrument
    piece = session.piece
    by: list[dict[str, Any]] = []
    for turn in session.turns:
        if by and by[-1]["author"] == turn.author:
            by[-1]["stop"] = turn.stop
        else:
            by.append({"author": turn.author, "start": turn.start, "stop": turn.stop})
    measured = {"length": instrument.codec.measure(piece), "measure": instrument.medium.measure}
    return {**standing(live), **measured, **piece_of(piece), "by": by}
