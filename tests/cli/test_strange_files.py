"""Instrument files from strangers: the command line refuses them in words, quickly, and runs nothing in them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from instrument_files import SYMBOLS, UNITS
from onnx import helper
from onnx_models import FLOAT, INT64, graph_bytes, model

VERBS = (["sample"], ["odds"], ["score", "-"])


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def with_graph(members, graph):
    """The same instrument with another step, listed by its right digest, as a careful attacker would."""
    described = json.loads(members["instrument.json"])
    described["graphs"]["step"]["sha256"] = hashlib.sha256(graph).hexdigest()
    return pack(members | {"step.onnx": graph, "instrument.json": json.dumps(described).encode()})


def external():
    changed = model()
    changed.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")
    return changed.SerializeToString()


def with_inputs(*names):
    """A step that wants other things than the instrument declares."""
    inputs = {name: (FLOAT, ["B", UNITS]) for name in names} | {"event": (INT64, ["B"])}
    table = {"table": np.ones((SYMBOLS, UNITS), np.float32)}
    nodes = [helper.make_node("Gather", ["table", "event"], ["parameters.next"])]
    return graph_bytes(nodes, inputs, {"parameters.next": (FLOAT, ["B", UNITS])}, table)


HOSTILE = {
    "empty": (lambda members: b"", "is not a whole instrument file"),
    "foreign": (lambda members: b"\x89PNG\r\n\x1a\n" + bytes(99), "is not a whole instrument file"),
    "pickle": (lambda members: b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x05posix", "is not a whole instrument file"),
    "truncated": (lambda members: pack(members)[:-100], "is not a whole instrument file"),
    "other zip": (lambda members: pack({"a.txt": b"a"}), "'a.txt', which does not belong in it"),
    "climbing": (lambda members: pack(members | {"../../x": b"x"}), "'../../x', which does not belong in it"),
    "bomb": (
        lambda members: pack(members | {"fingerprints.bin": bytes(300 * 1024**2)}),
        "would unfold to 314,572,800 bytes",
    ),
    "unlisted operator": (
        lambda members: with_graph(members, model([helper.make_node("Loop", ["x"], ["y"])]).SerializeToString()),
        "node 0 ('Loop', making 'y') is an operator that an instrument may not use",
    ),
    "external data": (lambda members: with_graph(members, external()), "external data"),
    "other inputs": (
        lambda members: with_graph(members, with_inputs("state.spy")),
        "'state.spy', which its description does not declare",
    ),
    "another digest": (
        lambda members: pack(members | {"step.onnx": members["step.onnx"] + b"\0"}),
        "step.onnx is not the one that instrument.json lists",
    ),
    "unknown medium": (
        lambda members: pack(members | {"instrument.json": described(members, medium="smell.v1")}),
        "needs a part that is not installed: There is no 'smell.v1' among the media.",
    ),
    "vocabulary": (
        lambda members: pack(members | {"instrument.json": described(members, codec=codec(["a", "a", "\n"]))}),
        "The vocabulary of a text instrument holds a character twice",
    ),
}


def described(members, **changes):
    return json.dumps(json.loads(members["instrument.json"]) | changes).encode()


def codec(clusters):
    return {"kind": "characters.v1", "clusters": clusters}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_file_that_is_truncated_foreign_or_hostile_is_refused(undersong, text, tmp_path, what):
    """By every verb that plays; with the file's name, what is wrong with it, and exit code 1; nothing is unfolded."""
    make, says = HOSTILE[what]
    path = Path("stranger.undersong")
    path.write_bytes(make(members_of(text.folder / "tiny.undersong")))
    for verb, *rest in VERBS:
        answer = undersong(verb, path, *rest)
        assert (1, "") == (answer.code, answer.out)
        assert answer.err.startswith("InstrumentFileError: ")
        assert says in answer.err
        assert ("stranger.undersong" in answer.err) == (what not in ("unknown medium", "vocabulary"))
        assert "Traceback" not in answer.err
    assert [path.name] == [each.name for each in tmp_path.iterdir()]


def test_a_graph_that_fails_as_it_plays_ends_in_words(undersong, text):
    """Its forms were right and its inner sizes are not: the player says no, not Python."""
    described = json.loads(members_of(text.folder / "tiny.undersong")["instrument.json"])
    states = {f"state.{name}": (FLOAT, ["B", *state["shape"]]) for name, state in described["state"].items()}
    symbols = described["event"]["count"]
    nodes = [helper.make_node("Gather", ["table", "event"], ["x"]), helper.make_node("MatMul", ["x", "odds"], ["y"])]
    nodes += [helper.make_node("Relu", ["y"], ["parameters.next"])]
    nodes += [helper.make_node("Relu", [name], [name.replace("state.", "after.")]) for name in states]
    outputs = {name.replace("state.", "after."): form for name, form in states.items()}
    weights = {"table": np.ones((3, 7), np.float32), "odds": np.ones((7, symbols), np.float32)}
    graph = graph_bytes(
        nodes, {"event": (INT64, ["B"]), **states}, {"parameters.next": (FLOAT, ["B", symbols]), **outputs}, weights
    )
    Path("stranger.undersong").write_bytes(with_graph(members_of(text.folder / "tiny.undersong"), graph))
    answer = undersong("sample", "stranger.undersong")

    assert 1 == answer.code
    assert "Traceback" not in answer.err
    assert "Error" in answer.err


def test_what_a_stranger_lets_play_does_not_command_the_terminal(started, text):
    """Escape sequences stay in pipes and files; to a terminal they are shown as what they are not."""
    import os

    keyboard, terminal = os.openpty()
    words = ("--prompt", "\x1b]0;owned\x07The lamp", "--length", 3)
    shown = started("sample", text.folder, *words, stdout=terminal, stderr=terminal, encoding=None)
    piped = started("sample", text.folder, *words, encoding=None)
    os.close(terminal)
    seen = b""
    while b"lamp" not in seen:
        seen += os.read(keyboard, 1000)
    os.close(keyboard)

    assert b"\x1b" not in seen
    assert "\ufffd]0;owned\ufffdThe lamp".encode() in seen
    assert piped.communicate(timeout=60)[0].startswith(b"\x1b]0;owned\x07The lamp")
    shown.wait(60)


def test_a_file_that_is_no_instrument_may_not_be_a_folder_or_a_pipe(undersong, tmp_path):
    """Nor be missing; each in its own words."""
    (tmp_path / "folder.undersong").mkdir()

    assert "UnreadableFileError: 'folder.undersong' is not a file." in undersong("sample", "folder.undersong").err
    assert "MissingFileError: There is no instrument at 'gone.undersong'." in undersong("odds", "gone.undersong").err
