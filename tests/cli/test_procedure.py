"""`undersong procedure`: a piece out of pieces by a rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from undersong.making.procedures import offered, proceed

POEM = "It was the lamp that kept us awake,\nand the sea that kept the lamp.\n"


@pytest.fixture
def poem() -> str:
    Path("poem.txt").write_text(POEM, "utf-8")
    return "poem.txt"


def test_procedures_are_listed_with_their_settings(undersong):
    """For people a sentence each; for programs the same as JSON."""
    told = undersong("procedure").out
    listed = undersong("procedure", "--json").json

    assert {"cut_up", "n_plus_7", "erasure", "cento", "permutation"} <= {each["name"] for each in listed}
    for each in listed:
        assert each["sentence"] in told
        assert all(setting["sentence"] for setting in each["settings"].values())
    assert "mode=hat" in told


def test_a_procedure_makes_a_piece(undersong, poem):
    """All words of the poem and no others; the same for the same seed."""
    answer = undersong("procedure", "cut_up", poem, "--seed", 1)

    assert sorted(POEM.split()) == sorted(answer.out.split())
    assert answer.out == undersong("procedure", "cut_up", poem, "--seed", 1).out
    assert answer.out != undersong("procedure", "cut_up", poem, "--seed", 2).out


def test_settings_are_changed_by_name(undersong, poem):
    """And one that is not known is told, with its nearest."""
    answer = undersong("procedure", "erasure", poem, "--set", "keep=0", "--set", "mark=x")
    wrong = undersong("procedure", "erasure", poem, "--set", "marc=x")

    assert {"x", " ", "\n"} == set(answer.out)
    assert (2, True) == (wrong.code, "Did you mean 'mark'?" in wrong.err)


def test_json_says_how_to_make_it_again(undersong, poem):
    """Name, seed and settings, beside the piece."""
    answer = undersong("procedure", "permutation", "-", "--seed", 3, "--json", stdin=b"the sea sings").json

    assert ("permutation", 3, ["-"], "all") == (
        answer["procedure"], answer["seed"], answer["sources"], answer["settings"]["mode"],
    )  # fmt: skip
    assert answer["piece"] == answer["text"]
    assert 6 == len(answer["text"].splitlines())


def test_a_procedure_may_write_a_file(undersong, poem):
    """And then shows nothing."""
    answer = undersong("procedure", "cut_up", poem, "--out", "cut.txt", "--seed", 1)

    assert ("", True) == (answer.out, "Wrote cut.txt" in answer.err)
    assert sorted(POEM.split()) == sorted(Path("cut.txt").read_text("utf-8").split())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["cut_uq", "poem.txt"], 2, "Did you mean 'cut_up'?"),
        (["cut_up"], 2, "needs something to work on"),
        (["cut_up", "gone.txt"], 1, "MissingFileError"),
        (["cut_up", "-", "-"], 2, "can only be read once"),
        (["erasure", "poem.txt", "--set", "letters=zebra"], 1, "cannot be spelled"),
    ],
)
def test_what_cannot_be_made_is_told(undersong, poem, words, code, told):
    """In a sentence, with what to do."""
    answer = undersong("procedure", *words)

    assert (code, "") == (answer.code, answer.out)
    assert told in answer.err


def test_procedures_are_at_hand_in_python(poem):
    """By the same names and settings."""
    made = proceed("cento", [poem], 1, ["lines=2"])

    assert sorted(POEM.splitlines()) == sorted(str(made.piece).splitlines())
    assert {"lines": 2, "rhyme": False, "alternate": True} == dict(made.settings)
    assert {"text.v1"} <= {each.medium for each in offered()}
