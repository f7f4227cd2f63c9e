"""A file and an instrument, opened together to be written with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from undersong.cli.writing.app import WritingApp
from undersong.cli.writing.autosave import Autosave
from undersong.cli.writing.dials import Dials
from undersong.cli.writing.document import PERSON, Document, Written
from undersong.cli.writing.manuscript import Manuscript
from undersong.cli.writing.partner import LENGTH, Partner, for_writing
from undersong.cli.writing.record import Record
from undersong.playing.dials import Setting
from undersong.playing.instrument import Instrument
from undersong.randomness import fresh_seed

__all__ = ["open_page"]


def open_page(
    instrument: Instrument,
    path: Path,
    count: int = 5,
    until: str | None = None,
    length: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, Setting] | None = None,
) -> WritingApp:
    """The page with the file's words on it, the caret after the last.

    Suggestions end at `until`, without it after `length`, and with neither where a sentence does. Raises UsageError for
    an instrument nobody writes with, DialError, and what `Manuscript` raises.
    """
    instrument = for_writing(instrument)
    seed = fresh_seed() if seed is None else seed
    if until is None and length is None:
        endings = instrument.codec.endings
        until = "sentence" if "sentence" in endings else next(iter(endings), None)
    partner = Partner(instrument, count, until, LENGTH if length is None else length, seed)
    dials = Dials.of(instrument.dials, settings or {})
    manuscript, record = Manuscript(path), Record(instrument, seed)
    words = manuscript.words
    said = record.open(path, words)
    content = record.content if record.content.words == words else Written.by(PERSON, words)
    return WritingApp(partner, Autosave(manuscript, record, content), Document(content, len(words)), dials, said)
