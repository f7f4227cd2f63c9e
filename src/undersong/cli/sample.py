"""`undersong sample`: an instrument plays, as it is drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.saying import RUN_HELP, answer, conditions_from, dials_from, harmless, next_step, say, standard_input

if TYPE_CHECKING:
    from undersong.playing.answers import Played
    from undersong.playing.copying import Copied
    from undersong.playing.instrument import Instrument

NAME = "sample"
_SHOWN = 60  # characters of a copied span, that the line stays one


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    prompt: str = typer.Option("", "--prompt", "-p", help="How the piece begins; - reads standard input."),
    length: int | None = typer.Option(
        None, "--length", "-l", min=0, help="How much to add to it (characters, points …)."
    ),
    temperature: float | None = typer.Option(
        None, "--temperature", "-t", help="Below 1 plays safe, above 1 takes risks."
    ),
    seed: int | None = typer.Option(None, "--seed", "-s", min=0, help="The same seed gives the same piece."),
    count: int = typer.Option(1, "--count", "-n", min=1, max=10_000, help="How many different pieces."),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Write the piece to a file; its suffix says in what form."
    ),
    dial: list[str] = typer.Option([], "--dial", help="Any dial the instrument declares: name=number."),
    condition: list[str] = typer.Option([], "--condition", help="What it is asked, where it listens: name=JSON."),
    ngram: bool = typer.Option(False, "--ngram", help="Play the run's n-gram instead of its network."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Play: a new piece, or the prompt carried on. It appears as it is drawn.

    Example: undersong sample sonnets --prompt "Shall I" --length 200 --temperature 0.7 --seed 7
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
    if prompt == "-":
        prompt = standard_input()
    chosen = fresh_seed() if seed is None else seed
    dials, asked = dials_from(temperature, dial), conditions_from(condition)
    # only symbols add up as they come: where a number stands depends on all before it
    if out is None and not json and count == 1 and instrument.codec.event.is_symbol:
        opening = instrument.medium.prompt(prompt)
        events = _live(instrument.stream(prompt, length, chosen, asked, **dials), str(opening))
        if instrument.fingerprints is not None:
            before = instrument.codec.encode(opening)
            _tell_copied(instrument, [instrument.copied(before, np.array(events, before.dtype)) or ()])
        next_step(f"undersong sample --seed {chosen} plays this again; --temperature 0.5 plays it safer.")
        return
    samples = instrument.samples(count, prompt, length, chosen, asked, **dials)
    if out is not None:
        _write(out, [sample.piece for sample in samples])
        say(f"Wrote {out}" if count == 1 else f"Wrote {count} files beside {out}")
    if json:
        answers = [{"instrument": instrument.name, **sample.to_json()} for sample in samples]
        answer(answers[0] if count == 1 else answers)
    elif out is None:
        shown = [str(sample.piece) for sample in samples]
        between = "\n" if not any("\n" in each for each in shown) else "\n\n----\n\n"  # a list of names stays one
        print(_shown(between.join(shown)))
    if not json and instrument.fingerprints is not None:
        _tell_copied(instrument, [sample.copied or () for sample in samples])


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


def _write(out: Path, pieces: list) -> None:  # type: ignore[type-arg]
    from undersong.errors import KeepingError
    from undersong.keeping.writing import write_beside

    for number, piece in enumerate(pieces):
        path = out if number == 0 else out.with_name(f"{out.stem}-{number + 1}{out.suffix}")
        if str(out) in ("-", "/dev/stdout"):
            sys.stdout.write(str(piece))
        elif out.exists() and not out.is_file() and not out.is_dir():  # a device or a pipe: written to, never replaced
            try:
                out.write_bytes(piece.to_bytes(out.suffix))
            except OSError as error:
                raise KeepingError(f"'{out}' takes no more: {error.strerror}.", "Save to another place.") from error
        else:
            write_beside(path, piece.to_bytes(path.suffix))
