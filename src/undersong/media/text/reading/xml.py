"""XML from strangers: read as it streams, without its tree, its entities or anything it points to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from undersong.errors import UnreadableFileError
from undersong.media.text.reading.archives import broken
from undersong.media.text.reading.limits import DEEPEST

__all__ = ["AbstractElements", "read_xml"]

_PART = 1 << 16  # bytes at a time


class AbstractElements(ABC):
    """Hears elements and text in order; names come without their namespace."""

    @abstractmethod
    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    @abstractmethod
    def end(self, tag: str) -> None:
        """It ends."""

    def text(self, text: str) -> None:  # noqa: B027 - most hear of elements only
        """Text between two of these."""


class _Target:
    def __init__(self, heard: AbstractElements, name: str) -> None:
        self._heard, self._name, self._depth = heard, name, 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise UnreadableFileError(
                f"'{self._name}' holds elements within elements, more than {DEEPEST:,} deep.",
                "No word processor writes such a file: do not trust it.",
            )
        self._heard.begin(_local(tag), {_local(key): value for key, value in attributes.items()})

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._heard.end(_local(tag))

    def data(self, text: str) -> None:
        self._heard.text(text)

    def close(self) -> None:
        return None


def read_xml(data: bytes, heard: AbstractElements, name: str) -> None:
    """Tell `heard` all that stands in it. Raises UnreadableFileError for entities of its own and for broken XML."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    parser = DefusedXMLParser(target=_Target(heard, name), forbid_dtd=False, forbid_entities=True)
    try:
        for at in range(0, len(data), _PART):
            parser.feed(data[at : at + _PART])
        parser.close()
    except DefusedXmlException as error:
        raise UnreadableFileError(
            f"'{name}' declares entities of its own or points elsewhere, as hostile files do; it was not read.",
            "Open it in its program and save it again.",
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise broken(name, "XML") from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
