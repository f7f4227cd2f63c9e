"""How much of anything is read: what is beyond is refused, so that no file can take all time or memory."""

from __future__ import annotations

__all__ = [
    "DEEPEST",
    "LEAST_SUSPICIOUS",
    "MOST_BYTES",
    "MOST_MARKUP",
    "MOST_MEMBERS",
    "MOST_PAGES",
    "MOST_PAGE_BYTES",
    "MOST_PAGE_SECONDS",
    "MOST_RATIO",
    "MOST_SECONDS",
    "MOST_UNPACKED",
]

MOST_BYTES = 1 << 30
"""Of one file as it lies on the disk, or of standard input: a thousand million letters, years of reading aloud."""

MOST_UNPACKED = 1 << 29
"""Bytes of all that one archive, one book or one gzip file holds, unpacked: a hundred encyclopaedia volumes."""

MOST_RATIO = 200
"""Times its packed size that a member may grow; prose grows 3 to 5 times, a dull log 50, a bomb 1,000."""

LEAST_SUSPICIOUS = 1 << 24
"""Bytes below which nobody asks how well something was packed: a page of blanks is no bomb."""

MOST_MEMBERS = 100_000
"""Files in one archive; each takes memory before a letter of it is read."""

MOST_MARKUP = 1 << 26
"""Bytes of one page or one part of a document; War and Peace with all its mark-up is 12 million."""

DEEPEST = 10_000
"""Groups or elements within one another; people write 30."""

MOST_PAGES = 20_000
"""Pages of a PDF: beyond the longest novels by far, and an end for page trees that go in circles."""

MOST_PAGE_SECONDS = 30
"""For one page of a PDF, which usually takes a twentieth of one."""

MOST_SECONDS = 600
"""For one PDF, or one archive; what was read until then is kept, and that is said."""

MOST_PAGE_BYTES = 2 << 30
"""Memory of the process in which a PDF is read, where the system can hold it to that."""
