"""A person gives minutes, not epochs: a short probe turns them into a device, a precision and a number of steps."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from undersong.errors import LearningError
from undersong.learning.models.autoregressive import Autoregressive
from undersong.learning.training.engine import Engine, devices
from undersong.learning.training.schedules import Plan
from undersong.learning.training.streams import Feed
from undersong.learning.training.trainer import Learner, TrainingSettings

__all__ = ["Probe", "Sizing", "choose_size", "prepare_cpu", "probe", "seeded"]


@dataclass(frozen=True)
class Probe:
    """What a short measurement found: where, in which type and on how many threads a step is fastest.

    `seconds` per step, by what was tried: `cpu bfloat16 x 2`.
    """

    device: str
    dtype: torch.dtype
    threads: int
    seconds: Mapping[str, float]

    @property
    def seconds_per_step(self) -> float:
        return self.seconds[_name(self.device, self.dtype, self.threads)]

    @property
    def precision(self) -> str:
        return _bare(self.dtype)


def probe(model: Autoregressive, feed: Feed, settings: TrainingSettings, patience: float = 2.0) -> Probe:
    """Time a few steps in each way that is asked for ("auto" tries all), within about `patience` seconds.

    The model's weights are not changed; afterwards torch uses as many threads as were fastest. Raises LearningError
    where a device that was asked for cannot learn this model.
    """
    wanted = devices() if settings.device == "auto" else [settings.device]
    types = [torch.float32, torch.bfloat16] if settings.precision == "auto" else [getattr(torch, settings.precision)]
    most = torch.get_num_threads()
    counts = [settings.threads] if settings.threads else sorted({most, 1}, reverse=True)
    ways = [(d, t, n) for d in wanted for t in types for n in (counts if d == "cpu" else [most])]
    seconds: dict[str, float] = {}
    best: tuple[float, tuple[str, torch.dtype, int]] | None = None
    for way in ways:
        device, dtype, threads = way
        torch.set_num_threads(threads)
        try:
            found = _seconds_per_step(model, feed, settings, device, dtype, patience / len(ways))
        except (RuntimeError, TypeError, NotImplementedError) as error:  # a device that lacks a type or an operator
            if device == "cpu" or settings.device != "auto":
                raise LearningError(f"Learning does not run on {device} in {_bare(dtype)}: {error}") from error
            continue
        seconds[_name(*way)] = found
        if best is None or found < _CLEARLY * best[0]:
            best = (found, way)
    assert best is not None, "the CPU is always tried, unless a device was named"
    torch.set_num_threads(best[1][2])
    return Probe(*best[1], seconds)


_CLEARLY = 0.95
"""Of the time of the best so far: what is only just faster once may be slower the next time."""


def _name(device: str, dtype: torch.dtype, threads: int) -> str:
    return f"{device} {_bare(dtype)}" + (f" x {threads}" if device == "cpu" else "")


def _bare(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _seconds_per_step(
    model: Autoregressive, feed: Feed, settings: TrainingSettings, device: str, dtype: torch.dtype, patience: float
) -> float:
    """Of whole steps, taken by a copy."""
    learner = Learner(copy.deepcopy(model), feed, settings, Plan.of(1_000_000), 0, dtype, Engine.alone(device))
    learner.advance()  # the first one pays for buffers and thread pools
    times: list[float] = []
    until = time.perf_counter() + patience
    while len(times) < 2 or (time.perf_counter() < until and len(times) < 50):
        began = time.perf_counter()
        learner.advance()  # which ends with reading the loss, so that a GPU's work is done, too
        times.append(time.perf_counter() - began)
    return statistics.median(times)


_DROPOUTS = ((3, 0.05), (12, 0.1), (20, 0.2), (40, 0.3), (float("inf"), 0.5))
"""Dropout for less than so many passes: what is read often is learned by heart, what is read little is not."""
_SMALL = 300_000  # events, below which more than so many passes only teach them by heart
_MOST_PASSES = 60
_EVENTS_A_SECOND = {256: 40_000, 384: 20_000}  # by units, on two cores in bfloat16


@dataclass(frozen=True)
class Sizing:
    """A network and its learning, for the minutes and the material at hand."""

    size: int
    dropout: float
    rows: int
    window: int
    rate: float
    muon: float
    most_passes: float  # over the material, beyond which only learning by heart is left


def choose_size(events: int, seconds: float | None) -> Sizing:
    """Units, dropout and the like, by how much there is to learn and how long; LAB.md (2026-11-21) says where from."""
    time_given = 600.0 if seconds is None else seconds
    size = 384 if events >= 400_000 and time_given >= 240 else 256
    passes = time_given * _EVENTS_A_SECOND[size] / max(1, events)
    most = _MOST_PASSES if events < _SMALL else float("inf")
    dropout = next(share for below, share in _DROPOUTS if min(passes, most) < below)
    return Sizing(size, dropout, rows=16, window=64, rate=1e-2, muon=0.04, most_passes=most)


def prepare_cpu(threads: int = 0) -> None:
    """Use so many threads, 0 for as many as there are, and round numbers too small to matter to zero.

    Call it before torch does anything, so that its threads inherit it.

    A saturated gate's gradient is such a number, and one costs a hundred times an ordinary one: without this a 256-unit
    LSTM was seen to learn 3 to 30 times slower (LAB.md, 2026-11-21).
    """
    torch.set_flush_denormal(True)
    if threads:
        torch.set_num_threads(threads)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """First weights that follow from the seed, with torch's own generator left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
