"""A network and its n-gram as one: how much each is listened to, fitted on what neither of them learned from.

On little material an n-gram foretells as well as a network, and in other places: together they are better than either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from undersong.events import AbstractMedium
from undersong.keeping.run_folder import RunFolder
from undersong.making.baseline import Baseline
from undersong.making.corpus import Stretch, watched_stretches
from undersong.making.scoring import HeldOutScore, score_stretches
from undersong.playing.instrument import Instrument
from undersong.playing.loading import DUET_FILE
from undersong.playing.mixtures.mixing import fit_weight, mixed
from undersong.shapes import Float

__all__ = ["Duet", "duet_scores", "fit_duet", "keep_duet", "plays_as_duet"]

_MOST_LEARNED = 300_000  # events; with more the network leaves the n-gram little to add, and its counts grow
_MOST_FITTED = 10_000  # events: one weight is known from them to a hundredth or two
_SLICES = 4  # of each stretch, for every slice must be warmed up first


@final
@dataclass(frozen=True)
class Duet:
    """The n-gram's share, and -log p (T,) of the same events under the network, the n-gram and both as one."""

    weight: float
    network: Float[np.ndarray, " T"]
    ngram: Float[np.ndarray, " T"]
    together: Float[np.ndarray, " T"]

    def to_json(self) -> dict[str, Any]:
        """The weight, and what each had on average, in nats per event."""
        voices = {"network": self.network, "ngram": self.ngram, "duet": self.together}
        count = max(1, len(self.together))
        means = {name: float(nats.sum()) / count for name, nats in voices.items()}
        return {"weight": self.weight, "events": len(self.together), "nats_per_event": means}


def plays_as_duet(medium: AbstractMedium, learned: int, wanted: bool | None = None) -> bool:
    """Whether what is learned from so many events plays as a duet: as `wanted`, where its baseline can play at all."""
    return medium.baseline == "ngram" and (learned < _MOST_LEARNED if wanted is None else wanted)


def fit_duet(network: Instrument, baseline: Baseline, inner: Sequence[Stretch], patience: float = float("inf")) -> Duet:
    """Fit the weight on stretches that neither voice learned from.

    At most about `patience` seconds; what was not reached does not count.
    """
    heard = score_stretches(network, watched_stretches(inner, _MOST_FITTED, _SLICES), patience)
    return duet_scores(heard, baseline, fit_weight(-heard.nats, -baseline.nats_each(heard.stretches)))


def keep_duet(folder: RunFolder, fitted: Duet | None) -> None:
    """From now on the run plays as this duet, or as its network alone. Raises KeepingError."""
    if fitted is None:
        (folder.path / DUET_FILE).unlink(missing_ok=True)
    else:
        folder.write_json(DUET_FILE, fitted.to_json())


def duet_scores(network: HeldOutScore, baseline: Baseline, weight: float) -> Duet:
    """What a duet of that weight has on events that the network was scored on: no network need hear them again."""
    ngram = baseline.nats_each(network.stretches)
    return Duet(weight, network.nats, ngram, -mixed(-network.nats, -ngram, weight))
