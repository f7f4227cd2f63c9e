"""N+7: every noun gives way to the seventh after it in a dictionary (Jean Lescure, 1961)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from pydantic import Field

from undersong.config import Settings
from undersong.errors import InputError
from undersong.events import AbstractPiece, AbstractProcedure
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.procedures.wording import texts_of, words_in
from undersong.media.text.record import RecordPiece

__all__ = ["NPlus7", "NPlus7Settings"]

_SHORTEST = 4  # letters of a word worth replacing, where the text itself is the dictionary
_APOSTROPHES = frozenset("'’")
_HISSING = ("s", "x", "z", "ch", "sh")


class NPlus7Settings(Settings):
    words: str = Field(
        "", description="A file with a word a line, perhaps a tab and its part of speech; else the text's own words."
    )
    shift: int = Field(7, description="How far down the dictionary; below 0 it is up.")
    only: str = Field("noun", description="The part of speech that is replaced, where the dictionary names any.")


@final
class NPlus7(AbstractProcedure):
    """The dictionary is gone through in its own order, and after its end from its beginning; the seed is not used.

    Without a dictionary the text's own words of four letters and more are one, by the alphabet. Capitals are kept, and
    the plural of a word in the dictionary as far as -s, -es and -ies go.
    """

    kind: ClassVar[str] = "n_plus_7.v1"
    medium: ClassVar[str] = "text.v1"
    sentence: ClassVar[str] = (
        "Replaces every noun by the seventh after it in a dictionary (Jean Lescure, Oulipo, 1961); without parts of "
        "speech every word that is in it."
    )
    Settings: ClassVar[type[Settings]] = NPlus7Settings

    def __call__(self, pieces: Sequence[AbstractPiece], seed: int, settings: NPlus7Settings) -> TextPiece:
        texts = texts_of(pieces)
        given = _given(settings.words, settings.only) if settings.words else _own(texts)
        shelf = _Shelf.of(given, settings.shift)
        return TextPiece("\n\n".join(_replaced(text, shelf) for text in texts))


@dataclass(frozen=True)
class _Shelf:
    """The dictionary's words in order, and where each stands, in small letters."""

    words: Sequence[str]
    places: Mapping[str, int]
    shift: int

    @classmethod
    def of(cls, words: Sequence[str], shift: int) -> _Shelf:
        kept = list({word.casefold(): word for word in reversed(words)}.values())[::-1]  # the first of those alike
        if shift % len(kept) == 0:
            raise InputError(
                f"{shift} places on in a dictionary of {len(kept):,} words is the same word.",
                "Choose another shift, or a larger dictionary: --set words=FILE",
            )
        return cls(kept, {word.casefold(): place for place, word in enumerate(kept)}, shift)

    def instead_of(self, word: str) -> str:
        """What stands so many places further on, in the same number and letters; the word itself where it has none."""
        small = word.casefold()
        for ending, singular in (("", small), *_singulars(small)):
            place = self.places.get(singular)
            if place is not None:
                found = self.words[(place + self.shift) % len(self.words)]
                return _cased(_plural(found) if ending else found, word, self.words[place])
        return word


def _replaced(text: str, shelf: _Shelf) -> str:
    made: list[str] = []
    at = 0
    for begin, end in words_in(text):
        made += [text[at:begin], _word(text[begin:end], shelf)]
        at = end
    return "".join([*made, text[at:]])


def _word(word: str, shelf: _Shelf) -> str:
    """A word, or the one before its apostrophe: the sea's → the seal's."""
    found = shelf.instead_of(word)
    if found == word:
        for mark in _APOSTROPHES & set(word):
            stem, apostrophe, rest = word.rpartition(mark)
            if stem and rest.casefold() == "s":
                return f"{shelf.instead_of(stem)}{apostrophe}{rest}"
    return found


def _singulars(word: str) -> list[tuple[str, str]]:
    """What a word may be the plural of, with its ending."""
    if not word.isascii() or len(word) < 4 or not word.endswith("s") or word.endswith("ss"):
        return []
    found = [("s", word[:-1])]
    if word.endswith("ies"):
        found.append(("ies", word[:-3] + "y"))
    elif word.endswith("es") and word[:-2].endswith(_HISSING):
        found.insert(0, ("es", word[:-2]))
    return found


def _plural(word: str) -> str:
    if not word.isascii() or not word[-1].isalpha():
        return word
    if word.casefold().endswith(_HISSING):
        return f"{word}es"
    if word[-1] in "yY" and word[-2:-1].casefold() not in ("", "a", "e", "i", "o", "u"):
        return f"{word[:-1]}ies"
    return f"{word}s"


def _cased(found: str, word: str, listed: str) -> str:
    """In capitals where the word was, unless the dictionary writes it so itself."""
    if len(word) > 1 and word.isupper() and not listed.isupper():
        return found.upper()
    if word[0].isupper() and not listed[0].isupper():
        return found[0].upper() + found[1:]
    return found


# ── dictionaries ───────────────────────────────────────────────────────────────────────────────────────────────────


def _own(texts: Sequence[str]) -> list[str]:
    """The texts' own words in small letters, by the alphabet: capitals are then those of the places they come to."""
    spelled = (text[begin:end].lower() for text in texts for begin, end in words_in(text))
    kept = {word for word in spelled if len(word) >= _SHORTEST and word[0].isalpha() and not _APOSTROPHES & set(word)}
    if not kept:
        raise InputError(
            f"The text has no word of {_SHORTEST} letters to make a dictionary of.",
            "Hand in more of it, or a dictionary: --set words=FILE",
        )
    return sorted(kept)


def _given(path: str, only: str) -> list[str]:
    """The words of a file in its order; where it names parts of speech, those of one part."""
    from undersong.media.text import reading

    read = reading.read([Path(path).expanduser()], 1)
    rows = [row for piece in read.pieces for row in _rows(piece)]
    entries = [(row[0].strip(), row[1].strip() if len(row) > 1 else "") for row in rows if row[0].strip()]
    if not entries:
        raise InputError(f"'{path}' holds no word.", "A dictionary has a word a line, perhaps a tab and its part.")
    if not only or not any(part for _, part in entries):
        return [word for word, _ in entries]
    words = [word for word, part in entries if _is_part(part, only)]
    if not words:
        parts = sorted({part for _, part in entries if part})
        some = ", ".join(parts[:8]) + (" …" if len(parts) > 8 else "")
        raise InputError(
            f"'{path}' names no word as '{only}'.", f'Its parts: {some}. Choose one, or all: --set only=""'
        )
    return words


def _rows(piece: AbstractPiece) -> list[list[str]]:
    """The lines of a list, or the one row of a table."""
    if isinstance(piece, RecordPiece):
        return [list(piece.fields.values())]
    return [line.split("\t") for line in text_of(piece).split("\n")]


def _is_part(part: str, only: str) -> bool:
    """Whether a dictionary's `n.` or `noun` is what was meant by `nouns`."""
    named, wanted = part.casefold().rstrip("."), only.casefold().rstrip(".").removesuffix("s")
    return bool(named) and (wanted.startswith(named) or named.startswith(wanted))


def _show() -> None:
    """Seven places on, in the text's own words."""
    print(NPlus7()([TextPiece("The lamps kept the sea awake, and the sea kept the lamp.")], 0, NPlus7Settings(shift=1)))


if __name__ == "__main__":
    _show()
