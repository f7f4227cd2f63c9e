"""A live history that grew long: undo and going anywhere, beside the same in a short one, and the memory it takes.

    python benchmarks/sessions.py [--rounds 60]

What is timed is the whole of it: the change, and the odds of what comes next being there. A state is kept every 64
events and the rest is heard again, so going anywhere is compared with a history that has ten such states. Each way of
growing is measured in a process of its own, for the sake of its memory, which is that of several such sessions shared.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from measured import timed, write
from untaught import context, untaught

from undersong.playing.instrument import Instrument
from undersong.playing.sessions.session import Session
from undersong.serving.metrics import resident_bytes

SHORT, MIDDLE, LONG = 10, 640, 10_000  # events
HELD = 4  # long sessions at once, to see what one of them holds
WAYS = {"one event a turn": 1, "sentences": 60, "all at once": 100_000}  # events of a turn


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=60)
    asked.add_argument("--way", choices=list(WAYS), help=argparse.SUPPRESS)  # in a process of its own
    asked = asked.parse_args()
    if asked.way is not None:
        print(json.dumps(measured(WAYS[asked.way], asked.rounds)))
        return
    rows = {}
    for way in WAYS:
        command = [sys.executable, __file__, "--rounds", str(asked.rounds), "--way", way]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        rows[way] = json.loads(told.splitlines()[-1])
        shown(way, rows[way])
    what = f"2 x 256 LSTM in int8, one thread; microseconds, medians of {asked.rounds} interleaved rounds"
    write("sessions", {"what": what, "rows": rows})


def measured(turn: int, rounds: int) -> dict[str, Any]:
    """Undo and `at` in sessions of several lengths, grown in turns of so many events; and what the long one takes."""
    instrument = untaught()
    grown(instrument, 200, turn)  # what Python and the player take once, whatever is played
    gc.collect()
    before = resident_bytes() or 0
    many = [grown(instrument, LONG, turn) for _ in range(HELD)]
    gc.collect()
    held = ((resident_bytes() or 0) - before) / HELD
    long = many[0]
    saved = len(json.dumps(long.to_json()).encode())
    undone = in_turn({SHORT: grown(instrument, SHORT, turn), LONG: long}, rounds, undo)
    reached = in_turn({MIDDLE: grown(instrument, MIDDLE, turn), LONG: long}, rounds, go)
    return {
        "undo": {str(length): figures(times) for length, times in undone.items()},
        "undo, long beside short": ratio(undone, SHORT),
        "go to a point": {str(length): figures(times) for length, times in reached.items()},
        "go to a point, long beside short": ratio(reached, MIDDLE),
        f"MB held by {LONG} events": round(held / 1e6, 2),
        f"MB of {LONG} events as a file": round(saved / 1e6, 2),
    }


def in_turn(
    sessions: Mapping[int, Session], rounds: int, does: Callable[[Session, np.random.Generator], float]
) -> dict[int, list[float]]:
    """Microseconds, by length. In turn, so that a busy moment hits all alike; the first round warms up."""
    dice = np.random.default_rng(0)
    times: dict[int, list[float]] = {length: [] for length in sessions}
    for _ in range(rounds + 1):
        for length, session in sessions.items():
            times[length].append(does(session, dice) * 1e6)
    return {length: found[1:] for length, found in times.items()}


def undo(session: Session, dice: np.random.Generator) -> float:
    """Back from one more event."""
    one_more = session.append("e")
    ready(one_more)
    return timed(lambda: ready(one_more.undo()))[1]


def go(session: Session, dice: np.random.Generator) -> float:
    """To a point anywhere in it."""
    place = int(dice.integers(session.length + 1))
    return timed(lambda: ready(session.at(place)))[1]


def grown(instrument: Instrument, length: int, turn: int) -> Session:
    """A session of so many events, in turns of one size, heard to its end."""
    session = instrument.session(seed=1)
    events = instrument.codec.encode(instrument.medium.prompt(context(0, 8000)))
    events = np.resize(events, length)
    for start in range(0, length, turn):
        session = session.append_events(events[start : start + turn], "person")
    ready(session)
    return session


def ready(session: Session) -> None:
    """Until the next event could be drawn."""
    assert session.heard.parameters["next"].size


def figures(times: list[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(times), 1), "spread": [round(min(times), 1), round(max(times), 1)]}


def ratio(times: dict[int, list[float]], short: int) -> float:
    return round(statistics.median(times[LONG]) / statistics.median(times[short]), 2)


def shown(way: str, row: dict[str, Any]) -> None:
    print(f"{way}:")
    for what in ("undo", "go to a point"):
        each = ", ".join(f"{found['median']:.0f} us after {length}" for length, found in row[what].items())
        print(f"  {what}: {each}; {row[f'{what}, long beside short']}x")
    held, file = row[f"MB held by {LONG} events"], row[f"MB of {LONG} events as a file"]
    print(f"  {LONG} events: {held} MB in memory, {file} MB as a file")


if __name__ == "__main__":
    main()
