"""`undersong chain`: a Markov chain of any files, at once, and how it draws."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from undersong.cli.saving import save
from undersong.cli.saying import answer, dials_from, harmless, next_step, say, standard_input
from undersong.cli.watching import in_pictures, lines, step_json

if TYPE_CHECKING:
    from undersong.making.chains import Chain
    from undersong.playing.answers import Sampled
    from undersong.playing.verbatim import Verbatim

NAME = "chain"
_LINES = 8  # played when nobody says, where a piece is a line
_SHOWN = 60  # characters of a copied run, that the line stays one


def command(
    files: list[str] = typer.Argument(
        ..., help="Files or folders, each a voice; - reads standard input; builtin:keeper."
    ),
    order: int | None = typer.Option(
        None, "--order", "-k", help="How many symbols it looks back: 4 characters, 2 words."
    ),
    unit: str = typer.Option("character", "--unit", "-u", help="What a symbol is: character, word, byte, bpe."),
    weights: str = typer.Option("", "--weights", "-w", help="How much each voice is heard, such as 2,1; else alike."),
    prompt: str = typer.Option("", "--prompt", "-p", help="How it begins."),
    length: int | None = typer.Option(None, "--length", "-l", min=0, help="How much to add to it at most."),
    temperature: str | None = typer.Option(
        None, "--temperature", "-t", help="Below 1 plays safe, above 1 takes risks."
    ),
    seed: int | None = typer.Option(None, "--seed", "-s", min=0, help="The same seed gives the same."),
    count: int | None = typer.Option(None, "--count", "-n", min=1, max=10_000, help="How many lines or pieces."),
    by_line: bool | None = typer.Option(
        None,
        "--line-starts/--whole",
        help="Each line from its start to its end, or on and on; else it looks which suits.",
    ),
    smooth: bool = typer.Option(
        False, "--smooth", help="Nothing is impossible: odds smoothed by Kneser and Ney's method."
    ),
    watch: bool = typer.Option(False, "--watch", help="Show every step: the state, the bag, what is drawn."),
    every: float = typer.Option(0.3, "--every", min=0, max=60, help="Seconds a step stays, in a terminal."),
    dial: list[str] = typer.Option([], "--dial", help="Any dial: hers=0.3 weighs a voice, novelty=5 copies less."),
    change: list[str] = typer.Option([], "--set", help="What of the files is read, as learn takes it: read.fields=…"),
    out: Path | None = typer.Option(None, "--out", "-o", help="Write it to a file; its suffix says in what form."),
    json: bool = typer.Option(False, "--json", help="Answer as JSON, with every step."),
) -> None:
    """A Markov chain of your files: what comes next is drawn from what followed there. Nothing is learned.

    Examples: undersong chain lyrics.txt · undersong chain mine.txt hers.txt --weights 2,1 --unit word
    · undersong chain lyrics.txt --watch
    """
    from undersong.errors import UsageError
    from undersong.making.chains import chain
    from undersong.randomness import fresh_seed

    if files.count("-") + (prompt == "-") > 1:
        raise UsageError("Standard input can only be read once.", "Save it to a file and name that.")
    prompt = standard_input() if prompt == "-" else prompt
    novel = any(each.partition("=")[0].strip() == "novelty" for each in dial)
    made = chain(files, unit, order, _numbers(weights), by_line, smooth, asked=_asked(change), novel=novel)
    for note in made.notes:
        say(harmless(note))
    chosen = fresh_seed() if seed is None else seed
    dials = dials_from(temperature, dial)
    many = count or (_LINES if made.by != "whole" and not prompt and not (watch or json) else 1)
    sampled = made.samples(many, prompt, length, chosen, **dials)
    copied = made.copied([sample.piece for sample in sampled])
    if json:
        answers = [_json(made, sample, prompt, length, dials) for sample in sampled]
        about = {"chain": made.instrument.facts["network"], "by": made.by, "weights": dict(made.weights)}
        run = {**copied.to_json(), "excerpt": _excerpt(made, sampled, copied)}
        answer({**about, "seed": chosen, "copied": run, "pieces": answers})
    elif watch:
        _watch(made, sampled, prompt, length, dials, every)
    elif out is None:
        pieces = [str(sample.piece) for sample in sampled]
        between = "\n\n----\n\n" if any("\n" in piece for piece in pieces) else "\n"  # a list stays one
        shown = between.join(pieces)
        print(harmless(shown) if sys.stdout.isatty() else shown)
    if out is not None:
        joined = "\n".join(str(sample.piece) for sample in sampled) + "\n" * (made.by == "line")
        save(out, sampled[0].piece if many == 1 else made.instrument.medium.prompt(joined))
        say(f"Wrote {out}")
    if not json:
        _tell(made, sampled, copied)
        next_step(f"undersong chain --seed {chosen} … draws this again; --watch shows how, --order how far it looks.")


def _numbers(given: str) -> list[float]:
    from undersong.errors import UsageError

    try:
        return [float(each) for each in given.split(",")] if given.strip() else []
    except ValueError as error:
        raise UsageError(f"--weights {given} are no numbers.", "Write one for each source: --weights 2,1") from error


def _asked(changes: Sequence[str]) -> Mapping[str, Any]:
    """What of the files is read. Raises UsageError for a change to anything else, of which a chain has nothing."""
    from undersong.config import override
    from undersong.errors import UsageError

    given = override({}, changes)
    asked = given.pop("read", {})
    if given or not isinstance(asked, dict):
        raise UsageError("A chain is only told how to read: --set read.…", "For example --set read.fields=title,text")
    return asked


def _watch(
    made: Chain, sampled: Sequence[Sampled], prompt: str, length: int | None, dials: Mapping[str, Any], every: float
) -> None:
    """Each piece again, step by step; Ctrl-C ends it between two."""
    watched = 0
    try:
        for sample in sampled:
            steps = made.steps(sample, prompt, length, **dials)
            if sys.stdout.isatty():
                from rich.console import Console

                for _ in in_pictures(made, steps, prompt, every, Console()):
                    watched += 1
                print(harmless(str(sample.piece)))
            else:
                for line in lines(made, steps):
                    watched += 1
                    print(line, flush=True)
                print(f"\n{sample.piece}\n", flush=True)
    except KeyboardInterrupt:
        say(f"\nStopped after {watched:,} steps.")
        raise typer.Exit(130) from None


def _json(made: Chain, sample: Sampled, prompt: str, length: int | None, dials: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in sample.to_json().items() if key not in ("copied", "seed")}
    return {**told, "steps": [step_json(made, step) for step in made.steps(sample, prompt, length, **dials)]}


def _excerpt(made: Chain, sampled: Sequence[Sampled], copied: Verbatim) -> str:
    """The longest run that is copied, where its medium can show one."""
    piece = made.instrument.codec.excerpt(sampled[copied.piece].piece, copied.start, copied.start + copied.longest)
    return "" if piece is None or not copied.longest else str(piece)


def _tell(made: Chain, sampled: Sequence[Sampled], copied: Verbatim) -> None:
    """What it is and how much of it is copied, a line each, for people."""
    network, measure = made.instrument.facts["network"], made.instrument.medium.measure
    how = {"line": "line by line", "piece": "piece by piece", "whole": "on and on"}[made.by]
    heard = ", ".join(f"{name} {weight:.0%}" for name, weight in made.weights.items())
    say(harmless(f"{network[0].upper()}{network[1:]}, {how}: {heard}."))
    shown = harmless(" ".join(_excerpt(made, sampled, copied).split()))
    shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
    run = f"the longest run that stands in the sources is {copied.longest:,} {measure}s"
    windows = f"; {copied.share:.0%} of all windows of 20 {measure}s do" if copied.windows else ""
    say(f"Copied: {run}" + (f': "{shown}"' if shown else "") + f"{windows}.")
