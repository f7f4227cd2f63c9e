"""`undersong compare`: a table for people, JSON for programs, a picture for both."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree  # of our own pictures only

import pytest

from undersong.cli.compare import _columns, _short

LITTLE = ("--length", 600, "--most", 400)


def test_everyone_has_a_line_in_every_table(undersong, text):
    """As wide as a terminal; then what each plays, and real works beside them."""
    answer = undersong("compare", text, f"{text}:ngram", "chain:3", *LITTLE)
    lines = answer.out.splitlines()
    names = ["real works", "tiny", "tiny:ngram", "chain:3"]
    heads = [line.split(":")[0].split(" in ")[0] for line, before in zip(lines[1:], lines, strict=False) if not before]

    assert 0 == answer.code
    assert lines[0].startswith("On what 'tiny' held out · 600 characters played by each at temperature 1, seed 1")
    assert {"Copied", "Line length", "Sentence length", "Word length", "New"} <= set(heads)
    for name in names:
        assert 5 <= sum(line.startswith(f"{name}  ") for line in lines)
        assert f"── {name} " in answer.out
    table = lines[: next(at for at, line in enumerate(lines) if line.startswith("── "))]
    assert max(map(_columns, table)) <= 100
    assert any(line.startswith("chain:3") and "∞: no odds for" in line for line in table)


def test_what_is_opened_is_counted_until_it_closes(undersong, somewhere):
    """In a table for each kind; a kind that nobody opens has none."""
    (somewhere / "pairs.txt").write_text("He said (so) and (she (too) did) it [here].\n" * 90)
    answer = undersong("compare", "chain:9", "--learned", "pairs.txt", *LITTLE)
    lines = answer.out.splitlines()
    at = lines.index("Brackets: the share that is closed after so many characters")

    assert ["opened", "in", "1,000", "1-10", "11-40", "41-160", "161-", "never"] == lines[at + 1].split()
    assert lines[at + 2].startswith("real works")
    assert "Quotes:" not in answer.out


def test_json_has_everything(undersong, learned):
    """The same figures in both media, for programs; a picture beside it is written all the same."""
    answer = undersong("compare", learned, *LITTLE, "--json", "--picture", "figures.svg").json
    (row,) = answer["rows"]
    measure = learned.tiny.measure

    assert f"nats_per_{measure}" in row["foretold"]
    assert {"longest", "share", "exact", "excerpt"} == set(row["copies"])
    assert learned.tiny.is_text == ("line" in row["portrait"])


def test_a_picture_is_drawn(undersong, text, tmp_path):
    """One file, well formed, which says who is who."""
    path = tmp_path / "figures.svg"
    answer = undersong("compare", text, "smooth:2", *LITTLE, "--picture", path)

    assert 0 == answer.code
    said = "".join(ElementTree.parse(path).getroot().itertext())
    assert "real works" in said
    assert "smooth:2" in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody",), 1, "There is no run or instrument 'nobody'"),
        (("keeper", "--picture", "figures.png"), 2, "Name a file that ends in .svg"),
        (("keeper", "--on", "gone.txt"), 1, "gone.txt"),
        (("keeper", "--temperature", "-1"), 2, "temperature"),
        (("keeper", "--length", "0"), 2, "--length"),
        ((), 2, "NAME"),
    ],
)
def test_what_cannot_be_compared_is_said(undersong, words, code, said):
    """In one line, with what to do; nothing is written."""
    answer = undersong("compare", *words)

    assert code == answer.code
    assert said in answer.err


def test_two_media_are_not_compared(undersong, text, toy):
    """Both are named."""
    answer = undersong("compare", text, toy)

    assert 2 == answer.code
    assert "text.v1" in answer.err
    assert "walk.v1" in answer.err


def test_long_names_are_cut_where_they_differ_least():
    """In the middle, to so many columns, and what a terminal would obey is gone."""
    assert "sonnets" == _short("sonnets")
    assert ("a-very-long-name-", "run-0007") == tuple(_short("a-very-long-name-of-some-run-0007").split("…"))
    assert 26 >= _columns(_short("夜の灯を守る人の長い名前は切られてしまう"))
    assert "\x1b" not in _short("\x1b[31mred")
