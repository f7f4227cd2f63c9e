"""What to expect of so much material, in plain words and before the waiting begins; nothing that was not measured."""

from __future__ import annotations

from undersong.events import AbstractMedium
from undersong.making.corpus import Corpus

__all__ = ["advice"]

_LITTLE = 20_000  # events: below, an n-gram foretold new text better than a network learned in the same minutes
_MUCH = 300_000  # events: up to here a mixture of both foretold it better than either
_FEW = 1_000  # pieces, of which one in ten is held out


def advice(medium: AbstractMedium, corpus: Corpus, length: int, shape: str) -> str:
    """A sentence or two for whoever hands in that much; nothing where there is enough."""
    events, pieces = corpus.events_learned, len(corpus.learned)
    symbols = medium.baseline == "ngram"
    if shape == "pieces" and pieces < _FEW:
        return (
            f"{pieces:,} pieces are few to learn from: what it plays may stand in the list already. "
            f"The score rests on {len(corpus.held_out):,} pieces that were held out, and is rough."
        )
    if events < _LITTLE:
        return (
            f"{length:,} {medium.measure}s are little to learn from: expect echoes of the material more than new work."
            + f" Below about {_LITTLE:,} the n-gram often plays better." * symbols
        )
    if events < _MUCH and symbols and shape != "pieces":
        return (
            f"{length:,} {medium.measure}s are not much: a network and an n-gram together foretold texts of this size "
            "better than either of them, and so they play together unless told otherwise."
        )
    return ""
