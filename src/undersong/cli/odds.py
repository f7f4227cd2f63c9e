"""`undersong odds`: what might come next, and how likely."""

from __future__ import annotations

import typer

from undersong.cli.saying import RUN_HELP, answer, conditions_from, dials_from, next_step, standard_input

NAME = "odds"


def command(
    run: str | None = typer.Argument(None, help=RUN_HELP),
    prompt: str = typer.Option("", "--prompt", "-p", help="What came before; - reads standard input."),
    temperature: str | None = typer.Option(None, "--temperature", "-t", help="The odds after this dial."),
    dial: list[str] = typer.Option([], "--dial", help="Any dial the instrument declares: name=number, as top_k=5."),
    condition: list[str] = typer.Option([], "--condition", help="What it is asked, where it listens: name=JSON."),
    letters: bool = typer.Option(
        False, "--by-letter", help="Of words or parts of words: the odds of the next letter, in mid-word too."
    ),
    most: int = typer.Option(15, "--most", min=1, help="How many to show; --json always gives all."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON: every event's name and its odds."),
) -> None:
    """The odds of the next event after a prompt, as they are or after the dials.

    Example: undersong odds sonnets --prompt "To be, or not to "
    """
    from undersong.playing.loading import load

    given = standard_input() if prompt == "-" else prompt
    instrument = load(run)
    if letters:
        from undersong.playing.letters.by_letter import by_letter

        instrument = by_letter(instrument)
    odds = instrument.odds(given, conditions_from(condition), **dials_from(temperature, dial))
    if json:
        answer(odds)
        return
    if instrument.codec.event.is_symbol:
        likely = sorted(odds.items(), key=lambda pair: -pair[1])[:most]
        for name, p in likely:
            if not p:  # cut off by a dial
                break
            print(f"{p:7.2%}  {'#' * round(40 * p):40}  {name!r}")
    else:
        for name, value in odds.items():
            print(f"{name}: {value}")
    next_step("undersong sample plays on from the same prompt.")
