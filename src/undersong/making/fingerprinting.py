"""What the instrument file and its card say of copying: fingerprints of what was learned, and how much was copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from undersong.events import AbstractCodec, AbstractPiece
from undersong.keeping.fingerprints import WINDOW, Fingerprints
from undersong.making.baseline import Baseline, NgramBaseline
from undersong.making.corpus import Corpus, Stretch
from undersong.making.samples import play
from undersong.playing.instrument import Instrument
from undersong.playing.verbatim import compare_several

__all__ = ["copied_share", "elements_in_parts", "fingerprint", "in_parts", "pieces_in_parts"]

_SHORT = 2_000  # of the medium's measure, played to be looked up; a few seconds at most
_PART = 2**18  # events decoded at once: what is made on the way of each takes some 50 bytes


def fingerprint(codec: AbstractCodec, learned: Sequence[Stretch]) -> tuple[bytes, dict[str, Any]]:
    """The attachment `fingerprints.bin`, and what the card says of it, to stand in the facts as "fingerprint".

    Lengths are in elements: `surely` the shortest span that is surely caught, `guess` the shortest passage that can be
    tested for.
    """
    made = Fingerprints.of_parts(lambda: elements_in_parts(codec, pieces_in_parts(codec, learned)))
    data = made.to_bytes()
    facts = {"window": WINDOW, "every": made.every, "surely": made.surely, "guess": made.guess, "bytes": len(data)}
    return data, facts


def copied_share(
    network: Instrument, baseline: Baseline, codec: AbstractCodec, corpus: Corpus, seed: int
) -> dict[str, Any] | None:
    """How much of short samples at a temperature of 1 stands in the material, to stand in the facts as "copying".

    {"length": in the measure, "network": {"longest": elements, "share": of windows of 20}, "ngram": the same or None};
    None where the network plays nothing.
    """
    played = play(network, _SHORT, seed)
    if not played.length:
        return None
    several = [played]
    if isinstance(baseline, NgramBaseline):
        several.append(play(baseline.instrument(baseline.name, network.medium, codec), _SHORT, seed))
    material = elements_in_parts(codec, pieces_in_parts(codec, corpus.known))
    found = compare_several(material, [[codec.elements(piece) for piece in each.pieces] for each in several])
    figures = [each.to_json() for each in found]
    return {"length": played.length, "network": figures[0], "ngram": figures[1] if len(figures) > 1 else None}


def elements_in_parts(
    codec: AbstractCodec, pieces: Iterable[Iterable[AbstractPiece]]
) -> Iterator[Iterator[np.ndarray]]:
    """What copying is looked for in, of pieces that come in parts."""
    return (map(codec.elements, parts) for parts in pieces)


def pieces_in_parts(codec: AbstractCodec, stretches: Sequence[Stretch]) -> Iterator[Iterator[AbstractPiece]]:
    """Each stretch as a piece that comes in parts, decoded when it is its turn."""
    return (in_parts(codec, stretch.events) for stretch in stretches)


def in_parts(codec: AbstractCodec, events: np.ndarray) -> Iterator[AbstractPiece]:
    """Events (T, …) as pieces that together are the whole, none of them cut within what its measure counts."""
    at = 0
    while at < len(events):
        part = np.asarray(events[at : at + _PART], codec.event.dtype)
        if at + len(part) < len(events):
            complete = np.flatnonzero(np.diff(codec.progress(part), prepend=0))
            part = part[: complete[-1] + 1] if len(complete) else part
        yield codec.decode(part)
        at += len(part)
