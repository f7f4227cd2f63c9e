"""`undersong write`: co-writing in the terminal."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undersong.cli.saying import RUN_HELP, dials_from, next_step, say
from undersong.errors import KeepingError, UsageError

if TYPE_CHECKING:
    from undersong.cli.writing.autosave import Autosave
    from undersong.cli.writing.document import Document

NAME = "write"


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    file: Path | None = typer.Option(
        None, "--file", "-f", help="The text to go on with, or a name for a new one; without it, a new one here."
    ),
    until: str | None = typer.Option(
        None, "--until", help="Where a suggestion ends: sentence (where nobody says), line or word."
    ),
    length: int | None = typer.Option(
        None, "--length", "-l", min=1, max=10_000, help="How long it is at the most; without --until just so long."
    ),
    suggestions: int = typer.Option(5, "--suggestions", min=1, max=20, help="How many are drawn at a time."),
    temperature: str | None = typer.Option(
        None, "--temperature", "-t", help="Below 1 plays safe, above 1 takes risks; F3 and F4 turn it while you write."
    ),
    dial: list[str] = typer.Option([], "--dial", help="Any dial the instrument declares: name=number, or a way."),
    seed: int | None = typer.Option(None, "--seed", "-s", min=0, help="The same seed and keys, the same suggestions."),
) -> None:
    """Write together: Tab asks how it would go on, again Tab takes it, the arrows browse. Saved all the time.

    Example: undersong write sonnets --file mine.txt --until line --temperature 0.8
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError(
            "Writing needs a terminal that shows a page, and this is none.",
            "In a pipe, undersong sample --prompt - goes on with what comes in.",
        )
    from undersong.cli.writing.manuscript import suggested_name
    from undersong.cli.writing.opening import open_page
    from undersong.playing.loading import load

    instrument = load(run)
    path = suggested_name(instrument.name, date.today()) if file is None else file.expanduser()
    app = open_page(instrument, path, suggestions, until, length, seed, dials_from(temperature, dial))
    try:
        app.run()
    finally:
        _last_words(app.autosave, app.document)
    _tell(app.autosave, app.document, instrument.name, run)
    if app.failed is not None:
        raise app.failed


def _last_words(autosave: Autosave, document: Document) -> None:
    """However it ended: what is written is saved, where it should be or where it can be."""
    from undersong.cli.writing.manuscript import rescue

    try:
        said = autosave.save(document, at_once=True)
        if said:
            say(said)
    except KeepingError as error:
        say(str(error))
        if autosave.manuscript.words == document.words:
            return
        try:
            say(f"Your words are in {rescue(autosave.path, document.words)}.")
        except KeepingError:
            say("No disk takes your words. Here they are:\n")
            say(document.words)


def _tell(autosave: Autosave, document: Document, name: str, run: str | None) -> None:
    from undersong.cli.writing.document import INSTRUMENT

    if not document.words and not autosave.anything:
        say("Nothing was written.")
    if autosave.manuscript.saved_at is None or autosave.manuscript.words != document.words:
        return
    whole, its = len(document), document.content.count(INSTRUMENT)
    by_it = f", {its:,} of them ({100 * its / whole:.0f} %) by {name}" if its else ""
    say(f"Saved {autosave.path}: {whole:,} characters{by_it}.")
    next_step(f'undersong write {run or name} --file "{autosave.path}" goes on with it.')
