"""Chats in files: WhatsApp and IRC as text, Telegram and Discord as JSON (and Discord as a table).

What nobody wrote is left out and counted: notices, media, deleted messages, what programs wrote. Words that somebody
only passed on are left out too, for they are not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.irc import looks_like_irc, parse_irc
from undersong.media.text.reading.messages import TEMPLATE, Chat, message, messages
from undersong.media.text.reading.whatsapp import looks_like_whatsapp, parse_whatsapp

__all__ = [
    "TEMPLATE",
    "is_discord_table",
    "looks_like_discord",
    "looks_like_irc",
    "looks_like_telegram",
    "looks_like_whatsapp",
    "messages",
    "parse_discord",
    "parse_discord_table",
    "parse_irc",
    "parse_telegram",
    "parse_whatsapp",
]

_LOOKED_AT = 50  # messages
_SPOKEN = frozenset(("Default", "Reply", "0", "19", ""))  # kinds of Discord's messages that somebody wrote


# ── Telegram ───────────────────────────────────────────────────────────────────────────────────────────────────────


def looks_like_telegram(value: Any) -> bool:
    """Whether a decoded file is Telegram's `result.json`: one chat, or all of somebody's."""
    return any(_is_telegram(chat) for chat in _telegram_chats(value))


def _telegram_chats(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("messages"), list):
        return [value]
    found: list[Mapping[str, Any]] = []
    for part in ("chats", "left_chats"):
        inner = value.get(part)
        listed = inner.get("list") if isinstance(inner, dict) else None
        if isinstance(listed, list):
            found += [chat for chat in listed if isinstance(chat, dict) and isinstance(chat.get("messages"), list)]
    return found


def _is_telegram(chat: Mapping[str, Any]) -> bool:
    some = [one for one in chat["messages"][:_LOOKED_AT] if isinstance(one, dict)]
    alike = sum(
        one.get("type") in ("message", "service") and "date" in one and ("text" in one or "action" in one)
        for one in some
    )
    return bool(some) and alike * 2 > len(some)


def parse_telegram(value: Any, name: str) -> Document | None:
    """Each message of `result.json`; of several chats the field `chat` says which. None where there is none."""
    chats, found = _telegram_chats(value), Chat()
    for one_chat in chats:
        title = _text(one_chat.get("name")) if len(chats) > 1 else ""
        for one in one_chat["messages"]:
            if not isinstance(one, dict) or one.get("type") != "message":
                found.left_out.add("notices")
            elif one.get("forwarded_from") is not None or one.get("forwarded_from_id") is not None:
                found.left_out.add("forwarded messages")
            else:
                speaker = _text(one.get("from")) or "Deleted Account"
                text, time = _telegram_text(one.get("text")), _text(one.get("date"))
                found.add(message(speaker, text, time=time, chat=title), "media")
    return found.document("a Telegram chat" if len(chats) == 1 else f"{len(chats):,} Telegram chats")


def _telegram_text(value: Any) -> str:
    """A text, or one that is parted where a link or a style begins: strings, and objects with their own `text`."""
    if isinstance(value, list):
        return "".join(_text(part.get("text")) if isinstance(part, dict) else _text(part) for part in value)
    return _text(value)


# ── Discord ────────────────────────────────────────────────────────────────────────────────────────────────────────


def looks_like_discord(value: Any) -> bool:
    """Whether a decoded file is DiscordChatExporter's, or a list of messages with author, content and time."""
    some = [one for one in _discord_messages(value)[:_LOOKED_AT] if isinstance(one, dict)]
    return bool(some) and all(_is_discord(one) for one in some)


def _discord_messages(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        value = value.get("messages")
    return value if isinstance(value, list) else []


def _is_discord(one: Mapping[str, Any]) -> bool:
    author = one.get("author")
    named = bool(_author(author)) if isinstance(author, dict) else isinstance(author, str)
    return named and isinstance(one.get("content"), str) and "timestamp" in one


def _author(author: Any) -> str:
    if isinstance(author, dict):
        names = (_text(author.get(key)) for key in ("nickname", "nick", "global_name", "name", "username"))
        return next(filter(None, names), "")
    return _text(author)


def parse_discord(value: Any, name: str) -> Document | None:
    """Each message by its author's name in that place; None where it is none."""
    found = Chat()
    for one in _discord_messages(value):
        author = one.get("author") if isinstance(one, dict) else None
        if not isinstance(one, dict) or _text(one.get("type")) not in _SPOKEN:
            found.left_out.add("notices")
        elif isinstance(author, dict) and (author.get("isBot") is True or author.get("bot") is True):
            found.left_out.add("what programs wrote")
        else:
            text, time = _text(one.get("content")), _text(one.get("timestamp"))
            found.add(message(_author(author), text, time=time), "media")
    return found.document("a Discord chat")


def is_discord_table(names: Sequence[str]) -> bool:
    """Whether a table has the columns of DiscordChatExporter."""
    return {"AuthorID", "Author", "Date", "Content"} <= set(names)


def parse_discord_table(rows: Sequence[Mapping[str, str]], name: str) -> Document | None:
    """The chat in such a table."""
    found = Chat()
    for row in rows:
        found.add(message(row.get("Author", ""), row.get("Content", ""), time=row.get("Date", "")), "media")
    return found.document("a Discord chat")


def _text(value: Any) -> str:
    """A plain value as a string; nothing for what should not stand there."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
