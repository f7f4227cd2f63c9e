"""The page of a room: whole in itself, safe from what people and voices write, and named for who cannot see it."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import pytest
from tiny_models import instrument_of

from undersong.serving.app import make_app
from undersong.serving.settings import Serving

PAGES = resources.files("undersong.serving").joinpath("pages")


def source(kind: str) -> str:
    return PAGES.joinpath(f"classroom.{kind}").read_text("utf-8")


def test_the_page_asks_nobody_else() -> None:
    """No address of elsewhere in it, and nothing that it would load."""
    whole = "".join(map(source, ("html", "css", "js")))

    assert [] == re.findall(r"https?://|//[a-z]+\.|@import|url\(", whole)
    assert ["data:,"] == re.findall(r"(?:src|href)=\"([^\"]*)\"", source("html"))


def test_the_script_puts_no_mark_up_together() -> None:
    """What people and voices write is shown as it is, never read as mark-up or run."""
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|on[a-z]+="

    assert [] == re.findall(forbidden, source("js"))
    assert [] == re.findall(r"\son[a-z]+=|style=", source("html"))


def test_the_script_finds_everything_it_looks_for() -> None:
    """Each element by its id, each path in the documented interface."""
    ids = set(re.findall(r"\bid=\"([^\"]+)\"", source("html")))
    asked = set(re.findall(r"\bat\(\"([^\"]+)\"\)", source("js")))
    paths = set(re.findall(r"asked\(\"(/[^\"]+)\"", source("js")))
    documented = make_app({"walk": instrument_of("walk")}, Serving()).openapi()["paths"]

    assert asked <= ids
    assert {"/v1/models", "/v1/candidates", "/classroom/join", "/classroom/me", "/classroom/leave"} == paths
    assert paths <= set(documented)


def test_everything_on_the_page_has_a_name() -> None:
    """Who cannot see the page hears what each field is for."""
    html = source("html")
    labelled = set(re.findall(r"<label for=\"([^\"]+)\"", html))
    fields = set(re.findall(r"<(?:input|textarea|select) id=\"([^\"]+)\"", html))

    assert fields
    assert fields == labelled
    assert 'lang="en"' in html
    assert "user-scalable=no" not in html


def test_the_script_is_proper_javascript(tmp_path: Path) -> None:
    """As far as can be seen without a browser."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine to read the script with")
    script = tmp_path / "classroom.js"
    script.write_text(source("js"), "utf-8")

    assert 0 == subprocess.run([node, "--check", str(script)], check=False, timeout=60).returncode
