"""`undersong compare`: instruments side by side on the same held-out works, and real works beside them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undersong.cli.saying import answer, harmless, next_step, say

if TYPE_CHECKING:
    from undersong.making.comparing import Comparison, Row
    from undersong.making.foretelling import Foretold

NAME = "compare"
_WIDTH = 100  # columns of a terminal
_NAMES = 26  # of which names have at most these
_REAL = "real works"


def command(
    names: list[str] = typer.Argument(
        ...,
        metavar="NAME…",
        help="Runs, voices that ship, .undersong files; RUN:network or RUN:ngram, one half of a duet; chain:6, a "
        "Markov chain that hears 6 symbols, or smooth:6, the same smoothed, counted on what the first other learned.",
    ),
    on: Path | None = typer.Option(
        None, "--on", help="A file none of them learned, instead of what the first held out."
    ),
    learned: list[str] = typer.Option(
        [], "--learned", help="What was learned, where that is not at hand: files, or builtin:NAME."
    ),
    length: int = typer.Option(
        20_000, "--length", "--characters", "-l", min=1, max=1_000_000, help="How much each plays to be measured."
    ),
    most: int = typer.Option(20_000, "--most", min=1, help="How much of the held-out works is scored, at most."),
    temperature: float = typer.Option(1.0, "--temperature", "-t", help="Of what is played."),
    seed: int = typer.Option(1, "--seed", "-s", min=0, help="Of what is played."),
    drawn: Path | None = typer.Option(None, "--picture", help="Write one picture of it all to this .svg file."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Side by side on the same held-out works: nats per character, what is closed in time, lengths, copies, samples.

    Examples: undersong compare sonnets sonnets:ngram chain:6 · undersong compare keeper tide --on letter.txt
    """
    from undersong.making.comparing import Asked, compare

    if drawn is not None and drawn.suffix.lower() != ".svg":
        from undersong.errors import UsageError

        raise UsageError(f"A picture is not written as '{drawn.name}'.", "Name a file that ends in .svg")
    asked = Asked(tuple(names), on, tuple(learned), length, most, temperature, seed)
    found = compare(asked, (lambda words: say(harmless(words))) if sys.stderr.isatty() else str)
    if json:
        answer(found.to_json())
    else:
        print("\n".join(map(harmless, _told(found))))
    if drawn is not None:
        from undersong.keeping.writing import write_beside
        from undersong.making.comparison_picture import picture

        write_beside(drawn, picture(found).encode())
    if not json:
        next_step("undersong sample plays one of them." if drawn else "--picture figures.svg draws the same.")


def _told(found: Comparison) -> list[str]:
    """Everything as lines, none wider than a terminal but the samples."""
    asked, measure = found.asked, found.measure
    played = f"{asked.length:,} {measure}s played by each at temperature {asked.temperature:g}, seed {asked.seed}"
    lines = [f"On {found.held_out} · {played}"]
    lines += _scores(found) + _copies(found) + _waits(found) + _lengths(found) + _unseen(found) + _neighbours(found)
    if found.notes:
        lines += ["", *(line for note in found.notes for line in _wrapped(note))]
    for name, row in _everyone(found):
        lines += ["", f"── {name} {'─' * (_WIDTH - 4 - _columns(name))}"]
        lines += [str(piece) for piece in row.samples]
    return lines


def _everyone(found: Comparison) -> list[tuple[str, Row]]:
    return [(_REAL, found.real), *((_short(row.name), row) for row in found.rows)]


def _short(name: str) -> str:
    """The name in so many columns, its end kept: names differ there."""
    name = " ".join(harmless(name).split())
    if _columns(name) <= _NAMES:
        return name
    kept, tail = len(name) - 8, name[-8:]
    while kept and _columns(name[:kept]) + 1 + _columns(tail) > _NAMES:
        kept -= 1
    return f"{name[:kept]}…{tail}"


def _columns(words: str) -> int:
    """How many columns of a terminal these take: some letters take two, marks none."""
    import unicodedata

    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return len(words) + wide - sum(unicodedata.combining(letter) > 0 for letter in words)


def _table(
    found: Comparison, title: str, heads: Sequence[str], cells: Sequence[tuple[str, Sequence[str]]]
) -> list[str]:
    """Names at the left, and under each head what it says; a last cell may be longer than its head."""
    lead = max(_columns(name) for name, _ in _everyone(found)) + 2
    columns = [len(head) for head in heads]
    for _, row in cells:
        if len(row) == len(heads):
            columns = [max(column, len(cell)) for column, cell in zip(columns, row, strict=True)]
    lines = ["", title, " " * lead + _line(heads, columns)]
    for name, row in cells:
        whole = len(row) == len(heads)
        told = _line(row, columns) if whole else f"  {' '.join(row)}"
        lines.append(f"{name}{' ' * (lead - _columns(name))}{told}".rstrip())
    return lines


def _line(cells: Sequence[str], columns: Sequence[int]) -> str:
    return "".join(f"  {cell:>{column}}" for cell, column in zip(cells, columns, strict=True))


# ── what is told ───────────────────────────────────────────────────────────────────────────────────────────────────


