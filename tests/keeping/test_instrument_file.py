"""The one file that plays anywhere: what is written is read, bit for bit, and what does not belong is refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instrument_files import description, step
from onnx import helper
from onnx_models import FLOAT, graph_bytes

from undersong.errors import InstrumentFileError, MissingFileError, UnreadableFileError
from undersong.keeping import instrument_file
from undersong.keeping.instrument_file import InstrumentFile, parse, read, write


def instrument(**changes: Any) -> InstrumentFile:
    return InstrumentFile(description(**changes), {"step": step()}, "# Sonnets\n", {"fingerprints.bin": b"\0\1\2"})


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> bytes:
    return write(tmp_path_factory.mktemp("good") / "sonnets.undersong", instrument()).read_bytes()


def refusal(data: bytes) -> str:
    with pytest.raises(InstrumentFileError) as caught:
        parse(data, "sonnets.undersong")
    assert "'sonnets.undersong': " in str(caught.value)
    return str(caught.value)


# ── what is written is read ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_is_read(tmp_path):
    """Description, graphs, card and attachments, from the disk or from bytes."""
    path = write(tmp_path / "sonnets.undersong", instrument())

    assert instrument() == read(path)
    assert instrument() == parse(path.read_bytes())


def test_the_same_instrument_gives_the_same_bytes(tmp_path):
    """No clock, no user, no order of a set gets into the file."""
    one, other = (write(tmp_path / name, instrument()).read_bytes() for name in ("a.undersong", "b.undersong"))

    assert one == other


def test_the_file_is_a_plain_zip_that_any_tool_opens(data):
    """So that it can be read when we are gone."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["instrument.json", "card.md", "step.onnx", "fingerprints.bin"]
        assert json.loads(archive.read("instrument.json"))["format"] == 1
        assert archive.read("card.md") == b"# Sonnets\n"


def test_a_large_file_of_zeros_is_kept_as_well(tmp_path):
    """What is written may be read: it is stored where it would unfold like a bomb."""
    zeros = bytes(20 * 1024**2)
    file = replace(instrument(), attachments={"fingerprints.bin": zeros})

    assert zeros == read(write(tmp_path / "zeros.undersong", file)).attachments["fingerprints.bin"]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (replace(instrument(), graphs={}), "needs a graph 'step' or 'read'"),
        (replace(instrument(), graphs={"../step": b""}), "has no graph '../step'"),
        (replace(instrument(), graphs={"step": b"no graph"}), "step.onnx"),
        (replace(instrument(), attachments={"text.txt": b""}), "would hold 'text.txt'"),
        (replace(instrument(), card="\ud800"), "cannot keep"),
        (instrument(provenance={"nats": float("nan")}), "cannot keep"),
        (instrument(provenance={"who": {1, 2}}), "cannot keep"),
        (instrument(state={}), "takes 'state.h'"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_what_could_not_be_read_is_not_written(tmp_path, file, says):
    """And the file that was there stays."""
    path = tmp_path / "sonnets.undersong"
    path.write_bytes(b"before")

    with pytest.raises(InstrumentFileError) as caught:
        write(path, file)

    assert says in str(caught.value)
    assert {path: b"before"} == {each: each.read_bytes() for each in tmp_path.iterdir()}


# ── what is no instrument ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_not_there_is_named(tmp_path):
    """MissingFileError, not a traceback from the zip."""
    with pytest.raises(MissingFileError, match=r"no instrument at .*gone\.undersong"):
        read(tmp_path / "gone.undersong")


def test_a_folder_is_no_instrument(tmp_path):
    """Nor is a pipe, which would be waited for without end."""
    with pytest.raises(UnreadableFileError, match="is not a file"):
        read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(UnreadableFileError, match="is not a file"):
            read(tmp_path / "pipe")


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix.",
        b"PK\5\6" + bytes(18),
        b"{}",
    ],
    ids=["empty", "png", "pickle", "empty zip", "json"],
)
def test_a_foreign_file_is_refused(foreign):
    """In plain words, and nothing in it is run."""
    assert "not a whole instrument file" in refusal(foreign)


def test_a_file_cut_off_anywhere_is_refused(data):
    """At every 7th of its bytes: there is no half instrument."""
    for length in range(0, len(data), 7):
        assert "not a whole instrument file" in refusal(data[:length])


