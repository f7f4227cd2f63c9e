"""Twenty, forty and 120 thousand characters of several texts: the network, its n-gram, both as a duet, and fine-tuned.

    python benchmarks/small_texts.py                                     every text and size, three minutes each
    python benchmarks/small_texts.py --texts pope --sizes 40             one of them
    python benchmarks/small_texts.py --origin ../runs/bronte             fine-tuned from that run, or learned there

KB is 1,000 characters. Every slice of a text begins at the same place: after the first line break in its second tenth.
Its last tenth is held out and scored; nothing is set. Fine-tuned is the same slice learned `--from` a run that knows
the Brontës' novels, English by other hands; for the Persian there is no larger text by another poet, so it has no such
row. The origin is learned once, for --origin-minutes, where --origin names no run yet.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from measured import DATA, ROOT, keep
from runs import learned, row_of
from texts import characters, name_of, slice_of, written

VOICE = ROOT / "src/undersong/media/text/anthology/keeper.txt"
TEXTS = {
    "keeper": VOICE,  # our own, in short entries of a log
    "austen": DATA / "pride_and_prejudice/1342-0.txt",  # prose
    "pope": DATA / "poetry_english/pope.txt",  # rhymed couplets
    "hafez": DATA / "persian_poetry/hafez.txt",  # Persian verse, written from right to left
}
ENGLISH = ("keeper", "austen", "pope")
ORIGIN = DATA / "ml5_texts/bronte.txt"
WHAT = "nats per character of the held-out tenth of small texts, by the command line with nothing set"
BY = ("text", "thousand characters", "minutes", "seed", "from")


def main() -> None:
    asked = options()
    with tempfile.TemporaryDirectory() as folder:
        origin = asked.origin or Path(folder) / "bronte"
        rows = []
        for name in asked.texts:
            text = characters(TEXTS[name])
            for size in asked.sizes:
                part = slice_of(text, 1000 * size)
                if part is None:
                    print(f"{name}: holds no slice of {size} KB.")
                    continue
                for seed in asked.seeds:
                    rows.append(row(asked, name, part, size, seed, None))
                    if name in ENGLISH and not asked.no_fine_tuning:
                        prepare(origin, asked.origin_minutes)
                        rows.append(row(asked, name, part, size, seed, origin))
        show(rows)


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--texts", nargs="+", choices=tuple(TEXTS), default=list(TEXTS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 40, 120], help="thousands of characters")
    parser.add_argument("--origin", type=Path, help="a run to fine-tune; learned there where it is not there yet")
    parser.add_argument("--origin-minutes", type=float, default=10.0)
    parser.add_argument("--no-fine-tuning", action="store_true")
    return parser.parse_args()


def prepare(origin: Path, minutes: float) -> None:
    """Learn the Brontës, where that run is not there yet."""
    if origin.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        found = row_of(written(characters(ORIGIN), Path(folder), ORIGIN.name), origin, minutes)
    print(f"The origin, {name_of(ORIGIN)} for {minutes:g} minutes: {found['nats per character']:.4f} nats.", flush=True)


def row(asked: argparse.Namespace, name: str, part: str, size: int, seed: int, origin: Path | None) -> dict[str, Any]:
    found = {
        "text": name_of(TEXTS[name]),
        "thousand characters": size,
        "minutes": asked.minutes,
        "seed": seed,
        "from": None if origin is None else name_of(ORIGIN),
        **learned(part, TEXTS[name].name, asked.minutes, [f"seed={seed}"], origin),
    }
    print(line(found), flush=True)
    return keep("small_texts", WHAT, found, BY)


HEADING = f"{'nats per character':32}{'KB':>4}{'seed':>5}{'network':>9}{'n-gram':>9}{'duet':>9}  duet below the better"


def line(row: dict[str, Any]) -> str:
    name = row["text"] + (", fine-tuned" if row["from"] else "")
    nats, ngram, duet = (row[figure] for figure in ("nats per character", "n-gram nats", "duet nats"))
    both = f"{duet:9.4f}{min(nats, ngram) - duet:9.4f}" if duet is not None else ""
    return f"{name:42.42}{row['thousand characters']:4}{row['seed']:5}{nats:9.4f}{ngram:9.4f}{both}"


def show(rows: list[dict[str, Any]]) -> None:
    """All of them once more, and what fine-tuning gains over the same slice learned alone."""
    print(f"\n{HEADING}")
    fresh = {(r["text"], r["thousand characters"], r["seed"]): r for r in rows if r["from"] is None}
    for each in rows:
        alone = fresh[each["text"], each["thousand characters"], each["seed"]]
        gain = alone["nats per character"] - each["nats per character"]
        print(line(each) + (f"   {gain:+.4f} below the network learned alone" if each["from"] else ""))


if __name__ == "__main__":
    main()
