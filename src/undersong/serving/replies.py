"""JSON as it is sent: numbers that JSON has, characters that UTF-8 has, and no spaces between."""

from __future__ import annotations

import json
import math
from typing import Any, final

from starlette.responses import JSONResponse

__all__ = ["Reply", "as_json"]

_FARTHEST = -9999.0
"""What stands for minus infinity, as servers of this form usually put it: JSON has no such number."""


def as_json(content: Any) -> str:
    """The content in one line. An infinity becomes ±9999, what is no number null."""
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(content: Any) -> Any:
    if isinstance(content, float) and not math.isfinite(content):
        return None if math.isnan(content) else math.copysign(_FARTHEST, content)
    if isinstance(content, dict):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content


@final
class Reply(JSONResponse):
    """A JSON answer. Half a character, which only an error can quote, is sent as a question mark."""

    def render(self, content: Any) -> bytes:
        return as_json(content).encode("utf-8", "replace")
