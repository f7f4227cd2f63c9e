"""A learned model with room for more: what it knew stays as it was, and new symbols wait to be learned.

Symbols have rows: one of the ear's table, one of a head's layer. A new symbol is heard as the last of those that used
to spell it, so that the first thing known about it is not noise. Its odds begin at the mean of all log-odds, lowered so
far that they change no other's: the log of a sum is never less than the mean of its V logits and log V, whatever was
heard. From there some dozens of steps raise it, for its loss is the louder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from undersong.errors import LearningError, PromptError, UsageError
from undersong.events import AbstractCodec, AbstractPiece
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec

__all__ = ["grow", "rows_for"]

_UNLIKELY = 14.0  # -log of what all new symbols have together at most: e^-14 moves no log-odds by 1e-6


def rows_for(old: AbstractCodec, new: AbstractCodec) -> tuple[np.ndarray, np.ndarray]:
    """For each symbol of `new` and its start (V + 1,): the old symbol it begins as, and whether it is new."""
    count = new.event.count or 0
    begins_as = np.full(count + 1, -1, np.int64)
    moved = new.renumbered(old)
    begins_as[moved] = np.arange(len(moved))
    fresh = begins_as < 0
    for symbol in np.flatnonzero(fresh):
        begins_as[symbol] = _last_heard(old, new.decode(np.array([symbol])))
    return begins_as, fresh


def _last_heard(codec: AbstractCodec, piece: AbstractPiece) -> int:
    """The last symbol of a piece; the end, which nobody hears, where the codec cannot hold it, as with a new field."""
    try:
        return int(codec.encode(piece)[-1])
    except (IndexError, PromptError):
        return codec.end or 0


def grow(
    old: ModelSpec, arrays: Mapping[str, np.ndarray], spec: ModelSpec, begins_as: np.ndarray, fresh: np.ndarray
) -> Autoregressive:
    """The model of form `spec` that gives the odds of the old one, until it learns; rows as `rows_for` tells.

    Raises UsageError where the forms differ in more than how many symbols there are, LearningError where the arrays are
    not those of the old form.
    """
    _check_form(old, spec)
    model = Autoregressive(spec)
    wanted = model.state_dict()
    if set(wanted) != set(arrays):
        odd = sorted(set(wanted) ^ set(arrays))
        raise LearningError(f"The weights to go on from are not those of their form: see {', '.join(odd[:3])}.")
    filled = {}
    for name, into in wanted.items():
        value = torch.from_numpy(np.array(arrays[name])).to(into.dtype)
        if value.ndim and len(value) + fresh.sum() == len(into) > len(value):
            value = _heard(value, begins_as) if name.startswith("ear.") else _foretold(value, begins_as, fresh)
        if value.shape != into.shape:
            raise LearningError(f"The weights to go on from are not those of their form: see {name}.")
        filled[name] = value
    model.load_state_dict(filled)
    return model


def _heard(rows: Tensor, begins_as: np.ndarray) -> Tensor:
    """The ear's rows (V + 1, E), the start's last."""
    return rows[torch.from_numpy(begins_as)]


def _foretold(rows: Tensor, begins_as: np.ndarray, fresh: np.ndarray) -> Tensor:
    """A head's rows (V, …): weights, or the bias (V), which alone is lowered."""
    new = torch.from_numpy(fresh[:-1])  # the start is never foretold
    grown = rows[torch.from_numpy(begins_as[:-1])]
    share = math.log(len(rows)) - math.log(int(new.sum())) - _UNLIKELY
    grown[new] = rows.mean(0) + (share if rows.ndim == 1 else 0.0)
    return grown


def _check_form(old: ModelSpec, new: ModelSpec) -> None:
    one, other = _form(old), _form(new)
    for key in one | other:
        if one.get(key) != other.get(key):
            raise UsageError(
                f"The network to go on from has another form: its {key} is {one.get(key)}, here {other.get(key)}.",
                "Go on with material of the same kind, and leave the network's form as it was.",
            )


def _form(spec: ModelSpec) -> dict[str, Any]:
    """All that must be alike: everything but dropout, and of symbols how many there are."""
    form = spec.to_json()
    del form["dropout"]
    if spec.event.is_symbol:
        form["event"] = {**form["event"], "count": "any"}
        form["heads"] = {
            name: {**head, "distribution": head["distribution"]["kind"]} for name, head in form["heads"].items()
        }
    return form
