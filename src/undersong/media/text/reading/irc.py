"""Logs of IRC channels, as the common programs write them: who said what, without who came and went.

    [09:14] <crimsun> kleedrac: I'm afraid not.          with or without a time, in brackets or bare, with a date
    09:14 < crimsun> kleedrac: I'm afraid not.           irssi
    2004-12-25 09:14:02<tab>crimsun<tab>I'm afraid not.  WeeChat
    * crimsun shrugs                                     what somebody does; kept as `crimsun: /me shrugs`
    === vassie has joined #ubuntu                        a notice: left out

After `*` and `===` stand both deeds and notices: it is a deed where its first word is somebody who also speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import final

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import lines_of
from undersong.media.text.reading.messages import MOST_MESSAGES, Chat, message

__all__ = ["looks_like_irc", "parse_irc"]

_TIME = (
    r"[\[(]?(?:\d{4}-\d\d-\d\d[ T]|[A-Z][a-z]{2} {1,2}\d{1,2} |\d{1,2}[./]\d{1,2}[./]\d{2,4},? )?"
    r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?: ?[AaPp][Mm])?Z?[\])]?"
)
_SPOKEN = re.compile(  # only after a time may a name hold a space: <p class="x"> is nobody
    rf"(?:({_TIME})\s{{1,4}}<\s{{0,20}}[@+%&~!]?([^\s<>][^<>]{{0,40}})|<\s{{0,20}}[@+%&~!]?([^\s<>]{{1,40}}))>(?:\s|\Z)"
)
_TABBED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\t([^\t]{0,40})\t")
_DEED = re.compile(
    rf"(?:({_TIME})\s{{1,4}})?(?:\*|===)\s{{1,4}}[@+%&~!]?(?=([^\s<>*]{{1,40}})((?:\s[^\s<>*]{{1,20}})?)\s)"
)
_NOTICE = re.compile(
    rf"(?:({_TIME})\s{{1,4}})?(?:-!-|---|===|\*\*\*|\*|-->|<--|\+\+\+|-[^\s-][^\s]{{0,60}}-)(?:\s|\Z)"
    r"|\*\*\*\*|--- (?:Log|Day)\b"
)
_CAME_OR_WENT = re.compile(
    r"(?:[\[(]\S{0,200}[\])]\s{1,4})?(?:has (?:joined|left|quit|set|changed|been kicked|kicked)|joined|left|quit"
    r"|is now known as|sets mode|gives channel|removes channel|changes topic|sets the topic|was kicked|"
    r"\[[^\]]{1,200}\]\s)",
    re.IGNORECASE,
)
_ARROWS = frozenset(("-->", "<--", "--", "=!=", "==>", "", "---", "*"))
_NOTICES = "who came and went, and other notices"
_HTML = re.compile(  # and the signs that stand for words and ends in texts made ready for machines
    r"/|\||(?:[abiups]|br|t[drh]|li|[uod]l|d[td]|em|h[1-6r]|div|pre|span|body|html|head|table|code|title|font|strong|"
    r"center|blockquote|unk|eos|bos|pad)\Z",
    re.IGNORECASE,
)


def looks_like_irc(start: str) -> bool:
    """Whether most lines are what a log has, several of them spoken by more than one; `<p>` is nobody."""
    spoken: set[str] = set()
    said = logged = lines = timed = 0
    for line in start.split("\n")[:2000]:
        if not line.strip():
            continue
        lines += 1
        found = _SPOKEN.match(line[:300]) or _TABBED.match(line[:300])
        if found is not None:
            logged += 1
            nick = (found[2] or found[found.lastindex or 2]).strip()
            if found[1] or _HTML.match(nick) is None:
                said += nick not in _ARROWS
                timed += found[1] is not None
                spoken.add(nick)
        elif _NOTICE.match(line[:300]) is not None:
            logged += 1
    return said >= 3 and len(spoken) >= (1 if timed * 2 > said else 2) and logged >= 0.7 * lines


def parse_irc(text: str, name: str) -> Document | None:
    """A log as a chat: `time` as it was written, what somebody does as `/me …`. None where nobody says anything."""
    chat = Chat()
    found: list[dict[str, str] | _Deed] = []
    for line in lines_of(text):
        if not line.strip():
            continue
        one = _said(line.rstrip("\r")) or _done(line.rstrip("\r"))
        if one is None:
            chat.left_out.add(_NOTICES)
        elif len(found) < MOST_MESSAGES:
            found.append(one)
        else:
            chat.left_out.add(f"lines after the first {MOST_MESSAGES:,} messages, more than can be held")
    speaking = {one["speaker"] for one in found if isinstance(one, dict)}
    deeds = 0
    for one in found:
        record = one if isinstance(one, dict) else one.by(speaking)
        deeds += record is not one and record is not None
        chat.add(record, _NOTICES)
    note = (f"What somebody does stands there as /me, as it was typed ({deeds:,}).",) if deeds else ()
    return chat.document("an IRC log", *note)


@final
@dataclass(frozen=True)
class _Deed:
    """What may be something that somebody does: a line after its star."""

    names: tuple[str, ...]
    line: str
    time: str

    def by(self, speaking: set[str]) -> dict[str, str] | None:
        """The message, where it is somebody who speaks; one name in a hundred has a space in it."""
        for name in self.names:
            rest = self.line[len(name) :].strip()
            if name in speaking and rest and _CAME_OR_WENT.match(rest[:300]) is None:
                return message(name, f"/me {rest}", time=self.time)
        return None


def _said(line: str) -> dict[str, str] | None:
    start = line[:300]
    if (spoken := _SPOKEN.match(start)) is not None:
        return message(spoken[2] or spoken[3], line[spoken.end() :], time=_bare(spoken[1]))
    if (tabbed := _TABBED.match(start)) is not None:
        nick = tabbed[2].strip()
        return None if nick in _ARROWS else message(nick.lstrip("@+%&~!"), line[tabbed.end() :], time=tabbed[1])
    return None


def _done(line: str) -> _Deed | None:
    start = line[:300]
    if (tabbed := _TABBED.match(start)) is not None:
        rest = line[tabbed.end() :]
        return _Deed((rest.partition(" ")[0],), rest, tabbed[1]) if tabbed[2].strip() == "*" else None
    if (deed := _DEED.match(start)) is not None:
        return _Deed((deed[2] + deed[3], deed[2]), line[deed.end() :], _bare(deed[1]))
    return None


def _bare(time: str | None) -> str:
    return (time or "").strip("[]()")