def _scores(found: Comparison) -> list[str]:
    length = next((row.foretold.length for row in found.rows if row.foretold is not None), 0)
    title = f"How well {length:,} of its {found.measure}s are foretold: less is better, ± is a standard error"
    heads = (f"nats per {found.measure}", f"bits per {found.measure}", "above the best")
    cells = [(_short(row.name), _score(row, row.foretold)) for row in found.rows if row.foretold is not None]
    return _table(found, title, heads, cells)


def _score(row: Row, foretold: Foretold) -> list[str]:
    import math

    if not math.isfinite(foretold.nats):
        return [f"∞: no odds for {foretold.impossible:.1%} of it; {foretold.rest:.3f} nats over the rest"]
    above = ""
    if foretold.above is not None:
        more, error = foretold.above
        above = f"{more:.3f}{_error(error)}" if more else "the best"
    if row.knew and row.known is not None:
        above = f"learned {row.known.share:.0%} of it"
    return [f"{foretold.nats:.3f}{_error(foretold.error)}", f"{foretold.nats / math.log(2):.3f}", above]


def _error(error: float | None) -> str:
    return "" if error is None else f" ± {error:.3f}"


def _copies(found: Comparison) -> list[str]:
    title = f"Copied: how many of all 20 {found.measure}s in a row stand in what was learned"
    cells = []
    for name, row in _everyone(found):
        if row.copies is None:
            cells.append((name, ["nobody knows", "", ""]))
            continue
        about = "" if row.copies.exact else "about "
        excerpt = "" if row.copies.excerpt is None else f'"{" ".join(str(row.copies.excerpt).split())}"'
        shown = excerpt if len(excerpt) <= 42 else f'{excerpt[:40]}…"'
        cells.append((name, [f"{about}{row.copies.share:.2%}", f"{row.copies.longest:,}", f"{shown:42}"]))
    return _table(found, title, ("share", "longest run", ""), cells)


def _waits(found: Comparison) -> list[str]:
    from undersong.making.portraits import BINS, closed, is_wait

    lines = []
    for kind, numbers in found.real.portrait.items():
        if not is_wait(numbers) or not any(len(row.portrait.get(kind, ())) for _, row in _everyone(found)):
            continue
        title = f"{kind.capitalize()}: the share that is closed after so many {found.measure}s"
        cells = []
        for name, row in _everyone(found):
            waits = row.portrait.get(kind, numbers[:0])
            shares = closed(waits)
            told = [""] * len(BINS) if shares is None else [f"{share:.0%}" for share in shares]
            often = f"{1000 * len(waits) / max(1, row.length):.2f}"
            cells.append((name, [f"{len(waits):,}", often, *told]))
        lines += _table(found, title, ("opened", "in 1,000", *BINS), cells)
    return lines


def _lengths(found: Comparison) -> list[str]:
    from undersong.making.portraits import QUANTILES, is_length, quantiles

    lines = []
    for kind, numbers in found.real.portrait.items():
        if not is_length(numbers):
            continue
        title = f"{kind.capitalize()} length in {found.measure}s: so many are shorter"
        cells = []
        for name, row in _everyone(found):
            at = quantiles(row.portrait.get(kind, numbers[:0]))
            far = row.distances.get(kind)
            told = [""] * len(QUANTILES) if at is None else [f"{length:,.0f}" for length in at]
            beside = "" if far is None else f"{far:.2f}" + (" (its halves)" if row is found.real else "")
            cells.append((name, [f"{len(row.portrait.get(kind, ())):,}", *told, f"{beside:>19}"]))
        heads = ("number", *(f"{share:.0%}" for share in QUANTILES), "distance to real")
        lines += _table(found, title, heads, cells)
    return lines


def _unseen(found: Comparison) -> list[str]:
    kinds = list(dict.fromkeys(kind for _, row in _everyone(found) for kind in row.unseen))
    if not kinds:
        return []
    cells = []
    for name, row in _everyone(found):
        cells.append((name, [f"{row.unseen[kind]:.1%}" if kind in row.unseen else "nobody knows" for kind in kinds]))
    return _table(found, "New: the share that stands neither in what was learned nor held out", kinds, cells)


def _neighbours(found: Comparison) -> list[str]:
    """Of whole pieces how many are new, and an example of what the nearest learned one is."""
    if all(row.neighbours is None for _, row in _everyone(found)):
        return []
    cells = []
    for name, row in _everyone(found):
        near = row.neighbours
        if near is None:
            cells.append((name, ["nobody knows"]))
            continue
        told = [f"{near.count:,}", f"{near.new:.1%}", f"{near.different:.1%}", ""]
        example = ""
        if near.nearest and near.usual is not None:
            told[-1] = f"{near.usual:g}"
            example = " ← ".join(" ".join(str(piece).split())[:20] for piece in near.nearest[0][:2])
        cells.append((name, [*told, f"{example:43}"]))
    title = "Pieces: the share that was not learned, of different ones, and changes to the nearest that was"
    return _table(found, title, ("played", "new", "different", "changes", ""), cells)


def _wrapped(note: str) -> list[str]:
    import textwrap

    return textwrap.wrap(f"Note: {note}", _WIDTH)
