"""A run is a recipe: named, overridden by a.b=c, resolved, and refused where it makes no sense."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from undersong.config import build, toml_text
from undersong.errors import MissingFileError, RecipeError, UnknownNameError
from undersong.making.recipe import Recipe, load_recipe, recipe_names
from undersong.media.text.medium import Text
from undersong.media.text.reading.asked import Asked


def test_every_recipe_that_ships_can_be_used():
    """By its name, and by that alone."""
    assert "char-rnn" in recipe_names()
    for name in recipe_names():
        assert isinstance(load_recipe(name), Recipe)


def test_every_layout_of_a_recipe_is_there():
    """So that a page can be made of what it plays; and what it asks the reader is known."""
    layouts = {name: load_recipe(name).layout for name in recipe_names()}

    assert {"chat", "headlines", "lexicon", "names", "poems", "screenplay"} == {
        name for name in layouts if layouts[name]
    }
    for name, layout in layouts.items():
        assert Text().bound((), ".html", layout)
        build(Asked, load_recipe(name).read)


def test_without_a_name_every_choice_has_its_default():
    """A recipe need say only what it wants otherwise."""
    assert Recipe() == load_recipe(None)


def test_a_change_lies_over_the_recipe():
    """Numbers, words and lists as TOML has them; a word needs no quotes."""
    recipe = load_recipe("char-rnn", ["core.size=64", "core.kind=gru", "ngram.orders=[2, 3]", "licence=CC0 1.0"])

    assert (64, "gru", 2, (2, 3), "CC0 1.0") == (
        recipe.core.size, recipe.core.kind, recipe.core.layers, recipe.ngram.orders, recipe.licence
    )  # fmt: skip


def test_a_recipe_comes_back_from_its_toml():
    """What is kept in a run folder is what was used."""
    recipe = load_recipe("char-rnn", ["core.size=64", "seed=5"])
    Path("kept.toml").write_text(toml_text(recipe.model_dump()))

    assert recipe == load_recipe("kept.toml")
    assert 5 == tomllib.loads(Path("kept.toml").read_text())["seed"]


def test_a_core_of_a_stranger_is_named_like_ours():
    """And has its own settings, which are checked as well."""
    recipe = load_recipe(None, ["core.kind=leaky", "core.settings.leak=0.25"])

    assert {"leak": 0.25} == recipe.core.settings
    with pytest.raises(RecipeError, match=r"settings of leaky\.v1: leak = 2 will not do"):
        load_recipe(None, ["core.kind=leaky", "core.settings.leak=2"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("seed=-1", "seed = -1 will not do"),
        ("core.layers=0", "core.layers = 0 will not do"),
        ("core.size=0", 'core.size = 0 will not do: It should be a whole number from 1 to 8192, or "auto".'),
        ("core.size=1.5", "core.size = 1.5 will not do"),
        ("core.size=true", "core.size = True will not do"),
        ("core.embedding=-4", "core.embedding = -4 will not do"),
        ("core.dropout=1", 'core.dropout = 1 will not do: It should be a number from 0 to below 1, or "auto".'),
        ("core.dropout=nan", "core.dropout = nan will not do"),
        ("core=5", "core = 5 will not do"),
        ("training.rows=0", "training.rows = 0 will not do"),
        ("training.shape=circle", "training.shape = 'circle' will not do"),
        ("ngram.orders=[]", "ngram.orders = [] will not do"),
        ("ngram.orders=[0]", "ngram.orders.0 = 0 will not do"),
        ("ngram.orders=[99]", "ngram.orders.0 = 99 will not do"),
        ("ngram.methods=[]", "ngram.methods = [] will not do"),
        ("core.size.x=3", "core.size = {'x': 3} will not do"),
        ("=3", "--set =3 is not of the form a.b=c."),
        ("sead=3", "a key that means nothing: 'sead'.\n  Did you mean 'seed'?"),
        ("qqq=3", "a key that means nothing: 'qqq'.\n  Known there: medium, unit, pieces"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(change, says):
    """By its key, with what was given and what was expected, before anything is read."""
    with pytest.raises(RecipeError) as caught:
        load_recipe(None, [change])

    assert says in str(caught.value)


def test_a_name_that_is_no_recipe_is_refused():
    """With the nearest, or all; a path that is not there with the path."""
    with pytest.raises(UnknownNameError, match="Did you mean 'char-rnn'"):
        load_recipe("char_rnn")
    with pytest.raises(UnknownNameError, match=r"Known: .*char-rnn.*; or a path to a \.toml file"):
        load_recipe("qqq")
    with pytest.raises(MissingFileError):
        load_recipe("gone.toml")
