"""What every benchmark writes beside its figures: the machine and the commit they were measured on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["DATA", "ROOT", "commit", "machine", "timed", "write"]

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared/data"


def write(name: str, result: Mapping[str, Any]) -> Path:
    """Keep a result as benchmarks/results/NAME.json, machine and commit named."""
    path = ROOT / "benchmarks/results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {**result, "machine": machine(), "commit": commit()}
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
    }


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
