"""`undersong mix`: several instruments play as one, and the page shows who said what."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    answer,
    conditions_from,
    dials_from,
    harmless,
    next_step,
    say,
    standard_input,
    unescaped,
)
from undersong.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from undersong.playing.answers import Played, Sampled
    from undersong.playing.instrument import Instrument

NAME = "mix"
_DEMO = ("keeper", "bestiary", "tide")
_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def command(
    voices: list[str] | None = typer.Argument(
        None, help="Runs, .undersong files or voices that ship; without any the anthology's three."
    ),
    weights: str = typer.Option("", "--weights", "-w", help="How much of each is heard: 2,1,1; else the same."),
    how: str = typer.Option(
        "linear", "--how", help="linear: each event is one voice's. log: only what all of them can agree to."
    ),
    prompt: str = PROMPT,
    ask: list[str] = typer.Option([], "--ask", help="Of records: a field that is given, name=text."),
    length: int | None = LENGTH,
    temperature: str | None = TEMPERATURE,
    greedy: bool = GREEDY,
    stop: list[str] = STOP,
    start: str | None = START,
    seed: int | None = SEED,
    count: int = COUNT,
    out: Path | None = OUT,
    layout: str | None = typer.Option(None, "--layout", help="How a page is set: dictionary, poems …"),
    dial: list[str] = typer.Option(
        [], "--dial", help="Any dial: name=number, or a way. Each voice has one: tide=0>1/200 lets it come in."
    ),
    condition: list[str] = typer.Option([], "--condition", help="What they are asked, where they listen: name=JSON."),
    letters: bool | None = typer.Option(
        None, "--by-letter/--by-symbol", help="Letter by letter (usual where units differ, or a prompt may break off)."
    ),
    json: bool = typer.Option(False, "--json", help="Answer as JSON, with the share of each voice in each event."),
    contain: list[str] = CONTAIN,
    avoid: list[str] = AVOID,
    word: list[str] = WORD,
    avoid_word: list[str] = AVOID_WORD,
    least: int | None = LEAST,
    most: int | None = MOST,
    refuse_copies: int | None = REFUSE_COPIES,
) -> None:
    """Several voices play as one; a terminal shows in colours who said what.

    Example: undersong mix keeper tide --prompt "The lamp " --dial "keeper=1>0/300" --dial "tide=0>1/300"
    """
    from undersong.playing.loading import called, load_each, voices_in
    from undersong.playing.mixtures.mixing import mix
    from undersong.randomness import fresh_seed

    if json and layout is not None and out is None:
        raise UsageError("A layout sets a page, and JSON has none.", "Leave out one of them, or add --out page.html.")
    names = [name for given in voices or _DEMO for name in voices_in(given)]
    shares = _weights(weights)
    each = load_each(names)
    for name, voice in zip(names, each, strict=True):
        if "alone" in voice.facts:
            say(f"Of '{name}' the network plays without its n-gram: {voice.facts['alone']}")
    shown_as = [called(name) for name in names]
    unknown = [name for name, voice in zip(names, each, strict=True) if voice.fingerprints is None]
    if 0 < len(unknown) < len(each) and not json:
        say(f"What {' and '.join(dict.fromkeys(unknown))} learned from is not known, so that no copies are told.")
    mixture = mix(each, shares, how, letters, names=shown_as)
    if letters is None and prompt and mixture.codec.breaks_off:
        mixture = mix(each, shares, how, True, names=shown_as)
    opening = opening_of(mixture, standard_input() if prompt == "-" else prompt, ask)
    before = mixture.codec.encode(opening)
    chosen = fresh_seed() if seed is None else seed
    dials, asked = dials_from(temperature, dial, greedy), conditions_from(condition)
    to_be: dict[str, Any] = {
        "stop": [unescaped(one) for one in stop],
        "start": None if start is None else unescaped(start),
        "within": constraints_from(contain, avoid, word, avoid_word, least, most, refuse_copies),
    }
    again = f"undersong mix --seed {chosen} … plays this again; --weights and --dial name=number change who is heard."
    if _adds_up(mixture) and out is None and not json and count == 1 and layout is None:
        played = mixture.stream(opening, length, chosen, asked, **to_be, **dials)
        drawn = [_live(mixture, played, str(opening))]
        _tell(mixture, before, drawn)
        next_step(again)
        return
    samples = mixture.samples(count, opening, length, chosen, asked, **to_be, **dials)
    pieces = [sample.piece for sample in samples]
    if out is not None:
        files = write_pieces(mixture, out, pieces, layout)
        say(f"Wrote {out}" if files == 1 else f"Wrote {files} files beside {out}")
    if json:
        answers = [_json(mixture, sample, dials) for sample in samples]
        answer(answers[0] if count == 1 else answers)
        return
    if out is None and layout is not None:
        print(shown(mixture.medium.bound(pieces, ".txt", layout).decode()), end="")
    elif out is None:
        _show(mixture, samples, before, str(opening))
    _tell(mixture, before, [(sample.events, sample.voices) for sample in samples])
    next_step(again)


def _weights(given: str) -> list[float] | None:
    try:
        return [float(each) for each in given.split(",")] if given.strip() else None
    except ValueError as error:
        raise UsageError(f"--weights {given} are no numbers.", "Write one for each voice: --weights 2,1,1") from error


def _adds_up(mixture: Instrument) -> bool:
    """Whether each event adds something that can be shown as it comes."""
    return mixture.codec.event.is_symbol and not mixture.codec.in_one_go


def _json(mixture: Instrument, sample: Sampled, dials: Mapping[str, Any]) -> dict[str, Any]:
    """The sample, the share of each voice in each event, and which events a voice could not hear."""
    from undersong.playing.mixtures.voices import stood_still

    about = {**mixture.facts["mixture"], "dials": dict(dials), "stood_still": stood_still(mixture, sample.events)}
    return {"instrument": mixture.name, **sample.to_json(), "mixture": about}


# ── in colours ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _live(mixture: Instrument, played: Iterable[Played], opening: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Events (T,) and each voice's share in them (T,), shown as they come."""
    import numpy as np

    events: list[Any] = []
    shares: dict[str, list[float]] = {name: [] for name in _names(mixture)}
    show = _printer(mixture)
    show(opening, {})
    for event in played:
        events.append(event.event)
        for name, share in (event.voices or {}).items():
            shares[name].append(share)
        show(str(event), event.voices or {})
    show("\n", {})
    return np.array(events, mixture.codec.event.dtype), {name: np.array(each) for name, each in shares.items()}


