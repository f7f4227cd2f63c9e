"""A list of names from its file to new names: recognised, learned each from its start to its end, scored with it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from tiny_runs import SETTINGS

WORDS = [word for change in SETTINGS for word in ("--set", change)]


@pytest.fixture
def names(tmp_path):
    """Two hundred names of two and three syllables."""
    dice = np.random.default_rng(3)
    syllables = ["ka", "mi", "ro", "ta", "le", "nu", "so", "vi"]
    made = ["".join(dice.choice(syllables, dice.integers(2, 4))) for _ in range(400)]
    path = tmp_path / "names.txt"
    path.write_text("\n".join(dict.fromkeys(made)) + "\n", "utf-8")
    return path


@pytest.fixture
def learned_names(undersong, names):
    """A run of them in the folder `names`, and what was told meanwhile."""
    return undersong("learn", names, "--steps", 60, *WORDS, "--out", "names")


def test_a_list_is_recognised_and_it_is_said_how_to_have_it_otherwise(learned_names, names):
    """One sentence each: what it was taken for, and that it is few."""
    count = len(names.read_text("utf-8").split())

    assert 0 == learned_names.code
    assert f"This is a list of {count} pieces, one a line" in learned_names.err
    assert "--set pieces=whole" in learned_names.err
    assert f"in {count} pieces" in learned_names.err
    assert "are few to learn from" in learned_names.err
    recipe = (names.parent / "names" / "recipe.toml").read_text("utf-8")
    assert 'pieces = "line"' in recipe
    assert 'shape = "pieces"' in recipe


def test_names_are_sampled_one_after_another(undersong, learned_names):
    """Each ends where the instrument ends it: none holds a newline, and they differ."""
    drawn = json.loads(undersong("sample", "names", "-n", 10, "--seed", 1, "--json").out)
    texts = [sample["text"] for sample in drawn]

    assert 10 == len(texts)
    assert not any("\n" in text for text in texts)
    assert len(set(texts)) > 5
    assert max(map(len, texts)) < 60


@pytest.mark.parametrize("voice", [[], ["--ngram"]], ids=["network", "n-gram"])
def test_ten_names_are_ten_lines(undersong, learned_names, voice):
    """Of pieces that are one line each nothing stands between."""
    shown = undersong("sample", "names", "-n", 10, "--seed", 1, *voice).out

    assert "----" not in shown
    assert 10 == len(shown.removesuffix("\n").split("\n"))


def test_ends_are_scored_like_any_event(undersong, learned_names, names):
    """As many characters as the held-out lines have, their newlines counted; the n-gram has the same to foretell."""
    held_out = names.read_text("utf-8").splitlines()[9::10]
    score = undersong("score", "--split", "valid", "names", "--json").json

    assert sum(len(name) + 1 for name in held_out) == score["characters"] == score["events"]
    assert 0 < score["baseline"]["nats_per_character"] < 3


def test_a_file_is_scored_as_the_run_cut_its_own(undersong, learned_names, names, tmp_path):
    """Line by line: a held-out list is as long as the split, and the n-gram has the same on both."""
    held_out = names.read_text("utf-8").splitlines()[9::10]
    (tmp_path / "held.txt").write_text("\n".join(held_out), "utf-8")
    of_file = undersong("score", "names", "held.txt", "--json").json
    of_split = undersong("score", "--split", "valid", "names", "--json").json

    assert of_split["events"] == of_file["events"]
    assert of_split["characters"] == of_file["characters"]
    assert of_split["baseline"] == pytest.approx(of_file["baseline"])


def test_a_list_can_be_learned_as_one_long_text(undersong, names, tmp_path):
    """As it was asked for, and nothing is offered any more."""
    told = undersong("learn", names, "--steps", 1, *WORDS, "--set", "pieces=whole", "--out", "whole")

    assert "in 1 piece" in told.err
    assert "--set pieces" not in told.err
    assert 'shape = "stream"' in (tmp_path / "whole" / "recipe.toml").read_text("utf-8")


def test_a_word_that_parts_nothing_is_wrong_use(undersong, names):
    """Exit code 2, and the words there are."""
    told = undersong("learn", names, "--steps", 1, "--set", "pieces=lines")

    assert 2 == told.code
    assert re.search(r"No line of the material is 'lines'", told.err)


def test_works_that_come_as_pieces_are_cut_no_further(undersong, toy):
    """A file of walks says where each begins."""
    told = undersong("learn", toy.material, "--steps", 1, "--set", "pieces=line")

    assert 2 == told.code
    assert "Works of 'walk.v1' are not cut by 'line'" in told.err


def test_another_list_goes_on_from_the_first(undersong, learned_names, names, tmp_path):
    """--from: the same network, its symbols and some more."""
    other = tmp_path / "more.txt"
    other.write_text(names.read_text("utf-8").replace("vi", "ñu"), "utf-8")
    words = [word for word in WORDS if word.startswith("training") or word == "--set"]
    told = undersong("learn", other, "--from", "names", "--steps", 20, "--out", "more", *with_sets(words))

    assert 0 == told.code
    assert "went on from | names" in (tmp_path / "more" / "README.md").read_text("utf-8")
    assert "ñ" in undersong("odds", "more", "--json").out


def with_sets(words):
    return [part for word in words if word != "--set" for part in ("--set", word)]
