"""A person gives minutes, not epochs: a short probe turns them into a precision and a number of steps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.streams import Feed
from undersong.learning.training.trainer import as_tensors

__all__ = ["Probe", "Sizing", "choose_size", "prepare_cpu", "probe", "seeded"]


@dataclass(frozen=True)
class Probe:
    """What a short measurement found: the faster type, and what each costs in seconds per step."""

    dtype: torch.dtype
    seconds: dict[str, float]


def probe(model: Autoregressive, feed: Feed, precision: str, patience: float = 2.0) -> Probe:
    """Time a few steps in each precision that is asked for ("auto" tries all), within about `patience` seconds.

    The model's weights are not changed.
    """
    wanted = ("float32", "bfloat16") if precision == "auto" else (precision,)
    seconds = {name: _seconds_per_step(model, feed, getattr(torch, name), patience / len(wanted)) for name in wanted}
    fastest = min(seconds, key=lambda name: seconds[name])
    return Probe(getattr(torch, fastest), seconds)


def _seconds_per_step(model: Autoregressive, feed: Feed, dtype: torch.dtype, patience: float) -> float:
    events, condition, targets, mask = as_tensors(feed.batch(0))

    def once() -> None:
        terms, _ = model.losses(events, condition, targets, mask, model.start(condition, len(events)), dtype)
        torch.stack(list(terms.values())).sum().backward()

    model.train()
    once()  # the first call pays for buffers and thread pools
    times = _timed(once, patience)
    model.zero_grad(set_to_none=True)
    return statistics.median(times)


def _timed(once: Callable[[], None], patience: float) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + patience
    while len(times) < 2 or (time.perf_counter() < until and len(times) < 20):
        began = time.perf_counter()
        once()
        times.append(time.perf_counter() - began)
    return times


_DROPOUTS = ((5, 0.05), (8, 0.1), (20, 0.15), (60, 0.25), (float("inf"), 0.35))
"""Dropout for less than so many passes: what is read often is learned by heart, what is read little is not."""


@dataclass(frozen=True)
class Sizing:
    """A network's size for the minutes and the material at hand."""

    size: int
    dropout: float


def choose_size(events: int, seconds: float | None) -> Sizing:
    """Units per layer and dropout, from how much there is to learn and how long.

    Rough rules until a measured table takes their place. A pass is counted at the 20,000 events a second that a
    512-unit LSTM reads on two cores in bfloat16; smaller ones read faster.
    """
    passes = (seconds or 600.0) * 20_000 / max(1, events)
    if events < 30_000:
        size = 192
    elif events < 120_000:
        size = 256
    elif events < 400_000:
        size = 384
    else:
        size = 512 if passes >= 10 else 384 if passes >= 2 else 256
    if seconds is not None and seconds < 100:
        size = min(size, 256)
    dropout = next(share for most, share in _DROPOUTS if passes < most)
    return Sizing(size, dropout)


def prepare_cpu() -> None:
    """Round numbers too small to matter to zero; call it before torch does anything, so that its threads inherit it.

    A saturated gate's gradient is such a number, and one costs a hundred times an ordinary one: without this a 256-unit
    LSTM was seen to learn 3 to 30 times slower (LAB.md, 2026-11-21).
    """
    torch.set_flush_denormal(True)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """First weights that follow from the seed, with torch's own generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
