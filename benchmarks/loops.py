"""What the loops that stand beside Undersong share: options, characters as numbers, the schedule, the row.

To be imported before torch: the clock runs from here, so that the minutes include importing it, as Undersong's do.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measured import keep, machine
from texts import TINY_SHAKESPEARE, characters, name_of, parted, split

__all__ = ["BEGAN", "Task", "kept_row", "options", "rate", "says_bfloat16"]

BEGAN = time.perf_counter()
_BY = ("text", "split", "minutes", "seed", "precision asked for", "settings")
_AT_ONCE = 64  # windows scored side by side


def options(what: str, settings: Mapping[str, int | float]) -> argparse.Namespace:
    """What was asked for on the command line: every setting has an option of its name."""
    about, _, usage = what.partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--text", type=Path, default=TINY_SHAKESPEARE)
    parser.add_argument("--split", choices=("outer", "inner"), default="outer", help="inner: to try settings")
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--json", action="store_true", help="print each row as a line of JSON")
    for name, value in settings.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"{value:g}")
    return parser.parse_args()


def says_bfloat16(precision: str) -> bool:
    """Whether to learn in bfloat16; "auto" does where the processor multiplies in it."""
    return precision == "bfloat16" or (precision == "auto" and machine()["processor"].endswith("bf16"))


def rate(gone: float, step: int, asked: argparse.Namespace) -> float:
    """A linear warm-up, then a cosine from the peak to its floor, there when the share `gone` of the minutes is 1."""
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, gone)))
    return float(asked.rate * min(1.0, (step + 1) / asked.warm_up) * (asked.floor + (1.0 - asked.floor) * cosine))


@dataclass(frozen=True)
class Task:
    """Characters as numbers: one for each that stands in what is learned, and one for all others.

    learned (N,) · held_out (M,) · `symbols` how many numbers there are · `others` how many of M are the last one, which
    costs a loop less than it should: it need not say which of them.
    """

    learned: np.ndarray
    held_out: np.ndarray
    symbols: int
    others: int

    @classmethod
    def of(cls, path: Path, which: str) -> Task:
        learned, held_out = parted(split(characters(path), which))
        number = {character: at for at, character in enumerate(sorted(set(learned)))}
        known, tail = (np.array([number.get(each, len(number)) for each in part]) for part in (learned, held_out))
        return cls(known, tail, len(number) + 1, int((tail == len(number)).sum()))

    def windows(self, before: int, length: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Every held-out character once, in blocks: what is heard (B, before + length - 1), the block (B, length).

        Of a block each character is foretold from those before it, `before` of them at least.
        """
        heard = np.concatenate([self.learned[-before:], self.held_out])
        whole = len(self.held_out) // length
        starts = [np.arange(at, min(at + _AT_ONCE, whole)) * length for at in range(0, whole, _AT_ONCE)]
        for first in starts:
            rows = heard[first[:, None] + np.arange(before + length)]
            yield rows[:, :-1], rows[:, before:]
        rest = heard[None, whole * length :]
        if rest.shape[1] > before:
            yield rest[:, :-1], rest[:, before:]


def kept_row(
    name: str, asked: argparse.Namespace, settings: Mapping[str, int | float], seed: int, found: Mapping[str, Any]
) -> None:
    """Keep what one seed gave, and print it."""
    what = "nats per character of a loop beside Undersong, in the same minutes on the same characters"
    row = {
        "text": name_of(asked.text),
        "split": asked.split,
        "minutes": asked.minutes,
        "seed": seed,
        "precision asked for": asked.precision,
        "settings": {setting: getattr(asked, setting) for setting in settings},
        **found,
    }
    row = keep(name, what, row, _BY)
    if asked.json:
        print(json.dumps(row, ensure_ascii=False), flush=True)
        return
    print(
        f"{name} {row['network']}, {row['precision']}, seed {seed}: {row['nats per character']:.4f} nats with carried "
        f"context, {row['nats in fresh windows']:.4f} in fresh windows, after {row['seconds']:.0f} s and "
        f"{row['characters read']:,} characters",
        flush=True,
    )
