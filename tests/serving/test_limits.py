"""Token buckets: what they let through, whom they keep waiting, and that strangers cannot fill them."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.serving.limits import Bucket, Buckets, neighbourhood, retry_after


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_full_bucket_gives_its_burst_at_once(clock: Clock) -> None:
    """And then what comes in: one token a second at 60 a minute."""
    bucket = Bucket(60, burst=5, clock=clock)
    taken = [bucket.take() for _ in range(6)]

    assert [0.0] * 5 == taken[:5]
    assert pytest.approx(1.0) == taken[5]


def test_waiting_as_long_as_told_is_enough(clock: Clock) -> None:
    """What Retry-After says is true."""
    bucket = Bucket(30, burst=2, clock=clock)
    bucket.take(2)
    wait = bucket.take(1.5)
    clock.now += wait

    assert pytest.approx(3.0) == wait
    assert 0.0 == bucket.take(1.5)


def test_asking_in_vain_costs_nothing(clock: Clock) -> None:
    """Whoever asks too early waits no longer for it."""
    bucket = Bucket(60, burst=1, clock=clock)
    bucket.take()
    waits = [bucket.take() for _ in range(10)]

    assert [pytest.approx(1.0)] * 10 == waits


def test_what_costs_more_than_a_bucket_holds_is_paid_back_afterwards(clock: Clock) -> None:
    """A long piece is never refused for good, and its reader waits for the next."""
    bucket = Bucket(60, burst=10, clock=clock)

    assert 0.0 == bucket.take(30)
    assert pytest.approx(21.0) == bucket.take(1)  # 20 are owed


def test_a_rate_of_nothing_limits_nothing(clock: Clock) -> None:
    """Where nobody set a limit there is none."""
    bucket = Bucket(0, burst=1, clock=clock)

    assert {0.0} == {bucket.take(1_000) for _ in range(100)}


def test_a_clock_that_goes_back_takes_nothing_away(clock: Clock) -> None:
    """And gives nothing either."""
    bucket = Bucket(60, burst=3, clock=clock)
    bucket.take(2)
    clock.now -= 500

    assert 0.0 == bucket.take(1)
    assert bucket.take(1) > 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 20)), max_size=60), st.floats(0.5, 6_000), st.floats(1, 50))
def test_no_more_comes_out_than_was_in_it_and_came_in(asked: list[tuple[float, float]], rate: float, burst: float):
    """Whatever is asked for and when: burst, what came in since, and one cost that was larger than a bucket."""
    clock = Clock()
    bucket = Bucket(rate, burst, clock)
    began, given_out = clock.now, 0.0
    for pause, cost in asked:
        clock.now += pause
        if bucket.take(cost) == 0.0:
            given_out += cost

    assert given_out <= burst + (clock.now - began) * rate / 60 + max([cost for _, cost in asked], default=0) + 1e-6


def test_threads_share_a_bucket() -> None:
    """Nothing is given out twice."""
    bucket, given_out = Bucket(0.001, burst=100), []
    threads = [
        threading.Thread(target=lambda: given_out.extend(bucket.take() == 0.0 for _ in range(50))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 100 == sum(given_out)


# ── many of them ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_has_a_bucket_of_their_own(clock: Clock) -> None:
    """One who asks too much keeps nobody else waiting."""
    buckets = Buckets(60, burst=1, clock=clock)

    assert 0.0 == buckets.take("ada")
    assert buckets.take("ada") > 0
    assert 0.0 == buckets.take("bob")


def test_the_table_is_bounded(clock: Clock) -> None:
    """A million strangers take no more room than the last few; who came back lately is still known."""
    buckets = Buckets(60, burst=1, most=10, clock=clock)
    for number in range(1_000):
        buckets.take(f"stranger {number}")
        buckets.take("ada")

    assert 10 == len(buckets)
    assert buckets.take("ada") > 0


def test_whoever_is_forgotten_begins_anew(clock: Clock) -> None:
    """Nothing is held against them."""
    buckets = Buckets(60, burst=1, clock=clock)
    buckets.take("ada")
    buckets.forget("ada")

    assert 0.0 == buckets.take("ada")


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "elsewhere"),
        ("", "elsewhere"),
    ],
)
def test_an_asker_is_an_address_or_the_net_it_chooses_from(address: str, counted_as: str) -> None:
    """An IPv6 host has 2^64 addresses to hide behind."""
    assert counted_as == neighbourhood(address)


def test_retry_after_is_whole_seconds() -> None:
    """At least one, and never too few."""
    assert ["1", "1", "2", "60"] == [retry_after(wait) for wait in (0.0, 0.4, 1.1, 59.7)]
