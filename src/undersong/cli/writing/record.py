"""Who wrote what, kept beside the file as a session: turns, their authors, and how each suggestion was drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from undersong.cli.writing.document import INSTRUMENT, PERSON, WRITERS, Written
from undersong.cli.writing.suggestions import Suggestion
from undersong.errors import MissingFileError, UndersongError

if TYPE_CHECKING:
    from undersong.playing.instrument import Instrument
    from undersong.playing.sessions.session import Session

__all__ = ["Record", "record_path"]

_ONE_TURN = 1_000  # events after which what a person types becomes another turn
_BY_PERSON = bytes([WRITERS.index(PERSON)])


def record_path(path: Path) -> Path:
    """Where the record of a file lies."""
    return path.with_name(f"{path.name}.session.json")


@final
class Record:
    """A session that holds a document: `session` is the one, `content` the other."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self.instrument = instrument
        self.session = instrument.session("", seed)
        self.content = Written()
        self.fits = True
        """Whether a record that lies there is this one, and may be written over."""

    def open(self, path: Path, words: str) -> str:
        """Take up the record of these words, where one lies beside their file and holds just them.

        Gives what there is to say where it does not: then all of them are the person's.
        """
        if not words:
            self.fits = not record_path(path).exists()
            return ""
        try:
            session = self._load(record_path(path))
        except MissingFileError:
            return ""
        except UndersongError as error:
            self.fits = False
            return f"Who wrote what is not known any more: {error.what}"
        if str(session.piece) != words:
            self.fits = False
            return "The file was changed since; all of it now counts as yours."
        starts = self._starts(session)
        authors = bytearray(len(words))
        for turn in session.turns:
            if turn.author == INSTRUMENT:
                first, last = int(starts[turn.start]), int(starts[turn.stop])
                authors[first:last] = bytes([WRITERS.index(INSTRUMENT)]) * (last - first)
        self.session, self.content = session, Written(words, bytes(authors))
        return ""

    def _load(self, path: Path) -> Session:
        from undersong.playing.sessions.session import Session

        return Session.load(self.instrument, path)

    def follow(self, content: Written) -> None:
        """Bring the session to where the document is."""
        if content == self.content:
            return
        before, after = _told_apart(self.content), _told_apart(content)
        same = _same(before, after)
        room = min(len(before), len(after)) - same
        same_after = min(room, _same(before[::-1], after[::-1]))
        starts = self._starts(self.session)
        # an event may hold several characters, and a character take several events: both are replaced whole
        first = int(np.searchsorted(starts, starts[np.searchsorted(starts, same, "right") - 1], "left"))
        last = int(np.searchsorted(starts, len(before) - same_after, "left"))
        stop = len(after) - (len(before) - int(starts[last]))
        if content[int(starts[first]) : stop].authors[:1] == _BY_PERSON:
            first = self._same_turn(first)
        changed = content[int(starts[first]) : stop]
        session, at = self.session, first
        if first < last:
            session = session.replace(first, last, self._events(""))
        for words, author in changed.runs():
            events = self._events(words)
            session = session.replace(at, at, events, author)
            at += len(events)
        self._keep(session, content)

    def _same_turn(self, first: int) -> int:
        """Where the turn begins that typing at that event goes on with: there itself where it is a new one."""
        turns = self.session.past.last
        turns = None if turns is None else turns.until(first)
        if turns is None or turns.turn.author != PERSON or len(turns.turn) > _ONE_TURN:
            return first
        return turns.turn.start

    def took(self, suggestion: Suggestion, before: Written, place: int) -> None:
        """The instrument's suggestion was taken at that place, and with it how it was drawn."""
        self.follow(before)
        at = int(np.searchsorted(self._starts(self.session), place, "left"))
        whole = int(self._starts(self.session)[at]) == place
        if suggestion.candidate is not None and whole:
            after = before[:place] + Written.by(INSTRUMENT, suggestion.words) + before[place:]
            self._keep(self.session.replace(at, at, suggestion.candidate), after)

    def _keep(self, session: Session, content: Written) -> None:
        """Without the steps back, which the document has."""
        past = replace(session.past, edited=None, undone=None)
        self.session, self.content = replace(session, past=past), content

    def _starts(self, session: Session) -> np.ndarray:
        """(T + 1,) how many characters are there before each event, and after the last."""
        return np.concatenate([[0], self.instrument.codec.progress(session.events)])

    def _events(self, words: str) -> np.ndarray:
        return self.instrument.codec.encode(self.instrument.medium.prompt(words))


def _told_apart(content: Written) -> np.ndarray:
    """A number for each character (N,), the same where both it and its author are."""
    codes = np.frombuffer(content.words.encode("utf-32-le"), "<u4").astype(np.int64)
    return codes + (np.frombuffer(content.authors, np.uint8).astype(np.int64) << 32)


def _same(one: np.ndarray, other: np.ndarray) -> int:
    """How many are the same from the beginning on."""
    size = min(len(one), len(other))
    differing = np.flatnonzero(one[:size] != other[:size])
    return int(differing[0]) if len(differing) else size
