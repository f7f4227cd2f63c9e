"""From a name to an instrument: a file, a run, the newest run, a voice that ships with Undersong, or several as one."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from undersong import registry
from undersong.errors import InstrumentFileError, RunFolderError, UndersongError, UnknownNameError, UsageError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.fingerprints import Fingerprints
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.run_folder import RunFolder, find_run, runs
from undersong.playing.chains.markov import MarkovSteps
from undersong.playing.chains.ngram import NGram
from undersong.playing.graph_steps import GraphSteps
from undersong.playing.instrument import Instrument
from undersong.playing.mixtures.mixing import duet, mix

__all__ = [
    "DUET_FILE", "called", "from_file", "kept_weight", "load", "load_each", "load_network", "load_ngram",
    "markov_instrument", "shipped", "voices_in",
]  # fmt: skip

DEFAULT_VOICE = "anthology"
DUET_FILE = "private/duet.json"
"""In a run folder, how its network and its n-gram play as one: {"weight": the share of the n-gram …}."""


def load(where: str | Path | None = None, precision: str = "auto") -> Instrument:
    """The instrument at a path, of a run's name, or of a shipped voice's; without a name the newest run.

    A run that has not written its instrument yet plays its n-gram; one that fitted a duet plays both as one. Where the
    private half of a duet is missing or damaged the network plays alone, and `facts["alone"]` says why. Several names
    with a + between them are mixed in equal parts, where nothing is called just so: "keeper+tide".
    Raises RunFolderError, InstrumentFileError, MissingFileError, UnknownNameError, UsageError.
    """
    name = None if where is None else str(where)
    if name is not None and len(several := voices_in(name)) > 1:
        return mix(load_each(several, precision), names=[called(voice) for voice in several])
    if name is not None and name.endswith(".undersong"):
        return from_file(instrument_file.read(Path(name).expanduser()), precision=precision)
    run = find_run(name)
    if run is not None:
        return _of_run(run, precision)
    voices = shipped()
    wanted = DEFAULT_VOICE if name is None else name
    if wanted in voices:
        return from_file(instrument_file.read(voices[wanted]), precision=precision)
    known = [*(run.name for run in runs()), *voices]
    near = difflib.get_close_matches(wanted, known, n=1)
    raise RunFolderError(
        f"There is no run or instrument '{wanted}'.",
        f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known) or 'none yet'}.",
    )


def voices_in(name: str) -> list[str]:
    """The names in "keeper+tide", one alone where a file, a run or a voice is called just so. Raises UsageError."""
    if "+" not in name or os.path.exists(os.path.expanduser(name)) or find_run(name) is not None or name in shipped():
        return [name]
    several = [part.strip() for part in name.split("+")]
    if not all(several):
        raise UsageError(f"'{name}' names no voice on one side of a +.", "For example: keeper+tide")
    return several


def load_each(names: Sequence[str], precision: str = "auto") -> list[Instrument]:
    """The instruments of several names. Raises as `load` does, and says which voice it is."""
    found: dict[str, Instrument] = {}
    for name in names:
        try:
            found[name] = found[name] if name in found else load(name, precision)
        except UndersongError as error:
            if len(names) > 1 and name not in error.what:
                error.what = f"The voice '{name}': {error.what}"
            raise
    return [found[name] for name in names]


def called(name: str) -> str:
    """What a voice is called that was named by a person: of a path its last part."""
    return Path(name).stem if name.endswith(".undersong") else Path(name).name or name


def _of_run(run: RunFolder, precision: str) -> Instrument:
    if _file_of(run) is None and run.ngram.is_file():
        return load_ngram(run)
    network = load_network(run, precision)
    try:
        weight = kept_weight(run)
        return network if weight is None else duet(network, _partner(run, network), weight)
    except (RunFolderError, InstrumentFileError) as error:
        network.facts["alone"] = error.what
        return network


def load_network(run: RunFolder, precision: str = "auto") -> Instrument:
    """The run's network, without the n-gram of a duet. Raises RunFolderError, InstrumentFileError."""
    path = _file_of(run)
    if path is None:
        raise RunFolderError(
            f"The run '{run.name}' has nothing to play yet.",
            "It may still be reading; if it was stopped, begin it again.",
        )
    return from_file(instrument_file.read(path), precision=precision)


