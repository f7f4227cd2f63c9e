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
        f"An Undersong instrument: a recurrent network that learned from {facts['material']} and knows "
        f"{'besides only what it went on from' if facts.get('origin') else 'nothing else'}.",
        f"Play it with `pip install undersong` and `undersong sample {facts['name']}.undersong`.",
        "",
        "| | |",
        "|---|---|",
        f"| learned from | {facts['sources']} |",
        f"| licence of that material | {facts['licence'] or 'not stated'} |",
        *([f"| went on from | {facts['origin']} |"] if facts.get("origin") else []),
        f"| network | {facts['network']}, {facts['weights']:,} weights |",
        f"| learning | {facts['steps']:,} steps, {facts['events_read']:,} events, {facts['seconds']:.0f} s "
        f"on {facts['machine']}, {facts['precision']}, seed {facts['seed']} |",
        f"| kept | {facts['kept']} |",
        f"| held-out score | {facts['nats_per_measure']:.3f} nats per {measure} ({facts['bits_per_measure']:.3f} bits) "
        f"on {facts['held_out']:,} {measure}s it did not learn from |",
        f"| beside it | {facts['baseline']} has {facts['baseline_nats']:.3f} nats per {measure} on the same |",
        *_duet(facts),
        *_copying(facts),
        *_precision(facts),
        f"| made with | undersong {facts['version']}, {facts['date']} |",
        "",
        *facts.get("notes", ()),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _duet(facts: Mapping[str, Any]) -> list[str]:
    """What network and n-gram have as one, which is how a small run plays where it was learned."""
    if (found := facts.get("duet")) is None:
        return []
    return [
        f"| as a duet | {found['nats_per_measure']:.3f} nats per {facts['measure']} together with {facts['baseline']}, "
        f"whose weight is {found['weight']:.0%}; its counts contain the material, so it stays in the run folder, "
        "and this file plays the network alone |"
    ]


def _precision(facts: Mapping[str, Any]) -> list[str]:
    """What it plays in, where that was measured."""
    if (found := facts.get("int8")) is None:
        return []
    told = "by more than could be counted" if found["difference"] is None else f"by {found['difference']:+.4f} nats"
    if found["kept"]:
        return [f"| plays in | int8, which changes its score {told}; in float32 where int8 would not be exact |"]
    return [f"| plays in | float32; int8 would change its score {told} |"]


def _copying(facts: Mapping[str, Any]) -> list[str]:
    """What it copied when it was measured, and what the fingerprints in the file let people find out, if any."""
    lines, measure = [], facts["measure"]
    if found := facts.get("copying"):
        players = [("it", found["network"]), (facts["baseline"], found["ngram"])]
        told = [f"{name} {of['share']:.1%}, the longest run {of['longest']}" for name, of in players if of]
        lines += [
            f"| copied | of all 20 {measure}s in a row, in {found['length']:,} played at temperature 1, this share "
            f"stands in the material: {'; '.join(told)} |"
        ]
    if kept := facts.get("fingerprint"):
        lines += [
            f"| fingerprints | of every {kept['window']} {measure}s in a row"
            f"{', sampled' if kept['every'] > 1 else ''} ({kept['bytes']:,} bytes): a copied span of "
            f"{kept['surely']} {measure}s or more is surely caught as it plays. Whoever holds this file can test "
            f"whether a guessed passage of {kept['guess']} {measure}s was in the material, and errs once in 120 "
            "times; of a longer one less |"
        ]
    return lines
