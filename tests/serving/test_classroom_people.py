"""Who comes into a room, by what name, and how much is known of them."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from undersong.errors import UsageError
from undersong.serving.classroom import Classroom
from undersong.serving.failures import RefusedError
from undersong.serving.settings import Serving
from undersong.serving.workspaces import Workspaces

CODE = "otter-maple-comet"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def room(clock: Clock | None = None, **settings: Any) -> Classroom:
    asked = Serving(**{"classroom": True, "join_code": CODE, **settings})
    clock = clock or Clock()
    return Classroom(asked, Workspaces(asked, clock), clock)


def test_wrong_codes_are_refused_and_soon_take_time() -> None:
    """Six guesses, then nobody listens for a while to whoever guesses, not even to the right code."""
    clock = Clock()
    here = room(clock)
    for _ in range(6):
        with pytest.raises(RefusedError, match="not the code") as refused:
            here.join("gull", "Ada", "192.168.1.7")
        assert 403 == refused.value.status

    with pytest.raises(RefusedError, match="Too many codes") as refused:
        here.join(CODE, "Ada", "192.168.1.7")
    assert 429 == refused.value.status
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60

    here.join(CODE, "Bo", "192.168.1.8")
    clock.now += int(refused.value.headers["Retry-After"])
    here.join(CODE, "Ada", "192.168.1.7")
    assert ["Ada", "Bo"] == [row.name for row in here.board()]


def test_guesses_from_everywhere_are_counted_together() -> None:
    """Many machines guess no faster than one room can bear."""
    here = room()
    statuses = []
    for number in range(100):
        with pytest.raises(RefusedError) as refused:
            here.join("gull", "Ada", f"192.168.1.{number}")
        statuses.append(refused.value.status)

    assert [403] * 60 + [429] * 40 == statuses


def test_the_right_code_costs_nobody_a_guess() -> None:
    """A whole class may sit behind one address."""
    here = room(people=200)
    for number in range(120):
        here.join(CODE, f"Writer {number}", "192.168.1.7")

    assert 120 == len(here.board())


@given(st.text(max_size=300))
@example("\x1b[2J\x1b]0;gone\x07Ada")
@example("\u202eadA\u2066")
@example("Ada\n\n\u2028Bo\t")
@example("\ud83d")
@example("<img src=x onerror=alert(1)>")
def test_a_name_is_one_short_line_that_steers_nothing(name: str) -> None:
    """Whatever somebody calls themselves, a terminal shows it as it is, and in its place."""
    here = room()
    try:
        _, person = here.join(CODE, name, "192.168.1.7")
    except UsageError:
        assert not any(unicodedata.category(letter)[0] not in "CZ" for letter in name[:160])
        return

    assert 1 <= len(person.name) <= 40
    assert person.name == " ".join(person.name.split())
    assert not [letter for letter in person.name if unicodedata.category(letter)[0] == "C"]


def test_namesakes_are_told_apart() -> None:
    """Two Adas are two people on the board."""
    here = room()
    for name in ("Ada", "ada ", "Ada", "x" * 40, "x" * 40):
        here.join(CODE, name, "192.168.1.7")

    assert ["Ada", "ada 2", "Ada 3", f"{'x' * 36} 2", "x" * 40] == [row.name for row in here.board()]


def test_a_full_room_says_so_until_somebody_has_been_away() -> None:
    """Places are few; whoever has been silent for a quarter of an hour gives theirs up to somebody who comes."""
    clock = Clock()
    here = room(clock, people=2)
    here.join(CODE, "Ada", "192.168.1.7")
    clock.now += 600
    here.join(CODE, "Bo", "192.168.1.8")
    with pytest.raises(UsageError, match="do not fit"):
        here.join(CODE, "Cy", "192.168.1.9")

    clock.now += 400
    here.join(CODE, "Cy", "192.168.1.9")
    assert ["Bo", "Cy"] == [row.name for row in here.board()]


def test_the_board_tells_how_much_everybody_asked_for() -> None:
    """Requests, and since when, by name."""
    clock = Clock()
    here = room(clock)
    _, bo = here.join(CODE, "Bo", "192.168.1.8")
    clock.now += 30
    _, ada = here.join(CODE, "Ada", "192.168.1.7")
    here.asked(bo)
    here.asked(bo)
    clock.now += 5

    first, second = here.board()
    assert ("Ada", 0, 0, 5.0) == (first.name, first.requests, first.played, first.joined)
    assert ("Bo", 2, 0, 35.0) == (second.name, second.requests, second.played, second.joined)
    here.leave(ada)
    here.asked(ada)
    assert ["Bo"] == [row.name for row in here.board()]
    here.forget()
    assert [] == here.board()


@pytest.mark.parametrize("settings", [{"workers": 2}, {"log_works": True}, {"join_code": "--- ---"}])
def test_a_room_is_refused_where_its_promise_could_not_be_kept(settings: dict[str, Any]) -> None:
    """One process knows everybody, and nothing is written down."""
    with pytest.raises(UsageError):
        room(**settings)
