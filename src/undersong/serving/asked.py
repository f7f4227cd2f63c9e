"""From what stands in a request to what an instrument is asked: checked field by field before anything plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from undersong.errors import ConstraintError, DialError, InputError, PromptError, UsageError
from undersong.playing.asking import Asking
from undersong.playing.constraining.constraints import Constraints
from undersong.playing.dials import Setting, checked_settings
from undersong.playing.given import Given, Several, piece_of
from undersong.playing.instrument import Instrument
from undersong.playing.rows import Asked
from undersong.randomness import fresh_seed
from undersong.serving.failures import about
from undersong.serving.schemas import Playing
from undersong.serving.settings import Serving

__all__ = ["asking_of", "check_ending", "check_length", "check_prompt", "check_rows", "dials_of", "given_of"]

_STOPS = 4
_LONGEST_STOP = 400  # in the medium's measure: each is looked for at every event


def given_of(instrument: Instrument, value: Any) -> Given:
    """What a request holds as a piece, as the instrument's medium takes it.

    A string, fields by name, a list of one string; where events are no symbols any other list is JSON of the medium's
    own. Raises PromptError, also for lists of numbers where those could only be symbols.
    """
    if value is None:
        return ""
    if isinstance(value, str | Mapping):
        return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if isinstance(value, list) and not instrument.codec.event.is_symbol:
        return _written(value)
    raise PromptError(
        "A piece is given as a string, or as fields by name; this is a list.",
        "Ask for one at a time, and not by the numbers of its events.",
    )


def _written(value: Any) -> str:
    try:
        return json.dumps(value)
    except RecursionError as error:
        raise PromptError("What was given is nested too deeply.", "Send it flat.") from error


def _several_of(instrument: Instrument, value: Any) -> Several:
    """Stops: one piece, or a list of them. Raises PromptError, and UsageError for too many or too long ones."""
    if value is None or value == []:
        return ()
    own = not instrument.codec.event.is_symbol and not all(isinstance(each, str | Mapping) for each in value)
    stops = [value] if not isinstance(value, list) or own else value
    if len(stops) > _STOPS:
        raise UsageError(f"{len(stops)} stops were given; {_STOPS} are looked for at most.")
    pieces = [piece_of(instrument.medium, given_of(instrument, each)) for each in stops]
    if any(instrument.codec.measure(piece) > _LONGEST_STOP for piece in pieces):
        raise UsageError(f"A stop of more than {_LONGEST_STOP} {instrument.medium.measure}s is not looked for.")
    return pieces


def dials_of(instrument: Instrument, request: Playing, settings: Serving) -> dict[str, Setting]:
    """Every dial that a request turns, wherever it stands in it. Raises DialError, told of the dial's field."""
    given = {"temperature": request.temperature, "top_p": request.top_p, **(request.__pydantic_extra__ or {})}
    given |= request.dials or {}
    dials: dict[str, Setting] = {name: value for name, value in given.items() if value is not None}
    known = instrument.dials
    for name, value in dials.items():
        with about(name[:80]):
            _check_dial(known, name, value, settings.longest)
    return dials


def _check_dial(known: Any, name: str, value: Setting, longest: int) -> None:
    """Raises DialError, with the dials there are for one there is not, and for one that turns for too long."""
    (values,) = checked_settings(known, {name: value}).values()
    if len(values) > longest + 1:
        raise DialError(f"{name} is turned over {len(values):,} events; this server takes {longest:,}.")


def check_prompt(instrument: Instrument, given: Given, settings: Serving) -> Given:
    """The piece that is gone on with. Raises PromptError, and InputError for one that is too long."""
    piece = piece_of(instrument.medium, given)
    length, measure = instrument.codec.measure(piece), instrument.medium.measure
    if length > settings.longest:
        raise InputError(
            f"What is given is {length:,} {measure}s long; this server takes {settings.longest:,}.",
            "Send the last part of it.",
        )
    return given if isinstance(given, Mapping) else piece  # of fields it is looked at which were given


def check_length(instrument: Instrument, length: int | None, settings: Serving) -> int:
    """How much is added. Raises UsageError where that is too much."""
    if length is None:
        return min(instrument.medium.sample_length, settings.longest)
    if length > settings.longest:
        raise UsageError(
            f"{length:,} {instrument.medium.measure}s are more than the {settings.longest:,} this server adds at once.",
            "Ask for less, and go on from there.",
        )
    return length


def check_rows(rows: int, settings: Serving) -> int:
    """How many pieces. Raises UsageError where that is too many."""
    if rows > settings.rows:
        raise UsageError(f"{rows} pieces are more than the {settings.rows} this server plays for one request.")
    return rows


def check_ending(instrument: Instrument, until: str | None) -> str | None:
    """The natural end to play to. Raises UsageError where the instrument knows no such end."""
    known = instrument.codec.endings
    if until is not None and until not in known:
        raise UsageError(f"'{until[:40]}' is no end that is known here.", f"Known: {', '.join(known) or 'none'}.")
    return until


def _within(request: Playing, settings: Serving) -> Constraints | None:
    """Raises ConstraintError, also for more than could be looked for while others wait."""
    if request.constraints is None:
        return None
    size = len(_written(request.constraints))
    if size > settings.longest:
        raise ConstraintError(f"Constraints of {size:,} characters are more than this server looks for.")
    return Constraints.from_json(request.constraints)


def asking_of(instrument: Instrument, request: Playing, length: int | None, settings: Serving) -> Asking:
    """All that a request asks of whoever plays; without a length as much as is usual.

    Raises what the checks above raise, and ConstraintError, told of the field it is about.
    """
    with about("prompt"):
        prompt = check_prompt(instrument, given_of(instrument, request.prompt), settings)
    with about("stop"):
        stop = _several_of(instrument, request.stop)
    with about("start"):
        start = None if request.start is None else given_of(instrument, request.start)
        if start is not None:
            start = check_prompt(instrument, start, settings)
    with about("condition"):
        Asked(instrument.conditions, request.condition or {}, 1)
    with about("constraints"):
        within = _within(request, settings)
    if length is None:
        usual = instrument.medium.sample_length
        length = min(usual if within is None else within.usual(usual), settings.longest)
    seed = fresh_seed() if request.seed is None else request.seed
    dials = dials_of(instrument, request, settings)
    return Asking(prompt, length, seed, request.condition, stop, start, within, dials)
