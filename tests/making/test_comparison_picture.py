"""A comparison as one picture: well formed for any names, and nothing stands on anything else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree  # of our own pictures only

import numpy as np
import pytest

from undersong.making.comparing import Asked, Comparison, Row
from undersong.making.comparison_picture import picture
from undersong.making.copies import Copies
from undersong.making.foretelling import Foretold
from undersong.making.sheet import Scale, shortened, width_of
from undersong.media.text.piece import TextPiece
from undersong.media.text.portrait import portrait

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "</text><script>alert(1)</script>",
    "a&b\"'",
    "夜の灯を守る人の長い名前は切られる",
    "\x1b[31mred\x00",
    "x" * 300,
    "",
)


def row(name, number, nats=1.5):
    """Somebody who plays the more quotes the higher the number."""
    text = ("“One (two) three,” he said.\n" * 9 + "Nothing " * 10 + "\n") * number
    score = None if nats is None else Foretold(nats, 0.02, 1_000, 0.0 if nats < 9 else 0.2, 0.7, np.ones(2))
    copies = None if number == 3 else Copies(20 + number, number / 50, number % 2 == 0, TextPiece("copied"))
    shapes = portrait(text)
    return Row(
        name, score, copies, len(text), shapes, {"line": 1.0}, {"words": number / 10}, copies, (TextPiece(text),)
    )


def comparison(names, nats=1.5):
    rows = tuple(row(name, at + 1, nats) for at, name in enumerate(names))
    notes = ("A note.", "Another & one <b>.")
    return Comparison(Asked(("one",)), "character", "what 'one' held out", row("real", 2, None), rows, notes)


def parsed(svg):
    assert re.search(r'="[^"]*(nan|inf)', svg) is None
    return ElementTree.fromstring(svg.encode())


def words_of(root):
    """Every text: where its box begins and ends, from its anchor and about how wide it is, and what it says."""
    for found in root.iter(f"{SVG}text"):
        size, x, y = (float(found.get(key)) for key in ("font-size", "x", "y"))
        wide = width_of(found.text or "", size)
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[found.get("text-anchor")]
        yield left, y - 0.75 * size, left + wide, y + 0.2 * size, found.text or ""


@pytest.mark.parametrize("count", range(1, 9))
def test_no_words_stand_on_others(count):
    """With one player or eight, and all of them within the picture."""
    root = parsed(picture(comparison([f"player number {at}" for at in range(count)])))
    boxes = list(words_of(root))
    width, height = (float(root.get(key)) for key in ("width", "height"))

    assert len(boxes) > 20
    for at, (left, top, right, bottom, said) in enumerate(boxes):
        assert left >= 0, said
        assert right <= width, said
        assert 0 <= top < bottom <= height, said
        for other in boxes[at + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (said, other[4])


def test_any_name_is_only_a_name():
    """What a picture would obey is escaped, what XML forbids is replaced, and what is too long is shortened."""
    svg = picture(comparison(HOSTILE))
    root = parsed(svg)

    assert {"svg", "title", "rect", "text", "polyline", "polygon"} == {
        each.tag.removeprefix(SVG) for each in root.iter()
    }
    assert "script" not in {each.tag for each in root.iter()}
    assert any("�[31mred�" in (each.text or "") for each in root.iter())
    assert "x" * 100 not in "".join(each[4] for each in words_of(root))


def test_figures_stand_beside_their_bars():
    """Scores with their error, and the share and the longest run of what is copied."""
    said = [each[4] for each in words_of(parsed(picture(comparison(["one", "two", "three"]))))]

    assert 3 == said.count("1.500 ± 0.020")
    assert "≈ 2.0% · 21" in said
    assert "4.0% · 22" in said
    assert "nobody knows" in said
    assert {"nats per character", "copied", "quotes closed", "line length", "new words", "A note."} <= set(said)


def test_a_score_without_end_is_told_in_words():
    """There is no bar for it."""
    said = [each[4] for each in words_of(parsed(picture(comparison(["one"], np.inf))))]

    assert "∞: no odds for 20.0%; 0.700 over the rest" in said


def test_who_learned_the_works_is_marked():
    """Its score says nothing, so it has no error."""
    knowing = comparison(["one"] * 60)
    said = [each[4] for each in words_of(parsed(picture(knowing)))]

    assert knowing.rows[20].knew
    assert "1.500, knew it" in said


def test_a_medium_without_a_portrait_has_a_smaller_picture():
    """Scores and copies are drawn anyway."""
    bare = [Row(name, score.foretold, None, 9, {}, {}, {}, score.copies, ()) for name, score in
            (("one", row("one", 1)), ("real", row("real", 2, None)))]  # fmt: skip
    root = parsed(picture(Comparison(Asked(("one",)), "point", "it", bare[1], (bare[0],), ())))
    said = {each[4] for each in words_of(root)}

    assert {"nats per point", "copied"} <= said
    assert "line length" not in said


def test_curves_end_where_their_shares_do():
    """All quotes of real works are closed within 1,000 characters: its curve ends at 100 %."""
    svg = picture(comparison(["one"]))
    chart = svg[svg.index("quotes closed") :]
    grey = re.search(r'<polyline points="([^"]+)" fill="none" stroke="#8a8a8a" stroke-width="3"', chart)
    top = float(re.search(r'y="([\d.]+)"[^>]*>100%', chart)[1])

    assert top - 4 == pytest.approx(float(grey[1].split()[-1].split(",")[1]), abs=0.2)


def test_words_are_shortened_in_the_middle():
    """Where names differ least; what fits stays."""
    assert "short" == shortened("short", 12, 100)
    cut = shortened("a-very-long-name-of-a-run-2", 12, 100)
    assert width_of(cut, 12) <= 100
    assert cut.startswith("a-very")
    assert cut.endswith("2")


def test_a_scale_keeps_what_lies_outside_at_its_edge():
    """And a scale of nothing stays where it begins."""
    scale = Scale(0.0, 10.0, 100.0, 200.0)

    assert [100.0, 150.0, 200.0, 200.0, 100.0] == [scale(number) for number in (-5, 5, 10, 99, 0)]
    assert 100.0 == Scale(3.0, 3.0, 100.0, 200.0)(3.0)
