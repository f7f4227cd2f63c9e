"""How large a network the minutes allow: the table by which `--for` chooses, and what it chooses today.

    python benchmarks/budget.py                                  192 to 512 units for 1, 3 and 10 minutes
    python benchmarks/budget.py --minutes 30 --sizes 384 512     some of them
    python benchmarks/budget.py --thousand 120 --minutes 2       the first so many thousand characters instead of all

Learned and scored on the inner split of tiny-shakespeare, everything but the size as it comes; the held-out tenth is
not looked at. Rows add up in results/budget.json; a row measured again replaces the one before.
"""

from __future__ import annotations

import argparse
from typing import Any

from measured import keep, kept
from runs import learned
from texts import TINY_SHAKESPEARE, characters, name_of, split

from undersong.learning.training.budget import choose_size

WHAT = "nats per character by units and minutes, on the inner split of tiny-shakespeare"
BY = ("thousand characters", "minutes", "size", "seed")


def main() -> None:
    asked = options()
    text = split(characters(TINY_SHAKESPEARE), "inner")
    if asked.thousand:
        text = text[: asked.thousand * 1000]
    for minutes in asked.minutes:
        for size in asked.sizes:
            found = learned(text, TINY_SHAKESPEARE.name, minutes, [f"core.size={size}", f"seed={asked.seed}"])
            at = {"thousand characters": len(text) // 1000, "minutes": minutes, "size": size, "seed": asked.seed}
            row = keep("budget", WHAT, {"text": name_of(TINY_SHAKESPEARE), "split": "inner", **at, **found}, BY)
            print(f"{size:4} units, {minutes:g} minutes: {row['nats per character']:.4f}", flush=True)
    show([row for row in kept("budget", BY) if row["thousand characters"] == len(text) // 1000])


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 3.0, 10.0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[192, 256, 384, 512])
    parser.add_argument("--thousand", type=int, default=0, help="characters to take from the beginning; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def show(rows: list[dict[str, Any]]) -> None:
    """Units down, minutes across; `<` marks what is chosen when nobody says."""
    budgets = sorted({row["minutes"] for row in rows})
    events = rows[0]["thousand characters"] * 900
    print(f"\nnats per character; {rows[0]['n-gram']} {rows[0]['n-gram nats']:.4f}")
    print(f"{'units':>6}" + "".join(f"{f'{minutes:g} min':>10} " for minutes in budgets))
    for size in sorted({row["size"] for row in rows}):
        line = f"{size:6}"
        for minutes in budgets:
            nats = [row["nats per character"] for row in rows if (row["size"], row["minutes"]) == (size, minutes)]
            chosen = choose_size(events, 60 * minutes).size == size
            line += f"{f'{sum(nats) / len(nats):.4f}' if nats else '':>10}{'<' if chosen else ' '}"
        print(line)


if __name__ == "__main__":
    main()
