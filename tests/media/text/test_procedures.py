"""The classic procedures: what they take, what they leave, and what they cannot make."""

from __future__ import annotations

import unicodedata
from collections import Counter
from itertools import pairwise
from math import factorial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import InputError, MissingFileError, UndersongError, UsageError
from undersong.media.text.piece import TextPiece
from undersong.media.text.procedures.cento import Cento, CentoSettings
from undersong.media.text.procedures.cut_up import CutUp, CutUpSettings
from undersong.media.text.procedures.erasure import Erasure, ErasureSettings
from undersong.media.text.procedures.n_plus_7 import NPlus7, NPlus7Settings
from undersong.media.text.procedures.permutation import Permutation, PermutationSettings
from undersong.media.text.procedures.wording import MOST, clusters, joined, tokens_of, words_in

POEM = "It was the lamp that kept us awake,\nand the sea that kept the lamp.\n\nNobody said a word; we slept.\n"
SONG = "a bird flew on\nno fire within\nwe sit a bit\nthe night was bright\n"
LAO = "道可道，非常道；「名可名」，非常名。"
LETTERS = st.characters(exclude_categories=("Cs",)) | st.sampled_from("a e  \n\n道\u200c🧑\u200d🚀é")
ALL = (
    (CutUp, CutUpSettings()), (CutUp, CutUpSettings(mode="page")), (CutUp, CutUpSettings(mode="lines")),
    (NPlus7, NPlus7Settings()), (Erasure, ErasureSettings()), (Erasure, ErasureSettings(letters="o", inside=True)),
    (Cento, CentoSettings(lines=2)), (Permutation, PermutationSettings()),
    (Permutation, PermutationSettings(mode="sestina")),
)  # fmt: skip


def made(procedure: Any, settings: Any, *texts: str, seed: int = 1) -> str:
    return str(procedure()([TextPiece(text) for text in texts], seed, settings))


# ── all of them ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("a e  \n\n道‌🧑‍🚀é"), max_size=60),
        max_size=3,
    ),
    st.sampled_from(ALL),
)
def test_whatever_is_handed_in_ends_in_a_piece_or_in_words(texts: list[str], asked: tuple[Any, Any]) -> None:
    """No text breaks a procedure; the same seed gives the same."""
    procedure, settings = asked
    try:
        first = made(procedure, settings, *texts)
    except UndersongError as error:
        told = (error.what, error.do)
        assert all(told)
    else:
        assert first == made(procedure, settings, *texts)


@pytest.mark.parametrize(("procedure", "settings"), ALL, ids=lambda each: getattr(each, "kind", ""))
def test_nothing_makes_nothing(procedure: Any, settings: Any) -> None:
    """No pieces, or none with a word."""
    for texts in ((), ("",), (" \n?!\n", "\n")):
        with pytest.raises(InputError, match="not a word"):
            made(procedure, settings, *texts)


