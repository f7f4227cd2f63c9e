"""What every benchmark writes beside its figures: the machine and the commit they were measured on.

`write` keeps a result that is measured whole, `keep` a single row of one that is measured in parts, on different days.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["DATA", "ROOT", "commit", "keep", "kept", "machine", "timed", "write"]

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared/data"


def write(name: str, result: Mapping[str, Any]) -> Path:
    """Keep a result as benchmarks/results/NAME.json, machine and commit named."""
    return _written(name, {**result, "machine": machine(), "commit": commit()})


def keep(name: str, what: str, row: Mapping[str, Any], by: Sequence[str]) -> dict[str, Any]:
    """Add a row to benchmarks/results/NAME.json, machine and commit in the row; the row, so completed.

    It replaces the row with the same values under all of `by`. What took less than a minute was a try: not kept.
    """
    whole = {**row, "machine": machine(), "commit": commit()}
    if row["minutes"] >= 1:
        others = [other for other in kept(name, by) if any(other[key] != whole[key] for key in by)]
        rows = sorted([*others, whole], key=lambda each: [str(each[key]) for key in by])
        _written(name, {"what": what, "rows": rows})
    return whole


def kept(name: str, by: Sequence[str]) -> list[dict[str, Any]]:
    """The rows kept so far, those of an older form left out."""
    path = _place(name)
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if all(key in row for key in by)]


def _place(name: str) -> Path:
    return ROOT / "benchmarks/results" / f"{name}.json"


def _written(name: str, whole: Mapping[str, Any]) -> Path:
    path = _place(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """The kind of machine, as far as a figure depends on it."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": _version("torch"),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    flags = next((line for line in lines if line.startswith("flags")), "")
    return f"{names[0] if names else 'unknown'}{', bf16' if 'avx512_bf16' in flags or 'amx_bf16' in flags else ''}"


def commit() -> str | None:
    """The commit that was measured, where there is one; `+` where files had changed since."""
    try:
        asked = [
            subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
            for command in (["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain", "src"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return asked[0] + ("+" if asked[1] else "")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gave, and the seconds it took."""
    before = time.perf_counter()
    return work(), time.perf_counter() - before
