"""How long a hundred megabytes of text take to be read, and how much memory; and what a hostile file can do.

    python benchmarks/reading.py            100 MB
    python benchmarks/reading.py 10         10 MB

Each file is read in a process of its own, which tells its seconds and the most memory it had; what it held before
reading, with everything imported, is told as well. The text is the Brontës' novels again and again, then the same with
every letter that has an accent in Vietnamese taken apart, with Windows line ends, and as if its UTF-8 had been read as
cp1252 and saved once more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path
from typing import Any

from measured import DATA, write

READ = """
import json, sys, time
from pathlib import Path
from undersong.media.text.medium import Text
from undersong.media.text.reading import read
from undersong.errors import UndersongError
status = Path("/proc/self/status")  # Linux; the most of this process alone
most = lambda: int(next(line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line)) / 1024
before, began = most(), time.perf_counter()
try:
    told = Text().read([Path(sys.argv[1])], to_learn=False)
    what = f"{sum(len(piece.content) for piece in told.pieces):,} characters"
except UndersongError as error:
    what = error.what
print(json.dumps([time.perf_counter() - began, before, most(), what]))
"""
NOVEL = DATA / "ml5_texts/bronte.txt"
ACCENTED = "Tôi đọc một quyển sách cũ, và đêm đã khuya. "


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in files(Path(folder), megabytes * 1_000_000):
            rows[name] = row_of(path)
            print(
                f"{name:32} {rows[name]['seconds']:6.1f} s, {rows[name]['megabytes at most']:6.0f} MB at most, "
                f"{rows[name]['megabytes before']:.0f} before; {rows[name]['what']}",
                flush=True,
            )
            path.unlink()
    write("reading", {"what": f"seconds and memory to read {megabytes} MB", "rows": rows})


def files(folder: Path, size: int) -> Any:
    """A file of each kind, made when its turn comes."""
    novel = NOVEL.read_text(encoding="utf-8", errors="replace")
    plain = (novel * (size // len(novel) + 1))[:size]
    yield "plain", kept(folder / "plain.txt", plain.encode())
    yield "Windows line ends", kept(folder / "crlf.txt", plain.replace("\n", "\r\n").encode())
    marked = unicodedata.normalize("NFD", ACCENTED) * 1000
    yield "accents apart", kept(folder / "nfd.txt", (marked * (size // len(marked.encode()) + 1)).encode()[:size])
    garbled = (ACCENTED.encode().decode("cp1252", "replace") + novel[:60]) * 1000
    yield "now and then garbled", kept(folder / "garbled.txt", (garbled * (size // len(garbled) + 1)).encode()[:size])
    yield "one line", kept(folder / "line.txt", plain.replace("\n", " ").encode())
    yield "a page of open tags", kept(folder / "tags.html", (b"<p>words " + b"<a href='x " * (size // 20)))
    yield "a page nested without end", kept(folder / "nested.html", b"<div>" * (size // 10) + b"words")
    yield "no text at all", kept(folder / "binary.txt", bytes(range(256)) * (size // 256))


def kept(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def row_of(path: Path) -> dict[str, Any]:
    found = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True).stdout
    seconds, before, most, what = json.loads(found)
    return {
        "seconds": round(seconds, 2),
        "megabytes before": round(before),
        "megabytes at most": round(most),
        "what": what.replace(str(path.parent), "…"),
    }


if __name__ == "__main__":
    main()
