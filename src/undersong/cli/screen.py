"""One live screen while it learns; plain lines where nobody is watching a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from undersong.cli.saying import harmless

if TYPE_CHECKING:
    from rich.console import RenderableType

    from undersong.making.moments import Counted, Evaluated, Planned, Stepped

__all__ = ["screen"]

_PLAIN_EVERY = 10.0  # seconds between two lines of progress in a log
_BLOCKS = "▁▂▃▄▅▆▇█"


@contextmanager
def screen(quiet: bool = False) -> Iterator[Callable[[Any], None]]:
    """An observer of learning: nothing, plain lines on standard error, or a live screen."""
    if quiet:
        yield lambda moment: None
    elif not sys.stderr.isatty():
        yield _plain()
    else:
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        panel = _Panel()
        with Live(panel.render(), console=console, refresh_per_second=8, transient=True) as live:

            def show(moment: Any) -> None:
                if moment.what in ("read", "warned", "finished"):
                    live.console.print(harmless(str(moment)), highlight=False, markup=False)
                panel.see(moment)
                live.update(panel.render())

            yield show


def _plain() -> Callable[[Any], None]:
    last = 0.0

    def show(moment: Any) -> None:
        nonlocal last
        if moment.what == "stepped":
            if time.monotonic() - last < _PLAIN_EVERY:
                return
            last = time.monotonic()
        with suppress(BrokenPipeError):  # whoever watched has gone; the learning goes on
            print(harmless(str(moment)), file=sys.stderr, flush=True)

    return show


class _Panel:
    """The state of the screen, moment by moment."""

    def __init__(self) -> None:
        self.counted: Counted | None = None
        self.planned: Planned | None = None
        self.stepped: Stepped | None = None
        self.evaluations: list[Evaluated] = []
        self.paused = False

    def see(self, moment: Any) -> None:
        self.paused = moment.what == "paused"
        if moment.what == "evaluated":
            self.evaluations.append(moment)
        elif moment.what in ("counted", "planned", "stepped"):
            setattr(self, moment.what, moment)

    def render(self) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if self.planned is None:
            waiting = "reading" if self.counted is None else "measuring this machine"
            return Text(f"… {waiting}", style="dim")
        rows: list[RenderableType] = []
        if self.stepped is not None:
            s = self.stepped
            head = Table.grid(padding=(0, 2), expand=True)
            head.add_column(ratio=1)
            head.add_column(justify="right")
            left = f"{s.left / 60:.0f} min left" if s.left > 90 else f"{s.left:.0f} s left"
            head.add_row(ProgressBar(total=s.steps, completed=s.step), f"step {s.step:,} of {s.steps:,}  ·  {left}")
            head.add_row(
                Text(f"{self.planned.network}, {self.planned.precision}", style="dim"),
                Text(f"{s.events_per_second:,.0f} events/s  ·  {s.nats:.3f} nats learning", style="dim"),
            )
            rows.append(head)
        if self.evaluations:
            rows += [Text(), self._scores(), Text(), self._samples()]
        elif self.counted is not None and self.counted.samples:
            rows += [Text(), Text(f"{self.counted.name} already plays (at 0.7):", style="dim")]
            rows.append(Text(_one_line(self.counted.samples["0.7"]), style="italic"))
        title, border = ("paused · undersong resume", "yellow") if self.paused else ("learning", "dim")
        return Panel(Group(*rows), title=title, title_align="left", border_style=border, padding=(0, 1))

    def _scores(self) -> RenderableType:
        from rich.text import Text

        last = self.evaluations[-1]
        values = [e.nats for e in self.evaluations][-40:]
        low, high = min([*values, last.baseline_nats]), max(values)
        curve = "".join(_BLOCKS[round((v - low) / max(high - low, 1e-9) * (len(_BLOCKS) - 1))] for v in values)
        ahead = last.nats < last.baseline_nats
        line = Text("held out  ")
        line.append(f"{last.nats:.3f} nats", style="bold green" if ahead else "bold")
        line.append(f"   {last.baseline} {last.baseline_nats:.3f}   ", style="dim")
        line.append(curve, style="cyan")
        line.append("   ahead of it" if ahead else "   not yet ahead of it", style="dim")
        return line

    def _samples(self) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", justify="right")
        table.add_column()
        for temperature, sample in self.evaluations[-1].samples.items():
            table.add_row(temperature, Text(_one_line(sample), style="italic"))
        return table


def _one_line(sample: str, most: int = 160) -> str:
    flat = " / ".join(part.strip() for part in sample.split("\n") if part.strip())
    return harmless(flat[:most])
