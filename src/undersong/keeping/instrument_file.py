"""An instrument in one file that plays anywhere: a plain zip of instrument.json, its graphs, its card, and attachments.

It may come from anyone. Reading unfolds nothing to the disk, runs nothing, and stops at the first thing that does not
belong: members have fixed names and a size that is checked before and while they are read; a graph has its digest in
instrument.json, is made of listed operators, and takes and gives exactly what is declared. So whoever holds an
`InstrumentFile` that was read may play its graphs.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, final

from undersong.errors import InstrumentFileError, MissingFileError, UnreadableFileError
from undersong.keeping.check import CHECK_FILE, read_check
from undersong.keeping.description import FORMAT, Description
from undersong.keeping.interface import GRAPHS, check_interface
from undersong.keeping.onnx_reader import read_graph
from undersong.keeping.strict_json import read_object
from undersong.keeping.writing import write_beside

__all__ = ["ATTACHMENTS", "FORMAT", "Description", "InstrumentFile", "check_interface", "parse", "read", "write"]

ATTACHMENTS = (CHECK_FILE, "fingerprints.bin")
"""What else may lie in the file; all of it optional."""

_DESCRIPTION, _CARD = "instrument.json", "card.md"
_GRAPH_FILES = {f"{name}.onnx": name for name in GRAPHS}
_MEMBERS = {_DESCRIPTION, _CARD, *_GRAPH_FILES, *ATTACHMENTS}
_WHOLE = 2_000_000_000  # bytes of all members together, unfolded; so that no file needs the zip of 64 bits
_PROSE = 64 * 1024**2  # bytes of instrument.json, and of the card
_SMALL = 16 * 1024**2  # up to here a member may unfold from as little as it likes
_RATIO = 200  # beyond, to at most so many times its size; weights shrink to nine tenths, vocabularies to a quarter
_CHUNK = 1024**2
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold: equal instruments are equal files
_DIRECTORY = 65_536  # bytes of the zip's own table of contents; ours has ten lines at most
_BROKEN = (  # all that zipfile raises for bytes that are no zip; NotImplementedError is a RuntimeError
    zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, EOFError, ValueError, OverflowError, LookupError,
    MemoryError, OSError,
)  # fmt: skip


@final
@dataclass(frozen=True)
class InstrumentFile:
    """An instrument as it is kept: graphs by name (start, step, turn, scan, read), attachments by file name.

    `step` is what was learned; `step_int8` the same in integers of 8 bits, which is played where it gives what the
    attachment `check.json` says.
    """

    description: Description
    graphs: Mapping[str, bytes]
    card: str = ""
    attachments: Mapping[str, bytes] = field(default_factory=dict)


def write(path: str | Path, file: InstrumentFile) -> Path:
    """Save an instrument; the same instrument gives the same bytes.

    Raises KeepingError where the disk refuses (an older file is then untouched), InstrumentFileError where the
    instrument is one that `read` would refuse.
    """
    _check_graph_names(file.graphs)
    listing = {
        name: {"file": f"{name}.onnx", "sha256": hashlib.sha256(graph).hexdigest()}
        for name, graph in file.graphs.items()
    }
    described = file.description.to_json()
    try:
        written = json.dumps({**described, "graphs": listing}, ensure_ascii=False, indent=1, allow_nan=False).encode()
        members = {_DESCRIPTION: written, _CARD: file.card.encode()}
    except (TypeError, ValueError) as error:
        raise InstrumentFileError(f"The description or card holds what a file cannot keep: {error}.") from error
    description = _description(read_object(written))
    _check_graphs(description, file.graphs)
    _check_attachments(description, file.attachments)
    members |= {f"{name}.onnx": file.graphs[name] for name in GRAPHS if name in file.graphs}
    members |= dict(sorted(file.attachments.items()))
    _check_sizes({name: len(member) for name, member in members.items()})
    return write_beside(path, lambda target: _pack(target, members))


def read(path: str | Path) -> InstrumentFile:
    """An instrument from a file. Raises MissingFileError, UnreadableFileError, InstrumentFileError."""
    if not os.path.exists(path):
        raise MissingFileError(f"There is no instrument at '{path}'.")
    if not os.path.isfile(path):  # a pipe would be waited for without end
        raise UnreadableFileError(f"'{path}' is not a file.", "Name the .undersong file itself.")
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below, where errors mean something else
    except OSError as error:
        raise UnreadableFileError(f"'{path}' cannot be opened: {error.strerror}.") from error
    with file:
        return _unpack(file, str(path))


def parse(data: bytes, name: str = "the instrument") -> InstrumentFile:
    """An instrument from bytes that came from elsewhere; `name` is what errors call them."""
    return _unpack(io.BytesIO(data), name)


def _pack(target: BinaryIO, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, so that the mode below means the same on every system
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            bomb = len(data) > _SMALL and len(zlib.compress(data, 1)) * _RATIO // 2 < len(data)
            info.compress_type = zipfile.ZIP_STORED if bomb else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def _unpack(file: BinaryIO, name: str) -> InstrumentFile:
    try:
        members = _members(file)
        data = read_object(members[_DESCRIPTION])
        graphs = {_GRAPH_FILES[member]: found for member, found in members.items() if member in _GRAPH_FILES}
        _check_listing(data.get("graphs"), graphs)
        description = _description(data)
        _check_graphs(description, graphs)
        attachments = {member: found for member, found in members.items() if member in ATTACHMENTS}
        _check_attachments(description, attachments)
        return InstrumentFile(description, graphs, members[_CARD].decode("utf-8"), attachments)
    except InstrumentFileError as error:
        raise InstrumentFileError(f"'{name}': {error.what}", error.do) from error
    except UnicodeDecodeError as error:
        raise InstrumentFileError(f"'{name}': its card is not UTF-8.") from error


def _members(file: BinaryIO) -> dict[str, bytes]:
    """What lies in the zip, by name, in the order of the zip."""
    try:
        _check_ends(file)
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            _check_members(infos)
            return {info.filename: _unfolded(archive, info) for info in infos}
    except _BROKEN as error:
        raise InstrumentFileError(
            "it is not a whole instrument file: it is cut off, damaged, or something else.",
            "Fetch it again, or ask whoever sent it.",
        ) from error


def _check_ends(file: BinaryIO) -> None:
    """The zip must be all there is, and its table of contents short: zipfile would read one of any length."""
    file.seek(0)
    begins = file.read(4)
    file.seek(-min(42, file.seek(0, io.SEEK_END)), io.SEEK_END)
    locator, end = file.read(20), file.read(22)
    signature, _, directory, _, comment = struct.unpack("<4s8sIIH", end)
    plain = begins == b"PK\3\4" and signature == b"PK\5\6" and comment == 0 and not locator.startswith(b"PK\6\7")
    if not plain or directory > _DIRECTORY:
        raise zipfile.BadZipFile


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in infos]
    for info in infos:
        if info.filename not in _MEMBERS or info.orig_filename != info.filename:
            raise InstrumentFileError(f"it holds {info.orig_filename[:60]!a}, which does not belong in it.")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise InstrumentFileError(f"its '{info.filename}' is a link or something else that is no plain file.")
        if info.flag_bits & 0x1:
            raise InstrumentFileError(f"its '{info.filename}' is encrypted.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InstrumentFileError(f"its '{info.filename}' is packed in a way we do not read.")
        if info.file_size > max(_SMALL, info.compress_size * _RATIO):
            raise InstrumentFileError(f"its '{info.filename}' would unfold to {info.file_size:,} bytes.")
    for name in names:
        if names.count(name) > 1:
            raise InstrumentFileError(f"it holds '{name}' twice.")
    for name in (_DESCRIPTION, _CARD):
        if name not in names:
            raise InstrumentFileError(f"it holds no {name}.")
    _check_sizes({info.filename: info.file_size for info in infos})


def _check_sizes(sizes: Mapping[str, int]) -> None:
    for name in (_DESCRIPTION, _CARD):
        if sizes[name] > _PROSE:
            raise InstrumentFileError(f"its {name} is {sizes[name]:,} bytes long; {_PROSE:,} are allowed.")
    for name in sizes:
        if name not in _MEMBERS:
            raise InstrumentFileError(f"it would hold '{name}', which does not belong in it.")
    if sum(sizes.values()) > _WHOLE:
        raise InstrumentFileError(f"it is {sum(sizes.values()):,} bytes long; {_WHOLE:,} are allowed.")


def _unfolded(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member, read piece by piece: what a zip says of a size is only a claim."""
    chunks, size = [], 0
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK):
            size += len(chunk)
            if size > info.file_size:
                raise InstrumentFileError(f"its '{info.filename}' is longer than it says.")
            chunks.append(chunk)
    if size != info.file_size:
        raise InstrumentFileError(f"its '{info.filename}' is shorter than it says.")
    return b"".join(chunks)


