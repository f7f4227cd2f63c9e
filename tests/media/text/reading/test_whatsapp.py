"""Chats as phones export them: who said what, and what nobody said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from undersong.media.text.reading import chats, read
from undersong.media.text.reading.document import Document

LRM, NNBSP = "\u200e", "\u202f"


def whatsapp(text: str) -> Document:
    document = chats.parse_whatsapp(text, "chat.txt")
    assert document is not None
    return document


def lines(document: Document) -> list[tuple[str, str]]:
    return [(record["speaker"], record["text"]) for record in document.records]


def said(document: Document) -> str:
    return " ".join(document.notes)


ANDROID = """\
31/12/2020, 23:58 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
31/12/2020, 23:58 - Ana created group "Harbour: all"
31/12/2020, 23:59 - Ana Ruiz: Happy new year!
And another line,

    indented
01/01/2021, 00:01 - Ben: <Media omitted>
01/01/2021, 00:02 - Ben: IMG-20210101-WA0001.jpg (file attached)
The boats at midnight
01/01/2021, 00:03 - +49 151 23456789: This message was deleted
01/01/2021, 00:04 - Ben: See you at 10:30 <This message was edited>
01/01/2021, 00:05 - Ana Ruiz: null
01/01/2021, 00:06 - Ben added Chloé
01/01/2021, 00:07 - Chloé: it's 5 <3 and <b>bold</b>
"""


def test_an_android_chat_keeps_its_speakers_and_what_they_wrote() -> None:
    document = whatsapp(ANDROID)

    assert [
        ("Ana Ruiz", "Happy new year!\n  And another line,\n\n      indented"),
        ("Ben", "The boats at midnight"),
        ("Ben", "See you at 10:30"),
        ("Chloé", "it's 5 <3 and <b>bold</b>"),
    ] == lines(document)
    assert "31/12/2020, 23:59" == document.records[0]["time"]
    assert ("{speaker}: {text}", True, "a WhatsApp chat") == (document.template, document.sensitive, document.form)
    for why in ("notices (3)", "media (3)", "deleted messages (1)", "edited lost the mark that says so (1)"):
        assert why in said(document)


IPHONE = f"""\
[31.12.20, 23:58:00] Harbour: {LRM}Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.
[31.12.20, 23:59:01] Ana: Frohes Neues!
{LRM}[31.12.20, 23:59:05] Ben: {LRM}Bild weggelassen
[31.12.20, 23:59:06] ~{NNBSP}Chloé: Danke @\u2068Ana Ruiz\u2069, bis 10:30
{LRM}[31.12.20, 23:59:07] Ana: Der Kai {LRM}<Anhang: 00000012-PHOTO.jpg>
{LRM}[31.12.20, 23:59:08] Ben: plan.pdf • {LRM}2 Seiten {LRM}Dokument weggelassen
[31.12.20, 23:59:09] Ben: Gut {LRM}<Diese Nachricht wurde bearbeitet.>
[31.12.20, 23:59:10] Ana: {LRM}Du hast diese Nachricht gelöscht.
[31.12.20, 23:59:11] Ana: {LRM}Verpasster Sprachanruf
"""


def test_an_iphone_chat_is_read_by_the_marks_it_bears_in_every_language() -> None:
    document = whatsapp(IPHONE)

    assert [
        ("Ana", "Frohes Neues!"),
        ("Chloé", "Danke @Ana Ruiz, bis 10:30"),
        ("Ana", "Der Kai"),
        ("Ben", "Gut"),
    ] == lines(document)
    assert "media (3)" in said(document)
    assert "deleted messages (1)" in said(document)


@pytest.mark.parametrize(
    "stamp",
    [
        "12/31/20, 11:59 PM - ",
        f"12/31/20, 11:59{NNBSP}PM - ",
        "31/12/20, 11:59 p. m. - ",
        "31/12/20 23:59 - ",
        "31.12.20, 23:59 - ",
        "31.12.2020 klo 23.59 - ",
        "31-12-2020 23:59 - ",
        "2020-12-31, 23:59 - ",
        "2020/12/31 23:59 - ",
        "31/12/2020 às 23:59 - ",
        "31. 12. 2020, 23:59 - ",
        "2020. 12. 31. 오후 11:59 - ",
        "2020年12月31日 下午11:59 - ",
        "31 дек. 2020 г., 23:59 - ",
        "31 Dec 2020, 23:59 - ",
        "٣١\u200f/١٢\u200f/٢٠٢٠، ١١:٥٩ م - ",
        "[31/12/20, 23:59:01] ",
        "[12/31/20, 11:59:01 PM] ",
        "[31.12.2020 klo 23.59.01] ",
        "[2020-12-31, 23:59:01] ",
        f"{LRM}[31/12/20, 23:59:01] ",
        "\ufeff[31/12/20, 23:59:01] ",
        "[٣١/١٢/٢٠٢٠، ١١:٥٩:٠١ م] ",
    ],
)
def test_dates_and_clocks_of_many_places_are_known(stamp: str) -> None:
    text = f"{stamp}Ana: one: two\n{stamp}Ben: three\n"

    assert chats.looks_like_whatsapp(text)
    assert [("Ana", "one: two"), ("Ben", "three")] == lines(whatsapp(text))
    plain = "".join(" " if sign.isspace() else sign for sign in stamp if sign not in "\u200e\u200f\ufeff")
    assert plain.strip("[] -") == whatsapp(text).records[0]["time"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<Multimedia omitido>", "media"),
        ("<Medien ausgeschlossen>", "media"),
        ("<Médias omis>", "media"),
        ("<Без медиафайлов>", "media"),
        ("<メディアは含まれていません>", "media"),
        ("imagen omitida", "media"),
        ("Video omesso", "media"),
        ("ubicación: https://maps.google.com/?q=1.5,2.5", "media"),
        ("Se eliminó este mensaje.", "deleted messages"),
        ("Ce message a été supprimé", "deleted messages"),
        ("このメッセージは削除されました。", "deleted messages"),
        ("POLL:\nWhere?\nOPTION: Here (2 votes)", "polls"),
    ],
)
def test_what_stands_for_media_is_left_out_and_counted_in_many_languages(text: str, why: str) -> None:
    document = whatsapp(f"1/2/21, 10:00 - Ana: Hello\n1/2/21, 10:01 - Ben: {text}\n")

    assert [("Ana", "Hello")] == lines(document)
    assert f"{why} (1)" in said(document)


def test_a_picture_leaves_what_was_written_below_it() -> None:
    document = whatsapp("1/2/21, 10:00 - Ana: <Medien ausgeschlossen>\nDer Hafen\n1/2/21, 10:01 - Ben: schön\n")

    assert [("Ana", "Der Hafen"), ("Ben", "schön")] == lines(document)


def test_a_chat_in_a_file_is_learned_as_what_one_of_its_speakers_said(tmp_path: Path) -> None:
    """From bytes to the text that is learned, marks, line ends and all."""
    path = tmp_path / "_chat.txt"
    path.write_bytes(IPHONE.replace("\n", "\r\n").encode("utf-8-sig"))

    assert ["Der Kai"] == [text.split("\n")[1] for text in learned(path, speaker="ana")]
    assert learned(path)[0].startswith("Ana: Frohes Neues!\nChloé: Danke")


def learned(path: Path, **asked: str) -> list[str]:
    return [str(piece) for piece in read([path], 1, asked).pieces]


def test_exports_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(6)
    for _ in range(500):
        letters = list(dice.choice([ANDROID, IPHONE]))
        for _ in range(dice.randint(1, 8)):
            letters[dice.randrange(len(letters))] = dice.choice('[]{}":,<>-\n\0 1aA\ud800' + LRM)
        document = chats.parse_whatsapp("".join(letters), "a")
        for record in document.records if document else ():
            assert all(record.values())
            assert not any("\ud800" in value for value in record.values())
