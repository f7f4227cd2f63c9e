"""Zip and gzip: what they hold, read part by part, never more than can be taken in; nothing is written anywhere."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Protocol, final

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.files import harmless
from undersong.media.text.reading.limits import LEAST_SUSPICIOUS, MOST_MEMBERS, MOST_RATIO, MOST_UNPACKED

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

__all__ = ["Archive", "broken", "ungzipped"]

_PART = 1 << 18  # bytes unpacked at a time
_LOCKED = 1  # the bit of a member's flags that says it wants a password
_WRONG = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, KeyError, IndexError, zlib.error)


class _Source(Protocol):
    def read(self, count: int, /) -> bytes: ...


@final
class Archive:
    """The members of a zip file, in order of name. Raises UnreadableFileError for what is no sound zip file."""

    def __init__(self, data: bytes, name: str) -> None:
        from struct import error as StructError
        from zipfile import BadZipFile, ZipFile

        self.name = name
        self._left = MOST_UNPACKED
        if data.count(b"PK\x01\x02") > MOST_MEMBERS:  # what its directory begins each entry with
            raise UnreadableFileError(f"'{name}' holds more than {MOST_MEMBERS:,} files.", "Hand in a part of them.")
        try:
            self._zip: ZipFile = ZipFile(BytesIO(data))
            found = [info for info in self._zip.infolist() if not info.is_dir()]
        except (BadZipFile, StructError, *_WRONG) as error:
            raise broken(name, "zip file") from error
        self._members: dict[str, ZipInfo] = {info.filename: info for info in found}

    @property
    def names(self) -> Sequence[str]:
        return sorted(self._members)

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def read(self, member: str, most: int = MOST_UNPACKED) -> bytes:
        """One member's bytes. Raises UnreadableFileError where it is missing, locked, broken, or more than `most`."""
        from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile

        info = self._members.get(member)
        where = f"{self.name}/{harmless(member)}"
        if info is None:
            raise UnreadableFileError(f"'{self.name}' lacks its part '{harmless(member)}'.", "It may be cut short.")
        if info.flag_bits & _LOCKED:
            raise UnreadableFileError(f"'{where}' is locked by a password.", "Unpack it first, then hand in the files.")
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise UnreadableFileError(
                f"'{where}' is packed in a way that is not read here.", "Unpack it first, then hand in the files."
            )
        try:
            with self._zip.open(info) as source:
                data = _unpacked(source, where, max(info.compress_size, 1), min(most, self._left))
        except (BadZipFile, *_WRONG) as error:
            raise broken(where, "part of a zip file") from error
        self._left -= len(data)
        return data


def ungzipped(data: bytes, name: str) -> bytes:
    """What one gzip file holds. Raises UnreadableFileError where it is cut short, broken or too much."""
    from gzip import GzipFile

    try:
        with GzipFile(fileobj=BytesIO(data)) as source:
            return _unpacked(source, name, len(data), MOST_UNPACKED)
    except _WRONG as error:
        raise broken(name, "gzip file") from error


def _unpacked(source: _Source, name: str, packed: int, most: int) -> bytes:
    parts = bytearray()
    while part := source.read(_PART):
        parts += part
        if len(parts) > most:
            raise UnreadableFileError(
                f"'{name}' unpacks to more than {most / 1e6:,.0f} million bytes, as a bomb does.",
                "Unpack it yourself if you trust it, and hand in the part to learn.",
            )
        if len(parts) > max(LEAST_SUSPICIOUS, MOST_RATIO * packed):
            raise UnreadableFileError(
                f"'{name}' grows more than {MOST_RATIO} times as it is unpacked, as a zip bomb does.",
                "Unpack it yourself if you trust it, and hand in the files.",
            )
    return bytes(parts)


def broken(name: str, kind: str) -> UnreadableFileError:
    """What to say of a file that is cut short or not what it says it is."""
    return UnreadableFileError(
        f"'{name}' is no sound {kind}: it is cut short or broken.", "Fetch or save it again, and try again."
    )
