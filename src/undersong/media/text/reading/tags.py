"""HTML as tags and text, as forgiving as a browser, in time that grows with the page and no faster.

The standard library's parser goes back to the same place again and again in a page made to that end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import final

__all__ = ["Tag", "tokens"]

_NAME = re.compile(r"/?[a-zA-Z][^\s/>]{0,64}")
_SIMPLE = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:-]{0,30}\s?/?>")  # most tags of most pages
_PLAIN = re.compile(r"[^\"'>]*")
_RAW = ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
_CLOSE = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in _RAW}


@final
@dataclass(frozen=True)
class Tag:
    """The beginning or the end of an element."""

    name: str
    ends: bool = False
    empty: bool = False
    """Whether it was written `<name/>`."""


def tokens(page: str) -> Iterator[Tag | str]:
    """Tags, and the text between them with its entities resolved; comments, declarations and scripts are left out."""
    at = 0
    ahead: dict[str, int] = {}  # where something comes next, so that nothing is looked for twice
    while at < len(page):
        opened = page.find("<", at)
        if opened < 0:
            yield _resolved(page[at:])
            return
        if opened > at:
            yield _resolved(page[at:opened])
        named = _NAME.match(page, opened + 1)
        if named is not None:
            tag, at = _tag(page, named, ahead)
            yield tag
            if not (tag.ends or tag.empty) and tag.name in _CLOSE:
                closing = None if tag.name in ahead else _CLOSE[tag.name].search(page, at)
                if closing is not None:
                    at = closing.start()
                else:
                    ahead[tag.name] = len(page)
                    at = len(page) if tag.name in ("script", "style") else at
        elif page.startswith("<![CDATA[", opened):
            close = _find(page, "]]>", opened, ahead)
            yield page[opened + 9 : close]
            at = close + 3
        elif page.startswith("<!--", opened):
            at = min(_find(page, "-->", opened + 2, ahead), _find(page, "--!>", opened + 2, ahead) + 1) + 3
        elif page.startswith(("<!", "<?"), opened):
            at = _find(page, ">", opened, ahead) + 1
        else:
            yield "<"
            at = opened + 1


def _find(page: str, what: str, at: int, ahead: dict[str, int]) -> int:
    """Where it comes next; the end of the page where it does not."""
    if ahead.get(what, -1) < at:
        found = page.find(what, at)
        ahead[what] = len(page) if found < 0 else found
    return ahead[what]


def _tag(page: str, named: re.Match[str], ahead: dict[str, int]) -> tuple[Tag, int]:
    """A tag, and where it is over; a quote that never closes is none."""
    if (simple := _SIMPLE.match(page, named.start())) is not None:
        return _simple(simple[0]), simple.end()
    at = named.end()
    while True:
        plain = _PLAIN.match(page, at)
        assert plain is not None
        at = plain.end()
        if at >= len(page) or page[at] == ">":
            break
        close = _find(page, page[at], at + 1, ahead) if page[at - 1 : at] in "= \n\t" else len(page)
        at = at + 1 if close == len(page) else close + 1
    name = named[0].lower()
    return Tag(name.removeprefix("/"), name.startswith("/"), page[at - 1 : at] == "/"), at + 1


@lru_cache(2048)
def _simple(written: str) -> Tag:
    return Tag(written.strip("/> \t\n\f").lower(), written.startswith("/"), written.endswith("/>"))


def _resolved(text: str) -> str:
    if "&" not in text:
        return text
    from html import unescape

    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits stands for no character
        return text
