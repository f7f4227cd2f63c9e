"""Who somebody is, and what is theirs alone: nothing of one workspace is found from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from tiny_models import instrument_of

from undersong.errors import UnknownNameError, UsageError
from undersong.serving.failures import BusyError
from undersong.serving.house import Voice
from undersong.serving.live_sessions import LiveSessions
from undersong.serving.scheduler import Scheduler
from undersong.serving.settings import Serving
from undersong.serving.workspaces import COOKIE, Workspaces

ADA, BEN = "ada's own token, long enough", "ben's own token, long enough"


@dataclass
class Clock:
    """Seconds that pass when somebody says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def coming(host: str = "192.0.2.1", bearer: str = "", cookie: str = "") -> HTTPConnection:
    """Somebody's request, from that address and with these tokens."""
    headers = [(b"authorization", f"Bearer {bearer}".encode("latin-1"))] if bearer else []
    headers += [(b"cookie", f"{COOKIE}={cookie}".encode("latin-1"))] if cookie else []
    return HTTPConnection({"type": "http", "headers": headers, "client": (host, 4321)})


def voice() -> Voice:
    instrument = instrument_of("text")
    return Voice("tiny", instrument, Scheduler(instrument, Serving()))


def test_whoever_brings_a_token_is_known_by_it() -> None:
    """From whatever address, in the header or in the cookie; and another token is somebody else."""
    everybody = Workspaces(Serving())
    ada = everybody.of(coming(bearer=ADA))

    assert ada is everybody.of(coming("198.51.100.7", bearer=ADA))
    assert everybody.of(coming(bearer="adasowntokenlongenough")) is everybody.of(
        coming(cookie="adasowntokenlongenough")
    )
    assert ada is not everybody.of(coming(bearer=BEN))


def test_the_cookie_says_who_somebody_is_beside_the_key() -> None:
    """The key lets everybody in, and so tells nobody apart."""
    everybody = Workspaces(Serving(key="the-key-of-this-server"))
    ada = everybody.of(coming(bearer="the-key-of-this-server", cookie="adasowntokenlongenough"))
    ben = everybody.of(coming(bearer="the-key-of-this-server", cookie="bensowntokenlongenough"))
    nobody = everybody.of(coming(bearer="the-key-of-this-server"))

    assert 3 == len({ada.id, ben.id, nobody.id})
    assert nobody is everybody.of(coming())


@pytest.mark.parametrize(("first", "second", "same"), [
    ("192.0.2.1", "192.0.2.1", True),
    ("192.0.2.1", "192.0.2.2", False),
    ("2001:db8::1", "2001:db8::beef", True),
    ("2001:db8::1", "2001:db8:0:1::1", False),
])  # fmt: skip
def test_whoever_brings_nothing_is_known_by_the_address(first: str, second: str, same: bool) -> None:
    """Of IPv6 by the part of it that is not chosen freely."""
    everybody = Workspaces(Serving())

    assert same == (everybody.of(coming(first)) is everybody.of(coming(second)))


@pytest.mark.parametrize("token", ["short", "x" * 513])
def test_a_token_that_may_be_guessed_is_none(token: str) -> None:
    """Nor is one that nobody would make."""
    everybody = Workspaces(Serving())

    assert everybody.of(coming()) is everybody.of(coming(bearer=token))


def test_in_a_classroom_only_tokens_that_were_given_out_open_anything() -> None:
    """Whoever makes one up is known by the address like everybody who did not join."""
    everybody = Workspaces(Serving(classroom=True))
    token, ada = everybody.join("  Ada   Lovelace ")

    assert ada is everybody.of(coming(bearer=token)) is everybody.find(token)
    assert everybody.of(coming()) is everybody.of(coming(bearer=ADA))
    assert ("Ada Lovelace", True) == (ada.name, ada.joined)


def test_only_so_many_people_join() -> None:
    """And nobody without a name."""
    everybody = Workspaces(Serving(classroom=True, people=2))
    everybody.join("Ada")
    _, ben = everybody.join("Ben")

    with pytest.raises(UsageError, match="2 people have joined"):
        everybody.join("Cy")
    everybody.leave(ben)
    everybody.join("Cy")
    with pytest.raises(UsageError, match="without a name"):
        everybody.join(" \n ")


def test_whoever_leaves_is_forgotten() -> None:
    """The token opens nothing any more, the sessions are gone, and whoever is connected hears of it."""
    everybody, told = Workspaces(Serving(classroom=True)), []
    token, ada = everybody.join("Ada")
    live = ada.sessions.add(voice(), instrument_of("text").session("the fox"))
    ada.farewells.add(lambda: told.append("farewell"))

    everybody.leave(ada)

    assert None is everybody.find(token)
    assert (0, True, True, ["farewell"]) == (len(ada.sessions), live.gone, ada.gone, told)
    assert [] == list(everybody)


