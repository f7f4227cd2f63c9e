"""The contract of torch-rnn-server (Robin Sloan, 2016), so that editors made for it go on working as they are.

`GET /` says that somebody is there. `GET /generate?start_text=…&n=…` answers {"start_text", "completions", "time"}:
the start as it came, still percent-encoded, by which a client tells an answer that is late; ends of the sentence,
without the start; and the seconds it took, as a string. A `message` in place of these is an error.

As there, spaces in a row are heard as one, a completion ends with its sentence once there are three spaces before
that, or after 140 characters, and 3 to 20 words are wanted. Unlike there nothing is tried for ever: after some rounds
the best there is will do. Temperatures are those of the old server, another in each round, unless the query turns that
dial; it may turn any other one too, name a `model` and a `seed`. Nothing is lower-cased but for an instrument that
never saw a capital.
"""

from __future__ import annotations

import html
import math
import random
import re
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from undersong.errors import UndersongError, UsageError
from undersong.events import AbstractCodec
from undersong.playing.asking import Asking
from undersong.playing.courses import Course, Draw, Drawn, Step, overheard
from undersong.playing.dials import Setting
from undersong.playing.drawing import Drawing
from undersong.playing.given import events_of
from undersong.playing.instrument import Instrument
from undersong.playing.sessions.session import Heard
from undersong.randomness import fresh_seed
from undersong.serving.failures import failed
from undersong.serving.house import House, Voice
from undersong.serving.replies import Reply
from undersong.serving.schemas import ERRORS
from undersong.serving.streaming import unless_gone
from undersong.serving.workspaces import Person

__all__ = ["router"]

_MOST = 10  # completions
_LONGEST = 140  # characters of one
_SPACES = 3  # before its sentence may end
_WORDS = range(3, 21)
_TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9)
_ROUNDS = 6  # of drawing what is still missing, twice as many as that after the first
_HEARD = 1_000  # characters of the start: old clients send 256 at the most
_SEED = 2**63
_MESSAGE = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
_PAGE = HTMLResponse.media_type or ""

router = APIRouter(tags=["old editors"])


@router.get(
    "/",
    summary="Whether somebody is there",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"schema": _MESSAGE}, _PAGE: {"schema": {"type": "string"}}}},
        **ERRORS,
    },
    operation_id="greet",
)
async def greet(request: Request) -> Response:
    """`{"message": "Have fun!"}`, as old editors want it; a browser gets a page that says what plays here."""
    if "html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(request.app.state.house))
    return Reply({"message": "Have fun!"})


@router.get(
    "/generate",
    summary="Ends for a sentence, as torch-rnn-server gives them",
    response_class=Reply,
    responses={
        200: {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["start_text", "completions", "time"],
                        "properties": {
                            "start_text": {"type": "string"},
                            "completions": {"type": "array", "items": {"type": "string"}},
                            "time": {"type": "string"},
                        },
                    }
                }
            }
        },
        **ERRORS,
    },
    operation_id="generate",
)
async def generate(
    request: Request,
    person: Person,
    start_text: str = "",
    n: str = "1",
    model: str | None = None,
    seed: Annotated[int | None, Query(ge=0, lt=_SEED)] = None,
) -> Reply:
    """Up to 10 completions of `start_text`, 1 where `n` is no number; further parameters turn dials by their names."""
    began = time.perf_counter()
    house: House = request.app.state.house
    try:
        voice = house.first if model is None else house.voice(model)
        instrument = voice.instrument
        _check(instrument)
        count = _count(n)
        person.allow(count)
        given = dict(parse_qsl(request.url.query, errors="replace", max_num_fields=100))
        dials = {dial.name: given[dial.name] for dial in instrument.dials if dial.name in given}
        start = _prepared(instrument.codec, start_text)
        dice = fresh_seed() if seed is None else seed
        completions = await unless_gone(request, _completions(voice, start, count, dials, dice))
    except UndersongError as error:
        return _refused(error)
    house.metrics.characters(voice.name, sum(map(len, completions)))
    seconds = f"{time.perf_counter() - began:.6g}"
    return Reply({"start_text": _as_it_came(request), "completions": completions, "time": seconds})


# ── what is asked ──────────────────────────────────────────────────────────────────────────────────────────────────


def _check(instrument: Instrument) -> None:
    """Raises UsageError for an instrument that ends no sentences."""
    if not {"sentence", "word"} <= set(instrument.codec.endings) or instrument.codec.in_one_go:
        raise UsageError(
            f"'{instrument.name}' plays {instrument.medium.measure}s of '{instrument.codec.kind}', which are not gone "
            "on with to the end of a sentence.",
            "Ask /v1/candidates, which plays every medium, or name a `model` that writes.",
        )


def _count(n: str) -> int:
    """How many completions: 1 where it is no number, 10 at the most."""
    try:
        number = float(n[:40])
    except ValueError:
        return 1
    return max(1, int(min(number, _MOST))) if math.isfinite(number) else 1


def _prepared(codec: AbstractCodec, start: str) -> str:
    """The start as it is heard: its end, with one space for several, in lower case where nothing else was learned."""
    start = re.sub(r"\s+", " ", start[-8 * _HEARD :])[-_HEARD:]
    return start if _knows_capitals(codec) else start.lower()


