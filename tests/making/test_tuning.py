"""A recipe found by trying: what is tried on, what is kept, and how a study goes on."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest
from tiny_runs import SETTINGS

from undersong.config import read_toml, toml_text
from undersong.errors import LearningError, MissingExtraError, RunFolderError, TooLittleError, UsageError
from undersong.making import tuning
from undersong.making.corpus import Split
from undersong.making.learn import Request, learn
from undersong.making.moments import Evaluated
from undersong.making.recipe import load_recipe
from undersong.making.study import Study, Trial
from undersong.making.tuning import Tuning, tune

optuna = pytest.importorskip("optuna")
HELD = tuple(change for change in SETTINGS if not change.startswith(("training.rate", "training.rows")))
FIXED = ("core.layers=1", "core.dropout=0", "training.weight_decay=0")


@pytest.fixture
def quick(monkeypatch):
    """Trials that take no time: what is learned hangs on the rate alone, and is best at 0.003."""

    def quickly(request):
        recipe = load_recipe(request.recipe, request.changes)
        request.out.mkdir()
        settled = {"training": recipe.training.model_copy(update={"shape": "stream"})}
        (request.out / "recipe.toml").write_text(toml_text(recipe.model_copy(update=settled).model_dump()))
        for step in range(1, 11):
            request.should_stop()
            if step % 2 == 0:
                nats = 2 + abs(math.log(recipe.training.rate / 0.003)) + 1 / step
                request.observer(Evaluated(0.0, step, 10, nats, nats, "", 0.0, {}, False))
        raise AssertionError("nobody stopped it after its last evaluation")

    monkeypatch.setattr(tuning, "learn", quickly)


def tried(learned, trials=2, **other):
    """A study of a few tiny trials, in which the rate and the rows are tuned."""
    return tune(Tuning([learned.material], trials=trials, steps=10, changes=(*HELD, *FIXED), **other))


# ── what comes of it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_recipe_comes_of_it_that_learn_takes(learned):
    """In both media: the first trial is the recipe as it stands, and the best is what is written."""
    tuned = tried(learned, 2)
    trials = tuned.study.trials
    recipe = load_recipe(str(tuned.recipe))

    assert [0, 1] == [trial.number for trial in trials]
    assert {"training.rate", "training.rows"} <= set(trials[0].settings)
    assert all({"training.rate", "training.rows"} <= set(trial.settings) for trial in trials)
    assert tuned.study.best.nats == min(trial.nats for trial in trials) <= trials[0].nats
    best = tuned.study.best
    chosen = [f"{key}={value}" for key, value in best.settings.items()] if best.number else []
    assert load_recipe(None, [*HELD, *FIXED, *chosen]) == recipe
    assert not learn(Request([learned.material], steps=3, recipe="tuned.toml", out=Path("tiny"))).stopped


def test_the_recipe_says_in_its_first_lines_what_it_is_worth(text, quick):
    """Both figures, and that the better one was chosen."""
    tuned = tried(text)
    told = Path("tuned.toml").read_text("utf-8")

    assert told.startswith(f"# Tuned in 2 trials of 10 steps: {tuned.study.best.nats:.4f} nats per event")
    assert f"has {tuned.study.trials[0].nats:.4f}. It was chosen by that part" in told


def test_where_nothing_was_better_every_open_choice_stays_open(text):
    """A longer run has other sizes: they are left to it."""
    study = Study(Path("tuned.json"), {"seconds": None, "steps": 10}, [])
    study.add(Trial(0, {"core.size": 192, "training.rate": 0.006}, (2.0,), 10, 1.0, "finished"))
    study.add(Trial(1, {"core.size": 64, "training.rate": 0.001}, (2.5,), 10, 1.0, "finished"))
    study.write_recipe(Path("tuned.toml"), {"licence": "CC0"})
    assert {"licence": "CC0"} == read_toml(Path("tuned.toml"))

    study.add(Trial(2, {"core.size": 64, "training.rate": 0.002}, (1.5, 1.6), 10, 1.0, "finished"))
    study.write_recipe(Path("tuned.toml"), {"licence": "CC0", "core": {"kind": "gru"}})
    assert {"licence": "CC0", "core": {"kind": "gru", "size": 64}, "training": {"rate": 0.002}} == read_toml(
        Path("tuned.toml")
    )


def test_the_same_study_finds_the_same(text, quick):
    """Seed, settings and figures: nothing hangs on the clock where steps are counted."""
    one, other = (tried(text, out=Path(f"{name}.toml")).study.trials for name in ("one", "other"))

    assert [(trial.settings, trial.evaluations) for trial in one] == [
        (trial.settings, trial.evaluations) for trial in other
    ]


def test_the_search_comes_near_the_best(text, quick):
    """Trials learn from those before them."""
    study = tried(text, 25).study

    assert study.best.nats < study.trials[0].nats
    assert study.best.settings["training.rate"] == pytest.approx(0.003, rel=0.15)
    assert "pruned" in {trial.ended for trial in study.trials}


# ── what it is tried on ────────────────────────────────────────────────────────────────────────────────────────────


def test_what_learn_holds_out_is_never_looked_at(learned, quick, monkeypatch):
    """A trial gets what would be learned and no more, split again: not even its vocabulary has seen the rest."""
    requests = []
    quickly = tuning.learn
    monkeypatch.setattr(tuning, "learn", lambda request: requests.append(request) or quickly(request))
    tried(learned)
    split = learned_split(learned)
    known = [piece for head, _ in split for piece in head]

    assert [known, known] == [list(request.material.pieces) for request in requests]
    assert not {id(piece) for _, tail in split for piece in tail} & {id(piece) for piece in known}


def learned_split(learned):
    """The parts of the whole material, known and held out."""
    from undersong.making.corpus import medium_for
    from undersong.making.learn import cut_as_asked, shape_of

    recipe = load_recipe(None)
    medium, paths, _ = medium_for([learned.material], "auto")
    material = cut_as_asked(medium, medium.read(paths), recipe)
    return Split.of(medium, material.pieces, medium.units[0], shape_of(medium, material, recipe)).parts


def test_the_first_trial_is_what_learn_would_do_with_that_material(text, monkeypatch):
    """Its figure is the best evaluation of such a run, step for step."""
    figures = []
    requests = []
    monkeypatch.setattr(tuning, "learn", lambda request: requests.append(request) or learn(request))
    (first, *_) = tried(text, 1).study.trials

    def see(moment):
        if isinstance(moment, Evaluated):
            figures.append(moment.nats)

    given = requests[0]
    learn(Request(given.files, None, 10, None, given.changes, Path("tiny"), material=given.material, observer=see))

    assert min(figures) == pytest.approx(first.nats, abs=1e-6)


def test_material_that_cannot_be_split_twice_is_refused(toy):
    """By its name; nothing is written."""
    walks = json.loads(toy.material.read_text())
    few = Path("ten.walks.json")
    few.write_text(json.dumps(walks[:10]))
    with pytest.raises(TooLittleError, match="too little material to tune on"):
        tune(Tuning([few], trials=2, steps=10))

    assert [few] == list(Path().iterdir())


# ── trials that come to no end ─────────────────────────────────────────────────────────────────────────────────────


def test_a_hopeless_trial_is_given_up(text, quick, monkeypatch):
    """After a few evaluations, where most of the others were better by then."""
    monkeypatch.setattr(tuning, "_SURE", 0)
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda **_: _Ruthless())
    tuned = tried(text, 3)

    assert ["finished", "pruned", "pruned"] == [trial.ended for trial in tuned.study.trials]
    assert 2 == len(tuned.study.trials[1].evaluations)
    assert 0 == tuned.study.best.number
    assert math.inf == tuned.study.trials[1].nats


class _Ruthless(optuna.pruners.BasePruner):
    """Gives up every trial at its second evaluation."""

    def prune(self, study, trial):
        return trial.last_step >= 2


def test_a_trial_that_cannot_go_on_is_no_end_of_the_study(text, quick, monkeypatch):
    """It counts as the worst."""
    quickly = tuning.learn

    def failing(request):
        if any(change.startswith("training.rate=") for change in request.changes):
            raise LearningError("The loss became nan.")
        return quickly(request)

    monkeypatch.setattr(tuning, "learn", failing)
    tuned = tried(text, 3)

    assert ["finished", "failed", "failed"] == [trial.ended for trial in tuned.study.trials]
    assert 0 == tuned.study.best.number


def test_an_interruption_keeps_the_best_so_far(text, quick):
    """The trial that was under way is dropped; the recipe and the study are whole, and it goes on with --resume."""
    left = [25]

    def should_stop():
        left[0] -= 1
        return left[0] < 0

    tuned = tried(text, 9, should_stop=should_stop)
    more = tried(text, len(tuned.study.trials) + 1, resume=True)

    assert tuned.stopped
    assert not more.stopped
    assert len(tuned.study.trials) + 1 == len(more.study.trials)
    assert tuned.study.trials == more.study.trials[:-1]
    assert isinstance(load_recipe("tuned.toml").core.size, int)


# ── the study ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_study_holds_figures_and_nothing_of_the_material(text, quick):
    """It may be shown to anybody."""
    tried(text)
    told = Path("tuned.json").read_text("utf-8")

    assert text.material.name not in told
    assert "keeper" not in told
    assert {"of", "trials"} == set(json.loads(told))


def test_a_study_comes_back_from_its_file(text, quick):
    """Trial by trial."""
    study = tried(text).study

    assert study == Study.read(study.path)


def test_a_study_of_something_else_is_not_gone_on_with(text, toy, quick):
    """Other material, another recipe, other steps: figures of different things cannot be compared."""
    tried(text)
    before = Path("tuned.json").read_bytes()
    held = (*HELD, *FIXED)
    for files, changes, steps, says in (
        ([toy.material], held, 10, "another material"),
        ([text.material], (*held, "seed=2"), 10, "another recipe"),
        ([text.material], held, 11, "other steps"),
    ):
        with pytest.raises(RunFolderError, match=says):
            tune(Tuning(files, trials=3, steps=steps, changes=changes, resume=True))

    assert before == Path("tuned.json").read_bytes()


@pytest.mark.parametrize("name", ["tuned.json", "tuned.toml"])
def test_a_study_is_not_written_over(text, name):
    """Nor a recipe that somebody wrote."""
    Path(name).write_text("mine")
    with pytest.raises(RunFolderError, match=f"'{name}' is there already"):
        tried(text)

    assert "mine" == Path(name).read_text()


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"of": 1, "trials": []}', b'{"of": {}, "trials": [{}]}', b'{"of": {}, "trials": [1]}'],
)
def test_a_damaged_study_is_refused(text, content):
    """By its file's name."""
    Path("tuned.json").write_bytes(content)
    with pytest.raises(RunFolderError, match=r"There is no study to go on with in 'tuned\.json'"):
        tried(text, resume=True)


