"""Which core wins at which budget: the same text and minutes for each, everything else as it comes.

    python benchmarks/cores.py                                          every core for 1, 3 and 10 minutes
    python benchmarks/cores.py --cores lstm min_gru --minutes 1         some of them

Learned and scored on the inner split of tiny-shakespeare, so that a default may be chosen by it. A core that reads more
characters in its minutes may win though it learns less from each: both are printed.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from measured import keep, kept
from runs import learned
from texts import TINY_SHAKESPEARE, characters, name_of, split

CORES = ("lstm", "gru", "layer_norm_lstm", "min_gru", "elman")
WHAT = "nats per character of each core at each budget, on the inner split of tiny-shakespeare"
BY = ("core", "minutes", "seed", "set")


def main() -> None:
    asked = options()
    text = split(characters(TINY_SHAKESPEARE), "inner")
    rows = []
    for minutes in asked.minutes:
        for core in asked.cores:
            for seed in asked.seeds:
                found = learned(
                    text, TINY_SHAKESPEARE.name, minutes, [f"core.kind={core}", f"seed={seed}", *asked.changes]
                )
                row = {"core": core, "minutes": minutes, "seed": seed, "set": asked.changes, **found}
                rows.append(keep("cores", WHAT, {"text": name_of(TINY_SHAKESPEARE), "split": "inner", **row}, BY))
                print(
                    f"{core:16} {minutes:g} minutes, seed {seed}: {row['nats per character']:.4f} nats, "
                    f"{row['characters read']:,} characters, {row['network']}, {row['precision']}",
                    flush=True,
                )
    show([*(row for row in kept("cores", BY) if row["set"] == asked.changes), *rows])


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    parser.add_argument("--cores", nargs="+", default=list(CORES), help=", ".join(CORES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--set", dest="changes", action="append", default=[], help="for all of them: core.size=256 …")
    return parser.parse_args()


def show(rows: list[dict[str, Any]]) -> None:
    """Cores down, minutes across: the mean of all seeds kept so far, and millions of characters read."""
    latest = {tuple(str(row[key]) for key in BY): row for row in rows}.values()  # what was just measured comes last
    budgets = sorted({row["minutes"] for row in latest})
    print("\nnats per character, and millions of characters read")
    print(f"{'':16}" + "".join(f"{f'{minutes:g} min':>18}" for minutes in budgets))
    for core in dict.fromkeys(row["core"] for row in latest):
        cells = []
        for minutes in budgets:
            found = [row for row in latest if row["core"] == core and row["minutes"] == minutes]
            nats = [row["nats per character"] for row in found]
            read = [row["characters read"] / 1e6 for row in found]
            cells.append(f"{statistics.fmean(nats):.4f} {statistics.fmean(read):6.2f}M" if found else "")
        print(f"{core:16}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
