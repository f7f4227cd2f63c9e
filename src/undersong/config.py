"""Settings as frozen pydantic models: unknown keys refused by name, TOML in and out, `--set a.b=c` on top."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from undersong.errors import MissingFileError, RecipeError

__all__ = ["Settings", "build", "override", "read_toml", "toml_text"]


class Settings(BaseModel):
    """The base of every settings model: frozen, and a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Settings)


def build(model: type[Model], data: Mapping[str, Any], where: str = "the recipe") -> Model:
    """The model from plain data. Raises RecipeError naming the key, what was expected, and the nearest known key."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = list(_fields_at(model, first["loc"][:-1]))
            near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            advice = f"Did you mean '{near[0]}'?" if near else f"Known there: {', '.join(known) or 'no key at all'}."
            raise RecipeError(f"{where} has a key that means nothing: '{key}'.", advice) from error
        raise RecipeError(f"{where}: {key} = {first['input']!r} will not do: {first['msg']}.") from error


def _fields_at(model: type[BaseModel], path: Iterable[int | str]) -> Iterable[str]:
    for part in path:
        inner = model.model_fields[str(part)].annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return model.model_fields


def override(data: Mapping[str, Any], changes: Iterable[str]) -> dict[str, Any]:
    """The data with `a.b=c` changes laid over it; values are read as TOML where they can be, else as plain words.

    Raises RecipeError for a change without `=`.
    """
    result = json.loads(json.dumps(data))
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals or not path.strip():
            raise RecipeError(f"--set {change} is not of the form a.b=c.", "For example: --set core.size=256")
        *folders, last = path.strip().split(".")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise RecipeError(f"--set {change}: '{folder}' holds a value, not a group of settings.")
        place[last] = _value(value.strip())
    assert isinstance(result, dict)
    return result


def _value(written: str) -> Any:
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return written


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain data. Raises MissingFileError, RecipeError with the line."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise MissingFileError(f"There is no recipe at '{path}'.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"'{path}' is not a TOML file: {error}.") from error


def toml_text(data: Mapping[str, Any]) -> str:
    """Plain data as TOML; keys without a value are left out, for TOML has no null."""
    import tomlkit

    return tomlkit.dumps(_without_none(data))


def _without_none(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if value is not None
    }
