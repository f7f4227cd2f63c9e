"""Dice that can be thrown anywhere: the uniforms of draw t of row b under a seed, in any order, on any machine.

Philox 4x64 in ten rounds is a counter, not a sequence (Salmon et al., 2011, "Parallel random numbers: as easy as
1, 2, 3"): undo, fork and replay need no stored generator state, and a row's draws do not depend on its batch-mates.
"""

from __future__ import annotations

import secrets

import numpy as np

from undersong.shapes import Float

__all__ = ["fresh_seed", "uniforms"]

_PER_BLOCK = 4  # one counter value gives four 64-bit words


def uniforms(seed: int, row: int, first: int, count: int, width: int) -> Float[np.ndarray, "T U"]:
    """The uniforms in [0, 1) of draws `first` … `first + count - 1` of one row, `width` per draw, as float64."""
    blocks = -(-width // _PER_BLOCK)
    bits = np.random.Philox(counter=first * blocks, key=np.array([seed, row], dtype=np.uint64))
    words = bits.random_raw(count * blocks * _PER_BLOCK).reshape(count, blocks * _PER_BLOCK)
    return (words[:, :width] >> np.uint64(11)) * 2.0**-53


def fresh_seed() -> int:
    """A seed nobody chose, short enough to type again."""
    return secrets.randbelow(1_000_000)
