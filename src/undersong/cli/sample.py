"""`undersong sample`: an instrument plays, as it is drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterable
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
from undersong.cli.options import COUNT, GREEDY, LENGTH, OUT, PROMPT, SEED, START, STOP, TEMPERATURE
from undersong.cli.pieces import opening_of, shown, tell_copied, write_pieces
from undersong.cli.saying import (
    RUN_HELP,
    answer,
    conditions_from,
    dials_from,
    next_step,
    say,
    standard_input,
    unescaped,
)
from undersong.errors import UsageError

if TYPE_CHECKING:
    from undersong.playing.answers import Played

NAME = "sample"


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    prompt: str = PROMPT,
    ask: list[str] = typer.Option(
        [], "--ask", help="Of records: a field that is given, name=text; the others are played. As often as there are."
    ),
    length: int | None = LENGTH,
    temperature: str | None = TEMPERATURE,
    greedy: bool = GREEDY,
    stop: list[str] = STOP,
    start: str | None = START,
    seed: int | None = SEED,
    count: int = COUNT,
    out: Path | None = OUT,
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
    opening = opening_of(instrument, standard_input() if prompt == "-" else prompt, ask)
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
            tell_copied(instrument, [instrument.copied(before, np.array(events, before.dtype)) or ()])
        next_step(f"undersong sample --seed {chosen} plays this again; --temperature 0.5 plays it safer.")
        return
    samples = instrument.samples(count, opening, length, chosen, asked, within=within, **how, **dials)
    pieces = [sample.piece for sample in samples]
    if out is not None:
        files = write_pieces(instrument, out, pieces, layout)
        say(f"Wrote {out}" if files == 1 else f"Wrote {files} files beside {out}")
    if json:
        answers = [{"instrument": instrument.name, **sample.to_json()} for sample in samples]
        answer(answers[0] if count == 1 else answers)
    elif out is None and layout is not None:
        print(shown(instrument.medium.bound(pieces, ".txt", layout).decode()), end="")
    elif out is None:
        each = [str(piece) for piece in pieces]
        between = "\n" if not any("\n" in one for one in each) else "\n\n----\n\n"  # a list of names stays one
        print(shown(between.join(each)))
    if not json and instrument.fingerprints is not None:
        tell_copied(instrument, [sample.copied or () for sample in samples])
    if not json:
        next_step(f"undersong sample --seed {chosen} plays the same again; --temperature 0.5 plays it safer.")


def _live(played: Iterable[Played], opening: str) -> list[Any]:
    """The events, shown as they come."""
    events = []
    sys.stdout.write(shown(opening))
    for event in played:
        events.append(event.event)
        sys.stdout.write(shown(str(event)))
        sys.stdout.flush()
    sys.stdout.write("\n")
    return events
