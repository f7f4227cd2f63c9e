"""Files of every kind with bytes turned, cut out and repeated: each is read or told, and nothing else happens."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import written_documents as make
from written_documents import LONGEST, taken

from undersong.errors import UndersongError
from undersong.media.text.reading import pdf_pages
from undersong.media.text.reading.reader import read

SEEDS: dict[str, bytes] = {
    "a.zip": make.zipped({"a.txt": make.PROSE[1] * 20, "b.html": make.html("<p>b"), "c.docx": make.docx_lines(["c"])}),
    "stored.zip": make.zipped({"a.txt": make.PROSE[1]}, packed=False),
    "a.gz": gzip.compress("\n".join(make.PROSE).encode() * 20),
    "a.epub": make.epub({"one": "<p>one</p>", "two": "<p>two</p>"}),
    "a.docx": make.docx_lines(make.PROSE),
    "a.odt": make.odt("<text:p>x<text:s text:c='3'/>y</text:p>"),
    "a.rtf": make.rtf(r"caf\'e9 \u8212\'97 \u-10179?\u-8704? {\f1 \'cf\'f0}{\*\x y}\bin3 abc\par \trowd a\cell\row"),
    "a.html": make.html("<main><p>a &eacute;<ul><li>b<table><tr><td>c</table><pre>\n d</pre><!-- x --></main>"),
    "a.md": b"---\ntitle: x\n---\n# y\n",
    "a.txt": "Ünï\ufeff e\u0301 cafÃ© \u200d\r\n".encode() * 5,
}


INNER: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "docx": (
        b"<document><p><pPr><numPr/></pPr><r><t>one</t><tab/><br/></r></p><tbl><tr><tc><p/></tc></tr></tbl></document>",
        lambda part: make.zipped({"word/document.xml": part}),
    ),
    "odt": (
        b'<body><p>a<s c="3"/><tab/>b<note/></p><table><table-row><table-cell/></table-row></table></body>',
        lambda part: make.zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": part}),
    ),
    "epub, its list": (
        b'<package><manifest><item id="a" href="a.xhtml" media-type="x/html"/></manifest>'
        b'<spine><itemref idref="a"/></spine></package>',
        lambda part: make.zipped(
            {"META-INF/container.xml": make.CONTAINER, "OEBPS/book.opf": part, "OEBPS/a.xhtml": "<p>x</p>"}
        ),
    ),
    "epub, its beginning": (
        make.CONTAINER.encode(),
        lambda part: make.zipped({"META-INF/container.xml": part, "OEBPS/book.opf": "<package/>"}),
    ),
    "gzip": (make.html("<p>x"), gzip.compress),
}
"""Parts of documents, and how they are packed: a spoiled zip file is found out before what is in it is looked at."""


def spoiled(data: bytes, dice: random.Random) -> bytes:
    """The file with bytes turned, cut out, or repeated; now and then with a number made huge."""
    out = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8])):
        if not out:
            break
        at = dice.randrange(len(out))
        what = dice.randrange(6)
        if what == 0:
            out[at] ^= 1 << dice.randrange(8)
        elif what == 1:
            out[at] = dice.choice(b"\0\xff<>{}\\&;()/'\"")
        elif what == 2:
            del out[at : at + dice.choice([1, 4, 50])]
        elif what == 3:
            del out[at:]
        elif what == 4:
            out[at:at] = out[at : at + dice.choice([1, 8, 100])] * dice.choice([2, 50])
        else:
            out[at : at + 4] = dice.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"9999", b"\x00\x00\x00\x80"])
    return bytes(out)


def spoils(seed: bytes, count: int) -> Iterator[bytes]:
    dice = random.Random(zlib.crc32(seed))
    return (spoiled(seed, dice) for _ in range(count))


def only_told(data: bytes, name: str) -> None:
    with contextlib.suppress(UndersongError):
        taken(data, name)


def fuzzed(name: str, count: int) -> None:
    for data in spoils(SEEDS[name], count):
        only_told(data, name)


@pytest.mark.parametrize("name", SEEDS)
def test_a_spoiled_file_is_read_or_told_and_nothing_else(name: str) -> None:
    fuzzed(name, 150)


@pytest.mark.parametrize("name", INNER)
def test_a_document_whose_inside_is_spoiled_is_read_or_told(name: str) -> None:
    part, packed = INNER[name]
    for data in spoils(part, 150):
        only_told(packed(data), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", INNER)
def test_many_documents_whose_inside_is_spoiled_are_read_or_told(name: str) -> None:
    part, packed = INNER[name]
    for data in spoils(part, 5_000):
        only_told(packed(data), name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
def test_many_spoiled_files_are_read_or_told_and_nothing_else(name: str) -> None:
    fuzzed(name, 10_000)


def told(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """A PDF in this process, by the script that reads it in its own."""
    began = time.monotonic()
    pdf_pages.told(data, 20, 0)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert time.monotonic() - began < LONGEST
    assert isinstance(lines[-1], dict)


def test_a_spoiled_pdf_is_read_or_told_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    for data in spoils(make.pdf([make.PROSE, make.PROSE]), 150):
        told(data, capsys)


@pytest.mark.slow
def test_many_spoiled_pdfs_are_read_or_told_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    for data in spoils(make.pdf([make.PROSE, make.PROSE]), 3_000):
        told(data, capsys)


@pytest.mark.parametrize("name", SEEDS)
def test_a_file_that_was_cut_short_says_so_or_is_read_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    for share in (0.0, 0.01, 0.5, 0.9, 0.99):
        path = tmp_path / name
        path.write_bytes(SEEDS[name][: int(len(SEEDS[name]) * share)])
        said = name
        try:
            assert read([path], 1).pieces
        except UndersongError as error:
            said = error.what
        assert name in said
