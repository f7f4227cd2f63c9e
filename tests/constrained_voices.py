"""Voices of every unit under constraints of every kind, and whether what they add holds them, told by looking."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from unicodedata import category

import numpy as np
from spelled_voices import chain, network, parts, words
from tiny_models import instrument_of, verses, voice

from undersong.distributions.categorical import Categorical
from undersong.events import Condition, Parameters, State
from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.bytewise import Bytes
from undersong.media.text.codec import Characters
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.records import RecordPiece, Records
from undersong.media.text.words import Words
from undersong.playing.chains.markov import MarkovSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.instrument import Instrument
from undersong.playing.letters.by_letter import by_letter

PROMPT, LENGTH = "the fox si", 60


@cache
def plays(unit: str) -> Instrument:
    """A voice of some unit; that of characters would like to end soon."""
    if unit == "character":
        return instrument_of("text")
    if unit == "ending":
        return instrument_of("text", ending=3.0)
    if unit == "byte":
        return chain(Bytes(), verses(40, seed=1))
    if unit == "word":
        return network(words())
    if unit == "part":
        return network(parts())
    assert unit == "letters of words"
    return by_letter(chain(words(), verses(40, seed=1)), 4)


UNITS = ("character", "ending", "byte", "word", "part", "letters of words")


def is_word(word: str, said: str, since: int) -> bool:
    """Whether a word ends in what comes after some letters."""
    within = "".join("w" if category(each)[0] in "LMN" or each in "_\u00ad\u200c\u200d" else " " for each in said)
    found = [match.span() for match in re.finditer(f"(?={re.escape(word)})", said)]
    ends = [at + len(word) for at, _ in found if within[max(0, at - 1) : at] != "w"]
    return any(end > since and within[end : end + 1] != "w" for end in ends)


@cache
def kinds() -> Mapping[str, tuple[dict[str, Any], Callable[[str], bool]]]:
    """Constraints of each kind, and whether what was added to the prompt holds them, told by looking."""

    def has(*asked: str) -> Callable[[str], bool]:
        return lambda added: all(each in added for each in asked)

    def lacks(*asked: str) -> Callable[[str], bool]:
        return lambda added: not any((PROMPT + added).find(each, len(PROMPT) - len(each) + 1) >= 0 for each in asked)

    def lacks_words(*asked: str) -> Callable[[str], bool]:
        return lambda added: not any(is_word(each, PROMPT + added, len(PROMPT)) for each in asked)

    def has_words(*asked: str) -> Callable[[str], bool]:
        return lambda added: all(is_word(each, " " + added, 0) for each in asked)

    everything: dict[str, Any] = {
        "contain": ["owl at", "z"], "words": "moon", "avoid": ["fox", "…"], "avoid_words": ["the", "sings"],
        "least": 40, "most": 55, "force": {12: "Q"}, "forbid": {0: ["n", " "]},
    }  # fmt: skip
    return {
        "contain": ({"contain": ["naïve owl", "x"]}, has("naïve owl", "x")),
        "contain what is rare": ({"contain": ["日本 🧑‍🚀", "e\u0301!"]}, has("日本 🧑‍🚀", "e\u0301!")),
        "contain what overlaps": ({"contain": ["the sea", "sea sings", "seas"]}, has("the sea", "sea sings", "seas")),
        "words": ({"words": ["sea", "zebra", "ab"]}, has_words("sea", "zebra", "ab")),
        "avoid letters": ({"avoid": ["e", " ", "é"]}, lacks("e", " ", "é")),
        "avoid spans": ({"avoid": ["the", "sings", "at n", "n", "ï"]}, lacks("the", "sings", "at n", "n", "ï")),
        "avoid words": (
            {"avoid_words": ["the", "sings", "si", "at noon", "f", "owl"]},
            lacks_words("the", "sings", "si", "at noon", "f", "owl"),
        ),
        "least": ({"least": 41}, lambda added: len(added) >= 41),
        "most": ({"most": 17}, lambda added: len(added) <= 17),
        "everything": (
            everything,
            lambda added: (
                has("owl at", "z", "Q")(added)
                and has_words("moon")(added)
                and lacks("fox", "…")(added)
                and lacks_words("the", "sings")(added)
                and 40 <= len(added) <= 55
            ),
        ),
    }


def added(plays: Instrument, within: Constraints, rows: int, seed: int = 1, **more: Any) -> list[str]:
    """What so many samples add to the prompt."""
    prompt, length = more.pop("prompt", PROMPT), more.pop("length", LENGTH)
    return [str(s.piece)[len(prompt) :] for s in plays.samples(rows, prompt, length, seed, within=within, **more)]


@cache
def parrot(unit: str, sampled: bool = False) -> Instrument:
    """An n-gram of a few verses that holds their fingerprints: it copies whenever it can."""
    of = voice("text")
    codec = {"character": of.codec, "word": words(), "part": parts(), "byte": Bytes()}[unit]
    events = codec.encode(of.pieces[0])
    size = codec.event.count or 0
    known = Fingerprints.of([codec.elements(of.pieces[0])], 800 if sampled else 8_000)
    steps = MarkovSteps(NGram(count([events], 6 if unit in ("character", "byte") else 2, size), "kneser-ney"))
    return Instrument("parrot", of.medium, codec, Categorical(size), steps, fingerprints=known)


@cache
def lexicon(unit: str) -> Instrument:
    """An n-gram of a small dictionary, whose fields are closed and which ends."""
    inner = {"character": Characters, "word": Words, "byte": Bytes}[unit]
    said = {
        "lamp": "a light that is kept, naïve",
        "keep": "to hold a light",
        "eel": "a fish",
        "sea": "what holds the eel",
    }
    entries = [RecordPiece({"word": word, "meaning": meaning}) for word, meaning in said.items()] * 3
    codec = Records.from_pieces(entries, inner)
    events = [np.append(codec.encode(entry), codec.end) for entry in entries]
    ngram = NGram(count(events, 4, codec.event.count or 0), "kneser-ney")
    return Instrument("lexicon", Text(), codec, Categorical(codec.event.count or 0), MarkovSteps(ngram))


class Few:
    """A voice to which only some letters are possible at all."""

    def __init__(self, codec: Characters, letters: str) -> None:
        self.odds = np.full((1, codec.event.count or 0), -np.inf)
        self.odds[0, codec.encode(TextPiece(letters))] = 0.0

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        return {"next": np.repeat(self.odds, batch, axis=0)}, {}

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        return {"next": np.repeat(self.odds, len(event), axis=0)}, {}

    def inside(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State, Any]:
        return (*self.step(event, condition, state), {})
