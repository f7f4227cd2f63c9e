"""A large vocabulary on a CPU: the adaptive softmax beside the full one, the same network and the same minutes.

    python benchmarks/softmaxes.py                             5,000 and 25,000 symbols, one minute each
    python benchmarks/softmaxes.py --symbols 5000 --minutes 3

The symbols are the words of the Brontës' novels and what stands between them, commonest first, one symbol for all that
are rarer. Each head gets as many steps as fit into its minutes by the speed of its first thirty; the last twentieth of
the text is scored by all odds, as they would be played.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from typing import Any

import numpy as np
import torch
from measured import DATA, keep
from texts import characters

from undersong.events import Condition
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.learning.training.budget import prepare_cpu, seeded
from undersong.learning.training.evaluation import HeldOut, held_out_nats
from undersong.learning.training.schedules import Plan
from undersong.learning.training.streams import Example, Streams
from undersong.learning.training.trainer import Learner, TrainingSettings
from undersong.shapes import ArraySpec

TEXT = DATA / "ml5_texts/bronte.txt"
HEADS = {"full": "categorical.v1", "adaptive": "adaptive_categorical.v1"}
UNITS, ROWS, WINDOW, TRIED, SCORED = 256, 16, 32, 30, 20_000
WHAT = f"nats per word of the Brontës' novels, LSTM 1 x {UNITS}, the same minutes for both heads"
BY = ("symbols", "head", "minutes", "precision")


def main() -> None:
    asked = options()
    prepare_cpu()
    words = re.findall(r"\w+|\s+|[^\w\s]", characters(TEXT))
    ranks = {word: rank for rank, (word, _) in enumerate(Counter(words).most_common())}
    print(f"{len(words):,} words, {len(ranks):,} different ones")
    for symbols in asked.symbols:
        events = np.minimum(np.array([ranks[word] for word in words]), symbols - 1)
        for name in HEADS:
            row = {"symbols": symbols, "head": name, "minutes": asked.minutes, "precision": asked.precision}
            row |= learned(events, symbols, HEADS[name], asked.minutes, getattr(torch, asked.precision))
            keep("softmaxes", WHAT, row, BY)
            print(
                f"{symbols:7,} symbols, {name:9} {row['nats per word']:.4f} nats a word, {row['words read']:10,} words "
                f"read, {row['milliseconds a step']:.1f} ms a step, {row['weights']:,} weights",
                flush=True,
            )


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--symbols", type=int, nargs="+", default=[5_000, 25_000])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--precision", choices=("bfloat16", "float32"), default="bfloat16")
    return parser.parse_args()


def learned(events: np.ndarray, symbols: int, head: str, minutes: float, dtype: torch.dtype) -> dict[str, Any]:
    """Learn for the minutes, then score what was not learned."""
    cut = len(events) * 19 // 20
    seconds = trial(events[:cut], symbols, head, dtype)
    learner = learner_of(events[:cut], symbols, head, dtype, max(TRIED, int(60 * minutes / seconds)))
    began = time.perf_counter()
    for _ in range(learner.plan.steps):
        learner.advance()
    took = time.perf_counter() - began
    held = [HeldOut(events[cut - 512 : cut], events[cut : cut + SCORED], Condition())]
    with learner.playing() as model:
        nats = held_out_nats(model, held, np.array(symbols), ())
    return {
        "nats per word": round(nats, 4),
        "words read": learner.plan.steps * ROWS * WINDOW,
        "milliseconds a step": round(1000 * took / learner.plan.steps, 2),
        "weights": sum(each.numel() for each in learner.model.parameters()),
    }


def trial(events: np.ndarray, symbols: int, head: str, dtype: torch.dtype) -> float:
    """Seconds that a step takes."""
    learner = learner_of(events, symbols, head, dtype, 2 * TRIED)
    for _ in range(TRIED):
        learner.advance()
    began = time.perf_counter()
    for _ in range(TRIED):
        learner.advance()
    return (time.perf_counter() - began) / TRIED


def learner_of(events: np.ndarray, symbols: int, head: str, dtype: torch.dtype, steps: int) -> Learner:
    distribution = {"kind": "categorical.v1", "size": symbols}
    heads = {"next": {"kind": head, "distribution": distribution}}
    event = ArraySpec((), "int64", count=symbols)
    spec = ModelSpec(event, UNITS // 2, ({"kind": "lstm.v1", "size": UNITS},), heads, dropout=0.1)
    with seeded(1):
        model = Autoregressive(spec)
    feed = Streams([Example(events, Condition(), np.zeros(1, np.int64))], np.array(symbols), None, ROWS, WINDOW, seed=1)
    return Learner(model, feed, TrainingSettings(rate=1e-2), Plan.of(steps), seed=1, dtype=dtype)


if __name__ == "__main__":
    main()
