"""Courses that are being played together, and what each of them is handed: rows of arrays that all of them share."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, final

import numpy as np

from undersong.events import Condition, Parameters, State
from undersong.playing.courses import Course, Draw, Drawn, Step

__all__ = ["Part", "Player", "Stack"]


@final
class Part(Mapping[str, np.ndarray]):
    """Some rows of arrays that several courses share, looked at only when somebody does.

    Who keeps it for longer than a round gets rows of its own, so that it holds on to nobody else's.
    """

    __slots__ = ("__weakref__", "_arrays", "_own", "_start", "_stop")

    def __init__(self, arrays: Mapping[str, np.ndarray], start: int, stop: int) -> None:
        self._arrays, self._start, self._stop = arrays, start, stop
        self._own: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        own = self._own
        found = own.get(name)
        if found is None:
            arrays = self._arrays
            kept = arrays is self._own  # in the meantime, by the thread that plays
            found = arrays[name] if kept else arrays[name][self._start : self._stop]
            own[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def keep(self) -> None:
        """Copy the rows, and let go of all others."""
        if self._arrays is not self._own:
            self._own = {name: value[self._start : self._stop].copy() for name, value in self._arrays.items()}
            self._arrays = self._own


@final
class Stack:
    """What came back from a step that several players took together."""

    __slots__ = ("conditions", "parameters", "players", "shared", "state")

    def __init__(
        self,
        players: list[Player],
        conditions: list[Condition],
        shared: Condition,
        parameters: Parameters,
        state: State,
    ) -> None:
        self.players, self.conditions, self.shared = players, conditions, shared
        self.parameters, self.state = parameters, state


@final
class Player:
    """A course that is being played: what it asks for now, or what became of it.

    `told` is called with what was drawn before the course goes on, in whatever thread plays it.
    """

    __slots__ = (
        "_course", "_told", "allowed", "asked", "condition", "dialled", "dials", "done", "error", "form", "handed",
        "heard", "needs", "odds", "result", "stack", "where",
    )  # fmt: skip

    def __init__(self, course: Course[Any], told: Callable[[Drawn], object] | None = None) -> None:
        self._course, self._told = course, told
        self.asked: Step | Draw | None = None
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None
        # what it was given last, and what is known of what it asks for
        self.stack: Stack | None = None
        self.handed: weakref.ref[Part] | None = None
        self.heard: weakref.ref[Part] | None = None
        self.odds: np.ndarray | None = None
        self.condition: Condition | None = None
        self.form: Hashable = None
        self.needs = 0
        self.allowed: np.ndarray | None = None
        self.where: Hashable = None
        self.dials: Mapping[str, float] | None = None
        self.dialled: tuple[tuple[str, float], ...] = ()

    def advance(self, answer: Any = None) -> None:
        """On to the next thing that it asks for; what it tells is told on the way."""
        send, told = self._course.send, self._told
        self.asked = None
        while True:
            try:
                asked = send(answer)
            except StopIteration as ended:
                self.done, self.result = True, ended.value
                break
            except Exception as error:
                self.done, self.error = True, error
                break
            if type(asked) is not Drawn:
                self.asked = asked
                return
            answer = None
            if told is not None:
                try:
                    told(asked)
                except Exception as error:
                    self.close(error)
                    break
        _keep((self.handed, self.heard))
        self.stack = self.odds = None

    def take(self, stack: Stack, start: int, stop: int) -> None:
        """On with these rows of a step. What was given before, if anybody still has it, becomes his own."""
        before = self.handed, self.heard
        heard, handed = Part(stack.parameters, start, stop), Part(stack.state, start, stop)
        self.stack, self.odds = stack, heard["next"]
        self.heard, self.handed = weakref.ref(heard), weakref.ref(handed)
        self.advance((heard, handed))
        _keep(before)

    def take_all(self, parameters: Parameters, state: State) -> None:
        """The same where the step was this player's alone."""
        before = self.handed, self.heard
        self.stack = self.odds = self.heard = self.handed = None
        self.advance((parameters, state))
        _keep(before)

    def close(self, error: Exception | None = None) -> None:
        """The course ends here, for that reason."""
        if self.done:
            return
        self.done, self.error, self.asked, self.stack, self.odds = True, error, None, None, None
        try:
            self._course.close()
        except Exception as worse:
            self.error = error or worse


def _keep(parts: Iterable[weakref.ref[Part] | None]) -> None:
    """Whoever still has any of them gets rows of his own."""
    for part in parts:
        if part is not None and (kept := part()) is not None:
            kept.keep()
