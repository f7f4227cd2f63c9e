"""Running a Python of its own, as a person's terminal would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import final

__all__ = ["Python"]


@final
class Python:
    """`python("-m", "undersong", …)` in a folder of its own, with nothing of the tests in its environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "UNDERSONG_HOME": str(self.folder / "home"), **variables}
        environment.pop("UNDERSONG_CHECK_SHAPES", None)  # a person's shapes are not checked
        return subprocess.run(
            [sys.executable, *arguments], cwd=cwd or self.folder, env=environment, capture_output=True, timeout=120
        )
