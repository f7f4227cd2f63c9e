"""What every verb that plays pieces shares: how they begin, how they are shown and kept, what of them is copied."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from undersong.cli.saving import is_device, is_standard_output, save, save_bytes
from undersong.cli.saying import harmless, say
from undersong.errors import InputError, UsageError

if TYPE_CHECKING:
    from undersong.events import AbstractPiece
    from undersong.playing.copying import Copied
    from undersong.playing.instrument import Instrument

__all__ = ["opening_of", "shown", "tell_copied", "write_pieces"]

_LONGEST = 60  # characters of a copied span, that the line stays one


def opening_of(instrument: Instrument, prompt: str, ask: Sequence[str]) -> AbstractPiece:
    """What is to be gone on with: a beginning, or fields by name. Raises UsageError, PromptError."""
    given: dict[str, str] = {}
    for each in ask:
        name, equals, text = each.partition("=")
        if not equals or not name.strip() or name.strip() in given:
            raise UsageError(f"--ask {each} is not of the form name=text.", "Each field once: --ask word=sometifent")
        given[name.strip()] = text.strip()
    if not given:
        return instrument.medium.prompt(prompt)
    if prompt:
        raise UsageError("A piece goes on with a prompt or with fields, not both.", "Leave out --prompt or --ask.")
    opening = instrument.medium.prompt(given)
    codec = instrument.codec
    if type(codec.decode(codec.encode(opening))) is not type(opening):  # what learned no fields gives none back
        raise UsageError(
            f"'{instrument.name}' has no fields that could be asked for: it learned works as they are.",
            "Begin its piece with --prompt, or learn a table with --set read.fields=…",
        )
    return opening


def shown(words: str) -> str:
    """As it is into a pipe; to a terminal without what would command it."""
    return harmless(words) if sys.stdout.isatty() else words


def tell_copied(instrument: Instrument, copied: list[tuple[Copied, ...]]) -> None:
    """What of the samples stands in the material, in one line for people."""
    assert instrument.fingerprints is not None
    measure, known = instrument.medium.measure, instrument.fingerprints
    found = [span for spans in copied for span in spans]
    if not found:
        say(f"Nothing of {known.surely} {measure}s or more is copied.")
        return
    longest = max(found, key=len)
    words = harmless(" ".join(str(longest).split()))
    words = words if len(words) <= _LONGEST else words[:_LONGEST] + "…"
    spans = "1 span" if len(found) == 1 else f"{len(found):,} spans"
    say(
        f"Copied: {spans} of {known.shortest} or more {measure}s, the longest {len(longest):,}"
        + (f': "{words}"' if words else ".")
    )


def write_pieces(instrument: Instrument, out: Path, pieces: Sequence[AbstractPiece], layout: str | None) -> int:
    """Write the pieces as one page where there is such a page, else a file each; gives how many files it made."""
    page = _page(instrument, out.suffix.lower(), pieces, layout)
    if page is not None:
        if is_standard_output(out):
            sys.stdout.write(page.decode())
        else:
            save_bytes(out, page)
        return 1
    alone = is_standard_output(out) or is_device(out)
    for number, piece in enumerate(pieces):
        save(out if number == 0 or alone else out.with_name(f"{out.stem}-{number + 1}{out.suffix}"), piece)
    return len(pieces)


def _page(instrument: Instrument, suffix: str, pieces: Sequence[AbstractPiece], layout: str | None) -> bytes | None:
    """All of them as one file. None where they are better apart, or have no such page and nobody asked for a layout."""
    if layout is not None:
        return instrument.medium.bound(pieces, suffix or ".txt", layout)
    if suffix != ".html" and (len(pieces) == 1 or suffix in ("", ".txt")):
        return None
    try:
        return instrument.medium.bound(pieces, suffix, str(instrument.facts.get("layout", "")))
    except InputError:
        return None
