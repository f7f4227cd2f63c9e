"""What an instrument learned from, and what it left out to be tested on, where that is at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from undersong import registry
from undersong.errors import InputError, RunFolderError, TooLittleError, UnknownNameError
from undersong.events import AbstractCodec, AbstractMedium, AbstractPiece, Material
from undersong.keeping.run_folder import RunFolder
from undersong.making.corpus import Corpus, medium_for
from undersong.making.fingerprinting import pieces_in_parts

__all__ = ["Learned", "learned_by", "learned_from", "shipped_with"]

_BUILTIN = "builtin:"


@final
@dataclass(frozen=True)
class Learned:
    """Material by its name, as events of a codec: `corpus.known` was learned, `corpus.held_out` was not."""

    name: str
    medium: AbstractMedium
    codec: AbstractCodec
    corpus: Corpus
    read: Mapping[str, Any] = field(default_factory=dict)
    """What the reader was asked, so that another file is read alike."""

    @property
    def whole(self) -> bool:
        """Whether its pieces are learned each from its start, so that none is cut."""
        return self.medium.shape == "pieces" or self.corpus.end is not None

    def pieces(self) -> Iterator[Iterator[AbstractPiece]]:
        """What was learned, each piece in parts."""
        return pieces_in_parts(self.codec, self.corpus.known)


def learned_by(folder: RunFolder) -> Learned | None:
    """The corpus a run was begun with; None where its private half is not there. Raises RunFolderError."""
    if not (folder.corpus.is_file() and folder.events.is_file()):
        return None
    told = folder.read_json("private/codec.json")
    try:
        medium: AbstractMedium = registry.load("media", told["medium"])()
        codec: AbstractCodec = registry.load("codecs", told["codec"]["kind"]).from_json(told["codec"])
    except (KeyError, TypeError) as error:
        raise RunFolderError(f"'{folder.private / 'codec.json'}' does not say what was learned.") from error
    read = folder.read_json("private/read.json") if (folder.private / "read.json").is_file() else {}
    return Learned(folder.name, medium, codec, Corpus.read(folder), read)


def learned_from(names: Sequence[str], kind: str, split: bool) -> Learned:
    """Files or `builtin:NAME` as `learn` would take them apart; without a split all of it counts as learned.

    `kind` is the medium they must be read by, or "auto". Raises MissingFileError, UnreadableFileError, TooLittleError,
    UnknownNameError, UsageError.
    """
    medium, paths, labels = medium_for(names, kind)
    material = medium.cut(medium.read(paths, to_learn=False), "auto")
    name = ", ".join(Path(label).name.removeprefix(_BUILTIN) for label in labels)
    return _learned(medium, material, name, split)


def _learned(medium: AbstractMedium, material: Material, name: str, split: bool) -> Learned:
    shape = medium.shape if material.cut == "whole" else "pieces"
    unit = medium.units[0]
    if split:
        corpus, codec = Corpus.of(medium, material.pieces, unit, shape)
        return Learned(name, medium, codec, corpus)
    codec = medium.codec(material.pieces, unit)
    smallest = np.min_scalar_type(codec.event.count or 0) if codec.event.is_symbol else np.dtype(codec.event.dtype)
    events = [
        np.concatenate([part.astype(smallest) for part in codec.encode_in_parts(piece)]) for piece in material.pieces
    ]
    ends = np.cumsum([len(each) for each in events])
    if not len(ends) or not ends[-1]:
        raise TooLittleError(f"There is nothing in {name}.")
    cuts = np.stack([np.append(0, ends[:-1]), ends, ends, ends], axis=1)
    conditions = tuple(codec.condition(piece) for piece in material.pieces)
    end = codec.end if shape == "pieces" else None
    return Learned(name, medium, codec, Corpus(np.concatenate(events), cuts, conditions, end))


def shipped_with(facts: dict[str, Any], medium: AbstractMedium) -> Learned | None:
    """The material of a voice that learned from what ships with Undersong; None where it is another by now."""
    names = [name for name in str(facts.get("sources", "")).split(", ") if name]
    if not names or not all(name.startswith(_BUILTIN) for name in names):
        return None
    try:
        found = learned_from(names, medium.kind, split=True)
    except (UnknownNameError, InputError):
        return None
    length = sum(found.codec.measure(found.codec.decode(each.events)) for each in found.corpus.held_out)
    same = found.medium.kind == medium.kind and facts.get("held_out") in (length, length + len(found.corpus.held_out))
    return found if same else None
