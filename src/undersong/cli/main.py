"""`undersong`: one verb a file; nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperCommand

# One row at a time is what playing multiplies: two threads of numpy's BLAS made it 20 times slower on busy cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from undersong.cli import (
    chain,
    compare,
    control,
    demo,
    doctor,
    learn,
    listing,
    mix,
    odds,
    plugins,
    procedure,
    sample,
    score,
    serve,
    tune,
    where,
    write,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="undersong",
    help="Makes recurrent networks into instruments: it learns from your own words in minutes, on this machine, "
    "and then plays with them. It knows only what you gave it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Verb(TyperCommand):
    """A verb whose words have all gone out when it is done; a reader who has had enough of them is no failure."""

    def invoke(self, ctx: Any) -> Any:
        try:
            given = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence()
            raise typer.Exit from None
        return given


_MAKE = (demo, learn, *control.VERBS, tune)
_PLAY = (sample, write, mix, chain, procedure, score, odds, compare, serve)
_LOOK = (listing, doctor, plugins, where)

for verb in (*_MAKE, *_PLAY, *_LOOK):
    app.command(verb.NAME, cls=_Verb)(verb.command)


def _silence() -> None:
    """What is still waiting to be written goes nowhere, instead of failing once more when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(wanted: bool) -> None:
    if wanted:
        from undersong import __version__

        print(f"undersong {__version__}")
        raise typer.Exit


@app.callback()
def options(
    traceback: bool = typer.Option(False, "--traceback", help="Show where in the code an error happened."),
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """What every verb understands, before its name."""


def main() -> None:
    """Run the command line; exit codes are 0 done, 1 failed, 2 wrong use, 130 stopped by Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")  # a terminal that lacks a letter shows "?", it does not end the work
    from undersong.errors import UndersongError

    show = "--traceback" in sys.argv
    try:
        app()
    except UndersongError as error:
        if show:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        if show:
            raise
        print(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}", file=sys.stderr)
        print("  Nothing else is known about it; --traceback before the verb shows where it happened.", file=sys.stderr)
        _silence()
        sys.exit(1)
    except Exception as error:
        if show:
            raise
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        print("  Undersong did not foresee this; --traceback before the verb shows where it happened.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
