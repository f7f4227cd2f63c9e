"""PDF → text: each page by itself, then what page setting did to it taken back, carefully.

The pages are read in a process of their own (`pdf_pages.py`), which is ended when it takes too long or too much.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from undersong.errors import MissingExtraError, UnreadableFileError
from undersong.media.text.reading.archives import broken
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.limits import MOST_PAGE_BYTES, MOST_PAGE_SECONDS, MOST_PAGES, MOST_SECONDS

__all__ = ["BEGINNING", "parse", "without_page_setting"]

BEGINNING = b"%PDF-"
"""How every such file begins, or nearly."""

_SCANNED = 5  # characters a page below which its pages are pictures
_EDGE = 3  # lines at the top and the bottom of a page that may be its header and footer
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_CONTROLS = dict.fromkeys([*range(9), 11, *range(14, 32), 0x7F])  # and whatever a font without names leaves
_NUMBER = re.compile(r"\d+|\b[ivxlc]{1,7}\b")
_BROKEN_WORD = re.compile(r"([^\W\d_]{2,40})[-\u2010\u00ad]\n[ \t]{0,9}([^\W\d_]{2,40})(\S{0,20})[ \t]?")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")


def parse(data: bytes, name: str) -> Document:
    """The text of a PDF. Raises UnreadableFileError, and MissingExtraError where no library for it is installed."""
    if find_spec("pypdf") is None:
        raise MissingExtraError("pypdf", "text")
    told, ended = _pages(data)
    outcome = next((line for line in told if isinstance(line, dict)), {})
    pages = [line for line in told if isinstance(line, str)]
    if outcome.get("error") == "missing":
        raise MissingExtraError("pypdf", "text")
    if outcome.get("error") == "locked":
        raise UnreadableFileError(
            f"'{name}' is locked: its text is encrypted.",
            "Open it with its password, print it as a new PDF, try again.",
        )
    if outcome.get("error") == "broken":
        raise broken(name, "PDF")
    failed = outcome.get("failed", 0)
    if failed == len(pages):
        why = ended or ("none of its pages can be made out" if pages else "it holds no page")
        raise UnreadableFileError(f"'{name}' could not be read: {why}.", "Print it as a new PDF, or save it as text.")
    if sum(len(page.strip()) for page in pages) < _SCANNED * (len(pages) - failed) and not ended:
        raise UnreadableFileError(
            f"'{name}' holds pictures of {len(pages)} pages and next to no text: it was scanned.",
            "Have a program for character recognition (OCR) read it first.",
        )
    notes = []
    if ended:
        notes.append(f"Only its first {len(pages)} pages were read: {ended}.")
    elif outcome.get("pages", 0) > len(pages):
        notes.append(f"Only its first {len(pages)} pages were read of {outcome['pages']}.")
    if failed:
        notes.append(f"Pages that could not be read were left out ({failed}).")
    text, repaired = without_page_setting(pages)
    return Document("PDF", (text,) if text.strip() else (), notes=(*notes, *repaired))


def _pages(data: bytes) -> tuple[list[Any], str]:
    """What the other process told, line by line, and in words why it ended early, if it did."""
    script = Path(__file__).with_name("pdf_pages.py")
    limits = map(str, (MOST_PAGES, MOST_PAGE_SECONDS, MOST_PAGE_BYTES))
    ended = ""
    try:
        done = subprocess.run(
            [sys.executable or "python3", "-P", str(script), *limits],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MOST_SECONDS,
            check=False,
        )
        written = done.stdout
        if done.returncode:
            ended = f"a page took more than {MOST_PAGE_SECONDS} seconds or too much memory"
    except subprocess.TimeoutExpired as error:
        written = error.stdout or b""
        ended = f"all of it took more than {MOST_SECONDS} seconds"
    except OSError as error:
        return [], f"no process could be started for it ({error.strerror})"
    whole = written[: written.rfind(b"\n") + 1]  # the last line may be half of one
    return [json.loads(line) for line in whole.splitlines()], ended


def without_page_setting(pages: list[str]) -> tuple[str, list[str]]:
    """The pages as one text, and what was taken back: headers and footers that repeat, ligatures, parted words."""
    notes = []
    split = [
        page.translate(_CONTROLS).replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n") for page in pages
    ]
    removed = _without_edges(split)
    if removed:
        notes.append(f"Left out lines that repeat at the top or bottom of its pages, and page numbers ({removed}).")
    text = "\n".join(line.rstrip() for page in split for line in page)
    ligatures = sum(text.count(chr(code)) for code in _LIGATURES)
    if ligatures:
        text = text.translate(_LIGATURES)
        notes.append(f"Wrote its ligatures as letters ({ligatures}).")
    text, joined = _whole_words(text)
    if joined:
        notes.append(f"Put words together that were parted at the ends of lines ({joined}).")
    return text.strip("\n") + "\n", notes


def _without_edges(pages: list[list[str]]) -> int:
    """Take away, in place, outermost lines that stand at the same edge of many pages; how many they were."""
    least = max(3, min(8, len(pages) // 10))
    removed = 0
    for edge in (0, -1):
        for _ in range(_EDGE):
            for page in pages:
                while page and not page[edge].strip():
                    page.pop(edge)
            forms = Counter(_form(page[edge]) for page in pages if page)
            common = {form for form, count in forms.items() if count >= least}
            hit = [page for page in pages if page and _form(page[edge]) in common]
            if not hit:
                break
            for page in hit:
                page.pop(edge)
            removed += len(hit)
    return removed


def _form(line: str) -> str:
    """A line with its numbers made alike, for the same header has another on each page."""
    return _NUMBER.sub("#", " ".join(line.split()[:30]))


def _whole_words(text: str) -> tuple[str, int]:
    """Words parted by a hyphen at the end of a line, whole, on the first of the two lines.

    The hyphen stays where the document writes that word with one elsewhere, and where what follows is no small letter.
    """
    known = Counter(_WORD.findall(text.lower()))
    joined = 0

    def whole(found: re.Match[str]) -> str:
        nonlocal joined
        first, second, rest = found.groups()
        hyphened = f"{first}-{second}".lower()
        if not second[0].islower():
            return found[0]
        if known[hyphened] and not known[f"{first}{second}".lower()]:
            return f"{first}-{second}{rest}\n"
        joined += 1
        return f"{first}{second}{rest}\n"

    return _BROKEN_WORD.sub(whole, text), joined
