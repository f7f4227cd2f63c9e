"""Files made to do harm: all end in a sentence, soon, and without taking the memory."""

from __future__ import annotations

import gzip
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import written_documents as make
from written_documents import taken

from undersong.errors import MissingExtraError, UnreadableFileError
from undersong.media.text.reading import archives, files, formats, pdf, reader
from undersong.media.text.reading.formats import readings
from undersong.media.text.reading.limits import DEEPEST, MOST_BYTES
from undersong.media.text.reading.reader import read

BOMB = bytes(1 << 26)
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def xml_of(kind: str, before: str) -> bytes:
    """A document of that kind whose XML begins so and holds &j;."""
    if kind == "docx":
        return make.zipped({"word/document.xml": f"{before}<document><p><r><t>&a;&j;</t></r></p></document>"})
    if kind == "odt":
        mimetype = "application/vnd.oasis.opendocument.text"
        return make.zipped({"mimetype": mimetype, "content.xml": f"{before}<body><p>&a;&j;</p></body>"})
    return make.zipped({"META-INF/container.xml": f"{before}<container><rootfile full-path='&a;'/></container>"})


@pytest.mark.parametrize("kind", ["docx", "odt", "epub"])
@pytest.mark.parametrize("before", [LAUGHS, OUTSIDE], ids=["a thousand million laughs", "a file of this machine"])
def test_entities_are_never_followed(kind: str, before: str) -> None:
    with pytest.raises(UnreadableFileError, match="entities of its own"):
        taken(xml_of(kind, before))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (make.zipped({"a.txt": BOMB}), "grows more than"),
        (gzip.compress(BOMB), "grows more than"),
        (make.zipped({"word/document.xml": BOMB}), "grows more than"),
        (make.zipped({"META-INF/container.xml": BOMB}), "grows more than"),
    ],
    ids=["zip", "gzip", "docx", "epub"],
)
def test_bombs_are_put_down_before_they_grow(data: bytes, said: str) -> None:
    notes: list[str] = []
    try:
        assert not list(readings(data, "it", notes))
    except UnreadableFileError as error:
        notes.append(str(error))

    assert said in notes[0]


def test_an_archive_may_not_unpack_to_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together its members may not either, as in archives whose members share their bytes."""
    monkeypatch.setattr(archives, "MOST_UNPACKED", 50_000)
    some = random.Random(1).randbytes(20_000).hex().encode()[:20_000]
    notes: list[str] = []
    found = list(readings(make.zipped({f"{number}.txt": some for number in range(4)}), "all.zip", notes))

    assert len(found) == 2
    assert sum("more than" in note for note in notes) == 2


def test_an_archive_may_not_hold_more_files_than_can_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 50)
    with pytest.raises(UnreadableFileError, match="more than 50 files"):
        taken(make.zipped({f"{number}.txt": "x" for number in range(60)}))


def test_sizes_that_an_archive_only_claims_are_not_believed() -> None:
    data = make.zipped({"a.txt": "short"}, packed=False)
    at = data.index(b"PK\x01\x02")
    claimed = data[: at + 20] + struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0) + data[at + 28 :]
    notes: list[str] = []

    assert not list(readings(claimed, "it", notes))
    assert "cut short or broken" in notes[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (make.docx("<w:x>" * (DEEPEST + 5) + "</w:x>" * (DEEPEST + 5)), "deep"),
        (make.odt("<text:p>" * (DEEPEST + 5) + "</text:p>" * (DEEPEST + 5)), "deep"),
        (make.rtf("{" * 200_000), "deep"),
    ],
    ids=["docx", "odt", "rtf"],
)
def test_what_is_nested_too_deeply_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFileError, match=said):
        taken(data)


@pytest.mark.parametrize(
    "part",
    ["<div>", "<a", "<!--", "<!-- -->", "<![CDATA[", "<p '", '<a b="', "<ul><li>", "<table><tr><td>", "<title>",
     "<script>", "</", "&#9", "<textarea>", "<!", "&amp", "<svg>", "<pre>", "<br>"],
)  # fmt: skip
def test_pages_that_are_hard_to_take_apart_take_no_longer_than_others(part: str) -> None:
    """In each of these an unwary reader goes back to the same place again and again."""
    page = b"<html><body>" + part.encode() * 100_000

    assert len("".join(taken(page, "it.html"))) < 3_000_000
    assert len("".join(taken(page + b"--!> </script> </title> </textarea> ]]> \" ' >", "it.html"))) < 3_000_000


def test_endless_lines_and_numbers_are_read() -> None:
    assert taken(b"x" * 3_000_000) == ["x" * 3_000_000]
    assert taken("été ".encode() * 500_000, "it.md")[0].startswith("été été")
    assert taken(b"<html>&#" + b"9" * 100_000 + b";")[0].startswith("&#99")
    assert len(taken(rb"{\rtf1 " + b"x " * 500_000 + b"}")[0]) > 900_000
    assert len(taken(make.docx_lines(["x " * 1_000_000]))[0]) > 1_900_000


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "..%2f..%2fetc/passwd"])
def test_a_book_cannot_point_out_of_itself(path: str) -> None:
    data = make.epub({"one": "<p>x</p>"})
    package = make.zipped(
        {
            "META-INF/container.xml": make.CONTAINER,
            "OEBPS/book.opf": f'<package><manifest><item id="a" href="{path}" media-type="text/html"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        }
    )

    assert taken(data)
    assert taken(package) == []
    with pytest.raises(UnreadableFileError, match="lacks its part"):
        taken(make.zipped({"META-INF/container.xml": make.CONTAINER.replace("OEBPS/book.opf", path)}))


# ── PDF ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def stream(content: bytes, filters: str = "/FlateDecode") -> bytes:
    packed = zlib.compress(content)
    return b"<< /Filter %s /Length %d >>\nstream\n%s\nendstream" % (filters.encode(), len(packed), packed)


def one_page(*more: bytes, resources: str = "") -> bytes:
    """A PDF of one page whose content is the first of the further objects, number 4."""
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << {resources} >> >>".encode()
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return make.pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, *more])


FORM = (
    "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F {0} 0 R >> >> /Length 80 >>\n"
    "stream\n" + "/F Do " * 13 + "\nendstream"
)
PDFS = {
    "its pages are their own parents": make.pdf_of(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9999999 >>"]
    ),
    "it holds a form that holds itself": one_page(
        b"<< /Length 6 >>\nstream\n/F Do \nendstream", FORM.format(5).encode(), resources="/XObject << /F 5 0 R >>"
    ),
    "its forms hold one another a million times": one_page(
        b"<< /Length 6 >>\nstream\n/F Do \nendstream",
        *(FORM.format(6 + number).encode() for number in range(7)),
        resources="/XObject << /F 5 0 R >>",
    ),
    "its page unpacks to millions of signs": one_page(stream(b"q Q " * 15_000_000)),
    "it is packed nine times": one_page(stream(b"x" * 1000, "[" + "/FlateDecode " * 5000 + "]")),
    "it is nothing but its beginning": b"%PDF-1.7\n",
    "its table goes in a circle": make.pdf([["x"]]).replace(b"/Root 1 0 R ", b"/Root 1 0 R /Prev 9 "),
    "its numbers are endless": one_page(stream(b"1" * 5_000_000 + b" Tf")),
    "its lists are endless": one_page(stream(b"[" * 200_000)),
}


@pytest.mark.parametrize("what", PDFS)
def test_pdfs_that_would_take_for_ever_are_ended(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of their own, so that they take nothing along."""
    monkeypatch.setattr(pdf, "MOST_PAGE_SECONDS", 3)
    with pytest.raises(UnreadableFileError, match=r"PDF|scanned|could not be read"):
        taken(PDFS[what], "it.pdf")


