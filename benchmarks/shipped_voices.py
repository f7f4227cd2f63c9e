"""Make again the four instruments that ship with Undersong, from the anthology alone.

    python benchmarks/shipped_voices.py            all four
    python benchmarks/shipped_voices.py keeper     one of them

Recipe and seed are in src/undersong/recipes/{anthology,voice}.toml. The result replaces the files in the package; a
test scores them again.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from measured import ROOT, write

from undersong.making.learn import Request, learn
from undersong.making.moments import Moment

VOICES = {"anthology": "anthology", "keeper": "voice", "bestiary": "voice", "tide": "voice"}
STEPS = {"anthology": 12000, "voice": 9000}
PLACE = ROOT / "src/undersong/media/text/anthology/instruments"


def main() -> None:
    rows = {}
    for voice in sys.argv[1:] or VOICES:
        recipe = VOICES[voice]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / voice
            run = learn(Request([f"builtin:{voice}"], steps=STEPS[recipe], recipe=recipe, out=out, observer=tell))
            made = out / f"{voice}.undersong"
            PLACE.mkdir(exist_ok=True)
            shutil.copyfile(made, PLACE / made.name)
            config = json.loads((out / "config.json").read_text(encoding="utf-8"))
        rows[voice] = {
            "nats per character": round(run.nats, 4),
            "n-gram": round(run.baseline_nats, 4),
            "recipe": recipe,
            "steps": STEPS[recipe],
            "size": config["layers"][0]["size"],
            "bytes": (PLACE / f"{voice}.undersong").stat().st_size,
        }
        print(voice, rows[voice])
    write("shipped_voices", {"what": "the instruments that ship, on the last tenth of each text", "rows": rows})


def tell(moment: Moment) -> None:
    if moment.what in ("counted", "planned", "evaluated", "warned", "finished"):
        print(moment, flush=True)


if __name__ == "__main__":
    main()
