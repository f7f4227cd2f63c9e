"""Codecs whose symbols are spelled in several ways, voices over them, and the sum over all ways by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from tiny_models import CoreCase, model_of, verses, voice

from undersong.distributions.categorical import Categorical
from undersong.events import AbstractCodec, AbstractPiece, Condition, Grammar, Parameters, State, Steps
from undersong.making.assembling import assemble
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece, text_of
from undersong.media.text.subwords import Subwords
from undersong.media.text.words import Words
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.graph_steps import GraphSteps
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter
from undersong.playing.letters.letter_steps import LetterSteps
from undersong.playing.loading import markov_instrument
from undersong.shapes import ArraySpec

NOTHING = Condition()
AMBIGUOUS = ("a", "b", "ab", "ba", "aba", "ab")  # the same spelling twice, too
END = "."


# ── a small codec, small voices, and the sum over all ways to spell, by hand ──────────────────────────────────────


class Signs(AbstractCodec):
    """Symbols spelled with a, b and an end; "" is silent. The letters themselves are a, b and the end."""

    kind = "signs.v1"
    head = "categorical"

    def __init__(self, signs: Sequence[str], grammar: Grammar | None = None) -> None:
        self.signs = (*signs, END)
        self.end = len(signs)
        self.event = ArraySpec((), "int64", count=self.end + 1)
        self.distribution: Mapping[str, Any] = {"kind": "categorical.v1", "size": self.end + 1}
        self.grammar = grammar

    @property
    def start(self) -> np.ndarray:
        return np.array(self.end + 1)

    def encode(self, piece: AbstractPiece) -> np.ndarray:
        """The longest sign that fits, again and again: what this codec itself would write."""
        text, found = text_of(piece), []
        while text:
            fits = [sign for sign in self.signs[: self.end] if sign and text.startswith(sign)]
            found.append(self.signs.index(max(fits, key=len)))
            text = text[len(self.signs[found[-1]]) :]
        return np.array(found, np.int64)

    def decode(self, events: np.ndarray) -> TextPiece:
        return TextPiece("".join(self.signs[event] for event in events if event < self.end))

    def measure(self, piece: AbstractPiece) -> int:
        return len(text_of(piece))

    def progress(self, events: np.ndarray) -> np.ndarray:
        return np.cumsum([0 if event == self.end else len(self.signs[event]) for event in events])

    def letters(self) -> AbstractCodec | None:
        return Signs("ab")

    def spelling(self, event: int) -> tuple[int, ...]:
        return tuple("ab.".index(letter) for letter in self.signs[event])

    def display(self, event: int) -> str:
        return self.signs[event]

    def to_json(self) -> dict[str, Any]:
        return {"signs": list(self.signs)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Signs:
        return cls(data["signs"][:-1])


@cache
def weights(size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    return dice.normal(size=(size + 1, 4)), dice.normal(size=(4, 4)), 2 * dice.normal(size=(4, size))


@dataclass(frozen=True)
class Listener:
    """A small recurrent network of random weights, which never forgets what it heard; a condition `mood` turns it."""

    size: int
    seed: int = 0

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return self.step(np.full(batch, self.size), condition, {"h": np.zeros((batch, 4))})

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        hears, keeps, tells = weights(self.size, self.seed)
        mood = condition["mood"][:, None] if "mood" in condition else 0.0
        h = np.tanh(hears[event] + np.einsum("bi,ij->bj", state["h"], keeps) + mood)
        return {"next": np.einsum("bi,ij->bj", h, tells)}, {"h": h}

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        return (*self.step(event, condition, state), {})


def by_hand(steps: Steps, codec: AbstractCodec, letters: tuple[int, ...], condition: Condition = NOTHING) -> float:
    """The odds that a piece begins with these letters: a sum over all symbols that may come first, and what follows."""
    distribution = Categorical(codec.event.count or 0)

    def rest(parameters: Parameters, state: State, situation: int, letters: tuple[int, ...]) -> float:
        if not letters:
            return 1.0
        following = codec.grammar.following if codec.grammar else np.zeros((1, codec.event.count or 0), np.int64)
        allowed = codec.grammar.allowed[situation] if codec.grammar else np.ones(codec.event.count or 0, bool)
        odds = np.exp(distribution.log_odds(distribution.mask(parameters["next"][0], allowed)))
        whole = 0.0
        for symbol in np.flatnonzero(allowed):
            spelling = codec.spelling(int(symbol))
            if spelling[: len(letters)] == letters:
                whole += odds[symbol]
            elif letters[: len(spelling)] == spelling:
                heard = steps.step(np.array([symbol]), condition, state)
                whole += odds[symbol] * rest(*heard, int(following[situation, symbol]), letters[len(spelling) :])
        return float(whole)

    return rest(*steps.start(condition, 1), 0, letters)


def of_signs(codec: Signs, steps: Steps, **settings: Any) -> Instrument:
    return Instrument("signs", Text(), codec, Categorical(len(codec.signs)), steps, **settings)


def chain(codec: AbstractCodec, text: str, order: int = 3) -> Instrument:
    """An n-gram of a text in some unit."""
    ngram = NGram(count([codec.encode(TextPiece(text))], order, codec.event.count or 0), "kneser-ney")
    return markov_instrument("chain", Text(), codec, ngram, ())


@cache
def network(codec: AbstractCodec) -> Instrument:
    """An LSTM of random weights over some unit of text, as its file plays it."""
    of = replace(voice("text"), codec=codec)
    file = assemble("network", of.medium, codec, model_of(of, CoreCase("lstm.v1")), {})
    return Instrument("network", of.medium, codec, Categorical(codec.event.count or 0), GraphSteps(file))


@cache
def words() -> Words:
    return Words.from_pieces([TextPiece(verses(40, seed=1))])


@cache
def parts() -> Subwords:
    return Subwords.from_pieces([TextPiece(verses(40, seed=1))], joins=60)


def exact(instrument: Instrument) -> Instrument:
    """By letter with more hypotheses than a short text can have."""
    plays = by_letter(instrument)
    assert isinstance(plays.steps, LetterSteps)
    plays.steps = replace(plays.steps, beam=256)
    return plays


def lost_by(instrument: Instrument, text: str) -> float:
    """The reading `lost` after a text."""
    events = instrument.codec.encode(TextPiece(text))
    return float(instrument.hear(events, instrument.begin()).parameters["lost"][0])
