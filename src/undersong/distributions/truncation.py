"""Which symbols may be drawn at all: four ways to leave out the tail of the odds, and in what order.

First top-k (Fan, Lewis & Dauphin, 2018, "Hierarchical neural story generation"), then locally typical sampling
(Meister, Pimentel, Wiher & Cotterell, 2023), then top-p, the nucleus (Holtzman, Buys, Du, Forbes & Choi, 2020, "The
curious case of neural text degeneration"), then min-p (Nguyen et al., 2024, "Turning up the heat"). Each looks at the
odds at temperature 1 among what those before it left, so that what may be said does not depend on how boldly one
chooses among it. Of symbols equally likely the first come first, and one always stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from undersong.distributions.distribution import Dial
from undersong.distributions.reductions import chosen, counted, cumulative, largest, namespace, total

__all__ = ["TRUNCATIONS", "kept", "truncates"]

TRUNCATIONS = (
    Dial("top_k", "Only so many of the likeliest may follow; 0 is all.", 0.0, 100_000.0, 0.0, whole=True),
    Dial("typical", "Only what surprises about as much as expected, so much of the odds; 1 is all.", 0.0, 1.0, 1.0),
    Dial("top_p", "Only the likeliest that together have so much of the odds; 1 is all.", 0.0, 1.0, 1.0),
    Dial("min_p", "Only what is at least so likely beside the likeliest, which is 1; 0 is all.", 0.0, 1.0, 0.0),
)
"""The dials, in the order in which they act."""

_SLACK = 1e-12  # far above what sums of odds round by, far below any odds that matter


def truncates(dials: Mapping[str, float]) -> bool:
    """Whether any of these dials is turned."""
    return any(dials.get(dial.name, dial.neutral) != dial.neutral for dial in TRUNCATIONS)


def kept(logits: Any, dials: Mapping[str, float]) -> Any:
    """Which symbols stay: logits (…, V) in float64, -inf where nothing may follow → (…, V) of yes and no."""
    xp = namespace(logits)
    k, typical = int(dials.get("top_k", 0)), dials.get("typical", 1.0)
    p, least = dials.get("top_p", 1.0), dials.get("min_p", 0.0)
    if 0 < k < logits.shape[-1]:
        keys = -logits
        last = xp.sort(keys, axis=-1)[..., k - 1 : k]
        logits = xp.where(_first(keys, last, k), logits, -math.inf)
    if typical < 1:
        logits = xp.where(_typical(logits, typical), logits, -math.inf)
    if p < 1:
        keys = -xp.exp(logits - largest(logits))
        ordered = xp.sort(keys, axis=-1)
        count = _needed(ordered / total(keys), p)
        logits = xp.where(_first(keys, chosen(ordered, count - 1), count), logits, -math.inf)
    if least > 0:
        logits = xp.where(logits >= largest(logits) + (math.log(least) - _SLACK), logits, -math.inf)
    return logits > -math.inf


def _typical(logits: Any, p: float) -> Any:
    """The symbols whose surprise is nearest to the entropy, which is the surprise one expects."""
    xp = namespace(logits)
    logits = logits - largest(logits)
    log_odds = logits - xp.log(total(xp.exp(logits)))
    odds = xp.exp(log_odds)
    entropy = -total(odds * xp.where(odds > 0, log_odds, 0.0))
    away = xp.abs(log_odds + entropy)
    order = xp.argsort(away, axis=-1, stable=True)
    count = _needed(chosen(odds, order), p)
    return _first(away, chosen(away, chosen(order, count - 1)), count)


def _needed(odds: Any, p: float) -> Any:
    """(…, V) → (…, 1): how many, in this order, it takes to have so much of the odds; one at least."""
    before = cumulative(odds) - odds
    count = counted(before < p - _SLACK)[..., None]
    return namespace(odds).where(count > 1, count, 1)


def _first(keys: Any, last: Any, count: Any) -> Any:
    """(…, V): which are the `count` smallest keys, of which `last` (…, 1) is the largest; of equal ones the first."""
    xp = namespace(keys)
    below, equal = keys < last, keys == last
    room = count - counted(below)[..., None]
    return below | (equal & (cumulative(xp.astype(equal, xp.int64)) <= room))
