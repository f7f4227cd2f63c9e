"""How people find a room: a code that is easily said, an address of this machine, and a picture of both."""

from __future__ import annotations

import ipaddress
import re
import socket

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from undersong.errors import UsageError
from undersong.serving.invitation import WORDS, Invitation, invitation, local_address, new_code, plain_code
from undersong.serving.settings import Serving

CODE = "otter-maple-comet"


@given(st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), st.sampled_from([" ", "-", "", "  ", " - ", "_"]))
def test_a_code_may_be_typed_in_many_ways(words: list[str], between: str) -> None:
    """Capitals, dashes and spaces are nothing that anybody should have to get right."""
    assert plain_code("-".join(words)) == plain_code(f" {between.join(words).upper()}\n")


def test_a_new_code_is_three_words_that_are_easily_said() -> None:
    """Letters alone, each word in the list once, and enough of them."""
    assert len(set(WORDS)) == len(WORDS)
    assert all(re.fullmatch("[a-z]{3,9}", word) for word in WORDS)
    assert len(WORDS) ** 3 > 4_000_000
    assert {3} == {len(new_code().split("-")) for _ in range(20)}
    assert len({new_code() for _ in range(20)}) > 15


def test_the_address_is_one_of_this_machine() -> None:
    """Others can reach it, the whole world cannot; where there is none, that is said."""
    try:
        address = local_address()
    except UsageError as error:
        pytest.skip(f"this machine is in no local network, which is said: {error.what}")
    found = ipaddress.ip_address(address)

    assert not found.is_loopback
    assert not found.is_global
    with socket.socket(socket.AF_INET6 if found.version == 6 else socket.AF_INET) as taken:
        taken.bind((address, 0))


def test_an_invitation_keeps_the_code_behind_the_hash() -> None:
    """What stands there is sent to no server, and so to no log."""
    found = invitation(Serving(host="192.168.1.20", port=0), CODE, port=8765)

    assert Invitation("http://192.168.1.20:8765", CODE) == found
    assert found.link == f"http://192.168.1.20:8765/#{CODE}"
    assert invitation(Serving(host="fd00::5"), CODE).address == "http://[fd00::5]:8765"


def test_the_picture_is_the_link() -> None:
    """Block by block it is the QR code of the link, with light around it."""
    found = Invitation("http://192.168.1.20:8765", CODE)
    lines = found.picture().splitlines()
    light = {" ": (1, 1), "▀": (0, 1), "▄": (1, 0), "█": (0, 0)}
    rows = [[light[block][half] for block in line] for line in lines for half in (0, 1)]
    expected = segno.make(found.link, error="l", micro=False)
    drawn = [list(row) for row in expected.matrix_iter(border=2)]

    assert drawn == rows[: len(drawn)]
    assert max(map(len, lines)) <= 79, "it does not fit a terminal"
