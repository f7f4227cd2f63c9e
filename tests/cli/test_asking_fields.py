"""A dictionary from its table to words that nobody has: learned as records, asked by any field, set as a page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_runs import SETTINGS

import undersong as us

WORDS = [word for change in SETTINGS for word in ("--set", change)]
PARTS = ("noun", "verb", "adjective")


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory):
    """Three hundred words with a part of speech and a meaning, in a table."""
    dice = np.random.default_rng(4)
    syllables = ["ka", "mi", "ro", "ta", "le", "nu", "so", "vi"]
    path = tmp_path_factory.mktemp("lexicon") / "lexicon.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["word", "part", "definition"])
        for n in range(300):
            word = "".join(dice.choice(syllables, 3)) + str(n)
            table.writerow([word, PARTS[n % 3], f"to do with {dice.choice(syllables)} and {dice.choice(syllables)}"])
    return path


@pytest.fixture(scope="module")
def lexicon(dictionary):
    """A run of it, learned once."""
    settings = {key.replace(".", "__"): value for key, value in (change.split("=") for change in SETTINGS)}
    folder = dictionary.parent / "lexicon"
    return us.learn(str(dictionary), steps=60, recipe="lexicon", out=folder, **settings).folder


def sampled(undersong, run, *words):
    return undersong("sample", run, "--seed", 7, *words)


def test_a_table_is_learned_as_records(undersong, dictionary):
    """As many pieces as rows, each learned in three orders; the recipe says so."""
    told = undersong("learn", dictionary, "--recipe", "lexicon", "--steps", 1, *WORDS, "--out", "one")

    assert 0 == told.code, told.err
    assert "in 300 pieces" in told.err
    recipe = Path("one/recipe.toml").read_text("utf-8")
    assert 'pieces = "record"' in recipe
    assert 'shape = "pieces"' in recipe


@pytest.mark.parametrize("voice", [[], ["--ngram"]], ids=["network", "n-gram"])
def test_a_word_that_nobody_has_gets_a_definition(undersong, lexicon, voice):
    """Every field is filled, the one that was given as it was."""
    answers = sampled(undersong, lexicon, "--ask", "word=sometifent", "--count", 5, "--json", *voice).json

    for answer in answers:
        assert ["word", "part", "definition"] == list(answer["piece"])
        assert all(answer["piece"].values())
        assert "sometifent" == answer["piece"]["word"]
    assert 1 < len({json.dumps(answer["piece"]) for answer in answers})


def test_any_field_is_asked_by_any_other(undersong, lexicon):
    """A word that means something; one of some part of speech that does; a beginning of a word."""
    asked = (
        {"definition": "to do with mi"},
        {"part": "noun"},
        {"definition": "to do with mi", "part": "noun"},
        {"word": "kami", "part": "noun", "definition": "all is said"},
    )
    for given in asked:
        words = [word for name, text in given.items() for word in ("--ask", f"{name}={text}")]
        piece = sampled(undersong, lexicon, *words, "--json").json["piece"]
        assert {**piece, **given} == piece
        assert all(piece.values())
    begun = sampled(undersong, lexicon, "--prompt", "kam", "--json").json["piece"]
    assert begun["word"].startswith("kam")
    assert all(begun.values())


def test_a_length_does_not_cut_a_record_short(undersong, lexicon):
    """Nobody stops in the middle of something; a length of nothing adds nothing."""
    short, none = (sampled(undersong, lexicon, "--ask", "word=kami", "-l", n, "--json").json for n in (1, 0))

    assert all(short["piece"].values())
    assert ["word", "part", "definition"] == list(short["piece"])
    assert {"word": "kami"} == none["piece"]


def test_a_record_is_shown_when_it_is_whole(undersong, lexicon):
    """In one line, the same that --json has; and what is copied is said."""
    shown = sampled(undersong, lexicon, "--ask", "word=kami")
    answer = sampled(undersong, lexicon, "--ask", "word=kami", "--json").json

    assert f"{answer['text']}\n" == shown.out
    assert "  ".join(answer["piece"].values()) == answer["text"]
    assert "opied" in shown.err


def test_fields_are_asked_in_python(lexicon):
    """As a mapping."""
    piece = us.load(lexicon).sample({"word": "sometifent"}, seed=7)

    assert "sometifent" == piece.to_json()["word"]
    assert 3 == len(piece.to_json())


def test_held_out_records_are_scored_as_they_came(undersong, lexicon, dictionary):
    """Their characters counted once, and an end for each; a file is read as the run read its own."""
    with dictionary.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[9::10]
    score = undersong("score", "--split", "valid", lexicon, "--json").json
    held = Path("held.csv")
    with held.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["word", "part", "definition"])
        table.writeheader()
        table.writerows(rows)
    of_file = undersong("score", lexicon, held, "--json").json

    assert sum(len(text) for row in rows for text in row.values()) + len(rows) == score["characters"]
    assert score["characters"] == of_file["characters"]
    assert score["baseline"] == pytest.approx(of_file["baseline"])


# ── onto a page ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("suffix", "begins"), [(".html", "<!doctype html>"), (".json", "["), (".md", "**")])
def test_many_records_are_one_page(undersong, lexicon, suffix, begins):
    """Set as a dictionary, since that is what the recipe asks for."""
    out = Path(f"page{suffix}")
    told = sampled(undersong, lexicon, "--count", 20, "--out", out)

    assert f"Wrote {out}" == told.err.splitlines()[0]
    assert [out] == list(Path().glob("page*"))
    page = out.read_text("utf-8")
    assert page.startswith(begins)
    assert suffix != ".html" or 'class="entry"' in page
    for answer in sampled(undersong, lexicon, "--count", 20, "--json").json:
        assert all(part in page for part in answer["piece"]["definition"].split() if part.isalnum())


def test_many_texts_are_a_file_each(undersong, lexicon):
    """Plain words stay apart, unless a layout is asked for."""
    sampled(undersong, lexicon, "--count", 2, "--out", "piece.txt")
    sampled(undersong, lexicon, "--count", 2, "--out", "page.txt", "--layout", "dictionary")

    assert ["page.txt", "piece-2.txt", "piece.txt"] == sorted(path.name for path in Path().glob("p*.txt"))
    assert 2 == len(Path("page.txt").read_text("utf-8").splitlines())


def test_another_layout_is_set_where_it_is_asked_for(undersong, lexicon):
    """By its name; without a file as words."""
    sampled(undersong, lexicon, "--count", 3, "--out", "page.html", "--layout", "front-page")
    shown = sampled(undersong, lexicon, "--count", 3, "--layout", "dictionary").out

    assert "The Undersong" in Path("page.html").read_text("utf-8")
    assert 3 == len(shown.splitlines())


def test_works_without_pages_are_a_file_each(undersong, toy):
    """As ever; and a layout for them is refused."""
    several = sampled(undersong, toy, "--count", 2, "--length", 5, "--out", "walk.json")
    refused = sampled(undersong, toy, "--length", 5, "--out", "walk.json", "--layout", "poems")

    assert (0, 2) == (several.code, len(list(Path().glob("walk*.json"))))
    assert 1 == refused.code
    assert "InputError: Works of 'walk.v1' are not bound as '.json'." in refused.err


# ── what cannot be asked ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--ask", "wrod=x"], 1, "There is no field 'wrod' in what was learned.\n  Did you mean 'word'?"),
        (["--ask", "word"], 2, "--ask word is not of the form name=text."),
        (["--ask", "=x"], 2, "--ask =x is not of the form name=text."),
        (["--ask", "word=x", "--ask", "word=y"], 2, "--ask word=y is not of the form name=text.\n  Each field once"),
        (["--ask", "word=x", "--prompt", "y"], 2, "goes on with a prompt or with fields, not both"),
        (["--layout", "dictoinary"], 1, "There is no layout 'dictoinary'.\n  Did you mean 'dictionary'?"),
        (["--layout", "list", "--json"], 2, "A layout sets a page, and JSON has none."),
        (["--out", "page.pdf", "-n", 2], 1, "A text cannot be written as '.pdf'."),
    ],
)
def test_what_cannot_be_asked_is_refused(undersong, lexicon, words, code, said):
    """Clearly, with the right code, and nothing is written."""
    told = sampled(undersong, lexicon, *words)

    assert code == told.code
    assert said in told.err
    assert not list(Path().glob("page*"))


def test_what_learned_no_records_cannot_be_asked(undersong, text, toy):
    """A text says so, and so do works of other media."""
    refused = [sampled(undersong, run, "--ask", "word=x", "--length", 5) for run in (text, toy)]

    assert "'tiny' has no fields that could be asked for" in refused[0].err
    assert [2, 1] == [each.code for each in refused]
