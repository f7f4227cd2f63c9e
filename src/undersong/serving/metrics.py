"""What a server counts, and how it tells it: the exposition format 0.0.4 that Prometheus reads.

Only numbers and the names of routes and models are kept: nothing that anybody wrote. Each name has a sentence, which is
its HELP line; the format is at https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import bisect
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import final

__all__ = ["VERSION", "Metrics", "resident_bytes"]

VERSION = "0.0.4"
"""Of the format; it stands in the content type."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
_SERIES = 1000  # of one metric: names come from the routes and models of this server, never from a request

_HELP = {
    "undersong_requests_total": ("counter", "Requests answered, by route and status."),
    "undersong_request_seconds": ("histogram", "From a request's first byte to its answer's last, by route."),
    "undersong_played_total": ("counter", "How much was played, in the measure of the model's medium."),
    "undersong_courses": ("gauge", "Courses that are being played just now."),
    "undersong_waiting": ("gauge", "Courses that wait for their turn."),
    "undersong_rounds_total": ("counter", "Rounds of a model, each of which serves everybody who plays it."),
    "undersong_round_rows": ("histogram", "Rows that were stepped together in one round."),
    "undersong_round_seconds_total": ("counter", "Time spent in rounds."),
    "undersong_refused_total": ("counter", "Requests that were not served, by the reason."),
    "undersong_websockets": ("gauge", "WebSockets that are open."),
    "undersong_info": ("gauge", "Which version this is."),
    "process_start_time_seconds": ("gauge", "When this process began, in seconds since 1970."),
    "process_resident_memory_bytes": ("gauge", "Memory held by this process."),
    "process_threads": ("gauge", "Threads of this process."),
}

_Labels = tuple[tuple[str, str], ...]


@final
class _Histogram:
    """Observations by the bucket they fall into; `at` are the upper bounds."""

    def __init__(self, at: Sequence[float]) -> None:
        self.at = at
        self.counts = [0] * (len(at) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect.bisect_left(self.at, value)] += 1
        self.sum += value

    def cumulative(self) -> Iterator[tuple[str, int]]:
        total = 0
        for bound, count in zip((*self.at, float("inf")), self.counts, strict=True):
            total += count
            yield _number(bound), total


@final
class Metrics:
    """Counted from any thread. `everywhere` are labels that every line carries: which worker this is."""

    def __init__(self, everywhere: Mapping[str, str] | None = None) -> None:
        self.everywhere = dict(everywhere or {})
        self._began = time.time()
        self.listeners: list[Callable[[str, int], None]] = []  # who wants to know of what was played
        self._lock = threading.Lock()
        self._values: dict[str, dict[_Labels, float]] = {}
        self._histograms: dict[str, dict[_Labels, _Histogram]] = {}

    # ── what is counted ────────────────────────────────────────────────────────────────────────────────────────────

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its template, so that nothing of a request stands in it."""
        self._add("undersong_requests_total", 1, route=route, status=str(status))
        self._observe("undersong_request_seconds", _SECONDS, seconds, route=route)

    def refused(self, reason: str) -> None:
        """A request was not served: "key", "host", "origin", "busy", "size", "time" …"""
        self._add("undersong_refused_total", 1, reason=reason)

    def characters(self, model: str, n: int) -> None:
        """So much was played, in the measure of the model's medium."""
        self._add("undersong_played_total", n, model=model)
        for listener in self.listeners:
            listener(model, n)

    def live(self, model: str, n: int) -> None:
        """How many courses are being played just now."""
        self._set("undersong_courses", n, model=model)

    def waiting(self, model: str, n: int) -> None:
        """How many courses wait for their turn."""
        self._set("undersong_waiting", n, model=model)

    def round(self, model: str, rows: int, seconds: float = 0.0) -> None:
        """A model took one step for everybody who plays it."""
        self._add("undersong_rounds_total", 1, model=model)
        self._add("undersong_round_seconds_total", seconds, model=model)
        self._observe("undersong_round_rows", _ROWS, rows, model=model)

    def websockets(self, change: int) -> None:
        """One more is open, or one fewer: 1 or -1."""
        self._add("undersong_websockets", change)

    # ── what is told ───────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, name: str, **labels: str) -> float:
        """What one line says; of a histogram, how much was observed. 0 where nothing was counted."""
        with self._lock:
            if found := self._histograms.get(name, {}).get(_labels(labels)):
                return float(sum(found.counts))
            return self._values.get(name, {}).get(_labels(labels), 0.0)

    def prometheus(self) -> str:
        """Everything, as Prometheus reads it."""
        from undersong import __version__

        self._set("undersong_info", 1, version=__version__)
        self._set("process_start_time_seconds", self._began)
        self._set("process_threads", threading.active_count())
        if (memory := resident_bytes()) is not None:
            self._set("process_resident_memory_bytes", memory)
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, (kind, sentence) in _HELP.items():
            if name not in self._values and name not in self._histograms:
                continue
            yield f"# HELP {name} {sentence}"
            yield f"# TYPE {name} {kind}"
            for labels, value in self._values.get(name, {}).items():
                yield f"{name}{self._written(labels)} {_number(value)}"
            for labels, histogram in self._histograms.get(name, {}).items():
                for bound, count in histogram.cumulative():
                    yield f"{name}_bucket{self._written((*labels, ('le', bound)))} {count}"
                yield f"{name}_sum{self._written(labels)} {_number(histogram.sum)}"
                yield f"{name}_count{self._written(labels)} {sum(histogram.counts)}"

    def _written(self, labels: _Labels) -> str:
        every = (*self.everywhere.items(), *labels)
        return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in every) + "}" if every else ""

    def _add(self, name: str, value: float, **labels: str) -> None:
        with self._lock:
            series = self._values.setdefault(name, {})
            key = _key(series, labels)
            series[key] = series.get(key, 0.0) + value

    def _set(self, name: str, value: float, **labels: str) -> None:
        with self._lock:
            series = self._values.setdefault(name, {})
            series[_key(series, labels)] = float(value)

    def _observe(self, name: str, at: Sequence[float], value: float, **labels: str) -> None:
        with self._lock:
            series = self._histograms.setdefault(name, {})
            key = _key(series, labels)
            if key not in series:
                series[key] = _Histogram(at)
            series[key].add(value)


def _labels(labels: Mapping[str, str]) -> _Labels:
    return tuple(sorted(labels.items()))


def _key(series: Mapping[_Labels, object], labels: Mapping[str, str]) -> _Labels:
    """The labels as they are, or "other" where there are too many kinds already."""
    key = _labels(labels)
    return key if key in series or len(series) < _SERIES else tuple((name, "other") for name, _ in key)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


def resident_bytes() -> int | None:
    """Memory that this process holds just now; None where the system does not say (it does on Linux)."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
