"""What is counted, and that Prometheus can read it."""

from __future__ import annotations

import threading

import pytest
from exposition import read
from hypothesis import given
from hypothesis import strategies as st

from undersong.serving.metrics import Metrics, resident_bytes


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_requests_are_counted_by_route_and_status(metrics: Metrics) -> None:
    """And timed by route."""
    for status in (200, 200, 404):
        metrics.request("/v1/completions", status, 0.03)
    page = read(metrics.prometheus())

    assert {
        (("route", "/v1/completions"), ("status", "200")): 2,
        (("route", "/v1/completions"), ("status", "404")): 1,
    } == (page["undersong_requests_total"])
    assert 3 == page["undersong_request_seconds_count"][(("route", "/v1/completions"),)]
    assert pytest.approx(0.09) == page["undersong_request_seconds_sum"][(("route", "/v1/completions"),)]


def test_a_histogram_counts_all_up_to_each_bound(metrics: Metrics) -> None:
    """What is just at a bound is in it, and the last bucket holds everything."""
    for seconds in (0.0005, 0.05, 0.050001, 1_000):
        metrics.request("/", 200, seconds)
    buckets = {
        dict(labels)["le"]: value
        for labels, value in read(metrics.prometheus())["undersong_request_seconds_bucket"].items()
    }

    assert (1, 2, 3, 3, 4) == tuple(buckets[bound] for bound in ("0.001", "0.05", "0.1", "60", "+Inf"))
    assert sorted(buckets.values()) == list(buckets.values())


def test_what_a_model_does_is_told(metrics: Metrics) -> None:
    """Its rounds, their rows, what it played, who plays and who waits."""
    metrics.round("keeper", 3, 0.002)
    metrics.round("keeper", 64, 0.004)
    metrics.characters("keeper", 40)
    metrics.characters("keeper", 2)
    metrics.live("keeper", 5)
    metrics.live("keeper", 4)
    metrics.waiting("keeper", 1)
    page = read(metrics.prometheus())
    keeper = (("model", "keeper"),)

    assert (2, 42, 4, 1) == tuple(
        page[f"undersong_{name}"][keeper] for name in ("rounds_total", "played_total", "courses", "waiting")
    )
    assert (67, 2) == (page["undersong_round_rows_sum"][keeper], page["undersong_round_rows_count"][keeper])
    assert pytest.approx(0.006) == page["undersong_round_seconds_total"][keeper]
    assert (42, 2) == (
        metrics.value("undersong_played_total", model="keeper"),
        metrics.value("undersong_round_rows", model="keeper"),
    )


def test_websockets_come_and_go(metrics: Metrics) -> None:
    """A gauge: how many are open just now."""
    for change in (1, 1, -1):
        metrics.websockets(change)

    assert 1 == read(metrics.prometheus())["undersong_websockets"][()]


def test_the_process_is_described(metrics: Metrics) -> None:
    """Its version, when it began, and the memory it holds, where the system says so."""
    page = read(metrics.prometheus())

    assert 1 == sum(page["undersong_info"].values())
    assert page["process_start_time_seconds"][()] > 1.7e9
    if resident_bytes() is not None:
        assert page["process_resident_memory_bytes"][()] > 1e6


def test_labels_that_are_everywhere_are_on_every_line() -> None:
    """So that the lines of several workers are told apart."""
    metrics = Metrics({"worker": "7"})
    metrics.request("/", 200, 0.1)

    assert all(("worker", "7") in labels for series in read(metrics.prometheus()).values() for labels in series)


@given(st.lists(st.sampled_from(['"', "\\", "\n", "a", "é", "{", "}", ",", "=", " ", "\\n"]), max_size=12).map("".join))
def test_a_model_may_have_any_name(name: str) -> None:
    """Quotes, backslashes and line ends are escaped, and come back as they were."""
    metrics = Metrics()
    metrics.characters(name, 1)

    assert {(("model", name),): 1.0} == read(metrics.prometheus())["undersong_played_total"]


def test_labels_cannot_fill_the_memory(metrics: Metrics) -> None:
    """Beyond a thousand kinds of one metric the rest is counted together."""
    for number in range(3_000):
        metrics.refused(f"reason {number}")
    series = read(metrics.prometheus())["undersong_refused_total"]

    assert len(series) <= 1_001
    assert 3_000 == sum(series.values())
    assert 2_000 == series[(("reason", "other"),)]


def test_threads_may_count_at_once(metrics: Metrics) -> None:
    """Nothing is lost between the thread that plays and the one that answers."""

    def count() -> None:
        for _ in range(2_000):
            metrics.characters("keeper", 1)
            metrics.round("keeper", 2)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 12_000 == metrics.value("undersong_played_total", model="keeper")
    assert 24_000 == read(metrics.prometheus())["undersong_round_rows_sum"][(("model", "keeper"),)]
