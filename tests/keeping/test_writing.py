"""A save either happens whole or not at all, whatever the disk does."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from undersong.errors import KeepingError
from undersong.keeping.writing import make_folder, write_beside


def test_a_file_is_written_whole(tmp_path):
    """From bytes, or by a function that writes; nothing else stays in the folder."""
    one = write_beside(tmp_path / "one", b"abc")
    other = write_beside(str(tmp_path / "other"), lambda file: file.write(b"def") and None)

    assert (one.read_bytes(), other.read_bytes()) == (b"abc", b"def")
    assert sorted(tmp_path.iterdir()) == [one, other]


def test_an_older_file_is_replaced(tmp_path):
    """And keeps its permissions."""
    path = tmp_path / "file"
    path.write_bytes(b"before")
    path.chmod(0o640)

    write_beside(path, b"after")

    assert path.read_bytes() == b"after"
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_is_as_open_as_any_other(tmp_path):
    """A temporary file's secrecy is not handed on."""
    (tmp_path / "plain").write_bytes(b"")

    write_beside(tmp_path / "ours", b"")

    assert (tmp_path / "plain").stat().st_mode == (tmp_path / "ours").stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_written_through(tmp_path):
    """It stays a link, and what it points to is new."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far/file").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "far/file")

    write_beside(tmp_path / "link", b"after")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far/file").read_bytes() == b"after"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, ZeroDivisionError])
def test_whatever_interrupts_a_save_leaves_the_old_file(tmp_path, error):
    """Ctrl-C as well, and no part of the new one stays."""
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def interrupted(file):
        file.write(b"half")
        raise error

    with pytest.raises(error):
        write_beside(path, interrupted)

    assert {path: b"before"} == {each: each.read_bytes() for each in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EFBIG, "larger than this disk or account allows"),
        (getattr(errno, "EDQUOT", errno.ENOSPC), "disk is"),
        (errno.EROFS, "can only be read"),
        (errno.EACCES, "may not be written to"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_what_the_disk_refuses_is_said_in_plain_words(tmp_path, number, says):
    """With what happened to the old file, and what to do."""
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def refused(file):
        raise OSError(number, os.strerror(number))

    with pytest.raises(KeepingError) as caught:
        write_beside(path, refused)

    assert says in str(caught.value)
    assert "Nothing was lost" in str(caught.value)
    assert str(path) in str(caught.value)
    assert {path: b"before"} == {each: each.read_bytes() for each in tmp_path.iterdir()}


def test_a_save_to_where_no_file_can_be_is_refused(tmp_path):
    """No folder, a folder in the way, a file where a folder should be, a name too long."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    cases = {"gone/file": "does not exist", "folder": "in the way", "file/x": "a file, not a folder"}
    for name, says in (cases | {"x" * 300: "too long"}).items():
        with pytest.raises(KeepingError) as caught:
            write_beside(tmp_path / name, b"x")
        assert says in str(caught.value) or os.name != "posix"

    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


def test_folders_are_made_with_those_above(tmp_path):
    """Once or twice; where a file stands it is refused in plain words."""
    assert make_folder(tmp_path / "a/b").is_dir()
    assert make_folder(tmp_path / "a/b").is_dir()
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(KeepingError, match="could not be made"):
        make_folder(tmp_path / "file")
    with pytest.raises(KeepingError, match="could not be made"):
        make_folder(tmp_path / "file/inner")


FULL_DISK = """
import resource, signal, sys
sys.path[:0] = [{tests!r}]
from instrument_files import description, step
from undersong.errors import KeepingError
from undersong.keeping.instrument_file import InstrumentFile, write

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
import random
noise = random.Random(7).randbytes(100_000)
try:
    write({path!r}, InstrumentFile(description(), {{"step": step()}}, "", {{"fingerprints.bin": noise}}))
except KeepingError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("limit", [0, 1, 1000, 65_536])
def test_a_full_disk_leaves_the_old_instrument(tmp_path, limit):
    """A real limit of the system, in a process of its own, at several places of the file."""
    path = tmp_path / "sonnets.undersong"
    path.write_bytes(b"before")
    tests = str(Path(__file__).parents[1])
    program = FULL_DISK.format(path=str(path), tests=tests, limit=limit)

    found = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, check=True, text=True)

    assert "larger than this disk or account allows. Nothing was lost" in found.stdout
    assert {path: b"before"} == {each: each.read_bytes() for each in tmp_path.iterdir()}
