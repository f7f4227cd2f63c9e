"""What may follow what in a record, as an automaton: which fields were used, and where the text of one stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from undersong.events import AbstractCodec, Grammar

__all__ = ["grammar", "situations"]


def situations(inner: AbstractCodec) -> int:
    """For each set of fields that were used: outside, a field just opened, and what the inner grammar tells apart."""
    return 2 + (1 if inner.grammar is None else len(inner.grammar.allowed))


def grammar(inner: AbstractCodec, count: int, optional: Sequence[int]) -> Grammar:
    """Each field once, in any order, none empty that was not; then the end.

    Only before the first and after the end it is in situation 0, so that nobody stops in the middle of a record.
    """
    assert inner.end is not None
    letters, close, end = slice(count + 1, -1), count, count + 1 + inner.end
    each, sets = situations(inner), 2**count
    within = inner.grammar
    may = np.ones((each - 2, inner.end + 1), bool) if within is None else within.allowed  # (G, N + 1), its own end last
    small = np.min_scalar_type(sets * each)
    then = np.zeros((each - 2, inner.end), small) if within is None else within.following[:, :-1].astype(small)
    base = np.arange(sets, dtype=small) * small.type(each)  # where the situations of each set begin
    allowed = np.zeros((sets, each, end + 1), bool)
    following = np.zeros((sets, each, end + 1), small)
    following[:] = np.arange(sets * each).reshape(sets, each, 1)  # what may not come changes nothing
    allowed[:, 1, letters] = may[0, :-1]
    allowed[:, 2:, letters] = may[:, :-1]
    allowed[:, 2:, close] = may[:, -1]
    following[:, 1, letters] = base[:, None] + 2 + then[0]
    following[:, 2:, letters] = base[:, None, None] + 2 + then
    following[:, 1:, close] = base[:, None]
    for field in range(count):
        allowed[:, 0, field] = np.arange(sets) >> field & 1 == 0
        opened = (np.arange(sets) | 1 << field) * each + (2 if field in optional else 1)
        following[:, :, field] = opened[:, None]
    allowed[-1, 0, end] = True
    following[:, :, end] = 0
    return Grammar(allowed.reshape(sets * each, -1), following.reshape(sets * each, -1))
