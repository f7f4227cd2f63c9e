"""How well held-out works are foretold: nats for each of the measure, how sure that is, and who is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from undersong.errors import PromptError
from undersong.making.contenders import Contender
from undersong.making.works import HeldOut

__all__ = ["Foretold", "above_the_best", "foretold"]

_BLOCK = 500  # of the measure: figures of one are taken to tell nothing of the next
_FEWEST_BLOCKS = 5


@final
@dataclass(frozen=True)
class Foretold:
    """How well held-out works were foretold: nats per measure, and how sure that is (a standard error).

    `impossible` is the share of events that had no odds at all: then `nats` is infinite, and `rest` leaves them out.
    `above` is how much more that is than the best of those compared has, on the same characters, with its error.
    """

    nats: float
    error: float | None
    length: int
    impossible: float
    rest: float
    blocks: np.ndarray = field(repr=False, compare=False)  # (N,) nats of each block of the works
    above: tuple[float, float | None] | None = None

    def to_json(self, measure: str) -> dict[str, Any]:
        bits = float(np.log(2))
        endless = not np.isfinite(self.nats)
        return {
            f"nats_per_{measure}": None if endless else self.nats,
            f"bits_per_{measure}": None if endless else self.nats / bits,
            "standard_error": self.error,
            f"{measure}s": self.length,
            "impossible": self.impossible,
            "nats_of_the_possible": self.rest,
            "above_the_best": None if self.above is None else {"nats": self.above[0], "standard_error": self.above[1]},
        }


def foretold(each: Contender, works: Sequence[HeldOut]) -> Foretold:
    """Raises PromptError where its codec cannot hold them."""
    instrument = each.instrument
    codec = instrument.codec
    places: list[np.ndarray] = []  # where in all the works each event begins, in the measure
    nats: list[np.ndarray] = []
    offset = missing = 0
    for work in works:
        try:
            stretch = work.for_codec(codec)
        except PromptError as error:
            raise PromptError(f"'{each.name}' cannot hear what was held out: {error.what}", error.do) from error
        nats.append(instrument.nats_of(stretch.events, stretch.before, stretch.condition))
        places.append(offset + np.append(0, codec.progress(stretch.events))[:-1])
        offset += codec.measure(work.piece) + work.ends
        missing += work.ends and codec.end is None
    every, length = np.concatenate(nats), offset - missing
    every = np.where(np.isnan(every), np.inf, every)  # odds of nothing at all
    possible = np.isfinite(every)
    rest = float(every[possible].sum()) / max(1.0, length * float(possible.mean()))
    blocks = np.bincount(np.concatenate(places) // _BLOCK, weights=every, minlength=offset // _BLOCK + 1)
    mean = float(every.sum()) / max(1, length)
    return Foretold(mean, _error(blocks, length), length, float((~possible).mean()), rest, blocks)


def _nats(found: Foretold) -> float:
    return found.nats


def _error(blocks: np.ndarray, length: int) -> float | None:
    """The standard error of nats per measure from those of blocks (N,), which are as long as one another but the last.

    A ratio of sums (Cochran, 1977, "Sampling Techniques", chapter 6). None of too few, or where there is no mean.
    """
    if len(blocks) < _FEWEST_BLOCKS or not np.isfinite(blocks).all():
        return None
    lengths = np.full(len(blocks), float(_BLOCK))
    lengths[-1] = max(0.0, length - _BLOCK * (len(blocks) - 1))
    astray = blocks - blocks.sum() / length * lengths
    return float(np.sqrt(len(blocks) / (len(blocks) - 1) * (astray**2).sum()) / length)


def above_the_best(several: Sequence[Foretold], fair: Sequence[bool]) -> list[Foretold]:
    """How far each is from the best, character by character: what is hard for all of them cancels out.

    Who is not `fair`, for it has learned what it heard, is neither the best nor compared with it.
    """
    best = min((found for found, counts in zip(several, fair, strict=True) if counts), key=_nats, default=None)
    placed = []
    for found, counts in zip(several, fair, strict=True):
        if best is not None and counts and np.isfinite(found.nats):
            same = found is best or len(found.blocks) != len(best.blocks)
            error = None if same else _error(found.blocks - best.blocks, best.length)
            found = replace(found, above=(found.nats - best.nats, error))
        placed.append(found)
    return placed
