"""Text as the bytes of its UTF-8: the smallest signs, in which every other unit is spelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, final

import numpy as np

from undersong.events import AbstractPiece
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.spelling import BYTES, PART, AbstractSpelled

__all__ = ["Bytes"]


@final
class Bytes(AbstractSpelled):
    """The 243 bytes that UTF-8 uses, and an end: 244 symbols that spell any text in any script."""

    kind: ClassVar[str] = "bytes.v1"

    def __init__(self) -> None:
        super().__init__(())

    @classmethod
    def from_pieces(cls, pieces: Sequence[AbstractPiece]) -> Bytes:
        """The same for all pieces."""
        return cls()

    def encode_in_parts(self, piece: AbstractPiece, size: int = PART) -> Iterator[np.ndarray]:
        """The UTF-8 bytes of `size` characters at a time."""
        text = text_of(piece)
        for first in range(0, max(1, len(text)), size):
            values = np.frombuffer(text[first : first + size].encode(), np.uint8)
            yield values - np.int64(2) * (values > 0xC1)

    def display(self, event: int) -> str:
        """The character, where a byte is one (`a`), else `<0xC3>`; `<end>`, `<start>`."""
        symbol = int(self._checked(np.array([event]))[0])
        return chr(BYTES[symbol]) if symbol < 0x80 else super().display(symbol)

    def letters(self) -> Bytes:
        """Itself: each byte is spelled by itself."""
        return self

    def to_json(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Bytes:
        """There is only one such codec, so nothing is read."""
        return cls()


def _show() -> None:
    """A small picture of a few characters in bytes."""
    codec = Bytes()
    for letter in "aé€🦑":
        print(letter, *(codec.display(event) for event in codec.encode(TextPiece(letter))))


if __name__ == "__main__":
    _show()
