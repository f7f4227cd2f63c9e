"""Documents of every kind → the text a person reads in them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import written_documents as make

from undersong.errors import TooLittleError, UnreadableFileError
from undersong.events import Material
from undersong.media.text.reading import SUFFIXES
from undersong.media.text.reading.reader import read

PROSE = "\n".join(make.PROSE)


def reading(folder: Path, name: str, data: bytes, **asked: object) -> Material:
    (folder / name).write_bytes(data)
    return read([folder / name], 1, asked)


def text_of(folder: Path, name: str, data: bytes) -> str:
    content = reading(folder, name, data).pieces[0].to_json()
    assert isinstance(content, str)
    return content


WRITTEN = {
    "plain.txt": PROSE.encode(),
    "page.html": make.html("".join(f"<p>{line}</p>" for line in make.PROSE)),
    "scan.pdf": make.pdf([make.PROSE]),
    "book.epub": make.epub({"one": "".join(f"<p>{line}</p>" for line in make.PROSE)}),
    "letter.docx": make.docx_lines(make.PROSE),
    "letter.odt": make.odt("".join(f"<text:p>{line}</text:p>" for line in make.PROSE)),
    "letter.rtf": make.rtf(r"\par ".join(make.PROSE)),
    "plain.txt.gz": gzip.compress(PROSE.encode()),
    "all.zip": make.zipped({"inner/plain.txt": PROSE}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_the_same_prose_is_read_out_of_every_kind_of_file(tmp_path: Path, name: str) -> None:
    """Letter for letter and line for line, whatever it was kept in, and whatever the file is called."""
    for called in (name, "something", "wrong.dat" if name == "page.html" else "wrong.txt"):
        lines = [line for line in text_of(tmp_path, called, WRITTEN[name]).split("\n") if line]

        assert list(make.PROSE) == lines


def test_a_folder_of_every_kind_is_read_in_order_of_name(tmp_path: Path) -> None:
    """And each kind is named in the report."""
    for name, data in WRITTEN.items():
        (tmp_path / name).write_bytes(data)
    material = read([tmp_path])

    assert sorted(WRITTEN) == [
        Path(source.replace("all.zip/inner/plain.txt", "all.zip")).name for source in material.sources
    ]
    for kind in ("EPUB", "PDF", "HTML, UTF-8", "Word document", "OpenDocument text", "RTF"):
        assert any(f"as {kind}." in note for note in material.notes), kind


def test_every_suffix_is_small_and_named_once() -> None:
    assert len(set(SUFFIXES)) == len(SUFFIXES)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)


# ── Markdown ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_markdown_keeps_its_code_and_leaves_out_what_stands_before_it(tmp_path: Path) -> None:
    body = "Stir.\n\n```python\nprint('---')\n```\n"
    material = reading(tmp_path, "soup.md", f'---\ntitle: "Nettle soup"\ntags:\n  - soup\n---\n\n{body}'.encode())

    assert f"# Nettle soup\n\n{body}" == material.pieces[0].to_json()
    assert any("front matter" in note and "title" in note for note in material.notes)


def test_markdown_in_toml_is_left_out_too(tmp_path: Path) -> None:
    data = b'+++\ntitle = "Soup"\n[extra]\ndate = 2020-01-01\n+++\n# Nettle soup\nStir.\n'

    assert text_of(tmp_path, "soup.md", data) == "# Nettle soup\nStir.\n"


@pytest.mark.parametrize(
    "text", ["---\nA stanza between two rules,\nno more than that.\n---\nAnother.\n", "---\nkey: value\nand no end\n"]
)
def test_markdown_between_two_rules_is_no_front_matter(tmp_path: Path, text: str) -> None:
    assert text == text_of(tmp_path, "poem.md", text.encode())


# ── web pages ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_keeps_paragraphs_lines_lists_tables_and_poems(tmp_path: Path) -> None:
    page = """<h1>Sea&nbsp;&amp; sky</h1><p>One <b>bold</b>
        caf&eacute;.</p><div>a</div><div>b<br>c</div><ul><li>one<li><p>two</p><ol><li>x</li></ol></ul>
        <table><tr><th>A<th>B</tr><tr><td><p>1</p></td><td><p>2</p></td></tr></table>
        <pre>\n  indented\n    more</pre>after &lt;that&gt;"""
    wanted = (
        "Sea\u00a0& sky\n\nOne bold café.\n\na\nb\nc\n\n- one\n- two\n  1. x\n\nA\tB\n1\t2\n\n"
        "  indented\n    more\n\nafter <that>\n"
    )

    assert wanted == text_of(tmp_path, "page.html", make.html(page))


def test_a_page_loses_menus_and_scripts_but_keeps_an_article_whole(tmp_path: Path) -> None:
    page = (
        "<header>Site</header><nav>Home</nav><main><header>By Ana</header>Text<aside>Aside</aside></main>"
        "<script>if (a<b) x('</p>')</script><style>p{}</style><svg><text>drawn</text></svg><template>t</template>"
        "<noscript>n</noscript><footer>Imprint</footer>"
    )
    material = reading(tmp_path, "page.html", make.html(page))

    assert material.pieces[0].to_json() == "By Ana\nText\nAside\n"
    assert any("footer, header, nav" in note for note in material.notes)


def test_a_page_without_text_says_so(tmp_path: Path) -> None:
    page = make.html("<div id=app></div><script>" + "x=1;" * 1000 + "</script>")

    with pytest.raises(TooLittleError, match="put together by scripts"):
        reading(tmp_path, "app.html", page)


def test_a_page_is_read_in_the_encoding_it_declares(tmp_path: Path) -> None:
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"></head><body>Мой дядя</body>'
    )

    assert text_of(tmp_path, "page.html", page.encode("koi8-r")) == "Мой дядя\n"


def test_a_page_is_known_by_its_beginning(tmp_path: Path) -> None:
    """Whatever it is called, and whatever comment stands before it; a text about pages is none."""
    page = b'<?xml version="1.0"?>\n<!-- saved -->\n<!DOCTYPE html><html><body><p>x</p></body></html>'

    assert text_of(tmp_path, "saved", page) == "x\n"
    assert "<html>" in text_of(tmp_path, "lesson", b"A page begins with <html> and goes on.")
    assert "<!--" in text_of(tmp_path, "odd", b"<!---->" * 2000 + b"<x>")


def test_html_in_a_file_called_txt_is_text_that_somebody_wrote(tmp_path: Path) -> None:
    page = make.html("<p>How to write a page</p>")

    assert page.decode() == text_of(tmp_path, "lesson.txt", page)


# ── books and letters ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_book_is_read_in_its_order_without_its_contents(tmp_path: Path) -> None:
    data = make.epub({"b": "<h1>Second</h1><p>two</p>", "a": "<h1>First</h1><p>one&nbsp;1</p>"}, order=("a", "b", "x"))
    material = reading(tmp_path, "book.epub", data)

    assert material.pieces[0].to_json() == "First\n\none\u00a01\n\n\nSecond\n\ntwo\n"
    assert any("table of contents" in note for note in material.notes)


@pytest.mark.parametrize(
    "more",
    [
        {"META-INF/rights.xml": "<rights/>"},
        {
            "META-INF/encryption.xml": "<encryption><EncryptedData><EncryptionMethod "
            'Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>'
        },
    ],
    ids=["rights", "encryption"],
)
def test_a_locked_book_is_refused(tmp_path: Path, more: dict[str, str]) -> None:
    with pytest.raises(UnreadableFileError, match="locked by its publisher"):
        reading(tmp_path, "book.epub", make.epub({"one": "<p>x</p>"}, more))


def test_a_book_that_only_hides_its_fonts_is_read(tmp_path: Path) -> None:
    hidden = (
        "<encryption><EncryptedData><EncryptionMethod "
        'Algorithm="http://www.idpf.org/2008/embedding"/></EncryptedData></encryption>'
    )

    assert "x" in text_of(tmp_path, "book.epub", make.epub({"one": "<p>x</p>"}, {"META-INF/encryption.xml": hidden}))


def test_a_word_document_keeps_lines_tabs_tables_and_no_deleted_text(tmp_path: Path) -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="TOC1"/></w:pPr><w:r><w:t>One</w:t><w:tab/><w:t>1</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>One</w:t><w:tab/><w:t>tab</w:t><w:br/><w:t>line</w:t></w:r></w:p><w:p/>"
        '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>'
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:r><w:t>after</w:t><w:noBreakHyphen/></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>d</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:p><w:r><w:t>end</w:t></w:r></w:p>"
    )
    material = reading(tmp_path, "letter.docx", make.docx(body))

    assert material.pieces[0].to_json() == "One\ttab\nline\n\nafter\u2011\na\tb\nc\td\nend\n"
    assert any("deleted text (1)" in note for note in material.notes)


def test_an_opendocument_keeps_blanks_and_leaves_notes_out(tmp_path: Path) -> None:
    body = (
        '<text:h>Title</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d'
        "<text:note><text:note-body><text:p>1</text:p></text:note-body></text:note></text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>"
        "<table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>"
    )
    material = reading(tmp_path, "letter.odt", make.odt(body))

    assert material.pieces[0].to_json() == "Title\na   b\tc\nd\nx\ty\n"
    assert any("notes" in note for note in material.notes)


def test_an_opendocument_with_a_password_is_refused(tmp_path: Path) -> None:
    data = make.odt("<text:p>x</text:p>", "<manifest><encryption-data/></manifest>")

    with pytest.raises(UnreadableFileError, match="password"):
        reading(tmp_path, "letter.odt", data)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \u8212\'97 \u-10179?\u-8704? \uc2\u233ab c", "café — 😀 é c"),
        (r"{\f1 \'cf\'f0\'e8\'e2\'e5\'f2} end", "Привет end"),
        (r"a\par b\line c\tab d\~e\_f\-g \{\}\\", "a\nb\nc\td\u00a0e\u2011fg {}\\"),
        (r"shown{\v hidden}{\*\unknown x}{\footnote y}{\header z} too", "shown too"),
        (r"\ldblquote q\rdblquote  \emdash\bin3 }}} end", "“q” — end"),
        (r"\trowd a\cell b\cell\row c", "a\tb\nc"),
    ],
)
def test_rich_text_is_read_with_its_escapes(tmp_path: Path, body: str, text: str) -> None:
    assert text + "\n" == text_of(tmp_path, "letter.rtf", make.rtf(body))


def test_rich_text_in_two_bytes_a_letter(tmp_path: Path) -> None:
    """The second byte may look like a plain letter."""
    body = (
        rb"{\rtf1\ansi\ansicpg932 "
        + "".join(f"\\'{byte:02x}" if byte > 0x7F else chr(byte) for byte in "表示ソ".encode("cp932"))
        .replace("\\'83\\", "\\'83\\\\")
        .encode()
        + b"}"
    )

    assert text_of(tmp_path, "letter.rtf", body.replace(rb"\'95\\'8e", rb"\'95\\\'8e")).startswith("表示")


# ── PDF ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_pdf_loses_its_page_setting_and_says_so(tmp_path: Path) -> None:
    words = ("sun", "rain", "hail", "snow", "fog", "wind")
    pages = [
        ["THE LIGHT", f"Then {word} came, says his well-known re-", f"port of {word} at sea.", f"{number}"]
        for number, word in enumerate(words, 1)
    ]
    pages[0][1] = "He had a well-"
    pages[0][2] = "known lamp."
    material = reading(tmp_path, "book.pdf", make.pdf(pages))
    text = material.pieces[0].to_json()

    assert "THE LIGHT" not in text
    assert "well-known\nlamp." in text
    assert text.count("report\nof") == 5
    assert not any(line.strip().isdigit() for line in text.split("\n"))
    for cause in ("page numbers (12)", "parted at the ends of lines (5)"):
        assert any(cause in note for note in material.notes), material.notes


def test_a_pdf_of_pictures_is_told_from_one_of_text(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="scanned"):
        reading(tmp_path, "scan.pdf", make.pdf([[], []]))


def test_a_locked_pdf_is_refused(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter(clone_from=__import__("io").BytesIO(make.pdf([make.PROSE])))
    writer.encrypt("secret", algorithm="RC4-128")
    with (tmp_path / "locked.pdf").open("wb") as file:
        writer.write(file)

    with pytest.raises(UnreadableFileError, match="locked"):
        read([tmp_path / "locked.pdf"], 1)


# ── archives ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_zip_is_read_like_a_folder(tmp_path: Path) -> None:
    data = make.zipped(
        {
            "b.txt": "second",
            "a/first.md": "first",
            "__MACOSX/a/first.md": "rubbish",
            ".git/x.txt": "rubbish",
            "../../climbs\x1b[2J.txt": "third",
            "inner.zip": make.zipped({"x.txt": "no"}),
            "letter.docx": make.docx_lines(["fourth"]),
            "photo.png": b"\x89PNG",
            "list.txt.gz": gzip.compress(b"fifth"),
        }
    )
    material = reading(tmp_path, "all.zip", data)

    assert ["third", "first", "second", "fourth\n", "fifth"] == [piece.to_json() for piece in material.pieces]
    assert all("\x1b" not in source for source in material.sources)
    assert any("archive inside an archive" in note for note in material.notes)
    assert any(".png" in note for note in material.notes)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip"]  # nothing was unpacked there


def test_notes_of_many_files_are_told_together(tmp_path: Path) -> None:
    members = {f"{number:03}.md": f"---\ntitle: t{number}\n---\nso\u00adft {number}" for number in range(30)}
    material = reading(tmp_path, "many.zip", make.zipped(members))

    assert len(material.pieces) == 30
    assert len(material.notes) == 3
    assert any("30 files: " in note and "30 soft hyphens" in note for note in material.notes)


def test_doubts_about_many_files_are_told_together(tmp_path: Path) -> None:
    members = {
        f"{number}.txt": f"Où est le café numéro {number}, garçon? Là-bas.".encode("cp1252") for number in range(9)
    }
    notes = reading(tmp_path, "old.zip", make.zipped(members)).notes

    assert any(note.startswith("9 files are not UTF-8; read as cp1252") for note in notes), notes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Word"),
        (make.zipped({"xl/workbook.xml": "<x/>"}), "a spreadsheet"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "7z"),
        (bytes(257) + b"ustar" + bytes(300), "tar"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(UnreadableFileError, match=said):
        reading(tmp_path, "it", data)


def test_json_without_a_name_is_json_and_a_poem_in_brackets_is_none(tmp_path: Path) -> None:
    data = b'[{"word": "ebb", "meaning": "out"}, {"word": "tide", "meaning": "in"}]'

    assert len(reading(tmp_path, "x", data, fields="word").pieces) == 2
    assert text_of(tmp_path, "x", b"[softly] and so on") == "[softly] and so on"
    assert text_of(tmp_path, "x.txt", data) == data.decode()


def test_standard_input_is_read_like_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").write_bytes(make.docx_lines(make.PROSE))
    with (tmp_path / "in").open() as given:
        monkeypatch.setattr("sys.stdin", given)
        material = read([Path("-")])

    assert f"{PROSE}\n" == material.pieces[0].to_json()
    assert material.sources == ("standard input",)


# ── what people brought ────────────────────────────────────────────────────────────────────────────────────────────

DATA = Path(__file__).parents[5] / "shared" / "data"


@pytest.mark.parametrize(
    ("path", "count", "characters", "said"),
    [
        (
            "recipes/recipes_279.zip",
            279,
            330_000,
            "278 files: Left out the front matter before its text; kept its title",
        ),
        ("clickbait/clickbait_data.gz", 1, 900_000, "as UTF-8."),
        ("udhr2_unicode/udhr2.zip", 387, 4_700_000, "26 files: Put letters and their accents together"),
        ("irc_chat", 12, 800_000, "Read 12 files as an IRC log, UTF-8."),
    ],
)
def test_what_people_brought_is_read(path: str, count: int, characters: int, said: str) -> None:
    """Whole, and with a report that a person can read."""
    if not (DATA / path).exists():
        pytest.skip(f"{path} is not beside this checkout (../shared/data)")
    material = read([DATA / path])

    assert len(material.pieces) == count
    assert sum(len(str(piece)) for piece in material.pieces) >= characters
    assert any(said in note for note in material.notes), material.notes
    assert len(material.notes) < 12
