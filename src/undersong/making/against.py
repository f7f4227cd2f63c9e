"""How much of what is played stands letter for letter in a corpus: the network, its n-gram, and works nobody learned.

A figure alone says little, for real works repeat one another, too: so what the run held out stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import RunFolderError, UsageError
from undersong.events import AbstractCodec, AbstractPiece
from undersong.keeping.run_folder import RunFolder, find_run
from undersong.making.corpus import Corpus, Stretch, medium_for
from undersong.making.fingerprinting import elements_in_parts, pieces_in_parts
from undersong.making.samples import play
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load, load_ngram
from undersong.playing.verbatim import Verbatim, compare_several

__all__ = ["LEARNED", "Against", "Row", "score_against"]

LEARNED = "learned"
"""What stands for the run's own material where a corpus is named."""

_LENGTH = 20_000  # of the medium's measure, played by each in all
_SHORT = 2_000  # to look for a temperature
_HALVINGS = 7  # of the search for a temperature: to 2 %
_TEMPERATURES = (0.2, 5.0)  # looked between
_ALL_OF_IT = 0.5  # the share of held-out windows from which it stands in the corpus itself


@final
@dataclass(frozen=True)
class Row:
    """One player: what of its pieces stands in the corpus, plain and `folded`, and the longest run where it shows.

    `nats` are per measure under its own odds at that temperature; held-out works have neither.
    """

    name: str
    plain: Verbatim
    folded: Verbatim | None
    excerpt: AbstractPiece | None
    temperature: float | None = None
    nats: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "temperature": self.temperature,
            "nats": self.nats,
            **self.plain.to_json(),
            "excerpt": None if self.excerpt is None else self.excerpt.to_json(),
            "folded": None if self.folded is None else self.folded.to_json(),
        }


@final
@dataclass(frozen=True)
class Against:
    """An answer to `score --against`; `overlooks` says what the folded figures ignore."""

    corpus: str
    length: int
    measure: str
    overlooks: str
    seed: int
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        rows = [row.to_json() for row in self.rows]
        return {
            "corpus": self.corpus, "length": self.length, "seed": self.seed, "folded": self.overlooks or None,
            "rows": rows,
        }  # fmt: skip


def score_against(run: str | None, against: Sequence[str], seed: int) -> Against:
    """Play, and look the pieces up in a corpus: files, a run's private corpus by the run's name, or "learned".

    With a run, its n-gram plays at the same temperature, and at the one where its odds are as open as the network's:
    so many nats per measure of its own.
    Raises RunFolderError, MissingFileError, UnreadableFileError, UsageError.
    """
    instrument = load(run)
    folder = None if run is not None and run.endswith(".undersong") else find_run(run)
    label, corpus = _corpus(instrument, folder, against)
    played = play(instrument, _LENGTH, seed)
    nats = played.nats / max(1, played.length)
    players = [_Player(instrument.name, played.pieces, 1.0, nats)]
    if folder is not None and folder.ngram.is_file():
        chain = load_ngram(folder)
        name = chain.facts["network"]
        played = play(chain, _LENGTH, seed)
        players.append(_Player(name, played.pieces, 1.0, played.nats / max(1, played.length)))
        alike = _temperature(chain, nats, seed)
        opened = _openness(chain, alike, seed)
        players.append(_Player(name, play(chain, _LENGTH, seed, alike).pieces, alike, opened))
    codec = instrument.codec
    if folder is None or not folder.corpus.is_file():
        rows = _rows(codec, corpus, players)
    else:
        split = Corpus.read(folder)
        works = _Player("held out", _first(codec, split.held_out))
        rows = _rows(codec, corpus, [*players, works])
        if rows[-1].plain.share > _ALL_OF_IT:
            works = replace(works, name=f"held out, in what was {LEARNED}")
            rows[-1:] = _rows(codec, lambda: _parts(codec, split), [works])
    return Against(label, _LENGTH, instrument.medium.measure, instrument.codec.overlooks, seed, tuple(rows))


# ── what is played ─────────────────────────────────────────────────────────────────────────────────────────────────


def _first(codec: AbstractCodec, stretches: Sequence[Stretch]) -> list[AbstractPiece]:
    """The first pieces, as long together as what is played."""
    kept: list[AbstractPiece] = []
    length = 0
    for stretch in stretches:
        if length >= _LENGTH:
            break
        reached = np.searchsorted(codec.progress(stretch.events), _LENGTH - length, side="right")
        kept.append(codec.decode(stretch.events[:reached]))
        length += codec.measure(kept[-1])
    return kept


