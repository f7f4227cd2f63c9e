"""How long a person waits: `--help`, and `sample` to its first character, beyond Python's own start, in one run.

python benchmarks/start_up.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from measured import write

ROUNDS = 9


def main() -> None:
    commands = {
        "python": [sys.executable, "-c", "print()"],
        "help": [sys.executable, "-m", "undersong", "--help"],
        "sample": [sys.executable, "-m", "undersong", "sample", "keeper", "--length", "1", "--seed", "1"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS + 1):  # in turn, so that a busy moment hits all alike; the first round warms the disk
        for name, command in commands.items():
            times[name].append(first_character(command))
    own = statistics.median(times["python"][1:])
    rows = {
        name: {
            "median": round(statistics.median(found[1:]), 3),
            "least": round(min(found[1:]), 3),
            "most": round(max(found[1:]), 3),
            "beyond Python": round(statistics.median(found[1:]) - own, 3),
        }
        for name, found in times.items()
    }
    write("start_up", {"what": "seconds to the first character of output", "rounds": ROUNDS, "rows": rows})
    for name, row in rows.items():
        spread = f"{row['least']:.3f} to {row['most']:.3f}"
        print(f"{name:8} {row['median']:.3f} s ({spread}), beyond Python {row['beyond Python']:.3f}")


def first_character(command: list[str]) -> float:
    """Seconds from starting a process to the first byte it prints."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.read(1)
        seconds = time.perf_counter() - began
        process.stdout.read()
    return seconds


if __name__ == "__main__":
    main()