def _description(data: Mapping[str, Any]) -> Description:
    return Description.from_json({key: value for key, value in data.items() if key != "graphs"})


def _check_graph_names(graphs: Mapping[str, bytes]) -> None:
    for name in graphs:
        if name not in GRAPHS:
            raise InstrumentFileError(f"An instrument has no graph {name!a}; it may have {', '.join(GRAPHS)}.")
    if "step" not in graphs and "read" not in graphs:
        raise InstrumentFileError("An instrument needs a graph 'step' or 'read'.")
    if "step_int8" in graphs and "step" not in graphs:
        raise InstrumentFileError("An instrument with a graph 'step_int8' needs the 'step' that it stands for.")


def _check_graphs(description: Description, graphs: Mapping[str, bytes]) -> None:
    for name, graph in graphs.items():
        check_interface(description, name, read_graph(graph, f"{name}.onnx"))


def _check_attachments(description: Description, attachments: Mapping[str, bytes]) -> None:
    if CHECK_FILE in attachments:
        read_check(attachments[CHECK_FILE], description)


def _check_listing(listing: Any, graphs: Mapping[str, bytes]) -> None:
    """The graphs must be those that instrument.json lists, bit for bit."""
    _check_graph_names(graphs)
    if not isinstance(listing, dict) or set(listing) != set(graphs):
        raise InstrumentFileError("its instrument.json does not list the graphs that lie in the file.")
    for name, graph in graphs.items():
        entry = {"file": f"{name}.onnx", "sha256": hashlib.sha256(graph).hexdigest()}
        if listing[name] != entry:
            raise InstrumentFileError(f"its {name}.onnx is not the one that instrument.json lists.")
