"""Many short pieces in one file: names, headlines, poems; how to tell, and how to cut them apart.

A list is only cut unasked where its lines surely stand alone. What else looks like many pieces is offered in a note
and learned as one long text: a play cut into its lines would never be whole again, and a list can be cut at any time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from undersong.errors import RecipeError
from undersong.events import AbstractPiece, Material
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.record import RecordPiece

__all__ = ["RECORD", "cut"]

RECORD = "record"
"""How material was cut that came as records."""

_FEWEST = 100  # lines of a list, and _FEWEST_BLOCKS poems: fewer are no shape of their own
_FEWEST_BLOCKS = 20
_LONGEST = 80  # characters of the usual line: above it is a paragraph
_SHORT_FILE = 2_000  # characters of a file that is rather a poem or a recipe than a chapter
_LARGE = 4_000_000  # characters, of which the first so many are looked at first
_SAMPLE = 20_000  # lines looked at; a list does not change its mind after that

_LEARNED_WHOLE = "Learned as one long text; to learn each by itself, from its start to its end: --set pieces="
_BLANK = re.compile(r"\n(?:[^\S\n]*\n)+")
_RULE = re.compile(r"[-*=_~%+.·•※◇◆—–…]{1,40}|<\|?\w+\|?>")  # a line that only parts: ---, ***, %, <|endoftext|>
_CLOSING = frozenset(".!?…。！？؟।:;,،，；：、—–-")  # a line that ends so is a sentence, or goes on
_GOING_ON = frozenset(":;,،，；：、—–-")
_LABEL = re.compile(r"[\[<(]|\S+[:>\])](\s|$)")  # who speaks, or when: a chat, a play, a dictionary


def cut(material: Material, how: str) -> Material:
    """The material as pieces. `how` is auto, whole, file, line, blank-line, or the line that stands between two pieces.

    Records stay as they are, and so does a list that was read as one, unless it is asked for as one long text.
    Raises RecipeError where no such line is in it.
    """
    if material.cut == RECORD or how == RECORD:
        return _records(material, how)
    if material.cut == "line" and how in ("auto", "line"):
        return material
    texts = [text_of(piece) for piece in material.pieces]
    if how == "auto":
        looked_at = _beginning(texts)
        how, note = _recognised(looked_at)
        if note and looked_at is not texts:
            if how == "line":
                how, note = _recognised(texts)
            else:
                note = f"Looked at its first {_LARGE:,} characters. {note}"
        material = replace(material, notes=(*material.notes, note) if note else material.notes)
    if how == "whole" and material.cut == "line":
        return replace(material, pieces=(TextPiece("\n".join(texts)),), cut=how)
    if how in ("whole", "file"):
        return replace(material, cut=how)
    parts = [part for text in texts for part in _parted(text, how)]
    if how not in ("line", "blank-line") and len(parts) <= len(texts):
        raise RecipeError(
            f"No line of the material is '{how}', so it parts nothing.",
            "pieces may be auto, whole, file, line, blank-line, or the line that stands between two, such as ---",
        )
    return replace(material, pieces=tuple(TextPiece(part) for part in parts), cut=how)


def _records(material: Material, how: str) -> Material:
    """Records, where the material holds them and nobody asks for parts of them; a field that one lacks is empty."""
    if material.cut != RECORD:
        raise RecipeError(
            "There are no records in the material.",
            'Say which fields of its rows to learn: --set \'read.fields=["word", "definition"]\'',
        )
    if how not in ("auto", "whole", "file", "line", "blank-line", RECORD):
        raise RecipeError(f"Records are not cut by '{how}': each is a piece already.", "Leave pieces as it is: auto.")
    names = dict.fromkeys(name for piece in material.pieces if isinstance(piece, RecordPiece) for name in piece.fields)
    return replace(material, pieces=tuple(_filled(piece, tuple(names)) for piece in material.pieces))


def _filled(piece: AbstractPiece, names: tuple[str, ...]) -> AbstractPiece:
    if not isinstance(piece, RecordPiece) or piece.order == names:
        return piece
    return RecordPiece({name: piece.fields.get(name, "") for name in names})


def _parted(text: str, how: str) -> list[str]:
    """The pieces of one text, without the white space around them; empty ones are none."""
    if how == "line":
        found = (line.strip() for line in text.split("\n"))
    elif how == "blank-line":
        found = (_trimmed(block) for block in _BLANK.split(text))
    else:
        between = rf"^[^\S\n]*{re.escape(how.strip())}[^\S\n]*$"
        found = (_trimmed(block) for block in re.split(between, text, flags=re.MULTILINE))
    return [part for part in found if part]


def _trimmed(block: str) -> str:
    """Without the empty lines around it; how far its first line is indented is its own."""
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", block).rstrip()


# ── what a text looks like ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Lines:
    """What tells a list from a text that goes on: lines that are not blank, and runs of them between blank ones."""

    lines: Sequence[str]
    blocks: int

    def share(self, count: int) -> float:
        return count / len(self.lines)

    @property
    def unlike(self) -> float:
        """The share of lines that stand there for the first time."""
        return self.share(len(set(self.lines)))

    @property
    def stands_alone(self) -> bool:
        """Many short lines, hardly one like another, none indented, labelled, tabular or going on in the next."""
        lines = self.lines
        return (
            len(lines) >= _FEWEST
            and self.unlike >= 0.7
            and self.share(sum(line[0].isspace() or "\t" in line for line in lines)) <= 0.02
            and self.share(sum(line.rstrip()[-1] in _GOING_ON for line in lines)) <= 0.02
            and self.share(sum(_LABEL.match(line) is not None for line in lines)) <= 0.3
            and (self.blocks <= max(1, len(lines) // 50) or len(lines) <= 2 * self.blocks)  # no stanzas
            and (self._words or not self._wrapped)
        )

    @property
    def closed(self) -> float:
        """The share of lines that end as a sentence does."""
        return self.share(sum(line.rstrip()[-1] in _CLOSING for line in self.lines))

    @property
    def usual(self) -> float:
        """The usual length of a line, in characters."""
        return median(len(line) for line in self.lines)

    @property
    def _words(self) -> bool:
        """Lines of a word or three, which nobody wraps."""
        return self.usual <= 20 and median(len(line.split()) for line in self.lines) <= 3

    @property
    def _wrapped(self) -> bool:
        """Lines of about one length, as broken prose and metred verse have, or often begun in mid-sentence."""
        lengths = sorted(map(len, self.lines))
        tenth = len(lengths) // 10
        return lengths[-1 - tenth] < 1.6 * lengths[tenth] or self.begun_small > 0.15

    @property
    def begun_small(self) -> float:
        """The share of lines that begin with a small letter."""
        return self.share(sum(line.lstrip()[0].islower() for line in self.lines))


def _beginning(texts: Sequence[str]) -> Sequence[str]:
    """Enough of a large corpus to see whether it is one long text: to take all of it apart would need it twice more."""
    if sum(map(len, texts)) <= _LARGE:
        return texts
    some: list[str] = []
    left = _LARGE
    while left > 0:
        some.append(texts[len(some)][:left])
        left -= len(some[-1])
    return some


def _recognised(texts: Sequence[str]) -> tuple[str, str]:
    """How to cut, and what to tell a person about it; nothing where it is one long text like most."""
    blocks = [block for text in texts for block in _BLANK.split(text) if block.strip()]
    every = [line for block in blocks for line in block.split("\n") if line.strip()]
    if not every:
        return "whole", ""
    if len(texts) >= _FEWEST_BLOCKS and median(map(len, texts)) <= _SHORT_FILE:
        return "whole", f"These are {len(texts):,} short files. {_LEARNED_WHOLE}file"
    seen = _Lines(every[:_SAMPLE], max(1, round(len(blocks) * min(1.0, _SAMPLE / len(every)))))
    if seen.stands_alone and seen.usual <= _LONGEST and seen.closed <= 0.3:
        return "line", (
            f"This is a list of {len(every):,} pieces, one a line: each is learned by itself, from its start to its "
            "end. Where the lines belong together, learn it as one long text with --set pieces=whole"
        )
    return "whole", _offer(seen, blocks, every)


def _offer(seen: _Lines, blocks: Sequence[str], every: Sequence[str]) -> str:
    rules = Counter(line.strip() for line in every if _RULE.fullmatch(line.strip()))
    rule, count = max(rules.items(), key=lambda item: item[1], default=("", 0))
    if count >= _FEWEST_BLOCKS:
        return f"A line '{rule}' parts it into {count + 1:,} pieces. {_LEARNED_WHOLE}'{rule}'"
    if seen.stands_alone and seen.usual <= 1.5 * _LONGEST:
        return f"It might be a list of {len(every):,} pieces, one a line. {_LEARNED_WHOLE}line"
    openings = {block.split("\n")[0].strip() for block in blocks}
    poems = (
        len(blocks) >= _FEWEST_BLOCKS
        and len(openings) >= 0.9 * len(blocks)  # in a play the same few people speak again
        and seen.usual <= _LONGEST
        and seen.begun_small <= 0.35  # prose that was broken to fit
        and 2 <= median(block.count("\n") + 1 for block in blocks) <= 60
    )
    return (
        f"Blank lines part it into {len(blocks):,} pieces, such as poems. {_LEARNED_WHOLE}blank-line" if poems else ""
    )
