"""The toy medium, as a stranger would bring it: found by its entry points, read, learned and played like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from undersong_toy.walk import CONDITIONS, Walk, WalkPiece, Walks, make_walks, walk_of, write_walks

from undersong import registry
from undersong.errors import InputError, InstrumentFileError, PromptError, TooLittleError, UnreadableFileError
from undersong.making.learn import Request, learn
from undersong.making.scoring import score_split
from undersong.playing.loading import load

REGISTERED = {
    "media": "walk.v1",
    "codecs": "walks.v1",
    "distributions": "toy_mixture.v1",
    "heads": "toy_mixture.v1",
    "graphs": "toy_mixture.v1",
    "cores": "leaky.v1",
}
WALK = {"points": [[1, 0], [1, 2]], "class": 1, "z": [0, 1, 2, 3], "control": [1, 2], "memory": [[1, 2, 3]]}

coordinates = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(("group", "name"), REGISTERED.items())
def test_stranger_comes_through_the_same_door(group: str, name: str) -> None:
    """A package on the path is enough: no line of ours names it."""
    assert "undersong-toy 1.0" == registry.source_of(group, name)
    assert registry.load(group, name) is registry.load(group, name.removesuffix(".v1"))


def test_stranger_is_found_in_another_process() -> None:
    """With the folder on PYTHONPATH a subprocess finds it too, and without it does not."""
    code = "from undersong import registry; print('walk.v1' in registry.names('media'))"
    toy = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    found = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        for env in (toy, bare)
    ]

    assert ["True\n", "False\n"] == found


@given(st.lists(st.tuples(coordinates, coordinates), max_size=20))
def test_decode_returns_every_walk_to_what_float32_can_tell(points: list[tuple[float, float]]) -> None:
    """A walk comes back point by point, none added and none lost."""
    codec = Walks(1.7)

    back = codec.decode(codec.encode(WalkPiece(tuple(points))))

    assert len(points) == len(back.points) == codec.measure(back)
    np.testing.assert_allclose(np.reshape(back.points, (-1, 2)), np.reshape(points, (-1, 2)), atol=2.0, rtol=1e-6)


def test_codec_comes_back_from_its_file() -> None:
    """Scale and components are all a codec of walks is."""
    codec = Walk().codec([WalkPiece(((3.0, 4.0), (3.0, 9.0)))], "offset")

    assert codec.to_json() == Walks.from_json(codec.to_json()).to_json()
    for spoiled in ({}, {"scale": 0, "components": 5}, {"scale": "1", "components": 5}, {"scale": 1, "components": 0}):
        with pytest.raises(InstrumentFileError, match="codec of a walk"):
            Walks.from_json(spoiled)


@pytest.mark.parametrize("given", ["", "  ", "[]", "[[1, 2]]", "[[1, 2], [-3.5, 1e-3]]"])
def test_prompt_reads_points(given: str) -> None:
    """Points as JSON; nothing is the walk that has not begun."""
    assert (json.loads(given) if given.strip() else []) == Walk().prompt(given).to_json()


@pytest.mark.parametrize(
    "given", ["{", "1", "[1]", "[[1]]", "[[1, 2, 3]]", "[[true, 1]]", "[[1, Infinity]]", "[" * 9999]
)
def test_prompt_that_is_no_list_of_points_is_refused(given: str) -> None:
    """Whatever it is, it is a PromptError."""
    with pytest.raises(PromptError, match="list of points"):
        Walk().prompt(given)


def test_file_is_read_with_everything_the_walks_were_made_under(toy_file: Path) -> None:
    """Forty walks, all four conditions, memories of any length, and something to learn in each."""
    pieces = Walk().read([toy_file]).pieces

    assert 40 == len(pieces)
    for piece, data in zip(pieces, make_walks(40, seed=1), strict=True):
        assert isinstance(piece, WalkPiece)
        assert data["points"] == piece.to_json()
        assert [spec.name for spec in CONDITIONS] == list(piece.made_under)
        for name, value in piece.made_under.items():
            np.testing.assert_allclose(np.ravel(value), np.ravel(data[name]), rtol=1e-6)


def test_walk_without_conditions_was_made_under_neutral_ones(tmp_path: Path) -> None:
    """Only the points must be there."""
    path = tmp_path / "bare.walks.json"
    path.write_text('[{"points": [[1, 2], [3, 4]]}]')

    (piece,) = Walk().read([path]).pieces

    assert isinstance(piece, WalkPiece)
    told = {name: value.tolist() for name, value in piece.made_under.items()}
    assert {"class": 0, "z": [0.0] * 4, "control": [1.0, 1.0], "memory": []} == told


SPOILED = {
    "no list": {},
    "no walk": [3],
    "no points": [{"class": 1}],
    "words": [{**WALK, "points": [["a", "b"]]}],
    "class beyond": [{**WALK, "class": 3}],
    "short z": [{**WALK, "z": [1]}],
    "short control": [{**WALK, "control": [1]}],
    "narrow memory": [{**WALK, "memory": [[1, 2]]}],
}


@pytest.mark.parametrize("content", SPOILED.values(), ids=SPOILED)
def test_file_that_is_none_of_walks_is_refused(content: object, tmp_path: Path) -> None:
    """A spoiled file ends in a sentence that names it."""
    path = tmp_path / "spoiled.walks.json"
    path.write_text(json.dumps(content))

    with pytest.raises(UnreadableFileError, match=r"spoiled\.walks\.json"):
        Walk().read([path])


def test_file_without_a_walk_is_too_little(tmp_path: Path) -> None:
    """An empty list is a list of walks; there is only nothing to learn from."""
    path = tmp_path / "empty.walks.json"
    path.write_text("[]")

    with pytest.raises(TooLittleError):
        Walk().read([path])


def test_piece_is_saved_as_what_can_be_read_and_seen(tmp_path: Path) -> None:
    """A drawing of it, or a file of one walk; nothing else."""
    piece = Walk().read([write_walks(tmp_path / "many.walks.json", count=1)]).pieces[0]

    again = Walk().read([piece.save(tmp_path / "one.walks.json")]).pieces[0]
    drawing = ElementTree.fromstring(piece.to_bytes(".svg").decode())

    assert piece == again
    assert "polyline" in drawing[0].tag
    assert str(piece).isascii()
    with pytest.raises(InputError, match=r"\.mid"):
        piece.to_bytes(".mid")


def test_steps_of_a_walk_are_the_same_wherever_it_leads() -> None:
    """What copying is looked for in: a number for each step, the same to a thousandth; none can be shown alone."""
    codec, walk = Walks(1.0), walk_of({"points": [[0, 1], [2, 1], [2, 2]]}, "a walk")
    moved = walk_of({"points": [[9, 9], [9, 10.0002], [11, 10], [11, 11]]}, "another")
    alone = codec.elements(walk)

    assert alone.tolist() == codec.elements(moved)[1:].tolist()
    assert alone[0] == alone[2] != alone[1]
    assert (None, walk, "") == (codec.excerpt(walk, 0, 1), codec.folded(walk), codec.overlooks)


@pytest.mark.parametrize("core", ["lstm", pytest.param("leaky", marks=pytest.mark.slow)])
def test_walks_are_learned_resumed_and_played(core: str, toy_file: Path, tmp_path: Path) -> None:
    """Read, learn, stop, go on, play, score: with a core we write graphs for, and one that torch exports."""
    if core == "leaky":
        pytest.importorskip("onnxscript")
    out = tmp_path / "walks"
    changes = ("core.size=8", f"core.kind={core}", "training.precision=float32")
    learn(Request([toy_file], steps=2, out=out, changes=changes, should_stop=lambda: True))
    run = learn(Request(steps=2, out=out, resume=True))

    instrument, scored = load(out), score_split(str(out))

    assert not run.stopped
    assert scored.baseline is not None
    assert "one Gaussian" == scored.baseline[0]
    assert scored.score.nats_per_measure == pytest.approx(run.nats, abs=1e-4)
    assert 7 == len(instrument.sample(length=7, seed=1, condition={"class": 2}).to_json())
