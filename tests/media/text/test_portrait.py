"""A text in numbers: lengths, what closes after how long, and which words are the same."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.portrait import portrait

NEVER = float("inf")


def test_lines_sentences_and_words_are_measured():
    """Empty lines are none; a heading is a sentence, and a sentence goes on over the end of a line."""
    seen = portrait("A title\n\nThe lamp is out. “Is\nit?” he said.\n")

    assert [7, 20, 13] == seen["line"].tolist()
    assert [len(part) for part in ("A title", "The lamp is out.", "“Is it?”", "he said.")] == seen["sentence"].tolist()
    assert [1, 5, 3, 4, 2, 3, 2, 2, 2, 4] == seen["word"].tolist()


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("It's a naïve don’t", [4, 1, 5, 5]),
        ("夜の灯", [1, 1, 1]),
        ("می‌خواهم", [8]),
        ("हिन्दी में", [6, 3]),
        ("e\u0301te\u0301 3rd", [5, 3]),
        ("— … 🦑", []),
    ],
)
def test_words_are_found_in_any_script(text, lengths):
    """With their marks and joiners; where there are no spaces each sign is one."""
    assert lengths == portrait(text)["word"].tolist()


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("He paid 3.50 for it... Then? “Go!” (Now.) Ok", [22, 5, 5, 6, 2]),
        ("夜は。「明るい。」終", [3, 6, 1]),
        ("क्या? हाँ। ठीक", [5, 4, 3]),
        ("no end", [6]),
        ("", []),
    ],
)
def test_sentences_end_where_each_script_ends_them(text, lengths):
    """A number's point ends none."""
    assert lengths == portrait(text)["sentence"].tolist()


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("f(a[1]) {b}", [2, 5, 2]),
        ("(a [b)", [NEVER, 5]),
        (":) a) (b", [NEVER]),
        ("（夜）【灯】", [2, 2]),
        ("", []),
    ],
)
def test_brackets_close_after_so_many_characters(text, waits):
    """What is left open within another never closes; what closes nothing is no bracket."""
    assert waits == portrait(text)["brackets"].tolist()


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("“a” “b", [2, NEVER]),
        ("„Ja“, „nein”", [3, 5]),
        ("« oui » dit-il", [6]),
        ("»Ja«, sagte »er«", [3, 3]),
        ("”Jo”, sa ”han”", [3, 4]),
        ("「a『b』c」", [2, 6]),
        ("‘It’s the dogs’ tails’", [14]),
        ('x = f("a", "b") + "c"', [2, 2, 2]),
        ('He said "go." And "stay', [4, NEVER]),
        ('"He said (“x”)"', [2, 14]),
        ('5" pipe, 3" nail', []),
        ("“one\n\n“two”\n\n", [NEVER, 4]),
    ],
)
def test_quotes_close_as_their_language_has_it(text, waits):
    """The same mark opens in one and closes in another; an apostrophe and an inch do neither, a paragraph ends all."""
    assert waits == portrait(text)["quotes"].tolist()


def test_the_same_word_has_the_same_name():
    """Whatever its case and wherever it stands; on any machine."""
    words, again = portrait("Sea sea other SEA")["words"], portrait("other seas sea")["words"]

    assert words[0] == words[1] == words[3] == again[2] != words[2]
    assert words[2] == again[0]
    assert words[0] != again[1]
    assert 7711560049442028586 == int(portrait("lamp")["words"][0])


@given(st.text(alphabet=st.sampled_from("ab .!\n()[]“”‘’\"«»„'夜।\u0301🦑"), max_size=60))
def test_any_text_has_a_portrait(text):
    """Of whole lengths above 0, waits above 0, and as many words as word lengths."""
    seen = portrait(text)

    assert {"line": "i", "sentence": "i", "word": "i", "brackets": "f", "quotes": "f", "words": "u"} == {
        name: numbers.dtype.kind for name, numbers in seen.items()
    }
    assert all((numbers > 0).all() for name, numbers in seen.items() if name != "words")
    assert len(seen["words"]) == len(seen["word"])
    assert sum(map(text.count, "([")) == len(seen["brackets"])
    assert seen["line"].sum() <= len(text)
    assert seen["sentence"].sum() <= len(text)


@pytest.mark.parametrize("part", [".", "(", "“", '"', "\n ", "'a", '."', "”“", "([", "“‘„«", "\n\n"])
def test_no_text_takes_long(part):
    """Ten times as much takes about ten times as long, never a hundred: the least of three tries on a busy machine."""

    def seconds(count):
        tries = []
        for _ in range(3):
            began = time.perf_counter()
            portrait(part * count)
            tries.append(time.perf_counter() - began)
        return min(tries)

    portrait(part)
    assert seconds(30_000) < 40 * seconds(3_000) + 0.05


def test_nothing_has_an_empty_portrait():
    """Arrays of the right kinds, with nothing in them."""
    assert {0} == {len(numbers) for numbers in portrait("").values()}
    assert np.uint64 == portrait("")["words"].dtype
