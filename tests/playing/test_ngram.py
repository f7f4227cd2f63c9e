"""n-grams: the laws of their odds, and three oracles: a dictionary, nltk, and known figures."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersong.errors import InputError
from undersong.playing.chains import ngram as ngram_module
from undersong.playing.chains.ngram import METHODS, Method, NGram, choose
from undersong.playing.chains.ngram_counts import count

SHAKESPEARE = Path(__file__).parents[2].parent / "shared/data/tinyshakespeare/input.txt"
BOTH = pytest.mark.parametrize("method", list(METHODS))
Gram = tuple[Any, ...]


def of(pieces: Sequence[Sequence[int]], order: int, vocabulary: int, method: Method) -> NGram:
    return NGram(count([np.array(piece, np.int64) for piece in pieces], order, vocabulary), method)


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[list[int]], int, int]:
    """Pieces over V symbols, some with starts (symbol V) in them, V, and an order."""
    vocabulary = draw(st.integers(1, 5))
    symbols = st.integers(0, vocabulary if draw(st.booleans()) else vocabulary - 1)
    pieces = draw(st.lists(st.lists(symbols, max_size=40), max_size=4))
    return pieces, vocabulary, draw(st.integers(1, 5))


def some_contexts(pieces: Sequence[Sequence[int]], order: int, vocabulary: int) -> np.ndarray:
    """Every context that stands in the pieces, also at their beginnings, and a few that stand nowhere."""
    rows = [([-1] * order + list(piece[:t]))[len(piece[:t]) + 1 :] for piece in pieces for t in range(len(piece) + 1)]
    rows += np.random.default_rng(1).integers(-1, vocabulary + 1, (8, order - 1)).tolist()
    return np.array(rows, np.int64).reshape(len(rows), order - 1)


# --- the oracle: both smoothings as dictionaries, for the reader ---


class Slow:
    """Odds by the book, one context at a time; `uniform` ends the mixing in 1 / V, else in plain odds of order 1."""

    def __init__(
        self,
        pieces: Sequence[Sequence[Any]],
        symbols: Sequence[Any],
        order: int,
        method: Method,
        start: Any = None,
        discount: float | None = None,
        uniform: bool = True,
    ) -> None:
        self.symbols, self.method, self.discount, self.uniform = symbols, method, discount, uniform
        self.tables: dict[int, dict[Gram, int]] = {}
        for k in range(1, order + 1):
            seen: Counter[Gram] = Counter()
            lefts: dict[Gram, set[Any]] = defaultdict(set)
            for piece in pieces:
                for t in range(k - 1, len(piece)):
                    if piece[t] != start:
                        gram = tuple(piece[t - k + 1 : t + 1])
                        seen[gram] += 1
                        lefts[gram].add(piece[t - k] if t >= k else "border")
            continued = method == "kneser-ney" and k < order
            begins = {gram for gram in seen if k > 1 and (gram[0] == start or lefts[gram] == {"border"})}
            self.tables[k] = {g: len(lefts[g]) if continued and g not in begins else seen[g] for g in seen}

    def odds(self, context: Gram) -> dict[Any, float]:
        """p of every symbol after a context, whose first symbol is the oldest."""
        table = self.tables[len(context) + 1]
        after = {gram[-1]: times for gram, times in table.items() if gram[:-1] == context}
        if not context and not self.uniform:
            return {w: after.get(w, 0) / sum(after.values()) for w in self.symbols}
        lower = self.odds(context[1:]) if context else {w: 1 / len(self.symbols) for w in self.symbols}
        if not after:
            return lower
        if self.method == "witten-bell":
            kinds, whole = len(after), sum(after.values()) + len(after)
            return {w: after.get(w, 0) / whole + kinds / whole * lower[w] for w in self.symbols}
        taken = {w: self._discount(times, table) for w, times in after.items()}
        whole, left = sum(after.values()), sum(taken.values())
        return {w: (after.get(w, 0) - taken.get(w, 0)) / whole + left / whole * lower[w] for w in self.symbols}

    def _discount(self, times: int, table: dict[Gram, int]) -> float:
        if self.discount is not None:
            return self.discount
        n1, n2, n3, n4 = (list(table.values()).count(c) for c in (1, 2, 3, 4))
        i = min(times, 3)
        here, above = {1: (n1, n2), 2: (n2, n3), 3: (n3, n4)}[i]
        if not here or not above:
            return i / 2
        y = n1 / (n1 + 2 * n2) if n1 else 0.0
        discount = i - (i + 1) * y * above / here
        return discount if 0 < discount < i else i / 2


@BOTH
@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_log_odds_are_those_of_the_book(method: Method, corpus: tuple[list[list[int]], int, int]) -> None:
    """Sorted tables and dictionaries give the same odds, at beginnings, after starts, and after what was never seen."""
    pieces, vocabulary, order = corpus
    slow = Slow(pieces, range(vocabulary), order, method, start=vocabulary)
    contexts = some_contexts(pieces, order, vocabulary)
    odds = np.exp(of(pieces, order, vocabulary, method).log_odds(contexts))
    for context, row in zip(contexts.tolist(), odds, strict=True):
        while -1 in context:
            context = context[context.index(-1) + 1 :]
        expected = slow.odds(tuple(context))

        np.testing.assert_allclose(row, [expected[w] for w in range(vocabulary)], rtol=1e-10)


PHRASES = [
    "the thin thrush thinks this through",
    "then the moth thaws",
    "that path is thine",
    "the hot hat that he hit",
]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@BOTH
def test_the_book_agrees_with_nltk(method: Method, order: int) -> None:
    """nltk.lm gives the same odds where conventions meet.

    nltk ends in the plain odds of order 1, has one discount for all counts, and does not see a piece's border:
    the oracle is set to the first two, and each piece is given a border symbol as the left neighbour of its beginning
    (which is the same as long as no n-gram begins two pieces and stands nowhere else).
    """
    lm = pytest.importorskip("nltk.lm")
    letters = sorted(set("".join(PHRASES)))
    grams: list[Gram] = []
    for phrase in PHRASES:
        for k in range(1, order + 1):
            grams += [tuple(phrase[t : t + k]) for t in range(len(phrase) - k + 1)]
            grams += [("#", *phrase[: k - 1])] if k > 1 else []
    if method == "kneser-ney":
        if order == 1:
            pytest.skip("nltk's Kneser-Ney looks for continuations at order 1 even when it is the highest")
        other = lm.KneserNeyInterpolated(order, discount=0.6)
    else:
        other = lm.WittenBellInterpolated(order)
    other.fit([grams], vocabulary_text=letters)
    slow = Slow(PHRASES, letters, order, method, discount=0.6, uniform=False)
    contexts = {tuple(phrase[t : t + order - 1]) for phrase in PHRASES for t in range(len(phrase) - order + 2)}
    for context in [*sorted(contexts), ("a",) * (order - 1)]:
        expected = slow.odds(context)
        for letter in letters:
            assert other.score(letter, context) == pytest.approx(expected[letter], rel=1e-10)


# --- laws ---


@BOTH
@settings(max_examples=60, deadline=None)
@given(corpus=corpora())
def test_odds_sum_to_one_in_every_context(method: Method, corpus: tuple[list[list[int]], int, int]) -> None:
    """Whatever was counted and whatever is heard, something comes next, and nothing is impossible."""
    pieces, vocabulary, order = corpus
    log_odds = of(pieces, order, vocabulary, method).log_odds(some_contexts(pieces, order, vocabulary))

    assert np.isfinite(log_odds).all()
    np.testing.assert_allclose(np.exp(log_odds).sum(axis=1), 1.0, atol=1e-9)


@BOTH
@settings(max_examples=60, deadline=None)
@given(corpus=corpora(), data=st.data())
def test_log_prob_each_is_read_from_the_rows_of_log_odds(
    method: Method, corpus: tuple[list[list[int]], int, int], data: st.DataObject
) -> None:
    """Scoring a long sequence at once and playing it event by event are one thing; a start costs nothing."""
    pieces, vocabulary, order = corpus
    ngram = of(pieces, order, vocabulary, method)
    heard = data.draw(st.lists(st.integers(0, vocabulary), max_size=12))
    cut = data.draw(st.integers(0, len(heard)))
    padded = [-1] * (order - 1) + heard
    contexts = np.array([padded[t : t + order - 1] for t in range(cut, len(heard))], np.int64)
    contexts = contexts.reshape(len(heard) - cut, order - 1)
    rows = np.pad(ngram.log_odds(contexts), ((0, 0), (0, 1)))  # one column more, for the start
    expected = rows[np.arange(len(rows)), heard[cut:]]

    np.testing.assert_allclose(
        ngram.log_prob_each(np.array(heard[cut:], np.int64), before=heard[:cut]), expected, rtol=1e-9, atol=1e-12
    )


@BOTH
def test_an_unseen_context_leaves_everything_to_the_shorter_one(method: Method) -> None:
    """After 'x b' where only 'b' was seen, the odds are those after 'b'; after nothing known, those of order 1."""
    ngram = of([[0, 1, 2, 0, 1, 3, 0, 1, 2]], 3, 5, method)

    odds = ngram.log_odds(np.array([[4, 1], [-1, 1], [0, 4], [-1, -1]]))

    assert np.array_equal(odds[0], odds[1])
    assert np.array_equal(odds[2], odds[3])
    assert not np.array_equal(odds[0], odds[3])


@BOTH
@pytest.mark.parametrize("piece", [[], [0], [0, 0], [0, 1], [2, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1, 2]])
def test_a_tiny_corpus_still_gives_odds(method: Method, piece: list[int]) -> None:
    """Counts of counts that are zero never make a NaN; what was heard is likelier than what was not."""
    ngram = of([piece], 7, 4, method)
    odds = np.exp(ngram.log_odds(np.full((1, 6), -1)))[0]

    assert odds.sum() == pytest.approx(1.0, abs=1e-12)
    assert all(odds[heard] > odds[3] for heard in piece)
    assert np.isfinite(choose([np.array(piece, np.int64)], 4).log_prob_each(np.arange(4))).all()


@settings(max_examples=200, deadline=None)
@given(tally=st.lists(st.integers(1, 9), max_size=30))
def test_a_discount_is_more_than_nothing_and_less_than_its_count(tally: list[int]) -> None:
    """So every n-gram seen keeps a share, and every context leaves a rest."""
    discounts = ngram_module._discounts(np.array(tally, np.int64))

    assert discounts[0] == 0
    assert all(0 < discounts[i] < i for i in (1, 2, 3))


def test_discounts_follow_from_counts_of_counts() -> None:
    """With n1 … n4 = 8, 4, 2, 1, Y is 1/2, and the discounts are 1 - 2Y/2, 2 - 3Y/2 and 3 - 4Y/2."""
    tally = np.repeat([1, 2, 3, 4], [8, 4, 2, 1])

    np.testing.assert_allclose(ngram_module._discounts(tally), [0, 0.5, 1.25, 2.0])


def test_no_ngram_crosses_from_one_piece_to_the_next() -> None:
    """'a b' and 'c d' hold no 'b c'; taken as one piece they do."""
    apart, joined = of([[0, 1], [2, 3]], 2, 4, "witten-bell"), of([[0, 1, 2, 3]], 2, 4, "witten-bell")

    assert apart.log_odds(np.array([[1]]))[0, 2] == apart.log_odds(np.array([[-1]]))[0, 2]
    assert joined.log_odds(np.array([[1]]))[0, 2] > joined.log_odds(np.array([[-1]]))[0, 2]


@BOTH
def test_a_start_is_heard_and_never_predicted(method: Method) -> None:
    """Symbol V tells how pieces begin: of eight names six begin with 0, which elsewhere never comes."""
    ngram = of([[4, 0, 1, 2], [4, 0, 2, 1], [4, 0, 1, 1], [4, 2, 1, 2]] * 2, 3, 4, method)
    beginning = np.exp(ngram.log_odds(np.array([[-1, 4]])))[0]

    assert len(beginning) == 4
    assert beginning[0] > 0.5
    assert ngram.log_prob_each(np.array([4]))[0] == 0.0


@BOTH
def test_how_pieces_begin_is_a_matter_of_numbers(method: Method) -> None:
    """Where a symbol of the vocabulary opens every piece, what follows it most often stays the likeliest."""
    ngram = of([[3, 0, 1, 2]] * 6 + [[3, 1, 0, 2], [3, 2, 1, 0]], 4, 4, method)
    beginning = np.exp(ngram.log_odds(np.array([[-1, -1, 3]])))[0]

    assert beginning[0] > 2 * beginning[1]
    assert np.exp(ngram.log_odds(np.array([[-1, -1, -1]])))[0, 3] < 0.5


def test_what_cannot_be_heard_is_named() -> None:
    """A wrong shape, type or symbol is refused in words."""
    ngram = of([[0, 1, 0]], 3, 2, "kneser-ney")
    for contexts in [
        np.array([0, 1]),
        np.array([[0]]),
        np.array([[0.0, 1.0]]),
        np.array([[0, 9]]),
        np.array([[-2, 0]]),
    ]:
        with pytest.raises(InputError):
            ngram.log_odds(contexts)
    with pytest.raises(InputError):
        ngram.log_prob_each(np.array([0, 1]), before=[-1])


# --- choosing ---


def _brute_force(pieces: list[np.ndarray], vocabulary: int, orders: Sequence[int]) -> str:
    """Recount and rescore for every method and order, the plain way."""
    cut = sum(map(len, pieces)) * 9 // 10
    learned, scored, before = [], [], 0
    for piece in pieces:
        here = min(max(cut - before, 0), len(piece))
        learned.append(piece[:here])
        scored.append((piece[here:], piece[:here]))
        before += len(piece)
    best, name = -np.inf, ""
    for method in METHODS:
        for order in orders:
            ngram = NGram(count(learned, order, vocabulary), method)
            score = sum(ngram.log_prob_each(tail, head).sum() for tail, head in scored)
            if score > best + 1e-9:
                best, name = score, ngram.name
    return name


def _wandering(length: int, vocabulary: int, memory: int, seed: int) -> np.ndarray:
    """Events whose odds depend on the sum of the last `memory` of them."""
    dice = np.random.default_rng(seed)
    odds = dice.dirichlet(np.full(vocabulary, 0.1), size=vocabulary * memory)
    events = [0] * memory
    for _ in range(length):
        events.append(int(dice.choice(vocabulary, p=odds[sum(events[-memory:])])))
    return np.array(events[memory:])


@pytest.mark.parametrize("memory", [1, 2, 3])
def test_choose_finds_what_recounting_everything_finds(memory: int) -> None:
    """One counting, shared between orders and methods, decides as the plain way does, and then counts all of it."""
    piece = _wandering(3_000, 4, memory, seed=memory)
    pieces = [piece[:1_000], piece[1_000:1_010], piece[1_010:2_500], piece[2_500:]]

    chosen = choose(pieces, 4, orders=range(1, 7))

    assert chosen.name == _brute_force(pieces, 4, range(1, 7))
    assert chosen.order >= memory
    assert chosen.counts.seen[0].sum() == 3_000


def test_choose_keeps_to_the_methods_and_orders_it_is_given() -> None:
    """Also where others would do better."""
    piece = _wandering(1_000, 4, 3, seed=0)

    assert choose([piece], 4, methods=["witten-bell"], orders=[2]).name == "Witten-Bell 2"
    assert choose([piece], 4, methods=["kneser-ney"], orders=[1]).name == "Kneser-Ney 1"
    with pytest.raises(InputError, match="Order 0"):
        choose([piece], 4, orders=[])


def test_choose_hears_a_bounded_part_and_counts_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice costs no more on a larger corpus: early events beyond the bound change nothing but the counts."""
    monkeypatch.setattr(ngram_module, "_MOST_COUNTED", 1_000)
    monkeypatch.setattr(ngram_module, "_MOST_SCORED", 200)
    noise, piece = np.random.default_rng(0).integers(0, 4, 2_600), _wandering(1_400, 4, 2, seed=1)
    chosen = choose([noise, piece], 4)  # 3,600 learned, of which the last 1,000 are heard; 400 scored, of which 200

    expected = NGram(count([piece[:1_000]], 10, 4), "kneser-ney")
    scores = {
        NGram(expected.counts.cut(order), method).name: NGram(expected.counts.cut(order), method)
        .log_prob_each(piece[1_000:1_200], before=piece[:1_000])
        .sum()
        for method in METHODS
        for order in range(1, 11)
    }
    assert chosen.name == max(scores, key=lambda name: scores[name])
    assert chosen.counts.seen[0].sum() == 4_000


