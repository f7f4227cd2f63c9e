"""`undersong demo`: the main job in about a minute, on material that ships with Undersong."""

from __future__ import annotations

import typer

from undersong.cli.saying import duration, harmless, say

NAME = "demo"


def command(
    minutes: str = typer.Option("60s", "--for", help="How long to learn."),
) -> None:
    """Learn for about a minute from the built-in anthology and play the result.

    Example: undersong demo
    """
    from undersong.cli.learn import command as learn
    from undersong.keeping.run_folder import RunFolder, new_run_path
    from undersong.making.samples import TEMPERATURES
    from undersong.playing.loading import load, load_ngram

    duration(minutes)
    say(
        "Undersong: small, yours, on this machine. It will learn from three voices of an invented coast that come\n"
        "with it (a lighthouse keeper's log, a bestiary of birds that are not, songs of the tide), and from nothing\n"
        "else.\n"
    )
    folder = new_run_path("demo")
    learn(
        files=["builtin:anthology"], minutes=minutes, steps=None, recipe=None, medium=None, unit=None, fields=None,
        speaker=[], exclude=[], change=[], out=folder, origin=None, resume=False, no_fingerprint=False, json=False,
    )  # fmt: skip
    run = RunFolder(folder)
    if not run.instrument.is_file():
        return
    learned, chain = load(folder), load_ngram(run)
    named = "both as a duet" if "duet" in learned.facts else "the network"
    for temperature in TEMPERATURES:
        for name, instrument in ((named, learned), (str(chain.facts["network"]), chain)):
            say(f"\n── {name} at temperature {temperature:g}, seed 1 " + "─" * 30)
            print(harmless(str(instrument.sample(length=240, temperature=temperature, seed=1))), flush=True)
    say(
        "\nThese are first samples, not chosen ones. Now:\n"
        f'  undersong sample {run.name} --prompt "The keeper "     carry on a sentence of yours\n'
        f"  undersong write {run.name}                               writing together: Tab asks, Tab takes\n"
        "  undersong sample keeper                            a voice that learned longer and ships with Undersong\n"
        "  undersong learn mine.txt --for 10m                 your own words, in ten minutes\n"
        "  undersong --help                                   everything else"
    )