@lru_cache(maxsize=64)
def _knows_capitals(codec: AbstractCodec) -> bool:
    """Whether a symbol has one; where every symbol is spelled, nobody knows what was learned, and they may be."""
    names = [codec.display(symbol) for symbol in range(codec.event.count or 0)]
    own = [name for name in names if not (name.startswith("<") and name.endswith(">"))]
    return not own or any(name != name.lower() for name in own)


def _as_it_came(request: Request) -> str:
    """`start_text` as it stands in the query, by which an old client tells which question this answers."""
    query: bytes = request.scope["query_string"]
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_plus(name.decode("latin-1")) == "start_text":
            return value.decode("utf-8", "replace")
    return ""


# ── what is answered ───────────────────────────────────────────────────────────────────────────────────────────────


async def _completions(voice: Voice, start: str, count: int, dials: Mapping[str, str], seed: int) -> list[str]:
    """As many as were asked for: those of 3 to 20 words, then those that come nearest to it."""
    instrument, scheduler = voice.instrument, voice.scheduler
    opening = events_of(instrument.medium, instrument.codec, start)
    dice = random.Random(seed)
    heard = await scheduler.play(_heard(instrument, opening), 1)
    fitting: list[str] = []
    others: list[str] = []
    for number in range(_ROUNDS):
        rows = (count - len(fitting)) * (1 if number == 0 else 2)
        turned: dict[str, Setting] = {"temperature": dice.choice(_TEMPERATURES), **dials}
        asked = Asking(length=_LONGEST, seed=dice.randrange(_SEED), dials=turned)
        for found in await scheduler.play(_sentences(instrument, heard, opening, rows, asked), rows):
            (fitting if len(found.split()) in _WORDS else others).append(found)
        if len(fitting) >= count:
            return fitting[:count]
    others.sort(key=_misses)
    return [*fitting, *others[: count - len(fitting)]]


def _misses(completion: str) -> int:
    """By how many words it is too short or too long."""
    words = len(completion.split())
    return max(_WORDS.start - words, words - _WORDS.stop + 1)


def _heard(instrument: Instrument, opening: np.ndarray) -> Course[Heard]:
    """How the instrument stands after the start."""
    heard = yield from instrument.hearing(opening, instrument.begin())
    return heard


def _sentences(
    instrument: Instrument, heard: Heard, opening: np.ndarray, rows: int, asked: Asking
) -> Course[list[str]]:
    """Rows drawn to the ends of their sentences."""
    drawing = instrument.drawing_after(heard, opening, rows, asked)
    each = [_Sentence(drawing, row) for row in range(rows)]

    def hear(told: Step | Draw | Drawn, answer: Any) -> None:
        if type(told) is Drawn and (ended := [sentence.row for sentence in each if sentence.ends_with(told)]):
            drawing.lengths.fall_silent(ended)

    drawn = yield from overheard(drawing.course(), hear)
    return [str(instrument.codec.decode(row.events)) for row in drawn]


class _Sentence:
    """One row of a drawing, and how far its sentence has come."""

    def __init__(self, drawing: Drawing, row: int) -> None:
        self.row = row
        self._codec, self._lengths = drawing.instrument.codec, drawing.lengths
        self._begun: list[Any] = []  # events since it was last whole
        self._last: list[Any] = drawing.opening[-1:].tolist()  # those before
        self._spaces = 0

    def ends_with(self, drawn: Drawn) -> bool:
        """Whether the sentence has ended with what was drawn."""
        if not drawn.sounding[self.row]:
            return False
        self._begun.append(drawn.events[self.row].item())
        if self._lengths.situations[self.row] != 0:
            return False
        now, self._begun = self._begun, []
        self._spaces += _parts(self._codec, tuple(self._last), tuple(now))
        self._last = now
        return self._spaces >= _SPACES and _closes(self._codec, tuple(now))


@lru_cache(maxsize=16_384)
def _parts(codec: AbstractCodec, last: tuple[int, ...], now: tuple[int, ...]) -> bool:
    """Whether a word has ended between these events, or in the later ones."""
    return codec.ending("word", _events((*last, *now))) < len(last) + len(now)


@lru_cache(maxsize=16_384)
def _closes(codec: AbstractCodec, now: tuple[int, ...]) -> bool:
    """Whether a sentence ends in these events."""
    return codec.ending("sentence", _events((*now, *now))) <= len(now)  # an end that is not there is beyond both


def _events(symbols: tuple[int, ...]) -> np.ndarray:
    return np.array(symbols, np.int64)


def _refused(error: UndersongError) -> Reply:
    """The error as everywhere, and as the `message` that old editors show."""
    found = failed(error)
    return Reply({"message": f"{found.what} {found.do}".strip(), **found.to_json()}, found.status, found.headers)


def _page(house: House) -> str:
    """What a browser shows."""
    rows = "".join(
        f"<li><b>{html.escape(voice.name)}</b>, which plays {html.escape(voice.instrument.medium.measure)}s</li>"
        for voice in house.voices.values()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Undersong</title>'
        "<style>body{font:1.1rem/1.6 Georgia,serif;max-width:36rem;margin:4rem auto;padding:0 1rem}</style>"
        f"<h1>Undersong</h1><p>Somebody is there. Playing:</p><ul>{rows}</ul>"
        '<p>What can be asked stands at <a href="/docs">/docs</a>. Editors that know torch-rnn-server are given the '
        "address of this page.</p></html>"
    )
