"""From a name to an instrument: a file, a run, the newest run, or a voice that ships with Undersong."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from undersong import registry
from undersong.errors import InstrumentFileError, RunFolderError, UnknownNameError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.run_folder import RunFolder, find_run, runs
from undersong.playing.graph_steps import GraphSteps
from undersong.playing.instrument import Instrument
from undersong.playing.markov import MarkovSteps
from undersong.playing.ngram import NGram

__all__ = ["from_file", "load", "load_ngram", "markov_instrument", "shipped"]

DEFAULT_VOICE = "anthology"


def load(where: str | Path | None = None) -> Instrument:
    """The instrument at a path, of a run's name, or of a shipped voice's; without a name the newest run.

    A run that has not written its instrument yet plays its n-gram.
    Raises RunFolderError, InstrumentFileError, MissingFileError, UnknownNameError.
    """
    name = None if where is None else str(where)
    if name is not None and name.endswith(".undersong"):
        return from_file(instrument_file.read(Path(name).expanduser()))
    run = find_run(name)
    if run is not None:
        return _of_run(run)
    voices = shipped()
    wanted = DEFAULT_VOICE if name is None else name
    if wanted in voices:
        return from_file(instrument_file.read(voices[wanted]))
    known = [*(run.name for run in runs()), *voices]
    near = difflib.get_close_matches(wanted, known, n=1)
    raise RunFolderError(
        f"There is no run or instrument '{wanted}'.",
        f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(known) or 'none yet'}.",
    )


def _of_run(run: RunFolder) -> Instrument:
    if run.instrument.is_file():
        return from_file(instrument_file.read(run.instrument))
    renamed = sorted(run.path.glob("*.undersong"))  # a folder may be renamed after learning
    if renamed:
        return from_file(instrument_file.read(renamed[0]))
    if run.ngram.is_file():
        return load_ngram(run)
    raise RunFolderError(
        f"The run '{run.name}' has nothing to play yet.", "It may still be reading; if it was stopped, begin it again."
    )


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


def from_file(file: InstrumentFile, engine: str = "auto") -> Instrument:
    """An instrument from what its file holds. Raises InstrumentFileError, UnknownNameError."""
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
    return Instrument(
        description.name, medium, codec, distribution, GraphSteps(file, engine), dict(description.provenance)
    )


def _codec(data: Mapping[str, Any]) -> AbstractCodec:
    codec: AbstractCodec = registry.load("codecs", data["kind"]).from_json(data)
    return codec


def shipped() -> dict[str, Path]:
    """The voices that came with Undersong and other installed media, by name."""
    found: dict[str, Path] = {}
    for name in registry.names("media"):
        found |= registry.load("media", name)().shipped()
    return found
