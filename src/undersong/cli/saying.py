"""How verbs answer: JSON or words on standard output, and what to do next on standard error, for people only."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from undersong.errors import UnreadableFileError, UsageError

__all__ = [
    "RUN_HELP", "answer", "conditions_from", "dials_from", "duration", "harmless", "next_step", "say", "standard_input",
    "unescaped",
]  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and newline
_SIGN = re.compile(r"\\[nt\\]")

RUN_HELP = "A run's name or folder, an .undersong file, or a voice that ships; without it the newest run."


def say(words: str = "") -> None:
    """A line for people, on standard error, so that standard output stays clean for pipes."""
    print(words, file=sys.stderr, flush=True)


def harmless(words: str) -> str:
    """The words without what a terminal would obey: a network may play any character, and a stranger's on purpose."""
    return _CONTROL.sub("\ufffd", words)


def answer(data: Any) -> None:
    """A JSON answer on standard output, readable under any terminal encoding."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json.dumps(data, ensure_ascii=plain, indent=2))


def next_step(words: str) -> None:
    """What a person might do next; silent when nobody is watching."""
    if sys.stderr.isatty():
        say(f"\nNext: {words}")


def standard_input() -> str:
    """All that comes in by the pipe, as text. Raises UnreadableFileError."""
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(
            f"Standard input is not {error.encoding.upper()}: byte {error.start + 1:,} fits no character.",
            "Hand it in as text in that encoding, or set PYTHONIOENCODING to the one it has.",
        ) from error


def duration(given: str) -> float:
    """Minutes from `90s`, `10m`, `1.5h` or a plain number of minutes. Raises UsageError."""
    units = {"s": 1 / 60, "m": 1.0, "h": 60.0}
    number, unit = (given[:-1], units[given[-1]]) if given[-1:] in units else (given, 1.0)
    try:
        minutes = float(number) * unit
    except ValueError:
        minutes = -1.0
    if not 0 < minutes < 1e6:
        raise UsageError(f"'{given}' is not a time.", "Write 90s, 10m or 1.5h.")
    return minutes


def dials_from(temperature: str | float | None, given: Sequence[str], greedy: bool = False) -> dict[str, Any]:
    """Dials from `--temperature`, `--greedy` and `--dial name=value`: numbers, or words that say how they move.

    Raises UsageError; whether there is such a dial, and whether it goes so far, the instrument knows.
    """
    dials: dict[str, Any] = {} if temperature is None else {"temperature": _number(str(temperature))}
    for each in given:
        name, _, value = each.partition("=")
        if not value.strip():
            raise UsageError(f"--dial {each} is not of the form name=number.", "For example --dial temperature=0.7")
        dials[name.strip()] = _number(value)
    if greedy and "temperature" in dials:
        raise UsageError("--greedy is a temperature of 0, and another one is given too.", "Leave out either.")
    return dials | ({"temperature": 0.0} if greedy else {})


def _number(words: str) -> float | str:
    """The number that these words are, else the words."""
    try:
        return float(words)
    except ValueError:
        return words


def unescaped(words: str) -> str:
    r"""What a shell cannot easily be told: `\n` is a line end, `\t` a tab, and `\\` a backslash."""
    signs = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
    return _SIGN.sub(lambda found: signs[found[0]], words)


def conditions_from(given: Sequence[str]) -> Mapping[str, Any]:
    """Conditions from `--condition name=JSON`. Raises UsageError."""
    found: dict[str, Any] = {}
    for each in given:
        name, _, value = each.partition("=")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError as error:
            raise UsageError(
                f"--condition {each} is not of the form name=value.", "The value is a number or a JSON list: class=2"
            ) from error
    return found
