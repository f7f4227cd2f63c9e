"""How much of what this machine can multiply reaches the learning of a 512-unit LSTM, both measured in one run.

    python benchmarks/gemm.py                    three rounds of a minute in bfloat16, and three in float32
    python benchmarks/gemm.py --set training.rows=64 --set training.window=128 --set training.muon=0

The peak is the product of two square matrices on all threads, of 1,024 or of 2,048, whichever is faster. Beside it
stand the products that such an LSTM is made of, each alone. What learning reaches is 6 floating-point operations a
character for each weight in a matrix product (2 forward, 4 back; Kaplan et al., 2020), times the characters a second
in the log of `undersong learn`, at the median. Peak and learning take turns, so that a busy moment hits both alike; the
figure is their ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from measured import keep
from runs import log_of, row_of
from texts import TINY_SHAKESPEARE, characters, written

SIZE, SQUARES = 512, (1024, 2048)
SECONDS = 0.5  # of multiplying, for each shape
WHAT = "GFLOP/s of matrix products, and the share of the peak that learning a 512-unit LSTM reaches"
BY = ("precision", "threads", "minutes", "set")


def main() -> None:
    asked = options()
    for precision in asked.precision:
        rounds = [measured_once(precision, asked.minutes, asked.changes) for _ in range(asked.rounds)]
        products = {
            name: statistics.median(each["products"][name] for each in rounds) for name in rounds[0]["products"]
        }
        shares = [each["learning"] / each["peak"] for each in rounds]
        row = {
            "precision": precision,
            "threads": torch.get_num_threads(),
            "minutes": asked.minutes,
            "rounds": asked.rounds,
            "set": asked.changes,
            "network": rounds[0]["network"],
            "GFLOP/s of products": {name: round(value, 1) for name, value in products.items()},
            "GFLOP/s of learning": round(statistics.median(each["learning"] for each in rounds), 1),
            "characters per second": round(statistics.median(each["characters"] for each in rounds)),
            "share of the peak": round(statistics.median(shares), 3),
            "spread of the share": [round(min(shares), 3), round(max(shares), 3)],
        }
        show(keep("gemm", WHAT, row, BY))


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="of learning, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=("bfloat16", "float32"), nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--set", dest="changes", action="append", default=[], help="training.rows=64 …, to compare")
    return parser.parse_args()


def measured_once(precision: str, minutes: float, asked: Sequence[str]) -> dict[str, Any]:
    """The peak before and after learning, and what learning reached in between."""
    changes = ["core.kind=lstm", "core.layers=1", f"core.size={SIZE}", f"training.precision={precision}"]
    changes += [f"training.threads={torch.get_num_threads()}", *asked]
    dtype = getattr(torch, precision)
    before = squares(dtype)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        row = row_of(written(characters(TINY_SHAKESPEARE), Path(folder), "input.txt"), run, minutes, changes)
        log = log_of(run)
        form = json.loads((run / "config.json").read_text(encoding="utf-8"))
        training = tomllib.loads((run / "recipe.toml").read_text(encoding="utf-8"))["training"]
    after = squares(dtype)
    embedding, symbols = form["embedding"], form["heads"]["next"]["distribution"]["size"]
    speed = statistics.median(moment["events_per_second"] for moment in log if moment["what"] == "stepped")
    weights = 4 * SIZE * (embedding + SIZE) + symbols * SIZE
    rows, together = training["rows"], training["rows"] * training["window"]
    shapes = {
        "input": (together, embedding, 4 * SIZE),
        "recurrent": (rows, SIZE, 4 * SIZE),
        "head": (together, SIZE, symbols),
    }
    products = {name: (before[name] + after[name]) / 2 for name in before}
    peak = max(products.values())
    products |= {f"{name}, {' x '.join(map(str, shape))}": gflops(shape, dtype) for name, shape in shapes.items()}
    return {
        "network": row["network"],
        "peak": peak,
        "learning": 6 * weights * speed / 1e9,
        "characters": speed,
        "products": products,
    }


def squares(dtype: torch.dtype) -> dict[str, float]:
    return {f"square, {size}": gflops((size, size, size), dtype) for size in SQUARES}


def gflops(shape: tuple[int, int, int], dtype: torch.dtype) -> float:
    """Billions of operations a second of a product (M, K) by (K, N), at the median."""
    rows, inner, columns = shape
    left, right = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
    out = torch.empty(rows, columns, dtype=dtype)
    times: list[float] = []
    until = time.perf_counter() + SECONDS
    while len(times) < 5 or time.perf_counter() < until:
        began = time.perf_counter()
        torch.matmul(left, right, out=out)
        times.append(time.perf_counter() - began)
    return 2 * rows * inner * columns / statistics.median(times) / 1e9


def show(row: dict[str, Any]) -> None:
    print(f"{row['precision']}, {row['threads']} threads, GFLOP/s")
    for name, value in row["GFLOP/s of products"].items():
        print(f"  {name:28}{value:9.1f}")
    low, high = row["spread of the share"]
    print(
        f"  {'learning, ' + row['network']:28}{row['GFLOP/s of learning']:9.1f}   {row['share of the peak']:.0%} of "
        f"the peak ({low:.0%} to {high:.0%}), {row['characters per second']:,} characters/s",
        flush=True,
    )


if __name__ == "__main__":
    main()
