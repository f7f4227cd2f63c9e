"""Steps whose events are letters, over the steps of an instrument whose symbols are spelled with them.

What is expected of the next letter is what is expected of all ways to go on spelling: the symbol that has begun may go
on with it, or be finished, with the next one beginning so. Each way in which the letters so far may have come about is
a hypothesis: the state after the symbols that are finished, and the letters since. To hear a letter is to keep the
hypotheses that go on with it, and to add one for each symbol that it finishes. Of these the likeliest are kept, as in
the beam of Vieira et al. (2024, "From language models over tokens to language models over characters"); the sum over
all tokenisations is that of Cao & Rimell (2021, "You should evaluate your language model on marginal likelihood over
tokenisations").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from undersong.distributions.categorical import Categorical
from undersong.distributions.reductions import in_float64, largest, total
from undersong.events import Condition, Grammar, Parameters, State, Steps
from undersong.playing.letters.spellings import Spellings

__all__ = ["LetterSteps"]

_SILENT = 4  # silent symbols that may follow one another
_NEARLY_ALL = 1 - 2.0**-52
_FAINT = 1e-290  # odds that are too small to be shared out among others


@final
@dataclass(frozen=True)
class _Beam:
    """W hypotheses for each of B rows, of how its letters came about; none where `weight` is 0."""

    inner: Mapping[str, np.ndarray]  # (B, W, …) the state after the symbols that are finished
    odds: np.ndarray  # (B, W, V + 1) of the symbol now spelled, in the order of the spellings; then a 0
    situation: np.ndarray  # (B, W) in the grammar, after the symbols that are finished
    pending: np.ndarray  # (B, W) the letters since, as a number of the spellings
    weight: np.ndarray  # (B, W) times the odds of what goes on from the letters pending: shares, together 1
    lost: np.ndarray  # (B,)

    @classmethod
    def of(cls, state: State) -> _Beam:
        inner = {name.removeprefix("inner."): value for name, value in state.items() if name.startswith("inner.")}
        return cls(inner, *(state[name] for name in ("odds", "situation", "pending", "weight", "lost")))

    def as_state(self) -> State:
        held = {"odds": self.odds, "situation": self.situation, "pending": self.pending}
        held |= {"weight": self.weight, "lost": self.lost}
        return {**{f"inner.{name}": value for name, value in self.inner.items()}, **held}


@final
@dataclass(frozen=True)
class LetterSteps:
    """Steps whose events are letters, over steps whose events are spelled with them; W is `beam`.

    state "inner.<name>" (B, W, …), "odds" (B, W, V + 1), "situation", "pending", "weight" (B, W), "lost" (B,)
    · parameters "next" (B, letters), "lost" (B,) · inside "share" (B, W). Of all this the odds are the most:
    8 W (V + 1) bytes a row. A letter that nothing is spelled with is passed over, with what was pending before it.
    """

    inner: Steps
    distribution: Categorical
    grammar: Grammar | None
    spellings: Spellings
    beam: int

    def start(self, condition: Condition, batch: int) -> tuple[Parameters, State]:
        parameters, state = self.inner.start(condition, batch)
        nowhere = np.zeros((batch, self.beam), np.int64)
        beam = _Beam(
            {name: self._in_first(value) for name, value in state.items()},
            self._in_first(self._odds(parameters["next"], nowhere[:, 0])),
            nowhere,
            nowhere,
            self._in_first(np.ones(batch)),
            np.zeros(batch),
        )
        beam = self._past_the_silent(beam, beam.weight > 0, condition)
        return self._expected(beam)[0], beam.as_state()

    def step(self, event: np.ndarray, condition: Condition, state: State) -> tuple[Parameters, State]:
        beam = self._heard(event, condition, _Beam.of(state))
        return self._expected(beam)[0], beam.as_state()

    def inside(
        self, event: np.ndarray, condition: Condition, state: State
    ) -> tuple[Parameters, State, Mapping[str, np.ndarray]]:
        """A letter is heard in many inner steps or in none, so that gates have no place; what there is, are shares."""
        beam = self._heard(event, condition, _Beam.of(state))
        parameters, share = self._expected(beam)
        return parameters, beam.as_state(), {"share": share}

    # ── a letter is heard ──────────────────────────────────────────────────────────────────────────────────────────

    def _heard(self, letter: np.ndarray, condition: Condition, beam: _Beam) -> _Beam:
        at = self.spellings.with_letter(beam.pending, np.asarray(letter, np.int64)[:, None])
        live = (beam.weight > 0) & (at >= 0)
        at = np.where(live, at, 0)
        beam, fresh = self._best(beam, at, live, self._spelled_so(beam, at, live, self._alike), condition)
        return self._past_the_silent(beam, fresh, condition)

    def _past_the_silent(self, beam: _Beam, fresh: np.ndarray, condition: Condition) -> _Beam:
        """With a hypothesis for each silent symbol that may follow one that was just finished, `fresh` (B, W)."""
        for so_far in range(_SILENT + 1 if self.spellings.silent else 0):
            silent = self._spelled_so(beam, beam.pending, fresh, self.spellings.silent)
            if not silent.any():
                break
            beam, fresh = self._best(beam, beam.pending, beam.weight > 0, silent, condition, so_far < _SILENT)
        return beam

    @cached_property
    def _alike(self) -> int:
        return self.spellings.alike

    def _goes_on(self, beam: _Beam, at: np.ndarray, live: np.ndarray) -> np.ndarray:
        """(B, W) what each live hypothesis gives to all symbols that have more letters after `at` (B, W)."""
        found = np.zeros(live.shape)
        here = np.flatnonzero(live)
        if len(here):
            after, start = at.ravel()[here], here * beam.odds.shape[-1]
            edges = np.empty(2 * len(here), np.int64)
            edges[::2] = begin = self.spellings.whole[after] + start
            edges[1::2] = end = self.spellings.last[after] + start
            sums = np.add.reduceat(beam.odds.ravel()[: end[-1] + 1], edges)[::2]
            found.ravel()[here] = np.where((begin < end) & (sums > _FAINT), sums * beam.weight.ravel()[here], 0.0)
        return found

    def _spelled_so(self, beam: _Beam, at: np.ndarray, live: np.ndarray, most: int) -> np.ndarray:
        """(B, W, D) what each live hypothesis gives to the symbols, at most `most`, whose spelling is just `at`."""
        begin, end = self.spellings.first[at], np.where(live, self.spellings.whole[at], 0)
        place = begin[..., None] + np.arange(most)
        place = np.where(place < end[..., None], place, beam.odds.shape[-1] - 1)  # there stands the 0
        rows, slots = np.arange(len(at))[:, None, None], np.arange(at.shape[1])[:, None]
        found: np.ndarray = beam.weight[..., None] * beam.odds[rows, slots, place]
        return found

    def _best(
        self,
        beam: _Beam,
        at: np.ndarray,
        live: np.ndarray,
        finished: np.ndarray,
        condition: Condition,
        hears: bool = True,
    ) -> tuple[_Beam, np.ndarray]:
        """The likeliest hypotheses, and which of them have just heard a symbol (B, W).

        Candidates are those that are live and wait for more letters after `at`, and those that finish a symbol there,
        which weigh `finished` (B, W, D). Where no symbol may be heard any more the latter are lost.
        """
        rows, ways = len(at), 1 + finished.shape[-1]
        every = np.concatenate([self._goes_on(beam, at, live)[..., None], finished], axis=2)  # (B, W, 1 + D)
        clear = np.ones_like(every, bool)  # nothing is pending
        clear[..., 0] = at == 0
        every, clear = every.reshape(rows, -1), clear.reshape(rows, -1)
        weighs = every if hears else np.where(np.arange(every.shape[1]) % ways == 0, every, 0.0)
        stuck = weighs.max(axis=1) <= 0
        if stuck.any():
            beam, at, every, weighs = self._passed_over(beam, at, every, weighs, stuck)
        ranked = self._ranked(weighs, clear)
        row = np.arange(rows)[:, None]
        mass = weighs[row, ranked]
        left = every.copy()
        left[row, ranked] -= mass
        dropped = left.sum(axis=1) / every.sum(axis=1)
        parent, way = ranked // ways, ranked % ways
        fresh = (mass > 0) & (way > 0)
        stays = (mass > 0) & (way == 0)
        place = at[row, parent]
        symbols = self.spellings.order[np.where(fresh, self.spellings.first[place] + way - 1, 0)]
        weight = np.where(stays, beam.weight[row, parent], mass) / mass.sum(axis=1, keepdims=True)
        grown = replace(
            self._moved(beam, parent, stays, fresh, symbols, condition),
            pending=np.where(stays, place, 0),
            weight=weight,
            lost=beam.lost - np.log1p(-np.minimum(dropped, _NEARLY_ALL)),
        )
        return self._merged(grown, fresh), fresh

    def _ranked(self, weighs: np.ndarray, clear: np.ndarray) -> np.ndarray:
        """(B, W) which candidates (B, C) are kept, the likeliest first; before all others the best of the `clear`."""
        key = -weighs
        if self.beam > 1:
            rows, only = np.arange(len(weighs)), np.where(clear, weighs, 0.0)
            best = only.argmax(axis=1)
            key[rows, best] = np.where(only[rows, best] > 0, -np.inf, key[rows, best])
        ranked: np.ndarray = np.argsort(key, axis=1, kind="stable")[:, : self.beam]
        return ranked

    def _passed_over(
        self, beam: _Beam, at: np.ndarray, every: np.ndarray, weighs: np.ndarray, stuck: np.ndarray
    ) -> tuple[_Beam, np.ndarray, np.ndarray, np.ndarray]:
        """The same with nothing pending in rows where nothing goes on (B,)."""
        share = self._expected(beam)[1]
        share = np.where(share.any(axis=1, keepdims=True), share, beam.weight > 0)
        ways = every.shape[1] // share.shape[1]
        every, weighs = every.copy(), weighs.copy()
        every[stuck] = 0.0
        every[stuck, ::ways] = share[stuck]
        weighs[stuck] = every[stuck]
        beam = replace(beam, weight=np.where(stuck[:, None], share, beam.weight))
        return beam, np.where(stuck[:, None], 0, at), every, weighs

    # ── the instrument inside ──────────────────────────────────────────────────────────────────────────────────────

    def _moved(
        self,
        beam: _Beam,
        parent: np.ndarray,
        stays: np.ndarray,
        fresh: np.ndarray,
        symbols: np.ndarray,
        condition: Condition,
    ) -> _Beam:
        """Each hypothesis from its `parent` (B, W): as that was, or after it heard one of `symbols` (B, W)."""
        rows, slots = np.nonzero(stays)
        from_slots = parent[rows, slots]
        where = np.nonzero(fresh)
        if not len(where[0]) and (slots == from_slots).all():
            return beam
        after, odds = self._inner_step(beam, where[0], parent[where], symbols[where], condition)
        situation = beam.situation[where[0], parent[where]]
        if self.grammar is not None:
            situation = self.grammar.following[situation, symbols[where]]

        def moved(old: np.ndarray, new: np.ndarray) -> np.ndarray:
            found = np.zeros(old.shape, old.dtype)
            found[rows, slots] = old[rows, from_slots]
            found[where] = new
            return found

        inner = {name: moved(old, after[name]) for name, old in beam.inner.items()}
        told = moved(beam.odds, self._odds(odds, situation))
        return replace(beam, inner=inner, odds=told, situation=moved(beam.situation, situation))

    def _inner_step(
        self, beam: _Beam, rows: np.ndarray, slots: np.ndarray, symbols: np.ndarray, condition: Condition
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """State (F, …) and odds (F, V) of hypotheses (F,), given by row and slot, after a symbol each.

        Each row's are heard together and apart from other rows', so that to the last bit its odds depend neither on who
        else plays nor on how many. Over rows nothing would be gained: from a handful on each costs a network the same.
        """
        after = {name: np.zeros((len(rows), *old.shape[2:]), old.dtype) for name, old in beam.inner.items()}
        odds = np.zeros((len(rows), len(self.spellings.order)))
        last = 0
        for row, many in enumerate(np.bincount(rows).tolist()):
            if not many:
                continue
            here = slice(last, last := last + many)
            asked = {name: np.repeat(value[row : row + 1], many, axis=0) for name, value in condition.items()}
            state = {name: old[row, slots[here]] for name, old in beam.inner.items()}
            parameters, stepped = self.inner.step(symbols[here], Condition(asked), state)
            odds[here] = parameters["next"]
            for name, value in stepped.items():
                after[name][here] = value
        return after, odds

    def _odds(self, parameters: np.ndarray, situation: np.ndarray) -> np.ndarray:
        """(F, V + 1) what is played of parameters (F, V): what the grammar allows, in the order of the spellings."""
        if self.grammar is not None:
            parameters = self.distribution.mask(parameters, self.grammar.allowed[situation])
        logits = in_float64(parameters)
        odds = np.exp(logits - np.maximum(largest(logits), -1e300))
        whole = total(odds)
        found = np.zeros((len(odds), len(self.spellings.order) + 1))
        np.take(odds, self.spellings.order, axis=1, out=found[:, :-1])
        possible = whole[:, 0] > 0
        found[possible] /= whole[possible]
        found[~possible] = 0.0  # nothing is allowed, or these are no odds
        return found

    def _in_first(self, value: np.ndarray) -> np.ndarray:
        """(B, …) as the first of W hypotheses (B, W, …)."""
        found = np.zeros((len(value), self.beam, *value.shape[1:]), value.dtype)
        found[:, 0] = value
        return found

    def _merged(self, beam: _Beam, fresh: np.ndarray) -> _Beam:
        """Hypotheses that will be the same for ever as one; only states of whole numbers, a chain's, meet again."""
        if any(value.dtype.kind not in "iu" for value in beam.inner.values()) or (fresh.sum(axis=1) < 2).all():
            return beam
        rows, width = fresh.shape
        parts = [value.reshape(rows, width, -1) for value in (beam.situation, *beam.inner.values())]
        known = np.concatenate(parts, axis=2)  # (B, W, C)
        same = (known[:, :, None] == known[:, None]).all(axis=3) & fresh[:, None]
        first = np.where(fresh, same.argmax(axis=2), np.arange(width))  # of equals
        whose = first + np.arange(rows)[:, None] * width
        weight = np.bincount(whose.ravel(), weights=beam.weight.ravel(), minlength=rows * width)
        return replace(beam, weight=weight.reshape(rows, width))

    # ── what comes next ────────────────────────────────────────────────────────────────────────────────────────────

    def _expected(self, beam: _Beam) -> tuple[Parameters, np.ndarray]:
        """The odds of the next letter, and each hypothesis's share (B, W) of them all."""
        table = self.spellings
        rows, width = beam.weight.shape
        here = np.flatnonzero(beam.weight > 0)
        at, start = beam.pending.ravel()[here], here * beam.odds.shape[-1]
        many = table.longer[at + 1] - table.longer[at]  # letters that may follow in each
        ends = np.cumsum(many)
        longer = np.arange(ends[-1]) + np.repeat(table.longer[at + 1] - ends, many)
        closes = ends + np.arange(len(here))
        opens = np.ones(len(longer) + len(here), bool)
        opens[closes] = False
        edges = np.empty(len(opens), np.int64)  # where each letter's symbols begin, and where a hypothesis's last end
        edges[opens] = table.first[longer] + np.repeat(start, many)
        edges[closes] = table.last[at] + start
        sums = np.add.reduceat(beam.odds.ravel()[: edges[-1] + 1], edges)[opens]
        sums *= np.repeat(beam.weight.ravel()[here], many)
        share = np.bincount(np.repeat(here, many), weights=sums, minlength=rows * width)
        whose = np.repeat(here // width * table.letters, many) + table.letter[longer]
        odds = np.bincount(whose, weights=sums, minlength=rows * table.letters).reshape(rows, table.letters)
        odds[~odds.any(axis=1)] = 1.0  # nothing can follow: anything may
        with np.errstate(divide="ignore"):
            found = np.log(odds / odds.sum(axis=1, keepdims=True))
        return {"next": found, "lost": beam.lost}, share.reshape(rows, width)


def _show() -> None:
    """Typed letter by letter, what three symbols that overlap lead to."""
    from undersong.playing.chains.markov import MarkovSteps
    from undersong.playing.chains.ngram import NGram
    from undersong.playing.chains.ngram_counts import count

    signs = ("a", "ab", "b")
    heard = NGram(count([np.array([0, 1, 0, 1, 0, 1, 0, 2])], 1, 3), "witten-bell")
    table = Spellings.of([tuple("ab".index(letter) for letter in sign) for sign in signs], 2)
    steps = LetterSteps(MarkovSteps(heard), Categorical(3), None, table, 8)
    parameters, state = steps.start(Condition(), 1)
    alone = np.exp(heard.log_odds(np.zeros((1, 0), np.int64))[0])
    print("  ".join(f"{sign} {odds:.2f}" for sign, odds in zip(signs, alone, strict=True)))
    for typed in ("a", "b", "a"):
        print(f"then {typed}, of odds {np.exp(parameters['next'][0, 'ab'.index(typed)]):.2f}", end=": ")
        parameters, state = steps.step(np.array(["ab".index(typed)]), Condition(), state)
        begun = state["pending"][0][state["weight"][0] > 0].tolist()
        print(" or ".join("a symbol is finished" if n == 0 else "one has begun" for n in begun))


if __name__ == "__main__":
    _show()
