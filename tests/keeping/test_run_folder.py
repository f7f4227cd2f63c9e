"""A run folder's log, and who holds it."""

from __future__ import annotations

import os
import threading
import time

import pytest

from undersong.errors import KeepingError, RunFolderError
from undersong.keeping.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path):
    """A run folder in which nothing has happened yet."""
    folder = RunFolder(tmp_path / "tiny")
    folder.prepare()
    return folder


def logged(folder, *steps):
    """The log's size after each of these lines."""
    sizes = []
    for step in steps:
        folder.append_log({"what": "stepped", "step": step})
        sizes.append(folder.log_size())
    return sizes


def steps(folder):
    return [line["step"] for line in folder.read_log()]


# ── the log, cut back to a checkpoint ──────────────────────────────────────────────────────────────────────────────


def test_a_log_is_cut_back_to_the_size_it_had(folder):
    """And goes on from there: what is done once more stands in it once."""
    size = logged(folder, 1, 2, 3)[1]

    folder.cut_log(size)
    logged(folder, 3, 4)

    assert [1, 2, 3, 4] == steps(folder)


@pytest.mark.parametrize("size", [0, -5])
def test_a_log_is_cut_back_to_nothing(folder, size):
    """Where the checkpoint knew of none."""
    logged(folder, 1, 2)
    folder.cut_log(size)

    assert 0 == folder.log_size()


def test_a_log_that_is_not_there_or_shorter_is_left_so(folder):
    """A copied folder may have lost it; a disk that was full may not have taken every line."""
    folder.cut_log(100)
    assert (0, []) == (folder.log_size(), folder.read_log())

    logged(folder, 1, 2)
    before = folder.log.read_bytes()
    folder.cut_log(10_000)

    assert before == folder.log.read_bytes()


@pytest.mark.parametrize("torn", [b'{"what": "step', b"\xe2\x80", b'"', b" " * 200_000])
def test_a_line_that_a_crash_cut_off_is_cut_off(folder, torn):
    """Else the next line would be joined to it, and be lost as well; however long it is, and where the cut falls."""
    (size,) = logged(folder, 1)
    for to in (size + 3, 10**9):
        with folder.log.open("ab") as file:
            file.write(torn)
        assert [1] == steps(folder)
        folder.cut_log(to)
        assert size == folder.log_size()
    logged(folder, 2)

    assert [1, 2] == steps(folder)


def test_a_cut_in_the_middle_of_a_line_takes_the_whole_line(folder):
    """Half a line says nothing."""
    sizes = logged(folder, 1, 2, 3)
    folder.cut_log(sizes[2] - 4)

    assert sizes[1] == folder.log_size()


def test_a_log_without_any_line_end_is_cut_to_nothing(folder):
    """It was torn in its first line."""
    folder.log.write_bytes(b'{"what": ')
    folder.cut_log(5)

    assert 0 == folder.log_size()


def test_a_log_that_may_not_be_written_is_told_so(folder):
    """In plain words, as everywhere."""
    folder.log.mkdir()

    with pytest.raises(KeepingError, match="cannot be cut back"):
        folder.cut_log(0)


# ── what the log holds ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sample", ["one\u2028two\u2029three\x85four", "\u2026é😀\r\n\x0b\x1c", "a path of \udce9 bytes"]
)
def test_whatever_a_sample_holds_comes_back(folder, sample):
    """Only a newline ends a line of the log; other ends of lines, and bytes that are no letters, are as any letter."""
    folder.append_log({"what": "evaluated", "sample": sample})
    folder.append_log({"what": "finished"})

    assert [sample, None] == [line.get("sample") for line in folder.read_log()]
    assert {"what": "finished"} == folder.last_logged()


@pytest.mark.parametrize("length", [10, 65_536, 200_000])
def test_the_last_record_is_found_from_the_end(folder, length):
    """However long it is, and whatever was torn off after it."""
    logged(folder, *range(5))
    folder.append_log({"what": "evaluated", "sample": "x" * length})
    with folder.log.open("ab") as file:
        file.write(b'{"what": "fin' + b"\n[1]\n")

    last = folder.last_logged()
    assert last is not None
    assert ("evaluated", length) == (last["what"], len(last["sample"]))


def test_a_log_that_is_missing_empty_or_no_log_has_no_last_record(folder):
    """And nothing is raised."""
    assert folder.last_logged() is None
    for content in (b"", b"\n", b"no log", b"\xff" * 70_000):
        folder.log.write_bytes(content)
        assert folder.last_logged() is None


# ── who holds it ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_is_held_as_long_as_somebody_learns_into_it(folder):
    """And nobody else may; to look changes nothing."""
    assert not folder.is_held()
    with folder.held():
        assert folder.is_held()
        with pytest.raises(RunFolderError, match="Another process is learning"), folder.held():
            pass
    assert not folder.is_held()


def test_a_folder_that_was_never_learned_into_is_not_held(tmp_path):
    """To look leaves no file behind."""
    assert not RunFolder(tmp_path / "gone").is_held()
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_who_may_only_read_a_folder_sees_that_it_is_held(folder):
    """A studio of somebody else's."""
    with folder.held():
        (folder.private / "lock").chmod(0o444)
        assert folder.is_held()
    assert not folder.is_held()


def test_who_only_looks_does_not_keep_a_learner_out(folder):
    """Thousands of looks while a folder is taken and given back: it is never refused."""
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            folder.is_held()
            time.sleep(0)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            with folder.held():
                pass
    finally:
        done.set()
        for looker in lookers:
            looker.join()
