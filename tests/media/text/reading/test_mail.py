"""Mailboxes: what each writer wrote, and neither what they quoted nor how they signed."""

from __future__ import annotations

import mailbox
import random
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading import mail
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.mail import looks_like_mail, parse_mbox

BETWEEN = b"From ana@example.org Mon Jan  1 09:14:00 2024\n"


def boxed(*mails: bytes) -> bytes:
    return b"\n".join(BETWEEN + one for one in mails)


def written(text: str, sender: str = "Ana Ruiz <ana@example.org>", **headers: str) -> bytes:
    head = {"From": sender, "Date": "Mon, 1 Jan 2024 09:14:00 +0000", "Subject": "Boats", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items())
    return f"{lines}\n{text}\n".encode()


def read(data: bytes) -> Document:
    document = parse_mbox(data, "box.mbox")
    assert document is not None
    return document


def own(text: str) -> str:
    return read(boxed(written(text))).records[0]["text"]


def said(document: Document) -> str:
    return " ".join(document.notes)


def test_each_mail_is_a_message_by_its_senders_name() -> None:
    document = read(boxed(written("Hello.\n\nSecond paragraph."), written("Hi.", "ben@example.org")))

    assert {
        "speaker": "Ana Ruiz",
        "text": "Hello.\n\n  Second paragraph.",
        "time": "Mon, 1 Jan 2024 09:14:00 +0000",
        "subject": "Boats",
    } == document.records[0]
    assert "ben" == document.records[1]["speaker"]
    assert ("a mailbox", True, "{speaker}: {text}") == (document.form, document.sensitive, document.template)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Ana Ruiz <ana@example.org>", "Ana Ruiz"),
        ('"Ruiz, Ana" <ana@example.org>', "Ruiz, Ana"),
        ("=?utf-8?q?Chlo=C3=A9_Ruiz?= <c@example.org>", "Chloé Ruiz"),
        ("=?UTF-8?B?5p2O55m9?= <li@example.org>", "李白"),
        ("=?koi8-r?B?6dfBzg==?= <ivan@example.org>", "Иван"),
        ("=?no-such-set?q?Ana?= <ana@example.org>", "Ana"),
        ("ana@example.org (Ana Ruiz)", "Ana Ruiz"),
        ("<ana@example.org>", "ana"),
        ("ana@example.org", "ana"),
        ("Ana: the first <ana@example.org>", "Ana the first"),
        ("", "unknown"),
    ],
)
def test_a_sender_is_called_by_name(header: str, name: str) -> None:
    assert name == read(boxed(written("Hello.", header))).records[0]["speaker"]


def test_what_is_quoted_is_left_out_with_the_line_that_announces_it() -> None:
    announced = "On Mon, Jan 1, 2024 at 9:14 AM Ben <ben@example.org>\nwrote:"
    text = f"Yes.\n\n{announced}\n\n> Are you\n> coming?\n>> Who?\n\nAt ten."
    document = read(boxed(written(text)))

    assert "Yes.\n\n  At ten." == document.records[0]["text"]
    assert "quoted replies (1)" in said(document)


@pytest.mark.parametrize(
    "announced",
    ["Am 01.01.2024 um 09:14 schrieb Ben:", "Le 1 janv. 2024 à 09:14, Ben a écrit :", "ben@example.org wrote:"],
)
def test_quotes_are_announced_in_many_languages(announced: str) -> None:
    assert "Gut." == own(f"Gut.\n\n{announced}\n> Kommst du?\n")


@pytest.mark.parametrize(
    "rest",
    [
        "-- \nAna Ruiz\nHarbour Street 4",
        "-----Original Message-----\nFrom: Ben\nAre you coming?",
        "---------- Forwarded message ---------\nFrom: Ben\nAre you coming?",
        "From: Ben <ben@example.org>\nSent: Monday\nTo: Ana\n\nAre you coming?",
        "Von: Ben\nGesendet: Montag\nKommst du?",
        "_______________________________________________\nharbour mailing list\nharbour@example.org",
        "-" * 60 + "\nTo unsubscribe write to harbour@example.org",
        "-----BEGIN PGP SIGNATURE-----\nxyz\n-----END PGP SIGNATURE-----",
    ],
    ids=["signature", "original", "forwarded", "outlook", "outlook in German", "list", "list's rule", "pgp"],
)
def test_what_stands_below_a_mail_is_left_out(rest: str) -> None:
    document = read(boxed(written(f"I am.\nReally.\n\n{rest}\n")))

    assert "I am.\n  Really." == document.records[0]["text"]
    assert "(1)" in said(document)


