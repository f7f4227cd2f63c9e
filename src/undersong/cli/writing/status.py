"""The line at the bottom: with whom one writes, what is turned, who wrote how much, what is copied, what is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from rich.cells import cell_len

from undersong.cli.writing.dials import Dials
from undersong.cli.writing.document import INSTRUMENT, PERSON, Written

__all__ = ["State", "line"]

_BETWEEN = " · "


@final
@dataclass(frozen=True)
class State:
    """All that the line tells of. `said` is what there is to say just now, and comes before all else."""

    name: str
    dials: Dials
    content: Written
    copied: Sequence[tuple[int, int]] | None
    saved: str = ""
    said: str = ""
    browsed: str = ""
    listening: bool = False


def line(state: State, width: int) -> str:
    """As much of it as there is room for, what matters most first; `width` is in columns."""
    yours, its = state.content.count(PERSON), state.content.count(INSTRUMENT)
    share = f"{100 * its / max(1, yours + its):.0f} %"
    turned = [f"{dial.name} {state.dials.shown(dial)}" for dial in state.dials.declared if state.dials.turned(dial)]
    spans = len(state.copied or ())
    parts = (  # in the order they are shown: how soon each is thought of, and in what words, shorter ones after longer
        (0, [state.said]),
        (1, ["…" if state.listening else ""]),
        (1, [state.browsed]),
        (5, [state.name]),
        (3, [" ".join(turned), " ".join(turned[:1])]),
        (4, [f"you {yours:,}, it {its:,} ({share})", f"{share} by it"] if its else [f"you {yours:,}"]),
        (3, [f"{spans} span{'' if spans == 1 else 's'} copied", f"{spans} copied"] if spans else [""]),
        (2, [state.saved]),
        (6, ["F1 keys"]),
    )
    chosen: dict[int, str] = {}
    for place in sorted(range(len(parts)), key=lambda place: parts[place][0]):
        for words in filter(None, parts[place][1]):
            wider = {**chosen, place: words}
            if not chosen or cell_len(_joined(wider)) <= width:
                chosen = wider
                break
    return _joined(chosen)


def _joined(chosen: Mapping[int, str]) -> str:
    return _BETWEEN.join(words for _, words in sorted(chosen.items()))
