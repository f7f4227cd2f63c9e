"""Chats as WhatsApp exports them, on Android and on iPhones, in whatever order its owner's language writes a date.

iPhones write a left-to-right mark (U+200E) before whatever a person did not write: media, notices, "edited". Androids
put what stands for media in angle brackets. Both hold in every language; lists of words help where marks were lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import Tally, lines_of
from undersong.media.text.reading.messages import Chat, message
from undersong.media.text.reading.whatsapp_words import ATTACHED, DELETED, EDITED, MEDIA, NOTICES, POLL

__all__ = ["looks_like_whatsapp", "parse_whatsapp"]

_MARK = "\u200e"
_MARKS = "\u200e\u200f\u202a\u202b\u202c\ufeff"
_BETWEEN = rf"[{_MARKS}]?(?:[./\u2010\u2011年月년월-]\.?|\s)\s?[{_MARKS}]?"  # two numbers of a date
_STAMP = re.compile(
    rf"[{_MARKS}]{{0,4}}(\[)?[{_MARKS}]?"
    rf"((?:\d{{1,4}}{_BETWEEN}\d{{1,2}}{_BETWEEN}\d{{1,4}}|\d{{1,2}}[. ]{{1,2}}[^\W\d_]{{3,12}}[. ,]{{1,3}}\d{{2,4}})"
    r"[^\d\n\[\]<>]{1,14}?"  # ", " and " klo " and "日 下午"
    r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2})?"
    r"(?:\s{0,2}[^\W\d_]{1,8}\.?(?:\s?[^\W\d_]{1,4}\.?)?)?)"  # PM, p. m., μ.μ.
    rf"[{_MARKS}]?(?(1)\]\s?|\s[-–—]\s)[{_MARKS}]?(?=(.?))"
)
_PLAIN = {ord(mark): None for mark in _MARKS} | {ord(space): " " for space in "\u202f\xa0\u2009"}
_MOST_LINES = 10_000  # of one message
_LONGEST_NAME = 80  # a longer one is a notice with a colon in it

_SAID_AT_END = re.compile(r"\s?\u200e<([^<>\u200e]{1,200})>\Z")
_BRACKETED = re.compile(r"<(?=[^<>]*(?:\s|[^\x00-\x7f]))[^<>]{4,60}>")
_PLACE = re.compile(r"[^\s:]{0,20}\s?:?\s?https?://maps\.google\.com/\?q=\S{1,80}", re.IGNORECASE)
_NAMED = re.compile("[@\u2068]\u2068?([^\u2068\u2069\n]{1,100})\u2069")
_LEVELS = frozenset(("DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "CRITICAL", "FATAL", "TRACE"))


def looks_like_whatsapp(start: str) -> bool:
    """Whether a text begins as an export does: with a date and a time, again and again, before a name and a colon."""
    stamped = named = nicks = 0
    others_first = 0
    for line in start.split("\n")[:400]:
        found = _STAMP.match(line[:300])
        if found is None:
            others_first += stamped == 0 and bool(line.strip())
            continue
        stamped += 1
        nicks += found[3] == "<"
        speaker = _speaker(line[found.end() : found.end() + 300])
        named += speaker is not None and speaker not in _LEVELS
    return stamped >= 2 and others_first <= 1 and named * 2 >= stamped and nicks * 2 < stamped


def parse_whatsapp(text: str, name: str) -> Document | None:
    """An export as a chat: who wrote what, and when as it was written. None where it holds no message."""
    chat = Chat()
    edited = 0
    for when, rest, apple in _parts(text, chat.left_out):
        speaker = _speaker(rest[0])
        if speaker is None:
            chat.left_out.add("notices")
            continue
        lines = [rest[0].partition(":")[2].removeprefix(" "), *rest[1:]]
        was_edited, why = _stripped(lines, apple)
        edited += was_edited
        if why:
            chat.left_out.add(why)
        plain = "\n".join(lines).replace(_MARK, "")
        if "\u2068" in plain:
            plain = _NAMED.sub(_without_isolates, plain)
        chat.add(message(speaker, plain, time=when), "" if why else "empty messages")
    said = f"Messages that were edited lost the mark that says so ({edited:,})."
    return chat.document("a WhatsApp chat", *([said] if edited else []))


def _parts(text: str, left_out: Tally) -> Iterator[tuple[str, list[str], bool]]:
    """Each message: when, its lines (the first with the name still before it), and whether an iPhone wrote it."""
    when, apple = "", False
    lines: list[str] = []
    for line in lines_of(text):
        found = _STAMP.match(line[:300])
        if found is not None:
            if lines:
                yield when, lines, apple
            when = found[2].translate(_PLAIN)
            apple = found[1] is not None
            at = found.end()
            if apple and line[at - 1 : at] == _MARK:  # the mark belongs to what follows
                at -= 1
            lines = [line[at:]]
        elif 0 < len(lines) < _MOST_LINES:
            lines.append(line)
        elif line.strip():
            left_out.add("lines of an endless message" if lines else "lines before the first message")
    if lines:
        yield when, lines, apple


def _speaker(rest: str) -> str | None:
    """Who wrote it; None where it is a notice, which nobody wrote."""
    name, colon, text = rest.partition(":")
    if not colon or (text and not text[0].isspace()):
        return None
    name = name.strip(_MARKS + " \t\u202f\xa0").removeprefix("~").strip()
    if not name or len(name) > _LONGEST_NAME or any(quote in name for quote in '“„«"'):
        return None
    return name


def _stripped(lines: list[str], apple: bool) -> tuple[bool, str]:
    """Takes out of a message what its writer did not write; whether it was edited, and why something was left out."""
    edited, why = False, ""
    last = lines[-1]
    if last.rstrip().endswith(">"):
        if (at_end := _SAID_AT_END.search(last[-260:])) is not None:
            why = "media" if ":" in at_end[1] else ""
            edited = not why
        elif (at_end := EDITED.search(last[-120:])) is not None:
            edited = True
        if at_end is not None:
            lines[-1] = last[: len(last) - len(at_end[0])]
    first = lines[0].strip()
    bare = first.strip(_MARKS + " ")
    said = bare[:300].rstrip(".。").casefold()
    if said in DELETED:
        return edited, _emptied(lines, "deleted messages")
    if len(lines) > 1 and POLL.match(bare):
        return edited, _emptied(lines, "polls")
    if (apple and first.startswith(_MARK) and (bare or len(lines) > 1)) or (
        _MARK in first and first.rpartition(_MARK)[2].strip().casefold() in MEDIA
    ):
        return edited, _emptied(lines, "notices" if any(part in said for part in NOTICES) else "media")
    if said in MEDIA or _BRACKETED.fullmatch(bare) or _is_file(bare) or ("http" in said and _PLACE.fullmatch(bare)):
        lines[0] = ""  # what follows is what was written below a picture
        return edited, "media"
    if not bare and not "".join(lines).strip(_MARKS + " \t"):
        return edited, why or "empty messages"
    if len(lines) == 1 and len(bare) < 300 and not edited and any(part in said for part in NOTICES):
        return edited, _emptied(lines, "notices")
    return edited, why


def _is_file(bare: str) -> bool:
    return (bare.endswith(")") or "-WA" in bare) and len(bare) < 300 and ATTACHED.fullmatch(bare) is not None


def _emptied(lines: list[str], why: str) -> str:
    lines[:] = [""]
    return why


def _without_isolates(found: re.Match[str]) -> str:
    return ("@" if found[0].startswith("@") else "") + found[1]
