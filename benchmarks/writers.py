"""How long writers wait: alone, sixty-four at once, and a classroom of twenty-five.

    python benchmarks/writers.py [--rounds 30] [--repeats 3] [--seconds 20]

A writer asks for five suggestions of 40 characters after 48 characters of context. The instrument is a 2 x 256 LSTM in
int8 that learned nothing, as fast as one that did; a voice that ships stands beside it. The server is a process of its
own on loopback, the askers are in this one, and both share the machine's cores.

Sixty-four ask without a pause, which no writer does, and once more as writers do, who think in between. The same
requests are asked one after another in the same run; as every request has its own dice, both must be answered alike.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measured import ROOT, timed, write
from served import Line, Served, letters, percentile, serving, suggestion
from untaught import context, untaught, written_file

from undersong.events import Condition
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load

SUGGESTIONS, BEFORE, LENGTH = 5, 48, 40
WRITERS, EACH = 64, 5  # who asks at once, and how often
PUPILS = 25
THINKING = (1.0, 4.0)  # seconds between two wishes of a person
VOICE = "keeper"
SHARE = 0.95


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=30, help="wishes of a single writer")
    asked.add_argument("--repeats", type=int, default=3, help="of the crowd, and of the same one after another")
    asked.add_argument("--seconds", type=float, default=20.0, help="that thinking writers are watched")
    asked = asked.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        file = written_file(Path(folder))
        for name, where, instrument in (("2 x 256, untaught", str(file), untaught()), (VOICE, VOICE, load(VOICE))):
            rows[name] = of_instrument(where, instrument, asked)
            print(f"{name}:")
            for what, row in rows[name].items():
                print(f"  {what}: {row}")
    what = (
        f"seconds until {SUGGESTIONS} suggestions of {LENGTH} characters after {BEFORE}: in process, over HTTP, "
        f"{WRITERS} writers at once beside the same requests one after another, {PUPILS} of a classroom"
    )
    write("writers", {"what": what, "rows": rows, "step of 2 x 256 in int8, batch 1": calibration()})


def of_instrument(where: str, instrument: Instrument, asked: argparse.Namespace) -> dict[str, Any]:
    """All that is measured with one instrument."""
    with serving(where, "--set", "requests_a_minute=1000000") as served:  # a crowd on one machine is no abuse
        rows: dict[str, Any] = alone(instrument, served, asked.rounds)
        rows |= asyncio.run(crowd(served, asked.repeats))
        rows["64 writers who think"] = asyncio.run(thinking(tokens(served, WRITERS), asked.seconds))
    with serving(where, "--classroom", "--host", "127.0.0.1") as served:
        rows["classroom of 25 who think"] = asyncio.run(classroom(served, asked.seconds))
    return rows


# ── one writer ─────────────────────────────────────────────────────────────────────────────────────────────────────


def alone(instrument: Instrument, served: Served, rounds: int) -> dict[str, Any]:
    """In process and over HTTP in turn, so that a busy moment hits both alike; the first rounds warm up."""
    here, there = [], []

    async def over_http() -> None:
        line = Line(served.host, served.port, secrets.token_urlsafe(24))
        for number in range(rounds + 3):
            here.append(timed(lambda number=number: in_process(instrument, number))[1])
            began = time.perf_counter()
            status, _, answer = await line.ask("/v1/candidates", wish(number))
            there.append(time.perf_counter() - began)
            assert status == 200, answer
            await asyncio.sleep(0.05)  # so that neither is measured in the other's wake
        line.close()

    asyncio.run(over_http())
    return {"in process": figures(here[3:]), "over HTTP": figures(there[3:])}


def in_process(instrument: Instrument, number: int) -> None:
    session = instrument.session(context(number, BEFORE), seed=number)
    assert session.candidates(SUGGESTIONS, length=LENGTH)


def wish(number: int) -> dict[str, Any]:
    return suggestion(context(number, BEFORE), number, SUGGESTIONS, LENGTH)


# ── many ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def tokens(served: Served, many: int) -> list[Line]:
    """So many askers, each somebody else."""
    return [Line(served.host, served.port, secrets.token_urlsafe(24)) for _ in range(many)]


async def crowd(served: Served, repeats: int) -> dict[str, Any]:
    """Sixty-four at once without a pause, and the same requests one after another, in turn."""
    wishes = [[wish(writer * EACH + number) for number in range(EACH)] for writer in range(WRITERS)]
    together: list[tuple[float, int, list[float]]] = []
    in_turn: list[tuple[float, int, list[float]]] = []
    alike = True
    for _ in range(repeats):
        found, at_once = await all_at_once(tokens(served, WRITERS), wishes)
        expected, one_by_one = await one_after_another(tokens(served, WRITERS), wishes)
        together.append(at_once)
        in_turn.append(one_by_one)
        alike = alike and found == expected
    ratios = [(many[1] / many[0]) / (single[1] / single[0]) for many, single in zip(together, in_turn, strict=True)]
    return {
        "64 writers without a pause": {
            **figures([each for _, _, times in together for each in times]),
            "characters a second": round(statistics.median(count / wall for wall, count, _ in together)),
        },
        "the same, one after another": {
            **figures([each for _, _, times in in_turn for each in times]),
            "characters a second": round(statistics.median(count / wall for wall, count, _ in in_turn)),
        },
        "times as many characters a second": {
            "median": round(statistics.median(ratios), 2),
            "spread": [round(min(ratios), 2), round(max(ratios), 2)],
        },
        "answered alike": alike,
    }


async def all_at_once(
    lines: Sequence[Line], wishes: Sequence[Sequence[dict[str, Any]]]
) -> tuple[list[Any], tuple[float, int, list[float]]]:
    """Each asker its wishes, all side by side; what was suggested, and wall time, characters, and times."""
    times: list[float] = []

    async def writer(line: Line, mine: Sequence[dict[str, Any]]) -> list[Any]:
        return [await once(line, each, times) for each in mine]

    began = time.perf_counter()
    found = await asyncio.gather(*map(writer, lines, wishes))
    wall = time.perf_counter() - began
    return closed(lines, found), (wall, counted(found), times)


async def one_after_another(
    lines: Sequence[Line], wishes: Sequence[Sequence[dict[str, Any]]]
) -> tuple[list[Any], tuple[float, int, list[float]]]:
    times: list[float] = []
    began = time.perf_counter()
    found = [[await once(line, each, times) for each in mine] for line, mine in zip(lines, wishes, strict=True)]
    wall = time.perf_counter() - began
    return closed(lines, found), (wall, counted(found), times)


async def once(line: Line, asked: dict[str, Any], times: list[float]) -> list[Any]:
    """One wish; what was suggested. Its time is kept."""
    began = time.perf_counter()
    status, _, answer = await line.ask("/v1/candidates", asked)
    times.append(time.perf_counter() - began)
    assert status == 200, answer
    return [candidate["piece"] for candidate in answer["candidates"]]


def counted(found: Sequence[Sequence[Sequence[str]]]) -> int:
    return sum(len(piece) for mine in found for pieces in mine for piece in pieces)


def closed(lines: Sequence[Line], found: list[Any]) -> list[Any]:
    for line in lines:
        line.close()
    return list(found)


async def thinking(lines: Sequence[Line], seconds: float) -> dict[str, Any]:
    """People who ask, read, write and ask again, for so long."""
    times: list[float] = []
    busy = count = 0
    dice = random.Random(0)
    until = time.perf_counter() + seconds

    async def person(number: int, line: Line) -> None:
        nonlocal busy, count
        await asyncio.sleep(dice.uniform(0, THINKING[1]))
        while time.perf_counter() < until:
            began = time.perf_counter()
            status, headers, answer = await line.ask("/v1/candidates", wish(number))
            if status == 429:
                busy += 1
                await asyncio.sleep(float(headers.get("retry-after", "1")))
                continue
            assert status == 200, answer
            times.append(time.perf_counter() - began)
            count += letters(answer)
            number += len(lines)
            await asyncio.sleep(dice.uniform(*THINKING))

    await asyncio.gather(*(person(number, line) for number, line in enumerate(lines)))
    closed(lines, [])
    return {**figures(times), "told to wait": busy, "characters a second": round(count / seconds)}


async def classroom(served: Served, seconds: float) -> dict[str, Any]:
    """Everybody joins under a name; then they think and ask."""
    lines = []
    for number in range(PUPILS):
        line = Line(served.host, served.port)
        coming = {"code": served.told["code"], "name": f"Writer {number + 1}"}
        status, _, answer = await line.ask("/classroom/join", coming)
        assert status == 200, answer
        line.token = answer["token"]
        lines.append(line)
    return await thinking(lines, seconds)


# ── figures ────────────────────────────────────────────────────────────────────────────────────────────────────────


def figures(times: Sequence[float]) -> dict[str, Any]:
    """Milliseconds."""
    each = [1000 * seconds for seconds in times]
    return {
        "requests": len(each),
        "median ms": round(statistics.median(each), 1),
        "p95 ms": round(percentile(each, SHARE), 1),
        "spread ms": [round(min(each), 1), round(max(each), 1)],
    }


def calibration() -> dict[str, Any]:
    """Microseconds of a bare step in this run, and as benchmarks/stepping.py recorded them."""
    steps = untaught().steps
    event, condition = np.array([3]), Condition()
    state = [steps.start(condition, 1)[1]]

    def many() -> None:
        for _ in range(300):
            state[0] = steps.step(event, condition, state[0])[1]

    found = statistics.median(timed(many)[1] / 300 * 1e6 for _ in range(9))
    path = ROOT / "benchmarks/results/stepping.json"
    kept = json.loads(path.read_text("utf-8"))["results"] if path.is_file() else []
    alike = [row for row in kept if (row["network"], row["batch"], row["threads"]) == ("2 x 256 lstm", 1, 1)]
    recorded = alike[0]["rows"]["int8"]["microseconds"] if alike else None
    return {"microseconds": round(found, 1), "recorded by stepping.py": recorded}


if __name__ == "__main__":
    main()
