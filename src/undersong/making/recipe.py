"""A run is a recipe: a short TOML file with a name, variants by `--set`, and the resolved copy in the run folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from undersong import registry
from undersong.config import Settings, build, override, read_toml
from undersong.errors import UnknownNameError
from undersong.learning.training.trainer import TrainingSettings

__all__ = ["CoreRecipe", "NgramRecipe", "Recipe", "load_recipe", "recipe_names"]


def _units(given: Any) -> Any:
    if given == "auto" or (isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 8192):
        return given
    raise PydanticCustomError("units", 'It should be a whole number from 1 to 8192, or "auto"')


def _share(given: Any) -> Any:
    if given == "auto":
        return given
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 1:
        return float(given)
    raise PydanticCustomError("share", 'It should be a number from 0 to below 1, or "auto"')


Units = Annotated[int | Literal["auto"], PlainValidator(_units)]
Share = Annotated[float | Literal["auto"], PlainValidator(_share)]
Order = Annotated[int, Field(ge=1, le=20)]


class CoreRecipe(Settings):
    kind: str = "lstm"
    layers: int = Field(1, ge=1, le=8)
    size: Units = "auto"  # units per layer; auto: what the minutes and the corpus allow
    embedding: Units = "auto"  # auto: a quarter of the size
    dropout: Share = "auto"  # auto: more for less material
    settings: dict[str, Any] = Field(default_factory=dict)  # what this core alone understands


class NgramRecipe(Settings):
    orders: tuple[Order, ...] = Field((2, 3, 4, 5, 6, 7, 8), min_length=1)  # tried inside the learning events
    methods: tuple[Literal["kneser-ney", "witten-bell"], ...] = Field(("kneser-ney", "witten-bell"), min_length=1)


class Recipe(Settings):
    medium: str = "auto"  # auto: whichever reads the files
    unit: str = "auto"  # auto: the medium's first
    pieces: str = Field("auto", min_length=1)  # auto: as they look; whole, file, line, blank-line, or a line like ---
    read: dict[str, Any] = Field(default_factory=dict)  # what the medium's reader is asked: fields, speaker, exclude …
    layout: str = ""  # the page on which several pieces are set: the medium knows which there are
    seed: int = Field(1, ge=0, lt=2**31)
    licence: str = ""  # of the material, as the card will state it
    duet: bool | None = None  # with its n-gram; nobody said: below 300,000 events
    fingerprint: bool = True  # of the material in the instrument file, so that it can tell what it copies
    tensorboard: bool = True  # curves in private/tensorboard, where it is installed: 0.2 s at the start, 30 µs a moment
    core: CoreRecipe = CoreRecipe()
    training: TrainingSettings = TrainingSettings()
    ngram: NgramRecipe = NgramRecipe()


def recipe_names() -> list[str]:
    """The recipes that ship with Undersong."""
    return sorted(path.name.removesuffix(".toml") for path in _shipped().iterdir() if path.name.endswith(".toml"))


def load_recipe(name: str | None, changes: Iterable[str] = ()) -> Recipe:
    """A recipe by name or path, with changes laid over it; a core it names is there and knows its settings.

    Raises UnknownNameError, MissingFileError, RecipeError.
    """
    if name is None:
        data: dict[str, Any] = {}
    elif name.endswith(".toml"):
        data = read_toml(Path(name))
    elif name in recipe_names():
        data = read_toml(Path(str(_shipped() / f"{name}.toml")))
    else:
        near = difflib.get_close_matches(name, recipe_names(), n=1)
        raise UnknownNameError(
            f"There is no recipe '{name}'.",
            f"Did you mean '{near[0]}'?" if near else f"Known: {', '.join(recipe_names())}; or a path to a .toml file.",
        )
    recipe = build(Recipe, override(data, changes), f"recipe '{name}'" if name else "--set")
    core = registry.load("cores", recipe.core.kind)
    build(core.Settings, recipe.core.settings, f"the settings of {core.kind}")
    return recipe


def _shipped() -> Any:
    return files("undersong") / "recipes"
