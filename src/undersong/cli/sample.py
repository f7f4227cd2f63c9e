"""`undersong sample`: an instrument plays, as it is drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.constraining import (
    AVOID,
    AVOID_WORD,
    CONTAIN,
    LEAST,
    MOST,
    REFUSE_COPIES,
    WORD,
    constraints_from,
)
from undersong.cli.saving import is_device, is_standard_output, save, save_bytes
from undersong.cli.saying import (
    RUN_HELP,
    answer,
    conditions_from,
    dials_from,
    harmless,
    next_step,
    say,
    standard_input,
    unescaped,
)
from undersong.errors import InputError, UsageError

if TYPE_CHECKING:
    from undersong.events import AbstractPiece
    from undersong.playing.answers import Played
    from undersong.playing.copying import Copied
    from undersong.playing.instrument import Instrument

NAME = "sample"
_SHOWN = 60  # characters of a copied span, that the line stays one


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    prompt: str = typer.Option("", "--prompt", "-p", help="How the piece begins; - reads standard input."),
    ask: list[str] = typer.Option(
        [], "--ask", help="Of records: a field that is given, name=text; the others are played. As often as there are."
    ),
    length: int | None = typer.Option(
        None, "--length", "-l", min=0, help="How much to add to it (characters, points …)."
    ),
    temperature: str | None = typer.Option(
        None, "--temperature", "-t", help="Below 1 plays safe, above 1 takes risks; 1.2>0.6/200 cools down as it goes."
    ),
    greedy: bool = typer.Option(False, "--greedy", help="Always take the likeliest: a temperature of 0."),
    stop: list[str] = typer.Option([], "--stop", help=r"End before this in what is added; \n is a line end."),
    start: str | None = typer.Option(None, "--start", help="What is added begins with this, however unlikely."),
    seed: int | None = typer.Option(None, "--seed", "-s", min=0, help="The same seed gives the same piece."),
    count: int = typer.Option(1, "--count", "-n", min=1, max=10_000, help="How many different pieces."),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Write to a file, whose suffix says in what form; many pieces as .html are one page."
    ),
    layout: str | None = typer.Option(
        None, "--layout", help="How a page is set, where the instrument's own will not do: dictionary, poems …"
    ),
    dial: list[str] = typer.Option([], "--dial", help="Any dial the instrument declares: name=number, or a way."),
    condition: list[str] = typer.Option([], "--condition", help="What it is asked, where it listens: name=JSON."),
    letters: bool | None = typer.Option(
        None, "--by-letter/--by-symbol", help="Words or parts of words by letter: a prompt may end in mid-word (usual)."
    ),
    ngram: bool = typer.Option(False, "--ngram", help="Play the run's n-gram instead of its network."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
    contain: list[str] = CONTAIN,
    avoid: list[str] = AVOID,
    word: list[str] = WORD,
    avoid_word: list[str] = AVOID_WORD,
    least: int | None = LEAST,
    most: int | None = MOST,
    refuse_copies: int | None = REFUSE_COPIES,
) -> None:
    """Play: a new piece, or the prompt carried on. It appears as it is drawn; a record when it is whole.

    Example: undersong sample sonnets --prompt "Shall I" --length 200 --temperature 0.7 --seed 7

    Without an e, and with a storm: undersong sample sonnets --avoid e --word storm

    Of a dictionary: undersong sample lexicon --ask word=sometifent --count 20 --out page.html
    """
    import numpy as np

    from undersong.playing.loading import load, load_ngram
    from undersong.randomness import fresh_seed

    if ngram:
        from undersong.errors import RunFolderError
        from undersong.keeping.run_folder import find_run

        folder = find_run(run)
        if folder is None:
            raise RunFolderError("An n-gram stays with the run it was counted in, and there is no such run.")
        instrument = load_ngram(folder)
    else:
        instrument = load(run)
        if "alone" in instrument.facts:
            say(f"The network plays without its n-gram: {instrument.facts['alone']}")
    if letters or (letters is None and prompt and instrument.codec.breaks_off):
        from undersong.playing.letters.by_letter import by_letter  # here, because most never need it

        instrument = by_letter(instrument)
    if json and layout is not None and out is None:
        raise UsageError("A layout sets a page, and JSON has none.", "Leave out one of them, or add --out page.html.")
    opening = _opening(instrument, standard_input() if prompt == "-" else prompt, ask)
    chosen = fresh_seed() if seed is None else seed
    dials, asked = dials_from(temperature, dial, greedy), conditions_from(condition)
    within = constraints_from(contain, avoid, word, avoid_word, least, most, refuse_copies)
    how: dict[str, Any] = {
        "stop": [unescaped(each) for each in stop],
        "start": None if start is None else unescaped(start),
    }
    # only symbols add up as they come: where a number stands depends on all before it
    live = instrument.codec.event.is_symbol and not instrument.codec.in_one_go
    if live and out is None and not json and count == 1 and layout is None:
        events = _live(instrument.stream(opening, length, chosen, asked, within=within, **how, **dials), str(opening))
        if instrument.fingerprints is not None:
            before = instrument.codec.encode(opening)
            _tell_copied(instrument, [instrument.copied(before, np.array(events, before.dtype)) or ()])
        next_step(f"undersong sample --seed {chosen} plays this again; --temperature 0.5 plays it safer.")
        return
    samples = instrument.samples(count, opening, length, chosen, asked, within=within, **how, **dials)
    pieces = [sample.piece for sample in samples]
    if out is not None:
        files = _write(instrument, out, pieces, layout)
        say(f"Wrote {out}" if files == 1 else f"Wrote {files} files beside {out}")
    if json:
        answers = [{"instrument": instrument.name, **sample.to_json()} for sample in samples]
        answer(answers[0] if count == 1 else answers)
    elif out is None and layout is not None:
        print(_shown(instrument.medium.bound(pieces, ".txt", layout).decode()), end="")
    elif out is None:
        shown = [str(piece) for piece in pieces]
        between = "\n" if not any("\n" in each for each in shown) else "\n\n----\n\n"  # a list of names stays one
        print(_shown(between.join(shown)))
    if not json and instrument.fingerprints is not None:
        _tell_copied(instrument, [sample.copied or () for sample in samples])
    if not json:
        next_step(f"undersong sample --seed {chosen} plays the same again; --temperature 0.5 plays it safer.")


def _opening(instrument: Instrument, prompt: str, ask: Sequence[str]) -> AbstractPiece:
    """What is to be gone on with: a beginning, or fields by name. Raises UsageError, PromptError."""
    given: dict[str, str] = {}
    for each in ask:
        name, equals, text = each.partition("=")
        if not equals or not name.strip() or name.strip() in given:
            raise UsageError(f"--ask {each} is not of the form name=text.", "Each field once: --ask word=sometifent")
        given[name.strip()] = text.strip()
    if not given:
        return instrument.medium.prompt(prompt)
    if prompt:
        raise UsageError("A piece goes on with a prompt or with fields, not both.", "Leave out --prompt or --ask.")
    opening = instrument.medium.prompt(given)
    codec = instrument.codec
    if type(codec.decode(codec.encode(opening))) is not type(opening):  # what learned no fields gives none back
        raise UsageError(
            f"'{instrument.name}' has no fields that could be asked for: it learned works as they are.",
            "Begin its piece with --prompt, or learn a table with --set read.fields=…",
        )
    return opening


def _tell_copied(instrument: Instrument, copied: list[tuple[Copied, ...]]) -> None:
    """What of the samples stands in the material, in one line for people."""
    assert instrument.fingerprints is not None
    measure, known = instrument.medium.measure, instrument.fingerprints
    found = [span for spans in copied for span in spans]
    if not found:
        say(f"Nothing of {known.surely} {measure}s or more is copied.")
        return
    longest = max(found, key=len)
    shown = harmless(" ".join(str(longest).split()))
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    spans = "1 span" if len(found) == 1 else f"{len(found):,} spans"
    say(
        f"Copied: {spans} of {known.shortest} or more {measure}s, the longest {len(longest):,}"
        + (f': "{shown}"' if shown else ".")
    )


def _live(played: Iterable[Played], opening: str) -> list[Any]:
    """The events, shown as they come."""
    events = []
    sys.stdout.write(_shown(opening))
    for event in played:
        events.append(event.event)
        sys.stdout.write(_shown(str(event)))
        sys.stdout.flush()
    sys.stdout.write("\n")
    return events


def _shown(words: str) -> str:
    """As it is into a pipe; to a terminal without what would command it."""
    return harmless(words) if sys.stdout.isatty() else words


def _write(instrument: Instrument, out: Path, pieces: Sequence[AbstractPiece], layout: str | None) -> int:
    """Write the pieces as one page where there is such a page, else a file each; gives how many files it made."""
    page = _page(instrument, out.suffix.lower(), pieces, layout)
    if page is not None:
        if is_standard_output(out):
            sys.stdout.write(page.decode())
        else:
            save_bytes(out, page)
        return 1
    alone = is_standard_output(out) or is_device(out)
    for number, piece in enumerate(pieces):
        save(out if number == 0 or alone else out.with_name(f"{out.stem}-{number + 1}{out.suffix}"), piece)
    return len(pieces)


def _page(instrument: Instrument, suffix: str, pieces: Sequence[AbstractPiece], layout: str | None) -> bytes | None:
    """All of them as one file. None where they are better apart, or have no such page and nobody asked for a layout."""
    if layout is not None:
        return instrument.medium.bound(pieces, suffix or ".txt", layout)
    if suffix != ".html" and (len(pieces) == 1 or suffix in ("", ".txt")):
        return None
    try:
        return instrument.medium.bound(pieces, suffix, str(instrument.facts.get("layout", "")))
    except InputError:
        return None
