"""What each constraint adds to an event that is drawn, and how soon an impossible one is refused.

python benchmarks/constraints.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import statistics

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from typing import Any

from measured import timed, write

from undersong.errors import ConstraintError
from undersong.keeping.fingerprints import Fingerprints
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load

VOICE, PROMPT, ROWS, LENGTH = "keeper", "The lamp ", 5, 200

HELD: dict[str, dict[str, Any]] = {
    "contain": {"contain": ("the sea", "lamp")},
    "words": {"words": ("gull", "rope")},
    "avoid, a letter": {"avoid": ("q",)},
    "avoid, three spans": {"avoid": ("the lamp", "and the", "night")},
    "avoid_words": {"avoid_words": ("the", "and", "lamp")},
    "least": {"least": 150},
    "most": {"most": 180},
    "force": {"force": {0: "T", 50: "e"}},
    "forbid": {"forbid": {0: ["a", "e", "i", "o", "u"], 20: ["t"]}},
    "refuse_copies": {"refuse_copies": 12},
    "five at once": {
        "words": ("gull",),
        "avoid": ("q",),
        "avoid_words": ("lamp",),
        "least": 100,
        "refuse_copies": 12,
    },
}
"""What is asked, by the name it has in the table."""

IMPOSSIBLE: dict[str, dict[str, Any]] = {
    "more than there is room for": {"contain": ("a rope as long as the night",), "most": 8},
    "a word with a letter that must not be": {"words": ("lighthouse",), "avoid": ("h",)},
    "a span within what must be there": {"contain": ("the lamp burns",), "avoid": ("lamp",)},
    "longer than the longest": {"least": 60, "most": 20},
    "forced and forbidden": {"force": {3: "e"}, "forbid": {3: ["e"]}},
    "forced where it must not be": {"force": {3: "e"}, "avoid": ("e",)},
}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--rounds", type=int, default=15)
    asked = asked.parse_args()
    instrument = knowing(load(VOICE))
    rows = added(instrument, asked.rounds)
    for name, row in rows.items():
        low, high = row["spread"]
        print(f"{name:20} {row['microseconds added']:8.1f} us an event ({low:.1f} to {high:.1f})")
    refusals = {name: refused(instrument, impossible) for name, impossible in IMPOSSIBLE.items()}
    for name, refusal in refusals.items():
        print(f"{name:40} {refusal['seconds']:.3f} s: {refusal['says'] or 'NOT REFUSED'}")
    what = (
        f"microseconds an event of '{VOICE}' ({ROWS} rows of {LENGTH} side by side, one thread) beside the same "
        f"without constraints: medians of {asked.rounds} interleaved rounds, and their spread; seconds to a refusal"
    )
    write("constraints", {"what": what, "rows": rows, "refused": refusals})


def knowing(voice: Instrument) -> Instrument:
    """The voice with fingerprints of what it learned, which those that ship do not carry."""
    material = voice.medium.read(voice.medium.builtin()[VOICE]).pieces
    known = Fingerprints.of([voice.codec.elements(piece) for piece in material])
    medium, codec, odds = voice.medium, voice.codec, voice.distribution
    return Instrument(VOICE, medium, codec, odds, voice.steps, steering=voice.steering, fingerprints=known)


def added(instrument: Instrument, rounds: int) -> dict[str, Any]:
    """Of each constraint the microseconds that it adds to an event of one row."""
    cases = {"none": None} | {name: Constraints(**held) for name, held in HELD.items()}
    times: dict[str, list[float]] = {name: [] for name in cases}
    for seed in range(rounds + 1):  # in turn, so that a busy moment hits all alike; the first round warms up
        for name, within in cases.items():
            times[name].append(per_event(instrument, within, seed))
    whole = times["none"][1:]
    rows: dict[str, Any] = {}
    for name, found in times.items():
        if name == "none":
            continue
        more = [most - least for most, least in zip(found[1:], whole, strict=True)]
        rows[name] = {
            "microseconds added": round(statistics.median(more), 1),
            "spread": [round(min(more), 1), round(max(more), 1)],
            "share of an event without": round(statistics.median(more) / statistics.median(whole), 2),
        }
    return rows


def per_event(instrument: Instrument, within: Constraints | None, seed: int) -> float:
    """Microseconds an event of one row, the preparation of the constraint among them."""
    samples, seconds = timed(lambda: instrument.samples(ROWS, PROMPT, LENGTH, seed, within=within))
    return 1e6 * seconds / sum(len(sample.events) for sample in samples)


def refused(instrument: Instrument, impossible: dict[str, Any]) -> dict[str, Any]:
    """How long it takes to say no, and what it says; a constraint that is kept after all says nothing."""

    def ask() -> str | None:
        try:
            instrument.samples(ROWS, PROMPT, LENGTH, 1, within=Constraints(**impossible))
        except ConstraintError as error:
            return error.what
        return None

    says, seconds = timed(ask)
    return {"seconds": round(seconds, 4), "says": says}


if __name__ == "__main__":
    main()
