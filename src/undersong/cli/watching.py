"""A Markov chain at work: its state, the bag of what may come, and the hand that draws from it.

In a terminal each draw is a picture for a moment; into a pipe it is a line.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from undersong.cli.saying import harmless

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from undersong.making.chains import Chain, Step
    from undersong.playing.chains.bags import Bag

__all__ = ["in_pictures", "lines", "step_json", "visible"]

_MARKS = str.maketrans({" ": "␣", "\n": "↵", "\t": "⇥"})
_REPEATED = 36  # in a bag that is shown one by one, and so many characters of them
_WIDE = 80
_KINDS = 14  # of symbols that are shown of a larger one
_IN_JSON = 20  # of odds where there is no bag
_BAR = 40  # cells
_NOTHING = 1e-100  # odds that are none: a last resort has fewer
_SO_FAR = 600  # characters of what was played before that stay on the screen
_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def visible(symbol: str) -> str:
    """A symbol's name with nothing in it that cannot be seen: ␣ is a space, ↵ a line's end."""
    shown = "".join(letter if letter.isprintable() else f"<U+{ord(letter):04X}>" for letter in symbol.translate(_MARKS))
    return f"◌{shown}" if shown and _leans(shown[0]) else shown


def _leans(letter: str) -> bool:
    """Whether it is a mark that would sit on its neighbour."""
    import unicodedata

    return unicodedata.category(letter) in ("Mn", "Me", "Mc")


def lines(chain: Chain, steps: Iterator[Step]) -> Iterator[str]:
    """A line for each step: the state, what is in the bag, what was drawn. What of the state was not heard is in ()."""
    name = chain.instrument.codec.display
    for number, step in enumerate(steps, start=1):
        bags = [_bag_line(chain, step, bag) for bag in step.bags.values()] or [_odds_line(chain, step)]
        if len(chain.voices) > 1 and step.bags:
            bags = [f"{voice}: {bag}" for voice, bag in zip(step.bags, bags, strict=True)]
        context = _context(chain, step)
        yield harmless(f"{number:4}  {context:>12}  →  {visible(name(step.drawn))}   from  {'  |  '.join(bags)}")


def _context(chain: Chain, step: Step) -> str:
    symbols = [visible(chain.instrument.codec.display(symbol)) for symbol in step.context]
    lost = len(symbols) - _heard(step)
    between = "" if max(map(len, symbols), default=0) <= 1 else " "
    shown = between.join(symbols[lost:])
    return (f"({between.join(symbols[:lost])})" if lost else "") + shown or "·"


def _heard(step: Step) -> int:
    return max((bag.heard for bag in step.bags.values()), default=len(step.context))


def _bag_line(chain: Chain, step: Step, bag: Bag) -> str:
    """`e e [e] r`, or `e×31 [r×4] …` where there are many."""
    name = chain.instrument.codec.display
    ranked = _ranked(bag, step.drawn)
    if bag.total <= _REPEATED and sum(count * (len(name(symbol)) + 1) for symbol, count in ranked) <= _WIDE:
        shown = []
        for symbol, count in ranked:
            each = [visible(name(symbol))] * count
            if symbol == step.drawn:
                each[0] = f"[{each[0]}]"
            shown += each
        return " ".join(shown)
    some = [f"{visible(name(symbol))}×{count:,}" for symbol, count in ranked]
    some = [f"[{shown}]" if symbol == step.drawn else shown for shown, (symbol, _) in zip(some, ranked, strict=True)]
    more = len(bag.symbols) - len(ranked)
    return " ".join(some) + (f" … {more:,} more" if more else "") + f"  ({bag.total:,} in the bag)"


def _odds_line(chain: Chain, step: Step) -> str:
    name = chain.instrument.codec.display
    some = [(f"{visible(name(symbol))} {step.odds[symbol]:.1%}", symbol) for symbol in _likeliest(step, _KINDS)]
    return " ".join(f"[{shown}]" if symbol == step.drawn else shown for shown, symbol in some) + " …"


def _ranked(bag: Bag, drawn: int) -> list[tuple[int, int]]:
    """The commonest symbols of a bag with their counts, and the one that was drawn."""
    pairs = sorted(zip(bag.symbols.tolist(), bag.counts.tolist(), strict=True), key=lambda pair: -pair[1])
    most = len(pairs) if bag.total <= _REPEATED else _KINDS
    return pairs[:most] + [pair for pair in pairs[most:] if pair[0] == drawn]


def _likeliest(step: Step, most: int) -> list[int]:
    """The symbols with the best odds, and the one that was drawn."""
    import numpy as np

    few = min(most, len(step.odds))
    best = np.argpartition(-step.odds, few - 1)[:few]
    ranked = best[np.argsort(-step.odds[best], kind="stable")].tolist()
    likely = [int(symbol) for symbol in ranked if step.odds[symbol] > _NOTHING]
    return likely if step.drawn in likely else [*likely, step.drawn]


# ── for programs ───────────────────────────────────────────────────────────────────────────────────────────────────


def step_json(chain: Chain, step: Step) -> dict[str, Any]:
    """A step as JSON: context, the bag (symbol → count, all voices together), what was drawn; each voice's own bag
    where there are several, and the likeliest symbols' odds where a smoothed chain has no bag."""
    name = chain.instrument.codec.display
    answer: dict[str, Any] = {"context": [name(symbol) for symbol in step.context]}
    together: dict[str, int] = {}
    for bag in step.bags.values():
        for symbol, count in _named(chain, bag).items():
            together[symbol] = together.get(symbol, 0) + count
    if step.bags:
        answer |= {"heard": _heard(step), "bag": together}
    else:
        answer |= {"odds": {name(symbol): float(step.odds[symbol]) for symbol in _likeliest(step, _IN_JSON)}}
    if step.bags and len(chain.voices) > 1:
        answer["voices"] = {
            voice: {"weight": step.weights[voice], "heard": bag.heard, "bag": _named(chain, bag)}
            for voice, bag in step.bags.items()
        }
    return {**answer, "drawn": name(step.drawn), "p": float(step.odds[step.drawn])}


