"""The house rules that can be read off the files themselves."""

from __future__ import annotations

import importlib
import re
import statistics
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/undersong"
MODULES = sorted(SOURCE.rglob("*.py"))

LONG = {
    "tests/playing/test_numpy_steps.py": "one case for each of forty operators, held against the reference",
}
"""Every file of more than 400 lines, with its reason. The list may only shrink."""


def files() -> Iterator[Path]:
    """Every file that belongs to the repository, relative to its root: all but what .gitignore names."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()] + [".git"]

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if any(fnmatch(path.name, pattern) for pattern in ignored):
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path.relative_to(ROOT)

    return walk(ROOT)


def lines_of(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


# ── the map ──────────────────────────────────────────────────────────────────────────────────────────────────────


def on_the_map() -> dict[str, str]:
    """What MAP.md's trees list: path from the root (a folder's ends in /) → what it says of it."""
    listed: dict[str, str] = {}
    above: list[str] = []
    for block in re.findall(r"^```\n(.*?)^```", (ROOT / "MAP.md").read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for line in filter(str.strip, block.splitlines()):
            name, _, sentence = line.strip().partition(" ")
            above[(len(line) - len(line.lstrip())) // 2 :] = [name]
            path = "".join(above)
            listed[path] = sentence.strip() or listed.get(path, "")  # a block may begin with a folder named before
    return listed


def stands_for(path: str, listed: dict[str, str]) -> bool:
    """Whether the map has this file: by its name, or by a folder of which nothing is listed one by one."""
    if path in listed:
        return True
    folders = [f"{folder.as_posix()}/" for folder in Path(path).parents][:-1]
    nearest = next((folder for folder in folders if folder in listed), None)
    return nearest is not None and not any(other != nearest and other.startswith(nearest) for other in listed)


def test_map_lists_every_file() -> None:
    """Who reads MAP.md has seen the whole: every module by its name, everything else by its name or its folder."""
    listed = on_the_map()
    missing = []
    for path in map(Path.as_posix, files()):
        if path.startswith("src/") and path.endswith("/__init__.py"):  # says what its folder says
            continue
        by_name = path.startswith("src/") and path.endswith(".py")
        if path not in listed if by_name else not stands_for(path, listed):
            missing.append(path)

    assert [] == missing


def test_map_lists_nothing_that_is_not_there() -> None:
    """A ghost on the map sends a reader to a file that was renamed long ago."""
    ghosts = [
        path for path in on_the_map() if not ((ROOT / path).is_dir() if path[-1] == "/" else (ROOT / path).is_file())
    ]

    assert [] == ghosts


def test_map_says_what_everything_does() -> None:
    """A name alone is no map."""
    assert [] == [path for path, sentence in on_the_map().items() if not sentence]


# ── sizes and names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_long_files_have_a_reason() -> None:
    """A file of more than 400 lines is named here with its reason, and leaves the list when it is cut."""
    long = {path.as_posix() for path in files() if path.suffix == ".py" and lines_of(path) > 400}

    assert set(LONG) == long


def test_files_are_short() -> None:
    """Half of the modules fit on two screens."""
    assert statistics.median(map(lines_of, MODULES)) <= 150


def test_no_file_is_called_utils() -> None:
    """A name that says nothing gathers everything."""
    assert [] == [path for path in files() if path.stem in ("utils", "util", "helpers", "misc", "common")]


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def found(pattern: str, *folders: str, suffixes: tuple[str, ...] = (".py",)) -> list[str]:
    """Every line of these folders (of the repository: "") that holds the pattern, as `path:line`."""
    return [
        f"{path.as_posix()}:{number}"
        for path in files()
        if path.suffix in suffixes and path.as_posix().startswith(folders)
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_learning_and_playing_know_no_medium() -> None:
    """What learns, plays and serves speaks of pieces and events: the word `text` there means that something leaked."""
    folders = [f"src/undersong/{name}/" for name in ("learning", "playing", "serving")]

    assert [] == found(r"(?i)\btext\b", *folders)


def test_nothing_is_left_to_do() -> None:
    """A mark in the code is a promise nobody reads: do it, or write it in LAB.md."""
    marks = "TO" + "DO|FIX" + "ME|XX" + "X"

    assert [] == found(rf"\b({marks})\b", "", suffixes=(".py", ".md", ".toml", ".cff"))


def test_nothing_names_a_machine() -> None:
    """The repository works wherever it lies: no path of somebody's disk, no address of somebody's package index."""
    machine = r"(?<![\w.])/(home|root|work|opt|mnt|srv|Users|var|usr/local)/|[A-Z]:\\\\?Users"
    index = r"index-url|find-links\s*=|trusted-host|pypi\."

    shipped = found(machine, "src/", "benchmarks/", suffixes=(".py", ".toml", ".md"))
    frame = [
        f"{name}:{number}"
        for name in ("Makefile", "constraints.txt", "pyproject.toml", ".ci/run", *map(str, ROOT.glob("*.md")))
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1)
        if re.search(f"{machine}|{index}", line)
    ]

    assert [] == shipped + frame


# ── public names ─────────────────────────────────────────────────────────────────────────────────────────────────


def _order(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then the rest, each by the alphabet."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_public_names_are_sorted_and_exist(path: Path) -> None:
    """`__all__` is what a module promises: in order, each once, and each really there."""
    name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
    if name == "undersong.__main__":
        pytest.skip("importing it runs the command line")
    module = importlib.import_module(name)
    promised = list(getattr(module, "__all__", []))

    assert sorted(set(promised), key=_order) == promised
    assert [] == [name for name in promised if not hasattr(module, name)]


# ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_decisions_are_indexed() -> None:
    """The index of decisions/ names every page, and no page that is gone."""
    pages = {path.name for path in (ROOT / "decisions").glob("*.md")} - {"README.md"}

    assert sorted(pages) == re.findall(r"\]\(([^)/]+\.md)\)", (ROOT / "decisions/README.md").read_text("utf-8"))


def test_lab_entries_are_dated() -> None:
    """An experiment's title says when it was made, and its verdict."""
    titles = re.findall(r"^## (.+)", (ROOT / "LAB.md").read_text("utf-8"), re.MULTILINE)

    assert [] == [title for title in titles if not re.fullmatch(r"\d{4}-\d\d-\d\d · \S.{10,}", title)]
