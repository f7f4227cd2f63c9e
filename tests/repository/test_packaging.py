"""What a person installs is what lies here: names, extras, versions, and every file that ships."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import undersong
from undersong import registry

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DOORS: dict[str, dict[str, str]] = PROJECT["entry-points"]
REGISTERED = [(group, name, value) for group, door in DOORS.items() for name, value in door.items()]


@pytest.mark.parametrize(("group", "name", "value"), REGISTERED, ids=lambda part: part.removeprefix("undersong."))
def test_entry_point_loads(group: str, name: str, value: str) -> None:
    """What is registered is there, behind a known door, under a name with a version."""
    assert group.removeprefix("undersong.") in registry.GROUPS
    assert re.fullmatch(r"[a-z][a-z0-9_]*\.v\d+", name)
    assert EntryPoint(name, value, group).load() is not None


def test_the_installed_package_is_this_one() -> None:
    """Entry points are read from what was installed; after pyproject.toml changed, `make test` installs again."""
    installed = {
        (point.group, point.name, point.value)
        for point in distribution("undersong").entry_points
        if point.group.startswith("undersong.")
    }

    assert set(REGISTERED) == installed


def test_command_is_installed() -> None:
    """`undersong` is one command."""
    assert {"undersong": "undersong.cli.main:main"} == PROJECT["scripts"]


def test_version_is_said_once_everywhere() -> None:
    """The package, its metadata and its citation are of one version."""
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)

    assert cited is not None
    assert [undersong.__version__] * 3 == [PROJECT["version"], cited[1], distribution("undersong").version]


def test_extras_are_the_ones_promised() -> None:
    """Each optional part has an extra, so that nobody installs what they do not use."""
    assert {"learn", "text", "sketch", "music", "image", "see", "live", "tune", "dev"} == set(
        PROJECT["optional-dependencies"]
    )


def test_playing_can_be_installed_without_torch() -> None:
    """`pip install undersong` alone asks for nothing that asks for torch."""
    assert set() == {"torch", "lightning-fabric"} & set(needed(""))


def test_constraints_name_exact_versions_of_everything_needed() -> None:
    """constraints.txt pins what the package, [learn], [tune] and [dev] ask for, and not where it comes from."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    names = [pin.partition("==")[0] for pin in pins]

    assert [] == [pin for pin in pins if not re.fullmatch(r"[a-z0-9.-]+==[0-9][0-9.a-z]*", pin)]
    assert sorted(names) == names
    assert [] == sorted(set(needed("", "learn", "tune", "dev")) - set(names))


def needed(*extras: str) -> dict[str, None]:
    """Everything that undersong with these extras asks for, and what that asks for, as far as it is installed."""
    found: dict[str, None] = {}
    asked = [Requirement(given) for given in distribution("undersong").requires or []]
    waiting = [one for one in asked if any(one.marker is None or one.marker.evaluate({"extra": e}) for e in extras)]
    while waiting:
        requirement = waiting.pop()
        name = str(canonicalize_name(requirement.name))
        if name in found:
            continue
        found[name] = None
        try:
            further = [Requirement(given) for given in distribution(name).requires or []]
        except PackageNotFoundError:
            continue
        wanted = ["", *requirement.extras]
        waiting += [
            one for one in further if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in wanted)
        ]
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive, made from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    return folder


def shipped() -> set[str]:
    """Every file of the package, from src/ on."""
    return {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/undersong").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_the_whole_package(built: Path) -> None:
    """Anthology, voices, recipes, licences and py.typed ship with the code."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert shipped() == held
    assert {"undersong/py.typed", "undersong/media/text/anthology/LICENSE"} <= held


def test_source_archive_holds_what_builds_and_tests_it(built: Path) -> None:
    """From the archive alone a person can build, lint and test: what the map names first is in it."""
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as held:
        names = {name.partition("/")[2] for name in held.getnames()}
    frame = ("README.md", "MAP.md", "Makefile", "constraints.txt", "LICENSE", "CITATION.cff", ".ci/run", ".gitignore")

    assert {*(f"src/{name}" for name in shipped()), *frame, "tests/conftest.py", "decisions/README.md"} <= names


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_make_commands_in_the_documents_exist(document: str) -> None:
    """Whatever `make` is told to do in the documents, the Makefile knows."""
    told = set(re.findall(r"\bmake ([a-z][a-z-]*)\b", code_in(ROOT / document)))
    known = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert set() == told - known


def code_in(path: Path) -> str:
    """The code of a Markdown document: its blocks, and what stands in backquotes."""
    document = path.read_text("utf-8")
    blocks = re.findall(r"^```.*?^```", document, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", document)])
