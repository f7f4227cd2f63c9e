"""The file and its record, saved all the time: whatever happens, what was written lies on the disk."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import final

from undersong.cli.writing.document import Document, Written
from undersong.cli.writing.manuscript import Manuscript, free_name
from undersong.cli.writing.record import Record, record_path
from undersong.cli.writing.suggestions import Suggestion
from undersong.errors import KeepingError, UndersongError

__all__ = ["Autosave"]

_SHARE = 20  # the record may take one part in so many of the time


@final
class Autosave:
    """May be called from any thread, one at a time."""

    def __init__(self, manuscript: Manuscript, record: Record, content: Written) -> None:
        """`content` is what was opened, of which nothing need be saved."""
        self.manuscript, self.record = manuscript, record
        self._taken: list[tuple[Suggestion, Document]] = []
        self._one_at_a_time = threading.Lock()
        self._kept = content
        self._not_before = 0.0

    @property
    def path(self) -> Path:
        return self.manuscript.path

    @property
    def anything(self) -> bool:
        """Whether anything lies on the disk."""
        return self.manuscript.existed

    def took(self, suggestion: Suggestion, before: Document) -> None:
        """A suggestion was taken at the caret of that document; the record learns of it with the next save."""
        self._taken.append((suggestion, before))

    def save(self, document: Document, at_once: bool = False) -> str:
        """Save what is new; the record of a long document now and then, or at once.

        Gives what there is to say about it, mostly nothing. Raises KeepingError.
        """
        with self._one_at_a_time:
            said = self.manuscript.save(document.words)
            began = time.monotonic()
            if at_once or began >= self._not_before:
                self._save_record(document)
                self._not_before = time.monotonic() + _SHARE * (time.monotonic() - began)
        return said

    def _save_record(self, document: Document) -> None:
        if document.content == self._kept and not self._taken:
            return
        taken, self._taken = self._taken, []
        try:
            for suggestion, before in taken:
                self.record.took(suggestion, before.content, before.caret)
            self.record.follow(document.content)
            if self.manuscript.existed:
                self._put_aside(record_path(self.path))
                self.record.session.save(record_path(self.path))
        except Exception as error:  # whatever it is, the words are what matters
            why = error.what if isinstance(error, UndersongError) else f"{type(error).__name__}: {error}"
            raise KeepingError(f"The words are saved, but not who wrote them: {why}") from error
        self._kept = document.content

    def _put_aside(self, path: Path) -> None:
        """A record that did not fit is somebody's work all the same."""
        if self.record.fits or not path.exists():
            return
        try:
            path.rename(free_name(path.with_name(f"{path.name}.old")))
        except OSError as error:
            raise KeepingError(f"'{path}' is in the way: {error.strerror}.") from error
        self.record.fits = True