def test_pages_that_were_read_before_time_was_up_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pdf, "_pages", lambda data: (["one page of words, and no more", "two pages"], "it took too long")
    )
    document = pdf.parse(b"", "it.pdf")

    assert "two pages" in document.texts[0]
    assert "Only its first 2 pages were read: it took too long." in document.notes


def test_input_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        def read(self, count: int) -> bytes:
            return b"y\n" * (count // 2)

    class Terminal:
        buffer = Endless()

    monkeypatch.setattr(files, "MOST_BYTES", 3 << 20)
    monkeypatch.setattr("sys.stdin", Terminal())
    with pytest.raises(UnreadableFileError, match="Standard input holds more than"):
        read([Path("-")])
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UnreadableFileError, match="no standard input"):
        read([Path("-")])


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # a hole: it takes no room on the disk

    with pytest.raises(UnreadableFileError, match="more than 1 GiB"):
        read([path])


def test_a_pdf_without_its_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"undersong\[text\]"):
        taken(b"%PDF-1.7\n")


def test_pdfs_among_other_files_do_without_that_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    (tmp_path / "a.txt").write_text("a" * 300)
    (tmp_path / "b.pdf").write_bytes(make.pdf([["b"]]))
    (tmp_path / "c.zip").write_bytes(make.zipped({"d.pdf": make.pdf([["d"]]), "e.txt": "e"}))
    material = read([tmp_path])

    assert len(material.pieces) == 2
    assert sum("undersong[text]" in note for note in material.notes) == 2


def test_more_mark_up_than_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_MARKUP", 1_000)
    for data in (make.html("<p>x" * 1_000), make.rtf(r"x\par" * 1_000)):
        with pytest.raises(UnreadableFileError, match="mark-up"):
            taken(data)
    assert taken(b"plain " * 1_000)


def test_an_archive_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_SECONDS", -1)
    notes: list[str] = []

    assert not list(readings(make.zipped({"a.txt": "a", "b.txt": "b"}), "it", notes))
    assert "its last 2 files: it takes too long" in notes[0]


def test_nothing_that_reading_needs_is_imported_before_it_is_needed() -> None:
    """`undersong sample` starts without any of them."""
    script = "import sys, undersong.media.text.medium; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert not {"ftfy", "regex", "pypdf", "defusedxml", "html.entities", "charset_normalizer"} & set(loaded)
    assert reader.LEAST_CHARACTERS
