"""Pages: valid, whole in themselves, and what stands on them is never taken for anything but words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from undersong_toy.walk import Walk

from undersong.errors import InputError, PromptError
from undersong.media.text.layouts import LAYOUTS, bound
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.reading.fountain import elements
from undersong.media.text.record import RecordPiece

VOID = {"meta", "hr", "br"}
ALL = [(layout, suffix) for layout, forms in LAYOUTS.items() for suffix in forms]
every_form = pytest.mark.parametrize(("layout", "suffix"), ALL, ids=[f"{each}{suffix}" for each, suffix in ALL])
every_page = pytest.mark.parametrize("layout", LAYOUTS)


class Page(HTMLParser):
    """What a browser would make of it: tags that open and close in order, words, attributes."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.ids: list[str | None] = []
        self.feed(page.decode())
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        assert len(attrs) == len(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def of(self, tag: str, kind: str | None = None) -> list[dict[str, str | None]]:
        return [
            attributes
            for name, attributes in self.tags
            if name == tag and (kind is None or kind in (attributes.get("class") or "").split())
        ]


ENTRIES = [
    RecordPiece({"word": "sometifent", "part": "adjective", "definition": "of a sound that goes on"}),
    RecordPiece({"word": "coble", "part": "noun", "definition": "a small boat"}),
    RecordPiece({"word": "Éel", "part": "noun", "definition": "a fish"}),
    RecordPiece({"word": "coble", "part": "verb", "definition": "to go by coble"}),
    RecordPiece({"word": "coble", "part": "noun", "definition": "its crew"}),
]
CHAT = "Ana: did you hear it?\nBen: no\nBen: the sea?\nAna: yes\nand the lamp\n* Ben has left"
HOSTILE = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'too' \x00\x1b[31m"


def html(pieces: list[RecordPiece] | list[TextPiece], layout: str) -> Page:
    return Page(bound(pieces, ".html", layout))


def shown(page: Page, *words: str) -> list[int]:
    """Where each of the words stands on the page; all of them are there."""
    return [page.text.index(word) for word in words]


# ── what every page has ────────────────────────────────────────────────────────────────────────────────────────────


@every_page
@pytest.mark.parametrize("pieces", [[], ENTRIES, [TextPiece(CHAT)], [TextPiece(""), TextPiece("x\n\n y")]])
def test_a_page_is_whole_in_itself(layout: str, pieces: list[TextPiece]) -> None:
    """Nothing runs and nothing is loaded; made for a phone, for paper, and for the dark."""
    page = bound(pieces, ".html", layout)
    read = Page(page)
    text = page.decode()

    assert text.startswith("<!doctype html>\n<html>")
    assert read.of("meta")[0] == {"charset": "utf-8"}
    assert any(meta.get("name") == "viewport" for meta in read.of("meta"))
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in read.tags}
    assert not re.search(r"url\(|@import|https?:", text)
    assert all((a.get("href") or "#").startswith("#") and not a.get("src") for _, a in read.tags)
    assert not any(name.startswith("on") or name == "style" for _, a in read.tags for name in a)
    assert 1 == len(read.of("title"))


@every_page
def test_what_looks_like_markup_stays_words(layout: str) -> None:
    """In texts, in fields, in names of fields; what no page may hold is shown as what it is not."""
    field = "<b onclick=x>"
    for pieces in (
        [TextPiece(HOSTILE), TextPiece(f"{HOSTILE}: {HOSTILE}")],
        [RecordPiece({"word": HOSTILE, "definition": HOSTILE, field: HOSTILE})],
        [RecordPiece({"speaker": HOSTILE, "text": HOSTILE, "time": HOSTILE}), ENTRIES[0]],
    ):
        page = bound(pieces, ".html", layout)
        read = Page(page)
        assert "alert(1)" in read.text
        assert not {"script", "img", "b"} & {tag for tag, _ in read.tags}
        assert not re.search(rb"[\x00-\x08\x0b-\x1f]", page)


@every_form
@given(texts=st.lists(st.text(max_size=60), max_size=6), records=st.booleans())
def test_any_text_has_its_page(layout: str, suffix: str, texts: list[str], records: bool) -> None:
    """In every layout and form, in any script, with whatever in it."""
    whole = [text.encode("utf-8", "ignore").decode() for text in texts]
    pieces = [RecordPiece({"speaker": text[:9], "text": text}) if records else TextPiece(text) for text in whole]
    page = bound(pieces, suffix, layout)
    page.decode()

    if suffix == ".html":
        Page(page)


@pytest.mark.parametrize("letter", ["\n", " ", "\t", "-", "*", "1", ":", "<", "\n\t", "a: ", "\u202e", "\r"])
def test_endless_lines_have_their_page(letter: str) -> None:
    """As fast as others: nothing is looked at again and again."""
    endless = "x" + 30_000 * letter + "x"
    for layout, forms in LAYOUTS.items():
        for suffix in forms:
            bound([TextPiece(endless), RecordPiece({"word": endless, "speaker": endless})], suffix, layout)


@every_page
def test_what_is_said_goes_in_its_own_direction(layout: str) -> None:
    """Of every element with words in it one at or above says so."""
    pieces = [TextPiece("سارا: سلام"), TextPiece("Ana: hello")]
    read = html(pieces, layout)

    assert any(attributes.get("dir") == "auto" for _, attributes in read.tags)


@pytest.mark.parametrize(
    ("suffix", "layout", "words"),
    [
        (".html", "dictoinary", "no layout 'dictoinary'.\n  Did you mean 'dictionary'?"),
        (".html", "newspaper of record", "There is: chat, dictionary, front page, list, poems, screenplay."),
        (".pdf", "", "A page of texts cannot be written as '.pdf'.\n  Use a name ending in .fountain, .html, .json"),
        (".pdf", "poems", "The layout 'poems' cannot be written as '.pdf'"),
        (".fountain", "chat", "The layout 'chat' cannot be written as '.fountain'"),
    ],
)
def test_a_page_that_there_is_not_is_refused(suffix: str, layout: str, words: str) -> None:
    """With those there are."""
    with pytest.raises(InputError, match=re.escape(words)):
        Text().bound([TextPiece("x")], suffix, layout)


def test_works_of_another_medium_are_refused() -> None:
    """They are no text."""
    with pytest.raises(PromptError, match=r"walk\.v1"):
        bound([Walk().prompt("[[0, 1]]")], ".html")


def test_a_layout_is_found_however_it_is_written() -> None:
    """Front page, front-page, FRONT_PAGE."""
    pages = {bound([TextPiece("x")], ".HTML", name) for name in ("front page", "front-page", "FRONT_PAGE")}

    assert 1 == len(pages)


@every_page
def test_json_holds_the_pieces_as_they_came(layout: str) -> None:
    """Whatever the layout: all of them, in their order."""
    assert [piece.to_json() for piece in ENTRIES] == json.loads(bound(ENTRIES, ".json", layout))


# ── a dictionary ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dictionary_is_in_order_with_all_senses_under_their_word() -> None:
    """Without regard to case and accents; parts of speech are said where they change."""
    read = html(ENTRIES, "dictionary")
    at = shown(read, "coble noun 1 a small boat 2 its crew verb 3 to go by coble", "Éel noun a fish", "sometifent adj")

    assert sorted(at) == at
    assert 3 == len(read.of("div", "entry"))
    assert "coble – sometifent" in read.text


@pytest.mark.parametrize(
    "fields",
    [
        {"word": "coble", "part": "noun", "definition": "a boat"},
        {"definition": "a boat", "word": "coble", "part": "noun"},
        {"word": "coble", "meanings.speech_part": "noun", "meanings.def": "a boat"},
        {"Term": "coble", "POS": "noun", "Gloss": "a boat"},
        {"a": "coble", "b": "noun", "c": "a boat"},
    ],
)
def test_parts_of_an_entry_are_found_by_name_or_by_their_place(fields: dict[str, str]) -> None:
    """As files name them; of strange names the first is the word."""
    assert "coble  (noun)  a boat\n" == bound([RecordPiece(fields)], ".txt", "dictionary").decode()


def test_two_fields_are_a_word_and_its_meaning() -> None:
    """What else there is stands under its own name; a text is parted where it looks like an entry."""
    two = RecordPiece({"a": "coble", "b": "a boat"})
    more = RecordPiece({"word": "coble", "definition": "a boat", "origin": "Welsh"})

    assert "coble  a boat\n" == bound([two], ".txt", "dictionary").decode()
    assert "coble  a boat  [origin: Welsh]\n" == bound([more], ".txt", "dictionary").decode()
    assert "coble  (noun)  a boat\n" == bound([TextPiece("coble  noun  a boat")], ".txt", "dictionary").decode()


def test_records_have_the_page_their_fields_ask_for() -> None:
    """Where nobody names a layout; also when one was cut off."""
    cut_off = RecordPiece({"word": "half"})
    said = [RecordPiece({"speaker": "Ana", "text": "hello"})]

    assert bound([*ENTRIES, cut_off], ".html", "dictionary") == bound([*ENTRIES, cut_off], ".html")
    assert bound(said, ".html", "chat") == bound(said, ".html")
    assert "4  3\n" == bound([RecordPiece({"height": "4", "pages": "3"})], ".txt").decode()


# ── a front page ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_headline_leads() -> None:
    """A few stand beside it, the rest in columns; and it says that it is no newspaper."""
    read = html([TextPiece(f"Headline {n}") for n in range(9)], "front page")

    assert 1 == len(read.of("article", "lead"))
    assert 9 == len(read.of("article", "story"))
    assert ["large", "rest"] == [a["class"] for a in read.of("div")]
    assert "Nothing on this page happened" in read.text
    assert sorted(shown(read, *(f"Headline {n}" for n in range(9)))) == shown(
        read, *(f"Headline {n}" for n in range(9))
    )


def test_a_story_has_more_than_its_headline() -> None:
    """A section, and words under it."""
    story = RecordPiece({"category": "sea", "title": "Lamp out", "summary": "It was dark."})

    assert "SEA\nLamp out\nIt was dark.\n" in bound([story], ".txt", "front page").decode()


# ── a conversation ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_is_in_bubbles() -> None:
    """Turn by turn; of two the second answers from the right; who comes and goes says nothing."""
    read = html([TextPiece(CHAT)], "chat")

    assert 4 == len(read.of("p", "bubble"))
    assert 3 == len(read.of("div", "turn"))
    assert 1 == len(read.of("div", "own"))
    assert 1 == len(read.of("p", "aside"))
    assert "Ana did you hear it? Ben no the sea? Ana yes and the lamp * Ben has left" in read.text


def test_a_log_and_records_are_conversations_as_well() -> None:
    """`<ana> hi`, `[12:01] ana: hi`, and what a table holds."""
    log = TextPiece("[12:01] <ana> hi\n[12:02] <@ben> hello: you")
    records = [RecordPiece({"Author": "ana", "Message": "hi"}), RecordPiece({"Author": "ben", "Message": "hello: you"})]

    assert "ana: hi\nben: hello: you\n" == bound([log], ".txt", "chat").decode()
    assert "ana: hi\nben: hello: you\n" == bound(records, ".txt", "chat").decode()


# ── a screenplay ───────────────────────────────────────────────────────────────────────────────────────────────────


SCRIPT = "EXT. SEA - NIGHT\n\nThe lamp goes round.\n\nKEEPER\n(quietly)\nYou could say something."


def test_a_screenplay_parses_as_what_was_played() -> None:
    """Each piece after a page break."""
    made = bound([TextPiece(SCRIPT), TextPiece("CUT TO:")], ".fountain", "screenplay").decode()

    assert [*elements(SCRIPT), ("page break", ""), *elements("CUT TO:")] == elements(made)


def test_what_people_say_is_a_screenplay() -> None:
    """Names in capitals, or marked where a script has none; empty lines do not end a speech."""
    said = [RecordPiece({"speaker": "Ana", "text": "one\n\ntwo"}), RecordPiece({"speaker": "سارا", "text": "سلام"})]

    assert [("character", "ANA"), ("dialogue", "one\n\ntwo"), ("character", "سارا"), ("dialogue", "سلام")] == elements(
        bound(said, ".fountain", "screenplay").decode()
    )


def test_a_screenplay_is_typed() -> None:
    """Each element where it stands on such a page."""
    read = html([TextPiece(SCRIPT)], "screenplay")

    assert ["scene", "action", "character", "parenthetical", "dialogue"] == [p["class"] for p in read.of("p")]


# ── poems ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_poem_keeps_its_lines_and_stanzas() -> None:
    """And how far a line is set in."""
    read = html([TextPiece("one\n  two\n\nthree")], "poems")

    assert 2 == len(read.of("p", "stanza"))
    assert 3 == len(read.of("span", "verse-line"))
    assert "  two" in read.words
    assert not read.of("nav")


def test_a_book_has_an_index_of_first_lines() -> None:
    """Each leads to its poem."""
    poems = [TextPiece("first\nsecond"), RecordPiece({"title": "Lamp", "poet": "Ana", "text": "third"})]
    read = html(poems, "poems")
    ids = {attributes["id"] for attributes in read.of("article")}

    assert ["#poem-1", "#poem-2"] == [a["href"] for a in read.of("a")]
    assert {"poem-1", "poem-2"} == ids
    assert ["first", "1", "Lamp", "2"] == [word for word in read.words if word.strip()][-4:]


def test_markdown_shows_what_is_written() -> None:
    """Stars and brackets stay what they are; spaces in front of a line are kept."""
    poem = bound([TextPiece("*one*\n  [two](x)")], ".md", "poems").decode()

    assert "## 1\n\n\\*one\\*  \n\u00a0\u00a0\\[two\\](x)\n" == poem


# ── plain pages and single pieces ──────────────────────────────────────────────────────────────────────────────────


def test_what_is_one_line_each_is_a_list() -> None:
    """Else each stands by itself."""
    assert 2 == len(html([TextPiece("Ada"), TextPiece("Grace")], "").of("li"))
    assert 2 == len(html([TextPiece("Ada\nLovelace"), TextPiece("Grace")], "").of("article"))


def test_a_single_text_is_a_page() -> None:
    """Its paragraphs as they are."""
    read = Page(TextPiece("One\nline.\n\nAnother <one>.").to_bytes(".html"))

    assert 2 == len(read.of("p"))
    assert "Another <one>." in read.text
    assert '"é"\n' == TextPiece("é").to_bytes(".json").decode()
    assert b"INT. SEA\n" == TextPiece("INT. SEA").to_bytes(".fountain")
    assert b"ANA\nhello\n" == RecordPiece({"speaker": "Ana", "text": "hello"}).to_bytes(".fountain")
