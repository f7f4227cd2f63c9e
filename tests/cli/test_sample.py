"""`undersong sample`: a piece, its seed, and the forms it comes in."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from undersong.keeping import instrument_file
from undersong.keeping.fingerprints import Fingerprints
from undersong.playing.loading import load


def sampled(undersong, run, *words):
    return undersong("sample", run, "--length", 12, "--seed", 7, *words)


def test_a_sample_answers_with_its_piece_and_how_it_came_about(undersong, learned):
    """Piece, seed, events and nats; only text adds `text`."""
    answer = sampled(undersong, learned, "--json").json

    expected = {"instrument", "piece", "seed", "events", "nats", "nats_per_event", "copied"}
    assert (expected | {"text"} if learned.tiny.is_text else expected) == set(answer)
    assert ("tiny", 7) == (answer["instrument"], answer["seed"])
    assert answer["nats"] == pytest.approx(answer["nats_per_event"] * answer["events"])
    assert not learned.tiny.is_text or answer["piece"] == answer["text"]


def test_a_length_is_what_is_added_to_the_prompt(undersong, learned):
    """In characters or points; the piece holds the prompt, too."""
    answer = sampled(undersong, learned, "--prompt", learned.tiny.prompt, "--json").json

    assert learned.tiny.prompt_length + 12 == len(answer["piece"])


def test_a_piece_begins_with_its_prompt(undersong, text, toy):
    """A text letter for letter, a walk as near as its codec is."""
    written = sampled(undersong, text, "--prompt", text.tiny.prompt, "--json").json["piece"]
    walked = sampled(undersong, toy, "--prompt", toy.tiny.prompt, "--json").json["piece"]

    assert written.startswith(text.tiny.prompt)
    np.testing.assert_allclose(walked[:2], json.loads(toy.tiny.prompt), atol=1e-6)


def test_a_length_of_nothing_gives_the_prompt_back(undersong, learned):
    """And costs no nats."""
    answer = undersong("sample", learned, "--length", 0, "--prompt", learned.tiny.prompt, "--json").json

    assert (0, 0.0) == (answer["events"], answer["nats"])


def test_the_same_seed_gives_the_same_piece(undersong, learned):
    """And another seed another one."""
    first, again = (sampled(undersong, learned, "--json").json for _ in range(2))
    other = undersong("sample", learned, "--length", 12, "--seed", 8, "--json").json

    assert first == again
    assert first["piece"] != other["piece"]


def test_without_a_seed_the_answer_says_which_one_it_was(undersong, learned):
    """So that what came by chance can be had again."""
    answer = undersong("sample", learned, "--length", 5, "--json").json
    again = undersong("sample", learned, "--length", 5, "--seed", answer["seed"], "--json").json

    assert answer == again


def test_what_is_streamed_is_the_same_piece(undersong, learned):
    """What a terminal shows is what --json gives, prompt included."""
    words = ("--prompt", learned.tiny.prompt)
    shown = sampled(undersong, learned, *words)
    piece = load(learned.folder).sample(learned.tiny.prompt, length=12, seed=7)

    assert f"{piece}\n" == shown.out
    assert piece.to_json() == sampled(undersong, learned, *words, "--json").json["piece"]


def test_many_samples_are_different_pieces_and_the_first_is_the_one_alone(undersong, learned):
    """--count plays side by side what the same seed plays alone."""
    answers = sampled(undersong, learned, "--count", 3, "--json").json

    assert len({json.dumps(answer["piece"]) for answer in answers}) == 3
    assert sampled(undersong, learned, "--json").json == answers[0]


def test_many_samples_are_shown_one_under_the_other(undersong, text):
    """With a line between them where one of them has several lines."""
    long = sampled(undersong, text, "--count", 3, "--length", 400).out

    assert 2 == long.count("\n\n----\n\n")


def test_a_temperature_of_nothing_plays_the_likeliest(undersong, learned):
    """Whatever the seed; for text each event is the one with the highest odds."""
    words = ("sample", learned, "--length", 8, "--temperature", 0, "--prompt", learned.tiny.prompt, "--json")
    one, other = (undersong(*words, "--seed", seed).json for seed in (1, 2))

    assert one["piece"] == other["piece"]
    if learned.tiny.is_text:
        odds = undersong("odds", learned, "--prompt", learned.tiny.prompt, "--json").json
        assert max(odds, key=odds.get) == one["text"][learned.tiny.prompt_length]


def test_a_dial_is_turned_by_its_name(undersong, toy):
    """Every dial an instrument declares, not temperature alone."""
    usual, near = (sampled(undersong, toy, "--json", *words).json for words in ((), ("--dial", "spread=0.1")))

    assert usual["piece"] != near["piece"]


def test_a_condition_is_heard(undersong, toy):
    """By its name, as JSON: one value, a row per event, or the rows of a memory."""
    pieces = [
        sampled(undersong, toy, "--json", "--condition", asked).json["piece"]
        for asked in ("class=0", "class=2", "control=[1,2,3]", "memory=[[1,0,1],[0,1,1]]", "z=[1,0,0,0]")
    ]

    assert len(pieces) == len({json.dumps(piece) for piece in pieces})


def test_a_prompt_may_come_by_the_pipe(undersong, learned):
    """`-` is standard input, as it is."""
    words = ("sample", learned, "--length", 5, "--seed", 3, "--json", "--prompt")
    piped = undersong(*words, "-", stdin=learned.tiny.prompt.encode())

    assert undersong(*words, learned.tiny.prompt).json == piped.json


def test_a_prompt_of_characters_it_never_saw_plays(undersong, text):
    """They are spelled in bytes, and come back letter for letter."""
    answer = undersong("sample", text, "--length", 5, "--seed", 1, "--prompt", "Ωμέγα 🦑 ", "--json").json

    assert answer["text"].startswith("Ωμέγα 🦑 ")
    assert len("Ωμέγα 🦑 ") + 5 == len(answer["text"])


# ── into files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_piece_goes_into_a_file(undersong, learned):
    """The bytes of the very piece that --json names; nothing on standard output but that."""
    path = Path("piece.txt" if learned.tiny.is_text else "piece.json")
    words = ("--prompt", learned.tiny.prompt, "--out", path)
    quiet, answer = sampled(undersong, learned, *words), sampled(undersong, learned, *words, "--json").json

    piece = load(learned.folder).sample(learned.tiny.prompt, length=12, seed=7)
    assert (0, "", f"Wrote {path}") == (quiet.code, quiet.out, quiet.err.splitlines()[0])
    assert piece.to_bytes(path.suffix) == path.read_bytes()
    assert piece.to_json() == answer["piece"]


def test_a_text_is_written_in_utf_8(undersong, text):
    """Also where its characters are rare."""
    undersong("sample", text, "--length", 3, "--seed", 1, "--prompt", "é 🦑", "--out", "piece.txt")

    assert Path("piece.txt").read_text("utf-8").startswith("é 🦑")


def test_several_pieces_go_into_files_beside_one_another(undersong, text):
    """Numbered from the second on."""
    sampled(undersong, text, "--count", 3, "--out", "piece.txt")

    assert ["piece-2.txt", "piece-3.txt", "piece.txt"] == sorted(path.name for path in Path().iterdir())


def test_a_file_in_a_folder_that_is_not_there_is_refused(undersong, learned):
    """What could not be done, why, and what to do."""
    answer = sampled(undersong, learned, "--out", "gone/piece.txt" if learned.tiny.is_text else "gone/piece.json")

    assert 1 == answer.code
    assert "KeepingError: 'gone/piece" in answer.err
    assert "could not be saved: its folder does not exist." in answer.err
    assert "Make the folder first, or choose another." in answer.err


def test_a_form_that_the_medium_does_not_have_is_refused(undersong, learned):
    """By name, with those it has; nothing is written."""
    answer = sampled(undersong, learned, "--out", "piece.mp3")

    assert 1 == answer.code
    assert "cannot be written as '.mp3'" in answer.err
    assert not Path("piece.mp3").exists()


def test_a_full_device_is_a_clear_error_and_stays_a_device(undersong, text):
    """What is no file is written to, never replaced, even by root."""
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no /dev/full")
    answer = sampled(undersong, text, "--out", device)

    assert 1 == answer.code
    assert "KeepingError: '/dev/full' takes no more: No space left on device.\n  Save to another place." in answer.err
    assert stat.S_ISCHR(device.stat().st_mode)


# ── what is copied ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quoting(learned, tmp_path):
    """An instrument file of the run that takes what it plays with seed 7 for its material."""
    poet, file = load(learned.folder), instrument_file.read(learned.folder / "tiny.undersong")
    once = load(learned.folder / "tiny.undersong").sample(length=30, seed=7)
    known = Fingerprints.of([poet.codec.elements(once)]).to_bytes()
    attachments = {**file.attachments, "fingerprints.bin": known}
    return instrument_file.write(tmp_path / "quoting.undersong", replace(file, attachments=attachments))


def test_a_sample_says_what_it_copied(undersong, learned, quoting):
    """In one line beside the piece, however it is shown; in JSON as spans."""
    words = ("sample", quoting, "--length", 30, "--seed", 7)
    out = "piece.txt" if learned.tiny.is_text else "piece.json"
    told = [undersong(*words, *more).err.splitlines()[-1] for more in ((), ("--count", 2), ("--out", out))]
    answer = undersong(*words, "--json")
    (span,) = answer.json["copied"]

    for line in told:
        assert line.startswith(f"Copied: 1 span of 14 or more {learned.tiny.measure}s, the longest {span['length']}")
    assert (0, 30) == (span["start"], span["stop"])
    assert (answer.json["piece"] if learned.tiny.is_text else None) == span["excerpt"]
    assert "Copied" not in answer.err


def test_a_sample_that_copies_nothing_says_so(undersong, learned, quoting):
    """As far as that can be known."""
    answer = undersong("sample", quoting, "--length", 30, "--seed", 8)

    assert f"Nothing of 14 {learned.tiny.measure}s or more is copied." == answer.err.splitlines()[-1]
    assert [] == undersong("sample", quoting, "--length", 30, "--seed", 8, "--json").json["copied"]


def test_where_nobody_knows_nothing_is_said(undersong, learned, tmp_path):
    """A file without fingerprints has no opinion, which is not the same as no copies."""
    file = replace(instrument_file.read(learned.folder / "tiny.undersong"), attachments={})
    words = ("sample", instrument_file.write(tmp_path / "bare.undersong", file), "--length", 30, "--seed", 7)

    assert "opied" not in undersong(*words).err
    assert undersong(*words, "--json").json["copied"] is None


def test_fingerprints_that_were_spoiled_are_refused(undersong, text, tmp_path):
    """By the name of the instrument; nothing is played."""
    file = replace(instrument_file.read(text.folder / "tiny.undersong"), attachments={"fingerprints.bin": b"no"})
    answer = undersong("sample", instrument_file.write(tmp_path / "bad.undersong", file))

    assert (1, "") == (answer.code, answer.out)
    assert "InstrumentFileError: 'tiny': its fingerprints.bin is not one that this version reads." in answer.err


# ── the run's n-gram ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_n_gram_of_a_run_plays_as_well(undersong, text):
    """On text, another piece than the network's."""
    network, chain = (sampled(undersong, text, "--json", *words).json for words in ((), ("--ngram",)))

    assert set(network) == set(chain)
    assert network["piece"] != chain["piece"]


def test_a_run_without_an_n_gram_says_so(undersong, toy):
    """Numbers have none."""
    answer = sampled(undersong, toy, "--ngram")

    assert (1, "RunFolderError: The run 'tiny' has no n-gram to play.\n") == (answer.code, answer.err)


def test_a_file_alone_has_no_n_gram(undersong, text):
    """It stays with the run, for it holds the text."""
    answer = sampled(undersong, text.folder / "tiny.undersong", "--ngram")

    assert 1 == answer.code
    assert "An n-gram stays with the run it was counted in" in answer.err
