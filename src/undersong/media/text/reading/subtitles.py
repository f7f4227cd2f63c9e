"""Subtitles (SRT and WebVTT) → running text, and each cue with its times as a record.

A sentence that goes on over several cues becomes one line; a dash, where another person answers, begins a line of its
own. Where hardly any cue ends as a sentence does, as in Chinese or Thai, each cue is a line. The running text is what
is learned; the records are there for those who ask for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from typing import final

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import MOST_CELLS, Tally, as_text, lines_of

__all__ = ["parse"]

_TIME = r"(?:\d{1,4}:)?\d{1,2}:\d{1,2}[,.]\d{1,6}"
_TIMES = re.compile(rf"\s{{0,20}}({_TIME})\s{{0,9}}-{{1,3}}>\s{{0,9}}({_TIME})(?:\s|\Z)")
_NUMBER = re.compile(r"\s*\d{1,9}\s*\Z")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|\Z)")
_VOICE = re.compile(r"<v(?:\.[^\s<>]{1,80})?\s([^<>]{1,120})>")
_STYLE = re.compile(
    r"</?(?:[biucsv]|em|strong|font|ruby|rt|lang|span|br)(?:[\s./][^<>]{0,300})?/?>|<\d[\d:.,]{3,20}>",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\{\\[^{}\n]{0,200}\}|\{[yYcCsSpPfFbBiIuU]:[^{}\n]{0,40}\}")
_DASH = re.compile(r"[-–—‐‑−]\s?(?=[^\s-])")
_ENDED = frozenset('.!?…。！？؟।۔:;"”»’)]♪♫')
_MOST_CUES = MOST_CELLS // 10  # some hundred long films
_MOST_LINES = 1000  # of one cue
_CLOSE_BY = 4.0  # seconds of silence after which nobody goes on with a sentence
_SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff，。！？、]")
_ROLLING = 0.3  # the share of cues that repeat the one before, as captions that roll up the screen do, and add to it


@final
@dataclass
class _Cue:
    start: str
    end: str
    lines: list[str]
    speaker: str = ""

    @property
    def began(self) -> float:
        return _seconds(self.start)

    @property
    def ended(self) -> float:
        return _seconds(self.end)


def parse(text: str, name: str) -> Document | None:
    """A file of subtitles: the running text, and records with `start`, `end`, `text` and, where it says so, `speaker`.

    None where no line of it has the times of a cue.
    """
    web = text.lstrip("\ufeff").startswith("WEBVTT")
    changed = Tally()
    cues = _cues(text, web)
    full = len(cues) >= _MOST_CUES
    cues = [cue for cue in cues if _cleaned(cue, web, changed)]
    if not cues:
        return None
    repeated = _unrolled(cues)
    cues = [cue for cue in cues if cue.lines]
    form = "subtitles (WebVTT)" if web else "subtitles (SRT)"
    notes = [f"Its {len(cues):,} subtitles were joined to running text, without numbers and times."]
    notes += changed.notes("Took out")
    if repeated:
        notes.append(f"Left out lines that only stayed on the screen from before ({repeated:,}).")
    if full:
        notes.append(f"Only its first {len(cues):,} subtitles were read: to learn all, cut the file.")
    return Document(form, (_running(cues),), tuple(map(_record, cues)), "{text}", tuple(notes))


def _cues(text: str, web: bool) -> list[_Cue]:
    """Cues as they stand; a number or a name above the times is no text, and neither are asides of WebVTT."""
    cues: list[_Cue] = []
    aside = web
    before: list[str] = []  # lines since the last empty one, which may be a name for the cue that follows
    for line in lines_of(text.replace("\r\n", "\n").replace("\r", "\n")):
        times = _TIMES.match(line[:200]) if "->" in line[:200] else None
        if times is not None:
            if cues and before and (_NUMBER.match(before[-1]) or (web and len(before) == 1)):
                before.pop()
            if cues:
                cues[-1].lines += before
            if len(cues) >= _MOST_CUES:
                return cues
            cues.append(_Cue(times[1], times[2], []))
            before, aside = [], False
        elif not line.strip():
            if cues and not aside and len(cues[-1].lines) < _MOST_LINES:
                cues[-1].lines += before
            before, aside = [], False
        elif web and not before and _ASIDE.match(line) and (not cues or cues[-1].lines):
            aside = True
        elif not aside and len(before) < _MOST_LINES:
            before.append(line)
    if cues:
        cues[-1].lines += before
    return cues


def _cleaned(cue: _Cue, web: bool, changed: Tally) -> bool:
    """Whether a cue has anything to read once its tags are taken out."""
    whole = as_text("\n".join(cue.lines))
    if "<" in whole or "{" in whole:
        if (voice := _VOICE.search(whole)) is not None:
            cue.speaker = " ".join(unescape(voice[1]).split())
        whole, styles = _STYLE.subn(lambda tag: "\n" if tag[0][:3].lower() == "<br" else "", whole)
        changed.add("tags of style", styles)
    if "{" in whole:
        whole, places = _PLACE.subn("", whole)
        changed.add("tags of position", places)
    if "\\" in whole:
        whole = whole.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    if web and "&" in whole:
        whole = unescape(whole)
    cue.lines = [plain for line in whole.split("\n") if (plain := " ".join(as_text(line).split()))]
    return bool(cue.lines)


def _unrolled(cues: list[_Cue]) -> int:
    """Takes out lines that only stay on the screen from one cue to the next, where many do; how many."""
    stayed: list[tuple[_Cue, int]] = []
    for before, cue in pairwise(cues):
        if abs(cue.began - before.ended) > 0.2:
            continue
        count = next((n for n in range(min(len(cue.lines), 8), 0, -1) if before.lines[-n:] == cue.lines[:n]), 0)
        if count:
            stayed.append((cue, count))
    added = sum(count < len(cue.lines) for cue, count in stayed)  # a song may say the same again, and nothing new
    if len(stayed) < max(3, _ROLLING * len(cues)) or added < _ROLLING * len(stayed):
        return 0
    for cue, count in stayed:
        del cue.lines[:count]
    return sum(count for _, count in stayed)


def _record(cue: _Cue) -> dict[str, str]:
    record = {"start": cue.start, "end": cue.end, "text": "\n".join(cue.lines)}
    if cue.speaker:
        record["speaker"] = cue.speaker
    return record


def _running(cues: list[_Cue]) -> str:
    """The cues as a text, a line for each sentence that a person says."""
    joined = sum(cue.lines[-1][-1] in _ENDED for cue in cues) >= 0.2 * len(cues)
    lines: list[list[str]] = []
    last_end = 0.0
    for cue in cues:
        goes_on = joined and bool(lines) and cue.began - last_end < _CLOSE_BY and lines[-1][-1][-1] not in _ENDED
        for line in cue.lines:
            if not lines or _DASH.match(line) or not goes_on:
                lines.append([line])
            else:
                previous = lines[-1][-1]
                apart = "" if _SPACELESS.match(previous[-1]) and _SPACELESS.match(line[0]) else " "
                lines[-1].append(apart + line)
            goes_on = True
        last_end = cue.ended
    return "\n".join("".join(pieces) for pieces in lines)


def _seconds(time: str) -> float:
    total = 0.0
    for part in time.replace(",", ".").split(":"):
        total = 60 * total + float(part)
    return total
