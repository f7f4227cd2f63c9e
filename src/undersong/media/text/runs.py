"""Text cut into runs: words, numbers, marks and spaces, which together are the text again.

A run is a word with the one space before it (` sea`, ` don't`, ` well-known`, ` می‌خواهم`), a number, a stretch of other
signs (` "`, `...`, 👩‍👩‍👧), a line end, or spaces but the last, which goes to the word. Scripts written without spaces
(Chinese, Japanese, Thai, Lao, Khmer, Burmese …) have no such words: there a run is one character with its marks, or,
where that is asked for, as long as it goes. A run starts where the one before it ends, and none is longer than some
hundreds of characters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, final

from undersong.events import AbstractPiece
from undersong.media.text.piece import text_of
from undersong.media.text.spelling import PART

__all__ = ["LONGEST", "Remembered", "clusters_of", "counts_of", "joints_of", "runs_of"]

LONGEST = 64
"""Code points of one part of a word, of a number or of a stretch; what is longer goes on as the next run."""

_MOST_COUNTED = 1 << 20  # different runs that are counted at a time, some 100 bytes each
_MOST_REMEMBERED = 100_000  # rare runs kept at hand, some 300 bytes each
_JOINTS = "'’‐\\-־׳״·\u00ad\u200c"  # within a word: apostrophes, hyphens, a dot in Catalan, where Persian does not join
_SILENT = "\u00ad\u200c\u200d"  # hyphens that show at line ends only, and what keeps letters apart or together
_UNSPACED = (  # blocks of scripts written without spaces, so that cuts do not move with the edition of Unicode
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf"  # Thai, Lao, Burmese, Khmer, Tai
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u302f\u3038-\u303b\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese
    "\U00020000-\U0003ffff\u3041-\u309f\u3100-\u312f\u31a0-\u31bf\ua000-\ua4cf"  # rare Chinese, hiragana, bopomofo, Yi
    "\ua9e0-\ua9ff\uaa60-\uaadf"  # more Burmese and Tai
)
_VOWELS = "\u0e33\u0eb3"  # of Thai and Lao: letters by name, but written as marks


def runs_of(text: str, apart: bool, size: int = PART) -> Iterator[list[str]]:
    """The text's runs, those of about `size` characters at a time; the cuts are the same whatever the size.

    `apart` says that scripts without spaces are cut between their characters.
    """
    first = 0
    window = size
    while True:
        pattern = _pattern(apart and _unspaced().search(text, first, first + window) is not None)
        runs: list[str] = pattern.findall(text, first, first + window)
        if first + window >= len(text):
            yield runs
            return
        sure = runs[:-2]  # what follows may change the last two: a word may go on, and of spaces the last one leaves
        if sure:
            yield sure
            first += sum(map(len, sure))
        window = size if sure else window * 2


def counts_of(pieces: Iterable[AbstractPiece], apart: bool) -> Counter[str]:
    """How often each run occurs; of very many different ones, the rarest may be forgotten on the way."""
    counts: Counter[str] = Counter()
    forget = 1
    for piece in pieces:
        for runs in runs_of(text_of(piece), apart):
            counts.update(runs)
            while len(counts) > _MOST_COUNTED:
                counts = Counter({run: count for run, count in counts.items() if count > forget})
                forget += 1
    return counts


@final
class Remembered(dict[str, tuple[int, ...]]):
    """The symbols of any run, worked out by `spell` when first asked for; the rare ones are forgotten now and then."""

    def __init__(self, symbols: Mapping[str, int], spell: Callable[[str], Iterable[int]]) -> None:
        super().__init__((string, (symbol,)) for string, symbol in symbols.items())
        self._symbols = symbols
        self._spell = spell

    def __missing__(self, run: str) -> tuple[int, ...]:
        if len(self) >= len(self._symbols) + _MOST_REMEMBERED:
            for rare in [known for known in self if known not in self._symbols]:
                del self[rare]
        found = self[run] = tuple(self._spell(run))
        return found


def joints_of(run: str) -> Sequence[str]:
    """A run cut at its apostrophes and hyphens, which are parts of their own: l'homme → l ' homme."""
    parts: list[str] = _joints().split(run)
    return [part for part in parts if part]


def clusters_of(run: str) -> Sequence[str]:
    """A run as the characters that people see."""
    clusters: list[str] = _cluster().findall(run)
    return clusters


@cache
def _pattern(apart: bool) -> Any:
    import regex  # here, as below: it costs 20 ms, which `--help` need not pay

    more = rf"[\p{{L}}\p{{M}}{_SILENT}]"
    letter = r"\p{L}"
    if apart:
        letter, more = rf"[\p{{L}}--[{_UNSPACED}]]", rf"[{more}--[{_UNSPACED}]]"
    part = rf"{letter}{more}{{0,{LONGEST - 1}}}"
    alternatives = [
        rf" ?{part}(?:[{_JOINTS}]{part}){{0,3}}",  # a word
        rf" ?\p{{N}}[\p{{N}}\p{{M}}]{{0,{LONGEST - 1}}}",  # a number
        *([rf"[{_UNSPACED}][\p{{M}}{_VOWELS}{_SILENT}]{{0,{LONGEST - 1}}}"] if apart else []),
        r"\r\n|[\s--[ ]]",  # a line end, a tab, a space of another width
        rf" {{1,{LONGEST}}}(?= )",  # spaces but the last
        rf" ?[^\s\p{{L}}\p{{N}}]{{1,{LONGEST}}}",  # other signs, marks without a letter, pictures
        " ",
    ]
    return regex.compile("(?V1)" + "|".join(alternatives))


@cache
def _unspaced() -> Any:
    import regex

    return regex.compile(f"[{_UNSPACED}]")


@cache
def _joints() -> Any:
    import regex

    return regex.compile(f"([{_JOINTS}])")


@cache
def _cluster() -> Any:
    import regex

    return regex.compile(r"\X")