def _temperature(instrument: Instrument, nats: float, seed: int) -> float:
    """The temperature at which what it plays has so many nats per measure under the odds it was drawn from."""
    low, high = np.log(_TEMPERATURES)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _openness(instrument, float(np.exp(middle)), seed) < nats else (low, middle)
    return float(np.exp((low + high) / 2))


def _openness(instrument: Instrument, temperature: float, seed: int) -> float:
    """Nats per measure of what it plays at a temperature, under the odds at that temperature."""
    played = play(instrument, _SHORT, seed, temperature)
    nats = 0.0
    for events in played.events:
        heard, odds = instrument.begin(), []
        for event in events:
            odds.append(heard.parameters["next"][0])
            heard = instrument.hear(event[None], heard)
        if odds:
            turned = instrument.distribution.turned(np.array(odds), {"temperature": temperature})
            nats -= float(np.sum(instrument.distribution.log_prob(turned, events)))
    return nats / max(1, played.length)


# ── what it is looked up in ────────────────────────────────────────────────────────────────────────────────────────


_Pieces = Callable[[], Iterable[Iterable[AbstractPiece]]]  # which come in parts, as often as they are wanted


@final
@dataclass(frozen=True)
class _Player:
    """Pieces to look up, and what a row says of who played them."""

    name: str
    pieces: Sequence[AbstractPiece]
    temperature: float | None = None
    nats: float | None = None


def _rows(codec: AbstractCodec, corpus: _Pieces, players: Sequence[_Player]) -> list[Row]:
    """What of each player's pieces stands in a corpus, which goes by twice where its codec overlooks anything."""
    plain = _compared(codec, corpus(), [player.pieces for player in players])
    folded: Sequence[Verbatim | None] = [None] * len(players)
    if codec.overlooks:
        there = ((codec.folded(part) for part in parts) for parts in corpus())
        folded = _compared(codec, there, [[codec.folded(piece) for piece in player.pieces] for player in players])
    rows = []
    for player, exact, loose in zip(players, plain, folded, strict=True):
        excerpt = None
        if exact.longest:
            excerpt = codec.excerpt(player.pieces[exact.piece], exact.start, exact.start + exact.longest)
        rows.append(Row(player.name, exact, loose, excerpt, player.temperature, player.nats))
    return rows


def _compared(
    codec: AbstractCodec, corpus: Iterable[Iterable[AbstractPiece]], several: Sequence[Sequence[AbstractPiece]]
) -> list[Verbatim]:
    return compare_several(
        elements_in_parts(codec, corpus), [[codec.elements(piece) for piece in pieces] for pieces in several]
    )


def _corpus(instrument: Instrument, folder: RunFolder | None, against: Sequence[str]) -> tuple[str, _Pieces]:
    """What to call the corpus, and its pieces in parts."""
    if len(against) == 1:
        named = folder if against[0] == LEARNED else find_run(against[0])
        if named is not None:
            return f"what '{named.name}' learned from", _learned_by(named, instrument)
        if against[0] == LEARNED:
            raise RunFolderError("Only a run folder knows what was learned.", "Name the files: --against mine.txt")
    medium, paths, labels = medium_for(against, instrument.medium.kind)
    pieces = medium.read(paths, to_learn=False).pieces
    return ", ".join(labels), lambda: (_in_parts(instrument.codec, piece) for piece in pieces)


def _learned_by(run: RunFolder, instrument: Instrument) -> _Pieces:
    told = run.read_json("private/codec.json")
    if told["medium"] != instrument.medium.kind:
        raise UsageError(f"'{instrument.name}' plays {instrument.medium.kind}; '{run.name}' learned {told['medium']}.")
    codec: AbstractCodec = registry.load("codecs", told["codec"]["kind"]).from_json(told["codec"])
    corpus = Corpus.read(run)
    return lambda: _parts(codec, corpus)


def _parts(codec: AbstractCodec, corpus: Corpus) -> Iterator[Iterator[AbstractPiece]]:
    return pieces_in_parts(codec, corpus.known)


def _in_parts(codec: AbstractCodec, piece: AbstractPiece) -> Iterator[AbstractPiece]:
    """A piece itself, or as many as its codec makes of a very long one."""
    parts = codec.encode_in_parts(piece)
    first, second = next(parts, None), next(parts, None)
    if first is None or second is None:
        yield piece
    else:
        yield codec.decode(first)
        yield codec.decode(second)
        yield from map(codec.decode, parts)
