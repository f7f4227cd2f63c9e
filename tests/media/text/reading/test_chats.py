"""Chats as IRC, Telegram and Discord write them, and what no chat may do to a reader."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InputError
from undersong.media.text.reading import chats
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.messages import message, messages
from undersong.media.text.reading.tables import parse_csv, parse_json

DATA = Path(__file__).parents[5] / "shared" / "data"
ANTHOLOGY = Path(chats.__file__).parents[1] / "anthology"
LRM = "\u200e"


def irc(text: str) -> Document:
    document = chats.parse_irc(text, "log.txt")
    assert document is not None
    return document


def lines(document: Document) -> list[tuple[str, str]]:
    return [(record["speaker"], record["text"]) for record in document.records]


def said(document: Document) -> str:
    return " ".join(document.notes)


# ── IRC ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "log",
    [
        "[09:14] <ana> hello\n=== ben [~b@host]  has joined #sea\n[09:15] <@ben> hi: all\n=== ana waves\n",
        "09:14 < ana> hello\n09:14 -!- ben [b@host] has joined #sea\n09:15 <@ben> hi: all\n09:15  * ana waves\n",
        "<ana> hello\n*** Joins: ben (b@host)\n<+ben> hi: all\n* ana waves\n",
        "[2024-01-02 09:14:00] <ana> hello\n[2024-01-02 09:14:01] *** Joins: ben (b@h)\n"
        "[2024-01-02 09:15:00] <ben> hi: all\n[2024-01-02 09:15:00] * ana waves\n",
        "2024-01-02 09:14:00\tana\thello\n2024-01-02 09:14:01\t-->\tben has joined #sea\n"
        "2024-01-02 09:15:00\t@ben\thi: all\n2024-01-02 09:15:01\t *\tana waves\n",
        "Jan 02 09:14:00 <ana>\thello\nJan 02 09:14:01 *\tben (b@h) has joined\nJan 02 09:15:00 <ben>\thi: all\n"
        "Jan 02 09:15:01 *\tana waves\n",
    ],
    ids=["ubuntu", "irssi", "bare", "znc", "weechat", "hexchat"],
)
def test_a_log_of_irc_keeps_what_was_said_and_done(log: str) -> None:
    document = irc(log)

    assert [("ana", "hello"), ("ben", "hi: all"), ("ana", "/me waves")] == lines(document)
    assert "other notices (1)" in said(document)
    assert chats.looks_like_irc(log * 2)


LOG = "[09:14] <ana> hello\n=== ben [~b@host]  has joined #sea\n[09:15] <@ben> hi: all\n=== ana waves\n" * 3


def test_a_name_with_a_space_in_it_is_a_name_after_a_time() -> None:
    document = irc("[09:14] <bur[n] er> anyone?\n[09:14] <ana> no\n=== bur[n] er wonders\n")

    assert [("bur[n] er", "anyone?"), ("ana", "no"), ("bur[n] er", "/me wonders")] == lines(document)


def test_every_line_that_was_said_in_real_logs_is_found() -> None:
    """Twelve logs of a help channel: each line in brackets is a message, none is lost and none is invented."""
    folder = DATA / "irc_chat"
    if not folder.exists():
        pytest.skip("logs of IRC are not beside this checkout (../shared/data/irc_chat)")
    for path in sorted(folder.iterdir()):
        text = path.read_text("utf-8")
        found = [text for _, text in lines(irc(text)) if not text.startswith("/me ")]
        spoken = [line.partition("> ")[2].strip() for line in text.split("\n") if line.startswith("[")]
        assert [line for line in spoken if line] == found
        assert chats.looks_like_irc(text[: 1 << 16])
        assert not chats.looks_like_whatsapp(text[: 1 << 16])


# ── Telegram ───────────────────────────────────────────────────────────────────────────────────────────────────────


def telegram(*texts: Any, **others: Any) -> dict[str, Any]:
    return {
        "name": "Harbour",
        "type": "personal_chat",
        "id": 1,
        "messages": [
            {"id": n, "type": "message", "date": f"2024-01-02T09:1{n}:00", "from": "Ana", "from_id": "u1", "text": text}
            for n, text in enumerate(texts)
        ],
        **others,
    }


def test_a_telegram_chat_is_read_with_its_links_and_without_its_notices() -> None:
    value = telegram(
        "Hello", ["See ", {"type": "link", "text": "https://a.org"}, " and\n", {"type": "bold", "text": "!"}], ""
    )
    value["messages"] += [
        {"id": 7, "type": "service", "date": "x", "actor": "Ana", "action": "pin_message", "text": ""},
        {"id": 8, "type": "message", "date": "x", "from": "Ben", "text": "not mine", "forwarded_from": "Chloé"},
        {"id": 9, "type": "message", "date": "x", "from": None, "text": "gone"},
    ]
    document = parse_json(json.dumps(value), "result.json")

    assert document is not None
    assert [("Ana", "Hello"), ("Ana", "See https://a.org and\n  !"), ("Deleted Account", "gone")] == lines(document)
    assert ("a Telegram chat", True) == (document.form, document.sensitive)
    for why in ("media (1)", "notices (1)", "forwarded messages (1)"):
        assert why in said(document)


def test_all_chats_of_a_telegram_account_are_read_and_each_message_says_which() -> None:
    value = {
        "about": "…",
        "personal_information": {"phone_number": "+1"},
        "chats": {"about": "…", "list": [telegram("One"), telegram("Two", name="Boats")]},
        "left_chats": {"list": [telegram("Three", name="Old")]},
    }
    document = parse_json(json.dumps(value), "result.json")

    assert document is not None
    assert ["Harbour", "Boats", "Old"] == [record["chat"] for record in document.records]
    assert ["One", "Two", "Three"] == [text for _, text in lines(document)]


# ── Discord ────────────────────────────────────────────────────────────────────────────────────────────────────────


def discord(content: str, name: str = "ana", **others: Any) -> dict[str, Any]:
    author = {"id": "1", "name": name, "discriminator": "0", "nickname": name.title(), "isBot": False}
    return {
        "id": "9",
        "type": "Default",
        "timestamp": "2024-01-02T09:14:00",
        "content": content,
        "author": author,
    } | others


def test_a_discord_chat_is_read_without_notices_media_and_programs() -> None:
    machine = {"id": "2", "name": "bot", "isBot": True}
    value = {
        "guild": {"name": "Harbour"},
        "channel": {"name": "general"},
        "messages": [
            discord("Hello\nyou"),
            discord("Hi", "ben", type="Reply"),
            discord("", attachments=[{}]),
            discord("Joined the server.", type="GuildMemberJoin"),
            discord("beep", author=machine),
        ],
    }
    document = parse_json(json.dumps(value), "general.json")

    assert document is not None
    assert [("Ana", "Hello\n  you"), ("Ben", "Hi")] == lines(document)
    assert "Left out media (1), notices (1), what programs wrote (1)." in said(document)


def test_a_plain_list_of_messages_is_a_discord_chat() -> None:
    value = [
        {"author": "ana", "content": "Hello", "timestamp": 1},
        {"author": {"username": "ben"}, "content": "Hi", "timestamp": 2},
    ]

    assert chats.looks_like_discord(value)
    assert [("ana", "Hello"), ("ben", "Hi")] == lines(chats.parse_discord(value, "a.json") or Document(""))


def test_a_discord_table_is_a_chat() -> None:
    out = io.StringIO()
    csv.writer(out).writerows(
        [
            ("AuthorID", "Author", "Date", "Content", "Attachments", "Reactions"),
            ("1", "ana", "2024-01-02T09:14:00", "Hello, you\nthere", "", ""),
            ("2", "ben", "2024-01-02T09:15:00", "", "https://a.org/x.png", ""),
        ]
    )
    document = parse_csv(out.getvalue(), "general.csv")

    assert document is not None
    assert [("ana", "Hello, you\n  there")] == lines(document)
    assert ("a Discord chat", True) == (document.form, document.sensitive)


@pytest.mark.parametrize(
    "value",
    [None, 1, "x", [], {}, {"messages": None}, {"messages": [1, [], None]}, {"chats": {"list": [{"messages": [{}]}]}},
     {"chats": []}, [{"author": None, "content": "x", "timestamp": 1}],
     [{"author": "a", "content": None, "timestamp": 1}],
     {"messages": [{"type": "message", "text": [[], {}, None, {"text": 5}], "date": {}, "from": []}]},
     {"title": "x", "messages": ["a", "b"]}, [{"author": "李白", "paragraphs": ["x"]}]],
    ids=str,
)  # fmt: skip
def test_what_is_no_chat_is_not_taken_for_one_and_never_a_crash(value: Any) -> None:
    for looks, parse in (
        (chats.looks_like_telegram, chats.parse_telegram),
        (chats.looks_like_discord, chats.parse_discord),
    ):
        assert not looks(value) or "text" in str(value)
        document = parse(value, "a.json")
        assert document is None or document.records


# ── what all have in common ────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("\n\n  :ab\t\r\0"), max_size=40)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_a_chat_that_is_written_down_is_read_back(given_messages: list[tuple[str, str]]) -> None:
    """`messages` undoes the template, whatever names and texts hold."""
    records = [record for speaker, text in given_messages if (record := message(speaker, text)) is not None]
    written = "".join(f"{record['speaker']}: {record['text']}\n" for record in records)

    assert records == messages(written)


def test_lines_that_belong_to_no_message_are_passed_over() -> None:
    assert [{"speaker": "Ana", "text": "a\n\n  b"}, {"speaker": "Ben", "text": "c: d"}] == messages(
        "  nobody\nnothing\nAna: a\n\n\n  b\n\nBen: c: d\nAna: \n: x\n"
    )


@pytest.mark.parametrize("parse", [chats.parse_whatsapp, chats.parse_irc], ids=["whatsapp", "irc"])
@pytest.mark.parametrize(
    "text", ["", "\n", "once upon a time: a sea\n" * 50, "[" * 5000, "<" * 5000, "1/2/21, 10:00 - "]
)
def test_a_text_that_is_no_chat_is_none(parse: Any, text: str) -> None:
    assert parse(text, "a.txt") is None


@given(
    st.lists(
        st.sampled_from(["[31/12/20, 23:59:01] ", "1/2/21, 10:00 - ", "Ana", ": ", "<", ">", "\n", LRM, "\u2068",
                         "\u2069", "image omitted", "Media omitted", "* ", "=== ", "[09:14] ", "x" * 90, "\0", "\ud800",
                         " ", "POLL:"]),
        max_size=30,
    ).map("".join)
)  # fmt: skip
def test_no_text_is_too_odd_for_a_chat(text: str) -> None:
    for parse in (chats.parse_whatsapp, chats.parse_irc):
        document = parse(text, "a.txt")
        for record in document.records if document else ():
            assert record["speaker"] == record["speaker"].strip() != ""
            assert record["text"].strip()
            assert not any(sign in record["text"] for sign in "\0\ud800\r")
    chats.looks_like_whatsapp(text)
    chats.looks_like_irc(text)


@pytest.mark.parametrize(
    "text",
    ["[31/12/20, " * 60_000, "1/2/21, 10:00 - a" * 50_000, "1/2/21, 10:00 - Ana: x\n" + "y\n" * 300_000,
     "[09:14] <" + " " * 500_000, "<a> x\n" * 100_000, "1" * 600_000, ("1" + " " * 50) * 10_000,
     "1/2/21, 10:00 - Ana: " + "<" * 500_000, "1/2/21, 10:00 - Ana: " + f"{LRM}<" * 200_000, "* a" * 200_000],
    ids=["stamps", "one line", "one long message", "spaces", "short", "digits", "gaps", "brackets", "marks", "stars"],
)  # fmt: skip
def test_hostile_chats_end(text: str) -> None:
    for parse in (chats.parse_whatsapp, chats.parse_irc):
        document = parse(text, "a.txt")
        assert document is None or document.records
    assert not (chats.looks_like_whatsapp(text[: 1 << 16]) and chats.looks_like_irc(text[: 1 << 16]))


def test_chats_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(6)
    value = telegram("Hello", ["a", {"text": "b"}])
    value["messages"].append(discord("Hi"))
    text = json.dumps(value)
    for _ in range(600):
        letters = list(dice.choice([text, LOG]))
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(letters))
            letters[at] = dice.choice('[]{}":,<>-\n\0 1aA' + LRM)
        spoiled = "".join(letters)
        for parse in (chats.parse_whatsapp, chats.parse_irc):
            document = parse(spoiled, "a")
            assert document is None or all(record["text"] for record in document.records)
        try:
            parse_json(spoiled, "a")
        except InputError:
            continue


def texts_that_are_no_chats() -> list[Path]:
    found = sorted(ANTHOLOGY.glob("*.txt"))
    for place in ("tinyshakespeare", "poetry_english", "pride_and_prejudice", "persian_poetry", "sonnets", "names"):
        found += sorted(path for path in (DATA / place).glob("*") if path.suffix in (".txt", ".json"))
    return found


@pytest.mark.parametrize("path", texts_that_are_no_chats(), ids=lambda path: path.name)
def test_books_poems_and_plays_are_not_taken_for_chats(path: Path) -> None:
    text = path.read_text("utf-8", "replace")
    for start in (text[: 1 << 16], text[-(1 << 16) :]):
        assert not chats.looks_like_whatsapp(start)
        assert not chats.looks_like_irc(start)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-02 09:14:00 - INFO: started\n" * 20,
        "<p> One\n<p> Two\n<b> Three\n<li> Four\n" * 5,
        "<unk> the sea is calm\n<unk> again\n<eos> so\n" * 5,
        "12:30 Lunch\n13:30 Boats\n14:00 - 15:00 Swimming\n" * 5,
        "1. Ana: hello\n2. Ben: hi\n3. Ana: so\n" * 5,
        "* one thing\n* another thing\n* a third\n" * 5,
        "10/12/2020 - 24/12/2020: closed\n" * 5,
    ],
    ids=[
        "a program's log",
        "HTML",
        "marks for machines",
        "a timetable",
        "a numbered list",
        "bullets",
        "a range of dates",
    ],
)
def test_lists_and_logs_are_not_taken_for_chats(text: str) -> None:
    assert not chats.looks_like_whatsapp(text)
    assert not chats.looks_like_irc(text)
