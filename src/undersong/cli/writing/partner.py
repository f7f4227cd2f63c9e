"""The instrument as a partner in writing: it listens to what stands before the caret, and says how it would go on.

What it has heard once it never hears again. It hears the last few thousand characters, not a whole novel: a recurrent
network remembers no further, and the first answer would take minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, final

import numpy as np

from undersong.cli.writing.shown import clean
from undersong.cli.writing.suggestions import Suggestion, Wanted
from undersong.errors import UndersongError, UsageError
from undersong.playing.asking import Asking
from undersong.playing.courses import while_wanted
from undersong.playing.sessions.candidates import Candidate, suggesting
from undersong.playing.sessions.history import Heard, History
from undersong.playing.sessions.infilling import infilling

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument

__all__ = ["LENGTH", "Partner", "for_writing"]

LENGTH = 200
"""Characters after which a suggestion ends where its sentence, line or word does not."""

_HEARD = 2_000  # characters that are heard at first; up to twice that while one goes on writing
_FOLLOWING = 100  # characters after the caret that a suggestion should lead to


def for_writing(instrument: Instrument) -> Instrument:
    """The instrument as one writes with it: words by letter, so that the caret may stand in the middle of one.

    Raises UsageError for what does not play words as they come.
    """
    codec = instrument.codec
    if codec.in_one_go:
        raise UsageError(
            f"'{instrument.name}' plays whole records, which nobody can go on with in the middle of a page.",
            f"undersong sample {instrument.name} --ask FIELD=… plays them one by one.",
        )
    if not codec.event.is_symbol or not _prints_as_itself(instrument):
        raise UsageError(
            f"'{instrument.name}' plays in {instrument.medium.kind}, which is not written in words.",
            f"undersong sample {instrument.name} plays it.",
        )
    if not codec.breaks_off:
        return instrument
    from undersong.playing.letters.by_letter import by_letter  # here, because most are by letter already

    return by_letter(instrument)


def _prints_as_itself(instrument: Instrument) -> bool:
    """Whether words are pieces of its medium."""
    words = "Of words."
    try:
        return str(instrument.codec.decode(instrument.codec.encode(instrument.medium.prompt(words)))) == words
    except (UndersongError, ValueError):
        return False


@final
class Partner:
    """One instrument, how long its suggestions are, and where it listens. For one thread at a time; the rest wait."""

    def __init__(self, instrument: Instrument, count: int, until: str | None, length: int, seed: int) -> None:
        """Raises UsageError where it knows no such end as `until`."""
        endings = instrument.codec.endings
        if until is not None and until not in endings:
            raise UsageError(
                f"'{instrument.name}' knows no '{until}' to end a suggestion at.",
                f"Its ends: {', '.join(endings) or 'none'}.",
            )
        self.instrument, self.count, self.until, self.length, self.seed = instrument, count, until, length, seed
        self._nothing = History.begin(instrument.begin(), self._events(""))
        self._history, self._start = self._nothing, 0  # what is heard, and where in the document it begins
        self._one_at_a_time = threading.Lock()

    def listen(self, before: str) -> None:
        """Hear what stands before the caret, so that the answer comes at once when it is asked for.

        Whoever is drawing just now has heard enough.
        """
        if self._one_at_a_time.acquire(blocking=False):
            try:
                self._hear(before)
            finally:
                self._one_at_a_time.release()

    def suggest(self, wanted: Wanted, still: Callable[[], bool]) -> list[Suggestion] | None:
        """Different ways to go on, the likeliest first. None where `still` says that nobody waits for them any more.

        Raises UndersongError.
        """
        with self._one_at_a_time:
            if not still():
                return None
            heard = self._hear(wanted.before)
            before, after = self._history.events, self._events(_whole(wanted.after[:_FOLLOWING]))
            seed = (self.seed + wanted.dice) % 2**63
            asked = Asking("", self.length, seed, dials=dict(wanted.dials))
            course = (
                infilling(self.instrument, heard, before, after, self.count, self.until, "likely", asked)
                if wanted.after.strip()
                else suggesting(self.instrument, heard, before, self.count, self.until, "likely", asked)
            )
            found = self.instrument.play(while_wanted(course, still))
        if found is None:
            return None
        suggestions = [_suggestion(candidate) for candidate in found]
        return [each for each in suggestions if each.words]

    def copied(self, words: str) -> tuple[tuple[int, int], ...] | None:
        """The spans (start, stop) of these words that stand in the material; None where nobody knows."""
        events = self._events(words)
        found = self.instrument.copied(events[:0], events)
        return None if found is None else tuple((each.span.start, each.span.stop) for each in found)

    def _hear(self, before: str) -> Heard:
        """How the instrument stands after these words; what it heard of them before it does not hear again."""
        start = self._begin(before)
        events = self._events(before[start:])
        history = self._history if start == self._start else self._nothing
        known = history.events[: len(events)]
        differing = np.flatnonzero(known != events[: len(known)])
        same = int(differing[0]) if len(differing) else len(known)
        self._history, self._start = history.until(same).extended(events[same:]), start
        return self.instrument.play(self._history.hearing(self.instrument, {}))

    def _begin(self, before: str) -> int:
        """Where to begin to listen: where it did before, while that is not too far, else at a line or a word."""
        if self._start <= len(before) <= self._start + 2 * _HEARD:
            return self._start
        start = max(0, len(before) - _HEARD)
        if not start:
            return 0
        for end in ("\n", " "):
            found = before.find(end, start, start + _HEARD // 2)
            if found >= 0:
                return found + 1
        return start

    def _events(self, words: str) -> np.ndarray:
        return self.instrument.codec.encode(self.instrument.medium.prompt(words))


def _whole(words: str) -> str:
    """The words to the last space, where there is one: what is cut in the middle of a word misleads."""
    return words if len(words) < _FOLLOWING else words[: max(words.rfind(" "), words.rfind("\n")) + 1] or words


def _suggestion(candidate: Candidate) -> Suggestion:
    words = str(candidate)
    if clean(words) != words:
        return Suggestion(clean(words))
    spans = [(max(0, each.span.start), min(each.span.stop, len(words))) for each in candidate.copied or ()]
    return Suggestion(words, tuple(span for span in spans if span[0] < span[1]), candidate)
