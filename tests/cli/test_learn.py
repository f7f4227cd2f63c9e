"""`undersong learn`: what a run folder holds, what never leaves it, and what is told on the way."""

from __future__ import annotations

import json
import os
import re
import time
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_runs import SETTINGS, STEPS, public_files

from undersong.keeping import instrument_file
from undersong.playing.loading import load

WORDS = [word for change in SETTINGS for word in ("--set", change)]
SPAN = 30  # characters in a row that nobody writes twice by chance


def test_a_run_folder_holds_what_may_be_shared_and_private(learned):
    """One instrument, the weights and their form, the recipe, the card; all else under private/."""
    expected = {"tiny.undersong", "model.safetensors", "config.json", "recipe.toml", "README.md", "private"}
    private = {".gitignore", "lock", "log.jsonl", "request.json", "codec.json", "corpus.npz", "events.npy"}
    private |= {"tensorboard"} if find_spec("tensorboard") else set()
    private |= {"best.safetensors", "last.safetensors"} | (
        {"ngram.npz", "duet.json"} if learned.tiny.is_text else set()
    )

    assert expected == {path.name for path in learned.folder.iterdir()}
    assert private == {path.name for path in (learned.folder / "private").iterdir()}
    assert b"*\n" == (learned.folder / "private" / ".gitignore").read_bytes()


def test_nothing_of_the_material_is_in_what_may_be_shared(text):
    """No 30 characters of it in a row, in any public file, packed or unpacked; but in private/ they are."""
    material = text.material.read_bytes()
    spans = {material[at : at + SPAN] for at in range(len(material) - SPAN)}
    found = [name for name, data in public_files(text.folder) if copies(data, spans)]

    assert not found
    assert copies(material[100:200], spans)  # the search finds what is there


def test_no_number_of_a_drawing_is_in_what_may_be_shared(toy):
    """The same for a walk: not one of its coordinates with four decimals."""
    walks = json.loads(toy.material.read_text())
    numbers = {f"{number:.4f}".encode() for walk in walks for point in walk["points"] for number in point}
    found = [name for name, data in public_files(toy.folder) if set(re.findall(rb"-?\d+\.\d{4}", data)) & numbers]

    assert not found


def copies(data, spans):
    return any(data[at : at + SPAN] in spans for at in range(len(data) - SPAN))


def test_no_place_of_this_machine_is_in_what_may_be_shared(learned):
    """Neither the folder it was learned in nor who was logged in; of the material only the name."""
    places = {str(learned.folder.parent), str(Path.home()), os.uname().nodename} - {"/"}
    found = {name for name, data in public_files(learned.folder) for place in places if place.encode() in data}

    assert not found
    assert f"| learned from | {learned.material.name} |" in (learned.folder / "README.md").read_text("utf-8")


def test_every_line_of_the_log_can_be_read(learned):
    """One moment a line, in the order they happened; every tenth step is there."""
    log = [json.loads(line) for line in (learned.folder / "private" / "log.jsonl").read_text("utf-8").splitlines()]
    told = [line["what"] for line in log]

    assert ["read", "counted", "planned"] == told[:3]
    assert "finished" == told[-1]
    assert [10, 20, 30, 40] == [line["step"] for line in log if line["what"] == "stepped"]
    assert 10 == told.count("evaluated")
    assert sorted(line["elapsed"] for line in log) == [line["elapsed"] for line in log]


def test_the_recipe_kept_is_the_resolved_one(learned):
    """With the values that were chosen, and in TOML."""
    recipe = tomllib.loads((learned.folder / "recipe.toml").read_text("utf-8"))
    core = {"kind": "lstm.v1", "layers": 1, "size": 16, "embedding": 8, "dropout": 0.5, "settings": {}}

    assert (f"{learned.tiny.medium}.v1", core) == (recipe["medium"], recipe["core"])
    assert ("float32", 0.03) == (recipe["training"]["precision"], recipe["training"]["rate"])
    assert ("stream" if learned.tiny.is_text else "pieces") == recipe["training"]["shape"]


def test_the_instrument_carries_its_card_and_its_facts(learned):
    """What the README says, the file says, too."""
    file = instrument_file.read(learned.folder / "tiny.undersong")
    facts = file.description.provenance

    assert (learned.folder / "README.md").read_text("utf-8") == file.card
    assert (STEPS, "float32", "1 x 16 lstm") == (facts["steps"], facts["precision"], facts["network"])
    assert learned.material.name == facts["sources"]


def test_a_run_without_a_name_of_its_own_is_called_after_its_material(undersong, learned, tmp_path):
    """runs/NAME, and a second one NAME-2."""
    answers = [undersong("learn", learned.material, "--steps", 1, *WORDS, "--json").json for _ in range(2)]
    stem = learned.material.stem.replace(".", "-")

    assert [f"runs/{stem}", f"runs/{stem}-2"] == [answer["folder"] for answer in answers]
    assert {"folder", "nats", "baseline_nats", "stopped"} == set(answers[0])
    assert load(tmp_path / "runs" / stem).name == stem


def test_a_name_of_pictures_alone_still_gives_a_run(undersong, text, tmp_path):
    """An emoji is no name for a folder on every system; the date is."""
    material = tmp_path / "🌊🎻.txt"
    material.write_bytes(text.material.read_bytes())
    answer = undersong("learn", material, "--steps", 1, *WORDS, "--json").json

    assert re.fullmatch(r"runs/run-\d{4}-\d\d-\d\d", answer["folder"])
    assert "🌊🎻.txt" in (tmp_path / answer["folder"] / "README.md").read_text("utf-8")


