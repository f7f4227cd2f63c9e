"""A session to read: the whole piece, in the colours of those who made it, on one page where nothing runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from counted_steps import counted, some_events
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_models import ASKED, MEDIA, PROMPTS, instrument_of

from undersong.media.text.codec import Characters
from undersong.media.text.piece import TextPiece
from undersong.playing.sessions.session import Session
from undersong.playing.sessions.session_pages import DARK, INK, LIGHT

every_medium = pytest.mark.parametrize("medium", MEDIA)


class Page(HTMLParser):
    """Who made which part of the piece, the legend, and all tags of a page; each tag that opens is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.parts: list[tuple[str, str]] = []
        self.legend: list[str] = []
        self.whole = ""
        self.author = ""
        self.feed(page)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)
        self.author = dict(attrs).get("title") or ""

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["pre"]:
            self.whole += data
        elif self.open[-2:] == ["div", "span"]:
            self.parts.append((self.author, data))
        elif self.open[-2:] == ["li", "span"]:
            self.legend.append(data)


def in_colour(session: Session) -> list[tuple[str, str]]:
    return Page(session.to_html()).parts


def test_every_part_of_the_piece_is_its_authors() -> None:
    """Side by side they are the whole of it; turns of one author in a row are one part."""
    session = instrument_of("text").session("the fox", seed=1).append(" sings").append(" at\nnoon", author="instrument")
    session = session.append("…\n\n", author="Ada")

    assert [("person", "the fox sings"), ("instrument", " at\nnoon"), ("Ada", "…\n\n")] == in_colour(session)
    assert ["person", "instrument", "Ada"] == Page(session.to_html()).legend
    assert ["54 %", "33 %", "12 %"] == re.findall(r"</span> (\d+ %)</li>", session.to_html())  # of 24 characters


