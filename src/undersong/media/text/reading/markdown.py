"""Markdown → text as it is written, without what stands before it for a program that builds a site."""

from __future__ import annotations

import re

from undersong.media.text.reading.document import Document

__all__ = ["parse"]

_LOOKED_AT = 20_000  # characters in which what stands before must end
_FRONT = re.compile(
    r"\A\ufeff?(?:---[ \t]*\n(?P<yaml>.*?\n)?(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?\n)?\+\+\+)[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_YAML = re.compile(r"(?:[\w\"'.$-][^:\n]{0,80}:(?:\s.*)?|\s.*|-(?:\s.*)?|#.*|[\]}],?)?")
_TOML = re.compile(r"(?:[\w\"'.-]+\s*=.*|\s.*|\[.*|\].*|#.*|[\"'}].*)?")
_TITLE = re.compile(r"^[\"']?title[\"']?\s*[:=](.+)$", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"\s*(?:#\s|[^\n]+\n=+\s*\n)")


def parse(text: str, name: str) -> Document:
    """The text; front matter in YAML or TOML is left out, its title kept as a heading where the text has none."""
    front = _FRONT.match(text[:_LOOKED_AT])
    if front is None or not _is_front(front):
        return Document("Markdown", (text,) if text.strip() else ())
    kept = text[front.end() :].lstrip("\n")
    titled = _TITLE.search(front["yaml"] or front["toml"] or "")
    title = titled[1].strip().strip("\"'").strip() if titled else ""
    note = "Left out the front matter before its text."
    if title and not _HEADING.match(kept):
        kept = f"# {title}\n\n{kept}"
        note = "Left out the front matter before its text; kept its title, as a heading."
    return Document("Markdown", (kept,) if kept.strip() else (), notes=(note,))


def _is_front(front: re.Match[str]) -> bool:
    """Whether it says things of the text, and is no text between two rules."""
    form = _YAML if front["toml"] is None and front[0].lstrip("\ufeff").startswith("-") else _TOML
    lines = (front["yaml"] or front["toml"] or "").split("\n")
    return all(form.fullmatch(line) for line in lines) and any(":" in line or "=" in line for line in lines)
