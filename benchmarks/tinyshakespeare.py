"""Ten minutes on tiny-shakespeare with nothing set, as a person would learn it, beside what else those minutes buy.

    python benchmarks/tinyshakespeare.py --seeds 1 2 3                      the last 111,540 characters
    python benchmarks/tinyshakespeare.py --seeds 1 2 3 --precision float32  the same without bfloat16
    python benchmarks/tinyshakespeare.py --split inner --set core.size=448  to try settings, which are frozen there
    python benchmarks/tinyshakespeare.py --text FILE                        the same recipe on another text
    python benchmarks/tinyshakespeare.py --beside                           plain_loop.py and transformer.py as well

The rules: settings are frozen on the inner split, which never sees the last tenth; one run a seed, the last (averaged)
weights, none chosen by what is scored; the whole held-out tenth in one pass by the finished file, the state warmed by
the end of what was learned; nothing mixed in, the duet being a figure of its own; every seed is printed. Seconds run
from the command to the playable file. Rows add up in results/tinyshakespeare.json; a run again replaces its row.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measured import ROOT, keep
from runs import learned
from texts import TINY_SHAKESPEARE, characters, name_of, split

LOOPS = ("plain_loop", "transformer")
WHAT = "nats per character of the held-out tenth, by the command line with nothing set"
BY = ("text", "split", "minutes", "seed", "precision asked for", "set")


def main() -> None:
    asked = options()
    text = split(characters(asked.text), asked.split)
    for minutes in asked.minutes:
        for precision in asked.precision:
            rows: dict[str, list[dict[str, Any]]] = {"Undersong": []}
            for seed in asked.seeds:
                rows["Undersong"].append(undersong_row(asked, text, minutes, precision, seed))
                for loop in LOOPS if asked.beside else ():
                    rows.setdefault(loop, []).append(loop_row(loop, asked, minutes, precision, seed))
            show(name_of(asked.text), asked.split, minutes, rows)


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), nargs="+", default=["auto"])
    parser.add_argument("--text", type=Path, default=TINY_SHAKESPEARE)
    parser.add_argument("--split", choices=("outer", "inner"), default="outer")
    parser.add_argument("--set", dest="changes", action="append", default=[], help="core.size=448 …, to try it")
    parser.add_argument("--beside", action="store_true", help="plain_loop.py and transformer.py in the same minutes")
    return parser.parse_args()


def undersong_row(asked: argparse.Namespace, text: str, minutes: float, precision: str, seed: int) -> dict[str, Any]:
    changes = [f"seed={seed}", *([] if precision == "auto" else [f"training.precision={precision}"]), *asked.changes]
    row = {
        "text": name_of(asked.text),
        "split": asked.split,
        "minutes": minutes,
        "seed": seed,
        "precision asked for": precision,
        "set": asked.changes,
        **learned(text, asked.text.name, minutes, changes),
    }
    return keep("tinyshakespeare", WHAT, row, BY)


def loop_row(loop: str, asked: argparse.Namespace, minutes: float, precision: str, seed: int) -> dict[str, Any]:
    """The same minutes for another program, in a process of its own; it keeps its row in a file of its own."""
    command = [sys.executable, str(ROOT / f"benchmarks/{loop}.py"), "--json", "--minutes", f"{minutes:g}"]
    command += ["--seeds", str(seed), "--precision", precision, "--text", str(asked.text), "--split", asked.split]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return found


def show(text: str, which: str, minutes: float, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Every seed, the mean, and the n-gram on the same characters."""
    first = rows["Undersong"][0]
    print(f"\n{text}, {which} split, {minutes:g} minutes, {first['held out']:,} characters held out")
    print(f"{first['machine']['processor']}, {first['machine']['cores']} cores; nats per character")
    print(f"{'':34}{'seed':>5}{'nats':>9}{'duet':>9}{'seconds':>9}{'read':>12}  precision")
    for name, found in rows.items():
        for row in found:
            duet = row.get("duet nats")
            print(
                f"{name + ', ' + row['network']:34}{row['seed']:5}{row['nats per character']:9.4f}"
                f"{'' if duet is None else f'{duet:.4f}':>9}{row['seconds']:9.0f}{row['characters read']:12,}"
                f"  {row['precision']}"
            )
        if len(found) > 1:
            print(f"{name + ', mean':39}{mean(found, 'nats per character'):9.4f}")
        if "nats in fresh windows" in found[0]:
            print(f"{name + ', fresh windows, mean':39}{mean(found, 'nats in fresh windows'):9.4f}")
    print(f"{first['n-gram']:39}{first['n-gram nats']:9.4f}", flush=True)


def mean(rows: Sequence[dict[str, Any]], figure: str) -> float:
    return statistics.fmean(row[figure] for row in rows)


if __name__ == "__main__":
    main()
