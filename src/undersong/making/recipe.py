"""A run is a recipe: a short TOML file with a name, variants by `--set`, and the resolved copy in the run folder."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from undersong.config import Settings, build, override, read_toml
from undersong.errors import UnknownNameError
from undersong.learning.training.trainer import TrainingSettings

__all__ = ["CoreRecipe", "NgramRecipe", "Recipe", "load_recipe", "recipe_names"]


class CoreRecipe(Settings):
    kind: str = "lstm"
    layers: int = Field(1, ge=1, le=8)
    size: int | Literal["auto"] = "auto"  # units per layer; auto: what the minutes and the corpus allow
    embedding: int | Literal["auto"] = "auto"  # auto: a quarter of the size
    dropout: float | Literal["auto"] = "auto"  # auto: more for less material
    settings: dict[str, Any] = Field(default_factory=dict)  # what this core alone understands


class NgramRecipe(Settings):
    orders: tuple[int, ...] = (2, 3, 4, 5, 6, 7, 8)  # tried inside the learning events
    methods: tuple[Literal["kneser-ney", "witten-bell"], ...] = ("kneser-ney", "witten-bell")


class Recipe(Settings):
    medium: str = "auto"  # auto: whichever reads the files
    unit: str = "auto"  # auto: the medium's first
    seed: int = Field(1, ge=0, lt=2**31)
    licence: str = ""  # of the material, as the card will state it
    core: CoreRecipe = CoreRecipe()
    training: TrainingSettings = TrainingSettings()
    ngram: NgramRecipe = NgramRecipe()


def recipe_names() -> list[str]:
    """The recipes that ship with Undersong."""
    return sorted(path.name.removesuffix(".toml") for path in _shipped().iterdir() if path.name.endswith(".toml"))


def load_recipe(name: str | None, changes: Iterable[str] = ()) -> Recipe:
    """A recipe by name or path, with changes laid over it. Raises UnknownNameError, MissingFileError, RecipeError."""
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
    return build(Recipe, override(data, changes), f"recipe '{name}'" if name else "--set")


def _shipped() -> Any:
    return files("undersong") / "recipes"
