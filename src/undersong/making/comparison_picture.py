"""A comparison as one picture: small charts side by side, real works in grey, everyone else in a colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from undersong.making.comparing import Comparison, Row
from undersong.making.portraits import closed_within, is_length, is_wait
from undersong.making.sheet import COLOURS, FAINT, GREY, INK, Scale, Sheet, shortened, width_of

__all__ = ["picture"]

_WIDTH, _EDGE, _GAP = 960.0, 32.0, 40.0
_PANEL = (_WIDTH - 2 * _EDGE - _GAP) / 2
_CHART = 170.0  # height of a chart with axes
_BAR, _BETWEEN = 15.0, 7.0
_NAMES, _FIGURES = 116.0, 108.0  # room beside bars
_LONGEST_WAIT = 1000.0
_BINS = 22
_FEWEST = 5  # that were opened: a curve of fewer says nothing
_DASHES = ("", "7 3", "2 3", "9 3 2 3")
_REAL = "real works"

_Panel = Callable[[Sheet, float, float], None]


def picture(comparison: Comparison) -> str:
    """The comparison as an SVG file."""
    sheet = Sheet(_WIDTH)
    names = ", ".join(row.name for row in comparison.rows)
    title = f"{names}: on {comparison.held_out}"
    y = _heading(sheet, comparison, title)
    panels = [*_bars(comparison), *_waits(comparison), *_lengths(comparison), *_unseen(comparison)]
    for at in range(0, len(panels), 2):
        pair = panels[at : at + 2]
        for column, (_, draw) in enumerate(pair):
            draw(sheet, _EDGE + column * (_PANEL + _GAP), y)
        y += max(height for height, _ in pair) + 30
    for note in comparison.notes:
        sheet.words(_EDGE, y, shortened(note, 11, _WIDTH - 2 * _EDGE), 11, GREY)
        y += 17
    sheet.height = y + 8
    return sheet.svg(title)


def _heading(sheet: Sheet, comparison: Comparison, title: str) -> float:
    """Title, what was asked, and who has which colour; where to go on below."""
    asked, measure = comparison.asked, comparison.measure
    sheet.words(_EDGE, 40, shortened(title, 17, _WIDTH - 2 * _EDGE), 17, weight="bold")
    said = f"{asked.length:,} {measure}s played by each at temperature {asked.temperature:g}, seed {asked.seed}"
    sheet.words(_EDGE, 60, said, 12, GREY)
    x, y = _EDGE, 86.0
    entries = [(_REAL, GREY, ""), *((row.name, *_look(at)) for at, row in enumerate(comparison.rows))]
    for name, colour, dashes in entries:
        name = shortened(name, 12, 260)
        room = 34 + width_of(name, 12) + 18
        if x + room > _WIDTH - _EDGE and x > _EDGE:
            x, y = _EDGE, y + 20
        if name == _REAL and colour == GREY:
            sheet.box(x, y - 9, 26, 10, FAINT)
        sheet.line([(x, y - 4), (x + 26, y - 4)], colour, 2.5, dashes)
        sheet.words(x + 34, y, name, 12)
        x += room
    return y + 34


def _look(at: int) -> tuple[str, str]:
    """Colour and dashes of the player of that number; dashes come in where colours begin again."""
    return COLOURS[at % len(COLOURS)], _DASHES[at // len(COLOURS) % len(_DASHES)]


def _named(sheet: Sheet, x: float, y: float, title: str, note: str) -> float:
    sheet.words(x, y + 12, shortened(title, 13, _PANEL), 13, weight="bold")
    sheet.words(x, y + 28, shortened(note, 11, _PANEL), 11, GREY)
    return y + 42


# ── bars ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bars(comparison: Comparison) -> list[tuple[float, _Panel]]:
    """How well each foretells, and how much it copies."""
    measure, rows = comparison.measure, comparison.rows
    scores = [(row.name, *_score(row)) for row in rows]
    found = [
        _bar_panel(f"nats per {measure}", "on what was held out; less is better, ± is a standard error", scores, 0)
    ]
    every = (comparison.real, *rows)
    copies = [(_REAL if row is comparison.real else row.name, *_copied(row)) for row in every]
    if any(row.copies is not None for row in every):
        note = f"20 {measure}s in a row that were learned · the longest run"
        found.append(_bar_panel("copied", note, copies, 1))
    return found


_Bar = tuple[str, float | None, float, str]  # whose, how long (None is beyond all), a standard error, what it says


def _score(row: Row) -> tuple[float | None, float, str]:
    assert row.foretold is not None
    found = row.foretold
    if not np.isfinite(found.nats):
        return None, 0.0, f"∞: no odds for {found.impossible:.1%}; {found.rest:.3f} over the rest"
    error = 0.0 if row.knew else found.error or 0.0
    said = f"{found.nats:.3f}" + (f" ± {error:.3f}" if error else "")
    return found.nats, error, said + ", knew it" * row.knew


def _copied(row: Row) -> tuple[float | None, float, str]:
    if row.copies is None:
        return 0.0, 0.0, "nobody knows"
    about = "" if row.copies.exact else "≈ "
    return row.copies.share, 0.0, f"{about}{row.copies.share:.1%} · {row.copies.longest:,}"


def _bar_panel(title: str, note: str, bars: Sequence[_Bar], real: int) -> tuple[float, _Panel]:
    """A line for each; the first `real` of them stand for real works."""

    def draw(sheet: Sheet, x: float, y: float) -> None:
        top = _named(sheet, x, y, title, note)
        lengths = [length + error for _, length, error, _ in bars if length is not None]
        begin, end = x + _NAMES, x + _PANEL - _FIGURES
        scale = Scale(0.0, max(lengths, default=0.0) or 1.0, begin, end)
        for at, (name, length, error, said) in enumerate(bars):
            middle = top + at * (_BAR + _BETWEEN) + _BAR / 2
            colour = GREY if at < real else _look(at - real)[0]
            sheet.words(begin - 8, middle + 4, shortened(name, 11.5, _NAMES - 10), 11.5, anchor="end")
            if length is None:  # said within, for it goes on for ever
                sheet.box(begin, middle - _BAR / 2, x + _PANEL - begin, _BAR, colour, 0.16)
                sheet.words(begin + 6, middle + 4, shortened(said, 11, x + _PANEL - begin - 8), 11)
                continue
            sheet.box(begin, middle - _BAR / 2, scale(length) - begin, _BAR, colour, 0.85)
            if error:
                ends = scale(length - error), scale(length + error)
                sheet.line([(ends[0], middle), (ends[1], middle)], INK, 1.2)
                for end_at in ends:
                    sheet.line([(end_at, middle - 3), (end_at, middle + 3)], INK, 1.2)
            sheet.words(scale(length + error) + 6, middle + 4, shortened(said, 11.5, _FIGURES), 11.5)
        sheet.line([(begin, top - 4), (begin, top + len(bars) * (_BAR + _BETWEEN))], GREY)

    return 42 + len(bars) * (_BAR + _BETWEEN), draw


def _unseen(comparison: Comparison) -> list[tuple[float, _Panel]]:
    """How many words, say, stand nowhere."""
    every = (comparison.real, *comparison.rows)
    kinds = dict.fromkeys(kind for row in every for kind in row.unseen)
    panels = []
    for kind in kinds:
        bars: list[_Bar] = []
        for row in every:
            share = row.unseen.get(kind)
            name = _REAL if row is comparison.real else row.name
            bars.append((name, share or 0.0, 0.0, "nobody knows" if share is None else f"{share:.1%}"))
        panels.append(_bar_panel(f"new {kind}", "share that stands neither in what was learned nor held out", bars, 1))
    return panels


# ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _waits(comparison: Comparison) -> list[tuple[float, _Panel]]:
    """Of what is opened, how much is closed by when; of a few only the table tells."""
    every = (comparison.real, *comparison.rows)
    panels = []
    for name, numbers in comparison.real.portrait.items():
        if is_wait(numbers) and any(len(row.portrait.get(name, ())) >= _FEWEST for row in every):
            panels.append((42 + _CHART, _wait_panel(comparison, name)))
    return panels


def _wait_panel(comparison: Comparison, name: str) -> _Panel:
    def draw(sheet: Sheet, x: float, y: float) -> None:
        top = _named(
            sheet, x, y, f"{name} closed", f"share of all that are opened, within so many {comparison.measure}s"
        )
        across, up = _axes(sheet, x, top)
        scale = Scale(0.0, float(np.log10(_LONGEST_WAIT)), *across)
        rise = Scale(0.0, 1.0, *up)
        for share in (0.0, 0.5, 1.0):
            _tick_up(sheet, across, rise(share), f"{share:.0%}")
        for number in (1, 10, 100, 1000):
            _tick_across(sheet, scale(float(np.log10(number))), up, f"{number:,}")
        at = np.unique(np.round(np.geomspace(1, _LONGEST_WAIT, 120)))
        for row, colour, dashes, width in _in_order(comparison):
            waits = row.portrait.get(name, np.zeros(0))
            if len(waits) >= _FEWEST:
                shares = closed_within(waits, at.tolist())
                points = _stairs([scale(float(np.log10(n))) for n in at], [rise(float(share)) for share in shares])
                sheet.line(points, colour, width, dashes)

    return draw


def _lengths(comparison: Comparison) -> list[tuple[float, _Panel]]:
    every = (comparison.real, *comparison.rows)
    panels = []
    for name, numbers in comparison.real.portrait.items():
        pooled = [row.portrait[name] for row in every if len(row.portrait.get(name, ()))]
        if is_length(numbers) and pooled:
            panels.append((42 + _CHART, _length_panel(comparison, name, np.concatenate(pooled))))
    return panels


def _length_panel(comparison: Comparison, name: str, pooled: np.ndarray) -> _Panel:
    """Histograms as stairs; what is longer or shorter than nearly all stands in the last bin."""
    low, high = np.quantile(pooled, [0.005, 0.995])
    wide = high > 12 * max(1.0, low)
    low, high = max(1.0, low) - 0.5, max(high, low + 1) + 0.5
    steps = np.geomspace(low + 0.5, high, _BINS) if wide else np.linspace(low, high, _BINS)
    edges = np.unique(np.floor(steps) + 0.5)
    edges = np.unique(np.append(edges, [low, max(high, low + 2)]))

    def draw(sheet: Sheet, x: float, y: float) -> None:
        top = _named(sheet, x, y, f"{name} length", f"{comparison.measure}s; share of all {name}s")
        across, up = _axes(sheet, x, top)
        axis = np.log10 if wide else np.asarray
        scale = Scale(float(axis(edges[0])), float(axis(edges[-1])), *across)
        drawn = [(*each, _histogram(each[0].portrait.get(name, np.zeros(0)), edges)) for each in _in_order(comparison)]
        most = _round_share(max(float(shares.max(initial=0.0)) for *_, shares in drawn))
        rise = Scale(0.0, most, *up)
        for share in (0.0, most / 2, most):
            _tick_up(sheet, across, rise(share), f"{share:.0%}" if most > 0.05 else f"{share:.1%}")
        for number in _round_numbers(float(edges[0]), float(edges[-1]), wide):
            _tick_across(sheet, scale(float(axis(number))), up, f"{number:g}")
        places = [scale(float(axis(edge))) for edge in edges]
        for row, colour, dashes, width, shares in drawn:
            heights = [rise(float(share)) for share in shares]
            points = _outline(places, heights, up[0])
            if row is comparison.real:
                sheet.area(points, FAINT)
            sheet.line(points, colour, width, dashes)

    return draw


def _in_order(comparison: Comparison) -> list[tuple[Row, str, str, float]]:
    """Rows as they are drawn, real works first and so below: row, colour, dashes, width."""
    players = [(row, *_look(at), 1.8) for at, row in enumerate(comparison.rows)]
    return [(comparison.real, GREY, "", 3.0), *players]


def _axes(sheet: Sheet, x: float, top: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a chart begins and ends across and up, its two axes drawn."""
    across, up = (x + 40, x + _PANEL - 8), (top + _CHART - 26, top + 4)
    sheet.line([(across[0], up[1]), (across[0], up[0]), (across[1], up[0])], GREY)
    return across, up