def _named(chain: Chain, bag: Bag) -> dict[str, int]:
    name = chain.instrument.codec.display
    pairs = sorted(zip(bag.symbols.tolist(), bag.counts.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name(symbol): count for symbol, count in pairs}


# ── for people ─────────────────────────────────────────────────────────────────────────────────────────────────────


def in_pictures(chain: Chain, steps: Iterator[Step], opening: str, every: float, console: Console) -> Iterator[None]:
    """Show each step for `every` seconds, in place of the one before."""
    from rich.live import Live

    played: list[int] = []
    with Live(console=console, auto_refresh=False, transient=True) as live:
        for step in steps:
            live.update(_picture(chain, step, opening, played), refresh=True)
            played.append(step.drawn)
            time.sleep(every)
            yield


def _picture(chain: Chain, step: Step, opening: str, played: Sequence[int]) -> RenderableType:
    import numpy as np
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    codec = chain.instrument.codec
    so_far = opening + str(codec.decode(np.array(played, np.int64)))
    context = str(codec.decode(np.array(step.context, np.int64)))
    heard = str(codec.decode(np.array(step.context[len(step.context) - _heard(step) :], np.int64)))
    shown = Text(harmless(so_far[-_SO_FAR:]))
    for part, style in ((context, "reverse dim"), (heard, "reverse bold")):
        if part and so_far.endswith(part):
            shown.stylize(style, max(0, len(shown) - len(part)))
    shown.append("▏")
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", min_width=8, no_wrap=True, overflow="ellipsis")
    table.add_column(width=_BAR, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    likely = _likeliest(step, _KINDS)
    widest = max(step.odds[symbol] for symbol in likely)
    for symbol in likely:
        drawn = symbol == step.drawn
        name = Text(harmless(visible(codec.display(symbol))), style="bold" if drawn else "")
        bar = _bar(chain, step, symbol, _BAR / widest)
        table.add_row(name, bar, Text(_tally(step, symbol)), Text("◀ drawn" if drawn else "", style="bold"))
    kinds = int((step.odds > _NOTHING).sum()) - len(likely)
    more = Text(f"{'':8} and {kinds:,} more kinds" if kinds > 0 else "", style="dim")
    return Group(shown, Text(""), *_heading(chain, step), table, more)


def _bar(chain: Chain, step: Step, symbol: int, scale: float) -> RenderableType:
    """How likely a symbol is: a stretch in its colour for each voice that has it in its bag."""
    from rich.text import Text

    if not step.bags:
        return Text("█" * max(1, round(scale * step.odds[symbol])), style=_COLOURS[0])
    bar, reached, ends = Text(), 0, 0.0
    for voice, bag in step.bags.items():
        ends += scale * step.weights[voice] * _count(bag, symbol) / bag.total
        cells = max(round(ends), reached + (ends > 0 and not reached)) - reached
        bar.append("█" * cells, style=_colour(chain, voice))
        reached += cells
    return bar


def _tally(step: Step, symbol: int) -> str:
    if not step.bags:
        return f"{step.odds[symbol]:.1%}"
    return "+".join(f"{_count(bag, symbol):,}" for bag in step.bags.values())


def _count(bag: Bag, symbol: int) -> int:
    at = int(bag.symbols.searchsorted(symbol))
    return int(bag.counts[at]) if at < len(bag.symbols) and bag.symbols[at] == symbol else 0


def _heading(chain: Chain, step: Step) -> list[Any]:
    """What was heard, and how much is in whose bag."""
    from rich.text import Text

    if not step.bags:
        return [Text(harmless(f"after {_context(chain, step)}: anything may come, this is likeliest"), style="dim")]
    headings = []
    for voice, bag in step.bags.items():
        lead = "" if len(chain.voices) == 1 else f"{voice}: "
        state = step.context[len(step.context) - bag.heard :]
        heard = " ".join(visible(chain.instrument.codec.display(symbol)) for symbol in state) or "nothing"
        words = f"{lead}after {heard}, {bag.total:,} in the bag"
        headings.append(Text(harmless(words), style=_colour(chain, voice)))
    return headings


def _colour(chain: Chain, voice: str) -> str:
    return _COLOURS[list(chain.voices).index(voice) % len(_COLOURS)]
