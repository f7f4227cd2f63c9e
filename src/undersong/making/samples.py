"""What an instrument plays at three temperatures: the samples that stand beside every evaluation."""

from __future__ import annotations

from undersong.playing.instrument import Instrument

__all__ = ["TEMPERATURES", "three_samples"]

TEMPERATURES = (0.4, 0.7, 1.0)


def three_samples(instrument: Instrument, seed: int, share: float = 0.4) -> dict[str, str]:
    """One sample at each temperature, the first the seed gives, `share` as long as the medium's usual."""
    length = max(1, round(instrument.medium.sample_length * share))
    return {f"{t:g}": str(instrument.sample(length=length, seed=seed, temperature=t)) for t in TEMPERATURES}