def test_a_folder_of_files_is_learned_whole(undersong, text, tmp_path):
    """Each file is a piece of its own; a very short one hurts nobody, and what is left out is said."""
    folder = tmp_path / "letters"
    folder.mkdir()
    material = text.material.read_text("utf-8")
    for name, content in (("0.txt", "x"), ("1.txt", material[:3000]), ("2.md", material[3000:6000]), ("3.bin", "1,2")):
        (folder / name).write_text(content, "utf-8")
    answer = undersong("learn", folder, "--steps", 2, *WORDS)

    assert 0 == answer.code
    assert "6,001 characters in 3 pieces" in answer.err
    assert f"Left out of '{folder}' files of other kinds: 1, such as .bin." in answer.err


def test_material_that_ships_is_learned_by_its_name(undersong):
    """builtin:tide needs no path, and the run is called tide."""
    answer = undersong("learn", "builtin:tide", "--steps", 1, *WORDS, "--json").json

    assert "runs/tide" == answer["folder"]


def test_what_stands_in_python_is_what_the_command_does(undersong, learned):
    """The same seed, build and machine give the same work."""
    answer = undersong("learn", learned.material, "--steps", STEPS, *WORDS, "--out", "tiny", "--json").json

    assert load(learned.folder).facts["nats_per_measure"] == answer["nats"]
    assert (learned.folder / "model.safetensors").read_bytes() == Path("tiny/model.safetensors").read_bytes()


# ── what is told on the way ────────────────────────────────────────────────────────────────────────────────────────


def test_where_nobody_watches_plain_lines_are_told(undersong, learned):
    """No escape codes; what was read, counted, planned, each evaluation, and the end with its figure and its file."""
    answer = undersong("learn", learned.material, "--steps", 10, *WORDS, "--out", "plain")
    baseline = "Kneser-Ney 3" if learned.tiny.is_text else "one Gaussian"

    assert (0, "") == (answer.code, answer.out)
    assert "\x1b" not in answer.err
    for told in (
        f"{learned.tiny.measure}s in ", f"{baseline} has ", "Learning with 1 x 16 lstm, ", "step 10/10  ",
        f" held out  ({baseline} ", "Done after ", "The instrument is plain/plain.undersong",
    ):  # fmt: skip
        assert told in answer.err


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")
def test_on_a_terminal_a_live_screen_is_shown_and_ctrl_c_ends_it(started, text):
    """Pressed on the keyboard: the step is finished, all is saved, and it says how to go on and what is next."""
    keyboard, terminal = os.openpty()
    process = started("learn", text.material, "--steps", 2000, *WORDS, "--out", "a run", **terminal_of(terminal))
    os.close(terminal)
    seen = watch(keyboard, until=b"ahead of it")
    os.write(keyboard, b"\x03")
    seen += watch(keyboard)
    os.close(keyboard)

    shown = seen.decode("utf-8", "replace")
    assert 0 == process.wait(60)
    assert "\x1b[?25l" in shown  # a live screen hides the cursor
    for told in ("learning", "step ", "events/s", "Finishing this step and saving.", "Stopped after ", "Next: "):
        assert told in shown
    assert "Go on with: undersong learn --resume --out 'a run'" in shown
    assert "Traceback" not in shown
    assert load("a run").facts["kept"].startswith("as it was")


def terminal_of(handle):
    """A process whose controlling terminal this is, so that a key pressed there reaches it as a signal."""

    def take():
        import fcntl
        import termios

        os.setsid()
        fcntl.ioctl(handle, termios.TIOCSCTTY, 0)

    return {"stdin": handle, "stdout": handle, "stderr": handle, "preexec_fn": take, "encoding": None}


def watch(handle, until=None, patience=120.0):
    """What is shown, up to some words or to the end."""
    seen, began = b"", time.monotonic()
    while until is None or until not in seen:
        assert time.monotonic() - began < patience, seen[-2000:]
        try:
            part = os.read(handle, 4096)
        except OSError:  # how Linux says that nobody writes any more
            break
        if not part:
            break
        seen += part
    return seen


def test_a_reader_who_leaves_does_not_end_the_learning(started, text):
    """`undersong learn … 2>&1 | head -1` still makes its instrument."""
    reader, writer = os.pipe()
    process = started("learn", text.material, "--steps", 3, *WORDS, "--out", "alone", stdout=writer, stderr=writer)
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)

    assert 0 == process.wait(120)
    assert (Path("alone") / "alone.undersong").is_file()


@pytest.mark.slow
def test_the_demo_learns_and_plays_beside_its_rival(undersong):
    """First samples of the duet and of the n-gram at three temperatures, and what to do next."""
    answer = undersong("demo", "--for", "5s")

    assert 0 == answer.code
    assert Path("runs/demo/demo.undersong").is_file()
    for name in ("both as a duet", "Kneser-Ney"):
        assert 3 == answer.err.count(f"── {name}")
    assert "These are first samples, not chosen ones." in answer.err


def test_fingerprints_can_be_left_out(undersong, text):
    """Then nobody can test a guessed passage, and nobody is warned of copies; the recipe and the card say it."""
    undersong("learn", text.material, "--steps", 2, *WORDS, "--out", "bare", "--no-fingerprint", "--json")
    known, bare = (instrument_file.read(path) for path in (text.folder / "tiny.undersong", "bare/bare.undersong"))

    assert ("fingerprints.bin" in known.attachments, "fingerprints.bin" in bare.attachments) == (True, False)
    assert ("guessed passage" in known.card, "guessed passage" in bare.card) == (True, False)
    assert tomllib.loads(Path("bare/recipe.toml").read_text("utf-8"))["fingerprint"] is False