def test_a_dash_in_a_mail_is_no_signature() -> None:
    assert "Three things\n  -- boats\n  --- nets\n  <3 > 2" == own("Three things\n-- boats\n--- nets\n<3 > 2")


def test_from_at_the_beginning_of_a_line_parts_no_mail() -> None:
    text = "Hello.\n\nFrom here on it rains.\n>From there too.\nFrom: me at 10:30\n"

    assert "Hello.\n\n  From here on it rains.\n  From there too.\n  From: me at 10:30" == own(text)


def parts(subtype: str, *contents: tuple[str, str]) -> bytes:
    whole = EmailMessage()
    whole["From"], whole["Date"], whole["Subject"] = "Ana <ana@example.org>", "Mon, 1 Jan 2024 09:14:00 +0000", "Böote"
    whole["MIME-Version"], whole["Content-Type"] = "1.0", f'multipart/{subtype}; boundary="b"'
    body = "".join(
        f"--b\nContent-Type: {kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
        for kind, text in contents
    )
    return b"".join(f"{name}: {value}\n".encode() for name, value in whole.items()) + f"\n{body}--b--\n".encode()


def test_the_plain_part_of_a_mail_is_read_and_its_attachments_are_counted() -> None:
    data = parts("mixed", ("text/plain", "Grüße vom Kai"), ("text/html", "<p>no</p>"), ("image/png", "xx"))
    document = read(boxed(data))

    assert "Grüße vom Kai" == document.records[0]["text"]
    assert "attachments (1)" in said(document)
    assert "Böote" == document.records[0]["subject"]


def test_a_mail_that_is_only_html_is_read_as_text_without_its_quotes() -> None:
    html = (
        "<html><head><style>p {color: red}</style><title>x</title></head><body><p>Fish &amp; <b>chips</b>\nat ten.</p>"
        "<div>Ana<br>R.</div><blockquote>Are you <blockquote>there</blockquote> coming?</blockquote><p>Bye</p></body>"
    )

    assert (
        "Fish & chips at ten.\n  Ana\n  R.\n  Bye"
        == read(boxed(parts("alternative", ("text/html", html)))).records[0]["text"]
    )


def test_mails_of_the_standard_library_come_back(tmp_path: Path) -> None:
    """Written by `mailbox`, in base64, quoted-printable and old encodings."""
    box = mailbox.mbox(tmp_path / "box.mbox")
    expected = []
    for charset, encoding, text in [
        ("utf-8", "base64", "Ünïcode 李白 – everywhere"),
        ("iso-8859-1", "quoted-printable", "Größe = Höhe"),
        ("us-ascii", "7bit", "From the quay\n\nall is calm"),
    ]:
        one = EmailMessage(policy=SMTP)
        one["From"] = "Änne <a@example.org>"
        one["Date"] = "Mon, 1 Jan 2024 09:14:00 +0000"
        one.set_content(text, charset=charset, cte=encoding)
        one.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="a.png")
        box.add(one.as_bytes())
        expected.append(("Änne", text.replace("\n\n", "\n\n  ")))
    box.flush()
    data = (tmp_path / "box.mbox").read_bytes().replace(b"From MAILER-DAEMON", b"From -")

    for ends in (data, data.replace(b"\n", b"\r\n")):
        assert expected == [(record["speaker"], record["text"]) for record in read(ends).records]


def test_lines_that_were_broken_to_fit_are_put_together() -> None:
    text = "A long line \nthat goes on \nand ends.\n Indented \nhere.\n> quoted \nOwn.\n-- \nAna"
    document = read(boxed(written(text, Content_Type="text/plain; format=flowed")))

    assert "A long line that goes on and ends.\n  Indented here.\n  Own." == document.records[0]["text"]


def test_a_signed_mail_is_read_without_its_armour() -> None:
    text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello.\n-----BEGIN PGP SIGNATURE-----\nxx\n"

    assert "Hello." == own(text)


def test_a_single_mail_is_a_mailbox_of_one() -> None:
    assert looks_like_mail(written("Hello."))
    assert "Hello." == read(written("Hello.")).records[0]["text"]


