"""How voices that differ join: in their symbols, in what they are asked, in what they learned from.

A symbol that a voice has not goes in as it would spell it, and is impossible in its odds. What voices listen to by the
same name and form is asked once. What stands in the material of any voice is a copy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast, final

import numpy as np

from undersong.distributions.categorical import Categorical
from undersong.distributions.distribution import AbstractDistribution
from undersong.errors import PromptError, UsageError
from undersong.events import AbstractCodec, ConditionSpec
from undersong.keeping.fingerprints import WINDOW, Fingerprints
from undersong.playing.instrument import Instrument
from undersong.shapes import Bool, Float, Int

__all__ = ["Materials", "Said", "agreed", "agreed_odds", "asked_together", "known_together"]


# ── what they play ─────────────────────────────────────────────────────────────────────────────────────────────────


def agreed(voices: Mapping[str, Instrument], letters: bool | None) -> tuple[dict[str, Instrument], AbstractCodec]:
    """The voices, by letter where that is wanted (True) or there is no other way (None), and a codec for them all.

    Raises UsageError where they are of different media, or where no codec can say what all of them can.
    """
    (first, one), *others = voices.items()
    for name, other in others:
        if other.medium.kind != one.medium.kind:
            media = [each.medium.kind.partition(".")[0] for each in (one, other)]
            raise UsageError(
                f"'{first}' plays {media[0]} and '{name}' plays {media[1]}: works of different media do not mix.",
                "Mix instruments that play the same kind of work.",
            )
    joint = None if letters else _joint(voices)
    if joint is not None:
        return dict(voices), joint
    units = ", ".join(f"'{name}' of '{voice.codec.kind}'" for name, voice in voices.items())
    if letters is False or (letters is None and any(voice.codec.letters() is None for voice in voices.values())):
        raise UsageError(
            f"These voices have no events in common: {units}.",
            "Mix them by letter." if letters is False else "Mix instruments that learned with the same codec.",
        )
    from undersong.playing.letters.by_letter import by_letter

    spelled = {name: by_letter(voice) for name, voice in voices.items()}
    joint = _joint(spelled)
    if joint is None:
        raise UsageError(
            f"These voices have no events in common, nor letters: {units}.",
            "Records mix where they have the same fields; else mix instruments of the same kind.",
        )
    return spelled, joint


def _joint(voices: Mapping[str, Instrument]) -> AbstractCodec | None:
    first, *others = (voice.codec for voice in voices.values())
    return first.joined(others)


def agreed_odds(voices: Mapping[str, Instrument], joint: AbstractCodec) -> AbstractDistribution:
    """The distribution in which all of them have their odds. Raises UsageError where there is none."""
    (first, one), *others = voices.items()
    count = joint.event.count
    if all(isinstance(voice.distribution, Categorical) for voice in voices.values()) and count is not None:
        return Categorical(count)
    for name, other in others:
        if other.distribution.to_json() != one.distribution.to_json():
            raise UsageError(
                f"'{first}' has odds of '{one.distribution.kind}' and '{name}' of '{other.distribution.kind}', or "
                "with other settings: they do not blend.",
                "Mix instruments that have their odds in the same form.",
            )
    return one.distribution


@final
@dataclass(frozen=True)
class Said:
    """The V symbols of a joint codec, as a voice says them that has N of its own; one past them is the start.

    place (N,) is where each of its symbols stands among the V; own (V + 1,) which of its symbols each is, -1 where it
    has none. What it says then is spelled[first[v] : first[v + 1]], and nothing where it has no way to: `silent`.
    """

    place: Int[np.ndarray, " N"]
    own: Int[np.ndarray, " V+1"]
    spelled: Int[np.ndarray, " L"]
    first: Int[np.ndarray, " V+2"]
    silent: Bool[np.ndarray, " V+1"]

    @cached_property
    def stands_still(self) -> bool:
        """Whether there is any symbol that it cannot say."""
        return bool(self.silent.any())

    @classmethod
    def of(cls, codec: AbstractCodec, joint: AbstractCodec) -> Said | None:
        """None where the voice says all of them, by the same numbers."""
        if not joint.event.is_symbol:
            return None  # codecs of numbers join only where they are the same
        count = joint.event.count or 0
        place = joint.renumbered(codec)
        if len(place) == count + 1 and (place == np.arange(count + 1)).all():
            return None
        own = np.full(count + 1, -1)
        own[place] = np.arange(len(place))
        spelled, many = [], np.ones(count + 1, np.int64)
        for symbol, mine in enumerate(own.tolist()):
            said = np.array([mine]) if mine >= 0 else codec.respelled(symbol, joint)
            many[symbol] = 0 if said is None else len(said)
            spelled.append(own[:0] if said is None else said)
        return cls(place[:-1], own, np.concatenate(spelled), np.concatenate([[0], np.cumsum(many)]), many == 0)

    @cached_property
    def read(self) -> Int[np.ndarray, " V"]:
        """Where among its own N each of the V stands; N itself where it has none."""
        return np.where(self.own[:-1] < 0, len(self.place), self.own[:-1])

    def spread(self, odds: Float[np.ndarray, "B N"]) -> Float[np.ndarray, "B V"]:
        """Log-odds of its own symbols as log-odds of all."""
        nothing = np.empty((len(odds), 1), odds.dtype)
        nothing.fill(-np.inf)
        return np.concatenate((odds, nothing), axis=1).take(self.read, axis=1)

    def gathered(self, odds: Float[np.ndarray, "B V"]) -> Float[np.ndarray, "B N"]:
        """The way back."""
        return np.ascontiguousarray(odds[:, self.place])


# ── what they are asked ────────────────────────────────────────────────────────────────────────────────────────────


def asked_together(
    listens: Mapping[str, Sequence[ConditionSpec]],
) -> tuple[dict[str, ConditionSpec], dict[str, dict[str, str]]]:
    """What voices listen to, by the name under which it is asked; and by voice, the name of each of its own there.

    A name that means the same array to all who know it is asked once; else each has its own, "voice.name".
    """
    forms: dict[str, set[Any]] = {}
    for specs in listens.values():
        for spec in specs:
            forms.setdefault(spec.name, set()).add((spec.array, spec.per))
    asked: dict[str, ConditionSpec] = {}
    names: dict[str, dict[str, str]] = {voice: {} for voice in listens}
    for voice, specs in listens.items():
        for spec in specs:
            alike = len(forms[spec.name]) == 1
            name = spec.name if alike else f"{voice}.{spec.name}"
            told = spec if alike else replace(spec, name=name, sentence=f"Of '{voice}': {spec.sentence}")
            asked.setdefault(name, told)
            names[voice][spec.name] = name
            if spec.per == "memory":
                names[voice][f"{spec.name}.mask"] = f"{name}.mask"
    return asked, names


# ── what they learned from ─────────────────────────────────────────────────────────────────────────────────────────

_ONE_IN = 120  # windows that are found by chance, of one voice
_LEAST = 3  # windows in a row of which a single voice's fingerprints make a span


@final
@dataclass(frozen=True)
class Materials:
    """Fingerprints of several materials, asked like those of one: a window is found that stands in any of them.

    The more there are, the more is found by chance, and the more windows in a row it takes to make a span: as many as
    chance needs to find them no more often than the three of a single voice.
    """

    each: tuple[Fingerprints, ...]

    @cached_property
    def every(self) -> int:
        """Every how many windows there is one of each material: 1 but for very long ones."""
        return math.lcm(*(one.every for one in self.each))

    @property
    def in_a_row(self) -> int:
        apart = math.log(_ONE_IN / min(len(self.each), _ONE_IN // 2))
        return math.ceil(_LEAST * math.log(_ONE_IN) / apart - 1e-9)

    @property
    def surely(self) -> int:
        """As of `Fingerprints`: the shortest span, in elements, that is surely found."""
        return WINDOW - 1 + self.in_a_row * self.every

    @property
    def shortest(self) -> int:
        """The shortest span, in elements, that may be found."""
        return WINDOW + (self.in_a_row - 1) * self.every

    @property
    def guess(self) -> int:
        """The shortest passage, in elements, that whoever holds these can test a guess of."""
        return min(one.guess for one in self.each)

    def found(self, windows: Int[np.ndarray, " N"]) -> Bool[np.ndarray, " N"]:
        there = np.zeros(len(windows), bool)
        for one in self.each:
            there |= one.found(windows)
        return there

    def holds(self, window: int) -> bool:
        return any(one.holds(window) for one in self.each)


def known_together(voices: Mapping[str, Instrument], joint: AbstractCodec) -> Fingerprints | None:
    """What tells copies from the materials of all voices, in a joint codec; None where nobody knows one of them."""
    several = [voice.fingerprints for voice in voices.values()]
    if None in several or not all(_same_elements(voice.codec, joint) for voice in voices.values()):
        return None
    known = tuple(dict.fromkeys(one for each in several for one in _single(each)))
    return known[0] if len(known) == 1 else cast(Fingerprints, Materials(known))  # whoever asks, asks both the same


def _same_elements(codec: AbstractCodec, joint: AbstractCodec) -> bool:
    """Whether a piece is made of the same elements in both: numbers of symbols would be others."""
    if not codec.event.is_symbol or (codec.kind, codec.to_json()) == (joint.kind, joint.to_json()):
        return True
    piece = codec.decode(np.arange(codec.event.count or 0))
    try:
        return np.array_equal(codec.elements(piece), joint.elements(piece))
    except PromptError:
        return False


def _single(known: Any) -> Iterator[Fingerprints]:
    yield from known.each if isinstance(known, Materials) else (known,)


def _show() -> None:
    """How many elements in a row make a copy, the more voices there are."""
    one = Fingerprints.of([np.arange(20)])
    for voices in (1, 2, 3, 5, 10):
        print(f"{voices:2} voices: {Materials((one,) * voices).surely} elements")


if __name__ == "__main__":
    _show()
