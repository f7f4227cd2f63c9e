"""The texts that benchmarks learn, as characters: without what their author never wrote, split, and sliced.

Undersong is handed a file with these very characters, so that all who are compared learn and are scored on the same.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from measured import DATA

__all__ = ["TINY_SHAKESPEARE", "characters", "name_of", "parted", "slice_of", "split", "written"]

TINY_SHAKESPEARE = DATA / "tinyshakespeare/input.txt"

_GUTENBERG = re.compile(r"\*\*\* ?START OF[^\n]*\n(.*?)\*\*\* ?END OF", re.DOTALL)
_MARKS = re.compile(r"^(AUTHOR|TITLE|RHYME)\b.*\n", re.MULTILINE)  # poetry_english: a line each, between blank ones
_COUNTED = re.compile(r"\A\S+\.txt\nnumber of beyts:.*\n")  # persian_poetry: its first two lines


def characters(path: Path) -> str:
    r"""What a text file says: line ends as \n, licence notes and marks of whoever prepared the file left out.

    Of a JSON list of poems the title and the lines of each, a blank line between two poems.
    """
    raw = path.read_bytes()
    if path.suffix == ".json":
        poems = json.loads(raw)
        return "\n\n".join("\n".join([poem.get("title", ""), *poem["paragraphs"]]) for poem in poems) + "\n"
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _GUTENBERG.search(text)
    text = found[1] if found else _COUNTED.sub("", text)
    if text.startswith("AUTHOR "):
        text = re.sub(r"[ \t]+$", "", _MARKS.sub("", text), flags=re.MULTILINE)
        text = re.sub(r"\n{3,}", "\n\n", text).lstrip("\n")
    return text


def name_of(path: Path) -> str:
    """Folder and file: what a row says it learned."""
    return "/".join(path.resolve().parts[-2:])


def split(text: str, which: str) -> str:
    """What is handed to `learn`, which holds out the last tenth of it.

    outer: the whole, so that its last 10 % are scored · inner: its first 90 %, so that characters from 81 to 90 % are
    scored and settings can be frozen without a look at the last 10 %.
    """
    return text if which == "outer" else parted(text)[0]


def parted(text: str) -> tuple[str, str]:
    """What is learned and what is held out: nine tenths and one, counted as Undersong counts them."""
    cut = len(text) * 9 // 10
    return text[:cut], text[cut:]


def slice_of(text: str, size: int) -> str | None:
    """The `size` characters after the first line break in the second tenth; None where there are not so many.

    So every slice of a text begins at the same place, past its title and contents.
    """
    first = text.index("\n", len(text) // 10) + 1
    found = text[first : first + size]
    return found if len(found) == size else None


def written(text: str, folder: Path, name: str) -> Path:
    """The text as a file of a person."""
    path = folder / Path(name).with_suffix(".txt").name
    path.write_bytes(text.encode())
    return path
