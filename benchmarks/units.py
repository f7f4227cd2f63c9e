"""What a text costs in each unit: characters an event, nats a character by an n-gram, encoding, and playing by letter.

    python benchmarks/units.py                       tiny-shakespeare, Hafez, Tang poems, Milton
    python benchmarks/units.py --texts hafez         one of them

Codec and n-gram (its order chosen inside) are made from the first 90 %, the last tenth is scored; Words and parts of
words at several sizes, the default marked. By letter, 1,000 characters of the tail are scored with beams from 1 to 32
by the default n-gram of that unit: what all ways to cut them lead to, beside the codec's own cut, and what was lost.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from measured import DATA, write
from texts import TINY_SHAKESPEARE, characters, name_of

from undersong.events import AbstractCodec, Condition
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words
from undersong.playing.chains.ngram import choose
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.loading import markov_instrument

TEXTS = {
    "shakespeare": TINY_SHAKESPEARE,
    "hafez": DATA / "persian_poetry/hafez.txt",
    "tang": DATA / "chinese_poetry/poet.tang.8000.json",
    "milton": DATA / "poetry_english/milton.txt",
}
Make = Callable[[list[TextPiece]], AbstractCodec]
UNITS: dict[str, Make] = {
    "character": Characters.from_pieces,
    "byte": Bytes.from_pieces,
    "word <": Words.from_pieces,
    "word, seen 5 times": lambda pieces: Words.from_pieces(pieces, least=5),
    "word, seen 10 times": lambda pieces: Words.from_pieces(pieces, least=10),
    "bpe <": Subwords.from_pieces,
    "bpe, 256 joins": lambda pieces: Subwords.from_pieces(pieces, joins=256),
    "bpe, 1,024 joins": lambda pieces: Subwords.from_pieces(pieces, joins=1024),
    "bpe, 4,096 joins": lambda pieces: Subwords.from_pieces(pieces, joins=4096),
}
BEAMS, LETTERS = (1, 2, 4, 8, 16, 32), 1_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", nargs="+", choices=tuple(TEXTS), default=list(TEXTS))
    rows, letters = [], []
    for name in parser.parse_args().texts:
        text = characters(TEXTS[name])
        cut = len(text) * 9 // 10
        for unit, make in UNITS.items():
            row, player = scored(text[:cut], text[cut:], make)
            rows.append({"text": name_of(TEXTS[name]), "unit": unit, **row})
            print(
                f"{name:12} {unit:20} {row['symbols']:7,} symbols {row['characters an event']:5.2f} characters each "
                f"{row['nats per character']:.3f} nats, {row['n-gram']}, {row['million characters a second']} M/s",
                flush=True,
            )
            if unit in ("word <", "bpe <"):
                for each in spelled(player, text[cut : cut + LETTERS]):
                    letters.append({"text": name_of(TEXTS[name]), "unit": unit, **each})
                    print(f"{'':12} beam {each['beam']:2}: {each['nats']:.5f}, lost {each['lost']:.2g}", flush=True)
    write("units", {"what": (__doc__ or "").partition("\n")[0], "rows": rows, "by letter": letters})


def scored(known: str, held: str, make: Make) -> tuple[dict[str, Any], Instrument]:
    """One unit of one text, and its n-gram as an instrument."""
    codec = make([TextPiece(known)])
    began = time.perf_counter()
    learned = codec.encode(TextPiece(known))
    seconds = time.perf_counter() - began
    events = codec.encode(TextPiece(held))
    size = codec.event.count or 0
    ngram = choose([learned], size)
    nats = -ngram.log_prob_each(events, before=learned).sum()
    row = {
        "symbols": size,
        "characters an event": round(len(held) / len(events), 3),
        "n-gram": ngram.name,
        "nats per character": round(float(nats) / len(held), 4),
        "million characters a second": round(len(known) / seconds / 1e6, 1),
    }
    return row, markov_instrument("units", Text(), codec, ngram, ())


def spelled(player: Instrument, text: str) -> Iterator[dict[str, Any]]:
    """The text by the codec's own cut (beam 0), then by letter."""
    own = player.score(text)
    yield {"beam": 0, "nats": round(float(own.nats.sum()) / len(text), 6), "lost": 0.0}
    for beam in BEAMS:
        letters = by_letter(player, beam)
        events = letters.codec.encode(TextPiece(text))
        parameters, state = letters.steps.start(Condition(), 1)
        nats = 0.0
        for event in events:
            nats -= float(letters.distribution.log_prob(parameters["next"], event[None])[0])
            parameters, state = letters.steps.step(event[None], Condition(), state)
        yield {
            "beam": beam,
            "nats": round(nats / len(text), 6),
            "lost": float(np.round(parameters["lost"][0] / len(text), 9)),
        }


if __name__ == "__main__":
    main()
