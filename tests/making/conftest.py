"""Every test of making works in a folder of its own, with one tiny run of each medium at hand."""

from __future__ import annotations

import pytest
from tiny_runs import learned, learned_in, somewhere, text, toy  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _there(somewhere: object) -> None:  # noqa: F811
    """Where nothing was learned yet."""
