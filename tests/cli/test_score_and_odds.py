"""`undersong score` and `undersong odds`: how surprising a piece is, and what might come next."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from undersong.making import against
from undersong.playing.loading import load


def test_a_score_names_its_measure(undersong, learned):
    """Events, length, nats and bits; beside them the run's baseline on the same."""
    measure = learned.tiny.measure
    answer = undersong("score", learned, learned.material, "--json").json

    per = f"nats_per_{measure}"
    assert {"events", f"{measure}s", "nats_per_event", per, f"bits_per_{measure}", "baseline", "duet", "split"} == set(
        answer
    )
    assert answer[f"bits_per_{measure}"] == pytest.approx(answer[per] / math.log(2))
    assert {"name", per} == set(answer["baseline"])
    assert ("Kneser-Ney 3" if learned.tiny.is_text else "one Gaussian") == answer["baseline"]["name"]
    assert answer["split"] is None


def test_what_was_held_out_is_scored_as_when_it_was_learned(undersong, learned):
    """--split valid gives the figure that learning ended with, and that the card states."""
    answer = undersong("score", "--split", "valid", learned, "--json").json
    facts = load(learned.folder).facts

    assert "valid" == answer["split"]
    assert facts["held_out"] == answer[f"{learned.tiny.measure}s"]
    assert facts["nats_per_measure"] == pytest.approx(answer[f"nats_per_{learned.tiny.measure}"], abs=1e-6)
    assert facts["baseline_nats"] == pytest.approx(answer["baseline"][f"nats_per_{learned.tiny.measure}"], abs=1e-9)
    assert f"{facts['nats_per_measure']:.3f} nats" in (learned.folder / "README.md").read_text("utf-8")


def test_a_piece_may_come_by_the_pipe(undersong, learned):
    """`-` is standard input, read as a prompt is."""
    answer = undersong("score", learned, "-", "--json", stdin=learned.tiny.prompt.encode()).json

    assert learned.tiny.prompt_length == answer[f"{learned.tiny.measure}s"]


def test_an_instrument_file_alone_scores_without_a_baseline(undersong, learned):
    """The baseline stays with the run."""
    answer = undersong("score", learned.folder / "tiny.undersong", learned.material, "--json").json

    assert answer["baseline"] is None


def test_for_people_a_score_is_a_sentence(undersong, learned):
    """With the baseline's under it."""
    answer = undersong("score", learned, learned.material)

    first, second = answer.out.splitlines()
    assert f" nats per {learned.tiny.measure} over " in first
    assert second.endswith(f"nats per {learned.tiny.measure} over the same")


def test_the_nats_of_a_piece_are_those_of_its_odds(undersong, text):
    """-log of the odds of each character after all before it, and nothing else."""
    word = "The lamp"
    Path("word.txt").write_text(word, "utf-8")
    odds = [undersong("odds", text, "--prompt", word[:at], "--json").json for at in range(len(word))]
    score = undersong("score", text, "word.txt", "--json").json

    expected = -sum(math.log(each[letter]) for each, letter in zip(odds, word, strict=True)) / len(word)
    assert score["nats_per_character"] == pytest.approx(expected, abs=1e-6)


def test_the_nats_of_a_walk_are_those_of_its_mixture(undersong, toy):
    """The logarithm of a density, at each point after all before it."""
    instrument = load(toy.folder)
    events = instrument.codec.encode(instrument.medium.prompt(toy.tiny.prompt))
    openings = ["", "[[0.5, 1.0]]"]
    odds = [undersong("odds", toy, "--prompt", opening, "--json").json for opening in openings]
    score = undersong("score", toy, "-", "--json", stdin=toy.tiny.prompt.encode()).json

    expected = -sum(math.log(density(each, event)) for each, event in zip(odds, events, strict=True)) / len(events)
    assert score["nats_per_point"] == pytest.approx(expected, abs=1e-6)


