"""The text medium: whatever is written, in files of many kinds, learned by character, byte, word or piece of a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from undersong.errors import UnknownNameError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Material
from undersong.media.text import pieces as short
from undersong.media.text.codec import Characters, whole_until
from undersong.media.text.piece import TextPiece, text_of

__all__ = ["Text"]

_ANTHOLOGY = Path(__file__).parent / "anthology"
_VOICES = ("keeper", "bestiary", "tide")


@final
class Text(AbstractMedium):
    """Prose, verse, code, chats, dictionaries: whatever is written in characters."""

    kind: ClassVar[str] = "text.v1"
    measure: ClassVar[str] = "character"
    units: ClassVar[tuple[str, ...]] = ("character", "word", "bpe", "byte")
    tries_anything: ClassVar[bool] = True

    def claims(self, path: Path) -> bool:
        from undersong.media.text.reading import SUFFIXES  # here, because playing reads no files

        return path.suffix.lower() in SUFFIXES

    def read(self, paths: Sequence[Path], to_learn: bool = True, asked: Mapping[str, Any] | None = None) -> Material:
        from undersong.media.text import reading

        return reading.read(paths, reading.LEAST_CHARACTERS if to_learn else 1, asked or {})

    def cut(self, material: Material, how: str) -> Material:
        """One long text, or each file, line or block between blank or other lines as a piece of its own."""
        return short.cut(material, how)

    def codec(self, pieces: Sequence[AbstractPiece], unit: str) -> AbstractCodec:
        """A vocabulary of these pieces by that unit, of each field where they are records.

        Raises UnknownNameError for another unit.
        """
        from undersong.media.text.records import RecordPiece, Records

        inner = self._unit(unit)
        if pieces and all(isinstance(piece, RecordPiece) for piece in pieces):
            return Records.from_pieces(pieces, inner)
        codec: AbstractCodec = inner.from_pieces(pieces)
        return codec

    def _unit(self, unit: str) -> Any:
        """The codec class of a unit, imported when it is wanted: three of four never are."""
        if unit == "character":
            return Characters
        if unit == "byte":
            from undersong.media.text.bytewise import Bytes

            return Bytes
        if unit == "word":
            from undersong.media.text.words import Words

            return Words
        if unit == "bpe":
            from undersong.media.text.subwords import Subwords

            return Subwords
        raise UnknownNameError(f"Text is not learned by '{unit}'.", f"Its units: {', '.join(self.units)}.")

    def split(self, piece: AbstractPiece, most: int) -> tuple[TextPiece, TextPiece]:
        """The last tenth is counted in code points; no character built of several is cut through."""
        text = text_of(piece)
        cut = whole_until(text, max(len(text) * 9 // 10, len(text) - most))
        return TextPiece(text[:cut]), TextPiece(text[cut:])

    def prompt(self, given: str | Mapping[str, str]) -> AbstractPiece:
        if isinstance(given, str):
            return TextPiece(given)
        from undersong.media.text.record import RecordPiece

        return RecordPiece(dict(given))

    def bound(self, pieces: Sequence[AbstractPiece], suffix: str, layout: str = "") -> bytes:
        """Several texts as one page: a dictionary, a front page, a chat, a screenplay, a book of poems, a list."""
        from undersong.media.text.layouts import bound

        return bound(pieces, suffix, layout)

    def portrait(self, piece: AbstractPiece) -> Mapping[str, np.ndarray]:
        """The lengths of its lines, sentences and words, which words it has, and what it opens and closes."""
        from undersong.media.text.portrait import portrait

        return portrait(text_of(piece))

    def builtin(self) -> Mapping[str, tuple[Path, ...]]:
        """The anthology's three voices, and all of them together."""
        voices = {name: (_ANTHOLOGY / f"{name}.txt",) for name in _VOICES}
        return {"anthology": tuple(path for (path,) in voices.values()), **voices}

    def shipped(self) -> Mapping[str, Path]:
        return {path.stem: path for path in sorted((_ANTHOLOGY / "instruments").glob("*.undersong"))}
