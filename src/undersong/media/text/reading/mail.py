"""Mailboxes (mbox) and single mails: what each writer wrote, without what they quoted, signed or attached.

The standard library takes mails apart; where a mail is too broken for it, that mail is left out and counted. Replies
that are quoted (`> …`, with the line that announces them), signatures after `-- ` and the feet of mailing lists go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import Tally
from undersong.media.text.reading.messages import Chat, message

__all__ = ["looks_like_mail", "parse_mbox"]

_MOST_BYTES = 2 << 20
"""Of one mail that are looked at: its words come first, and what follows them is pictures."""
_MOST_PARTS = 200  # of one mail
_MOST_BOUNDARIES = 500  # lines that begin with two dashes, each of which may part it
_ENDLESS = re.compile(  # the standard library looks at each setting of a part again for each other one
    rb"^(content-(?:type|disposition):(?:[^\n]|\n[ \t]){0,500}+)(?:[^\n]|\n[ \t])*+", re.MULTILINE | re.IGNORECASE
)
_LONGEST_HEADER = 1000  # characters

_BETWEEN = re.compile(  # and a header follows, so that a sentence of a mail never parts it
    rb"^From [^\n]{0,150}?\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b[^\n]{0,40}?\d\d:\d\d[^\n]{0,60}\n(?=[!-9;-~]{1,100}:)",
    re.MULTILINE,
)
_HEADER = re.compile(rb"[!-9;-~]{1,100}:[ \t\r\n]")
_USUAL = re.compile(rb"^(?:from|to|date|subject|received|message-id|return-path):", re.MULTILINE | re.IGNORECASE)

_FROM_AGAIN = re.compile(r">+From ")  # a line of the mail's own that was marked, so as not to part two mails
_QUOTED = re.compile(r"\s?>")
_THE_REST = re.compile(  # ----- Original Message -----, and where a mailing list begins to speak of itself
    r"\s*(?:-{3,}\s?[^\n-]{0,30}(?:original|forwarded|ursprüngliche|weitergeleitete|reenviado|transféré|inoltrato|"
    r"encaminhada|oorspronkelijk|doorgestuurd|исходное|пересылаемое|元のメッセージ|转发|原始|pgp signature)"
    r"[^\n-]{0,30}\s?-{3,}|_{20,})\s*\Z",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[-=*]{30,}\s*\Z")
_SIGNED = re.compile(r"\A\s*-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]{1,20}: [^\n]{0,200}\n)*")
_FOOT = 12  # lines that a list puts below a mail
_BLOCK = re.compile(r"\s*\*?(?:From|Von|De|Da|Van|Från|Fra|От|发件人|寄件者|差出人)\*?\s?[:：]\s?\S")
_IN_BLOCK = re.compile(
    r"\s*\*?(?:Sent|Date|Gesendet|Datum|Enviado|Enviada|Fecha|Data|Envoyé|Inviato|Verzonden|Skickat|Sendt|Отправлено|"
    r"Дата|发送时间|寄件日期|送信日時|To|An|Para|À|A)\*?\s?[:：]\s?\S"
)
_BREAKS = frozenset(("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol", "pre", "hr"))
_UNSEEN = frozenset(("head", "style", "script", "title", "blockquote"))


def looks_like_mail(start: bytes) -> bool:
    """Whether a file begins as a mailbox, or a mail, does."""
    if _BETWEEN.match(start) is not None:
        return True
    head = start.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return _HEADER.match(head) is not None and len({found.lower() for found in _USUAL.findall(head)}) >= 3


def parse_mbox(data: bytes, name: str) -> Document | None:
    """Each mail as a message, with `time` and `subject` as they stand in its head. None where it holds no mail."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    chat = Chat()
    long = 0
    for start, end in _mails(data):
        long += end - start > _MOST_BYTES
        try:
            record = _record(data[start : min(end, start + _MOST_BYTES)], chat.left_out)
        except Exception:  # what the standard library raises on broken mails is not written down anywhere
            chat.left_out.add("mails too broken to read")
        else:
            chat.add(record, "mails without words of their own")
    said = f"Of very long mails only the first {_MOST_BYTES >> 20} MB were looked at ({long:,})."
    return chat.document("a mailbox", *([said] if long else []))


