"""`undersong write` from outside: what it refuses, with whom one can write, and a real terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tiny_runs import environment
from undersong_toy.walk import Walk, make_walks, walk_of

from undersong.cli.writing.partner import Partner, for_writing
from undersong.cli.writing.suggestions import Wanted
from undersong.errors import DialError, UsageError
from undersong.events import AbstractCodec, AbstractMedium
from undersong.keeping.fingerprints import Fingerprints
from undersong.media.text.medium import Text
from undersong.media.text.piece import TextPiece
from undersong.media.text.records import RecordPiece
from undersong.media.text.words import Words
from undersong.playing.chains.ngram import NGram
from undersong.playing.chains.ngram_counts import count
from undersong.playing.instrument import Instrument
from undersong.playing.loading import load, markov_instrument

pty = pytest.importorskip("pty", reason="only POSIX has terminals that can be opened from here")

VERSES = "the old sea sings below,\nthe old moon waits apart.\nthe fox hums at noon.\n" * 8
TAME = (("temperature", 0.5),)
ALONE = "import typer; from undersong.cli import write; a = typer.Typer(); a.command()(write.command); a()"


def playing(codec: AbstractCodec, medium: AbstractMedium | None = None) -> Instrument:
    """Something that plays by this codec; it is only looked at."""
    voice = load("keeper")
    return Instrument("mine", medium or Text(), codec, voice.distribution, voice.steps)


def chain(codec: AbstractCodec) -> Instrument:
    """An n-gram of some verses in this unit."""
    ngram = NGram(count([codec.encode(TextPiece(VERSES))], 8, codec.event.count or 0), "kneser-ney")
    return markov_instrument("chain", Text(), codec, ngram, ())


# ── with whom one can write ────────────────────────────────────────────────────────────────────────────────────────


def test_whole_records_are_refused_with_what_to_use_instead() -> None:
    with pytest.raises(UsageError, match="undersong sample mine --ask"):
        for_writing(playing(Text().codec([RecordPiece({"word": "eel", "part": "noun"})], "character")))


def test_another_medium_is_refused_by_name() -> None:
    walks = [walk_of(data, "a walk") for data in make_walks(3, seed=1)]

    with pytest.raises(UsageError, match=r"walk\.v1.*not written in words"):
        for_writing(playing(Walk().codec(walks, "offset"), Walk()))


def test_words_are_played_letter_by_letter() -> None:
    """So that the caret may stand in the middle of one."""
    instrument = for_writing(chain(Words.from_pieces([TextPiece(VERSES)])))
    partner = Partner(instrument, 5, "word", 20, seed=1)
    found = partner.suggest(Wanted("the old mo", "", TAME), lambda: True)

    assert found
    assert "on" == found[0].words


@pytest.mark.parametrize(("until", "last"), [("sentence", "."), ("line", "\n")])
def test_a_suggestion_ends_where_it_is_asked_to(until: str, last: str) -> None:
    instrument = chain(Text().codec([TextPiece(VERSES)], "character"))
    found = Partner(instrument, 8, until, 200, seed=1).suggest(Wanted("the old ", "", TAME), lambda: True)

    assert found
    assert all(each.words.endswith(last) and each.words.count(last) == 1 for each in found)


def test_in_the_middle_it_leads_to_what_follows() -> None:
    """Of all that could stand there the one is first after which the rest is likeliest."""
    instrument = chain(Text().codec([TextPiece(VERSES)], "character"))
    partner = Partner(instrument, 5, "word", 20, seed=1)
    first = {
        after: (partner.suggest(Wanted("the old ", after, TAME), lambda: True) or [None])[0]
        for after in (" sings below,\n", " waits apart.\n")
    }

    assert ["sea", "moon"] == [found and found.words for found in first.values()]


def test_a_suggestion_knows_what_of_it_is_copied() -> None:
    plays = chain(Text().codec([TextPiece(VERSES)], "character"))
    known = Fingerprints.of([plays.codec.elements(TextPiece(VERSES))])
    plays = Instrument(
        "chain", plays.medium, plays.codec, plays.distribution, plays.steps, plays.facts, fingerprints=known
    )
    found = Partner(plays, 5, None, 40, seed=1).suggest(Wanted("the old ", "", TAME), lambda: True)

    assert found
    assert "moon waits apart.\nthe fox hums at noon.\n" == found[0].words
    assert ((0, 40),) == found[0].copied  # it begins before the caret, where it is not the suggestion's


def test_the_same_seed_suggests_the_same_and_other_dice_others() -> None:
    def suggested(seed: int, dice: int) -> list[str]:
        partner = Partner(load("keeper"), 4, None, 12, seed)
        return [each.words for each in partner.suggest(Wanted("The lamp ", "", (), dice), lambda: True) or ()]

    assert suggested(1, 1) == suggested(1, 1)
    assert suggested(1, 1) != suggested(1, 2)


def test_what_was_heard_before_makes_no_difference() -> None:
    """However one came to be here, the same is suggested."""
    partner, fresh = (Partner(load("keeper"), 4, None, 12, 1) for _ in range(2))
    for before in ("The lamp was lit. " * 20, "The lamp was", "The lamps of the sea", ""):
        partner.listen(before)
    wanted = Wanted("The lamp of ", "")

    assert fresh.suggest(wanted, lambda: True) is not None
    found, expected = partner.suggest(wanted, lambda: True), fresh.suggest(wanted, lambda: True)
    assert [each.words for each in expected or ()] == [each.words for each in found or ()]


def test_what_nobody_waits_for_is_given_up() -> None:
    asked = iter([True, True, True])
    partner = Partner(load("keeper"), 4, None, 10_000, 1)

    assert partner.suggest(Wanted("The lamp ", ""), lambda: next(asked, False)) is None


# ── what it is asked ───────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_terminal_it_says_what_to_use() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, "keeper"], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        env=environment(), check=False,
    )  # fmt: skip

    assert "needs a terminal" in done.stderr
    assert "undersong sample" in done.stderr
    assert [] == os.listdir()


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"until": "chapter"}, UsageError),
        ({"settings": {"temperature": 99}}, DialError),
        ({"settings": {"x": 1}}, DialError),
    ],
)
def test_what_it_cannot_do_is_said_before_the_page_opens(asked: dict[str, object], error: type[Exception]) -> None:
    from undersong.cli.writing.opening import open_page

    with pytest.raises(error):
        open_page(load("keeper"), Path("a.txt"), **asked)  # type: ignore[arg-type]


def test_nothing_of_the_page_is_loaded_before_it_is_wanted() -> None:
    code = "import sys; from undersong.cli import write; print([n for n in sys.modules if 'textual' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)

    assert "[]" == done.stdout.strip()


# ── a real terminal ────────────────────────────────────────────────────────────────────────────────────────────────


class Terminal:
    """`undersong write keeper WORDS…` in a terminal of 80 by 24, and all it has sent."""

    def __init__(self, *words: str) -> None:
        self.ours, theirs = pty.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", ALONE, "keeper", *words],
            stdin=theirs, stdout=theirs, stderr=theirs, env={**environment(), "TERM": "xterm-256color"},
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.sent = b""

    def until(self, true: object, seconds: float = 20.0) -> None:
        """Wait until that holds, or these bytes were sent."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if (true in self.sent) if isinstance(true, bytes) else true():  # type: ignore[operator]
                return
            if select.select([self.ours], [], [], 0.05)[0]:
                with suppress(OSError):  # a terminal whose program has ended
                    self.sent += os.read(self.ours, 65_536)
        raise AssertionError(self.sent[-3_000:])

    def press(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    def left(self) -> int:
        """How it ended."""
        self.until(lambda: self.process.poll() is not None)
        return self.process.returncode

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal("--file", "mine.txt", "--length", "10", "--seed", "1")
    found.until(b"F1")
    yield found
    found.close()


@pytest.mark.slow
def test_keys_of_a_real_terminal_reach_the_page_and_the_file(terminal: Terminal) -> None:
    terminal.press(b"The lamp ")
    terminal.until(lambda: Path("mine.txt").exists())
    terminal.press(b"\t")
    terminal.until(b"1 of 5")
    terminal.press(b"\x1b[B")  # down
    terminal.until(b"2 of 5")
    terminal.press(b"\x1b[C")  # right
    terminal.press(b"\x11")  # Ctrl-Q

    assert 0 == terminal.left()
    assert len("The lamp ") + 10 <= len(Path("mine.txt").read_text()) <= len("The lamp ") + 12
    terminal.until(b"by keeper")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda number: number.name)
def test_whoever_ends_it_the_words_are_saved(terminal: Terminal, number: signal.Signals) -> None:
    terminal.press(b"last words")
    terminal.until(b"words")
    terminal.process.send_signal(number)
    terminal.left()
    terminal.until(b"\x1b[?1049l")  # the screen is as it was before

    assert "last words" == Path("mine.txt").read_text()
