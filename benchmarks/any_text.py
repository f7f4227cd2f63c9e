"""Texts of many kinds, each learned by its recipe for two minutes, beside its n-gram; and the first seed's samples.

    python benchmarks/any_text.py                          all of them
    python benchmarks/any_text.py --only names dictionary  some

Names and headlines are looked up in the whole list: how many are new, and which listed one is nearest to each (the
fewest letters of a name, or words of a headline, changed, left out or put in). Made-up words are asked for their
definition, which has to be a whole entry.
Samples of texts that are not ours stay in results/, with their licence.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measured import DATA, keep
from runs import log_of, row_of, undersong

WHAT = "nats per character of the held-out tenth by recipe, and the first seed's samples"
BY = ("material", "minutes", "seed")
MADE_UP = ("sometifent", "velotropy", "glimmocracy", "unbreadable", "quiver-headed")
PLAYED = 20


@dataclass(frozen=True)
class Material:
    """What is learned, how, under which licence it came, and whether what is played is looked up in it."""

    files: tuple[str, ...]
    licence: str
    recipe: str = ""
    settings: tuple[str, ...] = ()
    listed: str = ""  # "letters" or "words": by which the nearest of the list is found
    asks: tuple[str, ...] = field(default_factory=tuple)
    length: int = 300


MATERIALS = {
    "dictionary": Material(
        ("dictionary_wordset",),
        "CC BY-SA 4.0 and the WordNet licence",
        "lexicon",
        ('read.fields=["word", "meanings.speech_part", "meanings.def"]',),
        asks=MADE_UP,
    ),
    "headlines": Material(("clickbait/clickbait_data.gz",), "MIT", "headlines", listed="words"),
    "names": Material(("names/names.txt",), "MIT", "names", listed="letters"),
    "chat": Material(("irc_chat",), "CC BY 4.0", "chat"),
    "cookery": Material(("recipes/recipes_279.zip",), "public domain", "", ("pieces=file",)),
    "sonnets": Material(("sonnets",), "see SOURCES", "poems"),
    "tang": Material(("chinese_poetry/tang300.json",), "MIT", "poems", ('read.field="paragraphs"',)),
    "hafez": Material(("persian_poetry/hafez.txt",), "not stated"),
    "rights": Material(("udhr2_unicode/udhr2.zip",), "public domain"),
}


def main() -> None:
    asked = options()
    for name in asked.only:
        material = MATERIALS[name]
        with tempfile.TemporaryDirectory() as folder:
            found = played(name, material, Path(folder) / name, asked.minutes, asked.seed)
        row = {"material": name, "minutes": asked.minutes, "seed": asked.seed, "licence": material.licence, **found}
        keep("any_text", WHAT, row, BY)
        duet = row["duet nats"]
        print(
            f"{name:11} {row['network']:12} {row['nats per character']:.3f}, {row['n-gram']} {row['n-gram nats']:.3f}"
            + (f", duet {duet:.3f}" if duet else "")
            + "".join(f"\n            {line}" for line in row.get("told", []))
        )
        print("".join(f"    | {line}\n" for line in "\n".join(row["samples"]).splitlines()[:24]), flush=True)


def options() -> argparse.Namespace:
    about, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=about, epilog=usage, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=tuple(MATERIALS), default=list(MATERIALS))
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def played(name: str, material: Material, run: Path, minutes: float, seed: int) -> dict[str, Any]:
    """Learn, score, play."""
    given = [f"--recipe={material.recipe}"] if material.recipe else []
    files = [DATA / each for each in material.files]
    row = row_of(files, run, minutes, [*material.settings, f"seed={seed}"], more=given)
    row["notes"] = [note for moment in log_of(run) if moment["what"] == "read" for note in moment["notes"]]
    sample = ["sample", str(run), f"--seed={seed}", "--json"]
    if material.asks:
        entries = [json.loads(undersong(*sample, "--ask", f"word={word}"))["piece"] for word in material.asks]
        whole = sum(all(entry.values()) and len(entry) == 3 for entry in entries)
        row["told"] = [f"{whole} of {len(entries)} made-up words got a whole entry"]
        row["samples"] = [" · ".join(entry.values()) for entry in entries]
    elif material.listed:
        found = json.loads(undersong(*sample, f"--count={PLAYED}"))
        texts = [each["text"].strip() for each in found]
        known = learned_lines(files[0])
        nearest = [near(text, known, material.listed) for text in texts]
        row["new"] = round(sum(bool(distance) for _, distance in nearest) / len(texts), 3)
        row["told"] = [f"{row['new']:.0%} of {len(texts)} are new"]
        row["samples"] = [
            f"{text}   ({distance} {material.listed} from: {other})"
            for text, (other, distance) in zip(texts, nearest, strict=True)
        ]
    else:
        row["samples"] = [json.loads(undersong(*sample, f"--length={material.length}"))["text"]]
    return row


def learned_lines(path: Path) -> list[str]:
    """The lines of a list, as they are read."""
    import gzip

    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return sorted({line.strip() for line in raw.decode().splitlines() if line.strip()})


def near(text: str, known: list[str], by: str) -> tuple[str, int]:
    """The known line nearest to a text, and how many letters or words lie between them (Levenshtein, 1966)."""
    parted = list if by == "letters" else str.split
    own = parted(text)
    best, least = "", len(own) + 1
    for other in known:
        found = parted(other)
        if abs(len(found) - len(own)) < least:
            distance = between(own, found, least)
            if distance < least:
                best, least = other, distance
    return best, least


def between(a: list[str], b: list[str], enough: int) -> int:
    """Levenshtein distance, given up once it must be `enough`."""
    before = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (one != other)))
        if min(row) >= enough:
            return enough
        before = row
    return before[-1]


if __name__ == "__main__":
    main()
