"""Graphs, codec and facts put together as an instrument file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping.instrument_file import Description, InstrumentFile
from undersong.learning.export import to_graphs
from undersong.learning.models.autoregressive import Autoregressive, build_distribution

__all__ = ["assemble"]


def assemble(
    name: str,
    medium: AbstractMedium,
    codec: AbstractCodec,
    model: Autoregressive,
    facts: Mapping[str, Any],
    card: str = "",
) -> InstrumentFile:
    """The instrument as it stands. `facts` become the file's provenance: nothing in them may be the person's own."""
    graphs = to_graphs(model)
    distribution = build_distribution(codec.distribution)
    description = Description(
        name=name,
        medium=medium.kind,
        codec={"kind": codec.kind, **codec.to_json()},
        distribution=distribution.to_json(),
        event=codec.event,
        start_event=codec.start.tolist(),
        conditions=codec.conditions,
        state=dict(model.core.state_shapes),
        dials=distribution.dials,
        provenance=dict(facts),
    )
    return InstrumentFile(description, graphs, card)
