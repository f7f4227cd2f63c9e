"""Events from anybody, checked before they are played: as arrays, or as the JSON of a file or a request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from undersong.errors import PromptError, UnreadableFileError

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.history import History

__all__ = ["checked_events", "is_number", "read_events"]

_MOST = 1_000_000  # more than anybody plays in one piece, and 8 MB


def checked_events(instrument: Instrument, events: np.ndarray, before: History) -> np.ndarray:
    """Events (T, …) in their declared type, where they can stand after those before. Raises PromptError."""
    spec, events = instrument.codec.event, np.asarray(events)
    kinds = "iu" if spec.is_symbol else "iuf"
    fits = events.ndim == len(spec.shape) + 1 and events.shape[1:] == spec.shape
    if not fits or (len(events) and events.dtype.kind not in kinds):
        raise PromptError(
            f"These are no events of '{instrument.name}': {events.shape} {events.dtype}.",
            f"Its events are {('T', *spec.shape)} {spec.dtype}.",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        found = events.astype(spec.dtype)
    if spec.is_symbol:
        _check_symbols(instrument, found, before)
    elif not np.isfinite(found).all():
        raise PromptError("An event holds what is no number, or too large to be one.", "Hand in finite numbers.")
    return found


def _check_symbols(instrument: Instrument, events: np.ndarray, before: History) -> None:
    codec = instrument.codec
    count, grammar = codec.event.count or 0, codec.grammar
    if len(events) and not 0 <= events.min() <= events.max() < count:
        raise PromptError(f"One of these events is no symbol of '{instrument.name}', which has 0 … {count - 1}.")
    if grammar is None or not instrument.one_symbol:
        return
    situation, allowed, following = before.situation(grammar), grammar.allowed, grammar.following
    for at, event in enumerate(events.tolist(), before.count):
        if not allowed.item(situation, event):
            raise PromptError(
                f"Event {at:,}, '{codec.display(event)}', cannot stand after what is before it.",
                "What belongs together must stay so: begin and end where an element of the piece does.",
            )
        situation = following.item(situation, event)


def read_events(instrument: Instrument, data: Any, where: str) -> np.ndarray:
    """Events (T, …) from JSON: symbols as whole numbers, numbers as exact ones. Raises UnreadableFileError.

    Whether they can follow one another is not looked at.
    """
    spec = instrument.codec.event
    flaw = f"{where} should be a list of at most {_MOST:,} events of shape {spec.shape}"
    if not isinstance(data, list) or len(data) > _MOST:
        raise UnreadableFileError(f"{flaw}.")
    if not all(_fits(each, spec.shape, spec.is_symbol) for each in data):
        raise UnreadableFileError(f"{flaw}, in {'whole numbers' if spec.is_symbol else 'numbers'}.")
    try:
        with np.errstate(over="ignore"):
            events = np.array(data, spec.dtype).reshape(len(data), *spec.shape)
    except (OverflowError, ValueError) as error:
        raise UnreadableFileError(f"{flaw}: {error}.") from error
    if spec.is_symbol and len(events) and not 0 <= events.min() <= events.max() < (spec.count or 0):
        raise UnreadableFileError(f"{where} holds a symbol outside 0 … {(spec.count or 0) - 1}.")
    if not np.isfinite(events).all():
        raise UnreadableFileError(f"{where} holds a number too large to be one.")
    return events


def is_number(value: Any) -> bool:
    """Whether it is one that arithmetic can be done with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _fits(value: Any, shape: Sequence[int], symbol: bool) -> bool:
    """Whether it is a number, or lists of them of that shape."""
    if shape:
        is_row = isinstance(value, list) and len(value) == shape[0]
        return is_row and all(_fits(each, shape[1:], symbol) for each in value)
    return isinstance(value, int) and not isinstance(value, bool) if symbol else is_number(value)