def test_of_a_mail_with_huge_attachments_the_words_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_MOST_BYTES", 5000)
    document = read(
        boxed(parts("mixed", ("text/plain", "Look:"), ("image/png", "x" * 70 + "\n" + "y" * 100_000)), written("B."))
    )

    assert ["Look:", "B."] == [record["text"] for record in document.records]
    assert "Of very long mails only the first" in said(document)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"From ", BETWEEN, b"Once upon a time.\n" * 20, b"\0" * 100, boxed(b"X: y\n\n")]
)
def test_what_is_no_mail_is_none(data: bytes) -> None:
    assert parse_mbox(data, "a.mbox") is None


def test_prose_and_code_are_not_taken_for_mail() -> None:
    for text in (
        "From the sea at 10:30 2024\nsaid: Ana\n",
        "Title: x\n\nFrom: Ana\nTo: Ben\nDate: x\n",
        "key: value\n" * 30,
    ):
        assert not looks_like_mail(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        boxed(written("x", "(" * 20_000)),
        boxed(written("x", '"' * 20_000 + "<")),
        boxed(written("x", "=?utf-8?q?" * 3000)),
        boxed(b"From: a\nContent-Type: " + b"a/b;" * 20_000 + b"\n\nx\n"),
        boxed(b"From: a\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 30_000),
        boxed(
            b"From: a\n"
            + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
        ),
        boxed(b"From: a\nContent-Type: text/html\n\n" + b"<" * 300_000),
        boxed(b"From: a\nContent-Type: text/html\n\n" + b"<blockquote>" * 50_000 + b"</blockquote>" * 50_000 + b"x"),
        boxed(b"From: a\nContent-Type: text/html\n\n<!--" + b"<p" * 100_000),
        boxed(
            b"From: a\nContent-Transfer-Encoding: base64\nContent-Type: text/plain; charset=\xff\xfe\n\n"
            + b"=" * 100_000
        ),
        boxed(b"From: a\nContent-Type: text/plain;" + b" a*0=b;" * 200_000 + b"\n\nx\n"),
        boxed(b"From: a\nContent-Type: multipart/mixed; boundary=b;\n" + b" a*0=b;\n" * 200_000 + b"\n--b\n\nx\n"),
        b"From " * 200_000,
        b"From a Mon 10:10\n" * 50_000,
        boxed(*[b"From: a\n\nx\n"] * 3000),
        boxed(written(">" * 300_000)),
        boxed(written("\n".join(["a:", "> b"] * 50_000))),
        boxed(written("- " * 200_000)),
        boxed(b"From: \xff\xfe <a@b>\nSubject: =?x?\xff?=\nDate: \xff\n\n\xff\xfe\n"),
    ],
)
def test_hostile_mails_end(data: bytes) -> None:
    document = parse_mbox(data, "a.mbox")

    assert document is None or all(record["text"] and record["speaker"] for record in document.records)


@given(st.lists(st.sampled_from([
    BETWEEN, b"From: Ana <a@b>\n", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"; charset=utf-16",
    b"text/plain; format=flowed", b"\n", b"\n\n", b"--b", b"> ", b"-- ", b"\xff\xfe", b"=?utf-8?b?", b"?=", b"\0",
    b"Content-Transfer-Encoding: base64\n", b"Content-Disposition: attachment\n", b"wrote:", b"message/rfc822", b"x: y",
    b"hello "]),
    max_size=25).map(b"".join))  # fmt: skip
def test_no_bytes_are_too_odd_for_a_mailbox(data: bytes) -> None:
    for whole in (data, BETWEEN + b"From: a\n" + data):
        document = parse_mbox(whole, "a.mbox")
        for record in document.records if document else ():
            assert all(value and "\0" not in value for value in record.values())
            assert "".join(record.values()).encode(), "no half characters"


def test_mails_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(8)
    whole = boxed(
        written("Yes.\n\nOn Monday at 10 Ben wrote:\n> a\n\n-- \nAna"),
        parts("mixed", ("text/plain", "a"), ("text/html", "<p>b")),
    )
    for _ in range(600):
        spoiled = bytearray(whole)
        for _ in range(dice.randint(1, 10)):
            spoiled[dice.randrange(len(spoiled))] = dice.choice(b'\n\r:;=<>"-\xff\0 aF')
        document = parse_mbox(bytes(spoiled), "a.mbox")
        assert document is None or all(record["text"] for record in document.records)
