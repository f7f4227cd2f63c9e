"""Small documents of every kind, written by hand: to be read, to be spoiled, and to be timed."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence

from undersong.media.text.reading.formats import readings

LONGEST = 20.0
"""Seconds that any of these may take on a busy machine; most take a hundredth of one."""

PROSE = (
    "The keeper of the light wrote down the weather every evening, and under it what the sea had said.",
    "Nobody had asked for that; café windows, naïve questions, and 12 gulls stood in the book beside the wind.",
    "In the spring the ink was blue, and the sea said less.",
)


def zipped(members: Mapping[str, str | bytes], packed: bool = True) -> bytes:
    """A zip file of these members, in this order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, archive.compression)
    return out.getvalue()


def pdf(pages: Sequence[Sequence[str]], extra: str = "") -> bytes:
    """A PDF with a line of text for each line; `extra` goes into the catalogue."""
    objects = [f"<< /Type /Catalog /Pages 2 0 R {extra}>>".encode()]
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for index, lines in enumerate(pages):
        shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
        content = f"BT /F1 12 Tf 14 TL 72 720 Td\n{shown}ET".encode("cp1252", "replace")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * index} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return pdf_of(objects)


def pdf_of(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer}>>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)


def epub(chapters: Mapping[str, str], more: Mapping[str, str] | None = None, order: Sequence[str] = ()) -> bytes:
    """A book of XHTML bodies by name, read in `order`; it has a table of contents, which is first in that order."""
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in chapters)
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("nav", *(order or chapters)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {
        f"OEBPS/{name}.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{name}</title>'
        f'<script src="x.js"/></head><body>{body}</body></html>'
        for name, body in {"nav": "<ol><li>The contents</li></ol>", **chapters}.items()
    }
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/book.opf": package,
            **pages,
            **(more or {}),
        }
    )


def docx(body: str) -> bytes:
    """A Word document with this in its body."""
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f'<?xml version="1.0"?><w:document {names}><w:body>{body}</w:body></w:document>',
        }
    )


def docx_lines(lines: Sequence[str]) -> bytes:
    return docx("".join(f'<w:p><w:r><w:t xml:space="preserve">{line}</w:t></w:r></w:p>' for line in lines))


def odt(body: str, manifest: str = "<manifest/>") -> bytes:
    """An OpenDocument text with this in its body."""
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": manifest,
            "content.xml": f'<?xml version="1.0"?><office:document-content {names}><office:body><office:text>{body}'
            "</office:text></office:body></office:document-content>",
        }
    )


def rtf(body: str) -> bytes:
    """An RTF file with fonts, styles and a picture before its body."""
    return (
        r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Helvetica;}{\f1\fcharset204 Arial Cyr;}}"
        r"{\colortbl;\red255\green0\blue0;}{\stylesheet{\s1 heading 1;}}{\*\generator Somebody;}"
        r"{\info{\title Not the text}}{\pict\wmetafile8 0102030405ffee}" + body + "}"
    ).encode("latin-1")


def html(body: str) -> bytes:
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>no</title></head><body>{body}</body></html>'.encode()
    )


def taken(data: bytes, name: str = "it") -> list[str]:
    """What is read in a file, and that it was read soon."""
    began = time.monotonic()
    try:
        return [text for found in readings(data, name, []) for text in found.document.texts]
    finally:
        assert time.monotonic() - began < LONGEST
