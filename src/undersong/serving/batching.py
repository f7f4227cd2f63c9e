"""Many courses of one instrument, stepped together: one step serves all who ask for one, one draw all who draw alike.

Rows are put one under the other, and what comes back is handed out again as it was handed in. Where everybody goes on
from just what he was given, in the same order, nothing is put together anew: the arrays are still as they came back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import cast, final

import numpy as np

from undersong.distributions.distribution import AbstractDistribution
from undersong.events import Condition, Steps
from undersong.playing.courses import Draw, Step
from undersong.serving.players import Player, Stack

__all__ = ["Together"]

_ROWS = 128  # stepped in one go: more are no quicker per row, and their arrays leave the cache
_NUMBERS = 4_000_000  # odds of all rows of one draw, 32 MB
_BYTES = 2**26  # states of all rows of one step
_FORMS = 1_000  # shapes remembered; conditions of any length make new ones


@final
class Together:
    """Steps and draws of one instrument for any number of players."""

    def __init__(self, steps: Steps, distribution: AbstractDistribution) -> None:
        self._steps, self._distribution = steps, distribution
        self._draws = max(1, min(_ROWS, _NUMBERS // max(1, distribution.parameter_count)))
        self._forms: dict[Hashable, Hashable] = {}

    def round(self, players: Sequence[Player]) -> int:
        """A step for each who asks for one, then a draw for each who then asks for one; the rows that were stepped."""
        if len(players) == 1:
            return self._alone(players[0])
        stepping = [player for player in players if type(player.asked) is Step]
        rows = 0
        for group in self._alike(stepping):
            for chunk in _chunks(group, self._most(group)):
                rows += self._step(chunk)
        drawing = [player for player in players if type(player.asked) is Draw]
        for group in _drawing_alike(drawing):
            for chunk in _chunks(group, self._draws):
                self._draw(chunk)
        return rows

    def _alone(self, player: Player) -> int:
        """The same for a single one, the shortest way."""
        rows = 0
        try:
            if type(asked := player.asked) is Step:
                rows = len(asked.event)
                answer = self._steps.step(asked.event, asked.condition, asked.state)
                del asked
                player.take_all(*answer)
            if type(asked := player.asked) is Draw:
                player.advance(self._distribution.played(asked.odds, asked.allowed, asked.uniforms, asked.dials))
        except Exception as error:
            player.close(error)
        return rows

    # ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _alike(self, players: list[Player]) -> list[list[Player]]:
        """Players whose arrays fit under one another."""
        for player in players:
            self._see_form(player)
        if not players or all(player.form is players[0].form for player in players):
            return [players] if players else []
        groups: dict[Hashable, list[Player]] = {}
        for player in players:
            groups.setdefault(player.form, []).append(player)
        return list(groups.values())

    def _see_form(self, player: Player) -> None:
        """The shapes and types of what a player hands in, looked at again only where it is not what he was given."""
        step = cast(Step, player.asked)
        given = player.handed
        if player.form is not None and step.condition is player.condition and given and step.state is given():
            return
        condition = tuple((name, value.dtype, value.shape[1:]) for name, value in sorted(step.condition.items()))
        state = tuple((name, value.dtype, value.shape[1:]) for name, value in sorted(step.state.items()))
        form = (step.event.dtype, step.event.shape[1:], condition, state)
        if len(self._forms) > _FORMS:
            self._forms.clear()
        player.form = self._forms.setdefault(form, form)
        player.condition = step.condition
        held = [*step.condition.values(), *step.state.values()]
        player.needs = sum(value.nbytes for value in held) // max(1, len(step.event))

    def _most(self, players: list[Player]) -> int:
        """Rows that are stepped in one go."""
        return max(1, min(_ROWS, _BYTES // max(1, players[0].needs)))

    def _step(self, players: list[Player]) -> int:
        """One step for all of them; the rows it had. Where it fails, each is tried alone: one may have broken it."""
        steps = [cast(Step, player.asked) for player in players]
        ends = list(accumulate(len(step.event) for step in steps))
        try:
            stack = self._stepped(players, steps)
        except Exception as error:
            if len(players) == 1:
                players[0].close(error)
                return 0
            return sum(self._step([player]) for player in players)
        steps.clear()  # they hold what the players were given before, which nobody may need any more
        start = 0
        for player, stop in zip(players, ends, strict=True):
            player.take(stack, start, stop)
            start = stop
        return ends[-1]

    def _stepped(self, players: list[Player], steps: list[Step]) -> Stack:
        last = _still_together(players, steps)
        conditions = [step.condition for step in steps]
        event, shared, state = steps[0].event, steps[0].condition, steps[0].state
        if len(players) > 1:
            event = np.concatenate([step.event for step in steps])
            shared = _shared(conditions, last)
        if last is not None:
            state = last.state
        elif len(players) > 1:
            state = _stacked([step.state for step in steps])
        parameters, after = self._steps.step(event, shared, state)
        return Stack(players, conditions, shared, parameters, after)

    # ── draws ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _draw(self, players: list[Player]) -> None:
        draws = [cast(Draw, player.asked) for player in players]
        rows = [len(draw.odds) for draw in draws]
        try:
            if len(players) == 1:
                (draw,) = draws
                events, nats = self._distribution.played(draw.odds, draw.allowed, draw.uniforms, draw.dials)
            else:
                odds = _odds(players, draws)
                uniforms = np.concatenate([draw.uniforms for draw in draws])
                allowed = _allowed(players, draws)
                events, nats = self._distribution.played(odds, allowed, uniforms, draws[0].dials)
        except Exception as error:
            if len(players) == 1:
                players[0].close(error)
                return
            for player in players:
                self._draw([player])
            return
        draws.clear()
        if len(players) == 1:
            players[0].advance((events, nats))
            return
        start = 0
        for player, count in zip(players, rows, strict=True):
            stop = start + count
            player.advance((events[start:stop].copy(), nats[start:stop].copy()))
            start = stop


def _chunks(players: list[Player], most: int) -> Iterator[list[Player]]:
    """Players by so many rows, in their order; who has more alone is alone."""
    chunk: list[Player] = []
    rows = 0
    for player in players:
        asked = player.asked
        count = len(asked.event if type(asked) is Step else cast(Draw, asked).odds)
        if chunk and rows + count > most:
            yield chunk
            chunk, rows = [], 0
        chunk.append(player)
        rows += count
    if chunk:
        yield chunk


def _still_together(players: list[Player], steps: list[Step]) -> Stack | None:
    """What they were all given, where each goes on from just that, in that order, and nobody else was given of it."""
    stack = players[0].stack
    if stack is None or stack.players != players:
        return None
    for player, step in zip(players, steps, strict=True):
        if player.stack is not stack or player.handed is None or step.state is not player.handed():
            return None
    return stack


def _shared(conditions: list[Condition], last: Stack | None) -> Condition:
    """Conditions under one another."""
    if not conditions[0]:
        return conditions[0]
    if last is not None and all(map(lambda now, then: now is then, conditions, last.conditions)):
        return last.shared
    return Condition(_stacked(conditions))


def _stacked(each: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([arrays[name] for arrays in each]) for name in each[0]}


def _drawing_alike(players: list[Player]) -> list[list[Player]]:
    """Players whose dials stand alike, and whose odds fit under one another."""
    groups: dict[Hashable, list[Player]] = {}
    for player in players:
        draw = cast(Draw, player.asked)
        if draw.dials is not player.dials:
            player.dials, player.dialled = draw.dials, tuple(sorted(draw.dials.items()))
        key = (player.dialled, draw.allowed is None, draw.odds.dtype, draw.odds.shape[1:])
        groups.setdefault(key, []).append(player)
    return list(groups.values())


def _odds(players: list[Player], draws: list[Draw]) -> np.ndarray:
    """Odds under one another: as they came from the step, where everybody draws from what he was given there."""
    stack = players[0].stack
    together = stack is not None and stack.players == players
    if stack is not None and together and all(map(lambda p, draw: draw.odds is p.odds, players, draws)):
        return stack.parameters["next"]
    return np.concatenate([draw.odds for draw in draws])


def _allowed(players: list[Player], draws: list[Draw]) -> np.ndarray | None:
    """What may follow, row by row (R, V), or as one row for all where it is the same for all.

    A row of a grammar is the same memory in everybody's hands, and so is known without being read.
    """
    if draws[0].allowed is None:
        return None
    known: dict[Hashable, int] = {}
    distinct: list[np.ndarray] = []
    places: list[np.ndarray] = []
    count = 0
    for player, draw in zip(players, draws, strict=True):
        allowed = draw.allowed
        assert allowed is not None
        if len(allowed) > 1:
            places.append(np.arange(count, count + len(allowed)))
        else:
            if allowed is not player.allowed:
                player.allowed, player.where = allowed, (allowed.__array_interface__["data"], allowed.strides)
            at = known.setdefault(player.where, count)
            places.append(np.full(len(draw.odds), at))
            if at < count:
                continue
        distinct.append(allowed)
        count += len(allowed)
    if count == 1:
        return distinct[0]
    found: np.ndarray = np.concatenate(distinct)[np.concatenate(places)]
    return found
