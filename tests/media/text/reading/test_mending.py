"""What is put right in a text, and what is left alone."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading import mending
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.mending import Mender, mended

DATA = Path(__file__).parents[5] / "shared" / "data"
GARBLED = [
    ("naïve café — “quoted …", "cp1252"),
    ("Привет, мир: как дела?", "cp1251"),
    ("Zażółć gęślą jaźń, powiedział król", "latin-1"),
    ("voilà tout", "latin-1"),
]


@pytest.mark.parametrize(("text", "encoding"), GARBLED)
def test_letters_that_a_wrong_encoding_garbled_are_repaired(text: str, encoding: str) -> None:
    """UTF-8 that was read as something else; the lines around it stay as they are."""
    garbled = text.encode().decode(encoding, "replace" if encoding == "latin-1" else "strict")
    mender = Mender()

    assert f"“curly” ﬁ &amp;\n{text}\nＦＵＬＬ it’s" == mender.mend(f"“curly” ﬁ &amp;\n{garbled}\nＦＵＬＬ it’s")
    assert mender.lines == 1
    assert "(1)" in mender.notes()[0]
    assert "→" in mender.notes()[0]


def test_repairing_is_left_alone_by_who_does_not_want_it() -> None:
    assert Mender(repair=False).mend("cafÃ©") == "cafÃ©"


def test_a_private_text_is_not_quoted_in_the_report() -> None:
    document = mended(Document("a chat", records=({"speaker": "Ana", "text": "cafÃ©"},), sensitive=True), Mender())

    assert document.records[0]["text"] == "café"
    assert "caf" not in "".join(document.notes)


def test_text_in_many_languages_is_left_as_it_is() -> None:
    """Real texts in 388 languages hold sequences that look garbled; next to none of them is."""
    path = DATA / "udhr2_unicode" / "udhr2.zip"
    if not path.exists():
        pytest.skip("udhr2.zip is not beside this checkout (../shared/data)")
    changed = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".txt"):
                mender = Mender(normal="none")
                mender.mend(archive.read(name).decode())
                if mender.lines:
                    changed.append(Path(name).name)

    assert set(changed) <= {"kea.txt", "kng_AO.txt", "sco.txt"}, changed  # which hold a control in place of ’


def test_what_nobody_sees_is_dropped_and_what_joins_is_kept() -> None:
    mender = Mender()

    assert "ab\u200dc\u200cd\u200e\u200fe" == mender.mend("a\u00adb\u200dc\u200cd\u200b\u200e\u200f\ufeffe\ud800")
    assert "1 soft hyphens, 1 zero-width spaces" in mender.notes()[0]
    assert "1 halves of characters" in mender.notes()[0]


def test_a_text_that_is_as_it_should_be_is_not_copied() -> None:
    text = "Україна її є — “été” 東京 e\u0329 ok\n" * 1000

    assert Mender().mend(text) is text


@given(st.text(alphabet="ae\u0301\u0327\u1100\u1161\u11a8\u0915\u093c\u0958é \n\u3042\u3099中", max_size=200))
def test_normal_form_does_not_depend_on_where_a_text_is_parted(text: str) -> None:
    """Long texts are handled in parts; no accent is cut off its letter."""
    usual = mending._PART
    mending._PART = 3
    try:
        assert unicodedata.normalize("NFC", text) == Mender(repair=False).mend(text)
    finally:
        mending._PART = usual


@given(st.text(max_size=300))
def test_mending_twice_changes_nothing_more(text: str) -> None:
    once = Mender().mend(text)

    assert unicodedata.is_normalized("NFC", once)
    assert Mender(repair=False).mend(once) is once
    assert once.encode().decode() == once
