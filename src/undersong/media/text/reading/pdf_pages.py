"""The pages of a PDF from standard input, as lines of JSON: run by itself, so that no PDF can take the program along.

This file imports nothing of Undersong, for it is started as a script: how many pages, seconds a page, bytes of memory.
"""

from __future__ import annotations

import faulthandler
import json
import sys
from io import BytesIO

__all__ = ["told"]

_MOST_CHARACTERS = 1 << 28  # of all pages together


def told(data: bytes, most_pages: int, seconds: float) -> None:
    """Write each page's text as a JSON string, then an object that says how it went."""
    import logging

    logging.disable(logging.CRITICAL)  # it warns of each small fault of a file
    try:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError, FileNotDecryptedError, WrongPasswordError
    except ImportError:
        _say({"error": "missing"})
        return
    _watch(seconds)
    try:
        reader = PdfReader(BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            _say({"error": "locked"})
            return
        count = len(reader.pages)
    except (DependencyError, FileNotDecryptedError, WrongPasswordError):
        _say({"error": "locked"})
        return
    except (Exception, RecursionError, MemoryError) as error:
        _say({"error": "broken", "why": type(error).__name__})
        return
    failed = characters = 0
    for index in range(min(count, most_pages)):
        _watch(seconds)
        try:
            text = reader.pages[index].extract_text()
        except (DependencyError, FileNotDecryptedError):
            _say({"error": "locked"})
            return
        except (Exception, RecursionError, MemoryError):
            failed += 1
            text = ""
        characters += len(text)
        _say(text)
        if characters > _MOST_CHARACTERS:
            break
    _say({"pages": count, "failed": failed})


def _watch(seconds: float) -> None:
    """End this process when the page at hand takes longer; what was told until then stays told."""
    if seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)


def _say(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _hold(memory: int) -> None:
    """Ask the system to refuse more memory than this, where it can."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    _pages, _seconds, _memory = sys.argv[1:]
    given = sys.stdin.buffer.read()
    _hold(int(_memory) + 3 * len(given))
    told(given, int(_pages), float(_seconds))