# ── what does not belong in one ────────────────────────────────────────────────────────────────────────────────────


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes] | list[tuple[Any, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, member in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, member)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "../step.onnx", "/etc/cron.d/x", "graphs/step.onnx", "graphs/", "C:\\step.onnx", "STEP.ONNX", "step.onnx ",
        "weights.pkl", "instrument.json\0.txt", "",
    ],
)  # fmt: skip
def test_a_member_of_another_name_is_refused(data, name):
    """No climbing path, no folder, no surprise: the names are fixed."""
    info = zipfile.ZipInfo("x")
    info.filename = name

    assert "does not belong in it" in refusal(packed([*members_of(data).items(), (info, b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_comes_twice_is_refused(data):
    """Two readers might read two instruments."""
    assert "'card.md' twice" in refusal(packed([*members_of(data).items(), ("card.md", b"# Other")]))


def test_a_link_is_refused(data):
    """A tool that unpacks it would follow."""
    link = zipfile.ZipInfo("fingerprints.bin")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    members = members_of(data)
    del members["fingerprints.bin"]

    assert "is a link" in refusal(packed([*members.items(), (link, b"/etc/passwd")]))


def test_an_encrypted_member_is_refused(data):
    """Nobody is asked for a password."""
    members = bytearray(packed(members_of(data)))
    at = members.index(b"PK\1\2")
    members[at + 8] |= 1

    assert "encrypted" in refusal(bytes(members))


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_member_packed_in_another_way_is_refused(data, method):
    """One unpacker is enough to trust."""
    assert "packed in a way" in refusal(packed(members_of(data), method))


def test_a_bomb_is_refused_by_what_it_says_of_itself(data):
    """300 MB of zeros in 300 KB: nothing is unfolded."""
    bomb = packed(members_of(data) | {"fingerprints.bin": bytes(300 * 1024**2)})

    assert len(bomb) < 400_000
    assert "would unfold to 314,572,800 bytes" in refusal(bomb)


@pytest.mark.parametrize("claimed", [100, 10_000_000])
def test_a_bomb_that_lies_about_its_size_is_refused(data, claimed):
    """No more is unfolded than a member says, and what it says must be true."""
    members = members_of(data) | {"fingerprints.bin": bytes(12_000_000)}
    made = bytearray(packed(members))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = made.rindex(signature)
        made[at + offset : at + offset + 4] = struct.pack("<I", claimed)

    assert "not a whole instrument file" in refusal(bytes(made))


def test_more_than_is_allowed_together_is_refused(data, monkeypatch):
    """The limit is on the sum of all members."""
    monkeypatch.setattr(instrument_file, "_WHOLE", 100)

    assert "bytes long; 100 are allowed" in refusal(data)


def test_a_card_or_description_longer_than_any_is_refused(data, monkeypatch):
    """64 MB of prose is enough."""
    monkeypatch.setattr(instrument_file, "_PROSE", 5)

    assert "5 are allowed" in refusal(data)


def test_a_zip_of_endless_contents_is_refused_before_they_are_read(data):
    """A table of a million names would cost minutes; so would one hidden behind the 64-bit end record."""
    many = packed([(f"{index}", b"") for index in range(2000)])
    end = data.rindex(b"PK\5\6")
    hidden = data[:end] + b"PK\6\7" + bytes(16) + data[end:]

    assert "not a whole instrument file" in refusal(many)
    assert "not a whole instrument file" in refusal(hidden)


@pytest.mark.parametrize("around", [(b"#!/bin/sh\n", b""), (b"", b"more")])
def test_bytes_before_or_after_the_zip_are_refused(data, around):
    """A file is one thing: not also a program, nor a picture."""
    assert "not a whole instrument file" in refusal(around[0] + data + around[1])


@pytest.mark.parametrize("name", ["instrument.json", "card.md"])
def test_a_file_without_description_or_card_is_refused(data, name):
    """Both are part of every instrument."""
    assert f"holds no {name}" in refusal(packed({n: m for n, m in members_of(data).items() if n != name}))


# ── its graphs and its card ────────────────────────────────────────────────────────────────────────────────────────


def test_a_graph_other_than_the_listed_one_is_refused(data):
    """The digest in instrument.json is checked."""
    assert "step.onnx is not the one that instrument.json lists" in refusal(
        packed(members_of(data) | {"step.onnx": step() + b"\x32\x00"})
    )


def test_graphs_and_their_list_must_be_the_same(data):
    """No graph unlisted, none missing."""
    members = members_of(data)

    assert "does not list the graphs" in refusal(packed(members | {"turn.onnx": step()}))
    assert "needs a graph 'step' or 'read'" in refusal(packed({n: m for n, m in members.items() if n != "step.onnx"}))
    assert "does not list the graphs" in refusal(with_json(data, {"graphs": []}))


def with_json(data: bytes, changes: dict[str, Any]) -> bytes:
    members = members_of(data)
    described = json.loads(members["instrument.json"]) | changes
    kept = {key: value for key, value in described.items() if value is not ...}
    return packed(members | {"instrument.json": json.dumps(kept).encode()})


def test_a_graph_with_an_operator_that_is_not_listed_is_refused(data):
    """A file that can be read can be played: its graphs were looked at."""
    loop = graph_bytes([helper.make_node("Loop", ["x"], ["y"])], {"x": (FLOAT, ["B"])}, {"y": (FLOAT, ["B"])}, {})
    listing = {"step": {"file": "step.onnx", "sha256": hashlib.sha256(loop).hexdigest()}}
    members = members_of(with_json(data, {"graphs": listing})) | {"step.onnx": loop}

    assert "step.onnx is refused: node 0 ('Loop', making 'y')" in refusal(packed(members))


def test_a_card_that_is_not_utf_8_is_refused(data):
    """It will be shown to people."""
    assert "card is not UTF-8" in refusal(packed(members_of(data) | {"card.md": b"\xff"}))


# ── fuzz ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255), st.booleans()), min_size=1, max_size=6))
def test_any_change_to_a_file_is_read_or_refused_and_nothing_else(data, changes):
    """Whatever happened to it on its way."""
    made = bytearray(data)
    for at, byte, insert in changes:
        at %= len(made)
        made[at : at + (not insert)] = bytes([byte])

    _read_or_refused(bytes(made))


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_any_change_to_what_its_zip_says_is_read_or_refused(data, draw):
    """The headers are where zips are attacked."""
    made = bytearray(data)
    headers = [at for at in range(len(made) - 4) if made[at : at + 2] == b"PK"]
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.sampled_from(headers)) + draw.draw(st.integers(0, 45))
        if at < len(made):
            made[at] = draw.draw(st.sampled_from([0, 1, 2, 8, 127, 128, 255]))

    _read_or_refused(bytes(made))


def _read_or_refused(made: bytes) -> None:
    try:
        file = parse(made)
    except InstrumentFileError:
        return
    assert file.graphs["step"] == step()  # a digest stands between the bytes and the player
