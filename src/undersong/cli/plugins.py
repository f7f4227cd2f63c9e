"""`undersong plugins`: every part that came in by the door, ours and others'."""

from __future__ import annotations

import typer

from undersong.cli.saying import answer, next_step

NAME = "plugins"


def command(json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Media, codecs, distributions, cores, heads and graphs, and the package each came with.

    Example: undersong plugins
    """
    from undersong import registry

    found = {
        group: {name: registry.source_of(group, name) for name in registry.names(group)} for group in registry.GROUPS
    }
    if json:
        answer(found)
        return
    for group, sentence in registry.GROUPS.items():
        print(f"{group}: {sentence}")
        for name, source in found[group].items():
            print(f"  {name:20} {source}")
    next_step("a package of yours joins by an entry point in a group undersong.<door>; CONTRIBUTING.md shows how.")
