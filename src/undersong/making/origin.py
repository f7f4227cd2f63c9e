"""Where a run goes on from: another run, a voice that ships or a bare instrument file, as form, weights and codec."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from undersong import registry
from undersong.errors import InstrumentFileError, RunFolderError, UnknownNameError, UsageError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping import instrument_file
from undersong.keeping.graph_weights import graph_weights
from undersong.keeping.instrument_file import InstrumentFile
from undersong.keeping.run_folder import RunFolder, find_run, runs
from undersong.learning.growing import grow, rows_for
from undersong.learning.models.autoregressive import Autoregressive, ModelSpec
from undersong.making.recipe import Recipe
from undersong.playing.loading import shipped

__all__ = ["Origin", "load_origin"]


@final
@dataclass(frozen=True)
class Origin:
    """A learned model and its codec. `place` is where it lies on this machine, and stays private."""

    name: str
    place: Path
    medium: str
    codec: AbstractCodec
    spec: ModelSpec
    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        """What the card says of it: its name, what it learned from, and under which licence that is."""
        sources, licence = self.facts.get("sources", ""), self.facts.get("licence", "")
        learned = f", which learned from {sources}" if sources else ""
        return f"{self.name}{learned} (licence of that: {licence or 'not stated'})"

    def check_medium(self, medium: AbstractMedium) -> None:
        """Raises UsageError for material of another kind."""
        if medium.kind != self.medium:
            raise UsageError(
                f"'{self.name}' learned {self.medium}, and this material is {medium.kind}.",
                "Go on with material of the same kind, or begin anew without --from.",
            )

    def unit(self, medium: AbstractMedium, asked: str) -> str:
        """The unit that the origin's codec reads in. Raises UsageError where another was asked for."""
        nothing = self.codec.decode(np.zeros((0, *self.codec.event.shape), self.codec.event.dtype))
        units = [unit for unit in medium.units if _kinds(medium.codec([nothing], unit)) == _kinds(self.codec)]
        if not units or asked not in ("auto", *units):
            raise UsageError(
                f"'{self.name}' reads by the {units[0] if units else self.codec.kind}, and by nothing else.",
                "Leave out the unit, or begin anew without --from.",
            )
        return units[0] if asked == "auto" else asked

    def followed(self, recipe: Recipe) -> Recipe:
        """The recipe with the origin's network. Raises UsageError where it asks for another by name or number."""
        layer = self.spec.layers[0]
        if any(dict(other) != dict(layer) for other in self.spec.layers):
            raise UsageError(f"The layers of '{self.name}' differ from one another, which no recipe can say.")
        form: dict[str, Any] = {
            "kind": layer["kind"],
            "layers": len(self.spec.layers),
            "size": int(layer["size"]),
            "embedding": self.spec.embedding,
            "settings": dict(layer.get("settings", {})),
        }
        for key in (key for key in form if key in recipe.core.model_fields_set):
            asked = getattr(recipe.core, key)
            same = registry.resolve("cores", asked) if key == "kind" else asked
            if asked != "auto" and same != form[key]:
                raise UsageError(
                    f"core.{key} is {form[key]} in '{self.name}', which is to be gone on from, not {asked}.",
                    f"Leave out core.{key}; for another network begin anew without --from.",
                )
        return recipe.model_copy(update={"core": recipe.core.model_copy(update=form)})

    def model_for(self, spec: ModelSpec, codec: AbstractCodec) -> Autoregressive:
        """The model of form `spec` over `codec`, which was grown from the origin's: its odds, until it learns.

        Raises UsageError where the form is another, LearningError where the weights do not fit.
        """
        return grow(self.spec, self.arrays, spec, *rows_for(self.codec, codec))


def load_origin(where: str) -> Origin:
    """The origin of a run's name or folder, a voice's name, or an instrument file.

    Raises RunFolderError, InstrumentFileError, MissingFileError.
    """
    run = None if where.endswith(".undersong") else find_run(where)
    if run is not None:
        return _of_run(run)
    voices = shipped()
    if not where.endswith(".undersong") and where not in voices:
        near = difflib.get_close_matches(where, [*(run.name for run in runs()), *voices], n=1)
        raise RunFolderError(
            f"There is no run or instrument '{where}' to go on from.",
            f"Did you mean '{near[0]}'?" if near else f"Name a run, an .undersong file or one of {', '.join(voices)}.",
        )
    path = voices.get(where) or Path(where).expanduser()
    return _of_file(path.stem, path, instrument_file.read(path))


def _of_file(name: str, place: Path, file: InstrumentFile) -> Origin:
    """From the graphs alone."""
    found = graph_weights(file.graphs)
    medium, codec = _parts(file)
    head = {
        "kind": registry.resolve("heads", codec.head),
        "distribution": dict(file.description.distribution),
    }
    spec = ModelSpec(codec.event, found.embedding, found.layers, {"next": head}, codec.conditions)
    return Origin(name, place.absolute(), medium, codec, spec, found.arrays, file.description.provenance)


def _of_run(run: RunFolder) -> Origin:
    files = [run.instrument] if run.instrument.is_file() else sorted(run.path.glob("*.undersong"))
    weights = run.path / "model.safetensors"
    if not files:
        raise RunFolderError(f"The run '{run.name}' has learned nothing yet that could be gone on from.")
    file = instrument_file.read(files[0])
    if not weights.is_file():  # it is still learning, or was stopped hard
        return _of_file(run.name, run.path, file)
    medium, codec = _parts(file)
    try:
        spec = ModelSpec.from_json(run.read_json("config.json"))
        arrays = load_file(weights)
    except (OSError, SafetensorError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(f"The weights of '{run.name}' cannot be read: {error}.") from error
    return Origin(run.name, run.path.absolute(), medium, codec, spec, arrays, file.description.provenance)


def _parts(file: InstrumentFile) -> tuple[str, AbstractCodec]:
    """The medium and the codec of a file. Raises InstrumentFileError where either is not installed."""
    told = file.description
    try:
        codec: AbstractCodec = registry.load("codecs", told.codec["kind"]).from_json(told.codec)
        return registry.resolve("media", told.medium), codec
    except UnknownNameError as error:
        raise InstrumentFileError(
            f"'{told.name}' needs a part that is not installed: {error.what}", error.do
        ) from error


def _kinds(codec: AbstractCodec) -> tuple[str, str]:
    """What kind of codec it is, and of which kind it is made where it holds another."""
    inner = codec.to_json().get("inner")
    return codec.kind, str(inner["kind"]) if isinstance(inner, Mapping) else ""
