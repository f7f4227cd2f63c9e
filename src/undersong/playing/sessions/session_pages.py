"""A session as something to read and to print: the piece in the colours of those who made it, and how that went.

Who made what is told by colour and by the line below it, so that it is seen in print and by those who see fewer
colours. The page is one file: nothing is loaded from elsewhere, nothing runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from undersong.playing.sessions.authorship import Authorship, Passage, how
from undersong.playing.sessions.turns import INSTRUMENT, PERSON, Turn

if TYPE_CHECKING:
    from undersong.playing.sessions.session import Session

__all__ = ["DARK", "INK", "LIGHT", "html", "markdown"]

LIGHT = ("#dbe9ff", "#ffe2bd", "#d2f0d4", "#fbd8e9", "#e6defe", "#f4eea9", "#c6eeee", "#e7e2da")
"""Behind the words of each author, by day: a person's, an instrument's, then everybody else's."""
DARK = ("#1c3a66", "#5c3a10", "#1d4d2b", "#5e2345", "#413174", "#4c4810", "#124b4d", "#433f39")
"""The same by night."""
INK = ("#1f1c18", "#f3eee6")
"""The words themselves, by day and by night."""

_LINES = ("0 none", "2px solid", "2px dotted", "2px dashed", "4px double", "1px solid", "4px dotted", "4px dashed")
_TAGS = (("", ""), ("<b>", "</b>"), ("<i>", "</i>"), ("<b><i>", "</i></b>"), ("<ins>", "</ins>"), ("<sub>", "</sub>"))
_LOOKS = ("plain", "<b>bold</b>", "<i>italic</i>", "<b><i>bold italic</i></b>", "<ins>underlined</ins>",
          "<sub>low</sub>")  # fmt: skip
_NO_CHARACTER = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NOT_SHOWN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NO_CHARACTER}]")
_MARKS = re.compile(r"([\\`*_\[\]<>#|~&!$])|^([-+=]|\d{1,9}[.)])(?=\s|$)")


def _places(authors: Iterable[str], many: int) -> dict[str, int]:
    """A place in a palette for each: always the same for a name, unless two of them would share it."""
    found: dict[str, int] = {}
    for author in authors:
        if author in (PERSON, INSTRUMENT):
            found[author] = 0 if author == PERSON else 1
            continue
        wish = int.from_bytes(hashlib.blake2b(author.encode(), digest_size=4).digest(), "big")
        ways = [2 + (wish + step) % (many - 2) for step in range(many - 2)]
        found[author] = next((way for way in ways if way not in found.values()), ways[0])
    return found


def _clean(words: str) -> str:
    return _NOT_SHOWN.sub("\ufffd", words.replace("\r\n", "\n").replace("\r", "\n"))


def _told(session: Session, authorship: Authorship) -> str:
    """A sentence about it."""
    count, measure = authorship.length, session.instrument.medium.measure
    return f"{count:,} {measure}{'' if count == 1 else 's'}, seed {session.seed}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


# ── a page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _palette(colours: Sequence[str]) -> str:
    return " ".join(f"--by{number}: {colour};" for number, colour in enumerate(colours))


_STYLE = f"""
:root {{ color-scheme: light dark; --paper: #fffdf8; --ink: {INK[0]}; --quiet: #5f584d; --rule: #d9d1c3;
  {_palette(LIGHT)} }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #171512; --ink: {INK[1]}; --quiet: #b3aa9c; --rule: #453f37; {_palette(DARK)} }}
}}
*, *::before, *::after {{ box-sizing: border-box; }}
body {{ margin: 0; padding: clamp(1.2rem, 5vw, 4rem) clamp(1rem, 5vw, 3rem); background: var(--paper);
  color: var(--ink); font: 400 1.0625rem/1.7 "Iowan Old Style", "Palatino Linotype", Palatino, P052, Georgia, serif;
  overflow-wrap: anywhere; }}
main {{ max-width: 44rem; margin: 0 auto; }}
h1 {{ font-size: 1.35rem; line-height: 1.25; margin: 0 0 .25rem; }}
header p, caption, summary {{ color: var(--quiet); margin: 0; }}
.legend {{ list-style: none; display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; padding: 0; margin: .9rem 0 2rem; }}
.piece {{ white-space: pre-wrap; unicode-bidi: plaintext; margin: 0 0 2.5rem; font: inherit; }}
.by {{ padding: .08em 0; -webkit-box-decoration-break: clone; box-decoration-break: clone; }}
table {{ border-collapse: collapse; width: 100%; overflow-wrap: break-word; font-size: .9rem; line-height: 1.45;
  margin-top: .6rem; }}
th, td {{ vertical-align: top; padding: .3rem .8rem .3rem 0; border-top: 1px solid var(--rule); }}
td.number {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
@media print {{
  :root {{ color-scheme: light; --paper: #fff; --ink: #000; --quiet: #333; --rule: #999; {_palette(LIGHT)} }}
  .by {{ -webkit-print-color-adjust: exact; print-color-adjust: exact; }}
  body {{ padding: 0; font-size: 11pt; }}
  main {{ max-width: none; }}
  tr {{ break-inside: avoid; }}
  @page {{ margin: 18mm 16mm; }}
}}
"""