def _show(mixture: Instrument, samples: Sequence[Sampled], before: np.ndarray, opening: str) -> None:
    """Finished pieces one after the other, as `sample` shows them."""
    show = _printer(mixture)
    lines = any("\n" in str(sample.piece) for sample in samples)
    for number, sample in enumerate(samples):
        if number:
            show("\n\n----\n\n" if lines else "\n", {})
        if not _adds_up(mixture):
            show(str(sample.piece), {})
            continue
        show(opening, {})
        for added, voices in _spoken(mixture, sample, before):
            show(added, voices)
    show("\n", {})


def _spoken(mixture: Instrument, sample: Sampled, before: np.ndarray) -> Iterator[tuple[str, dict[str, float]]]:
    """What each event, or several that are whole together, added to the piece, and who said it."""
    import numpy as np

    codec = mixture.codec
    situation = 0 if codec.grammar is None else codec.grammar.run(0, before)
    begun: list[Any] = []
    for at, event in enumerate(sample.events):
        begun.append(event)
        if codec.grammar is not None:
            situation = int(codec.grammar.following[situation, event])
        if situation == 0:
            yield str(codec.decode(np.array(begun))), {n: float(v[at]) for n, v in (sample.voices or {}).items()}
            begun.clear()


def _printer(mixture: Instrument) -> Callable[[str, Mapping[str, float]], None]:
    """What shows some of a piece: on a terminal in the colour of the voice that had the largest share in it."""
    if not sys.stdout.isatty():

        def plain(words: str, voices: Mapping[str, float]) -> None:
            sys.stdout.write(words)
            sys.stdout.flush()

        return plain
    from rich.console import Console
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    colours = _colours(mixture)

    def coloured(words: str, voices: Mapping[str, float]) -> None:
        first = max(voices, key=voices.__getitem__, default="")
        style = colours[first] if first and voices[first] > 0 else ""
        console.print(Text(harmless(words), style), end="", soft_wrap=True)

    return coloured


def _names(mixture: Instrument) -> list[str]:
    return list(mixture.facts["mixture"]["voices"])


def _colours(mixture: Instrument) -> dict[str, str]:
    """A colour for each voice; who comes after the sixth has one of these again, bold, underlined …"""
    ways = ("", "bold ", "underline ", "bold underline ")
    found = {}
    for number, name in enumerate(_names(mixture)):
        again, which = divmod(number, len(_COLOURS))
        found[name] = ways[again % len(ways)] + _COLOURS[which]
    return found


# ── what is said of it ─────────────────────────────────────────────────────────────────────────────────────────────


def _tell(
    mixture: Instrument, before: np.ndarray, drawn: Sequence[tuple[np.ndarray, Mapping[str, np.ndarray] | None]]
) -> None:
    """Who said how much, who could not hear something, and what is copied, a line each for people."""
    from undersong.playing.mixtures.voices import stood_still

    _legend(mixture, [voices for _, voices in drawn if voices])
    for name in _names(mixture):
        missed = sum(len(stood_still(mixture, events).get(name, ())) for events, _ in drawn)
        if missed:
            times = "once" if missed == 1 else f"{missed:,} times"
            say(f"'{name}' stood still {times}: it has no way to hear what came.")
    if mixture.fingerprints is not None:
        tell_copied(mixture, [mixture.copied(before, events) or () for events, _ in drawn])


def _legend(mixture: Instrument, shares: Sequence[Mapping[str, np.ndarray]]) -> None:
    """The mean share of each voice, in its colour where the piece was shown in colours."""
    events = sum(len(values) for each in shares for values in list(each.values())[:1])
    if not events:
        return
    told = {name: sum(float(each[name].sum()) for each in shares) / events for name in _names(mixture)}
    if not sys.stdout.isatty():
        say(f"Who spoke: {', '.join(f'{name} {share:.0%}' for name, share in told.items())}.")
        return
    from rich.console import Console
    from rich.text import Text

    colours, line = _colours(mixture), Text("Who spoke: ")
    for number, (name, share) in enumerate(told.items()):
        line.append(", " if number else "").append(f"{name} {share:.0%}", colours[name])
    Console(stderr=True, markup=False, highlight=False).print(line.append("."), soft_wrap=True)