@pytest.mark.parametrize(("procedure", "settings"), ALL, ids=lambda each: getattr(each, "kind", ""))
def test_too_much_is_refused_before_it_is_taken_apart(procedure: Any, settings: Any) -> None:
    """Rather than to eat all memory."""
    with pytest.raises(InputError, match="at most"):
        made(procedure, settings, "word " * (MOST // 5 + 1))


def test_words_are_found_in_any_script() -> None:
    """None is cut through, and where scripts have no spaces each character is one."""
    text = "Don't stop, le café, می‌خواهم! 道可 e\u0301te\u0301 🧑‍🚀 re-do 12"

    assert [
        "Don't", "stop", "le", "café", "می‌خواهم", "道", "可", "e\u0301te\u0301", "re-do", "12",
    ] == [text[begin:end] for begin, end in words_in(text)]  # fmt: skip


@given(st.text(st.sampled_from("ab \u0301\u0302道é🧑‍🚀\n'-"), max_size=150))
def test_no_character_is_cut_through(text: str) -> None:
    """Where words and tokens begin and end, characters do."""
    edges = {0}
    for cluster in clusters(text):
        edges.add(max(edges) + len(cluster))

    assert {edge for span in words_in(text) for edge in span} <= edges
    whole = Counter(cluster for stretch in text.split() for cluster in clusters(stretch))
    assert whole == Counter(cluster for token in tokens_of(text) for cluster in clusters(token.text))


def test_tokens_stand_together_as_their_script_does() -> None:
    """With spaces, or without; signs stay with the word before them, what opens with the one after."""
    assert "the sea, the" == joined(tokens_of("the  sea,\nthe"))
    assert ["道", "可", "道，", "非", "常", "道；", "「名"] == [token.text for token in tokens_of(LAO)][:7]
    assert LAO == joined(tokens_of(LAO))
    assert ["GPT", "模", "型", "abc"] == [token.text for token in tokens_of("GPT模型abc")]


# ── cut-up ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("strip", [1, 3])
def test_a_hat_gives_back_all_its_words_in_another_order(strip: int) -> None:
    """Each as often as it went in, and in strips that stay together."""
    cut = made(CutUp, CutUpSettings(strip=strip, length=0), POEM, SONG)

    assert Counter(f"{POEM} {SONG}".split()) == Counter(cut.split())
    assert cut.split() != f"{POEM} {SONG}".split()
    if strip == 3:
        assert "It was the" in " ".join(cut.split())


def test_a_hat_is_emptied_no_further_than_is_asked() -> None:
    """In lines of so many words."""
    cut = made(CutUp, CutUpSettings(length=7, line=3), POEM)

    assert [3, 3, 1] == [len(line.split()) for line in cut.split("\n")]


def test_lines_are_drawn_whole() -> None:
    """All that there are, once."""
    cut = made(CutUp, CutUpSettings(mode="lines", length=0), POEM, SONG)

    assert sorted(line for line in f"{POEM}{SONG}".split("\n") if line) == sorted(cut.split("\n"))


def test_a_page_is_crossed_in_quarters() -> None:
    """No quarter lies where it lay, and every row is half a left and half a right one."""
    page = "1a 1b 2a 2b\n1c 1d 2c 2d\n3a 3b 4a 4b\n3c 3d 4c 4d"
    crossed = {made(CutUp, CutUpSettings(mode="page"), page, seed=seed) for seed in range(40)}
    quarters = {
        tuple("".join(row.split()[at][0] for row in each.split("\n")[::2] for at in (0, 2))) for each in crossed
    }

    assert {tuple(each) for each in ("4123", "2143", "2341", "4321")} == quarters
    assert "4a 4b 1a 1b\n4c 4d 1c 1d\n2a 2b 3a 3b\n2c 2d 3c 3d" in crossed


def test_two_pages_meet_in_every_row() -> None:
    """The left halves are of one, the right halves of the other."""
    crossed = made(CutUp, CutUpSettings(mode="page"), "a a a a\n" * 4, "b b b b\n" * 4)

    assert {"aabb"} == {"".join(sorted(row.split())) for row in crossed.split("\n")}


# ── n+7 ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def dictionary(path: Path, words: str) -> str:
    path.write_text(words, "utf-8")
    return str(path)


def test_words_give_way_to_the_seventh_after_them(tmp_path: Path) -> None:
    """In the dictionary's own order, from its end on from its beginning; case and plural are kept."""
    words = dictionary(tmp_path / "words.txt", "lamp\nlark\nlatch\nlaw\nleaf\nlens\nlid\nlily\nsea\nbox\n")
    text = "The LAMP, the Lamps, the sea's lilies: boxes & lamplight."

    assert "The LILY, the Lilies, the lens's leafs: lids & lamplight." == made(
        NPlus7, NPlus7Settings(words=words), text
    )
    assert text == made(NPlus7, NPlus7Settings(words=words, shift=-7), made(NPlus7, NPlus7Settings(words=words), text))


def test_only_nouns_are_replaced_where_the_dictionary_knows_them(tmp_path: Path) -> None:
    """However it writes that; who asks for verbs gets verbs, and who asks for nothing all of them."""
    words = dictionary(tmp_path / "words.txt", "keep\tv.\nlamp\tn.\nlark\tn.\nlose\tv.\nthe\tart.\n")
    text = "Keep the lamp."

    assert "Keep the lark." == made(NPlus7, NPlus7Settings(words=words, shift=1), text)
    assert "Lose the lamp." == made(NPlus7, NPlus7Settings(words=words, shift=1, only="verbs"), text)
    assert "Lamp keep lark." == made(NPlus7, NPlus7Settings(words=words, shift=1, only=""), text)
    with pytest.raises(InputError, match="no word as 'adverb'"):
        made(NPlus7, NPlus7Settings(words=words, only="adverb"), text)


def test_without_a_dictionary_the_text_is_one() -> None:
    """Its words of four letters and more, by the alphabet."""
    assert "alpha beta a Delta" == made(NPlus7, NPlus7Settings(shift=2), "beta delta a Alpha")


def test_a_dictionary_that_changes_nothing_is_told(tmp_path: Path) -> None:
    """Seven places on among seven words is the same word."""
    with pytest.raises(InputError, match="dictionary of 7 words"):
        made(NPlus7, NPlus7Settings(words=dictionary(tmp_path / "words.txt", "a\nb\nc\nd\ne\nf\ng\n")), "a b c")
    with pytest.raises(InputError, match="no word of 4 letters"):
        made(NPlus7, NPlus7Settings(), "a b c")
    with pytest.raises(MissingFileError):
        made(NPlus7, NPlus7Settings(words=str(tmp_path / "gone.txt")), "a b c")


# ── erasure ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_stays_stands_where_it_stood() -> None:
    """Lines, spaces and the words that stay; the rest is covered, sign by sign."""
    erased = made(Erasure, ErasureSettings(keep=0.3), POEM)

    assert [len(line) for line in POEM.split("\n")] == [len(line) for line in erased.split("\n")]
    assert all(after in ("█", before) for before, after in zip(POEM, erased, strict=True))
    kept = [erased[begin:end] for begin, end in words_in(POEM) if "█" not in erased[begin:end]]
    assert round(0.3 * len(list(words_in(POEM)))) == len(kept)


@pytest.mark.parametrize("keep", [0.0, 1.0])
def test_all_or_nothing_may_stay(keep: float) -> None:
    """Of the words; the signs between them are always covered."""
    words = list(words_in(POEM))
    erased = made(Erasure, ErasureSettings(keep=keep), POEM)

    assert len(words) * keep == sum(POEM[begin:end] == erased[begin:end] for begin, end in words)
    assert not any(sign in erased for sign in ".,;")


def test_a_white_page_keeps_its_columns() -> None:
    """A mark of nothing is a space; no line ends in spaces."""
    erased = made(Erasure, ErasureSettings(keep=0.3, mark=""), POEM)
    black = made(Erasure, ErasureSettings(keep=0.3), POEM)

    assert erased == "\n".join(line.replace("█", " ").rstrip() for line in black.split("\n"))


def test_wide_characters_take_two_marks() -> None:
    """So that columns stay; a letter with its marks takes one."""
    assert "██" * len(LAO) == made(Erasure, ErasureSettings(keep=0), LAO)
    assert "█ ████" == made(Erasure, ErasureSettings(keep=0), "e\u0301 cafe\u0301")


@pytest.mark.parametrize(("letters", "inside"), [("take", False), ("lamp", True), ("Tale", True), ("a s", False)])
def test_what_stays_spells_what_is_asked(letters: str, inside: bool) -> None:
    """By the first letters of words, or by one inside, raised; in order, whatever the seed."""
    page = "The lamp was lit at tea and kept. Even so a small map told tales.\n" * 3
    for seed in range(20):
        erased = made(Erasure, ErasureSettings(letters=letters, inside=inside), page, seed=seed)
        words = [erased[begin:end] for begin, end in words_in(page) if "█" not in erased[begin:end]]
        spelled = [next(letter for letter in word if letter.isupper()) if inside else word[0] for word in words]
        assert letters.replace(" ", "").casefold() == "".join(spelled).casefold()


def test_what_cannot_be_spelled_says_what_is_missing() -> None:
    """A letter no word begins with, or none early enough."""
    with pytest.raises(InputError, match="no word that begins with 'z' or 'e'"):
        made(Erasure, ErasureSettings(letters="zest"), "so the tide")
    with pytest.raises(InputError, match="begins with 't' early enough for 's'"):
        made(Erasure, ErasureSettings(letters="ts"), "so the")
    with pytest.raises(InputError, match="no letter to spell"):
        made(Erasure, ErasureSettings(letters="?!"), "so the")


def test_accents_do_not_keep_a_word_from_spelling() -> None:
    """é is an e to who asks for an e; Chinese words are spelled by themselves."""
    assert "été" in made(Erasure, ErasureSettings(letters="e"), "un été")
    assert "名" in made(Erasure, ErasureSettings(letters="名"), LAO)


def test_a_page_is_as_long_as_is_asked() -> None:
    """From a line's start that the seed chooses; of a page that cannot spell, another is taken."""
    text = "\n".join(f"line {number} has six words here" for number in range(100)) + "\nthe queen"
    erased = made(Erasure, ErasureSettings(keep=1, length=12), text)

    assert 2 == len(erased.split("\n"))
    assert erased != made(Erasure, ErasureSettings(keep=1, length=12), text, seed=2)
    assert "queen" in made(Erasure, ErasureSettings(letters="q", length=7), text)


def test_a_mark_is_one_character() -> None:
    """More would move the columns."""
    with pytest.raises(UsageError, match="not one character"):
        made(Erasure, ErasureSettings(mark="--"), POEM)


# ── cento ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cento_takes_turns() -> None:
    """Every line stands in a piece, none twice, and the pieces alternate."""
    lines = made(Cento, CentoSettings(lines=6), POEM, SONG).split("\n")
    of_song = [line in SONG.split("\n") for line in lines]

    assert 6 == len(set(lines))
    assert all(line in f"{POEM}{SONG}".split("\n") for line in lines)
    assert of_song in ([True, False] * 3, [False, True] * 3)


def test_a_cento_does_not_quote_two_lines_in_a_row() -> None:
    """What goes on from the line before is put off, where anything else is left."""
    poem = "\n".join(f"line number {chr(97 + number)}" for number in range(12))
    for seed in range(20):
        lines = made(Cento, CentoSettings(lines=6), poem, seed=seed).split("\n")
        assert all(f"{before}\n{after}" not in poem for before, after in pairwise(lines))


def test_a_cento_rhymes_in_pairs() -> None:
    """Ends alike, on different words."""
    other = "the lamp is lit\nthe tide comes in\nthe boat has gone\nthere is no light\n"
    lines = made(Cento, CentoSettings(lines=6, rhyme=True), SONG, other).split("\n")
    last = [line.split()[-1] for line in lines]

    pairs = {frozenset(pair) for pair in zip(last[::2], last[1::2], strict=True)}
    rhymes = [{"bit", "lit"}, {"within", "in"}, {"bright", "light"}]
    assert {frozenset(rhyme) for rhyme in rhymes} >= {frozenset(pair) for pair in pairs}
    assert 3 == len(pairs)
    with pytest.raises(InputError, match="pairs of these lines rhyme"):
        made(Cento, CentoSettings(lines=8, rhyme=True), SONG, other)


def test_a_cento_cuts_prose_at_its_signs() -> None:
    """Lines that no verse is as long as become clauses."""
    prose = "It rained all night, and nobody came down; the lamp was out. " * 4 + "Then somebody knocked."
    lines = set(made(Cento, CentoSettings(lines=4), prose).split("\n"))

    assert {"It rained all night,", "and nobody came down;", "the lamp was out.", "Then somebody knocked."} == lines


def test_a_cento_needs_enough_lines() -> None:
    """Those that say the same count once."""
    with pytest.raises(InputError, match="There are 2 different lines"):
        made(Cento, CentoSettings(lines=3), "the sea\nThe Sea\nthe moon\nmoon\n")


# ── permutation ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("phrase", ["sing", "the sea sings", "I am that I am", "one two three four five"])
def test_every_order_is_said_once(phrase: str) -> None:
    """As many as there are, where words are alike too; the phrase itself comes first where its words are in order."""
    lines = made(Permutation, PermutationSettings(), phrase).split("\n")
    words = Counter(phrase.split())
    many = factorial(words.total())
    for count in words.values():
        many //= factorial(count)

    assert many == len(lines) == len(set(lines))
    assert all(words == Counter(line.split()) for line in lines)


def test_too_many_orders_are_sampled() -> None:
    """As many as are asked, all different, as the seed has them."""
    phrase = "one two three four five six seven eight nine ten"
    lines = made(Permutation, PermutationSettings(most=50), phrase).split("\n")

    assert 50 == len(set(lines)) == len(lines)
    assert set(lines) != set(made(Permutation, PermutationSettings(most=50), phrase, seed=2).split("\n"))
    assert 5 == len(set(made(Permutation, PermutationSettings(mode="sample", most=5), "the sea sings").split("\n")))


def test_the_phrase_is_the_first_line_or_the_one_named() -> None:
    """Without the signs around its words."""
    assert {"a b", "b a"} == set(made(Permutation, PermutationSettings(), '\n"a, b!"\nc d').split("\n"))
    assert {"x y", "y x"} == set(made(Permutation, PermutationSettings(phrase="x y"), "a").split("\n"))
    assert {"道名", "名道"} == set(made(Permutation, PermutationSettings(), "道名").split("\n"))


def test_a_sestina_turns_its_end_words() -> None:
    """Six stanzas in the classical spiral: each end word stands in every line once."""
    six = "\n".join(f"line {number} ends on {word}," for number, word in enumerate("abcdef"))
    stanzas = [
        stanza.split("\n") for stanza in made(Permutation, PermutationSettings(mode="sestina"), six).split("\n\n")
    ]
    ends = ["".join(line[-2] for line in stanza) for stanza in stanzas]

    assert ["abcdef", "faebdc", "cfdabe", "ecbfad", "deacfb", "bdfeca"] == ends
    assert all(line.startswith(f"line {number} ends on ") for stanza in stanzas for number, line in enumerate(stanza))
    with pytest.raises(InputError, match="six lines"):
        made(Permutation, PermutationSettings(mode="sestina"), SONG)


def test_combining_marks_stay_with_their_letters() -> None:
    """In every order."""
    lines = made(Permutation, PermutationSettings(), "e\u0301te\u0301 a\u0300").split("\n")

    assert all(unicodedata.category(line[0])[0] == "L" for line in lines)
    assert 2 == len(lines)
