"""Learning on from what was learned before: whose weights, which symbols, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_runs import SETTINGS

import undersong as us
from undersong.errors import RunFolderError, UsageError
from undersong.events import AbstractCodec
from undersong.keeping.run_folder import RunFolder
from undersong.making.learn import Request, learn
from undersong.making.origin import Origin, load_origin
from undersong.making.recipe import load_recipe
from undersong.media.text.codec import Characters
from undersong.playing.loading import shipped

STILL = (*SETTINGS, "training.rate=1e-9", "training.muon=0")
"""So slow that nothing moves by more than rounding, and what a run began with can be read off it."""


def greek(folder: Path) -> Path:
    path = folder / "greek.txt"
    path.write_text("The lamp, ἡ θάλασσα καὶ ὁ λύχνος; the tide went out.\n" * 60, "utf-8")
    return path


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def codec_of(folder: Path) -> AbstractCodec:
    return Characters.from_json(RunFolder(folder).read_json("private/codec.json")["codec"])


# ── from a run ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_goes_on_from_another_with_a_larger_vocabulary(text, tmp_path):
    """Its core is the other's to begin with, its rows stand where its codec says, and its card tells whence it came."""
    run = learn(Request([greek(tmp_path)], steps=2, changes=STILL, out=tmp_path / "on", origin=str(text.folder)))
    old, new, before, after = codec_of(text.folder), codec_of(run.folder), weights(text.folder), weights(run.folder)
    moved = new.renumbered(old)

    assert {"θ", "ά", "λ"} <= set(new.clusters) - set(old.clusters)
    for name, value in before.items():
        kept = after[name] if name.startswith("core.") else after[name][moved[: len(value)]]
        np.testing.assert_allclose(value, kept, atol=1e-6, err_msg=name)
    card = (run.folder / "README.md").read_text("utf-8")
    assert "| went on from | tiny, which learned from keeper.txt (licence of that: not stated) |" in card
    assert "| learned from | greek.txt |" in card
    assert str(text.folder) not in card


def test_what_a_new_run_foretells_of_the_old_material_is_what_the_old_one_did(text, tmp_path):
    """From odds to held-out score: before the first real step nothing is lost."""
    run = learn(Request([text.material], steps=1, changes=STILL, out=tmp_path / "on", origin=str(text.folder)))

    np.testing.assert_allclose(text.run.nats, run.nats, atol=1e-4)


def test_a_run_of_numbers_goes_on_with_its_own_measure(toy, tmp_path):
    """A codec without symbols stays as it is: the scale that the weights were learned under."""
    run = learn(Request([toy.material], steps=1, changes=STILL, out=tmp_path / "on", origin=str(toy.folder)))

    assert codec_file(toy.folder) == codec_file(run.folder)
    for name, value in weights(toy.folder).items():
        np.testing.assert_allclose(value, weights(run.folder)[name], atol=1e-6, err_msg=name)


def codec_file(folder: Path) -> dict[str, object]:
    told: dict[str, object] = RunFolder(folder).read_json("private/codec.json")["codec"]
    return told


def test_a_run_stopped_before_its_first_checkpoint_begins_at_its_origin_again(text, tmp_path):
    """Afterwards its own checkpoint is enough, and the origin may go."""
    origin = tmp_path / "origin"
    shutil.copytree(text.folder, origin)
    run = learn(Request([text.material], steps=1, changes=STILL, out=tmp_path / "on", origin=str(origin)))
    (run.folder / "private" / "last.safetensors").unlink()
    learn(Request(steps=2, out=run.folder, resume=True))
    again = weights(run.folder)
    shutil.rmtree(origin)
    learn(Request(steps=3, out=run.folder, resume=True))

    for name, value in weights(text.folder).items():
        np.testing.assert_allclose(value, again[name], atol=1e-6, err_msg=name)


