"""What must and must not be held, heard element by element: as a search through the whole would find it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import ConstraintError
from undersong.playing.constraining.look_ahead import Ahead, Forced, Spelling
from undersong.playing.constraining.patterns import CELLS, Automaton, Pattern

LETTERS = "ab "
FAR = 7  # letters beyond which nobody searches by hand


def inside(elements: np.ndarray) -> np.ndarray:
    return np.asarray(elements) != ord(" ")


def elements_of(words: str) -> tuple[int, ...]:
    return tuple(map(ord, words))


def classes_of(automaton: Automaton, words: str) -> list[int]:
    elements = np.array(elements_of(words), np.uint64)
    found: list[int] = automaton.classes_of(elements, inside(elements)).tolist()
    return found


def heard(automaton: Automaton, words: str) -> tuple[int, int]:
    return automaton.path(automaton.first, 0, classes_of(automaton, words))


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────


def places(pattern: Pattern, words: str, ended: bool) -> list[tuple[int, int]]:
    """Where a pattern stands in words, as a whole word where it must: what is not over may still go on."""
    sought = "".join(map(chr, pattern.elements))
    found = []
    for at in range(len(words) - len(sought) + 1):
        end = at + len(sought)
        free = at == 0 or words[at - 1] == " "
        free &= words[end] == " " if end < len(words) else ended
        if words[at:end] == sought and (free or not pattern.whole):
            found.append((at, end))
    return found


def broken(patterns: Sequence[Pattern], before: str, added: str, ended: bool = False) -> bool:
    """Whether what is added finishes what must not be."""
    avoided = [pattern for pattern in patterns if pattern.kind == "avoid"]
    return any(end > len(before) for each in avoided for _, end in places(each, before + added, ended))


def held(patterns: Sequence[Pattern], before: str, added: str) -> bool:
    """Whether a piece that ends here holds all that it must, in what is added."""
    wanted = [pattern for pattern in patterns if pattern.kind == "hold"]
    return all(any(at >= len(before) for at, _ in places(each, before + added, True)) for each in wanted)


words_of = st.text(LETTERS, min_size=1, max_size=4)
spans = st.builds(lambda words, kind: Pattern(elements_of(words), kind), words_of, st.sampled_from(["hold", "avoid"]))
whole = st.builds(
    lambda words, kind: Pattern(elements_of(words), kind, True),
    st.from_regex(r"[ab]([ab ]?[ab])?", fullmatch=True),
    st.sampled_from(["hold", "avoid"]),
)
some = st.lists(st.one_of(spans, whole), max_size=4)


# ── hearing ──────────────────────────────────────────────────────────────────────────────────────────────────────


@given(some, st.text(LETTERS, max_size=6), st.text(LETTERS, max_size=8))
def test_it_hears_what_a_search_finds(patterns: list[Pattern], before: str, added: str) -> None:
    """What must not be is over at once; what must be is known when a piece ends, and stands wholly in what is added."""
    automaton = Automaton.of(patterns, elements_of(before), inside)
    for length in range(len(added) + 1):
        state, found = heard(automaton, added[:length])

        assert broken(patterns, before, added[:length]) == (state == automaton.dead)
        if state == automaton.dead:
            return
        fine = held(patterns, before, added[:length]) and not broken(patterns, before, added[:length], ended=True)
        assert fine == automaton.ends(state, found)


def test_elements_in_no_pattern_are_told_apart_by_where_they_stand() -> None:
    """Inside of a word or between words: that is all that matters of them."""
    automaton = Automaton.of([Pattern(elements_of("ab"), "hold", True)], (), inside)

    assert [0, 1, 3, 2] == classes_of(automaton, "abz ")
    for words, fine in (("ab", True), ("abz", False), ("zab ab", True), ("z ab z", True)):
        assert fine == automaton.ends(*heard(automaton, words)), words


def test_a_stop_is_told_where_it_is_complete() -> None:
    """And kills nothing."""
    automaton = Automaton.of([Pattern(elements_of("aa"), "stop"), Pattern(elements_of("b"), "avoid")])
    (each,) = classes_of(automaton, "a")
    state, _ = heard(automaton, "a")

    assert not automaton.stops[automaton.first, each]
    assert automaton.stops[state, each]
    assert automaton.goes[state, each] != automaton.dead


def test_too_much_is_refused() -> None:
    """By what it would take, before it is taken."""
    many = [Pattern((100 + i, 5_000 + i), "avoid") for i in range(1_500)]
    with pytest.raises(ConstraintError, match=rf"too much at once(.|\n)*{CELLS:,}"):
        Automaton.of(many)
    with pytest.raises(ConstraintError, match="9 pieces are too many to be held"):
        Automaton.of([Pattern((i,), "hold") for i in range(9)])


# ── looking ahead ────────────────────────────────────────────────────────────────────────────────────────────────


def spelling(automaton: Automaton) -> Spelling:
    """Symbols 0, 1, 2 spell the letters; nothing else can be said."""
    single = np.array(classes_of(automaton, LETTERS))
    events = np.zeros(automaton.classes, np.int64)
    events[single] = 1
    return Spelling(events, np.where(events > 0, 1.0, np.inf), single)


def searched(
    patterns: Sequence[Pattern],
    before: str,
    forced: Mapping[int, str] | None = None,
    barred: Mapping[int, set[int]] | None = None,
) -> float:
    """The shortest that may be added, by trying everything up to some length."""
    forced, barred = forced or {}, barred or {}
    after = max([0, *(at + len(each) for at, each in forced.items())])
    fixed = {at + more: letter for at, each in forced.items() for more, letter in enumerate(each)}
    grown, shortest = [""], float("inf")
    for length in range(FAR):
        for added in grown:
            if length >= after and held(patterns, before, added) and not broken(patterns, before, added, ended=True):
                shortest = min(shortest, length)
        letters = [letter for number, letter in enumerate(LETTERS) if number not in barred.get(length, set())]
        grown = [
            added + letter
            for added in grown
            for letter in fixed.get(length, letters)
            if not broken(patterns, before, added + letter)
        ]
    return shortest if grown else float("inf")  # nobody may end where nothing could go on


few = st.lists(st.one_of(spans, whole), max_size=3)


@given(few, st.text(LETTERS, max_size=4))
def test_what_is_needed_is_what_a_search_finds(patterns: list[Pattern], before: str) -> None:
    """No shorter and no longer; and never where nothing leads there."""
    automaton = Automaton.of(patterns, elements_of(before), inside)
    ahead = Ahead(automaton, spelling(automaton))
    need = ahead.at(0)[0, automaton.first]
    expected = searched(patterns, before)

    assert need == expected or (expected == np.inf and need >= FAR)


@given(
    few,
    st.dictionaries(st.integers(0, 3), st.sampled_from(["a", "b", " ", "ab"]), max_size=1),
    st.dictionaries(st.integers(0, 3), st.sets(st.integers(0, 2), min_size=1, max_size=2), max_size=2),
)
def test_what_is_needed_knows_what_is_forced_and_forbidden(
    patterns: list[Pattern], forced: dict[int, str], barred: dict[int, set[int]]
) -> None:
    """At each position up to the last of these; after it all is as ever."""
    barred = {at: each for at, each in barred.items() if not any(f <= at < f + len(e) for f, e in forced.items())}
    automaton = Automaton.of(patterns, (), inside)
    runs = {at: Forced(len(each), classes_of(automaton, each), float(len(each))) for at, each in forced.items()}
    ahead = Ahead(automaton, spelling(automaton), runs, barred)
    need = ahead.at(0)[0, automaton.first]
    expected = searched(patterns, "", forced, barred)

    assert need == expected or (expected == np.inf and need >= FAR)


def test_nobody_goes_where_nothing_goes_on() -> None:
    """After an a nothing may come, so an a may not come, though it is not forbidden itself."""
    patterns = [Pattern(elements_of(words), "avoid") for words in ("aa", "ab", "a ")]
    automaton = Automaton.of(patterns, (), inside)
    ahead = Ahead(automaton, spelling(automaton))

    assert np.inf == ahead.at(1)[0, heard(automaton, "a")[0]]
    assert 0 == ahead.at(1)[0, heard(automaton, "b")[0]]


def test_work_without_end_is_refused() -> None:
    """What must be held, at each of very many positions."""
    held_ones = [Pattern(elements_of(words), "hold") for words in ("abab", "bbaa", "aabb", "baba", "a b a", "b a b")]
    automaton = Automaton.of(held_ones, (), inside)
    with pytest.raises(ConstraintError, match="too much to look ahead for"):
        Ahead(automaton, spelling(automaton), None, {at: {0} for at in range(0, 9_000, 100)})
