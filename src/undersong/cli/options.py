"""Options that every verb which plays pieces has: the same words for the same thing."""

from __future__ import annotations

import typer

__all__ = ["COUNT", "GREEDY", "LENGTH", "OUT", "PROMPT", "SEED", "START", "STOP", "TEMPERATURE"]

PROMPT = typer.Option("", "--prompt", "-p", help="How the piece begins; - reads standard input.")
LENGTH = typer.Option(None, "--length", "-l", min=0, help="How much to add to it (characters, points …).")
TEMPERATURE = typer.Option(
    None, "--temperature", "-t", help="Below 1 plays safe, above 1 takes risks; 1.2>0.6/200 cools down as it goes."
)
GREEDY = typer.Option(False, "--greedy", help="Always take the likeliest: a temperature of 0.")
STOP = typer.Option([], "--stop", help=r"End before this in what is added; \n is a line end.")
START = typer.Option(None, "--start", help="What is added begins with this, however unlikely.")
SEED = typer.Option(None, "--seed", "-s", min=0, help="The same seed gives the same piece.")
COUNT = typer.Option(1, "--count", "-n", min=1, max=10_000, help="How many different pieces.")
OUT = typer.Option(
    None, "--out", "-o", help="Write to a file, whose suffix says in what form; many pieces as .html are one page."
)
