"""The page /docs and /openapi.json: all that requests may hold, and the dials of the instruments that play here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from undersong.distributions.distribution import Dial
from undersong.serving.house import House

__all__ = ["document"]

_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def document(app: FastAPI, house: House) -> None:
    """Has the application tell the dials of this house, each with its range, wherever a request may turn them."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            for declared in schema.get("components", {}).get("schemas", {}).values():
                _declare(declared, dials_of(house))
            _bound(schema)
            for path in schema.get("paths", {}).values():
                for operation in path.values():
                    _fail_in_json(operation["responses"])
        found: dict[str, Any] = made()
        return found

    app.openapi = openapi  # type: ignore[method-assign]


def dials_of(house: House) -> dict[str, Dial]:
    """Every dial of every instrument, by name."""
    return {dial.name: dial for voice in house.voices.values() for dial in voice.instrument.dials}


def _declare(schema: dict[str, Any], dials: Mapping[str, Dial]) -> None:
    """In a schema that takes more fields than it names: those are the dials."""
    fields, others = schema.get("properties", {}), schema.get("additionalProperties")
    if not isinstance(others, dict) or "dials" not in fields:
        return
    schema["additionalProperties"] = False
    nothing = [{"type": "null"}] if {"type": "null"} in others.get("anyOf", []) else []
    for name, dial in dials.items():
        fields[name] = {
            "title": name,
            "description": f"{dial.sentence} From {dial.low:g} to {dial.high:g}, at {dial.neutral:g} where it is left "
            "out; also one for each event, or a way in words.",
            "anyOf": [
                _one(dial),
                {"type": "array", "items": _one(dial), "minItems": 1},
                {"type": "string", "pattern": r"^[-+0-9.eE,>/ ]+$"},
                *nothing,
            ],
            "examples": [dial.neutral],
        }


def _bound(schema: Any) -> None:
    """Bounds under the names that JSON Schema has for them, where they were left under ours."""
    if isinstance(schema, list):
        for each in schema:
            _bound(each)
    elif isinstance(schema, dict):
        for ours, theirs in _BOUNDS.items():
            if isinstance(schema.get(ours), int | float):
                schema[theirs] = schema.pop(ours)
        for each in schema.values():
            _bound(each)


def _fail_in_json(answers: dict[str, Any]) -> None:
    """Errors are JSON, also of a route that else answers with a page."""
    for status, answer in answers.items():
        if status[0] in "45" and answer.get("content"):
            answer["content"] = {"application/json": next(iter(answer["content"].values()))}


def _one(dial: Dial) -> dict[str, Any]:
    return {"type": "integer" if dial.whole else "number", "minimum": dial.low, "maximum": dial.high}