# ── what may be asked ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"minutes": 0.5}, "30 s are too little to tune in"),
        ({"minutes": math.inf}, "too little"),
        ({"out": Path("tuned.json")}, "is no name for a recipe"),
    ],
)
def test_what_cannot_be_tuned_so_is_refused(text, other, says):
    """Before anything is tried."""
    with pytest.raises(UsageError, match=says):
        tune(Tuning([text.material], **other))

    assert [] == list(Path().iterdir())


def test_something_must_be_left_to_tune(text, quick):
    """Who holds everything learns instead."""
    held = (*SETTINGS, *FIXED)
    with pytest.raises(UsageError, match="There is nothing left to tune"):
        tune(Tuning([text.material], trials=2, steps=5, changes=held))


@pytest.mark.parametrize(
    ("asked", "shares"),
    [
        ({}, (30.0, math.inf, 90.0)),
        ({"minutes": 10.0}, (10.0, math.inf, 30.0)),
        ({"minutes": 2.0}, (2.0, math.inf, 20.0)),
        ({"minutes": 10.0, "trials": 5}, (10.0, 5, 120.0)),
        ({"trials": 6}, (30.0, 6, 300.0)),
        ({"steps": 500}, (None, 20, None)),
        ({"steps": 500, "minutes": 10.0}, (10.0, math.inf, None)),
    ],
    ids=str,
)
def test_the_minutes_are_shared_among_the_trials(asked, shares):
    """Equal minutes for each, 20 s at least; steps instead where they are asked for."""
    assert shares == tuning._shares(Tuning(["x"], **asked))


def test_without_optuna_it_says_how_to_install_it(text, monkeypatch):
    """Nothing else needs it."""
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(MissingExtraError, match=r"undersong\[tune\]"):
        tried(text)
