"""Whatever is written into a document comes out of it, in any script."""

from __future__ import annotations

import html
from xml.sax.saxutils import escape

import written_documents as make
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading.formats import readings

LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters="\ufffe\uffff")
WORDS = st.text(LETTERS, min_size=1, max_size=8)
LINES = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=1, max_size=6)


def lines_of(data: bytes, name: str) -> list[str]:
    (found,) = readings(data, name, [])
    (text,) = found.document.texts
    return [line for line in text.split("\n") if line]


@given(LINES)
def test_word_documents(lines: list[str]) -> None:
    assert lines == lines_of(make.docx_lines([escape(line) for line in lines]), "x")


@given(LINES)
def test_opendocuments(lines: list[str]) -> None:
    body = "".join(f"<text:p>{escape(line)}</text:p>" for line in lines)

    assert lines == lines_of(make.odt(body), "x")


@given(LINES)
def test_books_and_pages(lines: list[str]) -> None:
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)

    assert lines == lines_of(make.html(body), "x.html")
    assert lines == lines_of(make.epub({"one": body}), "x")
    assert lines == lines_of(make.html(f"<pre>{html.escape(chr(10).join(lines))}</pre>"), "x.html")


@given(LINES)
def test_rich_text(lines: list[str]) -> None:
    """Every character as an escape of one or two UTF-16 units, with a question mark for who cannot show it."""
    units = "\n".join(lines).encode("utf-16-le")
    numbers = [int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2)]

    assert lines == lines_of(
        make.rtf("".join("\\par " if number == 10 else f"\\u{number}?" for number in numbers)), "x"
    )


@given(LINES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_plain_text_in_every_unicode_encoding(lines: list[str], encoding: str, end: str) -> None:
    text = "Plain text, which begins like no other file.\n" + "\n".join(lines)
    (found,) = readings(text.replace("\n", end).encode(encoding), "x", [])

    assert (text.lstrip("\ufeff"),) == found.document.texts