# ── from a file ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_alone_holds_all_there_is_to_go_on_from(learned):
    """What its graphs give back is what the run folder has, bit for bit; of either medium."""
    from_run = load_origin(str(learned.folder))
    from_file = load_origin(str(learned.folder / "tiny.undersong"))

    assert same_form(from_run) == same_form(from_file)
    assert set(from_run.arrays) == set(from_file.arrays)
    for name, value in from_run.arrays.items():
        np.testing.assert_array_equal(value, from_file.arrays[name])


def same_form(origin: Origin) -> dict[str, object]:
    return {**origin.spec.to_json(), "dropout": "any", "codec": origin.codec.to_json(), "medium": origin.medium}


@pytest.mark.parametrize("voice", sorted(shipped()))
def test_every_voice_that_ships_can_be_gone_on_from(voice):
    """By its name; its model is built and holds its weights."""
    origin = load_origin(voice)
    model = origin.model_for(origin.spec, origin.codec)

    assert voice == origin.name
    assert set(model.state_dict()) == set(origin.arrays)
    assert str(origin).startswith(f"{voice}, which learned from builtin:")


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_network_is_the_origins(text):
    """What is left open follows it; what says the same may stand; what contradicts it is refused by name."""
    origin = load_origin(str(text.folder))
    open_to_all = origin.followed(load_recipe(None, ["training.rate=0.001", "core.dropout=0.2"]))

    assert (16, 8, 1, 0.2) == (open_to_all.core.size, open_to_all.core.embedding, open_to_all.core.layers, 0.2)
    assert 16 == origin.followed(load_recipe(None, ["core.size=16", "core.kind=lstm"])).core.size
    with pytest.raises(UsageError, match=r"core.size is 16 in 'tiny', which is to be gone on from, not 32"):
        origin.followed(load_recipe(None, ["core.size=32"]))
    with pytest.raises(UsageError, match=r"core.kind is lstm.v1 in 'tiny'"):
        origin.followed(load_recipe(None, ["core.kind=gru"]))
    with pytest.raises(UsageError, match=r"core.layers is 1"):
        origin.followed(load_recipe("char-rnn"))


def test_material_of_another_kind_is_refused(text, toy, tmp_path):
    """Walks are no text, whatever network learns them; no folder is left behind."""
    with pytest.raises(UsageError, match=r"'tiny' learned text.v1, and this material is walk.v1"):
        learn(Request([toy.material], steps=1, out=tmp_path / "on", origin=str(text.folder)))
    assert not (tmp_path / "on").exists()


def test_a_unit_that_the_origin_does_not_read_in_is_refused(text):
    """Its symbols are what they are."""
    origin = load_origin(str(text.folder))
    from undersong.media.text.medium import Text

    assert "character" == origin.unit(Text(), "auto") == origin.unit(Text(), "character")
    with pytest.raises(UsageError, match="'tiny' reads by the character"):
        origin.unit(Text(), "syllable")


def test_nobody_goes_on_from_nothing(text, tmp_path):
    """A name that is not there gets the nearest; a run that has learned nothing says so."""
    with pytest.raises(RunFolderError, match="no run or instrument 'keper'") as refused:
        load_origin("keper")
    assert "Did you mean 'keeper'?" in refused.value.do
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(text.folder / "recipe.toml", empty)
    with pytest.raises(RunFolderError, match="has learned nothing yet"):
        load_origin(str(empty))


def test_resuming_goes_on_from_where_the_run_is(text):
    """Not from anywhere else."""
    with pytest.raises(UsageError, match="from where it is"):
        learn(Request(out=text.folder, resume=True, origin="keeper"))


def test_python_goes_on_as_the_command_does(text, tmp_path):
    """From the same names, into a run of its own."""
    run = us.learn(greek(tmp_path), steps=1, out=tmp_path / "on", origin=text.folder, training__precision="float32")

    assert load_origin(str(run.folder)).spec.layers == load_origin(str(text.folder)).spec.layers
