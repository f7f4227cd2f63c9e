"""What every page has: its frame, its type and colours, and words that no browser takes for anything but words.

A page is one file. Nothing is loaded from elsewhere and nothing runs; it is read on a phone, at a desk and on paper,
by day and by night. Whatever is said in any script stands in an element whose direction its first letter decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from undersong.media.text.record import RecordPiece

__all__ = ["escaped", "markdown", "named", "page", "plays", "roles"]

_NO_CHARACTER = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NOT_IN_HTML = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef{_NO_CHARACTER}]")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&])|^([^\S\n]*)([-+=]|\d{1,9}[.)])(?=\s|$)", re.MULTILINE)

_STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fffdf8; --ink: #1f1c18; --quiet: #6a6358; --rule: #d9d1c3; --accent: #8f2f1a; --raised: #f3eee4;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, "Book Antiqua", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #181613; --ink: #e8e2d7; --quiet: #a59c8e; --rule: #3b362f; --accent: #e58e74; --raised: #24211c; }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: clamp(1.25rem, 5vw, 4rem) clamp(1.1rem, 5vw, 3rem) 4rem;
  background: var(--paper); color: var(--ink);
  font: 400 1.0625rem/1.5 var(--serif);
  font-kerning: normal; font-variant-ligatures: common-ligatures; text-rendering: optimizeLegibility;
  overflow-wrap: anywhere;
}
main { max-width: 72rem; margin: 0 auto; }
h1, h2, h3, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; font-weight: inherit; font-size: inherit; }
ul, ol { list-style: none; }
.quiet { color: var(--quiet); }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --quiet: #444; --rule: #999; --accent: #000; --raised: #fff;
  }
  @page { margin: 18mm 16mm; }
  body { padding: 0; font-size: 10.5pt; }
  main { max-width: none; }
}
"""


def page(title: str, style: str, body: Iterable[str]) -> str:
    """A whole HTML page; `body` is HTML already, `title` is not."""
    shown = escaped(" ".join(title.split()))[:200] or "Undersong"
    return "\n".join(
        [
            "<!doctype html>",
            "<html>",
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            '<meta name="generator" content="Undersong">',
            f"<title>{shown}</title>",
            f"<style>{_STYLE}{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Words as HTML; what no page may hold shows as U+FFFD."""
    return escape(_NOT_IN_HTML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")))


def markdown(text: str) -> str:
    """Words as Markdown, none of them taken for a mark."""
    return _MARKDOWN.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)


def named(field: str) -> str:
    """A field's name as people read it: `meanings.speech_part` is "speech part"."""
    return " ".join(field.rpartition(".")[2].replace("_", " ").split()) or field


def plays(record: RecordPiece, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]) -> bool:
    """Whether its fields have the names of all the parts that a page needs."""
    fields = {named(field).casefold() for field in record.fields}
    return all(fields & {role, *wanted[role]} for role in needed)


def roles(
    record: RecordPiece, wanted: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of a record by the part they play on a page, and those that play none by their field's name.

    `wanted` has the names under which each part goes. What is not found so is taken in order: the needed parts, or all
    where nothing was found.
    """
    left = {name: text.strip() for name, text in record.fields.items()}
    found: dict[str, str] = {}
    for role, names in wanted.items():
        known = (role, *names)
        match = next((field for field in left if named(field).casefold() in known), None)
        if match is not None:
            found[role] = left.pop(match)
    open_roles = [role for role in wanted if role not in found and (role in needed or not found)]
    if len(left) < len(open_roles):
        open_roles = [role for role in open_roles if role in needed]
    for role, field in zip(open_roles, list(left), strict=False):
        found[role] = left.pop(field)
    return {role: text for role, text in found.items() if text}, {named(f): text for f, text in left.items() if text}