def _file_of(run: RunFolder) -> Path | None:
    if run.instrument.is_file():
        return run.instrument
    return next(iter(sorted(run.path.glob("*.undersong"))), None)  # a folder may be renamed after learning


def kept_weight(run: RunFolder) -> float | None:
    """The share of the n-gram in the run's duet, None where it has none. Raises RunFolderError where it is damaged."""
    if not (run.path / DUET_FILE).is_file():
        return None
    weight = run.read_json(DUET_FILE).get("weight")
    if not (isinstance(weight, int | float) and 0 <= weight <= 1):
        raise RunFolderError(f"'{run.path / DUET_FILE}' holds no weight from 0 to 1.", "Learn again, or delete it.")
    return float(weight)


def _partner(run: RunFolder, network: Instrument) -> Instrument:
    """The run's n-gram, if it speaks of the same events. Raises RunFolderError, InstrumentFileError."""
    ngram = load_ngram(run)
    if (ngram.codec.to_json(), ngram.distribution) != (network.codec.to_json(), network.distribution):
        raise RunFolderError(f"The n-gram of '{run.name}' was counted over other events than its network plays.")
    return ngram


def load_ngram(run: RunFolder) -> Instrument:
    """The run's n-gram as an instrument. Raises RunFolderError, InstrumentFileError."""
    if not run.ngram.is_file():
        raise RunFolderError(f"The run '{run.name}' has no n-gram to play.")
    facts = run.read_json("private/codec.json")
    medium: AbstractMedium = registry.load("media", facts["medium"])()
    codec = _codec(facts["codec"])
    ngram = NGram.from_arrays(run.read_arrays(run.ngram))
    return markov_instrument(run.name, medium, codec, ngram, tuple(facts["opening"]))


def markov_instrument(
    name: str, medium: AbstractMedium, codec: AbstractCodec, ngram: NGram, opening: tuple[int, ...]
) -> Instrument:
    """An n-gram as an instrument that plays like any other; `opening` is what it hears before a piece begins."""
    distribution = registry.load("distributions", codec.distribution["kind"])(ngram.vocabulary)
    facts = {"network": ngram.name, "name": name}
    return Instrument(name, medium, codec, distribution, MarkovSteps(ngram, opening), facts)


def from_file(file: InstrumentFile, engine: str = "auto", precision: str = "auto") -> Instrument:
    """An instrument from what its file holds; `engine` and `precision` as `GraphSteps` takes them.

    Raises InstrumentFileError, UnknownNameError, UsageError.
    """
    description = file.description
    try:
        medium: AbstractMedium = registry.load("media", description.medium)()
        codec = _codec(description.codec)
        settings = {key: value for key, value in description.distribution.items() if key != "kind"}
        distribution = registry.load("distributions", description.distribution["kind"])(**settings)
    except UnknownNameError as error:
        raise InstrumentFileError(
            f"'{description.name}' needs a part that is not installed: {error.what}", error.do
        ) from error
    except (TypeError, KeyError, ValueError) as error:
        raise InstrumentFileError(
            f"'{description.name}' describes itself in a way that makes no sense: {error}."
        ) from error
    steps, facts = GraphSteps(file, engine, precision), dict(description.provenance)
    known = _fingerprints(file)
    return Instrument(description.name, medium, codec, distribution, steps, facts, fingerprints=known)


def _fingerprints(file: InstrumentFile) -> Fingerprints | None:
    try:
        kept = file.attachments.get("fingerprints.bin")
        return None if kept is None else Fingerprints.from_bytes(kept)
    except InstrumentFileError as error:
        raise InstrumentFileError(f"'{file.description.name}': {error.what}", error.do) from error


def _codec(data: Mapping[str, Any]) -> AbstractCodec:
    codec: AbstractCodec = registry.load("codecs", data["kind"]).from_json(data)
    return codec


def shipped() -> dict[str, Path]:
    """The voices that came with Undersong and other installed media, by name."""
    found: dict[str, Path] = {}
    for name in registry.names("media"):
        found |= registry.load("media", name)().shipped()
    return found
