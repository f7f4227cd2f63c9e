"""What people wrote to one another, however it came: records of who wrote what, and a form that can be read back.

A message is one line, `Ana: Are you coming?`. Where it had several lines, the others follow indented by two spaces;
empty lines within it stay, one at a time. `messages` reads that form back, so that a played chat is a chat again.
"""

from __future__ import annotations

import re
from typing import final

from undersong.media.text.reading.document import Document
from undersong.media.text.reading.fields import MOST_CELLS, Tally, as_text, lines_of

__all__ = ["MOST_MESSAGES", "TEMPLATE", "Chat", "message", "messages"]

TEMPLATE = "{speaker}: {text}"
MOST_MESSAGES = MOST_CELLS // 4
"""Of one chat; a lively group writes so many in thirty years."""
_INDENT = "  "
_NOBODY = "unknown"
_LONGEST_NAME = 100  # characters
_SPACE_IN_NAME = re.compile(r"\s+")


def message(speaker: str, text: str, **others: str) -> dict[str, str] | None:
    """A message as a record: `speaker` a name without colons, `text` in the form above; None where it says nothing.

    `others` are further fields, such as `time` as it was written; empty ones are left out.
    """
    said = _indented(as_text(text))
    if not said:
        return None
    record = {"speaker": _name(speaker), "text": said}
    record.update({field: value for field, raw in others.items() if (value := " ".join(as_text(raw).split()))})
    return record


def messages(text: str) -> list[dict[str, str]]:
    """The messages of a text in the form above, as records with `speaker` and `text`; other lines are passed over."""
    found: list[tuple[str, list[str]]] = []
    empty = False
    for line in lines_of(text):
        if not line.strip():
            empty = True
            continue
        if line.startswith(_INDENT):
            if found:
                found[-1][1].extend(["", line] if empty else [line])
        else:
            speaker, colon, said = line.partition(": ")
            if colon and speaker.strip() and said.strip():
                found.append((speaker, [said]))
        empty = False
    return [{"speaker": speaker, "text": "\n".join(said)} for speaker, said in found]


@final
class Chat:
    """A chat as its messages are found; what is left out is counted by the reason."""

    def __init__(self) -> None:
        self.records: list[dict[str, str]] = []
        self.left_out = Tally()

    def add(self, record: dict[str, str] | None, otherwise: str = "") -> None:
        """A message; where there is none, `otherwise` is why."""
        if record is None:
            if otherwise:
                self.left_out.add(otherwise)
        elif len(self.records) < MOST_MESSAGES:
            self.records.append(record)
        else:
            self.left_out.add(f"messages after the first {MOST_MESSAGES:,}, more than can be held")

    def document(self, form: str, *notes: str) -> Document | None:
        """The chat; None where nobody says anything. `form` is what people call it: "a WhatsApp chat"."""
        if not self.records:
            return None
        people = len({record["speaker"] for record in self.records})
        said = [f"It holds {len(self.records):,} messages by {people:,} {'people' if people > 1 else 'person'}."]
        said += self.left_out.notes()
        said += notes
        if any("\n" in record["text"] for record in self.records):
            said.append("Where a message has several lines, those after the first are indented by two spaces.")
        return Document(form, records=tuple(self.records), template=TEMPLATE, notes=tuple(said), sensitive=True)


def _name(speaker: str) -> str:
    plain = _SPACE_IN_NAME.sub(" ", as_text(speaker)).strip()[:_LONGEST_NAME].strip()
    if ":" in plain:
        plain = _SPACE_IN_NAME.sub(" ", plain.replace(":", " ")).strip()
    return plain or _NOBODY


def _indented(text: str) -> str:
    if "\n" not in text:
        return text
    lines: list[str] = []
    for line in map(str.rstrip, text.split("\n")):
        if line:
            lines.append(_INDENT + line if lines else line)
        elif lines[-1]:
            lines.append("")
    return "\n".join(lines)