def _mails(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each mail begins and ends; all of it is one where no line parts it."""
    found = _BETWEEN.match(data)
    if found is None:
        if looks_like_mail(data[: 1 << 16]):
            yield 0, len(data)
        return
    while found is not None:
        following = _BETWEEN.search(data, found.end())
        yield found.end(), len(data) if following is None else following.start()
        found = following


def _record(data: bytes, left_out: Tally) -> dict[str, str] | None:
    from email import message_from_bytes

    mail = message_from_bytes(_ENDLESS.sub(rb"\1", _shortened(data)))
    plain, html, attached = _parts(mail)
    left_out.add("attachments", attached)
    text = "\n\n".join(plain)
    if not text.strip() and html:
        text = _text_of_html(html)
    own, quoted, signed = _own_words(text.replace("\r", ""))
    left_out.add("quoted replies", quoted)
    left_out.add("signatures", signed)
    return message(_sender(_header(mail, "From")), own, time=_header(mail, "Date"), subject=_header(mail, "Subject"))


def _shortened(data: bytes) -> bytes:
    """A mail up to where it has been parted more often than any that a person wrote."""
    at = -1
    for _ in range(_MOST_BOUNDARIES):
        at = data.find(b"\n--", at + 1)
        if at < 0:
            return data
    return data[:at]


def _parts(mail: Message) -> tuple[list[str], str, int]:
    """Its plain texts, its first text as HTML, and how many other things hang on it."""
    plain: list[str] = []
    html, attached = "", 0
    waiting: list[Any] = [mail]
    for _ in range(_MOST_PARTS):
        if not waiting:
            break
        part = waiting.pop()
        inner = part.get_payload()
        kind = part.get_content_type()
        if isinstance(inner, list) and not kind.startswith("message/"):
            waiting += reversed(inner)
        elif str(part.get("Content-Disposition", "")).lower().startswith("attachment") or part.get_filename():
            attached += 1
        elif kind == "text/plain":
            plain.append(_flowed(part, _decoded(part)))
        elif kind == "text/html":
            html = html or _decoded(part)
        else:
            attached += 1
    return plain, html, attached


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    for charset in (str(part.get_content_charset() or ""), "utf-8"):
        try:
            return content.decode(charset)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def _flowed(part: Message, text: str) -> str:
    """A text whose lines were only broken to fit, put together again (RFC 3676)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    joined = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    lines: list[list[str]] = []
    going_on = False
    for line in text.replace("\r", "").split("\n"):
        quoted = line.startswith(">")
        if line.startswith(" "):
            line = line[1:]
        soft = line.endswith(" ") and line != "-- " and not quoted
        piece = line.rstrip(" ") + joined if soft else line
        if going_on and not quoted and line != "-- ":
            lines[-1].append(piece)
        else:
            lines.append([piece])
        going_on = soft
    return "\n".join("".join(pieces) for pieces in lines)


def _header(mail: Message, name: str) -> str:
    """A header as people read it, encoded words and all; nothing where there is none."""
    from email.header import decode_header

    found = next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    raw = found[:_LONGEST_HEADER].encode("utf-8", "surrogateescape")  # many write them as UTF-8, against the rule
    try:
        plain = raw.decode()
    except ValueError:
        plain = raw.decode("cp1252", "replace")
    words: list[str] = []
    for word, charset in decode_header(plain):
        if isinstance(word, str):
            words.append(word)
            continue
        try:
            words.append(word.decode(charset or "utf-8", "replace"))
        except LookupError:
            words.append(word.decode("cp1252", "replace"))
    return " ".join("".join(words).split())


def _sender(header: str) -> str:
    """Who sent it by name; by the first half of the address where there is no name."""
    name, less, address = header.rpartition("<")
    if less and (plain := name.strip().strip("\"'").strip()):
        return plain
    if "(" in header and header.endswith(")") and not less:  # ana@example.org (Ana)
        return header[header.index("(") + 1 : -1].strip() or header
    return (address if less else header).strip(" <>").partition("@")[0] or header


def _own_words(text: str) -> tuple[str, int, int]:
    """What its writer wrote, how many quotes were left out, and how many signatures."""
    lines = _SIGNED.sub("", text).split("\n")
    kept: list[str] = []
    quotes = signatures = 0
    quoting = False
    for number, line in enumerate(lines):
        if _FROM_AGAIN.match(line):
            line = line[1:]
        elif _QUOTED.match(line):
            if not quoting:
                quotes += 1
                _take_announcement(kept)
            quoting = True
            continue
        if line in ("-- ", "--") and (line == "-- " or len(lines) - number <= 20):
            signatures += 1
            break
        following = lines[number + 1] if number + 1 < len(lines) else ""
        short = line[:300]
        block = _BLOCK.match(short) and _IN_BLOCK.match(following[:300])
        if block or _THE_REST.match(short) or (_RULE.match(short) and len(lines) - number <= _FOOT):
            quotes += any(map(str.strip, lines[number + 1 :]))
            break
        quoting = quoting and not line.strip()
        kept.append(line)
    return "\n".join(kept), quotes, signatures


def _take_announcement(kept: list[str]) -> None:
    """Takes away "On Monday Ana <ana@example.org> wrote:" before what is quoted; such a line may be broken in two."""
    while kept and not kept[-1].strip():
        kept.pop()
    if not kept or not kept[-1].rstrip().endswith((":", "：")) or len(kept[-1]) > 200:
        return
    last = kept[-1]
    if any(sign.isdigit() or sign == "@" for sign in last):
        kept.pop()
        return
    before = kept[-2] if len(kept) > 1 else ""
    if before.strip() and len(before) <= 200 and any(sign.isdigit() or sign == "@" for sign in before):
        del kept[-2:]


def _text_of_html(page: str) -> str:
    """A mail's HTML as text, without what it quotes."""
    from undersong.media.text.reading.tags import Tag, tokens

    pieces: list[str] = []
    unseen: list[str] = []  # elements that are open and not shown
    for token in tokens(page):
        if isinstance(token, Tag):
            if token.name in _UNSEEN and not token.empty:
                if not token.ends:
                    unseen.append(token.name)
                elif token.name in unseen:
                    while unseen.pop() != token.name:
                        pass
            elif token.name in _BREAKS:
                pieces.append("\n")
        elif not unseen:
            pieces.append(re.sub(r"\s+", " ", token) if "\n" in token or "\t" in token else token)
    lines = (" ".join(line.split(" ")).strip(" ") for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)
