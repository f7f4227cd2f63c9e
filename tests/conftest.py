"""What every test runs under: shapes checked as annotated, one thread, dice that fall the same every time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["UNDERSONG_CHECK_SHAPES"] = "1"  # read by undersong.shapes when it is first imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads that wait for each other on a busy machine are 30x slower

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

CHECKED = ("learning.cores", "learning.heads", "learning.models", "distributions")

# before anything of these is imported; never uninstalled, for most of it is imported late
install_import_hook([f"undersong.{part}" for part in CHECKED], "shape_checks.checked")

settings.register_profile("undersong", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("undersong")


@pytest.fixture(autouse=True)
def _small_numbers_kept() -> Iterator[None]:
    """Learning rounds the smallest floats to zero for its whole thread; whatever is tested next has them back."""
    if torch := sys.modules.get("torch"):  # a run shared by many tests may have been learned just now
        torch.set_flush_denormal(False)
    yield
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty walks in a file, as a person would bring them."""
    from undersong_toy.walk import write_walks

    return write_walks(tmp_path_factory.mktemp("toy") / "forty.walks.json")
