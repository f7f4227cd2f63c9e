"""How much one may ask for in a while: token buckets, one for each person or address.

A bucket holds `burst` tokens when full and gains `rate_per_minute` a minute. Whoever takes more than is in it is told
how long to wait. What costs more than a bucket ever holds is served from a full one, which is paid back afterwards: a
long piece makes its reader wait for the next, and is never refused for good.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import final

__all__ = ["Bucket", "Buckets", "neighbourhood", "retry_after"]


@final
class Bucket:
    """One person's tokens. A rate of 0 means that nothing is limited; threads may share it."""

    def __init__(
        self, rate_per_minute: float, burst: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Full at first. `burst` is what may be asked for at once, by default what comes in a quarter of a minute."""
        self.burst = max(1.0, rate_per_minute / 4) if burst is None else float(burst)
        self._rate = rate_per_minute / 60
        self._clock = clock
        self._level = self.burst
        self._then = clock()
        self._lock = threading.Lock()

    def take(self, cost: float = 1.0) -> float:
        """Seconds until there will be enough; 0.0 where there was, and it has been taken."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            self._refill()
            lacking = min(cost, self.burst) - self._level
            if lacking > 1e-9:  # what a clock rounds is no reason to wait
                return lacking / self._rate
            self._level -= cost
            return 0.0

    @property
    def full(self) -> bool:
        """Whether it knows nothing that a new one would not know."""
        with self._lock:
            self._refill()
            return self._level >= self.burst

    def _refill(self) -> None:
        now = self._clock()
        self._level = min(self.burst, self._level + max(0.0, now - self._then) * self._rate)
        self._then = now


@final
class Buckets:
    """A bucket for each name, for the `most` names that asked last: strangers cannot fill the memory."""

    def __init__(
        self,
        rate_per_minute: float,
        burst: float | None = None,
        most: int = 4096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._clock = rate_per_minute, burst, clock
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, name: str, cost: float = 1.0) -> float:
        """As `Bucket.take`, from the bucket of that name."""
        with self._lock:
            bucket = self._buckets.get(name)
            if bucket is None:
                bucket = self._buckets[name] = Bucket(self._rate, self._burst, self._clock)
            self._buckets.move_to_end(name)
            while len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return bucket.take(cost)

    def forget(self, name: str) -> None:
        """Whoever has this name begins anew."""
        with self._lock:
            self._buckets.pop(name, None)


def neighbourhood(address: str) -> str:
    """What is counted as one asker: an IPv4 address, or the /64 that an IPv6 host can choose its addresses from."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "elsewhere"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((found, 64), strict=False))
    return str(found)


def retry_after(wait: float) -> str:
    """The value of a Retry-After header: whole seconds, at least one."""
    return str(max(1, math.ceil(wait)))