def test_what_nobody_uses_is_forgotten_in_time() -> None:
    """After an hour; but nobody who joined, and nobody who is connected."""
    clock = Clock()
    everybody = Workspaces(Serving(), clock)
    _, joined = everybody.join("Ada")
    connected, idle = everybody.of(coming(bearer=ADA)), everybody.of(coming(bearer=BEN))
    connected.sockets = 1

    clock.now += 3_601
    newcomer = everybody.of(coming())

    assert {joined, connected, newcomer} == set(everybody)
    assert idle.gone


def test_strangers_cannot_fill_the_memory() -> None:
    """However many tokens are made up, a thousand workspaces are kept, and nobody's who joined is lost."""
    everybody = Workspaces(Serving())
    _, joined = everybody.join("Ada")
    for number in range(1_100):
        everybody.of(coming(bearer=f"a token that was made up {number}"))

    assert 1_001 == len(everybody)
    assert joined in set(everybody)


def test_a_person_gets_so_much_a_minute() -> None:
    """What is too much is told with the time to wait; whoever waits so long gets it."""
    clock = Clock()
    everybody = Workspaces(Serving(requests_a_minute=60), clock)
    ada = everybody.of(coming(bearer=ADA))
    for _ in range(15):
        ada.allow()

    with pytest.raises(BusyError) as refused:
        ada.allow()
    everybody.of(coming(bearer=BEN)).allow()
    clock.now += refused.value.retry_after
    ada.allow()

    assert pytest.approx(1.0) == refused.value.retry_after


@given(st.binary(max_size=60), st.binary(max_size=60), st.text(max_size=20))
def test_whatever_somebody_brings_they_get_a_workspace(bearer: bytes, cookie: bytes, host: str) -> None:
    """No header can be so odd that nobody is there."""
    scope: dict[str, Any] = {
        "type": "http",
        "headers": [(b"authorization", b"bearer " + bearer), (b"cookie", b"undersong_workspace=" + cookie)],
        "client": (host, 1),
    }
    everybody = Workspaces(Serving(key="the-key-of-this-server"))

    assert everybody.of(HTTPConnection(scope)) is everybody.of(HTTPConnection(scope))


# ── sessions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_found_by_its_id_and_by_nobody_else() -> None:
    """Another person's is not there, and neither is one that was closed."""
    session, playing = instrument_of("text").session("the fox"), voice()
    ada, ben = LiveSessions(4), LiveSessions(4)
    live = ada.add(playing, session)

    assert live is ada.get(live.id)
    with pytest.raises(UnknownNameError, match="somebody else's"):
        ben.get(live.id)
    ada.drop(live.id)
    with pytest.raises(UnknownNameError):
        ada.get(live.id)
    assert live.gone


def test_the_session_that_was_left_alone_longest_gives_way() -> None:
    """To the one more than are kept."""
    session, playing, sessions = instrument_of("text").session(), voice(), LiveSessions(2)
    first, second = sessions.add(playing, session), sessions.add(playing, session)
    sessions.get(first.id)
    third = sessions.add(playing, session)

    assert [first, third] == list(sessions)
    assert (False, True) == (first.gone, second.gone)


def test_sessions_are_kept_for_some_minutes() -> None:
    """For whoever comes back; and as long as somebody has one in hand."""
    clock, session, playing = Clock(), instrument_of("text").session(), voice()
    sessions = LiveSessions(4, clock)
    left, held = sessions.add(playing, session), sessions.add(playing, session)
    held.held = 1

    clock.now += 899
    assert left is sessions.get(left.id)
    clock.now += 901
    with pytest.raises(UnknownNameError, match="15 minutes"):
        sessions.get(left.id)
    assert held is sessions.get(held.id)


def test_a_suggestion_is_good_until_the_session_changes() -> None:
    """And only so many are remembered."""
    session, sessions = instrument_of("text").session("the fox", seed=1), LiveSessions(4)
    live = sessions.add(voice(), session)
    found = session.candidates(3, length=6)
    names = live.offer(found)
    live.session = live.session.again()

    assert found == [live.offered(name).candidate for name in names]
    for _ in range(30):
        later = live.offer(found)
    with pytest.raises(UnknownNameError, match="too long ago"):
        live.offered(names[0])
    live.change(session.append(" sings"))
    with pytest.raises(UsageError, match="has changed"):
        live.offered(later[0])


def test_changes_that_would_take_too_much_room_are_refused() -> None:
    """What is kept to be undone is bounded; the session stays as it was."""
    session, sessions = instrument_of("text").session("the fox", seed=1), LiveSessions(4)
    live = sessions.add(voice(), session)
    other = session.append(" sings")
    live.change(other, 1_999_999)

    with pytest.raises(UsageError, match="Export it"):
        live.change(session, 2)
    assert live.session is other