# --- keeping ---


def _kept(ngram: NGram) -> dict[str, np.ndarray]:
    file = io.BytesIO()
    np.savez_compressed(file, **ngram.to_arrays())  # type: ignore[arg-type]
    return dict(np.load(io.BytesIO(file.getvalue()), allow_pickle=False))


@BOTH
@settings(max_examples=40, deadline=None)
@given(corpus=corpora())
def test_an_ngram_survives_its_file(method: Method, corpus: tuple[list[list[int]], int, int]) -> None:
    """What comes back from an npz without pickle has the same name and bitwise the same odds."""
    pieces, vocabulary, order = corpus
    ngram = of(pieces, order, vocabulary, method)
    back = NGram.from_arrays(_kept(ngram))
    contexts = some_contexts(pieces, order, vocabulary)

    assert back.name == ngram.name
    assert np.array_equal(back.log_odds(contexts), ngram.log_odds(contexts))


# --- the reference ---


@pytest.mark.skipif(not SHAKESPEARE.exists(), reason="needs ../shared/data/tinyshakespeare/input.txt")
@pytest.mark.parametrize(
    ("method", "order", "early", "whole"), [("witten-bell", 5, 1.5565, 1.6688), ("kneser-ney", 7, 1.4354, 1.5165)]
)
def test_shakespeare_costs_what_it_did(method: Method, order: int, early: float, whole: float) -> None:
    """Nats per character of the last tenth, on its first 20,000 and on all 111,540; `benchmarks` says against what."""
    characters = SHAKESPEARE.read_text(encoding="utf-8")
    symbols, events = np.unique(np.array(list(characters)), return_inverse=True)
    learned, held = events[:1_003_854], events[1_003_854:]
    nats = -NGram(count([learned], order, len(symbols)), method).log_prob_each(held, before=learned)

    assert len(held) == 111_540
    assert round(float(nats[:20_000].mean()), 4) == early
    assert round(float(nats.mean()), 4) == whole