def density(mixture, event):
    """Of a mixture of normal distributions without correlation, as `odds` shows it."""
    means, spreads = np.array(mixture["means"]), np.array(mixture["spreads"])
    heights = np.exp(-0.5 * ((event - means) / spreads) ** 2) / (spreads * math.sqrt(2 * math.pi))
    return float(np.array(mixture["weights"]) @ heights.prod(axis=1))


# ── against a corpus ───────────────────────────────────────────────────────────────────────────────────────────────


def test_copies_are_counted_for_each_player(undersong, learned, monkeypatch):
    """A line for each, in words and as JSON; the same ones for the same seed."""
    monkeypatch.setattr(against, "_LENGTH", 1_000)
    monkeypatch.setattr(against, "_SHORT", 200)
    told = undersong("score", learned, "--against", "learned", "--seed", 3)
    answer = undersong("score", learned, "--against", "learned", "--seed", 3, "--json").json
    names = ["tiny", *["Kneser-Ney 3"] * 2 * learned.tiny.is_text, "held out"]

    assert names == [row["name"] for row in answer["rows"]]
    assert [True] * len(names) == [
        f"{row['longest']:,} · {row['share']:6.2%}" in line
        for row, line in zip(answer["rows"], told.out.splitlines()[2:], strict=False)
    ]
    assert ("case and spaces" if learned.tiny.is_text else None) == answer["folded"]
    assert ("what 'tiny' learned from", 1_000, 3) == (answer["corpus"], answer["length"], answer["seed"])


def test_a_corpus_of_files_is_read_as_any_files(undersong, text, monkeypatch):
    """One that is missing is missing."""
    answer = undersong("score", text, "--against", "gone.txt")

    assert (1, True) == (answer.code, "MissingFileError" in answer.err)


def test_either_a_file_is_scored_or_copies_are_counted(undersong, text):
    """Not both."""
    answer = undersong("score", text, text.material, "--against", "learned")

    assert 2 == answer.code
    assert "Name a file to score, --split valid, or --against a corpus." in answer.err


# ── odds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_odds_of_text_are_the_whole_distribution(undersong, text):
    """Every symbol under a name of its own, bytes and end included; together they are 1."""
    odds = undersong("odds", text, "--prompt", "The lam", "--json").json

    assert load(text.folder).codec.event.count == len(odds)
    assert {"a", "\n", "<0xC3>", "<end>"} < set(odds)
    assert 1.0 == pytest.approx(sum(odds.values()))
    assert odds == load(text.folder).odds("The lam")


def test_the_odds_of_a_walk_are_its_mixture(undersong, toy):
    """Weights that sum to 1, means and spreads."""
    odds = undersong("odds", toy, "--prompt", toy.tiny.prompt, "--json").json

    assert {"weights", "means", "spreads"} == set(odds)
    assert 1.0 == pytest.approx(sum(odds["weights"]))
    assert len(odds["weights"]) == len(odds["means"]) == len(odds["spreads"])


def test_a_dial_turns_the_odds(undersong, text):
    """Colder odds lean further to the likeliest."""
    usual, cold = (undersong("odds", text, "--json", *words).json for words in ((), ("--temperature", 0.3)))

    assert max(usual, key=usual.get) == max(cold, key=cold.get)
    assert max(usual.values()) < max(cold.values())


def test_for_people_the_likeliest_come_first(undersong, text):
    """As many as --most asks for."""
    lines = undersong("odds", text, "--most", 4).out.splitlines()

    shares = [float(line.split("%")[0]) for line in lines]
    assert 4 == len(lines)
    assert sorted(shares, reverse=True) == shares


def test_at_a_temperature_of_nothing_there_are_no_odds(undersong, learned):
    """Which is said, instead of shown as a division by zero."""
    answer = undersong("odds", learned, "--temperature", 0)

    assert 2 == answer.code
    assert "DialError: At temperature 0 there are no odds: the likeliest event is always taken." in answer.err
