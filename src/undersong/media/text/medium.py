"""The text medium: plain text files, learned as one long stream of characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, final

from undersong.errors import UnknownNameError
from undersong.events import AbstractMedium, AbstractPiece, Material
from undersong.media.text import pieces as short
from undersong.media.text import reader
from undersong.media.text.codec import Characters, whole_until
from undersong.media.text.piece import SUFFIXES, TextPiece, text_of

__all__ = ["Text"]

_ANTHOLOGY = Path(__file__).parent / "anthology"
_VOICES = ("keeper", "bestiary", "tide")


@final
class Text(AbstractMedium):
    """Prose, verse, code: whatever is written in characters."""

    kind: ClassVar[str] = "text.v1"
    measure: ClassVar[str] = "character"
    units: ClassVar[tuple[str, ...]] = ("character",)
    tries_anything: ClassVar[bool] = True

    def claims(self, path: Path) -> bool:
        return path.suffix.lower() in SUFFIXES

    def read(self, paths: Sequence[Path], to_learn: bool = True) -> Material:
        return reader.read(paths, least=reader.LEAST_CHARACTERS if to_learn else 1)

    def cut(self, material: Material, how: str) -> Material:
        """One long text, or each file, line or block between blank or other lines as a piece of its own."""
        return short.cut(material, how)

    def codec(self, pieces: Sequence[AbstractPiece], unit: str) -> Characters:
        """A vocabulary of these pieces' characters. Raises UnknownNameError for another unit."""
        if unit not in self.units:
            raise UnknownNameError(f"Text is not learned by '{unit}'.", f"Its units: {', '.join(self.units)}.")
        return Characters.from_pieces(pieces)

    def split(self, piece: AbstractPiece, most: int) -> tuple[TextPiece, TextPiece]:
        """The last tenth is counted in code points; no character built of several is cut through."""
        text = text_of(piece)
        cut = whole_until(text, max(len(text) * 9 // 10, len(text) - most))
        return TextPiece(text[:cut]), TextPiece(text[cut:])

    def prompt(self, given: str) -> TextPiece:
        return TextPiece(given)

    def builtin(self) -> Mapping[str, tuple[Path, ...]]:
        """The anthology's three voices, and all of them together."""
        voices = {name: (_ANTHOLOGY / f"{name}.txt",) for name in _VOICES}
        return {"anthology": tuple(path for (path,) in voices.values()), **voices}

    def shipped(self) -> Mapping[str, Path]:
        return {path.stem: path for path in sorted((_ANTHOLOGY / "instruments").glob("*.undersong"))}
