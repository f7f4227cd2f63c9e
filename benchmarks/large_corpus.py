"""What a large corpus takes: the most anonymous memory at any moment, and the seconds until the first step.

    python benchmarks/large_corpus.py            100 MB
    python benchmarks/large_corpus.py 1          1 MB

The text is made from a public one by walking through its words: mostly on to the next word, now and then from the same
word in another place, so that there are ever new n-grams as in real text, and the same ones for the same size. Memory
is what Linux calls RssAnon, summed over the whole process tree every 50 ms: pages of a mapped file, which the system
may drop at any time, are no part of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from measured import DATA, write

from undersong.media.text.medium import Text

SETTINGS = ("core.size=128",)
STEPS = 30
EVERY = 0.05  # seconds


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "large.txt")
        source = made(corpus, megabytes * 1_000_000)
        result = {"source": source, "bytes": corpus.stat().st_size, **learned(corpus, Path(folder, "large"))}
    what = f"`undersong learn` of {megabytes} MB of text, {STEPS} steps: MB of anonymous memory, seconds"
    path = write(f"large_corpus_{megabytes}mb", {"what": what, **result})
    print(json.dumps(result, indent=2, ensure_ascii=False))
    print(f"written to {path.name}")


def made(path: Path, size: int) -> str:
    """Write about `size` bytes of text, and say from what."""
    public = sorted((DATA / "wikitext2").glob("*.txt"))
    sources = public or [path for voice in Text().builtin().values() for path in voice]
    words = "".join(source.read_text(encoding="utf-8") for source in sources).replace("\n", " \n ").split(" ")
    spelled, number = np.unique(np.array(words, dtype=object), return_inverse=True)
    order = np.argsort(number, kind="stable")  # places of a word, word after word
    first, count = np.searchsorted(number[order], np.arange(len(spelled))), np.bincount(number)
    dice = np.random.default_rng(1)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        while file.tell() < size:
            at = dice.integers(len(number), size=500)
            walks = np.empty((len(at), 200), dtype=np.int64)
            for step in range(walks.shape[1]):
                walks[:, step] = number[at]
                elsewhere = order[first[number[at]] + (dice.random(len(at)) * count[number[at]]).astype(np.int64)]
                at = (np.where(dice.random(len(at)) < 0.2, elsewhere, at) + 1) % len(number)
            file.write("\n".join(" ".join(walk) for walk in spelled[walks].tolist()) + "\n")
    return "wikitext2" if public else "builtin:anthology"


def learned(corpus: Path, out: Path) -> dict[str, Any]:
    """Learn it in a process of its own, watched all the while."""
    changes = [word for setting in SETTINGS for word in ("--set", setting)]
    command = [sys.executable, "-m", "undersong", "learn", str(corpus), "--steps", str(STEPS), "--out", str(out)]
    began = time.monotonic()
    learner = subprocess.Popen([*command, *changes], stdout=subprocess.DEVNULL)
    peaks: dict[str, float] = {}
    told: list[dict[str, Any]] = []
    log = out / "private/log.jsonl"
    while learner.poll() is None:
        now = moments(log)
        if len(now) > len(told) and now[-1]["what"] == "planned":
            peaks["until the first step"] = max(peaks.values())
        told = now
        phase = f"after '{told[-1]['what']}'" if told else "while reading"
        peaks[phase] = max(peaks.get(phase, 0.0), anonymous(learner.pid) / 1e6)
        time.sleep(EVERY)
    if learner.returncode:
        raise SystemExit(f"learn ended with {learner.returncode}")
    seconds = {moment["what"]: round(moment["elapsed"], 1) for moment in moments(log)}
    counted = next(moment for moment in told if moment["what"] == "counted")
    return {
        "peak": round(max(peaks.values())),
        "peaks": {phase: round(megabytes) for phase, megabytes in peaks.items()},
        "seconds until the first step": seconds["planned"],
        "seconds until": seconds,
        "seconds in all": round(time.monotonic() - began, 1),
        "baseline": counted["name"],
        "sampled": counted["note"],
    }


def moments(log: Path) -> list[dict[str, Any]]:
    """What the run has told so far; a line half written is left for later."""
    try:
        lines = log.read_text(encoding="utf-8").split("\n")[:-1]
    except OSError:
        return []
    return [moment for moment in map(json.loads, lines) if "elapsed" in moment]


def anonymous(pid: int) -> int:
    """Bytes of anonymous memory that a process and all below it hold; one that has just ended holds none."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        children = [
            word for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
        ]
    except OSError:
        return 0
    own = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon")), 0)
    return own + sum(anonymous(int(child)) for child in children)


if __name__ == "__main__":
    main()
