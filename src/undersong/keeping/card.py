"""The card: what an instrument is, what it learned from and how well, for the people it is handed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["write_card"]


def write_card(facts: Mapping[str, Any]) -> str:
    """The card in Markdown from the facts that the instrument file's `provenance` carries.

    The opening lines between `---` are the front matter that model hubs read.
    """
    measure = facts["measure"]
    lines = [
        "---",
        "library_name: undersong",
        f"tags: [undersong, recurrent, {facts['medium'].split('.')[0]}]",
        "---",
        "",
        f"# {facts['name']}",
        "",
        f"An Undersong instrument: a recurrent network that learned from {facts['material']} and knows nothing else.",
        f"Play it with `pip install undersong` and `undersong sample {facts['name']}.undersong`.",
        "",
        "| | |",
        "|---|---|",
        f"| learned from | {facts['sources']} |",
        f"| licence of that material | {facts['licence'] or 'not stated'} |",
        f"| network | {facts['network']}, {facts['weights']:,} weights |",
        f"| learning | {facts['steps']:,} steps, {facts['events_read']:,} events, {facts['seconds']:.0f} s "
        f"on {facts['machine']}, {facts['precision']}, seed {facts['seed']} |",
        f"| kept | {facts['kept']} |",
        f"| held-out score | {facts['nats_per_measure']:.3f} nats per {measure} ({facts['bits_per_measure']:.3f} bits) "
        f"on {facts['held_out']:,} {measure}s it did not learn from |",
        f"| beside it | {facts['baseline']} has {facts['baseline_nats']:.3f} nats per {measure} on the same |",
        f"| made with | undersong {facts['version']}, {facts['date']} |",
        "",
        *facts.get("notes", ()),
    ]
    return "\n".join(lines).rstrip() + "\n"