def html(session: Session) -> str:
    """The session as one page of HTML."""
    authorship = Authorship.of(session)
    places = _places(authorship.shares, len(LIGHT))
    classes = "".join(
        f".by{place} {{ background: var(--by{place}); border-bottom: {_LINES[place]}; }}\n"
        for place in sorted(set(places.values()))
    )
    title = f"A session with {_escaped(session.instrument.name)}"
    legend = [
        f'<li><span class="by by{places[author]}">{_escaped(author)}</span> {_percent(share)}</li>'
        for author, share in authorship.shares.items()
    ]
    whole = f'<pre class="piece">{_escaped(authorship.whole)}</pre>'
    shown = whole if authorship.passages is None else _coloured(authorship.passages, places)
    opened = " open" if authorship.passages is None else ""
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
            f"<title>{title}</title>",
            f"<style>{_STYLE}{classes}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<header><h1>{title}</h1><p>{_escaped(_told(session, authorship))}</p></header>",
            f'<ul class="legend" aria-label="Who made what">{"".join(legend)}</ul>',
            shown,
            f"<details{opened}><summary>How it was made, turn by turn</summary>",
            _table(authorship.turns, places),
            "</details>",
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _escaped(words: str) -> str:
    return escape(_clean(words))


def _coloured(passages: Sequence[Passage], places: dict[str, int]) -> str:
    spans = (
        f'<span class="by by{places[each.author]}" title="{_escaped(each.author)}">{_escaped(each.shown)}</span>'
        for each in passages
    )
    return f'<div class="piece">{"".join(spans)}</div>'


def _table(turns: Sequence[Turn], places: dict[str, int]) -> str:
    rows = (
        f'<tr><td class="number">{turn.start + 1:,} – {turn.stop:,}</td>'
        f'<td><span class="by by{places[turn.author]}">{_escaped(turn.author)}</span></td>'
        f"<td>{_escaped(how(turn))}</td></tr>"
        for turn in turns
    )
    head = '<thead><tr><th scope="col">events</th><th scope="col">who</th><th scope="col">how</th></tr></thead>'
    return f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"


# ── Markdown ───────────────────────────────────────────────────────────────────────────────────────────────────────


def markdown(session: Session) -> str:
    """The session as Markdown: a way of setting for each author, in tags that every reader of it knows."""
    authorship = Authorship.of(session)
    places = _places(authorship.shares, len(_TAGS))
    looks = [f"{_LOOKS[place]}: " if authorship.passages is not None else "" for place in places.values()]
    shares = zip(looks, authorship.shares.items(), strict=True)
    legend = [f"- {look}{_marked(author)}, {_percent(share)}" for look, (author, share) in shares]
    if authorship.passages is None:
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", authorship.whole)), default=0))
        shown = f"{fence}\n{_clean(authorship.whole)}\n{fence}"
    else:
        shown = _set(authorship.passages, places)
    rows = [
        f"| {turn.start + 1:,} – {turn.stop:,} | {_marked(turn.author)} | {_marked(how(turn))} |"
        for turn in authorship.turns
    ]
    blocks = [
        f"# A session with {_marked(session.instrument.name)}",
        _marked(_told(session, authorship)),
        "\n".join(legend),
        "---",
        shown,
        "---",
        "\n".join(["| events | who | how |", "|---|---|---|", *rows]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _set(passages: Sequence[Passage], places: dict[str, int]) -> str:
    """Line by line, for no tag reaches over a blank line."""
    lines: list[str] = [""]
    for passage in passages:
        before, after = _TAGS[places[passage.author]]
        for number, part in enumerate(_clean(passage.shown).split("\n")):
            if number:
                lines.append("")
            if part:
                marked = _marked(part, beginning=not lines[-1])
                lines[-1] += f"{before}{marked}{after}" if part.strip() else marked
    paragraphs = "\n".join(line if line.strip() else "" for line in lines).strip("\n")
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", paragraphs)


def _marked(words: str, beginning: bool = True) -> str:
    """Words of which nothing is taken for a mark; spaces at the beginning of a line stay there."""
    words = _clean(words).replace("\n", " ").replace("\t", "    ")
    lead = len(words) - len(words.lstrip(" ")) if beginning else 0
    rest = _MARKS.sub(lambda found: _spared(found[0]), words[lead:])
    return "&nbsp;" * lead + rest


def _spared(mark: str) -> str:
    return f"{mark[:-1]}\\{mark[-1]}" if mark[0].isdigit() else f"\\{mark}"