@given(
    turns=st.lists(st.tuples(st.sampled_from(["person", "instrument", "Ada", "<b>"]), st.text(max_size=12)), max_size=8)
)
@settings(max_examples=50)
def test_whatever_was_written_stands_on_the_page(turns: list[tuple[str, str]]) -> None:
    """A law: all of it, as what it is and not as mark-up, and never anything that runs."""
    session = instrument_of("text").session("", seed=1)
    for author, words in turns:
        session = session.append(TextPiece(words), author=author)
    page = Page(session.to_html())
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef]|[^\x00-\uffff]", "", str(session.piece))
    found = re.sub("\ufffd|[^\x00-\uffff]", "", "".join(part for _, part in page.parts))

    assert (
        kept.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffd", "").replace("\ufffe", "").replace("\uffff", "")
        == found
    )
    assert page.tags <= {
        "html", "head", "meta", "title", "style", "body", "main", "header", "h1", "p", "ul", "li", "span", "div", "pre",
        "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("href", "src", "style")]


def test_a_letter_that_two_began_is_shown_once() -> None:
    """A turn may end within the bytes of a rare letter; the letter belongs to who completed it."""
    plays = instrument_of("text")
    events = plays.codec.encode(TextPiece("日"))
    session = plays.session("a", seed=1).append_events(events[:1], "Ada").append_events(events[1:], "Bob")

    assert 3 == len(events)
    assert [("person", "a"), ("Bob", "日")] == in_colour(session)
    assert [("person", "a")] == in_colour(session.undo())  # half a letter shows nothing yet


@every_medium
def test_what_is_no_sum_of_its_parts_is_shown_whole_with_a_table(medium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk, or whatever makes sense only whole."""
    monkeypatch.setattr(Characters, "in_one_go", True)
    session = instrument_of(medium).session(PROMPTS[medium], seed=1, condition=ASKED[medium])
    session = session.accept(session.candidates(1, length=5, temperature=0.5)[0])
    page, plain = session.to_html(), session.to_markdown()

    assert [] == in_colour(session)
    assert str(session.piece) == Page(page).whole
    assert "<details open>" in page
    for each in (page, plain):
        assert "seed 1, row 1 of 1, temperature 0.5, length 5" in each
        assert f"{session.instrument.codec.measure(session.piece)} {session.instrument.medium.measure}s" in each
    assert f"```\n{session.piece}\n```" in plain


def test_a_fence_is_longer_than_any_in_the_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing breaks out of it."""
    monkeypatch.setattr(Characters, "in_one_go", True)

    assert "\n`````\nsay ```` now\n`````\n" in instrument_of("text").session("say ```` now", seed=1).to_markdown()


@every_medium
def test_a_session_of_nothing_is_a_page_too(medium: str) -> None:
    """With nothing on it."""
    session = instrument_of(medium).session("", seed=1)

    assert [] == in_colour(session)
    assert Page(session.to_html()).whole == ""
    assert session.to_markdown().startswith("# A session with tiny")


# ── colours ──────────────────────────────────────────────────────────────────────────────────────────────────────


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("colours", "ink"), [(LIGHT, INK[0]), (DARK, INK[1]), (LIGHT, "#000000")])
def test_words_are_read_easily_on_every_colour(colours: tuple[str, ...], ink: str) -> None:
    """By day, by night and on paper: 7 to 1, as the strictest level of WCAG asks."""
    assert all(contrast(colour, ink) >= 7 for colour in colours)
    assert len(set(colours)) == len(colours) == 8


def test_quiet_words_are_read_too() -> None:
    """Those of the page around it, on its paper."""
    page = instrument_of("text").session("a", seed=1).to_html()
    papers, quiet = re.findall(r"--paper: (#\w{6})", page), re.findall(r"--quiet: (#\w{6})", page)

    assert 2 == len(papers) == len(quiet)
    assert all(contrast(*pair) >= 4.5 for pair in zip(papers, quiet, strict=True))


def test_an_author_has_the_same_colour_in_every_session() -> None:
    """And no two authors of a session have one, as long as there are enough."""
    plays = instrument_of("text")

    def colours(*authors: str) -> dict[str, str]:
        session = plays.session("", seed=1)
        for author in authors:
            session = session.append("a", author=author)
        return dict(re.findall(r'<li><span class="by (by\d)">(.*?)</span>', session.to_html()))

    found = {name: place for place, name in colours("instrument", "person", "Ada").items()}
    assert (("by0", "by1")) == (found["person"], found["instrument"])
    assert found["Ada"] == {name: place for place, name in colours("Ada", "Bob").items()}["Ada"]
    assert 8 == len(colours("person", "instrument", *(f"author {number}" for number in range(6))))
    assert colours(*(f"author {number}" for number in range(30)))


def test_who_made_what_is_seen_without_colour() -> None:
    """Each has a line of its own kind below the words."""
    session = instrument_of("text").session("the fox", seed=1).append(" sings", author="instrument")
    lines = re.findall(r"\.by\d \{ background: var\(--by\d\); border-bottom: (.*?); \}", session.to_html())

    assert ["0 none", "2px solid"] == lines


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_typed_key_by_key_is_one_row() -> None:
    """Ten thousand keys are not ten thousand rows."""
    plays, _ = counted("text")
    session = plays.session("", seed=1)
    for event in some_events("text", 50):
        session = session.append_events(event[None], "person")
    session = session.accept(session.candidates(1, length=3)[0])

    assert 2 == session.to_html().count('<td class="number">')
    assert "| 1 – 50 | person | by hand |" in session.to_markdown()


# ── Markdown ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_markdown_sets_each_author_in_a_way_of_its_own() -> None:
    """Line by line, for no mark reaches over a blank line; lines stay lines."""
    session = instrument_of("text").session("the fox\n", seed=1).append("sings *so*\n\nat noon", author="instrument")
    told = session.to_markdown()

    assert "the fox  \n<b>sings \\*so\\*</b>\n\n<b>at noon</b>\n" in told
    assert "- plain: person, " in told
    assert "- <b>bold</b>: instrument, " in told


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("# no heading", "\\# no heading"),
        ("- no list", "\\- no list"),
        ("12. no list", "12\\. no list"),
        ("    no code", "&nbsp;&nbsp;&nbsp;&nbsp;no code"),
        ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
        ("a | b `c` [d](e) _f_ ~~g~~ &lt;", "a \\| b \\`c\\` \\[d\\](e) \\_f\\_ \\~\\~g\\~\\~ \\&lt;"),
    ],
)
def test_nothing_written_is_taken_for_a_mark(words: str, shown: str) -> None:
    """Whatever it looks like."""
    assert f"\n\n{shown}\n\n---" in instrument_of("text").session(words, seed=1).to_markdown()
