"""The few shapes that a picture of figures needs, as SVG written by hand: no library, no font that must be there."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

__all__ = ["COLOURS", "GREY", "INK", "Scale", "Sheet", "shortened", "width_of"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Told apart by those who see fewer colours (Okabe & Ito, 2008, "Color universal design")."""
GREY, INK, FAINT = "#8a8a8a", "#222222", "#e4e4e4"

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # no XML may hold these
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif"


def width_of(words: str, size: float) -> float:
    """About how wide these words are, rather more than less: whoever looks has a font we do not know."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return size * (wide + 0.62 * (len(words) - wide))


def shortened(words: str, size: float, most: float) -> str:
    """One line of them that fits, the rest left out in the middle, where names differ least."""
    words = " ".join(words.split())
    if width_of(words, size) <= most:
        return words
    kept = len(words)
    while kept > 1 and width_of(words[:kept], size) > most - size:
        kept -= 1
    tail = kept // 3
    return f"{words[: kept - tail]}…{words[len(words) - tail :] if tail else ''}"


@final
@dataclass(frozen=True)
class Scale:
    """From numbers to places, `low` at `begin` and `high` at `end`; what lies outside stands at the edge."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, number: float) -> float:
        share = (number - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return self.begin + min(1.0, max(0.0, share)) * (self.end - self.begin)


@final
@dataclass
class Sheet:
    """A picture that grows downwards; `height` is set when all is drawn."""

    width: float
    height: float = 0.0
    parts: list[str] = field(default_factory=list)

    def words(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 12,
        fill: str = INK,
        anchor: str = "start",
        weight: str = "normal",
    ) -> None:
        """A line of words whose baseline is at y."""
        clean = html.escape(_FORBIDDEN.sub("\ufffd", words))
        bold = f' font-weight="{weight}"' if weight != "normal" else ""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{bold}>'
            f"{clean}</text>"
        )

    def box(self, x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> None:
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{height:.1f}" fill="{fill}"'
            f' fill-opacity="{opacity:g}"/>'
        )

    def line(
        self, points: Sequence[tuple[float, float]], stroke: str = GREY, width: float = 1.0, dashes: str = ""
    ) -> None:
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(
            f'<polyline points="{_path(points)}" fill="none" stroke="{stroke}" stroke-width="{width:g}"'
            f' stroke-linejoin="round"{dashed}/>'
        )

    def area(self, points: Sequence[tuple[float, float]], fill: str) -> None:
        self.parts.append(f'<polygon points="{_path(points)}" fill="{fill}"/>')

    def svg(self, title: str) -> str:
        """The whole file, on white, so that it reads the same on a dark page."""
        said = html.escape(_FORBIDDEN.sub("\ufffd", title))
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}"'
                f' width="{self.width:g}" height="{self.height:g}" font-family="{_FONT}" role="img">',
                f"<title>{said}</title>",
                f'<rect width="{self.width:g}" height="{self.height:g}" fill="#ffffff"/>',
                *self.parts,
                "</svg>\n",
            ]
        )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
