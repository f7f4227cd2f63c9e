"""Names to things, by entry point: built-in parts come through the same door as a stranger's package.

A registered name carries a version (`lstm.v1`), so that an old file keeps its meaning; people type `lstm` and get the
newest. Nothing is imported until it is asked for.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from undersong.errors import MissingExtraError, UnknownNameError

__all__ = ["GROUPS", "load", "names", "resolve", "source_of"]

GROUPS: Mapping[str, str] = {
    "media": "a kind of work: text, drawings, music",
    "codecs": "pieces to events and back",
    "distributions": "the odds of the next event",
    "cores": "what carries the state",
    "heads": "hidden units to odds",
    "graphs": "a core's or head's step as a graph, without torch",
    "procedures": "pieces to a piece, without learning",
}
"""The doors, each an entry-point group `undersong.<door>`, and what stands behind it."""

_VERSIONED = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\.v(?P<version>\d+)")


@cache
def _found(group: str) -> Mapping[str, EntryPoint]:
    found = (point for point in entry_points(group=f"undersong.{group}") if _VERSIONED.fullmatch(point.name))
    return {point.name: point for point in sorted(found, key=_order)}


def _order(point: EntryPoint) -> tuple[str, int]:
    match = _VERSIONED.fullmatch(point.name)
    assert match is not None
    return match["name"], int(match["version"])


def names(group: str) -> tuple[str, ...]:
    """Every registered name of a group, versions included."""
    return tuple(_found(group))


def resolve(group: str, name: str) -> str:
    """The full name for what a person typed: `lstm` becomes the newest `lstm.vN`.

    Raises UnknownNameError, with the nearest known name.
    """
    found = _found(group)
    if name in found:
        return name
    newest = {full.rsplit(".v", 1)[0]: full for full in found}  # sorted, so the last version stays
    if name in newest:
        return newest[name]
    near = difflib.get_close_matches(name.lower(), [*newest, *found], n=1)
    raise UnknownNameError(
        f"There is no '{name}' among the {group}.",
        f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(newest) or 'none'}.",
    )


def load(group: str, name: str) -> Any:
    """The registered thing itself, imported now. Raises UnknownNameError, MissingExtraError."""
    point = _found(group)[resolve(group, name)]
    try:
        return point.load()
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        if library == "torch":
            raise MissingExtraError("torch", "learn") from error
        raise


def source_of(group: str, name: str) -> str:
    """The distribution package that registered this name."""
    point = _found(group)[name]
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