def _tick_up(sheet: Sheet, across: tuple[float, float], y: float, said: str) -> None:
    sheet.line([(across[0], y), (across[1], y)], FAINT, 0.8)
    sheet.words(across[0] - 6, y + 4, said, 10.5, GREY, "end")


def _tick_across(sheet: Sheet, x: float, up: tuple[float, float], said: str) -> None:
    sheet.line([(x, up[0]), (x, up[0] + 4)], GREY)
    sheet.words(x, up[0] + 17, said, 10.5, GREY, "middle")


def _round_numbers(low: float, high: float, wide: bool) -> list[float]:
    """Some round numbers of this range, few enough to stand beside one another."""
    if wide:
        every = [factor * 10.0**power for power in range(7) for factor in (1, 2, 5)]
        found = [number for number in every if low <= number <= high]
        return found if len(found) <= 9 else [number for number in found if f"{number:g}"[0] == "1"]
    for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000, 1_000_000):
        found = [float(number) for number in range(step * -(-int(np.ceil(low)) // step), int(high) + 1, step)]
        if len(found) <= 10:
            return found
    return []


def _round_share(share: float) -> float:
    """A share that is no less, and reads well by its half."""
    return next(
        (top for top in (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.16, 0.2, 0.3, 0.4, 0.6) if top >= share), 1.0
    )


def _histogram(lengths: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of lengths between each two edges."""
    inside = np.clip(lengths, edges[0], np.nextafter(edges[-1], 0))
    return np.histogram(inside, edges)[0] / max(1, len(lengths))


def _stairs(xs: Sequence[float], ys: Sequence[float]) -> list[tuple[float, float]]:
    """Each height holds until the next place."""
    points = [(xs[0], ys[0])]
    for x, y, before in zip(xs[1:], ys[1:], ys, strict=False):
        points += [(x, before), (x, y)]
    return points


def _outline(edges: Sequence[float], heights: Sequence[float], ground: float) -> list[tuple[float, float]]:
    """A histogram's outline, from the ground to the ground."""
    points = [(edges[0], ground)]
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        points += [(left, height), (right, height)]
    return [*points, (edges[-1], ground)]
